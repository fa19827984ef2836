"""What a spawned process looks like, and the exit status of each step that can fail (systemd.exec(5), "PROCESS EXIT CODES")."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Mapping

import pytest
from harness import run

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to change ids and to lose capabilities")

# name: (keyword arguments as source, expected (exit_status, errno))
FAILURES = {
    "chdir":        ("cwd='/nonexistent'",                         (200, errno.ENOENT)),
    "chdir file":   ("cwd='/etc/passwd'",                          (200, errno.ENOTDIR)),
    "fds":          ("pass_fds=[999]",                             (202, errno.EBADF)),
    "stdin":        ("fds=(999, -1, -1)",                          (202, errno.EBADF)),
    "exec missing": ("path='/nonexistent'",                        (203, errno.ENOENT)),
    "exec dir":     ("path='/etc'",                                (203, errno.EACCES)),
    "exec data":    ("path='/etc/passwd'",                         (203, errno.EACCES)),
    "limits":       ("limits=[(7, 100, 50)]",                      (205, errno.EINVAL)),
    "no limit":     ("limits=[(77, 1, 1)]",                        (205, errno.EINVAL)),
    "oom":          ("oom_score_adj=5000",                         (206, errno.EINVAL)),
    "tty":          ("controlling_tty=True",                       (208, errno.ENOTTY)),
    "chroot":       ("root='/nonexistent'",                        (210, errno.ENOENT)),
    "ioprio":       ("ioprio=7 << 13",                             (211, errno.EINVAL)),
    "sched":        ("sched=(0, 50, False)",                       (214, errno.EINVAL)),
    "affinity":     ("affinity=[1000]",                            (215, errno.EINVAL)),
    "ambient":      ("ambient=1 << 62",                            (218, None)),
    "found before": ("path=None, fail_status=217, fail_errno=3",   (217, 3)),
    "order":        ("cwd='/nonexistent', path='/nonexistent'",    (200, errno.ENOENT)),
}
UNPRIVILEGED = {        # from a manager that has dropped all its capabilities
    "group":        ("ids=(12345, 12345, [7])",                    (216, errno.EPERM)),
    "user":         ("ids=(12345, 0, [])",                         (217, errno.EPERM)),
    "chroot":       ("root='/'",                                   (210, errno.EPERM)),
    "bounding":     ("bounding=0",                                 (218, errno.EPERM)),
    "nice clamped": ("nice=-20",                                   (0, 0)),
    "oom ignored":  ("oom_score_adj=-1000",                        (0, 0)),
    "limit lowered": ("limits=[(7, n.LIMIT_INFINITY, n.LIMIT_INFINITY)]", (0, 0)),
    "realtime":     ("sched=(1, 50, False)",                       (214, errno.EPERM)),
}


def test_what_the_manager_keeps_for_units_costs_a_spawn_nothing(tmp_path: Path, mode: str) -> None:
    """Thousands of descriptors from HIGH on are not copied for the child (it would take three times as long and more), which finds its
    own three and the passed ones wherever they are, and nothing else."""
    said, _ = run(tmp_path, """
import resource
from fastinit import descriptors
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
say(n.lib.FI_HIGH_FD == descriptors.HIGH and hard > 9000)
ids = iter(range(1, 1000))
def best():
    def once():
        began = time.perf_counter()
        run(next(ids), "/bin/true")
        return time.perf_counter() - began
    return min(once() for _ in range(60))
few = best()
kept = [descriptors.lift(os.dup(0)) for _ in range(8000)]
many = best()
say(True if min(kept) >= descriptors.HIGH and many < 2.5 * few + 0.0003 else [few, many])
out = descriptors.lift(os.open(os.environ["TMP"] + "/out", os.O_RDWR | os.O_CREAT, 0o600))
parts = [descriptors.lift(os.memfd_create("a")), os.memfd_create("b")]
for fd, text in zip(parts, (b"high ", b"low")):
    os.write(fd, text)
    os.lseek(fd, 0, 0)
r = n.spawn(n.SpawnSpec(next(ids), "/bin/sh", ["sh", "-c", "ls /proc/$$/fd; cat <&3; cat <&4"], ["PATH=/bin:/usr/bin"], fds=(-1, out, out),
                        pass_fds=parts))
until(lambda: b"low" in os.pread(out, 9999, 0))
say(os.pread(out, 9999, 0).decode().split())
say(len(os.listdir("/proc/self/fd")) < 8100)
n.exit_request(0); signal.pause()
""", mode)
    assert said == [True, True, ["0", "1", "2", "3", "4", "high", "low"], True]


def attempt(tmp_path: Path, cases: "Mapping[str, tuple[str, tuple[int, object]]]", mode: str, before: str = "") -> "dict[str, list[int]]":
    lines = "\n".join(
        f"specs[{name!r}] = dict(dict(path='/bin/true'), **dict({keywords}))" for name, (keywords, _) in cases.items())
    said, _ = run(tmp_path, before + f"""
