"""A served fake manager over a root of unit files, and a client that speaks real frames."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional

import pytest

from fastinit.control import frames
from tests.control.fake import Running

UNITS = {
    "web.service": "[Unit]\nDescription=A web server\nDocumentation=man:web(8) https://example.org/\n"
                   "[Service]\nExecStartPre=/bin/check -t\nExecStart=/usr/sbin/web -g \"daemon off;\"\n"
                   "ExecReload=/bin/kill -HUP $MAINPID\n"
                   "Environment=A=1 \"B=two words\"\nUser=nobody\n[Install]\nWantedBy=multi-user.target\n",
    "job.service": "[Unit]\nDescription=A oneshot\n[Service]\nType=oneshot\nExecStart=/bin/job\n",
    "bad.service": "[Service]\nType=oneshot\nExecStart=/bin/bad\n",
    "slow.service": "[Service]\nType=oneshot\nExecStart=/bin/hang\n",
    "hidden.service": "[Unit]\nConditionPathExists=/nonexistent/file\n[Service]\nExecStart=/bin/hidden\n",
    "plain.service": "[Service]\nExecStart=/bin/plain\n",
    "needs.service": "[Unit]\nRequires=bad.service\nAfter=bad.service\n[Service]\nExecStart=/bin/needs\n",
    "site.target": "[Unit]\nDescription=The site\nWants=web.service plain.service\nRequires=job.service\nAllowIsolate=yes\n",
}


class Answer(NamedTuple):
    code: int
    out: str
    err: str


class Client:
    """systemctl over the real socket."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.manager = running.manager

    def open(self, *words: str, facts: Optional[Dict[bytes, bytes]] = None, program: str = "systemctl") -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(10)
        sock.connect(str(self.running.path))
        about = {b"tty": b"000", b"env.LANG": b"C.UTF-8", **(facts or {})}
        sock.sendall(frames.encode_request(about, [os.fsencode(word) for word in (program, *words)]))
        return sock

    def read(self, sock: socket.socket) -> Answer:
        streams: Dict[int, List[bytes]] = {frames.STDOUT: [], frames.STDERR: []}
        with sock:
            while True:
                kind, payload = read_frame(sock)
                if kind == frames.EXIT:
                    assert sock.recv(1) == b"", "something comes after the exit code"
                    out, err = (b"".join(streams[kind]).decode() for kind in (frames.STDOUT, frames.STDERR))
                    return Answer(payload[0], out, err)
                if kind == frames.RESUME:
                    continue
                streams[kind].append(payload)

    def __call__(self, *words: str, facts: Optional[Dict[bytes, bytes]] = None, program: str = "systemctl") -> Answer:
        return self.read(self.open(*words, facts=facts, program=program))


def read_frame(sock: socket.socket) -> "tuple[int, bytes]":
    header = read_exactly(sock, frames.HEADER_BYTES)
    kind, length = frames.decode_header(header)
    return kind, read_exactly(sock, length)


def read_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        assert piece, "the manager has closed in the middle of an answer"
        data += piece
    return data


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root" / "etc" / "systemd" / "system"
    directory.mkdir(parents=True)
    for name, text in UNITS.items():
        (directory / name).write_text(text)
    return tmp_path / "root"


@pytest.fixture
def systemctl(root: Path, tmp_path: Path) -> Iterator[Client]:
    before = len(os.listdir("/proc/self/fd"))
    running = Running(root, tmp_path / "control")
    running.manager.answers = {"bad": 1}
    client = Client(running)
    yield client
    running.close()
    del running.manager.loop
    assert len(os.listdir("/proc/self/fd")) <= before + 2       # the two epoll descriptors of the loop go with the object
