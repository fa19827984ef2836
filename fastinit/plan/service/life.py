"""The life of a service: turns what happens into events of the table, and the table's steps into effects.

In:  start, stop and reload from the queue; events from run/; deadlines.   Out: effects and state changes.
Never: decides by itself what comes next: that is in table.py.
Source: systemd.service(5), systemd.kill(5), sd_notify(3), systemd.exec(5) "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES".
"""

from __future__ import annotations

from signal import SIGKILL
from typing import Callable, Dict, Optional

from fastinit.plan import jobs, words
from fastinit.plan.effects import GuessMainPid, ReadPidFile, Signal, UnitStarting, UnitStopped, WatchMembers, WatchPidFile
from fastinit.plan.events import Exited, MembersGone, PidFileChanged, PidFound, Spawned, SpawnFailed
from fastinit.plan.queue import Answer, JobQueue, Progress
from fastinit.plan.record import ExecStatus, UnitRecord
from fastinit.plan.rules import Atom
from fastinit.plan.service.notify import Notifications
from fastinit.plan.service.processes import COMMANDS, service_of
from fastinit.plan.service.results import in_set, restart_delay_usec, result_of, result_of_control
from fastinit.plan.service.table import (
    ACTIVE_OF,
    ACTIVE_OF_IDLE,
    FINAL_SIGNALS,
    LIMITS,
    RELOADS,
    RESTARTS,
    STARTING,
    STOP_SIGNALS,
    WATCHED_BY_WATCHDOG,
    Ev,
    Go,
    timeout_event,
)
from fastinit.plan.states import Active, JobMode, JobType, Result, Role, Sub
from fastinit.plan.world import IDLE, RUNTIME, STATE, WATCHDOG, World
from fastinit.units.model import USEC_INFINITY
from fastinit.units.timespan import format_usec

IDLE_USEC = 5_000_000       # Type=idle waits no longer than this for the other jobs

# state -> the signal that is sent on entering it
SIGNAL_OF: Dict[Sub, str] = {
    Sub.STOP_WATCHDOG: "watchdog", Sub.STOP_SIGTERM: "terminate", Sub.STOP_SIGKILL: "kill",
    Sub.FINAL_WATCHDOG: "watchdog", Sub.FINAL_SIGTERM: "terminate", Sub.FINAL_SIGKILL: "kill",
}


