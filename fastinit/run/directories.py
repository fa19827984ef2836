"""RuntimeDirectory=, StateDirectory=, CacheDirectory=, LogsDirectory=, ConfigurationDirectory=.

In:  ExecContext, owner.   Out: directories on disk, their variables; removed again where the unit says so.
Never: follows a link in the part that the unit names (a service's user may own its parent), changes what is outside of it.
Source: systemd.exec(5) "SANDBOXING" on RuntimeDirectory= and following.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import Iterator, List, NamedTuple, Tuple

from fastinit.errors import FastinitError
from fastinit.units.model import Directory, ExecContext

PARENT_MODE = 0o755
_OPEN = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_RDONLY


class Kind(NamedTuple):
    """field: of ExecContext, with field + "_mode". exit_status: when it cannot be made."""

    field: str
    variable: str
    base: str
    exit_status: int
    is_owned: bool = True       # ConfigurationDirectory= stays root's


KINDS = (
    Kind("runtime_directory", "RUNTIME_DIRECTORY", "/run", 233),
    Kind("state_directory", "STATE_DIRECTORY", "/var/lib", 238),
    Kind("cache_directory", "CACHE_DIRECTORY", "/var/cache", 239),
    Kind("logs_directory", "LOGS_DIRECTORY", "/var/log", 240),
    Kind("configuration_directory", "CONFIGURATION_DIRECTORY", "/etc", 241, is_owned=False),
)


class DirectoryError(FastinitError):
    """exit_status: systemd's for that kind of directory."""

    def __init__(self, message: str, exit_status: int, errno: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.errno = errno


def variables(context: ExecContext, run: str = "/run") -> List[str]:
    """RUNTIME_DIRECTORY=/run/x:/run/y and so on, for the kinds that the unit names."""
    out = []
    for kind, entries in _named(context):
        paths = ":".join(_path(kind, entry, run) for entry in entries)
        out.append(f"{kind.variable}={paths}")
    return out


def make(context: ExecContext, owner: Tuple[int, int], run: str = "/run") -> None:
    """Create what is missing; mode and owner of the innermost are made right. Raises DirectoryError."""
    for kind, entries in _named(context):
        mode = getattr(context, kind.field + "_mode")
        for entry in entries:
            base = run if kind.base == "/run" else kind.base
            try:
                _make_one(base, entry, mode, owner if kind.is_owned else None)
            except OSError as error:
                where = error.filename or os.path.join(base, entry.path)
                message = f"cannot set up {kind.variable.lower()} {where}: {error.strerror}"
                raise DirectoryError(message, kind.exit_status, error.errno or 5) from None


def remove_runtime(context: ExecContext, run: str = "/run") -> List[str]:
    """Remove the runtime directories of a stopped unit; what could not be removed, in words."""
    problems = []
    for entry in context.runtime_directory:
        path = os.path.join(run, entry.path)
        for link in entry.symlinks:
            _unlink_if_link(os.path.join(run, link))
        try:
            shutil.rmtree(path)     # does not follow links (shutil.rmtree.avoids_symlink_attacks)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"cannot remove runtime directory {error.filename or path}: {error.strerror}")
    return problems


def _named(context: ExecContext) -> "Iterator[Tuple[Kind, Tuple[Directory, ...]]]":
    for kind in KINDS:
        entries = getattr(context, kind.field)
        if entries:
            yield kind, entries


def _path(kind: Kind, entry: Directory, run: str) -> str:
    return os.path.join(run if kind.base == "/run" else kind.base, entry.path)


def _make_one(base: str, entry: Directory, mode: int, owner: "Tuple[int, int] | None") -> None:
    os.makedirs(base, PARENT_MODE, exist_ok=True)
    fd = os.open(base, os.O_DIRECTORY | os.O_CLOEXEC | os.O_RDONLY)
    try:
        *parents, last = entry.path.split("/")
        for name in parents:
            fd = _enter(fd, name, PARENT_MODE)
        fd = _enter(fd, last, mode)
        about = os.fstat(fd)
        if owner is not None and (about.st_uid, about.st_gid) != owner:
            _give(fd, owner)
        if stat.S_IMODE(about.st_mode) != mode:
            os.fchmod(fd, mode)
    finally:
        os.close(fd)
    for link in entry.symlinks:
        _link(base, link, os.path.join(base, entry.path))


def _enter(parent: int, name: str, mode: int) -> int:
    """Open parent/name, made if it is missing; the parent is closed. Raises OSError."""
    try:
        try:
            os.mkdir(name, mode, dir_fd=parent)
        except FileExistsError:
            pass
        return os.open(name, _OPEN, dir_fd=parent)
    finally:
        os.close(parent)


def _give(fd: int, owner: Tuple[int, int]) -> None:
    """chown the tree, links themselves and not what they point to; the top last, so that an interrupted walk is done again."""
    for _, directories, files, folder in os.fwalk(".", dir_fd=fd, follow_symlinks=False):
        for name in directories + files:
            os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)
    os.fchown(fd, *owner)


def _link(base: str, link: str, target: str) -> None:
    path = os.path.join(base, link)
    os.makedirs(os.path.dirname(path), PARENT_MODE, exist_ok=True)
    _unlink_if_link(path)
    try:
        os.symlink(os.path.relpath(target, os.path.dirname(path)), path)
    except FileExistsError:
        pass        # a directory of the administrator's own: systemd leaves it as well


def _unlink_if_link(path: str) -> None:
    if os.path.islink(path):
        os.unlink(path)
