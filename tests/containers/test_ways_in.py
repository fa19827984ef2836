"""The ways in which a container with fastinit is run: names, users, rights, file systems, a terminal, another init around it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import termios
from typing import Callable, Dict, Tuple

import pytest

from .harness import UNITS, Container, Content, Link
from .image import ULIMITS, podman

Boot = Callable[..., Container]
TALKER = """\
[Service]
ExecStart=/bin/sh -c 'trap "echo ended; exit 0" TERM; echo begun; while :; do sleep 1000 & wait $$!; done'
ExecStop=/bin/echo stopping
KillMode=mixed
"""
# Debian's services cannot run in every one of these, and that is not what is asked here.
FILES: Dict[str, Content] = {
    "talker.service": TALKER, f"{UNITS}multi-user.target.wants/talker.service": Link("../talker.service"),
    **{name: Link("/dev/null") for name in ("nginx.service", "redis-server.service", "cron.service")}}
SYSTEMCTL, INIT = "/usr/bin/systemctl", "/sbin/init"
LEAST = ("--cap-drop=all", "--user=1000", "--read-only", "--read-only-tmpfs=false", "--security-opt=no-new-privileges")
WAYS: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "an ordinary user": (SYSTEMCTL, ("--user=1000",)),
    "a read-only root": (INIT, ("--read-only",)),
    "a read-only root and nothing else": (SYSTEMCTL, ("--read-only", "--read-only-tmpfs=false")),
    "no capabilities": (INIT, ("--cap-drop=all",)),
    "nothing at all": (SYSTEMCTL, LEAST),
    "nothing at all, as init": (INIT, LEAST),
}


@pytest.mark.parametrize("way", WAYS)
def test_both_names_boot_obey_and_end(boot: Boot, way: str) -> None:
    """The default target comes up, systemctl works, the service is stopped by ExecStop= and TERM, the exit code is 0."""
    entry, options = WAYS[way]
    container = boot(entry, files=FILES, options=options)
    container.wait_log("Startup finished")
    assert container.systemctl("is-system-running", "--wait").strip() == "running", container.log()
    assert container.show("talker.service", "SubState") == "running"
    seconds, code = container.stop()
    log = container.log()
    assert (code, seconds < 2.0) == (0, True), f"{seconds:.2f} s\n{log}"
    assert log.index("]: begun") < log.index("]: stopping") < log.index("]: ended"), log


@pytest.mark.parametrize("words", [("start", "talker"), ("-1", "start", "talker"), ("init", "talker")], ids=" ".join)
def test_as_pid_1_to_start_is_to_be_the_init(boot: Boot, words: Tuple[str, ...]) -> None:
    """CMD ["systemctl", "start", "talker"]: images have such lines; a container that ends at once helps nobody."""
    container = boot(SYSTEMCTL, *words, files={**FILES, f"{UNITS}multi-user.target.wants/talker.service": Link("/dev/null")})
    container.wait_log("]: begun")
    assert container.code("is-active", "talker") == 0 and container.code("is-active", "multi-user.target") == 3
    assert container.stop()[1] == 0
    assert container.log().index("]: stopping") < container.log().index("]: ended")


@pytest.mark.skipif(shutil.which("catatonit") is None, reason="podman --init needs catatonit")
def test_below_another_init(boot: Boot) -> None:
    """podman run --init: a subreaper in the foreground; TERM reaches it, and the exit code is handed on."""
    container = boot("/usr/bin/systemctl", "init", "talker", files=FILES, options=("--init",))
    container.wait_log("]: begun")
    assert "catatonit" in container.processes()[0]["command"] or "init" in container.processes()[0]["command"]
    assert container.code("is-active", "talker") == 0
    assert container.stop()[1] == 0
    log = container.log()
    assert log.index("]: stopping") < log.index("]: ended"), log


@pytest.mark.parametrize("command", [("/usr/bin/systemctl", "init", "talker"), ("/usr/bin/systemctl",)])
def test_ctrl_c_at_a_terminal_is_halt(boot: Boot, command: Tuple[str, ...]) -> None:
    """podman run -it: one Ctrl-C stops all units and ends the container with code 0."""
    container = boot(*command, files=FILES, options=("--tty", "--interactive"))
    container.wait_log("]: begun")
    master, slave = pty.openpty()
    attach = ["podman", "--runtime", "runc", "attach", container.name]
    attached = subprocess.Popen(attach, stdin=slave, stdout=slave, stderr=slave)
    try:
        container.wait("podman has taken the terminal", lambda: not termios.tcgetattr(slave)[3] & termios.ICANON)
        os.write(master, b"\x03")
        assert container.wait_ended() == 0, container.log()
        attached.wait(30)
    finally:
        if attached.poll() is None:
            attached.kill()
        os.close(master)
        os.close(slave)
    log = container.log()
    assert log.index("]: stopping") < log.index("]: ended"), log


def test_without_any_place_to_write_it_says_so_and_ends(boot: Boot) -> None:
    """One line and exit code 1, instead of one manager after the other."""
    container = boot(options=("--env=FASTINIT_RUN=/proc/nowhere",))
    assert container.wait_ended() == 1
    lines = [line for line in container.log().splitlines() if "cannot prepare" in line]
    assert len(lines) == 1 and "/proc/nowhere" in lines[0], container.log()


def test_a_question_is_answered_and_no_init_is_started(image: str) -> None:
    """`podman run image systemctl --version`, `… is-enabled nginx`: what only asks or prints ends at once."""
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return podman("run", "--rm", "--network=none", *ULIMITS, image, "systemctl", *words, check=False, timeout_sec=30)
    assert run("--version").stdout.startswith("systemd 257")
    assert (run("is-enabled", "nginx").stdout, run("is-enabled", "nowhere").returncode) == ("enabled\n", 4)
    assert (run("is-active", "nginx").stdout, run("is-active", "nginx").returncode) == ("inactive\n", 3)


def test_a_command_that_comes_before_the_manager_waits_for_it(boot: Boot) -> None:
    """`podman exec` is possible as soon as PID 1 exists: no second manager, no "inactive" about what is about to start."""
    container = boot(files={"up.service": "[Service]\nExecStart=/bin/sleep infinity\n"})
    for words in (("start", "up.service"), ("is-system-running", "--wait"), ("start", "up.service")):
        podman("restart", "--time", "30", container.name)
        container.host_pid = int(container.inspect("{{.State.Pid}}"))
        container.systemctl(*words)
        managers = [process for process in container.processes() if "fastinit.cli.manager" in process["command"]]
        assert len(managers) == 1 and managers[0]["ppid"] == "1", managers
    assert container.show("up.service", "ActiveState") == "active"
