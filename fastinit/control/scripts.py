"""enable, disable and is-enabled of System V scripts: handed to the distribution's own tool, as systemctl does.

In:  the names of a request.   Out: those that are left for unit files, and what the tool has said.
Never: runs in a manager: the tool takes its time, so the client does it (MustRunLocally).
Source: systemctl(1), "enable"; systemd-sysv-install is what systemd asks each distribution to have.
A script that has a unit beside it is left alone: nothing but a SysV init, which does not run here, looks at its links.
"""

from __future__ import annotations

import os
from typing import List, NamedTuple, Sequence, Tuple

from fastinit.control.request import Context, MustRunLocally
from fastinit.errors import RequestError
from fastinit.units import sysv
from fastinit.units.install_info import Context as InstallContext
from fastinit.units.unitdirs import SYSTEM, FileError, UnitDirs

VERBS = frozenset(("enable", "disable", "is-enabled"))
INSTALLER = "systemd-sysv-install"
FOLDERS = ("/usr/lib/systemd", "/lib/systemd")
# Where the distribution has no such program, this is what it would do. {}: the script.
DEBIAN = {"enable": (("defaults",), ("enable",)), "disable": (("defaults",), ("disable",))}
NO_ECHO = {"_SKIP_SYSTEMD_NATIVE": "1"}      # update-rc.d shall not call systemctl for the same
CHKCONFIG = {"enable": "on", "disable": "off"}


class Redirected(NamedTuple):
    """names: what is left.   code: of a tool that has failed; 0.   found, enabled: what is-enabled has found."""

    names: List[str]
    code: int = 0
    found: bool = False
    enabled: bool = False


def redirect(context: Context, names: Sequence[str], dirs: UnitDirs) -> Redirected:
    """Raises MustRunLocally in a manager, before anything is done; RequestError where there is no tool."""
    if context.verb not in VERBS or dirs.scope != SYSTEM or (not context.is_live and _is_skipped()):
        return Redirected(list(names))
    left, mine = [], []
    for name in names:
        script = _script_of(context.root, name, dirs)
        if script:
            mine.append((name, script))
        else:
            left.append(name)
    if mine and context.is_live:
        raise MustRunLocally(context.verb)
    found = enabled = False
    for name, script in mine:
        code = _run(context, name, script)
        if context.verb == "is-enabled":
            found, enabled = True, enabled or code == 0
            if not context.options.quiet:
                context.say("disabled" if code else "enabled")
        elif code:
            return Redirected(left, 1)      # the tool has said why
    return Redirected(left, 0, found, enabled)


def _is_skipped() -> bool:
    """update-rc.d calls systemctl in its turn, and asks not to be called back."""
    try:
        return int(os.environ.get("SYSTEMCTL_SKIP_SYSV", "0")) > 0
    except ValueError:
        return False


def _script_of(root: str, name: str, dirs: UnitDirs) -> str:
    """The name of the script that stands for a unit, "" when a file does or nothing."""
    if "/" in name or not name.endswith(".service"):
        return ""
    script = os.path.basename(sysv.find_scripts(root).get(name, ""))
    try:
        InstallContext(dirs).discover(name, False, load=False)
    except FileError:
        return script
    return ""


def _run(context: Context, name: str, script: str) -> int:
    verb, root = context.verb, context.root
    if not context.options.quiet:
        context.note(f"{name} is not a native service, redirecting to {INSTALLER}.")
        words = (f"{FOLDERS[0]}/{INSTALLER}", *((f"--root={root}",) if root else ()), verb, script)
        context.note(f"Executing: {' '.join(words)}")
    for folder in FOLDERS:
        if os.access(f"{folder}/{INSTALLER}", os.X_OK):
            return _call((f"{folder}/{INSTALLER}", *((f"--root={root}",) if root else ()), verb, script))
    if verb == "is-enabled":
        return 0 if _is_linked(root, script) else 1
    chroot = ("chroot", root) if root else ()
    if os.access(f"{root}/usr/sbin/update-rc.d", os.X_OK):
        commands: List[Tuple[str, ...]] = [("update-rc.d", script, *words) for words in DEBIAN[verb]]
    elif os.access(f"{root}/sbin/chkconfig", os.X_OK):
        commands = [("chkconfig", script, CHKCONFIG[verb])]
    else:
        raise RequestError(f"Failed to execute {FOLDERS[0]}/{INSTALLER}: No such file or directory")
    return next((code for code in (_call((*chroot, *command)) for command in commands) if code), 0)


def _is_linked(root: str, script: str) -> bool:
    """A link starts it in runlevel S or 5."""
    for folder in ("rcS.d", "rc5.d"):
        try:
            links = os.listdir(f"{root}/etc/{folder}")
        except OSError:
            continue
        if any(link[0] == "S" and link[1:3].isdigit() and link[3:] == script for link in links):
            return True
    return False


def _call(command: Sequence[str]) -> int:
    """Raises RequestError when there is no such program."""
    import subprocess  # never in the manager
    try:
        return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **NO_ECHO}).returncode
    except OSError as error:
        raise RequestError(f"Failed to execute {command[0]}: {error.strerror}") from None
