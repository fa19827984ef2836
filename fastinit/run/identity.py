"""User=, Group=, SupplementaryGroups=, DynamicUser=: names to numbers.

In:  ExecContext and the unit's name.   Out: Identity, or IdentityError with systemd's exit status (217 USER, 216 GROUP).
Never: writes a passwd file. A number needs no entry in it (a container is often run with an arbitrary uid): home and shell are
then unknown, the group has the same number.
DynamicUser=: a name that has an entry is used as a static one; else a number from systemd's range that depends on the name
alone, so that the files in StateDirectory= have the same owner at every start. There is no NSS module: inside the service,
getpwuid() does not know it.
Source: systemd.exec(5), "USER/GROUP IDENTITY".
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
from typing import NamedTuple, Optional, Sequence, Tuple

from fastinit.errors import FastinitError
from fastinit.units.model import ExecContext

EXIT_GROUP, EXIT_USER = 216, 217
DYNAMIC_UID_MIN, DYNAMIC_UID_MAX = 61184, 65519
_NO_SHELLS = ("/nologin", "/false", "/true", "/no-shell")


class IdentityError(FastinitError):
    """Somebody who does not exist. exit_status: 216 or 217."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.errno = errno.ESRCH


class Identity(NamedTuple):
    """Who the process will be.

    uid, gid: None = as the manager.   groups: supplementary ones, None = as the manager.
    name, home, shell: "" where nobody knows them.   is_dynamic: made up for DynamicUser=.
    """

    uid: Optional[int] = None
    gid: Optional[int] = None
    groups: Optional[Tuple[int, ...]] = None
    name: str = ""
    home: str = ""
    shell: str = ""
    is_dynamic: bool = False

    def ids(self) -> Optional[Tuple[int, int, Sequence[int]]]:
        """What SpawnSpec.ids wants; None when there is nothing to change."""
        if self.uid is None and self.gid is None and self.groups is None:
            return None
        uid = os.geteuid() if self.uid is None else self.uid
        gid = os.getegid() if self.gid is None else self.gid
        groups = tuple(os.getgroups()) if self.groups is None else self.groups
        if os.geteuid() and (uid, gid) == (os.geteuid(), os.getegid()) and set(groups) <= {gid, *os.getgroups()}:
            return None             # an ordinary user is already all that it can be: setgroups() would be refused
        return uid, gid, groups


def find(context: ExecContext, unit: str) -> Identity:
    """Raises IdentityError."""
    found = _dynamic(context) if context.dynamic_user else _static(context.user) if context.user else Identity()
    if context.group and not (found.is_dynamic and context.group == found.name):
        found = found._replace(gid=_gid(context.group))
    groups = found.groups
    if found.uid and found.name and not found.is_dynamic and found.gid is not None:
        groups = tuple(os.getgrouplist(found.name, found.gid))
    extra = [_gid(name) for name in context.supplementary_groups]
    if extra:
        groups = tuple(dict.fromkeys([*(groups or ()), *extra]))
    return found._replace(groups=groups)


def find_user(user: str) -> Identity:
    """Raises IdentityError."""
    return _static(user)


def find_group(group: str) -> int:
    """Raises IdentityError."""
    return _gid(group)


def _static(user: str) -> Identity:
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        if user.isdecimal():
            return Identity(int(user), int(user), ())
        if user == "root":
            return Identity(0, 0, (), "root", "/root", "/bin/sh")
        raise IdentityError(f"Failed to determine user credentials: no user {user}", EXIT_USER) from None
    home = entry.pw_dir if entry.pw_dir.startswith("/") and entry.pw_dir.strip("/") else ""
    shell = "" if not entry.pw_shell or entry.pw_shell.endswith(_NO_SHELLS) else entry.pw_shell
    return Identity(entry.pw_uid, entry.pw_gid, (), entry.pw_name, home, shell)


def _dynamic(context: ExecContext) -> Identity:
    """The loader has named the user where the unit does not."""
    try:
        return _static(context.user)
    except IdentityError:
        uid = dynamic_uid(context.user)
        return Identity(uid, uid, (), context.user, is_dynamic=True)


def dynamic_uid(name: str) -> int:
    """A number that no entry of passwd or group has; the first choice depends on the name alone."""
    import hashlib  # OpenSSL is slow to load and seldom needed
    span = DYNAMIC_UID_MAX - DYNAMIC_UID_MIN + 1
    first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") % span
    for step in range(span):
        uid = DYNAMIC_UID_MIN + (first + step) % span
        if not _is_taken(uid):
            return uid
    raise IdentityError("Failed to allocate a dynamic user: the range is used up", EXIT_USER)


def _is_taken(uid: int) -> bool:
    for look in (pwd.getpwuid, grp.getgrgid):
        try:
            look(uid)
        except KeyError:
            continue
        return True
    return False


def _gid(group: str) -> int:
    try:
        return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        if group == "root":
            return 0
        raise IdentityError(f"Failed to determine group credentials: no group {group}", EXIT_GROUP) from None


def manager_home() -> str:
    """Where "~" is for a unit without User=."""
    home = os.environ.get("HOME", "")
    if home.startswith("/"):
        return home
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/root" if os.geteuid() == 0 else ""
