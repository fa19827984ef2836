"""The life of a service: turns what happens into events of the table, and the table's steps into effects.

In:  start, stop and reload from the queue; events from run/; deadlines.   Out: effects and state changes.
Never: decides by itself what comes next: that is in service_table.py.
Source: systemd.service(5), systemd.kill(5), sd_notify(3), systemd.exec(5) "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES".
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from fastinit.plan import jobs, words
from fastinit.plan.effects import (
    GuessMainPid,
    ReadPidFile,
    RemoveFds,
    Signal,
    Spawn,
    StoreFds,
    UnitStarting,
    UnitStopped,
    Untrack,
    UnwatchMembers,
    UnwatchPidFile,
    WatchMembers,
    WatchPidFile,
)
from fastinit.plan.events import Exited, MembersGone, Notified, PidFileChanged, PidFound, Spawned, SpawnFailed
from fastinit.plan.queue import Answer, JobQueue, Progress, UnitType
from fastinit.plan.record import ExecStatus, UnitRecord
from fastinit.plan.rules import Atom
from fastinit.plan.service_table import (
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
    step_of,
    timeout_event,
)
from fastinit.plan.states import Active, JobMode, JobType, Result, Role, Sub
from fastinit.plan.world import IDLE, RECORD_FIELDS, RUNTIME, STATE, WATCHDOG, World
from fastinit.units.model import USEC_INFINITY, ExecCommand, ExitStatusSet, Service
from fastinit.units.timespan import format_usec
from fastinit.units.values import PID_MAX, exit_status_name, parse_digits, signal_name

ERRNO_MAX = 4095            # include/linux/err.h: MAX_ERRNO
IDLE_USEC = 5_000_000       # Type=idle waits no longer than this for the other jobs
SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM = 1, 2, 9, 13, 15
CLEAN_DAEMON_SIGNALS = frozenset({SIGHUP, SIGINT, SIGPIPE, SIGTERM})

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

# state -> the signal that is sent on entering it
SIGNAL_OF: Dict[Sub, str] = {
    Sub.STOP_WATCHDOG: "watchdog", Sub.STOP_SIGTERM: "terminate", Sub.STOP_SIGKILL: "kill",
    Sub.FINAL_WATCHDOG: "watchdog", Sub.FINAL_SIGTERM: "terminate", Sub.FINAL_SIGKILL: "kill",
}


class ServiceType(UnitType):
    """Handles every unit of type service."""

    def __init__(self, world: World, queue: JobQueue) -> None:
        self.world = world
        self.queue = queue
        self._waiting_idle: Dict[str, None] = {}
        self._go: Dict[Go, Callable[[UnitRecord], None]] = {go: getattr(self, "_go_" + go.value) for go in Go}

    # ---- UnitType ----

    def active_of(self, record: UnitRecord, sub: Sub) -> Active:
        return (ACTIVE_OF_IDLE if _service(record).type == "idle" else ACTIVE_OF)[sub]

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

    def starts_at_once(self, record: UnitRecord) -> bool:
        return _service(record).type in ("simple", "idle") and record.control_spawn_id == 0

    def stop(self, record: UnitRecord) -> Answer:
        record.forbid_restart = True        # a restart job starts it by itself
        self.world.touch(record)
        self._step(record, Ev.STOP)
        return Progress.BEGUN

    def reload(self, record: UnitRecord) -> Answer:
        self._step(record, Ev.RELOAD)
        return Progress.BEGUN

    def can_reload(self, record: UnitRecord) -> bool:
        return bool(_service(record).exec_reload) or _service(record).type == "notify-reload"

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
        elif record.sub is Sub.START and _service(record).exec_start_post:
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
            if record.sub in WATCHED_BY_WATCHDOG:
                self._say(record, 3, f"Watchdog timeout (limit {_span(record.watchdog_usec)})!")
            self._step(record, Ev.WATCHDOG)
        elif kind == RUNTIME:
            self._step(record, Ev.RUNTIME)
        elif kind == IDLE:
            self._spawn_idle(record)
        else:
            self._state_timed_out(record)

    def _state_timed_out(self, record: UnitRecord) -> None:
        service = _service(record)
        starting = record.sub in STARTING
        mode = service.timeout_start_failure_mode if starting else service.timeout_stop_failure_mode
        self._step(record, timeout_event(record.sub, mode, record.unit.kill.send_sigkill))

    # ---- the table ----

    def _step(self, record: UnitRecord, ev: Ev, result: Result = Result.SUCCESS) -> None:
        step = step_of(record.sub, _service(record).type, ev)
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
        service = _service(record)
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
        service = _service(record)
        if limit == "start":
            return service.timeout_start_usec
        if limit == "abort" and service.timeout_abort_usec is not None:
            return service.timeout_abort_usec
        return service.timeout_stop_usec

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
        record.watchdog_usec = _service(record).watchdog_usec
        self._unwatch_members(record)
        self.world.touch(record)
        self.world.emit(UnitStarting(record.unit.name))

    def _go_start_pre(self, record: UnitRecord) -> None:
        if not self._run_control(record, "ExecStartPre", Sub.START_PRE):
            self._go_start(record)

    def _go_start(self, record: UnitRecord) -> None:
        service = _service(record)
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
        service = _service(record)
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
        self.world.emit(ReadPidFile(record.unit.name, _service(record).pid_file, last))

    def _go_find_main_late(self, record: UnitRecord) -> None:
        if _service(record).pid_file and not record.main_pid_known:
            self._ask_pid(record, last=True)
        else:
            self._go_running(record)

    def _go_await_pid(self, record: UnitRecord) -> None:
        """The time limit of the state, and the unit's last process, end the wait."""
        if not record.watching_pid_file:
            record.watching_pid_file = True
            self.world.touch(record)
            self.world.emit(WatchPidFile(record.unit.name, _service(record).pid_file))
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
        elif _service(record).remain_after_exit:
            self._unwatch_members(record)
            self._enter(record, Sub.EXITED, reload_ok)
        else:
            self._go_stop(record)

    def _is_good(self, record: UnitRecord) -> bool:
        """Something of the unit still runs, as far as is known; where only its members can tell, they are watched."""
        if record.main_pid or record.main_spawn_id:
            return True
        unknown = _service(record).type == "forking" and not record.main_pid_known
        if not unknown and not (_service(record).exit_type == "cgroup" and record.main_done):
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
        service = _service(record)
        if service.runtime_max_usec >= USEC_INFINITY:
            return USEC_INFINITY
        extra = service.runtime_randomized_extra_usec
        if record.runtime_end_usec == 0:
            chance = self.world.pick(extra) if extra else 0
            record.runtime_end_usec = record.active_enter_usec + service.runtime_max_usec + chance
        return record.runtime_end_usec

    # ---- reload ----

    def _go_reload(self, record: UnitRecord) -> None:
        service = _service(record)
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
        elif _service(record).type == "notify-reload" and record.reload_begin_usec:
            self._enter(record, Sub.RELOAD_SIGNAL)
        elif _service(record).type == "forking" and _service(record).pid_file:
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
            self._enter(record, Sub.DEAD if clean else Sub.FAILED)
            return
        record.will_auto_restart = True
        if _service(record).restart_mode != "direct":
            self._enter(record, Sub.DEAD_BEFORE_AUTO_RESTART if clean else Sub.FAILED_BEFORE_AUTO_RESTART)
        self.world.arm(record, STATE, self.world.after(restart_delay_usec(_service(record), self._next_restart(record))))
        self._enter(record, Sub.AUTO_RESTART)

    def _kept_fds(self, record: UnitRecord, restarting: bool) -> int:
        keep = _service(record).file_descriptor_store_preserve
        return record.fd_store_count if keep == "yes" or (keep == "restart" and restarting) else 0

    def _say_end(self, record: UnitRecord) -> None:
        if record.result is Result.SUCCESS:
            self._say(record, 6, "Deactivated successfully.")
        elif record.result is Result.EXEC_CONDITION:
            self._say(record, 6, f"Skipped due to '{record.result.value}'.")
        else:
            self._say(record, 4, f"Failed with result '{record.result.value}'.")

    def _shall_restart(self, record: UnitRecord) -> bool:
        service, last = _service(record), record.main_exec
        if record.forbid_restart:
            return False
        if _in_set(service.restart_prevent_exit_status, last.code, last.status):
            return False
        if _in_set(service.restart_force_exit_status, last.code, last.status):
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
        self._enter(record, Sub.DEAD)       # whatever the result: it was told to stop, and has

    # ---- processes ----

    def _run_control(self, record: UnitRecord, phase: str, sub: Sub) -> bool:
        """Run the first command of an Exec line; False when it has none."""
        if not COMMANDS[phase](_service(record)):
            return False
        self._forget_control(record)
        self._spawn_control(record, phase, 0)
        self._enter(record, sub)
        return True

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
        command = COMMANDS[phase](_service(record))[index]
        return Spawn(record.unit.name, spawn_id, role, phase, command, self._environment(record, phase))

    def unanswered_spawns(self, record: UnitRecord) -> List[Spawn]:
        """Decided, but not known to have been carried out."""
        asked = []
        if record.main_spawn_id and not record.main_pid:
            asked.append((record.main_spawn_id, Role.MAIN, "ExecStart", record.main_index))
        if record.control_spawn_id and not record.control_pid:
            asked.append((record.control_spawn_id, Role.CONTROL, record.control_phase, record.control_index))
        return [self._spawn_effect(record, *one) for one in asked if one[3] < len(COMMANDS[one[2]](_service(record)))]

    def _environment(self, record: UnitRecord, phase: str) -> Mapping[str, str]:
        service, found = _service(record), {}
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
            command = COMMANDS[phase](_service(record))[index:index + 1]
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

    def _main_exited(self, record: UnitRecord, event: Exited) -> None:
        commands, service = _service(record).exec_start, _service(record)
        self._note_exit(record, Role.MAIN, event)
        self._forget(record, Role.MAIN)
        if event.successor:
            self._adopt_main(record, event.successor)   # a daemon that replaces itself writes the new pid before it ends
            return
        index = min(record.main_index, len(commands) - 1)
        ignored = index >= 0 and commands[index].ignore_failure
        result = _result_of(service, event, daemon=service.type != "oneshot")
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
        if _service(record).exit_type == "cgroup" and record.sub not in (*SIGNAL_OF, Sub.STOP, Sub.STOP_POST):
            record.main_done = True
            self._watch_members(record)
        elif record.control_spawn_id:
            self._step(record, Ev.MAIN_LEFT, result)
        else:
            self._step(record, Ev.MAIN_OK if result is Result.SUCCESS else Ev.MAIN_BAD, result)

    def _control_exited(self, record: UnitRecord, event: Exited) -> None:
        phase, index = record.control_phase, record.control_index
        commands = COMMANDS[phase](_service(record))
        self._note_exit(record, Role.CONTROL, event)
        self._forget(record, Role.CONTROL)
        ignored = index < len(commands) and commands[index].ignore_failure
        result = _result_of_control(_service(record), event, phase)
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

    # ---- sd_notify(3) ----

    def on_notified(self, record: UnitRecord, event: Notified) -> None:
        if record.sub in (Sub.DEAD, Sub.FAILED, Sub.AUTO_RESTART, Sub.AUTO_RESTART_QUEUED) or not self._may_notify(record, event):
            self._leave_main_pid(record, event)
            return
        fields = event.fields
        self.world.touch(record)
        if "MAINPID" in fields:
            self._take_main_pid(record, event)
        self._take_texts(record, fields)
        self._take_times(record, fields)
        self._take_state(record, fields)
        self._take_fds(record, event)

    def _may_notify(self, record: UnitRecord, event: Notified) -> bool:
        access = _service(record).notify_access
        if access == "none" and _service(record).type in ("notify", "notify-reload"):
            access = "main"
        allowed = {"none": False, "main": event.is_main, "exec": event.is_main or event.is_control, "all": True}[access]
        if not allowed:
            why = "reception is disabled." if access == "none" else (
                f"reception only permitted for main PID {record.main_pid}" if access == "main" else
                "reception only permitted for main PID and control PID")
            self._say(record, 4, f"Got notification message from PID {event.pid}, but {why}")
        return allowed

    def _take_main_pid(self, record: UnitRecord, event: Notified) -> None:
        text = event.fields["MAINPID"]
        pid = parse_digits(text, PID_MAX)
        if not event.main_pid_valid or not pid:
            self._say(record, 4, f"Got notification message with invalid MAINPID={text}, ignoring.")
            return
        if record.sub in (*STARTING, Sub.RUNNING, *RELOADS, Sub.STOP, *STOP_SIGNALS):
            self._adopt_main(record, pid)
            if record.sub in (Sub.START, Sub.START_POST) and record.watching_pid_file:
                self._unwatch_pid_file(record)
                self._step(record, Ev.PID)
        else:
            self._leave_main_pid(record, event)

    def _leave_main_pid(self, record: UnitRecord, event: Notified) -> None:
        """run/ tracks what MAINPID= names before it tells; what is not taken must not be tracked for the rest of its life."""
        pid = parse_digits(event.fields["MAINPID"], PID_MAX) if event.main_pid_valid else None
        if pid and pid not in (record.main_pid, record.control_pid):
            self.world.emit(Untrack(record.unit.name, pid))

    def _take_texts(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        if "STATUS" in fields:
            record.status_text = fields["STATUS"]
        if "ERRNO" in fields:
            number = parse_digits(fields["ERRNO"], ERRNO_MAX)
            if number is not None:
                record.status_errno = number
            else:
                self._say(record, 4, f"Failed to parse ERRNO= field value '{fields['ERRNO']}' in notification message.")
        if "EXIT_STATUS" in fields:
            record.notify_exit_status = fields["EXIT_STATUS"]

    def _take_times(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        watchdog_usec = parse_digits(fields.get("WATCHDOG_USEC", ""), USEC_INFINITY)
        if watchdog_usec is not None:
            record.watchdog_usec = watchdog_usec
            if record.sub in WATCHED_BY_WATCHDOG:
                self._pat_watchdog(record)
        if fields.get("WATCHDOG") == "1" and record.watchdog_deadline_usec < USEC_INFINITY:
            self._pat_watchdog(record)
        extension_usec = parse_digits(fields.get("EXTEND_TIMEOUT_USEC", ""), USEC_INFINITY)
        if extension_usec is not None:
            until = self.world.after(extension_usec)
            for kind in (STATE, RUNTIME, WATCHDOG):
                if getattr(record, RECORD_FIELDS[kind]) < until:
                    self.world.arm(record, kind, until)

    def _take_state(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        """STOPPING outweighs the others; READY and RELOADING together say that a reload has begun and ended."""
        if fields.get("STOPPING") == "1":
            record.notify_state, record.stop_asked = "stopping", True
            self._step(record, Ev.STOPPING)
        else:
            if fields.get("RELOADING") == "1":
                self._take_reloading(record, fields)
            if fields.get("READY") == "1":
                self._take_ready(record, fields)
        if fields.get("WATCHDOG") == "trigger":
            if record.sub in WATCHED_BY_WATCHDOG:
                self._say(record, 4, "Watchdog request by the service itself.")
            self._step(record, Ev.WATCHDOG)

    def _take_reloading(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        combined = fields.get("READY") == "1"
        record.notify_state = "ready" if combined else "reloading"
        if record.sub is Sub.RELOAD_SIGNAL:
            stamp = parse_digits(fields.get("MONOTONIC_USEC", ""), USEC_INFINITY)
            if stamp is None or stamp < record.reload_begin_usec:
                return      # it reloads for a reason that is older than our signal
            self._step(record, Ev.READY if combined else Ev.RELOADING)
        elif not combined:
            self._step(record, Ev.RELOADING)

    def _take_ready(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        record.notify_state = "ready"
        if record.sub is not Sub.RELOAD_SIGNAL:     # there only an answer to the signal counts
            self._step(record, Ev.READY)

    def _take_fds(self, record: UnitRecord, event: Notified) -> None:
        fields, service = event.fields, _service(record)
        name = fields.get("FDNAME", "stored")
        if fields.get("FDSTORE") == "1" and event.fd_count > 0:
            room = service.file_descriptor_store_max - record.fd_store_count
            if room < event.fd_count:
                self._say(record, 4, "Got file descriptors to store, but the fd store is full or disabled, closing them.")
                return
            record.fd_store_count += event.fd_count
            self.world.emit(StoreFds(record.unit.name, name, fields.get("FDPOLL") != "0"))
        elif fields.get("FDSTOREREMOVE") == "1" and "FDNAME" in fields:
            self.world.emit(RemoveFds(record.unit.name, name))

    # ---- after a restart of the manager ----

    def resume(self, record: UnitRecord) -> None:
        """Ask again what has not been answered; a spawn is run/'s to resolve."""
        name = record.unit.name
        if record.asking_pid == "file":
            self.world.emit(ReadPidFile(name, _service(record).pid_file, last=False))
        elif record.asking_pid == "guess":
            self.world.emit(GuessMainPid(name))
        if record.watching_pid_file:
            self.world.emit(WatchPidFile(name, _service(record).pid_file))
        if record.sub in SIGNAL_OF and not record.stop_asked:
            # it may have been decided and not been sent; a second SIGTERM hurts less than none
            self._signal(record, SIGNAL_OF[record.sub], members=True)
        elif record.watching_members:
            self.world.emit(WatchMembers(name))
        if record.idle_usec < USEC_INFINITY:
            self._waiting_idle[name] = None

    # ---- words ----

    def _say(self, record: UnitRecord, priority: int, text: str) -> None:
        self.world.log(record.unit.name, priority, f"{record.unit.name}: {text}")

    def _say_exit(self, record: UnitRecord, process: str, event: Exited, result: Result) -> None:
        clean = result is Result.SUCCESS
        priority = 7 if clean else 5 if event.code == words.CLD_EXITED else 4
        self._say(record, priority, words.exit_words(process, event.code, event.status, clean and event.status != 0))


def _service(record: UnitRecord) -> Service:
    service = record.unit.service
    return service if service is not None else _GONE


_GONE = Service()       # a service whose file is gone or unreadable while it runs: defaults are all that is left


def _span(usec: int) -> str:
    return format_usec(usec)


def _in_set(statuses: ExitStatusSet, code: int, status: int) -> bool:
    if code == words.CLD_EXITED:
        return status in statuses.codes
    return code in (words.CLD_KILLED, words.CLD_DUMPED) and status in statuses.signals


def _result_of(service: Service, event: Exited, daemon: bool) -> Result:
    """Whether an exit is clean: 0, what SuccessExitStatus= adds, and for a daemon the signals that mean "stop"."""
    if event.code == 0 or _in_set(service.success_exit_status, event.code, event.status):
        return Result.SUCCESS
    if event.code == words.CLD_EXITED:
        return Result.SUCCESS if event.status == 0 else Result.EXIT_CODE
    if event.code == words.CLD_KILLED:
        return Result.SUCCESS if daemon and event.status in CLEAN_DAEMON_SIGNALS else Result.SIGNAL
    return Result.CORE_DUMP


def _result_of_control(service: Service, event: Exited, phase: str) -> Result:
    if phase == "ExecCondition" and event.code == words.CLD_EXITED and 1 <= event.status <= 254:
        return Result.EXEC_CONDITION
    return _result_of(service, event, daemon=False)


def restart_delay_usec(service: Service, restart: int) -> int:
    """RestartSec= for the first of RestartSteps=, then in equal ratios up to RestartMaxDelaySec=. restart: 1, 2, 3 …"""
    first, most, steps = service.restart_usec, service.restart_max_delay_usec, service.restart_steps
    if restart <= 1 or steps == 0 or first == 0 or most >= USEC_INFINITY or first >= most:
        return first
    if restart > steps:
        return most
    return int(first * (most / first) ** ((restart - 1) / steps))