specs = {{}}
{lines}
results = {{}}
for i, (name, spec) in enumerate(specs.items()):
    r = n.spawn(n.SpawnSpec(i + 1, argv=["x"], **spec))
    results[name] = [r.exec_status, r.error]
found = {{e.id: e.status for e in exits(len(specs))}}
for i, name in enumerate(specs):
    if found[i + 1] != results[name][0]:
        raise SystemExit(f"{{name}}: the parent was told {{results[name]}}, the process exited with {{found[i + 1]}}")
say(results)
n.exit_request(0); signal.pause()
""", mode)
    assert said, "the manager did not report"
    return dict(said[0])


@needs_root
def test_each_failing_step_has_its_status(tmp_path: Path, mode: str) -> None:
    """(stage, errno) in the result, the same status as the process's exit code."""
    results = attempt(tmp_path, FAILURES, mode)
    for name, (_, (status, error)) in FAILURES.items():
        assert results[name][0] == status, (name, results[name])
        assert error is None or results[name][1] == error, (name, results[name])


@needs_root
def test_without_privileges(tmp_path: Path, mode: str) -> None:
    """Changing ids without the capability fails at its step; what a container may not do but can live without is clamped."""
    drop = """
import ctypes
from ctypes import c_uint32
header, data = (c_uint32 * 2)(0x20080522, 0), (c_uint32 * 6)()
resource = __import__("resource"); resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
assert ctypes.CDLL(None, use_errno=True).syscall({"x86_64": 126, "aarch64": 91}[os.uname().machine], header, data) == 0
"""
    results = attempt(tmp_path, UNPRIVILEGED, mode, drop)
    assert results == {name: list(expected) for name, (_, expected) in UNPRIVILEGED.items()}


def test_environment_of_a_process(tmp_path: Path, mode: str) -> None:
    """Everything that can be seen from inside, at once."""
    said, _ = run(tmp_path, """
read_end, write_end = os.pipe()
extra = os.open("/etc/passwd", os.O_RDONLY)
os.dup2(extra, 200)             # must not arrive
script = '''
import json, os, resource, signal, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
os.write(1, json.dumps({
 "argv": sys.argv[1:], "env": {k: v for k, v in os.environ.items() if k != "LC_CTYPE"}, "ppid_is_init": os.getppid() == int(sys.argv[1]),
 "sid": os.getsid(0) == os.getpid(), "fds": sorted(map(int, os.listdir("/proc/self/fd"))), "blocked": status["SigBlk"].strip(),
 "ignored": int(status["SigIgn"], 16) & ~(1 << 24), "umask": status["Umask"].strip(), "cwd": os.getcwd(), "nnp": status["NoNewPrivs"].strip(),
 "nice": os.nice(0), "locks": resource.getrlimit(10), "nofile": resource.getrlimit(7), "pid": os.getpid(), "affinity": sorted(os.sched_getaffinity(0)),
 "nonblocking": [os.get_blocking(3), os.get_blocking(4)], "stdin": os.readlink("/proc/self/fd/0"), "oom": open("/proc/self/oom_score_adj").read().strip(),
 "slack": open("/proc/self/timerslack_ns").read().strip() if os.access("/proc/self/timerslack_ns", os.R_OK) else "1000"}).encode())
'''
r = n.spawn(n.SpawnSpec(5, sys.executable, ["python", "-Ic", script, str(INIT), "\\udcff"], ["A=1", "B=x y", "EMPTY="], ["LISTEN_PID", "P2"],
    fds=(-1, write_end, -1), pass_fds=[extra, read_end], nonblocking=True, cwd="/usr", umask=0o077, nice=5, oom_score_adj=500,
    limits=[(10, 12345, 12345), (7, 64, 64)], no_new_privs=True, lock_personality=True, affinity=[0], timer_slack_ns=1000))
assert r.exec_status == 0, r
exits(1)
got = json.loads(os.read(read_end, 65536))
got["pid_env"] = [got["env"].pop("LISTEN_PID"), got["env"].pop("P2")] == [str(r.pid)] * 2 and got.pop("pid") == r.pid
got.pop("argv")
say(got)
n.exit_request(0); signal.pause()
""", mode)
    assert said == [{
        "env": {"A": "1", "B": "x y", "EMPTY": ""}, "ppid_is_init": True, "sid": True, "fds": [0, 1, 2, 3, 4, 5], "blocked": "0" * 16,
        "ignored": 1 << 12, "umask": "0077", "cwd": "/usr", "nnp": "1", "nice": 5, "locks": [12345, 12345], "nofile": [64, 64],
        "affinity": [0], "nonblocking": [False, False], "stdin": "/dev/null", "oom": "500", "slack": "1000", "pid_env": True}]


