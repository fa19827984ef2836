"""What the engine remembers of a unit and of a job: the only objects of plan/ that change.

Written by the engine alone; control/ reads them to answer `show` and `status`; to_json() and from_json() carry them to the
next manager, so every field is a number, a string, a bool, an enum of states.py, or a list or dict of those.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, Dict, List, Mapping, Optional, Type

from fastinit.plan.states import Active, JobMode, JobResult, JobState, JobType, Result, Role, Sub
from fastinit.units.model import USEC_INFINITY, Unit


@dataclass
class ExecStatus:
    """How one process of an Exec* line ran: `show` prints it as ExecStart={ path=… ; start_time=… ; code=… ; status=… }."""

    pid: int = 0
    start_realtime_usec: int = 0
    start_usec: int = 0
    exit_realtime_usec: int = 0
    exit_usec: int = 0
    code: int = 0       # CLD_*; 0 = not exited
    status: int = 0


@dataclass
class Job:
    id: int
    unit: str
    type: JobType
    state: JobState = JobState.WAITING
    mode: JobMode = JobMode.REPLACE
    irreversible: bool = False
    ignore_order: bool = False
    begin_usec: int = 0             # when it was queued
    begin_running_usec: int = 0
    result: Optional[JobResult] = None
    deadline_usec: int = USEC_INFINITY          # JobTimeoutSec=, JobRunningTimeoutSec=: whichever is first


@dataclass(init=False)
class UnitRecord:
    """One unit in memory. Timestamps are CLOCK_MONOTONIC microseconds, *_realtime_usec CLOCK_REALTIME; 0 = never.

    What has never been set stands in the class alone: most of a thousand records are of units that have never run.
    """

    unit: Unit
    active: Active = Active.INACTIVE
    sub: Sub = Sub.DEAD
    result: Result = Result.SUCCESS
    reload_result: Result = Result.SUCCESS
    job: Optional[int] = None
    invocation_id: str = ""         # 32 hex digits, set by run/ at UnitStarting
    activation: int = 0             # the member tag, set by run/ at UnitStarting
    life_realtime_usec: int = 0     # set by run/ at UnitStarting: lines of the log from then on are of this life
    main_pid: int = 0
    main_spawn_id: int = 0          # 0 with main_pid > 0: adopted
    main_pid_known: bool = False
    control_pid: int = 0
    control_spawn_id: int = 0
    control_phase: str = ""         # "ExecStartPre" …; with control_index the command that runs
    control_index: int = 0
    main_index: int = 0             # of ExecStart=, for Type=oneshot
    deadline_usec: int = USEC_INFINITY      # of the state's own timer
    watchdog_usec: int = 0                  # 0 = off; WATCHDOG_USEC= may change it
    watchdog_deadline_usec: int = USEC_INFINITY
    runtime_deadline_usec: int = USEC_INFINITY
    n_restarts: int = 0
    will_auto_restart: bool = False
    forbid_restart: bool = False
    status_text: str = ""
    status_errno: int = 0
    notify_state: str = ""          # "" ready reloading stopping
    reload_begin_usec: int = 0
    fd_store_count: int = 0
    in_audit: bool = False
    condition_result: bool = False
    assert_result: bool = False
    condition_usec: int = 0
    condition_realtime_usec: int = 0
    condition_results: List[int] = field(default_factory=list)
    main_exec: ExecStatus = field(default_factory=ExecStatus)       # ExecMain*=
    exec_status: Dict[str, List[ExecStatus]] = field(default_factory=dict)  # "ExecStartPre" -> one per command
    start_times: List[int] = field(default_factory=list)            # StartLimit*: starts within the interval
    # state change timestamps, `show` prints each as …Timestamp and …TimestampMonotonic
    state_change_usec: int = 0
    state_change_realtime_usec: int = 0
    inactive_exit_usec: int = 0
    inactive_exit_realtime_usec: int = 0
    active_enter_usec: int = 0
    active_enter_realtime_usec: int = 0
    active_exit_usec: int = 0
    active_exit_realtime_usec: int = 0
    inactive_enter_usec: int = 0
    inactive_enter_realtime_usec: int = 0
    cpu_usec: int = 0               # of reaped processes of this activation
    extra: Dict[str, str] = field(default_factory=dict)             # for unit types to come
    # questions that run/ has not answered yet; asked again by the next manager
    asking_conditions: bool = False
    asking_pid: str = ""            # "" "file" "guess"
    watching_members: bool = False
    watching_pid_file: bool = False
    # the service life's own memory
    idle_usec: int = USEC_INFINITY  # Type=idle: the process is made when no job is left, or by then
    main_done: bool = False         # the last ExecStart= of this activation is over (ExitType=cgroup waits on)
    members_gone: bool = False      # as far as has been told since the last spawn (MembersGone, Exited.is_last)
    flush_restarts: bool = True     # the next start begins to count n_restarts at 0
    runtime_end_usec: int = 0       # RuntimeMaxSec= of this activation, chance included; 0 = not yet drawn
    stop_asked: bool = False        # the service itself said STOPPING=1
    monitor: str = ""               # the unit whose OnFailure= or OnSuccess= has started this one
    notify_exit_status: str = ""    # EXIT_STATUS= of sd_notify(3)
    auto_times: List[int] = field(default_factory=list)             # starts and stops by Upholds=, StopWhenUnneeded= …

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        for name, make in _FACTORIES:
            setattr(self, name, make())


_FACTORIES = tuple((item.name, item.default_factory) for item in fields(UnitRecord) if item.default_factory is not MISSING)


def tracked_pids(record: UnitRecord) -> Dict[Role, int]:
    """The live tracked processes of the unit."""
    pids = {Role.MAIN: record.main_pid, Role.CONTROL: record.control_pid}
    return {role: pid for role, pid in pids.items() if pid > 0}


_ENUMS: Dict[str, Type[Enum]] = {
    "active": Active, "sub": Sub, "result": Result, "reload_result": Result,
}
_FRESH: Dict[str, Any] = {      # of a unit that has never run; the containers among them are compared, never changed
    item.name: item.default_factory() if item.default_factory is not MISSING else item.default
    for item in fields(UnitRecord) if item.name != "unit"
}
_JOB_ENUMS: Dict[str, Type[Enum]] = {"type": JobType, "state": JobState, "mode": JobMode}


def record_to_json(record: UnitRecord) -> Dict[str, Any]:
    """What differs from a unit that has never run; the unit itself is loaded again by the next manager."""
    return {name: _plain(value) for name, value in vars(record).items() if name != "unit" and value != _FRESH[name]}


def record_from_json(unit: Unit, entry: Mapping[str, Any]) -> UnitRecord:
    """Fields that this version does not know are left out: the entry may be an older or newer manager's."""
    record = UnitRecord(unit)
    known = {item.name for item in fields(record)} - {"unit"}
    for name, value in entry.items():
        if name == "main_exec":
            value = ExecStatus(**value)
        elif name == "exec_status":
            value = {phase: [ExecStatus(**one) for one in runs] for phase, runs in value.items()}
        elif name in _ENUMS:
            value = _ENUMS[name](value)
        if name in known:
            setattr(record, name, value)
    return record


def job_to_json(job: Job) -> Dict[str, Any]:
    return {item.name: _plain(getattr(job, item.name)) for item in fields(job) if item.name != "result"}


def job_from_json(entry: Mapping[str, Any]) -> Job:
    values: Dict[str, Any] = dict(entry)
    for name, enum in _JOB_ENUMS.items():
        values[name] = enum(values[name])
    return Job(**values)


_PLAIN = frozenset((bool, int, str))


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ExecStatus):
        return dict(vars(value))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
