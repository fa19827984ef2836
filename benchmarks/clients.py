"""python -m benchmarks.clients: what a client costs: whole calls of systemctl, and what a crowd of them costs the services.

In:  argv.   Out: tables on stdout, progress on stderr, JSON on request; exit code 1 when nothing could be measured.
Each run boots the same Debian with systemd 257 and with fastinit as PID 1 (tests/golden/guests.py) and gives both the same units.
Calls are timed by a program inside (calls.c), all peers in turns. The Python script runs beside fastinit: it needs no PID 1 of
its own to be asked for a state. "manager" is the CPU time of PID 1 and of our manager for a call (/proc/PID/schedstat).
Exits: services that end and come back at once, with nobody asking, and with COUNT clients that ask without a pause (crowd.c);
"late" is what the crowd adds to the same percentile of the same run without it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from benchmarks import machine, page, peers, report, session
from benchmarks.build import BenchError, program
from benchmarks.question import Answer, Case, Metric, Question, anybody, percentile
from benchmarks.restart import gaps
from benchmarks.units import Machine, started_files
from fastinit.control import frames
from tests.golden import guests

LOADED = 1_000
BATCH = 10              # calls of one peer before it is the next one's turn
BATCHES = 5
RUNS = 5
CLIENTS = 500
EXITING = 10            # services that end and come back, ten times a second each
LIFE_MS = 97
WINDOW_MS = 5_000
HERE = "/usr/local/lib/bench"
STAMPS = "/run/bench.stamps"
CONTROL = "/run/fastinit/control"
NAN = float("nan")

EXIT_UNIT = """[Unit]
Description=Ends and comes back
StartLimitIntervalSec=0

[Service]
ExecStart={here}/service {stamps}.{number} {number} {life} 1000000000
Restart=always
RestartSec=0
"""


class Call(NamedTuple):
    """A command as a peer's user types it. few: so slow that a fifth of the calls must do."""

    peer: str
    guest: str
    argv: Tuple[str, ...]
    few: bool = False


def calls(*words: str) -> List[Call]:
    return [
        Call("systemd", "systemd", ("/usr/bin/systemctl", *words)),
        Call("systemctl-py", "fastinit", ("/usr/bin/python3", f"{HERE}/systemctl-py", *words), True),
        Call("python3 pass", "fastinit", ("/usr/bin/python3", "-I", "-S", "-c", "pass")),
        Call("fastinit (C)", "fastinit", ("/usr/bin/systemctl", *words)),
        Call("fastinit (Python)", "fastinit",
             ("/usr/bin/python3", "-I", "-S", "/usr/lib/python3/dist-packages/fastinit/cli/start.py", "systemctl", *words)),
    ]


CALLS: Dict[str, List[Call]] = {
    "is-active": calls("is-active", "sleeper-7.service"),
    f"list-units, {LOADED:,} units": calls("list-units"),
}
CROWDS: Dict[str, List[str]] = {
    "nobody asks": [],
    "list-units": ["list-units", "--all"],
    "show '*'": ["show", "*"],
    "status '*'": ["status", "*"],
    "cat '*'": ["cat", "*"],
    "list-unit-files": ["list-unit-files"],
    "dependencies": ["list-dependencies", "sleepers.target"],
}
CALL = Question(
    "clients", "A whole call of systemctl, and the manager's part of it", (
        Metric("took", "took", "ms", 1e6),
        Metric("manager", "manager", "ms", 1e6, ratio=False),
    ), lambda quick: [Case(name, 0.0) for name in CALLS], anybody, lambda peer, case, quick: Answer({}),
    references=("systemd", "systemctl-py", "python3 pass"), module="clients")
CROWD = Question(
    "crowd", f"A service ends and is back, while {CLIENTS} clients ask at once: its exit to the next start of main()", (
        Metric("p50", "p50", "ms", 1e6, ratio=False),
        Metric("p99", "p99", "ms", 1e6, ratio=False),
        Metric("max", "max", "ms", 1e6, ratio=False),
        Metric("late50", "late p50", "ms", 1e6, ratio=False),
        Metric("late99", "late p99", "ms", 1e6, ratio=False),
        Metric("answers", "answers/s", "", ratio=False),
    ), lambda quick: [Case(name, 0.0) for name in CROWDS], anybody, lambda peer, case, quick: Answer({}),
    references=(), module="clients")


