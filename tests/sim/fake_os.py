"""A kernel without processes: it carries out the engine's effects in virtual time, and misbehaves as real programs do.

In:  effects; the time.   Out: events, each at its moment.
What a process does depends only on the seed, the unit, the phase and how often that phase has run, so that a history from which
requests are taken away still meets the same processes.
"""

from __future__ import annotations

import heapq
import os
from dataclasses import dataclass
from random import Random
from typing import Dict, List, Optional, Set, Tuple

from fastinit.plan import effects as do
from fastinit.plan import events as ev
from fastinit.plan.states import Role
from fastinit.units.model import Service, Unit

SECOND = 1_000_000
NEVER = 1 << 62


@dataclass
class Process:
    pid: int
    unit: str
    spawn_id: int           # 0: not spawned by us
    tracked: bool
    ignores_term: bool = False
    unkillable_usec: int = 0    # hangs in the kernel until then
    alive: bool = True


class FakeOs:
    def __init__(self, seed: int, units: Dict[str, Unit], harsh: float) -> None:
        """harsh: 0 = all goes well … 1 = nearly nothing does."""
        self.seed, self.units, self.harsh = seed, units, harsh
        self.now_usec = 0
        self.processes: Dict[int, Process] = {}
        self.by_unit: Dict[str, Set[int]] = {}
        self.pid_files: Dict[str, int] = {}
        self.watched_members: Set[str] = set()
        self.watched_files: Set[str] = set()
        self.spawned: Dict[int, ev.Spawned] = {}        # every spawn that became a process, for a manager that has forgotten
        self.refused: Dict[int, ev.SpawnFailed] = {}
        self._events: List[Tuple[int, int, object]] = []    # (time, serial, event or callable)
        self._serial = 0
        self._pid = 100
        self._runs: Dict[Tuple[str, str], int] = {}

    # ---- time ----

    def next_usec(self) -> int:
        return self._events[0][0] if self._events else NEVER

    def pop(self) -> Optional[ev.Event]:
        """The next event that is due; None when it was only something inside the kernel, or nothing."""
        if not self._events or self._events[0][0] > self.now_usec:
            return None
        _, _, what = heapq.heappop(self._events)
        if callable(what):
            what()
            return None
        return what     # type: ignore[return-value]

    def is_due(self) -> bool:
        return self.next_usec() <= self.now_usec

    def _at(self, delay_usec: int, what: object) -> None:
        self._serial += 1
        heapq.heappush(self._events, (self.now_usec + delay_usec, self._serial, what))

    # ---- effects ----

    def perform(self, effect: do.Effect) -> List[ev.Event]:
        if isinstance(effect, do.Spawn):
            return [self._spawn(effect)]
        if isinstance(effect, do.Signal):
            self._signal(effect)
        elif isinstance(effect, do.WatchMembers):
            self.watched_members.add(effect.unit)
            return self._members_gone(effect.unit)
        elif isinstance(effect, do.UnwatchMembers):
            self.watched_members.discard(effect.unit)
        elif isinstance(effect, do.ReadPidFile):
            return [self._found(effect.unit, self.pid_files.get(effect.unit, 0))]
        elif isinstance(effect, do.GuessMainPid):
            return [self._found(effect.unit, self._guess(effect.unit))]
        elif isinstance(effect, do.WatchPidFile):
            self.watched_files.add(effect.unit)
            return [ev.PidFileChanged(effect.unit)] if effect.unit in self.pid_files else []
        elif isinstance(effect, do.UnwatchPidFile):
            self.watched_files.discard(effect.unit)
        elif isinstance(effect, do.Untrack):
            if effect.pid in self.processes:
                self.processes[effect.pid].tracked = False
        elif isinstance(effect, do.CheckConditions):
            return [self._check(effect.unit)]
        elif isinstance(effect, do.UnitStopped):
            self.pid_files.pop(effect.unit, None)
        return []

    def _random(self, unit: str, phase: str) -> Random:
        run = self._runs[unit, phase] = self._runs.get((unit, phase), 0) + 1
        return Random(f"{self.seed} {unit} {phase} {run}")

    def _check(self, unit: str) -> ev.ConditionsChecked:
        random = self._random(unit, "conditions")
        return ev.ConditionsChecked(unit, random.random() > self.harsh * 0.3, random.random() > self.harsh * 0.3, "PathExists=/x")

    def _spawn(self, effect: do.Spawn) -> ev.Event:
        random = self._random(effect.unit, f"{effect.phase} {effect.command.path}")
        if random.random() < self.harsh * 0.05:
            self.refused[effect.spawn_id] = ev.SpawnFailed(effect.unit, effect.spawn_id, 11, "Resource temporarily unavailable")
            return self.refused[effect.spawn_id]
        process = self._make(effect.unit, effect.spawn_id, random)
        if random.random() < self.harsh * 0.05:
            self.spawned[effect.spawn_id] = ev.Spawned(effect.unit, effect.spawn_id, process.pid, False, 203, 2)
            self._at(0, lambda: self._die(process, os.CLD_EXITED, 203))
        else:
            self.spawned[effect.spawn_id] = ev.Spawned(effect.unit, effect.spawn_id, process.pid)
            self._live(effect, process, random)
        return self.spawned[effect.spawn_id]

    def _make(self, unit: str, spawn_id: int, random: Random, tracked: bool = True) -> Process:
        self._pid += 1
        hangs = random.random() < self.harsh * 0.02
        process = Process(self._pid, unit, spawn_id, tracked, random.random() < self.harsh * 0.2,
                          self.now_usec + random.randrange(400 * SECOND) if hangs else 0)
        self.processes[process.pid] = process
        self.by_unit.setdefault(unit, set()).add(process.pid)
        return process

    # ---- what programs do ----

    def _live(self, effect: do.Spawn, process: Process, random: Random) -> None:
        service = self.units[effect.unit].service or Service()
        if random.random() < self.harsh * 0.15:
            self._make(effect.unit, 0, random, tracked=False)       # something that it leaves behind
        if effect.role is Role.CONTROL or service.type == "oneshot":
            self._live_shortly(effect, process, random, service)
        else:
            self._live_long(effect, process, random, service)

    def _live_shortly(self, effect: do.Spawn, process: Process, random: Random, service: Service) -> None:
        forks = service.type == "forking" and effect.phase == "ExecStart"
        delay = random.randrange(SECOND)
        if forks:
            self._at(delay, lambda: self._fork_daemon(process, random, service))
        if random.random() < self.harsh * 0.1:
            return      # hangs
        status = random.choice([1, 3, 255]) if random.random() < self.harsh * 0.2 else 0
        self._at(delay + 1, lambda: self._die(process, os.CLD_EXITED, status))

    def _fork_daemon(self, parent: Process, random: Random, service: Service) -> None:
        if not parent.alive or random.random() < self.harsh * 0.1:
            return
        daemon = self._make(parent.unit, 0, random, tracked=False)
        if service.pid_file and random.random() > self.harsh * 0.2:
            late = random.randrange(3 * SECOND) if random.random() < 0.3 else 0
            self._at(late, lambda: self._write_pid_file(daemon))
        self._end_some_day(daemon, random)

    def _write_pid_file(self, daemon: Process) -> None:
        if daemon.alive:
            self.pid_files[daemon.unit] = daemon.pid
            if daemon.unit in self.watched_files:
                self._at(0, ev.PidFileChanged(daemon.unit))

    def _live_long(self, effect: do.Spawn, process: Process, random: Random, service: Service) -> None:
        if service.type in ("notify", "notify-reload") and random.random() > self.harsh * 0.2:
            self._at(random.randrange(SECOND), self._saying(process, READY="1", STATUS="here we are"))
        for _ in range(random.randrange(4)):
            fields = random.choice([
                {"WATCHDOG": "1"}, {"WATCHDOG": "trigger"}, {"RELOADING": "1"}, {"READY": "1"}, {"STOPPING": "1"},
                {"RELOADING": "1", "READY": "1", "MONOTONIC_USEC": str(NEVER)}, {"RELOADING": "1", "MONOTONIC_USEC": str(NEVER)},
                {"EXTEND_TIMEOUT_USEC": "3000000"}, {"WATCHDOG_USEC": "2000000"}, {"STATUS": "x", "ERRNO": "5"},
                {"MAINPID": "x"}, {"FDSTORE": "1", "FDNAME": "n"}, {"FDSTOREREMOVE": "1", "FDNAME": "n"}, {"MAINPID": "fork"},
            ])
            if random.random() < self.harsh:
                self._at(random.randrange(60 * SECOND), self._saying(process, **fields))
        self._end_some_day(process, random)

    def _saying(self, process: Process, **fields: str) -> object:
        def say() -> None:
            if not process.alive:
                return
            valid = False
            if fields.get("MAINPID") == "fork":
                child = self._make(process.unit, 0, Random(process.pid))
                fields["MAINPID"], valid = str(child.pid), True
            fds = int("FDSTORE" in fields)
            self._at(0, ev.Notified(process.unit, process.pid, dict(fields), process.tracked, False, valid, fds))
        return say

    def _end_some_day(self, process: Process, random: Random) -> None:
        if random.random() < 0.3 + self.harsh * 0.4:
            short = random.random() < 0.5
            code, status = random.choice([(os.CLD_EXITED, 0), (os.CLD_EXITED, 1), (os.CLD_KILLED, 11), (os.CLD_DUMPED, 6)])
            self._at(random.randrange(2 * SECOND if short else 300 * SECOND), lambda: self._die(process, code, status))

    # ---- death ----

    def _signal(self, effect: do.Signal) -> None:
        targets = set(effect.pids)
        if effect.members:
            targets |= self.by_unit.get(effect.unit, set())
        for pid in sorted(targets - set(effect.spare)):
            process = self.processes.get(pid)
            if process is not None and process.alive and process.unit == effect.unit:
                self._receive(process, effect.signal)

    def _receive(self, process: Process, signal: int) -> None:
        if signal in (1, 18) or (signal != 9 and process.ignores_term):
            return
        delay = max(0, process.unkillable_usec - self.now_usec) if signal == 9 else process.pid % 3 * 100_000
        self._at(delay, lambda: self._die(process, os.CLD_KILLED, signal))

    def _die(self, process: Process, code: int, status: int) -> None:
        if not process.alive:
            return
        process.alive = False
        del self.processes[process.pid]
        self.by_unit[process.unit].discard(process.pid)
        if process.tracked:
            spawn_id = process.spawn_id
            self._at(0, ev.Exited(process.unit, spawn_id, process.pid, code, status, self.now_usec, 10, self._succeed(process),
                                 not self.by_unit[process.unit]))
        if process.unit in self.watched_members and not self.by_unit[process.unit]:
            self._at(0, lambda: [self._at(0, event) for event in self._members_gone(process.unit)])

    def _succeed(self, process: Process) -> int:
        """A daemon that replaces itself: the new process is in the PID file before the old one ends."""
        random = Random(f"{self.seed} {process.pid} succeed")
        if self.pid_files.get(process.unit) != process.pid or random.random() > 0.3:
            return 0
        heir = self._make(process.unit, 0, random)
        self.pid_files[process.unit] = heir.pid
        self._end_some_day(heir, random)
        return heir.pid

    def _members_gone(self, unit: str) -> List[ev.Event]:
        if self.by_unit.get(unit) or unit not in self.watched_members:
            return []
        self.watched_members.discard(unit)
        return [ev.MembersGone(unit)]

    def _found(self, unit: str, pid: int) -> ev.PidFound:
        process = self.processes.get(pid)
        if process is None or process.unit != unit:
            return ev.PidFound(unit, 0, "no such process")
        process.tracked, process.spawn_id = True, 0     # tracked anew, as one that is adopted
        return ev.PidFound(unit, pid)

    def _guess(self, unit: str) -> int:
        pids = self.by_unit.get(unit, set())
        return next(iter(pids)) if len(pids) == 1 else 0
