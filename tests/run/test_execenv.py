"""What a start asks for and a container cannot give: who goes on without, and who fails."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from fastinit.plan.effects import Spawn
from fastinit.plan.states import Role
from fastinit.run.execenv import Capabilities, SpawnFacts, build_spawn
from fastinit.run.native import SpawnSpec
from fastinit.units.model import ExecCommand, ExecContext, Service, Unit

TRUE = ExecCommand("/bin/true", ("true",))
KILL, IPC_LOCK = 1 << 5, 1 << 14


def spawn(context: ExecContext, own: int) -> Tuple[SpawnSpec, List[str]]:
    """The description of a start under a manager with these capabilities, and what was logged."""
    lines: List[str] = []
    unit = Unit("a.service", frozenset({"a.service"}), service=Service(exec_start=(TRUE,)), context=context)
    facts = SpawnFacts(capabilities=Capabilities(own, own), log=lambda priority, text: lines.append(text))
    return build_spawn(unit, Spawn("a.service", 1, Role.MAIN, "ExecStart", TRUE, {}), facts), lines


def test_ambient_capabilities_that_the_container_has_not_are_left_out() -> None:
    """Debian's mariadb asks for CAP_IPC_LOCK, which no container has by default: it runs, and the log says what it lacks."""
    spec, lines = spawn(ExecContext(ambient_capabilities=KILL | IPC_LOCK), own=KILL)
    assert (spec.ambient, spec.inheritable, spec.fail_status) == (KILL, KILL, 0)
    assert [line for line in lines if "CAP_IPC_LOCK" in line and "CAP_KILL" not in line] == lines
    assert spawn(ExecContext(ambient_capabilities=KILL), own=KILL)[1] == []


BINDS: Dict[str, Tuple[str, int]] = {
    "the log into a chroot (haproxy)":  ("/dev/log:/var/lib/haproxy/dev/log", 0),
    "the journal's sockets":            ("-/run/systemd/journal/socket:/srv/x", 0),
    "the log and a folder":             ("/dev/log:/srv/log /srv/a:/srv/b", 226),
    "a folder elsewhere":               ("/srv/a:/srv/b", 226),
    "what only begins like it":         ("/dev/logs:/srv/b", 226),
    "onto itself":                      ("/srv/a", 0),
}


@pytest.mark.parametrize("name", BINDS)
def test_a_bind_mount_fails_unless_it_brings_only_the_log(name: str) -> None:
    """Without the log's socket a service writes no log; without a folder that it asks for it reads the wrong files."""
    value, status = BINDS[name]
    assert spawn(ExecContext(sandbox={"BindReadOnlyPaths": (value,)}), own=0)[0].fail_status == status
