"""Reading small files that anybody may have put there, and following symlinks below a root.

In:  paths.   Out: bytes with what identifies this version of the file.
Never blocks and never takes more memory than FILE_MAX: no directory, FIFO, device or huge file is read.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple, Tuple

from fastinit.errors import UnitError
from fastinit.units.syntax import FILE_MAX

Stamp = Tuple[str, int, int]        # path, mtime_ns, inode
SYMLINKS_MAX = 40                   # as the kernel

# O_NONBLOCK: the open of a FIFO returns at once, fstat() then refuses it. O_NOCTTY: a terminal must not become ours.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class File(NamedTuple):
    data: bytes
    stamp: Stamp


def read_file(path: str) -> File:
    """The whole of a small regular file. Raises UnitError."""
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        why = "broken symbolic link" if os.path.islink(path) else "no such file"
        raise UnitError(f"{path}:1: cannot read file: {why}") from None
    except (OSError, ValueError) as error:
        raise UnitError(f"{path}:1: cannot read file: {getattr(error, 'strerror', None) or error}") from None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise UnitError(f"{path}:1: cannot read file: not a regular file")
        if status.st_size > FILE_MAX:
            raise UnitError(f"{path}:1: cannot read file: larger than {FILE_MAX} bytes")
        data = os.read(fd, status.st_size + 1)      # not FILE_MAX: read() allocates all that it is asked for
    except OSError as error:
        raise UnitError(f"{path}:1: cannot read file: {error.strerror}") from None
    finally:
        os.close(fd)
    return File(data, (path, status.st_mtime_ns, status.st_ino))


def chase(root: str, path: str) -> str:
    """The path (below root, root left away) with all symlinks followed, each as if root were "/".

    A part that does not exist stays as it is. Raises UnitError when there are too many symlinks.
    """
    pending = path.split("/")[::-1]
    done: list[str] = []
    followed = 0
    while pending:
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        try:
            target = os.readlink(f"{root}/{'/'.join(done)}/{part}" if done else f"{root}/{part}")
        except OSError:
            done.append(part)
            continue
        followed += 1
        if followed > SYMLINKS_MAX:
            raise UnitError(f"{root}{path}:1: cannot read file: too many symbolic links")
        if target.startswith("/"):
            done.clear()
        pending.extend(target.split("/")[::-1])
    return "/" + "/".join(done)
