"""python -m benchmarks.units: the unit engine beside systemd 257: unit files by the thousand, started by the hundred.

In:  argv.   Out: a table on stdout, progress on stderr, JSON on request; exit code 1 when nothing could be measured.
Each run boots the same Debian twice, with systemd 257 and with fastinit as PID 1 (tests/golden/guests.py), in turns, and gives
both the same files and the same commands. What is timed is a whole `systemctl`, as its users wait for it.
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
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

from benchmarks import machine, page, report
from benchmarks.build import BenchError
from benchmarks.question import Answer, Case, Metric, Question, anybody
from tests.golden import guests

UNITS = "/etc/systemd/system"
LOADED = 1_000          # unit files with a drop-in each
STARTED = 500
SIZES = (10, 100, 1_000, 10_000)
RELOADS = 3
RUNS = 5
COMMAND_SECONDS = 120

SERVICE = """[Unit]
Description=Benchmark service {0}
Documentation=man:sleep(1)
ConditionPathExists=!/etc/never/{0}
After=network.target

[Service]
Type=simple
User=nobody
Environment=NUMBER={0} "TEXT=one two three"
ExecStartPre=-/bin/true
ExecStart=/bin/sleep infinity
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5s
TimeoutStopSec=30s
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""
DROPIN = """[Unit]
Description=Benchmark service {0}, changed

[Service]
Environment=MORE=%n
TimeoutStartSec=1min 30s
"""
SIMPLE = """[Unit]
Description=Sleeper {0}

[Service]
ExecStart=/bin/sleep infinity
"""


def loaded_files(prefix: str, count: int) -> Dict[str, str]:
    """COUNT units with a drop-in each, and PREFIX.target, which names them without starting them."""
    files = {}
    for number in range(count):
        name = f"{prefix}-{number}.service"
        files[name] = SERVICE.format(number)
        files[f"{name}.d/10-more.conf"] = DROPIN.format(number)
    listed = "\n".join(f"After={prefix}-{number}.service" for number in range(count))
    files[f"{prefix}.target"] = f"[Unit]\nDescription=All of {prefix}\n{listed}\n"
    return files


def started_files(count: int) -> Dict[str, str]:
    files = {f"sleeper-{number}.service": SIMPLE.format(number) for number in range(count)}
    listed = "\n".join(f"Wants=sleeper-{number}.service" for number in range(count))
    files["sleepers.target"] = f"[Unit]\nDescription=All sleepers\n{listed}\n"
    return files


class Machine:
    """A guest, and commands in it with their time."""

    def __init__(self, guest: guests.Guest) -> None:
        self.guest = guest

    def _inside(self, *argv: str) -> List[str]:
        return ["nsenter", "-t", str(self.guest.pid), "-a", "-r", "-w", "env", "-i", *guests.ENVIRONMENT, *argv]

    def put(self, files: Dict[str, str]) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(text), 0o644
                archive.addfile(entry, io.BytesIO(text.encode()))
        done = subprocess.run(self._inside("tar", "x", "-C", UNITS), input=packed.getvalue(), capture_output=True, check=False,
                              timeout=COMMAND_SECONDS)
        if done.returncode != 0:
            raise BenchError(f"cannot unpack unit files: {done.stderr.decode(errors='replace')}")
        self.systemctl("daemon-reload")

    def systemctl(self, *words: str) -> float:
        """Nanoseconds that it took. Raises BenchError when it fails."""
        began = time.monotonic_ns()
        done = subprocess.run(self._inside("systemctl", *words), capture_output=True, text=True, errors="replace", check=False,
                              timeout=COMMAND_SECONDS)
        took = time.monotonic_ns() - began
        if done.returncode != 0:
            raise BenchError(f"systemctl {' '.join(words)[:60]}: exit status {done.returncode}: {done.stderr.strip()[:200]}")
        return float(took)

    def load(self, prefix: str) -> float:
        """Asking for one property of a target brings in all that it names."""
        return self.systemctl("show", "-p", "LoadState", f"{prefix}.target")


# ---- what is asked ----

def ask_load(inside: Machine) -> Answer:
    inside.put(loaded_files("many", LOADED))
    took = inside.load("many")
    return Answer({"took": took, "each": took / LOADED})


