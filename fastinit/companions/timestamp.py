"""Timestamps: text to microseconds since the epoch, and how far away one is in words.

In:  text, the current time, the local time zone.   Out: microseconds; text as systemd prints it.
Never: reads the clock.
Source: systemd.time(7), "PARSING TIMESTAMPS".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Tuple

from fastinit.units import calendar
from fastinit.units.timespan import (
    USEC_PER_DAY,
    USEC_PER_HOUR,
    USEC_PER_MINUTE,
    USEC_PER_MONTH,
    USEC_PER_MSEC,
    USEC_PER_SEC,
    USEC_PER_WEEK,
    USEC_PER_YEAR,
    parse_usec,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAYS_AWAY = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday) ", re.IGNORECASE)
_DATE = r"(?P<year>\d{4}|\d{2})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,6})\d*)?)?"
_FULL = re.compile(rf"(?:{_DATE})?(?:(?<=\d)[T ](?=\d))?(?:{_TIME})?\Z")


def local_zone() -> tzinfo:
    """$TZ, else /etc/localtime, else UTC."""
    import os
    name = os.environ.get("TZ", "").lstrip(":")
    if name:
        try:
            return calendar.load_zone(name)
        except ValueError:
            return timezone.utc
    try:
        with open("/etc/localtime", "rb") as stream:
            from zoneinfo import ZoneInfo
            return ZoneInfo.from_file(stream)
    except (OSError, ValueError):
        return timezone.utc


def parse(text: str, now_usec: int, local: tzinfo) -> int:
    """Raises ValueError."""
    if text == "now":
        return now_usec
    if text.startswith("@"):
        return parse_usec(text[1:])
    for sign, inner in ((1, text[1:] if text.startswith("+") else ""), (-1, text[1:] if text.startswith("-") else ""),
                        (1, text[:-5] if text.endswith(" left") else ""), (-1, text[:-4] if text.endswith(" ago") else "")):
        if inner:
            return now_usec + sign * parse_usec(inner)
    body, zone = _zone(text, local)
    now = (_EPOCH + timedelta(microseconds=now_usec)).astimezone(zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if body in _DAYS_AWAY:
        return _usec((midnight + timedelta(days=_DAYS_AWAY[body])).replace(tzinfo=zone))
    return _usec(_absolute(body, midnight, text).replace(tzinfo=zone))


def _zone(text: str, local: tzinfo) -> Tuple[str, tzinfo]:
    body, blank, name = text.rpartition(" ")
    if text.endswith("Z") and text[-2:-1].isdigit():
        return text[:-1], timezone.utc
    if blank and name.upper() == "UTC":
        return body, timezone.utc
    if blank and name[:1].isalpha() and calendar.is_zone(name):
        return body, calendar.load_zone(name)
    return text, local


def _absolute(body: str, midnight: datetime, text: str) -> datetime:
    weekday = _WEEKDAY.match(body)
    match = _FULL.match(body[weekday.end():] if weekday else body)
    if match is None or not match.group():
        raise ValueError(f'Failed to parse "{text}": Invalid argument')
    found = {name: int(value) for name, value in match.groupdict().items() if value and name != "fraction"}
    year = found.get("year", midnight.year)
    if year < 100:
        year += 2000 if year < 69 else 1900
    when = datetime(year, found.get("month", midnight.month), found.get("day", midnight.day), found.get("hour", 0),
                    found.get("minute", 0), found.get("second", 0), int((match.group("fraction") or "0").ljust(6, "0")))
    if weekday and calendar.DAYS[when.weekday()].lower() != weekday.group(1)[:3].lower():
        raise ValueError(f'Failed to parse "{text}": Invalid argument')
    return when


def _usec(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(microseconds=1)


def shown(usec: int, zone: tzinfo) -> str:
    """ "Tue 2026-11-24 14:57:54 UTC"."""
    when = (_EPOCH + timedelta(microseconds=usec)).astimezone(zone)
    return f"{calendar.DAYS[when.weekday()]} {when:%Y-%m-%d %H:%M:%S} {when.tzname()}"


def relative(usec: int, now_usec: int) -> str:
    """ "5 days left", "1min 3s ago", "now": two units at most, and the smaller one only where it says something."""
    if usec == now_usec:
        return "now"
    return _span(abs(usec - now_usec)) + (" left" if usec > now_usec else " ago")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _span(span: int) -> str:
    if span >= USEC_PER_YEAR:
        years, rest = divmod(span, USEC_PER_YEAR)
        return f"{_plural(years, 'year')} {_plural(rest // USEC_PER_MONTH, 'month')}"
    if span >= USEC_PER_MONTH:
        months, rest = divmod(span, USEC_PER_MONTH)
        return f"{_plural(months, 'month')} {_plural(rest // USEC_PER_DAY, 'day')}"
    if span >= USEC_PER_WEEK:
        weeks, rest = divmod(span, USEC_PER_WEEK)
        return f"{_plural(weeks, 'week')} {_plural(rest // USEC_PER_DAY, 'day')}"
    if span >= 2 * USEC_PER_DAY:
        return _plural(span // USEC_PER_DAY, "day")
    if span >= 25 * USEC_PER_HOUR:
        return f"1 day {(span - USEC_PER_DAY) // USEC_PER_HOUR}h"
    if span >= 6 * USEC_PER_HOUR:
        return f"{span // USEC_PER_HOUR}h"
    if span >= USEC_PER_HOUR:
        return f"{span // USEC_PER_HOUR}h {span % USEC_PER_HOUR // USEC_PER_MINUTE}min"
    if span >= 5 * USEC_PER_MINUTE:
        return f"{span // USEC_PER_MINUTE}min"
    if span >= USEC_PER_MINUTE:
        return f"{span // USEC_PER_MINUTE}min {span % USEC_PER_MINUTE // USEC_PER_SEC}s"
    if span >= USEC_PER_SEC:
        return f"{span // USEC_PER_SEC}s"
    return f"{span // USEC_PER_MSEC}ms" if span >= USEC_PER_MSEC else f"{span}us"
