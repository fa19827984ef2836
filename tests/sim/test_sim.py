"""The engine against random histories; `python -m tests.sim.run` is the long form."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit.plan.service import table as service_table
from fastinit.plan.states import Sub
from tests.sim.run import failure, kind_of, make, shrink, simulate

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 50_000
PARTS = 4       # so that pytest-xdist can share the work


@pytest.mark.parametrize("part", range(PARTS))
def test_random_histories_keep_every_invariant(part: int) -> None:
    """200,000 events in all, from seeds that stay the same."""
    _, handled = simulate(1 + 100_000 * part, EVENTS)
    assert handled >= EVENTS


HISTORY = """
from tests.sim.run import make
from tests.sim.simulation import Simulation
trace = []
for seed in range(1, 21):
    Simulation(make(seed), trace).run()
print("\\n".join(trace))
"""


def test_a_seed_gives_the_same_history_twice() -> None:
    """A failing seed can be replayed, by another process with other hashes."""
    traces = [subprocess.run([sys.executable, "-c", HISTORY], env={**os.environ, "PYTHONHASHSEED": str(hashes)}, cwd=ROOT,
                             capture_output=True, check=True).stdout for hashes in (1, 2)]
    assert traces[0] == traces[1] and len(traces[0].splitlines()) > 5_000


FORGOTTEN = (       # rows whose loss leaves something undone
    (Sub.RUNNING, service_table.Ev.STOP), (Sub.RUNNING, service_table.Ev.MAIN_OK), (Sub.RUNNING, service_table.Ev.GONE),
    (Sub.STOP_SIGTERM, service_table.Ev.KILL),
)


@pytest.mark.parametrize("key", FORGOTTEN, ids=lambda key: f"{key[0].value}-{key[1].name}")
def test_a_forgotten_row_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch, key: "tuple[Sub, service_table.Ev]") -> None:
    """The simulation can fail: without one row it does, and the history that shows it is short."""
    # A table of its own: a row taken out and put back would stand at the end, and docs/services.md keeps the order.
    monkeypatch.setattr(service_table, "STEPS", {at: step for at, step in service_table.STEPS.items() if at != key})
    monkeypatch.setitem(service_table.IGNORED, key, "forgotten, for this test")
    for seed in range(1, 200):
        scenario = make(seed)
        error = failure(scenario)
        if error is not None:
            small = shrink(scenario, error, seconds=3)
            again = failure(small)
            assert again is not None and kind_of(again) == kind_of(error)
            assert len(small.ops) < len(scenario.ops) / 2
            return
    pytest.fail("200 histories, and nobody saw that a row is missing")
