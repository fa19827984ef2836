"""The benchmarks themselves are right: known inits are measured as what they are, and nothing is left behind.

Needs root (PID namespaces are joined from outside), a C compiler and Linux 5.3; what is missing is told as the reason of a skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from benchmarks import burst, memory, peers, proc, session
from benchmarks.build import BenchError, program
from benchmarks.question import Case, percentile


def unable() -> str:
    """Why this machine cannot run them: tried, not guessed."""
    if os.geteuid() != 0:
        return "joining a PID namespace from outside needs root"
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        return "no C compiler"
    command = ["unshare", "--pid", "--mount", "--fork", "--mount-proc", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"no PID namespace can be made here: {done.stderr.strip()}" if done.returncode else ""


pytestmark = [pytest.mark.skipif(bool(unable()), reason=unable() or "-")]
FLOOR = peers.PEERS["floor"]
LATE_MS = 40


def left() -> "tuple[set[str], set[int], set[str]]":
    """Open descriptors, children, and directories of the benchmarks."""
    return (set(os.listdir("/proc/self/fd")), set(proc.children(os.getpid())),
            {path.name for path in Path("/tmp").glob("fastinit-bench-*")})


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Descriptors, children and files after a test are those from before."""
    program("load"), program("service"), program("floor")
    before = left()
    yield
    fds, children, files = left()
    assert len(fds) == len(before[0])
    assert children <= before[1]
    assert files <= before[2]


def test_a_slow_reaper_is_measured_as_slow():
    """An init that looks every 40 ms leaves zombies for about 20 ms in the middle; one that waits for them does not."""
    with session.boot(peers.slow_floor(LATE_MS), settle=False) as running:
        slow = running.churn(60, 90.0, spin=True)
    with session.boot(FLOOR, settle=False) as running:
        fast = running.churn(60, 90.0, spin=True)
    middle_us = percentile(slow.lifetimes, 0.5) / 1e3
    assert LATE_MS * 1e3 * 0.25 < middle_us < LATE_MS * 1e3 * 1.5
    assert percentile(slow.lifetimes, 0.5) > 10 * percentile(fast.lifetimes, 0.5)


def test_the_fallback_of_older_kernels_measures_the_same(monkeypatch):
    """Without EPOLLHUP the first ESRCH ends a lifetime: the slow one is as slow, and every burst is still seen to its end."""
    monkeypatch.setenv("FASTINIT_BENCH_NO_HUP", "1")
    with session.boot(peers.slow_floor(LATE_MS), settle=False) as running:
        slow = running.churn(60, 90.0)
        burst_answer = running.burst(100)
    assert slow.answer["unreaped"] == 0 == burst_answer["unreaped"]
    assert LATE_MS * 1e3 * 0.25 < percentile(slow.lifetimes, 0.5) / 1e3 < LATE_MS * 1e3 * 1.5


def test_every_orphan_is_accounted_for():
    """Made = asked for, every 7th timed, all reaped, no zombie left."""
    with session.boot(FLOOR, settle=False) as running:
        churn = running.churn(700, 0.0, every=7)
        assert churn.answer["made"] == 700
        assert churn.answer["sampled"] == 100 == len(churn.lifetimes)
        assert churn.answer["unreaped"] == 0
        assert churn.cpu_ns > 0
        assert proc.zombies(running.pid) == 0


def test_a_pace_is_kept():
    """500 a second for 100 orphans take a fifth of a second, never less."""
    with session.boot(FLOOR, settle=False) as running:
        churn = running.churn(100, 500.0)
    assert churn.answer["seconds"] >= 99 / 500


def test_a_burst_that_nobody_reaps_is_told():
    """An init that looks once a minute drains nothing before the deadline: told as lost, not as a fast drain."""
    with session.boot(peers.slow_floor(60_000), settle=False) as running:
        answer = running.burst(200, linger=0.3)
        assert answer["unreaped"] == 200
        assert proc.zombies(running.pid) == 200


def test_a_burst_is_drained_after_the_last_exit():
    """The time of the drain holds that of the exits."""
    answer = burst.ask(FLOOR, Case("500", 500), True)
    assert answer.values["unreaped"] == 0
    assert answer.values["drained"] >= answer.values["exits"] > 0


def test_held_orphans_are_live_children():
    """The init's children are the service, and those held; they cost the load nothing when they end with the namespace."""
    with session.boot(FLOOR, settle=False) as running:
        assert running.live_children() == 1
        running.hold(50)
        assert running.live_children() == 51


def test_memory_counts_the_init_and_not_its_service():
    """The floor is one process of less than two MiB."""
    answer = memory.ask(FLOOR, Case("1 service", 1), True)
    assert answer.values["processes"] == 1
    assert 0 < answer.values["pss"] < 2 * 2**20


def test_an_init_that_cannot_start_is_an_error_with_its_words():
    """What exec said is in the message."""
    broken = FLOOR._replace(name="broken", prepare=lambda work, wanted: ["/nonexistent/init"])
    with pytest.raises(BenchError, match="broken"), session.boot(broken, settle=False):
        pass


def test_an_init_that_runs_nothing_is_given_up(monkeypatch):
    """The deadline names how many services came up."""
    monkeypatch.setattr(session.Session.await_services, "__defaults__", (0.3,))
    idle = FLOOR._replace(name="lazy", prepare=lambda work, wanted: [peers.floor(), "/bin/sleep", "60"])
    with pytest.raises(BenchError, match="0 of 1 services"), session.boot(idle, settle=False):
        pass


def test_the_namespace_goes_also_when_the_measurement_fails():
    """An exception in the middle ends PID 1 and with it everything below."""
    seen = []
    with pytest.raises(ZeroDivisionError), session.boot(FLOOR, settle=False) as running:
        running.hold(20)
        seen.append(running.space)
        raise ZeroDivisionError
    assert proc.members(seen[0]) == []


@pytest.mark.parametrize("name", ["tini", "s6", "runit", "supervisor", "dumb-init", "catatonit"])
def test_a_peer_reaps(name):
    """Each that is here starts its service and reaps what it inherits."""
    peer = peers.PEERS[name]
    if peer.find() is None:
        pytest.skip(peer.missing())
    with session.boot(peer, settle=False) as running:
        churn = running.churn(20, 200.0)
        assert churn.answer["unreaped"] == 0 and len(churn.lifetimes) == 20


def test_restarts_are_seen(monkeypatch):
    """fastinit brings a service back as often as asked."""
    from benchmarks import restart
    peer = peers.PEERS["fastinit"]
    if peer.find() is None:
        pytest.skip(peer.missing())
    monkeypatch.setattr(restart, "SERVICES", 3)
    monkeypatch.setattr(restart, "LIFE_MS", 50)
    answer = restart.ask(peer, Case("idle", 0.0), True)
    assert answer.values["missing"] == 0
    assert answer.values["p50"] < 1e9


def test_more_orphans_than_fit_is_an_error_and_not_a_wait():
    """Where descriptors run out, what was parked already is let go: nobody waits for its end of the pipe."""
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if not 0 < hard < 30_000:
        pytest.skip(f"the hard limit of descriptors ({hard}) is no limit here")
    with session.boot(FLOOR, settle=False) as running, pytest.raises(BenchError, match=r"make so many orphans|clone an orphan"):
        running.burst(hard + 10, linger=1.0)
