"""How long after a service's end does its manager know?

Services that end one after the other; a watcher that spins on a CPU of its own sees each exit and sees it reaped. A manager
that reaps itself knows then. Where PID 1 reaps and tells a manager beside it (fastinit), the time from the call that reaps to the
manager's handler comes on top, as the init counts it. So the beginning of that call, until the zombie is gone, counts twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from benchmarks import session
from benchmarks.build import BenchError
from benchmarks.question import Answer, Case, Metric, Question, managers, percentile

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SERVICES = {True: 20, False: 100}
LIFE_MS = 4_000         # time to boot, to settle, and for the watcher to begin
SPREAD_MS = 31          # between two ends; a prime
LINGER_SECONDS = 10.0   # the slowest peer looks every 5 s


def cases(quick: bool) -> List[Case]:
    return [Case("idle", 1e3 / SPREAD_MS)]


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    wanted = session.Wanted(SERVICES[quick], LIFE_MS, 2, SPREAD_MS)
    with session.boot(peer, wanted) as running:
        before = peer.told(running.pid)
        pids = running.services()
        if any(stamp.end for stamp in running.stamps()):
            raise BenchError(f"{peer.name} has not booted {wanted.number} services in {LIFE_MS / 1e3:.0f} s")
        seen = running.ends(pids, (LIFE_MS + SERVICES[quick] * SPREAD_MS) / 1e3 + LINGER_SECONDS)
        after = peer.told(running.pid)
    later = (after.ns - before.ns) / (after.number - before.number) if after.number > before.number else 0.0
    reaped = percentile(seen.lifetimes, 0.50)
    return Answer({
        "knows": reaped + later,
        "p50": reaped,
        "p99": percentile(seen.lifetimes, 0.99),
        "later": later,
        "unreaped": seen.answer["unreaped"],
    }, seen.lifetimes)


QUESTION = Question(
    "handler", "A service ends: its exit to its manager's handler", (
        Metric("knows", "p50 + handed on", "us", 1e3),
        Metric("p50", "reaped, p50", "us", 1e3),
        Metric("p99", "reaped, p99", "us", 1e3),
        Metric("later", "handed on, mean", "us", 1e3, ratio=False),
        Metric("unreaped", "lost", "", ratio=False),
    ), cases, managers, ask)
