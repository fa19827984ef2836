"""The manager is killed at random moments; nothing that runs under it, and nothing that happened, is lost."""

from __future__ import annotations

import collections
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from fastinit.control import frames
from tests.system.harness import Booted, eventually

N_WORKERS = 8
KILLS = int(os.environ.get("FASTINIT_KILLS", "40"))     # `make faults`: 2,000
ASKED_EVERY = 4         # kills of a manager that was stopped and has a client waiting
# The witness is the kernel's O_APPEND: one line from each life of a worker, written by itself.
WORKER = """
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'echo %i >>/run/test/witness; [ -e /run/test/enough ] && exec sleep infinity; sleep 0.0{delay}; exit {code}'
Restart=always
RestartSec=0
"""
STORM = """
[Service]
ExecStart=/bin/sh -c 'while :; do (sh -c "exit 3" & sh -c "exit 4" &) ; done'
"""


# Gives a file to the manager in its first life, and tells in the next ones what it got back.
KEEPER = """
[Service]
FileDescriptorStoreMax=4
NotifyAccess=main
ExecStart={python} -I /run/systemd/system/keeper.py
"""
KEEPER_SCRIPT = """
import array, os, signal, socket
if "LISTEN_FDS" in os.environ:
    with open("/run/test/kept", "w") as out:
        out.write(os.environ["LISTEN_FDNAMES"] + ": " + os.pread(3, 99, 0).decode())
else:
    fd = os.memfd_create("kept")
    os.write(fd, b"written before")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(os.environ["NOTIFY_SOCKET"])
        manager.sendmsg([b"FDSTORE=1\\nFDNAME=kept"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
signal.pause()
"""


SLOW = """
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c 'echo begun >/run/test/stop; sleep 1; echo done >>/run/test/stop'
"""


def units():
    made = {f"w{n}.service": WORKER.format(delay=n + 1, code=n % 3).replace("%i", f"w{n}") for n in range(N_WORKERS)}
    made["storm.service"] = STORM
    made["keeper.service"] = KEEPER.format(python=sys.executable)
    made["keeper.py"] = KEEPER_SCRIPT
    made["keep.service"] = "[Service]\nExecStart=/bin/sleep infinity\n"
    made["all.target"] = "[Unit]\nWants=" + " ".join(sorted(set(made) - {"keeper.py"})) + "\n"
    return made


def lives(booted):
    text = booted.run("cat", "/run/test/witness").stdout
    return collections.Counter(line.split()[0] for line in text.splitlines())


def is_last_life(booted, name):
    """Only the last one becomes sleep(1) itself."""
    pid = booted.show(name, "MainPID")
    return booted.run("cat", f"/proc/{pid}/comm").stdout == "sleep\n"


