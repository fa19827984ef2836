"""Units that are forgotten, and those that are not."""

from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from fastinit.errors import RequestError
from fastinit.plan.engine import Engine
from fastinit.plan.events import Exited
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobType, Sub
from fastinit.units.model import Unit


def engine_of(*units: Unit) -> Engine:
    known: Dict[str, Unit] = {unit.name: unit for unit in units}
    return Engine(lambda name: known.get(name, Unit(name, frozenset({name}), load_state="not-found")))


def target(name: str, **fields: object) -> Unit:
    dependencies = {kind.title(): (other,) for kind, other in fields.items() if kind != "collect_mode"}
    return Unit(name, frozenset({name}), dependencies=dependencies, collect_mode=str(fields.get("collect_mode", "inactive")))


def collect(engine: Engine, keep: Optional[str] = None) -> List[str]:
    return sorted(record.unit.name for record in engine.collect(lambda record: record.unit.name == keep))


def test_what_was_only_looked_at() -> None:
    engine = engine_of(target("a.target"))
    engine.get("a.target")
    engine.get("nowhere.target")
    assert collect(engine) == ["a.target", "nowhere.target"]
    assert not engine.units and not engine.names


def test_what_a_unit_names_goes_with_it() -> None:
    engine = engine_of(target("a.target", wants="b.target"), target("b.target", after="c.target"))
    engine.get("a.target")
    assert collect(engine) == ["a.target", "b.target", "c.target"]


def test_a_unit_that_is_up_keeps_all_that_it_names() -> None:
    engine = engine_of(target("a.target", before="b.target"), target("b.target", after="c.target"))
    engine.submit("a.target", JobType.START)
    assert collect(engine) == []
    engine.submit("a.target", JobType.STOP)
    assert collect(engine) == ["a.target", "b.target", "c.target"]


def test_to_be_ordered_is_not_to_be_named() -> None:
    """b says that it comes after a; a does not know of b."""
    engine = engine_of(target("a.target"), target("b.target", after="a.target"))
    engine.submit("a.target", JobType.START)
    engine.get("b.target")
    assert collect(engine) == ["b.target"]
    assert engine.related("a.target", "Before") == []


def test_two_that_only_name_each_other_go_together() -> None:
    engine = engine_of(target("a.target", wants="b.target"), target("b.target", wants="a.target"))
    engine.get("a.target")
    assert collect(engine) == ["a.target", "b.target"]


def test_both_say_the_same_and_one_of_them_is_up() -> None:
    engine = engine_of(target("a.target", before="b.target"), target("b.target", after="a.target"))
    engine.submit("b.target", JobType.START)
    assert collect(engine) == []
    engine.submit("b.target", JobType.STOP)
    assert collect(engine) == ["a.target", "b.target"]


def test_the_caller_may_keep_one() -> None:
    engine = engine_of(target("a.target", wants="b.target"))
    engine.get("a.target")
    assert collect(engine, keep="a.target") == []
    assert collect(engine) == [], "it is looked at again only when something has happened"
    engine.consider("a.target")
    assert collect(engine) == ["a.target", "b.target"]


@pytest.mark.parametrize(("mode", "stays"), [("inactive", True), ("inactive-or-failed", False)])
def test_failed(mode: str, stays: bool) -> None:
    engine = engine_of(target("a.target", collect_mode=mode))
    record: UnitRecord = engine.get("a.target")
    record.active, record.sub = Active.FAILED, Sub.FAILED
    assert collect(engine) == ([] if stays else ["a.target"])
    if stays:
        engine.reset_failed("a.target")
        assert collect(engine) == ["a.target"]


def test_a_late_word_about_a_forgotten_unit() -> None:
    engine = engine_of(target("a.target"))
    engine.get("a.target")
    assert collect(engine) == ["a.target"]
    engine.handle(Exited("a.target", 1, 100, 1, 0))
    with pytest.raises(RequestError, match=r"Unit a.target not loaded\."):
        engine.reset_failed("a.target")


def test_it_is_no_more_on_record() -> None:
    engine = engine_of(target("a.target"))
    engine.submit("a.target", JobType.START)
    assert engine.dump("unit:a.target")
    engine.submit("a.target", JobType.STOP)
    engine.take_dirty()
    collect(engine)
    assert "unit:a.target" in engine.take_dirty() and engine.dump("unit:a.target") is None
