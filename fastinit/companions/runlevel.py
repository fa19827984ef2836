"""runlevel: the SysV run level that fits the active targets; "N" since there is no record of an earlier one.

Source: runlevel(8).
"""

from __future__ import annotations

from typing import List

from fastinit.companions.options import Options, UsageError, run
from fastinit.companions.sysv import ask, is_booted

USAGE = """
runlevel [OPTIONS...]

Prints the previous and current runlevel of the init system.

     --help      Show this help
"""
# highest first: graphical.target pulls in multi-user.target
LEVELS = (("graphical.target", "5"), ("multi-user.target", "3"), ("rescue.target", "1"))


def _work(options: Options) -> int:
    if options.args:
        raise UsageError("Too many arguments.")
    if is_booted():
        for target, level in LEVELS:
            if ask(["is-active", "--quiet", target])[0] == 0:
                print("N", level)
                return 0
    print("unknown")
    return 1


def main(argv: List[str]) -> int:
    return run("runlevel", USAGE, (), argv, _work)
