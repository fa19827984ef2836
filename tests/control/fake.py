"""A manager without a kernel: the real loop, the real engine and loader, processes that exist only here.

Everything that control/ may ask of a manager (control/api.py) is answered; effects are carried out as run/ does, but a spawn
is a number, and a unit's processes end when the test (or a signal) says so.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.control.server import Server
from fastinit.control.stats import METRICS
from fastinit.plan import effects as fx
from fastinit.plan.engine import Engine
from fastinit.plan.events import ConditionsChecked, Event, Exited, MembersGone, PidFound, Spawned
from fastinit.plan.record import Job, tracked_pids
from fastinit.plan.states import Active, JobMode, JobType, Role
from fastinit.run.loop import Loop, monotonic_usec, realtime_usec
from fastinit.units.config import ManagerConfig
from fastinit.units.loader import Loader
from fastinit.units.model import Unit


class Entry(NamedTuple):
    realtime_usec: int
    identifier: str
    pid: int
    priority: int
    text: str


class FakeManager:
    """`answers`: argv[0] of a command -> its exit status; a command that is not in it exits 0, or runs on (a daemon, hang)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loop = Loop()
        self.config = ManagerConfig()
        self.loader = Loader(root=str(root), config=self.config)
        self.engine = Engine(self.loader.load)
        self.environment: Dict[str, str] = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        self.on_job_finished: List[Callable[[fx.JobFinished], None]] = []
        self.on_state_changed: List[Callable[[fx.StateChanged], None]] = []
        self.on_system_state: List[Callable[[], None]] = []
        self.in_init = True
        self.boot_finished = True
        self.boot_realtime_usec = realtime_usec()
        self.stamps: Dict[str, Tuple[int, int]] = {"userspace": (self.boot_realtime_usec, monotonic_usec())}
        self.explicit_units: Tuple[str, ...] = ()
        self.extra: Dict[str, List[str]] = {}
        self.inherited_environment = {"INHERITED": "yes"}
        self.answers: Dict[str, int] = {}
        self.stubborn: bool = False
        self.pids: Dict[str, List[int]] = {}
        self.log: List[Entry] = []
        self.exit_asked: Optional[Tuple[int, str]] = None
        self.reexec_asked = False
        self.reloads = 0
        self.signals: List[Tuple[str, int, str]] = []
        self._next_pid = 1_000_000_000      # above pid_max: never a real process
        self._spawns: Dict[int, Tuple[str, int]] = {}
        self._set_clock()

    def _set_clock(self) -> None:
        self.engine.now_usec = monotonic_usec()
        self.engine.now_realtime_usec = realtime_usec()

    # ---- ManagerApi -------------------------------------------------------------------------------------------------------

    def engine_submit(self, name: str, job_type: JobType, mode: JobMode = JobMode.REPLACE) -> Job:
        self._set_clock()
        return self.engine.submit(name, job_type, mode)

    def pump(self) -> None:
        while True:
            effects = self.engine.take_effects()
            if not effects:
                return
            for effect in effects:
                for event in self._perform(effect):
                    self.handle(event)

    def pids_of(self, name: str) -> List[int]:
        record = self.engine.find(name)
        if record is None:
            return []
        return list(tracked_pids(record).values()) + self.pids.get(record.unit.name, [])

    def unit_of_pid(self, pid: int) -> Optional[str]:
        return next((name for name in self.engine.units if pid in self.pids_of(name)), None)

    def log_tail(self, name: str, count: int) -> List[Entry]:
        return self.log[-count:]

    def signal_unit(self, name: str, signo: int, whom: str = "all", value: Optional[int] = None) -> int:
        self.signals.append((name, signo, whom))
        record = self.engine.get(name)
        return len([role for role in tracked_pids(record) if whom in ("all", role.value)])

    def daemon_reload(self) -> Callable[[], bool]:
        self.reloads += 1
        self.loader = Loader(root=str(self.root), config=self.config)
        self.engine.reload(self.loader.load)
        self.pump()
        return lambda: True

    @contextlib.contextmanager
    def read_ahead(self, names: Sequence[str]) -> Iterator[Iterator[Unit]]:
        yield iter(())

    def daemon_reexec(self) -> None:
        self.reexec_asked = True

    def release_fds(self, name: str) -> None:
        self.engine.release_fds(name)

    def begin_exit(self, code: int, action: str) -> None:
        self.exit_asked = (code, action)

    def state(self) -> str:
        if not self.boot_finished:
            return "starting"
        failed = any(record.active is Active.FAILED for record in self.engine.units.values())
        return "starting" if self.engine.jobs else "degraded" if failed else "running"

    def hold_exit(self, wanted: bool) -> None:
        """It does not end anyway."""

    def retire(self) -> None:
        """It stays."""

    def extra_environment(self, unit: str = "") -> Tuple[str, ...]:
        return tuple(self.extra.get(unit, ()))

    def set_extra_environment(self, unit: str, words: Sequence[str]) -> None:
        self.extra[unit] = list(words)

    def counters(self) -> Dict[str, object]:
        """3 reaps in 1 to 2 µs, 1 in 32 to 65 µs; 2 of them told to the manager in 65 to 131 µs."""
        latency = [0] * 40
        latency[11], latency[16] = 3, 1
        return {**{metric.name: number for number, metric in enumerate(METRICS, 7)},
                "latency_ns_log2": tuple(latency), "latency_ns_sum": 44_500,
                "handler_ns_log2": (*[0] * 17, 2, *[0] * 22), "handler_ns_sum": 180_000}

    def touch_own(self) -> None:
        """Nothing is saved."""

    # ---- what the world does ------------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        self._set_clock()
        self.engine.handle(event)

    def exits(self, name: str, code: int, status: int) -> None:
        """The unit's main process ends."""
        record = self.engine.get(name)
        self.handle(Exited(record.unit.name, record.main_spawn_id, record.main_pid, code, status))
        self.pump()

    def _perform(self, effect: fx.Effect) -> List[Event]:
        if isinstance(effect, fx.Spawn):
            return self._spawn(effect)
        if isinstance(effect, fx.CheckConditions):
            unit = self.engine.get(effect.unit).unit
            bad = any(check.name == "PathExists" and os.path.exists(check.parameter) == check.negate for check in unit.conditions)
            return [ConditionsChecked(effect.unit, not bad, True, "ConditionPathExists" if bad else "",
                                      tuple(-1 if bad else 1 for _ in unit.conditions))]
        if isinstance(effect, fx.WatchMembers):
            return [MembersGone(effect.unit)] if not self.pids_of(effect.unit) else []
        if isinstance(effect, fx.Signal):
            return self._signal(effect)
        if isinstance(effect, fx.GuessMainPid):
            return [PidFound(effect.unit, 0)]
        if isinstance(effect, fx.UnitStarting):
            self.engine.get(effect.unit).invocation_id = "0123456789abcdef0123456789abcdef"
        elif isinstance(effect, fx.JobFinished):
            for job_callback in list(self.on_job_finished):
                job_callback(effect)
        elif isinstance(effect, fx.StateChanged):
            for state_callback in list(self.on_state_changed):
                state_callback(effect)
        return []

    def _spawn(self, effect: fx.Spawn) -> List[Event]:
        self._next_pid += 1
        pid = self._next_pid
        self._spawns[pid] = (effect.unit, effect.spawn_id)
        name = os.path.basename(effect.command.path)
        spawned: List[Event] = [Spawned(effect.unit, effect.spawn_id, pid)]
        service = self.engine.get(effect.unit).unit.service
        assert service is not None
        if name == "hang" or (effect.role is Role.MAIN and service.type != "oneshot" and name not in self.answers):
            return spawned
        return [*spawned, Exited(effect.unit, effect.spawn_id, pid, 1, self.answers.get(name, 0))]

    def _signal(self, effect: fx.Signal) -> List[Event]:
        if self.stubborn or effect.signal not in (9, 15):
            return []
        events: List[Event] = []
        for pid in effect.pids:
            unit, spawn_id = self._spawns[pid]
            events.append(Exited(unit, spawn_id, pid, 2, effect.signal))
        return [*events, MembersGone(effect.unit)] if events else events


