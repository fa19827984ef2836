"""Boots the whole of fastinit, C and Python, as PID 1 of fresh namespaces over unit files of the test's own.

In:  unit files (name -> text), units to start.   Out: Booted: commands run inside, the console's text, the exit code.
How: unshare(1) with a tmpfs on /run, /tmp and every folder that unit files are read from, so that nothing of this machine's own
configuration is booted or touched. Never: touches a process that it did not start.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SEC = 60.0
PF_FORKNOEXEC = 0x40        # <linux/sched.h>, in field 9 of /proc/PID/stat
ENTER = ["-m", "-p"] if os.geteuid() == 0 else ["-U", "--preserve-credentials", "-m", "-p"]
HIDDEN = ("/etc/systemd", "/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system", "/etc/init.d",
          "/usr/lib/tmpfiles.d", "/etc/tmpfiles.d")

SCRIPT = r"""
set -e
units=$1; shift
mount -t tmpfs tmpfs /run
mkdir -p /run/units /run/test /run/systemd/system
cp -a "$units"/. /run/systemd/system/
mount -t tmpfs tmpfs /tmp
for folder in {hidden}; do if [ -d $folder ]; then mount -t tmpfs tmpfs $folder; fi; done
exec "$@"
"""

INIT = """
import os, sys
sys.path.insert(0, {root!r})
{before}
from fastinit.cli import init
os._exit(init.run(sys.argv[1:], dict(os.environ), backoff_ms=0))
"""


@functools.cache
def namespaces() -> Optional[List[str]]:
    """The command that makes them, or None where this machine forbids both ways."""
    base = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation", "private"]
    for command in (base, [*base, "--user", "--map-root-user"]):
        if subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def has_executed(pid: int) -> bool:
    """Not a child on its way to exec(2), which looks like its parent in all else. Raises OSError."""
    return not int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[6]) & PF_FORKNOEXEC


def eventually(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SEC) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.005)


class Booted:
    """A running init. stop() sends TERM and gives its exit code; leaving the `with` block kills what is left.

    before: Python that its process runs first.
    """

    deadline_sec = DEADLINE_SEC         # for a command, and for the end

    def __init__(self, folder: Path, units: Dict[str, str], start: Sequence[str], before: str = "") -> None:
        command = namespaces()
        if command is None:
            pytest.skip("neither root nor user namespaces: cannot make a pid namespace here")
        sources = folder / "units"
        sources.mkdir(exist_ok=True)
        for name, text in units.items():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_text(text)
        self._console = folder / "console"
        with open(self._console, "wb") as console:
            self._unshare = subprocess.Popen(
                [*command, "bash", "-c", SCRIPT.replace("{hidden}", " ".join(HIDDEN)), "_", str(sources),
                 sys.executable, "-I", "-c", INIT.format(root=str(ROOT), before=before), *start],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        eventually(self._has_init, "init runs")

    def _has_init(self) -> bool:
        """Also when it has come and gone."""
        if self._unshare.poll() is not None:
            self.pid = 0
            return True
        try:
            children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text().split()
            self.pid = int(children[0]) if children else 0
            return bool(children) and "systemd" in Path(f"/proc/{self.pid}/comm").read_text()
        except OSError:             # it has ended between two looks
            return False

    def __enter__(self) -> "Booted":
        return self

    def __exit__(self, *_: object) -> None:
        if self._unshare.poll() is None:
            self._unshare.kill()
        self._unshare.wait()

    @property
    def console(self) -> str:
        return self._console.read_text("utf-8", "replace")

    def run(self, *argv: str, check: bool = False) -> "subprocess.CompletedProcess[str]":
        """A command inside."""
        return subprocess.run(["nsenter", "-t", str(self.pid), *ENTER, *argv], capture_output=True, text=True,
                              timeout=self.deadline_sec, check=check, cwd="/")

    def systemctl(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from fastinit.cli.systemctl import main; sys.exit(main())"
        return self.run(sys.executable, "-c", code, *argv)

    def begin(self, *argv: str) -> "subprocess.Popen[bytes]":
        """systemctl, without waiting for its answer."""
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from fastinit.cli.systemctl import main; sys.exit(main())"
        return subprocess.Popen(["nsenter", "-t", str(self.pid), *ENTER, sys.executable, "-c", code, *argv], cwd="/",
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_alive(self, pid: str) -> bool:
        """By its number inside; a zombie is alive here."""
        return self.run("test", "-e", f"/proc/{pid}").returncode == 0

    def show(self, unit: str, name: str) -> str:
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def wait_booted(self) -> None:
        eventually(lambda: "Startup finished" in self.console, "startup finishes")

    def manager_pid(self) -> int:
        """In this machine's numbers; 0 between two managers."""
        for pid in self._children():
            try:
                if b"fastinit.cli.manager" in Path(f"/proc/{pid}/cmdline").read_bytes() and has_executed(pid):
                    return pid
            except OSError:
                pass
        return 0

    def _children(self) -> List[int]:
        pids: List[int] = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            pids += map(int, (task / "children").read_text().split())
        return pids

    def send(self, signo: int) -> None:
        os.kill(self.pid, signo)

    def stop(self, signo: int = signal.SIGTERM) -> int:
        self.send(signo)
        return self.wait()

    def wait(self) -> int:
        return self._unshare.wait(self.deadline_sec)
