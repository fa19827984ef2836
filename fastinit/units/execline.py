"""Command lines of Exec*=: text to commands when a unit is loaded, commands to argument vectors when one is started.

In:  the text right of "ExecStart=", later the environment.   Out: ExecCommand values, later argv.
Never: looks for a file.
Source: systemd.service(5), "COMMAND LINES".
"""

from __future__ import annotations

import functools
import re
from typing import Callable, List, Mapping, NamedTuple, Tuple

from fastinit.units.model import ExecCommand
from fastinit.units.syntax import (
    WHITESPACE,
    QuotingError,
    _keep_unknown,
    next_word,
    quote,
    split_variable,
    unescape_at,
)

PATH_MAX = 4095
NAME_MAX = 255
_PLAIN = re.compile(r"([-@:+!|]*)[a-z/%][^'\"\\;\x00-\x08\x0b-\x1f\x7f-\U0010ffff]*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\"'\\]")


class BadCommand(ValueError):
    """A command that no service can be started with. tolerated: it had the prefix "-", so only this line is dropped."""

    def __init__(self, message: str, tolerated: bool) -> None:
        super().__init__(message)
        self.tolerated = tolerated


class Prefixes(NamedTuple):
    """The special characters before the path."""

    ignore_failure: bool = False
    own_argv0: bool = False
    expand_env: bool = True
    privilege: str = ""
    login_shell: bool = False


NO_PREFIXES = Prefixes()


def parse_prefixes(word: str) -> Tuple[Prefixes, str]:
    """ "-@/bin/x" to what the characters mean and "/bin/x"; each counts once, the first one too many begins the path."""
    ignore_failure, own_argv0, expand_env, privilege, login_shell = False, False, True, "", False
    at = 0
    while at < len(word):
        char = word[at]
        if char == "-" and not ignore_failure:
            ignore_failure = True
        elif char == "@" and not own_argv0:
            own_argv0 = True
        elif char == ":" and expand_env:
            expand_env = False
        elif char == "|" and not login_shell:
            login_shell = True
        elif char == "+" and not privilege:
            privilege = "+"
        elif char == "!" and privilege in ("", "!"):
            privilege += "!"
        else:
            break
        at += 1
    return Prefixes(ignore_failure, own_argv0, expand_env, privilege, login_shell), word[at:]


def parse_commands(text: str, expand: Callable[[str], str], warn: Callable[[str], None]) -> List[ExecCommand]:
    """All commands of a line; they are separated by ";" as a word of its own.

    expand: specifiers; its ValueError is passed on as BadCommand.   warn: takes what is odd but no error.
    Raises BadCommand.
    """
    plain = _PLAIN.match(text)
    if plain:                           # four lines of five: no quote, escape or separator
        if "%" not in text:
            return [_known_command(text, plain.group(1))]
        return [_plain_command(text, plain.group(1), expand)]
    commands: List[ExecCommand] = []
    at = 0
    while True:
        command, at = _parse_command(text, at, expand, warn)
        if command is None:
            return commands
        commands.append(command)


def _plain_command(text: str, special: str, expand: Callable[[str], str]) -> ExecCommand:
    """A command in whose text nothing but the characters before the path is special."""
    argv = text.split()
    prefixes = NO_PREFIXES
    if special:
        prefixes, argv[0] = parse_prefixes(argv[0])
    tolerated = prefixes.ignore_failure
    if "%" in text:
        argv = [_resolved(word, expand, tolerated) for word in argv]
    path = argv[0]
    _check_path(path, text, tolerated)
    if prefixes.own_argv0:
        del argv[0]
        if not argv or not argv[0]:
            raise BadCommand(f"Empty executable name or zeroeth argument: {text}", tolerated)
    return ExecCommand(path, tuple(argv), tolerated, prefixes.privilege, prefixes.expand_env, prefixes.login_shell)


@functools.lru_cache(maxsize=256)       # many units have the same "/bin/kill -HUP $MAINPID"
def _known_command(text: str, special: str) -> ExecCommand:
    """A plain command without specifiers: what it means depends on nothing else."""
    return _plain_command(text, special, str)


def _word(text: str, at: int, warn: Callable[[str], None], tolerated: bool) -> Tuple[str | None, int]:
    try:
        return next_word(text, at, unescape_at)
    except QuotingError as error:
        if "escape" not in str(error):
            raise BadCommand(f"{error}: {text}", tolerated) from None
    try:
        word = next_word(text, at, _keep_unknown)
    except QuotingError as error:
        raise BadCommand(f"{error}: {text}", tolerated) from None
    warn(f"Ignoring unknown escape sequences: \"{text}\"")
    return word


