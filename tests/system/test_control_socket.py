"""Bad clients of the control socket of a real manager: each pays alone; services are looked after meanwhile."""

from __future__ import annotations

import array
import os
import signal
import socket
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import pytest

from fastinit.control import frames
from fastinit.control.server import BUFFER_LIMIT_BYTES, HIGH_WATER_BYTES
from tests.system.harness import Booted, eventually
from tests.system.wire import answer, connect, request

Boot = Callable[..., Booted]

WEB = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=0\n"
SLOW = "[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\nTimeoutStartSec=infinity\n"
REFUSED, DROPPED = "refused", "dropped"
CONNECTION_BYTES = 16384    # at most: a connection, its words, the start that it waits for


def raw(payload: bytes) -> bytes:
    return frames.encode(frames.REQUEST, payload)


class Bad(NamedTuple):
    """What is sent, and what comes of it: REFUSED (one line and code 1), DROPPED, or a code and a part of stderr."""

    data: bytes
    end: "str | Tuple[int, str]"


BAD: Dict[str, Bad] = {
    "nothing": Bad(b"", DROPPED),
    "half a header": Bad(b"\1\0\0", DROPPED),
    "a header alone": Bad(b"\1\0\0\0\x40\0\0\0", DROPPED),
    "half a payload": Bad(request(b"systemctl", b"halt")[:-3], DROPPED),
    "longer than its length": Bad(request(b"systemctl", b"halt") + b"x", REFUSED),
    "shorter than its words": Bad(b"\1\0\0\0\x04\0\0\0" + request(b"systemctl", b"halt")[8:], REFUSED),
    "length 0": Bad(raw(b""), REFUSED),
    "the greatest length": Bad(b"\1\0\0\0\xff\xff\xff\xff", REFUSED),
    "a byte over the limit": Bad(b"\1\0\0\0" + (frames.REQUEST_LIMIT_BYTES + 1).to_bytes(4, "little"), REFUSED),
    "length in network order": Bad(b"\1\0\0\0\0\0\0\x20" + b"x" * 32, REFUSED),
    "reserved bytes": Bad(b"\1\0\1\0\0\0\0\0", REFUSED),
    **{f"kind {kind}": Bad(frames.encode(kind, b"tty=000\0\0systemctl\0halt\0"), REFUSED)
       for kind in (0, frames.STDOUT, frames.EXIT, frames.LOCAL, frames.RESUME, frames.DATA, 255)},
    "no NUL at the end": Bad(raw(b"tty=000\0\0systemctl\0halt"), REFUSED),
    "facts alone": Bad(raw(b"tty=000\0"), REFUSED),
    "no argv": Bad(raw(b"tty=000\0\0"), REFUSED),
    "a NUL": Bad(raw(b"\0"), REFUSED),
    "a fact without value": Bad(raw(b"tty\0\0systemctl\0halt\0"), REFUSED),
    "a fact without name": Bad(raw(b"=1\0\0systemctl\0halt\0"), REFUSED),
    "a tty too many": Bad(request(b"systemctl", b"halt", tty=b"0000"), REFUSED),
    "no tty": Bad(request(b"systemctl", b"halt", tty=b"abc"), REFUSED),
    "negative columns": Bad(request(b"systemctl", b"halt", columns=b"-1"), REFUSED),
    "columns in words": Bad(request(b"systemctl", b"halt", columns=b"eighty"), REFUSED),
    "columns in other digits": Bad(request(b"systemctl", b"halt", columns="٨٠".encode()), REFUSED),
    "a million columns": Bad(request(b"systemctl", b"halt", columns=b"1000000"), REFUSED),
    "another protocol": Bad(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED),
    "JSON": Bad(b'{"verb": "halt"}\n', REFUSED),
    "zeros": Bad(b"\0" * 65536, REFUSED),
    "an unknown verb": Bad(request(b"systemctl", b"frobnicate"), (1, "Unknown command verb 'frobnicate'")),
    "a verb of no encoding": Bad(request(b"systemctl", b"\xff\xfe"), (1, "Unknown command verb '\udcff\udcfe'")),
    "a unit of no encoding": Bad(request(b"systemctl", b"start", b"\xff\xfe"), (5, "Unit \\xff\\xfe.service not found.")),
    "an empty verb": Bad(request(b"systemctl", b""), (1, "Unknown command verb ''")),
    "an empty unit": Bad(request(b"systemctl", b"start", b""), (1, "")),
    "100,000 words": Bad(request(b"systemctl", b"halt", *[b"x"] * 100_000), (1, "Too many arguments.")),
    "a unit's name of 1 MB": Bad(request(b"systemctl", b"start", b"x" * 1_000_000), (1, "")),
    "a job that is none": Bad(request(b"systemctl", b"cancel", b"99999999999999999999"), (1, "99999999999999999999")),
    "to go on with nothing": Bad(request(b"systemctl", b"start", b"gone", resume=b"nonsense"), (1, "malformed resume fact")),
}


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def assert_unhurt(booted: Booted, manager: int) -> None:
    assert booted.manager_pid() == manager
    for word in ("Traceback", "a request has failed", "the manager has died"):
        assert word not in booted.console, booted.console


