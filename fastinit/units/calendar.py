"""Calendar events: text to a value, the value's normal form, and when it is due next.

In:  text; a time in microseconds since the epoch, the local time zone.   Out: CalendarSpec; text; the next such time.
Never: reads the clock; the only files are those of the time zone that a text names.
Source: systemd.time(7), "CALENDAR EVENTS".
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Dict, List, NamedTuple, Optional, Tuple

USEC = 1_000_000
YEAR_MIN, YEAR_MAX = 1970, 2199
COMPONENTS_MAX = 240
STEPS_MAX = 1000                    # of one search: what is not found by then never comes
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NAMES: Dict[str, int] = {
    **{name.lower(): at for at, name in enumerate(DAYS)}, **{name: at for at, name in enumerate(_LONG_DAYS)},
}
SHORTCUTS: Dict[str, str] = {
    "minutely": "*-*-* *:*:00", "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00", "monthly": "*-*-01 00:00:00",
    "weekly": "Mon *-*-* 00:00:00", "quarterly": "*-01,04,07,10-01 00:00:00",
    **dict.fromkeys(("yearly", "annually", "anually"), "*-01-01 00:00:00"),
    **dict.fromkeys(("biannually", "bi-annually", "semiannually", "semi-annually"), "*-01,07-01 00:00:00"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Component(NamedTuple):
    """One element of a list: start, start..stop, start/repeat, start..stop/repeat.   stop None and repeat 0: not given."""

    start: int
    stop: Optional[int] = None
    repeat: int = 0


Chain = Optional[Tuple[Component, ...]]     # None is "*"


@dataclass(frozen=True)
class CalendarSpec:
    """A calendar event.

    weekdays:     set bits are days, Monday the lowest; 0 = any.
    usec:         of the minute, so that fractions of seconds are whole numbers.
    end_of_month: days count from the end, 1 is the last one.
    zone:         "" = local time, "UTC", or a name of the time zone database.
    """

    weekdays: int = 0
    year: Chain = None
    month: Chain = None
    day: Chain = None
    hour: Chain = None
    minute: Chain = None
    usec: Chain = None
    end_of_month: bool = False
    zone: str = ""


# --- reading -----------------------------------------------------------------------------------------------------------

class _Reader:
    """A position in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self, size: int = 1) -> str:
        return self.text[self.at:self.at + size]

    def is_at_end(self) -> bool:
        return self.at >= len(self.text)

    def skip_blanks(self) -> None:
        while self.peek() == " ":
            self.at += 1

    def fail(self) -> ValueError:
        return ValueError(f"Failed to parse calendar specification '{self.text}': Invalid argument")


_NUMBER = re.compile(r"[0-9]+")
_FRACTION = re.compile(r"\.([0-9]{1,6})([0-9]*)")
_WORD = re.compile(r"[A-Za-z]+")


def parse(text: str) -> CalendarSpec:
    """Raises ValueError with systemd's message."""
    body, zone = _split_zone(text)
    shortcut = SHORTCUTS.get(body.lower())
    reader = _Reader(shortcut or body)
    if not reader.text:
        raise _Reader(text).fail()
    weekdays = _weekdays(reader)
    if reader.peek() == "@":
        spec = _timestamp(reader)
    else:
        spec = _time(reader, _date(reader))
    spec = replace(spec, weekdays=0 if weekdays == 127 else weekdays, zone=spec.zone or zone)
    spec = _normal(spec)
    if not _is_valid(spec):
        raise _Reader(text).fail()
    return spec


def _split_zone(text: str) -> Tuple[str, str]:
    body, blank, zone = text.rpartition(" ")
    if not blank:
        return text, ""
    if zone.upper() == "UTC":
        return body.rstrip(" "), "UTC"
    if zone[:1].isalpha() and is_zone(zone):
        return body.rstrip(" "), zone
    return text, ""


def is_zone(name: str) -> bool:
    """Whether it is in the time zone database."""
    if name.lower() in _DAY_NAMES or name.lower() in SHORTCUTS:
        return False
    try:
        load_zone(name)
    except ValueError:
        return False
    return True


def load_zone(name: str) -> tzinfo:
    """Raises ValueError for a name that is not in the database."""
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:    # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"unknown time zone {name!r}") from error


def _weekdays(reader: _Reader) -> int:
    """Days in front; none = 0. A range may not go over the end of the week."""
    bits, first = 0, -1
    begun = False
    while True:
        match = _WORD.match(reader.text, reader.at)
        number = _DAY_NAMES.get(match.group().lower(), -1) if match else -1
        if match is None or number < 0 or reader.text[match.end():match.end() + 1] not in ("", " ", "-", ".", ","):
            if not begun:
                return 0
            raise reader.fail()
        begun = True
        reader.at = match.end()
        for day in range(first if first >= 0 else number, number + 1):
            bits |= 1 << day
        if first > number:
            raise reader.fail()
        first = _range_sign(reader, first, number)
        if reader.peek() == ",":
            if first >= 0:
                raise reader.fail()
            reader.at += 1
        if reader.peek() in ("", " "):
            reader.skip_blanks()
            if first >= 0:
                raise reader.fail()
            return bits


