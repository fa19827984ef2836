"""Parsers of process properties and scheduling: limits, affinity, classes, core dumps.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.exec(5), "PROCESS PROPERTIES", "SCHEDULING".
"""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

from fastinit.units.build import Build, Parser, Values
from fastinit.units.model import USEC_INFINITY
from fastinit.units.syntax import split_words
from fastinit.units.timespan import parse_usec
from fastinit.units.values import parse_int, parse_limit


def limit(name: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        known: Dict[str, Tuple[int, int]] = values.setdefault("limits", {})
        if text:
            known[name] = parse_limit(name, text)
        else:
            known.pop(name, None)
    return parse


def numbered(table: Mapping[str, int], low: int, high: int) -> Parser:
    """A name of the table or its number."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if not text:
            values.pop(field, None)
            return
        number = table.get(text)
        values[field] = parse_int(text, low, high) if number is None else number
    return parse


IO_CLASSES = {"none": 0, "realtime": 1, "best-effort": 2, "idle": 3}
CPU_POLICIES = {"other": 0, "fifo": 1, "rr": 2, "batch": 3, "idle": 5}

CPUS_MAX = 8192


def cpu_affinity(build: Build, values: Values, field: str, text: str) -> None:
    """CPU numbers and ranges, separated by blanks or commas; several lines add up."""
    if not text:
        values[field] = frozenset()
        return
    if text == "numa":
        raise ValueError("the CPUs of NUMAMask= are not known here")
    cpus = set(values.get(field, ()))
    for word in text.replace(",", " ").split():
        low, dash, high = word.partition("-")
        first = parse_int(low, 0, CPUS_MAX - 1)
        last = parse_int(high, 0, CPUS_MAX - 1) if dash else first
        cpus.update(range(first, last + 1))
    values[field] = frozenset(cpus)


def nanoseconds(build: Build, values: Values, field: str, text: str) -> None:
    """TimerSlackNSec=: a time span whose plain numbers are nanoseconds."""
    text = text.strip()
    if text.endswith(("ns", "nsec")):
        text = text[:-2] if text.endswith("ns") else text[:-4]
        text = text.strip()
    if text.isdecimal():
        values[field] = parse_int(text, 0, USEC_INFINITY)
    else:
        values[field] = parse_usec(text) * 1000


def coredump_filter(build: Build, values: Values, field: str, text: str) -> None:
    """CoredumpFilter=: a hexadecimal mask or names."""
    bits = 0
    for word in split_words(text):
        if word == "all":
            bits |= 0x1FF
        elif word == "default":
            bits |= 0x33
        elif word in COREDUMP_BITS:
            bits |= 1 << COREDUMP_BITS[word]
        else:
            try:
                bits |= int(word, 16)
            except ValueError:
                raise ValueError(f"unknown coredump filter {word}") from None
    values[field] = values.get(field, 0) | bits if text else None


COREDUMP_BITS = {
    "private-anonymous": 0, "shared-anonymous": 1, "private-file-backed": 2, "shared-file-backed": 3, "elf-headers": 4,
    "private-huge": 5, "shared-huge": 6, "private-dax": 7, "shared-dax": 8,
}


def personality(build: Build, values: Values, field: str, text: str) -> None:
    if text and text not in ("x86", "x86-64", "arm64", "arm", "ppc", "ppc-le", "ppc64", "ppc64-le", "s390", "s390x"):
        raise ValueError("not a personality")
    values[field] = text
