"""Garbage as unit files: the loader always answers, in time, with a state and messages that name file and line."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastinit.units.directives import OWN_SECTION, TABLE
from fastinit.units.loader import Loader
from fastinit.units.specifiers import Host
from fastinit.units.syntax import FILE_MAX

STATES = {"loaded", "bad-setting", "error", "masked", "not-found"}
MESSAGE = re.compile(r"(/\S+:[0-9]+|[^\s/]+): \S[^\n]*\Z")
TYPES = sorted(OWN_SECTION)
NAMES = sorted({row.name for rows in TABLE.values() for row in rows})
SECTIONS = ["Unit", "Install", "Nonsense", "X-Mine", *sorted({section for section, _ in OWN_SECTION.values()})]
# Pieces that mean something to some parser, glued together at random.
PIECES = st.sampled_from([
    "%n", "%i", "%", "%%", "%y", "%z", "$A", "${A}", "'", '"', "\\", "\\x41", "\\\n", ";", " ", "/", "/bin/a", "-", "+", "!", "|", "@",
    ":", "~", "a", "a.service", "b@.service", "1", "0", "infinity", "5min", "64K", "50%", "yes", "no", "", "SIGTERM", "..", "é", "=", "#", ",",
    "CAP_KILL", "simple", "oneshot", "always", "file:", "\t", "[", "]", "9" * 30, "0x", "ß" * 300,
])
VALUES = st.lists(PIECES, max_size=6).map("".join)
LINES = st.one_of(
    st.builds("{}={}".format, st.sampled_from(NAMES), VALUES), st.builds("[{}]".format, st.sampled_from(SECTIONS)), VALUES,
)
FILES = st.lists(LINES, max_size=25).map("\n".join)


def check(root: str, name: str) -> None:
    unit = Loader(root, host=Host(root, environ={}, hostname="h")).load(name)
    assert unit.load_state in STATES
    assert bool(unit.load_error) == (unit.load_state in ("bad-setting", "error"))
    for line in (*unit.warnings, *filter(None, (unit.load_error,))):
        assert MESSAGE.match(line), line
    assert unit.type == name.rpartition(".")[2]
    for names in unit.dependencies.values():
        assert len(names) == len(set(names)) and unit.name not in names


def write(root: Path, path: str, data: bytes) -> None:
    target = root / "etc/systemd/system" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TYPES), FILES, FILES)
def test_lines_that_look_like_a_unit(kind: str, text: str, dropin: str) -> None:
    """Known names with odd values, in a file and a drop-in of any type."""
    with tempfile.TemporaryDirectory() as folder:
        own = OWN_SECTION[kind][0]
        write(Path(folder), f"x.{kind}", f"[{own}]\n{text}".encode("utf-8", "surrogateescape"))
        write(Path(folder), f"x.{kind}.d/y.conf", f"[{own}]\n{dropin}".encode("utf-8", "surrogateescape"))
        check(folder, f"x.{kind}")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_bytes(data: bytes) -> None:
    """Any bytes at all, as a template, a drop-in, a script and a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, "x@.service", data)
        write(root, "service.d/y.conf", data)
        script = root / "etc/init.d/z"
        script.parent.mkdir()
        script.write_bytes(data)
        script.chmod(0o755)
        check(folder, "x@i.service")
        check(folder, "z.service")


FILE_NAMES = st.sampled_from(["a.service", "b.service", "a@.service", "a@b.service", "b@.service", "a.target", "a.service.d", "a.target.wants",
                              "service.d", "x", "a.socket"])
TARGETS = st.one_of(FILE_NAMES, st.sampled_from(["/dev/null", "/nonexistent", ".", "..", "/", "../../../dev/null", "", "a" * 300, "a.service/x"]))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"]), FILE_NAMES,
                          st.one_of(st.none(), TARGETS)), max_size=12))
def test_symlinks(entries: "list[tuple[str, str, str | None]]") -> None:
    """Folders and links in any arrangement: rings, chains, links of the wrong type and out of the root."""
    with tempfile.TemporaryDirectory() as folder:
        for directory, name, target in entries:
            path = Path(folder) / directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                if target is None:
                    path.mkdir()
                else:
                    os.symlink(target, path)
            except OSError:
                continue            # it is there already, or no such link can be
        for name in ("a.service", "b.service", "a@b.service", "a@c.service", "b@b.service", "a.target", "a.socket"):
            check(folder, name)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_names(name: str) -> None:
    """Any string as a unit name."""
    unit = Loader("/nonexistent", host=Host("/nonexistent", environ={})).load(name)
    assert unit.load_state in STATES


@pytest.mark.parametrize("line", [
    "ExecStart=/bin/a " + "x " * 20, 'Environment="A=b" ', "After=a.service b.service ", "ExecStart=/bin/a ;", "Documentation=x y z",
    "SuccessExitStatus=1 2 x", "CapabilityBoundingSet=CAP_KILL x", "x", "=", "ConditionPathExists=/x", "LimitNOFILE=7", "Description=%n%n%n%n",
    "RuntimeDirectory=a b c", "CPUAffinity=0-8191", "UnsetEnvironment=A B C", "StandardInputText=abc", "Environment=A%n=1", "After=a%n.service",
], ids=range(18))
def test_time_is_linear(tmp_path: Path, line: str) -> None:
    """A file of the largest size made of one kind of line loads in seconds, and twice the lines take about twice the time."""
    def spent(count: int) -> float:
        write(tmp_path, "x.service", ("[Unit]\n[Service]\n" + (line + "\n") * count).encode())
        begin = time.process_time()
        check(str(tmp_path), "x.service")
        return time.process_time() - begin

    lines = FILE_MAX // (len(line) + 1) // 4
    small = min(spent(lines // 8) for _ in range(3))
    assert spent(lines) < 8 * 5 * small + 0.5


@pytest.mark.parametrize("text", ["a ", "'a' ", "\\x41", "%n", "${A}", "a.service ", "; ", "-", "1,", "9", "/a", "a=b ", "é"])
def test_long_values_take_linear_time(tmp_path: Path, text: str) -> None:
    """One value of a quarter of a megabyte, for every directive, is read at once."""
    value = text * (FILE_MAX // 4 // len(text))
    for section, names in (("Service", ("ExecStart", "Environment", "RestartSec", "SuccessExitStatus", "LimitCORE", "RuntimeDirectory", "Nice",
                                        "CPUAffinity", "ReadWritePaths")), ("Unit", ("After", "Documentation", "RequiresMountsFor"))):
        for name in names:
            write(tmp_path, "x.service", f"[{section}]\n{name}={value}\n".encode())
            begin = time.process_time()
            check(str(tmp_path), "x.service")
            assert time.process_time() - begin < 3, name
