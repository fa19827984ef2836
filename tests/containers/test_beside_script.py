"""The Python script that many images use as systemctl (Debian's package of that name) and ours, in the same image, asked alike.

Whoever replaces it must not have to change a Dockerfile. Where the script contradicts systemd, systemd wins: such a row says
what the script answers, so that it is known to be needed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional

import pytest

from .harness import UNITS, Container, Content, Link

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastinit-tests"
SCRIPT = "/opt/systemctl-script"
SLEEPS = "[Unit]\nDescription={0}\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
FILES: Dict[str, Content] = {
    "web.service": SLEEPS.format("A web server"), "other.service": SLEEPS.format("Another one"),
    "once.service": "[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n",
    "gone.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "fails.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
    "reloads.service": SLEEPS.format("Reloads") + "[Service]\nExecReload=/bin/sh -c 'echo reloaded >> /run/reloads'\n",
    "variables.service": "[Service]\nEnvironment=A=1 \"B=two words\"\nExecStart=/bin/sleep infinity\n",
    "inst@.service": "[Unit]\nDescription=Instance %i\n[Service]\nExecStart=/bin/sleep infinity\n",
    "lib/systemd/system/spare.service": SLEEPS.format("In the vendor's folder"),
    f"{UNITS}multi-user.target.wants/web.service": Link("../web.service"),
    **{name: Link("/dev/null") for name in ("nginx.service", "redis-server.service", "cron.service")}}


class Row(NamedTuple):
    """What is asked, in this order, in one container each. code, text: of both, or, where script is given, of ours alone.

    text: stdout; None where it is for people. script: its exit code where systemd's is another, or its answer is.
    """

    words: str
    code: int
    text: Optional[str] = None
    script: Optional[int] = None
    why: str = ""


NEVER_INACTIVE = "the script says unknown, systemd inactive"
LOST = "the script takes what was started by hand for not running"
ROWS = (
    Row("is-active web", 0, "active\n"),
    Row("is-active other", 3, "inactive\n", 3, NEVER_INACTIVE),
    Row("is-active web other", 0, "active\ninactive\n", 3, "one that is active is enough for systemd"),
    Row("is-active other web", 0, "inactive\nactive\n", 3, "one that is active is enough for systemd"),
    Row("is-active nosuch", 4, "inactive\n", 3, "no such unit is 4"),
    Row("is-failed web", 1, "active\n"),
    Row("is-enabled web", 0, "enabled\n"),
    Row("is-enabled other", 1, "disabled\n"),
    Row("is-enabled nosuch", 4, "not-found\n", 1, "no such unit is 4"),
    Row("start other", 0, ""),
    Row("is-active other", 0, "active\n", 3, LOST),
    Row("stop other", 0, ""),
    Row("is-active other", 3, "inactive\n", 3, NEVER_INACTIVE),
    Row("restart other", 0, ""),
    Row("try-restart web", 0, ""),
    Row("try-restart once", 0, ""),
    Row("reload web", 3, "", 0, "what has no ExecReload= cannot be reloaded"),
    Row("reload reloads", 1, "", 0, "what is not running cannot be reloaded"),
    Row("start reloads", 0, ""),
    Row("reload reloads", 0, ""),
    Row("reload-or-restart web", 0, ""),
    Row("start once", 0, ""),
    Row("is-active once", 0, "active\n", 3, "RemainAfterExit=yes"),
    Row("start gone", 0, ""),
    Row("is-active gone", 3, "inactive\n", 3, NEVER_INACTIVE),
    Row("start fails", 1, ""),
    Row("is-failed fails", 0, "failed\n", 1, "a oneshot that failed has failed"),
    Row("reset-failed fails", 0, ""),
    Row("enable other", 0, ""),
    Row("is-enabled other", 0, "enabled\n"),
    Row("disable other", 0, ""),
    Row("is-enabled other", 1, "disabled\n"),
    Row("mask other", 1, ""),           # a file stands there
    Row("unmask other", 0, ""),
    Row("mask spare", 0, ""),
    Row("is-enabled spare", 1, "masked\n", 0, "masked is not enabled"),
    Row("start spare", 1, "", 0, "what is masked cannot be started"),
    Row("unmask spare", 0, ""),
    Row("is-enabled spare", 1, "disabled\n"),
    Row("start inst@a", 0, ""),
    Row("is-active inst@a", 0, "active\n", 3, LOST),
    Row("stop inst@a", 0, ""),
    Row("show -p Id web", 0, "Id=web.service\n"),
    Row("show -p ActiveState web", 0, "ActiveState=active\n"),
    Row("show -P ActiveState web", 0, "active\n", 2, "the script does not know the option"),
    Row("get-default", 0, "multi-user.target\n"),
    Row("daemon-reload", 0, ""),
    Row("environment variables", 0),
    Row("default-services", 0),
    Row("list-units web.service", 0),
    Row("list-unit-files web.service", 0),
    Row("list-dependencies web", 0),
    Row("cat other", 0),
    Row("status other", 0),
    Row("version", 0),
    Row("start nosuch", 5, "", 1, "no such unit is 5"),
    Row("stop nosuch", 5, "", 1, "no such unit is 5"),
    Row("status nosuch", 4, "", 3, "no such unit is 4"),
    Row("enable nosuch", 1, ""),
    Row("preset other", 0, "", 1, "there are presets"),
    Row("set-default graphical.target", 0, "", 3, "there are targets"),
    Row("list-jobs", 0, "No jobs running.\n", 1, "the script has no jobs"),
    Row("list-timers", 0, None, 1, "the script has no timers"),
    Row("nosuchverb", 1, ""),
    Row("kill web", 0, ""),
    Row("halt", 0, ""),
)


@pytest.fixture(scope="module")
def script() -> bytes:
    path = CACHE / "systemctl-script"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            done = subprocess.run(["apt-get", "download", "-q", "systemctl"], cwd=work, capture_output=True, text=True,
                                  timeout=120, check=False)
            if done.returncode != 0:
                pytest.skip(f"Debian's package systemctl cannot be had here: {done.stderr.strip()[-200:]}")
            package = next(Path(work).glob("*.deb"))
            subprocess.run(["dpkg-deb", "-x", str(package), f"{work}/unpacked"], check=True)
            Path(f"{work}/unpacked/usr/bin/systemctl").rename(path)
    return path.read_bytes()


def test_the_same_questions(boot: Callable[..., Container], script: bytes) -> None:
    """Each row in both; what is told to be the script's own must be, or the row is no longer needed."""
    ours = boot("/usr/bin/systemctl", files=FILES)
    theirs = boot(SCRIPT, files={**FILES, SCRIPT: script})
    ours.wait_booted()
    theirs.wait("the script has booted", lambda: theirs.run(SCRIPT, "is-active", "web", check=False).stdout == "active\n")
    wrong = []
    for row in ROWS:
        one = ours.run("systemctl", *row.words.split(), check=False)
        other = theirs.run(SCRIPT, *row.words.split(), check=False)
        wanted = (row.code, one.stdout if row.text is None else row.text)
        if (one.returncode, one.stdout) != wanted:
            wrong.append(f"systemctl {row.words}: {one.returncode} {one.stdout!r} {one.stderr!r}, not {wanted}")
        said = (other.returncode, other.stdout if row.text is not None else one.stdout)
        if row.script is None and said != wanted:
            wrong.append(f"the script, {row.words}: {said} {other.stderr!r}, not {wanted}")
        if row.script is not None and (other.returncode != row.script or said == wanted):
            wrong.append(f"the script, {row.words}: {said} {other.stderr!r}: no longer as told ({row.why})")
    assert wrong == []
    assert ours.wait_ended() == 0       # the last row was halt; the script's own PID 1 stays
