"""A unit costs as much among ten thousand as among a hundred: loading from files, planning, running its job, reloading, forgetting."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from fastinit.plan.engine import Engine
from fastinit.plan.states import JobType
from fastinit.units.loader import Loader
from tests.plan.harness import FakeRun, service, target

FEW, MANY = 100, 10_000
TRIES = 2
BOUND = 4       # one pass over all units for each unit would make it 100
SERVICE = "[Unit]\nAfter=network.target\n[Service]\nExecStart=/bin/sleep {0}\nRestart=on-failure\n"


@pytest.fixture(autouse=True)
def _no_collections() -> Iterator[None]:
    """What the collector costs depends on all that the test run has in memory."""
    was_on = gc.isenabled()
    gc.disable()
    yield
    if was_on:
        gc.enable()


def cost_per_unit(action: Callable[[], object], count: int) -> float:
    began = time.process_time()
    action()
    return (time.process_time() - began) / count


def folder_of(top: Path, count: int) -> Path:
    """COUNT services with a drop-in each, and a target that wants them."""
    units = top / str(count) / "etc/systemd/system"
    for number in range(count):
        folder = units / f"s{number}.service.d"
        folder.mkdir(parents=True)
        (folder / "more.conf").write_text("[Service]\nEnvironment=A=%n\n")
        (units / f"s{number}.service").write_text(SERVICE.format(number))
    (units / "all.target").write_text("[Unit]\n" + "".join(f"Wants=s{number}.service\n" for number in range(count)))
    return top / str(count)


def steps_on_files(root: Path, count: int) -> Dict[str, float]:
    loader = Loader(str(root))
    engine = Engine(loader.load)
    engine.now_usec = 1
    costs = {"load": cost_per_unit(lambda: engine.get("all.target"), count)}
    assert len(engine.units) > count
    loader.forget()
    costs["reload"] = cost_per_unit(lambda: engine.reload(loader.load), count)
    costs["forget"] = cost_per_unit(lambda: forget(engine), count)
    assert all(record.unit.perpetual for record in engine.units.values())
    return costs


def forget(engine: Engine) -> None:
    """As the manager does it, some at a time."""
    while engine.may_collect:
        engine.collect(lambda _record: False, 40)


def steps_in_memory(count: int) -> Dict[str, float]:
    names = tuple(f"s{number}.service" for number in range(count))
    run = FakeRun(*(service(name) for name in names), target("all.target", Wants=names, After=names))
    costs = {"plan": cost_per_unit(lambda: run.engine.submit("all.target", JobType.START), count)}
    costs["start"] = cost_per_unit(run.run, count)
    assert run.sub("all.target") == "active" and run.sub(names[-1]) == "running"
    costs["one by one"] = cost_per_unit(lambda: wish_one_by_one(count), count)
    return costs


def wish_one_by_one(count: int) -> None:
    """`init A B C ...`: a transaction each, while the target that comes before all of them is still on its way."""
    names = [f"s{number}.service" for number in range(count)]
    run = FakeRun(service("slow.service", type="oneshot"), target("basic.target", Wants=("slow.service",), After=("slow.service",)),
                  *(service(name, Requires=("basic.target",), After=("basic.target",)) for name in names))
    for name in names:
        run.engine.submit(name, JobType.START)
    assert len(run.engine.jobs) == count + 2


def test_the_cost_of_a_unit_does_not_grow(tmp_path: Path) -> None:
    """The best of some tries each: another process may be at work beside us."""
    roots = {count: folder_of(tmp_path, count) for count in (FEW, MANY)}
    best: Dict[int, Dict[str, float]] = {FEW: {}, MANY: {}}
    for _ in range(TRIES):
        for count, known in best.items():
            for step, cost in {**steps_on_files(roots[count], count), **steps_in_memory(count)}.items():
                known[step] = min(cost, known.get(step, cost))
    ratios = {step: best[MANY][step] / best[FEW][step] for step in best[FEW]}
    assert max(ratios.values()) < BOUND, ratios