@needs_root
def test_ids_and_capabilities(tmp_path: Path, mode: str) -> None:
    """User, groups, bounding and ambient capabilities arrive together; the user's process keeps just the ambient ones."""
    said, _ = run(tmp_path, """
read_end, write_end = os.pipe()
NET_BIND = 1 << 10
r = n.spawn(n.SpawnSpec(1, "/bin/cat", ["cat", "/proc/self/status"], fds=(-1, write_end, -1),
    ids=(65534, 1234, [55, 44]), bounding=NET_BIND | 1, ambient=NET_BIND))
assert r.exec_status == 0, r
exits(1)
status = dict(line.split(":", 1) for line in os.read(read_end, 65536).decode().splitlines())
say([status[k].split() for k in ("Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapBnd", "CapAmb")])
r = n.spawn(n.SpawnSpec(2, "/bin/cat", ["cat", "/proc/self/status"], fds=(-1, write_end, -1), ids=(65534, 1234, [])))
exits(2)
status = dict(line.split(":", 1) for line in os.read(read_end, 65536).decode().splitlines())
say([status[k].split() for k in ("Uid", "Groups", "CapEff")])
n.exit_request(0); signal.pause()
""", mode)
    assert said == [
        [["65534"] * 4, ["1234"] * 4, ["44", "55"], ["0000000000000400"], ["0000000000000400"], ["0000000000000401"], ["0000000000000400"]],
        [["65534"] * 4, [], ["0" * 16]]]


def test_file_descriptors_may_cross(tmp_path: Path, mode: str) -> None:
    """Sources that stand in each other's places, and one source in several places."""
    said, _ = run(tmp_path, """
fds = []
for i in range(8):
    path = os.environ["TMP"] + f"/f{i}"
    open(path, "w").write(str(i))
    fds.append(os.open(path, os.O_RDONLY))
order = sorted(fds, reverse=True) + [fds[0], fds[0]]
read_end, write_end = os.pipe()
n.spawn(n.SpawnSpec(1, "/bin/sh", ["sh", "-c", "for i in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$i; done; readlink /proc/$$/fd/0"],
    ["PATH=/bin:/usr/bin"], fds=(order[3], write_end, write_end), pass_fds=order))
exits(1)
say([line[-1] for line in os.read(read_end, 9999).decode().split()])
n.exit_request(0); signal.pause()
""", mode)
    assert said == [["7", "6", "5", "4", "3", "2", "1", "4"]]


def test_bad_descriptions_are_refused(tmp_path: Path) -> None:
    """What can only be a bug raises before there is a process; a NUL in a string too."""
    said, _ = run(tmp_path, """
for spec in (n.SpawnSpec(0, "/bin/true", ["x"]), n.SpawnSpec(1, "true", ["x"]), n.SpawnSpec(1, "/bin/true", []), n.SpawnSpec(1, None, ["x"])):
    try:
        n.spawn(spec); say("made")
    except OSError as e:
        say(e.errno)
for spec in (n.SpawnSpec(1, "/bin/true", ["a\\0b"]), n.SpawnSpec(1, "/bin/true", ["a"], ["A=\\0"])):
    try:
        n.spawn(spec); say("made")
    except ValueError:
        say("NUL")
say(n.spawn_pending())
n.exit_request(0); signal.pause()
""", "subreaper")
    assert said == [errno.EINVAL] * 4 + ["NUL", "NUL", []]


def test_no_process_is_an_error_and_leaves_nothing(tmp_path: Path, mode: str) -> None:
    """clone fails (RLIMIT_NPROC as an ordinary user): EAGAIN, no slot, no place in the ring is lost."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    said, _ = run(tmp_path, """
import resource
os.setresuid(54321, 54321, 54321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
errors = set()
for i in range(40000):          # more than the ring has places
    try:
        run(i + 1, "/bin/true", "true"); errors.add("made")
    except OSError as e:
        errors.add(e.errno)
say([sorted(errors), n.spawn_pending()])
n.exit_request(0); signal.pause()
""", mode)
    assert said == [[[errno.EAGAIN], []]]


def test_resource_numbers_are_those_used_here() -> None:
    """The tests above write them as numbers."""
    assert resource.RLIMIT_NOFILE == 7