def _range_sign(reader: _Reader, first: int, number: int) -> int:
    """The day that a range begins with, -1 when none does."""
    sign = ".." if reader.peek() == "." else "-" if reader.peek() == "-" else ""
    if not sign:
        return -1
    if reader.peek(len(sign)) != sign or first >= 0:
        raise reader.fail()
    reader.at += len(sign)
    return number


def _timestamp(reader: _Reader) -> CalendarSpec:
    """ "@SECONDS" is one moment, in UTC."""
    match = _NUMBER.match(reader.text, reader.at + 1)
    if match is None or match.end() != len(reader.text) or len(match.group()) > 12:
        raise reader.fail()
    when = _EPOCH + timedelta(seconds=int(match.group()))

    def one(value: int) -> Chain:
        return (Component(value),)
    return CalendarSpec(0, one(when.year), one(when.month), one(when.day), one(when.hour), one(when.minute),
                        one(when.second * USEC), zone="UTC")


def _chain(reader: _Reader, usec: bool = False) -> Chain:
    if reader.peek() == "*":
        reader.at += 1
        return (Component(0, None, USEC),) if usec else None
    parts: List[Component] = []
    while True:
        parts.append(_component(reader, usec))
        if len(parts) > COMPONENTS_MAX:
            raise reader.fail()
        if reader.peek() != ",":
            return tuple(parts)
        reader.at += 1


def _component(reader: _Reader, usec: bool) -> Component:
    start, stop, repeat = _decimal(reader, usec), None, 0
    if reader.peek(2) == "..":
        reader.at += 2
        stop = _decimal(reader, usec)
        repeat = USEC if usec else 1
    if reader.peek() == "/":
        reader.at += 1
        repeat = _decimal(reader, usec)
        if repeat == 0:
            raise reader.fail()
    elif usec and stop is not None and start + repeat > stop:
        raise reader.fail()         # a range of less than the second it would repeat by says something else than is meant
    if reader.peek() not in ("", " ", ",", "-", "~", ":"):
        raise reader.fail()
    return Component(start, stop, repeat)


def _decimal(reader: _Reader, usec: bool) -> int:
    match = _NUMBER.match(reader.text, reader.at)
    if match is None or len(match.group()) > 10:
        raise reader.fail()
    reader.at = match.end()
    value = int(match.group())
    if not usec:
        return value
    value *= USEC
    if reader.peek() == "." and reader.peek(2) != "..":
        fraction = _FRACTION.match(reader.text, reader.at)
        if fraction is None:
            raise reader.fail()
        reader.at = fraction.end()
        value += int(fraction.group(1).ljust(6, "0")) + (fraction.group(2)[:1] >= "5")     # the seventh digit rounds
    return value


def _date(reader: _Reader) -> CalendarSpec:
    """[[YEAR-]MONTH-]DAY, or nothing when what stands there is a time."""
    begin = reader.at
    if reader.is_at_end():
        return CalendarSpec()
    chains = [_chain(reader)]
    if reader.peek() in ("", ":"):
        reader.at = begin
        return CalendarSpec()
    end_of_month = False
    while reader.peek() in ("-", "~") and len(chains) < 3:
        if end_of_month:
            raise reader.fail()
        end_of_month = reader.peek() == "~"
        reader.at += 1
        chains.append(_chain(reader))
    if len(chains) < 2 or reader.peek() not in ("", " "):
        raise reader.fail()
    reader.skip_blanks()
    year = chains[0] if len(chains) == 3 else None
    return CalendarSpec(year=year, month=chains[-2], day=chains[-1], end_of_month=end_of_month)


def _time(reader: _Reader, date: CalendarSpec) -> CalendarSpec:
    """HOUR:MINUTE[:SECOND]; nothing is midnight."""
    zero: Chain = (Component(0),)
    hour, minute, usec = zero, zero, zero
    if not reader.is_at_end():
        hour = _chain(reader)
        if reader.peek() != ":":
            raise reader.fail()
        reader.at += 1
        minute = _chain(reader)
        if not reader.is_at_end():
            if reader.peek() != ":":
                raise reader.fail()
            reader.at += 1
            usec = _chain(reader, usec=True)
            if not reader.is_at_end():
                raise reader.fail()
    return replace(date, hour=hour, minute=minute, usec=usec)


# --- normal form -------------------------------------------------------------------------------------------------------

