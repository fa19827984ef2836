"""How a container starts, is changed while it runs, and ends."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Callable, Dict

import pytest

from . import image as images
from .harness import UNITS, Container, Content, Link

Boot = Callable[..., Container]

# Writes one line per thing that happens to it; a stop is ExecStop= first, then the signal of KillSignal=.
RECORDER = """#!/usr/bin/python3 -IS
import os, signal, sys
name, number = sys.argv[1], getattr(signal, "SIG" + sys.argv[2])
def note(what):
    fd = os.open("/var/log/record", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(fd, f"{name} {what}\\n".encode())
def end(*_):
    note(f"got {sys.argv[2]}")
    os._exit(0)
signal.signal(number, end)
note("up")
while True:
    signal.pause()
"""


def recorder(name: str, signal: str = "TERM", more: str = "", install: str = "[Install]\nWantedBy=multi-user.target\n") -> str:
    return (f"[Unit]\nDescription=Recorder {name}\n[Service]\nExecStart=/usr/local/bin/recorder {name} {signal}\n"
            f"ExecStop=/bin/sh -c 'echo {name} ExecStop >> /var/log/record'\nKillSignal=SIG{signal}\n{more}\n{install}")


def enabled(*names: str) -> Dict[str, Content]:
    """The links that `systemctl enable` would make."""
    return {f"{UNITS}multi-user.target.wants/{name}": Link(f"{'/' + UNITS}{name}") for name in names}


FILES: Dict[str, Content] = {"usr/local/bin/recorder": RECORDER, "var/log/record": ""}


def record(container: Container) -> str:
    return container.read("/var/log/record")


# ---- the end ---------------------------------------------------------------------------------------------------------


def test_term_runs_every_units_exec_stop_and_kill_signal(boot: Boot) -> None:
    """Enabled and hand-started units alike, each with its own signal."""
    container = boot(files={
        **FILES, "a.service": recorder("a"), "b.service": recorder("b", "QUIT"), "hand.service": recorder("hand", "USR1"),
        "idle.service": recorder("idle"), **enabled("a.service", "b.service")})
    container.wait_booted()
    container.systemctl("start", "hand")
    container.wait("all three are up", lambda: all(f"{name} up" in record(container) for name in ("a", "b", "hand")))
    assert container.stop()[1] == 0
    lines = container.copy_out("/var/log/record").splitlines()
    for name, number in (("a", "TERM"), ("b", "QUIT"), ("hand", "USR1")):
        assert lines.index(f"{name} ExecStop") < lines.index(f"{name} got {number}"), lines
    assert not any(line.startswith("idle") for line in lines)


SLOW_BOOT = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo slow >> /var/log/record; exec sleep 1000'
TimeoutStartSec=infinity
"""


def is_pending(pid: int, number: signal.Signals) -> bool:
    """Whether a process has not taken the signal yet: the next one would be the same to it."""
    status = Path(f"/proc/{pid}/status").read_text()
    pending = next(line for line in status.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending.split()[1], 16) & 1 << (number - 1))


@pytest.mark.parametrize("times", [1, 2])
def test_term_in_the_middle_of_the_boot(boot: Boot, times: int) -> None:
    """What is up is stopped properly, what is starting is given up, what has not begun never begins; a second TERM changes
    nothing about that."""
    container = boot(files={
        **FILES, "a.service": recorder("a", more="[Unit]\nBefore=slow.service"), "slow.service": SLOW_BOOT,
        "later.service": recorder("later", more="[Unit]\nAfter=slow.service"),
        **enabled("a.service", "slow.service", "later.service")})
    container.wait("a is up and the boot hangs in slow", lambda: {"a up", "slow"} <= set(record(container).splitlines()))
    began = time.monotonic()
    os.kill(container.host_pid, signal.SIGTERM)     # not by podman, which takes longer than the whole stop
    for _ in range(times - 1):
        while is_pending(container.host_pid, signal.SIGTERM):
            assert time.monotonic() - began < 10, "PID 1 does not read its signals"
        os.kill(container.host_pid, signal.SIGTERM)
    assert container.wait_ended() == 0, container.log()
    assert time.monotonic() - began < 10
    lines = container.copy_out("/var/log/record").splitlines()
    assert lines.index("a ExecStop") < lines.index("a got TERM"), lines
    assert not any(line.startswith("later") for line in lines), lines


