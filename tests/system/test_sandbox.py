"""System calls that a kernel does not have yet, or that a sandbox refuses: slower, never wrong."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from tests.system.harness import eventually
from tests.system.sandbox import number_of

UNITS = {
    "keep.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "restarts.service": "[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=0\n",
    "forks.service": "[Service]\nType=forking\nPIDFile=/run/test/pid\n"
                     "ExecStart=/bin/sh -c 'sleep infinity & echo $! >/run/test/pid'\n",
    "waits.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c '(true & true &) ; (sleep 0.05 &)'\n"
                     "ExecStop=/bin/sh -c 'echo stopped >/run/test/stop'\n",
    "user.service": "[Service]\nUser=65534\nExecStart=/bin/sleep infinity\n",
    "all.target": "[Unit]\nWants=keep.service restarts.service forks.service waits.service user.service\n",
}
# What an init, its manager or a new service asks the kernel for beyond the oldest Linux that there is.
REFUSED = {
    "pidfd_open": (errno.ENOSYS, errno.EPERM),
    "pidfd_send_signal": (errno.ENOSYS, errno.EPERM),
    "close_range": (errno.ENOSYS, errno.EPERM),
    "clone3": (errno.ENOSYS,),
    "sched_setattr": (errno.ENOSYS, errno.EPERM),
    "sched_getattr": (errno.ENOSYS, errno.EPERM),
    "openat2": (errno.ENOSYS, errno.EPERM),
    "faccessat2": (errno.ENOSYS, errno.EPERM),
    "keyctl": (errno.ENOSYS, errno.EPERM),
    "splice": (errno.ENOSYS, errno.EPERM),
    "inotify_init1": (errno.ENOSYS, errno.EPERM, errno.EMFILE),
    "ioprio_set": (errno.EPERM,),
    "setpriority": (errno.EPERM,),
    "prlimit64": (errno.EPERM,),
    "statx": (errno.ENOSYS, errno.EPERM),
}
CASES = [(name, error) for name, errors in REFUSED.items() for error in errors]
IDS = [f"{name}-{errno.errorcode[error]}" for name, error in CASES]


def refusing(*names: str, error: int) -> str:
    errors = {number_of(name): error for name in names}
    return f"from tests.system.sandbox import refuse; refuse({errors!r})"


def zombies(booted) -> int:
    """Those of its whole namespace."""
    out = booted.run("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null").stdout
    return sum(line.rpartition(")")[2].split()[0] == "Z" for line in out.splitlines())


def is_right(booted) -> None:
    """Boot, orphans, a restart, a stop of one, the death of the manager, the stop of all."""
    booted.wait_booted()
    for name in UNITS:
        eventually(lambda unit=name: booted.show(unit, "ActiveState") == "active", f"{name} is up\n{booted.console}")
    eventually(lambda: zombies(booted) == 0, "every orphan is reaped")
    before = booted.show("restarts.service", "MainPID")
    booted.run("kill", "-9", before, check=True)
    eventually(lambda: booted.show("restarts.service", "MainPID") not in ("0", before), "it is restarted")
    main, old = booted.show("keep.service", "MainPID"), booted.manager_pid()
    os.kill(old, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, old), "another manager")
    assert booted.show("keep.service", "MainPID") == main
    daemon = booted.show("forks.service", "MainPID")
    assert booted.systemctl("stop", "forks.service").returncode == 0
    assert not booted.is_alive(daemon)
    stopped = Path(f"/proc/{booted.pid}/root/run/test/stop")
    assert booted.systemctl("stop", "waits.service").returncode == 0 and stopped.read_text() == "stopped\n"
    assert booted.stop() == 0, booted.console
    assert "bug in fastinit" not in booted.console and "Traceback" not in booted.console, booted.console


@pytest.mark.parametrize(("name", "error"), CASES, ids=IDS)
def test_without_one(boot, name: str, error: int) -> None:
    is_right(boot(UNITS, "all.target", before=refusing(name, error=error)))


def test_no_thread_can_be_made(boot) -> None:
    """Engines older than clone3(2) answer EPERM: then no program of a newer C library can start a thread. That is said."""
    booted = boot(UNITS, "all.target", before=refusing("clone3", error=errno.EPERM))
    assert booted.wait() == 1
    assert "refuses clone3(2)" in booted.console and "newer container engine" in booted.console
    assert booted.console.splitlines()[-1] == "fastinit: cannot become init: Operation not permitted"


def test_without_all_that_is_new(boot) -> None:
    """As on Linux 4.19: nothing that came later."""
    later = ("pidfd_open", "pidfd_send_signal", "close_range", "clone3", "openat2", "faccessat2")
    is_right(boot(UNITS, "all.target", before=refusing(*later, error=errno.ENOSYS)))
