"""The loader: which files make a unit, in which order, and what is added to them."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path
from typing import Dict, Mapping, Optional

import pytest

from fastinit.units.config import ManagerConfig
from fastinit.units.index import unit_names_for_dropins
from fastinit.units.loader import Loader
from fastinit.units.model import USEC_INFINITY, ExecCommand
from fastinit.units.specifiers import Host

ETC, RUN, LIB = "etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"
SERVICE = "[Service]\nExecStart=/bin/true\n"
ENVIRON: Dict[str, str] = {"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/7"}


def tree(root: Path, files: Mapping[str, Optional[str]], config: ManagerConfig = ManagerConfig(), user: bool = False) -> Loader:  # noqa: B008
    """A loader below root with these files: text, "-> target" for a symlink, None for a directory."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        elif content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
    return Loader(str(root), config, user, Host(str(root), user, ENVIRON, hostname="h"))


def command(text: str) -> "tuple[ExecCommand, ...]":
    words = tuple(text.split())
    return (ExecCommand(words[0], words),)


def started(loader: Loader, name: str) -> "list[str]":
    service = loader.load(name).service
    assert service is not None
    return [" ".join(line.argv) for line in service.exec_start]


# --- fragments and names ---


def test_first_directory_wins(tmp_path: Path) -> None:
    """/etc hides /run, /run hides /usr/lib; the hidden ones are not read at all."""
    loader = tree(tmp_path, {f"{folder}/a.service": f"[Service]\nExecStart=/bin/{number}\n" for number, folder in enumerate((LIB, RUN, ETC))})
    assert started(loader, "a.service") == ["/bin/2"]
    assert loader.load("a.service").fragment_path == f"{tmp_path}/{ETC}/a.service"


def test_search_path_is_that_of_the_manual(tmp_path: Path) -> None:
    """systemd.unit(5), "UNIT FILE LOAD PATH", with fastinit's own units at the end."""
    system = tree(tmp_path, {})
    assert [path[len(str(tmp_path)):] for path in system.paths[:-1]] == [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
        "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
        "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
        "/run/systemd/generator.late"]
    user = tree(tmp_path, {}, user=True)
    assert [path[len(str(tmp_path)):] for path in user.paths[:-1]] == [
        "/home/u/.config/systemd/user.control", "/run/user/7/systemd/user.control", "/run/user/7/systemd/transient",
        "/run/user/7/systemd/generator.early", "/home/u/.config/systemd/user", "/etc/xdg/systemd/user", "/etc/systemd/user",
        "/run/user/7/systemd/user", "/run/systemd/user", "/run/user/7/systemd/generator", "/home/u/.local/share/systemd/user",
        "/usr/local/share/systemd/user", "/usr/share/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
        "/lib/systemd/user", "/run/user/7/systemd/generator.late"]


