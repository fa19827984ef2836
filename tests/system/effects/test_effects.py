"""Every directive that the table calls "acted" has its effect: seen in one boot of the real manager in namespaces of its own."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Dict, Iterator, List, Set

import pytest

from fastinit.units.directives import ACTED, TABLE
from tests.system.effects import conditions, exec_rows, service_rows, terminal, unit_rows
from tests.system.effects import world as worlds
from tests.system.effects.actions import ACTIONS
from tests.system.effects.world import EFFECTS, World

TESTS = Path(__file__).parents[2]
HISTORIES = (unit_rows, service_rows, terminal)         # their decorators fill EFFECTS
SHOWN = worlds.named(exec_rows.ROWS)
ASKED = [(prefix, name) for prefix in ("Condition", "Assert") for name in conditions.PARAMETERS
         if any(row.name == prefix + name for row in TABLE["Unit"])]


def condition_units() -> Dict[str, str]:
    """x.service may start, x-not.service has the parameter that does not hold; each with "!" too."""
    units: Dict[str, str] = {}
    for prefix, name in ASKED:
        for suffix, parameter in zip(("", "-not"), conditions.PARAMETERS[name]):
            if parameter:
                for mark, sign in (("", ""), ("-inverted", "!")):
                    units[f"{prefix.lower()}-{name.lower()}{suffix}{mark}.service"] = (
                        f"[Unit]\n{prefix}{name}={sign}{parameter}\n[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n")
    return units


CONDITION_UNITS = condition_units()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    units = {name: text for effect in EFFECTS.values() for name, text in effect.units.items()}
    for name, row in SHOWN.items():
        units.update(row.texts(name))
    booted = worlds.boot(tmp_path_factory.mktemp("effects"), {**units, **CONDITION_UNITS})
    try:
        yield booted
    finally:
        booted.booted.__exit__()


@pytest.fixture(scope="module")
def told(world: World) -> World:
    """Every process of exec_rows has run."""
    names = [twin for name, row in SHOWN.items() for twin in row.texts(name)]
    world.ctl("start", *names)
    return world


@pytest.mark.parametrize("name", SHOWN, ids=[f"{row.covers}-{number}" for number, row in enumerate(SHOWN.values())])
def test_process_sees_it(told: World, name: str) -> None:
    """With the directive the process tells what it should, without it something else."""
    if SHOWN[name].covers in exec_rows.UNSEEN:
        pytest.skip("this machine's limit is 0, and it gives no right to raise it")
    says = SHOWN[name].says
    printed = told.text(name).rstrip("\n")
    assert re.fullmatch(says, printed), f"{printed!r}\n" + told.ctl("status", name).stdout
    assert not re.fullmatch(says, told.text("without-" + name).rstrip("\n")), "it tells the same without the directive"


@pytest.mark.parametrize("name", EFFECTS)
def test_history(world: World, name: str) -> None:
    """The units of the history do what the directive says."""
    EFFECTS[name].check(world)


@pytest.fixture(scope="module")
def asked(world: World) -> Dict[str, Dict[str, str]]:
    done = world.booted.run("sh", "-ec", conditions.FIXTURES)
    assert done.returncode == 0, done.stderr
    world.ctl("set-environment", "EFFECTS_SET=yes")
    world.ctl("start", *CONDITION_UNITS)
    found: Dict[str, Dict[str, str]] = {}
    units = list(CONDITION_UNITS)
    for at in range(0, len(units), 100):
        found.update(world.shows(units[at:at + 100], "ActiveState", "ConditionResult", "AssertResult", "Result"))
    return found


@pytest.mark.parametrize("prefix, name", ASKED, ids=[prefix + name for prefix, name in ASKED])
def test_condition(asked: Dict[str, Dict[str, str]], prefix: str, name: str) -> None:
    """What holds lets the unit start, what does not stops it: quietly for a condition, as a failure for an assertion."""
    seen = 0
    for suffix, holds in (("", True), ("-not", False)):
        for mark, expected in (("", holds), ("-inverted", not holds)):
            unit = asked.get(f"{prefix.lower()}-{name.lower()}{suffix}{mark}.service")
            if unit is None:
                continue
            seen += 1
            assert unit[f"{prefix}Result"] == ("yes" if expected else "no"), unit
            down = "inactive" if prefix == "Condition" else "failed"
            assert unit["ActiveState"] in (("active",) if expected else (down, "inactive")), unit
    assert seen >= 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: nothing to compare with")
@pytest.mark.parametrize("name", conditions.PARAMETERS)
def test_condition_as_systemd_answers_it(world: World, asked: object, name: str) -> None:
    """The real systemd-analyze gives the same answer in the same namespaces."""
    if name == "Environment":
        pytest.skip("systemd-analyze asks its own environment")
    for parameter, holds in zip(conditions.PARAMETERS[name], (True, False)):
        if parameter:
            done = world.booted.run("systemd-analyze", "condition", f"Condition{name}={parameter}")
            assert (done.returncode == 0) == holds, f"{parameter}: {done.stdout}{done.stderr}"


def covered_elsewhere() -> Set[str]:
    """"Section.Name" of every DIRECTIVES = {…} of another test module."""
    found: Set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text()
        if "DIRECTIVES" not in text or path == Path(__file__):
            continue
        for node in ast.parse(text).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            if any(isinstance(target, ast.Name) and target.id == "DIRECTIVES" for target in targets):
                found.update(ast.literal_eval(node.value))      # type: ignore[union-attr,arg-type]
    return found


def test_every_acted_directive_is_shown() -> None:
    """No row of the table says "yes" without a test that sees it, and none is shown that is not in the table."""
    acted = {f"{section}.{row.name}" for section, rows in TABLE.items() for row in rows if row.support == ACTED}
    shown: List[str] = worlds.covered(exec_rows.ROWS) + list(ACTIONS)
    for effect in EFFECTS.values():
        shown += effect.covers
    shown += [f"Unit.{prefix}{name}" for prefix, name in ASKED]
    assert sorted(acted - set(shown) - covered_elsewhere()) == []
    assert sorted(set(shown) - acted) == []
