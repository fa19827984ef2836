"""The engine's memory: units, jobs, dependencies, timers, and what is to be told.

In:  a function that loads units.   Out: records by name, dependencies by atom, effects in order, the next deadline.
Never: decides anything about a unit or a job.
Cost: nothing here depends on how many units there are, except rebuild().
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import replace
from typing import Callable, Collection, Dict, Iterator, List, Optional, Set, Tuple

from fastinit.plan.closure import Closures
from fastinit.plan.effects import Effect, LogLine
from fastinit.plan.jobs import STOPPING_TYPES
from fastinit.plan.record import Job, UnitRecord
from fastinit.plan.rules import ATOMS, KINDS_WITH, Atom
from fastinit.units.model import REVERSE, USEC_INFINITY, Unit

Load = Callable[[str], Unit]

FEW_STOPS = 8       # so many lookups are cheaper than a list of all units that come later

# Which deadline of a unit or job a timer stands for; the field is the truth, the heap only says when to look.
STATE, WATCHDOG, RUNTIME, IDLE, JOB, RETRY = "state", "watchdog", "runtime", "idle", "job", "retry"
RECORD_FIELDS = {STATE: "deadline_usec", WATCHDOG: "watchdog_deadline_usec", RUNTIME: "runtime_deadline_usec", IDLE: "idle_usec"}


class World:
    """See the module."""

    def __init__(self, load: Load, pick: Callable[[int], int]) -> None:
        self.load = load
        self.pick = pick                        # a random number 0 ≤ n < limit
        self.now_usec = 0
        self.now_realtime_usec = 0
        self.units: Dict[str, UnitRecord] = {}
        self.names: Dict[str, str] = {}         # alias -> id
        self.jobs: Dict[int, Job] = {}
        self.stops: Dict[str, int] = {}         # of these, the stops and restarts: unit -> id; see touch_job()
        self.next_job_id = 1
        self.next_spawn_id = 1
        self.watchdogs = True                   # False: neither WatchdogSec= nor the actions of failures have an effect
        self.effects: List[Effect] = []
        self.dirty: Set[str] = set()
        self.retry_usec: Dict[str, int] = {}    # units whose automatic start or stop comes too often: when to look again
        # touched since garbage.py has looked at them; of a plain dict the first one is behind the gaps of all before it
        self.unsure: "OrderedDict[str, None]" = OrderedDict()
        # id -> kind -> ids in order. True: it is said by the unit itself, not (only) by the other one.
        self._edges: Dict[str, Dict[str, Dict[str, bool]]] = {}
        self.closures = Closures(self.deps)
        self._timers: List[Tuple[int, int, str, str]] = []
        self._timer_serial = 0

    # ---- units ----

    def find(self, name: str) -> Optional[UnitRecord]:
        return self.units.get(self.names.get(name, name))

    def get(self, name: str) -> UnitRecord:
        """Loads the unit and all that it refers to, when it is not in memory. A unit that was not there is looked for again."""
        record = self.find(name)
        if record is None:
            return self._bring_in(name)
        if record.unit.load_state == "not-found" and record.job is None:
            unit = self.load(name)
            if unit.load_state != "not-found":
                self._replace(record, unit)
        return record

    def deps(self, name: str, atom: Atom) -> List[UnitRecord]:
        """Each unit once, in the order of the files. Half of what a transaction does is to ask this, mostly in vain."""
        edges = self._edges.get(name)
        if not edges:
            return []
        found: Dict[str, bool] = {}
        for kind in KINDS_WITH[atom]:
            if kind in edges:
                found.update(edges[kind])
        return [self.units[other] for other in found if other in self.units]

    def has(self, name: str, atom: Atom, other: str) -> bool:
        edges = self._edges.get(name, {})
        return any(other in edges.get(kind, ()) for kind in KINDS_WITH[atom])

    def stops_after(self, name: str, stops: Collection[str]) -> List[str]:
        """Of the units in stops, those that are ordered after this one. Where there are few each is asked, not the unit:
        basic.target is Before= every service that there is."""
        if len(stops) <= FEW_STOPS:
            return [other for other in stops if other in self.units and self.has(name, Atom.BEFORE, other)]
        return [other.unit.name for other in self.deps(name, Atom.BEFORE) if other.unit.name in stops]

    def related(self, name: str, kind: str) -> List[str]:
        return list(self._edges.get(name, {}).get(kind, ()))

    def rebuild(self, load: Load) -> None:
        """daemon-reload: every unit in memory is read again, records and jobs stay."""
        self.load = load
        self._edges.clear()
        self.names.clear()
        self.unsure.update(dict.fromkeys(self.units))
        for name in tuple(self.units):
            record = self.units.get(name)
            if record is not None:
                record.unit = self.as_id(load(name), name)
                self._name(record)
        self._link([(record.unit.name, record.unit) for record in self.units.values()])

    def drop(self, name: str) -> List[str]:
        """Forget a unit that nobody refers to. Returns whom it has named itself."""
        record = self.units.pop(name)
        self.closures.forget()
        for alias in [name, *record.unit.names]:
            if self.names.get(alias) == name:
                del self.names[alias]
        self.retry_usec.pop(name, None)
        named: List[str] = []
        for kind, others in self._edges.pop(name, {}).items():
            named += [other for other, by_itself in others.items() if by_itself]
            for other in others:
                self._edges.get(other, {}).get(_INVERSE[kind], {}).pop(name, None)
        self.touch(record)
        return named

    def named_by(self, name: str) -> Iterator[UnitRecord]:
        """Units in memory that name this one themselves: Before= of one is After= of the other, but says nothing about it."""
        for kind, others in self._edges.get(name, {}).items():
            inverse = _INVERSE[kind]
            for other in others:
                if other in self.units and self._edges[other][inverse].get(name):
                    yield self.units[other]

    def is_referenced(self, name: str) -> bool:
        return next(self.named_by(name), None) is not None

    def _bring_in(self, name: str) -> UnitRecord:
        unit = self.load(name)
        known = self.units.get(unit.name)
        if known is not None:       # a new alias of a known unit
            self.names[name] = known.unit.name
            return known
        record = self._add(unit)
        self._link([(unit.name, unit)])
        return record

    def _add(self, unit: Unit) -> UnitRecord:
        record = UnitRecord(unit)
        self.units[unit.name] = record
        self.unsure[unit.name] = None
        self._name(record)
        for warning in unit.warnings:
            self.log("", 4, warning)
        return record

    def adopt(self, record: UnitRecord) -> None:
        """A unit as an earlier manager has left it; relink() follows when all are there."""
        self.units[record.unit.name] = record
        self._name(record)

    def relink(self) -> None:
        self._edges.clear()
        self.unsure.update(dict.fromkeys(self.units))
        self._link([(record.unit.name, record.unit) for record in tuple(self.units.values())])

    def _replace(self, record: UnitRecord, unit: Unit) -> None:
        old = record.unit.name
        known = self.units.get(unit.name)
        if unit.name != old and known is None:
            unit = self.as_id(unit, old)
        elif unit.name != old:      # it has become an alias of a unit in memory
            self.names[old] = unit.name
            return
        record.unit = unit      # what was not there had no dependencies of its own, so no edge is stale
        self._name(record)
        self._link([(unit.name, unit)])
        self.touch(record)

    @staticmethod
    def as_id(unit: Unit, name: str) -> Unit:
        """A record keeps its name even where the file is now an alias: processes and jobs are known by it."""
        if unit.name == name:
            return unit
        return replace(unit, name=name, names=unit.names | {name})

    def _name(self, record: UnitRecord) -> None:
        for alias in record.unit.names:
            if alias != record.unit.name and alias not in self.units:
                self.names[alias] = record.unit.name

    def _link(self, todo: List[Tuple[str, Unit]]) -> None:
        """Enter the dependencies of these units, loading what they name, and so on."""
        self.closures.forget()
        while todo:
            name, unit = todo.pop()
            edges = self._edges.setdefault(name, {})
            for kind, targets in unit.dependencies.items():
                own, reverse = edges.setdefault(kind, {}), REVERSE[kind]
                for target in targets:
                    other = self.units.get(self.names.get(target, target))
                    if other is None:
                        loaded = self.load(target)
                        other = self.units.get(loaded.name)
                        if other is None:
                            other = self._add(loaded)
                            todo.append((loaded.name, loaded))
                        else:
                            self.names[target] = loaded.name
                    other_name = other.unit.name
                    if other_name != name:
                        own[other_name] = True
                        self._edges.setdefault(other_name, {}).setdefault(reverse, {}).setdefault(name, False)

    # ---- telling ----

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def log(self, unit: str, priority: int, text: str) -> None:
        self.effects.append(LogLine(unit, priority, text))

    def touch(self, record: UnitRecord) -> None:
        self.dirty.add("unit:" + record.unit.name)
        self.unsure[record.unit.name] = None

    def touch_job(self, job: Job) -> None:
        """Every change of a job comes by here."""
        self.dirty.add(f"job:{job.id}")
        if job.type in STOPPING_TYPES and job.id in self.jobs:
            self.stops[job.unit] = job.id
        elif self.stops.get(job.unit) == job.id:
            del self.stops[job.unit]

    def new_spawn_id(self) -> int:
        self.next_spawn_id += 1
        self.dirty.add("engine")
        return self.next_spawn_id - 1

    def new_job_id(self) -> int:
        self.next_job_id += 1
        self.dirty.add("engine")
        return self.next_job_id - 1

    # ---- time ----

    def arm(self, record: UnitRecord, kind: str, at_usec: int) -> None:
        """Set one of the record's deadlines; USEC_INFINITY takes it away."""
        field = RECORD_FIELDS[kind]
        at_usec = min(at_usec, USEC_INFINITY)
        if getattr(record, field) != at_usec:
            setattr(record, field, at_usec)
            self.touch(record)
        self._push(at_usec, kind, record.unit.name)

    def arm_job(self, job: Job) -> None:
        self._push(job.deadline_usec, JOB, str(job.id))

    def arm_retry(self, name: str, at_usec: int) -> None:
        self.retry_usec[name] = at_usec
        self._push(at_usec, RETRY, name)

    def after(self, usec: int) -> int:
        return USEC_INFINITY if usec >= USEC_INFINITY else self.now_usec + usec

    def next_deadline(self) -> int:
        while self._timers and self._truth(self._timers[0]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else USEC_INFINITY

    def pop_due(self) -> Optional[Tuple[str, str]]:
        """(kind, unit or job id) of one deadline that has passed; its field is cleared."""
        if self.next_deadline() > self.now_usec:
            return None
        _, _, kind, key = heapq.heappop(self._timers)
        if kind == JOB:
            self.jobs[int(key)].deadline_usec = USEC_INFINITY
        elif kind == RETRY:
            del self.retry_usec[key]
        else:
            setattr(self.units[key], RECORD_FIELDS[kind], USEC_INFINITY)
            self.touch(self.units[key])
        return kind, key

    def _push(self, at_usec: int, kind: str, key: str) -> None:
        if at_usec < USEC_INFINITY:
            self._timer_serial += 1
            heapq.heappush(self._timers, (at_usec, self._timer_serial, kind, key))

    def _truth(self, timer: Tuple[int, int, str, str]) -> int:
        _, _, kind, key = timer
        if kind == JOB:
            job = self.jobs.get(int(key))
            return job.deadline_usec if job else 0
        if kind == RETRY:
            return self.retry_usec.get(key, 0)
        record = self.units.get(key)
        return int(getattr(record, RECORD_FIELDS[kind])) if record else 0


_FORWARD_KINDS = frozenset(REVERSE)
_FORWARD = {reverse: kind for kind, reverse in REVERSE.items()}
_INVERSE = {**_FORWARD, **REVERSE}
assert set(ATOMS) == _FORWARD_KINDS | set(_FORWARD)
