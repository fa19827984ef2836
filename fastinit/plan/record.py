"""What the engine remembers of a unit and of a job: the only objects of plan/ that change.

Written by the engine alone; control/ reads them to answer `show` and `status`; to_json() and from_json() carry them to the
next manager, so every field is a number, a string, a bool, an enum of states.py, or a list or dict of those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional

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


@dataclass
class UnitRecord:
    """One unit in memory. Timestamps are CLOCK_MONOTONIC microseconds, *_realtime_usec CLOCK_REALTIME; 0 = never."""

    unit: Unit
    active: Active = Active.INACTIVE
    sub: Sub = Sub.DEAD
    result: Result = Result.SUCCESS
    reload_result: Result = Result.SUCCESS
    job: Optional[int] = None
    invocation_id: str = ""         # 32 hex digits, set by run/ at UnitStarting
    activation: int = 0             # the member tag, set by run/ at UnitStarting
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


def tracked_pids(record: UnitRecord) -> Dict[Role, int]:
    """The live tracked processes of the unit."""
    pids = {Role.MAIN: record.main_pid, Role.CONTROL: record.control_pid}
    return {role: pid for role, pid in pids.items() if pid > 0}
