"""Whose process is this? The only module that knows how the answer is found.

In:  a unit's member tag and tracked pids.   Out: pids; the unit's tag of any pid.
How: every activation of a unit has a number, its tag, which each of its processes inherits as RLIMIT_LOCKS (a limit that Linux
ignores since 2.4 and that everybody may read in /proc/PID/limits). A unit's processes are its tracked ones, the orphans
(children of PID 1's main thread) that carry its tag, and the descendants of both. That makes the usual question ("is anything
left?") cost as much as there are orphans, not as there are processes.
Does not work: /proc/PID/environ (unreadable across uids without CAP_SYS_PTRACE), ancestry alone (lost by a double fork),
prlimit(2) (asks for the same privilege as ptrace).
Never: sends a signal, keeps a pid longer than one round of the loop.
"""

from __future__ import annotations

import os
import resource
from typing import Dict, Iterable, List, Optional, Set

RLIMIT_LOCKS = 10       # the resource module has no name for it; the same number on every architecture that we run on
TAG_BASE = 1 << 40      # far from any limit that a person would set


def tag_base() -> int:
    """The first tag of this manager. Below our own hard limit, if we are ourselves a service of another fastinit: a limit
    can be lowered by anyone, but raised only with CAP_SYS_RESOURCE."""
    try:
        hard = resource.getrlimit(RLIMIT_LOCKS)[1]
    except OSError:             # a sandbox: no tag can be set there, members are found by ancestry alone
        return TAG_BASE
    if hard == resource.RLIM_INFINITY or hard > 2 * TAG_BASE:
        return TAG_BASE
    return max(1, 1 << (max(hard, 2).bit_length() - 2))


def read_tag(pid: int) -> Optional[int]:
    """The tag that a process carries; None when it carries none or is gone."""
    try:
        with open(f"/proc/{pid}/limits", "rb", buffering=0) as limits:
            text = limits.read(4096)
    except OSError:
        return None
    at = text.find(b"Max file locks")
    if at < 0:
        return None
    soft = text[at + 14:].split(None, 1)[0]
    return int(soft) if soft.isdigit() else None


def mark(pid: int, tag: int) -> None:
    """Give a process that we have not made the tag of a unit; what it starts from then on inherits it. Raises OSError: without
    CAP_SYS_RESOURCE a process of another user cannot be marked, nor one whose tag is lower already (see Manager.tag)."""
    resource.prlimit(pid, RLIMIT_LOCKS, (tag, tag))


def is_alive(pid: int) -> bool:
    """False for a zombie: whatever it was, it runs no more."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as stat:
            text = stat.read(512)
    except OSError:
        return False
    return text[text.rfind(b")") + 2:][:1] not in (b"Z", b"X", b"")


class Members:
    """init_pid: the process to which orphans go, PID 1 or our subreaper."""

    def __init__(self, init_pid: int) -> None:
        self._init_pid = init_pid
        self._has_children_files = os.path.exists(f"/proc/{init_pid}/task/{init_pid}/children")
        self._tags: Dict[int, Optional[int]] = {}       # of orphans, for one round
        self._orphans: Optional[List[int]] = None

    def new_round(self) -> None:
        """What was read before may be stale now."""
        self._tags.clear()
        self._orphans = None

    def orphans_of(self, tag: int) -> List[int]:
        """Live processes that were reparented to init and carry the tag."""
        if tag <= 0:
            return []
        dead: Set[int] = set()
        while True:
            tagged = [pid for pid in self._orphan_pids() if self._tag_of_orphan(pid) == tag]
            alive = [pid for pid in tagged if is_alive(pid)]
            died = set(tagged).difference(alive, dead)
            if not died:
                return alive
            dead |= died        # its children may have come to init after we had read who is there
            self.new_round()

    def pids_of(self, tag: int, tracked: Iterable[int]) -> List[int]:
        """Every live process of the unit, parents before their children."""
        found: List[int] = []
        seen: Set[int] = set()
        queue = [pid for pid in tracked if pid > 0] + self.orphans_of(tag)
        children = self._children if self._has_children_files else self._children_by_parent()
        while queue:
            pid = queue.pop(0)
            if pid in seen:
                continue
            seen.add(pid)
            if is_alive(pid):
                found.append(pid)
            queue.extend(children(pid))
        return found

    def tag_of(self, pid: int) -> Optional[int]:
        return read_tag(pid)

    def mark(self, pid: int, tag: int) -> None:
        """Raises OSError."""
        mark(pid, tag)

    def _orphan_pids(self) -> List[int]:
        if self._orphans is None:
            if self._has_children_files:
                # Twice: the kernel walks this list by position, so a sibling that dies meanwhile can hide one (never all).
                path = f"/proc/{self._init_pid}/task/{self._init_pid}/children"
                first = self._read_children(path)
                self._orphans = list(dict.fromkeys(first + self._read_children(path))) if first else []
            else:
                self._orphans = self._children_by_parent()(self._init_pid)
        return self._orphans

    def _tag_of_orphan(self, pid: int) -> Optional[int]:
        if pid not in self._tags:
            self._tags[pid] = read_tag(pid)
        return self._tags[pid]

    def _children(self, pid: int) -> List[int]:
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            return []
        return [child for tid in threads for child in self._read_children(f"/proc/{pid}/task/{tid}/children")]

    @staticmethod
    def _read_children(path: str) -> List[int]:
        try:
            with open(path, "rb", buffering=0) as children:
                return [int(pid) for pid in (children.readall() or b"").split()]
        except OSError:
            return []

    @staticmethod
    def _children_by_parent() -> "ChildrenOf":
        """For kernels without CONFIG_PROC_CHILDREN: one walk over /proc."""
        by_parent: Dict[int, List[int]] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                parent = parent_pid(int(name))
                if parent is not None:
                    by_parent.setdefault(parent, []).append(int(name))
        return ChildrenOf(by_parent)


class ChildrenOf:
    """A snapshot of who is whose child."""

    def __init__(self, by_parent: Dict[int, List[int]]) -> None:
        self._by_parent = by_parent

    def __call__(self, pid: int) -> List[int]:
        return self._by_parent.get(pid, [])


def parent_pid(pid: int) -> Optional[int]:
    """None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as stat:
            text = stat.read(512)
    except OSError:
        return None
    return int(text[text.rfind(b")") + 2:].split(None, 2)[1])