def ask_reload(inside: Machine) -> Answer:
    inside.put(loaded_files("many", LOADED))
    inside.systemctl("start", "many.target")        # keeps all of them in memory
    took = sorted(inside.systemctl("daemon-reload") for _ in range(RELOADS))[RELOADS // 2]
    return Answer({"took": took, "each": took / LOADED})


def ask_start(inside: Machine) -> Answer:
    inside.put(started_files(STARTED))
    took = inside.systemctl("start", "sleepers.target")
    inside.systemctl("is-active", *(f"sleeper-{number}.service" for number in range(STARTED)))
    return Answer({"took": took, "each": took / STARTED})


def ask_stop(inside: Machine) -> Answer:
    ask_start(inside)
    took = inside.systemctl("stop", "sleeper-*.service")
    return Answer({"took": took, "each": took / STARTED})


def growth(size: int) -> Callable[[Machine], Answer]:
    def ask(inside: Machine) -> Answer:
        inside.put(loaded_files("grow", size))
        took = inside.load("grow")
        return Answer({"took": took, "each": took / size})
    return ask


class Asked(NamedTuple):
    case: Case
    ask: Callable[[Machine], Answer]


ASKED = (
    Asked(Case(f"load {LOADED:,} unit files", LOADED), ask_load),
    Asked(Case(f"daemon-reload, {LOADED:,} units", LOADED), ask_reload),
    Asked(Case(f"start {STARTED} services", STARTED), ask_start),
    Asked(Case(f"stop {STARTED} services", STARTED), ask_stop),
    *(Asked(Case(f"growth: load {size:,}", size), growth(size)) for size in SIZES),
)
QUESTION = Question(
    "units", "Unit files by the thousand, services by the hundred: one systemctl", (
        Metric("took", "took", "ms", 1e6),
        Metric("each", "a unit", "us", 1e3, ratio=False),
    ), lambda quick: [asked.case for asked in ASKED], anybody, lambda peer, case, quick: Answer({}),
    references=("systemd",), module="units")
PEERS: Dict[str, Callable[[Path], guests.Guest]] = {"systemd": guests.Reference, "fastinit": guests.Own}


@contextlib.contextmanager
def booted(peer: str) -> Iterator[Machine]:
    """Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="fastinit-bench-") as folder, contextlib.ExitStack() as stack:
        try:
            guest = PEERS[peer](Path(folder))
        except guests.Unavailable as why:
            raise BenchError(str(why)) from None
        stack.callback(guest.close)
        yield Machine(guest)


def measure(chosen: Sequence[Asked], peers: Sequence[str], runs: int, say: Callable[[str], None]) -> List[report.Row]:
    """Every answer from a guest of its own; the peers take turns. Raises BenchError."""
    rows = []
    for run in range(runs):
        for asked in chosen:
            for peer in [*peers[run % len(peers):], *peers[:run % len(peers)]]:
                with booted(peer) as inside:
                    answer = asked.ask(inside)
                rows.append(report.Row(QUESTION.name, asked.case.name, peer, run, answer))
                say(f"  {asked.case.name} {peer} run {run + 1}: {answer.values['took'] / 1e6:.0f} ms")
    return rows


def main(argv: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.units", description=(__doc__ or "").partition("\n\n")[0],
                                     epilog="cases: " + "; ".join(asked.case.name for asked in ASKED))
    parser.add_argument("case", nargs="*", metavar="CASE", help="those whose names begin so (default: all)")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="A,B")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    page.add_option(parser)
    options = parser.parse_args(argv)
    chosen = [asked for asked in ASKED if not options.case or asked.case.name.startswith(tuple(options.case))]
    why = guests.missing()
    if why or not chosen:
        print(why or "no such case", file=sys.stderr)
        return 1
    try:
        rows = measure(chosen, options.peers.split(","), options.runs, lambda text: print(text, file=sys.stderr, flush=True))
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    described: Dict[str, object] = {**machine.describe(), "runs": options.runs}
    print("; ".join(f"{key}: {value}" for key, value in described.items()))
    cases = [asked.case.name for asked in chosen]
    measured = report.Measured(QUESTION, rows, cases, options.peers.split(","), {}, {}, described, {}, [])
    print("\n" + report.table(measured))
    if options.save:
        page.write(measured, Path(options.save))
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_json(rows, [QUESTION], described, {}, {}), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
