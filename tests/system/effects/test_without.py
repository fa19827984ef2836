"""No history passes by itself: each once more, with one of its directives taken out of the unit files, where it must fail.

The long form alone, a boot each (FASTINIT_WITHOUT=1; `make without`). The rows of exec_rows.py and the conditions carry their own
counter-proof, which test_effects.py looks at each time.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from fastinit.units.directives import OWN_SECTION
from tests.system.effects import actions, test_actions
from tests.system.effects import world as worlds
from tests.system.effects.test_effects import EFFECTS
from tests.system.harness import Booted

if not os.environ.get("FASTINIT_WITHOUT"):
    pytest.skip("the long form: make without", allow_module_level=True)

PATIENCE_SEC = 4.0          # what comes at all comes within a second
COMMAND_SEC = 10.0
# What a check may meet where the effect is missing.
FAILURES = (AssertionError, subprocess.TimeoutExpired, OSError, ValueError, LookupError)
TAKEN = [(name, covers) for name, effect in EFFECTS.items() for covers in effect.covers]


def without(covers: str, text: str) -> str:
    """A unit file without the lines of "Section.Directive"."""
    table, _, directive = covers.partition(".")
    sections = (table,) if table in ("Unit", "Install") else tuple({section for section, tables in OWN_SECTION.values() if table in tables})
    kept: List[str] = []
    section, goes_on, taken = "", False, False
    for line in text.split("\n"):
        if not goes_on:
            taken = section in sections and line.partition("=")[0].strip() == directive
        goes_on = line.endswith("\\")
        if line.startswith("["):
            section = line.strip("[]")
        if not taken:
            kept.append(line)
    return "\n".join(kept)


def test_without_takes_nothing_else() -> None:
    text = "[Unit]\nAfter=a\nBefore=b\n[Service]\nExecStart=/bin/a \\\n b\nAfter=c\nNice=1\n"
    assert without("Unit.After", text) == text.replace("After=a\n", "")
    assert without("Service.ExecStart", text) == text.replace("ExecStart=/bin/a \\\n b\n", "")
    assert without("Exec.Nice", text) == text.replace("Nice=1\n", "")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Booted, "deadline_sec", COMMAND_SEC)
    monkeypatch.setattr(worlds.World, "patience", PATIENCE_SEC)


@pytest.fixture
def boot_with(tmp_path: Path) -> Iterator[Callable[[Dict[str, str]], worlds.World]]:
    running: List[Booted] = []

    def boot(units: Dict[str, str]) -> worlds.World:
        world = worlds.boot(tmp_path, units)
        running.append(world.booted)
        return world

    yield boot
    for booted in running:
        booted.__exit__()


BootWith = Callable[[Dict[str, str]], worlds.World]


@pytest.mark.parametrize("name", EFFECTS)
def test_alone(boot_with: BootWith, name: str) -> None:
    """With its directives it passes in a boot of its own, so that what fails below fails for want of one."""
    EFFECTS[name].check(boot_with(EFFECTS[name].units))


@pytest.mark.parametrize("name, covers", TAKEN, ids=[f"{name}-{covers}" for name, covers in TAKEN])
def test_fails_without(boot_with: BootWith, name: str, covers: str) -> None:
    units = {unit: without(covers, text) for unit, text in EFFECTS[name].units.items()}
    assert units != EFFECTS[name].units
    world = boot_with(units)
    with pytest.raises(FAILURES):
        EFFECTS[name].check(world)


@pytest.mark.parametrize("row, covers", [(row, covers) for row in actions.ENDS for covers in row.split()])
def test_container_does_not_end_so_without(boot: Callable[..., Booted], monkeypatch: pytest.MonkeyPatch, row: str, covers: str) -> None:
    text, code = actions.ENDS[row]
    monkeypatch.setitem(test_actions.ENDS, row, (without(covers, text), code))
    with pytest.raises(FAILURES):
        test_actions.test_container_ends(boot, row)


@pytest.mark.parametrize("covers", actions.ISOLATES)
def test_isolate_fails_without(boot: Callable[..., Booted], covers: str) -> None:
    def boot_without(units: Dict[str, str], *names: str) -> Booted:
        return boot({name: without(covers, text) for name, text in units.items()}, *names)

    with pytest.raises(FAILURES):
        test_actions.test_isolate(boot_without)
