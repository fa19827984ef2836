"""What to do: values that the engine returns and run/ carries out, in order; a fake kernel does the same in tests.

Each says which events answer it. An effect without an answer cannot fail in a way that the engine must know.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Tuple, Union

from fastinit.plan.states import Active, JobResult, JobType, Role, Sub
from fastinit.units.model import ExecCommand


class Spawn(NamedTuple):
    """Start one process of the unit. Answer: Spawned or SpawnFailed at once, Exited at its end.

    spawn_id: unique for the life of the container, > 0.
    phase:    the directive that names the command ("ExecStartPre" …): which environment, user and directories it gets.
    environment: what the engine alone knows: MAINPID, SERVICE_RESULT, EXIT_CODE, EXIT_STATUS, MONITOR_*, WATCHDOG_*;
              run/ adds all the rest of systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES".
    """

    unit: str
    spawn_id: int
    role: Role
    phase: str
    command: ExecCommand
    environment: Mapping[str, str]


class Signal(NamedTuple):
    """Send a signal. No answer.

    pids:    tracked processes that get it now, alive as far as the engine knows.
    members: also every other process of the unit (but not the pids in spare).
    cont:    follow with SIGCONT, hup: follow with SIGHUP (SendSIGHUP=).
    """

    unit: str
    signal: int
    pids: Tuple[int, ...]
    members: bool
    spare: Tuple[int, ...] = ()
    cont: bool = False
    hup: bool = False


class WatchMembers(NamedTuple):
    """Tell by MembersGone when no process of the unit is left, at once if none is. Replaces an earlier watch."""

    unit: str


class UnwatchMembers(NamedTuple):
    unit: str


class ReadPidFile(NamedTuple):
    """Read PIDFile=, check that the process may be taken as main (systemd.service(5)), track it. Answer: PidFound.
    last: no further try will follow, so a failure is worth a log line."""

    unit: str
    path: str
    last: bool = False


class WatchPidFile(NamedTuple):
    """Answer: PidFileChanged each time the file may have appeared or changed; ends with UnwatchPidFile."""

    unit: str
    path: str


class UnwatchPidFile(NamedTuple):
    unit: str


class GuessMainPid(NamedTuple):
    """Type=forking without PIDFile=: the unit's one remaining process, if it is one. Answer: PidFound."""

    unit: str


class TakeProcess(NamedTuple):
    """A scope starts: make the process that its client has offered the unit's, and tell its end. Answer: PidFound."""

    unit: str


class CheckConditions(NamedTuple):
    """Evaluate Condition*= and Assert*= now. Answer: ConditionsChecked."""

    unit: str


class Untrack(NamedTuple):
    """The engine no longer cares for this pid (a main process replaced by MAINPID=)."""

    unit: str
    pid: int


class UnitStarting(NamedTuple):
    """A new activation begins: new INVOCATION_ID, new member tag, descriptors of stdout made. No answer."""

    unit: str


class UnitStopped(NamedTuple):
    """The activation is over (inactive, failed, or about to restart): remove what it owned, such as RuntimeDirectory=
    (unless preserved; restarting says which rule of RuntimeDirectoryPreserve= holds), PIDFile=, its fd store. No answer."""

    unit: str
    restarting: bool


class StoreFds(NamedTuple):
    """Keep the descriptors of the Notified event just handled in the unit's fd store, named (FDNAME=). No answer."""

    unit: str
    name: str
    poll: bool


class RemoveFds(NamedTuple):
    """FDSTOREREMOVE=1. No answer."""

    unit: str
    name: str


class StateChanged(NamedTuple):
    """The unit went from one state to another; control/ tells its waiting clients. No answer."""

    unit: str
    active: Active
    sub: Sub


class JobFinished(NamedTuple):
    """A job left the queue. No answer."""

    job_id: int
    unit: str
    type: JobType
    result: JobResult


class LogLine(NamedTuple):
    """A line of the manager about a unit ("" = itself), systemd's words.
    priority as syslog(3): 3 err, 4 warning, 5 notice, 6 info, 7 debug."""

    unit: str
    priority: int
    text: str


class ManagerAction(NamedTuple):
    """SuccessAction=, FailureAction=, StartLimitAction=, JobTimeoutAction=: "exit", "exit-force", "reboot", "poweroff-force" …
    exit_status: what PID 1 exits with, None = the action's default."""

    unit: str
    action: str
    exit_status: Optional[int]
    reason: str


Effect = Union[
    Spawn, Signal, WatchMembers, UnwatchMembers, ReadPidFile, WatchPidFile, UnwatchPidFile, GuessMainPid, TakeProcess,
    CheckConditions,
    Untrack, UnitStarting, UnitStopped, StoreFds, RemoveFds, StateChanged, JobFinished, LogLine, ManagerAction,
]

# Twice is as good as once, but for one more line in the log: what led to them need not be committed before.
REPEATABLE = frozenset((WatchMembers, UnwatchMembers, UnwatchPidFile, UnitStopped, StateChanged, LogLine))
