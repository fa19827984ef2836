"""loginctl: there are no sessions here, and it says so; what needs logind is refused in one line.

Source: loginctl(1).
"""

from __future__ import annotations

from typing import Dict, List

from fastinit.companions.options import Options, UsageError, run

USAGE = """
loginctl [OPTIONS...] COMMAND ...

Send control commands to or query the login manager. No login manager runs here:
the lists are empty, everything else is refused.

  list-sessions            List sessions
  list-users               List users
  list-seats               List seats
"""
OPTIONS = ("no-pager", "no-legend", "no-ask-password", "property= p", "value", "all a", "full l", "json=", "j", "signal= s",
           "lines= n", "output= o", "host= H", "machine= M", "kill-whom=")
LISTS: Dict[str, str] = {"list-sessions": "No sessions.", "list-users": "No users.", "list-seats": "No seats."}


def _work(options: Options) -> int:
    verb = options.args[0] if options.args else "list-sessions"
    if verb not in LISTS:
        raise UsageError(f"Could not {verb}: there is no login manager (systemd-logind) in this container")
    if not options.has("no-legend"):
        print(LISTS[verb])
    return 0


def main(argv: List[str]) -> int:
    return run("loginctl", USAGE, OPTIONS, argv, _work)
