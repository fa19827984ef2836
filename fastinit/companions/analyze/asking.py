"""What the verbs that ask the running manager share.

In:  options, words for control/analyze.py.   Out: its data, one frame after the other.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Container, Dict, List, Sequence

from fastinit.cli import client
from fastinit.companions import manager
from fastinit.companions.options import Options, UsageError
from fastinit.control.request import Terminal


def ask(options: Options, words: Sequence[str], take: Callable[[Dict[str, Any]], None]) -> int:
    """One request, whatever it takes. Raises UsageError."""
    for name in ("host", "machine"):
        if options.has(name):
            raise UsageError(f"--{name}= is not supported by fastinit: it speaks to the manager of its own container only.")
    if options.has("global"):
        raise UsageError("--global is not supported for this operation: there is no manager of all users.")
    is_user = options.has("user")
    request = manager.Request(["systemd-analyze", *words], take, manager.connect(is_user, start=False), (), is_user)
    request.run()
    return request.code


def systemctl(options: Options, words: Sequence[str]) -> int:
    """A verb that systemctl has, too."""
    is_user = options.has("user")
    argv = ["systemctl", *(["--user"] if is_user else []), *words]
    request = manager.Request(argv, lambda data: None, manager.connect(is_user, start=False), (), is_user)
    request.run()
    return request.code


def terminal() -> Terminal:
    """Ours, seen as the manager sees that of a client."""
    return Terminal.from_facts({name.decode(): os.fsdecode(value) for name, value in client.facts([]).items()})


def check_names(names: List[str], units: Container[str]) -> None:
    """Unit names are taken as they are. Raises UsageError for what is none."""
    from fastinit.control.selection import is_pattern
    from fastinit.units.names import is_valid
    for name in names:
        if name not in units and not is_pattern(name) and not is_valid(name):
            raise UsageError(f"Failed to get ID: Unit name {name} is neither a valid invocation ID nor unit name.")
