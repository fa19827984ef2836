"""The life of a scope: a unit around a process that somebody else has started, and around all that this one starts.

In:  start and stop from the queue, PidFound, Exited and MembersGone of run/.   Out: states, effects.
A scope is up while a process of it is left; it never starts one. Its first process (main_pid, which no property shows) is not
our child: run/ has it by what the client offered, its end is seen and its status is not.
Source: systemd.scope(5); SubState names as `systemctl show` prints them.
"""

from __future__ import annotations

from enum import Enum
from signal import SIGKILL
from typing import Dict, NamedTuple, Optional, Tuple

from fastinit.plan.effects import Signal, TakeProcess, UnitStarting, UnwatchMembers, WatchMembers
from fastinit.plan.events import Exited, MembersGone, PidFound
from fastinit.plan.queue import Answer, JobQueue, Progress, UnitType
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobResult, Result, Sub
from fastinit.plan.world import RUNTIME, STATE, World
from fastinit.units.model import USEC_INFINITY, Scope

OFFERED = "offered"     # asking_pid: the process that came with the request


class Ev(Enum):
    TAKEN = "the client's process carries the unit's number"
    LOST = "it does not: it has ended, or may not be touched"
    EMPTY = "no process is left"
    STOP = "a stop job"
    LATE = "TimeoutStopSec= is over"
    TOO_LONG = "RuntimeMaxSec= is over"


class Step(NamedTuple):
    sub: Sub
    result: Optional[Result] = None     # what Result= becomes
    say: str = ""


STEPS: Dict[Tuple[Sub, Ev], Step] = {
    (Sub.DEAD,         Ev.TAKEN):    Step(Sub.RUNNING),
    (Sub.FAILED,       Ev.TAKEN):    Step(Sub.RUNNING),
    (Sub.DEAD,         Ev.LOST):     Step(Sub.FAILED, Result.RESOURCES),
    (Sub.FAILED,       Ev.LOST):     Step(Sub.FAILED, Result.RESOURCES),
    (Sub.RUNNING,      Ev.EMPTY):    Step(Sub.DEAD),
    (Sub.RUNNING,      Ev.STOP):     Step(Sub.STOP_SIGTERM),
    (Sub.RUNNING,      Ev.TOO_LONG): Step(Sub.STOP_SIGTERM, Result.TIMEOUT, "Scope reached runtime time limit. Stopping."),
    (Sub.STOP_SIGTERM, Ev.EMPTY):    Step(Sub.DEAD),
    (Sub.STOP_SIGTERM, Ev.LATE):     Step(Sub.STOP_SIGKILL, Result.TIMEOUT, "Stopping timed out. Killing."),
    (Sub.STOP_SIGKILL, Ev.EMPTY):    Step(Sub.DEAD),
    (Sub.STOP_SIGKILL, Ev.LATE):     Step(Sub.DEAD, Result.TIMEOUT, "Still around after SIGKILL. Ignoring."),
}
ACTIVE_OF = {
    Sub.DEAD: Active.INACTIVE, Sub.RUNNING: Active.ACTIVE, Sub.STOP_SIGTERM: Active.DEACTIVATING,
    Sub.STOP_SIGKILL: Active.DEACTIVATING, Sub.FAILED: Active.FAILED,
}


