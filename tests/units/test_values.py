"""Booleans, numbers, sizes, percentages, modes, signals, exit statuses and limits."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import signal
from functools import partial
from typing import Any, Callable, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.units import values
from fastinit.units.model import USEC_INFINITY

GOOD: List[Tuple[Callable[[str], Any], Dict[str, object]]] = [
    (values.parse_boolean, {"1": True, "yes": True, "YES": True, "t": True, "on": True, "y": True, "true": True,
                            "0": False, "no": False, "off": False, "f": False, "N": False, "False": False}),
    (values.parse_int, {"0": 0, "7": 7, "-7": -7, "+7": 7, "0x10": 16, "010": 8, "0b101": 5, "0o17": 15, "-0x1": -1}),
    (values.parse_size, {"0": 0, "1": 1, "64K": 65536, "1.5G": 3 << 29, "1M 512K": (1 << 20) + (512 << 10), "1 K": 1024, "7B": 7,
                         "2E": 2 << 60, "4G 1": (4 << 30) + 1}),
    (values.parse_permyriad, {"0%": 0, "50%": 5000, "12.5%": 1250, "100%": 10000, "0.01%": 1, "5‰": 50, "7‱": 7, "12.34%": 1234}),
    (values.parse_mode, {"0": 0, "644": 0o644, "0755": 0o755, "07777": 0o7777, "1777": 0o1777}),
    (values.parse_signal, {"SIGTERM": 15, "TERM": 15, "15": 15, "SIGRTMIN": 34, "RTMIN+3": 37, "SIGRTMIN+30": 64, "SIGRTMAX": 64,
                           "RTMAX-1": 63, "SIGHUP": 1, "64": 64, "SIGIOT": 6}),
    (values.parse_exit_status, {"0": 0, "255": 255, "SUCCESS": 0, "TEMPFAIL": 75, "NOTIMPLEMENTED": 3, "EXEC": 203}),
]
BAD: List[Tuple[Callable[[str], Any], Tuple[str, ...]]] = [
    (values.parse_boolean, ("", "maybe", "2", " yes", "yes ", "ja")),
    (values.parse_int, ("", "x", "1x", "0x", "--1", "1 2", "08", "1.0", "٣", "2147483648", "0b2")),
    (values.parse_size, ("", " ", "K", "-1", "1X", "1K 1M", "1K 1K", "1..5K", "99E", "٣K", ".5K")),
    (values.parse_permyriad, ("", "50", "%", "-1%", "101%", "1.234%", "12.345%", "0.5‱", "x%")),
    (values.parse_mode, ("", "8", "10000", "-1", "rwx", "0x1ff", "77777")),
    (values.parse_signal, ("", "SIG", "0", "65", "SIGFOO", "RTMIN+31", "RTMIN+", "RTMIN-1", "RTMAX+1", "sigterm", "15 ", "99999")),
    (values.parse_exit_status, ("", "256", "-1", "NOSUCH", "success", "٣")),
]


@pytest.mark.parametrize("parse, text, value", [(parse, text, value) for parse, table in GOOD for text, value in table.items()])
def test_good(parse: "Callable[[str], object]", text: str, value: object) -> None:
    """The text has this value."""
    assert parse(text) == value


@pytest.mark.parametrize("parse, text", [(parse, text) for parse, table in BAD for text in table])
def test_bad(parse: "Callable[[str], object]", text: str) -> None:
    """The text has none."""
    with pytest.raises(ValueError):
        parse(text)


def test_signals_are_those_of_this_system() -> None:
    """Numbers and names agree with Python's own table."""
    for number, name in values.SIGNAL_NAMES.items():
        assert getattr(signal, name, number) == number      # SIGSTKFLT is known to Python since 3.11
    assert (signal.SIGRTMIN, signal.SIGRTMAX) == (values.SIGRTMIN, values.SIGRTMAX)


@given(st.integers(1, 64))
def test_signal_names_can_be_undone(number: int) -> None:
    """Every signal has a name that stands for it."""
    assert values.parse_signal(values.signal_name(number)) == number


@given(st.integers(0, USEC_INFINITY - 1))
def test_sizes_can_be_undone(size: int) -> None:
    """parse(format(x)) is x."""
    assert values.parse_size(values.format_size(size)) == size


@pytest.mark.parametrize("status", values.EXIT_STATUS)
def test_exit_status_names_can_be_undone(status: int) -> None:
    """Every named status is found by its name."""
    name = values.exit_status_name(status)
    assert name is not None and values.parse_exit_status(name) == status


@pytest.mark.parametrize("name, text, pair", [
    ("NOFILE", "1024:4096", (1024, 4096)), ("NOFILE", "infinity", (USEC_INFINITY, USEC_INFINITY)), ("NOFILE", "65536", (65536, 65536)),
    ("MEMLOCK", "64M", (64 << 20, 64 << 20)), ("CORE", "0:infinity", (0, USEC_INFINITY)), ("CPU", "1min", (60, 60)),
    ("CPU", "1500ms", (2, 2)), ("RTTIME", "5", (5, 5)), ("RTTIME", "1ms", (1000, 1000)), ("NICE", "+5", (15, 15)),
    ("NICE", "-5", (25, 25)), ("NICE", "30", (30, 30)), ("NPROC", "10", (10, 10)),
])
def test_limits(name: str, text: str, pair: "tuple[int, int]") -> None:
    """Each limit is read in its own unit (systemd.exec(5), "Table 1")."""
    assert values.parse_limit(name, text) == pair


@pytest.mark.parametrize("name, text", [("NOFILE", "4096:1024"), ("NOFILE", ""), ("NOFILE", "64K"), ("NICE", "99"), ("CPU", "x"),
                                        ("CORE", "1:"), ("NOFILE", "1:2:3")])
def test_limits_refused(name: str, text: str) -> None:
    """A soft limit above the hard one, and what is no number."""
    with pytest.raises(ValueError):
        values.parse_limit(name, text)


@given(st.text(max_size=30))
def test_nothing_but_value_errors(text: str) -> None:
    """Any text is either a value or a ValueError."""
    limits = [partial(values.parse_limit, name) for name in values.LIMITS]
    for parse in [parse for parse, _ in GOOD] + limits:
        try:
            parse(text)
        except ValueError:
            pass
