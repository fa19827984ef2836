"""systemd-analyze: verbs over the words of the command line, and the lists of what has a name.

In:  options.   Out: text; 0, 1, or the order of two versions.   Never: asks a manager.
Source: systemd-analyze(1).
"""

from __future__ import annotations

import time
from datetime import timezone
from typing import Callable, Dict, List, Sequence, Tuple

from fastinit.companions import timestamp as points
from fastinit.companions.analyze.files import root_of
from fastinit.companions.options import Options, UsageError, complain


def _now(options: Options) -> Tuple[int, int]:
    """(base of calendar times, the real time)."""
    now = time.time_ns() // 1000
    if not options.has("base-time"):
        return now, now
    try:
        return points.parse(options.last("base-time"), now, points.local_zone()), now
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


def calendar(options: Options) -> int:
    from fastinit.units import calendar
    count = options.last("iterations", "1")
    if not count.isdecimal():
        raise UsageError(f"Failed to parse iterations: {count}")
    base, now = _now(options)
    local = points.local_zone()

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
            rows.append(("Next elapse" if number == 1 else f"Iteration #{number}", points.shown(found, local)))
            if points.shown(found, local)[-3:] != "UTC":
                rows.append(("(in UTC)", points.shown(found, timezone.utc)))
            rows.append(("From now", points.relative(found, now)))
        _rows(rows, 15)
    return _each(options.args[1:], show)


def timespan(options: Options) -> int:
    from fastinit.units.timespan import format_usec, parse_usec

    def show(text: str) -> None:
        try:
            usec = parse_usec(text)
        except ValueError:
            raise ValueError(f"Failed to parse time span '{text}': Invalid argument") from None
        _rows((("Original", text), ("μs", str(usec)), ("Human", format_usec(usec))), 8)
    return _each(options.args[1:], show)


def timestamp(options: Options) -> int:
    local, (_, now) = points.local_zone(), _now(options)

    def show(text: str) -> None:
        try:
            usec = points.parse(text, now, local)
        except ValueError:
            raise ValueError(f'Failed to parse "{text}": Invalid argument') from None
        rows = [("Original form", text), ("Normalized form", points.shown(usec, local))]
        if rows[1][1][-3:] != "UTC":
            rows.append(("(in UTC)", points.shown(usec, timezone.utc)))
        fraction = f".{usec % 10**6:06d}" if usec % 10**6 else ""
        rows += [("UNIX seconds", f"@{usec // 10**6}{fraction}"), ("From now", points.relative(usec, now))]
        _rows(rows, 15)
    return _each(options.args[1:], show)


# operators -> what compare_versions() must answer
_TESTS: Dict[str, Tuple[int, ...]] = {
    "lt": (-1,), "<": (-1,), "le": (-1, 0), "<=": (-1, 0), "eq": (0,), "==": (0,), "ne": (-1, 1), "!=": (-1, 1),
    "ge": (0, 1), ">=": (0, 1), "gt": (1,), ">": (1,),
}


def compare_versions(options: Options) -> int:
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


def condition(options: Options) -> int:
    from fastinit.run.conditions.check import HELD, TESTS, check_list, test, text_of
    from fastinit.run.conditions.facts import Facts
    from fastinit.units.model import Condition
    groups: Dict[str, List[Condition]] = {"Assert": [], "Condition": []}
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
    facts, code = Facts(root_of(options)), 0
    for prefix in groups:
        if not groups[prefix]:
            continue
        for one in groups[prefix]:
            complain(f"test.service: {text_of(one, prefix)} {'succeeded' if test(one, facts) == HELD else 'failed'}.")
        good = check_list(groups[prefix], facts)[0]
        complain(f"{prefix}s {'succeeded' if good else 'failed'}.")
        code = code or (0 if good else 1)
    return code


def exit_status(options: Options) -> int:
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


def capability(options: Options) -> int:
    from fastinit.units.parsers.accounts import CAPABILITIES
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
