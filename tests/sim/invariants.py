"""What must always hold, by name. Each raises Violation with what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Mapping, Set, Tuple

from fastinit.plan import effects as do
from fastinit.plan import events as ev
from fastinit.plan import jobs
from fastinit.plan.record import Job, UnitRecord
from fastinit.plan.service.table import RELOADS, STARTING, STOPPING
from fastinit.plan.states import Active, JobState, JobType, Sub
from fastinit.units.model import USEC_INFINITY

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

HOUR_USEC = 3_000_000_000
Before = Mapping[int, Tuple[JobState, JobType]]     # the jobs as they were before a call


class Violation(AssertionError):
    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


def check(holds: object, name: str, *what: object) -> None:
    if not holds:
        raise Violation(name, " ".join(map(str, what)))


def after_call(sim: "Simulation", before: Before, effects: List[do.Effect], changed: Set[str]) -> None:
    """changed: keys of units and jobs, as take_dirty() names them; saved_is_complete() sees to it that nothing else has."""
    for effect in effects:
        effects_are_sane(sim, effect)
    for job in sim.engine.jobs.values():
        jobs_and_units_agree(sim, job)
        if job.state is JobState.RUNNING and before.get(job.id, (None, None))[0] is JobState.WAITING:
            order_is_kept(sim, job, before)
    for key in changed:
        record = sim.engine.units.get(key[len("unit:"):]) if key.startswith("unit:") else None
        if record is not None:
            state_waits_for_something(sim, record)
            unit_and_job_agree(sim, record)
    saved_is_complete(sim)


def effects_are_sane(sim: "Simulation", effect: do.Effect) -> None:
    """No effect for an unknown unit, no spawn id twice, no job finished twice."""
    unit = getattr(effect, "unit", "")
    check(not unit or unit in sim.engine.units, "effects name known units", effect)
    if isinstance(effect, do.Spawn):
        check(effect.spawn_id not in sim.spawn_ids, "spawn ids never repeat", effect)
        sim.spawn_ids.add(effect.spawn_id)
    if isinstance(effect, do.JobFinished):
        count = sim.finished[effect.job_id] = sim.finished.get(effect.job_id, 0) + 1
        check(count == 1, "a job finishes once", effect)
        check(effect.job_id not in sim.engine.jobs, "a finished job is gone", effect)


def jobs_and_units_agree(sim: "Simulation", job: Job) -> None:
    record = sim.engine.units.get(job.unit)
    check(record is not None, "a job has a unit", job)
    assert record is not None
    check(job.type is JobType.NOP or record.job == job.id, "a unit has one job", job, record.job)


def unit_and_job_agree(sim: "Simulation", record: UnitRecord) -> None:
    if record.job is not None:
        job = sim.engine.jobs.get(record.job)
        check(job is not None and job.unit == record.unit.name, "a unit's job exists", record)
    check(record.n_restarts >= 0, "restart counters count", record)


def order_is_kept(sim: "Simulation", job: Job, before: Before) -> None:
    """A job that has begun to run in this call waited for none of those that were queued before; what has become another type
    in the same call (one tick serves many deadlines) may have done so after the job began."""
    for other in go_first(sim, job):
        was_so = before.get(other.id, (None, None))[1] is other.type
        check(not was_so, "order is kept", job, "runs while", other, "is to go first")


def go_first(sim: "Simulation", job: Job) -> Iterator[Job]:
    """The queued jobs that this one has to wait for."""
    if job.ignore_order or job.type is JobType.NOP:
        return
    for kind, earlier_is_other in (("After", True), ("Before", False)):
        for name in sim.engine.related(job.unit, kind):
            other = sim.engine.jobs.get(sim.engine.units[name].job or 0)
            if other is None:
                continue
            if jobs.goes_first(other.type, job.type) if earlier_is_other else not jobs.goes_first(job.type, other.type):
                yield other


def state_waits_for_something(sim: "Simulation", record: UnitRecord) -> None:
    """No unit is in a passing state without a process, a time limit, or a question that will move it on."""
    has_process = bool(record.main_pid or record.main_spawn_id or record.control_pid or record.control_spawn_id)
    asked = bool(record.asking_pid or record.watching_members or record.watching_pid_file)
    limited = record.deadline_usec < USEC_INFINITY or record.idle_usec < USEC_INFINITY
    name = "a passing state waits for something"
    if record.sub in (*STARTING, *RELOADS, *STOPPING):
        check(has_process or asked or limited, name, record)
    if record.sub in STOPPING:
        check(limited, "a stop has a time limit", record)
    if record.sub is Sub.AUTO_RESTART:
        check(limited or record.job is not None, name, record)
    if record.sub is Sub.AUTO_RESTART_QUEUED:
        check(record.job is not None, name, record)
    if record.sub is Sub.RUNNING:
        check(has_process or asked, "what is running runs", record)
    if record.active in jobs.DOWN or record.sub is Sub.AUTO_RESTART:
        check(not has_process, "what is down is not forgotten half up", record)
    if record.asking_conditions and record.job is not None:
        check(record.active in jobs.DOWN, "conditions are asked before the start", record)
    if record.sub is Sub.RUNNING and record.main_pid:
        process = sim.os.processes.get(record.main_pid)
        alive = process is not None and process.unit == record.unit.name
        check(alive or _exit_is_coming(sim, record), "a main process lives or its exit is coming", record)


def _exit_is_coming(sim: "Simulation", record: UnitRecord) -> bool:
    return any(isinstance(what, ev.Exited) and what.pid == record.main_pid for _, _, what in sim.os._events)


def exit_is_consumed(sim: "Simulation", event: ev.Exited) -> None:
    record = sim.engine.units.get(event.unit)
    if record is not None:
        check(record.main_pid != event.pid and record.control_pid != event.pid, "every exit is consumed", event, record)


def saved_is_complete(sim: "Simulation") -> None:
    """What is on record is what the engine is: nothing changed without becoming dirty."""
    sim.checks = getattr(sim, "checks", 0) + 1      # type: ignore[attr-defined]
    if sim.checks % 23:                             # type: ignore[attr-defined]
        return
    for name, record in sim.engine.units.items():
        key = f"unit:{name}"
        now, saved = sim.engine.dump(key), sim.saved.get(key, {})
        check(now == saved, "what changes is saved", now, saved, record.sub)
    for number in sim.engine.jobs:
        key = f"job:{number}"
        check(sim.engine.dump(key) == sim.saved.get(key), "what changes is saved", key)
    check(not [key for key in sim.saved if key.startswith("job:") and int(key[4:]) not in sim.engine.jobs],
          "what is gone is not saved", sim.saved)


def garbage_alone_is_forgotten(sim: "Simulation", gone: List[UnitRecord], used: Set[str]) -> None:
    """used: units with processes. What stays is what must, and all that it names, and so on."""
    units = sim.engine.units
    for record in gone:
        check(record.unit.name not in units, "what is forgotten is gone", record)
        check(record.job is None and record.active in jobs.DOWN, "only what is down is forgotten", record)
    kept = {name for name, record in units.items()
            if record.job is not None or name in used or record.watching_members
            or not (record.active is Active.INACTIVE
                    or (record.active is Active.FAILED and record.unit.collect_mode == "inactive-or-failed"))}
    todo = list(kept)
    while todo:
        for targets in units[todo.pop()].unit.dependencies.values():
            for target in targets:
                check(target in units, "what is named is in memory", target)
                if target not in kept:
                    kept.add(target)
                    todo.append(target)
    check(kept == set(units), "garbage is forgotten", set(units) - kept)


def no_overdue_deadline(sim: "Simulation") -> None:
    """Right after tick(), before any effect: an answer may bring a deadline that has passed (RuntimeMaxSec= ran out during a
    reload), which is the next tick's."""
    check(sim.engine.next_deadline() > sim.engine.now_usec, "tick serves every deadline", sim.engine.next_deadline())