class Running:
    """The fake manager's loop and server in a thread of their own; every access from outside goes through call()."""

    def __init__(self, root: Path, socket_path: Path) -> None:
        self.manager = FakeManager(root)
        self.path = socket_path
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(socket_path))
        listener.listen(1024)
        self.listener = listener
        self.messages: List[str] = []
        self.server = Server(self.manager, listener, self.messages.append)
        self._wake_read, self._wake_write = os.pipe()
        self._calls: List[Callable[[], None]] = []
        self.manager.loop.watch(self._wake_read, 1, self._woken)
        self._thread = threading.Thread(target=self.manager.loop.run, args=(self._settle,), daemon=True)
        self._thread.start()

    def _settle(self) -> None:
        self.manager.pump()

    def _woken(self, fd: int, _events: int) -> None:
        os.read(fd, 4096)
        calls, self._calls = self._calls, []
        for call in calls:
            call()

    def call(self, function: Callable[[], object]) -> object:
        """Run it on the loop's thread and return what it returns."""
        done = threading.Event()
        results: List[object] = []

        def run() -> None:
            try:
                results.append(function())
            finally:
                done.set()

        self._calls.append(run)
        os.write(self._wake_write, b"x")
        assert done.wait(10), "the manager's loop is stuck"
        return results[0]

    def close(self) -> None:
        self.call(self.server.close)
        self.call(self.manager.loop.stop)
        self._thread.join(10)
        self.listener.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """The one place where a test waits for something that tells nobody; 10 s at most."""
        deadline = time.monotonic() + 10
        while not self.call(condition):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.002)
