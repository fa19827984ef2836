"""What units and the manager say: pipes that outlive the manager, the log on disk, the container's output.

In:  a unit's name, or a line of the manager's own.   Out: the write end of a pipe; lines in the log and on the console.
Each pipe is read by the loop and kept in PID 1's vault, so that a unit can write while there is no manager.
Never: waits for a reader or a disk. A log that cannot be written (ENOSPC) is tried again; until then the pipe keeps what comes.
"""

from __future__ import annotations

import os
from typing import Callable, List, Mapping, Set

from fastinit.journal import store as log_store
from fastinit.journal.capture import Capture, Source
from fastinit.journal.console import Console
from fastinit.run import native
from fastinit.run.loop import READABLE, WRITABLE, Loop, monotonic_usec, realtime_usec
from fastinit.units.config import ManagerConfig

READ, WRITE = "log-read/", "log-write/"     # names in the vault, followed by the unit
INIT_SCOPE = "init.scope"       # the unit of PID 1 and of the manager
RETRY_USEC = 1_000_000
STDOUT = 1


class Logs:
    """source: who writes what is read from a unit's pipe.   config: the system.conf of now."""

    def __init__(self, loop: Loop, folder: str, source: Callable[[str], Source], config: Callable[[], ManagerConfig]) -> None:
        self.console_fd = STDOUT
        self._loop = loop
        self._folder = folder
        self._config = config
        self._console = Console(self.console_fd, self._want_console)
        self._capture = Capture(folder, self._console, native.splice, source, realtime_usec)
        self._to_retry: Set[str] = set()

    def line(self, unit: str, priority: int, text: str) -> None:
        """A line of the manager's own, about a unit or ("") about itself."""
        config = self._config()
        if priority > config.log_level:
            return
        if priority <= (6 if config.show_status not in ("no", "error") else 3):
            self._console.write_line("fastinit", 0, text.encode("utf-8", "replace"))
        try:
            self._capture.manager_line(unit or INIT_SCOPE, priority, text)
        except OSError as error:
            self._say(f"cannot store the log of {unit or 'the manager'}: {error.strerror}")

    def _say(self, text: str) -> None:
        self._console.write_line("fastinit", 0, text.encode())

    def flush(self) -> None:
        """To the container's output, as much as is taken now."""
        self._console.flush()

    def tail(self, unit: str, count: int) -> List[log_store.LogEntry]:
        return log_store.tail(self._folder, unit, count)

    def adopt(self, inherited: Mapping[str, List[int]]) -> None:
        """Go on with the pipes that PID 1 has kept."""
        for name, fds in inherited.items():
            unit = name[len(READ):]
            if name.startswith(READ) and WRITE + unit in inherited:
                self._capture.adopt(unit, fds[0], inherited[WRITE + unit][0])
                self._watch(unit, fds[0])

    def pipe(self, unit: str) -> int:
        """The write end of the unit's log. Raises OSError."""
        stream = self._capture.open_pipe(unit)
        if stream.is_new:
            stream.is_new = False
            native.vault_store_pair(READ + unit, stream.read_fd, WRITE + unit, stream.write_fd)
            self._watch(unit, stream.read_fd)
        return stream.write_fd

    def _watch(self, unit: str, fd: int) -> None:
        self._loop.watch(fd, READABLE, lambda _fd, _events: self.drain(unit))

    def close(self, unit: str) -> None:
        """The unit is stopped and nothing of it is left that could write: its two descriptors are free again."""
        stream = self._capture.get(unit)
        if stream is None:
            return
        self.drain(unit)
        if unit in self._to_retry:      # not stored yet: the pipe must stay
            return
        self._capture.close(unit)
        self._loop.unwatch(stream.read_fd)
        for name, fd in ((READ, stream.read_fd), (WRITE, stream.write_fd)):
            native.vault_remove(name + unit)
            os.close(fd)

    def forget(self, unit: str) -> None:
        """Of a unit that is no more: its files go, or each of many short lives would leave two."""
        self._capture.close(unit)
        try:
            log_store.remove(self._folder, unit)
        except OSError as error:
            self.line("", 4, f"cannot remove the log of {unit}: {error.strerror}")

    def drain(self, unit: str) -> None:
        """Store what its pipe holds now."""
        stream = self._capture.get(unit)
        if stream is None or unit in self._to_retry:
            return
        try:
            self._capture.drain(unit)
        except OSError as error:
            self._to_retry.add(unit)
            self._loop.unwatch(stream.read_fd)
            self._say(f"cannot store the log of {unit}: {error.strerror}; trying again")
            self._loop.call_at(monotonic_usec() + RETRY_USEC, lambda: self._retry(unit))

    def _retry(self, unit: str) -> None:
        self._to_retry.discard(unit)
        stream = self._capture.get(unit)
        if stream is not None:
            self._watch(unit, stream.read_fd)

    def _want_console(self, wanted: bool) -> None:
        fd = self._console.fd
        if not wanted:
            self._loop.unwatch(fd)
            return
        self._loop.watch(fd, WRITABLE, lambda _fd, _events: self._console.flush())
