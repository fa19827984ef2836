"""What a container tells its engine: the services' output, and its exit code."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, NamedTuple, Tuple

import pytest

from .harness import UNITS, Container, Content, Link

Boot = Callable[..., Container]


def enabled(*names: str) -> Dict[str, Content]:
    return {f"{UNITS}multi-user.target.wants/{name}": Link(f"../{name}") for name in names}


SPEAKER = """\
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo to stdout; echo to stderr >&2; echo -n no newline'
{}
"""


def test_output_reaches_the_engine_with_the_units_name(boot: Boot) -> None:
    """stdout and stderr, each line with the unit in front (SyslogIdentifier= instead, if set); what is elsewhere is not there."""
    units = {"one.service": SPEAKER.format(""), "two@x.service": SPEAKER.format("SyslogIdentifier=renamed"),
             "three.service": SPEAKER.format("StandardOutput=null\nStandardError=journal"),
             "four.service": SPEAKER.format("StandardOutput=append:/var/log/four\nStandardError=inherit")}
    container = boot(files={**units, **enabled("one.service", "two@x.service", "three.service", "four.service")})
    container.wait_booted()
    container.wait_log("one[")
    lines = container.log().splitlines()
    for name in ("one", "renamed"):
        for text in ("to stdout", "to stderr", "no newline"):
            assert any(re.fullmatch(rf"{name}\[\d+\]: {text}", line) for line in lines), "\n".join(lines)
    assert [line.partition(": ")[2] for line in lines if line.startswith("three[")] == ["to stderr"]
    assert not any(line.startswith("four[") for line in lines)
    assert container.read("/var/log/four") == "to stdout\nto stderr\nno newline"
    assert "one.service" in next(line for line in lines if "Finished one.service" in line)


COUNTER = """#!/usr/bin/python3 -IS
import signal, sys
for number in range(int(sys.argv[1])):
    print(f"line {number}", flush=True)
print("counted", flush=True)
signal.pause()
"""
LINES = 20_000


def test_no_line_is_lost_when_the_manager_is_killed(boot: Boot) -> None:
    """A service writes all the time while three managers are killed: the stored log has every line once and in order."""
    container = boot(files={"usr/local/bin/counter": COUNTER,
                            "count.service": f"[Service]\nExecStart=/usr/local/bin/counter {LINES}\n"})
    container.wait_booted()
    container.systemctl("start", "count")
    for _ in range(3):
        manager = container.manager()
        assert manager is not None
        container.run("kill", "-9", manager["pid"])
        container.wait("there is another manager", lambda before=manager: (container.manager() or before)["pid"] != before["pid"])
    container.wait("all is counted", lambda: container.read("/run/fastinit/log/count.service.log").count("\ncounted\n") == 1)
    stored = [line for line in container.read("/run/fastinit/log/count.service.log").splitlines() if line.startswith("line ")]
    assert stored == [f"line {number}" for number in range(LINES)]
    assert container.show("count.service", "NRestarts") == "0"
    shown = [line.partition(": ")[2] for line in container.log().splitlines() if line.startswith("count[")]
    assert sorted(set(shown) - set(stored)) in ([], ["counted"]), "what the engine was shown was written so"


class Ending(NamedTuple):
    unit: str
    code: int
    command: Tuple[str, ...] = ()       # of the container; () = the default target


def oneshot(code: int, more: str) -> str:
    return f"[Unit]\n{more}\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit {code}'\n"


INIT = ("/usr/bin/systemctl", "init", "job.service")
ENDINGS: Dict[str, Ending] = {
    "SuccessAction=exit": Ending(oneshot(0, "SuccessAction=exit"), 0),
    "SuccessActionExitStatus=": Ending(oneshot(0, "SuccessAction=exit\nSuccessActionExitStatus=3"), 3),
    "FailureAction=exit hands on what the process ended with": Ending(oneshot(7, "FailureAction=exit"), 7),
    "FailureActionExitStatus=": Ending(oneshot(7, "FailureAction=exit\nFailureActionExitStatus=9"), 9),
    "FailureAction=exit-force": Ending(oneshot(7, "FailureAction=exit-force"), 7),
    "FailureAction=poweroff": Ending(oneshot(7, "FailureAction=poweroff"), 0),
    "init of a unit that fails": Ending(oneshot(42, ""), 42, INIT),
    "init of a unit that is killed": Ending("[Service]\nExecStart=/bin/sh -c 'kill -9 $$$$'\n", 1, INIT),
    "init of a unit that is not there": Ending("", 1, ("/usr/bin/systemctl", "init", "nowhere.service")),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_the_containers_exit_code(boot: Boot, name: str) -> None:
    """What the unit says, after all others were stopped."""
    ending = ENDINGS[name]
    container = boot(*ending.command, files={"job.service": ending.unit, **enabled("job.service")})
    assert container.wait_ended() == ending.code, container.log()
    if not ending.command and "force" not in name:
        assert "Stopped nginx.service" in container.log() or "Started nginx.service" not in container.log(), container.log()


@pytest.mark.parametrize("code", [7, 255])
def test_systemctl_exit(boot: Boot, code: int) -> None:
    """systemctl exit N is the container's exit code."""
    container = boot()
    container.wait_booted()
    container.run("systemctl", "exit", str(code), check=False)
    assert container.wait_ended() == code, container.log()


SAID = "[Service]\nExecStartPre=/bin/echo before\nExecStart=/bin/sh -c 'echo up; exec sleep 1000'\n"
LIFE = ["Starting said.service...", "before", "Started said.service.", "up"]
END = ["Stopping said.service...", "said.service: Deactivated successfully.", "Stopped said.service."]


def test_status_shows_the_lines_of_the_last_life(boot: Boot) -> None:
    """As systemd 257 does: after a restart nothing that was before it, but all of its own start."""
    def lines() -> List[str]:
        found = container.systemctl("status", "said", check=False).splitlines()
        return sorted(line.partition("]: ")[2] for line in found if "]: " in line)

    container = boot(files={"said.service": SAID, "names.target": "[Unit]\nBefore=said.service\n"})
    container.wait_booted()
    container.systemctl("start", "names.target")        # or it is forgotten when it is down, and all its lives are shown
    for verb, wanted in (("start", LIFE), ("restart", LIFE), ("stop", LIFE + END), ("start", LIFE)):
        container.systemctl(verb, "said.service")
        container.wait("its words are there", lambda: "up" in lines())
        assert lines() == sorted(wanted), verb
