"""Boots a real init with a manager of our own, in a pid namespace or as a subreaper; used by the tests beside it.

In:  a manager script (Python text; `n` is fastinit.run.native, attached, `say(value)` reports to the test).
Out: what it said, in order, and init's exit code.
Never: touches a process that it did not start.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SEC = 60.0

INIT = """
import os, sys
from fastinit.run import native
native.block_signals()
{before}
os._exit(native.init_run([sys.executable, *sys.argv[1:]], [k + "=" + v for k, v in os.environ.items()],
                         {stop_grace_ms}, {manager_grace_ms}, {backoff_ms}))
"""

PRELUDE = """
import ctypes, json, os, select, signal, sys, time
ctypes.CDLL(None).prctl(1, 9)       # PR_SET_PDEATHSIG: an init that the harness had to kill leaves nobody who holds our output
from fastinit.run import native as n
n.attach(int(os.environ["FASTINIT_SHM_FD"]), int(os.environ["FASTINIT_INIT_FD"]))
INIT = os.getppid()
def say(value):
    os.write(1, (json.dumps(value) + "\\n").encode())
def exits(count, after=0):
    found = n.read_exits(after)
    while len(found) < count:
        select.select([n.wake_fd()], [], [])
        os.read(n.wake_fd(), 8)
        found = n.read_exits(after)
    return found
def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("condition not met: see the script")
        time.sleep(0.002)
def run(id, *argv, **more):
    return n.spawn(n.SpawnSpec(id, argv[0], list(argv), ["PATH=/usr/bin:/bin"], **more))
def vault_names():
    with open(int(os.environ["FASTINIT_VAULT_FD"]), "rb", closefd=False) as f:
        f.seek(0)
        return f.read().decode().split("\\0")[:-1]
def memory():
    return n.state_memory().cast("Q")
"""


@functools.cache
def namespace_command() -> Optional[List[str]]:
    """How to start PID 1 of a new pid namespace here; None where that is forbidden."""
    for command in (["unshare", "-pf", "--kill-child", "--mount-proc"], ["unshare", "-Urpf", "--kill-child", "--mount-proc"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0:
                return command
        except (OSError, subprocess.TimeoutExpired):
            continue
    return None


class Init:
    """One running init."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def lines(self) -> Any:
        """Values that the manager says, until all of them have closed their output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def next(self) -> Any:
        return next(self.lines())

    def pid(self) -> int:
        """Init's pid as seen from here: itself, or the one child of unshare."""
        if "unshare" not in str(self.process.args):
            return self.process.pid
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def finish(self) -> int:
        """Init's exit code; what the manager wrote to stderr is part of a failure's message."""
        return self.process.wait(DEADLINE_SEC)


def boot(tmp_path: Path, script: str, mode: str, *, before: str = "", stop_grace_ms: int = 2000, manager_grace_ms: int = 5000,
         backoff_ms: int = 0, env: Optional[Dict[str, str]] = None, stdin: Any = subprocess.DEVNULL,
         deadline_sec: float = DEADLINE_SEC) -> Init:
    command = [] if mode == "subreaper" else namespace_command()
    if command is None:
        pytest.skip("this machine forbids pid namespaces (unshare -p), with and without a user namespace")
    (tmp_path / "manager.py").write_text(PRELUDE + script)
    (tmp_path / "init.py").write_text(INIT.format(
        before=before, stop_grace_ms=stop_grace_ms, manager_grace_ms=manager_grace_ms, backoff_ms=backoff_ms))
    process = subprocess.Popen(
        [*command, sys.executable, str(tmp_path / "init.py"), str(tmp_path / "manager.py")], stdin=stdin, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMP": str(tmp_path), **(env or {})}, cwd=tmp_path)
    return Init(process)


def run(tmp_path: Path, script: str, mode: str, **more: Any) -> "tuple[List[Any], int]":
    """(everything said, exit code). A manager that never ends is killed: the test fails, it does not hang."""
    init = boot(tmp_path, script, mode, **more)
    watchdog = threading.Timer(more.get("deadline_sec", DEADLINE_SEC * 2), init.process.kill)
    watchdog.start()
    try:
        said = list(init.lines())
        return said, init.finish()
    finally:
        watchdog.cancel()
        if init.process.poll() is None:
            init.process.kill()
