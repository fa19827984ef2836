"""What cannot be spawned fails its unit; the manager lives on."""

from __future__ import annotations

from typing import Callable

from .harness import Booted

Boot = Callable[..., Booted]
UNITS = {
    "no-environment.service": "[Service]\nEnvironmentFile=/nowhere\nExecStart=/bin/sleep infinity\n",
    "good.service": "[Unit]\nAfter=no-environment.service\n[Service]\nExecStart=/bin/sleep infinity\n",
}


def test_a_spawn_that_is_refused_costs_its_unit_alone(boot: Boot) -> None:
    """Nothing was made, so nothing is left to settle."""
    with boot(UNITS, *UNITS) as init:
        init.wait_booted()
        assert init.show("no-environment.service", "Result") == "resources"
        assert init.show("good.service", "ActiveState") == "active"
        assert "the manager has died" not in init.console
        assert init.stop() == 0
