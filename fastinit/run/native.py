"""The C core as Python sees it: csrc/api.h with Python's types, OSError instead of -errno.

In:  values.   Out: values; every buffer that C reads is kept alive for the length of the call.
Never: decides anything, keeps state of its own, is called from two threads at once (splice and pidfd_open may be).
Source: csrc/api.h, where each function's meaning is written.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from fastinit._native import ffi, lib

LIMIT_INFINITY = (1 << 64) - 1
AFFINITY_BITS = 1024
_PID_ROOM = b"\0" * 12      # api.h: "room for 12 bytes each"


class Exit(NamedTuple):
    """One tracked process that has ended (api.h, fi_exit).

    code:   CLD_EXITED (1), CLD_KILLED (2) or CLD_DUMPED (3), waitid(2).   status: exit code, or the signal's number.
    reaped_ns: CLOCK_MONOTONIC.   id: SpawnSpec.spawn_id, or the id given to track().
    """

    seq: int
    id: int
    pid: int
    code: int
    status: int
    reaped_ns: int
    utime_us: int
    stime_us: int
    maxrss_kib: int


class SpawnResult(NamedTuple):
    """pid > 0. exec_status: 0, or where the set-up failed (systemd.exec(5), "PROCESS EXIT CODES"), error: errno there."""

    pid: int
    exec_status: int
    error: int


class Counters(NamedTuple):
    """What PID 1 has counted since its start (api.h, fi_counters)."""

    reaped_orphans: int
    reaped_tracked: int
    batches: int
    largest_batch: int
    wakeups: int
    coalesced: int
    manager_starts: int
    signals: int
    events_written: int
    events_consumed: int
    latency_ns_log2: Tuple[int, ...]
    latency_ns_sum: int
    handler_ns_log2: Tuple[int, ...]
    handler_ns_sum: int


@dataclass
class SpawnSpec:
    """One process to be made: api.h's fi_spawn_spec, None where a set_… flag would be 0.

    path:          absolute, or None with fail_status set: the child does nothing but exit with it.
    env:           "NAME=value" each.   pid_env_names: variables whose value is the child's pid (LISTEN_PID …), added to env.
    fds:           stdin, stdout, stderr; -1 = /dev/null.   pass_fds: become 3, 4, 5 …
    ids:           (uid, gid, supplementary groups), None = leave.
    sched:         (policy, priority, reset_on_fork).   affinity: CPU numbers.
    limits:        (resource, soft, hard), LIMIT_INFINITY for none; clamped to what is allowed.
    bounding, ambient, inheritable: capability masks.
    personality:   PER_… of personality(2).   keyring: 0 inherit, 1 private, 2 shared.
    """

    spawn_id: int
    path: Optional[str]
    argv: Sequence[str]
    env: Sequence[str] = ()
    pid_env_names: Sequence[str] = ()
    fds: Tuple[int, int, int] = (-1, -1, -1)
    pass_fds: Sequence[int] = ()
    nonblocking: bool = False
    cwd: Optional[str] = None
    cwd_optional: bool = False
    root: Optional[str] = None
    ids: Optional[Tuple[int, int, Sequence[int]]] = None
    umask: int = 0o022
    nice: Optional[int] = None
    oom_score_adj: Optional[int] = None
    ioprio: Optional[int] = None
    sched: Optional[Tuple[int, int, bool]] = None
    affinity: Optional[Iterable[int]] = None
    timer_slack_ns: Optional[int] = None
    limits: Sequence[Tuple[int, int, int]] = ()
    bounding: Optional[int] = None
    ambient: Optional[int] = None
    inheritable: int = 0
    secure_bits: int = 0
    no_new_privs: bool = False
    lock_personality: bool = False
    personality: Optional[int] = None
    coredump_filter: Optional[int] = None
    keyring: int = 0
    ignore_sigpipe: bool = True
    controlling_tty: bool = False
    fail_status: int = 0
    fail_errno: int = 0


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(-result, f"{what}: {os.strerror(-result)}")
    return result


def block_signals() -> None:
    """First of all in PID 1, before imports take their time."""
    _check(lib.fi_init_block_signals(), "cannot block signals")


def init_run(argv: Sequence[str], env: Sequence[str], stop_grace_ms: int, manager_grace_ms: int, backoff_ms: int = 100) -> int:
    """Become init and start argv (absolute path first) as the manager; the exit code for os._exit()."""
    manager_argv, keep_argv = _string_array(argv)
    manager_env, keep_env = _string_array(env)
    config = ffi.new("fi_init_config *")
    config.manager_argv, config.manager_envp = manager_argv, manager_env
    config.stop_grace_ms, config.manager_grace_ms, config.backoff_ms = stop_grace_ms, manager_grace_ms, backoff_ms
    code = _check(lib.fi_init_run(config), "cannot become init")
    del keep_argv, keep_env
    return code


def attach(shm_fd: int, init_fd: int) -> None:
    """Once, before anything below: the descriptors of FASTINIT_SHM_FD and FASTINIT_INIT_FD."""
    _check(lib.fi_attach(shm_fd, init_fd), "cannot attach to init's memory")


def wake_fd() -> int:
    """An eventfd: readable when there may be exits or signals that have not been looked at."""
    return _check(lib.fi_wake_fd(), "cannot get init's event descriptor")


def read_exits(after: int, n: int = 1024) -> List[Exit]:
    """Up to n exits with seq > after, in order."""
    events = _exits(n)
    count = _check(lib.fi_exit_read(after, events, n), "cannot read exits")
    if count == 0:
        return []
    return [
        Exit(e.seq, e.spawn_id, e.pid, e.code, e.status, e.reaped_ns, e.utime_us, e.stime_us, e.maxrss_kib)
        for e in events[0:count]
    ]


@functools.lru_cache(maxsize=2)
def _exits(n: int) -> Any:
    """A place for n exits, used again and again: a new one would be filled with zeros at each wake-up."""
    return ffi.new("fi_exit[]", n)


def consume(seq: int) -> None:
    """Every exit up to seq is handled and its effect saved."""
    _check(lib.fi_exit_consume(seq), "cannot consume exits")


def signal_count(signo: int) -> int:
    """How often PID 1 has received signo since its start."""
    return int(lib.fi_signal_count(signo))


def signal_total() -> int:
    """All signals together; while this is the same, every signal_count() is."""
    return int(lib.fi_signal_total())


def signal_seen(signo: int, count: int) -> None:
    """The first `count` of them have been seen: PID 1 stops expecting us to hang."""
    _check(lib.fi_signal_seen(signo, count), "cannot acknowledge a signal")


def spawn(spec: SpawnSpec) -> SpawnResult:
    """Make the process, as a child of PID 1. OSError (EAGAIN, ENOMEM, ENOSPC …) only where there is no process at all."""
    c, keep = _marshal(spec)
    result = ffi.new("fi_spawn_result *")
    _check(lib.fi_spawn(c, result), "cannot fork")
    del keep
    return SpawnResult(result.pid, result.exec_status, result.error)


def spawn_pending() -> List[Tuple[int, int]]:
    """(spawn_id, pid) of every process that was made but is not settled."""
    n = 64
    while True:
        ids, pids = ffi.new("uint64_t[]", n), ffi.new("int32_t[]", n)
        count = _check(lib.fi_spawn_pending(ids, pids, n), "cannot read pending spawns")
        if count < n:
            return [(ids[i], pids[i]) for i in range(count)]
        n *= 2


def spawn_settle(spawn_id: int) -> None:
    """The manager's saved state knows this process now."""
    _check(lib.fi_spawn_settle(spawn_id), "cannot settle a spawn")


