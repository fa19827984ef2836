"""The loader against systemd itself: `systemd-analyze verify` prints every unit it loads, and ours must be the same.

What is compared: id, load state, fragment, drop-ins, every dependency, commands, types, timeouts, users, descriptions, and
that we warn of nothing that systemd does not warn of. Runs on the unit files of this machine and on random trees.
"""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterable, List, Set, Tuple

import pytest

from fastinit.units import index as index_module
from fastinit.units import loader as loader_module
from fastinit.units import names
from fastinit.units.loader import Loader
from fastinit.units.model import DEPENDENCY_KINDS, Unit
from fastinit.units.specifiers import Host
from fastinit.units.timespan import format_usec
from fastinit.units.values import format_boolean, signal_name
from tests.units import debian

ANALYZE = shutil.which("systemd-analyze")
LIB = Path("/usr/lib/systemd/system") if Path("/usr/lib/systemd/system").is_dir() else Path("/lib/systemd/system")
pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: nothing to compare with")

# The test run of systemd knows the mounts of this machine and has no journal.
LIVE = frozenset(("systemd-journald.socket", "-.mount", "tmp.mount", "umount.target"))
LINE = re.compile(r"\t\t(?:-> )?([A-Za-z][\w ]*): ?(.*)$")
MESSAGE = re.compile(r"(/\S+?):(\d+): (.*)")
Dump = Dict[str, List[str]]


def verify(units: Iterable[str], path: str) -> Tuple[Dict[str, Dump], Set[Tuple[str, str]]]:
    """What systemd makes of these units and all that they refer to; and the places it warns of."""
    assert ANALYZE is not None
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": path, "SYSTEMD_LOG_LEVEL": "debug", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run([ANALYZE, "--man=no", "verify", *units], env=environment, capture_output=True, text=True, timeout=120,
                         check=False)
    found: Dict[str, Dump] = {}
    unit: Dump = {}
    phase = ""
    for line in ran.stdout.splitlines():
        if line.startswith("\t-> Unit "):
            unit = found[line[len("\t-> Unit "):].rstrip(":")] = defaultdict(list)
        elif line.startswith("\t\t\tCommand Line: "):
            unit["command " + phase].append(line[len("\t\t\tCommand Line: "):])
        else:
            match = LINE.match(line)
            if match and line.startswith("\t\t-> "):
                phase = match.group(1)
            elif match:
                unit[match.group(1)].append(match.group(2))
    places = {match.groups()[:2] for match in map(MESSAGE.match, ran.stderr.splitlines()) if match}
    return found, {(place[0], place[1]) for place in places}


def plain(text: str) -> str:
    """A command line without what quoting adds: both sides quote in their own way."""
    return re.sub(r"[\"'\\\s]", "", text)


def dependencies(theirs: Dump, kind: str) -> Set[str]:
    """The other units of this kind, without those that only another unit's own line made."""
    found = set()
    for entry in theirs.get(kind, ()):
        name, _, origins = entry.rstrip(")").partition(" (")
        if any(not origin.startswith("destination") for origin in origins.split()):
            found.add(name)
    return found - LIVE


def differences(units: Loader, name: str, theirs: Dump) -> List[str]:
    unit = units.load(name)
    found = []

    def compare(what: str, ours: object, expected: object) -> None:
        if ours != expected:
            found.append(f"{name}: {what}: {ours!r}, systemd has {expected!r}")

    compare("id", unit.name, name)
    compare("load state", [unit.load_state], theirs.get("Unit Load State"))
    if unit.load_state != "loaded":
        return found
    for kind in DEPENDENCY_KINDS:
        ours = {units.load(other).name for other in unit.dependencies.get(kind, ())} - LIVE
        compare(kind, sorted(ours), sorted(dependencies(theirs, kind)))
    compare("Description", [unit.description or name], theirs.get("Description"))
    compare("DropIn Path", list(unit.dropin_paths), theirs.get("DropIn Path", []))
    if unit.service is not None:
        for what, value in of_service(unit).items():
            compare(what, value, theirs.get(what, [""])[0])
        for phase in ("condition", "start_pre", "start", "start_post", "reload", "stop", "stop_post"):
            lines = getattr(unit.service, "exec_" + phase)
            printed = theirs.get("command Exec" + phase.title().replace("_", ""), [])
            ours_printed = [" ".join(line.argv).replace("\n", "n").replace("\t", "t") for line in lines]
            compare(phase, [plain(line) for line in ours_printed], [plain(line) for line in printed])
    return found


