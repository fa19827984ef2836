"""The environment block of a process, in systemd's order of precedence.

In:  ExecContext, what the manager and the engine contribute.   Out: NAME -> value.
Never: reads our own os.environ; PassEnvironment= takes from what is handed in.
Source: systemd.exec(5) "ENVIRONMENT", EnvironmentFile=.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from typing import Dict, Iterable, List, Mapping

from fastinit.errors import FastinitError
from fastinit.units.model import ExecContext

MAX_FILE_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BLANK = " \t\n\r"


class EnvironmentFileError(FastinitError):
    """An EnvironmentFile= that is missing and not optional, or that cannot be read."""


def build(context: ExecContext, base: Mapping[str, str], passed_from: Mapping[str, str], own: Iterable[str]) -> Dict[str, str]:
    """base: of the manager. own: what init sets for this process (HOME, INVOCATION_ID …); the unit may override it.

    Raises EnvironmentFileError.
    """
    block = dict(base)
    block.update(_assignments(own))
    for name in context.pass_environment:
        if name in passed_from:
            block[name] = passed_from[name]
    block.update(_assignments(context.environment))
    for file in context.environment_files:
        for path in _files(file.path, file.optional):
            block.update(_read(path, file.optional))
    for entry in context.unset_environment:
        name, equals, value = entry.partition("=")
        if not equals or block.get(name) == value:
            block.pop(name, None)
    return block


def _assignments(entries: Iterable[str]) -> Dict[str, str]:
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def _files(pattern: str, optional: bool) -> List[str]:
    paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
    if not paths and not optional:
        raise EnvironmentFileError(f"Failed to load environment files: no file matches {pattern}")
    return paths


def _read(path: str, optional: bool) -> Dict[str, str]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode) and path != "/dev/null":
                raise EnvironmentFileError(f"Failed to load environment files: {path} is not a regular file")
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        if optional:
            return {}
        raise EnvironmentFileError(f"Failed to load environment files: {path}: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise EnvironmentFileError(f"Failed to load environment files: {path} is larger than {MAX_FILE_BYTES} bytes")
    return parse_file(data.decode("utf-8", "surrogateescape"))


def parse_file(text: str) -> Dict[str, str]:
    """Lines NAME=value as a POSIX shell would read the simple ones; lines that are none are skipped."""
    block: Dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at] in _BLANK:
            at += 1
        elif text[at] in "#;":
            at = _skip_comment(text, at)
        else:
            equals, newline = text.find("=", at), text.find("\n", at)
            newline = len(text) if newline < 0 else newline
            if not 0 <= equals < newline:
                at = newline + 1
                continue
            name = text[at:equals].strip()
            value, at = _read_value(text, equals + 1)
            name = name[7:].lstrip() if name.startswith("export ") else name
            if _NAME.match(name) and "\0" not in value:
                block[name] = value
    return block


def _skip_comment(text: str, at: int) -> int:
    """A backslash before the newline continues a comment as well."""
    while at < len(text) and text[at] != "\n":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _read_value(text: str, at: int) -> "tuple[str, int]":
    """(value, where the next line begins). Quotes may open anywhere; blanks at the end count only inside them."""
    out: List[str] = []
    keep = 0        # length that trailing blanks must not be cut from
    while at < len(text) and text[at] in " \t":
        at += 1
    while at < len(text) and text[at] not in "\n\r":
        char = text[at]
        if char in "'\"":
            at = _read_quoted(text, at, out)
            keep = len(out)
        elif char == "\\":
            following = text[at + 1:at + 2]
            if following != "\n":
                out.append(following)
                keep = len(out)
            at += 2
        else:
            out.append(char)
            at += 1
    while len(out) > keep and out[-1] in _BLANK:
        out.pop()
    return "".join(out), at + 1


def _read_quoted(text: str, at: int, out: List[str]) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and quote == '"':
            following = text[at + 1:at + 2]
            if following != "\n":
                out.append(following if following in '"\\`$' else "\\" + following)
            at += 2
            continue
        out.append(text[at])
        at += 1
    return at + 1
