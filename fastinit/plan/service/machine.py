"""Walks the table: an event, and what the service is, give a step; the step is taken.

Source: table.py.
"""

from __future__ import annotations

from typing import Callable, Dict, Optional

from fastinit.plan.queue import JobQueue
from fastinit.plan.record import UnitRecord
from fastinit.plan.service.processes import Processes, service_of
from fastinit.plan.service.table import LIMITS, WATCHED_BY_WATCHDOG, Ev, Go, step_of
from fastinit.plan.states import Result, Sub
from fastinit.plan.world import IDLE, RUNTIME, STATE, WATCHDOG, World
from fastinit.units.model import USEC_INFINITY


class Machine(Processes):
    """The steps themselves are in life.py."""

    _go: Dict[Go, Callable[[UnitRecord], None]]

    def __init__(self, world: World, queue: JobQueue) -> None:
        super().__init__(world, queue)
        self._waiting_idle: Dict[str, None] = {}        # services of Type=idle that wait for the other jobs

    def _step(self, record: UnitRecord, ev: Ev, result: Result = Result.SUCCESS) -> None:
        step = step_of(record.sub, service_of(record).type, ev)
        if step is None:
            return
        if step.go is Go.STOP_SIGTERM and ev is Ev.MAIN_OK and self._may_outlive_main(record):
            # Type=notify with RemainAfterExit=: another process of the unit may still say READY=1
            self._watch_members(record)
            return
        if step.log:
            self._say(record, 4, step.log)
        if step.go not in (Go.RELOAD_FAILED, Go.RELOAD_TIMEOUT):
            self._take_result(record, step.result or result)
        elif record.reload_result is Result.SUCCESS:
            record.reload_result = step.result or result
        self._go[step.go](record)

    def _may_outlive_main(self, record: UnitRecord) -> bool:
        service = service_of(record)
        return service.remain_after_exit and service.notify_access in ("all", "exec") and not record.members_gone

    def _take_result(self, record: UnitRecord, result: Result, first: bool = True) -> None:
        """The first failure is the unit's result."""
        if result is not Result.SUCCESS and (record.result is Result.SUCCESS or not first):
            record.result = result
            self.world.touch(record)

    def _enter(self, record: UnitRecord, sub: Sub, reload_ok: bool = True) -> None:
        """Set the state, with its time limit; leave nothing armed that belongs to another state."""
        limit = LIMITS.get(sub)
        if sub is not Sub.AUTO_RESTART:
            self.world.arm(record, STATE, self.world.after(self._limit_usec(record, limit)) if limit else USEC_INFINITY)
        if sub is not Sub.RUNNING:
            self.world.arm(record, RUNTIME, USEC_INFINITY)
        if sub not in WATCHED_BY_WATCHDOG:
            self.world.arm(record, WATCHDOG, USEC_INFINITY)
        if sub is not Sub.START:
            self.world.arm(record, IDLE, USEC_INFINITY)
            self._waiting_idle.pop(record.unit.name, None)
        if sub not in (Sub.START, Sub.START_POST, Sub.RELOAD):
            record.asking_pid = ""
            self._unwatch_pid_file(record)
        self.queue.set_state(record, sub, reload_ok)

    def _limit_usec(self, record: UnitRecord, limit: Optional[str]) -> int:
        service = service_of(record)
        if limit == "start":
            return service.timeout_start_usec
        if limit == "abort" and service.timeout_abort_usec is not None:
            return service.timeout_abort_usec
        return service.timeout_stop_usec
