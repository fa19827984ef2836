"""Directives that end the container or stop most of it, each seen in a boot of its own."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.system.effects.actions import BASE, ENDS
from tests.system.effects.world import World
from tests.system.harness import Booted

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"


@pytest.mark.parametrize("covers", ENDS)
def test_container_ends(boot: Callable[..., Booted], covers: str) -> None:
    """The unit's end is the container's end, with this exit code."""
    text, code = ENDS[covers]
    booted = boot({"base.target": BASE, "ends.service": text, "keep.service": SLEEP}, "base.target", "keep.service")
    booted.wait_booted()
    World(booted).ctl("start", "--no-block", "ends.service")
    assert booted.wait() == code, booted.console


def test_isolate(boot: Callable[..., Booted]) -> None:
    """Only a unit with AllowIsolate= can be isolated; IgnoreOnIsolate= stays; OnFailureIsolate= isolates what it names."""
    units = {
        "default.target": "[Unit]\nWants=base.target lost.service\n", "base.target": "[Unit]\nAllowIsolate=yes\nWants=stays.service goes.service\n", "closed.target": BASE,
            # as rescue.target has it: without sysinit.target goes what requires it
        "rescue-me.target": "[Unit]\nAllowIsolate=yes\nRequires=sysinit.target\n", "stays.service": "[Unit]\nIgnoreOnIsolate=yes\n" + SLEEP,
        "goes.service": SLEEP, "lost.service": SLEEP,
        "breaks.service": "[Unit]\nOnFailure=rescue-me.target\nOnFailureIsolate=yes\n[Service]\nExecStart=/bin/false\n",
    }
    booted = boot(units)
    booted.wait_booted()
    world = World(booted)
    assert world.ctl("isolate", "closed.target").returncode == 4
    assert world.is_active("lost.service")
    assert world.ctl("isolate", "base.target").returncode == 0
    world.wait("lost.service", "ActiveState", "inactive")
    assert world.is_active("goes.service") and world.is_active("stays.service")
    world.start("breaks.service")
    world.wait("goes.service", "ActiveState", "inactive")
    assert world.is_active("rescue-me.target") and world.is_active("stays.service")
    assert booted.stop() == 0
