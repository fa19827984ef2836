"""What does the init cost while nothing happens?

With its services running and none ending: the CPU time of all of its processes, and how often one of their threads was woken.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, List, Optional

from benchmarks import proc, session
from benchmarks.question import Answer, Case, Metric, Question

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SIZES = (1, 100)
SECONDS = {True: 2.0, False: 5.0}


def cases(quick: bool) -> List[Case]:
    return [Case(f"{size:,} service" + "s" * (size > 1), size) for size in (SIZES[:1] if quick else SIZES)]


def can(peer: "Peer", case: Case) -> Optional[str]:
    return "one command" if case.x > peer.services else None


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer, session.Wanted(int(case.x))) as running:
        who = running.processes()
        cpu, woken, began = proc.cpu_ns(who), proc.wakeups(who), time.monotonic_ns()
        time.sleep(SECONDS[quick])
        cpu_after, woken_after, ns = proc.cpu_ns(who), proc.wakeups(who), time.monotonic_ns() - began
    return Answer({
        "cpu": proc.spent(cpu, cpu_after) / ns,
        "wakeups": proc.spent(woken, woken_after) * 1e9 / ns,
    })


QUESTION = Question(
    "rest", "At rest: CPU and wake-ups while nothing happens", (
        Metric("cpu", "CPU", "% of a core", 1e-2, ratio=False),
        Metric("wakeups", "wake-ups", "/s", ratio=False),
    ), cases, can, ask)
