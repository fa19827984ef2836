"""One init under test: started, found, loaded, measured, gone.

In:  a peer (peers.py) and the services it shall run.   Out: a Session to measure; afterwards no process, mount or cgroup is left.
Never: touches a process that it did not start. An init is ended by SIGKILL to its PID 1: the kernel ends the rest of
       its namespace.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from benchmarks import proc
from benchmarks.build import BenchError, program

if TYPE_CHECKING:
    from benchmarks.peers import Peer

START_SECONDS = 60.0        # systemd in a container with a thousand units takes seconds; nobody takes a minute
STOP_SECONDS = 10.0
HOLD_SECONDS = 20.0
QUIET_SECONDS = 0.25        # an init that used less than QUIET_SHARE of a CPU for so long has finished booting
QUIET_SHARE = 0.02
LINGER_SECONDS = 15.0       # how long a zombie may wait before it counts as never reaped; the slowest peer looks every 5 s
RECORD = struct.Struct("QIIII")     # service.c, struct record
PR_SET_PDEATHSIG = 1


class Wanted(NamedTuple):
    """The services an init shall run: `number` times service.c, each ending after life_ms until it has had `lives` lives.

    spread_ms: each lives so much longer than the one before it, so that they do not end together.
    """

    number: int = 1
    life_ms: int = 0
    lives: int = 1
    spread_ms: int = 0


ONE = Wanted()


class Stamp(NamedTuple):
    """What a service wrote: when (CLOCK_MONOTONIC), which, at its start (0) or end (1), its pid in its namespace."""

    ns: int
    service: int
    end: int
    pid: int


def read_stamps(data: bytes) -> List[Stamp]:
    return [Stamp(*fields[:4]) for fields in RECORD.iter_unpack(data[:len(data) // RECORD.size * RECORD.size])]


class Work(NamedTuple):
    """A directory that the peer may fill: `etc` will lie over /etc; stamps is what the services write."""

    top: Path
    etc: Path
    stamps: Path
    service: Path

    def command(self, number: int, wanted: Wanted) -> List[str]:
        """How service NUMBER is run."""
        life_ms = wanted.life_ms + (number - 1) * wanted.spread_ms
        return [str(self.service), str(self.stamps), str(number), str(life_ms), str(wanted.lives)]


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def workspace() -> Iterator[Work]:
    top = Path(tempfile.mkdtemp(prefix="fastinit-bench-"))
    top.chmod(0o755)
    try:
        for name in ("etc", "etc.work"):
            (top / name).mkdir()
        (top / "stamps").touch()
        service = top / "service"
        shutil.copy(program("service"), service)
        yield Work(top, top / "etc", top / "stamps", service)
    finally:
        shutil.rmtree(top, ignore_errors=True)      # overlayfs leaves a directory of mode 000 behind: root may


class Session:
    """A running init. `pid` is its PID 1 as seen from here."""

    def __init__(self, peer: "Peer", work: Work, wanted: Wanted, pid: int, started_ns: int) -> None:
        self.peer = peer
        self.work = work
        self.wanted = wanted
        self.pid = pid
        self.started_ns = started_ns
        space = proc.namespace(pid)
        if space is None:
            raise BenchError(f"cannot measure {peer.name}: its PID 1 ended at once")
        self.space = space
        self.holders: List[subprocess.Popen[bytes]] = []

    def stamps(self) -> List[Stamp]:
        return read_stamps(self.work.stamps.read_bytes())

    def alive(self) -> bool:
        return proc.namespace(self.pid) == self.space

    def await_services(self, seconds: float = START_SECONDS) -> int:
        """Until each service has been started once; returns the CLOCK_MONOTONIC ns of the last one."""
        deadline = time.monotonic() + seconds
        while True:
            if self.work.stamps.stat().st_size >= self.wanted.number * RECORD.size:
                first: Dict[int, int] = {}
                for stamp in self.stamps():
                    first.setdefault(stamp.service, stamp.ns)
                if len(first) >= self.wanted.number:
                    return max(first.values(), default=self.started_ns)
            if not self.alive():
                raise BenchError(f"cannot measure {self.peer.name}: its PID 1 ended while it started services")
            if time.monotonic() > deadline:
                started = len({stamp.service for stamp in self.stamps()})
                raise BenchError(f"cannot measure {self.peer.name}: {started} of {self.wanted.number} services were started "
                                 f"in {seconds:.0f} s")
            time.sleep(0.002)

    def settle(self, seconds: float = 30.0) -> None:
        """Until the init has finished what booting made it do: nearly no CPU time for a moment."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            before = proc.cpu_ns(self.processes())
            time.sleep(QUIET_SECONDS)
            after = proc.cpu_ns(self.processes())
            if after.keys() == before.keys() and proc.spent(before, after) < QUIET_SHARE * QUIET_SECONDS * 1e9:
                return

    def processes(self) -> List[int]:
        """The init, and whatever it needs beside the services: all of the namespace but the services."""
        return [pid for pid in proc.members(self.space) if not self._is_ours(pid)]

    def live_children(self) -> int:
        """Direct children of PID 1 that live; those of its namespace's init that joined from outside have no parent there."""
        return sum(1 for s in map(proc.stat, proc.children(self.pid)) if s is not None and s.state != "Z")

    def _is_ours(self, pid: int) -> bool:
        s = proc.stat(pid)
        return s is None or s.comm in ("service", "load")

    def load(self, mode: str, *words: object, seconds: float = 60.0) -> Dict[str, float]:
        """Run load.c against this init; its answer. Raises BenchError when it fails or hangs."""
        return self._run_load(mode, self.pid, *words, seconds=seconds)

    def _run_load(self, mode: str, *words: object, seconds: float) -> Dict[str, float]:
        command = [str(program("load")), mode, *map(str, words)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_die_with_us)
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _drop(child)
            raise BenchError(f"cannot load {self.peer.name}: 'load {mode}' did not end in {seconds:.0f} s") from None
        if child.returncode != 0:
            raise BenchError(f"cannot load {self.peer.name}: {err.strip() or f'load {mode} ended with {child.returncode}'}")
        return {key: float(value) for key, value in (line.split() for line in out.splitlines())}

    def churn(self, count: int, rate: float, every: int = 1, spin: bool = False, seconds: float = 10.0,
              linger: float = LINGER_SECONDS) -> "Churn":
        """COUNT orphans (or what fits into `seconds`), `rate` per second (0 = as fast as it can), and the init's CPU time."""
        path = self.work.top / "lifetimes"
        who = self.processes()
        before = proc.cpu_ns(who)
        answer = self.load("churn", count, rate, every, int(spin), linger, seconds, path, seconds=seconds + linger + 30)
        self.await_no_zombies(linger)
        after = proc.cpu_ns(who)
        lifetimes = array.array("Q")
        lifetimes.frombytes(path.read_bytes())
        return Churn(answer, sorted(lifetimes), proc.spent(before, after))

    def ends(self, pids: Sequence[int], seconds: float) -> "Ends":
        """The ends of these processes within `seconds`: how long each was a zombie."""
        path = self.work.top / "lifetimes"
        answer = self._run_load("ends", seconds, path, *pids, seconds=seconds + 10)
        lifetimes = array.array("Q")
        lifetimes.frombytes(path.read_bytes())
        return Ends(answer, sorted(lifetimes))

    def services(self) -> List[int]:
        """The services that live, as this process sees them."""
        return [pid for pid in proc.members(self.space) if (s := proc.stat(pid)) is not None and s.comm == "service"]

    def burst(self, count: int, linger: float = LINGER_SECONDS) -> Dict[str, float]:
        who = self.processes()
        before = proc.cpu_ns(who)
        answer = self.load("burst", count, linger, seconds=linger + 60)
        after = proc.cpu_ns(who)
        return {**answer, "cpu_ns": float(proc.spent(before, after))}

    def hold(self, count: int) -> None:
        """COUNT live orphans: direct children of the init until the session ends."""
        child = subprocess.Popen([str(program("load")), "hold", str(self.pid), str(count)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_die_with_us)
        self.holders.append(child)
        assert child.stdout is not None and child.stderr is not None
        ready, _, _ = select.select([child.stdout], [], [], HOLD_SECONDS)
        if not ready or not child.stdout.readline():
            why = child.stderr.read().decode().strip() if ready else f"not made in {HOLD_SECONDS:.0f} s"
            raise BenchError(f"cannot hold {count} orphans below {self.peer.name}: {why}")

    def await_no_zombies(self, seconds: float) -> None:
        """What the load made is reaped, so that the CPU time read next is that of all of them."""
        deadline = time.monotonic() + seconds
        while proc.zombies(self.pid) and time.monotonic() < deadline:
            time.sleep(0.005)

    def close(self) -> None:
        """Those held end with the namespace, next."""
        for child in self.holders:
            _drop(child)


def _drop(child: "subprocess.Popen[Any]") -> None:
    """Orphans may live on, with the pipes as theirs too: nobody waits for the pipes' end."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


class Ends(NamedTuple):
    """load.c's answer, lifetimes as zombies in ns in rising order."""

    answer: Dict[str, float]
    lifetimes: List[int]


class Churn(NamedTuple):
    """What one load did: load.c's answer, lifetimes in ns in rising order, CPU ns of the init's processes."""

    answer: Dict[str, float]
    lifetimes: List[int]
    cpu_ns: int


@contextlib.contextmanager
def boot(peer: "Peer", wanted: Wanted = ONE, settle: bool = True) -> Iterator[Session]:
    """The peer as PID 1 of new namespaces with its services running. Raises BenchError when it does not get there."""
    with workspace() as work, contextlib.ExitStack() as stack:
        log = stack.enter_context(open(work.top / "log", "wb"))
        argv = peer.prepare(work, wanted)
        launch = _launch_nspawn if peer.nspawn else _launch
        pid, started_ns = launch(stack, peer, work, argv, log)
        try:
            session = Session(peer, work, wanted, pid, started_ns)
            stack.callback(session.close)
            session.await_services()
            if settle:
                session.settle()
            yield session
            if not session.alive():
                raise BenchError(f"{peer.name}'s PID 1 ended while it was measured")
        except BenchError as error:
            log.flush()
            tail = (work.top / "log").read_text(errors="replace").strip().splitlines()[-3:]
            raise BenchError(f"{error}" + (f"; it said: {' | '.join(tail)}" if tail else "")) from None


def _launch(stack: contextlib.ExitStack, peer: "Peer", work: Work, argv: Sequence[str], log: IO[bytes]) -> "tuple[int, int]":
    """load.c's `init` makes the namespaces and tells the pid on a pipe."""
    read, write = os.pipe()
    started_ns = time.monotonic_ns()
    try:
        launcher = subprocess.Popen([str(program("load")), "init", str(write), str(work.etc), _bin(peer), *argv],
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(write,), preexec_fn=_die_with_us,
                                    cwd="/", env={"PATH": os.defpath + ":/usr/sbin:/sbin", **peer.environment})
    finally:
        os.close(write)
    with os.fdopen(read, "rb") as answer:
        ready, _, _ = select.select([answer], [], [], 10.0)
        word = answer.readline() if ready else b""
    if not word:
        _end(launcher, None)
        log.flush()
        raise BenchError(f"cannot start {peer.name}: {(work.top / 'log').read_text(errors='replace').strip()}")
    pid = int(word)
    stack.callback(_end, launcher, pid)
    return pid, started_ns


def _bin(peer: "Peer") -> str:
    return peer.bin if peer.bin and os.path.isdir(peer.bin) else "-"


def _end(launcher: "subprocess.Popen[bytes]", pid: Optional[int]) -> None:
    """Kill PID 1 (the kernel kills all others of its namespace before its end is reported), then see its parent go."""
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)    # still our launcher's child, so the number is still its own
    try:
        launcher.wait(STOP_SECONDS if pid is not None else 0.1)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait(STOP_SECONDS)


