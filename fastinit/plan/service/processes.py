"""The processes of a service: made, signalled, watched, told apart, forgotten.

In:  the record of the unit.   Out: effects, and what the record knows of its processes.
Never: decides what comes next.
Source: systemd.kill(5), systemd.exec(5) "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES".
"""

from __future__ import annotations

from signal import SIGKILL
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from fastinit.plan import words
from fastinit.plan.effects import Signal, Spawn, Untrack, UnwatchMembers, UnwatchPidFile, WatchMembers
from fastinit.plan.events import Exited, Spawned
from fastinit.plan.queue import JobQueue, UnitType
from fastinit.plan.record import ExecStatus, UnitRecord
from fastinit.plan.states import JobType, Result, Role
from fastinit.plan.world import WATCHDOG, World
from fastinit.units.model import USEC_INFINITY, ExecCommand, Service
from fastinit.units.values import exit_status_name, signal_name

COMMANDS: Dict[str, Callable[[Service], Tuple[ExecCommand, ...]]] = {
    "ExecCondition": lambda service: service.exec_condition,
    "ExecStartPre":  lambda service: service.exec_start_pre,
    "ExecStart":     lambda service: service.exec_start,
    "ExecStartPost": lambda service: service.exec_start_post,
    "ExecReload":    lambda service: service.exec_reload,
    "ExecStop":      lambda service: service.exec_stop,
    "ExecStopPost":  lambda service: service.exec_stop_post,
}
RESULT_PHASES = frozenset({"ExecStop", "ExecStopPost"})                     # get SERVICE_RESULT= …
MONITOR_PHASES = frozenset({"ExecCondition", "ExecStartPre", "ExecStart"})  # get MONITOR_*=


