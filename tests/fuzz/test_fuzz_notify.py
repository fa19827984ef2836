"""Garbage on the notify socket: whatever a service sends, in whatever state it is, the manager goes on and believes nothing odd."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import socket
from typing import Dict, List, Tuple, Union

from hypothesis import given, settings
from hypothesis import strategies as st

from fastinit.plan import events as ev
from fastinit.plan.states import Sub
from fastinit.run import notify
from fastinit.units.model import USEC_INFINITY
from fastinit.units.values import PID_MAX
from tests.plan.harness import PROGRAM, SECOND, FakeRun, service

NAMES = st.sampled_from([
    "READY", "RELOADING", "STOPPING", "STATUS", "ERRNO", "EXIT_STATUS", "MAINPID", "MAINPIDFD", "MAINPIDFDID", "WATCHDOG", "WATCHDOG_USEC",
    "EXTEND_TIMEOUT_USEC", "FDSTORE", "FDSTOREREMOVE", "FDNAME", "FDPOLL", "BARRIER", "MONOTONIC_USEC", "BUSERROR", "NOTIFYACCESS", "X_MINE",
])
NUMBERS = st.one_of(st.integers(-2, 5000), st.integers(0, (1 << 64) + 2)).map(str)
VALUES = st.one_of(st.sampled_from(["1", "0", "", "trigger", "yes", "all", "a:b", "²", "é\ud800", "9" * 5000]), NUMBERS, st.text(max_size=8))
LINES = st.one_of(st.builds("{}={}".format, NAMES, VALUES), st.text(max_size=12), st.just("\0"))
MESSAGES = st.lists(LINES, max_size=6).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass"))
DATAGRAMS = st.one_of(MESSAGES, st.binary(max_size=200))
# What else happens to a service between two messages.
STEPS = st.sampled_from(["start", "stop", "restart", "reload", "exit 0", "exit 1", "signal 9", "control 0", "gone", "wait 1", "wait 200", "crash"])
KINDS = st.sampled_from(["simple", "exec", "forking", "oneshot", "notify", "notify-reload"])
ACCESS = st.sampled_from(["none", "main", "exec", "all"])
STORE_MAX = 2
Message = Tuple[bytes, bool, int]       # the datagram, whether the main process sends it, descriptors with it
HISTORY = st.lists(st.one_of(STEPS, st.tuples(DATAGRAMS, st.booleans(), st.integers(0, STORE_MAX + 1))), max_size=12)


def read(data: bytes) -> Dict[str, str]:
    """As the manager reads it: through a socket, with the sender from the kernel."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        notify.prepare(receiver)
        sender.send(data)
        datagram = notify.receive(receiver)
    assert datagram is not None and datagram.pid > 0 and datagram.fds == ()
    assert all(name and "\n" not in name + value for name, value in datagram.fields.items())
    return datagram.fields


def can(run: FakeRun, step: str) -> bool:
    """Whether the process is there that ends in this step."""
    if step.startswith("control"):
        return run.record().control_pid != 0
    return not step.startswith(("exit", "signal")) or run.record().main_pid != 0


def check(run: FakeRun) -> None:
    record = run.record()
    assert 0 <= record.main_pid <= PID_MAX and 0 <= record.status_errno <= 4095
    assert 0 <= record.watchdog_usec <= USEC_INFINITY and run.engine.next_deadline() <= USEC_INFINITY
    assert 0 <= record.fd_store_count <= STORE_MAX
    for line in run.lines():
        line.encode()


@settings(max_examples=400, deadline=None)
@given(KINDS, ACCESS, HISTORY)
def test_any_message_in_any_state(kind: str, access: str, history: "List[Union[str, Message]]") -> None:
    run = FakeRun(service(type=kind, notify_access=access, watchdog_usec=5 * SECOND, restart="on-failure", exec_reload=(PROGRAM,),
                          file_descriptor_store_max=STORE_MAX, timeout_start_usec=90 * SECOND, timeout_stop_usec=90 * SECOND))
    run.start()
    for step in history:
        if isinstance(step, tuple):
            data, is_main, fds = step
            fields = read(data)
            run.send(ev.Notified("a.service", 77, fields, is_main, not is_main, "MAINPID" in fields, fds))
        elif can(run, step):
            run.play(step)
        check(run)
    run.stop()
    run.wait(600)
    assert run.record().sub in (Sub.DEAD, Sub.FAILED, Sub.DEAD_RESOURCES_PINNED), "whatever it said, it can be stopped"


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=64), st.integers(notify.MAX_BYTES - 2, notify.MAX_BYTES + 2).map(lambda size: b"X=" + b"1" * (size - 2))))
def test_any_length(data: bytes) -> None:
    """What is longer than a message may be is cut by the kernel, and says nothing."""
    fields = read(data)
    assert len(data) <= notify.MAX_BYTES or fields == {}