def _normal(spec: CalendarSpec) -> CalendarSpec:
    year = spec.year and tuple(
        Component(_full_year(part.start), None if part.stop is None else _full_year(part.stop), part.repeat) for part in spec.year
    )
    return replace(
        spec, year=_normal_chain(year), month=_normal_chain(spec.month), day=_normal_chain(spec.day),
        hour=_normal_chain(spec.hour), minute=_normal_chain(spec.minute), usec=_normal_chain(spec.usec),
        end_of_month=spec.end_of_month and spec.day is not None,
    )


def _full_year(year: int) -> int:
    """12 -> 2012, 89 -> 1989."""
    return year + 2000 if year < 70 else year + 1900 if year < 100 else year


def _normal_chain(chain: Chain) -> Chain:
    """Sorted, each once; a range ends where its last repetition is, and one of a single number is that number."""
    if chain is None:
        return None
    return tuple(sorted({_cut(part) for part in chain}, key=lambda part: (part.start, -1 if part.stop is None else part.stop,
                                                                        part.repeat)))


def _cut(part: Component) -> Component:
    if part.stop is None or part.stop < part.start or part.repeat == 0:
        return part
    stop = part.stop - (part.stop - part.start) % part.repeat
    return Component(part.start) if stop == part.start else part._replace(stop=stop)


def _is_valid(spec: CalendarSpec) -> bool:
    return (
        _in_bounds(spec.year, YEAR_MIN, YEAR_MAX) and _in_bounds(spec.month, 1, 12)
        and _in_bounds(spec.day, 1, 31, spec.end_of_month) and _in_bounds(spec.hour, 0, 23)
        and _in_bounds(spec.minute, 0, 59) and _in_bounds(spec.usec, 0, 60 * USEC - 1)
    )


def _in_bounds(chain: Chain, low: int, high: int, from_end: bool = False) -> bool:
    for part in chain or ():
        if from_end:
            high -= 3               # the shortest month has 28 days; systemd takes 3 off for each element anew, and so do we
        if not low <= part.start <= high or part.repeat > high - low:
            return False
        if part.stop is not None:
            if not low <= part.stop <= high or part.start + part.repeat > part.stop:
                return False
        elif (part.start - part.repeat < low) if from_end else (part.start + part.repeat > high):
            return False
    return True


def format_spec(spec: CalendarSpec) -> str:
    """The normal form, as `systemd-analyze calendar` prints it."""
    days = _format_weekdays(spec.weekdays) + " " if spec.weekdays else ""
    sign = "~" if spec.end_of_month else "-"
    return (
        f"{days}{_format(spec.year, 4)}-{_format(spec.month, 2)}{sign}{_format(spec.day, 2)} "
        f"{_format(spec.hour, 2)}:{_format(spec.minute, 2)}:{_format(spec.usec, 2, USEC)}"
        + (f" {spec.zone}" if spec.zone else "")
    )


def _format(chain: Chain, width: int, unit: int = 1) -> str:
    if chain is None or (unit == USEC and chain == (Component(0, None, USEC),)):
        return "*"
    return ",".join(_format_part(part, width, unit) for part in chain)


def _format_part(part: Component, width: int, unit: int) -> str:
    text = _format_number(part.start, width, unit)
    if part.stop is not None:
        text += ".." + _format_number(part.stop, width, unit)
    if part.repeat > 0 and not (part.stop is not None and part.repeat == unit):
        text += "/" + _format_number(part.repeat, 1, unit)
    return text