def test_unit_path_variable(tmp_path: Path) -> None:
    """SYSTEMD_UNIT_PATH replaces the search path; a colon at its end adds the usual one."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/a.service").write_text(SERVICE)
    for value, others in (("/x", 1), ("/x:", 14)):
        loader = Loader(str(tmp_path), host=Host(str(tmp_path), environ={"SYSTEMD_UNIT_PATH": value}))
        assert loader.load("a.service").load_state == "loaded"
        assert len(loader.paths) - 1 == others


@pytest.mark.parametrize("name, state, reason", [
    ("none.service", "not-found", ""), ("a@.service", "error", "missing the instance name"), ("a b", "error", "invalid unit name"),
    ("", "error", "invalid unit name"), ("../x.service", "error", "invalid unit name"), ("x" * 300 + ".service", "error", "invalid"),
])
def test_what_is_not_there(tmp_path: Path, name: str, state: str, reason: str) -> None:
    """Any name gives a Unit."""
    unit = tree(tmp_path, {}).load(name)
    assert (unit.load_state, reason in unit.load_error) == (state, True)


@pytest.mark.parametrize("content", ["-> /dev/null", "", "-> ../../../dev/null"])
def test_masked(tmp_path: Path, content: str) -> None:
    """A link to /dev/null or an empty file masks what is below it."""
    unit = tree(tmp_path, {f"{ETC}/a.service": content, f"{LIB}/a.service": SERVICE}).load("a.service")
    assert unit.load_state == "masked"


def test_alias_by_symlink(tmp_path: Path) -> None:
    """Every name of a unit loads the one unit, links to links and absolute links included."""
    loader = tree(tmp_path, {f"{LIB}/a.service": SERVICE, f"{ETC}/b.service": f"-> /{LIB}/a.service", f"{ETC}/c.service": "-> b.service"})
    for name in ("a.service", "b.service", "c.service"):
        unit = loader.load(name)
        assert (unit.name, unit.names) == ("a.service", frozenset(("a.service", "b.service", "c.service")))
    assert loader.load("c.service") is loader.load("a.service")


def test_alias_hides_a_file(tmp_path: Path) -> None:
    """A link in /etc is stronger than a unit of that name in /usr/lib."""
    loader = tree(tmp_path, {f"{LIB}/a.service": SERVICE, f"{LIB}/b.service": SERVICE, f"{ETC}/b.service": f"-> /{LIB}/a.service"})
    assert loader.load("b.service").name == "a.service"


def test_alias_of_another_type_is_refused(tmp_path: Path) -> None:
    """A link must keep the type; the warning is on the unit it points at."""
    loader = tree(tmp_path, {f"{LIB}/a.service": SERVICE, f"{ETC}/b.target": f"-> /{LIB}/a.service"})
    assert loader.load("b.target").load_state == "not-found"
    assert "Suspicious symlink" in loader.load("a.service").warnings[0]


@pytest.mark.parametrize("target", ["a.service", "b.service", "/nonexistent/a.service"])
def test_links_that_lead_nowhere(tmp_path: Path, target: str) -> None:
    """A link to itself, a ring of links, a broken link: an answer, not a hang."""
    loader = tree(tmp_path, {f"{ETC}/a.service": f"-> {target}", f"{ETC}/b.service": "-> a.service"})
    assert loader.load("a.service").load_state in ("error", "not-found")
    assert loader.load("b.service").load_state in ("error", "not-found")


def test_linked_file(tmp_path: Path) -> None:
    """A link to a file outside of the search path (systemctl link) is the unit, resolved below the root."""
    loader = tree(tmp_path, {"opt/x/real.service": SERVICE, "opt/y": "-> /opt/x", f"{ETC}/a.service": "-> /opt/y/real.service"})
    unit = loader.load("a.service")
    assert (unit.load_state, unit.fragment_path) == ("loaded", f"{tmp_path}/opt/x/real.service")


def test_templates(tmp_path: Path) -> None:
    """An instance is made of its template unless it has a file of its own; aliases of templates are aliases of instances."""
    loader = tree(tmp_path, {
        f"{LIB}/a@.service": "[Service]\nExecStart=/bin/a %i %I %n\n[Install]\nDefaultInstance=x\n",
        f"{ETC}/a@own.service": "[Service]\nExecStart=/bin/own\n", f"{ETC}/b@.service": f"-> /{LIB}/a@.service",
        f"{ETC}/b@one.service": f"-> /{LIB}/a@.service",
    })
    assert started(loader, "a@x-y.service") == ["/bin/a x-y x/y a@x-y.service"]
    assert started(loader, "a@own.service") == ["/bin/own"]
    assert loader.load("b@q.service").name == "a@q.service"
    assert loader.load("a@q.service").names == {"a@q.service", "b@q.service"}
    assert loader.load("b@one.service").name == "a@one.service"


# --- files that are no unit files ---


def test_irregular_files(tmp_path: Path) -> None:
    """A directory, a FIFO, a socket, a huge file, a device: one line, at once, and nothing is read."""
    loader = tree(tmp_path, {f"{ETC}/dir.service": None, f"{ETC}/ok.service": SERVICE, f"{ETC}/tty.service": "-> /dev/zero"})
    os.mkfifo(tmp_path / ETC / "fifo.service")
    with open(tmp_path / ETC / "huge.service", "wb") as stream:
        stream.truncate(100 << 20)
    (tmp_path / ETC / "binary.service").write_bytes(os.urandom(5000) + b"\0")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ETC / "linked.service").symlink_to("/pipe")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path / ETC)            # the full path is too long for sun_path
        try:
            listener.bind("sock.service")
        finally:
            os.chdir(here)
        begin = time.monotonic()
        for name in ("dir", "fifo", "huge", "binary", "sock", "linked", "tty"):
            unit = loader.load(name + ".service")
            assert unit.load_state == "error", name
            assert re.fullmatch(r"/\S+:[0-9]+: cannot read file: .*", unit.load_error), unit.load_error
    assert loader.load("ok.service").load_state == "loaded"
    assert time.monotonic() - begin < 2


def test_directory_does_not_hide_a_unit(tmp_path: Path) -> None:
    """What is no file is passed over when a weaker directory has the unit."""
    loader = tree(tmp_path, {f"{ETC}/a.service": None, f"{LIB}/a.service": SERVICE})
    assert loader.load("a.service").load_state == "loaded"


def test_unreadable_drop_in_costs_a_warning(tmp_path: Path) -> None:
    """A broken drop-in does not keep the unit from loading."""
    loader = tree(tmp_path, {f"{ETC}/a.service": SERVICE, f"{ETC}/a.service.d/x.conf": "-> /nonexistent", f"{ETC}/a.service.d/y.conf": None})
    unit = loader.load("a.service")
    assert unit.load_state == "loaded"
    assert [line.partition(" cannot")[0] for line in unit.warnings] == [f"{tmp_path}/{ETC}/a.service.d/{name}.conf:1:" for name in "xy"]


def test_messages(tmp_path: Path) -> None:
    """Unknown keys and sections, values that cannot be parsed: file, line, value and reason."""
    loader = tree(tmp_path, {f"{ETC}/a.service": """\
