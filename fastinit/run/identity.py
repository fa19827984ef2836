"""User=, Group=, SupplementaryGroups=, DynamicUser=: names to numbers.

In:  ExecContext.   Out: Identity, or IdentityError with systemd's exit status (217/USER, 216/GROUP).
Never: changes the account files, changes our own identity.
Source: systemd.exec(5) "USER/GROUP IDENTITY".
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
from typing import NamedTuple, Optional, Tuple

from fastinit.errors import FastinitError
from fastinit.units.model import ExecContext

EXIT_GROUP, EXIT_USER = 216, 217
DYNAMIC_FIRST, DYNAMIC_LAST = 61184, 65519      # systemd's range for dynamic users
ESRCH = 3


class IdentityError(FastinitError):
    """A name that no account has."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class Identity(NamedTuple):
    """Who a process shall be. ids None: as the manager. name "" and home "": no User= was given."""

    ids: Optional[Tuple[int, int, Tuple[int, ...]]]
    name: str = ""
    home: str = ""
    shell: str = ""

    @property
    def owner(self) -> Tuple[int, int]:
        """(uid, gid) of the directories that are made for the unit."""
        return (os.geteuid(), os.getegid()) if self.ids is None else self.ids[:2]


def find_identity(context: ExecContext, unit: str) -> Identity:
    """Raises IdentityError."""
    if context.dynamic_user:
        return _dynamic(context, unit)
    account = _account(context.user) if context.user else None
    gid = _group(context.group) if context.group else None
    extra = tuple(_group(name) for name in context.supplementary_groups)
    if account is None:
        if gid is None and not extra:
            return Identity(None)
        gid = os.getegid() if gid is None else gid
        return Identity((os.geteuid(), gid, tuple(dict.fromkeys((*os.getgroups(), *extra)))))
    primary = account.pw_gid if gid is None else gid
    groups = os.getgrouplist(account.pw_name, primary) if account.pw_name else [primary]
    return Identity((account.pw_uid, primary, tuple(dict.fromkeys((*groups, *extra)))),
                    account.pw_name or str(account.pw_uid), account.pw_dir, account.pw_shell)


def _account(user: str) -> pwd.struct_passwd:
    """A number needs no entry: containers run with uids that nobody has heard of."""
    try:
        return pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        if user.isdigit():
            return pwd.struct_passwd(("", "x", int(user), int(user), "", "/", ""))
        raise IdentityError(f"Failed to determine user credentials: user {user} does not exist", EXIT_USER) from None


def _group(group: str) -> int:
    if group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise IdentityError(f"Failed to determine group credentials: group {group} does not exist", EXIT_GROUP) from None


def _dynamic(context: ExecContext, unit: str) -> Identity:
    """A made-up uid, always the same for the same name so that state directories stay readable; an existing account wins.

    Without an NSS module of our own the name is unknown to getpwuid(3) inside the service.
    """
    name = context.user or unit.rpartition(".")[0]
    try:
        return find_identity(_static(context, name), unit)
    except IdentityError:
        span = DYNAMIC_LAST - DYNAMIC_FIRST + 1
        uid = DYNAMIC_FIRST + int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % span
        extra = tuple(_group(group) for group in context.supplementary_groups)
        return Identity((uid, uid, tuple(dict.fromkeys((uid, *extra)))), name, "/", "/usr/sbin/nologin")


def _static(context: ExecContext, name: str) -> ExecContext:
    import dataclasses
    return dataclasses.replace(context, dynamic_user=False, user=name)
