"""The environment of a new process: files, sources, precedence.

In:  ExecContext, what the manager knows.   Out: name -> value; EnvironmentFileError for a file that must be there and is not.
Never: expands a variable in a file (systemd does not either).
Source: systemd.exec(5), "EnvironmentFile=" and "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES"; locale.conf(5).
"""

from __future__ import annotations

import glob
import re
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from fastinit.errors import FastinitError, UnitError
from fastinit.units.files import read_file
from fastinit.units.model import EnvironmentFile, ExecContext
from fastinit.units.specifiers import parse_env_file
from fastinit.units.syntax import QuotingError, split_words

LOCALE_FILE = "/etc/locale.conf"
LOCALE_VARIABLES = (
    "LANG", "LANGUAGE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES", "LC_PAPER", "LC_NAME",
    "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION",
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_GLOB = frozenset("*?[")
# A value may hold anything printable, and tab and newline: what comes in quotes may be a whole paragraph.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class EnvironmentFileError(FastinitError):
    """A file of EnvironmentFile= without "-" that cannot be read: the unit fails with Result=resources."""


# --- files ---------------------------------------------------------------------------------------------------------

_BLANKS, _NEWLINES, _DOUBLE_ESCAPED = " \t", "\n\r", '"\\`$'


def parse_file(text: str) -> List[Tuple[str, str]]:
    """The assignments of an environment file in order, names not checked.

    Lines that begin with "#" or ";" and lines without "=" are skipped. A value is a run of quoted pieces, or plain: there a
    backslash takes the next character as it is and joins lines, blanks at the end go away. In double quotes a backslash
    escapes only '"', "\\", "`", "$" and the line end; in single quotes nothing.
    """
    found: List[Tuple[str, str]] = []
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        if char in _NEWLINES or char in _BLANKS:
            at += 1
            continue
        end = _line_end(text, at)
        equals = text.find("=", at, end)
        if char in "#;" or equals < 0:
            at = end + 1
            continue
        name = text[at:equals].rstrip(_BLANKS)
        value, at = _parse_value(text, equals + 1)
        found.append((name, value))
    return found


def _line_end(text: str, at: int) -> int:
    match = _END.search(text, at)
    return match.start() if match else len(text)


_END = re.compile(r"[\n\r]")


def _parse_value(text: str, at: int) -> Tuple[str, int]:
    """Quoted pieces until a plain one begins, which goes on to the end of the line."""
    pieces: List[str] = []
    while at < len(text):
        char = text[at]
        if char in _NEWLINES:
            return "".join(pieces), at + 1
        if char in _BLANKS:
            at += 1
        elif char == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            pieces.append(text[at + 1:end])
            at = end + 1
        elif char == '"':
            piece, at = _parse_double(text, at + 1)
            pieces.append(piece)
        else:
            piece, at = _parse_plain(text, at)
            pieces.append(piece)
            return "".join(pieces), at
    return "".join(pieces), at


def _parse_double(text: str, at: int) -> Tuple[str, int]:
    out: List[str] = []
    while at < len(text) and text[at] != '"':
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            following = text[at]
            at += 1
            char = "" if following in _NEWLINES else following if following in _DOUBLE_ESCAPED else "\\" + following
        out.append(char)
    return "".join(out), at + 1


def _parse_plain(text: str, at: int) -> Tuple[str, int]:
    out: List[str] = []
    kept = 0                        # how many pieces count even if only blanks follow
    while at < len(text) and text[at] not in _NEWLINES:
        char = text[at]
        at += 1
        if char == "\\":
            if at < len(text):
                out.append("" if text[at] in _NEWLINES else text[at])
                at += 1
            kept = len(out)
            continue
        out.append(char)
        if char not in _BLANKS:
            kept = len(out)
    return "".join(out[:kept]), at + 1


def read_files(files: Sequence[EnvironmentFile], warn: Callable[[str], None]) -> Dict[str, str]:
    """The files of EnvironmentFile= in order, a later assignment wins. Raises EnvironmentFileError."""
    found: Dict[str, str] = {}
    for entry in files:
        for path in _paths(entry):
            try:
                text = read_file(path).data.decode("utf-8", "surrogateescape")
            except UnitError as error:
                if entry.optional:
                    continue
                why = str(error).rpartition(": ")[2]
                raise EnvironmentFileError(f"Failed to load environment files: {path}: {why}") from None
            for name, value in parse_file(text):
                if _NAME.match(name) and not _FORBIDDEN.search(value):
                    found[name] = value
                else:
                    warn(f"Ignoring invalid environment assignment '{name}={value}': {path}")
    return found


def _paths(entry: EnvironmentFile) -> List[str]:
    if _GLOB.isdisjoint(entry.path):
        return [entry.path]
    matches = sorted(glob.glob(entry.path))
    if not matches and not entry.optional:
        raise EnvironmentFileError(f"Failed to load environment files: {entry.path}: no such file")
    return matches


def read_extra(words: Sequence[str], warn: Callable[[str], None]) -> Dict[str, str]:
    """`systemctl -e`: each a file (@PATH, which need not be there) or assignments as in Environment=."""
    found: Dict[str, str] = {}
    for word in words:
        if word.startswith("@"):
            found.update(read_files([EnvironmentFile(word[1:], True)], warn))
            continue
        try:
            entries = split_words(word)
        except QuotingError as error:
            warn(f"Ignoring -e '{word}': {error}")
            continue
        for entry in entries:
            name, equals, value = entry.partition("=")
            if equals and _NAME.match(name):
                found[name] = value
            else:
                warn(f"Ignoring invalid environment assignment '{entry}' of -e")
    return found


def read_locale(path: str = LOCALE_FILE) -> Dict[str, str]:
    """LANG and its kin from locale.conf; {} where there is none."""
    try:
        text = read_file(path).data.decode("utf-8", "replace")
    except UnitError:
        return {}
    return {name: value for name, value in parse_env_file(text).items() if name in LOCALE_VARIABLES and value}


# --- all together --------------------------------------------------------------------------------------------------


def assemble(context: ExecContext, manager: Mapping[str, str], own: Mapping[str, str], of_manager_process: Mapping[str, str],
             files: Mapping[str, str]) -> Dict[str, str]:
    """The sources in the order of systemd.exec(5), a later one wins; UnsetEnvironment= comes last of all.

    manager: DefaultEnvironment=, set-environment …   own: what is made for this process (HOME, INVOCATION_ID …).
    of_manager_process: the environment of the manager itself, from which PassEnvironment= picks.
    """
    found: Dict[str, str] = {**manager, **own}
    if context.exec_search_path:
        found["PATH"] = ":".join(context.exec_search_path)
    found.update({name: of_manager_process[name] for name in context.pass_environment if name in of_manager_process})
    found.update(_pair(entry) for entry in context.environment)
    found.update(files)
    for entry in context.unset_environment:
        name, equals, value = entry.partition("=")
        if not equals or found.get(name) == value:
            found.pop(name, None)
    return found


def _pair(entry: str) -> Tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value
