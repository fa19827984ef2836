"""systemd-analyze: the verbs that need no running manager; the others are refused in one line.

In:  a verb with arguments.   Out: text as v252 prints it; 0 or 1.
Source: systemd-analyze(1).
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timezone
from typing import Callable, Dict, List, Sequence, Tuple

from fastinit.companions import timestamp
from fastinit.companions.options import Options, UsageError, complain, run

USAGE = """
systemd-analyze [OPTIONS...] COMMAND ...

Inspect and debug system and service configuration, without a running manager.

Commands:
  calendar SPEC...           Validate repetitive calendar time events
  timespan SPAN...           Validate a time span
  timestamp TIMESTAMP...     Validate a timestamp
  unit-paths                 List load directories for units
  unit-files                 List files and symlinks for units
  exit-status [STATUS...]    List exit status definitions
  capability [CAP...]        List capability definitions
  cat-config NAME|PATH...    Show configuration file and drop-ins
  compare-versions V1 [OP] V2  Compare two version strings
  condition CONDITION...     Evaluate conditions and asserts
  verify FILE...             Check unit files for correctness

Options:
     --iterations=N          Show the specified number of iterations
     --base-time=TIMESTAMP   Calculate calendar times relative to specified time
     --root=PATH             Operate on an alternate filesystem root
  -q --quiet                 Do not emit hints
