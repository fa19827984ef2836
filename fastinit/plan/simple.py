"""Unit types without processes: targets and slices, and the types that are not served yet.

In:  start and stop from the queue.   Out: state changes.
"""

from __future__ import annotations

from fastinit.plan.queue import Answer, JobQueue, Progress, UnitType
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobResult, Sub


class SimpleType(UnitType):
    """Up as soon as it is asked for."""

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        return Active.ACTIVE if sub is Sub.ACTIVE else Active.INACTIVE

    def start(self, record: UnitRecord) -> Answer:
        self.queue.set_state(record, Sub.ACTIVE)
        return Progress.BEGUN

    def stop(self, record: UnitRecord) -> Answer:
        self.queue.set_state(record, Sub.DEAD)
        return Progress.BEGUN


class UnsupportedType(UnitType):
    """Refused when started; a Wants= on it does no harm."""

    def supported(self, record: UnitRecord) -> bool:
        return False

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        return Active.INACTIVE

    def start(self, record: UnitRecord) -> Answer:
        return JobResult.UNSUPPORTED

    def stop(self, record: UnitRecord) -> Answer:
        return JobResult.DONE
