"""Time spans: text to microseconds and back.

In:  text as unit files and command lines have it.   Out: microseconds, or text as `systemctl show` prints it.
Source: systemd.time(7), "PARSING TIME SPANS".
"""

from __future__ import annotations

import functools
import re
from typing import Dict, List

from fastinit.units.model import USEC_INFINITY

USEC_PER_MSEC = 1_000
USEC_PER_SEC = 1_000_000
USEC_PER_MINUTE = 60 * USEC_PER_SEC
USEC_PER_HOUR = 60 * USEC_PER_MINUTE
USEC_PER_DAY = 24 * USEC_PER_HOUR
USEC_PER_WEEK = 7 * USEC_PER_DAY
USEC_PER_MONTH = 2_629_800 * USEC_PER_SEC       # 30.44 days
USEC_PER_YEAR = 31_557_600 * USEC_PER_SEC       # 365.25 days

_SPELLINGS = {
    "usec us μs µs":                USEC_PER_SEC // 1_000_000,      # both letters mu: U+03BC and U+00B5
    "msec ms":                      USEC_PER_MSEC,
    "seconds second sec s":         USEC_PER_SEC,
    "minutes minute min m":         USEC_PER_MINUTE,
    "hours hour hr h":              USEC_PER_HOUR,
    "days day d":                   USEC_PER_DAY,
    "weeks week w":                 USEC_PER_WEEK,
    "months month M":               USEC_PER_MONTH,
    "years year y":                 USEC_PER_YEAR,
}
UNITS: Dict[str, int] = {name: usec for names, usec in _SPELLINGS.items() for name in names.split()}

_PRINTED = (
    ("y", USEC_PER_YEAR), ("month", USEC_PER_MONTH), ("w", USEC_PER_WEEK), ("d", USEC_PER_DAY), ("h", USEC_PER_HOUR),
    ("min", USEC_PER_MINUTE), ("s", USEC_PER_SEC), ("ms", USEC_PER_MSEC), ("us", 1),
)

_SPACE = " \t\n\r"
# One term. The unit may touch the number or stand behind blanks; "3.s" and "3.+1" are errors, as "." is.
_TERM = re.compile(r"[ \t\n\r]*\+?([0-9]*)(?:\.([0-9]+))?[ \t\n\r]*("
                   + "|".join(sorted(UNITS, key=len, reverse=True)) + r")?")


@functools.lru_cache(maxsize=512)       # the same few dozen stand in thousands of files
def parse_usec(text: str, default: int = USEC_PER_SEC) -> int:
    """Time span to microseconds: "90" -> 90_000_000, "1min 30s" -> 90_000_000, "infinity" -> USEC_INFINITY.

    default: microseconds in a number that has no unit.
    Raises ValueError on an unknown unit, a negative number, and a span that no 64 bits hold.
    """
    simple = text.strip(_SPACE)
    if simple.isdecimal() and simple.isascii():
        total = int(simple) * default if len(simple) < 21 else USEC_INFINITY
        return _checked(total, text)
    if simple == "infinity":
        return USEC_INFINITY
    if not simple:
        raise ValueError("empty time span")
    total, at = 0, 0
    while at < len(simple):
        match = _TERM.match(simple, at)
        if match is None or not (match.group(1) or match.group(2)):
            raise ValueError(f"invalid time span {text!r}")
        whole, fraction, unit = match.groups()
        if unit is None and match.end() < len(simple) and simple[match.end() - 1] not in _SPACE:
            raise ValueError(f"unknown unit in time span {text!r}")
        usec = UNITS[unit] if unit else default
        if len(whole) > 20:
            raise ValueError(f"time span {text!r} is out of range")
        total += int(whole or 0) * usec
        if fraction:
            total += _fraction(fraction, usec)
        at = match.end()
    return _checked(total, text)


def _fraction(digits: str, usec: int) -> int:
    """Microseconds in 0.digits of a unit; cut off, never rounded up."""
    digits = digits[:18]            # nothing behind counts: the longest unit has fewer microseconds than 10**14
    whole: int = int(digits) * usec // 10 ** len(digits)
    return whole


def _checked(total: int, text: str) -> int:
    if total >= USEC_INFINITY:
        raise ValueError(f"time span {text!r} is out of range")
    return total


def format_usec(usec: int, accuracy: int = 1) -> str:
    """Microseconds as systemd prints them: 90_000_000 -> "1min 30s", 1_500_000 -> "1.500000s", 0 -> "0".

    accuracy: microseconds below which nothing is printed; with 1 parse_usec() gives the same number back.
    """
    if usec >= USEC_INFINITY:
        return "infinity"
    if usec <= 0:
        return "0"
    words: List[str] = []
    for name, size in _PRINTED:
        if usec <= 0 or (usec < accuracy and words):
            break
        if usec < size:
            continue
        count, rest = divmod(usec, size)
        places = len(str(size)) - len(str(accuracy))
        if usec < USEC_PER_MINUTE and rest and places > 0:
            words.append(f"{count}.{rest // accuracy:0{places}d}{name}")
            break
        words.append(f"{count}{name}")
        usec = rest
    return " ".join(words)
