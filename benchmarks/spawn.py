"""How fast can a manager start processes, and does its own size matter?

Spawn methods instead of inits: each inside a Python process that holds 0 or 200 MiB, in a namespace of its own, one process
after the other, to a small static program that ends at once. fastinit's is the whole path: the process becomes PID 1's child, its
exit comes back as an event.
What whole managers make of it is in boot.py (services/s).
"""

from __future__ import annotations

import json
import time
from typing import Callable, Dict, List

from benchmarks import session
from benchmarks.build import HERE, BenchError
from benchmarks.peers import FASTINIT_PYTHON, PEERS, Peer, floor
from benchmarks.question import Answer, Case, Metric, Question, anybody, percentile
from benchmarks.session import Wanted, Work

COUNT = {True: 200, False: 1_000}
BALLAST_MIB = (0, 200)
SECONDS = 60.0


def cases(quick: bool) -> List[Case]:
    return [Case(f"{size} MiB", size) for size in BALLAST_MIB]


def _method(name: str) -> Callable[[Peer, Case, bool], Callable[[Work, Wanted], List[str]]]:
    def prepare_for(peer: Peer, case: Case, quick: bool) -> Callable[[Work, Wanted], List[str]]:
        def prepare(work: Work, wanted: Wanted) -> List[str]:
            spawner = [FASTINIT_PYTHON, "-m", "benchmarks.spawner", name, str(COUNT[quick]), str(int(case.x)),
                       str(work.top / "spawn.json"), str(work.service)]
            if name != "fastinit":
                return [floor(), *spawner]
            code = ("import sys, os; from fastinit.run import native; native.block_signals(); "
                    "native.init_run(sys.argv[1:], [f'{k}={v}' for k, v in os.environ.items()], 1000, 60000)")
            return [FASTINIT_PYTHON, "-c", code, *spawner]
        return prepare
    return prepare_for


def peers() -> Dict[str, Peer]:
    def nothing(work: Work, wanted: Wanted) -> List[str]:
        raise BenchError("a spawn method is prepared by its question")
    environment = {"PYTHONPATH": str(HERE.parent)}
    names = ("fork+exec", "subprocess", "posix_spawn", "fastinit")
    find = {"fastinit": PEERS["fastinit"].find}
    return {name: Peer(name, find.get(name, lambda: FASTINIT_PYTHON), nothing, environment=environment) for name in names}


def ask(peer: Peer, case: Case, quick: bool) -> Answer:
    asked = peer._replace(prepare=_method(peer.name)(peer, case, quick))
    with session.boot(asked, Wanted(0), settle=False) as running:
        result = running.work.top / "spawn.json"
        deadline = time.monotonic() + SECONDS
        while not result.exists():
            if time.monotonic() > deadline or not running.alive():
                raise BenchError(f"cannot measure {peer.name}: its spawner did not finish")
            time.sleep(0.01)
        answer = json.loads(result.read_text())
    calls = sorted(answer["calls"])
    return Answer({"p50": percentile(calls, 0.50), "p99": percentile(calls, 0.99), "rate": len(calls) / answer["seconds"]}, calls)


QUESTION = Question(
    "spawn", "Spawn, exit, exit known: one process after the other, from a Python process of that size", (
        Metric("p50", "call p50", "us", 1e3),
        Metric("p99", "call p99", "us", 1e3),
        Metric("rate", "cycles", "/s", less=False),
    ), cases, anybody, ask, peers=peers, references=("posix_spawn", "subprocess"))
