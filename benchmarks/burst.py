"""How long until everything is reaped when thousands of orphans end at the same moment?

"exits" is when the last of them called exit(2): no init can be done sooner, so over/exits = drained / exits is the init's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from benchmarks import session
from benchmarks.question import Answer, Case, Metric, Question, anybody

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SIZES = (3_000, 10_000)


def cases(quick: bool) -> List[Case]:
    return [Case(f"{size:,}", size) for size in (SIZES[:1] if quick else SIZES)]


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    with session.boot(peer) as running:
        burst = running.burst(int(case.x))
    reaped = burst["made"] - burst["unreaped"]
    return Answer({
        "exits": burst["exits_ns"],
        "drained": burst["drained_ns"],
        "over": burst["drained_ns"] / burst["exits_ns"],
        "rate": reaped / (burst["drained_ns"] / 1e9),
        "cpu": burst["cpu_ns"] / max(reaped, 1.0),
        "unreaped": burst["unreaped"],
    })


QUESTION = Question(
    "burst", "Draining a burst of orphans that end together", (
        Metric("exits", "exits", "ms", 1e6, ratio=False),
        Metric("drained", "drained", "ms", 1e6),
        Metric("over", "drained/exits", "x", ratio=False),
        Metric("rate", "reaped", "k/s", 1e3, less=False, ratio=False),
        Metric("cpu", "CPU/reap", "us", 1e3),
        Metric("unreaped", "lost", "", ratio=False),
    ), cases, anybody, ask)
