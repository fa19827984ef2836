"""service: the SysV wrapper that people's fingers know.

In:  service NAME ACTION [OPTIONS], service --status-all.   Out: systemctl, or the script in /etc/init.d, in place of this
process; an init script gets a clean environment (LANG, LC_*, PATH, TERM).
Rules: init.d scripts are run when no manager runs and for actions that systemctl does not know; start and stop take the
sockets of a service along, so that "stop" is not undone by the next connection.
Source: service(8).
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Dict, List

from fastinit.companions.options import VERSION, complain
from fastinit.companions.sysv import ask, become, is_booted
from fastinit.errors import FastinitError

USAGE = "Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]"
FOLDER = "/etc/init.d"
IGNORED = frozenset((
    "skeleton", "README", "rc", "rcS", "single", "reboot", "bootclean.sh", "functions", "halt", "killall", "linuxconf", "kudzu",
))
SYSTEMCTL = frozenset(("start", "stop", "restart", "try-restart", "reload", "force-reload", "force-stop", "status"))
_KEPT = frozenset(("LANG", "LANGUAGE", "PATH", "TERM"))


def _environment() -> Dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}


def script_of(name: str) -> str:
    """Path of the init script, "" when there is none."""
    path = f"{FOLDER}/{name}"
    return path if os.path.isfile(path) and os.access(path, os.X_OK) else ""


def _become_script(name: str, words: List[str]) -> int:
    path = script_of(name)
    if not path:
        complain(f"{name}: unrecognized service")
        return 1
    try:
        os.execve(path, [path, *words], _environment())
    except OSError as error:
        raise FastinitError(f"cannot run {path}: {error.strerror}") from None


def _status_all() -> int:
    try:
        names = sorted(os.listdir(FOLDER))
    except FileNotFoundError:
        return 0                    # no init script, so none to report on
    for name in names:
        if name in IGNORED or name.endswith((".dpkg-dist", ".dpkg-old")) or not script_of(name):
            continue
        done = subprocess.run([script_of(name), "status"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=_environment(), check=False)
        if b"usage:" in done.stdout.lower():
            print(f" [ ? ]  {name}", file=sys.stderr)
        else:
            print(f" [ {'+' if done.returncode == 0 and done.stdout else '-'} ]  {name}")
    return 0


def _sockets(unit: str) -> List[str]:
    code, text = ask(["show", "--property=TriggeredBy", "--value", unit])
    return [name for name in text.split() if name.endswith(".socket")] if code == 0 else []


def _can_reload(unit: str) -> bool:
    return ask(["show", "--property=CanReload", "--value", unit])[1].strip() != "no"


def _by_systemctl(name: str, action: str) -> int:
    unit = (name[:-len(".sh")] if name.endswith(".sh") else name) + ".service"
    if action in ("start", "stop"):
        return become([action, *_sockets(unit), unit])
    if action == "reload" and not _can_reload(unit) and script_of(name):
        return _become_script(name, ["reload"])
    if action == "force-reload":
        return become(["reload" if _can_reload(unit) else "restart", unit])
    if action == "force-stop":
        return become(["--signal=KILL", "kill", unit])
    return become([action, unit])


def _run(argv: List[str]) -> int:
    if not argv:
        complain(USAGE)
        return 1
    if argv[0] in ("--help", "-h"):
        complain(USAGE)
        return 0
    if argv[0] in ("--version", "-V"):
        complain(VERSION)
        return 0
    if argv == ["--status-all"]:
        return _status_all()
    name, words = argv[0], argv[1:]
    if words == ["--full-restart"]:
        words = ["restart"]
    action = words[0] if words else ""
    # Without a manager an init script still does what it says; without a script systemctl starts a manager.
    if action in SYSTEMCTL and (is_booted() or not script_of(name)):
        return _by_systemctl(name, action)
    return _become_script(name, words)


def main(argv: List[str]) -> int:
    try:
        return _run(argv)
    except FastinitError as error:
        complain(str(error))
        return 1
