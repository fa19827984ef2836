"""The job queue: jobs are installed, run when their order allows, and finished; a unit's change of state drives all three.

In:  requests, state changes of units.   Out: calls of a unit type's start, stop and reload; effects.
Never: knows how a unit of any type is started.
How: everything that follows from a change is put in a queue and done by settle(), so that nothing here recurses and
nobody sees a half-made change.
Source: systemd.unit(5), systemd(1).
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Callable, Deque, Dict, List, Optional, Tuple, Union

from fastinit.errors import RequestError
from fastinit.plan import jobs, transaction, words
from fastinit.plan.automatic import Automatic
from fastinit.plan.effects import CheckConditions, JobFinished, ManagerAction, StateChanged
from fastinit.plan.events import ConditionsChecked
from fastinit.plan.record import Job, UnitRecord
from fastinit.plan.rules import Atom
from fastinit.plan.states import Active, JobMode, JobResult, JobState, JobType, Sub
from fastinit.plan.world import World

RESTART = " for restart"


class Progress(Enum):
    """What a unit type says when it is asked to start, stop or reload."""

    BEGUN = "begun"         # the end of the job comes with a state change
    LATER = "later"         # not in this state; asked again after the next state change


Answer = Union[Progress, JobResult]


class UnitType:
    """How units of one type are started, stopped and reloaded; service.py and simple.py have the types."""

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        raise NotImplementedError

    def supported(self, record: UnitRecord) -> bool:
        return True

    def begins(self, record: UnitRecord) -> bool:
        """A start now is a new activation, which counts for StartLimitBurst=."""
        return record.active in jobs.DOWN

    def refuse_start(self, record: UnitRecord) -> None:
        """Started too often: show it in the state."""

    def start(self, record: UnitRecord) -> Answer:
        raise NotImplementedError

    def stop(self, record: UnitRecord) -> Answer:
        raise NotImplementedError

    def dead_sub(self, record: UnitRecord) -> Sub:
        """What it is when it is down and has not failed."""
        return Sub.DEAD

    def job_lost(self, record: UnitRecord) -> None:
        """A job is gone without having done its work: a unit that counts on it must not wait for ever."""

    def starts_at_once(self, record: UnitRecord) -> bool:
        """There is no time between "Starting" and "Started" that is worth a line."""
        return False

    def reload(self, record: UnitRecord) -> Answer:
        raise NotImplementedError

    def can_reload(self, record: UnitRecord) -> bool:
        return False

    def exit_status(self, record: UnitRecord) -> Optional[int]:
        """Of the main process, when it has ended by itself."""
        return None


class JobQueue:
    def __init__(self, world: World) -> None:
        self.world = world
        self.types: Dict[str, UnitType] = {}
        self.restart_refused: Callable[[UnitRecord, str], None] = lambda record, why: None
        self._runnable: Deque[int] = deque()
        self._queued: Dict[int, None] = {}
        self._blocked_by: Dict[int, str] = {}   # job -> a unit whose job it waits for: until that changes, it need not look again
        self._requests: Deque[Tuple[JobType, str, JobMode, str]] = deque()
        self.automatic = Automatic(world, self.request)

    def type_of(self, record: UnitRecord) -> UnitType:
        if record.unit.type in self.types:
            return self.types[record.unit.type]
        return self.types["target" if record.unit.replaced else ""]

    # ---- wishes ----

    def enqueue(self, type: JobType, record: UnitRecord, mode: JobMode) -> Job:
        """Build the transaction and put it in the queue; the anchor's job. Raises RequestError."""
        plan = transaction.build(self.world, self.can_reload, type, record, mode)
        for unit, priority, text in plan.lines:
            self.world.log(unit, priority, text)
        for job in plan.cancel:
            self.finish(job, JobResult.CANCELED, recursive=False)
        anchor: Optional[Job] = None
        for wanted in plan.jobs:
            job = self._install(wanted, mode)
            if wanted.is_anchor:
                anchor = job
        assert anchor is not None, "the anchor is never dropped"
        return anchor

    def request(self, type: JobType, name: str, mode: JobMode, why: str = "") -> None:
        """A job that follows from what has happened, soon."""
        self._requests.append((type, name, mode, why))

    def restart(self, record: UnitRecord) -> None:
        """RestartSec= is over: a start job, and a restart of what depends on the unit."""
        job = self.job_of(record)
        if job is not None and job.type is JobType.START and job.state is JobState.RUNNING:
            job.state = JobState.WAITING    # RestartMode=direct: the job that has begun the first try goes on
            self.world.touch_job(job)
            self._wake(job)
        self.request(JobType.START, record.unit.name, JobMode.RESTART_DEPENDENCIES, RESTART)

    def can_reload(self, record: UnitRecord) -> bool:
        if self.type_of(record).can_reload(record):
            return True
        return next(iter(self.world.deps(record.unit.name, Atom.PROPAGATE_RELOAD)), None) is not None

    def job_of(self, record: UnitRecord) -> Optional[Job]:
        return self.world.jobs.get(record.job) if record.job is not None else None

    def has_job(self, record: UnitRecord, *types: JobType) -> bool:
        job = self.job_of(record)
        return job is not None and job.type in types

    def _install(self, wanted: transaction.Wanted, mode: JobMode) -> Job:
        queued = self.job_of(wanted.record) if wanted.type is not JobType.NOP else None
        irreversible = mode is JobMode.REPLACE_IRREVERSIBLY
        if queued is not None:
            if jobs.conflict(wanted.type, queued.type):
                self.finish(queued, JobResult.CANCELED)
            else:
                return self._merge_into(queued, wanted, irreversible)
        job = Job(self.world.new_job_id(), wanted.name, wanted.type, mode=mode, irreversible=irreversible,
                  ignore_order=wanted.ignore_order, begin_usec=self.world.now_usec,
                  deadline_usec=self.world.after(wanted.record.unit.job_timeout_usec))
        self.world.jobs[job.id] = job
        if wanted.type is not JobType.NOP:
            wanted.record.job = job.id
            self.world.touch(wanted.record)
        self.world.touch_job(job)
        self.world.arm_job(job)
        self._wake(job)
        return job

    def _merge_into(self, queued: Job, wanted: transaction.Wanted, irreversible: bool) -> Job:
        merged = jobs.merge_for(queued.type, wanted.type, wanted.record.active)
        assert merged is not None
        again = queued.state is JobState.RUNNING and (
            wanted.type in jobs.NO_LATE_MERGE or merged is not queued.type)
        queued.type = merged
        queued.irreversible = queued.irreversible or irreversible
        queued.ignore_order = queued.ignore_order or wanted.ignore_order
        if again:
            queued.state = JobState.WAITING
        self.world.touch_job(queued)
        self._wake(queued)
        return queued

    # ---- running ----

    def settle(self) -> None:
        """Do everything that can be done now."""
        while True:
            if self._requests:
                self._serve(*self._requests.popleft())
            elif self._runnable:
                job = self.world.jobs.get(self._next_runnable())
                if job is not None and job.state is JobState.WAITING and self._may_run(job):
                    self._run(job)
            elif not self.automatic.check_next():
                return

    def _next_runnable(self) -> int:
        job_id = self._runnable.popleft()
        del self._queued[job_id]
        return job_id

    def _wake(self, job: Job) -> None:
        if job.id not in self._queued:
            self._queued[job.id] = None
            self._runnable.append(job.id)

    def wake_all(self) -> None:
        """After restore() and reload(): the order may have changed under the jobs."""
        for job in self.world.jobs.values():
            self._wake(job)

    def _serve(self, type: JobType, name: str, mode: JobMode, why: str) -> None:
        record = self.world.find(name)
        if record is None:
            return
        try:
            self.enqueue(type, record, mode)
        except RequestError as error:
            if why == RESTART:
                self.restart_refused(record, str(error))
                return
            self.world.log(name, 4, f"{name}: Failed to enqueue {type.value} job{why}, ignoring: {error}")

    def _may_run(self, job: Job) -> bool:
        self._blocked_by.pop(job.id, None)
        if job.ignore_order or job.type is JobType.NOP:
            return True
        first = [other.unit.name for other in self.world.deps(job.unit, Atom.AFTER)
                 if self._goes_first(self.job_of(other), job, other_is_earlier=True)]
        first += [name for name in self.world.stops_after(job.unit, self.world.stops)
                  if self._goes_first(self.job_of(self.world.units[name]), job, other_is_earlier=False)]
        if first:
            # the middle one: whether they end in this order or the other way round, a target looks log(n) times, not n
            self._blocked_by[job.id] = first[len(first) // 2]
        return not first

    @staticmethod
    def _goes_first(other: Optional[Job], job: Job, other_is_earlier: bool) -> bool:
        if other is None:
            return False
        return jobs.goes_first(other.type, job.type) if other_is_earlier else not jobs.goes_first(job.type, other.type)

    def _run(self, job: Job) -> None:
        record = self.world.units[job.unit]
        job.state = JobState.RUNNING
        if job.begin_running_usec == 0:
            job.begin_running_usec = self.world.now_usec
            job.deadline_usec = min(job.deadline_usec, self.world.after(record.unit.job_running_timeout_usec))
            self.world.arm_job(job)
        self.world.touch_job(job)
        type = job.type
        answer = self._perform(job, record)
        if self.world.jobs.get(job.id) is not job:
            return
        if answer is Progress.LATER:
            job.state = JobState.WAITING
        elif isinstance(answer, JobResult):
            self.finish(job, answer, already=answer is JobResult.DONE)
        elif job.type is type and not record.asking_conditions:
            self._say_begin(record, type)

    def _perform(self, job: Job, record: UnitRecord) -> Answer:
        if job.type is JobType.START:
            return self._start(record)
        if job.type is JobType.VERIFY_ACTIVE:
            if record.active in jobs.UP:
                return JobResult.DONE
            return Progress.LATER if record.active is Active.ACTIVATING else JobResult.SKIPPED
        if job.type in jobs.STOPPING_TYPES:
            return JobResult.DONE if record.active in jobs.DOWN else self.type_of(record).stop(record)
        if job.type is JobType.RELOAD:
            return self._reload(record)
        return JobResult.DONE   # nop

    def _reload(self, record: UnitRecord) -> Answer:
        if record.active is Active.RELOADING:
            return Progress.LATER
        if record.active is not Active.ACTIVE:
            self.world.log(record.unit.name, 4, f"{record.unit.name}: Unit cannot be reloaded because it is inactive.")
            return JobResult.INVALID
        if not self.type_of(record).can_reload(record):
            return JobResult.DONE   # only what it propagates the reload to
        return self.type_of(record).reload(record)

    def _start(self, record: UnitRecord) -> Answer:
        if record.active in jobs.UP:
            return JobResult.DONE
        if record.unit.load_state != "loaded":
            return JobResult.FAILED
        if record.active is Active.ACTIVATING or not (record.unit.conditions or record.unit.asserts):
            if record.active in jobs.DOWN:
                self._note_conditions(record, ConditionsChecked(record.unit.name, True, True))
            return self._start_checked(record)
        if record.active is Active.DEACTIVATING:
            return Progress.LATER
        if not record.asking_conditions:
            record.asking_conditions = True
            self.world.touch(record)
            self.world.emit(CheckConditions(record.unit.name))
        return Progress.BEGUN

    def _start_checked(self, record: UnitRecord) -> Answer:
        kind = self.type_of(record)
        if not kind.supported(record):
            name = record.unit.name
            self.world.log(name, 4, f"{name}: Units of type .{record.unit.type} are not supported here.")
            return JobResult.UNSUPPORTED
        if record.active is not Active.ACTIVATING and not self._bound_units_are_up(record):
            return JobResult.DEPENDENCY
        if kind.begins(record) and not self._within_start_limit(record):
            return JobResult.FAILED
        return kind.start(record)

    def _bound_units_are_up(self, record: UnitRecord) -> bool:
        name = record.unit.name
        for other in self.world.deps(name, Atom.CANNOT_BE_ACTIVE_WITHOUT):
            if self.world.has(name, Atom.AFTER, other.unit.name) and other.active not in jobs.UP:
                self.world.log(name, 5, f"{name}: Bound to unit {other.unit.name}, but unit isn't active.")
                return False
        return True

    def on_conditions(self, event: ConditionsChecked) -> None:
        record = self.world.units.get(event.unit)
        if record is None or not record.asking_conditions:
            return
        record.asking_conditions = False
        self._note_conditions(record, event)
        job = self.job_of(record)
        if job is None or job.type is not JobType.START or job.state is not JobState.RUNNING:
            return      # the job that asked is gone; the next one asks again
        if not event.conditions_ok:
            name = record.unit.name
            why = f" because of an unmet condition check ({event.failed})." if event.failed else \
                " because no trigger condition checks were met."
            self.world.log(name, 6, f"{words.title(record.unit)} was skipped{why}")
            self.finish(job, JobResult.DONE, already=True)
        elif not event.asserts_ok:
            self.world.log(record.unit.name, 4, f"{record.unit.name}: Starting requested but asserts failed ({event.failed}).")
            self.finish(job, JobResult.ASSERT)
        else:
            self._after_conditions(job, record)

    def _after_conditions(self, job: Job, record: UnitRecord) -> None:
        answer = self._start_checked(record)
        if self.world.jobs.get(job.id) is not job:
            return
        if isinstance(answer, JobResult):
            self.finish(job, answer, already=answer is JobResult.DONE)
        elif answer is Progress.LATER:
            job.state = JobState.WAITING
        else:
            self._say_begin(record, JobType.START)

    def _note_conditions(self, record: UnitRecord, event: ConditionsChecked) -> None:
        record.condition_result, record.assert_result = event.conditions_ok, event.asserts_ok
        record.condition_results = list(event.results)
        record.condition_usec = self.world.now_usec
        record.condition_realtime_usec = self.world.now_realtime_usec
        self.world.touch(record)

    def _say_begin(self, record: UnitRecord, type: JobType) -> None:
        line = words.begin_line(record.unit, type)
        if line and not (type is JobType.START and self.type_of(record).starts_at_once(record)):
            self.world.log(record.unit.name, 6, line)

    # ---- start limits ----

    def _within_start_limit(self, record: UnitRecord) -> bool:
        unit = record.unit
        if unit.start_limit_interval_usec == 0 or unit.start_limit_burst == 0:
            return True
        # counted in a window that begins with the first start, as systemd does, not in a sliding one
        begin = record.start_times[0] if record.start_times else None
        if begin is None or self.world.now_usec - begin > unit.start_limit_interval_usec:
            record.start_times = [self.world.now_usec]
        elif len(record.start_times) < unit.start_limit_burst:
            record.start_times.append(self.world.now_usec)
        else:
            self.world.log(unit.name, 4, f"{unit.name}: Start request repeated too quickly.")
            self.type_of(record).refuse_start(record)
            self.action(record, unit.start_limit_action, None, f"unit {unit.name} was started too often")
            return False
        self.world.touch(record)
        return True

    def action(self, record: UnitRecord, action: str, exit_status: Optional[int], reason: str, is_watchdog: bool = True) -> None:
        """is_watchdog: something went wrong; `service-watchdogs no` switches it off."""
        if action in ("none", ""):
            return
        if is_watchdog and not self.world.watchdogs:
            self.world.log(record.unit.name, 4, f"Watchdog disabled! Not acting on: {reason}")
            return
        self.world.emit(ManagerAction(record.unit.name, action, exit_status, reason))

    # ---- the end of a job ----

    def finish(self, job: Job, result: JobResult, recursive: bool = True, already: bool = False) -> None:
        """Take the job out of the queue; fail those that depended on it."""
        todo = deque([(job, result, already)])
        while todo:
            current, how, quiet = todo.popleft()
            if self.world.jobs.get(current.id) is current:
                failed = self._finish_one(current, how, quiet)
                if recursive:
                    todo.extend((other, JobResult.DEPENDENCY, False) for other in failed)

    def _finish_one(self, job: Job, result: JobResult, already: bool) -> List[Job]:
        """The start jobs that fail because of this."""
        record = self.world.units[job.unit]
        if result is JobResult.DONE and job.type is JobType.RESTART:
            if not already:
                self._say_done(record, JobType.STOP, result)
            job.type, job.state = JobType.START, JobState.WAITING
            self.world.touch_job(job)
            self._wake_neighbours(record)   # whoever waited for it to be down need not wait for it to be up
            self._wake(job)
            return []
        job.result = result
        del self.world.jobs[job.id]
        self._blocked_by.pop(job.id, None)
        self.world.touch_job(job)
        if record.job == job.id:
            record.job = None
            self.world.touch(record)
        if not already:
            self._say_done(record, job.type, result)
        self.world.emit(JobFinished(job.id, job.unit, job.type, result))
        if job.type is JobType.NOP:
            return []
        if result in (JobResult.TIMEOUT, JobResult.DEPENDENCY):
            self.world.log(job.unit, 5, f"{job.unit}: Job {job.unit}/{job.type.value} failed with result '{result.value}'.")
            self.trigger(record, Atom.ON_FAILURE)
        if result is not JobResult.DONE:
            self.type_of(record).job_lost(record)
        self._wake_neighbours(record)
        self.automatic.consider(record)
        return self._failing_with(record, job, result)

    def _say_done(self, record: UnitRecord, type: JobType, result: JobResult) -> None:
        line = words.done_line(record.unit, type, result)
        if line:
            self.world.log(record.unit.name, jobs.RESULT_PRIORITY[result], line)

    def _failing_with(self, record: UnitRecord, job: Job, result: JobResult) -> List[Job]:
        atom = Atom.NOTHING
        if result is not JobResult.DONE and job.type in jobs.STARTING_TYPES:
            atom = Atom.PROPAGATE_START_FAILURE
        elif result is not JobResult.DONE and job.type is JobType.STOP:
            atom = Atom.PROPAGATE_STOP_FAILURE
        elif job.type is JobType.START and record.active not in jobs.UP:
            atom = Atom.PROPAGATE_INACTIVE_START    # "done" without being up: a condition did not hold
        if atom is Atom.NOTHING:
            return []
        theirs = [self.job_of(other) for other in self.world.deps(record.unit.name, atom)]
        return [other for other in theirs if other is not None and other.type in jobs.STARTING_TYPES]

    def _wake_neighbours(self, record: UnitRecord) -> None:
        name = record.unit.name
        for atom in (Atom.AFTER, Atom.BEFORE):
            for other in self.world.deps(name, atom):
                job = self.job_of(other)
                if job is not None and self._blocked_by.get(job.id, name) == name:
                    self._wake(job)

    def timed_out(self, job: Job) -> None:
        record = self.world.units[job.unit]
        self.world.log(job.unit, 4, f"{job.unit}: Job {job.unit}/{job.type.value} timed out.")
        self.finish(job, JobResult.TIMEOUT)
        self.action(record, record.unit.job_timeout_action, None, f"job {job.unit}/{job.type.value} timed out")

    # ---- a unit changes ----

    def set_state(self, record: UnitRecord, sub: Sub, reload_ok: bool = True) -> None:
        """The one place where a unit's state changes."""
        old, new = record.active, self.type_of(record).active_of(record, sub)
        if record.sub is not sub:
            self._stamp(record, old, new)
            record.sub, record.active = sub, new
            self.world.touch(record)
            self.world.emit(StateChanged(record.unit.name, new, sub))
        unexpected = self._advance_job(record, new, reload_ok)
        if unexpected:
            self._retroact(record, old, new)
        if old is not new:
            self._ended(record, old, new)
            self.automatic.consider(record)

    def _stamp(self, record: UnitRecord, old: Active, new: Active) -> None:
        now, realtime = self.world.now_usec, self.world.now_realtime_usec
        record.state_change_usec, record.state_change_realtime_usec = now, realtime
        if old in jobs.DOWN and new not in jobs.DOWN:
            record.inactive_exit_usec, record.inactive_exit_realtime_usec = now, realtime
        if old not in jobs.DOWN and new in jobs.DOWN:
            record.inactive_enter_usec, record.inactive_enter_realtime_usec = now, realtime
        if old not in jobs.UP and new in jobs.UP:
            record.active_enter_usec, record.active_enter_realtime_usec = now, realtime
        if old in jobs.UP and new not in jobs.UP:
            record.active_exit_usec, record.active_exit_realtime_usec = now, realtime

    def _advance_job(self, record: UnitRecord, new: Active, reload_ok: bool) -> bool:
        """What the new state means for the unit's job; True when no job has asked for this state."""
        job = self.job_of(record)
        if job is None:
            return True
        if job.state is JobState.WAITING:
            self._wake(job)     # it may have been refused for now because of the old state
        running = job.state is JobState.RUNNING
        if job.type in jobs.STARTING_TYPES:
            if new in jobs.UP:
                self.finish(job, JobResult.DONE)
                return False
            if running and new is not Active.ACTIVATING:
                if new in jobs.DOWN:
                    self.finish(job, self._end_of_start(record, new))
                return True
        elif job.type is JobType.RELOAD:
            if running and new is Active.ACTIVE:
                self.finish(job, JobResult.DONE if reload_ok else JobResult.FAILED)
            elif running and new not in (Active.ACTIVATING, Active.RELOADING, Active.REFRESHING):
                if new in jobs.DOWN:
                    self.finish(job, JobResult.FAILED if new is Active.FAILED else JobResult.DONE)
                return True
        elif job.type in jobs.STOPPING_TYPES:
            if new in jobs.DOWN:
                self.finish(job, JobResult.DONE)
            elif running and new is not Active.DEACTIVATING:
                self.finish(job, JobResult.FAILED)
                return True
        return False

    @staticmethod
    def _end_of_start(record: UnitRecord, new: Active) -> JobResult:
        if new is Active.FAILED:
            return JobResult.FAILED
        return JobResult.SKIPPED if record.result.value == "exec-condition" else JobResult.DONE

    def _retroact(self, record: UnitRecord, old: Active, new: Active) -> None:
        """Dependencies of a unit that went up or down by itself."""
        name = record.unit.name
        if old in jobs.DOWN and new in jobs.COMING_UP:
            for atom, mode in ((Atom.RETROACTIVE_START_REPLACE, JobMode.REPLACE), (Atom.RETROACTIVE_START_FAIL, JobMode.FAIL)):
                for other in self.world.deps(name, atom):
                    if other.active not in jobs.COMING_UP and not self.world.has(name, Atom.AFTER, other.unit.name):
                        self.request(JobType.START, other.unit.name, mode)
            for other in self.world.deps(name, Atom.RETROACTIVE_STOP_ON_START):
                if other.active not in jobs.GOING_DOWN:
                    self.request(JobType.STOP, other.unit.name, JobMode.REPLACE)
        elif old in jobs.COMING_UP and new in jobs.GOING_DOWN:
            for other in self.world.deps(name, Atom.RETROACTIVE_STOP_ON_STOP):
                if other.active not in jobs.GOING_DOWN:
                    self.request(JobType.STOP, other.unit.name, JobMode.REPLACE)

    def _ended(self, record: UnitRecord, old: Active, new: Active) -> None:
        """OnFailure=, OnSuccess=, FailureAction=, SuccessAction=."""
        unit = record.unit
        if new is Active.FAILED and old is not Active.FAILED:
            self.trigger(record, Atom.ON_FAILURE)
            self.action(record, unit.failure_action, self._exit_status(record, unit.failure_action_exit_status),
                        f"unit {unit.name} failed")
        elif new is Active.INACTIVE and old not in jobs.DOWN:
            self.trigger(record, Atom.ON_SUCCESS)
            self.action(record, unit.success_action, self._exit_status(record, unit.success_action_exit_status),
                        f"unit {unit.name} succeeded", is_watchdog=False)

    def _exit_status(self, record: UnitRecord, configured: Optional[int]) -> Optional[int]:
        return configured if configured is not None else self.type_of(record).exit_status(record)

    def trigger(self, record: UnitRecord, atom: Atom) -> None:
        unit = record.unit
        failed = atom is Atom.ON_FAILURE
        mode = JobMode(unit.on_failure_job_mode if failed else unit.on_success_job_mode)
        others = list(self.world.deps(unit.name, atom))
        kind = "OnFailure=" if failed else "OnSuccess="
        # units whose failure starts each other would go round for ever
        if not others or not self.automatic.not_too_often(record, f"Triggering {kind} dependencies."):
            return
        for other in others:
            waiting = self.job_of(other) is not None
            # two causes for one start: the variables MONITOR_* would be wrong for one of them, so neither is told
            other.monitor = "" if waiting and other.monitor not in ("", unit.name) else unit.name
            self.world.touch(other)
            self.request(JobType.START, other.unit.name, mode, f" for {kind}")
