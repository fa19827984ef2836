"""PIDFile=: reading it, and judging whether the process that it names may be a unit's main process.

In:  a path, the unit's pids.   Out: the pid, or PidFileError with the reason in words.
Never: follows a link that an unprivileged user has placed, believes a pid outside of the unit unless root wrote the file.
Source: systemd.service(5) "PIDFile=".
"""

from __future__ import annotations

import os
import stat

from fastinit.errors import FastinitError
from fastinit.units.values import PID_MAX

MAX_BYTES = 64


class PidFileError(FastinitError):
    """Why the file or its pid cannot be used; str() is one line for the log."""


def read_pid(path: str) -> "tuple[int, bool]":
    """(pid, whether only root can have written the file). Raises PidFileError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise PidFileError(f"Can't open PID file {path}: {error.strerror}") from None
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise PidFileError(f"PID file {path} is not a regular file")
        text = os.read(fd, MAX_BYTES).strip()
    except OSError as error:
        raise PidFileError(f"Can't read PID file {path}: {error.strerror}") from None
    finally:
        os.close(fd)
    if not text.isdigit() or not 0 < int(text) <= PID_MAX:
        raise PidFileError(f"Failed to parse PID from file {path}: Invalid argument" if text else f"PID file {path} is empty")
    written_by_root = about.st_uid == 0 and not about.st_mode & 0o022 and _reached_by_root_alone(path)
    return int(text), written_by_root


def check_pid(pid: int, path: str, init_pid: int, is_member: bool, written_by_root: bool) -> None:
    """Raises PidFileError when the process may not become the unit's main process."""
    if pid in (1, os.getpid(), init_pid):
        raise PidFileError(f"PID file {path} names PID {pid}, which is the init itself")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        raise PidFileError(f"PID {pid} read from file {path} does not exist or is a zombie.") from None
    except PermissionError:
        pass
    if is_member or written_by_root:
        return
    raise PidFileError(f"New main PID {pid} does not belong to service, and PID file is not owned by root. Refusing.")


def _reached_by_root_alone(path: str) -> bool:
    """No directory on the way, and no link, lets another user choose the file."""
    real = os.path.realpath(path)
    directory = os.path.dirname(real)
    while True:
        about = os.stat(directory)
        if about.st_uid != 0 or (about.st_mode & 0o022 and not about.st_mode & stat.S_ISVTX):
            return False
        if directory == "/":
            return os.path.dirname(path) == os.path.dirname(real) or os.lstat(path).st_uid == 0
        directory = os.path.dirname(directory)
