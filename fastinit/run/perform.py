"""Effects carried out: one method per kind of effect, one table that says which.

In:  an Effect of the engine.   Out: the Event that answers it, or None.
Never: decides anything about a unit; raises for what a unit or the world did wrong (that is an answer, or a log line).
"""

from __future__ import annotations

import errno
import os
import signal
import time
import traceback
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple, Type

from fastinit import id128
from fastinit.plan import effects as fx
from fastinit.plan.events import ConditionsChecked, Event, Exited, MembersGone, PidFileChanged, PidFound, Spawned, SpawnFailed
from fastinit.plan.record import UnitRecord, tracked_pids
from fastinit.run import directories, execenv, native, notify, openfile, pidfile, streams
from fastinit.run.conditions.check import check
from fastinit.run.loop import READABLE
from fastinit.run.members import parent_pid
from fastinit.units.values import signal_name

if TYPE_CHECKING:
    from fastinit.run.manager import Manager

# What the id of a tracked process (native.Exit.id) says when it is no spawn id: the rest of the number is the unit's tag.
ADOPTED = 1 << 62       # became main by PIDFile=, MAINPID= or a guess
MEMBER = 1 << 63        # watched because WatchMembers wants to know its end
ID_MASK = ADOPTED - 1

EXIT_EXEC = 203
# exit status of a process that could not be set up (systemd.exec(5)) -> what it could not do
SETUP_ERRORS = {
    200: "Changing to the requested working directory {cwd} failed",
    201: "Failed to set up process scheduling priority (nice level)",
    EXIT_EXEC: "Failed to execute {path}",
    205: "Failed to adjust resource limits",
    206: "Failed to adjust OOM setting",
    208: "Failed to set up standard input",
    209: "Failed to set up standard output",
    210: "Failed to change root directory",
    211: "Failed to set up IO scheduling priority",
    212: "Failed to set up timer slack",
    213: "Failed to set process secure bits",
    214: "Failed to set up CPU scheduling",
    215: "Failed to set up CPU affinity",
    216: "Changing group credentials failed",
    217: "Failed to change UID/GID",
    218: "Failed to apply capabilities",
    220: "Failed to create a session",
    222: "Failed to set up standard error output",
}

IN_WATCH_PID_FILE = 0x2 | 0x8 | 0x80 | 0x100 | 0x400    # MODIFY CLOSE_WRITE MOVED_TO CREATE DELETE_SELF


