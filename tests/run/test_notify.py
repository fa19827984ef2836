"""Datagrams of sd_notify(3), as the kernel delivers them."""

from __future__ import annotations

import array
import os
import socket

import pytest

from fastinit.run import notify

PARSED = {
    b"READY=1": {"READY": "1"},
    b"READY=1\nSTATUS=a=b\n": {"READY": "1", "STATUS": "a=b"},
    b"STATUS=x\nSTATUS=y": {"STATUS": "y"},
    b"no equals sign\n=no name\nX=": {"X": ""},
    b"READY=1\0": {"READY": "1"},
    b"READY=1\0STATUS=x": {},
    b"": {},
    b"STATUS=\xff": {"STATUS": "\ufffd"},
}


@pytest.mark.parametrize("data", PARSED, ids=repr)
def test_parse(data):
    assert notify.parse(data) == PARSED[data]


@pytest.fixture
def sockets(tmp_path):
    path = str(tmp_path / "notify")
    receiver = notify.open_socket(path)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.connect(path)
    yield receiver, sender, path
    receiver.close()
    sender.close()


def test_the_kernel_says_who_sent_it(sockets):
    receiver, _, path = sockets
    notify.send(path, "READY=1")
    datagram = notify.receive(receiver)
    assert datagram == (os.getpid(), os.getuid(), {"READY": "1"}, ())
    assert notify.receive(receiver) is None


def test_descriptors_come_along_and_are_close_on_exec(sockets):
    receiver, sender, _ = sockets
    reader, writer = os.pipe()
    sender.sendmsg([b"FDSTORE=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [reader, writer]))])
    datagram = notify.receive(receiver)
    assert len(datagram.fds) == 2 and not any(os.get_inheritable(fd) for fd in datagram.fds)
    notify.close_all(datagram.fds)
    os.close(reader)
    os.close(writer)


def test_a_message_that_was_cut_says_nothing(sockets):
    receiver, sender, _ = sockets
    sender.send(b"READY=1\n" + b"X" * notify.MAX_BYTES)
    assert notify.receive(receiver).fields == {}
