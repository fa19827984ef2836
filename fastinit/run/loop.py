"""The manager's one loop: epoll, timers in a heap, and what can wait.

In:  descriptors and times with a callback each.   Out: calls of those callbacks, one thread, never two at once.
Clients can wait: what is watched with can_wait=True or given to call_idle() runs while nothing else is ready, each in its turn,
for PATIENT_USEC and one step before all else is looked at again. So an exit waits for a step of one client, not for 500 clients;
and what follows from an exit (a timer that is due, a process to be started) does not wait for another one.
Never: wakes up without a reason; a callback that raises is a bug and ends the manager (PID 1 starts the next one).
"""

from __future__ import annotations

import collections
import heapq
import select
import time
from typing import Callable, Deque, Dict, List, Optional, Tuple

READABLE = select.EPOLLIN
WRITTEN = select.EPOLLIN | select.EPOLLET       # of an eventfd: once per write, whether or not anybody reads it
WRITABLE = select.EPOLLOUT
CLOSED = select.EPOLLHUP | select.EPOLLERR
PATIENT_USEC = 1_000        # for what can wait, in one round
STARVED_USEC = 10_000       # where something else is always ready, what can wait has its turn after this
PATIENT_EVENTS = 16         # of it that one look finds; the kernel shows the others first at the next look

FdCallback = Callable[[int, int], None]


def monotonic_usec() -> int:
    return time.monotonic_ns() // 1000


def realtime_usec() -> int:
    return time.time_ns() // 1000


class Timer:
    """One call in the future; cancel() is allowed at any time, also after it has run."""

    __slots__ = ("callback", "usec")

    def __init__(self, usec: int, callback: Callable[[], None]) -> None:
        self.usec = usec
        self.callback: Optional[Callable[[], None]] = callback

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """epoll (level-triggered) plus a heap of timers in CLOCK_MONOTONIC microseconds."""

    def __init__(self) -> None:
        self._epoll = select.epoll(flags=select.EPOLL_CLOEXEC)
        self._patient = select.epoll(flags=select.EPOLL_CLOEXEC)        # readable itself when something in it is ready
        self._epoll.register(self._patient.fileno(), READABLE)
        self._anything = select.poll()          # whether it is ready, without taking what is told only once
        self._anything.register(self._epoll.fileno(), select.POLLIN)
        self._callbacks: Dict[int, FdCallback] = {}
        self._epoll_of: Dict[int, select.epoll] = {}
        self._idle: Deque[Callable[[], None]] = collections.deque()
        self._timers: List[Tuple[int, int, Timer]] = []
        self._serial = 0
        self._is_idles_turn = False
        self._served_usec = 0           # when what can wait had its last turn
        self._stopped = False

    def watch(self, fd: int, mask: int, callback: FdCallback, can_wait: bool = False) -> None:
        """Call callback(fd, events) while fd is ready. Raises PermissionError for what epoll cannot watch (a regular file)."""
        epoll = self._patient if can_wait else self._epoll
        epoll.register(fd, mask)
        self._callbacks[fd], self._epoll_of[fd] = callback, epoll

    def modify(self, fd: int, mask: int) -> None:
        self._epoll_of[fd].modify(fd, mask)

    def unwatch(self, fd: int) -> None:
        """Before the descriptor is closed; one that is not watched is no error."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll_of.pop(fd).unregister(fd)

    def call_idle(self, callback: Callable[[], None]) -> None:
        """Once, when nothing that cannot wait is left to do, and those are done who asked before."""
        self._idle.append(callback)

    def is_wanted(self) -> bool:
        """Whether something waits for its turn: a callback that has more to do than a slice may go on where nothing does."""
        return bool(self._idle) or bool(self._timers and self._timers[0][0] <= monotonic_usec()) or bool(self._anything.poll(0))

    def call_at(self, usec: int, callback: Callable[[], None]) -> Timer:
        timer = Timer(usec, callback)
        self._serial += 1
        heapq.heappush(self._timers, (usec, self._serial, timer))
        return timer

    def call_soon(self, callback: Callable[[], None]) -> Timer:
        return self.call_at(monotonic_usec(), callback)

    def run(self, before_wait: Callable[[], None]) -> None:
        """Until stop(); before_wait is called before each wait: it settles what the callbacks have left to do."""
        self._stopped = False
        while not self._stopped:
            before_wait()
            if self._stopped:
                return
            self._once()

    def stop(self) -> None:
        self._stopped = True

    def _once(self) -> None:
        was_busy = False
        for fd, events in self._epoll.poll(self._timeout()):
            callback = self._callbacks.get(fd)      # an earlier callback of this round may have unwatched it
            if callback is not None:
                was_busy = True
                callback(fd, events)
        now = monotonic_usec()
        while self._timers and self._timers[0][0] <= now:
            callback_now = heapq.heappop(self._timers)[2].callback
            if callback_now is not None:
                was_busy = True
                callback_now()
        now = monotonic_usec()
        if not was_busy or now >= self._served_usec + STARVED_USEC:
            self._serve_patient(now + PATIENT_USEC)
            self._served_usec = monotonic_usec()

    def _serve_patient(self, deadline: int) -> None:
        """What is ready and what is idle take turns, or one of them could shut out the other."""
        ready = self._patient.poll(0, PATIENT_EVENTS)       # those that are left are ready in the next round, too
        ready.reverse()
        while (ready or self._idle) and not self._stopped:
            self._is_idles_turn = bool(self._idle) and not (ready and self._is_idles_turn)
            if self._is_idles_turn:
                self._idle.popleft()()
            else:
                fd, events = ready.pop()
                callback = self._callbacks.get(fd)
                if callback is not None:
                    callback(fd, events)
            if monotonic_usec() >= deadline:
                return

    def _timeout(self) -> Optional[float]:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if self._idle:
            return 0
        if not self._timers:
            return None
        return max(0, self._timers[0][0] - monotonic_usec()) / 1e6
