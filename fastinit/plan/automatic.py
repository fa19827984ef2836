"""What starts and stops without being asked for: units that nobody needs, that another one upholds, that are bound to another.

In:  units whose state or job has changed.   Out: requests for jobs; a retry where that comes too often.
How: whom a change may concern is noted, and looked at one by one when the jobs that can run have run.
Never: looks at a unit that has a job: its end brings it back.
Source: systemd.unit(5), "StopWhenUnneeded=", "Upholds=", "BindsTo=".
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Callable, Tuple

from fastinit.plan import jobs
from fastinit.plan.record import UnitRecord
from fastinit.plan.rules import Atom
from fastinit.plan.states import Active, JobMode, JobType
from fastinit.plan.world import World

INTERVAL_USEC, BURST = 10_000_000, 16       # of one unit
UNNEEDED, UPHELD, BOUND = "unneeded", "upheld", "bound"
_TIED = ((UNNEEDED, Atom.CHECK_UNNEEDED), (UPHELD, Atom.CHECK_UPHELD), (BOUND, Atom.CHECK_BOUND))


class Automatic:
    def __init__(self, world: World, request: Callable[[JobType, str, JobMode], None]) -> None:
        self._world = world
        self._request = request
        self._checks: "OrderedDict[Tuple[str, str], None]" = OrderedDict()      # (what to check, unit)

    def consider(self, record: UnitRecord) -> None:
        """Have the rules looked at for this unit and those that they tie to it."""
        name = record.unit.name
        for what, atom in _TIED:
            if what == UNNEEDED or record.active is not Active.ACTIVATING:
                for other in self._world.deps(name, atom):
                    self._checks[what, other.unit.name] = None
        for what, _ in _TIED:
            self._checks[what, name] = None

    def consider_again(self, name: str) -> None:
        record = self._world.find(name)
        if record is not None:
            self.consider(record)

    def check_next(self) -> bool:
        """Look at one of those that were noted; False when there is none."""
        if not self._checks:
            return False
        self._check(*self._checks.popitem(last=False)[0])
        return True

    def _check(self, what: str, name: str) -> None:
        record = self._world.find(name)
        if record is None or record.job is not None:
            return
        if what == UNNEEDED and self._is_unneeded(record):
            self._act(record, JobType.STOP, JobMode.FAIL, "Unit not needed anymore. Stopping.")
        elif what == UPHELD:
            upholder = self._active_upholder(record)
            if upholder:
                self._act(record, JobType.START, JobMode.FAIL, f"Unit started because upheld by active unit {upholder}.")
        elif what == BOUND:
            missing = self._missing_bound(record)
            if missing:
                self._act(record, JobType.STOP, JobMode.REPLACE, f"Unit is stopped because bound to inactive unit {missing}.")

    def _is_unneeded(self, record: UnitRecord) -> bool:
        if not record.unit.stop_when_unneeded or record.active not in jobs.UP:
            return False
        return not any(other.active not in jobs.DOWN or other.job is not None
                       for other in self._world.deps(record.unit.name, Atom.PINS))

    def _active_upholder(self, record: UnitRecord) -> str:
        if record.active not in jobs.DOWN or record.unit.load_state != "loaded":
            return ""
        for other in self._world.deps(record.unit.name, Atom.START_STEADILY):
            if other.active in jobs.UP and other.job is None:
                return other.unit.name
        return ""

    def _missing_bound(self, record: UnitRecord) -> str:
        if record.active is not Active.ACTIVE:
            return ""
        for other in self._world.deps(record.unit.name, Atom.CANNOT_BE_ACTIVE_WITHOUT):
            if other.job is None and other.active in jobs.DOWN:
                return other.unit.name
        return ""

    def _act(self, record: UnitRecord, type: JobType, mode: JobMode, why: str) -> None:
        if self.not_too_often(record, why):
            self._request(type, record.unit.name, mode)
        else:
            self._world.arm_retry(record.unit.name, record.auto_times[0] + INTERVAL_USEC)

    def not_too_often(self, record: UnitRecord, why: str) -> bool:
        """Whether this may be done for the unit now; it is counted, and told in the log either way."""
        now, name = self._world.now_usec, record.unit.name
        record.auto_times = [usec for usec in record.auto_times if now - usec < INTERVAL_USEC]
        self._world.touch(record)
        if len(record.auto_times) >= BURST:
            self._world.log(name, 4, f"{name}: {why} Not done: tried this too often recently.")
            return False
        record.auto_times.append(now)
        self._world.log(name, 6, f"{name}: {why}")
        return True