[Unit]
Nonsense=1
X-Mine=1
[Service]
ExecStart=/bin/a
Type=odd
RestartSec=abc
[Other]
a=b
[X-Other]
a=b
"""})
    path = f"{tmp_path}/{ETC}/a.service"
    unit = loader.load("a.service")
    assert sorted(unit.warnings) == sorted([
        f"{path}:2: Unknown key 'Nonsense' in section [Unit], ignoring.",
        f"{path}:6: Failed to parse Type=odd: not one of simple exec forking oneshot dbus notify notify-reload idle, ignoring.",
        f"{path}:7: Failed to parse RestartSec=abc: invalid time span 'abc', ignoring.",
        f"{path}:8: Unknown section 'Other'. Ignoring.",
    ])
    assert unit.load_state == "loaded" and unit.service is not None and unit.service.type == "simple"


BAD_SERVICES = {
    "": "no ExecStart=, ExecStop=, or SuccessAction=", "ExecStop=/bin/a": "does not have RemainAfterExit=yes set",
    "Type=simple\nExecStop=/bin/a": "only allowed for Type=oneshot", "ExecStart=/bin/a\nExecStart=/bin/b": "more than one ExecStart=",
    "Type=oneshot\nExecStart=/bin/a\nRestart=always": "Restart= set to either always or on-success",
    "Type=oneshot\nExecStart=/bin/a\nRestartForceExitStatus=1": "RestartForceExitStatus= set",
    "Type=oneshot\nExecStart=/bin/a\nExitType=cgroup": "ExitType=cgroup", "Type=dbus\nExecStart=/bin/a": "no D-Bus service name",
    "ExecStart=/bin/a\nPAMName=x\nKillMode=none": "PAM enabled", "ExecStart=a/b": "a.service:2: cannot use ExecStart=a/b",
    "ExecStart=/bin/a\nUser=a/b": "a.service:3: cannot use User=a/b", "ExecStart=/bin/a\nExecStart=": "no ExecStart=",
}


@pytest.mark.parametrize("text", BAD_SERVICES)
def test_bad_setting(tmp_path: Path, text: str) -> None:
    """A service that cannot be started says why, in systemd's words."""
    unit = tree(tmp_path, {f"{ETC}/a.service": f"[Service]\n{text}\n"}).load("a.service")
    assert unit.load_state == "bad-setting"
    assert BAD_SERVICES[text] in unit.load_error


@pytest.mark.parametrize("text", [
    "Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b", "Type=oneshot\nRemainAfterExit=yes\nExecStop=/bin/a", "ExecStart=-a/b\nExecStart=/bin/a",
    "Type=oneshot\nExecStart=/bin/a\nRestart=on-failure", "ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b",
])
def test_good_services(tmp_path: Path, text: str) -> None:
    """What looks odd but is allowed."""
    assert tree(tmp_path, {f"{ETC}/a.service": f"[Service]\n{text}\n"}).load("a.service").load_state == "loaded"


