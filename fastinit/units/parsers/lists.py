"""Parsers of lists of words: environment, documentation, files to open.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
"""

from __future__ import annotations

import re

from fastinit.units import openfile
from fastinit.units.build import Build, Values, add, keyed
from fastinit.units.syntax import split_words


def words(build: Build, values: Values, field: str, text: str) -> None:
    """Words with quotes, escapes and specifiers; they add up."""
    if text:
        add(values, field).extend([build.expand(word) for word in split_words(text)])
    else:
        values[field] = []


def open_files(build: Build, values: Values, field: str, text: str) -> None:
    """OpenFile=: kept as text, once it is known to be one."""
    if text:
        entry = build.expand(text)
        openfile.parse(entry)
        add(values, field).append(entry)
    else:
        values[field] = []


def documentation(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    found = add(values, field)
    for word in split_words(text):
        uri = build.expand(word)
        if uri.startswith(("http://", "https://", "file:/", "info:", "man:")) and len(uri) > 5:
            found.append(uri)
        else:
            build.warn(f"Invalid URI, ignoring: {uri}")


def environment(build: Build, values: Values, field: str, text: str) -> None:
    """NAME=value words; a later one replaces an earlier one of that name."""
    if not text:
        values.pop(field, None)
        return
    merged = keyed(values, field)
    for word in split_words(text):
        entry = build.expand(word)
        name = entry.partition("=")[0]
        if len(name) == len(entry) or not is_variable(name):
            build.warn(f"Invalid environment assignment, ignoring: {entry}")
            continue
        merged[name] = entry


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def is_variable(name: str) -> bool:
    return _VARIABLE.match(name) is not None


def variable_names(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    found = keyed(values, field)
    for word in split_words(text):
        name = build.expand(word)
        if is_variable(name) or (field == "unset_environment" and is_variable(name.partition("=")[0])):
            found[name] = name
        else:
            build.warn(f"Invalid environment name, ignoring: {name}")
