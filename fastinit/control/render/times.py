"""Points in time and sizes as systemctl writes them.

In:  CLOCK_REALTIME microseconds, 0 = never.   Out: text, "" for never.
Source: systemd.time(7), systemctl(1) "--timestamp="."""

from __future__ import annotations

import time
from typing import List, Tuple

from fastinit.units.model import USEC_INFINITY
from fastinit.units.timespan import (
    USEC_PER_DAY,
    USEC_PER_HOUR,
    USEC_PER_MINUTE,
    USEC_PER_MONTH,
    USEC_PER_MSEC,
    USEC_PER_SEC,
    USEC_PER_WEEK,
    USEC_PER_YEAR,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")      # never the locale's: scripts read them
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UTC = {"utc": True, "us+utc": True}


def timestamp(usec: int, style: str = "pretty") -> str:
    """ "Mon 2024-01-01 10:00:00 UTC"; with us its microseconds; unix: "@1704103200"."""
    if usec <= 0 or usec >= USEC_INFINITY:
        return ""
    seconds, micro = divmod(usec, USEC_PER_SEC)
    if style == "unix":
        return f"@{seconds}"
    parts = time.gmtime(seconds) if style in _UTC else time.localtime(seconds)
    zone = "UTC" if style in _UTC else parts.tm_zone
    fraction = f".{micro:06d}" if style.startswith("us") else ""
    return (f"{_DAYS[parts.tm_wday]} {parts.tm_year:04d}-{parts.tm_mon:02d}-{parts.tm_mday:02d} "
            f"{parts.tm_hour:02d}:{parts.tm_min:02d}:{parts.tm_sec:02d}{fraction} {zone}")


def log_timestamp(usec: int) -> str:
    """ "Jan 01 10:00:00", the short format of journalctl."""
    parts = time.localtime(usec // USEC_PER_SEC)
    return f"{_MONTHS[parts.tm_mon - 1]} {parts.tm_mday:02d} {parts.tm_hour:02d}:{parts.tm_min:02d}:{parts.tm_sec:02d}"


def _plural(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")


# (from this length on, parts: size of a part and its text); the last part is left out when it is 0
_RELATIVE: Tuple[Tuple[int, Tuple[Tuple[int, str], ...]], ...] = (
    (USEC_PER_YEAR, ((USEC_PER_YEAR, "year"), (USEC_PER_MONTH, "month"))),
    (USEC_PER_MONTH, ((USEC_PER_MONTH, "month"), (USEC_PER_DAY, "day"))),
    (USEC_PER_WEEK, ((USEC_PER_WEEK, "week"), (USEC_PER_DAY, "day"))),
    (2 * USEC_PER_DAY, ((USEC_PER_DAY, "day"),)),
    (25 * USEC_PER_HOUR, ((USEC_PER_DAY, "day"), (USEC_PER_HOUR, "=h"))),
    (6 * USEC_PER_HOUR, ((USEC_PER_HOUR, "=h"),)),
    (USEC_PER_HOUR, ((USEC_PER_HOUR, "=h"), (USEC_PER_MINUTE, "=min"))),
    (5 * USEC_PER_MINUTE, ((USEC_PER_MINUTE, "=min"),)),
    (USEC_PER_MINUTE, ((USEC_PER_MINUTE, "=min"), (USEC_PER_SEC, "=s"))),
    (USEC_PER_SEC, ((USEC_PER_SEC, "=s"),)),
    (USEC_PER_MSEC, ((USEC_PER_MSEC, "=ms"),)),
    (1, ((1, "=us"),)),
)


def relative(usec: int, now_usec: int) -> str:
    """ "5s ago", "2 weeks 3 days ago", "1h 5min left", "now"; "" for never."""
    if usec <= 0 or usec >= USEC_INFINITY:
        return ""
    distance, suffix = (now_usec - usec, "ago") if now_usec >= usec else (usec - now_usec, "left")
    for least, parts in _RELATIVE:
        if distance >= least:
            return f"{_words(distance, parts)} {suffix}"
    return "now"


def _words(distance: int, parts: Tuple[Tuple[int, str], ...]) -> str:
    texts: List[str] = []
    for size, name in parts:
        count, distance = divmod(distance, size)
        if count or not texts:
            texts.append(f"{count}{name[1:]}" if name.startswith("=") else _plural(count, name))
    return " ".join(texts)


def size(count: int) -> str:
    """ Bytes: 3565158 -> "3.3M", 512 -> "512B"."""
    for suffix, factor in (("E", 1 << 60), ("P", 1 << 50), ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
        if count >= factor:
            tenth = (count % factor) * 10 // factor
            return f"{count // factor}.{tenth}{suffix}" if tenth else f"{count // factor}{suffix}"
    return f"{count}B"
