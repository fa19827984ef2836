"""shutdown: now, by systemctl. A later time is refused: the clock that would wait for it is logind's, and there is none.

In:  the options of shutdown(8).   Out: `systemctl poweroff`, `halt` or `reboot` in place of this process.
"""

from __future__ import annotations

import re
from typing import List

from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.companions.sysv import become

USAGE = """
shutdown [OPTIONS...] [TIME] [WALL...]

Shut down the system.

Options:
     --help      Show this help
  -H --halt      Halt the machine
  -P --poweroff  Power-off the machine
  -r --reboot    Reboot the machine
  -h             Equivalent to --poweroff, overridden by --halt
  -k             Don't halt/power-off/reboot, just send warnings
     --no-wall   Don't send wall message before halt/power-off/reboot
  -c             Cancel a pending shutdown
     --show      Show pending shutdown
"""
# "-h" is not --help here: the option table of run() gives the letter away, so this table takes it back
OPTIONS = ("halt H", "poweroff P", "reboot r", "hold h", "warn k", "no-wall", "cancel c", "show", "fast f", "force F")
_LATER = re.compile(r"\+?[0-9]+\Z|[0-9]{1,2}:[0-9]{2}\Z")


def _verb(options: Options) -> str:
    verb = "poweroff"
    for name, _ in options.given:
        if name in ("halt", "poweroff", "reboot"):
            verb = name
    return verb


def _is_now(word: str) -> bool:
    """Raises UsageError for what is no time."""
    if word == "now" or (word.lstrip("+").isdecimal() and int(word) == 0):
        return True
    if not _LATER.match(word):
        raise UsageError(f"Failed to parse time specification: {word}")
    return False


def _work(options: Options) -> int:
    if options.has("show"):
        raise UsageError("No scheduled shutdown.")
    if options.has("cancel"):
        return 0                    # none can be pending, so none is left
    when = options.args[0] if options.args else "+1"
    is_now = _is_now(when)
    if options.has("warn"):
        complain("Shutdown warnings are not sent: a container has no terminals of other users.")
        return 0
    if not is_now:
        raise UsageError(
            f"Failed to schedule shutdown for {when}: there is no logind here to wait for it; use 'shutdown now', "
            "or sleep in a transient service: systemd-run sh -c 'sleep 60; systemctl poweroff'"
        )
    return become([_verb(options)])


def main(argv: List[str]) -> int:
    return run("shutdown", USAGE, OPTIONS, argv, _work)
