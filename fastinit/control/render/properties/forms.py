"""How a value of a type is printed by `systemctl show`.

Source: systemctl 257.
"""

from __future__ import annotations

from typing import Iterable, Optional, Sequence

from fastinit.control import processes
from fastinit.control.render import times
from fastinit.units import values as texts
from fastinit.units.model import USEC_INFINITY, Condition, Directory, ExitStatusSet, StdStream
from fastinit.units.parsers.accounts import CAP_ALL, CAPABILITIES

NOT_SET = "[not set]"


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def words(values: Iterable[str]) -> str:
    return " ".join(values)


def number(value: int) -> str:
    return "infinity" if value >= USEC_INFINITY else str(value)


def unset(value: Optional[int], default: str) -> str:
    return default if value is None else str(value)


def mode(value: int) -> str:
    return f"{value:04o}"


_NEEDS_QUOTES = frozenset(" \t\n\"'\\$`*?[]()<>|&;!")      # what a shell would take for its own


def quoted(values: Sequence[str]) -> str:
    """Strings of a list that hold blanks are quoted, as Environment= shows them."""
    return " ".join(value if value and not set(value) & _NEEDS_QUOTES else processes.quote(value) for value in values)


def stream(value: StdStream) -> str:
    return f"{value.kind}:{value.argument}" if value.argument else value.kind


def statuses(value: ExitStatusSet) -> str:
    return words([str(code) for code in sorted(value.codes)] + [texts.signal_name(number) for number in sorted(value.signals)])


def directories(entries: Sequence[Directory]) -> str:
    return words(entry.path for entry in entries)


def symlinks(entries: Sequence[Directory]) -> str:
    """A line for each directory and each link to it."""
    return "\n".join(f"{entry.path}:{link}" for entry in entries for link in entry.symlinks or ("",))


def conditions(checks: Sequence[Condition], results: Sequence[int]) -> str:
    """Each check as { name=…; } is not what systemctl prints: it is one word per check, "|" and "!" before the parameter."""
    parts = []
    for at, check in enumerate(checks):
        sign = ("|" if check.trigger else "") + ("!" if check.negate else "")
        result = results[at] if at < len(results) else 0
        parts.append(f"{check.name}={sign}{check.parameter}" + {1: " succeeded", 0: " untested", -1: " failed"}[result])
    return "; ".join(parts)


def stamp(usec: int, style: str) -> str:
    return times.timestamp(usec, style)


def exec_time(usec: int, style: str) -> str:
    return f"[{times.timestamp(usec, style) or 'n/a'}]"


def capabilities(mask: Optional[int]) -> str:
    bits = CAP_ALL if mask is None else mask
    return words(f"cap_{name}" for name, at in CAPABILITIES.items() if bits >> at & 1)
