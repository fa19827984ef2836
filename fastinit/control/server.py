"""The control socket: many clients at once, none of which can make the manager wait.

In:  a listening socket and the manager's loop.   Out: frames (frames.py).
One request per connection. A verb that takes long is a generator: it goes on when its Pause says so and its client has read
what it got. Every request has one slice soon; of those that need more, LONG_AT_ONCE are at work, the others wait in their order:
a short answer does not wait for 500 long ones, and 500 tables are not in memory at once (nor gone through by the collector).
A client that sends garbage, or does not read, or does not ask, loses its connection and nothing else happens.
Never: blocks, keeps more than BUFFER_LIMIT_BYTES for a client, ends because of what a client does.
"""

from __future__ import annotations

import array
import collections
import os
import select
import socket
import struct
import time
import traceback
from typing import Callable, Deque, Dict, List, Optional, Set

from fastinit.control import frames
from fastinit.control.api import ManagerApi, TimerApi
from fastinit.control.dispatch import open_request
from fastinit.control.request import MustRunLocally, Pause, Steps, Terminal
from fastinit.plan.effects import JobFinished, StateChanged

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT
MAX_CLIENTS = 2048                      # further ones wait in the backlog of the socket
MAX_CLIENTS_OF_A_USER = 256             # for all but root and the manager's own user, so that nobody can shut them out
REQUEST_TIMEOUT_USEC = 10_000_000       # a client that has connected and says nothing
READER_TIMEOUT_USEC = 30_000_000        # a client that takes nothing of what is there for it
SLICE_USEC = 1_000                      # of one verb, before the loop gets its turn where it has something to do
LONG_AT_ONCE = 8                        # verbs that are at work on an answer that takes more than a slice
HIGH_WATER_BYTES = 32 * 1024            # a verb rests while its client has more than this to read: 500 can be deaf
BUFFER_LIMIT_BYTES = 8 << 20            # what a verb that never rests may produce
READ_BYTES = 64 * 1024
ACCEPTS_PER_ROUND = 8
MAX_FDS = 3                             # stdin, stdout, stderr
FDS_BYTES = socket.CMSG_SPACE((MAX_FDS + 1) * 4)


def _now_usec() -> int:
    return time.monotonic_ns() // 1000


class Server:
    """Serves listener until close(); the loop calls it."""

    def __init__(self, manager: ManagerApi, listener: socket.socket, log: Optional[Callable[[str], None]] = None) -> None:
        self.manager = manager
        self.clients: Dict[int, Connection] = {}
        self._clients_of: Dict[int, int] = {}           # uid -> how many
        self.waiting: Dict[int, Connection] = {}        # those whose verb waits for a job or a state
        self._listener = listener
        self._log = log
        self.uid = os.geteuid()
        self._accepts = False
        self._long: Deque[Connection] = collections.deque()     # wait until they may be at work again
        self._at_work: Set[Connection] = set()                  # LONG_AT_ONCE at most
        self._to_look: List[Connection] = []
        self._look_again = False        # something has changed since _to_look was made
        self._is_looking = False
        listener.setblocking(False)
        manager.on_job_finished.append(self._job_finished)
        manager.on_state_changed.append(self._state_changed)
        manager.on_system_state.append(self._look_at_waiting)
        self._accept_more(True)

    def close(self) -> None:
        """Let go of everybody; the listener stays open, its owner keeps it."""
        self._accept_more(False)
        self.manager.on_job_finished.remove(self._job_finished)
        self.manager.on_state_changed.remove(self._state_changed)
        self.manager.on_system_state.remove(self._look_at_waiting)
        for connection in list(self.clients.values()):
            connection.drop()

    def log(self, line: str) -> None:
        if self._log is not None:
            self._log(line)

    def _accept_more(self, wanted: bool) -> None:
        if wanted != self._accepts:
            self._accepts = wanted
            if wanted:
                self.manager.loop.watch(self._listener.fileno(), READABLE, self._accept, can_wait=True)
            else:
                self.manager.loop.unwatch(self._listener.fileno())

    def _accept(self, _fd: int, _events: int) -> None:
        for _ in range(ACCEPTS_PER_ROUND):
            if len(self.clients) >= MAX_CLIENTS:
                self._accept_more(False)
                return
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:        # EMFILE, ECONNABORTED …: the client is still in the backlog, or gone
                self.log(f"cannot accept a client: {error.strerror}")
                self._accept_more(False)
                self.manager.loop.call_at(_now_usec() + 1_000_000, lambda: self._accept_more(True))
                return
            pid, uid, _ = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if uid not in (0, self.uid) and self._clients_of.get(uid, 0) >= MAX_CLIENTS_OF_A_USER:
                sock.close()
                continue
            self.clients[sock.fileno()] = Connection(self, sock, pid, uid)
            self._clients_of[uid] = self._clients_of.get(uid, 0) + 1

    def forget(self, connection: "Connection", fd: int) -> None:
        self.waiting.pop(fd, None)
        self.is_not_at_work(connection)
        if self.clients.pop(fd, None) is not None:
            self._clients_of[connection.uid] -= 1
            if not self._clients_of[connection.uid]:
                del self._clients_of[connection.uid]
        self._accept_more(True)

    def slice_is_over(self, connection: "Connection") -> None:
        """It goes on at once when it is one of the few at work, else in its turn."""
        if connection in self._at_work:
            self.manager.loop.call_idle(connection.run_scheduled)
        else:
            self._long.append(connection)
            self._start_long()

    def is_not_at_work(self, connection: "Connection") -> None:
        """It has ended, or waits for something else than its turn."""
        if connection in self._at_work:
            self._at_work.remove(connection)
            self._start_long()

    def _start_long(self) -> None:
        while self._long and len(self._at_work) < LONG_AT_ONCE:
            connection = self._long.popleft()
            if connection.has_verb:
                self._at_work.add(connection)
                self.manager.loop.call_idle(connection.run_scheduled)

    def _job_finished(self, _effect: JobFinished) -> None:
        self._look_at_waiting()

    def _state_changed(self, _effect: StateChanged) -> None:
        self._look_at_waiting()

    def _look_at_waiting(self) -> None:
        """Soon, all of them, one at a time: a callback of the engine must not start the next request."""
        self._look_again = bool(self.waiting)
        if self._look_again and not self._is_looking:
            self._is_looking = True
            self.manager.loop.call_idle(self._look_at_next)

    def _look_at_next(self) -> None:
        if not self._to_look:
            if not self._look_again:
                self._is_looking = False
                return
            self._look_again = False
            self._to_look = list(reversed(self.waiting.values()))
        if self._to_look:
            self._to_look.pop().look()
        self.manager.loop.call_idle(self._look_at_next)


