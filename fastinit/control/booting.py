"""Which command lines of systemctl are the init itself: the interface of the Python script that many images use today.

In:  parsed options and words; whether we are PID 1.   Out: what to boot (run/boot.py), or None: an ordinary request.
Never: looks whether a unit exists.

    systemctl [default]          default.target                  systemctl init            the same
    systemctl start A B          A and B, and stay               systemctl init A B        A and B, until both are over
                                                                 systemctl init --now      nothing, only reap
The left side as PID 1 or with -1/--init, the right side always. -0 ends when no process is left, -00 when no service is.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from fastinit.control.options import Options
from fastinit.control.selection import complete
from fastinit.run.boot import NOTHING, PROCESSES, SERVICES, STAY, Boot


def boot_of(options: Options, words: List[str], is_pid1: bool) -> Optional[Boot]:
    """words: the verb and its arguments. Raises UsageError."""
    if options.help or options.version or options.print_words is not None or options.root:
        return None
    verb, arguments = (words[0], words[1:]) if words else ("default", [])
    if not (is_pid1 or options.init or options.exit or verb == "init"):
        return None
    units = _units(options, verb, arguments)
    if units is None:
        return None
    until = SERVICES if verb == "init" and units and units != NOTHING else STAY
    if options.exit:
        until = PROCESSES if options.exit == 1 else SERVICES
    return Boot(units, until, passes_environment=True, extra=tuple(options.extra))


def _units(options: Options, verb: str, arguments: List[str]) -> Optional[Tuple[str, ...]]:
    """() = default.target, None = not an init's words."""
    if verb == "init" and options.now:
        return NOTHING
    if (verb == "default" and not arguments) or (verb == "init" and arguments in ([], ["default"])):
        return ()
    if verb in ("init", "start", "restart") and arguments:
        return tuple(complete(word) for word in arguments)
    return None


def is_background(explicit_units: Tuple[str, ...]) -> bool:
    """A manager that was started for a request, not as somebody's init: an init that comes now takes its place."""
    return explicit_units == NOTHING