def test_every_malformed_frame(boot: Boot) -> None:
    """One line or a closed connection; nothing of what stood in it was done, no descriptor stays open."""
    inside = boot({"web.service": WEB}, "web.service")
    inside.wait_booted()
    manager = inside.manager_pid()
    before = descriptors(manager)
    wrong: List[str] = []
    for name, bad in BAD.items():
        with connect(inside) as sock:
            try:
                sock.sendall(bad.data)
                sock.shutdown(socket.SHUT_WR) if bad.end == DROPPED else None
            except (BrokenPipeError, ConnectionResetError):
                pass                # refused before it had all
            code, error = answer(sock)
        if bad.end == DROPPED:
            good = code == -1
        elif bad.end == REFUSED:
            good = code == 1 and error.startswith("Bad request: ") and error.count("\n") == 1
        else:
            good = code == bad.end[0] and bad.end[1] in error
        if not good:
            wrong.append(f"{name}: {code} {error[:200]!r}")
    assert not wrong, "\n".join(wrong)
    assert inside.show("web.service", "ActiveState") == "active"
    eventually(lambda: descriptors(manager) == before, "all descriptors are closed")
    assert_unhurt(inside, manager)


@pytest.mark.parametrize("count", (1, 3, 4, 200))
def test_descriptors_that_nobody_asked_for(boot: Boot, count: int) -> None:
    """Three are what a request may have; whoever sends more is dropped. None stays open in the manager."""
    inside = boot({"web.service": WEB}, "web.service")
    inside.wait_booted()
    manager = inside.manager_pid()
    before = descriptors(manager)
    with open("/dev/null", "rb") as null, connect(inside) as sock:
        rights = array.array("i", [null.fileno()] * count)
        sock.sendmsg([request(b"systemctl", b"is-active", b"web")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        assert answer(sock)[0] == (0 if count <= 3 else -1)
    eventually(lambda: descriptors(manager) == before, "all descriptors are closed")
    assert_unhurt(inside, manager)


def test_500_bad_clients_at_once(boot: Boot) -> None:
    """Silent ones, halves, readers of a byte now and then, waiting ones: an exit is acted on, memory has its bound."""
    inside = boot({"web.service": WEB, "slow.service": SLOW}, "web.service")
    inside.wait_booted()
    inside.systemctl("start", "--no-block", "slow")
    eventually(lambda: inside.show("slow.service", "SubState") == "start", "it is being started")
    manager = inside.manager_pid()
    before, resident = descriptors(manager), resident_bytes(manager)
    much = request(b"systemctl", b"show", b"--all", *[b"web"] * 500)
    sends = (b"", b"\1\0\0", much, request(b"systemctl", b"start", b"slow"))
    crowd = []
    for at in range(500):
        crowd.append(connect(inside))
        crowd[-1].sendall(sends[at % len(sends)])
    eventually(lambda: descriptors(manager) >= before + 500, "all are accepted")
    for restarts in ("1", "2", "3"):
        inside.run("kill", "-KILL", inside.show("web.service", "MainPID"), check=True)
        eventually(lambda expected=restarts: inside.show("web.service", "NRestarts") == expected, "the service is back")
        assert inside.show("web.service", "ActiveState") == "active"
        for reader in crowd[2::4]:
            assert reader.recv(1)
    grown = resident_bytes(manager) - resident
    bound = 125 * 2 * HIGH_WATER_BYTES + BUFFER_LIMIT_BYTES + len(crowd) * CONNECTION_BYTES
    assert grown < bound, f"{grown >> 20} MiB"
    for sock in crowd:
        sock.close()
    eventually(lambda: descriptors(manager) == before, "all descriptors are closed")
    assert_unhurt(inside, manager)


AS_NOBODY = """
import os, socket, sys
sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
sock.connect("/run/fastinit/control")
body = b"tty=000\\0\\0" + b"".join(os.fsencode(word) + b"\\0" for word in ["systemctl", *sys.argv[1:]])
sock.sendall(b"\\1\\0\\0\\0" + len(body).to_bytes(4, "little") + body)
data = b""
while piece := sock.recv(65536):
    data += piece
while data:
    kind, size = data[0], int.from_bytes(data[4:8], "little")
    payload, data = data[8:8 + size], data[8 + size:]
    if kind == 4:
        sys.exit(payload[0])
    os.write(kind - 1, payload)
sys.exit(99)
"""
LATER = "\nSee system logs and 'systemctl status web.service' for details."
DENIED: Dict[Tuple[str, ...], Tuple[int, str]] = {
    ("start", "web"): (4, "Failed to start web.service: Access denied" + LATER),
    ("stop", "web.service"): (4, "Failed to stop web.service: Access denied" + LATER),
    ("restart", "web"): (4, "Failed to restart web.service: Access denied" + LATER),
    ("kill", "web"): (4, "Access denied"),
    ("daemon-reload",): (4, "Access denied"),
    ("set-environment", "A=1"): (4, "Access denied"),
    ("log-level", "debug"): (4, "Access denied"),
    ("exit", "3"): (4, "Access denied"),
    ("halt",): (4, "Access denied"),
    ("service-watchdogs", "no"): (4, "Access denied"),
}


def test_an_ordinary_user(boot: Boot) -> None:
    """May look; what changes anything is refused in systemd's words, and is not done."""
    inside = boot({"web.service": WEB}, "web.service")
    inside.wait_booted()
    if inside.run("python3", "-c", "import os; os.setgroups([]); os.setresuid(65534, 65534, 65534)").returncode != 0:
        pytest.skip("this namespace has no other user")
    manager, pid = inside.manager_pid(), inside.show("web.service", "MainPID")
    looked = inside.run("python3", "-I", "-c", AS_NOBODY, "is-active", "web")
    assert (looked.returncode, looked.stdout, looked.stderr) == (0, "active\n", "")
    wrong = []
    for words, (code, line) in DENIED.items():
        done = inside.run("python3", "-I", "-c", AS_NOBODY, *words)
        if done.returncode != code or line not in done.stderr or done.stdout:
            wrong.append((words, done.returncode, done.stderr))
    assert not wrong, wrong
    assert inside.show("web.service", "MainPID") == pid
    assert "A=1" not in inside.systemctl("show-environment").stdout
    assert_unhurt(inside, manager)
    assert inside.stop(signal.SIGTERM) == 0
