"""Become the init: from here Python goes into C and does not come back while the container lives.

In:  what to boot (run/boot.py), the environment.   Out: the container's exit code.
Never: imports more than it must: what is imported here stays in PID 1's memory.
Source: DESIGN 2.
"""

from __future__ import annotations

import os
import sys
from typing import Dict, List

STOP_GRACE_MS = 10_000          # final TERM -> KILL of what no unit owns
BACKOFF_MS = 100                # after many quick deaths of the manager in a row: the first delay, then it doubles
USER_VARIABLE = "FASTINIT_USER"     # tells the manager's process that it is a user's
MANAGER_GRACE_MS = 3_000        # a stop signal that the manager has not looked at by then: it hangs


def run(words: List[str], environment: Dict[str, str], backoff_ms: int = BACKOFF_MS, user: bool = False) -> int:
    """Blocks signals, then boots what the words say. user: as `systemd --user`."""
    from fastinit.run import native, places
    native.block_signals()
    environment[places.RUN_VARIABLE] = places.choose(user)
    environment.pop(USER_VARIABLE, None)
    if user:
        environment[USER_VARIABLE] = "1"
    environment.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    variables = [f"{name}={value}" for name, value in environment.items()]
    try:
        return native.init_run(manager_argv(words), variables, STOP_GRACE_MS, MANAGER_GRACE_MS, backoff_ms)
    except OSError as error:
        print(f"fastinit: {error.strerror}", file=sys.stderr)
        return 1


def manager_argv(words: List[str]) -> List[str]:
    """The package's place goes along, so that the manager is found whatever the search path of the caller was (a source tree,
    a virtual environment that is not active); behind the others, so that nothing of the standard library is hidden by it."""
    place = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    code = f"import sys; sys.path.append({place!r}); from fastinit.cli.manager import main; sys.exit(main(sys.argv[1:]))"
    return [interpreter(), "-I", "-c", code, *words]


def interpreter() -> str:
    """Absolute; sys.executable is empty where PATH told nothing (PID 1 of an image without it)."""
    return sys.executable or os.path.realpath("/proc/self/exe")
