"""Many units are read in steps: what is in use stays in use until all are read, and the loop serves others in between."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from fastinit.run.generators import Generators
from fastinit.run.loop import Loop
from fastinit.run.reading import SLICE_USEC, Reload, walk
from fastinit.units.model import Unit


def unit(name: str, *after: str, names: "tuple[str, ...]" = ()) -> Unit:
    return Unit(name, frozenset((name, *names)), "loaded", dependencies={"After": after} if after else {})


def test_walk_reads_each_unit_once() -> None:
    """What is named is read, under one of its names, in circles too; what is known is not, nor what only that names."""
    units = {"a": unit("a", "b", "c"), "b": unit("b", "a", "other"), "c": unit("c", "other", "d"), "other": unit("b", "a"),
             "d": unit("d", "e"), "e": unit("e")}
    units["b"] = unit("b", "a", "other", names=("other",))
    asked: List[str] = []

    def read(name: str) -> Unit:
        asked.append(name)
        return units[name]

    found = [found.name for found in walk(read, ["a"], lambda name: name == "d")]
    assert sorted(found) == ["a", "b", "c"]
    assert len(asked) == 3


class Slow:
    """Reads ten units, each as long as a slice; `done` is when the last one took effect."""

    def __init__(self) -> None:
        self.begun = self.done = 0

    def __call__(self) -> Iterator[Unit]:
        self.begun += 1
        for number in range(10):
            end = time.monotonic_ns() + 1000 * SLICE_USEC
            while time.monotonic_ns() < end:
                pass
            yield unit(f"{number}.service")
        self.done += 1


@pytest.fixture
def reload_of(tmp_path: Path) -> "Callable[[Loop, Slow], Reload]":
    def make(loop: Loop, slow: Slow) -> Reload:
        return Reload(loop, Generators(loop, str(tmp_path), "nobodys", {}, lambda _priority, _text: None), slow)
    return make


def test_others_are_served_meanwhile(reload_of: "Callable[[Loop, Slow], Reload]") -> None:
    """A timer that is due while ten units are read is not late by more than one of them."""
    loop, slow = Loop(), Slow()
    reload = reload_of(loop, slow)
    turns: Dict[int, int] = {}

    def turn() -> None:
        turns[slow.done] = turns.get(slow.done, 0) + 1
        if slow.done:
            loop.stop()
        else:
            loop.call_soon(turn)

    done = reload.ask()
    assert not done()
    loop.call_soon(turn)
    loop.run(lambda: None)
    assert done()
    assert turns[0] >= 9


def test_one_after_the_other(reload_of: "Callable[[Loop, Slow], Reload]") -> None:
    """Who asks while units are read waits for the next reading: theirs may have been read before. It answers them all."""
    loop, slow = Loop(), Slow()
    reload = reload_of(loop, slow)
    first = reload.ask()
    second, third = reload.ask(), reload.ask()
    seen: List["tuple[bool, bool, bool]"] = []

    def look() -> None:
        state = (first(), second(), third())
        if not seen or seen[-1] != state:
            seen.append(state)
        if all(state):
            loop.stop()

    loop.run(look)
    assert seen == [(False, False, False), (True, False, False), (True, True, True)]
    assert (slow.begun, slow.done) == (2, 2)
    fourth = reload.ask()
    assert not fourth(), "nobody has read for it yet"
