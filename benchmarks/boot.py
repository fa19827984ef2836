"""How long from the first instruction of PID 1 until the last of N services runs main()?

The whole of what each peer does when it boots is part of it, for systemd the boot of its container as Debian ships it; the
case of one service shows that part. PID 1's start is exact to 10 ms for those in systemd-nspawn (a clock tick), else to the
microsecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from benchmarks import proc, session
from benchmarks.question import Answer, Case, Metric, Question

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SIZES = (1, 10, 100, 1_000)


def cases(quick: bool) -> List[Case]:
    return [Case(f"{size:,} unit" + "s" * (size > 1), size) for size in (SIZES[:3] if quick else SIZES)]


def can(peer: "Peer", case: Case) -> Optional[str]:
    return "one command" if case.x > peer.services else None


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer, session.Wanted(int(case.x)), settle=False) as running:
        up_ns = running.await_services()
        running.settle()
        cpu_ns = sum(proc.cpu_ns(running.processes()).values())
        took_ns = up_ns - running.started_ns
        return Answer({"up": float(took_ns), "cpu": float(cpu_ns), "rate": case.x / (took_ns / 1e9)})


QUESTION = Question(
    "boot", "Boot: PID 1 to the last of N services", (
        Metric("up", "all up", "ms", 1e6),
        Metric("rate", "services", "/s", less=False, ratio=False),
        Metric("cpu", "CPU", "ms", 1e6),
    ), cases, can, ask, ("lines", "up"))
