"""What happened: the only things that the engine is told; made by run/, consumed by Engine.handle().

All frozen. Times are CLOCK_MONOTONIC microseconds; the engine's clock is Engine.now_usec, set by the caller before each call.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Tuple, Union


class Spawned(NamedTuple):
    """The process of an effect Spawn exists.

    exec_ok: False when it could not be set up: exec_status (200..245, systemd.exec(5)) and errno say why; its Exited event
             with that exit status follows all the same.
    """

    unit: str
    spawn_id: int
    pid: int
    exec_ok: bool = True
    exec_status: int = 0
    errno: int = 0


class SpawnFailed(NamedTuple):
    """No process could be made at all (EAGAIN, ENOMEM …): systemd's Result=resources."""

    unit: str
    spawn_id: int
    errno: int
    reason: str


class Exited(NamedTuple):
    """One tracked process was reaped, as the ring tells it (csrc/api.h, fi_exit).

    spawn_id: that of the effect Spawn; 0 for a process adopted by PidFound or MAINPID=.
    code:     CLD_EXITED, CLD_KILLED or CLD_DUMPED (waitid(2)); 0 = gone before it could be tracked, status unknown.
    status:   exit code 0..255, or the signal number.
    successor: of a main process with PIDFile=: another live process of the unit that the file names now, tracked from now
              on; 0 = none.
    is_last:  run/ has looked: no live process of the unit is left, but for those that it has not been asked to make yet.
    """

    unit: str
    spawn_id: int
    pid: int
    code: int
    status: int
    reaped_usec: int = 0
    cpu_usec: int = 0
    successor: int = 0
    is_last: bool = False


class PidFound(NamedTuple):
    """Answer to ReadPidFile or GuessMainPid.
    pid > 0 lives, belongs to the unit and is tracked from now on; 0 = none, reason says why."""

    unit: str
    pid: int
    reason: str = ""


class PidFileChanged(NamedTuple):
    """Something was written where WatchPidFile looks; the engine answers with ReadPidFile."""

    unit: str


class MembersGone(NamedTuple):
    """Answer to WatchMembers: no process of the unit is left."""

    unit: str


class Notified(NamedTuple):
    """One sd_notify(3) datagram whose sender belongs to the unit.

    fields: last assignment of each name; is_main, is_control: whether the sender is that tracked process.
    main_pid_valid: MAINPID= named a live process that may be taken (run/ has begun to track it).
    fd_count: descriptors that came along (FDSTORE=1), already with run/.
    """

    unit: str
    pid: int
    fields: Mapping[str, str]
    is_main: bool
    is_control: bool
    main_pid_valid: bool = False
    fd_count: int = 0


class ConditionsChecked(NamedTuple):
    """Answer to CheckConditions; failed names the first condition or assert that did not hold."""

    unit: str
    conditions_ok: bool
    asserts_ok: bool
    failed: str = ""
    results: Tuple[int, ...] = ()       # per condition, then per assert: 1 held, -1 did not, 0 not tried


Event = Union[Spawned, SpawnFailed, Exited, PidFound, PidFileChanged, MembersGone, Notified, ConditionsChecked]
