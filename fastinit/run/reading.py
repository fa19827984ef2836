"""Reading hundreds of unit files without keeping anybody waiting: one after the other, and between them the loop has its turn.

In:  a function that reads a unit, names.   Out: the units, one at a time; what then takes effect does so at once.
Never: changes what is in use before all is read. A manager that dies meanwhile has read in vain, nothing else.
"""

from __future__ import annotations

import gc
from typing import Callable, Iterable, Iterator, Set

from fastinit.run.generators import Generators
from fastinit.run.loop import Loop, monotonic_usec
from fastinit.units.model import Unit

SLICE_USEC = 1_000              # of reading, before the loop gets its turn where it has something to do
MANY_UNITS = 20                 # some 3,000 objects, as many as the collector of garbage goes through in one step

Read = Callable[[str], Unit]


def walk(read: Read, names: Iterable[str], is_known: Callable[[str], bool] = lambda _name: False) -> Iterator[Unit]:
    """These units and all that they name, each once; what is known is left out, and what it names."""
    seen: Set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in seen or is_known(name):
            continue
        unit = read(name)
        seen.add(name)
        seen.update(unit.names)
        for others in unit.dependencies.values():
            todo += others
        yield unit


class Heap:
    """Python's collector of garbage, held up while many units are read.

    Units live long and refer to each other in no circle: looking for garbage among a thousand new ones is a quarter of the time
    that they take, or a long pause afterwards. They are put where the collector does not look.
    """

    def __init__(self) -> None:
        self._read = self._read_before = 0

    def unit_read(self) -> None:
        self._read += 1
        if self._read == MANY_UNITS:
            gc.collect(1)
            gc.disable()

    def end_of_round(self) -> None:
        if self._read == self._read_before:     # no more has come since the last one
            if self._read >= MANY_UNITS:
                gc.freeze()
                gc.enable()
            self._read = 0
        self._read_before = self._read


class Reload:
    """daemon-reload: the generators, then all units, then they take effect. One at a time: one that is asked for while another
    goes on follows it, and answers all who have asked since then."""

    def __init__(self, loop: Loop, generators: Generators, read_again: Callable[[], Iterator[Unit]]) -> None:
        """read_again: reads a unit per step, and at its end puts them in use."""
        self._loop, self._generators, self._read_again = loop, generators, read_again
        self._begun = self._done = 0
        self._is_asked_again = False
        self._steps: Iterator[Unit] = iter(())

    def ask(self) -> Callable[[], bool]:
        """Whether what was asked for is done: a reload that has begun before may have read too early."""
        if self._begun > self._done:
            self._is_asked_again = True
            wanted = self._begun + 1
        else:
            wanted = self._begun + 1
            self._begin()
        return lambda: self._done >= wanted

    def _begin(self) -> None:
        self._begun += 1
        self._generators.run(self._read)

    def _read(self) -> None:
        self._steps = self._read_again()
        self._loop.call_idle(self._go_on)

    def _go_on(self) -> None:
        deadline = monotonic_usec() + SLICE_USEC
        for _ in self._steps:
            if monotonic_usec() < deadline:
                continue
            if self._loop.is_wanted():
                self._loop.call_idle(self._go_on)
                return
            deadline = monotonic_usec() + SLICE_USEC
        self._done = self._begun
        if self._is_asked_again:
            self._is_asked_again = False
            self._begin()
