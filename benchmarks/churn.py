"""What does an orphan cost, and how long is it a zombie, when they come at a pace or as fast as they can be made?

Every 16th is timed: the watcher takes a wake-up for each, and the CPU is shared. CPU = time on a CPU of all of the init's
processes, until the last zombie of the load is gone, divided by the orphans made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from benchmarks import session
from benchmarks.question import Answer, Case, Metric, Question, anybody, percentile

if TYPE_CHECKING:
    from benchmarks.peers import Peer

RATES = (500.0, 2_000.0, 5_000.0)
STORM = 0.0                             # as fast as load.c can
SECONDS = {True: 0.5, False: 2.0}
MOST = 20_000                           # below every default pid limit, for an init that reaps nothing in time
EVERY = 16


def cases(quick: bool) -> List[Case]:
    return [*(Case(f"{rate:,.0f}/s", rate) for rate in (RATES[1:2] if quick else RATES)), Case("storm", STORM)]


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer) as running:
        churn = running.churn(MOST, case.x, every=EVERY, seconds=SECONDS[quick])
    made = churn.answer["made"]
    return Answer({
        "rate": made / churn.answer["seconds"],
        "cpu": churn.cpu_ns / made,
        "p50": percentile(churn.lifetimes, 0.50),
        "p99": percentile(churn.lifetimes, 0.99),
        "max": percentile(churn.lifetimes, 1.0),
        "unreaped": churn.answer["unreaped"],
    }, churn.lifetimes)


QUESTION = Question(
    "churn", "CPU per reap and zombie lifetime under paced churn and full storm", (
        Metric("rate", "orphans", "/s", less=False, ratio=False),
        Metric("cpu", "CPU/reap", "us", 1e3),
        Metric("p50", "p50", "us", 1e3),
        Metric("p99", "p99", "us", 1e3),
        Metric("max", "max", "us", 1e3, ratio=False),
        Metric("unreaped", "lost", "", ratio=False),
    ), cases, anybody, ask, ("lines", "cpu"))
