"""Which command lines are an init, as PID 1 and elsewhere."""

from __future__ import annotations

from typing import Optional

import pytest

from fastinit.control.booting import boot_of, is_background
from fastinit.control.options import parse
from fastinit.run.boot import NOTHING, PROCESSES, SERVICES, STAY, Boot


def boot(*units: str, until: str = STAY, extra: "tuple[str, ...]" = ()) -> Boot:
    return Boot(units, until, True, (), extra)


# words -> (as PID 1, elsewhere)
LINES = {
    "": (boot(), None), "default": (boot(), None), "-1": (boot(), boot()), "--init default": (boot(), boot()),
    "init": (boot(), boot()), "init default": (boot(), boot()),
    "init a b.target": 2 * (boot("a.service", "b.target", until=SERVICES),),
    "init --now": 2 * (boot(*NOTHING),), "-1 start a": 2 * (boot("a.service"),), "start a": (boot("a.service"), None),
    "restart a": (boot("a.service"), None), "-0": 2 * (boot(until=PROCESSES),),
    "-0 init a": 2 * (boot("a.service", until=PROCESSES),),
    "-00 default": 2 * (boot(until=SERVICES),), "-v -c X=y --maxtimeout=3": (boot(), None),
    "init -e A=1 --environment @/f a": 2 * (boot("a.service", until=SERVICES, extra=("A=1", "@/f")),),
    "--version": (None, None), "-1 --help": (None, None), "init --root=/x a": (None, None), "status": (None, None),
    "is-active a": (None, None), "enable --now a": (None, None), "halt": (None, None),
    "-1 status": (None, None), "start": (None, None),
}


@pytest.mark.parametrize("line", LINES)
def test_line(line: str) -> None:
    options, words = parse(line.split())
    found = tuple(boot_of(options, words, is_pid1) for is_pid1 in (True, False))
    expected: "tuple[Optional[Boot], ...]" = LINES[line]
    assert found == expected


def test_background() -> None:
    assert is_background(NOTHING) and not is_background(()) and not is_background(("a.service",))
