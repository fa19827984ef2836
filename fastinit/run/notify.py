"""The notify socket: datagrams of sd_notify(3) and who sent them.

In:  a bound SOCK_DGRAM socket with SO_PASSCRED.   Out: Datagram values, one per message.
Never: blocks, trusts a pid that the kernel has not vouched for, keeps a descriptor that nobody asked for.
Source: sd_notify(3); the variables that the engine understands are its own business.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

MAX_BYTES = 16 * 1024       # longer messages are cut by the kernel and refused here
MAX_FDS = 253               # SCM_MAX_FD
PER_ROUND = 64              # then other events get their turn
_CREDENTIALS = struct.Struct("3i")


class Datagram(NamedTuple):
    """pid, uid: of the sender, from the kernel. fields: NAME -> value, the last of each name. fds: ours to close.
    pidfd of MAINPIDFD= is among fds."""

    pid: int
    uid: int
    fields: Dict[str, str]
    fds: Tuple[int, ...]


def open_socket(path: str) -> socket.socket:
    """Bind a fresh notify socket that everybody may send to. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        sock.bind(path)
        os.chmod(path, 0o777)
    except OSError:
        sock.close()
        raise
    return prepare(sock)


def prepare(sock: socket.socket) -> socket.socket:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    return sock


def receive(sock: socket.socket) -> Optional[Datagram]:
    """The next datagram; None when there is none. One that cannot be understood comes with no fields."""
    ancillary_bytes = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(MAX_FDS * 4)
    try:
        data, ancillary, flags, _ = sock.recvmsg(MAX_BYTES, ancillary_bytes, socket.MSG_CMSG_CLOEXEC)
    except BlockingIOError:
        return None
    pid, uid, fds = 0, -1, array.array("i")
    for level, kind, payload in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_CREDENTIALS:
            pid, uid, _ = _CREDENTIALS.unpack(payload[:_CREDENTIALS.size])
        elif kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
    too_long = flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
    return Datagram(pid, uid, {} if too_long else parse(data), tuple(fds))


def parse(data: bytes) -> Dict[str, str]:
    """"READY=1\\nSTATUS=x" -> {"READY": "1", "STATUS": "x"}; lines without "=" are skipped, a NUL byte spoils the message."""
    if b"\0" in data.rstrip(b"\0\n"):
        return {}
    fields: Dict[str, str] = {}
    for line in data.rstrip(b"\0\n").decode("utf-8", "replace").split("\n"):
        name, equals, value = line.partition("=")
        if equals and name:
            fields[name] = value
    return fields


def close_all(fds: "List[int] | Tuple[int, ...]") -> None:
    for fd in fds:
        os.close(fd)


def send(path: str, message: str) -> None:
    """Tell the container engine's own NOTIFY_SOCKET. Raises OSError."""
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.sendto(message.encode(), address)
