"""Ansible's own modules against fastinit: ansible-core from PyPI, local connection, inside the container.

One play runs all rows of ROWS in order; after each task a callback plugin asks systemctl how the unit is, so that what Ansible
reports and what is true are compared row by row.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest

from .harness import Container, Content

INSIDE = "/opt/ansible"
CALLBACK = '''
"""One line of JSON per task: what the module answered, and what systemctl says then."""
import json, subprocess
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "name: lines\\ntype: stdout\\nshort_description: lines of JSON\\ndescription: lines of JSON\\n"
PROPERTIES = "ActiveState,UnitFileState,NeedDaemonReload"

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "lines"

    def say(self, how, result):
        module, _, unit = result._task.get_name().partition(" ")
        show = subprocess.run(["systemctl", "show", "-p", PROPERTIES, unit], capture_output=True, text=True).stdout
        how = "changed" if how == "ok" and result._result.get("changed") else how
        print(json.dumps({"how": how, "result": result._result, "unit": dict(line.split("=", 1) for line in show.splitlines())}))

    def v2_runner_on_ok(self, result):
        self.say("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.say("failed", result)
'''
LIFE = "[Service]\nExecStart=/bin/sleep infinity\n" + "".join(
    f"{phase}=/bin/sh -c 'echo {word} >>/var/tmp/%n'\n" for phase, word in (
        ("ExecStartPre", "start"), ("ExecReload", "reload"), ("ExecStopPost", "stop")))
WANTED = "[Install]\nWantedBy=multi-user.target\n"
LEGACY = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          legacy
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: a service without a unit file
### END INIT INFO
case "$1" in
    start)  start-stop-daemon --start --background --make-pidfile --pidfile /run/legacy.pid --exec /bin/sleep -- infinity ;;
    stop)   start-stop-daemon --stop --remove-pidfile --pidfile /run/legacy.pid ;;
    status) start-stop-daemon --status --pidfile /run/legacy.pid ;;
    *)      echo "unknown: $1"; exit 2 ;;
esac
"""
FILES: Dict[str, Content] = {
    "/usr/lib/systemd/system/life.service": LIFE + WANTED,
    "/usr/lib/systemd/system/many@.service": "[Service]\nExecStart=/bin/sleep infinity\n" + WANTED,
    "/etc/init.d/legacy": LEGACY,
    "/etc/systemd/system/life.service.d/more.conf": "[Unit]\nDescription=before\n",
    "/opt/play/callback/lines.py": CALLBACK,
}


class Row(NamedTuple):
    """A task: module, arguments, answer ("changed", "ok", "failed"); then the unit's ActiveState and UnitFileState."""

    module: str
    arguments: str
    how: str
    active: str = ""
    enabled: str = ""

    @property
    def unit(self) -> str:
        name = dict(word.split("=", 1) for word in self.arguments.split()).get("name", "life")
        return name if "." in name else f"{name}.service"


ROWS = (
    Row("service",         "name=life state=started",                     "changed", "active",   "disabled"),
    Row("service",         "name=life state=started",                     "ok",      "active",   "disabled"),
    Row("service",         "name=life state=reloaded",                    "changed", "active",   "disabled"),
    Row("service",         "name=life state=restarted",                   "changed", "active",   "disabled"),
    Row("service",         "name=life state=stopped",                     "changed", "inactive", "disabled"),
    Row("service",         "name=life state=stopped",                     "ok",      "inactive", "disabled"),
    Row("service",         "name=life enabled=yes",                       "changed", "inactive", "enabled"),
    Row("service",         "name=life enabled=yes",                       "ok",      "inactive", "enabled"),
    Row("systemd_service", "name=life state=started",                     "changed", "active",   "enabled"),
    Row("systemd_service", "name=life state=started enabled=yes",         "ok",      "active",   "enabled"),
    Row("systemd_service", "name=life enabled=no",                        "changed", "active",   "disabled"),
    Row("systemd_service", "name=life enabled=no",                        "ok",      "active",   "disabled"),
    Row("systemd_service", "name=life masked=yes",                        "changed", "active",   "masked"),
    Row("systemd_service", "name=life masked=yes",                        "ok",      "active",   "masked"),
    Row("systemd_service", "name=life state=stopped",                     "changed", "inactive", "masked"),
    Row("systemd_service", "name=life state=started",                     "failed",  "inactive", "masked"),
    Row("systemd_service", "name=life masked=no",                         "changed", "inactive", "disabled"),
    Row("systemd_service", "name=life masked=no",                         "ok",      "inactive", "disabled"),
    Row("systemd_service", "name=life state=started enabled=yes",         "changed", "active",   "enabled"),
    Row("systemd_service", "name=many@one.service state=started enabled=yes", "changed", "active", "enabled"),
    Row("systemd_service", "name=many@one.service state=started enabled=yes", "ok",      "active", "enabled"),
    Row("service",         "name=legacy state=started",                   "changed", "active",   "generated"),
    Row("service",         "name=legacy state=started",                   "ok",      "active",   "generated"),
    Row("service",         "name=legacy state=stopped",                   "changed", "inactive", "generated"),
    Row("service",         "name=legacy enabled=yes",                     "changed", "inactive", "generated"),
    Row("service",         "name=legacy enabled=yes",                     "ok",      "inactive", "generated"),
    Row("service",         "name=legacy enabled=no",                      "changed", "inactive", "generated"),
    Row("service",         "name=nowhere state=started",                  "failed",  "inactive", ""),
    Row("systemd_service", "name=nowhere enabled=yes",                    "failed",  "inactive", ""),
    Row("copy",            "content=[Unit] dest=/etc/systemd/system/life.service.d/more.conf mode=0644", "changed"),
    Row("systemd_service", "daemon_reload=yes",                           "ok"),
    Row("service_facts",   "",                                            "ok"),
)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ansible-core and what it needs, for the container's Python."""
    directory = tmp_path_factory.mktemp("ansible")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:", "--python-version=3.11",
               f"--target={directory}", "ansible-core"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"no ansible-core from a package registry here: {done.stderr.strip()[-300:]}")
    return directory


