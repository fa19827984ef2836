"""From one wish to the set of jobs that it takes: pulled in, merged, free of cycles, checked against what is queued.

In:  a job type, a unit, a mode, the world as it is.   Out: Plan: the jobs to queue, the queued jobs to cancel, log lines.
Never: changes a unit or a queued job; recurses (a chain of 10,000 units is no deeper than one of two).
Raises RequestError in systemd's words when the wish cannot be met.
Source: systemd.unit(5), systemctl(1) "--job-mode=".
"""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from fastinit.errors import RequestError
from fastinit.plan import jobs
from fastinit.plan.closure import is_quiet
from fastinit.plan.record import Job, UnitRecord
from fastinit.plan.rules import Atom
from fastinit.plan.states import JobMode, JobType
from fastinit.plan.world import World
from fastinit.units import names
from fastinit.units.model import Unit

# systemctl(1) "EXIT STATUS", as the shell sees it
RC_NOT_APPLICABLE, RC_REFUSED, RC_NOT_FOUND, RC_LOAD_FAILED = 3, 4, 5, 6

LOAD_ERRORS: Dict[str, Tuple[str, int]] = {
    "not-found":   ("Unit {0} not found.", RC_NOT_FOUND),
    "bad-setting": ("Unit {0} has a bad unit file setting.", 1),
    "error":       ("Unit {0} failed to load properly, please adjust/correct and reload service manager: {1}", RC_LOAD_FAILED),
    "masked":      ("Unit {0} is masked.", 1),
}

# Modes under which a kind of job makes no sense.
MODE_ONLY_FOR: Dict[JobMode, Tuple[JobType, str]] = {
    JobMode.ISOLATE: (JobType.START, "Isolate is only valid for start."),
    JobMode.TRIGGERING: (JobType.STOP, "--job-mode=triggering is only valid for stop."),
    JobMode.RESTART_DEPENDENCIES: (JobType.START, "--job-mode=restart-dependencies is only valid for start."),
}

# In these a start or restart concerns what its dependencies name, and nothing else.
PLAIN_MODES = (JobMode.REPLACE, JobMode.FAIL, JobMode.REPLACE_IRREVERSIBLY, JobMode.RESTART_DEPENDENCIES)

CanReload = Callable[[UnitRecord], bool]


class Plan(NamedTuple):
    """jobs: one per unit, consistent with each other. cancel: queued jobs that have to go (isolate, flush)."""

    jobs: List["Wanted"]
    cancel: List[Job]
    lines: List[Tuple[str, int, str]]       # unit, priority, text


class Wanted:
    """One job of the plan. wanted_by: who asked for it, and whether that one cannot do without."""

    __slots__ = ("conflicted", "gone", "ignore_order", "is_anchor", "matters", "record", "type", "wanted_by", "wants")

    def __init__(self, record: UnitRecord, type: JobType) -> None:
        self.record = record
        self.type = type
        self.wanted_by: Dict[Wanted, bool] = {}
        self.wants: Dict[Wanted, bool] = {}
        self.matters = False            # to the anchor
        self.is_anchor = False
        self.gone = False
        self.ignore_order = False
        self.conflicted = False         # it is a stop because of Conflicts=

    @property
    def name(self) -> str:
        return self.record.unit.name

    def __str__(self) -> str:
        return f"{self.name}/{self.type.value}"


class _Step(NamedTuple):
    """Still to be added: a job, who asks, whether that one cannot do without it."""

    type: JobType
    record: UnitRecord
    by: Wanted
    matters: bool
    conflicts: bool = False


def build(world: World, can_reload: CanReload, type: JobType, record: UnitRecord, mode: JobMode) -> Plan:
    """Raises RequestError."""
    only = MODE_ONLY_FOR.get(mode)
    if only and type is not only[0]:
        raise RequestError(only[1])
    if mode is JobMode.ISOLATE and not record.unit.allow_isolate:
        raise RequestError("Operation refused, unit may not be isolated.", RC_REFUSED)
    builder = _Builder(world, can_reload, mode)
    builder.pull_in(jobs.collapse(type, record.active), record)
    return builder.finish()


def load_error(unit: Unit) -> Optional[RequestError]:
    if unit.load_state == "loaded":
        return None
    if unit.load_state == "error" and (names.is_template(unit.name) or not names.is_valid(unit.name)):
        why = "is missing the instance name" if names.is_template(unit.name) else "is not valid"
        return RequestError(f"Unit name {unit.name} {why}.", 1)
    words, exit_code = LOAD_ERRORS[unit.load_state]
    return RequestError(words.format(unit.name, unit.load_error), exit_code)


