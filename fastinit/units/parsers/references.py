"""Parsers of what names other units, and of conditions.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.unit(5).
"""

from __future__ import annotations

from fastinit.units import names
from fastinit.units.build import Build, Parser, Values, add, keyed
from fastinit.units.model import Condition
from fastinit.units.parsers.paths import absolute_path
from fastinit.units.syntax import split_plain, split_words
from fastinit.units.values import parse_boolean


def dependency(kind: str) -> Parser:
    """Unit names; an empty assignment resets nothing (systemd.unit(5): dependencies cannot be reset)."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        for word in (split_plain(text) if "\\" in text or '"' in text or "'" in text else text.split()):
            name = unit_name(build, word)
            if name:
                build.depend(kind, name)
    return parse


def unit_name(build: Build, word: str) -> str:
    """A valid unit name, the instance filled into a template; "" with a warning when it is none."""
    try:
        name = build.expand(word)
    except ValueError as error:
        build.warn(f"Failed to resolve unit name: {error}, ignoring: {word}")
        return ""
    if not names.is_valid(name):
        build.warn(f"Failed to add dependency on {name}, ignoring: Invalid argument")
        return ""
    return fill_template(build.name, name)


def fill_template(owner: str, name: str) -> str:
    """ "b@.service" that "a@x.service" names is "b@x.service"; one that "a.service" names is "b@a.service"."""
    if "@." not in name or not names.is_template(name):
        return name
    prefix, instance, _ = names.split(owner)
    return names.with_instance(name, instance or prefix)


def own_unit(*suffixes: str) -> Parser:
    """Service= of a socket, Unit= of a timer or path: one unit name, of one of the types when any are given."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        name = build.expand(text)
        if not names.is_valid(name):
            raise ValueError("not a valid unit name")
        if suffixes and not name.endswith(suffixes):
            raise ValueError("unit must be of type " + " or ".join(suffix[1:] for suffix in suffixes))
        values[field] = fill_template(build.name, name)
    return parse


def own_text(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = text


def own_boolean(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_boolean(text)


def sockets(build: Build, values: Values, field: str, text: str) -> None:
    for word in split_plain(text):
        name = unit_name(build, word)
        if name and not name.endswith(".socket"):
            build.warn(f"Unit must be of type socket, ignoring: {name}")
        elif name:
            add(values, field).append(name)
            build.depend("Wants", name)
            build.depend("After", name)


def slice_name(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    name = build.expand(text)
    if not names.is_valid(name) or not name.endswith(".slice"):
        raise ValueError("not a slice")
    values[field] = name


def install_names(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    instance = bool(build.specifiers.instance) or "@" not in build.name
    found = keyed(values, field)
    for word in split_plain(text):
        name = build.expand(word) if instance else word
        found[name] = name


def mounts_for(build: Build, values: Values, field: str, text: str) -> None:
    found = keyed(values, field)
    for word in split_words(text):
        try:
            path = absolute_path(build.expand(word))
        except ValueError as error:
            build.warn(f"{error}, ignoring: {word}")
        else:
            found[path] = path


def condition(name: str, is_path: bool) -> Parser:
    """ConditionX= and AssertX=; an empty one resets the conditions of every kind."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if not text:
            values[field] = []
            return
        rest = text
        trigger = rest[0] == "|"
        rest = rest[1:].lstrip() if trigger else rest
        negate = rest[:1] == "!"
        rest = rest[1:].lstrip() if negate else rest
        parameter = build.expand(rest)
        if is_path:
            parameter = absolute_path(parameter)
        add(values, field).append(Condition(name, parameter, trigger, negate))
    return parse


def on_failure_isolate(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = "isolate" if parse_boolean(text) else "replace"


def listen(build: Build, values: Values, field: str, text: str) -> None:
    """An address of a socket unit, of any kind; empty takes back all of them."""
    if text:
        add(values, field).append(build.expand(text))
    else:
        values[field] = []


def watch(build: Build, values: Values, field: str, text: str) -> None:
    """A path that a path unit looks at; empty takes back all of them."""
    if text:
        add(values, field).append(absolute_path(build.expand(text)))
    else:
        values[field] = []