# --- drop-ins ---


def test_names_for_drop_ins() -> None:
    """systemd.unit(5): "foo-bar-baz.service" has "foo-bar-.service.d" and "foo-.service.d" too."""
    assert unit_names_for_dropins("foo-bar-baz.service") == ["foo-bar-baz.service", "foo-bar-.service", "foo-.service"]
    assert unit_names_for_dropins("a-b@i.service") == ["a-b@i.service", "a-b@.service", "a-.service", "a-@i.service", "a-@.service"]
    assert unit_names_for_dropins("-.slice") == ["-.slice"]


def test_drop_ins_are_read_by_file_name(tmp_path: Path) -> None:
    """Not the folder but the name decides the order; of one name the strongest folder has the file."""
    files = {f"{LIB}/a-b.service": SERVICE}
    for folder, name, mark in ((LIB, "a-b.service.d/20", "lib20"), (ETC, "a-b.service.d/10", "etc10"), (LIB, "a-b.service.d/10", "lib10"),
                               (RUN, "a-.service.d/30", "run30"), (ETC, "service.d/15", "etc15"), (ETC, "service.d/20", "weak20")):
        files[f"{folder}/{name}.conf"] = f"[Service]\nEnvironment={mark}=1\n"
    unit = tree(tmp_path, files).load("a-b.service")
    assert [entry[:-2] for entry in unit.context.environment] == ["etc10", "etc15", "lib20", "run30"]
    assert [path[len(str(tmp_path)) + 1:] for path in unit.dropin_paths] == [
        f"{ETC}/a-b.service.d/10.conf", f"{ETC}/service.d/15.conf", f"{LIB}/a-b.service.d/20.conf", f"{RUN}/a-.service.d/30.conf"]


def test_drop_in_folders_of_aliases_and_templates(tmp_path: Path) -> None:
    """Each name of a unit has its folder."""
    files = {f"{LIB}/a@.service": SERVICE, f"{ETC}/z@.service": f"-> /{LIB}/a@.service"}
    for number, name in enumerate(("a@i.service", "a@.service", "z@i.service", "z@.service")):
        files[f"{ETC}/{name}.d/{number}.conf"] = f"[Service]\nEnvironment=N{number}=1\n"
    assert len(tree(tmp_path, files).load("a@i.service").context.environment) == 4


def test_masked_hidden_and_other_files_in_drop_in_folders(tmp_path: Path) -> None:
    """A link to /dev/null takes a weaker drop-in away; only *.conf counts."""
    files = {f"{LIB}/a.service": SERVICE, f"{LIB}/a.service.d/x.conf": "[Service]\nUser=x\n", f"{ETC}/a.service.d/x.conf": "-> /dev/null",
             f"{ETC}/a.service.d/.y.conf": "[Service]\nUser=y\n", f"{ETC}/a.service.d/z.conf~": "[Service]\nUser=z\n"}
    unit = tree(tmp_path, files).load("a.service")
    assert (unit.dropin_paths, unit.context.user) == ((), "")


def test_drop_in_overrides_and_resets(tmp_path: Path) -> None:
    """A later value wins, a list grows, an empty assignment takes back what was there."""
    unit = tree(tmp_path, {
        f"{LIB}/a.service": "[Service]\nExecStart=/bin/a\nRestart=no\nEnvironment=A=1\n",
        f"{ETC}/a.service.d/o.conf": "[Service]\nExecStart=\nExecStart=/bin/b\nRestart=always\nEnvironment=B=2\n",
    }).load("a.service")
    assert unit.service is not None
    assert (unit.service.exec_start, unit.service.restart, unit.context.environment) == (command("/bin/b"), "always", ("A=1", "B=2"))


# --- dependencies ---


