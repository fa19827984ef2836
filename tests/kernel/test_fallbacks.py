"""Where the kernel, the sandbox or somebody else gets in the way: slower, never wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

import pytest
from harness import ROOT, run

FEW_DESCRIPTORS = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))"


def test_without_pidfds_services_are_found_by_scanning(tmp_path: Path, mode: str) -> None:
    """Init is out of descriptors (EMFILE for pidfd_open): each of 200 exits is still one event, strays are still swept."""
    said, code = run(tmp_path, """
pids = [run(i + 1, "/bin/sleep", "1000").pid for i in range(100)]
say(len(os.listdir(f"/proc/{INIT}/fd")) >= 24)
for pid in pids:
    os.kill(pid, 9)
for i in range(100):
    run(101 + i, "/bin/true", "true")
until(lambda: len(n.read_exits(0)) >= 200)
found = exits(200)
say(sorted(e.id for e in found) == list(range(1, 201)))
n.consume(found[-1].seq)
for e in found:
    n.spawn_settle(e.id)
run(300, "/bin/true", "true")
say([e.id for e in exits(1)])
n.exit_request(5); signal.pause()
""", mode, before=FEW_DESCRIPTORS)
    assert (said, code) == ([True, True, [300]], 5)


def test_traced_service_is_reaped_when_its_tracer_lets_go(tmp_path: Path, mode: str) -> None:
    """A debugger holds the dead service: init neither spins nor forgets it, and reports the exit once the tracer is gone."""
    said, _ = run(tmp_path, """
script = '''
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, int(sys.argv[1]), 0, 0) != 0:
    os.write(3, b"refused"); sys.exit(1)
os.write(3, b"traced")
sys.stdin.read()                # holds the zombie until our parent says so
'''
pid = run(1, "/bin/sleep", "1000").pid
from_tracer, to_test = os.pipe()
hold, release = os.pipe()
tracer = run(2, sys.executable, "-c", script, str(pid), fds=(hold, -1, 2), pass_fds=[to_test])
os.close(hold)
say(os.read(from_tracer, 20).decode())
cpu = lambda: sum(int(open(f"/proc/{INIT}/task/{t}/schedstat").read().split()[0]) for t in os.listdir(f"/proc/{INIT}/task"))
os.kill(pid, 9)
until(lambda: " Z " in open(f"/proc/{pid}/stat").read())
before = cpu()
time.sleep(0.3)
say([cpu() - before < 30e6, n.read_exits(0) == []])
os.close(release)
say(sorted([e.id, e.code, e.status] for e in exits(2)))
n.exit_request(0); signal.pause()
""", mode)
    if said and said[0] == "refused":
        pytest.skip("this sandbox forbids ptrace")
    assert said == ["traced", [True, True], [[1, 2, 9], [2, 1, 0]]]


def test_stopped_manager_loses_nothing(tmp_path: Path, mode: str) -> None:
    """The manager is stopped while 300 services end and 500 orphans die: init reaps on, every event is there when it continues."""
    said, _ = run(tmp_path, """
for i in range(300):
    run(i + 1, "/bin/sleep", "0.2")
run(400, "/bin/sh", "-c", "i=0; while [ $i -lt 500 ]; do (true &); i=$((i+1)); done; sleep 0.3; kill -CONT " + str(os.getpid()))
os.kill(os.getpid(), signal.SIGSTOP)
found = exits(301)
say([sorted(e.id for e in found) == [*range(1, 301), 400], [e.seq for e in found] == list(range(1, 302)), n.counters().reaped_orphans >= 500])
n.exit_request(0); signal.pause()
""", mode)
    assert said == [[True, True, True]]


def test_full_ring_refuses_new_processes(tmp_path: Path) -> None:
    """A manager that consumes nothing can spawn until the ring's places are given away, then gets ENOSPC; consuming frees them."""
    said, _ = run(tmp_path, """
made = 0
failing = lambda id: n.spawn(n.SpawnSpec(id, None, ["x"], fail_status=217))
try:
    while True:
        failing(made + 1)
        made += 1
        n.spawn_settle(made)
except OSError as e:
    say([made, e.errno])
until(lambda: n.counters().events_written == made)
n.consume(100)
for i in range(100):
    failing(made + 1 + i)
try:
    failing(made + 200)
except OSError as e:
    say(e.errno)
n.exit_request(0); signal.pause()
""", "subreaper")
    assert said == [[32768, 28], 28]


def python_of_anybody() -> Optional[str]:
    """An interpreter that an ordinary user may execute, and that can load the extension: ours may lie below root's home."""
    for path in (sys.executable, "/usr/bin/python3"):
        drop = "import os; os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534); "
        code = drop + f"os.execv({path!r}, ['python3', '-c', 'from fastinit.run import native'])"
        done = subprocess.run([sys.executable, "-c", code], cwd="/", env={"PYTHONPATH": str(ROOT)}, capture_output=True)
        if done.returncode == 0:
            return path
    return None


def test_ordinary_user(tmp_path: Path) -> None:
    """Without any privilege: spawn, reap, stop, as a subreaper (a user namespace of its own where one is allowed)."""
    if os.geteuid() != 0:
        pytest.skip("is what all the other tests are, when run by an ordinary user")
    python = python_of_anybody()
    if python is None:
        pytest.skip(f"an ordinary user may not execute {sys.executable} here")
    with tempfile.TemporaryDirectory() as own:      # each pytest that starts closes the directory above tmp_path to others
        os.chmod(own, 0o755)
        said, code = run(Path(own), """
r = run(1, "/bin/sh", "-c", "(sleep 0.01 &); exit 3")
say([os.getuid(), r.exec_status, [(e.id, e.status) for e in exits(1)]])
n.exit_request(4); signal.pause()
""", "subreaper", before=f"sys.executable = {python!r}; os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)")
    assert (said, code) == ([[65534, 0, [[1, 3]]]], 4)
