"""systemctl (or init) as PID 1, or as a foreground init elsewhere: decide what to boot, then become `fastinit init`.

In:  argv.   Out: does not return when it is the init; else the exit code of the ordinary command.
A new program image and not a call: what parsing has imported would stay in the memory of PID 1.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import List, Tuple

from fastinit.run.boot import Boot

# A fault of our own must be able to kill us (csrc/init.c).
_FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}


def main(argv: List[str]) -> int:
    """PID 1. `docker run image systemctl --version` and the like are ordinary commands."""
    _block_signals()        # first of all: PID 1 would never hear of a signal that comes before
    if os.path.basename(argv[0]) == "init":
        return _become(Boot(_init_units(argv[1:])))
    from fastinit.control import booting, options, personality
    try:
        program, rest = personality.rewrite(argv)
        parsed, words = options.parse(rest, program)
        boot = booting.boot_of(parsed, words, is_pid1=True)
    except options.UsageError as usage:
        print(usage, file=sys.stderr)
        return 1
    if boot is not None:
        return _become(boot, parsed.user, parsed.hosts)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    from fastinit.cli import local
    return local.main(argv, "offline")


def _block_signals() -> None:
    """Kept pending through the exec, until `fastinit init` reads them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - _FAULTS)


def _init_units(words: List[str]) -> Tuple[str, ...]:
    """What a kernel or a container engine hands to init: runlevels mean nothing here, names are units."""
    from fastinit.units import names
    plain = (word for word in words if not word.startswith("-") and not (len(word) == 1 and word in "sSqQuU0123456"))
    return tuple(names.mangle(word) for word in plain)


def _become(boot: Boot, user: bool = False, hosts: str = "") -> int:
    if hosts:
        from fastinit.cli.hosts import keep_family
        keep_family(hosts)
    from fastinit.cli.init import interpreter
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fastinit.py")
    os.execv(interpreter(), [interpreter(), "-I", script, "init", *(["--user"] if user else []), *boot.words()])


def foreground(boot: Boot, user: bool, hosts: str) -> int:
    """`systemctl init A B`, `systemctl -1`, not as PID 1: a subreaper in the foreground."""
    _block_signals()
    return _become(boot, user, hosts)
