"""The stored log: one data file and one index per unit, written as it comes, parsed only when it is read.

    DIR/UNIT.log    the bytes that the unit wrote, and the manager's lines about it, untouched
    DIR/UNIT.idx    one Mark per piece that was appended: when, by which pid, up to which offset, whether by the manager
A piece without its mark (the writer was killed between the two) gets the time of the file. Rotation: UNIT.log becomes UNIT.log.1.
In:  pieces.   Out: LogEntry values, oldest first.   Never: reads more of a file than the lines that are asked for need.
"""

from __future__ import annotations

import os
import struct
from typing import Callable, List, NamedTuple, Tuple

from fastinit.descriptors import lift

MAX_FILE_BYTES = 8 << 20
DIRECTORY_MODE = 0o750
FILE_MODE = 0o640
_MARK = struct.Struct("<QQIHH")     # realtime_usec, end offset, pid, kind, priority
READ_STEP = 64 * 1024

OUTPUT, MANAGER = 0, 1


class Mark(NamedTuple):
    realtime_usec: int
    end: int
    pid: int
    kind: int           # OUTPUT of the unit, or a line of the MANAGER about it
    priority: int       # syslog(3), 0..7


class LogEntry(NamedTuple):
    """One line. identifier: "" for the unit's own output (the reader knows its SyslogIdentifier=), else who wrote it."""

    realtime_usec: int
    identifier: str
    pid: int
    priority: int
    text: str


class LogFile:
    """The open log of one unit; append-only, one writer."""

    def __init__(self, directory: str, unit: str, max_bytes: int = MAX_FILE_BYTES) -> None:
        self.path = os.path.join(directory, unit.replace("/", "_") + ".log")
        self._index_path = self.path[:-4] + ".idx"
        self._max_bytes = max_bytes
        self._open()

    def _open(self) -> None:
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        self.fd = lift(os.open(self.path, flags, FILE_MODE))
        try:
            self._index = lift(os.open(self._index_path, flags | os.O_APPEND, FILE_MODE))
        except OSError:
            os.close(self.fd)
            raise
        self.end = os.fstat(self.fd).st_size

    def write(self, data: bytes, mark: "tuple[int, int, int, int]") -> None:
        """Append data. mark: (realtime_usec, pid, kind, priority). Raises OSError."""
        os.pwrite(self.fd, data, self.end)
        self.grew(self.end + len(data), mark)

    def grew(self, end: int, mark: "tuple[int, int, int, int]") -> None:
        """The data file was extended up to end by somebody else's splice. Raises OSError."""
        self.end = end
        os.write(self._index, _MARK.pack(mark[0], end, mark[1], mark[2], mark[3]))
        if end > self._max_bytes:
            self._rotate()

    def ends_with_newline(self) -> bool:
        return self.end == 0 or os.pread(self.fd, 1, self.end - 1) == b"\n"

    def _rotate(self) -> None:
        self.close()
        os.replace(self.path, self.path + ".1")
        os.replace(self._index_path, self._index_path + ".1")
        self._open()

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._index)


def tail(directory: str, unit: str, count: int, manager_identifier: str = "systemd") -> List[LogEntry]:
    """The last `count` lines about a unit, oldest first; [] when nothing is stored. Raises OSError (not for a missing file)."""
    path = os.path.join(directory, unit.replace("/", "_") + ".log")
    entries: List[LogEntry] = []
    for suffix in ("", ".1"):
        if len(entries) < count:
            index = path[:-4] + ".idx"
            entries = _tail_of_file(path + suffix, index + suffix, count - len(entries), manager_identifier) + entries
    return entries


def _tail_of_file(path: str, index_path: str, count: int, manager_identifier: str) -> List[LogEntry]:
    try:
        with open(path, "rb") as data, open(index_path, "rb") as index:
            modified_usec = os.fstat(data.fileno()).st_mtime_ns // 1000
            start, lines = _last_lines(data.fileno(), count)
            mark_before = _mark_finder(index.fileno(), modified_usec)
    except FileNotFoundError:
        return []
    else:
        entries, at = [], start
        for line in lines:
            mark = mark_before(at)
            at += len(line) + 1
            text = line.decode("utf-8", "replace")
            identifier = manager_identifier if mark.kind == MANAGER else ""
            entries.append(LogEntry(mark.realtime_usec, identifier, mark.pid, mark.priority, text))
        return entries


def _last_lines(fd: int, count: int) -> Tuple[int, List[bytes]]:
    """(offset of the first, lines without their newline) of the last `count` lines."""
    end = os.fstat(fd).st_size
    at, data = end, b""
    while at > 0 and data[:-1].count(b"\n") < count:
        step = min(READ_STEP, at)
        at -= step
        data = os.pread(fd, step, at) + data
    if not data:
        return end, []
    body = data[:-1] if data.endswith(b"\n") else data
    lines = body.split(b"\n")
    if at > 0 or len(lines) > count:        # the first one may be the rest of a longer line
        lines = lines[-count:]
    start = at + len(body) - sum(len(line) + 1 for line in lines) + 1
    return start, lines


def _mark_finder(index_fd: int, modified_usec: int) -> Callable[[int], Mark]:
    """A function offset -> the mark of the piece that holds it; marks are read whole: 24 bytes a piece."""
    raw = b""
    while True:
        step = os.pread(index_fd, 1 << 20, len(raw))
        if not step:
            break
        raw += step
    marks = [Mark(*fields) for fields in _MARK.iter_unpack(raw[:len(raw) - len(raw) % _MARK.size])]

    def find(offset: int) -> Mark:
        low, high = 0, len(marks)
        while low < high:
            middle = (low + high) // 2
            if marks[middle].end > offset:
                high = middle
            else:
                low = middle + 1
        return marks[low] if low < len(marks) else Mark(modified_usec, offset, 0, OUTPUT, 6)

    return find


def remove(directory: str, unit: str) -> None:
    """Forget what is stored of a unit. Raises OSError."""
    stem = os.path.join(directory, unit.replace("/", "_"))
    for ending in (".log", ".idx", ".log.1", ".idx.1"):
        try:
            os.unlink(stem + ending)
        except FileNotFoundError:
            pass