def cgroup2() -> Optional[Path]:
    """Where cgroup v2 is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        fields = line.split()
        if fields[2] == "cgroup2":
            return Path(fields[1])
    return None


def _launch_nspawn(stack: contextlib.ExitStack, peer: "Peer", work: Work, argv: Sequence[str],
                   log: IO[bytes]) -> "tuple[int, int]":
    """systemd-nspawn from a cgroup of its own; the init is the descendant that is PID 1 of a namespace and not nspawn."""
    top = cgroup2()
    if top is None:
        raise BenchError("cannot start systemd-nspawn: no cgroup v2 is mounted")
    group = top / f"fastinit-bench-{os.getpid()}"
    group.mkdir(exist_ok=True)
    stack.callback(_remove_cgroup, group)

    def prepare() -> None:
        _die_with_us()
        (group / "cgroup.procs").write_text(str(os.getpid()))

    # nspawn's container outlives an nspawn that is killed: in a PID namespace around both, our end is the end of all
    around = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL", "--"]
    launcher = subprocess.Popen([*around, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=prepare, cwd="/",
                                env={**os.environ, **peer.environment, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
    deadline = time.monotonic() + 20.0
    pid = None
    while pid is None:
        if launcher.poll() is not None or time.monotonic() > deadline:
            _end(launcher, None)
            log.flush()
            raise BenchError(f"cannot start {peer.name}: {(work.top / 'log').read_text(errors='replace').strip()[-300:]}")
        pid = next((p for p in proc.descendants(launcher.pid) if proc.is_namespace_init(p) and _is_program(p, peer)), None)
        time.sleep(0.001)
    stack.callback(_end, launcher, pid)
    return pid, proc.start_ns(pid)


def _is_program(pid: int, peer: "Peer") -> bool:
    """nspawn's own child becomes the init by exec: before that it is not yet it."""
    s = proc.stat(pid)
    return s is not None and s.comm not in ("systemd-nspawn", "(sd-stub)") and not s.comm.startswith("(sd-")


def _remove_cgroup(group: Path) -> None:
    """Deepest first; a cgroup can be removed when its last process has been reaped."""
    deadline = time.monotonic() + STOP_SECONDS
    while group.exists() and time.monotonic() < deadline:
        for path in sorted((Path(where) for where, _, _ in os.walk(group)), key=lambda p: len(p.parts), reverse=True):
            with contextlib.suppress(OSError):
                path.rmdir()
        if group.exists():
            time.sleep(0.02)
