"""systemd-analyze dot: the units and what binds them, in the language of dot(1).

In:  options, the manager's units.   Out: a digraph on stdout, the meaning of its colours on stderr.
Source: systemd-analyze(1) "dot".
"""

from __future__ import annotations

import os
from typing import Iterator, List, Sequence, Tuple

from fastinit.companions.analyze import boot
from fastinit.companions.analyze.asking import check_names
from fastinit.companions.options import Options, complain

ORDER = (("After", "green"),)
REQUIREMENT = (("Requires", "black"), ("Requisite", "darkblue"), ("BindsTo", "gold"), ("Wants", "grey66"), ("Conflicts", "red"))
LEGEND = """\
   Color legend: black     = Requires
                 dark blue = Requisite
                 gold      = BindsTo
                 dark grey = Wants
                 red       = Conflicts
                 green     = After
"""
HINT = """\
-- You probably want to process this output with graphviz' dot tool.
-- Try a shell pipeline like 'systemd-analyze dot | dot -Tsvg > systemd.svg'!
"""


def edges(units: Sequence[boot.UnitTimes], kinds: Sequence[Tuple[str, str]], patterns: List[str], origins: List[str],
          ends: List[str]) -> Iterator[str]:
    """patterns: one of both ends fits; origins, ends: where an edge begins and ends, unless the patterns name that unit."""
    from fastinit.control.selection import matcher
    named, from_here, to_here = (matcher(words) for words in (patterns, origins, ends))
    for unit in units:
        is_named = bool(patterns) and named(unit.name)
        if origins and not is_named and not from_here(unit.name):
            continue
        for kind, colour in kinds:
            for other in unit.relations.get(kind, ()):
                is_end_named = bool(patterns) and named(other)
                if ends and not is_end_named and not to_here(other):
                    continue
                if not patterns or is_named or is_end_named:
                    yield f'\t"{unit.name}"->"{other}" [color="{colour}"];'


def dot(options: Options) -> int:
    kinds: Sequence[Tuple[str, str]] = ORDER + REQUIREMENT
    for name, _ in options.given:       # the last one counts
        kinds = ORDER if name == "order" else REQUIREMENT if name == "require" else kinds
    patterns = options.args[1:]
    found = boot.fetch(options, *(kind for kind, _ in kinds))
    check_names(patterns, found.units)
    print("digraph systemd {")
    for line in edges(list(found.units.values()), kinds, patterns, options.all("from-pattern"), options.all("to-pattern")):
        print(line)
    print("}")
    complain(LEGEND.rstrip("\n"))
    if not options.has("quiet") and os.isatty(1):
        complain(HINT)
    return 0