def track(pid: int, id: int) -> bool:
    """True: its exit will be an event (or is one already); False: it is gone. One exit is one event: the last id given counts."""
    return bool(_check(lib.fi_track(pid, id), f"cannot track process {pid}"))


def untrack(pid: int) -> bool:
    """False when it was not tracked (or its event is written already)."""
    return bool(_check(lib.fi_untrack(pid), f"cannot untrack process {pid}"))


def vault_store(name: str, fd: int) -> None:
    """PID 1 keeps a duplicate of fd; the next manager gets it (cli/manager.py, inherited_fds)."""
    _check(lib.fi_vault_store(os.fsencode(name), fd), f"cannot store descriptor {name}")


def vault_store_pair(name: str, fd: int, other_name: str, other_fd: int) -> None:
    """As vault_store() of the one and the other, in one wait for PID 1. Where one cannot be stored the other may be."""
    _check(lib.fi_vault_store_pair(os.fsencode(name), fd, os.fsencode(other_name), other_fd), f"cannot store descriptor {name}")


def vault_remove(name: str) -> int:
    """Closes every duplicate of that name; how many there were."""
    return _check(lib.fi_vault_remove(os.fsencode(name)), f"cannot remove descriptor {name}")


def exit_request(code: int) -> None:
    """PID 1: TERM, wait, KILL what is left (this process too), then exit with code."""
    _check(lib.fi_exit_request(code), "cannot ask init to exit")


