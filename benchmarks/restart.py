"""How long is a service down that ends and is restarted?

16 services of 1.1 s and more (runit waits when one has lived for less than a second, s6 always does), each configured to come
back at once. They end one after the other, or ("16 at once") all together: then the last waits for all others. Down = from the
service's own clock just before its exit(2) to that of its next life at the start of main(): exec is part of it, as for its users.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Dict, List

from benchmarks import session
from benchmarks.build import BenchError
from benchmarks.question import Answer, Case, Metric, Question, managers, percentile

if TYPE_CHECKING:
    from benchmarks.peers import Peer

SERVICES = 16
LIFE_MS = 1_100
SPREAD_MS = 61          # between two ends; a prime, so that they do not meet again later
LIVES = {True: 3, False: 5}
TOGETHER = f"{SERVICES} at once"
CHURN = 5_000.0
WAIT_SECONDS = 60.0     # for all lives of all services: the slowest peer looks every 5 s


def cases(quick: bool) -> List[Case]:
    return [Case("idle", 0.0), *([] if quick else [Case(f"{CHURN:,.0f} orphans/s", CHURN), Case(TOGETHER, 0.0)])]


def gaps(stamps: List[session.Stamp]) -> List[int]:
    """ns from each end to the next start of the same service, in rising order."""
    ended: Dict[int, int] = {}
    found: List[int] = []
    for stamp in sorted(stamps):
        if stamp.end:
            ended[stamp.service] = stamp.ns
        elif stamp.service in ended:
            found.append(stamp.ns - ended.pop(stamp.service))
    return sorted(found)


def ask(peer: "Peer", case: Case, quick: bool) -> Answer:
    wanted = session.Wanted(SERVICES, LIFE_MS, LIVES[quick], 0 if case.name == TOGETHER else SPREAD_MS)
    expected = SERVICES * (LIVES[quick] - 1)
    with session.boot(peer, wanted, settle=False) as running:
        done = threading.Event()

        def load() -> None:
            while not done.is_set():
                with contextlib.suppress(BenchError):       # the restarts are the answer: what the load could not do is not
                    running.churn(int(CHURN), case.x, every=1_000, seconds=1.0, linger=0.1)

        thread = threading.Thread(target=load)
        if case.x:
            thread.start()
        try:
            deadline = time.monotonic() + WAIT_SECONDS
            while len(gaps(running.stamps())) < expected and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            done.set()
            if case.x:
                thread.join()
        found = gaps(running.stamps())
    if not found:
        raise BenchError(f"{peer.name} restarted no service in {WAIT_SECONDS:.0f} s")
    return Answer({
        "p50": percentile(found, 0.50),
        "p99": percentile(found, 0.99),
        "max": percentile(found, 1.0),
        "missing": float(expected - len(found)),
    }, found)


QUESTION = Question(
    "restart", "A service ends and is back: its exit to the next start of main()", (
        Metric("p50", "p50", "ms", 1e6),
        Metric("p99", "p99", "ms", 1e6),
        Metric("max", "max", "ms", 1e6, ratio=False),
        Metric("missing", "not back", "", ratio=False),
    ), cases, managers, ask, ("ecdf", ""))
