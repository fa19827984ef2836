"""The other names of systemctl: halt, poweroff, reboot, shutdown, telinit, runlevel, init as SysV knew them.

In:  argv.   Out: the program's name for messages, and systemctl's own words for the same.
Source: halt(8), shutdown(8), telinit(8), runlevel(8) of systemd 257.
"""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Tuple

from fastinit.control.options import UsageError

_LEVELS = {
    "0": ["poweroff"], "6": ["reboot"], "1": ["rescue"], "s": ["rescue"], "S": ["rescue"],
    "2": ["isolate", "multi-user.target"], "3": ["isolate", "multi-user.target"], "4": ["isolate", "multi-user.target"],
    "5": ["isolate", "graphical.target"], "q": ["daemon-reload"], "Q": ["daemon-reload"], "u": ["daemon-reexec"],
    "U": ["daemon-reexec"],
}
_HALT_ACTIONS = {"--halt": "halt", "-p": "poweroff", "--poweroff": "poweroff", "--reboot": "reboot"}
_HALT_FLAGS = {"-f": ["--force"], "--force": ["--force"], "-w": None, "--wtmp-only": None, "-d": [], "--no-wtmp": [],
               "--no-wall": [], "-n": [], "--no-sync": [], "--help": ["--help"]}
_SHUTDOWN_ACTIONS = {"-H": "halt", "--halt": "halt", "-P": "poweroff", "--poweroff": "poweroff", "-p": "poweroff",
                     "-h": "poweroff", "-r": "reboot", "--reboot": "reboot"}


def rewrite(argv: List[str]) -> Tuple[str, List[str]]:
    """(program, systemctl's words). Raises UsageError."""
    program = os.path.basename(argv[0])
    translate = _PERSONALITIES.get(program)
    if translate is None:
        return "systemctl", argv[1:]
    return program, translate(program, argv[1:])


def _halt(program: str, words: List[str]) -> List[str]:
    action, flags = program, []
    for word in words:
        if word in _HALT_ACTIONS:
            action = _HALT_ACTIONS[word]
        elif word in _HALT_FLAGS:
            more = _HALT_FLAGS[word]
            if more is None:                # -w: only write wtmp, which containers do not keep
                return ["--dry-run", "--quiet", action]
            flags += more
        else:
            raise UsageError(_complaint(program, word))
    return [*flags, action]


def _complaint(program: str, word: str) -> str:
    if not word.startswith("-"):
        return "Too many arguments."
    return f"{program}: unrecognized option '{word}'" if word.startswith("--") else f"{program}: invalid option -- '{word[1:2]}'"


def _shutdown(program: str, words: List[str]) -> List[str]:
    action, times = "poweroff", []
    for word in words:
        if word in _SHUTDOWN_ACTIONS:
            action = _SHUTDOWN_ACTIONS[word]
        elif word in ("-k", "-c", "--show"):
            return ["--dry-run", "--quiet", action]     # nobody is logged in to be told; nothing is ever scheduled
        elif word == "--help":
            return ["--help"]
        elif not word.startswith("-"):
            times.append(word)
        elif word not in ("--no-wall", "-f", "-F", "-t", "-a"):
            raise UsageError(f"{program}: unrecognized option '{word}'")
    when = times[0] if times else "now"
    if when not in ("now", "+0", "0"):
        raise UsageError(f"Scheduling a shutdown ({when}) is not supported in a container; use: shutdown now")
    return [action]


def _telinit(program: str, words: List[str]) -> List[str]:
    if words and words[0] == "--help":
        return ["--help"]
    if len(words) != 1:
        raise UsageError(f"{program}: required argument missing." if not words else "Too many arguments.")
    level = _LEVELS.get(words[0])
    if level is None:
        raise UsageError(f"Unknown runlevel '{words[0]}'.")
    return level


def _init(program: str, words: List[str]) -> List[str]:
    """As PID 1 it never comes here. `init 0` and the like otherwise; everything else is `systemctl init`'s."""
    if len(words) == 1 and words[0] in _LEVELS:
        return _LEVELS[words[0]]
    return ["init", *words]


def _runlevel(_program: str, _words: List[str]) -> List[str]:
    return ["runlevel"]


_PERSONALITIES: Dict[str, Callable[[str, List[str]], List[str]]] = {
    "halt": _halt, "poweroff": _halt, "reboot": _halt, "shutdown": _shutdown, "telinit": _telinit, "init": _init,
    "runlevel": _runlevel,
}