def test_dependency_folders(tmp_path: Path) -> None:
    """.wants, .requires and .upholds are dependencies, links made by hand and broken ones included, masked ones not."""
    unit = tree(tmp_path, {
        f"{ETC}/a.target": "[Unit]\n", f"{ETC}/a.target.wants/b.service": "-> ../b.service", f"{LIB}/a.target.wants/c.service": "-> /nonexistent",
        f"{RUN}/a.target.requires/d.service": SERVICE, f"{ETC}/a.target.upholds/e.service": "-> x", f"{ETC}/a.target.wants/f.service": "-> /dev/null",
        f"{ETC}/a.target.wants/README": "x",
    }).load("a.target")
    assert {kind: set(names) for kind, names in unit.dependencies.items() if kind in ("Wants", "Requires", "Upholds")} == {
        "Wants": {"b.service", "c.service"}, "Requires": {"d.service"}, "Upholds": {"e.service"}}
    assert [line.rpartition("/")[2] for line in unit.warnings] == ["README:1: Not a unit name, ignoring."]


def test_default_dependencies_of_a_service(tmp_path: Path) -> None:
    """systemd.service(5), "AUTOMATIC DEPENDENCIES"."""
    loader = tree(tmp_path, {f"{ETC}/a.service": SERVICE, f"{ETC}/b.service": "[Unit]\nDefaultDependencies=no\n" + SERVICE})
    assert loader.load("a.service").dependencies == {
        "Requires": ("system.slice", "sysinit.target"), "Before": ("shutdown.target",), "Conflicts": ("shutdown.target",),
        "After": ("systemd-journald.socket", "system.slice", "sysinit.target", "basic.target")}
    assert loader.load("b.service").dependencies == {"Requires": ("system.slice",), "After": ("systemd-journald.socket", "system.slice")}


TYPES = {
    "a.socket": ("[Socket]\nListenStream=80\n", {"Triggers": {"a.service"}, "Before": {"a.service", "sockets.target", "shutdown.target"}}),
    "b.socket": ("[Socket]\nListenStream=80\nAccept=yes\n", {"Triggers": set(), "Before": {"sockets.target", "shutdown.target"}}),
    "a.timer": ("[Timer]\nOnBootSec=1\n", {"Triggers": {"a.service"}, "Before": {"a.service", "timers.target", "shutdown.target"}}),
    "b.timer": ("[Timer]\nOnCalendar=daily\nUnit=x.target\n", {"Triggers": {"x.target"}, "After": {"sysinit.target", "time-set.target", "time-sync.target"}}),
    "a.path": ("[Path]\nPathExists=/x\n", {"Triggers": {"a.service"}, "Before": {"a.service", "paths.target", "shutdown.target"}}),
    "a.target": ("[Unit]\n", {"Before": {"shutdown.target"}, "Conflicts": {"shutdown.target"}, "After": set()}),
    "a-b.slice": ("[Slice]\nMemoryMax=1G\n", {"Requires": {"a.slice"}, "After": {"a.slice"}}),
    "a.mount": ("[Mount]\nWhat=x\nWhere=/a\n", {"Before": {"local-fs.target", "umount.target"}, "After": {"local-fs-pre.target", "system.slice"}}),
    "proc-fs-x.mount": ("[Mount]\nWhat=x\nWhere=/proc/fs/x\n", {"Before": set(), "Conflicts": set(), "After": {"-.slice"}}),
    "n.mount": ("[Mount]\nWhat=x\nWhere=/n\nType=nfs\n", {"Before": {"remote-fs.target", "umount.target"}, "Wants": {"network-online.target"}}),
}


@pytest.mark.parametrize("name", TYPES)
def test_automatic_dependencies(tmp_path: Path, name: str) -> None:
    """Each type's page in systemd's manual, "AUTOMATIC DEPENDENCIES"."""
    text, expected = TYPES[name]
    unit = tree(tmp_path, {f"{ETC}/{name}": text}).load(name)
    assert unit.load_state == "loaded" and unit.warnings == ()
    assert {kind: set(unit.dependencies.get(kind, ())) for kind in expected} == expected


def test_target_comes_after_what_it_pulls_in(tmp_path: Path) -> None:
    """Unless the other unit has no default dependencies, or is ordered the other way itself."""
    unit = tree(tmp_path, {
        f"{ETC}/t.target": "[Unit]\nWants=a.service b.service c.service none.service\nRequires=d.service\nBefore=d.service\n",
        f"{ETC}/a.service": SERVICE, f"{ETC}/b.service": "[Unit]\nDefaultDependencies=no\n" + SERVICE,
        f"{ETC}/c.service": "[Unit]\nAfter=t.target\n" + SERVICE, f"{ETC}/d.service": SERVICE,
    }).load("t.target")
    assert unit.dependencies["After"] == ("a.service", "none.service")


