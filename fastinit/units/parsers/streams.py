"""Parsers of standard input, output and error, and of the log.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.exec(5), "LOGGING AND STANDARD INPUT/OUTPUT".
"""

from __future__ import annotations

import binascii
import re
from typing import FrozenSet

from fastinit.units.build import Build, Values
from fastinit.units.model import StdStream
from fastinit.units.parsers.paths import absolute_path
from fastinit.units.syntax import unescape_text
from fastinit.units.values import parse_int

_INPUTS = frozenset(("null", "tty", "tty-force", "tty-fail", "socket", "data"))
_OUTPUTS = frozenset(("inherit", "null", "tty", "journal", "kmsg", "journal+console", "kmsg+console", "socket"))
_SYSLOG_OUTPUTS = {"syslog": "journal", "syslog+console": "journal+console"}
_WITH_PATH = frozenset(("file", "append", "truncate"))


def _stream(build: Build, values: Values, field: str, text: str, plain: FrozenSet[str], prefixes: FrozenSet[str]) -> None:
    if text in plain:
        values[field] = StdStream(text)
        return
    kind, colon, argument = text.partition(":")
    if kind == "fd" and (colon or text == "fd"):
        default = {"standard_input": "stdin", "standard_output": "stdout", "standard_error": "stderr"}[field]
        values[field] = StdStream("fd", build.expand(argument) or default)
    elif colon and kind in prefixes:
        values[field] = StdStream(kind, absolute_path(build.expand(argument)))
    else:
        raise ValueError("not a kind of input or output")


def std_input(build: Build, values: Values, field: str, text: str) -> None:
    _stream(build, values, field, text, _INPUTS, frozenset(("file",)))


def std_output(build: Build, values: Values, field: str, text: str) -> None:
    instead = _SYSLOG_OUTPUTS.get(text)
    if instead is not None:
        build.warn(f"Standard output type {text} is obsolete, automatically updating to {instead}. "
                   "Please update your unit file, and consider removing the setting altogether.")
        text = instead
    _stream(build, values, field, text, _OUTPUTS, _WITH_PATH)


DATA_MAX = 64 * 1024 * 1024


def _add_data(values: Values, field: str, data: bytes) -> None:
    whole = values.get(field)
    if type(whole) is not bytearray:
        whole = values[field] = bytearray()
    if len(whole) + len(data) > DATA_MAX:
        raise ValueError("standard input data too large")
    whole += data


def std_input_text(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    line = build.expand(unescape_text(text)) + "\n"
    _add_data(values, field, line.encode("utf-8", "surrogateescape"))


def std_input_data(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    compact = "".join(text.split())
    if re.match(r"[A-Za-z0-9+/]*={0,2}\Z", compact) is None:
        raise ValueError("not base64")
    try:
        _add_data(values, field, binascii.a2b_base64(compact))
    except binascii.Error:
        raise ValueError("not base64") from None


LOG_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
LOG_FACILITIES = {                      # syslog(3): between ftp and local0 nothing is named
    "kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9,
    "authpriv": 10, "ftp": 11, **{f"local{number}": 16 + number for number in range(8)},
}


def syslog_level(build: Build, values: Values, field: str, text: str) -> None:
    level = text if text in LOG_LEVELS else None
    if level is None:
        number = parse_int(text, 0, 7)
        level = next(name for name, value in LOG_LEVELS.items() if value == number)
    values[field] = level


def syslog_facility(build: Build, values: Values, field: str, text: str) -> None:
    if text not in LOG_FACILITIES:
        raise ValueError("not a syslog facility")
    values[field] = text


def log_level_max(build: Build, values: Values, field: str, text: str) -> None:
    number = LOG_LEVELS.get(text)
    if text:
        values[field] = parse_int(text, 0, 7) if number is None else number
    else:
        values.pop(field, None)