class ServiceType(Notifications):
    """Handles every unit of type service."""

    def __init__(self, world: World, queue: JobQueue) -> None:
        super().__init__(world, queue)
        self._go: Dict[Go, Callable[[UnitRecord], None]] = {go: getattr(self, "_go_" + go.value) for go in Go}

    # ---- UnitType ----

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        return (ACTIVE_OF_IDLE if service_of(record).type == "idle" else ACTIVE_OF)[sub]

    def begins(self, record: UnitRecord) -> bool:
        return record.active in jobs.DOWN or record.sub is Sub.AUTO_RESTART_QUEUED

    def refuse_start(self, record: UnitRecord) -> None:
        self._take_result(record, Result.START_LIMIT_HIT, first=False)
        self._go_dead_for_good(record)

    def start(self, record: UnitRecord) -> Answer:
        if record.active is Active.DEACTIVATING or record.sub is Sub.AUTO_RESTART:
            return Progress.LATER
        self._step(record, Ev.START)
        return Progress.BEGUN

    def job_lost(self, record: UnitRecord) -> None:
        if record.sub is Sub.AUTO_RESTART_QUEUED:
            self._go_forget_restart(record)
        elif record.sub is Sub.AUTO_RESTART and record.deadline_usec == USEC_INFINITY:
            self.world.arm(record, STATE, self.world.now_usec)      # the stop that had put the restart off

    def dead_sub(self, record: UnitRecord) -> Sub:
        is_pinned = record.fd_store_count and service_of(record).file_descriptor_store_preserve == "yes"
        return Sub.DEAD_RESOURCES_PINNED if is_pinned else Sub.DEAD

    def starts_at_once(self, record: UnitRecord) -> bool:
        return service_of(record).type in ("simple", "idle") and record.control_spawn_id == 0

    def stop(self, record: UnitRecord) -> Answer:
        record.forbid_restart = True        # a restart job starts it by itself
        self.world.touch(record)
        self._step(record, Ev.STOP)
        return Progress.BEGUN

    def reload(self, record: UnitRecord) -> Answer:
        self._step(record, Ev.RELOAD)
        return Progress.BEGUN

    def can_reload(self, record: UnitRecord) -> bool:
        return bool(service_of(record).exec_reload) or service_of(record).type == "notify-reload"

    def exit_status(self, record: UnitRecord) -> Optional[int]:
        return record.main_exec.status if record.main_exec.code == words.CLD_EXITED else None

    # ---- events of run/ ----

    def on_spawned(self, record: UnitRecord, event: Spawned) -> None:
        main = event.spawn_id == record.main_spawn_id and record.main_pid == 0
        control = event.spawn_id == record.control_spawn_id and record.control_pid == 0
        if not main and not control:
            return      # its exit came first
        self._note_spawned(record, Role.MAIN if main else Role.CONTROL, event)
        if record.sub in SIGNAL_OF:
            self._signal(record, SIGNAL_OF[record.sub], members=False)     # it was on its way when the others got theirs
        elif main:
            self._step(record, Ev.EXECED if event.exec_ok else Ev.SPAWNED)

    def on_spawn_failed(self, record: UnitRecord, event: SpawnFailed) -> None:
        main = event.spawn_id == record.main_spawn_id
        if not main and event.spawn_id != record.control_spawn_id:
            return
        phase = "ExecStart" if main else record.control_phase
        self._say(record, 4, f"Failed to spawn '{phase}' task: {event.reason}")
        self._forget(record, Role.MAIN if main else Role.CONTROL)
        if record.sub in (*STOP_SIGNALS, *FINAL_SIGNALS) and self._has_process(record):
            return
        self._step(record, Ev.SPAWN_FAILED)

    def on_exited(self, record: UnitRecord, event: Exited) -> None:
        record.cpu_usec += event.cpu_usec
        self.world.touch(record)
        if self._is_main(record, event):
            record.members_gone = event.is_last and not (record.control_pid or record.control_spawn_id)
            self._main_exited(record, event)
        elif event.spawn_id and event.spawn_id == record.control_spawn_id:
            record.members_gone = event.is_last and not (record.main_pid or record.main_spawn_id)
            self._control_exited(record, event)

    def on_pid_found(self, record: UnitRecord, event: PidFound) -> None:
        if not record.asking_pid:
            return
        asked, record.asking_pid = record.asking_pid, ""
        self.world.touch(record)
        if event.pid > 0:
            self._adopt_main(record, event.pid)
            self._unwatch_pid_file(record)
            self._step(record, Ev.PID)
        elif asked == "guess":
            self._step(record, Ev.PID)      # nothing to wait for: the unit lives as long as any of its processes
        elif record.sub is Sub.START and service_of(record).exec_start_post:
            self._step(record, Ev.PID)      # ExecStartPost= may write it
        else:
            self._step(record, Ev.NO_PID)

    def on_pid_file_changed(self, record: UnitRecord, event: PidFileChanged) -> None:
        if record.watching_pid_file and not record.asking_pid:
            self._step(record, Ev.PID_FILE)

    def on_members_gone(self, record: UnitRecord, event: MembersGone) -> None:
        if not record.watching_members:
            return
        record.watching_members = False
        self.world.touch(record)
        if self._has_process(record):
            return      # its exit is on the way, or it was made since
        record.members_gone = True
        if record.main_done and record.sub not in SIGNAL_OF:
            self._step(record, Ev.MAIN_OK if record.result is Result.SUCCESS else Ev.MAIN_BAD)
        else:
            self._step(record, Ev.GONE)

    def on_deadline(self, record: UnitRecord, kind: str) -> None:
        if kind == WATCHDOG:
            if not self.world.watchdogs:
                self._say(record, 4, f"Watchdog disabled! Ignoring watchdog timeout (limit {format_usec(record.watchdog_usec)})!")
                return
            if record.sub in WATCHED_BY_WATCHDOG:
                self._say(record, 3, f"Watchdog timeout (limit {format_usec(record.watchdog_usec)})!")
            self._step(record, Ev.WATCHDOG)
        elif kind == RUNTIME:
            self._step(record, Ev.RUNTIME)
        elif kind == IDLE:
            self._spawn_idle(record)
        else:
            self._state_timed_out(record)

    def _state_timed_out(self, record: UnitRecord) -> None:
        service = service_of(record)
        starting = record.sub in STARTING
        mode = service.timeout_start_failure_mode if starting else service.timeout_stop_failure_mode
        self._step(record, timeout_event(record.sub, mode, record.unit.kill.send_sigkill))

    # ---- start ----

    def _go_condition(self, record: UnitRecord) -> None:
        self._begin_activation(record)
        if not self._run_control(record, "ExecCondition", Sub.CONDITION):
            self._go_start_pre(record)

    def _begin_activation(self, record: UnitRecord) -> None:
        if record.flush_restarts and record.sub is not Sub.AUTO_RESTART_QUEUED:
            record.n_restarts = 0
        record.flush_restarts = record.sub is not Sub.AUTO_RESTART_QUEUED
        record.result = record.reload_result = Result.SUCCESS
        record.main_exec = ExecStatus()
        record.main_pid_known = record.main_done = record.members_gone = record.forbid_restart = record.stop_asked = False
        record.will_auto_restart = False
        record.runtime_end_usec = record.main_index = record.status_errno = record.cpu_usec = 0
        record.status_text = record.notify_state = record.notify_exit_status = ""
        record.exec_status = {}
        record.watchdog_usec = service_of(record).watchdog_usec
        self._unwatch_members(record)
        self.world.touch(record)
        self.world.emit(UnitStarting(record.unit.name))

    def _go_start_pre(self, record: UnitRecord) -> None:
        if not self._run_control(record, "ExecStartPre", Sub.START_PRE):
            self._go_start(record)

    def _go_start(self, record: UnitRecord) -> None:
        service = service_of(record)
        if service.type == "forking":
            self._run_control(record, "ExecStart", Sub.START)
        elif not service.exec_start:
            self._go_start_post(record)     # Type=oneshot with ExecStop= alone
        else:
            record.main_index = 0
            if service.type == "idle" and self._others_are_busy(record):
                self._waiting_idle[record.unit.name] = None
                self._enter(record, Sub.START)
                self.world.arm(record, STATE, USEC_INFINITY)
                self.world.arm(record, IDLE, self.world.after(IDLE_USEC))
                return
            self._spawn_main(record)
            self._enter(record, Sub.START)
            if service.type in ("simple", "idle", "dbus"):
                self.world.arm(record, STATE, USEC_INFINITY)    # it is over as soon as the process exists

    def _others_are_busy(self, record: UnitRecord) -> bool:
        return any(job.unit != record.unit.name for job in self.world.jobs.values())

    def release_idle(self) -> bool:
        """No job is left: what has waited for that goes on. False: nothing has."""
        waiting = tuple(self._waiting_idle)
        for name in waiting:
            self._spawn_idle(self.world.units[name])
        return bool(waiting)

    def _spawn_idle(self, record: UnitRecord) -> None:
        self._waiting_idle.pop(record.unit.name, None)
        self.world.arm(record, IDLE, USEC_INFINITY)
        if record.sub is Sub.START and record.main_spawn_id == 0:
            self._spawn_main(record)

    def _go_find_main(self, record: UnitRecord) -> None:
        service = service_of(record)
        if record.main_pid_known:
            self._go_start_post(record)
        elif service.pid_file:
            self._ask_pid(record, last=not service.exec_start_post)
        elif service.guess_main_pid:
            record.asking_pid = "guess"
            self.world.emit(GuessMainPid(record.unit.name))
        else:
            self._go_start_post(record)

    def _go_read_pid(self, record: UnitRecord) -> None:
        self._ask_pid(record, last=False)

    def _ask_pid(self, record: UnitRecord, last: bool) -> None:
        record.asking_pid = "file"
        self.world.touch(record)
        self.world.emit(ReadPidFile(record.unit.name, service_of(record).pid_file, last))

    def _go_find_main_late(self, record: UnitRecord) -> None:
        if service_of(record).pid_file and not record.main_pid_known:
            self._ask_pid(record, last=True)
        else:
            self._go_running(record)

    def _go_await_pid(self, record: UnitRecord) -> None:
        """The time limit of the state, and the unit's last process, end the wait."""
        if not record.watching_pid_file:
            record.watching_pid_file = True
            self.world.touch(record)
            self.world.emit(WatchPidFile(record.unit.name, service_of(record).pid_file))
        if not record.watching_members:
            self._watch_members(record)

    def _go_start_post(self, record: UnitRecord) -> None:
        self._pat_watchdog(record)
        if not self._run_control(record, "ExecStartPost", Sub.START_POST):
            self._go_running(record)

    # ---- running ----

    def _go_running(self, record: UnitRecord, reload_ok: bool = True) -> None:
        self._forget_control(record)
        if record.result is not Result.SUCCESS:
            self._go_stop_sigterm(record)
        elif self._is_good(record):
            self._enter_running(record, reload_ok)
        elif service_of(record).remain_after_exit:
            self._unwatch_members(record)
            self._enter(record, Sub.EXITED, reload_ok)
        else:
            self._go_stop(record)

    def _is_good(self, record: UnitRecord) -> bool:
        """Something of the unit still runs, as far as is known; where only its members can tell, they are watched."""
        if record.main_pid or record.main_spawn_id:
            return True
        unknown = service_of(record).type == "forking" and not record.main_pid_known
        if not unknown and not (service_of(record).exit_type == "cgroup" and record.main_done):
            return False
        if not record.members_gone and not record.watching_members:
            self._watch_members(record)
        return not record.members_gone

    def _enter_running(self, record: UnitRecord, reload_ok: bool) -> None:
        if record.stop_asked:
            self._go_stop_by_notify(record)
        elif record.notify_state == "reloading":
            self._go_reload_by_notify(record)
        else:
            was_running = record.sub is Sub.RUNNING
            self._enter(record, Sub.RUNNING, reload_ok)
            if record.sub is Sub.RUNNING and not was_running:
                self.world.arm(record, RUNTIME, self._runtime_end(record))

    def _runtime_end(self, record: UnitRecord) -> int:
        service = service_of(record)
        if service.runtime_max_usec >= USEC_INFINITY:
            return USEC_INFINITY
        extra = service.runtime_randomized_extra_usec
        if record.runtime_end_usec == 0:
            chance = self.world.pick(extra) if extra else 0
            record.runtime_end_usec = record.active_enter_usec + service.runtime_max_usec + chance
        return record.runtime_end_usec

    # ---- reload ----

    def _go_reload(self, record: UnitRecord) -> None:
        service = service_of(record)
        record.reload_result = Result.SUCCESS
        record.notify_state = "ready" if record.notify_state == "reloading" else record.notify_state
        signalled = service.type == "notify-reload" and record.main_pid > 0
        if signalled:
            record.reload_begin_usec = self.world.now_usec
            self.world.emit(Signal(record.unit.name, service.reload_signal, (record.main_pid,), False))
        if self._run_control(record, "ExecReload", Sub.RELOAD):
            return
        if signalled:
            self._enter(record, Sub.RELOAD_SIGNAL)
        else:
            self._go_running(record)

    def _go_reloaded(self, record: UnitRecord) -> None:
        if record.notify_state == "reloading":
            self._enter(record, Sub.RELOAD_NOTIFY)
        elif service_of(record).type == "notify-reload" and record.reload_begin_usec:
            self._enter(record, Sub.RELOAD_SIGNAL)
        elif service_of(record).type == "forking" and service_of(record).pid_file:
            self._ask_pid(record, last=True)        # the daemon may have replaced itself
        else:
            self._go_running(record)

    def _go_reload_failed(self, record: UnitRecord) -> None:
        self._go_running(record, reload_ok=False)

    def _go_reload_timeout(self, record: UnitRecord) -> None:
        if record.control_pid:
            self.world.emit(Signal(record.unit.name, SIGKILL, (record.control_pid,), False))
        record.notify_state = "ready"
        self._go_running(record, reload_ok=False)

    def _go_reload_notify(self, record: UnitRecord) -> None:
        self._enter(record, Sub.RELOAD_NOTIFY)

    def _go_reload_by_notify(self, record: UnitRecord) -> None:
        """The service reloads by itself: so do the units to which its reload is propagated."""
        self._enter(record, Sub.RELOAD_NOTIFY)
        for other in self.world.deps(record.unit.name, Atom.PROPAGATE_RELOAD):
            if other.active is Active.ACTIVE and self.queue.can_reload(other):
                self.queue.request(JobType.TRY_RELOAD, other.unit.name, JobMode.FAIL)

    # ---- stop ----

    def _go_stop(self, record: UnitRecord) -> None:
        self._forget_control(record)
        if not self._run_control(record, "ExecStop", Sub.STOP):
            self._go_stop_sigterm(record)

    def _go_stop_by_notify(self, record: UnitRecord) -> None:
        self._enter(record, Sub.STOP_SIGTERM)       # as if it had had its SIGTERM

    def _go_stop_watchdog(self, record: UnitRecord) -> None:
        self._send(record, Sub.STOP_WATCHDOG, self._go_stop_sigkill)

    def _go_stop_sigterm(self, record: UnitRecord) -> None:
        self._send(record, Sub.STOP_SIGTERM, self._go_stop_sigkill)

    def _go_stop_sigkill(self, record: UnitRecord) -> None:
        self._send(record, Sub.STOP_SIGKILL, self._go_stop_post)

    def _go_stop_post(self, record: UnitRecord) -> None:
        self._unwatch_members(record)
        self._forget_control(record)
        if not self._run_control(record, "ExecStopPost", Sub.STOP_POST):
            self._go_final_sigterm(record)

    def _go_final_watchdog(self, record: UnitRecord) -> None:
        self._send(record, Sub.FINAL_WATCHDOG, self._go_final_sigkill)

    def _go_final_sigterm(self, record: UnitRecord) -> None:
        self._send(record, Sub.FINAL_SIGTERM, self._go_final_sigkill)

    def _go_final_sigkill(self, record: UnitRecord) -> None:
        self._send(record, Sub.FINAL_SIGKILL, self._go_dead)

    def _send(self, record: UnitRecord, sub: Sub, otherwise: Callable[[UnitRecord], None]) -> None:
        """Signal what KillMode= says and wait for it; go on at once where there is nothing to wait for."""
        kill = record.unit.kill
        if sub is Sub.STOP_SIGKILL and not kill.send_sigkill:
            self._go_stop_post(record)
        elif sub is Sub.FINAL_SIGKILL and not kill.send_sigkill:
            self._go_dead(record)
        elif self._signal(record, SIGNAL_OF[sub], members=True):
            self._enter(record, sub)
        else:
            otherwise(record)

    # ---- the end ----

    def _go_dead(self, record: UnitRecord) -> None:
        stopping = self.queue.has_job(record, JobType.STOP)
        self._die(record, may_restart=not stopping and self._shall_restart(record))

    def _go_dead_for_good(self, record: UnitRecord) -> None:
        self._die(record, may_restart=False)

    def _die(self, record: UnitRecord, may_restart: bool) -> None:
        self._unwatch_members(record)
        self._give_up_processes(record)
        clean = record.result in (Result.SUCCESS, Result.EXEC_CONDITION)
        self._say_end(record)
        record.forbid_restart = False
        record.notify_state, record.fd_store_count = "", self._kept_fds(record, may_restart)
        record.watchdog_usec = 0
        record.monitor = ""
        self.world.emit(UnitStopped(record.unit.name, may_restart))
        if not may_restart:
            record.flush_restarts = True
            self._enter(record, self.dead_sub(record) if clean else Sub.FAILED)
            return
        record.will_auto_restart = True
        if service_of(record).restart_mode != "direct":
            self._enter(record, Sub.DEAD_BEFORE_AUTO_RESTART if clean else Sub.FAILED_BEFORE_AUTO_RESTART)
        self.world.arm(record, STATE, self.world.after(restart_delay_usec(service_of(record), self._next_restart(record))))
        self._enter(record, Sub.AUTO_RESTART)

    def _kept_fds(self, record: UnitRecord, restarting: bool) -> int:
        keep = service_of(record).file_descriptor_store_preserve
        return record.fd_store_count if keep == "yes" or (keep == "restart" and restarting) else 0

    def _say_end(self, record: UnitRecord) -> None:
        if record.result is Result.SUCCESS:
            self._say(record, 6, "Deactivated successfully.")
        elif record.result is Result.EXEC_CONDITION:
            self._say(record, 6, f"Skipped due to '{record.result.value}'.")
        else:
            self._say(record, 4, f"Failed with result '{record.result.value}'.")

    def _shall_restart(self, record: UnitRecord) -> bool:
        service, last = service_of(record), record.main_exec
        if record.forbid_restart:
            return False
        if in_set(service.restart_prevent_exit_status, last.code, last.status):
            return False
        if in_set(service.restart_force_exit_status, last.code, last.status):
            return True
        return record.result in RESTARTS[service.restart]

    def _next_restart(self, record: UnitRecord) -> int:
        return 1 if record.flush_restarts and record.n_restarts == 0 else record.n_restarts + 1

    def _go_queue_restart(self, record: UnitRecord) -> None:
        if self.queue.has_job(record, JobType.STOP):
            return      # it will forget the restart when it runs
        record.n_restarts += 1
        record.flush_restarts = False
        self._say(record, 6, f"Scheduled restart job, restart counter is at {record.n_restarts}.")
        self._enter(record, Sub.AUTO_RESTART_QUEUED)
        self.queue.restart(record)

    def restart_refused(self, record: UnitRecord, why: str) -> None:
        """No job could be made of it, so nobody would ever start the unit again."""
        if record.sub is Sub.AUTO_RESTART_QUEUED:
            self._say(record, 4, f"Failed to schedule restart job: {why}")
            self._take_result(record, Result.RESOURCES, first=False)
            self._go_dead_for_good(record)

    def _go_forget_restart(self, record: UnitRecord) -> None:
        record.will_auto_restart = record.forbid_restart = False
        record.flush_restarts = True
        self.world.emit(UnitStopped(record.unit.name, False))
        self._enter(record, self.dead_sub(record))      # whatever the result: it was told to stop, and has

    # ---- processes ----

    def _run_control(self, record: UnitRecord, phase: str, sub: Sub) -> bool:
        """Run the first command of an Exec line; False when it has none."""
        if not COMMANDS[phase](service_of(record)):
            return False
        self._forget_control(record)
        self._spawn_control(record, phase, 0)
        self._enter(record, sub)
        return True

    def _main_exited(self, record: UnitRecord, event: Exited) -> None:
        commands, service = service_of(record).exec_start, service_of(record)
        self._note_exit(record, Role.MAIN, event)
        self._forget(record, Role.MAIN)
        if event.successor:
            self._adopt_main(record, event.successor)   # a daemon that replaces itself writes the new pid before it ends
            return
        index = min(record.main_index, len(commands) - 1)
        ignored = index >= 0 and commands[index].ignore_failure
        result = result_of(service, event, daemon=service.type != "oneshot")
        result = Result.SUCCESS if ignored else result
        self._say_exit(record, "Main process", event, result)
        self._take_result(record, result)
        more = record.main_index + 1 < len(commands) and service.type == "oneshot"
        if more and record.sub is Sub.START and record.result is Result.SUCCESS:
            record.main_index += 1
            self._spawn_main(record)
            self.world.arm(record, STATE, self.world.after(service.timeout_start_usec))
            return
        self._main_over(record, result)

    def _main_over(self, record: UnitRecord, result: Result) -> None:
        if service_of(record).exit_type == "cgroup" and record.sub not in (*SIGNAL_OF, Sub.STOP, Sub.STOP_POST):
            record.main_done = True
            self._watch_members(record)
        elif record.control_spawn_id:
            self._step(record, Ev.MAIN_LEFT, result)
        else:
            self._step(record, Ev.MAIN_OK if result is Result.SUCCESS else Ev.MAIN_BAD, result)

    def _control_exited(self, record: UnitRecord, event: Exited) -> None:
        phase, index = record.control_phase, record.control_index
        commands = COMMANDS[phase](service_of(record))
        self._note_exit(record, Role.CONTROL, event)
        self._forget(record, Role.CONTROL)
        ignored = index < len(commands) and commands[index].ignore_failure
        result = result_of_control(service_of(record), event, phase)
        result = Result.SUCCESS if ignored else result
        kind = "Condition check process" if phase == "ExecCondition" else "Control process"
        self._say_exit(record, kind, event, result)
        if record.sub in RELOADS:
            record.reload_result = result if record.reload_result is Result.SUCCESS else record.reload_result
        else:
            self._take_result(record, result)
        if result is Result.SUCCESS and index + 1 < len(commands) and record.sub not in SIGNAL_OF:
            self._spawn_control(record, phase, index + 1)
            limit = LIMITS.get(record.sub)
            self.world.arm(record, STATE, self.world.after(self._limit_usec(record, limit)))
            return
        record.control_phase, record.control_index = "", 0
        if record.sub in SIGNAL_OF and self._has_process(record):
            return      # wait for the main process too
        self._step(record, Ev.CONTROL_OK if result is Result.SUCCESS else Ev.CONTROL_BAD, result)

    # ---- after a restart of the manager ----

    def resume(self, record: UnitRecord) -> None:
        """Ask again what has not been answered; a spawn is run/'s to resolve."""
        name = record.unit.name
        if record.asking_pid == "file":
            self.world.emit(ReadPidFile(name, service_of(record).pid_file, last=False))
        elif record.asking_pid == "guess":
            self.world.emit(GuessMainPid(name))
        if record.watching_pid_file:
            self.world.emit(WatchPidFile(name, service_of(record).pid_file))
        if record.sub in SIGNAL_OF and not record.stop_asked:
            # it may have been decided and not been sent; a second SIGTERM hurts less than none
            self._signal(record, SIGNAL_OF[record.sub], members=True)
        elif record.watching_members:
            self.world.emit(WatchMembers(name))
        if record.idle_usec < USEC_INFINITY:
            self._waiting_idle[name] = None