def test_targets_that_pull_each_other_in(tmp_path: Path) -> None:
    """A ring of targets is loaded; that it cannot be ordered is for the engine to say."""
    loader = tree(tmp_path, {f"{ETC}/a.target": "[Unit]\nWants=b.target\n", f"{ETC}/b.target": "[Unit]\nWants=a.target\n"})
    assert loader.load("a.target").load_state == loader.load("b.target").load_state == "loaded"


def test_mounts(tmp_path: Path) -> None:
    """RequiresMountsFor= pulls in mount units that have a file, for every part of the path; directories imply it."""
    unit = tree(tmp_path, {
        f"{ETC}/srv.mount": "[Mount]\nWhat=x\nWhere=/srv\n", f"{ETC}/srv-a.mount": "[Mount]\nWhat=x\nWhere=/srv/a\n",
        f"{ETC}/s.service": "[Unit]\nRequiresMountsFor=/srv/a/b\n[Service]\nExecStart=/bin/a\nWorkingDirectory=/w\nStateDirectory=s\n",
    }).load("s.service")
    assert {"srv.mount", "srv-a.mount"} <= set(unit.dependencies["Requires"]) & set(unit.dependencies["After"])
    assert unit.requires_mounts_for == ("/srv/a/b", "/w", "/var/lib/s")


# --- what is added ---


def test_type_and_timeouts(tmp_path: Path) -> None:
    """Defaults that depend on other settings, and those of system.conf."""
    config = ManagerConfig(default_timeout_start_usec=5, default_timeout_stop_usec=6, default_restart_usec=7, default_start_limit_burst=9,
                           default_limits={"NOFILE": (1, 2), "CORE": (3, 4)})
    loader = tree(tmp_path, {
        f"{ETC}/a.service": SERVICE + "LimitCORE=5\n", f"{ETC}/b.service": SERVICE + "BusName=x.y\n",
        f"{ETC}/c.service": "[Service]\nExecStop=/bin/a\nRemainAfterExit=yes\n", f"{ETC}/d.service": SERVICE + "Type=oneshot\nTimeoutStartSec=1\n",
        f"{ETC}/e.service": SERVICE + "WatchdogSec=1\n", f"{ETC}/f.service": SERVICE + "Type=notify\nNotifyAccess=all\n",
    }, config)
    services = {name: loader.load(name + ".service").service for name in "abcdef"}
    assert {name: (service.type, service.timeout_start_usec, service.notify_access) for name, service in services.items() if service} == {
        "a": ("simple", 5, "none"), "b": ("dbus", 5, "none"), "c": ("oneshot", USEC_INFINITY, "none"), "d": ("oneshot", 1_000_000, "none"),
        "e": ("simple", 5, "main"), "f": ("notify", 5, "all")}
    unit = loader.load("a.service")
    assert unit.service is not None
    assert (unit.service.timeout_stop_usec, unit.service.restart_usec, unit.start_limit_burst) == (6, 7, 9)
    assert unit.context.limits == {"NOFILE": (1, 2), "CORE": (5, 5)}


def test_slices(tmp_path: Path) -> None:
    """system.slice, a slice for the instances of a template, Slice=; slices need no file."""
    loader = tree(tmp_path, {f"{ETC}/a.service": SERVICE, f"{ETC}/b-c@.service": SERVICE, f"{ETC}/d.service": SERVICE + "Slice=x-y.slice\n"})
    slices = [loader.load(name).slice for name in ("a.service", "b-c@i.service", "d.service")]
    assert slices == ["system.slice", "system-b\\x2dc.slice", "x-y.slice"]
    assert [loader.load(name).load_state for name in slices] == ["loaded"] * 3
    assert loader.load("x-y.slice").slice == "x.slice" and loader.load("x.slice").slice == "-.slice" and loader.load("-.slice").slice == ""
    assert [loader.load(name).description for name in ("-.slice", "system.slice", "x.slice")] == ["Root Slice", "System Slice", ""]


