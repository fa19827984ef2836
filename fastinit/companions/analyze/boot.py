"""What a boot took: asked of the running manager once, then computed here.

In:  a connection.   Out: Boot, with the times of the manager and of each unit; the texts of time, blame and critical-chain.
Times are microseconds of CLOCK_MONOTONIC; 0 = never. A container has no firmware, no loader and no kernel of its own: its boot
begins when its PID 1 does.
Source: systemd-analyze(1); the texts as 257 prints them in a container.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, TextIO

from fastinit.companions.analyze.asking import ask, check_names, terminal
from fastinit.companions.options import Options, UsageError, complain
from fastinit.units.timespan import USEC_PER_MSEC, format_usec

RED, NORMAL = "\x1b[0;1;31m", "\x1b[0m"
NOT_FINISHED = ("Bootup is not yet finished (org.freedesktop.systemd1.Manager.FinishTimestampMonotonic=0).\n"
                "Please try again later.\nHint: Use 'systemctl list-jobs' to see active jobs")
HEADER = ('The time when unit became active or started is printed after the "@" character.\n'
          'The time the unit took to start is printed after the "+" character.\n')


class UnitTimes(NamedTuple):
    name: str
    activating: int
    activated: int
    deactivating: int
    deactivated: int
    relations: Mapping[str, Sequence[str]]

    @property
    def took_usec(self) -> int:
        """How long it was activating; of one that ended while it did, how long it ran."""
        for end in (self.activated, self.deactivated):
            if end >= self.activating:
                return end - self.activating if self.activating else 0
        return 0


class Boot(NamedTuple):
    """stamps: "userspace", "finish" … of control/render/properties/manager.py.   default: what default.target is called."""

    stamps: Mapping[str, int]
    default: str
    units: Dict[str, UnitTimes]

    @property
    def began(self) -> int:
        return self.stamps.get("userspace", 0)

    @property
    def finished(self) -> int:
        return self.stamps.get("finish", 0)


def fetch(options: Options, *relations: str) -> Boot:
    """Raises UsageError when there is no manager."""
    stamps: Dict[str, int] = {}
    default: List[str] = []
    units: Dict[str, UnitTimes] = {}

    def take(data: Dict[str, Any]) -> None:
        if "stamps" in data:
            stamps.update({name: monotonic for name, (_, monotonic) in data["stamps"].items()})
            default.append(data["default"])
        for unit in data.get("units", ()):
            units[unit["name"]] = UnitTimes(**unit)
    ask(options, ["units", *relations], take)
    return Boot(stamps, default[0] if default else "default.target", units)


def fetch_finished(options: Options, *relations: str) -> Boot:
    """Raises UsageError while units are still being started for the first time."""
    found = fetch(options, *relations)
    if not found.finished:
        raise UsageError(NOT_FINISHED)
    return found


def span(usec: int) -> str:
    return format_usec(usec, USEC_PER_MSEC)


# ---- time ---------------------------------------------------------------------------------------------------------------


def summary(boot: Boot) -> str:
    target = boot.units.get(boot.default)
    if target is None or not target.activated:
        reached = f"{boot.default} was never reached."
    else:
        reached = f"{boot.default} reached after {span(target.activated - boot.began)} in userspace."
    return f"Startup finished in {span(boot.finished - boot.began)} (userspace) \n{reached}"


def time(options: Options) -> int:
    print(summary(fetch_finished(options)))
    return 0


# ---- blame --------------------------------------------------------------------------------------------------------------


def blame_lines(found: Boot) -> List[str]:
    slow = sorted((unit for unit in found.units.values() if unit.took_usec), key=lambda unit: -unit.took_usec)
    texts = [span(unit.took_usec) for unit in slow]
    width = max(map(len, texts), default=0)
    return [f"{text:>{width}} {unit.name}" for unit, text in zip(slow, texts)]


def blame(options: Options) -> int:
    for line in blame_lines(fetch_finished(options)):
        print(line)
    return 0


# ---- critical-chain -----------------------------------------------------------------------------------------------------


class Chain:
    """Prints, for a unit, what it waited for last, and so on down; a unit that was shown is "..." the next time."""

    def __init__(self, boot: Boot, fuzz_usec: int, out: TextIO, colours: bool, utf8: bool) -> None:
        self._boot, self._fuzz_usec, self._out, self._colours = boot, fuzz_usec, out, colours
        self._down, self._branch, self._last = ("│ ", "├─", "└─") if utf8 else ("| ", "|-", "`-")
        self._shown: Set[str] = set()

    def show(self, name: str) -> None:
        self._shown.clear()
        unit = self._boot.units.get(name)
        if unit is not None and unit.took_usec:
            self._say("", f"{name} +{span(unit.took_usec)}", red=True)
        elif unit is not None and unit.activated > self._boot.began:
            self._say("", f"{name} @{self._since_boot(unit)}")
        else:
            self._say("", name)
        self._below(name, "")

    def _below(self, name: str, indent: str) -> None:
        # A stack of our own: a chain may be as long as there are units, which is more than Python's.
        stack = [self._entries(name, indent)]
        while stack:
            entries = stack[-1]
            if not entries:
                stack.pop()
                continue
            unit, inner, is_last = entries.pop(0)
            head = inner + (self._last if is_last else self._branch)
            if unit is None:
                self._say(head, "...")
                continue
            at, took = f"{unit.name} @{self._since_boot(unit)}", unit.took_usec
            self._say(head, f"{at} +{span(took)}" if took else at, red=bool(took))
            stack.append(self._entries(unit.name, inner + ("  " if is_last else self._down)))

    def _entries(self, name: str, indent: str) -> "List[tuple[Optional[UnitTimes], str, bool]]":
        """(unit, indentation, whether it is the last one) below the unit; None stands for what is shown elsewhere."""
        if name in self._shown:
            return [(None, indent, True)]
        self._shown.add(name)
        unit = self._boot.units.get(name)
        after = [self._boot.units[other]
                 for other in (unit.relations.get("After", ()) if unit else ()) if other in self._boot.units]
        ready = [other for other in after if 0 < other.activated <= self._boot.finished]
        latest = max((other.activated for other in ready), default=0)
        chosen = sorted((other for other in ready if latest - other.activated <= self._fuzz_usec),
                        key=lambda other: (-other.activated, other.name))
        return [(other, indent, at == len(chosen) - 1) for at, other in enumerate(chosen)]

    def _since_boot(self, unit: UnitTimes) -> str:
        return span((unit.activating if unit.took_usec else unit.activated) - self._boot.began)

    def _say(self, head: str, text: str, red: bool = False) -> None:
        self._out.write(f"{head}{RED}{text}{NORMAL}\n" if red and self._colours else f"{head}{text}\n")


def critical_chain(options: Options) -> int:
    from fastinit.units.timespan import parse_usec
    fuzz_usec = 0
    if options.has("fuzz"):
        try:
            fuzz_usec = parse_usec(options.last("fuzz"))
        except ValueError:
            raise UsageError(f"Failed to parse --fuzz= parameter: {options.last('fuzz')}") from None
    names = options.args[1:]
    boot = fetch_finished(options, "After")
    print(HEADER)
    here = terminal()
    chain = Chain(boot, fuzz_usec, sys.stdout, here.colours, here.utf8)
    for name in names or [boot.default]:
        try:
            check_names([name], boot.units)
        except UsageError as error:     # the others are shown all the same, and the answer is 0
            complain(str(error))
        else:
            chain.show(name)
    return 0
