"""Parsers of commands and of how they may end.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.service(5), "COMMAND LINES", "SuccessExitStatus=".
"""

from __future__ import annotations

from fastinit.units.build import BadSetting, Build, Values, add
from fastinit.units.execline import BadCommand, parse_commands
from fastinit.units.model import ExitStatusSet
from fastinit.units.syntax import split_words
from fastinit.units.values import parse_exit_status, parse_signal


def commands(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    try:
        found = parse_commands(text, build.expand, build.warn)
    except BadCommand as error:
        if error.tolerated:
            raise
        raise BadSetting(str(error)) from None
    add(values, field).extend(found)


def exit_statuses(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    before: ExitStatusSet = values.get(field, ExitStatusSet())
    codes, signals = set(before.codes), set(before.signals)
    for word in split_words(text):
        try:
            codes.add(parse_exit_status(word))
            continue
        except ValueError:
            pass
        try:
            if word.isdecimal():
                raise ValueError
            signals.add(parse_signal(word))
        except ValueError:
            build.warn(f"Failed to parse value, ignoring: {word}")
    values[field] = ExitStatusSet(frozenset(codes), frozenset(signals))
