"""The Python script that many images use as systemctl (Debian's package of that name) and ours, in the same image, asked the same.

Whoever replaces it must not have to change a Dockerfile. Where the script contradicts systemd, systemd wins: such a row says what the
script answers, so that the row is known to be needed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Tuple

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
    f"{UNITS}multi-user.target.wants/web.service": Link("../web.service"),
    **{name: Link("/dev/null") for name in ("nginx.service", "redis-server.service", "cron.service")}}


class Row(NamedTuple):
    """What is asked, in this order, in one container each; ours is what both say, or theirs is the script's own.

    text: stdout is compared, too; "" where people and not programs read it.
    """

    words: Tuple[str, ...]
    code: int
    text: Optional[str] = None
    script: Optional[int] = None        # the script's code where systemd's is another …
    script_text: Optional[str] = None   # … and its text
    why: str = ""


def row(words: str, code: int, text: Optional[str] = None, **more: object) -> Row:
    return Row(tuple(words.split()), code, text, **more)        # type: ignore[arg-type]


ROWS = (
    row("is-active web", 0, "active\n"),
    row("is-active other", 3, "inactive\n"),
)


@pytest.fixture(scope="module")
def script() -> bytes:
    path = CACHE / "systemctl-script"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        work = CACHE / f"systemctl.{os.getpid()}"
        work.mkdir()
        done = subprocess.run(["apt-get", "download", "-q", "systemctl"], cwd=work, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            pytest.skip(f"Debian's package systemctl cannot be had here: {done.stderr.strip()[-200:]}")
        subprocess.run(["dpkg-deb", "-x", str(next(work.glob("*.deb"))), str(work / "x")], check=True)
        (work / "x/usr/bin/systemctl").rename(path)
    return path.read_bytes()
