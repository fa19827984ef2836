"""Runs a scenario: the engine above, FakeOs below, a manager between them that may die at any effect.

In:  Scenario.   Out: how many events were handled; raises Violation when an invariant does not hold.
The manager does what run/manager.py does: event -> engine -> save what is dirty -> effects -> answers -> engine …
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Set

from fastinit.errors import RequestError
from fastinit.plan import effects as do
from fastinit.plan import events as ev
from fastinit.plan.engine import Engine
from fastinit.plan.states import Active, JobMode, JobType
from fastinit.units.model import USEC_INFINITY, Unit
from tests.sim import invariants
from tests.sim.fake_os import NEVER, FakeOs
from tests.sim.scenario import SECOND, Op, Scenario

CALM_USEC = 3600 * SECOND       # after the last request: long enough for every timeout
MAX_EVENTS = 20_000             # per scenario


class Simulation:
    def __init__(self, scenario: Scenario, trace: Optional[List[str]] = None) -> None:
        self.scenario = scenario
        self.units: Dict[str, Unit] = {unit.name: unit for unit in scenario.units}
        self.os = FakeOs(scenario.seed, self.units, scenario.harsh)
        self.trace = trace
        self.handled = 0
        self.saved: Dict[str, Dict[str, Any]] = {}      # as dump() gave it, which shares nothing with the engine
        self.crash_after = -1           # effects until the manager dies
        self.submitted: Set[int] = set()
        self.finished: Dict[int, int] = {}
        self.spawn_ids: Set[int] = set()
        self.used: Set[str] = set()     # units that had processes when garbage was collected last
        self.engine = self._new_engine()

    # ---- the whole history ----

    def run(self) -> int:
        for op in self.scenario.ops:
            self._pass_time(op.at_usec)
            self._do(op)
            if self.handled > MAX_EVENTS:
                break
        self._end()
        return self.handled

    def _end(self) -> None:
        """Stop everything: it must come to rest. An irreversible start would refuse that, and with RestartMode=direct it may
        never be over."""
        for job_id in [job_id for job_id, job in self.engine.jobs.items() if job.irreversible]:
            if job_id in self.engine.jobs:      # one may take others along
                self._call(f"cancel {job_id}", lambda job_id=job_id: self.engine.cancel(job_id))    # type: ignore[misc]
        for name in tuple(self.engine.units):
            self._submit(Op(self.os.now_usec, "submit", name, "stop", "replace-irreversibly"))
        self._pass_time(self.os.now_usec + CALM_USEC, MAX_EVENTS * 2)
        for name, record in tuple(self.engine.units.items()):
            if record.active is not Active.INACTIVE and record.active is not Active.FAILED:
                self._submit(Op(self.os.now_usec, "submit", name, "stop", "ignore-dependencies"))
        self._pass_time(self.os.now_usec + CALM_USEC, MAX_EVENTS * 3)
        if self.handled < MAX_EVENTS * 3:
            invariants.at_rest(self)

    def _pass_time(self, until_usec: int, limit: int = MAX_EVENTS) -> None:
        while self.handled < limit:
            self._drain()
            at_usec = min(self.engine.next_deadline(), self.os.next_usec(), until_usec)
            if at_usec >= until_usec:
                break
            self._set_clock(max(at_usec, self.os.now_usec))
            if self.engine.next_deadline() <= self.os.now_usec:
                self._call("tick", self._tick)
        self._set_clock(max(until_usec, self.os.now_usec))

    def _tick(self) -> None:
        self.engine.tick()
        invariants.no_overdue_deadline(self)

    def _set_clock(self, usec: int) -> None:
        self.os.now_usec = usec
        self.engine.now_usec, self.engine.now_realtime_usec = usec + SECOND, usec + 5 * SECOND

    def _drain(self) -> None:
        while self.os.is_due() and self.os.next_usec() < NEVER:
            event = self.os.pop()
            if event is not None:
                self._handle(event)

    # ---- requests ----

    def _do(self, op: Op) -> None:
        self._say(op)
        if op.kind == "submit":
            self._submit(op)
        elif op.kind == "cancel" and self.engine.jobs:
            job_id = sorted(self.engine.jobs)[op.chance % len(self.engine.jobs)]
            self._call(f"cancel {job_id}", lambda: self.engine.cancel(job_id))
        elif op.kind == "crash":
            if op.chance % 3:
                self.crash_after = op.chance % 7
            else:
                self._crash()
        elif op.kind == "reload":
            self._call("reload", lambda: self.engine.reload(self._load))
        elif op.kind == "reset":
            self._call("reset-failed", lambda: self.engine.reset_failed(None))
        elif op.kind == "hurry":
            self._call("hurry", lambda: self.engine.shorten_timeouts(SECOND))

    def _submit(self, op: Op) -> None:
        def submit() -> None:
            try:
                self.submitted.add(self.engine.submit(op.unit, JobType(op.type), JobMode(op.mode)).id)
            except RequestError as error:
                self._say("    refused:", error)
        self._call(op, submit)

    def _load(self, name: str) -> Unit:
        return self.units.get(name) or Unit(name, frozenset({name}), load_state="not-found")

    # ---- the manager ----

    def _new_engine(self) -> Engine:
        engine = Engine(self._load, pick=lambda limit: limit // 2)
        engine.now_usec = engine.now_realtime_usec = self.os.now_usec + SECOND
        return engine

    def _handle(self, event: ev.Event) -> None:
        self.handled += 1
        record = self.engine.units.get(event.unit)
        if isinstance(event, ev.Notified) and record is not None:
            event = event._replace(is_main=event.pid == record.main_pid, is_control=event.pid == record.control_pid)
        self._call(event, lambda: self.engine.handle(event))
        if isinstance(event, ev.Exited):
            invariants.exit_is_consumed(self, event)

    def _call(self, what: object, call: Callable[[], None]) -> None:
        """One call of the engine and all that follows from it."""
        before = {job.id: (job.state, job.type) for job in self.engine.jobs.values()}
        self._say("   ", what)
        call()
        self._settle(before)
        if self.scenario.seed % 2:      # the other half shows what does not depend on it
            self._collect()

    def _collect(self) -> None:
        before, used = self.used, {process.unit for process in self.os.processes.values()}
        self.used = used
        for name in sorted(before - used):
            self.engine.consider(name)
        gone = self.engine.collect(lambda record: record.unit.name in used)
        self._save()
        for record in gone:
            self._say("    forgotten:", record.unit.name)
        invariants.garbage_alone_is_forgotten(self, gone, used)

    def _settle(self, before: invariants.Before) -> None:
        answers: Deque[ev.Event] = deque()
        while True:
            effects = self.engine.take_effects()
            changed = self._save()
            invariants.after_call(self, before, effects, changed)
            for effect in effects:
                self._say("       ", effect)
                if self.crash_after == 0:
                    self._crash()
                    return
                self.crash_after -= self.crash_after > 0
                answers.extend(self.os.perform(effect))
            if not answers:
                return
            self.handled += 1
            answer = answers.popleft()
            self._say("     ", answer)
            before = {job.id: (job.state, job.type) for job in self.engine.jobs.values()}
            self.engine.handle(answer)

    def _save(self) -> Set[str]:
        """The keys of what has changed."""
        dirty = self.engine.take_dirty()
        for key in sorted(dirty):       # a replay is another process, with other hashes
            entry = self.engine.dump(key)
            if entry is None:
                self.saved.pop(key, None)
            else:
                self.saved[key] = entry
        return dirty

    def _crash(self) -> None:
        self._say("    *** the manager dies and a new one goes on")
        self.crash_after = -1
        self.os.watched_members.clear()
        self.os.watched_files.clear()
        known = set(self.engine.units)
        self.engine = self._new_engine()
        self.engine.restore(json.loads(json.dumps(self.saved)))
        assert set(self.engine.units) <= known
        self._settle({})
        for record in tuple(self.engine.units.values()):
            for spawn_id, pid in ((record.main_spawn_id, record.main_pid), (record.control_spawn_id, record.control_pid)):
                if spawn_id and not pid:
                    lost = ev.SpawnFailed(record.unit.name, spawn_id, 4, "the manager was restarted")
                    answer = self.os.spawned.get(spawn_id) or self.os.refused.get(spawn_id) or lost
                    self._call(answer, lambda answer=answer: self.engine.handle(answer))   # type: ignore[misc]

    def _say(self, *words: object) -> None:
        if self.trace is not None:
            self.trace.append(" ".join((f"{self.os.now_usec / SECOND:12.6f}", *map(str, words))))


__all__ = ["USEC_INFINITY", "Simulation", "do"]