def reexec_request() -> None:
    """PID 1 starts the manager again, at once and without counting a crash, when this process ends."""
    _check(lib.fi_reexec_request(), "cannot ask init to start the manager again")


def counters() -> Counters:
    c = ffi.new("fi_counters *")
    _check(lib.fi_counters_read(c), "cannot read init's counters")
    return Counters(
        c.reaped_orphans, c.reaped_tracked, c.batches, c.largest_batch, c.wakeups, c.coalesced, c.manager_starts,
        c.signals, c.events_written, c.events_consumed, tuple(c.latency_ns_log2), c.latency_ns_sum,
        tuple(c.handler_ns_log2), c.handler_ns_sum,
    )


def state_memory() -> memoryview:
    """Writable bytes, zero at first, that outlive the manager; sparse: what is not touched costs nothing."""
    size = ffi.new("uint64_t *")
    address = lib.fi_state_memory(size)
    if address == ffi.NULL:
        raise OSError("cannot map the state memory")
    return memoryview(ffi.buffer(address, size[0]))


def splice(pipe_fd: int, file_fd: int, offset: int, n: int) -> Tuple[int, int]:
    """Move up to n bytes from a pipe into a file at offset, without the GIL: (bytes moved, new offset)."""
    at = ffi.new("int64_t *", offset)
    moved = _check(lib.fi_splice(pipe_fd, file_fd, at, n), "cannot splice")
    return moved, at[0]


def pidfd_open(pid: int) -> int:
    """A close-on-exec pidfd; ProcessLookupError when there is no such process."""
    return _check(lib.fi_pidfd_open(pid), f"cannot open process {pid}")


def signal_queue(pid: int, signo: int, value: int) -> None:
    """sigqueue(3). Raises OSError; ProcessLookupError when there is no such process."""
    _check(lib.fi_signal_queue(pid, signo, value), f"cannot queue a signal to process {pid}")


def inotify_init() -> int:
    """A non-blocking inotify(7) descriptor; read it with os.read, close it with os.close."""
    return _check(lib.fi_inotify_init(), "cannot make an inotify descriptor")


def inotify_add(fd: int, path: str, mask: int) -> int:
    """Watch path; the watch's number."""
    return _check(lib.fi_inotify_add(fd, os.fsencode(path), mask), f"cannot watch {path}")


def _string_array(strings: Sequence[str]) -> Tuple[Any, Any]:
    """NULL-terminated char*[] over one buffer; the second value keeps the buffer alive."""
    encoded = [os.fsencode(s) for s in strings]
    for text in encoded:
        if b"\0" in text:
            raise ValueError(f"a string for exec contains a NUL byte: {text!r}")
    blob = ffi.from_buffer("char[]", bytearray(b"\0".join(encoded) + b"\0"))
    array = ffi.new("char *[]", len(encoded) + 1)
    at = 0
    for i, text in enumerate(encoded):
        array[i] = blob + at
        at += len(text) + 1
    return array, blob