def of_service(unit: Unit) -> Dict[str, str]:
    service, context, kill = unit.service, unit.context, unit.kill
    assert service is not None
    return {
        "Type": service.type, "Restart": service.restart, "NotifyAccess": service.notify_access, "PIDFile": service.pid_file,
        "RemainAfterExit": format_boolean(service.remain_after_exit), "GuessMainPID": format_boolean(service.guess_main_pid),
        "RestartSec": format_usec(service.restart_usec), "TimeoutStartSec": format_usec(service.timeout_start_usec),
        "TimeoutStopSec": format_usec(service.timeout_stop_usec), "RuntimeMaxSec": format_usec(service.runtime_max_usec),
        "WatchdogSec": format_usec(service.watchdog_usec), "KillMode": kill.kill_mode, "KillSignal": "SIG" + signal_name(kill.kill_signal),
        "SendSIGKILL": format_boolean(kill.send_sigkill), "UMask": f"{context.umask:04o}", "User": context.user, "Group": context.group,
        "Slice": unit.slice, "StandardInput": context.standard_input.kind, "IgnoreSIGPIPE": format_boolean(context.ignore_sigpipe),
        "RuntimeDirectoryMode": f"{context.runtime_directory_mode:04o}", "StateDirectoryMode": f"{context.state_directory_mode:04o}",
    }


@pytest.mark.skipif(not LIB.is_dir(), reason="no unit files on this machine")
def test_unit_files_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit file here loads as systemd loads it."""
    load_all_as_they_are(monkeypatch)
    files = [name for name in os.listdir(LIB) if names.is_valid(name) and not name.endswith((".scope", ".device"))]
    compared, wrong = compare_all(files, str(LIB))
    assert wrong == []
    assert compared > len(files) // 2


def test_unit_files_of_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit file of 268 packages loads as systemd loads it, with no warning of its own."""
    load_all_as_they_are(monkeypatch)
    try:
        folder = debian.units()
    except debian.Unavailable as error:
        pytest.skip(str(error))
    files = sorted(name for name in os.listdir(folder) if names.is_valid(name) and not name.endswith((".scope", ".device")))
    assert len(files) > 500, "the packages have fewer unit files than they had"
    compared, wrong = compare_all(files, f"{folder}:{LIB}")
    assert wrong == []
    assert compared > 500


def load_all_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd's own daemons, too."""
    for module in (index_module, loader_module):
        monkeypatch.setattr(module, "REPLACED", {})


def compare_all(files: Iterable[str], path: str) -> Tuple[int, List[str]]:
    """How many units were compared, and what differs."""
    theirs, places = verify([name.replace("@.", "@inst.") for name in files], path)
    units = Loader(host=Host(environ={"SYSTEMD_UNIT_PATH": path}))
    wrong: List[str] = []
    compared = 0
    for name, dump in theirs.items():
        if dump.get("Unit Load State") == ["stub"] or name.endswith((".device", ".swap")) or not units.load(name).fragment_path:
            continue
        compared += 1
        wrong += differences(units, name, dump)
        wrong += [line for line in units.load(name).warnings
                  if not any(line.startswith(f"{path}:{number}:") for path, number in places)]
    return compared, wrong


PATH = ("etc/control", "run/transient", "etc/system", "run/system", "usr/local/lib/system", "usr/lib/system")
FORMS = ("foo-bar-baz@in-st.service", "foo-bar-baz@.service", "foo-bar-@in-st.service", "foo-bar-@.service", "foo-@in-st.service",
         "foo-@.service", "foo-bar-.service", "foo-.service", "foo-bar-baz.service", "service", "al-ias.service", "al-.service",
         "al-ias@in-st.service", "al-ias@.service", "al-@.service", "foo.service", "foo-bar-baz-.service")


@pytest.mark.parametrize("seed", range(12))
def test_drop_in_folders(tmp_path: Path, seed: int) -> None:
    """Random drop-in folders of a unit, its template, its dashes, its alias and its type: the same files in the same order."""
    chance = random.Random(seed)
    template = "@" if seed % 2 else ""
    fragment = f"foo-bar-baz{template}.service"
    for folder in PATH:
        (tmp_path / folder).mkdir(parents=True)
    home = tmp_path / chance.choice(PATH)
    (home / fragment).write_text("[Service]\nExecStart=/bin/true\n")
    if seed % 3:
        (tmp_path / "etc/system" / f"al-ias{template}.service").symlink_to(home / fragment)
    for form in FORMS:
        for folder in PATH:
            if chance.random() < 0.25:
                where = tmp_path / folder / f"{form}.d"
                where.mkdir()
                for file in "abc":
                    if chance.random() < 0.5:
                        (where / f"{file}.conf").write_text("[Unit]\n")
    name = "foo-bar-baz@in-st.service" if template else fragment
    path = ":".join(str(tmp_path / folder) for folder in PATH)
    theirs, _ = verify([name], path)
    unit = Loader(host=Host(environ={"SYSTEMD_UNIT_PATH": path})).load(name)
    assert [unit.fragment_path] == theirs[name]["Fragment Path"]
    assert list(unit.dropin_paths) == theirs[name].get("DropIn Path", [])
