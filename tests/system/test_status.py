"""systemctl status of the whole system and of a unit, with real processes."""

from __future__ import annotations

import os
import re
from typing import Callable

from tests.system.harness import Booted

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"


def test_the_tree_of_everything(boot: "Callable[..., Booted]") -> None:
    """Slices in slices, units in them, processes below; the init and its manager come first."""
    inside = boot({"a.service": SLEEP, "b.service": SLEEP + "Slice=one-two.slice\n", "c.service": SLEEP + "Slice=one.slice\n"},
                  "a.service", "b.service", "c.service")
    inside.wait_booted()
    shown = inside.systemctl("status").stdout
    tree = re.sub(r"\d+ (/bin/)?sleep infinity", "PID sleep", shown[shown.index("CGroup: /"):])
    first, rest = tree.split("one.slice\n", 1)
    assert re.fullmatch(r"CGroup: /\n {11}├─init\.scope\n {11}│ ├─ *1 .*\n {11}│ └─ *\d+ .*\n {11}├─", first), tree
    assert rest == ("           │ ├─c.service\n"
                    "           │ │ └─PID sleep\n"
                    "           │ └─one-two.slice\n"
                    "           │   └─b.service\n"
                    "           │     └─PID sleep\n"
                    "           └─system.slice\n"
                    "             └─a.service\n"
                    "               └─PID sleep\n"), tree
    assert inside.systemctl("show", "-P", "ControlGroup", "b").stdout == "/one.slice/one-two.slice/b.service\n"


def test_what_a_unit_has_used(boot: "Callable[..., Booted]") -> None:
    """Tasks, memory and CPU without a cgroup; less than a tick of CPU is seen, too."""
    inside = boot({"a.service": SLEEP}, "a.service")
    inside.wait_booted()
    shown = inside.systemctl("status", "a").stdout
    assert "\n      Tasks: 1\n" in shown and re.search(r"\n     Memory: [\d.]+[KM]\n", shown), shown
    if os.path.exists("/proc/self/schedstat"):
        assert int(inside.systemctl("show", "-P", "CPUUsageNSec", "a").stdout) > 0