def _marshal(spec: SpawnSpec) -> Tuple[Any, List[Any]]:
    """fi_spawn_spec, and what must live as long as it."""
    c = ffi.new("fi_spawn_spec *")
    argv, keep_argv = _string_array(spec.argv)
    env, env_count, pid_env, keep_env = _environment(spec.env, spec.pid_env_names)
    keep: List[Any] = [argv, keep_argv, env, pid_env, keep_env]
    c.spawn_id = spec.spawn_id
    c.argv, c.envp = argv, env
    c.n_pid_env, c.pid_env = env_count, pid_env
    for name in ("path", "cwd", "root"):
        value = getattr(spec, name)
        if value is not None:
            text = ffi.new("char[]", os.fsencode(value))
            keep.append(text)
            setattr(c, name, text)
    c.fd = spec.fds
    if spec.pass_fds:
        keep.append(ffi.new("int[]", list(spec.pass_fds)))
        c.n_pass_fds, c.pass_fds = len(spec.pass_fds), keep[-1]
    if spec.limits:
        keep.append(ffi.new("fi_limit[]", list(spec.limits)))
        c.n_limits, c.limits = len(spec.limits), keep[-1]
    if spec.ids is not None:
        c.set_ids, (c.uid, c.gid, groups) = 1, spec.ids
        keep.append(ffi.new("uint32_t[]", list(groups)))
        c.n_groups, c.groups = len(groups), keep[-1]
    if spec.sched is not None:
        c.set_sched, (c.sched_policy, c.sched_priority, c.sched_reset_on_fork) = 1, spec.sched
    if spec.affinity is not None:
        keep.append(_affinity(spec.affinity))
        c.set_affinity, c.affinity = 1, keep[-1]
    for name, flag in (("nice", "set_nice"), ("oom_score_adj", "set_oom"), ("ioprio", "set_ioprio"),
                       ("timer_slack_ns", "set_timer_slack"), ("bounding", "set_bounding"), ("ambient", "set_ambient"),
                       ("personality", "set_personality"), ("coredump_filter", "set_coredump_filter")):
        value = getattr(spec, name)
        if value is not None:
            setattr(c, flag, 1)
            setattr(c, name, value)
    c.umask, c.inheritable, c.secure_bits = spec.umask, spec.inheritable, spec.secure_bits
    c.nonblocking, c.cwd_optional, c.no_new_privs = spec.nonblocking, spec.cwd_optional, spec.no_new_privs
    c.lock_personality, c.ignore_sigpipe, c.controlling_tty = spec.lock_personality, spec.ignore_sigpipe, spec.controlling_tty
    c.keyring = spec.keyring
    c.fail_status, c.fail_errno = spec.fail_status, spec.fail_errno
    return c, keep


def _environment(env: Sequence[str], pid_names: Sequence[str]) -> Tuple[Any, int, Any, Any]:
    """envp, number of pid places, the places, and the buffer below them."""
    encoded = [os.fsencode(s) for s in env]
    for text in encoded:
        if b"\0" in text:
            raise ValueError(f"an environment variable contains a NUL byte: {text!r}")
    with_pid = [os.fsencode(name) + b"=" for name in pid_names]
    blob = ffi.from_buffer("char[]", bytearray(
        b"\0".join(encoded) + b"\0" + b"".join(text + _PID_ROOM for text in with_pid)))
    envp = ffi.new("char *[]", len(encoded) + len(with_pid) + 1)
    pid_env = ffi.new("char *[]", len(with_pid) + 1)
    at = 0
    for i, text in enumerate(encoded):
        envp[i] = blob + at
        at += len(text) + 1
    at = max(at, 1)     # b"\0".join([]) + b"\0" is one byte
    for i, text in enumerate(with_pid):
        envp[len(encoded) + i] = blob + at
        pid_env[i] = blob + at + len(text)
        at += len(text) + len(_PID_ROOM)
    return envp, len(with_pid), pid_env, blob


def _affinity(cpus: Iterable[int]) -> Any:
    words = ffi.new("uint64_t[]", AFFINITY_BITS // 64)
    for cpu in cpus:
        if not 0 <= cpu < AFFINITY_BITS:
            raise ValueError(f"CPU number {cpu} is not below {AFFINITY_BITS}")
        words[cpu // 64] |= 1 << (cpu % 64)
    return words
