"""python -m benchmarks [QUESTION...]: measure inits as PID 1, side by side.

In:  argv.   Out: tables on stdout, progress on stderr, JSON and pictures on request; exit code 1 when nothing could be measured.
Within a run the peers take turns and each run starts with another one: what drifts on the machine drifts for all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Sequence, Tuple

from benchmarks import boot, burst, churn, handler, idle, machine, memory, page, peers, report, rest, restart, scale, spawn
from benchmarks.build import BenchError, program
from benchmarks.peers import PEERS, Peer
from benchmarks.question import Question

QUESTIONS: Dict[str, Question] = {question.name: question for question in (
    idle.QUESTION, churn.QUESTION, burst.QUESTION, scale.QUESTION,
    handler.QUESTION, restart.QUESTION, spawn.QUESTION, boot.QUESTION, memory.QUESTION, rest.QUESTION,
)}
RUNS = 5


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def options(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks",
                                     description="Measure inits as PID 1 of fresh PID namespaces, side by side.",
                                     epilog="questions: " + ", ".join(QUESTIONS))
    parser.add_argument("question", nargs="*", metavar="QUESTION", help="which to ask (default: all)")
    parser.add_argument("--peers", metavar="A,B", help="which inits (default: all): " + ", ".join(PEERS))
    parser.add_argument("--runs", type=int, default=None, metavar="N", help=f"default {RUNS}, with --quick 1")
    parser.add_argument("--quick", action="store_true", help="fewer cases and samples: to see that it works, not to quote")
    parser.add_argument("--fetch", action="store_true",
                        help="first unpack peers that are not installed into the cache (apt-get, mmdebstrap)")
    parser.add_argument("--json", metavar="FILE", help="write all results there (- = stdout instead of the tables)")
    page.add_option(parser)
    chosen = parser.parse_args(argv)
    unknown = [name for name in chosen.question if name not in QUESTIONS]
    if unknown:
        parser.error(f"unknown question {unknown[0]!r}; there are: {', '.join(QUESTIONS)}")
    chosen.peers = chosen.peers.split(",") if chosen.peers else None
    if chosen.runs is None:
        chosen.runs = 1 if chosen.quick else RUNS
    return chosen


def available(question: Question, wanted: Optional[Sequence[str]], missing: Dict[str, str]) -> List[Peer]:
    table = question.peers() if question.peers else PEERS
    chosen = []
    for name, peer in table.items():
        if wanted is not None and name not in wanted and not question.peers:
            continue
        if peer.find() is None:
            missing[name] = peer.missing()
        else:
            chosen.append(peer)
    return chosen


class Results:
    def __init__(self) -> None:
        self.rows: List[report.Row] = []
        self.refused: Dict[Tuple[str, str, str], str] = {}
        self.missing: Dict[str, str] = {}
        self.failures = 0

    def ask(self, question: Question, chosen: Sequence[Peer], runs: int, quick: bool) -> None:
        for run in range(runs):
            start = run % max(1, len(chosen))
            for case in question.cases(quick):
                for peer in [*chosen[start:], *chosen[:start]]:
                    self._ask_one(question, case.name, peer, run, quick)

    def _ask_one(self, question: Question, case_name: str, peer: Peer, run: int, quick: bool) -> None:
        case = next(case for case in question.cases(quick) if case.name == case_name)
        key = (question.name, case.name, peer.name)
        why = question.can(peer, case)
        if why is not None:
            self.refused[key] = why
            return
        if key in self.refused and not any((row.question, row.case, row.peer) == key for row in self.rows):
            return      # it failed in the run before this: it would cost the same minute again
        began = time.monotonic()
        try:
            answer = question.ask(peer, case, quick)
        except BenchError as error:
            self.failures += 1
            self.refused[key] = f"failed: {error}"
            say(f"  {question.name} {case.name} {peer.name}: {error}")
            return
        self.rows.append(report.Row(question.name, case.name, peer.name, run, answer))
        say(f"  {question.name} {case.name} {peer.name} run {run + 1}: {time.monotonic() - began:.1f} s")

    def versions(self) -> Dict[str, str]:
        return {name: peers.describe(PEERS[name]) for name in dict.fromkeys(row.peer for row in self.rows) if name in PEERS}

    def measured(self, question: Question, quick: bool, described: Dict[str, object], notes: Sequence[str]) -> report.Measured:
        """One question's share; peers in the order of their table, cases in the question's."""
        own = [row for row in self.rows if row.question == question.name]
        refused = {key: why for key, why in self.refused.items() if key[0] == question.name}
        known = {row.peer for row in own} | {peer for _, _, peer in refused}
        names = [name for name in (question.peers() if question.peers else PEERS) if name in known]
        versions = {name: version for name, version in self.versions().items() if name in known}
        missing = {} if question.peers else dict(self.missing)
        return report.Measured(question, own, [case.name for case in question.cases(quick)], names, refused, missing,
                               described, versions, list(notes))


def kernel_notes() -> List[str]:
    """What this kernel makes coarser than it should be."""
    answer = subprocess.run([str(program("load")), "probe"], capture_output=True, text=True, check=True).stdout.split()
    notes = []
    if answer != ["hup", "1"]:
        notes.append("this kernel (before Linux 6.9) has no EPOLLHUP on a pidfd when its process is reaped: the end of a "
                     "zombie is when a signal to it first fails, asked every 20 us; lifetimes below 50 us are rough")
    if not os.path.exists("/proc/self/schedstat"):
        notes.append("no /proc/PID/schedstat: CPU time is counted in clock ticks (10 ms); CPU per reap is rough")
    if len(os.sched_getaffinity(0)) < 2:
        notes.append("one CPU: the watcher cannot spin beside the init; idle lifetimes include a context switch")
    return notes


def stop(signum: int, frame: object) -> NoReturn:
    """Unwinds, so that every namespace and cgroup goes."""
    raise KeyboardInterrupt


def main(argv: Optional[Sequence[str]] = None) -> int:
    chosen = options(argv)
    if os.geteuid() != 0:
        say("cannot measure: joining another PID namespace needs root (CAP_SYS_ADMIN); try: sudo make bench")
        return 1
    signal.signal(signal.SIGTERM, stop)
    questions = [QUESTIONS[name] for name in chosen.question] or list(QUESTIONS.values())
    unknown = [name for name in chosen.peers or () if name not in PEERS]
    if unknown:
        say(f"unknown peer {unknown[0]!r}; there are: {', '.join(PEERS)}")
        return 2
    results = Results()
    described: Dict[str, object] = {**machine.describe(), "runs": chosen.runs, "quick": chosen.quick}
    notes: List[str] = []
    try:
        notes += kernel_notes()
        if chosen.fetch:
            peers.fetch(chosen.peers or list(PEERS), say)
        for question in questions:
            say(question.title)
            results.ask(question, available(question, chosen.peers, results.missing), chosen.runs, chosen.quick)
            if chosen.save:
                for path in page.write(results.measured(question, chosen.quick, described, notes), Path(chosen.save)):
                    say(f"  wrote {path}")
    except BenchError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped; what was measured until now:")
        notes.append("stopped before the end")
    show(results, questions, chosen, described, notes)
    return 0 if results.rows else 1


def show(results: Results, questions: Sequence[Question], chosen: argparse.Namespace, described: Dict[str, object],
         notes: Sequence[str]) -> None:
    versions = results.versions()
    document = {**report.as_json(results.rows, questions, described, versions, results.refused), "missing": results.missing,
                "notes": list(notes)}
    text = json.dumps(document, indent=1) + "\n"
    if chosen.json == "-":
        print(text, end="")
        return
    print("; ".join(f"{key}: {value}" for key, value in described.items()))
    print("; ".join(f"{name} {version}".strip() for name, version in versions.items()))
    for name, why in results.missing.items():
        print(f"{name}: {why}")
    for note in notes:
        print(f"note: {note}")
    for question in questions:
        print("\n" + report.table(results.measured(question, chosen.quick, described, notes)))
    if chosen.json:
        Path(chosen.json).parent.mkdir(parents=True, exist_ok=True)
        Path(chosen.json).write_text(text)


if __name__ == "__main__":
    sys.exit(main())
