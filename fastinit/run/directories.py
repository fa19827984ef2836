"""RuntimeDirectory=, StateDirectory= and their kin: made before a process starts, runtime ones removed after the last.

In:  ExecContext, an account, the base directories.   Out: the variables that name them; DirectoryError with the exit status.
Never: follows a link that an ordinary user could have put there: every part is opened by itself, and a link counts only if
root (or we) made it in a directory of root's (or ours).
With DynamicUser= the directories are where they would be for a static user: without mount namespaces a service could not
reach them below "private".
Source: systemd.exec(5), "RuntimeDirectory=", "ConfigurationDirectoryMode=", "RuntimeDirectoryPreserve=".
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from fastinit.errors import FastinitError
from fastinit.trees import remove_tree
from fastinit.units.model import Directory, ExecContext
from fastinit.units.specifiers import Host

_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_PARENT_MODE = 0o755


class Kind(NamedTuple):
    """field: of ExecContext; field + "_mode" is the mode.   base: key of the base directories.
    owned: the directory belongs to the user of the service."""

    variable: str
    field: str
    base: str
    exit_status: int
    owned: bool = True


KINDS = (
    Kind("RUNTIME_DIRECTORY",       "runtime_directory",       "run",   233),
    Kind("STATE_DIRECTORY",         "state_directory",         "state", 238),
    Kind("CACHE_DIRECTORY",         "cache_directory",         "cache", 239),
    Kind("LOGS_DIRECTORY",          "logs_directory",          "logs",  240),
    Kind("CONFIGURATION_DIRECTORY", "configuration_directory", "config", 241, owned=False),
)
SYSTEM_BASES: Mapping[str, str] = {
    "run": "/run", "state": "/var/lib", "cache": "/var/cache", "logs": "/var/log", "config": "/etc",
}


def user_bases(host: Host) -> Dict[str, str]:
    """Those of a user's manager (systemd.exec(5), "RuntimeDirectory=")."""
    return {"run": host.runtime, "state": host.state, "cache": host.cache, "logs": host.logs, "config": host.config}