class Connection:
    """One client: reads its request, runs its verb in slices, writes what comes of it."""

    def __init__(self, server: Server, sock: socket.socket, pid: int, uid: int) -> None:
        self.uid, self.pid = uid, pid
        self._server = server
        self._loop = server.manager.loop
        self._socket = sock
        self._fd = sock.fileno()
        self._received = bytearray()
        self._unsent: List[bytes] = []
        self._unsent_bytes = 0
        self._steps: Optional[Steps] = None
        self._pause: Optional[Pause] = None
        self._is_scheduled = False
        self._is_asked = False
        self._finished = False
        self._after_reply: List[Callable[[], None]] = []
        self._fds: List[int] = []           # sent along with the request, until the verb takes them
        self._mask = READABLE
        sock.setblocking(False)
        self._loop.watch(self._fd, READABLE, self._ready, can_wait=True)
        self._timer: Optional[TimerApi] = self._loop.call_at(_now_usec() + REQUEST_TIMEOUT_USEC, self.drop)

    # ---- socket -----------------------------------------------------------------------------------------------------------

    def _ready(self, _fd: int, events: int) -> None:
        if events & WRITABLE:
            self._flush()
        if self._socket.fileno() >= 0 and events & ~WRITABLE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._receive()
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or self._is_asked:      # gone, or it talks after its request: jobs stay, the answer is not wanted
            self.drop()
            return
        self._received += data
        try:
            self._take_request()
        except ValueError as error:
            self._refuse(str(error))

    def _receive(self) -> bytes:
        """Only root's descriptors are taken: recv(2) makes the kernel close those of anybody else."""
        if self.uid not in (0, self._server.uid):
            return self._socket.recv(READ_BYTES)
        data, ancillary, _, _ = self._socket.recvmsg(READ_BYTES, FDS_BYTES, socket.MSG_CMSG_CLOEXEC)
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._fds += array.array("i", payload[:len(payload) // 4 * 4])
        return data if len(self._fds) <= MAX_FDS else b""

    def _take_request(self) -> None:
        if len(self._received) < frames.HEADER_BYTES:
            return
        kind, length = frames.decode_header(bytes(self._received[:frames.HEADER_BYTES]))
        if kind != frames.REQUEST:
            raise ValueError("not a request")
        if length > frames.REQUEST_LIMIT_BYTES:
            raise ValueError("request is too long")
        end = frames.HEADER_BYTES + length
        if len(self._received) < end:
            return
        if len(self._received) > end:
            raise ValueError("more than one request")
        payload, self._received = bytes(self._received[frames.HEADER_BYTES:]), bytearray()
        facts, argv = frames.decode_request(payload)
        self._is_asked = True
        self._set_timer(None)
        self._begin(Terminal.from_facts(facts), argv)

    def _refuse(self, why: str) -> None:
        self._is_asked = True
        self._set_timer(None)
        self._emit(frames.STDERR, f"Bad request: {why}\n".encode())
        self._finish(1)

    def _emit(self, kind: int, payload: bytes) -> None:
        if self._socket.fileno() < 0:
            return
        for at in range(0, max(len(payload), 1), frames.OUTPUT_LIMIT_BYTES):      # LOCAL has none, and is one
            piece = payload[at:at + frames.OUTPUT_LIMIT_BYTES]
            self._unsent.append(frames.encode(kind, piece))
            self._unsent_bytes += len(piece) + frames.HEADER_BYTES
        if self._unsent_bytes > BUFFER_LIMIT_BYTES:
            self.drop()

    def _flush(self) -> None:
        if self._socket.fileno() < 0:       # dropped in the middle of its verb
            return
        sent_any = False
        while self._unsent:
            data = b"".join(self._unsent) if len(self._unsent) > 1 else self._unsent[0]
            try:
                sent = self._socket.send(data, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self._unsent = [data]
                break
            except OSError:
                self.drop()
                return
            sent_any = True
            self._unsent_bytes -= sent
            self._unsent = [data[sent:]] if sent < len(data) else []
        if self._unsent:
            self._want(READABLE | WRITABLE)
            if sent_any or self._timer is None:
                self._set_timer(READER_TIMEOUT_USEC)
            return
        self._set_timer(None)
        self._want(READABLE)
        if self._finished:
            self.drop()
        elif self._steps is not None and self._pause is None:
            self._schedule()

    def _want(self, mask: int) -> None:
        if mask != self._mask:
            self._mask = mask
            self._loop.modify(self._fd, mask)

    def _set_timer(self, usec: Optional[int]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if usec is None else self._loop.call_at(_now_usec() + usec, self.drop)

    def drop(self) -> None:
        """Close, whatever the state; what the client has set going goes on."""
        if self._socket.fileno() < 0:
            return
        self._set_timer(None)
        self._loop.unwatch(self._fd)
        self._socket.close()
        self._unsent, self._unsent_bytes = [], 0
        while self._fds:
            os.close(self._fds.pop())
        self._server.forget(self, self._fd)
        if self._steps is not None:
            steps, self._steps = self._steps, None
            steps.close()
        callbacks, self._after_reply[:] = list(self._after_reply), []
        for callback in callbacks:
            callback()

    # ---- verb ---------------------------------------------------------------------------------------------------------------

    def _begin(self, terminal: Terminal, argv: List[str]) -> None:
        try:
            self._steps = open_request(
                self._server.manager, terminal, argv, uid=self.uid, pid=self.pid, own_uid=self._server.uid,
                out=lambda text: self._emit(frames.STDOUT, text.encode("utf-8", "surrogateescape")),
                error=lambda text: self._emit(frames.STDERR, text.encode("utf-8", "surrogateescape")),
                after_reply=self._after_reply, data=lambda text: self._emit(frames.DATA, text.encode()), fds=self._fds)
        except MustRunLocally:
            self._emit(frames.LOCAL, b"")
            self._finish(0)
            return
        self._schedule()

    def look(self) -> None:
        """Something has changed: has what the verb waits for come?"""
        if self._server.waiting.get(self._fd) is not self:      # gone meanwhile
            return
        if self._pause is not None and self._pause.until is not None and self._pause.until():
            self._pause = None
            self._server.waiting.pop(self._fd, None)
            self._advance()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_idle(self.run_scheduled)

    @property
    def has_verb(self) -> bool:
        return self._steps is not None

    def run_scheduled(self) -> None:
        self._is_scheduled = False
        if self._steps is not None and self._pause is None:
            self._advance()

    def _advance(self) -> None:
        """Run the verb until it waits, rests, ends, or has had its slice."""
        deadline = _now_usec() + SLICE_USEC
        while self._steps is not None and self._socket.fileno() >= 0:
            try:
                pause = next(self._steps)
            except StopIteration as stop:
                self._steps = None
                self._finish(stop.value)
                return
            except MustRunLocally:
                self._steps = None
                self._emit(frames.LOCAL, b"")
                self._finish(0)
                return
            except Exception:       # a bug in a verb costs its client the answer, never the manager its life
                self._steps = None
                self._server.log("a request has failed:\n" + traceback.format_exc())
                self._emit(frames.STDERR, b"Internal error; see the log of the manager.\n")
                self._finish(1)
                return
            if pause.until is not None:
                if pause.until():
                    continue
                if pause.resume:
                    self._emit(frames.RESUME, pause.resume.encode())
                self._pause = pause
                self._server.waiting[self._fd] = self
                break
            if self._unsent_bytes > HIGH_WATER_BYTES:
                break               # _flush() goes on with it
            if not pause.is_long:
                now = _now_usec()
                if now < deadline:
                    continue
                if not self._loop.is_wanted():
                    deadline = now + SLICE_USEC
                    continue
            self._is_scheduled = True
            self._server.slice_is_over(self)
            self._flush()
            return
        self._server.is_not_at_work(self)
        self._flush()

    def _finish(self, code: int) -> None:
        self._server.is_not_at_work(self)
        self._emit(frames.EXIT, bytes((code & 0xFF,)))
        self._finished = True
        self._flush()
