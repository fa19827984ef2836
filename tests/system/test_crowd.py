"""500 clients that ask for much and read nothing: memory stays bounded, exits and other clients do not wait for them."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

from fastinit.control import frames
from tests.system.harness import eventually

CLIENTS = 500
UNITS = {f"many{number}.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n" for number in range(200)}
UNITS["comes-back.service"] = "[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=0\n"
UNITS["all.target"] = "[Unit]\nWants=" + " ".join(sorted(UNITS)) + "\n"
REQUEST = frames.encode_request({b"tty": b"000", b"cwd": b"/"}, [b"systemctl", b"show", b"*"])
GROWTH_MAX = 48 << 20


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def test_500_clients_that_never_read(boot) -> None:
    booted = boot(UNITS, "all.target")
    booted.wait_booted()
    manager = booted.manager_pid()
    before = resident_bytes(manager)
    clients = []
    try:
        for _ in range(CLIENTS):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(f"/proc/{booted.pid}/root/run/fastinit/control")
            client.sendall(REQUEST)
            clients.append(client)
        main_pid = booted.show("comes-back.service", "MainPID")
        booted.run("kill", "-9", main_pid, check=True)
        eventually(lambda: booted.show("comes-back.service", "MainPID") not in ("0", main_pid), "it is back", 10)
        assert booted.systemctl("is-active", "many7.service").stdout == "active\n"
        # it has filled what the sockets and its own buffers take, and rests
        eventually(lambda: _is_asleep(manager), "the manager has nothing left to do")
        grown = resident_bytes(manager) - before
        assert grown < GROWTH_MAX, f"{grown >> 20} MiB more"
    finally:
        for client in clients:
            client.close()
    assert booted.manager_pid() == manager
    assert booted.stop() == 0


def _is_asleep(pid: int) -> bool:
    """Twice in a row, with no CPU time in between."""
    def look() -> "tuple[str, int]":
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return stat[0], int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    first = look()
    os.sched_yield()
    return first[0] == "S" and look() == first
