"""The other names of systemctl: halt, poweroff, reboot, init as SysV knew them; shutdown, telinit and runlevel are companions.

In:  argv.   Out: the program's name for messages, and systemctl's own words for the same.
Source: halt(8) and telinit(8) of systemd 257.
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


def _init(program: str, words: List[str]) -> List[str]:
    """As PID 1 it never comes here. `init 0` and the like otherwise; everything else is `systemctl init`'s."""
    if len(words) == 1 and words[0] in _LEVELS:
        return _LEVELS[words[0]]
    return ["init", *words]


_PERSONALITIES: Dict[str, Callable[[str, List[str]], List[str]]] = {
    "halt": _halt, "poweroff": _halt, "reboot": _halt, "init": _init,
}
