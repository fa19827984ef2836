"""The container's own stdout: what `docker logs` shows.

In:  lines with an identifier.   Out: bytes on a descriptor, never waiting for its reader.
Never: blocks (a stuck log driver must not stall the services' manager), grows without bound: what does not fit is dropped and
counted, and the count is printed when the reader is back. The stored log has every line all the same.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from typing import Callable, Deque

MAX_QUEUED_BYTES = 1 << 20


class Console:
    """want_write(True) asks the loop to call flush() when the descriptor takes bytes again, want_write(False) ends that."""

    def __init__(self, fd: int, want_write: Callable[[bool], None]) -> None:
        self._want_write = want_write
        self._queue: Deque[bytes] = deque()
        self._queued_bytes = 0
        self._dropped_lines = 0
        self._waiting = False
        self.fd = _own_nonblocking(fd)

    def write_line(self, identifier: str, pid: int, text: bytes) -> None:
        head = f"{identifier}[{pid}]: ".encode() if pid else f"{identifier}: ".encode()
        self.write(head + text + b"\n")

    def write(self, data: bytes) -> None:
        if self._queued_bytes + len(data) > MAX_QUEUED_BYTES:
            self._dropped_lines += data.count(b"\n")
            return
        if self._dropped_lines:
            notice = b"fastinit: %d lines dropped here: the container's output was not read\n" % self._dropped_lines
            self._dropped_lines = 0
            self._put(notice)
        self._put(data)
        if not self._waiting:
            self.flush()

    def flush(self) -> None:
        """Write as much as is taken now."""
        while self._queue:
            data = self._queue[0]
            try:
                written = os.write(self.fd, data)
            except BlockingIOError:
                self._wait(True)
                return
            except OSError:         # the reader is gone for good (EPIPE, EIO): the stored log remains
                self._queue.clear()
                self._queued_bytes = 0
                break
            self._queued_bytes -= written
            if written == len(data):
                self._queue.popleft()
            else:
                self._queue[0] = data[written:]
        self._wait(False)

    def _put(self, data: bytes) -> None:
        self._queue.append(data)
        self._queued_bytes += len(data)

    def _wait(self, wanted: bool) -> None:
        if wanted != self._waiting:
            self._waiting = wanted
            self._want_write(wanted)


def _own_nonblocking(fd: int) -> int:
    """A descriptor of our own for the same file, so that O_NONBLOCK does not reach those who share the original.

    A socket cannot be opened again; it keeps its mode and a full one may block us: no container engine gives one.
    A regular file never blocks, and others write to it at the offset of this very descriptor.
    """
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.dup(fd)
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return os.dup(fd)
