"""Signals to init at every moment, and the end of everything."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness import boot, run


def test_stop_during_boot_is_kept(tmp_path: Path, mode: str) -> None:
    """TERM that comes before there is a manager is there when it starts."""
    init = boot(tmp_path, """
say(n.signal_count(15)); n.signal_seen(15, 1); n.exit_request(3); signal.pause()
""", mode, before='os.write(1, b"1\\n"); sys.stdin.readline()', stdin=subprocess.PIPE)
    assert init.next() == 1
    os.kill(init.pid(), signal.SIGTERM)
    assert init.process.stdin is not None
    init.process.stdin.write(b"\n")
    init.process.stdin.close()
    assert list(init.lines()) == [1]
    assert init.finish() == 3


def test_every_signal_is_counted(tmp_path: Path, mode: str) -> None:
    """Each signal that a container engine or an administrator may send arrives, crash signals included, and kills nobody."""
    said, code = run(tmp_path, """
signals = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 30, 31, *range(34, 65)]
for signo in signals:
    n.signal_seen(signo, 9)
for signo in signals:
    os.kill(INIT, signo)
until(lambda: all(n.signal_count(signo) == 1 for signo in signals), 5)
say([select.select([n.wake_fd()], [], [], 0)[0] != [], n.counters().manager_starts])
n.exit_request(0); signal.pause()
""", mode)
    assert (said, code) == ([[True, 1]], 0)


def test_stop_while_there_is_no_manager(tmp_path: Path, mode: str) -> None:
    """A TERM between two managers is seen by the second one."""
    said, code = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    if os.fork() == 0:
        time.sleep(0.01)
        os.kill(INIT, 15)
        os._exit(0)
    os._exit(1)
until(lambda: n.signal_count(15))
say([m[0], n.signal_count(15)]); n.signal_seen(15, 1); n.exit_request(0); signal.pause()
""", mode)
    assert (said, code) == ([[2, 1]], 0)


def test_hanging_manager_is_replaced(tmp_path: Path, mode: str) -> None:
    """A manager that does not look at TERM within its grace is killed; the next one finds the signal."""
    said, code = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    os.kill(INIT, 15)
    os.kill(os.getpid(), signal.SIGSTOP)
say([m[0], n.signal_count(15)]); n.signal_seen(15, 1); n.exit_request(7); signal.pause()
""", mode, manager_grace_ms=200)
    assert (said, code) == ([[2, 1]], 7)


def test_stop_ends_even_without_a_manager(tmp_path: Path, mode: str) -> None:
    """When no manager can be kept alive during a stop, init sends TERM to everything, waits, and exits with 1."""
    said, code = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    read_end, write_end = os.pipe()
    run(1, "/bin/sh", "-c", "trap 'echo 5; exit' TERM; echo >&3; while :; do sleep 0.05; done", fds=(-1, 1, 2), pass_fds=[write_end])
    os.read(read_end, 1)
    os.kill(INIT, 15)
os._exit(1)
""", mode)
    assert (said, code) == ([5], 1)


def test_what_ignores_term_is_killed(tmp_path: Path, mode: str) -> None:
    """The grace is kept, then KILL; daemonised grandchildren with a session of their own are reached too."""
    start = time.monotonic()
    said, code = run(tmp_path, """
read_end, write_end = os.pipe()
run(1, "/bin/sh", "-c", "trap '' TERM; setsid sh -c 'echo >&3; while :; do sleep 0.05; done' & wait", pass_fds=[write_end])
os.read(read_end, 1)
n.exit_request(9); signal.pause()
""", mode, stop_grace_ms=300)
    assert (said, code) == ([], 9)
    assert 0.3 <= time.monotonic() - start < 5


def test_stopped_process_gets_its_term(tmp_path: Path, mode: str) -> None:
    """SIGSTOPped processes are continued, so that they end by TERM and not by KILL after the grace."""
    start = time.monotonic()
    _, code = run(tmp_path, """
pid = run(1, "/bin/sleep", "100").pid
os.kill(pid, signal.SIGSTOP)
n.exit_request(0); signal.pause()
""", mode, stop_grace_ms=20000)
    assert code == 0 and time.monotonic() - start < 10


@pytest.mark.parametrize("code", [0, 1, 42, 128, 143, 255])
def test_exit_code_is_the_managers(tmp_path: Path, code: int) -> None:
    """What the manager asks for is what the container exits with."""
    assert run(tmp_path, f"n.exit_request({code}); signal.pause()", "pid1")[1] == code


def test_init_that_crashes_ends_the_container(tmp_path: Path) -> None:
    """A real fault in PID 1 is not survived in silence: exit code 128 + signal (seen with a fault in the process itself)."""
    init = boot(tmp_path, "", "subreaper", before="import ctypes, threading; threading.Timer(0.2, lambda: ctypes.string_at(8)).start()")
    assert init.finish() == 128 + signal.SIGSEGV
