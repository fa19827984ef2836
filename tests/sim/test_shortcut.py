"""Where a transaction is cut short because nothing follows from the wish, the long way comes to the same."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from fastinit.errors import RequestError
from fastinit.plan import transaction
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import JobMode, JobType
from fastinit.plan.transaction import CanReload
from fastinit.plan.world import World
from tests.sim.run import make
from tests.sim.simulation import Simulation

SEEDS = range(1, 120)
ENOUGH = 300        # of wishes from which something could have followed


def test_the_long_way_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    real_build, shortcut = transaction.build, transaction._Builder._nothing_follows
    taken: List[int] = []       # how many units each wish that was cut short could have pulled in

    def outcome(world: World, *wish: "object") -> Tuple[object, object]:
        """The plan or the refusal, comparable; and what was logged on the way."""
        logged = len(world.effects)
        try:
            plan = real_build(world, *wish)     # type: ignore[arg-type]
            jobs = [(str(job), job.is_anchor, job.ignore_order, job.matters) for job in plan.jobs]
            found: object = (jobs, [job.id for job in plan.cancel], plan.lines)
        except RequestError as error:
            found = str(error)
        lines = world.effects[logged:]
        del world.effects[logged:]
        return found, lines

    def both(world: World, can_reload: CanReload, type: JobType, record: UnitRecord, mode: JobMode) -> transaction.Plan:
        wish = (world, can_reload, type, record, mode)
        short = outcome(*wish)
        builder = transaction._Builder(world, can_reload, mode)
        builder.anchor = transaction.Wanted(record, type)
        if shortcut(builder):
            closure = world.closures.of(record.unit.name)
            taken.append(len(closure.up) + len(closure.down) + len(closure.restarted))
            monkeypatch.setattr(transaction._Builder, "_nothing_follows", lambda self: False)
            assert outcome(*wish) == short
            monkeypatch.setattr(transaction._Builder, "_nothing_follows", shortcut)
        return real_build(*wish)

    monkeypatch.setattr(transaction, "build", both)
    for seed in SEEDS:
        Simulation(make(seed)).run()
    assert sum(size > 0 for size in taken) > ENOUGH, f"{len(taken)} wishes cut short"
