"""How much memory does the init take, with N services running?

PSS of all processes in its namespace but the services themselves: whatever the init needs beside it (managers, loggers, a
supervisor for each service, a bus) counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from benchmarks import proc, session
from benchmarks.question import Answer, Case, Metric, Question

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SIZES = (1, 100, 1_000)


def cases(quick: bool) -> List[Case]:
    return [Case(f"{size:,} service" + "s" * (size > 1), size) for size in (SIZES[:2] if quick else SIZES)]


def can(peer: "Peer", case: Case) -> Optional[str]:
    return "one command" if case.x > peer.services else None


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer, session.Wanted(int(case.x))) as running:
        who = running.processes()
        return Answer({
            "pss": float(sum(proc.pss_bytes(pid) for pid in who)),
            "pid1": float(proc.pss_bytes(running.pid)),
            "processes": float(len(who)),
        })


QUESTION = Question(
    "memory", "Memory: PSS of all of the init's processes", (
        Metric("pss", "PSS", "MiB", 2**20),
        Metric("pid1", "PID 1", "MiB", 2**20),
        Metric("processes", "processes", "", ratio=False),
    ), cases, can, ask)
