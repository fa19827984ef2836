"""Where a manager's runtime directory may be; the manager takes the first that it can have, clients look in the same order.

In:  the environment, uids.   Out: paths. Imports nothing that the interpreter has not loaded anyway: the small client uses it.
An image may have no /run that its user may write to (an arbitrary uid, a read-only root file system): /tmp is next, and then
/dev/shm, which every container has. Both are anybody's, so a directory there counts only if it is its owner's alone.
"""

from __future__ import annotations

import posix

RUN = "/run"
RUN_VARIABLE = "FASTINIT_RUN"       # another runtime directory: managers beside each other, tests
USER_FOLDER = "fastinit-user"       # of the manager that `systemctl --user` speaks to
OWN_FOLDER, SOCKET_NAME = "fastinit", "control"
PERMISSIONS, IS_DIRECTORY, DIRECTORY_ONLY = 0o777, 0o040000, 0o170000


def variable(name: str) -> str:
    value = posix.environ.get(name.encode())
    return value.decode("utf-8", "surrogateescape") if value else ""


def candidates(user: bool = False) -> "list[tuple[str, int]]":
    """(directory, uid that must own it or -1), the one to prefer first."""
    given, uid = variable(RUN_VARIABLE), posix.geteuid()
    session = variable("XDG_RUNTIME_DIR")
    if user:
        base = given or session or f"/run/user/{uid}"
        found = [(f"{base}/{USER_FOLDER}", -1)]
        return found if given or session else found + [(f"{path}/{USER_FOLDER}", uid) for path in _shared(uid)]
    if given:
        return [(given, -1)]
    found = [(RUN, -1)]
    if uid and session:
        found.append((session, -1))
    for owner in dict.fromkeys((uid, _owner_of_init())):
        found += [(path, owner) for path in _shared(owner)]
    return found


def _owner_of_init() -> int:
    try:
        return posix.stat("/proc/1").st_uid
    except OSError:
        return posix.geteuid()


def _shared(owner: int) -> "list[str]":
    """The containers of a pod may share /dev/shm: there the name tells them apart."""
    found = [f"/tmp/fastinit-{owner}"]
    try:
        found.append(f"/dev/shm/fastinit-{owner}-{posix.stat('/proc/self/ns/pid').st_ino}")
    except OSError:
        pass
    return found


def belongs(path: str, owner: int) -> bool:
    """Whether nobody else can have made this directory, or what is in it."""
    if owner < 0:
        return True
    try:
        about = posix.lstat(path[:-len(USER_FOLDER) - 1] if path.endswith("/" + USER_FOLDER) else path)
    except OSError:
        return False
    return about.st_mode & DIRECTORY_ONLY == IS_DIRECTORY and about.st_uid == owner and not about.st_mode & 0o022


def sockets(user: bool = False) -> "list[str]":
    """Where a manager may listen."""
    return [f"{path}/{OWN_FOLDER}/{SOCKET_NAME}" for path, owner in candidates(user) if belongs(path, owner)]


def choose(user: bool = False) -> str:
    """The directory for a new manager; made when it is one of ours. Where none will do, the first: its error tells most."""
    options = candidates(user)
    for path, owner in options:
        if owner not in (-1, posix.geteuid()):
            continue
        try:
            if owner >= 0 or path.endswith("/" + USER_FOLDER):
                _make(path)
        except OSError:
            continue
        if belongs(path, owner) and posix.access(path, posix.W_OK | posix.X_OK):
            return path
    return options[0][0]


def _make(path: str) -> None:
    """The last folder, and for a user's manager the one around it. Raises OSError."""
    parent = path[:path.rindex("/")]
    for part in (parent, path) if path.endswith("/" + USER_FOLDER) else (path,):
        try:
            posix.mkdir(part, 0o700)
        except FileExistsError:
            continue