def test_dynamic_user_has_a_name(tmp_path: Path) -> None:
    """Without User= it is the unit's prefix where that can be a user."""
    loader = tree(tmp_path, {f"{ETC}/a@.service": SERVICE + "DynamicUser=yes\n", f"{ETC}/1:x.service": SERVICE + "DynamicUser=yes\n"})
    assert (loader.load("a@i.service").context.user, loader.load("a@i.service").context.group) == ("a", "a")
    assert loader.load("1:x.service").context.user.startswith("_du")


def test_user_manager(tmp_path: Path) -> None:
    """A user's units are below its folders and hang on basic.target."""
    unit = tree(tmp_path, {"home/u/.config/systemd/user/a.service": SERVICE}, user=True).load("a.service")
    assert (unit.load_state, unit.slice) == ("loaded", "app.slice")
    assert unit.dependencies["Requires"] == ("app.slice", "basic.target")


def test_settings_are_kept(tmp_path: Path) -> None:
    """Every assignment, in order, with its place; for sections that only others act on too."""
    loader = tree(tmp_path, {f"{ETC}/a.timer": "[Timer]\nOnBootSec=5\nOnBootSec=7\n", f"{ETC}/a.timer.d/x.conf": "[Timer]\nPersistent=yes\n"})
    assert [(entry.name, entry.value, entry.line) for entry in loader.load("a.timer").settings] == [
        ("OnBootSec", "5", 2), ("OnBootSec", "7", 3), ("Persistent", "yes", 2)]


def test_sandbox_directives_are_kept_by_name(tmp_path: Path) -> None:
    """Lists add up, old names count as the new ones, an empty value resets."""
    text = SERVICE + "PrivateTmp=yes\nReadWriteDirectories=/a\nReadWritePaths=/b\nProtectSystem=full\nProtectSystem=\n"
    unit = tree(tmp_path, {f"{ETC}/a.service": text}).load("a.service")
    assert unit.context.sandbox == {"PrivateTmp": ("yes",), "ReadWritePaths": ("/a", "/b")}


# --- generations ---


def test_new_files_are_seen_by_who_looks(tmp_path: Path) -> None:
    """Where time has passed, a unit that is not known is looked for; not by who wants the directories as they were."""
    loader = tree(tmp_path, {f"{ETC}/a.service": SERVICE})
    assert [loader.load(name).load_state for name in ("a.service", "b.service")] == ["loaded", "not-found"]
    tree(tmp_path, {f"{ETC}/b.service": SERVICE})
    assert loader.load("b.service").load_state == "not-found", "nobody has said that time has passed"
    loader.distrust()
    assert loader.load("b.service", look=False).load_state == "not-found"
    assert loader.load("b.service").load_state == "loaded", "still distrusted"


def test_needs_reload(tmp_path: Path) -> None:
    """NeedDaemonReload= is about changed files and other drop-ins, not about other units."""
    loader = tree(tmp_path, {f"{ETC}/a.service": SERVICE, f"{ETC}/a.service.d/x.conf": "[Unit]\n"})
    unit = loader.load("a.service")
    assert not loader.needs_reload(unit)
    (tmp_path / ETC / "b.service").write_text(SERVICE)
    assert not loader.needs_reload(unit)
    (tmp_path / ETC / "service.d").mkdir()
    (tmp_path / ETC / "service.d/y.conf").write_text("[Unit]\n")
    loader.distrust()
    assert loader.needs_reload(unit)
    assert loader.load("a.service") is unit
    loader.forget()
    unit = loader.load("a.service")
    assert len(unit.dropin_paths) == 2 and not loader.needs_reload(unit)
    (tmp_path / "run/systemd/system.control/a.service.d").mkdir(parents=True)       # a folder of the path that was not there
    (tmp_path / "run/systemd/system.control/a.service.d/z.conf").write_text("[Unit]\n")
    loader.distrust()
    assert loader.needs_reload(unit)
    loader.forget()
    unit = loader.load("a.service")
    assert len(unit.dropin_paths) == 3 and not loader.needs_reload(unit)
    (tmp_path / ETC / "a.service").unlink()
    loader.distrust()
    assert loader.needs_reload(unit)
    loader.forget()
    assert loader.load("a.service").load_state == "not-found"


# --- fastinit's own units ---

