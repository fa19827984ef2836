"""The life of a scope, as histories of its table."""

from __future__ import annotations

import pytest

from fastinit.plan.scope import ACTIVE_OF, STEPS, Ev
from fastinit.plan.states import Sub

HISTORIES = {
    "its processes end":       ([Ev.TAKEN, Ev.EMPTY], Sub.DEAD),
    "stopped":                 ([Ev.TAKEN, Ev.STOP, Ev.EMPTY], Sub.DEAD),
    "ignores TERM":            ([Ev.TAKEN, Ev.STOP, Ev.LATE, Ev.EMPTY], Sub.DEAD),
    "unkillable":              ([Ev.TAKEN, Ev.STOP, Ev.LATE, Ev.LATE], Sub.DEAD),
    "its time is over":        ([Ev.TAKEN, Ev.TOO_LONG, Ev.EMPTY], Sub.DEAD),
    "the client is gone":      ([Ev.LOST], Sub.FAILED),
    "made again after it":     ([Ev.LOST, Ev.TAKEN], Sub.RUNNING),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_history(name: str) -> None:
    """A scope fed this history ends in this state."""
    events, last = HISTORIES[name]
    sub = Sub.DEAD
    for event in events:
        sub = STEPS[sub, event].sub
    assert sub is last


def test_the_table_knows_the_states_it_leads_to() -> None:
    """Every state is reached, and each has an ActiveState."""
    assert {step.sub for step in STEPS.values()} == set(ACTIVE_OF)
    assert {sub for sub, _ in STEPS} == set(ACTIVE_OF)
