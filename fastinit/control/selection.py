"""From the words of a command line to units: names are completed, patterns are matched against what is in memory.

In:  words, the engine's units.   Out: unit names, in the order asked for, each once.
Source: systemctl(1), "Parameter Syntax"; fnmatch(3) without flags, as systemd uses it.
"""

from __future__ import annotations

import contextlib
import fnmatch
import re
from typing import Callable, Iterable, List, Mapping, Optional

from fastinit.control.options import UsageError
from fastinit.control.request import YELLOW, Context
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active
from fastinit.units import names

_GLOB = frozenset("*?[")


def is_pattern(word: str) -> bool:
    return not _GLOB.isdisjoint(word)


def complete(word: str, suffix: str = ".service") -> str:
    """One word to one unit name, patterns stay patterns. Raises UsageError."""
    try:
        return names.mangle(word, suffix, globs=True)
    except ValueError:
        raise UsageError("Failed to mangle name: Invalid argument") from None


def expand(words: Iterable[str], units: Mapping[str, UnitRecord], suffix: str = ".service",
           all_states: bool = False) -> List[str]:
    """Names stay what they are; each pattern becomes the units that it matches, of those that `list-units` shows without --all.
    Raises UsageError."""
    found: List[str] = []
    for word in words:
        try:
            name = complete(word, suffix)
        except UsageError as error:
            raise UsageError(f"{error}\nFailed to expand names: Invalid argument") from None
        if is_pattern(name):
            matches = matcher([name])
            shown = ((key, record) for key, record in units.items() if all_states or record.active is not Active.INACTIVE)
            found += sorted(key for key, record in shown if any(map(matches, record.unit.names or (key,))))
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def named(context: Context, suffix: str = ".service") -> List[str]:
    """The units that the words of a request mean; for a name that had to be escaped a word about it. Raises UsageError."""
    found = expand(context.args, context.manager.engine.units, suffix)
    if not context.options.quiet:
        for word in context.args:
            name = complete(word, suffix)
            stem = name.rpartition(".")[0]
            if word not in (name, stem) and not word.startswith("/") and not is_pattern(word):
                context.warn(f'Invalid unit name "{word}" escaped as "{stem}" (maybe you should use systemd-escape?).')
    return found


def plain_names(context: Context) -> List[str]:
    """What the words may mean as units; of a verb that takes no units, something that is none."""
    found = []
    for word in context.args:
        with contextlib.suppress(ValueError):
            found.append(names.mangle(word, ".service", globs=True))
    return [name for name in found if not is_pattern(name)]


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether a name matches one of the patterns; no patterns match everything."""
    parts = [fnmatch.translate(pattern) for pattern in patterns]
    if not parts:
        return lambda _name: True
    compiled = re.compile("|".join(parts))
    return lambda name: compiled.match(name) is not None


def list_matcher(words: Iterable[str], complete_names: bool = True) -> Callable[[str], bool]:
    """For list verbs: "nginx" means nginx.service, "*ssh*" any type; list-unit-files takes both as they are."""
    return matcher([word if is_pattern(word) or not complete_names else complete(word) for word in words])


def warn_if_changed(context: Context, record: Optional[UnitRecord]) -> None:
    """What is in memory is not what the files say by now."""
    if record is None or not context.is_live or context.options.no_warn or not context.manager.loader.needs_reload(record.unit):
        return
    context.warn(f"Warning: The unit file, source configuration file or drop-ins of {record.unit.name} changed on disk. "
                 "Run 'systemctl daemon-reload' to reload units.", YELLOW)
