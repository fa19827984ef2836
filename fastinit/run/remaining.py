"""Whether any process is left besides PID 1 and the manager, and when to look again.

In:  /proc.   Out: yes or no; while it is yes, a pidfd of one such process in the loop, whose end brings the next look.
Never: polls, sends a signal. Processes that PID 1 reaps unseen (orphans) are found here all the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

from fastinit.run import native
from fastinit.run.members import is_alive, parent_pid

if TYPE_CHECKING:
    from fastinit.run.loop import Loop

READABLE = 1        # EPOLLIN


class Remaining:
    def __init__(self, loop: "Loop", init_pid: int) -> None:
        self._loop = loop
        self._init_pid = init_pid
        self._fd: Optional[int] = None      # of a process that lived at the last look

    def any(self) -> bool:
        """While the process that was found last lives there is no need to look for another."""
        while self._fd is None:
            pid = self._find()
            if pid is None:
                return False
            try:
                self._fd = native.pidfd_open(pid)
            except ProcessLookupError:
                continue
            self._loop.watch(self._fd, READABLE, self._ended)
        return True

    def _ended(self, fd: int, _events: int) -> None:
        """The loop settles after this, which is when any() is asked again."""
        self._loop.unwatch(fd)
        os.close(fd)
        self._fd = None

    def _find(self) -> Optional[int]:
        own = (self._init_pid, os.getpid())
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in own and is_alive(int(name)) and self._is_ours(int(name)):
                return int(name)
        return None

    def _is_ours(self, pid: int) -> bool:
        """As PID 1: everything in the container. Else: what descends from the init."""
        if self._init_pid == 1:
            return True
        while pid > 1:
            parent = parent_pid(pid)
            if parent == self._init_pid:
                return pid != os.getpid()       # what the manager itself has started is no reason to stay
            pid = parent or 0
        return False
