"""Standard output and error of the services: pipes, moved into the stored log by the kernel.

In:  a unit's name.   Out: a write end for its processes; bytes in its log file; lines on the console.
How: splice(2) moves the bytes from the pipe to the file in one system call, so a manager that is killed at any moment has
either taken them and stored them or left them in the pipe, whose both ends PID 1 keeps. They are read back once, for the console.
Never: blocks, parses what it stores.
"""

from __future__ import annotations

import os
from typing import Callable, Dict, NamedTuple, Optional

from fastinit.descriptors import lift
from fastinit.journal.console import Console
from fastinit.journal.store import MANAGER, OUTPUT, LogFile

CHUNK_BYTES = 1 << 20
PIPE_BYTES = 1 << 18        # what a service may write while nobody reads; the default is 64 KiB
PIPE_MODE = 0o622           # a service of another user may open /dev/stdout again, as many daemons do for their logs
MAX_LINE_BYTES = 48 * 1024  # LineMax= of journald.conf(5)
F_SETPIPE_SZ = 1031

Splice = Callable[[int, int, int, int], "tuple[int, int]"]     # pipe, file, offset, n -> (moved, new offset)


class Source(NamedTuple):
    """Who writes into a pipe, as far as the console and the marks show it."""

    identifier: str
    pid: int


class Capture:
    """All pipes. source_of: unit -> Source now."""

    def __init__(self, directory: str, console: Optional[Console], splice: Splice, source_of: Callable[[str], Source],
                 realtime_usec: Callable[[], int]) -> None:
        self._directory = directory
        self._console = console
        self._splice = splice
        self._source_of = source_of
        self._realtime_usec = realtime_usec
        self._streams: Dict[str, Stream] = {}
        self._files: Dict[str, LogFile] = {}

    def open_pipe(self, unit: str) -> "Stream":
        """The unit's pipe, made at first use. Raises OSError."""
        stream = self._streams.get(unit)
        if stream is None:
            read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
            os.fchmod(write_fd, PIPE_MODE)
            stream = self.adopt(unit, lift(read_fd), lift(write_fd))
            stream.is_new = True
        return stream

    def adopt(self, unit: str, read_fd: int, write_fd: int) -> "Stream":
        """A pipe that an earlier manager has made."""
        os.set_blocking(read_fd, False)
        _enlarge(read_fd)
        stream = self._streams[unit] = Stream(unit, read_fd, write_fd)
        return stream

    def get(self, unit: str) -> Optional["Stream"]:
        return self._streams.get(unit)

    def drain(self, unit: str) -> bool:
        """Store what the pipe holds now; False at its end. Raises OSError when it cannot be stored."""
        stream, file = self._streams[unit], self._file(unit)
        source = self._source_of(unit)
        while True:
            try:
                moved, _ = self._splice(stream.read_fd, file.fd, file.end, CHUNK_BYTES)
            except BlockingIOError:
                return True
            if moved == 0:
                return False
            begin, fd = file.end, file.fd
            if self._console is not None:
                self._show(stream, source, os.pread(fd, moved, begin))
            file.grew(begin + moved, (self._realtime_usec(), source.pid, OUTPUT, 6))
            if moved < CHUNK_BYTES:
                return True

    def manager_line(self, unit: str, priority: int, text: str) -> None:
        """Store a line of the manager about a unit. Raises OSError."""
        file = self._file(unit)
        data = text.encode("utf-8", "replace") + b"\n"
        if not file.ends_with_newline():
            data = b"\n" + data
        file.write(data, (self._realtime_usec(), 1, MANAGER, priority))

    def close(self, unit: str) -> "Optional[Stream]":
        """End of the pipe, or of the unit: forget it. The caller unwatches and closes the descriptors."""
        stream = self._streams.pop(unit, None)
        file = self._files.pop(unit, None)
        if stream is not None and stream.partial and self._console is not None:
            self._console.write_line(*self._source_of(unit), stream.partial)
        if file is not None:
            file.close()
        return stream

    def _file(self, unit: str) -> LogFile:
        file = self._files.get(unit)
        if file is None:
            file = self._files[unit] = LogFile(self._directory, unit)
        return file

    def _show(self, stream: "Stream", source: Source, data: bytes) -> None:
        assert self._console is not None
        *lines, stream.partial = (stream.partial + data).split(b"\n")
        for line in lines:
            self._console.write_line(source.identifier, source.pid, line)
        if len(stream.partial) > MAX_LINE_BYTES:
            self._console.write_line(source.identifier, source.pid, stream.partial)
            stream.partial = b""


class Stream:
    """One unit's pipe; both ends stay open here as long as the unit may start processes."""

    __slots__ = ("is_new", "partial", "read_fd", "unit", "write_fd")

    def __init__(self, unit: str, read_fd: int, write_fd: int) -> None:
        self.unit = unit
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.partial = b""
        self.is_new = False     # not yet in the vault


def _enlarge(fd: int) -> None:
    import fcntl
    try:
        fcntl.fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:     # /proc/sys/fs/pipe-user-pages-soft is reached: the pipe stays as it is
        pass