@pytest.mark.parametrize("moment", range(6))
def test_term_at_any_moment_of_the_start(boot: Boot, moment: int) -> None:
    """From the first instant on, TERM ends the container with code 0, and nothing that came up lacks its ExecStop."""
    container = boot(files={**FILES, "a.service": recorder("a"), **enabled("a.service")})
    end = time.monotonic() + 0.06 * moment          # not a wait for anything: the moment is the test's parameter
    while time.monotonic() < end:
        pass
    container.signal("TERM")
    assert container.wait_ended() == 0, container.log()
    lines = container.copy_out("/var/log/record").splitlines()
    assert "a up" not in lines or {"a ExecStop", "a got TERM"} <= set(lines), lines


SLOW_STOP = """\
[Service]
ExecStart=/bin/sh -c 'trap "sleep 1; exit 0" TERM; echo up >> /var/log/record; while :; do sleep 1000 & wait $$!; done'
KillMode=mixed
"""


def test_stop_takes_as_long_as_the_longest_unit(boot: Boot) -> None:
    """Eight units that need a second each to stop end in one second together."""
    names = [f"slow{number}.service" for number in range(8)]
    container = boot(files={**{name: SLOW_STOP for name in names}, **enabled(*names)})
    container.wait_booted()
    container.wait("all are up", lambda: record(container).count("up") == 8)
    seconds, code = container.stop()
    assert code == 0
    assert 1.0 <= seconds < 3.0, f"{seconds:.2f} s\n{container.log()}"


@pytest.mark.parametrize("verb", ["halt", "poweroff", "reboot"])
def test_halt_from_podman_exec_ends_the_container(boot: Boot, verb: str) -> None:
    """systemctl halt stops all units; the container ends with code 0."""
    container = boot(files={**FILES, "a.service": recorder("a"), **enabled("a.service")})
    container.wait_booted()
    container.wait("a is up", lambda: "a up" in record(container))
    container.run("systemctl", verb, check=False)       # the exec ends together with the container
    assert container.wait_ended() == 0, container.log()
    assert "a got TERM" in container.copy_out("/var/log/record")


# ---- which processes -------------------------------------------------------------------------------------------------

SCRIPT = """#!/bin/sh
sleep 1001 &
(sleep 1002 & sleep 1003) &
setsid sleep 1004 &
sleep 1005
"""
DAEMON = """#!/usr/bin/env python3
import os, signal, sys
ready, done = os.pipe()
if os.fork():
    os.close(done)
    os.read(ready, 1)
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
if len(sys.argv) > 1:
    with open(sys.argv[1], "w") as file:
        print(os.getpid(), file=file)
signal.signal(signal.SIGTERM, lambda *_: (open("/var/log/record", "a").write("daemon got TERM\\n"), os._exit(0)))
os.close(done)
while True:
    signal.pause()
"""


def commands(container: Container) -> str:
    return "\n".join(process["command"] for process in container.processes() if process["state"] != "Z")


def test_children_of_a_shell_script_service_are_stopped(boot: Boot) -> None:
    """Background jobs, grandchildren, and those in a session of their own."""
    container = boot(files={"usr/local/bin/script": SCRIPT, "script.service": "[Service]\nExecStart=/usr/local/bin/script\n"})
    container.wait_booted()
    container.systemctl("start", "script")
    container.wait("all five sleep", lambda: all(f"sleep 100{number}" in commands(container) for number in range(1, 6)))
    status = container.systemctl("status", "script")
    assert all(f"sleep 100{number}" in status for number in range(1, 6)), status
    container.systemctl("stop", "script")
    assert "sleep 100" not in commands(container)


@pytest.mark.parametrize("pid_file", [True, False])
def test_a_forking_daemon_is_adopted_tracked_and_stopped(boot: Boot, pid_file: bool) -> None:
    """Its main process is found by its PID file or guessed, its death is noticed, and a stop reaches it."""
    argument, line = (" /run/d.pid", "PIDFile=/run/d.pid\n") if pid_file else ("", "")
    unit = f"[Service]\nType=forking\nExecStart=/usr/local/bin/daemon{argument}\n{line}Restart=on-failure\nRestartSec=100ms\n"
    container = boot(files={"usr/local/bin/daemon": DAEMON, "d.service": unit})
    container.wait_booted()
    container.systemctl("start", "d")
    pid = container.main_pid("d.service")
    assert [process["ppid"] for process in container.processes() if process["pid"] == str(pid)] == ["1"]
    assert container.show("d.service", "SubState") == "running"
    container.run("kill", "-KILL", str(pid))
    container.wait("its death was noticed, and it was started again", lambda: container.main_pid("d.service") not in (0, pid))
    container.systemctl("stop", "d")
    assert "daemon got TERM" in record(container)
    assert container.show("d.service", "ActiveState") == "inactive"
    assert "/usr/local/bin/daemon" not in commands(container)


# ---- what is booted --------------------------------------------------------------------------------------------------


