"""Simulate many histories; of the first that fails, print the shortest form found.

    python -m tests.sim.run                     200,000 events
    python -m tests.sim.run --events 10000000   the long form
    python -m tests.sim.run --seed 4711         one history again, with its trace when it fails
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from typing import List, Optional, Tuple

from tests.sim.scenario import Op, Scenario, make
from tests.sim.simulation import Simulation


def failure(scenario: Scenario, trace: Optional[List[str]] = None) -> Optional[BaseException]:
    try:
        Simulation(scenario, trace).run()
    except Exception as error:      # a traceback of the engine is a finding like any other
        return error
    return None


def kind_of(error: BaseException) -> str:
    """Two failures are the same when they are this."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return getattr(error, "name", None) or f"{type(error).__name__} {place.filename}:{place.name}"


def shrink(scenario: Scenario, error: BaseException, seconds: float = 60) -> Scenario:
    """Take away requests and units as long as the same thing goes wrong."""
    wanted, end = kind_of(error), time.monotonic() + seconds

    def still_fails(candidate: Scenario) -> bool:
        found = failure(candidate)
        return found is not None and kind_of(found) == wanted

    size = max(1, len(scenario.ops) // 2)
    while time.monotonic() < end:
        smaller = _one_smaller(scenario, size, still_fails)
        if smaller is not None:
            scenario = smaller
        elif size > 1:
            size //= 2
        else:
            break
    return scenario


def _one_smaller(scenario: Scenario, size: int, still_fails: "object") -> Optional[Scenario]:
    ops: Tuple[Op, ...] = scenario.ops
    for start in range(0, len(ops), size):
        candidate = scenario._replace(ops=ops[:start] + ops[start + size:])
        if still_fails(candidate):      # type: ignore[operator]
            return candidate
    if size > 2:
        return None
    for index in range(len(scenario.units)):
        candidate = scenario._replace(units=scenario.units[:index] + scenario.units[index + 1:])
        if still_fails(candidate):      # type: ignore[operator]
            return candidate
    return None


def report(scenario: Scenario, error: BaseException) -> str:
    small = shrink(scenario, error)
    trace: List[str] = []
    found = failure(small, trace)
    lines = [f"seed {scenario.seed}: {found!r}", "", "units:"]
    lines += [f"  {_differences(unit)}" for unit in small.units]
    lines += ["", "requests:", *(f"  {op}" for op in small.ops), "", "history:", *trace[-200:]]
    if found is not None and not getattr(found, "name", None):
        lines += traceback.format_exception(type(found), found, found.__traceback__)
    return "\n".join([*lines, "", f"again: python -m tests.sim.run --seed {scenario.seed}"])


def _differences(value: object) -> str:
    """A value, without what is at its default."""
    from dataclasses import fields, is_dataclass
    if not is_dataclass(value):
        return repr(value)
    fresh = type(value)(value.name) if hasattr(value, "name") else type(value)()    # type: ignore[call-arg, operator]
    shown = [f"{item.name}={_differences(getattr(value, item.name))}" for item in fields(value)
             if getattr(value, item.name) != getattr(fresh, item.name)]
    return f"{type(value).__name__}({', '.join(shown)})"


def simulate(first_seed: int, events: int) -> Tuple[int, int]:
    """(histories, events) without a failure; raises AssertionError with the report of the first that fails."""
    handled, seed = 0, first_seed
    while handled < events:
        scenario = make(seed)
        simulation = Simulation(scenario)
        try:
            handled += max(1, simulation.run())
        except Exception as error:
            raise AssertionError(report(scenario, error)) from None
        seed += 1
    return seed - first_seed, handled


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="this one history")
    parser.add_argument("--first", type=int, default=1, help="seed of the first history")
    parser.add_argument("--events", type=int, default=200_000)
    options = parser.parse_args()
    if options.seed is not None:
        scenario = make(options.seed)
        error = failure(scenario)
        print(report(scenario, error) if error else f"seed {options.seed}: nothing wrong")
        return 1 if error else 0
    begin = time.monotonic()
    try:
        histories, handled = simulate(options.first, options.events)
    except AssertionError as error:
        print(error)
        return 1
    print(f"{histories} histories, {handled} events, nothing wrong; {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
