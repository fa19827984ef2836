"""An entrypoint has started services in the background and becomes the init now: what runs goes on under the new init.

In:  what shall be booted.   Out: that, and the services that ran; the old manager has stopped them, in order, and has ended.
Never: touches a manager that is not of this pid namespace (a /run that is shared with another container).
A restart and not an adoption: their log pipes and states are the old init's, and only its death would make them our children.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from typing import List, Tuple

from fastinit.cli import client
from fastinit.control import frames
from fastinit.errors import FastinitError
from fastinit.run import native
from fastinit.run.boot import Boot
from fastinit.run.members import parent_pid


class HandoverError(FastinitError):
    """str() says why there can be no second init."""


RUNNING = ("list-units", "--type=service", "--state=running", "--plain", "--no-legend", "--full")


def take_over(boot: Boot, user: bool) -> Boot:
    """Raises HandoverError when what runs is an init of its own, and does not give way."""
    manager = _manager_pid(user)
    init = parent_pid(manager) if manager else None
    if not init:
        return boot
    if os.getpid() != 1 and not _is_background(init):
        raise HandoverError("An init is running already; to start units use `systemctl start`.")
    _, text = ask(RUNNING, user)
    services = [line.split()[0] for line in text.splitlines() if line]
    try:
        ended = native.pidfd_open(init)
    except ProcessLookupError:
        return boot
    code, _ = ask(("exit",), user)
    if code == 0:
        select.select([ended], [], [])      # its units have their own time limits
    os.close(ended)
    if code != 0:
        raise HandoverError("The manager in the background does not give way.")
    return boot._replace(also=tuple(name for name in services if name not in boot.units))


def _is_background(init: int) -> bool:
    try:
        with open(f"/proc/{init}/cmdline", "rb") as file:
            return b"--background" in file.read().split(b"\0")
    except OSError:
        return False


def _manager_pid(user: bool) -> int:
    """0: nobody listens, or somebody outside of our pid namespace."""
    sock = client.connect(user)
    if sock is None:
        return 0
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)      # type: ignore[attr-defined]
    sock.close()        # type: ignore[attr-defined]
    return int(struct.unpack("iII", credentials)[0])


def ask(words: Tuple[str, ...], user: bool) -> Tuple[int, str]:
    """(exit code, stdout) of a request; 1 when the manager is gone before it has answered."""
    sock = client.connect(user)
    if sock is None:
        return 1, ""
    argv = ["systemctl", *(["--user"] if user else []), *words]
    pieces: List[bytes] = []
    try:
        sock.sendall(frames.encode_request(client.facts([]), [os.fsencode(word) for word in argv]))     # type: ignore[attr-defined]
        while True:
            header = client.receive(sock, frames.HEADER_BYTES)
            if len(header) < frames.HEADER_BYTES:
                return 1, ""
            kind, length = frames.decode_header(header)
            payload = client.receive(sock, length)
            if kind == frames.EXIT and payload:
                return payload[0], b"".join(pieces).decode("utf-8", "surrogateescape")
            if kind == frames.STDOUT:
                pieces.append(payload)
    finally:
        sock.close()        # type: ignore[attr-defined]
