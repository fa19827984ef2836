"""systemctl in RUN steps of a Dockerfile: files are changed, services run while the step does, and no step hangs."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from .image import ULIMITS, podman

UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
SHOWS = "[Service]\nExecStart=/bin/sh -c 'echo A=$$A B=$$B > /run/new; mv /run/new /run/shown; exec sleep infinity'\n"
FAILS = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
STEPS = {       # what a step prints -> the step
    "inactive\n3": "systemctl is-active w; echo $?",
    "offline\n1": "systemctl is-system-running; echo $?",
    "0\n": "systemctl daemon-reload; systemctl stop w; echo $?; ls /run/fastinit 2>/dev/null || true",
    "enabled\n0": "systemctl enable w 2>&1 | grep -q Created && systemctl is-enabled w; echo $?",
    "masked\n1": "systemctl -q mask cron; systemctl is-enabled cron; echo $?",
    "active\n0\ninactive\n3":
        "systemctl start w && systemctl is-active w; echo $?; systemctl stop w; systemctl is-active w; echo $?",
    "halted 0\ninactive\n0\nactive":
        "systemctl start w; systemctl halt; echo halted $?; systemctl is-active w; systemctl default; echo $?; "
        "systemctl is-active nginx",
    "A=1 B=2": "B=2 systemctl -e A=1 start shows; until [ -e /run/shown ]; do :; done; cat /run/shown",
    "left running": "systemctl start w && test -n \"$(systemctl show -P MainPID w)\" && echo left running",
    "inactive\n3\n": "systemctl is-active w; echo $?",      # the next step begins anew
    "not booted": "test -d /run/systemd/system || echo not booted",
    "1\nfailed\n": "systemctl start fails 2>/dev/null; echo $?; systemctl is-failed fails",
    "now active": "systemctl enable --now w 2>/dev/null; systemctl is-active --quiet w && echo now active",
    "disabled": "systemctl --root=/ disable w 2>/dev/null; systemctl is-enabled w || true",
}


def test_steps(image: str, tmp_path: Path) -> None:
    """Each step says what it should; the whole build is over in seconds, with services still running at the ends of steps."""
    (tmp_path / "w.service").write_text(UNIT)
    (tmp_path / "fails.service").write_text(FAILS)
    (tmp_path / "shows.service").write_text(SHOWS)
    lines = [f"FROM {image}", "COPY w.service fails.service shows.service /etc/systemd/system/"]
    for number, step in enumerate(STEPS.values()):
        lines.append(f"RUN echo begin-{number}; {step}; echo end-{number}")
    (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
    name = f"localhost/fastinit-tests:build-{uuid.uuid4().hex[:8]}"
    try:
        built = podman("build", "--no-cache", "--network=none", *ULIMITS, "--tag", name, str(tmp_path), timeout_sec=150)
    finally:
        podman("rmi", "--force", name, check=False)
    said = dict(re.findall(r"(?s)^begin-(\d+)\n(.*?)^end-\1$", built.stdout, re.MULTILINE))
    assert {step: said[str(number)].strip() for number, step in enumerate(STEPS.values())} == {
        step: expected.strip() for expected, step in STEPS.items()}, built.stdout
