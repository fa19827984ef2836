"""The command lines of an image's CMD that the Python script in use today has, each as the PID 1 of a container.

Dockerfiles have them as they are: what comes up, what keeps the container running, what ends it, with which code.
"""

from __future__ import annotations

from typing import Callable, Dict, Tuple

import pytest

from .harness import UNITS, Container, Content, Link

Boot = Callable[..., Container]
SYSTEMCTL = "/usr/bin/systemctl"
RECORD = "/var/log/record"
TALKS = f"""\
#!/bin/sh
trap "echo ended >> {RECORD}; exit 0" TERM
echo begun $FROM >> {RECORD}
while :; do sleep 1000 & wait $!; done
"""
# When the service is over, a process is left that belongs to nobody: KillMode=process.
LEAVES = f"""\
#!/bin/sh
echo done >> {RECORD}
setsid sh -c "until [ -e /run/go ]; do sleep 0.05; done; echo last >> {RECORD}" &
"""
FILES: Dict[str, Content] = {
    "var/log/record": "", "usr/local/bin/talks": TALKS, "usr/local/bin/leaves": LEAVES,
    "talker.service": "[Service]\nEnvironment=FROM=unit\nExecStart=/usr/local/bin/talks\nKillMode=mixed\n"
                      f"ExecStop=/bin/sh -c 'echo stopping >> {RECORD}'\n",
    "leaves.service": "[Service]\nType=oneshot\nKillMode=process\nExecStart=/usr/local/bin/leaves\n",
    "other.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    f"{UNITS}multi-user.target.wants/talker.service": Link("../talker.service"),
    **{name: Link("/dev/null") for name in ("nginx.service", "redis-server.service", "cron.service")}}
# CMD -> what the service has written when it is up; what is not up then. All stop at SIGINT, SIGTERM or `halt`, with code 0.
BOOTS: Dict[Tuple[str, ...], Tuple[str, str]] = {
    (): ("begun unit", "other"),
    ("default",): ("begun unit", "other"),
    ("-1",): ("begun unit", "other"),
    ("--init", "default"): ("begun unit", "other"),
    ("-vvv", "-c", "INITLOOPSLEEP=1", "--config", "NO_SUCH=x", "--maxtimeout=3", "init"): ("begun unit", "other"),
    ("-e", "FROM=option", "init", "talker"): ("begun option", "multi-user.target other"),
    ("--init", "start", "talker", "other"): ("begun unit", "multi-user.target"),
}
ENDS = ("INT", "TERM", "halt")


def record(container: Container) -> str:
    return container.read(RECORD)


@pytest.mark.parametrize("number", range(len(BOOTS)), ids=[" ".join(words) or "no words" for words in BOOTS])
def test_boots_stays_and_ends_in_order(boot: Boot, number: int) -> None:
    """At a terminal (run -t): SIGINT is halt; so are SIGTERM and `systemctl halt` from podman exec."""
    words, (said, absent) = list(BOOTS.items())[number]
    container = boot(SYSTEMCTL, *words, files=FILES, options=("--tty",))
    container.wait("the service is up", lambda: said in record(container))
    assert container.wait_booted() == "running"
    assert container.code("is-active", "talker") == 0
    for name in absent.split():
        assert container.code("is-active", name) == 3, name
    end = ENDS[number % len(ENDS)]
    if end == "halt":
        container.run("systemctl", "halt", check=False)
    else:
        container.signal(end)
    assert container.wait_ended() == 0, container.log()
    assert container.copy_out(RECORD).splitlines() == [said, "stopping", "ended"], container.log()


def test_0_waits_for_the_last_process(boot: Boot) -> None:
    """-0: the service is over, a process of nobody's is left, the container runs; it ends together with that process."""
    container = boot(SYSTEMCTL, "-0", "init", "leaves", files=FILES)
    container.wait("the service is over", lambda: "done" in record(container) and container.code("is-active", "leaves") == 3)
    assert container.is_running()
    container.run("touch", "/run/go")
    assert container.wait_ended() == 0, container.log()
    assert container.copy_out(RECORD).splitlines() == ["done", "last"]


def test_00_waits_for_the_last_service(boot: Boot) -> None:
    """-00: what the service has left behind does not hold the container; another service that runs does."""
    container = boot(SYSTEMCTL, "--exit", "--exit", "init", "leaves", files=FILES)
    assert container.wait_ended() == 0, container.log()
    assert container.copy_out(RECORD).splitlines() == ["done"]

    container = boot(SYSTEMCTL, "-00", "start", "leaves", "talker", files=FILES)
    container.wait("both have begun", lambda: {"done", "begun unit"} <= set(record(container).splitlines()))
    assert container.code("is-active", "leaves") == 3 and container.is_running()
    container.systemctl("stop", "talker", check=False)
    assert container.wait_ended() == 0, container.log()


def test_init_elsewhere_is_an_init_in_the_foreground(boot: Boot) -> None:
    """sh -c "…; systemctl -1": an entrypoint that stays PID 1 itself; Ctrl-C's signal to the child is halt there too."""
    container = boot("sh", "-c", "systemctl --init default; echo code $? >> /var/log/record", files=FILES)
    container.wait("the service is up", lambda: "begun unit" in record(container))
    child = next(process for process in container.processes() if process["ppid"] == "1" and "init" in process["command"])
    container.run("kill", "-INT", child["pid"])
    container.wait_ended()
    assert container.copy_out(RECORD).splitlines() == ["begun unit", "stopping", "ended", "code 0"], container.log()


def test_halt_as_the_command_ends_at_once(boot: Boot) -> None:
    """CMD ["systemctl", "halt"]: there is nothing to stop; no init is started."""
    container = boot(SYSTEMCTL, "halt", files=FILES)
    assert container.wait_ended() == 0, container.log()
    assert container.copy_out(RECORD) == ""
