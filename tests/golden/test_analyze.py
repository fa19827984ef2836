"""systemd-analyze's texts from the same numbers: those of a systemd that runs, read with systemctl, drawn by us and by it."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from fastinit.companions.analyze import boot, dot, plot
from fastinit.control.render.properties.manager import MANAGER_STAMPS

from . import guests

RELATIONS = ("After", "Before", "Requires", "Requisite", "BindsTo", "Wants", "Conflicts")
TIMES = {"InactiveExitTimestampMonotonic": "activating", "ActiveEnterTimestampMonotonic": "activated",
         "ActiveExitTimestampMonotonic": "deactivating", "InactiveEnterTimestampMonotonic": "deactivated"}


@pytest.fixture(scope="module")
def reference() -> Iterator[guests.Guest]:
    reason = guests.missing()
    if reason:
        pytest.skip(reason)
    guests.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=guests.CACHE) as folder:
        try:
            guest = guests.Reference(Path(folder))
        except guests.Unavailable as error:
            pytest.skip(str(error))
        try:
            yield guest
        finally:
            guest.close()


@pytest.fixture(scope="module")
def drawn(reference: guests.Guest) -> str:
    """Asked first: it starts systemd-hostnamed, which is in the numbers from then on."""
    return reference.run("systemd-analyze", "plot", "--scale-svg=3", "--detailed").stdout


@pytest.fixture(scope="module")
def numbers(reference: guests.Guest, drawn: str) -> boot.Boot:
    stamps = _properties(reference.run("systemctl", "show").stdout)[0]
    listed = reference.run("systemctl", "list-units", "--all", "--plain", "--no-legend").stdout
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    wanted = ",".join(("Id", *RELATIONS, *TIMES))
    units = {}
    for found in _properties(reference.run("systemctl", "show", "-p", wanted, "--", *names).stdout):
        units[found["Id"]] = boot.UnitTimes(found["Id"], **{field: int(found[name]) for name, field in TIMES.items()},
                                            relations={kind: found.get(kind, "").split() for kind in RELATIONS})
    default = reference.run("systemctl", "show", "-P", "Id", "default.target").stdout.strip()
    return boot.Boot({name: int(stamps[f"{word}TimestampMonotonic"]) for word, name in MANAGER_STAMPS.items()}, default, units)


def _properties(text: str) -> List[Dict[str, str]]:
    return [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.strip().split("\n\n")]


def test_time(reference: guests.Guest, numbers: boot.Boot) -> None:
    """The two lines of `systemd-analyze`."""
    assert boot.summary(numbers) + "\n" == reference.run("systemd-analyze").stdout


def test_blame(reference: guests.Guest, numbers: boot.Boot) -> None:
    """The same units took the same time."""
    assert sorted(boot.blame_lines(numbers)) == sorted(reference.run("systemd-analyze", "blame").stdout.splitlines())


@pytest.mark.parametrize("fuzz", ("0", "20ms", "10min"))
def test_critical_chain(reference: guests.Guest, numbers: boot.Boot, fuzz: str) -> None:
    """The same tree, what is shown twice abbreviated at the same places."""
    from fastinit.units.timespan import parse_usec
    names = ["multi-user.target", "systemd-logind.service", "timers.target"]
    theirs = reference.run("systemd-analyze", "critical-chain", f"--fuzz={fuzz}", *names).stdout
    out = io.StringIO()
    chain = boot.Chain(numbers, parse_usec(fuzz), out, False, True)
    for name in names:
        chain.show(name)
    assert boot.HEADER + "\n" + out.getvalue() == theirs


@pytest.mark.parametrize("patterns,origins,ends", (
    ([], [], []), (["basic.target"], [], []), (["basic.target"], [], ["sys*"]), ([], ["*.socket"], ["*.slice", "*.mount"]),
    (["*.socket"], ["basic*"], []),
))
def test_dot(reference: guests.Guest, numbers: boot.Boot, patterns: List[str], origins: List[str], ends: List[str]) -> None:
    """The same edges between the units that are loaded."""
    words = [*patterns, *(f"--from-pattern={word}" for word in origins), *(f"--to-pattern={word}" for word in ends)]
    theirs = reference.run("systemd-analyze", "dot", *words).stdout.splitlines()
    ours = dot.edges(list(numbers.units.values()), dot.ORDER + dot.REQUIREMENT, patterns, origins, ends)
    assert sorted(["digraph systemd {", *ours, "}"]) == sorted(theirs)


def test_plot_table(reference: guests.Guest, numbers: boot.Boot) -> None:
    """The same columns, and the same objects as JSON."""
    assert list(plot.table(numbers, True)) == ["\n".join(lines) for lines in _rows(reference, "--table")]
    assert plot.as_json(numbers, True) + "\n" == reference.run("systemd-analyze", "plot", "--json=pretty", "--no-legend").stdout
    assert plot.as_json(numbers, False) + "\n" == reference.run("systemd-analyze", "plot", "--json=short", "--no-legend").stdout


def _rows(reference: guests.Guest, *words: str) -> Iterator[List[str]]:
    """Lines, the blank one before the count together with it."""
    lines = reference.run("systemd-analyze", "plot", *words).stdout.splitlines()
    yield from ([line] for line in lines[:-2])
    yield lines[-2:]


SHAPES = re.compile(r'(?m)^ *<(?:rect class="(?!background)|line|text class=).*$')
NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
THOUSANDTH = 0.0015      # a coordinate that lies between two is rounded to one or the other


def _apart(text: str) -> Tuple[List[str], List[float]]:
    """What is drawn, and where."""
    shapes = "\n".join(SHAPES.findall(text))
    return NUMBER.sub("N", shapes).split("\n"), [float(number) for number in NUMBER.findall(shapes)]


def test_plot_svg(drawn: str, numbers: boot.Boot) -> None:
    """The same bars, lines and texts at the same places."""
    ours = "\n".join(plot.Drawing(numbers, 3.0, True).lines())
    shapes, places = _apart(ours)
    their_shapes, their_places = _apart(drawn)
    assert shapes == their_shapes
    assert places == pytest.approx(their_places, abs=THOUSANDTH)
    assert ours.count("<title>") == drawn.count("<title>") > 10
