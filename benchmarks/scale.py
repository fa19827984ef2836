"""Does reaping an orphan cost more when the init has thousands of live children?

Two kinds of live children: services that the init runs, and orphans it has inherited (every init can have those: "held").
Direct children are counted: s6 and runit put a supervisor process before each service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from benchmarks import session
from benchmarks.question import Answer, Case, Metric, Question, percentile

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SIZES = (0, 1_000, 4_000)
COUNT = {True: 200, False: 1_000}
RATE = 500.0


def cases(quick: bool) -> List[Case]:
    sizes = SIZES[:2] if quick else SIZES
    return [*(Case(f"{size:,} services", size) for size in sizes), *(Case(f"{size:,} held", size) for size in sizes[1:])]


def can(peer: "Peer", case: Case) -> Optional[str]:
    return "no services" if case.name.endswith("services") and case.x > peer.services else None


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    services = case.name.endswith("services")
    with session.boot(peer, session.Wanted(max(1, int(case.x)) if services else 1)) as running:
        if not services:
            running.hold(int(case.x))
            running.settle()
        children = running.live_children()
        churn = running.churn(COUNT[quick], RATE, spin=True, seconds=COUNT[quick] / RATE * 3)
        burst = running.burst(1_000)
    return Answer({
        "children": float(children),
        "p50": percentile(churn.lifetimes, 0.50),
        "p99": percentile(churn.lifetimes, 0.99),
        "cpu": churn.cpu_ns / churn.answer["made"],
        "burst": burst["cpu_ns"] / burst["made"],
        "unreaped": churn.answer["unreaped"] + burst["unreaped"],
    }, churn.lifetimes)


QUESTION = Question(
    "scale", "Reaping orphans with many live children", (
        Metric("children", "children", "", ratio=False),
        Metric("p50", "p50", "us", 1e3),
        Metric("p99", "p99", "us", 1e3),
        Metric("cpu", "CPU/reap", "us", 1e3),
        Metric("burst", "CPU/reap in 1,000", "us", 1e3),
        Metric("unreaped", "lost", "", ratio=False),
    ), cases, can, ask, ("lines", "cpu"))
