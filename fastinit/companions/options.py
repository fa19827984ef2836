"""Command lines of the companions: GNU long options without the weight of argparse (20 ms less to start).

In:  argv without the program's name, and a tuple of option words.   Out: Options, or the exit code of the whole program.
Never: looks at what an option means.
Option words: "help h" = --help, -h; "root=" = needs an argument; "pid?" = may have one ("--pid=1").
Messages are those of getopt_long(3), since scripts and people know them.
"""

from __future__ import annotations

import sys
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.errors import FastinitError

VERSION = "systemd 257 (fastinit)"
NONE, NEEDED, MAYBE = "", "=", "?"


class UsageError(FastinitError):
    """A command line that makes no sense; str() is the line for stderr."""


class Options(NamedTuple):
    """given: (long name, value) in the order of the command line, "" where there is no value.   args: all that is no option."""

    given: List[Tuple[str, str]]
    args: List[str]

    def has(self, name: str) -> bool:
        return any(given == name for given, _ in self.given)

    def all(self, name: str) -> List[str]:
        return [value for given, value in self.given if given == name]

    def last(self, name: str, default: str = "") -> str:
        values = self.all(name)
        return values[-1] if values else default


class Table(NamedTuple):
    """long: name -> kind of argument.   short: letter -> long name."""

    long: Dict[str, str]
    short: Dict[str, str]


def compile_table(words: Sequence[str]) -> Table:
    table = Table({}, {})
    for word in words:
        name, _, letter = word.partition(" ")
        kind = name[-1] if name[-1] in "=?" else NONE
        name = name.rstrip("=?")
        table.long[name] = kind
        if letter:
            table.short[letter] = name
    return table


def parse(program: str, argv: Sequence[str], words: Sequence[str], stop_at_argument: bool = False) -> Options:
    """Raises UsageError.   stop_at_argument: what follows the first argument belongs to another program."""
    table = compile_table(words)
    found = Options([], [])
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.args.extend(rest)
            break
        if word.startswith("--"):
            _long(program, word[2:], rest, table, found)
        elif word.startswith("-") and len(word) > 1:
            _short(program, word[1:], rest, table, found)
        else:
            found.args.append(word)
            if stop_at_argument:
                found.args.extend(rest)
                break
    return found


def _long(program: str, word: str, rest: List[str], table: Table, found: Options) -> None:
    name, equals, value = word.partition("=")
    name = _complete(program, name, table)
    kind = table.long[name]
    if equals and kind == NONE:
        raise UsageError(f"{program}: option '--{name}' doesn't allow an argument")
    if kind == NEEDED and not equals:
        if not rest:
            raise UsageError(f"{program}: option '--{name}' requires an argument")
        value = rest.pop(0)
    found.given.append((name, value))


def _complete(program: str, name: str, table: Table) -> str:
    """An abbreviation that fits one option only stands for it."""
    if name in table.long:
        return name
    fits = [option for option in table.long if option.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise UsageError(f"{program}: unrecognized option '--{name}'")
    listed = " ".join(f"'--{option}'" for option in fits)
    raise UsageError(f"{program}: option '--{name}' is ambiguous; possibilities: {listed}")


def _short(program: str, letters: str, rest: List[str], table: Table, found: Options) -> None:
    for at, letter in enumerate(letters):
        name = table.short.get(letter)
        if name is None:
            raise UsageError(f"{program}: invalid option -- '{letter}'")
        kind = table.long[name]
        if kind == NONE:
            found.given.append((name, ""))
            continue
        value = letters[at + 1:]
        if kind == NEEDED and not value:
            if not rest:
                raise UsageError(f"{program}: option requires an argument -- '{letter}'")
            value = rest.pop(0)
        found.given.append((name, value))
        return


def complain(message: str) -> None:
    print(message, file=sys.stderr)


def run(
    program: str, usage: str, words: Sequence[str], argv: Sequence[str], work: Callable[[Options], int],
    stop_at_argument: bool = False,
) -> int:
    """The frame of every companion: --help and --version, one line on stderr for what cannot be done, the exit code.

    A letter that the words give to another option than --help is that option's: shutdown's "-h".
    """
    try:
        options = parse(program, argv, ("help h", "version", *words), stop_at_argument)
        text = _told(options, usage)
        if text is not None:
            print(text)
            return 0
        return work(options)
    except FastinitError as error:
        complain(str(error))
        return int(getattr(error, "exit_code", 1))
    except BrokenPipeError:
        # The reader went away: say nothing, and keep the interpreter from trying to flush again at exit.
        sys.stdout = None
        return 1
    except OSError as error:
        complain(f"{program}: {error.filename or 'system call'}: {error.strerror}")
        return 1


def _told(options: Options, usage: str) -> Optional[str]:
    for name, _ in options.given:
        if name == "help":
            return usage.strip("\n")
        if name == "version":
            return VERSION
    return None
