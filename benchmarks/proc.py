"""What /proc says about processes of another PID namespace, read from outside of it.

In:  pids as this process sees them.   Out: numbers in the unit of their name.
Never: fails because a process went away between two looks; it counts as gone.
Source: proc(5); schedstat: Documentation/scheduler/sched-stats.rst, field 1 = ns on a CPU.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Set


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that we use."""

    comm: str
    state: str
    ppid: int
    utime: int          # clock ticks, as stime and start
    stime: int
    start: int


def stat(pid: int) -> Optional[Stat]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Stat(head.partition("(")[2], fields[0], int(fields[1]), int(fields[11]), int(fields[12]), int(fields[19]))


def namespace(pid: int) -> Optional[str]:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def members(space: str) -> List[int]:
    """Every process (no zombie: they have no namespaces any more) of the PID namespace that `namespace` named."""
    return [pid for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()) if namespace(pid) == space]


def children(pid: int) -> List[int]:
    """The direct children of all threads, zombies included."""
    found: List[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += [int(word) for word in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        if not os.path.exists(f"/proc/{pid}"):
            return []
        if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):       # no CONFIG_PROC_CHILDREN
            table = {int(name): stat(int(name)) for name in os.listdir("/proc") if name.isdigit()}
            return [child for child, s in table.items() if s is not None and s.ppid == pid]
        return children(pid)
    return found


def zombies(pid: int) -> int:
    """How many dead children wait for this process."""
    return sum(1 for s in map(stat, children(pid)) if s is not None and s.state == "Z")


def cpu_ns(pids: Iterable[int]) -> Dict[int, int]:
    """Time on a CPU of each process that lives: of its live threads where the kernel has schedstat, else in clock ticks."""
    one = _schedstat_ns if os.path.exists("/proc/self/schedstat") else _ticks_ns
    found = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[pid] = one(pid)
    return found


def spent(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """Between two cpu_ns() or wakeups(); a process that only one of them saw is not part of it."""
    return sum(after[pid] - ns for pid, ns in before.items() if pid in after)


def _schedstat_ns(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((tasks / thread / "schedstat").read_text().split()[0]) for thread in os.listdir(tasks))


def _ticks_ns(pid: int) -> int:
    s = stat(pid)
    if s is None:
        raise ProcessLookupError(pid)
    return (s.utime + s.stime) * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))


def wakeups(pids: Iterable[int]) -> Dict[int, int]:
    """How often each process that lives has gone to sleep and was woken: voluntary context switches of its live threads."""
    found = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[pid] = sum(_voluntary(Path(f"/proc/{pid}/task/{thread}/status")) for thread in os.listdir(f"/proc/{pid}/task"))
    return found


def _voluntary(status: Path) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))


def pss_bytes(pid: int) -> int:
    """Proportional set size: private pages, and its share of shared ones."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def start_ns(pid: int) -> int:
    """When the process was made, on CLOCK_MONOTONIC's scale, as exact as a clock tick (10 ms)."""
    s = stat(pid)
    if s is None:
        raise ProcessLookupError(f"cannot read the start of process {pid}: it is gone")
    between = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return s.start * (1_000_000_000 // os.sysconf("SC_CLK_TCK")) - between


def descendants(pid: int) -> List[int]:
    found: List[int] = []
    queue = [pid]
    seen: Set[int] = set()
    while queue:
        for child in children(queue.pop()):
            if child not in seen:
                seen.add(child)
                found.append(child)
                queue.append(child)
    return found


def is_namespace_init(pid: int) -> bool:
    """It is PID 1 of a namespace below ours."""
    try:
        lines: Dict[str, str] = dict(line.partition(":")[::2] for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return False
    inner = lines.get("NSpid", "").split()
    return len(inner) > 1 and inner[-1] == "1"