@pytest.fixture(scope="module")
def played(image: str, ansible: Path) -> Iterator["List[Dict[str, Any]]"]:
    """The answer to each row."""
    container = Container(image, files={**FILES, "/opt/play/play.json": json.dumps(play())},
                          options=("--volume", f"{ansible}:{INSIDE}:ro"))
    try:
        container.wait_booted()
        env = {"PYTHONPATH": INSIDE, "ANSIBLE_CALLBACK_PLUGINS": "/opt/play/callback", "ANSIBLE_STDOUT_CALLBACK": "lines",
               "ANSIBLE_PIPELINING": "1", "ANSIBLE_LOCALHOST_WARNING": "0", "LC_ALL": "C.UTF-8"}
        done = container.run("env", *(f"{key}={value}" for key, value in env.items()), "python3",
                             f"{INSIDE}/bin/ansible-playbook", "-i", "localhost,", "/opt/play/play.json",
                             check=False, timeout_sec=240)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert len(lines) == 1 + len(ROWS), done.stdout + done.stderr
        yield [*lines, {"history": container.read("/var/tmp/life.service").split()}]
    finally:
        container.remove()


def play() -> List[Dict[str, object]]:
    tasks: List[Dict[str, object]] = [
        {"name": "setup", "ansible.builtin.setup": {"gather_subset": ["!all", "!min", "service_mgr"]}}]
    for row in ROWS:
        tasks.append({"name": f"{row.module} {row.unit}", f"ansible.builtin.{row.module}": row.arguments, "ignore_errors": True})
    return [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]


def test_ansible_sees_systemd(played: List[Dict[str, Any]]) -> None:
    """So that `service` takes its systemd way."""
    assert played[0]["result"]["ansible_facts"]["ansible_service_mgr"] == "systemd"


@pytest.mark.parametrize("index", range(len(ROWS)), ids=lambda index: f"{ROWS[index].module} {ROWS[index].arguments}")
def test_a_module_does_it_and_reports_it(played: List[Dict[str, Any]], index: int) -> None:
    """changed once, ok the second time; and what it says is what is."""
    row, answer = ROWS[index], played[index + 1]
    assert answer["how"] == row.how, answer
    if row.active:
        assert (answer["unit"]["ActiveState"], answer["unit"]["UnitFileState"]) == (row.active, row.enabled), answer


def test_each_change_was_made_once(played: List[Dict[str, Any]]) -> None:
    """As the unit's own commands tell; what is masked has none, so the second stop is not there."""
    assert played[-1]["history"] == ["start", "reload", "stop", "start", "stop", "start", "start"]


def test_daemon_reload_is_one(played: List[Dict[str, Any]]) -> None:
    """The drop-in that the copy task before it has changed was not yet read; then it was."""
    index = [row.module for row in ROWS].index("copy") + 1
    assert [played[at]["unit"]["NeedDaemonReload"] for at in (index, index + 1)] == ["yes", "no"]


def test_failures_say_why(played: List[Dict[str, Any]]) -> None:
    """In the words that roles look for."""
    said = [answer["result"]["msg"] for row, answer in zip(ROWS, played[1:]) if row.how == "failed"]
    assert "Unit life.service is masked." in said[0], said
    assert all(message.startswith("Could not find the requested service nowhere") for message in said[1:]), said


def test_service_facts_tell_them_all(played: List[Dict[str, Any]]) -> None:
    """Running, forgotten because nobody wants it, enabled, not there; an instance of a template, too."""
    facts = played[len(ROWS)]["result"]["ansible_facts"]["services"]
    expected = {
        "nginx": ("running", "enabled"), "redis-server": ("running", "enabled"), "cron": ("running", "enabled"),
        "life": ("running", "enabled"), "many@one": ("running", "active"), "legacy": ("inactive", "generated"),
        "systemd-reboot": ("inactive", "static"),
    }
    assert {name: (facts[f"{name}.service"]["state"], facts[f"{name}.service"]["status"]) for name in expected} == expected
    assert {entry["source"] for entry in facts.values()} <= {"systemd", "sysv"}