class Performer:
    """Works for one manager; keeps only what lives between an effect and its answer."""

    def __init__(self, manager: "Manager") -> None:
        self._manager = manager
        self._watched: Dict[str, bool] = {}                 # units of WatchMembers
        self._pid_files: Dict[str, int] = {}                # unit -> inotify descriptor
        self._strangers: Dict[int, int] = {}                # pid -> pidfd of main processes that are not init's children
        self.adoptable: Dict[int, int] = {}                 # spawn id -> pid: made by a manager that is gone
        self.unit_of_spawn: Dict[int, str] = {}
        self._table: Dict[Type[object], Callable[..., Optional[Event]]] = {
            fx.Spawn: self._spawn,
            fx.Signal: self._signal,
            fx.WatchMembers: self._watch_members,
            fx.UnwatchMembers: self._unwatch_members,
            fx.ReadPidFile: self._read_pid_file,
            fx.WatchPidFile: self._watch_pid_file,
            fx.UnwatchPidFile: self._unwatch_pid_file,
            fx.GuessMainPid: self._guess_main_pid,
            fx.TakeProcess: self._take_process,
            fx.CheckConditions: self._check_conditions,
            fx.Untrack: self._untrack,
            fx.UnitStarting: self._unit_starting,
            fx.UnitStopped: self._unit_stopped,
            fx.StoreFds: self._store_fds,
            fx.RemoveFds: self._remove_fds,
            fx.StateChanged: self._state_changed,
            fx.JobFinished: self._job_finished,
            fx.LogLine: self._log_line,
            fx.ManagerAction: self._manager_action,
        }

    def perform(self, effect: fx.Effect) -> Optional[Event]:
        """A bug that one unit meets costs that unit, not all others: it is logged whole, and the effect counts as failed."""
        try:
            return self._table[type(effect)](effect)
        except Exception:
            unit = getattr(effect, "unit", "")
            self._manager.log(unit, 2, f"bug in fastinit, please report: {type(effect).__name__}\n{traceback.format_exc()}")
            return self._failure_of(effect)

    @staticmethod
    def _failure_of(effect: fx.Effect) -> Optional[Event]:
        """What the engine is told when an effect that wants an answer could not be carried out."""
        if isinstance(effect, fx.Spawn):
            return SpawnFailed(effect.unit, effect.spawn_id, errno.EIO, "internal error")
        if isinstance(effect, (fx.ReadPidFile, fx.GuessMainPid, fx.TakeProcess)):
            return PidFound(effect.unit, 0, "internal error")
        if isinstance(effect, fx.CheckConditions):
            return ConditionsChecked(effect.unit, False, True, "internal error")
        return None

    # ---- processes --------------------------------------------------------------------------------

    def _spawn(self, effect: fx.Spawn) -> Event:
        self.unit_of_spawn[effect.spawn_id] = effect.unit
        adopted = self.adoptable.pop(effect.spawn_id, None)
        if adopted is not None:
            self._manager.to_settle.append(effect.spawn_id)
            return Spawned(effect.unit, effect.spawn_id, adopted)
        record = self._manager.engine.units[effect.unit]
        opened = None
        files: List[int] = []           # of OpenFile=
        try:
            opened, spec = self._build(record, effect, files)
            result = native.spawn(spec)
        except OSError as error:
            self.unit_of_spawn.pop(effect.spawn_id, None)
            return SpawnFailed(effect.unit, effect.spawn_id, error.errno or 0, f"{error.strerror or error}")
        except execenv.SpawnRefused as error:
            self.unit_of_spawn.pop(effect.spawn_id, None)
            self._manager.log(effect.unit, 3, f"{effect.unit}: {error}")
            return SpawnFailed(effect.unit, effect.spawn_id, 22, str(error))
        finally:
            if opened is not None:
                opened.close()
            notify.close_all(files)
        self._manager.to_settle.append(effect.spawn_id)
        if result.exec_status and not spec.fail_status:        # a failure that was seen before has said its reason already
            self._explain(effect, result.exec_status, result.error, spec)
        return Spawned(effect.unit, effect.spawn_id, result.pid, not result.exec_status, result.exec_status, result.error)

    def _build(self, record: UnitRecord, effect: fx.Spawn, files: List[int]) -> "Tuple[streams.Streams, native.SpawnSpec]":
        """files: gets the descriptors that were opened for this process alone."""
        manager = self._manager
        unit = record.unit
        listen = self._passed_fds(record, effect, files)
        bases = directories.user_bases(manager.loader.host) if manager.user else directories.SYSTEM_BASES
        spec = execenv.build_spawn(unit, effect, execenv.SpawnFacts(
            inherited=manager.inherited_environment,
            manager_environment=manager.environment,
            extra=manager.extra_environment(unit.name),
            passed_from=manager.own_environment,
            invocation_id=record.invocation_id,
            member_tag=record.activation,
            listen_fds=tuple(name for name, _ in listen),
            notify_path=manager.paths.notify,
            run_directory=bases["run"] if manager.user else manager.paths.run,
            bases=bases,
            home=manager.loader.host.home if manager.user else "",
            manager_pid=manager.init_pid if manager.user else 0,
            file_limit=manager.file_limit,
            log=lambda priority, text: manager.log(unit.name, priority, text),
        ))
        spec.pass_fds = [fd for _, fd in listen]
        opened = streams.Streams()
        if not spec.fail_status:
            try:
                handed = manager.transient.streams_of(unit.name)
                opened = streams.given(handed) if handed else streams.open_streams(
                    unit.context, lambda: manager.logs.pipe(unit.name), manager.logs.console_fd, named=dict(listen))
            except streams.StreamError as error:
                spec.fail_status, spec.fail_errno = error.exit_status, error.errno
                manager.log(unit.name, 3, f"{unit.name}: {error}")
        spec.fds = opened.fds
        spec.controlling_tty = opened.controlling_tty
        return opened, spec

    def _passed_fds(self, record: UnitRecord, effect: fx.Spawn, files: List[int]) -> List[Tuple[str, int]]:
        """What becomes LISTEN_FDS of the main process. Raises SpawnRefused."""
        service = record.unit.service
        if effect.phase != "ExecStart" or service is None:
            return []
        try:
            opened = openfile.open_all(service.open_file) if service.open_file else []
        except openfile.OpenFileError as error:
            raise execenv.SpawnRefused(str(error)) from None
        files += [fd for _, fd in opened]
        return [*self._manager.fd_store.of(record.unit.name), *opened]

    def _explain(self, effect: fx.Spawn, exec_status: int, error: int, spec: native.SpawnSpec) -> None:
        """What the process could not do, in systemd's words; the engine adds at which step that was."""
        text = SETUP_ERRORS.get(exec_status)
        if text is None:
            return
        path = spec.path or effect.command.path
        if exec_status == EXIT_EXEC and error == errno.ENOENT and not os.path.exists((spec.root or "") + path):
            text = "Unable to locate executable '{path}'"       # else it is the interpreter that is not there
        text = text.format(path=path, cwd=spec.cwd)
        self._manager.log(effect.unit, 3, f"{effect.unit}: {text}: {os.strerror(error)}")

    def _signal(self, effect: fx.Signal) -> None:
        record = self._manager.engine.units[effect.unit]
        pids = list(effect.pids)
        if effect.members:
            known = set(pids).union(effect.spare)
            everyone = self._manager.members.pids_of(record.activation, tracked_pids(record).values())
            pids += [pid for pid in everyone if pid not in known]
        self.send_signals(pids, effect.signal)
        if effect.cont and effect.signal not in (signal.SIGKILL, signal.SIGCONT):
            self.send_signals(pids, signal.SIGCONT)
        if effect.hup:
            self.send_signals(pids, signal.SIGHUP)

    def send_signals(self, pids: List[int], signo: int, value: Optional[int] = None) -> None:
        """value: goes along, by sigqueue(3); that queue may be full."""
        for pid in pids:
            try:
                if value is None:
                    os.kill(pid, signo)
                else:
                    native.signal_queue(pid, signo, value)
            except ProcessLookupError:
                pass        # its exit is on the way to us
            except OSError as error:
                self._manager.log("", 4, f"cannot send SIG{signal_name(signo)} to PID {pid}: {os.strerror(error.errno or 0)}")

    # ---- members ----------------------------------------------------------------------------------

    def _watch_members(self, effect: fx.WatchMembers) -> Optional[Event]:
        self._watched[effect.unit] = True
        return self.check_members(effect.unit)

    def _unwatch_members(self, effect: fx.UnwatchMembers) -> None:
        self._watched.pop(effect.unit, None)

    def check_members(self, unit: str) -> Optional[Event]:
        """MembersGone if the unit is watched and nothing is left; else be told when one of the rest ends."""
        record = self._manager.engine.units.get(unit)
        if unit not in self._watched or record is None:
            return None
        if self.has_processes(record):
            return None
        del self._watched[unit]
        return MembersGone(unit)

    def has_processes(self, record: UnitRecord) -> bool:
        """Also: be told when one of them ends."""
        has_some = bool(tracked_pids(record))
        for pid in self._manager.members.orphans_of(record.activation):
            if pid not in tracked_pids(record).values() and native.track(pid, MEMBER | record.activation):
                has_some = True
        return has_some

    def is_last(self, unit: str, ended: int) -> bool:
        """No process of the unit is alive but the one that has just ended."""
        record = self._manager.engine.units[unit]
        others = any(pid != ended for pid in tracked_pids(record).values())
        return not others and not self._manager.members.orphans_of(record.activation)

    # ---- main processes that we did not spawn -----------------------------------------------------

    def _read_pid_file(self, effect: fx.ReadPidFile) -> Event:
        try:
            return PidFound(effect.unit, self._adopt_from_file(self._manager.engine.units[effect.unit], effect.path))
        except pidfile.PidFileError as error:
            if effect.last:
                self._manager.log(effect.unit, 4, f"{effect.unit}: {error}")
            return PidFound(effect.unit, 0, str(error))

    def _adopt_from_file(self, record: UnitRecord, path: str) -> int:
        """The pid in the file, tracked from now on. Raises PidFileError."""
        pid, by_root = pidfile.read_pid(path)
        is_member = self._manager.unit_of_pid(pid) == record.unit.name
        pidfile.check_pid(pid, path, self._manager.init_pid, is_member, by_root)
        if not self.adopt(record, pid):
            raise pidfile.PidFileError(f"PID {pid} read from file {path} does not exist or is a zombie.")
        return pid

    def successor(self, unit: str, ended: int) -> int:
        """Which process PIDFile= names after the end of this main process; 0 where it names none, or there is no such file."""
        record = self._manager.engine.units[unit]
        service = record.unit.service
        if service is None or not service.pid_file or record.main_pid != ended:
            return 0
        try:
            pid = self._adopt_from_file(record, service.pid_file)
            return pid if pid != ended else 0       # a zombie that its own parent has not reaped yet
        except pidfile.PidFileError:
            return 0        # a daemon that ends, as most do

    def _guess_main_pid(self, effect: fx.GuessMainPid) -> Event:
        record = self._manager.engine.units[effect.unit]
        candidates = [pid for pid in self._manager.members.orphans_of(record.activation) if pid != record.control_pid]
        if len(candidates) == 1 and self.adopt(record, candidates[0]):
            return PidFound(effect.unit, candidates[0])
        return PidFound(effect.unit, 0, f"{len(candidates)} processes could be the main one")

    def _take_process(self, effect: fx.TakeProcess) -> Event:
        """It carries the unit's tag since it was offered. Watched by a pidfd whosever child it is: PID 1 may track it already, as
        the main process of a service, which is to be told of its end as well."""
        record, pid = self._manager.engine.units[effect.unit], self._manager.transient.take_offered(effect.unit)
        if pid and self._manager.members.tag_of(pid) == record.activation and self._watch_stranger(record, pid):
            return PidFound(effect.unit, pid)
        return PidFound(effect.unit, 0, "The process that was to be in the scope is gone.")

    def adopt(self, record: UnitRecord, pid: int) -> bool:
        """Have its exit told to us as the unit's main process; False when it is gone."""
        if pid in tracked_pids(record).values():
            return True
        if parent_pid(pid) == self._manager.init_pid:
            return native.track(pid, ADOPTED | record.activation)
        return self._watch_stranger(record, pid)

    def _watch_stranger(self, record: UnitRecord, pid: int) -> bool:
        """A main process whose parent is not init: that parent reaps it, we see its end by a pidfd but never its status."""
        try:
            fd = native.pidfd_open(pid)
        except ProcessLookupError:
            return False
        unit = record.unit.name
        self._strangers[pid] = fd
        self._manager.loop.watch(fd, READABLE, lambda _fd, _events: self._stranger_ended(unit, pid))
        if record.unit.type != "scope":
            self._manager.log(unit, 4, f"{unit}: Supervising PID {pid}, which is not our child: "
                                       "its exit status will not be known.")
        return True

    def _stranger_ended(self, unit: str, pid: int) -> None:
        self._forget_stranger(pid)
        self._manager.engine_handle(Exited(unit, 0, pid, 0, 0, successor=self.successor(unit, pid)))
        answer = self.check_members(unit)
        if answer is not None:
            self._manager.engine_handle(answer)

    def _forget_stranger(self, pid: int) -> None:
        fd = self._strangers.pop(pid, None)
        if fd is not None:
            self._manager.loop.unwatch(fd)
            os.close(fd)

    def resume(self, record: UnitRecord) -> None:
        """After a restart of the manager: an adopted main process is tracked by PID 1 still; a stranger is watched again."""
        pid = record.main_pid
        is_scope = record.unit.type == "scope"
        is_stranger = pid and not record.main_spawn_id and (is_scope or parent_pid(pid) != self._manager.init_pid)
        if is_stranger and is_scope and self._manager.members.tag_of(pid) != record.activation:
            self._manager.engine_handle(Exited(record.unit.name, 0, pid, 0, 0))     # the number is somebody else's by now
        elif is_stranger and not self._watch_stranger(record, pid):
            self._manager.engine_handle(Exited(record.unit.name, 0, pid, 0, 0))

    def _untrack(self, effect: fx.Untrack) -> None:
        if effect.pid in self._strangers:
            self._forget_stranger(effect.pid)
        else:
            native.untrack(effect.pid)

    def _watch_pid_file(self, effect: fx.WatchPidFile) -> Optional[Event]:
        self._unwatch_pid_file(fx.UnwatchPidFile(effect.unit))
        directory = os.path.dirname(effect.path)
        while not os.path.isdir(directory):
            directory = os.path.dirname(directory)
        fd = native.inotify_init()
        try:
            native.inotify_add(fd, directory, IN_WATCH_PID_FILE)
        except OSError as error:
            os.close(fd)
            self._manager.log(effect.unit, 4, f"{effect.unit}: cannot watch {directory} for the PID file: {error.strerror}")
            return None
        self._pid_files[effect.unit] = fd
        is_final = directory == os.path.dirname(effect.path)
        self._manager.loop.watch(fd, READABLE, lambda _fd, _events: self._pid_file_event(effect, is_final))
        return PidFileChanged(effect.unit) if os.path.exists(effect.path) else None     # it came before the watch did

    def _pid_file_event(self, effect: fx.WatchPidFile, is_final: bool) -> None:
        os.read(self._pid_files[effect.unit], 4096)
        if is_final:
            self._manager.engine_handle(PidFileChanged(effect.unit))
            return
        answer = self._watch_pid_file(effect)       # a directory nearer to the file may exist now
        if answer is not None:
            self._manager.engine_handle(answer)

    def _unwatch_pid_file(self, effect: fx.UnwatchPidFile) -> None:
        fd = self._pid_files.pop(effect.unit, None)
        if fd is not None:
            self._manager.loop.unwatch(fd)
            os.close(fd)

    # ---- the life of a unit -----------------------------------------------------------------------

    def _check_conditions(self, effect: fx.CheckConditions) -> Event:
        unit = self._manager.engine.units[effect.unit].unit
        try:
            return check(unit, self._manager.facts)
        except OSError as error:
            self._manager.log(effect.unit, 4, f"{effect.unit}: cannot check a condition: {error}")
            return ConditionsChecked(effect.unit, False, True, f"a condition could not be checked ({error})")

    def _unit_starting(self, effect: fx.UnitStarting) -> None:
        record = self._manager.engine.units[effect.unit]
        record.invocation_id = id128.new()
        # Not inactive_exit_realtime_usec: what is done in one round has one time, a restart's last "Stopped" line too.
        record.life_realtime_usec = time.time_ns() // 1000
        self._manager.tag(record)
        self._manager.touch(effect.unit)
        if record.unit.service is not None and record.unit.service.pid_file:
            self._remove_pid_file(record)       # of an earlier life, maybe of the image itself: daemons refuse to start with it

    def _unit_stopped(self, effect: fx.UnitStopped) -> None:
        record = self._manager.engine.units[effect.unit]
        service = record.unit.service
        if service is None:
            return
        if service.pid_file:
            self._remove_pid_file(record)
        for problem in execenv.remove_directories(record.unit, effect.restarting, self._manager.paths.run):
            self._manager.log(effect.unit, 4, problem)
        preserve = service.file_descriptor_store_preserve
        if not (preserve == "yes" or (preserve == "restart" and (effect.restarting or self._restart_queued(record)))):
            self._manager.fd_store.clear(effect.unit)
        if not effect.restarting:
            self._manager.transient.drop_streams(effect.unit)
        if not effect.restarting and not self._manager.members.orphans_of(record.activation):
            self._manager.logs.close(effect.unit)

    def _restart_queued(self, record: UnitRecord) -> bool:
        job = self._manager.engine.jobs.get(record.job or 0)
        return job is not None and job.type.value in ("restart", "start")

    def _remove_pid_file(self, record: UnitRecord) -> None:
        assert record.unit.service is not None
        try:
            os.unlink(record.unit.service.pid_file)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._manager.log(record.unit.name, 4, f"{record.unit.name}: cannot remove {error.filename}: {error.strerror}")

    def _store_fds(self, effect: fx.StoreFds) -> None:
        self._manager.store_notified_fds(effect.unit, effect.name)

    def _remove_fds(self, effect: fx.RemoveFds) -> None:
        self._manager.fd_store.remove(effect.unit, effect.name)

    def _state_changed(self, effect: fx.StateChanged) -> None:
        self._manager.state_changed(effect)

    def _job_finished(self, effect: fx.JobFinished) -> None:
        for callback in list(self._manager.on_job_finished):
            callback(effect)

    def _log_line(self, effect: fx.LogLine) -> None:
        self._manager.log(effect.unit, effect.priority, effect.text)

    def _manager_action(self, effect: fx.ManagerAction) -> None:
        self._manager.act(effect)