class DirectoryError(FastinitError):
    """exit_status: 233, 238, 239, 240 or 241."""

    def __init__(self, message: str, exit_status: int, errno: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.errno = errno


def variables(context: ExecContext, bases: Mapping[str, str]) -> Dict[str, str]:
    """RUNTIME_DIRECTORY=/run/a:/run/b …"""
    found: Dict[str, str] = {}
    for kind in KINDS:
        entries: Tuple[Directory, ...] = getattr(context, kind.field)
        if entries:
            found[kind.variable] = ":".join(f"{bases[kind.base]}/{entry.path}" for entry in entries)
    return found


def prepare(context: ExecContext, bases: Mapping[str, str], uid: Optional[int], gid: Optional[int],
            warn: Callable[[str], None]) -> None:
    """Make what is missing; modes and owners as the unit says. uid, gid: None = leave. Raises DirectoryError."""
    for kind in KINDS:
        mode: int = getattr(context, kind.field + "_mode")
        for entry in getattr(context, kind.field):
            try:
                _prepare_one(bases[kind.base], entry, mode, kind, uid, gid, warn)
            except OSError as error:
                path = f"{bases[kind.base]}/{entry.path}"
                raise DirectoryError(f"Failed to set up special execution directory {path}: {error.strerror}",
                                     kind.exit_status, error.errno or errno.EIO) from None


def _prepare_one(base: str, entry: Directory, mode: int, kind: Kind, uid: Optional[int], gid: Optional[int],
                 warn: Callable[[str], None]) -> None:
    os.makedirs(base, _PARENT_MODE, exist_ok=True)
    parent, name = _open_parent(base, entry.path, make=True)
    try:
        is_new = _make(parent, name, mode)
        fd = _step(parent, name)
        try:
            _set_owner(fd, mode, is_new, kind, uid, gid, f"{base}/{entry.path}", warn)
        finally:
            os.close(fd)
    finally:
        os.close(parent)
    for link in entry.symlinks:
        _make_link(base, link, entry.path, warn)


def _set_owner(fd: int, mode: int, is_new: bool, kind: Kind, uid: Optional[int], gid: Optional[int], path: str,
               warn: Callable[[str], None]) -> None:
    about = os.fstat(fd)
    if not stat.S_ISDIR(about.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    self_path = f"/proc/self/fd/{fd}"
    if not kind.owned and not is_new:       # an administrator's: its mode and owner are as intended
        if stat.S_IMODE(about.st_mode) != mode:
            warn(f"Configuration directory {path} has mode {stat.S_IMODE(about.st_mode):o}, not {mode:o}, going on")
        return
    if stat.S_IMODE(about.st_mode) != mode:
        os.chmod(self_path, mode)
    if not kind.owned or os.geteuid() != 0:
        return
    uid, gid = _as_is(uid, about.st_uid), _as_is(gid, about.st_gid)
    if (about.st_uid, about.st_gid) != (uid, gid):
        _chown_tree(self_path, uid, gid)
        os.chmod(self_path, mode)           # chown takes the set-id bits away


def _as_is(wanted: Optional[int], now: int) -> int:
    return now if wanted is None else wanted


def _chown_tree(path: str, uid: int, gid: int) -> None:
    """The contents first: a run that is interrupted is begun again, for the top shows that it was not finished."""
    for _, folders, files, fd in os.fwalk(path, follow_symlinks=False):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)
    os.chown(path, uid, gid)


def _make_link(base: str, link: str, path: str, warn: Callable[[str], None]) -> None:
    parent, name = _open_parent(base, link, make=True)
    target = os.path.relpath(f"/{path}", os.path.dirname(f"/{link}"))
    try:
        os.symlink(target, name, dir_fd=parent)
    except FileExistsError:
        try:
            if os.readlink(name, dir_fd=parent) == target:
                return
        except OSError:
            pass
        warn(f"Cannot make the link {base}/{link}: something else is there, going on")
    finally:
        os.close(parent)


# --- one part of a path after the other ----------------------------------------------------------------------------


def _open_parent(base: str, path: str, make: bool) -> Tuple[int, str]:
    """(O_PATH descriptor of the directory that holds the last part, that part)."""
    *above, name = [part for part in path.split("/") if part]
    fd = os.open(base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in above:
        try:
            if make:
                _make(fd, part, _PARENT_MODE)
            following = _step(fd, part)
        finally:
            os.close(fd)
        fd = following
    return fd, name


def _make(parent: int, name: str, mode: int) -> bool:
    """Whether it was made just now; the mode is exact, whatever the umask is."""
    try:
        os.mkdir(name, mode & 0o777, dir_fd=parent)
    except FileExistsError:
        return False
    fd = os.open(name, _PATH, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{fd}", mode)
    finally:
        os.close(fd)
    return True


def _step(parent: int, name: str) -> int:
    """O_PATH descriptor of a directory below an opened one."""
    fd = os.open(name, _PATH, dir_fd=parent)
    about = os.fstat(fd)
    if not stat.S_ISLNK(about.st_mode):
        return fd
    os.close(fd)
    trusted = {0, os.geteuid()}
    if about.st_uid not in trusted or os.fstat(parent).st_uid not in trusted:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    return os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)


def remove_runtime(context: ExecContext, restarting: bool, base: str) -> List[str]:
    """RuntimeDirectory= of a unit that has stopped, unless it is to be kept; what went wrong, one line each."""
    preserve = context.runtime_directory_preserve
    if preserve == "yes" or (preserve == "restart" and restarting):
        return []
    problems: List[str] = []
    for entry in context.runtime_directory:
        for path in (*entry.symlinks, entry.path):
            try:
                _remove(base, path)
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(f"Failed to remove runtime directory {base}/{path}: {error.strerror or error}")
    return problems


def _remove(base: str, path: str) -> None:
    parent, name = _open_parent(base, path, make=False)
    try:
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            remove_tree(f"/proc/self/fd/{parent}/{name}")
        else:
            os.unlink(name, dir_fd=parent)
    finally:
        os.close(parent)
