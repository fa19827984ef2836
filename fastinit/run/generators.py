"""Generators: programs that write units before they are loaded, at boot and at daemon-reload.

In:  the folders of systemd.generator(7).   Out: files in the three output folders, then one call of what was to follow.
Never: waits: the manager goes on serving while they run. One that does not end within the limit is killed; what it wrote stays.
Source: systemd.generator(7).
"""

from __future__ import annotations

import os
import signal
import stat
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, Optional, Tuple

from fastinit.run.loop import READABLE, Loop, Timer, monotonic_usec
from fastinit.trees import remove_tree
from fastinit.units.values import signal_name

if TYPE_CHECKING:
    import subprocess

LIMIT_USEC = 90_000_000
FOLDERS = ("/run/systemd/{}-generators", "/etc/systemd/{}-generators", "/usr/local/lib/systemd/{}-generators",
           "/usr/lib/systemd/{}-generators", "/lib/systemd/{}-generators")
ORDERS = ("", ".early", ".late")        # in the order of the arguments
# systemd's own, for what is the host's or what fastinit does itself (SysV scripts, the terminal, mounts of the image).
NOT_OURS = frozenset(f"systemd-{name}-generator" for name in (
    "bless-boot", "cryptsetup", "debug", "fstab", "getty", "gpt-auto", "hibernate-resume", "integritysetup", "run", "ssh",
    "system-update", "sysv", "tpm2", "veritysetup"))

Log = Callable[[int, str], None]


def find(root: str, scope: str) -> List[str]:
    """Executables, one for each name: the first folder that has it decides, a link to /dev/null means none."""
    chosen: Dict[str, str] = {}
    for folder in FOLDERS:
        directory = root + folder.format(scope)
        try:
            entries = os.listdir(directory)
        except OSError:
            continue
        for entry in entries:
            chosen.setdefault(entry, f"{directory}/{entry}")
    found = []
    for entry in sorted(chosen):
        try:
            about = os.stat(chosen[entry])
        except OSError:
            continue
        if entry not in NOT_OURS and stat.S_ISREG(about.st_mode) and about.st_size and os.access(chosen[entry], os.X_OK):
            found.append(chosen[entry])
    return found


class Generators:
    """One at a time: a run that is asked for while another goes on follows it."""

    def __init__(self, loop: Loop, base: str, scope: str, environment: Mapping[str, str], log: Log,
                 limit_usec: int = LIMIT_USEC) -> None:
        """base: the folder in which "generator", "generator.early" and "generator.late" are made."""
        self._loop, self._scope, self._log, self._limit_usec = loop, scope, log, limit_usec
        self._environment = dict(environment)
        self._outputs = tuple(f"{base}/generator{order}" for order in ORDERS)
        self._running: Dict[int, Tuple["subprocess.Popen[bytes]", str]] = {}     # pidfd -> process, path
        self._timer: Optional[Timer] = None
        self._then: List[Callable[[], None]] = []
        self._again: List[Callable[[], None]] = []

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def run(self, then: Callable[[], None]) -> None:
        """Run them all side by side, then call then(); at once where there are none."""
        if self._running:
            self._again.append(then)
            return
        programs = find("", self._scope)
        if not self._clear(bool(programs)):
            programs = []
        self._then = [then]
        for path in programs:
            self._start(path)
        if self._running:
            self._timer = self._loop.call_at(monotonic_usec() + self._limit_usec, self._late)
        else:
            self._finish()

    def _clear(self, will_write: bool) -> bool:
        """Empty folders for what comes; none where nothing comes."""
        try:
            for path in self._outputs:
                if os.path.lexists(path):
                    remove_tree(path)
                if will_write:
                    os.makedirs(path, 0o755)
        except OSError as error:
            self._log(4, f"Generators are not run: cannot prepare {error.filename}: {error.strerror}")
            return False
        return True

    def _start(self, path: str) -> None:
        import subprocess  # few containers have a generator
        try:
            process = subprocess.Popen([path, *self._outputs], stdin=subprocess.DEVNULL, env=self._environment, cwd="/",
                                       start_new_session=True, preexec_fn=_default_signals, umask=0o022)
        except OSError as error:
            self._log(3, f"{path} failed to start: {error.strerror}")
            return
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError as error:        # a kernel without them could only be asked again and again
            process.kill()
            process.wait()
            self._log(3, f"{path} cannot be watched: {error.strerror}")
            return
        self._running[pidfd] = (process, path)
        self._loop.watch(pidfd, READABLE, self._ended)

    def _ended(self, pidfd: int, _events: int) -> None:
        process, path = self._running.pop(pidfd)
        self._loop.unwatch(pidfd)
        os.close(pidfd)
        code = process.wait()           # it is a zombie: returns at once
        if code > 0:
            self._log(3, f"{path} failed with exit status {code}.")
        elif code < 0:
            self._log(3, f"{path} terminated by signal {signal_name(-code)}.")
        if not self._running:
            self._finish()

    def _late(self) -> None:
        self._timer = None
        for process, path in self._running.values():
            self._log(3, f"{path} does not end within {self._limit_usec // 1_000_000} s, killing it.")
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass                    # it has just ended by itself

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for path in self._outputs:
            try:
                os.rmdir(path)
            except OSError:
                pass                    # it holds something, which is what it is for
        _call(self._then)
        if self._again:
            waiting, self._again = self._again, []
            self.run(lambda: _call(waiting))


def _call(calls: List[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _default_signals() -> None:
    """The manager ignores these; a generator need not."""
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, signal.SIG_DFL)