class Waiting:
    """A client that has asked while nobody looks."""

    def __init__(self, booted: Booted, *argv: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(60)
        self._socket.connect(f"/proc/{booted.pid}/root/run/fastinit/control")
        words = [os.fsencode(word) for word in ("systemctl", *argv)]
        self._socket.sendall(frames.encode_request({b"tty": b"000", b"cwd": b"/"}, words))

    def answer(self) -> "tuple[bytes, int]":
        """stdout and exit code."""
        out = b""
        with self._socket, self._socket.makefile("rb") as stream:
            while True:
                header = stream.read(frames.HEADER_BYTES)
                assert len(header) == frames.HEADER_BYTES, f"the connection ended after {out!r}"
                kind, length = frames.decode_header(header)
                payload = stream.read(length)
                if kind == frames.EXIT:
                    return out, payload[0]
                if kind == frames.STDOUT:
                    out += payload


@pytest.mark.timeout(300 + KILLS)
def test_every_exit_is_consumed_exactly_once(boot):
    """NRestarts of each worker is one less than the lives that the worker itself has witnessed; a descriptor in the store is
    still the same file; a client that waited for a manager that was killed is answered by the next one."""
    booted = boot(units(), "all.target")
    booted.wait_booted()
    eventually(lambda: booted.show("keeper.service", "NFileDescriptorStore") == "1", "a descriptor is kept")
    keep = booted.show("keep.service", "MainPID")
    seed = random.randrange(1 << 30)
    chooser = random.Random(seed)
    killed = 0
    while killed < KILLS:
        pid = booted.manager_pid()
        if not pid:
            continue
        end = time.monotonic() + chooser.random() * 0.25
        while time.monotonic() < end:
            pass
        client = None
        try:
            if killed % ASKED_EVERY == 0:
                os.kill(pid, signal.SIGSTOP)
                client = Waiting(booted, "is-active", "keep.service")
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed += 1
        if client:
            assert client.answer() == (b"active\n", 0), f"seed {seed}, kill {killed}\n{booted.console[-4000:]}"
        eventually(lambda dead=pid: booted.manager_pid() not in (0, dead), "the next manager runs")
    assert booted.show("keep.service", "MainPID") == keep, f"seed {seed}"
    names = [f"w{n}.service" for n in range(N_WORKERS)]
    for name in names:
        assert booted.show(name, "ActiveState") in ("active", "activating"), f"seed {seed}: {name}\n{booted.console[-4000:]}"
    booted.run("touch", "/run/test/enough", check=True)
    eventually(lambda: all(is_last_life(booted, name) for name in names), "each worker lives its last life")
    counted = lives(booted)
    for name in names:
        restarts = int(booted.show(name, "NRestarts"))
        assert restarts == counted[name[:-8]] - 1, f"seed {seed}: {name}: {restarts} restarts, {counted[name[:-8]]} lives"
    booted.systemctl("restart", "keeper.service")
    kept = Path(f"/proc/{booted.pid}/root/run/test/kept")
    eventually(kept.exists, "the keeper has its descriptor back")
    eventually(lambda: kept.read_text() == "kept: written before", "it is the same file")
    assert booted.stop() == 0


def test_a_stop_that_was_begun_goes_on_with_the_next_manager(boot):
    booted = boot({"slow.service": SLOW}, "slow.service")
    booted.wait_booted()
    reader = Path(f"/proc/{booted.pid}/root/run/test/stop")
    booted.send(signal.SIGTERM)
    eventually(reader.exists, "ExecStop runs")
    with reader.open() as said:         # readable also when the guest and its mounts are gone
        os.kill(booted.manager_pid(), signal.SIGKILL)
        eventually(lambda: said.seek(0) == 0 and "done" in said.read(), "ExecStop ends")
    assert booted.wait() == 0
    assert "goes on with" in booted.console


@pytest.mark.parametrize("seconds", [1.5])
def test_a_manager_that_was_stopped_for_seconds_catches_up(boot, seconds):
    """SIGSTOP: exits wait in the ring."""
    booted = boot(units(), "all.target")
    booted.wait_booted()
    pid = booted.manager_pid()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    names = [f"w{n}.service" for n in range(N_WORKERS)]
    before = lives(booted)
    eventually(lambda: all(lives(booted)[name[:-8]] > before[name[:-8]] for name in names), "every worker is restarted")
    assert booted.stop() == 0


def test_the_times_of_the_boot_are_those_of_the_boot(boot):
    """The next manager knows when the first one began and had finished: systemd-analyze tells the same as before."""
    booted = boot({"quick.service": "[Service]\nExecStart=/bin/sleep infinity\n"}, "quick.service")
    booted.wait_booted()
    names = ",".join(f"{word}TimestampMonotonic" for word in ("Userspace", "GeneratorsFinish", "UnitsLoadFinish", "Finish"))
    before = booted.systemctl("show", "-p", names).stdout
    times = [int(line.partition("=")[2]) for line in before.splitlines()]
    user, finish, generators, loaded = times      # in the order of `show`
    assert 0 < user <= generators <= loaded <= finish
    old = booted.manager_pid()
    os.kill(old, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, old), "a new manager")
    assert booted.systemctl("show", "-p", names).stdout == before
    assert booted.stop() == 0