def _parse_command(
    text: str, at: int, expand: Callable[[str], str], warn: Callable[[str], None],
) -> Tuple[ExecCommand | None, int]:
    first, at = _word(text, at, warn, False)
    if first is None:
        return None, at
    prefixes, bare = parse_prefixes(first)
    tolerated = prefixes.ignore_failure

    path = _resolved(bare, expand, tolerated)
    _check_path(path, text, tolerated)
    argv: List[str] = [] if prefixes.own_argv0 else [path]
    while at < len(text):
        if _is_word(text, at, ";"):
            at += 1
            break
        if _is_word(text, at, "\\;"):       # a ";" that separates nothing: "\;" and no other spelling of it
            argv.append(";")
            at = _skip_blanks(text, at + 2)
            continue
        word, at = _word(text, at, warn, tolerated)
        if word is None:
            break
        argv.append(_resolved(word, expand, tolerated))
    if not argv or not argv[0]:
        raise BadCommand(f"Empty executable name or zeroeth argument: {text}", tolerated)
    return ExecCommand(path, tuple(argv), tolerated, prefixes.privilege, prefixes.expand_env, prefixes.login_shell), at


def _resolved(word: str, expand: Callable[[str], str], tolerated: bool) -> str:
    try:
        return expand(word)
    except ValueError as error:
        raise BadCommand(f"cannot resolve specifiers in {word}: {error}", tolerated) from None


def _is_word(text: str, at: int, word: str) -> bool:
    end = at + len(word)
    return text.startswith(word, at) and (end >= len(text) or text[end] in WHITESPACE)


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in WHITESPACE:
        at += 1
    return at


def _check_path(path: str, text: str, tolerated: bool) -> None:
    if not path:
        raise BadCommand(f"Empty path in command line: {text}", tolerated)
    if _CONTROL.search(path):
        raise BadCommand(f"Executable name contains special characters: {path}", tolerated)
    if path.endswith("/"):
        raise BadCommand(f"Executable path specifies a directory: {path}", tolerated)
    if path[0] == "/":
        valid = len(path) <= NAME_MAX or (len(path) <= PATH_MAX and max(map(len, path.split("/"))) <= NAME_MAX)
    else:
        valid = "/" not in path and path not in (".", "..") and len(path) <= NAME_MAX
    if not valid:
        raise BadCommand(f"Neither a valid executable name nor an absolute path: {path}", tolerated)


def format_command(command: ExecCommand) -> str:
    """A line that parse_commands() reads as this one command; "%" is doubled."""
    prefix = ("-" if command.ignore_failure else "") + ("" if command.expand_env else ":") + command.privilege
    prefix += "|" if command.login_shell else ""
    own = not command.argv or command.argv[0] != command.path
    words = [command.path, *(command.argv if own else command.argv[1:])]
    quoted = [quote(word.replace("%", "%%")) for word in words]
    quoted[0] = prefix + ("@" if own else "") + quoted[0]
    return " ".join(quoted)


# --- variables -----------------------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(r"\$\$|\$\{([^}]*)\}")


class Expanded(NamedTuple):
    """argv:     what the program gets.
    warnings: one line each about variables that are not set or that cannot be names."""

    argv: List[str]
    warnings: List[str]


def expand_argv(argv: Tuple[str, ...], environment: Mapping[str, str]) -> Expanded:
    """Put variables in: "$A" as a word of its own becomes any number of words, "${A}" anywhere becomes its value, "$$" a "$".

    "$A" in the middle of a word stays as it is; a variable that is not set is an empty string, or no word at all.
    """
    out: List[str] = []
    unset: List[str] = []
    invalid: List[str] = []

    def value(name: str) -> str:
        if not _NAME.match(name):
            invalid.append(name)
            return ""
        found = environment.get(name)
        if found is None:
            unset.append(name)
            return ""
        return found

    for word in argv:
        if "$" not in word:
            out.append(word)
        elif word[0] == "$" and word[1:2] not in ("{", "$", ""):
            out.extend(split_variable(value(word[1:])))
        else:
            out.append(_REFERENCE.sub(lambda match: "$" if match.group(1) is None else value(match.group(1)), word))
    return Expanded(out, _variable_warnings(unset, invalid))


def _variable_warnings(unset: List[str], invalid: List[str]) -> List[str]:
    warnings = []
    if unset:
        names = ", ".join(dict.fromkeys(unset))
        warnings.append(f"Referenced but unset environment variable evaluates to an empty string: {names}")
    if invalid:
        names = ", ".join(dict.fromkeys(invalid))
        warnings.append(f"Invalid environment variable name evaluates to an empty string: {names}")
    return warnings
