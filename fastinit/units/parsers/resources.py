"""Parsers of systemd.resource-control(5).

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
"""

from __future__ import annotations

from fastinit.units.build import Build, Parser, Values
from fastinit.units.model import USEC_INFINITY
from fastinit.units.values import parse_int, parse_permyriad, parse_size


def percent(build: Build, values: Values, field: str, text: str) -> None:
    """CPUQuota=: a percentage that may pass 100 %."""
    if text and text != "infinity":
        parse_permyriad(text, 1 << 40)


def memory(build: Build, values: Values, field: str, text: str) -> None:
    """MemoryMax= and its kin: bytes, a percentage of the memory, or "infinity"."""
    if text and text != "infinity":
        if text[-1] in "%‰‱":
            parse_permyriad(text)
        else:
            parse_size(text)


def tasks(build: Build, values: Values, field: str, text: str) -> None:
    if text and text != "infinity":
        if text[-1] in "%‰‱":
            parse_permyriad(text)
        else:
            parse_int(text, 1, USEC_INFINITY - 1)


def weight(low: int, high: int) -> Parser:
    """CPUWeight= ("idle" too) and IOWeight=."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and not (text == "idle" and "CPU" in field):
            parse_int(text, low, high)
    return parse


def any_size(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        parse_size(text)
