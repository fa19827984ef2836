"""OpenFile=: files and sockets that a service gets open, among its LISTEN_FDS.

In:  Service.open_file ("path[:name[:options]]").   Out: (name, descriptor) pairs that the caller closes; OpenFileError.
Never: blocks (a FIFO without a reader is opened all the same, or refused), leaves a descriptor open when it raises.
Source: systemd.service(5), "OpenFile=".
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import FrozenSet, List, Sequence, Tuple

from fastinit.errors import FastinitError
from fastinit.units.openfile import Entry, parse

_MODE = 0o644


class OpenFileError(FastinitError):
    """A file that could not be opened: the unit fails with Result=resources."""

    def __init__(self, message: str, errno: int) -> None:
        super().__init__(message)
        self.errno = errno


def open_all(entries: Sequence[str]) -> List[Tuple[str, int]]:
    """Raises OpenFileError; a "graceful" one that cannot be opened is left out."""
    found: List[Tuple[str, int]] = []
    try:
        for text in entries:
            entry = parse(text)
            try:
                found.append((entry.name, _open(entry)))
            except OSError as error:
                if "graceful" not in entry.options:
                    text = f"Failed to open OpenFile={entry.path}: {error.strerror}"
                    raise OpenFileError(text, error.errno or errno.EIO) from None
    except BaseException:
        for _, fd in found:
            os.close(fd)
        raise
    return found


def _open(entry: Entry) -> int:
    try:
        is_socket = stat.S_ISSOCK(os.stat(entry.path).st_mode)
    except FileNotFoundError:
        is_socket = False
    if is_socket:
        return _connect(entry.path)
    fd = os.open(entry.path, _flags(entry.options) | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK, _MODE)
    os.set_blocking(fd, True)
    return fd


def _flags(options: FrozenSet[str]) -> int:
    """Only who says how it writes makes a file that is not there."""
    if "read-only" in options:
        return os.O_RDONLY
    if "append" in options:
        return os.O_RDWR | os.O_CREAT | os.O_APPEND
    if "truncate" in options:
        return os.O_RDWR | os.O_CREAT | os.O_TRUNC
    return os.O_RDWR


def _connect(path: str) -> int:
    """As a stream, or as whatever the other end is."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        sock = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            sock.connect(path)
        except OSError as error:
            sock.close()
            if error.errno != errno.EPROTOTYPE:
                raise
            continue
        sock.setblocking(True)
        return sock.detach()
    raise OSError(errno.EPROTOTYPE, os.strerror(errno.EPROTOTYPE), path)