class _Builder:
    def __init__(self, world: World, can_reload: CanReload, mode: JobMode) -> None:
        self.world = world
        self.can_reload = can_reload
        self.mode = mode
        self.by_unit: Dict[str, List[Wanted]] = {}
        self.anchor: Wanted
        self.lines: List[Tuple[str, int, str]] = []
        self._graceful: List[Wanted] = []
        self._refusals: Dict[Tuple[str, JobType], RequestError] = {}    # taken out once: not to be added again, and again
        self._restarts_as = JobType.RESTART
        self._stopping: FrozenSet[str] = frozenset()

    # ---- step 1: everything that the wish pulls in ----

    def pull_in(self, type: JobType, record: UnitRecord) -> None:
        self._check(type, record)
        self.anchor = self._add(type, record)
        self.anchor.is_anchor = True
        if self._nothing_follows():
            return
        self._walk(self.anchor)
        if self.mode is JobMode.ISOLATE:
            self._isolate()
        elif self.mode is JobMode.TRIGGERING:
            for other in self.world.deps(record.unit.name, Atom.TRIGGERED_BY):
                self._add_and_walk(_Step(JobType.STOP, other, self.anchor, True))
        self._propagate_gracefully()

    def _nothing_follows(self) -> bool:
        """All that the walk would find would be dropped again as redundant."""
        type, record = self.anchor.type, self.anchor.record
        if type not in (JobType.START, JobType.RESTART) or self.mode not in PLAIN_MODES:
            return False
        is_restart = type is JobType.RESTART or self.mode is JobMode.RESTART_DEPENDENCIES
        return is_quiet(self.world.closures.of(record.unit.name), record, is_restart)

    def _add_and_walk(self, step: _Step) -> None:
        added = self._try_add(step)
        if added is not None:
            self._walk(added)

    def _walk(self, first: Wanted) -> None:
        queue: Deque[Wanted] = deque([first])
        while queue:
            wanted = queue.popleft()
            for step in self._consequences(wanted):
                added = None if wanted.gone else self._try_add(step)
                if added is not None:
                    queue.append(added)

    def _consequences(self, wanted: Wanted) -> Iterable[_Step]:
        if self.mode in (JobMode.IGNORE_REQUIREMENTS, JobMode.IGNORE_DEPENDENCIES):
            return
        if wanted.type in (JobType.START, JobType.RESTART):
            yield from self._follow(wanted, Atom.PULL_IN_START, JobType.START, True)
            yield from self._follow(wanted, Atom.PULL_IN_START_IGNORED, JobType.START, False)
            yield from self._follow(wanted, Atom.PULL_IN_VERIFY, JobType.VERIFY_ACTIVE, True)
            yield from self._follow(wanted, Atom.PULL_IN_STOP, JobType.STOP, True, True)
            yield from self._follow(wanted, Atom.PULL_IN_STOP_IGNORED, JobType.STOP, False)
        as_restart = wanted.is_anchor and self.mode is JobMode.RESTART_DEPENDENCIES
        if wanted.type is JobType.STOP:
            yield from self._follow(wanted, Atom.PROPAGATE_STOP, JobType.STOP, True)
        elif wanted.type is JobType.RESTART or as_restart:
            # only what is up: a restart must not start what nobody has started
            yield from self._follow(wanted, Atom.PROPAGATE_RESTART, JobType.TRY_RESTART, True)
        elif wanted.type is JobType.RELOAD:
            yield from self._follow(wanted, Atom.PROPAGATE_RELOAD, JobType.TRY_RELOAD, False)
        if wanted.type in jobs.STOPPING_TYPES:
            self._graceful.append(wanted)

    def _follow(self, wanted: Wanted, atom: Atom, type: JobType, matters: bool, conflicts: bool = False) -> Iterable[_Step]:
        for other in self.world.deps(wanted.name, atom):
            collapsed = jobs.collapse(type, other.active)
            if collapsed is not JobType.NOP:
                yield _Step(collapsed, other, wanted, matters, conflicts)

    def _propagate_gracefully(self) -> None:
        """PropagatesStopTo=: last, when it is known whether the same transaction wants the other unit up."""
        done: Set[int] = set()
        while self._graceful:
            wanted = self._graceful.pop(0)
            if wanted.gone or id(wanted) in done:
                continue
            done.add(id(wanted))
            for other in self.world.deps(wanted.name, Atom.PROPAGATE_STOP_GRACEFUL):
                wanted_up = any(one.type is not JobType.STOP for one in self.by_unit.get(other.unit.name, ()))
                restart = wanted_up or wanted.type is JobType.RESTART
                type = jobs.collapse(JobType.TRY_RESTART if restart else JobType.STOP, other.active)
                if type is not JobType.NOP:
                    self._add_and_walk(_Step(type, other, wanted, True))

    def _isolate(self) -> None:
        for record in tuple(self.world.units.values()):
            if record.unit.ignore_on_isolate or record.unit.name in self.by_unit:
                continue
            if record.active in jobs.DOWN and record.job is None:
                continue
            self._add_and_walk(_Step(JobType.STOP, record, self.anchor, True))

    def _try_add(self, step: _Step) -> Optional[Wanted]:
        """The job when it is new. A job that cannot be had takes down with it what cannot do without it."""
        try:
            self._check(step.type, step.record)
            if (step.record.unit.name, step.type) in self._refusals:
                raise self._refusals[step.record.unit.name, step.type]
        except RequestError as error:
            self._refused(step, error)
            return None
        known = len(self.by_unit.get(step.record.unit.name, ()))
        wanted = self._add(step.type, step.record)
        wanted.conflicted = wanted.conflicted or step.conflicts
        if wanted is not step.by:
            wanted.wanted_by[step.by] = wanted.wanted_by.get(step.by, False) or step.matters
            step.by.wants[wanted] = wanted.wanted_by[step.by]
        return wanted if len(self.by_unit[step.record.unit.name]) > known else None

    def _refused(self, step: _Step, error: RequestError) -> None:
        if not step.matters or error.exit_code == RC_NOT_APPLICABLE:
            if step.record.unit.load_state not in ("not-found", "masked"):
                self.lines.append((step.by.name, 4, f"{step.by.name}: Cannot add dependency job, ignoring: {error}"))
            return
        self._delete(step.by, error)
        if self.anchor.gone:
            raise error
        self.lines.append((step.by.name, 4, f"{step.by.name}: Cannot add dependency job, ignoring: {error}"))

    def _check(self, type: JobType, record: UnitRecord) -> None:
        """Raises RequestError when a unit cannot have such a job."""
        if type is not JobType.STOP:
            error = load_error(record.unit)
            if error:
                raise error
        is_unfit = type in (JobType.RELOAD, JobType.TRY_RELOAD) and not self.can_reload(record)
        is_unfit |= record.unit.perpetual and type in jobs.STOPPING_TYPES
        if is_unfit or (type is JobType.RESTART and record.unit.type == "scope"):      # what it was made of cannot be made again
            raise RequestError(f"Job type {type.value} is not applicable for unit {record.unit.name}.", RC_NOT_APPLICABLE)

    def _add(self, type: JobType, record: UnitRecord) -> Wanted:
        wanteds = self.by_unit.setdefault(record.unit.name, [])
        for wanted in wanteds:
            if wanted.type is type:
                return wanted
        wanted = Wanted(record, type)
        wanted.ignore_order = self.mode is JobMode.IGNORE_DEPENDENCIES
        wanteds.append(wanted)
        return wanted

    # ---- steps 2 to 9: make one consistent set of it ----

    def finish(self) -> Plan:
        self._mark_matters()
        if self.mode is JobMode.FAIL:
            self._minimize_impact()
        self._drop_redundant()
        self._collect()
        self._break_cycles()
        if any(len(wanteds) > 1 for wanteds in self.by_unit.values()):
            while not self._merge_all():
                self._collect()
            self._mark_matters()
            self._break_cycles()        # what was a stop beside a start when the order was looked at may be a start now
        self._drop_redundant()
        self._check_destructive()
        return Plan([wanteds[0] for wanteds in self.by_unit.values()], self._to_cancel(), self.lines)

    def _all(self) -> List[Wanted]:
        return [wanted for wanteds in self.by_unit.values() for wanted in wanteds]

    def _mark_matters(self) -> None:
        """What the anchor cannot do without. Merging makes that more: what mattered as one job brings along the other's needs."""
        queue, seen = [self.anchor], {self.anchor}
        while queue:
            current = queue.pop()
            current.matters = True
            for other, matters in current.wants.items():
                if matters and not other.gone and other not in seen:
                    seen.add(other)
                    queue.append(other)

    def _minimize_impact(self) -> None:
        """Mode fail: nothing that is only nice to have may stop a unit or displace a job."""
        for wanted in self._all():
            if wanted.gone or wanted.matters:
                continue
            stops = wanted.type is JobType.STOP and wanted.record.active in jobs.COMING_UP
            if stops or self._displaces(wanted):
                self._delete(wanted)

    def _displaces(self, wanted: Wanted) -> bool:
        queued = self._queued(wanted.record)
        return queued is not None and jobs.conflict(wanted.type, queued.type)

    def _queued(self, record: UnitRecord) -> Optional[Job]:
        return self.world.jobs.get(record.job) if record.job is not None else None

    def _drop_redundant(self) -> None:
        for wanteds in tuple(self.by_unit.values()):
            if all(self._is_redundant(wanted) for wanted in wanteds):
                for wanted in tuple(wanteds):
                    self._unlink(wanted)

    def _is_redundant(self, wanted: Wanted) -> bool:
        return not wanted.is_anchor and jobs.is_redundant(wanted.type, wanted.record.active) and not self._displaces(wanted)

    def _collect(self) -> None:
        """Jobs that nobody wants any more."""
        if self.mode is JobMode.ISOLATE:
            return
        queue = [wanted for wanted in self._all() if not wanted.wanted_by and not wanted.is_anchor]
        while queue:
            wanted = queue.pop()
            if wanted.gone or wanted.wanted_by or wanted.is_anchor:
                continue
            children = list(wanted.wants)
            self._unlink(wanted)
            queue.extend(children)

    def _delete(self, wanted: Wanted, why: Optional[RequestError] = None) -> None:
        """Take a job out, and every job that cannot do without it. why: no such job can be had in this transaction."""
        queue = [wanted]
        while queue:
            gone = queue.pop()
            if not gone.gone:
                if why is not None:
                    self._refusals[gone.name, gone.type] = why
                queue.extend(by for by, matters in gone.wanted_by.items() if matters)
                self._unlink(gone)

    def _unlink(self, wanted: Wanted) -> None:
        wanted.gone = True
        for other in wanted.wants:
            other.wanted_by.pop(wanted, None)
        for by in wanted.wanted_by:
            by.wants.pop(wanted, None)
        wanteds = self.by_unit[wanted.name]
        wanteds.remove(wanted)
        if not wanteds:
            del self.by_unit[wanted.name]

    # ---- ordering cycles ----

    def _break_cycles(self) -> None:
        """A restart is a stop first, then a start: neither may go in circles."""
        for restarts_as in (JobType.RESTART, JobType.START):
            self._restarts_as = restarts_as
            while not self._order_is_clean():
                self._collect()

    def _order_is_clean(self) -> bool:
        """False when a cycle was found and a job dropped to break it. Depth first, without recursion."""
        self._stopping = self._names_of_stops()
        seen: Set[str] = set()
        for root in tuple(self.by_unit):
            if root in seen:
                continue
            seen.add(root)
            path: Dict[str, Iterator[str]] = {root: iter(self._waits_for(root))}
            while path:
                current = next(reversed(path))
                following = next(path[current], None)
                if following is None:
                    del path[current]
                elif following in path:
                    names = list(path)
                    self._break_cycle(names[names.index(following):])
                    return False
                elif following not in seen:
                    seen.add(following)
                    path[following] = iter(self._waits_for(following))
        return True

    def _waits_for(self, name: str) -> List[str]:
        """Units whose job must be over before this one's runs: of this transaction, or queued already."""
        mine = self._ordered_type(name)
        if mine is None:
            return []
        found = []
        for other in self.world.deps(name, Atom.AFTER):
            theirs = self._ordered_type(other.unit.name)
            if theirs is not None and jobs.goes_first(theirs, mine):
                found.append(other.unit.name)
        for later in self.world.stops_after(name, self._stopping):
            theirs = self._ordered_type(later)
            if theirs is not None and not jobs.goes_first(mine, theirs):
                found.append(later)
        return found

    def _names_of_stops(self) -> FrozenSet[str]:
        wanted = {name for name, wanteds in self.by_unit.items() if any(one.type in jobs.STOPPING_TYPES for one in wanteds)}
        return frozenset(wanted.union(self.world.stops))

    def _ordered_type(self, name: str) -> Optional[JobType]:
        wanteds = self.by_unit.get(name)
        job = wanteds[0] if wanteds else self._queued(self.world.units[name])
        if job is None or job.ignore_order or job.type is JobType.NOP:
            return None
        return self._restarts_as if job.type is JobType.RESTART else job.type

    def _break_cycle(self, cycle: List[str]) -> None:
        """Each unit of the cycle waits for the next one, the last for the first. Raises RequestError when all of them matter."""
        where, first = cycle[0], f"{cycle[0]}/{self._shown_type(cycle[0])}"
        turned = [*cycle[1:], where]
        for name, what in zip(turned, ["ordering cycle", *["dependency"] * len(cycle)]):
            self.lines.append((where, 4, f"{where}: Found {what} on {name}/{self._shown_type(name)}"))
        for name in turned:
            wanteds = self.by_unit.get(name)
            if wanteds and not any(wanted.matters for wanted in wanteds):
                text = f"{where}: Job {wanteds[0]} deleted to break ordering cycle starting with {first}"
                self.lines.append((where, 3, text))
                for wanted in tuple(wanteds):
                    self._delete(wanted)
                return
        self.lines.append((where, 3, f"{where}: Unable to break cycle starting with {first}"))
        for unit, priority, text in self.lines:
            self.world.log(unit, priority, text)
        raise self._impossible("an unfixable cyclic ordering dependency",
                               RequestError("Transaction order is cyclic. See system logs for details."))

    def _shown_type(self, name: str) -> str:
        wanteds = self.by_unit.get(name)
        job = wanteds[0] if wanteds else self._queued(self.world.units[name])
        assert job is not None, "a unit without a job is in no cycle"
        return job.type.value

    def _impossible(self, what: str, error: RequestError) -> RequestError:
        self.world.log("", 4, f"Requested transaction contains {what}: {error}")
        return error

    # ---- merging ----

    def _merge_all(self) -> bool:
        """False when two jobs of a unit contradict each other and one of them was dropped."""
        for wanteds in tuple(self.by_unit.values()):
            if len(wanteds) < 2:
                continue
            for index, first in enumerate(wanteds):
                for second in wanteds[index + 1:]:
                    if jobs.conflict(first.type, second.type):
                        self._delete(self._less_wanted(first, second))
                        return False
        for wanteds in tuple(self.by_unit.values()):
            while len(wanteds) > 1:
                self._merge_two(wanteds[0], wanteds[1])
        return True

    def _less_wanted(self, first: Wanted, second: Wanted) -> Wanted:
        if first.matters and second.matters:
            raise self._impossible("unmergeable jobs", RequestError(
                f"Transaction contains conflicting jobs '{second.type.value}' and '{first.type.value}' for {first.name}. "
                "Probably contradicting requirement dependencies configured."))
        if first.matters != second.matters:
            return second if first.matters else first
        stop, other = (first, second) if first.type is JobType.STOP else (second, first)
        # rather up than down, unless a unit that is wanted conflicts with it
        return other if stop.conflicted else stop

    def _merge_two(self, kept: Wanted, other: Wanted) -> None:
        merged = jobs.merge_for(kept.type, other.type, kept.record.active)
        assert merged is not None
        kept.type = merged
        kept.matters = kept.matters or other.matters
        kept.is_anchor = kept.is_anchor or other.is_anchor
        if self.anchor is other:
            self.anchor = kept
        for by, matters in other.wanted_by.items():
            if by is not kept:
                kept.wanted_by[by] = kept.wanted_by.get(by, False) or matters
                by.wants[kept] = kept.wanted_by[by]
        for child, matters in tuple(other.wants.items()):
            if child is not kept:
                kept.wants[child] = kept.wants.get(child, False) or matters
                child.wanted_by[kept] = kept.wants[child]
        self._unlink(other)

    # ---- against what is queued ----

    def _check_destructive(self) -> None:
        for wanteds in self.by_unit.values():
            queued = self._queued(wanteds[0].record)
            if queued is None or not jobs.conflict(wanteds[0].type, queued.type):
                continue
            if self.mode is JobMode.FAIL or queued.irreversible:
                raise RequestError(
                    f"Transaction for {self.anchor} is destructive ({wanteds[0].name} has '{queued.type.value}' job queued, "
                    f"but '{wanteds[0].type.value}' is included in transaction).", RC_REFUSED)

    def _to_cancel(self) -> List[Job]:
        if self.mode not in (JobMode.ISOLATE, JobMode.FLUSH):
            return []
        return [job for job in self.world.jobs.values()
                if job.unit not in self.by_unit and not self.world.units[job.unit].unit.ignore_on_isolate]
