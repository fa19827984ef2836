"""One boot for all effects: what a row of the tables is, and the running init that it is observed in.

In:  rows (units and what is to be seen).   Out: World: systemctl inside, files inside.
A Shown is one process that tells what it sees of itself; the same process without the directive must tell something else, so no
row passes by itself. An Effect is a small history with units of its own. Both name the directives that they show: "Exec.Nice".
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

from tests.system.harness import ROOT, Booted, eventually

CLIENT = str(ROOT / "fastinit" / "_bin" / "systemctl")
Check = Callable[["World"], None]


class Shown(NamedTuple):
    """covers: directives, with blanks between.   lines: of [Service].   command: for sh -c.   says: regular expression of all that
    it prints, without the last newline.   base: lines of the process without the directive too."""

    covers: str
    lines: str
    command: str
    says: str
    base: str = ""

    def texts(self, name: str) -> Dict[str, str]:
        """The unit, and its twin without the directive."""
        return {name: self._text(name, self.lines), "without-" + name: self._text("without-" + name, "")}

    def _text(self, name: str, lines: str) -> str:
        command = self.command.replace("%", "%%").replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return "\n".join(("[Service]", "Type=oneshot", f"StandardOutput=truncate:/run/test/{name}", self.base, lines,
                          f"ExecStart=:/bin/sh -c '{command}'", ""))


class Effect(NamedTuple):
    covers: Tuple[str, ...]
    units: Dict[str, str]
    check: Check


EFFECTS: Dict[str, Effect] = {}


def effect(*covers: str, **texts: str) -> Callable[[Check], Check]:
    """Register a history. texts: a_service="…" is the unit a.service; for other names give units={}."""
    def register(check: Check) -> Check:
        name = check.__name__
        assert name not in EFFECTS, f"{name} stands twice"
        units = {_unit_name(key): text for key, text in texts.items()}
        for other in EFFECTS.values():
            assert not units.keys() & other.units.keys(), f"{name} takes the unit of another effect"
        EFFECTS[name] = Effect(covers, units, check)
        return check
    return register


def _unit_name(key: str) -> str:
    """ "a_b_at_service" is a-b@.service."""
    stem, _, suffix = key.rpartition("_")
    return stem.replace("_at", "@").replace("_", "-") + "." + suffix


class World:
    """The booted namespaces; paths are those of the inside."""

    patience = 20.0             # seconds that what is to come may take

    def __init__(self, booted: Booted) -> None:
        self.booted = booted
        self.root = Path(f"/proc/{booted.pid}/root")

    def ctl(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        return self.booted.run(CLIENT, *argv)

    def start(self, *units: str) -> None:
        done = self.ctl("start", *units)
        assert done.returncode == 0, f"{done.stderr}\n{self.booted.console[-3000:]}"

    def stop(self, *units: str) -> None:
        done = self.ctl("stop", *units)
        assert done.returncode == 0, f"{done.stderr}\n{self.booted.console[-3000:]}"

    def show(self, unit: str, name: str) -> str:
        return self.ctl("show", "-P", name, unit).stdout.strip()

    def shows(self, units: Sequence[str], *names: str) -> Dict[str, Dict[str, str]]:
        """Unit -> property -> value, all in one request."""
        text = self.ctl("show", "-p", ",".join(("Id", *names)), *units).stdout
        found: Dict[str, Dict[str, str]] = {}
        for block in text.split("\n\n"):
            values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if values:
                found[values["Id"]] = values
        return found

    def wait(self, unit: str, name: str, value: str) -> None:
        self.until(lambda: self.show(unit, name) == value,
                   f"{name}={value} of {unit}; it is {self.show(unit, name)}\n{self.booted.console[-3000:]}")

    def until(self, condition: Callable[[], object], what: str) -> None:
        eventually(condition, what, self.patience)

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def text(self, name: str) -> str:
        """Of /run/test/NAME; "" while it is not there."""
        try:
            return self.file("/run/test/" + name).read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def wait_text(self, name: str, text: str) -> None:
        self.until(lambda: self.text(name) == text, f"/run/test/{name} holds {text!r}")

    def kill(self, option: str, pid: str) -> bool:
        """The shell's kill: a bare machine has no other."""
        return self.booted.run("sh", "-c", f"kill {option} {pid}").returncode == 0

    def is_active(self, unit: str) -> bool:
        return self.show(unit, "ActiveState") == "active"


# What the processes find; nothing of this machine's own disk is written: what is not a tmpfs is mounted over.
FIXTURES = """
set -e
for folder in /var/lib /var/cache /var/log; do mount -t tmpfs tmpfs $folder; done
cp -a /etc /run/etc-copy
mount --bind /run/etc-copy /etc
cd /run/test
mkdir -p bin chroot full empty
mount --bind / chroot
printf 'A=from the file\\n' >env
printf 'line of a file\\n' >input
printf '#!/bin/sh\\necho the tool of the test\\n' >bin/effects-tool
chmod 755 bin/effects-tool
touch full/file
"""


def boot(folder: Path, units: Dict[str, str]) -> World:
    os.environ["EFFECTS_PASSED"] = "from the manager"
    try:
        booted = Booted(folder, {"base.target": "[Unit]\nDescription=Nothing\n", **units}, ["base.target"])
        booted.wait_booted()
    finally:
        del os.environ["EFFECTS_PASSED"]
    world = World(booted)
    done = booted.run("sh", "-c", FIXTURES)
    assert done.returncode == 0, done.stderr
    return world


def named(rows: Sequence[Shown]) -> Dict[str, Shown]:
    """Unit name -> row."""
    found: Dict[str, Shown] = {}
    for number, row in enumerate(rows):
        word = row.covers.split()[0].rpartition(".")[2].lower()
        found[f"shown-{number:03}-{word}.service"] = row
    return found


def covered(rows: Sequence[Shown]) -> List[str]:
    return [name for row in rows for name in row.covers.split()]
