"""Parsers of directives: each takes the text right of "=" and writes one field of the unit being built.

In:  (Build, dict of the class, field, text).   Out: the dict changed, perhaps warnings.
Raises ValueError (warn, ignore the line) or BadSetting (the unit does not load); never anything else.
An empty text resets a list and is an error for a single value, as in systemd.
Source: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5).
"""

from __future__ import annotations

from typing import Any, Callable, Dict

from fastinit.units.build import Build, Parser, Values
from fastinit.units.model import USEC_INFINITY
from fastinit.units.timespan import parse_usec
from fastinit.units.values import parse_boolean, parse_int, parse_mode, parse_signal


def scalar(read: Callable[[str], Any]) -> Parser:
    """One value without specifiers; read() raises ValueError."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        values[field] = read(text)
    return parse


def checked(read: Callable[[str], Any]) -> Parser:
    """As scalar(), for a directive that has no field: the value is only looked at."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        read(text)
    return parse


def resettable(inner: Parser) -> Parser:
    """An empty assignment goes back to the default."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text:
            inner(build, values, field, text)
        else:
            values.pop(field, None)
    return parse


boolean: Parser = scalar(parse_boolean)
seconds: Parser = scalar(parse_usec)
mode: Parser = scalar(parse_mode)
signal: Parser = scalar(parse_signal)
any_boolean: Parser = checked(parse_boolean)
any_seconds: Parser = checked(parse_usec)
any_mode: Parser = checked(parse_mode)


def integer(low: int, high: int) -> Parser:
    return scalar(lambda text: parse_int(text, low, high))


def any_integer(low: int = 0, high: int = (1 << 32) - 1) -> Parser:
    return resettable(checked(lambda text: parse_int(text, low, high)))


def kept(build: Build, values: Values, field: str, text: str) -> None:
    """Any text will do; it is read from Unit.settings by whom it concerns."""


def one_of(*words: str, **synonyms: str) -> Parser:
    """A word of the list; synonyms: other spellings of booleans ("yes" -> "full")."""
    known: Dict[str, str] = {word: word for word in words}
    known.update(synonyms)

    def parse(build: Build, values: Values, field: str, text: str) -> None:
        word = known.get(text)
        if word is None:
            raise ValueError("not one of " + " ".join(words))
        values[field] = word
    return parse


def boolean_or(*words: str, yes: str = "yes", no: str = "no") -> Parser:
    """A boolean or one of the words; the value is text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text in words:
            values[field] = text
            return
        try:
            values[field] = yes if parse_boolean(text) else no
        except ValueError:
            raise ValueError("neither a boolean nor one of " + " ".join(words)) from None
    return parse


def string(build: Build, values: Values, field: str, text: str) -> None:
    """A text with specifiers; empty goes back to the default."""
    if text:
        values[field] = build.expand(text)
    else:
        values.pop(field, None)


def no_limit_at_zero(build: Build, values: Values, field: str, text: str) -> None:
    """A time span where 0 means that there is no limit."""
    values[field] = parse_usec(text) or USEC_INFINITY


def timeout_both(build: Build, values: Values, field: str, text: str) -> None:
    """TimeoutSec=: start and stop at once."""
    usec = parse_usec(text) or USEC_INFINITY
    values["timeout_start_usec"] = values["timeout_stop_usec"] = usec


def job_timeout(build: Build, values: Values, field: str, text: str) -> None:
    """JobTimeoutSec= bounds the running time too, unless JobRunningTimeoutSec= says otherwise."""
    usec = parse_usec(text) or USEC_INFINITY
    values[field] = usec
    if not build.own.get("job_running_timeout"):
        values["job_running_timeout_usec"] = usec


def job_running_timeout(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_usec(text) or USEC_INFINITY
    build.own["job_running_timeout"] = True


def exit_status_action(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_int(text, 0, 255) if text else None