class Inside(Machine):
    """A guest with the programs of this measurement in it."""

    def __init__(self, guest: guests.Guest, name: str) -> None:
        super().__init__(guest)
        self.name = name
        files = {"calls": program("calls"), "service": program("service"), "crowd": program("crowd")}
        script = peers.PEERS["systemctl-py"].find()
        if script is not None:
            files["systemctl-py"] = Path(script)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for inside, path in files.items():
                archive.add(path, inside, filter=_executable)
        self.run("mkdir", "-p", HERE)
        self.run("tar", "x", "-C", HERE, stdin=packed.getvalue())
        self.put(started_files(LOADED))
        self.systemctl("start", "sleepers.target")

    def run(self, *argv: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(self._inside(*argv), input=stdin, capture_output=True, check=False, timeout=120)
        if done.returncode != 0:
            raise BenchError(f"{self.name}: {' '.join(argv)[:80]}: exit status {done.returncode}: {done.stderr.decode()[-300:]}")
        return done.stdout

    def time(self, call: Call, count: int) -> Tuple[List[int], float]:
        """ns of each call, and what the manager has spent on one of them."""
        before = self.manager_ns()
        spent = [int(line) for line in self.run(f"{HERE}/calls", str(count), *call.argv).split()]
        return spent, (self.manager_ns() - before) / count

    def manager_ns(self) -> int:
        """CPU time of PID 1, and of our manager, its child."""
        total, top = 0, str(self.guest.pid)
        pids = [top]
        children = [path.read_text() for path in Path(f"/proc/{top}/task").glob("*/children")]
        for pid in " ".join(children).split():
            with contextlib.suppress(OSError):      # a service that has just ended
                pids += [pid] if b"fastinit.cli.manager" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
        for pid in pids:
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        return total


def _executable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.mode = 0o755
    return entry


@contextlib.contextmanager
def booted(name: str) -> Iterator[Inside]:
    """Raises BenchError."""
    make: Callable[[Path], guests.Guest] = {"systemd": guests.Reference, "fastinit": guests.Own}[name]
    with tempfile.TemporaryDirectory(prefix="fastinit-bench-") as folder, contextlib.ExitStack() as stack:
        try:
            guest = make(Path(folder))
        except guests.Unavailable as why:
            raise BenchError(str(why)) from None
        stack.callback(guest.close)
        yield Inside(guest, name)


# ---- calls ------------------------------------------------------------------------------------------------------------------

def measure_calls(chosen: Sequence[str], run: int, inside: Dict[str, Inside], say: Callable[[str], None]) -> List[report.Row]:
    """The peers take turns, BATCH calls at a time, each time another one first."""
    rows = []
    for case in chosen:
        asked = [call for call in CALLS[case] if call.guest in inside]
        if peers.PEERS["systemctl-py"].find() is None:
            asked = [call for call in asked if call.peer != "systemctl-py"]
        spent: Dict[str, List[int]] = {call.peer: [] for call in asked}
        managers: Dict[str, List[float]] = {call.peer: [] for call in asked}
        for batch in range(BATCHES):
            at = (run + batch) % len(asked)
            for call in [*asked[at:], *asked[:at]]:
                if call.few and batch:
                    continue
                took, manager = inside[call.guest].time(call, BATCH if not call.few else 3)
                spent[call.peer] += took
                managers[call.peer].append(manager)
        for call in asked:
            median = percentile(sorted(spent[call.peer]), 0.5)
            uses_manager = call.peer not in ("systemctl-py", "python3 pass")
            manager = percentile(sorted(managers[call.peer]), 0.5) if uses_manager else NAN
            rows.append(report.Row(CALL.name, case, call.peer, run, Answer({"took": median, "manager": manager})))
            say(f"  {case}, {call.peer}, run {run + 1}: {median / 1e6:.2f} ms")
    return rows


# ---- a crowd ----------------------------------------------------------------------------------------------------------------

def request(words: Sequence[str]) -> bytes:
    return frames.encode_request({b"tty": b"000", b"cwd": b"/"}, [b"systemctl", *(word.encode() for word in words)])


def measure_crowds(chosen: Sequence[str], run: int, inside: Inside, say: Callable[[str], None]) -> List[report.Row]:
    units = {f"exiting-{number}.service": EXIT_UNIT.format(here=HERE, stamps=STAMPS, number=number, life=LIFE_MS + number)
             for number in range(EXITING)}
    inside.run("sh", "-c", f"for n in $(seq 0 {EXITING - 1}); do : > {STAMPS}.$n; done")
    inside.put(units)
    inside.systemctl("start", *units)
    rows: List[report.Row] = []
    calm: Dict[str, float] = {}
    for case in ["nobody asks", *(name for name in chosen if name != "nobody asks")]:
        began = time.monotonic_ns()
        answers = NAN
        if CROWDS[case]:
            told = inside.run(f"{HERE}/crowd", CONTROL, str(CLIENTS), str(WINDOW_MS), stdin=request(CROWDS[case])).split()
            answers = int(told[1]) * 1e3 / WINDOW_MS
        else:
            time.sleep(WINDOW_MS / 1e3)     # the measurement itself: this long nobody asks
        found = gaps_since(inside, began)
        if not found:
            raise BenchError(f"no service came back while clients asked for {case}")
        values = {"p50": percentile(found, 0.5), "p99": percentile(found, 0.99), "max": percentile(found, 1.0),
                  "answers": answers}
        calm = calm or values
        values["late50"], values["late99"] = values["p50"] - calm["p50"], values["p99"] - calm["p99"]
        rows.append(report.Row(CROWD.name, case, "fastinit", run, Answer(values, found)))
        say(f"  {case}, run {run + 1}: p50 {values['p50'] / 1e6:.2f} ms, p99 {values['p99'] / 1e6:.2f} ms, "
            f"max {values['max'] / 1e6:.2f} ms, {len(found)} exits, {answers:.0f} answers/s")
    inside.systemctl("stop", *units)
    return rows


def gaps_since(inside: Inside, began: int) -> List[int]:
    """A service that is still away counts with the time it has been away."""
    now = time.monotonic_ns()
    data = inside.run("sh", "-c", f"cat {STAMPS}.*")
    stamps = [stamp for stamp in session.read_stamps(data) if stamp.ns >= began]
    found = gaps(stamps)
    last: Dict[int, session.Stamp] = {stamp.service: stamp for stamp in sorted(stamps)}
    return sorted([*found, *(now - stamp.ns for stamp in last.values() if stamp.end)])


def main(argv: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clients", description=(__doc__ or "").partition("\n\n")[0],
                                     epilog=f"cases: {'; '.join([*CALLS, *CROWDS])}")
    parser.add_argument("case", nargs="*", metavar="CASE", help="those whose names begin so (default: all)")
    parser.add_argument("--without", default="", metavar="PEER", help="systemd: measure without it")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("--fetch", action="store_true", help="unpack the Python script into the cache first")
    parser.add_argument("--json", metavar="FILE")
    page.add_option(parser)
    options = parser.parse_args(argv)
    wanted = tuple(options.case) or ("",)
    chosen_calls = [name for name in CALLS if name.startswith(wanted)]
    chosen_crowds = [name for name in CROWDS if name.startswith(wanted)]
    why = guests.missing()
    if why or not (chosen_calls or chosen_crowds):
        print(why or "no such case", file=sys.stderr)
        return 1

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if options.fetch:
        peers.fetch(["systemctl-py"], say)
    rows: List[report.Row] = []
    try:
        for run in range(options.runs):
            with contextlib.ExitStack() as stack:
                names = ["fastinit"] if options.without == "systemd" or not chosen_calls else ["systemd", "fastinit"]
                inside = {name: stack.enter_context(booted(name)) for name in names}
                rows += measure_calls(chosen_calls, run, inside, say)
                if chosen_crowds:
                    rows += measure_crowds(chosen_crowds, run, inside["fastinit"], say)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    described: Dict[str, object] = {**machine.describe(), "runs": options.runs}
    print("; ".join(f"{key}: {value}" for key, value in described.items()))
    for question, cases in ((CALL, chosen_calls), (CROWD, chosen_crowds)):
        if cases:
            own = [row for row in rows if row.question == question.name]
            names = list(dict.fromkeys(row.peer for row in own))
            shown = list(dict.fromkeys(row.case for row in own))
            measured = report.Measured(question, own, shown, names, {}, {}, described, {}, [])
            print("\n" + report.table(measured))
            if options.save:
                page.write(measured, Path(options.save))
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_json(rows, [CALL, CROWD], described, {}, {}), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