class Processes(UnitType):
    """What every step of a service's life needs."""

    def __init__(self, world: World, queue: JobQueue) -> None:
        self.world = world
        self.queue = queue

    def _signal(self, record: UnitRecord, operation: str, members: bool) -> bool:
        """True: something of the unit may be left to wait for."""
        kill = record.unit.kill
        if kill.kill_mode == "none":
            return False
        everyone = (members and not record.members_gone
                    and (kill.kill_mode == "control-group" or (kill.kill_mode == "mixed" and operation == "kill")))
        pids = tuple(pid for pid in (record.main_pid, record.control_pid) if pid > 0)
        if pids or everyone:
            number = self._signal_number(record, operation)
            polite = operation == "terminate"
            self.world.emit(Signal(record.unit.name, number, pids, everyone,
                                   cont=number != SIGKILL and operation != "watchdog", hup=polite and kill.send_sighup))
            if operation == "kill":
                for pid in pids:
                    self._say(record, 5, f"Killing process {pid} with signal SIG{signal_name(number)}.")
        if everyone:
            self._watch_members(record)
        return everyone or self._has_process(record)

    def _signal_number(self, record: UnitRecord, operation: str) -> int:
        kill = record.unit.kill
        if operation == "kill":
            return kill.final_kill_signal
        if operation == "watchdog":
            return kill.watchdog_signal
        if kill.restart_kill_signal and self.queue.has_job(record, JobType.RESTART):
            return kill.restart_kill_signal
        return kill.kill_signal

    def _spawn_control(self, record: UnitRecord, phase: str, index: int) -> None:
        record.control_phase, record.control_index = phase, index
        record.control_pid, record.control_spawn_id = 0, self.world.new_spawn_id()
        self._spawn(record, record.control_spawn_id, Role.CONTROL, phase, index)

    def _spawn_main(self, record: UnitRecord) -> None:
        record.main_pid, record.main_spawn_id = 0, self.world.new_spawn_id()
        record.main_pid_known = True
        record.main_exec = ExecStatus()
        self._spawn(record, record.main_spawn_id, Role.MAIN, "ExecStart", record.main_index)

    def _spawn(self, record: UnitRecord, spawn_id: int, role: Role, phase: str, index: int) -> None:
        record.members_gone = False
        self.world.touch(record)
        self.world.emit(self._spawn_effect(record, spawn_id, role, phase, index))

    def _spawn_effect(self, record: UnitRecord, spawn_id: int, role: Role, phase: str, index: int) -> Spawn:
        command = COMMANDS[phase](service_of(record))[index]
        return Spawn(record.unit.name, spawn_id, role, phase, command, self._environment(record, phase))

    def unanswered_spawns(self, record: UnitRecord) -> List[Spawn]:
        """Decided, but not known to have been carried out."""
        asked = []
        if record.main_spawn_id and not record.main_pid:
            asked.append((record.main_spawn_id, Role.MAIN, "ExecStart", record.main_index))
        if record.control_spawn_id and not record.control_pid:
            asked.append((record.control_spawn_id, Role.CONTROL, record.control_phase, record.control_index))
        return [self._spawn_effect(record, *one) for one in asked if one[3] < len(COMMANDS[one[2]](service_of(record)))]

    def _environment(self, record: UnitRecord, phase: str) -> Mapping[str, str]:
        service, found = service_of(record), {}
        if record.main_pid > 0:
            found["MAINPID"] = str(record.main_pid)
        if service.pid_file:
            found["PIDFILE"] = service.pid_file
        if record.watchdog_usec and phase == "ExecStart":
            found["WATCHDOG_USEC"] = str(record.watchdog_usec)
        if phase in RESULT_PHASES:
            found["SERVICE_RESULT"] = record.result.value
            found.update(words.exit_variables(record.main_exec.code, record.main_exec.status))
        source = self.world.find(record.monitor) if record.monitor and phase in MONITOR_PHASES else None
        if source is not None:
            found["MONITOR_UNIT"] = source.unit.name
            found["MONITOR_INVOCATION_ID"] = source.invocation_id
            found["MONITOR_SERVICE_RESULT"] = source.result.value
            for name, value in words.exit_variables(source.main_exec.code, source.main_exec.status).items():
                found["MONITOR_" + name] = value
        return found

    def _note_spawned(self, record: UnitRecord, role: Role, event: Spawned) -> None:
        status = ExecStatus(pid=event.pid, start_usec=self.world.now_usec, start_realtime_usec=self.world.now_realtime_usec)
        if role is Role.MAIN:
            record.main_pid, record.main_exec = event.pid, status
        else:
            record.control_pid = event.pid
        phase, index = self._place(record, role)
        runs = record.exec_status.setdefault(phase, [])
        runs.extend(ExecStatus() for _ in range(index + 1 - len(runs)))
        runs[index] = status
        self.world.touch(record)
        if not event.exec_ok:
            command = COMMANDS[phase](service_of(record))[index:index + 1]
            path = command[0].path if command else phase
            name = exit_status_name(event.exec_status) or str(event.exec_status)
            self._say(record, 3, f"Failed at step {name} spawning {path}: {words.error_text(event.errno)}")

    @staticmethod
    def _place(record: UnitRecord, role: Role) -> Tuple[str, int]:
        return ("ExecStart", record.main_index) if role is Role.MAIN else (record.control_phase, record.control_index)

    def _note_exit(self, record: UnitRecord, role: Role, event: Exited) -> None:
        phase, index = self._place(record, role)
        runs: Sequence[ExecStatus] = record.exec_status.get(phase, [])[index:index + 1]
        for status in (*runs, *([record.main_exec] if role is Role.MAIN else [])):
            status.pid = event.pid
            status.code, status.status = event.code, event.status
            status.exit_usec = event.reaped_usec or self.world.now_usec
            status.exit_realtime_usec = self.world.now_realtime_usec - (self.world.now_usec - status.exit_usec)

    def _is_main(self, record: UnitRecord, event: Exited) -> bool:
        if event.spawn_id:
            return event.spawn_id == record.main_spawn_id
        return record.main_pid > 0 and event.pid == record.main_pid and record.main_spawn_id == 0

    def _adopt_main(self, record: UnitRecord, pid: int) -> None:
        if record.main_pid == pid:
            record.main_pid_known = True
            return
        if record.main_pid > 0:
            self.world.emit(Untrack(record.unit.name, record.main_pid))
        record.main_pid, record.main_spawn_id, record.main_pid_known, record.members_gone = pid, 0, True, False
        record.main_exec = ExecStatus(pid=pid, start_usec=self.world.now_usec, start_realtime_usec=self.world.now_realtime_usec)
        self.world.touch(record)

    def _has_process(self, record: UnitRecord) -> bool:
        """One that is tracked; also one that is just being made."""
        return bool(record.main_pid or record.main_spawn_id or record.control_pid or record.control_spawn_id)

    def _forget(self, record: UnitRecord, role: Role) -> None:
        if role is Role.MAIN:
            record.main_pid = record.main_spawn_id = 0
        else:
            record.control_pid = record.control_spawn_id = 0
        self.world.touch(record)

    def _forget_control(self, record: UnitRecord) -> None:
        """A control process that has been given up (a reload that took too long): its exit is nobody's business."""
        if record.control_pid:
            self.world.emit(Untrack(record.unit.name, record.control_pid))
        if record.control_spawn_id:
            self._forget(record, Role.CONTROL)
        record.control_phase, record.control_index = "", 0

    def _give_up_processes(self, record: UnitRecord) -> None:
        for pid in (record.main_pid, record.control_pid):
            if pid:
                self._say(record, 4, f"Unit process {pid} remains running after unit stopped.")
                self.world.emit(Untrack(record.unit.name, pid))
        self._forget(record, Role.MAIN)
        self._forget(record, Role.CONTROL)
        record.control_phase, record.control_index = "", 0

    # ---- watches ----

    def _watch_members(self, record: UnitRecord) -> None:
        record.watching_members = True
        self.world.touch(record)
        self.world.emit(WatchMembers(record.unit.name))

    def _unwatch_members(self, record: UnitRecord) -> None:
        if record.watching_members:
            record.watching_members = False
            self.world.touch(record)
            self.world.emit(UnwatchMembers(record.unit.name))

    def _unwatch_pid_file(self, record: UnitRecord) -> None:
        if record.watching_pid_file:
            record.watching_pid_file = False
            self.world.touch(record)
            self.world.emit(UnwatchPidFile(record.unit.name))

    def _pat_watchdog(self, record: UnitRecord) -> None:
        self.world.arm(record, WATCHDOG, self.world.after(record.watchdog_usec) if record.watchdog_usec else USEC_INFINITY)

    # ---- words ----

    def _say(self, record: UnitRecord, priority: int, text: str) -> None:
        self.world.log(record.unit.name, priority, f"{record.unit.name}: {text}")

    def _say_exit(self, record: UnitRecord, process: str, event: Exited, result: Result) -> None:
        clean = result is Result.SUCCESS
        priority = 7 if clean else 5 if event.code == words.CLD_EXITED else 4
        self._say(record, priority, words.exit_words(process, event.code, event.status, clean and event.status != 0))


def service_of(record: UnitRecord) -> Service:
    service = record.unit.service
    return service if service is not None else _GONE


_GONE = Service()       # a service whose file is gone or unreadable while it runs: defaults are all that is left
