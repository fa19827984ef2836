"""All that the start of a unit pulls in, one after the other: found once, known until a dependency changes.

In:  a unit's id, dependencies by atom.   Out: who has to be up, and who down, so that no job but the unit's own is needed.
A service that comes back after its end pulls in all of sysinit.target again, which was two thirds of what its restart cost, and
nearly always for nothing: everything is up.
Never: looks at a state; that is the question's part, is_quiet().
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Set

from fastinit.plan import jobs
from fastinit.plan.record import UnitRecord
from fastinit.plan.rules import Atom

Deps = Callable[[str, Atom], List[UnitRecord]]


class Closure(NamedTuple):
    """Without the unit itself."""

    up: List[UnitRecord]            # start and verify-active jobs are pulled in for these
    down: List[UnitRecord]          # stop jobs; where these are not needed, nothing that they would stop in turn is stopped
    restarted: List[UnitRecord]     # try-restart jobs, or stop jobs that become such, when the unit is restarted


class Closures:
    """deps: as World.deps. forget() whenever it would answer otherwise than before."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._known: Dict[str, Closure] = {}

    def forget(self) -> None:
        self._known.clear()

    def of(self, name: str) -> Closure:
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Closure:
        up: Dict[str, UnitRecord] = {}
        down: Dict[str, UnitRecord] = {}
        followed: Set[str] = {name}
        todo = [name]
        while todo:
            current = todo.pop()
            for atom in (Atom.PULL_IN_START, Atom.PULL_IN_START_IGNORED):
                for other in self._deps(current, atom):
                    if atom is Atom.PULL_IN_START_IGNORED and other.unit.load_state in ("not-found", "masked"):
                        continue        # cannot be had, and nobody minds
                    up[other.unit.name] = other
                    if other.unit.name not in followed:
                        followed.add(other.unit.name)
                        todo.append(other.unit.name)
            for other in self._deps(current, Atom.PULL_IN_VERIFY):
                up[other.unit.name] = other
            for atom in (Atom.PULL_IN_STOP, Atom.PULL_IN_STOP_IGNORED):
                down.update((other.unit.name, other) for other in self._deps(current, atom))
        up.pop(name, None)
        restarted = [other for atom in (Atom.PROPAGATE_RESTART, Atom.PROPAGATE_STOP_GRACEFUL) for other in self._deps(name, atom)]
        return Closure(list(up.values()), list(down.values()), restarted)


def is_quiet(closure: Closure, record: UnitRecord, is_restart: bool) -> bool:
    """Each job that a start or restart of the record would pull in is one that its unit does not need, and meets no other job."""
    for other in closure.up:
        if other.active not in jobs.UP or other.job is not None or other.unit.load_state != "loaded":
            return False
    for other in closure.down:
        if other.active not in jobs.DOWN or other.job is not None or other is record:
            return False
    if is_restart:
        for other in closure.restarted:
            if other.active not in jobs.DOWN or other.job is not None:
                return False
    return True