REQUIRED = ["network.target", "network-online.target", "nss-lookup.target", "nss-user-lookup.target", "time-sync.target", "local-fs.target", "local-fs-pre.target", "remote-fs.target", "remote-fs-pre.target", "network-pre.target", "sysinit.target", "basic.target", "multi-user.target", "graphical.target", "default.target", "sockets.target", "timers.target", "paths.target", "slices.target", "shutdown.target", "umount.target", "final.target", "systemd-tmpfiles-setup.service", "sound.target", "printer.target", "rpcbind.target", "getty.target", "rescue.target", "emergency.target", "halt.target", "poweroff.target", "reboot.target", "exit.target", "swap.target", "runlevel3.target", "ctrl-alt-del.target"]


@pytest.mark.parametrize("name", REQUIRED)
def test_built_in(tmp_path: Path, name: str) -> None:
    """On an empty disk the units that others rely on are there, without a warning."""
    unit = tree(tmp_path, {}).load(name)
    assert (unit.load_state, unit.load_error, unit.warnings) == ("loaded", "", ())


@pytest.mark.parametrize("user", [False, True])
def test_built_in_units_refer_to_units_that_exist(tmp_path: Path, user: bool) -> None:
    """What a built-in unit requires is built in too, and every file of them loads."""
    loader = tree(tmp_path, {}, user=user)
    for name in os.listdir(loader.paths[-1]):
        unit = loader.load(name)
        assert (unit.load_state, unit.warnings) == ("loaded", ())
        for other in unit.dependencies.get("Requires", ()):
            assert loader.load(other).load_state == "loaded", (name, other)


def test_default_target(tmp_path: Path) -> None:
    """multi-user.target, unless the image says otherwise."""
    assert tree(tmp_path, {}).load("default.target").name == "multi-user.target"
    loader = tree(tmp_path, {f"{LIB}/default.target": "-> graphical.target", f"{LIB}/graphical.target": "[Unit]\n"})
    assert loader.load("default.target").name == "graphical.target"


def test_replaced_units(tmp_path: Path) -> None:
    """The vendor's journald, udevd and logind load as something harmless; a file in /etc is taken at its word."""
    vendor = "[Unit]\nRequires=x.socket\n[Service]\nExecStart=/usr/lib/systemd/systemd-logind\n"
    loader = tree(tmp_path, {f"{LIB}/systemd-logind.service": vendor, f"{LIB}/getty@.service": vendor,
                             f"{LIB}/systemd-udevd.service": vendor, f"{ETC}/systemd-udevd.service": vendor})
    for name in ("systemd-logind.service", "getty@tty1.service"):
        unit = loader.load(name)
        assert unit.load_state == "loaded" and unit.service is not None
        assert (unit.service.exec_start, unit.service.type, unit.service.remain_after_exit) == ((), "oneshot", True)
        assert "x.socket" not in unit.dependencies.get("Requires", ())
    assert started(loader, "systemd-udevd.service") == ["/usr/lib/systemd/systemd-logind"]


def test_syslog_socket_needs_no_file(tmp_path: Path) -> None:
    """rsyslog.service requires it, and only systemd's package has the file."""
    unit = tree(tmp_path, {}).load("syslog.socket")
    assert (unit.load_state, unit.replaced) == ("loaded", True)
    vendor = tree(tmp_path, {f"{LIB}/syslog.socket": "[Socket]\nListenDatagram=/run/systemd/journal/syslog\n"})
    assert vendor.load("syslog.socket").replaced
    assert not tree(tmp_path, {f"{ETC}/syslog.socket": "[Socket]\nListenDatagram=/run/x\n"}).load("syslog.socket").replaced


def test_vendor_unit_that_empties_tmp_is_not_used(tmp_path: Path) -> None:
    """Whoever boots with unshare(1) keeps the files in /tmp: fastinit's own unit takes the place of systemd's."""
    loader = tree(tmp_path, {f"{LIB}/systemd-tmpfiles-setup.service": "[Service]\nType=oneshot\nExecStart=systemd-tmpfiles --remove\n"})
    lines = started(loader, "systemd-tmpfiles-setup.service")
    assert lines and "--remove" not in lines[0]
    assert loader.load("systemd-tmpfiles-setup.service").load_state == "loaded"
