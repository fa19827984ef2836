"""A unit that is down and named by nobody is forgotten, as systemd forgets it: the next question reads its files again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Callable

import pytest

from tests.system.harness import Booted, eventually

Boot = Callable[..., Booted]

INSTANCE = "[Service]\nType=oneshot\nExecStart=/bin/echo said by %i\n"
SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
LEAVES = "[Service]\nKillMode=process\nExecStart=/bin/sh -c '/bin/sleep 1000 & exec /bin/sleep 2000'\n"
WANTS = "[Unit]\nWants=web.service\n"


@pytest.fixture
def booted(boot: Boot):
    with boot({"job@.service": INSTANCE, "web.service": SLEEP, "other.service": SLEEP, "leaves.service": LEAVES,
               "all.target": WANTS}, "all.target") as running:
        running.wait_booted()
        yield running


def in_memory(booted: Booted, pattern: str) -> "list[str]":
    lines = booted.systemctl("list-units", "--all", "--no-legend", "--plain", pattern).stdout.splitlines()
    return sorted(line.split()[0] for line in lines)


def units_folder(booted: Booted) -> Path:
    """Where its unit files are, seen from outside."""
    return Path(f"/proc/{booted.pid}/root/run/systemd/system")


def test_instances(booted: Booted) -> None:
    """A thousand of them in a day cost nothing in the evening; what they have said is there."""
    for number in range(20):
        booted.systemctl("start", f"job@{number}")
    assert in_memory(booted, "job@*") == []
    assert "said by 7" in booted.systemctl("log", "job@7").stdout
    assert booted.systemctl("show", "-P", "ActiveState", "job@7").stdout == "inactive\n"


def test_who_is_wanted_is_remembered(booted: Booted) -> None:
    main_pid = booted.show("web.service", "MainPID")
    booted.systemctl("stop", "web")
    assert in_memory(booted, "web*") == ["web.service"]
    assert booted.show("web.service", "ExecMainPID") == main_pid


def test_files_that_have_changed(booted: Booted) -> None:
    """No daemon-reload is needed for what was not in memory: the file, a drop-in, a new file."""
    units = units_folder(booted)
    assert booted.show("other.service", "Description") == "other.service"
    (units / "other.service").write_text("[Unit]\nDescription=Another\n" + SLEEP)
    assert booted.show("other.service", "Description") == "Another"
    (units / "other.service.d").mkdir()
    (units / "other.service.d/a.conf").write_text("[Unit]\nDescription=Third\n")
    assert booted.show("other.service", "Description") == "Third"
    (units / "other.service.d/b.conf").write_text("[Unit]\nDescription=Fourth\n")
    assert booted.show("other.service", "Description") == "Fourth"
    assert booted.systemctl("start", "new").returncode == 5
    (units / "new.service").write_text(SLEEP)
    assert booted.systemctl("start", "new").returncode == 0
    (units / "new.service").write_text("[Unit]\nDescription=Newer\n" + SLEEP)
    assert booted.show("new.service", "Description") == "new.service", "what runs is as it was read"
    assert booted.show("new.service", "NeedDaemonReload") == "yes"


def test_dropins_that_come_and_go(booted: Booted) -> None:
    """What is in memory stays as it was read; that its drop-ins are others by now is told, and warned of."""
    def is_old() -> str:
        return booted.show("web.service", "NeedDaemonReload")

    dropin = units_folder(booted) / "web.service.d/a.conf"
    assert is_old() == "no"
    dropin.parent.mkdir()
    assert is_old() == "no", "an empty folder changes nothing"
    dropin.write_text("[Unit]\nDescription=Other\n")
    assert is_old() == "yes"
    assert "web.service changed on disk" in booted.systemctl("status", "web").stderr
    assert "web.service changed on disk" in booted.systemctl("cat", "web").stderr
    assert "web.service changed on disk" in booted.systemctl("restart", "web").stderr
    assert booted.systemctl("daemon-reload").returncode == 0
    assert (is_old(), booted.show("web.service", "Description")) == ("no", "Other")
    dropin.unlink()
    assert is_old() == "yes"


def test_as_long_as_a_process_is_left(booted: Booted) -> None:
    """KillMode=process leaves one behind: it belongs to its unit until it ends."""
    booted.systemctl("start", "leaves")
    pid = booted.show("leaves.service", "MainPID")
    eventually(lambda: len(booted.run("pgrep", "-x", "sleep").stdout.split()) >= 3, "both are there")
    booted.systemctl("stop", "leaves")
    eventually(lambda: not booted.is_alive(pid), "the first is gone")
    assert in_memory(booted, "leaves*") == ["leaves.service"]
    left = [word for word in booted.run("pgrep", "-f", "sleep 1000").stdout.split()]
    assert len(left) == 1
    assert "leaves.service" in booted.systemctl("status", left[0]).stdout
    booted.run("kill", "-KILL", left[0], check=True)
    eventually(lambda: in_memory(booted, "leaves*") == [], "it is forgotten")


def test_a_new_manager_forgets_as_well(booted: Booted) -> None:
    booted.systemctl("start", "job@1")
    booted.systemctl("stop", "web")
    manager = booted.manager_pid()
    os.kill(manager, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, manager), "another manager")
    eventually(lambda: in_memory(booted, "web*") == ["web.service"], "it knows what is wanted")
    assert in_memory(booted, "job@*") == []
