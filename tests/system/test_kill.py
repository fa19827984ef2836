"""systemctl kill: who is reached, and what comes along with the signal."""

from __future__ import annotations

import sys
from typing import Callable

from tests.system.harness import Booted, eventually

# Prints each queued signal's value and code, from the kernel's own record (Python's sigwaitinfo() leaves the value out).
VALUES = ("import ctypes, signal, struct\n"
          "libc = ctypes.CDLL(None, use_errno=True)\n"
          "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN + 1})\n"
          "mask = (ctypes.c_ulong * 16)(1 << (signal.SIGRTMIN + 1 - 1))\n"
          "print('ready', flush=True)\n"
          "while True:\n"
          "    info = (ctypes.c_char * 128)()\n"
          "    assert libc.sigwaitinfo(mask, info) > 0\n"
          "    signo, _, code, _, pid, uid, value = struct.unpack_from('iiiiiii', info)\n"
          "    print('value', value, 'code', code, 'uid', uid, flush=True)\n")


def test_a_value_comes_along(boot: "Callable[..., Booted]") -> None:
    """sigqueue(3): the number arrives, negative ones too; a signal without a queue is refused with systemd's words."""
    command = f"ExecStart={sys.executable} -u /run/systemd/system/listen.py\n"
    inside = boot({"listen.service": f"[Service]\n{command}", "listen.py": VALUES}, "listen.service")
    eventually(lambda: "ready" in inside.console, "the service listens")
    for value in ("7", "-3", "0x10"):
        done = inside.systemctl("kill", "-s", "RTMIN+1", "--kill-whom=main", f"--kill-value={value}", "listen")
        assert (done.returncode, done.stderr) == (0, "")
    eventually(lambda: inside.console.count("value ") == 3, "all have arrived")
    lines = [line.partition("value ")[2].split() for line in inside.console.splitlines() if "value " in line]
    assert [line[0] for line in lines] == ["7", "-3", "16"]
    assert {tuple(line[1:3]) for line in lines} == {("code", "-1")}           # SI_QUEUE
    done = inside.systemctl("kill", "--kill-value=1", "listen")
    assert done.returncode == 1 and inside.show("listen", "ActiveState") == "active"
    assert done.stderr == ("Failed to kill unit listen.service: Value parameter only accepted for realtime signals "
                           "(SIGRTMIN…SIGRTMAX), refusing for signal SIGTERM.\n")


def test_a_slice_is_all_that_is_in_it(boot: "Callable[..., Booted]") -> None:
    """And in the slices below it; a target has no processes."""
    sleep = "[Service]\nExecStart=/bin/sleep infinity\n"
    inside = boot({"a.service": sleep + "Slice=one.slice\n", "b.service": sleep + "Slice=one-two.slice\n", "c.service": sleep,
                   "t.target": "[Unit]\nDescription=t\n"}, "a.service", "b.service", "c.service", "t.target")
    inside.wait_booted()
    assert inside.systemctl("kill", "--kill-whom=main", "one.slice").stderr == (
        "Failed to kill unit one.slice: slice units have no main processes\n")
    assert inside.systemctl("kill", "t.target").stderr == (
        "Failed to kill unit t.target: Unit type does not support process killing.\n")
    assert inside.systemctl("kill", "one.slice").returncode == 0
    eventually(lambda: inside.systemctl("is-active", "a", "b", "c").stdout == "inactive\ninactive\nactive\n", "two have ended")
