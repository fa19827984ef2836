"""systemd-run --scope: our own process becomes the command, in a unit of its own.

In:  options, a command, the answer of the manager.   Out: does not return: exec; a UsageError when that cannot be.
The manager has taken this process into the scope before it answers; what is set here (user, priority, folder, environment) is
what a unit would set for a service, in the order of systemd-run 257.
"""

from __future__ import annotations

import os
import pwd
import signal
from typing import Dict, List, Mapping, NamedTuple, NoReturn, Optional, Tuple

from fastinit.companions.options import Options, UsageError, complain
from fastinit.units.execline import expand_argv

UNCLEAR = ("Scope command line contains environment variable, which is not expanded by default for now, but will be expanded by "
           "default in the future. Use --expand-environment=yes/no to explicitly control it as needed.")


class Owner(NamedTuple):
    """Who the command runs as; None: nobody else than now."""

    uid: Optional[int] = None
    gid: Optional[int] = None
    groups: Optional[Tuple[int, ...]] = None
    environment: Mapping[str, str] = {}


def owner(options: Options) -> Owner:
    """Raises UsageError before anything is made."""
    from fastinit.run import identity
    uid: Optional[int] = None
    gid: Optional[int] = None
    groups: Optional[Tuple[int, ...]] = None
    environment: Dict[str, str] = {}
    if options.has("gid"):
        try:
            gid = identity.find_group(options.last("gid"))
        except identity.IdentityError:
            raise UsageError(f"Failed to resolve group {options.last('gid')}: No such process") from None
        groups = (gid,)
    if options.has("uid"):
        try:
            found = identity.find_user(options.last("uid"))
        except identity.IdentityError:
            raise UsageError(f"Failed to resolve user {options.last('uid')}: No such process") from None
        uid, gid = found.uid, found.gid if gid is None else gid
        environment = {name: value for name, value in (("USER", found.name), ("LOGNAME", found.name), ("HOME", _home(found.uid)),
                                                       ("SHELL", found.shell)) if value}
        if gid is not None:
            groups = tuple(os.getgrouplist(found.name, gid)) if found.name else (gid,)
    return Owner(uid, gid, groups, environment)


def _home(uid: Optional[int]) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir if uid is not None else ""
    except KeyError:
        return ""


def become(command: List[str], who: Owner, nice: Optional[int], folder: str, environment: Mapping[str, str],
           expands: bool) -> NoReturn:
    """environment: what --setenv= adds, above all others. Raises UsageError."""
    variables = {**os.environ, **who.environment, **environment}
    words = command
    if expands:
        expanded = expand_argv(tuple(command[1:]), variables)
        words = [command[0], *expanded.argv]
        for warning in expanded.warnings:
            complain(warning)
    try:
        if nice is not None:
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        if who.groups is not None:
            os.setgroups(who.groups)
        if who.gid is not None:
            os.setresgid(who.gid, who.gid, who.gid)
        if who.uid is not None:
            os.setresuid(who.uid, who.uid, who.uid)
    except OSError as error:
        raise UsageError(f"Failed to change the credentials or the priority of the command: {error.strerror}") from None
    if folder:
        try:
            os.chdir(os.path.expanduser(folder) if folder == "~" else folder)
        except OSError as error:
            raise UsageError(f"Failed to change directory to '{folder}': {error.strerror}") from None
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):      # Python's own ideas of them are not the command's
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(words[0], words, variables)
    except OSError as error:
        raise UsageError(f"Failed to execute: {error.strerror}") from None