def test_enable_makes_the_link_and_a_hand_made_link_is_honoured(boot: Boot, image: str) -> None:
    """Both are started by the next boot of the committed container, which has nothing of the first life's state."""
    container = boot(files={**FILES, "a.service": recorder("a"), "b.service": recorder("b")})
    container.wait_booted()
    assert container.systemctl("is-enabled", "a", check=False).strip() == "disabled"
    container.systemctl("enable", "a")
    wants = f"/{UNITS}multi-user.target.wants/"
    assert container.run("readlink", f"{wants}a.service").stdout.strip() == f"/{UNITS}a.service"
    container.run("ln", "-s", f"/{UNITS}b.service", wants)
    assert container.systemctl("is-enabled", "b").strip() == "enabled"
    committed = image.replace("fastinit-tests:", "fastinit-tests-committed:")
    images.podman("commit", "--quiet", container.name, committed)       # while it runs: sockets, PID files and state go along
    second = boot(image=committed)
    try:
        assert second.wait_booted() == "running", second.systemctl("list-units", "--failed") + second.log()
        second.wait("a and b are up", lambda: sorted(record(second).splitlines())[-2:] == ["a up", "b up"])
        assert second.code("is-active", "nginx", "redis-server", "cron") == 0
        assert second.show("nginx.service", "NRestarts") == "0"
        assert second.stop()[1] == 0
    finally:
        second.remove()
        images.podman("rmi", "--force", committed, check=False)


def test_init_of_a_list_boots_and_stops_exactly_that_list(boot: Boot) -> None:
    """`init a b`: neither c nor the default target; TERM stops a and b, and the container ends with code 0."""
    container = boot("/usr/bin/systemctl", "init", "a", "b.service", files={
        **FILES, **{f"{name}.service": recorder(name) for name in "abc"}, **enabled("c.service")})
    container.wait("a and b are up", lambda: {"a up", "b up"} <= set(record(container).splitlines()))
    assert container.code("is-active", "c", "nginx") != 0
    assert container.stop()[1] == 0
    lines = container.copy_out("/var/log/record").splitlines()
    assert sorted(lines) == sorted(f"{name} {what}" for name in "ab" for what in ("up", "ExecStop", "got TERM"))


def test_init_of_a_list_exits_when_they_are_done(boot: Boot) -> None:
    """Two jobs that end by themselves end the container, with code 0."""
    job = "[Service]\nExecStart=/bin/sh -c 'echo {} >> /var/log/record'\n"
    container = boot("/usr/bin/systemctl", "init", "one", "two", files={
        **FILES, "one.service": job.format("one"), "two.service": job.format("two")})
    assert container.wait_ended() == 0, container.log()
    assert sorted(container.copy_out("/var/log/record").split()) == ["one", "two"]


CODES = {
    "is-active nginx": 0, "is-active e2scrub_reap": 3, "is-active nowhere": 4, "is-failed nginx": 1, "is-failed broken": 0,
    "status nginx": 0, "status e2scrub_reap": 3, "status nowhere": 4, "start nowhere": 5, "start broken": 1, "stop nowhere": 5,
    "is-enabled nginx": 0, "is-enabled nowhere": 4, "cat nginx": 0, "cat nowhere": 1, "no-such-verb": 1, "restart nginx": 0,
    "reload nginx": 0, "try-restart e2scrub_reap": 0, "is-system-running": 1, "reset-failed broken": 0,
}


ASK = """
import json, subprocess, sys
done = [subprocess.run(["systemctl", *words.split()], capture_output=True).returncode for words in json.loads(sys.argv[1])]
print(json.dumps(done))
"""


def test_exit_codes(boot: Boot) -> None:
    """As systemd's systemctl, in this order: scripts rely on them."""
    container = boot(files={"broken.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n", **enabled("broken.service")})
    assert container.wait_booted() == "degraded"
    assert dict(zip(CODES, json.loads(container.python(ASK, json.dumps(list(CODES)))))) == CODES
    assert container.systemctl("is-system-running").strip() == "running"


def test_an_entrypoint_that_has_started_services_becomes_the_init(boot: Boot) -> None:
    """`systemctl start x && … && exec systemctl init y`: x goes on under the new init, and the container ends in order."""
    files: Dict[str, Content] = {name: "[Service]\nExecStart=/bin/sleep infinity\n" for name in ("x.service", "y.service")}
    container = boot("sh", "-c", "systemctl start x && exec systemctl init y", files=files)
    container.wait("y is up", lambda: container.code("is-active", "y") == 0)
    container.wait("x is up again", lambda: container.code("is-active", "x") == 0)
    assert "--background" not in " ".join(process["command"] for process in container.processes())
    assert container.stop()[1] == 0