def _format_number(value: int, width: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    return f"{whole:0{width}d}" + (f".{rest:06d}" if rest else "")


def _format_weekdays(bits: int) -> str:
    """Runs of three and more as a range."""
    words: List[str] = []
    day = 0
    while day < 7:
        if not bits >> day & 1:
            day += 1
            continue
        last = day
        while last < 6 and bits >> (last + 1) & 1:
            last += 1
        words.append(DAYS[day] if last == day else DAYS[day] + (".." if last > day + 1 else ",") + DAYS[last])
        day = last + 1
    return ",".join(words)


# --- the next time -------------------------------------------------------------------------------------------------------

class _Wall(NamedTuple):
    """A time as a clock on the wall shows it; fields may be one too many until _settled() carries them over."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    usec: int


def next_elapse(spec: CalendarSpec, after_usec: int, local: tzinfo = timezone.utc) -> Optional[int]:
    """The first time later than after_usec, both microseconds since the epoch; None when there is none.

    local: the time zone of specs that name none.
    """
    zone = load_zone(spec.zone) if spec.zone else local
    start = after_usec + 1
    for _ in range(3):              # a wall clock that was turned back may show a time that is over: look behind it
        wall = _search(spec, _wall(start, zone), zone)
        if wall is None:
            return None
        found = _moment(wall, zone, start)
        if found >= start:
            return found
        start += 3600 * USEC
    return None


def _wall(usec: int, zone: tzinfo) -> _Wall:
    when = (_EPOCH + timedelta(microseconds=usec)).astimezone(zone)
    return _Wall(when.year, when.month, when.day, when.hour, when.minute, when.second * USEC + when.microsecond)


def _naive(wall: _Wall) -> datetime:
    return datetime(wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.usec // USEC, wall.usec % USEC)


def _usec_of(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(microseconds=1)


def _moment(wall: _Wall, zone: tzinfo, start: int) -> int:
    """When the clock shows it; of two times the first one that is not before start."""
    when = _naive(wall).replace(tzinfo=zone)
    first = _usec_of(when)
    return first if first >= start else _usec_of(when.replace(fold=1))


def _settled(wall: _Wall, zone: tzinfo) -> Optional[_Wall]:
    """Fields carried over, and a time that the clock jumps over moved behind the jump; None past the last year."""
    months = wall.year * 12 + wall.month - 1
    year, month = divmod(months, 12)
    if year > YEAR_MAX + 1:
        return None
    base = datetime(year, month + 1, 1)
    base += timedelta(days=wall.day - 1, hours=wall.hour, minutes=wall.minute, microseconds=wall.usec)
    if base.year > YEAR_MAX:
        return None
    if zone is not timezone.utc:
        aware = base.replace(tzinfo=zone)
        real = aware.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None, fold=0)
        base = real if real != base else base
    return _Wall(base.year, base.month, base.day, base.hour, base.minute, base.second * USEC + base.microsecond)


_FIELDS = ("year", "month", "day", "hour", "minute", "usec")
_FIRST = {"year": 0, "month": 1, "day": 1, "hour": 0, "minute": 0, "usec": 0}


def _reset_below(wall: _Wall, level: int) -> _Wall:
    return wall._replace(**{name: _FIRST[name] for name in _FIELDS[level + 1:]})


def _search(spec: CalendarSpec, start: _Wall, zone: tzinfo) -> Optional[_Wall]:
    """The first fitting wall time from start on."""
    wall: Optional[_Wall] = start
    for _ in range(STEPS_MAX):
        if wall is None:
            return None
        wall, is_found = _try(spec, wall, zone)
        if is_found:
            return wall
    return None


def _try(spec: CalendarSpec, wall: _Wall, zone: tzinfo) -> Tuple[Optional[_Wall], bool]:
    """Make the fields fit from the left; where none fits count the one left of it up. (next try, whether it is it)."""
    for level, name in enumerate(_FIELDS):
        value = getattr(wall, name)
        chain: Chain = getattr(spec, name)
        if name == "day" and spec.end_of_month:
            chain = _from_end(chain, wall)
        fit = _fit(chain, value)
        if fit is None or fit > _last(name, wall):
            return _carried(wall, level, zone), False
        if fit != value:
            wall = _reset_below(wall._replace(**{name: fit}), level)
            settled = _settled(wall, zone)
            if settled != wall:
                return settled, False       # the clock jumps over it: go on from where that leads
        if name == "day" and spec.weekdays and not spec.weekdays >> calendar.weekday(wall.year, wall.month, wall.day) & 1:
            return _settled(_reset_below(wall._replace(day=wall.day + 1), level), zone), False
    return wall, True


_LAST = {"year": YEAR_MAX, "month": 12, "hour": 23, "minute": 59, "usec": 60 * USEC - 1}


def _last(name: str, wall: _Wall) -> int:
    return calendar.monthrange(wall.year, wall.month)[1] if name == "day" else _LAST[name]


def _carried(wall: _Wall, level: int, zone: tzinfo) -> Optional[_Wall]:
    if level == 0:
        return None                 # no year fits any more
    above = _FIELDS[level - 1]
    return _settled(_reset_below(wall._replace(**{above: getattr(wall, above) + 1}), level - 1), zone)


def _from_end(chain: Chain, wall: _Wall) -> Chain:
    """Days counted from the end as days of this month; (-1: this month is too short for it)."""
    days = calendar.monthrange(wall.year, wall.month)[1]

    def turned(number: int) -> int:
        return days + 1 - number if number <= days else -1
    parts = []
    for part in chain or ():
        start, stop = turned(part.start), None if part.stop is None else turned(part.stop)
        if stop is not None and stop > 0:
            start, stop = stop, start
        parts.append(Component(start, stop, part.repeat))
    return tuple(parts)


def _fit(chain: Chain, value: int) -> Optional[int]:
    """The lowest fitting number that is not below value."""
    if chain is None:
        return value
    found: Optional[int] = None
    for part in chain:
        if part.start >= value:
            candidate = part.start
        elif part.repeat > 0:
            candidate = part.start + -(-(value - part.start) // part.repeat) * part.repeat
            if part.stop is not None and part.stop >= 0 and candidate > part.stop:
                continue
        else:
            continue
        found = candidate if found is None else min(found, candidate)
    return found
