"""The manager is killed at any moment: nothing is lost, nothing comes twice, the next one is there at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness import ROOT, run

# Short form in `make test`; FASTINIT_LONG=1: thousands.
KILLS = 3000 if os.environ.get("FASTINIT_LONG") else 60

# Each process that runs says so in a file that the manager never reads: the witness. The manager commits "exit of id" and the
# last event's number as one, then consumes: an event that it reads again after a crash is recognised by its number.
CHURN = """
from fastinit.run.store import Store
store = Store(n.state_memory())
state = {"known": {}, "last": 0, "next": 1, "exits": {}, "repeats": 0, **store.load().get("state", {})}
PREFIX = os.environ["TMP"]
KILLS = int(os.environ["KILLS"])
def save():
    store.commit({"state": state})
def killer():
    script = '''
import os, random, sys, time
kills, prefix = int(sys.argv[1]), sys.argv[2]
random.seed(7)
done, seen = 0, 0
while done < kills:
    time.sleep(random.random() ** 2 * 0.06)
    try:
        os.kill(int(open(prefix + "/pid").read()), 9)
        done += 1
    except (OSError, ValueError):
        pass
open(prefix + "/done", "w")
'''
    run(1 << 40, sys.executable, "-c", script, str(KILLS), PREFIX)
def start(id):
    fd = os.open(PREFIX + "/witness", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    n.spawn(n.SpawnSpec(id, "/bin/sh", ["sh", "-c", f"echo {id} >&3; (true &); exit {id % 200}"], ["PATH=/bin"], pass_fds=[fd]))
    os.close(fd)
def handle():
    for e in n.read_exits(0):
        if e.seq <= state["last"]:
            state["repeats"] += 1
        elif e.id < 1 << 40:
            key = str(e.id)
            state["exits"][key] = state["exits"].get(key, 0) + 1
            if (e.code, e.status) != (1, e.id % 200):
                raise SystemExit(f"wrong status {e}")
        state["last"] = max(state["last"], e.seq)
    save()
    n.consume(state["last"])
for id, pid in n.spawn_pending():
    state["known"][str(id)] = pid
save()
for id, pid in n.spawn_pending():
    n.spawn_settle(id)
handle()
if state["next"] == 1:
    state["next"] = 2
    save()
    killer()
open(PREFIX + "/pid.new", "w").write(str(os.getpid()))
os.replace(PREFIX + "/pid.new", PREFIX + "/pid")
while not os.path.exists(PREFIX + "/done"):
    id = state["next"]
    state["next"] += 1
    save()                      # an id is never given twice
    start(id)
    n.spawn_settle(id) if id % 3 else None
    handle()
os.unlink(PREFIX + "/pid")
def witness():
    return [int(line) for line in open(PREFIX + "/witness")]
def settled():
    handle()
    return set(map(str, witness())) <= set(state["exits"])
until(settled)
for id, _ in n.spawn_pending():
    n.spawn_settle(id)
ran = witness()
say({"kills": n.counters().manager_starts - 1, "ran": len(ran), "twice": len(ran) - len(set(ran)),
     "lost": sorted(set(map(str, ran)) - set(state["exits"])),
     "not_once": {k: v for k, v in state["exits"].items() if v != 1},
     "unheard": sorted(set(map(int, state["exits"])) - set(ran)),
     "written": n.counters().events_written, "consumed": n.counters().events_consumed, "pending": n.spawn_pending()})
n.exit_request(0); signal.pause()
"""


def test_killed_at_random_no_exit_is_lost_or_doubled(tmp_path: Path, mode: str) -> None:
    """kill -9 of the manager during churn, also in the middle of clone, commit and consume: each exit is handled exactly once."""
    said, code = run(tmp_path, CHURN, mode, env={"KILLS": str(KILLS)})
    assert code == 0 and said, "the last manager did not report"
    report = said[-1]
    assert report["kills"] >= KILLS * 3 // 4, report    # a kill may hit a manager that is dead already
    assert report["ran"] > KILLS, report
    assert (report["twice"], report["lost"], report["not_once"], report["pending"]) == (0, [], {}, []), report
    # killed between clone and exec by nobody: every process that ended has also run
    assert report["unheard"] == [], report
    assert report["written"] == report["consumed"], report


def test_next_manager_is_there_at_once(tmp_path: Path, mode: str) -> None:
    """From the death of one manager to the attach of the next: below 200 ms, Python's start included; its services live on.

    Where Python alone takes long to start (a busy machine), some times as long as that."""
    said, _ = run(tmp_path, """
m = memory()
if m[0] == 0:
    m[1] = run(1, "/bin/sleep", "100").pid
if m[0] < 5:
    m[0] += 1
    if m[0] > 1:
        say((time.monotonic_ns() - m[2]) / 1e6)
    m[2] = time.monotonic_ns()
    os.kill(os.getpid(), 9)
say([n.spawn_pending() == [(1, m[1])], os.path.exists(f"/proc/{m[1]}")])
os.kill(m[1], 9)
say([(e.id, e.status) for e in exits(1)])
n.exit_request(0); signal.pause()
""", mode)
    assert said[-2:] == [[True, True], [[1, 9]]]
    bare_ms = []
    for _ in range(3):
        start = time.monotonic_ns()
        subprocess.run([sys.executable, "-c", "from fastinit.run import native"], cwd=ROOT, check=True)
        bare_ms.append((time.monotonic_ns() - start) / 1e6)
    assert len(said) == 6 and sorted(said[:4])[1] < max(200, 4 * max(bare_ms)), (said, bare_ms)


def test_exit_while_no_manager_is_kept(tmp_path: Path, mode: str) -> None:
    """A service that ends, and a process tracked by pid that ends, while no manager is alive: the next one gets both events."""
    said, _ = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    read_end, write_end = os.pipe()
    run(1, "/bin/sh", "-c", "(sleep 0.05 & echo $! >&3); sleep 0.05; exit 4", pass_fds=[write_end])
    m[1] = int(os.read(read_end, 20))
    n.track(m[1], 2)
    os._exit(1)
say(sorted([e.id, e.status] for e in exits(2)))
n.exit_request(0); signal.pause()
""", mode)
    assert said == [[[1, 4], [2, 0]]]


def test_crash_loop_is_delayed(tmp_path: Path, mode: str) -> None:
    """Ten quick deaths are free, then each start waits: 13 starts take the delays 40 + 80 ms more."""
    start = time.monotonic()
    said, _ = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] < 13:
    os._exit(1)
say([m[0], n.counters().manager_starts])
n.exit_request(0); signal.pause()
""", mode, backoff_ms=40)
    assert said == [[13, 13]]
    assert time.monotonic() - start > 0.12


def test_reexec_is_no_crash(tmp_path: Path, mode: str) -> None:
    """daemon-reexec: the manager is started again at once, with all that it has left, any number of times."""
    start = time.monotonic()
    said, _ = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] < 15:
    n.reexec_request()
    os._exit(0)
say(m[0])
n.exit_request(0); signal.pause()
""", mode, backoff_ms=30000)
    assert said == [15] and time.monotonic() - start < 25


def test_manager_that_cannot_be_executed_leaves_init_alive(tmp_path: Path) -> None:
    """No such program: init says so, keeps trying, and still obeys a stop."""
    from harness import boot
    init = boot(tmp_path, "", "subreaper", before="sys.executable = '/nonexistent'")
    deadline = time.monotonic() + 10
    while "systemd" not in Path(f"/proc/{init.pid()}/comm").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(init.pid(), signal.SIGTERM)
    assert init.finish() == 1
