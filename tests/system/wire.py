"""A client of the control socket, byte by byte."""

from __future__ import annotations

import socket
from typing import Tuple

from fastinit.control import frames
from tests.system.harness import Booted


def request(*argv: bytes, **facts: bytes) -> bytes:
    return frames.encode_request({b"tty": b"000", **{name.encode(): value for name, value in facts.items()}}, list(argv))


def connect(booted: Booted) -> socket.socket:
    """From another pid namespace: the manager sees pid 0."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(20)
    sock.connect(f"/proc/{booted.pid}/root/run/fastinit/control")
    return sock


def answer(sock: socket.socket) -> Tuple[int, str]:
    """(exit code, stderr); code -1: the connection ended without one."""
    data = bytearray()
    try:
        while piece := sock.recv(1 << 16):
            data += piece
    except ConnectionResetError:
        pass
    error, at = b"", 0
    while at < len(data):
        kind, length = frames.decode_header(bytes(data[at:at + 8]))
        payload = bytes(data[at + 8:at + 8 + length])
        at += 8 + length
        if kind == frames.EXIT:
            return payload[0], error.decode("utf-8", "surrogateescape")
        error += payload if kind == frames.STDERR else b""
    return -1, error.decode("utf-8", "surrogateescape")
