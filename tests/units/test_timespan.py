"""Time spans: the examples of systemd.time(7), the refusals, and that printing can be undone."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.units.model import USEC_INFINITY
from fastinit.units.timespan import UNITS, USEC_PER_DAY, USEC_PER_HOUR, USEC_PER_MONTH, USEC_PER_YEAR, format_usec, parse_usec

S = 1_000_000
SPANS = {
    # systemd.time(7), "PARSING TIME SPANS"
    "2 h": 2 * USEC_PER_HOUR, "2hours": 2 * USEC_PER_HOUR, "48hr": 48 * USEC_PER_HOUR, "1y 12month": USEC_PER_YEAR + 12 * USEC_PER_MONTH,
    "55s500ms": 55_500_000, "300ms20s 5day": 300_000 + 20 * S + 5 * USEC_PER_DAY,
    "50": 50 * S, "2min 200ms": 120_200_000, "1h": 3600 * S, "infinity": USEC_INFINITY, " infinity ": USEC_INFINITY,
    "0": 0, "0s": 0, "5us": 5, "5 μs": 5, "5µs": 5, "1.5s": 1_500_000, ".5s": 500_000, "1.5h": 5400 * S, "12 34": 46 * S,
    "1.123456789s": 1_123_456, "1w": 7 * USEC_PER_DAY, "1M": USEC_PER_MONTH, "1m": 60 * S, "+5s": 5 * S, "  7  ": 7 * S,
}
REFUSED = ("", " ", "-5s", "s", "x", "5x", "5 x", "3.", "3.s", "3.+1s", "3. 1s", ".", "1s.", "1ss", "infinity 1", "1 infinity",
           "0.-0", "99999999999999999999", "1e5", "٣s", "1y" * 700_000 + "q", "9" * 500)


@pytest.mark.parametrize("text", SPANS)
def test_spans(text: str) -> None:
    """A span that systemd understands is the same number of microseconds."""
    assert parse_usec(text) == SPANS[text]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(text: str) -> None:
    """What systemd-analyze timespan refuses is refused."""
    with pytest.raises(ValueError):
        parse_usec(text)


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit(unit: str) -> None:
    """Every spelling of every unit stands for its microseconds, with and without a blank."""
    assert parse_usec("3" + unit) == parse_usec("3 " + unit) == 3 * UNITS[unit]


def test_default_unit() -> None:
    """A number alone is in the unit that the directive has (TimerSlackNSec=, LimitRTTIME=)."""
    assert parse_usec("7", default=1) == 7
    assert parse_usec("1ms 7", default=1) == 1007


@pytest.mark.parametrize("usec, text", [
    (0, "0"), (1, "1us"), (90 * S, "1min 30s"), (1_500_000, "1.500000s"), (100_000, "100ms"), (USEC_INFINITY, "infinity"),
    (3_780_500_000, "1h 3min 500ms"), (USEC_PER_YEAR, "1y"), (USEC_PER_MONTH + 1, "1month 1us"), (1_500, "1.500ms"),
])
def test_printed(usec: int, text: str) -> None:
    """Spans are printed as `systemctl show` prints them."""
    assert format_usec(usec) == text


def test_accuracy() -> None:
    """What is below the accuracy is not printed."""
    assert format_usec(1_234_567, accuracy=1000) == "1.234s"
    assert format_usec(61_234_567, accuracy=S) == "1min 1s"


@given(st.integers(0, USEC_INFINITY))
def test_printing_can_be_undone(usec: int) -> None:
    """parse(format(x)) is x, for all 64 bits."""
    assert parse_usec(format_usec(usec)) == usec


@given(st.text())
def test_nothing_but_value_errors(text: str) -> None:
    """Any text is a span of 0 to infinity or a ValueError."""
    try:
        assert 0 <= parse_usec(text) <= USEC_INFINITY
    except ValueError:
        pass
