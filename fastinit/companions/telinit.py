"""telinit: SysV run levels to systemctl verbs.

Source: telinit(8).
"""

from __future__ import annotations

from typing import Dict, List

from fastinit.companions.options import Options, UsageError, run
from fastinit.companions.sysv import become

USAGE = """
telinit [OPTIONS...] COMMAND

Send control commands to the init daemon.

Commands:
  0              Power-off the machine
  6              Reboot the machine
  2, 3, 4, 5     Start runlevelX.target unit
  1, s, S        Enter rescue mode
  q, Q           Reload init daemon configuration
  u, U           Reexecute init daemon

Options:
     --help      Show this help
     --no-wall   Don't send wall message before halt/power-off/reboot
"""
VERBS: Dict[str, List[str]] = {
    "0": ["poweroff"], "6": ["reboot"], "1": ["rescue"], "s": ["rescue"], "q": ["daemon-reload"], "u": ["daemon-reexec"],
    **{level: ["isolate", f"runlevel{level}.target"] for level in "2345"},
}


def _work(options: Options) -> int:
    if not options.args:
        raise UsageError("telinit: required argument missing.")
    if len(options.args) > 1:
        raise UsageError("Too many arguments.")
    command = VERBS.get(options.args[0].lower())
    if command is None:
        raise UsageError(f"Unknown command '{options.args[0]}'.")
    return become(command)


def main(argv: List[str]) -> int:
    return run("telinit", USAGE, ("no-wall",), argv, _work)
