"""A thousand unit files are read while everybody else is served: nobody waits for another one's daemon-reload."""

from __future__ import annotations

import select
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.system.harness import Booted
from tests.system.wire import answer, connect, request

Boot = Callable[..., Booted]

COUNT = 1_000
TOLD = 20               # answers while it is read; one at a time they would be none
SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
UNIT = "[Unit]\nDescription=Number {0}\n[Service]\nExecStart=/bin/sleep {0}\nEnvironment=\"NUMBER={0}\"\n"


@pytest.fixture
def booted(boot: Boot) -> Iterator[Booted]:
    units = {f"many-{number}.service": UNIT.format(number) for number in range(COUNT)}
    units["many.target"] = "[Unit]\nAfter=" + " ".join(units) + "\n"
    with boot({**units, "web.service": SLEEP}, "web.service") as running:
        running.wait_booted()
        yield running


def answers_during(booted: Booted, *words: bytes) -> int:
    """How often somebody else is answered while one client waits."""
    with connect(booted) as busy:
        busy.sendall(request(b"systemctl", *words))
        told = 0
        while not select.select([busy], [], [], 0)[0]:
            with connect(booted) as other:
                other.sendall(request(b"systemctl", b"is-active", b"web"))
                assert answer(other) == (0, "")
            told += 1
        assert answer(busy) == (0, "")
    return told


def reads_of(booted: Booted) -> int:
    """read(2) and its kin, in the manager."""
    lines = Path(f"/proc/{booted.manager_pid()}/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("syscr:")).split()[1])


def test_while_they_are_read_for_the_first_time(booted: Booted) -> None:
    before = reads_of(booted)
    assert answers_during(booted, b"show", b"-p", b"LoadState", b"many.target") >= TOLD
    assert COUNT < reads_of(booted) - before < 2 * COUNT, "each file once, and no more reads for the clients than for the files"
    assert booted.show("many-7.service", "Description") == "Number 7"


def test_while_they_are_read_again(booted: Booted) -> None:
    """What was up is up, and what has changed is seen by everybody once the command has returned."""
    booted.systemctl("start", "many.target")
    where = Path(f"/proc/{booted.pid}/root") / booted.show("many-7.service", "FragmentPath").lstrip("/")
    where.write_text(UNIT.format(7).replace("Number", "Changed"))
    assert booted.show("many-7.service", "Description") == "Number 7"
    assert answers_during(booted, b"daemon-reload") >= TOLD
    assert booted.show("many-7.service", "Description") == "Changed 7"
    assert booted.show("many.target", "ActiveState") == "active"


def test_what_was_read_in_vain_is_read_again(booted: Booted) -> None:
    """is-enabled looks at files alone; a unit that it has named is not known from then on."""
    assert booted.systemctl("is-enabled", "many-5").stdout == "static\n"
    where = Path(f"/proc/{booted.pid}/root/run/systemd/system/many-5.service")
    where.write_text(UNIT.format(5).replace("Number", "Changed"))
    assert booted.show("many-5.service", "Description") == "Changed 5"
