"""A world without processes: units from a dict, effects answered by hand or by the politest of kernels.

FakeRun answers every effect as run/ does on a machine where all goes well; what a test wants to go differently it scripts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Tuple

from fastinit.plan import effects as do
from fastinit.plan import events as ev
from fastinit.plan.engine import Engine
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import JobMode, JobType
from fastinit.units.model import ExecCommand, KillContext, Service, Unit

SECOND = 1_000_000
PROGRAM = ExecCommand("/bin/x", ("x",))
KILL_FIELDS = set(KillContext.__dataclass_fields__)
UNIT_FIELDS = set(Unit.__dataclass_fields__)


def service(name: str = "a.service", **settings: Any) -> Unit:
    """A unit from keyword settings, whichever section they belong to; dependencies by their kind: Requires=("b.service",)."""
    dependencies = {key: value for key, value in settings.items() if key[0].isupper()}
    unit = {key: value for key, value in settings.items() if key in UNIT_FIELDS}
    kill = {key: value for key, value in settings.items() if key in KILL_FIELDS}
    rest = {key: value for key, value in settings.items() if key not in dependencies and key not in unit and key not in kill}
    rest.setdefault("exec_start", (PROGRAM,))
    return Unit(name, frozenset({name}), dependencies=dependencies, kill=KillContext(**kill), service=Service(**rest), **unit)


def target(name: str, **settings: Any) -> Unit:
    dependencies = {key: value for key, value in settings.items() if key[0].isupper()}
    rest = {key: value for key, value in settings.items() if key not in dependencies}
    return Unit(name, frozenset({name}), dependencies=dependencies, **rest)


def loader(*units: Unit) -> Callable[[str], Unit]:
    known = {name: unit for unit in units for name in unit.names}
    return lambda name: known.get(name) or Unit(name, frozenset({name}), load_state="not-found")


class FakeRun:
    """hold: effect types that are not answered; conditions, pids: answers by unit."""

    def __init__(self, *units: Unit) -> None:
        self.engine = Engine(loader(*units))
        self.engine.now_usec = self.engine.now_realtime_usec = 1000 * SECOND
        self.seen: List[do.Effect] = []
        self.hold: Tuple[type, ...] = ()
        self.conditions: Dict[str, ev.ConditionsChecked] = {}
        self.pids: Dict[str, int] = {}
        self.exec_fails: Dict[str, int] = {}        # phase -> exec status
        self.stubborn: set[str] = set()             # units whose processes ignore all but SIGKILL
        self.members: set[str] = set()              # units with further processes, which ignore all but SIGKILL
        self._next_pid = 100

    # ---- doing ----

    def submit(self, name: str, type: JobType, mode: JobMode = JobMode.REPLACE) -> int:
        job = self.engine.submit(name, type, mode)
        self.run()
        return job.id

    def start(self, name: str = "a.service") -> int:
        return self.submit(name, JobType.START)

    def stop(self, name: str = "a.service") -> int:
        return self.submit(name, JobType.STOP)

    def send(self, event: ev.Event) -> None:
        self.engine.handle(event)
        self.run()

    def exit(self, name: str = "a.service", status: int = 0, code: int = os.CLD_EXITED, control: bool = False) -> None:
        record = self.record(name)
        pid, spawn_id = (record.control_pid, record.control_spawn_id) if control else (record.main_pid, record.main_spawn_id)
        assert pid, f"{name} has no such process"
        self.send(ev.Exited(name, spawn_id, pid, code, status))

    def notify(self, name: str = "a.service", main: bool = True, fds: int = 0, **fields: str) -> None:
        valid = "MAINPID" in fields
        self.send(ev.Notified(name, self.record(name).main_pid, fields, main, not main, valid, fds))

    def wait(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.engine.now_usec + int(seconds * SECOND)
        while self.engine.next_deadline() <= end:
            self._set_clock(max(self.engine.now_usec, self.engine.next_deadline()))
            self.engine.tick()
            self.run()
        self._set_clock(end)

    def _set_clock(self, usec: int) -> None:
        self.engine.now_usec = self.engine.now_realtime_usec = usec

    def restart_manager(self) -> None:
        """A new engine from what the old one has dumped, through JSON."""
        import json
        keys = {f"unit:{name}" for name in self.engine.units} | {f"job:{number}" for number in self.engine.jobs} | {"engine"}
        entries = json.loads(json.dumps({key: self.engine.dump(key) for key in keys}))
        fresh = Engine(self.engine._world.load)
        fresh.now_usec, fresh.now_realtime_usec = self.engine.now_usec, self.engine.now_realtime_usec
        fresh.restore(entries)
        self.engine = fresh
        self.run()

    def play(self, history: str) -> None:
        """Steps apart by ";": start stop restart reload try-restart reload-or-start [UNIT [MODE]] · exit STATUS [UNIT], control
        STATUS [UNIT]: the main or control process exits · signal NUMBER [UNIT], dump NUMBER [UNIT]: it is killed ·
        notify NAME=VALUE,… [UNIT] · gone [UNIT]: no process is left · wait SECONDS · cancel UNIT · crash (of the manager)."""
        for step in filter(None, map(str.strip, history.split(";"))):
            verb, *words = step.split()
            if verb in {type.value for type in JobType}:
                self.submit(words[0] if words else "a.service", JobType(verb), JobMode(words[1] if words[1:] else "replace"))
            elif verb in ("exit", "control", "signal", "dump"):
                code = {"signal": os.CLD_KILLED, "dump": os.CLD_DUMPED}.get(verb, os.CLD_EXITED)
                self.exit((words[1:] or ["a.service"])[0], int(words[0]), code, control=verb == "control")
            elif verb == "notify":
                self.notify((words[1:] or ["a.service"])[0], **dict(field.split("=", 1) for field in words[0].split(",")))
            elif verb == "gone":
                name = (words or ["a.service"])[0]
                self.members.discard(name)
                self.send(ev.MembersGone(name))
            elif verb == "wait":
                self.wait(float(words[0]))
            elif verb == "cancel":
                job = self.record(words[0]).job
                assert job is not None
                self.engine.cancel(job)
                self.run()
            elif verb == "crash":
                self.restart_manager()
            else:
                raise ValueError(step)

    # ---- answering ----

    def run(self) -> None:
        answers: List[ev.Event] = []
        while True:
            for effect in self.engine.take_effects():
                self.seen.append(effect)
                if not isinstance(effect, self.hold):
                    answer = self._answer(effect)
                    answers.extend(answer)
            if not answers:
                return
            self.engine.handle(answers.pop(0))

    def _answer(self, effect: do.Effect) -> List[ev.Event]:
        if isinstance(effect, do.Spawn):
            self._next_pid += 1
            status = self.exec_fails.get(effect.phase, 0)
            spawned = ev.Spawned(effect.unit, effect.spawn_id, self._next_pid, status == 0, status, 2 if status else 0)
            exited = ev.Exited(effect.unit, effect.spawn_id, self._next_pid, os.CLD_EXITED, status)
            return [spawned, exited] if status else [spawned]
        if isinstance(effect, do.Signal):
            return self._signalled(effect)
        if isinstance(effect, do.WatchMembers):
            return [] if effect.unit in self.members or self._tracked(effect.unit) else [ev.MembersGone(effect.unit)]
        if isinstance(effect, do.CheckConditions):
            return [self.conditions.get(effect.unit, ev.ConditionsChecked(effect.unit, True, True))]
        if isinstance(effect, (do.ReadPidFile, do.GuessMainPid)):
            return [ev.PidFound(effect.unit, self.pids.get(effect.unit, 0), "no such file")]
        return []

    def _tracked(self, name: str) -> bool:
        record = self.record(name)
        return bool(record.main_pid or record.control_pid)

    def _signalled(self, effect: do.Signal) -> List[ev.Event]:
        if effect.signal == 1 or (effect.signal != 9 and effect.unit in self.stubborn):
            return []
        record = self.record(effect.unit)
        ids = {record.main_pid: record.main_spawn_id, record.control_pid: record.control_spawn_id}
        gone: List[ev.Event] = [ev.Exited(effect.unit, ids[pid], pid, os.CLD_KILLED, effect.signal) for pid in effect.pids]
        if effect.signal == 9 and effect.members:
            self.members.discard(effect.unit)
        if effect.members and effect.unit not in self.members:
            gone.append(ev.MembersGone(effect.unit))
        return gone

    # ---- looking ----

    def record(self, name: str = "a.service") -> UnitRecord:
        return self.engine.units[name]

    def sub(self, name: str = "a.service") -> str:
        return self.record(name).sub.value

    def state(self, name: str = "a.service") -> Tuple[str, str, str]:
        record = self.record(name)
        return record.active.value, record.sub.value, record.result.value

    def phases(self, name: Optional[str] = None) -> List[str]:
        return [effect.phase for effect in self.seen if isinstance(effect, do.Spawn) and name in (None, effect.unit)]

    def order(self) -> List[str]:
        """Units in the order of their main processes' start."""
        return [effect.unit for effect in self.seen if isinstance(effect, do.Spawn) and effect.phase == "ExecStart"]

    def subs(self, name: str = "a.service") -> List[str]:
        return [effect.sub.value for effect in self.seen if isinstance(effect, do.StateChanged) and effect.unit == name]

    def result(self, job_id: int) -> str:
        return next((e.result.value for e in self.seen if isinstance(e, do.JobFinished) and e.job_id == job_id), "pending")

    def lines(self) -> List[str]:
        return [effect.text for effect in self.seen if isinstance(effect, do.LogLine)]

    def signals(self, name: str = "a.service") -> List[int]:
        return [effect.signal for effect in self.seen if isinstance(effect, do.Signal) and effect.unit == name]

    def of(self, kind: type) -> List[Any]:
        return [effect for effect in self.seen if isinstance(effect, kind)]


__all__ = ["PROGRAM", "SECOND", "FakeRun", "loader", "replace", "service", "target"]
