"""passwd(5), group(5) and their shadows below a root: read as tables, rewritten as whole files under the usual lock.

In:  the root.   Out: lists of fields; changed files.
Never: changes a line that is not asked for, nor drops one that cannot be read (NIS "+" lines stay last).
Source: passwd(5), group(5), shadow(5), gshadow(5), lckpwdf(3).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from fastinit.errors import FastinitError

DEFAULT_MODES = {"passwd": 0o644, "group": 0o644, "shadow": 0o000, "gshadow": 0o000}
_WIDTHS = {"passwd": 7, "group": 4, "shadow": 9, "gshadow": 4}


class AccountFile:
    """One of the four files.   rows: each line as its fields; a line with too few fields is carried along as it is."""

    def __init__(self, root: str, name: str) -> None:
        self.name = name
        self.path = f"{root}/etc/{name}"
        self.exists = True
        self.rows: List[List[str]] = []
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
                self.rows = [line.split(":") for line in stream.read().split("\n") if line]
        except FileNotFoundError:
            self.exists = False
        self._read = [list(row) for row in self.rows]

    def entries(self) -> Iterator[List[str]]:
        width = _WIDTHS[self.name]
        return (row for row in self.rows if len(row) >= width and row[0][:1] not in ("+", "-", "#"))

    def is_changed(self) -> bool:
        return self.rows != self._read

    def add(self, fields: Sequence[str]) -> None:
        """Behind the last ordinary line: what stands behind a NIS line would never be found."""
        at = next((at for at, row in enumerate(self.rows) if row[0][:1] in ("+", "-")), len(self.rows))
        self.rows.insert(at, list(fields))

    def save(self) -> None:
        """Backup with "-", then a whole new file in its place; mode and owner as they were. Raises OSError."""
        mode, uid, gid = DEFAULT_MODES[self.name], -1, -1
        if self.exists:
            was = os.stat(self.path)
            mode, uid, gid = was.st_mode & 0o7777, was.st_uid, was.st_gid
            with open(self.path, "rb") as stream:
                _replace(self.path + "-", stream.read(), mode, uid, gid, (was.st_atime_ns, was.st_mtime_ns))
        text = "".join(":".join(row) + "\n" for row in self.rows)
        _replace(self.path, text.encode("utf-8", "surrogateescape"), mode, uid, gid)


def _replace(path: str, data: bytes, mode: int, uid: int, gid: int, times: Tuple[int, int] = (0, 0)) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb", closefd=False) as stream:
            stream.write(data)
        if uid >= 0:
            os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)
        if any(times):
            os.utime(fd, ns=times)
        os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)


@contextmanager
def locked(root: str) -> Iterator[None]:
    """Hold the lock that useradd and passwd take too; waits for whoever has it."""
    path = f"{root}/etc/.pwd.lock"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise FastinitError(f"Failed to take /etc/passwd lock: {error.strerror}") from error
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class Names(NamedTuple):
    """name -> number, of users or of groups."""

    users: Dict[str, int]
    groups: Dict[str, int]


def names_below(root: str) -> Names:
    """Users and groups of the files below the root; NSS of the running system is not asked."""
    return Names(_numbers(AccountFile(root, "passwd")), _numbers(AccountFile(root, "group")))


def _numbers(accounts: AccountFile) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for row in accounts.entries():
        if row[2].isdecimal():
            found.setdefault(row[0], int(row[2]))
    return found


class Resolver:
    """User and group names to numbers: through NSS for the running system, from the files below another root."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._names = names_below(root) if root else Names({}, {})

    def uid(self, name: str) -> int:
        """Raises KeyError."""
        if name.isdecimal():
            return int(name)
        if name == "root":
            return 0
        if self.root:
            return self._names.users[name]
        import pwd
        return pwd.getpwnam(name).pw_uid

    def gid(self, name: str) -> int:
        """Raises KeyError."""
        if name.isdecimal():
            return int(name)
        if name == "root":
            return 0
        if self.root:
            return self._names.groups[name]
        import grp
        return grp.getgrnam(name).gr_gid