class ScopeType(UnitType):
    def __init__(self, world: World, queue: JobQueue) -> None:
        self.world = world
        self.queue = queue

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        return ACTIVE_OF[sub]

    def starts_at_once(self, record: UnitRecord) -> bool:
        return True

    def start(self, record: UnitRecord) -> Answer:
        record.result, record.asking_pid, record.main_pid = Result.SUCCESS, OFFERED, 0
        self.world.touch(record)
        self.world.emit(UnitStarting(record.unit.name))
        self.world.emit(TakeProcess(record.unit.name))
        return Progress.BEGUN

    def stop(self, record: UnitRecord) -> Answer:
        if record.sub not in (Sub.RUNNING, Sub.STOP_SIGTERM, Sub.STOP_SIGKILL):
            return JobResult.DONE
        self._step(record, Ev.STOP)
        return Progress.BEGUN

    # ---- events -----------------------------------------------------------------------------------

    def on_pid_found(self, record: UnitRecord, event: PidFound) -> None:
        if record.asking_pid != OFFERED:
            return
        record.asking_pid, record.main_pid = "", event.pid
        self.world.touch(record)
        if event.pid:
            self._watch(record)
        else:
            self._say(record, 4, event.reason)
        self._step(record, Ev.TAKEN if event.pid else Ev.LOST)

    def on_exited(self, record: UnitRecord, event: Exited) -> None:
        """What it has started may be left: MembersGone tells when that is over, too."""
        if event.pid == record.main_pid:
            record.main_pid = 0
            self.world.touch(record)

    def on_members_gone(self, record: UnitRecord, event: MembersGone) -> None:
        record.watching_members = False
        self.world.touch(record)
        self._step(record, Ev.EMPTY)

    def on_deadline(self, record: UnitRecord, kind: str) -> None:
        self._step(record, Ev.TOO_LONG if kind == RUNTIME else Ev.LATE)

    def resume(self, record: UnitRecord) -> None:
        """A new manager asks again what has not been answered, and sends again what may not have been sent."""
        if record.asking_pid == OFFERED:
            self.world.emit(TakeProcess(record.unit.name))
        if record.sub in (Sub.STOP_SIGTERM, Sub.STOP_SIGKILL):
            self._signal(record, record.sub)
        elif record.watching_members:
            self.world.emit(WatchMembers(record.unit.name))

    # ---- steps ------------------------------------------------------------------------------------

    def _step(self, record: UnitRecord, ev: Ev) -> None:
        step = STEPS.get((record.sub, ev))
        if step is None:        # a late word, or a stop that goes on already
            return
        if step.say:
            self._say(record, 4, step.say)
        if step.result is not None and record.result is Result.SUCCESS:
            record.result = step.result
        sub = step.sub
        if sub is Sub.STOP_SIGKILL and not record.unit.kill.send_sigkill:
            sub = Sub.DEAD
        if sub is Sub.STOP_SIGTERM and not self._signal(record, sub):
            sub = Sub.STOP_SIGKILL
        if sub is Sub.STOP_SIGKILL and not self._signal(record, sub):
            sub = Sub.DEAD
        self._enter(record, sub)

    def _enter(self, record: UnitRecord, sub: Sub) -> None:
        scope = record.unit.scope or Scope()
        if sub is Sub.DEAD and record.result is not Result.SUCCESS:
            sub = Sub.FAILED
        stops = sub in (Sub.STOP_SIGTERM, Sub.STOP_SIGKILL)
        self.world.arm(record, STATE, self.world.after(scope.timeout_stop_usec) if stops else USEC_INFINITY)
        self.world.arm(record, RUNTIME, self.world.after(scope.runtime_max_usec) if sub is Sub.RUNNING else USEC_INFINITY)
        if sub in (Sub.DEAD, Sub.FAILED):
            if record.watching_members:
                record.watching_members = False
                self.world.emit(UnwatchMembers(record.unit.name))
            if sub is Sub.FAILED:
                self._say(record, 4, f"Failed with result '{record.result.value}'.")
            elif record.main_pid == 0:
                self._say(record, 7, "Deactivated successfully.")
        self.queue.set_state(record, sub)

    def _signal(self, record: UnitRecord, sub: Sub) -> bool:
        """False: KillMode= spares everything at this step. A scope has no main process that "mixed" or "process" could mean."""
        kill = record.unit.kill
        is_kill = sub is Sub.STOP_SIGKILL
        if kill.kill_mode != "control-group" and not (kill.kill_mode == "mixed" and is_kill):
            return False
        number = kill.final_kill_signal if is_kill else kill.kill_signal
        self.world.emit(Signal(record.unit.name, number, (), True, cont=number != SIGKILL, hup=kill.send_sighup and not is_kill))
        self._watch(record)
        return True

    def _watch(self, record: UnitRecord) -> None:
        record.watching_members = True
        self.world.emit(WatchMembers(record.unit.name))

    def _say(self, record: UnitRecord, priority: int, text: str) -> None:
        self.world.log(record.unit.name, priority, f"{record.unit.name}: {text}")
