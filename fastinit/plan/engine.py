"""The engine: requests and events in, effects out. The whole of plan/ behind one object.

In:  submit(), cancel(), handle(), tick(), each after the caller has set now_usec.   Out: take_effects(), in order.
Never: reads a clock, a file or a socket; makes a process; writes a log.
Raises: RequestError for a request that cannot be carried out, in systemd's words, with systemctl's exit code.
Persistence: take_dirty() names what has changed, dump() gives it as JSON-able values, restore() makes a new engine go on from
them; it asks again what was asked and not answered. A Spawn without an answer is resolved by the caller.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Union

from fastinit.errors import RequestError
from fastinit.plan import garbage, jobs, transaction
from fastinit.plan.effects import CheckConditions, Effect, Spawn
from fastinit.plan.events import (
    ConditionsChecked,
    Event,
    Exited,
    MembersGone,
    Notified,
    PidFileChanged,
    PidFound,
    Spawned,
    SpawnFailed,
)
from fastinit.plan.queue import JobQueue
from fastinit.plan.record import Job, UnitRecord, job_from_json, job_to_json, record_from_json, record_to_json
from fastinit.plan.scope import ScopeType
from fastinit.plan.service.life import ServiceType
from fastinit.plan.simple import SimpleType, UnsupportedType
from fastinit.plan.states import Active, JobMode, JobResult, JobType, Result, Sub
from fastinit.plan.world import IDLE, JOB, RETRY, RUNTIME, STATE, WATCHDOG, World
from fastinit.units.model import Unit

REFUSED_BY_HAND: Dict[JobType, Callable[[Unit], bool]] = {
    JobType.START:           lambda unit: unit.refuse_manual_start,
    JobType.STOP:            lambda unit: unit.refuse_manual_stop,
    JobType.RESTART:         lambda unit: unit.refuse_manual_start or unit.refuse_manual_stop,
    JobType.TRY_RESTART:     lambda unit: unit.refuse_manual_start or unit.refuse_manual_stop,
    JobType.RELOAD_OR_START: lambda unit: unit.refuse_manual_start,
}


class Engine:
    """pick(limit): a random number 0 ≤ n < limit, for RuntimeRandomizedExtraSec=; the default takes no chances."""

    def __init__(self, load: Callable[[str], Unit], pick: Callable[[int], int] = lambda limit: 0) -> None:
        self._world = World(load, pick)
        self._queue = JobQueue(self._world)
        self._services = ServiceType(self._world, self._queue)
        self._queue.restart_refused = self._services.restart_refused
        simple = SimpleType(self._queue)
        self._scopes = ScopeType(self._world, self._queue)
        self._queue.types.update({"service": self._services, "scope": self._scopes, "target": simple, "slice": simple,
                                  "": UnsupportedType()})
        self._handlers: Dict[type, Callable[[UnitRecord, Any], None]] = {
            Spawned: self._services.on_spawned, SpawnFailed: self._services.on_spawn_failed,
            Exited: lambda record, event: self._type_of(record).on_exited(record, event),
            PidFound: lambda record, event: self._type_of(record).on_pid_found(record, event),
            PidFileChanged: self._services.on_pid_file_changed,
            MembersGone: lambda record, event: self._type_of(record).on_members_gone(record, event),
            Notified: self._services.on_notified,
            ConditionsChecked: lambda record, event: self._queue.on_conditions(event),
        }

    def _type_of(self, record: UnitRecord) -> Union[ServiceType, ScopeType]:
        """Of a unit that has processes."""
        return self._scopes if record.unit.type == "scope" else self._services

    # ---- what is known ----

    @property
    def now_usec(self) -> int:
        return self._world.now_usec

    @now_usec.setter
    def now_usec(self, usec: int) -> None:
        self._world.now_usec = usec

    @property
    def now_realtime_usec(self) -> int:
        return self._world.now_realtime_usec

    @now_realtime_usec.setter
    def now_realtime_usec(self, usec: int) -> None:
        self._world.now_realtime_usec = usec

    @property
    def watchdogs(self) -> bool:
        """Whether WatchdogSec= and the actions of failures have their effect."""
        return self._world.watchdogs

    @watchdogs.setter
    def watchdogs(self, wanted: bool) -> None:
        if wanted != self._world.watchdogs:
            self._world.watchdogs = wanted
            self._world.dirty.add("engine")

    @property
    def units(self) -> Dict[str, UnitRecord]:
        return self._world.units

    @property
    def names(self) -> Dict[str, str]:
        return self._world.names

    @property
    def jobs(self) -> Dict[int, Job]:
        return self._world.jobs

    def get(self, name: str) -> UnitRecord:
        return self._world.get(name)

    def find(self, name: str) -> Optional[UnitRecord]:
        return self._world.find(name)

    def related(self, name: str, kind: str) -> List[str]:
        """Units in memory that `name` has as `kind`, a forward or a reverse one."""
        record = self._world.find(name)
        return self._world.related(record.unit.name, kind) if record else []

    # ---- requests ----

    def submit(self, name: str, type: JobType, mode: JobMode = JobMode.REPLACE, by_hand: bool = True) -> Job:
        """Queue a job and all that it takes. by_hand False: the manager's own wish, which RefuseManualStart= does not concern.

        Raises RequestError."""
        record = self._world.get(name)
        unit = record.unit
        if type is JobType.STOP and unit.load_state in ("not-found", "error", "bad-setting") and record.active in jobs.DOWN:
            problem = transaction.load_error(unit) if unit.load_state == "error" else None
            raise problem or RequestError(f"Unit {name} not loaded.", transaction.RC_NOT_FOUND)
        refused = REFUSED_BY_HAND.get(type)
        if by_hand and refused is not None and refused(unit):
            raise RequestError(f"Operation refused, unit {unit.name} may be requested by dependency only "
                               "(it is configured to refuse manual start/stop).", transaction.RC_REFUSED)
        job = self._queue.enqueue(type, record, mode)
        self._settle()
        return job

    def cancel(self, job_id: int) -> None:
        """Raises RequestError."""
        job = self._world.jobs.get(job_id)
        if job is None:
            raise RequestError(f"Job {job_id} does not exist.")
        self._queue.finish(job, JobResult.CANCELED)
        self._settle()

    def reset_failed(self, name: Optional[str]) -> None:
        """Failed units become inactive, their start limits and counters begin anew; None: all. Raises RequestError."""
        record = self._world.find(name) if name is not None else None
        if name is not None and record is None:
            raise RequestError(f"Unit {name} not loaded.")
        for one in [record] if record is not None else list(self._world.units.values()):
            self._reset(one)
        self._settle()

    def raise_perpetual(self, names: Iterable[str]) -> None:
        """Units that are up without a start, as long as there is an init."""
        for name in names:
            record = self._world.get(name)
            if record.unit.perpetual and record.active is not Active.ACTIVE:
                self._queue.set_state(record, Sub.RUNNING if record.unit.type == "scope" else Sub.ACTIVE)

    def collect(self, keep: garbage.Keep, most: int = sys.maxsize) -> List[UnitRecord]:
        """Forget the units that are down and named by nobody who has to stay. Call it when nothing is left to carry out.

        keep: whether the caller still needs one.   most: how many are looked at; may_collect tells whether some are left."""
        return garbage.collect(self._world, keep, most)

    @property
    def may_collect(self) -> bool:
        return bool(self._world.unsure)

    def release_fds(self, name: str) -> None:
        """Nothing of the unit's descriptor store is left: `systemctl clean --what=fdstore`."""
        record = self._world.get(name)
        if record.fd_store_count:
            record.fd_store_count = 0
            self._world.touch(record)
        if record.sub is Sub.DEAD_RESOURCES_PINNED:
            self._queue.set_state(record, Sub.DEAD)

    def consider(self, name: str) -> None:
        """The caller needs it no more: collect() shall look at it again."""
        self._world.unsure[name] = None

    def refresh(self, name: str) -> None:
        """Read one unit again whose file has come or gone while it was down; what nobody names is forgotten."""
        record = self._world.units[self._world.names.get(name, name)]
        assert record.job is None and record.active in (Active.INACTIVE, Active.FAILED), f"{name} is not down"
        if self._world.is_referenced(name):
            record.unit = self._world.as_id(self._world.load(name), name)
            self._world.relink()
            self._world.touch(record)
        else:
            self._world.drop(name)

    def _reset(self, record: UnitRecord) -> None:
        if record.active is Active.FAILED:
            self._queue.set_state(record, self._queue.type_of(record).dead_sub(record))
        if record.start_times or record.n_restarts or record.result is not Result.SUCCESS:
            record.start_times, record.n_restarts = [], 0
            if record.active is Active.INACTIVE:
                record.result = Result.SUCCESS
            self._world.touch(record)

    def shorten_timeouts(self, limit_usec: int) -> None:
        """No state that is on its way down lasts longer than this from now on: somebody is in a hurry."""
        until = self._world.now_usec + limit_usec
        for record in self._world.units.values():
            if record.active is Active.DEACTIVATING and record.deadline_usec > until:
                self._world.arm(record, STATE, until)

    def reload(self, load: Callable[[str], Unit]) -> None:
        """daemon-reload: every unit is read again; records and jobs stay."""
        self._world.rebuild(load)
        for name in tuple(self._world.units):
            self._queue.automatic.consider_again(name)
        self._queue.wake_all()
        self._settle()

    # ---- events ----

    def handle(self, event: Event) -> None:
        record = self._world.units.get(event.unit)
        if record is not None:      # else: a late word about a unit that is forgotten
            self._handlers[type(event)](record, event)
            self._settle()

    def tick(self) -> None:
        """Every deadline that has passed."""
        due = self._world.pop_due()
        while due is not None:
            self._deadline(*due)
            self._settle()
            due = self._world.pop_due()

    def next_deadline(self) -> int:
        """USEC_INFINITY: none."""
        return self._world.next_deadline()

    def _deadline(self, kind: str, key: str) -> None:
        if kind == JOB:
            self._queue.timed_out(self._world.jobs[int(key)])
        elif kind == RETRY:
            self._queue.automatic.consider_again(key)
        else:
            self._type_of(self._world.units[key]).on_deadline(self._world.units[key], kind)

    def _settle(self) -> None:
        self._queue.settle()
        while not self._world.jobs and self._services.release_idle():
            self._queue.settle()

    # ---- results ----

    def take_effects(self) -> List[Effect]:
        effects, self._world.effects = self._world.effects, []
        return effects

    def take_dirty(self) -> Set[str]:
        """Keys for dump(): "unit:<id>", "job:<number>", "engine"."""
        dirty, self._world.dirty = self._world.dirty, set()
        return dirty

    def dump(self, key: str) -> Optional[Dict[str, Any]]:
        """The JSON-able state under a key; None = it is gone."""
        kind, _, name = key.partition(":")
        if kind == "engine":
            return {"next_job_id": self._world.next_job_id, "next_spawn_id": self._world.next_spawn_id,
                    "watchdogs": self._world.watchdogs}
        if kind == "job":
            job = self._world.jobs.get(int(name))
            return job_to_json(job) if job is not None else None
        record = self._world.units.get(name)
        return record_to_json(record) if record is not None else None

    def restore(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on where the manager that has dumped these left off."""
        world = self._world
        for key, entry in entries.items():
            kind, _, name = key.partition(":")
            if kind == "engine":
                world.next_job_id, world.next_spawn_id = entry["next_job_id"], entry["next_spawn_id"]
                world.watchdogs = entry.get("watchdogs", True)      # a manager of another version did not know it
            elif kind == "job":
                world.jobs[int(name)] = job_from_json(entry)
            elif kind == "unit":
                world.adopt(record_from_json(world.as_id(world.load(name), name), entry))
        world.relink()
        for record in tuple(world.units.values()):
            self._resume(record)
        for job in world.jobs.values():
            world.touch_job(job)
            world.arm_job(job)
        for name in tuple(world.units):
            self._queue.automatic.consider_again(name)
        self._queue.wake_all()
        self._settle()

    def unanswered_spawns(self) -> List[Spawn]:
        """After restore(): the spawns that were decided and of which it is not known whether they were carried out."""
        return [spawn for record in self._world.units.values() if record.unit.type == "service"
                for spawn in self._services.unanswered_spawns(record)]

    def _resume(self, record: UnitRecord) -> None:
        for kind, at_usec in ((STATE, record.deadline_usec), (WATCHDOG, record.watchdog_deadline_usec),
                              (RUNTIME, record.runtime_deadline_usec), (IDLE, record.idle_usec)):
            self._world.arm(record, kind, at_usec)
        if record.asking_conditions:
            self._world.emit(CheckConditions(record.unit.name))
        if record.unit.type in ("service", "scope"):
            self._type_of(record).resume(record)
