"""What the companions that ask a running manager share: a connection, one request, its answer.

In:  argv as the manager understands it, descriptors to send along.   Out: text on stdout and stderr (or collected), data, a code.
Never: renders. A manager that is replaced meanwhile is asked again from where the one before was (frames.RESUME).
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from fastinit.cli import background, client
from fastinit.companions.options import UsageError
from fastinit.control import frames
from fastinit.run import places

NO_USER_RUN = ("Failed to connect to user scope bus via local transport: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not "
               "defined (consider using --machine=<user>@.host --user to connect to bus of other user)")
NO_USER_BUS = "Failed to connect to user scope bus via local transport: No such file or directory"
NOT_BOOTED = ("System has not been booted with systemd as init system (PID 1). Can't operate.\n"
              "Failed to connect to system scope bus via local transport: Host is down")
LOST = "Connection to the manager was lost."


def connect(user: bool = False, start: bool = True) -> socket.socket:
    """start: a manager comes in the background when there is none. Raises UsageError."""
    if user and not os.environ.get("XDG_RUNTIME_DIR"):
        raise UsageError(NO_USER_RUN)
    found = _open(user)
    if found is None and start and (user or os.geteuid() == 0):
        try:
            background.start(user)
        except background.BackgroundError as error:
            raise UsageError(str(error)) from None
        found = _open(user)
    if found is None:
        raise UsageError(NO_USER_BUS if user else NOT_BOOTED)
    return found


def _open(user: bool) -> Optional[socket.socket]:
    for path in places.sockets(user):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
    return None


class Request:
    """Sent at once. feed() takes what has come, run() all of it; `code` is None until the answer is whole."""

    def __init__(self, argv: Sequence[str], on_data: Callable[[Dict[str, Any]], None], sock: socket.socket,
                 fds: Sequence[int] = (), user: bool = False, write: Callable[[int, bytes], None] = client._write_all) -> None:
        self.answer: Optional[int] = None
        self._argv = list(argv)
        self._on_data = on_data
        self._write = write
        self._socket = sock
        self._user = user
        self._resume = b""
        self._received = b""
        self._send(fds)

    @property
    def code(self) -> int:
        return 1 if self.answer is None else self.answer

    def fileno(self) -> int:
        return self._socket.fileno()

    def run(self) -> None:
        while self.answer is None:
            self.feed()

    def feed(self) -> None:
        """Wait for some bytes, take the frames that are whole. Raises UsageError when there is no manager any more."""
        try:
            piece = self._socket.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self._lost()
            return
        self._received += piece
        while len(self._received) >= frames.HEADER_BYTES and self.answer is None:
            kind, length = frames.decode_header(self._received[:frames.HEADER_BYTES])
            end = frames.HEADER_BYTES + length
            if len(self._received) < end:
                return
            payload, self._received = self._received[frames.HEADER_BYTES:end], self._received[end:]
            self._take(kind, payload)

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == frames.STDOUT:
            self._write(1, payload)
        elif kind == frames.STDERR:
            self._write(2, payload)
        elif kind == frames.DATA:
            self._on_data(json.loads(payload))
        elif kind == frames.RESUME:
            self._resume = payload
        elif kind == frames.EXIT:
            self.answer = payload[0]
            self._socket.close()

    def _lost(self) -> None:
        self._socket.close()
        again = _open(self._user) if self._resume else None
        if again is None:
            raise UsageError(LOST)
        self._socket, self._received = again, b""
        self._send(())

    def _send(self, fds: Sequence[int]) -> None:
        about = client.facts([])
        if self._resume:
            about[b"resume"] = self._resume
        data = frames.encode_request(about, [word.encode("utf-8", "surrogateescape") for word in self._argv])
        try:
            sent = socket.send_fds(self._socket, [data], list(fds), socket.MSG_NOSIGNAL) if fds else 0
            if sent < len(data):
                self._socket.sendall(data[sent:], socket.MSG_NOSIGNAL)
        except OSError:
            pass        # refused before it has read all: the reason is there to be read


class Answer(NamedTuple):
    code: int
    out: str
    err: str


def ask(argv: Sequence[str]) -> Answer:
    """A whole answer, collected. Raises UsageError when no manager runs."""
    pieces: Dict[int, List[bytes]] = {1: [], 2: []}
    request = Request(argv, lambda data: None, connect(start=False), (), False, lambda fd, data: pieces[fd].append(data))
    request.run()
    out, err = (b"".join(pieces[fd]).decode("utf-8", "replace") for fd in (1, 2))
    return Answer(request.code, out, err)
