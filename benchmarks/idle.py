"""How long does a zombie live when nothing else happens?

One orphan at a time, 10 ms apart; a watcher that spins on a CPU of its own sees it exit and sees it reaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from benchmarks import session
from benchmarks.question import Answer, Case, Metric, Question, anybody, percentile

if TYPE_CHECKING:
    from benchmarks.peers import Peer

RATE = 100.0            # an init that looks for zombies between two of them is not woken by both at once
COUNT = {True: 100, False: 500}


def cases(quick: bool) -> List[Case]:
    return [Case("idle", RATE)]


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer) as running:
        churn = running.churn(COUNT[quick], RATE, spin=True, seconds=COUNT[quick] / RATE * 3)
    made = churn.answer["made"]
    return Answer({
        "p50": percentile(churn.lifetimes, 0.50),
        "p99": percentile(churn.lifetimes, 0.99),
        "max": percentile(churn.lifetimes, 1.0),
        "cpu": churn.cpu_ns / made,
        "unreaped": churn.answer["unreaped"],
    }, churn.lifetimes)


QUESTION = Question(
    "idle", "Zombie lifetime, idle: one orphan every 10 ms", (
        Metric("p50", "p50", "us", 1e3),
        Metric("p99", "p99", "us", 1e3),
        Metric("max", "max", "us", 1e3, ratio=False),
        Metric("cpu", "CPU/reap", "us", 1e3),
        Metric("unreaped", "lost", "", ratio=False),
    ), cases, anybody, ask, ("ecdf", ""))
