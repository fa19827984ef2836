"""Calendar events against systemd's own answers, and the rules of systemd.time(7) by themselves."""

from __future__ import annotations

import random
import shutil
from typing import List, Optional

import pytest
from random_calendar import BASES, Answer, ask_systemd, base_usec, expression, shown

from fastinit.units import calendar

ITERATIONS = 3
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze to compare with")

# from the manual page, "CALENDAR EVENTS"
NORMAL_FORMS = {
    "Sat,Thu,Mon..Wed,Sat..Sun": "Mon..Thu,Sat,Sun *-*-* 00:00:00",
    "Mon,Sun 12-*-* 2,1:23": "Mon,Sun 2012-*-* 01,02:23:00",
    "Wed *-1": "Wed *-*-01 00:00:00",
    "Wed..Wed,Wed *-1": "Wed *-*-01 00:00:00",
    "Wed, 17:48": "Wed *-*-* 17:48:00",
    "Wed..Sat,Tue 12-10-15 1:2:3": "Tue..Sat 2012-10-15 01:02:03",
    "*-*-7 0:0:0": "*-*-07 00:00:00",
    "10-15": "*-10-15 00:00:00",
    "monday *-12-* 17:00": "Mon *-12-* 17:00:00",
    "Mon,Fri *-*-3,1,2 *:30:45": "Mon,Fri *-*-01,02,03 *:30:45",
    "12,14,13,12:20,10,30": "*-*-* 12,13,14:10,20,30:00",
    "12..14:10,20,30": "*-*-* 12..14:10,20,30:00",
    "mon,fri *-1/2-1,3 *:30:45": "Mon,Fri *-01/2-01,03 *:30:45",
    "03-05 08:05:40": "*-03-05 08:05:40",
    "08:05:40": "*-*-* 08:05:40",
    "05:40": "*-*-* 05:40:00",
    "Sat,Sun 12-05 08:05:40": "Sat,Sun *-12-05 08:05:40",
    "2003-03-05 05:40": "2003-03-05 05:40:00",
    "05:40:23.4200004/3.1700005": "*-*-* 05:40:23.420000/3.170001",
    "2003-02..04-05": "2003-02..04-05 00:00:00",
    "2003-03-05 05:40 UTC": "2003-03-05 05:40:00 UTC",
    "2003-03-05": "2003-03-05 00:00:00",
    "hourly": "*-*-* *:00:00",
    "daily UTC": "*-*-* 00:00:00 UTC",
    "weekly Pacific/Auckland": "Mon *-*-* 00:00:00 Pacific/Auckland",
    "*:2/3": "*-*-* *:02/3:00",
    "*-02~01": "*-02~01 00:00:00",
    "Mon *-05~07/1": "Mon *-05~07/1 00:00:00",
}
REFUSED = ("", "Sat..Mon x", "2021-13-01", "24:00", "12", "1-2-3-4", "*:60", "*:*:60", "10:00:00.", "*~29 *", "foo",
           "2200-01-01", "*-*-32", "@", "@12 12:00", "Mon..", "*:0/0", "*:5..2")
ELAPSES = {
    ("*-02-29", "2026-11-24 14:00:00 UTC"): "Tue 2028-02-29 00:00:00 UTC",
    ("*-*~01", "2027-02-27 23:59:30 UTC"): "Sun 2027-02-28 00:00:00 UTC",
    ("02:30 Europe/Berlin", "2027-03-27 20:00:00 UTC"): "Mon 2027-03-29 00:30:00 UTC",      # the clock jumps over it on the 28th
    ("2020-01-01", "2026-11-24 14:00:00 UTC"): None,
    ("*-02-30", "2026-11-24 14:00:00 UTC"): None,
}


def answer(text: str, base: str) -> Optional[Answer]:
    try:
        spec = calendar.parse(text)
    except ValueError:
        return None
    elapses: List[str] = []
    after: Optional[int] = base_usec(base)
    while after is not None and len(elapses) < ITERATIONS:
        after = calendar.next_elapse(spec, after)
        if after is not None or not elapses:
            elapses.append("never" if after is None else shown(after))
    return Answer(calendar.format_spec(spec), elapses)


@pytest.mark.parametrize("text", NORMAL_FORMS)
def test_normal_form(text: str) -> None:
    """An expression has the normal form of the manual page, which is its own normal form."""
    normal = calendar.format_spec(calendar.parse(text))
    assert normal == NORMAL_FORMS[text]
    assert calendar.format_spec(calendar.parse(normal)) == normal


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    """What is no calendar event is an error with systemd's message."""
    with pytest.raises(ValueError, match="Failed to parse calendar specification"):
        calendar.parse(text)


@pytest.mark.parametrize("text,base", ELAPSES)
def test_next_elapse(text: str, base: str) -> None:
    """The next time is this one, or there is none."""
    found = calendar.next_elapse(calendar.parse(text), base_usec(base))
    assert (None if found is None else shown(found)) == ELAPSES[text, base]


@needs_systemd
@pytest.mark.parametrize("seed", range(12))
def test_random_expressions_as_systemd_has_them(seed: int) -> None:
    """Random expressions are refused, normalised and due exactly as systemd-analyze has it."""
    dice = random.Random(seed)
    for _ in range(60):
        text, base = expression(dice), dice.choice(BASES)
        try:
            expected = ask_systemd(text, base, ITERATIONS)
        except LookupError:
            continue
        assert answer(text, base) == expected, (text, base)


def test_every_elapse_is_later_than_the_base() -> None:
    """Iterating always moves on, over clock changes too."""
    dice = random.Random(7)
    for _ in range(300):
        try:
            spec = calendar.parse(expression(dice))
        except ValueError:
            continue
        after = base_usec(dice.choice(BASES))
        for _ in range(4):
            found = calendar.next_elapse(spec, after)
            if found is None:
                break
            assert found > after
            after = found