def no_job_is_stuck(sim: "Simulation") -> None:
    """Each is young, or its unit moves (RestartMode=direct is one job for all its tries), or it waits for one of these:
    a unit whose OnFailure= starts it again holds up for ever what is ordered after it."""
    recently = sim.engine.now_usec - HOUR_USEC
    moving = {job.id for job in sim.engine.jobs.values()
              if job.begin_usec > recently or sim.engine.units[job.unit].state_change_usec > recently}
    grows = True
    while grows:
        more = {job.id for job in sim.engine.jobs.values() if any(other.id in moving for other in go_first(sim, job))} - moving
        moving |= more
        grows = bool(more)
    for job in sim.engine.jobs.values():
        check(job.id in moving, "no job is stuck", job)


def at_rest(sim: "Simulation") -> None:
    """After everything was stopped and an hour has passed."""
    revived = any(unit.dependencies.get(kind) for unit in sim.units.values() for kind in ("OnSuccess", "OnFailure", "Upholds"))
    no_job_is_stuck(sim)
    for record in sim.engine.units.values():
        if revived:     # what is stopped starts another: only nothing may hang
            passing = record.sub in (*STARTING, *RELOADS, *STOPPING)
            check(not passing or sim.os.now_usec - record.state_change_usec < HOUR_USEC, "a stop always ends", record)
        else:
            check(record.active in (Active.INACTIVE, Active.FAILED), "a stop always ends", record)
    if revived:
        return
    for process in sim.os.processes.values():
        kill = sim.units[process.unit].kill
        spared = kill.kill_mode in ("none", "process") or not kill.send_sigkill or process.unkillable_usec
        check(spared or not process.tracked, "what is stopped is gone", process)
    for number in sim.submitted:
        check(sim.finished.get(number) or number not in sim.engine.jobs, "a caller hears of his job", number)