"""
OPTIONS = ("iterations=", "base-time=", "root=", "quiet q", "user", "system", "global", "no-pager", "man?", "generators?",
           "recursive-errors=", "tldr", "no-legend", "unit= u")
ONLINE = frozenset((
    "time", "blame", "critical-chain", "plot", "dot", "dump", "security", "log-level", "log-target", "service-watchdogs",
    "syscall-filter", "filesystems", "inspect-elf", "malloc", "fdstore", "image-policy", "pcrs", "srk", "architectures",
    "smbios11",
))


def _root(options: Options) -> str:
    return os.path.abspath(options.last("root")).rstrip("/") if options.last("root") else ""


def _now(options: Options) -> Tuple[int, int]:
    """(base of calendar times, the real time)."""
    now = time.time_ns() // 1000
    if not options.has("base-time"):
        return now, now
    try:
        return timestamp.parse(options.last("base-time"), now, timestamp.local_zone()), now
    except ValueError:
        raise UsageError(f"Failed to parse --base-time= parameter: {options.last('base-time')}") from None


def _each(words: Sequence[str], show: Callable[[str], None]) -> int:
    """Every argument, a blank line between two; one that is wrong does not keep the others."""
    code = 0
    for at, word in enumerate(words):
        try:
            show(word)
        except ValueError as error:
            complain(str(error))
            code = 1
        if at + 1 < len(words):
            print()
    return code


def _rows(rows: Sequence[Tuple[str, str]], width: int) -> None:
    for name, value in rows:
        print(f"{name:>{width}}: {value}")


def _calendar(options: Options) -> int:
    from fastinit.units import calendar
    count = options.last("iterations", "1")
    if not count.isdecimal():
        raise UsageError(f"Failed to parse iterations: {count}")
    base, now = _now(options)
    local = timestamp.local_zone()

    def show(text: str) -> None:
        spec = calendar.parse(text)
        normal = calendar.format_spec(spec)
        rows = [("Original form", text)] if normal != text else []
        rows.append(("Normalized form", normal))
        after = base
        for number in range(1, int(count) + 1):
            found = calendar.next_elapse(spec, after, local)
            if found is None:
                if number == 1:
                    rows.append(("Next elapse", "never"))
                break
            after = found
            rows.append(("Next elapse" if number == 1 else f"Iteration #{number}", timestamp.shown(found, local)))
            if timestamp.shown(found, local)[-3:] != "UTC":
                rows.append(("(in UTC)", timestamp.shown(found, timezone.utc)))
            rows.append(("From now", timestamp.relative(found, now)))
        _rows(rows, 15)
    return _each(options.args[1:], show)


def _timespan(options: Options) -> int:
    from fastinit.units.timespan import format_usec, parse_usec

    def show(text: str) -> None:
        try:
            usec = parse_usec(text)
        except ValueError:
            raise ValueError(f"Failed to parse time span '{text}': Invalid argument") from None
        _rows((("Original", text), ("μs", str(usec)), ("Human", format_usec(usec))), 8)
    return _each(options.args[1:], show)


def _timestamp(options: Options) -> int:
    local, (_, now) = timestamp.local_zone(), _now(options)

    def show(text: str) -> None:
        try:
            usec = timestamp.parse(text, now, local)
        except ValueError:
            raise ValueError(f'Failed to parse "{text}": Invalid argument') from None
        rows = [("Original form", text), ("Normalized form", timestamp.shown(usec, local))]
        if rows[1][1][-3:] != "UTC":
            rows.append(("(in UTC)", timestamp.shown(usec, timezone.utc)))
        fraction = f".{usec % 10**6:06d}" if usec % 10**6 else ""
        rows += [("UNIX seconds", f"@{usec // 10**6}{fraction}"), ("From now", timestamp.relative(usec, now))]
        _rows(rows, 15)
    return _each(options.args[1:], show)


def _unit_paths(options: Options) -> int:
    from fastinit.units.loader import Loader
    print("\n".join(Loader(_root(options), user=options.has("user")).paths))
    return 0


def _unit_files(options: Options) -> int:
    """Every name with the file it is from; the first folder that has it counts."""
    from fnmatch import fnmatchcase

    from fastinit.units.loader import Loader
    from fastinit.units.names import is_valid
    found: Dict[str, str] = {}
    for folder in Loader(_root(options), user=options.has("user")).paths:
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue                # most folders of the search path are not there
        for name in entries:
            if is_valid(name):
                found.setdefault(name, f"{folder}/{name}")
    for name, path in sorted(found.items()):
        if not options.args[1:] or any(fnmatchcase(name, pattern) for pattern in options.args[1:]):
            target = f" → {os.readlink(path)}" if os.path.islink(path) else ""
            print(f"{name}: {path}{target}")
    return 0


def _exit_status(options: Options) -> int:
    from fastinit.units.values import EXIT_STATUS, parse_exit_status
    wanted: List[int] = []
    for word in options.args[1:]:
        try:
            wanted.append(parse_exit_status(word))
        except ValueError:
            raise UsageError(f'Invalid exit status "{word}".') from None
    rows = [("NAME", "STATUS", "CLASS")]
    for number in wanted or sorted(EXIT_STATUS):
        name, kind = EXIT_STATUS.get(number, ("-", "-"))
        rows.append((name, str(number), kind))
    width = max(len(row[0]) for row in rows)
    print("\n".join(f"{name:{width}} {number:>6} {kind}" for name, number, kind in rows))
    return 0


def _capability(options: Options) -> int:
    from fastinit.units.parsers import CAPABILITIES
    by_number = {number: name for name, number in CAPABILITIES.items()}
    wanted = []
    for word in options.args[1:]:
        number = int(word) if word.isdecimal() else CAPABILITIES.get(word.lower()[4:] if word.lower().startswith("cap_") else "")
        if number is None or number not in by_number:
            raise UsageError(f'Capability "{word}" not known.')
        wanted.append(number)
    rows = [("NAME", "NUMBER")]
    rows += [("cap_" + by_number[number], str(number)) for number in sorted(wanted or by_number)]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:{width}} {number:>6}" for name, number in rows))
    return 0


CONFIG_FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def _cat_config(options: Options) -> int:
    from fastinit.companions import confd
    root = _root(options)
    if len(options.args) < 2:
        raise UsageError("Too few arguments.")
    for name in options.args[1:]:
        short = name
        if name.startswith("/"):
            folder = next((folder for folder in CONFIG_FOLDERS if name.startswith(folder + "/")), "")
            if not folder:
                raise UsageError(f"Path {name} does not start with any known prefix.")
            short = name[len(folder) + 1:]
        main = [path for path in (f"{root}{folder}/{short}" for folder in CONFIG_FOLDERS) if os.path.isfile(path)][:1]
        drop_ins = confd.configured(root, [f"{folder}/{short}.d" for folder in CONFIG_FOLDERS])
        confd.print_all(main + drop_ins, options.has("tldr"))
    return 0


# operators -> what compare_versions() must answer
_TESTS: Dict[str, Tuple[int, ...]] = {
    "lt": (-1,), "<": (-1,), "le": (-1, 0), "<=": (-1, 0), "eq": (0,), "==": (0,), "ne": (-1, 1), "!=": (-1, 1),
    "ge": (0, 1), ">=": (0, 1), "gt": (1,), ">": (1,),
}


def _compare_versions(options: Options) -> int:
    from fastinit.run.versions import compare_versions
    words = options.args[1:]
    if len(words) == 2:
        order = compare_versions(words[0], words[1])
        print(words[0], "<" if order < 0 else ">" if order > 0 else "==", words[1])
        return 12 if order < 0 else 11 if order > 0 else 0
    if len(words) != 3:
        raise UsageError("Too few arguments." if len(words) < 2 else "Too many arguments.")
    accepted = _TESTS.get(words[1])
    if accepted is None:
        raise UsageError(f'Unknown operator "{words[1]}".')
    return 0 if compare_versions(words[0], words[2]) in accepted else 1


def _condition(options: Options) -> int:
    from fastinit.run.conditions import HELD, TESTS, Facts, check_list, test, text_of
    from fastinit.units.model import Condition
    groups: Dict[str, List[Condition]] = {"Assert": [], "Condition": []}
    if len(options.args) < 2:
        raise UsageError("Too few arguments.")
    for word in options.args[1:]:
        directive, equals, value = word.partition("=")
        prefix = next((prefix for prefix in groups if directive.startswith(prefix)), "")
        if not equals or not prefix or directive[len(prefix):] not in TESTS:
            raise UsageError(f'Cannot parse "{word}".')
        value = value.strip()
        trigger = value.startswith("|")
        value = value[trigger:]
        negate = value.startswith("!")
        groups[prefix].append(Condition(directive[len(prefix):], value[negate:].strip(), trigger, negate))
    facts, code = Facts(_root(options)), 0
    for prefix in groups:
        if not groups[prefix]:
            continue
        for one in groups[prefix]:
            complain(f"test.service: {text_of(one, prefix)} {'succeeded' if test(one, facts) == HELD else 'failed'}.")
        good = check_list(groups[prefix], facts)[0]
        complain(f"{prefix}s {'succeeded' if good else 'failed'}.")
        code = code or (0 if good else 1)
    return code


def _verify(options: Options) -> int:
    """Load each file as a unit, its folder first in the search path; every warning is a line and makes the answer 1."""
    from fastinit.units.loader import Loader
    if len(options.args) < 2:
        raise UsageError("Too few arguments.")
    code = 0
    for word in options.args[1:]:
        loader = Loader(_root(options), user=options.has("user"))
        folder, name = os.path.split(word)
        if folder or os.path.exists(word):
            if not os.path.isfile(word):
                raise UsageError(f"Failed to prepare filename {word}: No such file or directory")
            loader.paths = (os.path.abspath(folder or "."), *loader.paths)
        unit = loader.load(name)
        lines = list(unit.warnings)
        if unit.load_state != "loaded":
            lines.append(f"{name}: {unit.load_error or 'Unit is ' + unit.load_state}")
        for line in lines:
            complain(line)
        code = code or (1 if lines else 0)
    return code


VERBS: Dict[str, Callable[[Options], int]] = {
    "calendar": _calendar, "timespan": _timespan, "timestamp": _timestamp, "unit-paths": _unit_paths,
    "unit-files": _unit_files, "exit-status": _exit_status, "exit-codes": _exit_status, "capability": _capability,
    "cat-config": _cat_config, "compare-versions": _compare_versions, "condition": _condition, "verify": _verify,
}
NEED_ARGUMENT = frozenset(("calendar", "timespan", "timestamp"))


def _work(options: Options) -> int:
    verb = options.args[0] if options.args else "time"
    if verb in ONLINE:
        raise UsageError(f"cannot {verb}: this verb is not available; those that are stand in systemd-analyze --help")
    if verb == "help":
        print(USAGE.strip("\n"))
        return 0
    if verb not in VERBS:
        raise UsageError(f"Unknown command verb {verb}.")
    if verb in NEED_ARGUMENT and len(options.args) < 2:
        raise UsageError("Too few arguments.")
    code = VERBS[verb](options)
    sys.stdout.flush()
    return code


def main(argv: List[str]) -> int:
    return run("systemd-analyze", USAGE, OPTIONS, argv, _work)
