"""The table of directives: complete, consistent with model.py and the documentation, and every acted row has its effect."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from fastinit.units import directives, model
from fastinit.units.build import BadSetting, Build, freeze
from fastinit.units.directives import ACTED, KEPT, NONE, PARSERS, REFUSED, TABLE, Directive
from fastinit.units.model import USEC_INFINITY, Condition, Directory, EnvironmentFile, ExecCommand, ExitStatusSet, StdStream
from fastinit.units.specifiers import Host, Specifiers

CLASSES = {"unit": model.Unit, "service": model.Service, "scope": model.Scope, "context": model.ExecContext,
           "kill": model.KillContext, "install": model.Install}
ROWS = [(section, row) for section, rows in TABLE.items() for row in rows]
IDS = [f"{section}.{row.name}" for section, row in ROWS]
DOCUMENT = Path(__file__).parents[2] / "docs" / "directives.md"


def build() -> Build:
    made = Build("x.service", Specifiers("x.service", Host(environ={}, hostname="h"), "/x.service"))
    made.path, made.line = "f", 1
    return made


def assign(row: Directive, *values: str) -> Build:
    made = build()
    for value in values:
        row.parse(made, made.classes[row.target], row.field, value)
    return made


def field_of(made: Build, row: Directive) -> Any:
    return freeze(made.classes[row.target].get(row.field))


def test_documentation_is_current() -> None:
    """docs/directives.md is what `python -m fastinit.units.directives` prints."""
    assert DOCUMENT.read_text() == directives.document()


def test_names_are_unique_within_what_a_section_takes() -> None:
    """No table decides a name twice, and the shared tables do not hide each other's."""
    for section, rows in TABLE.items():
        names = [row.name for row in rows]
        assert len(names) == len(set(names)), section
    for _, tables in directives.OWN_SECTION.values():
        shared = [row.name for table in tables[1:] for row in TABLE[table]]
        assert len(shared) == len(set(shared))


def test_every_unit_type_has_its_sections() -> None:
    """Each type reads [Unit], [Install] and its own section."""
    for kind, sections in PARSERS.items():
        assert set(sections) == {"Unit", "Install", directives.OWN_SECTION[kind][0]}


@pytest.mark.parametrize("section, row", ROWS, ids=IDS)
def test_row(section: str, row: Directive) -> None:
    """The field exists, the support is one of the four, and no effect has a reason."""
    assert row.support in (ACTED, KEPT, NONE, REFUSED)
    if row.target in CLASSES and not (row.target == "context" and row.field[:1].isupper()):
        assert row.field in {field.name for field in dataclasses.fields(CLASSES[row.target])}
    else:
        assert row.target in ("", "own", "context")
    assert row.note or row.support == ACTED


ODD = ("", "\\", "%", '"', "~", "-", "!", "|", ":", "x" * 5000, "é", "-1", "9" * 23, "a b c", "/", "../..", "%y%z", "\udc80", "٣")


@pytest.mark.parametrize("section, row", ROWS, ids=IDS)
def test_no_value_breaks_a_parser(section: str, row: Directive) -> None:
    """A parser takes any text or refuses it by ValueError, with a reason."""
    for value in ODD:
        try:
            assign(row, value)
        except ValueError as error:
            assert str(error)


S = 1_000_000
TRUE, BOTH = ("yes", True), ExecCommand("/bin/a", ("/bin/a", "b"))
STATUSES = ("3 TEMPFAIL SIGKILL", ExitStatusSet(frozenset((3, 75)), frozenset((9,))))
ACTION, SPAN, NAMES = ("exit", "exit"), ("1min", 60 * S), ("a.target b.service", ("a.target", "b.service"))
# Section.Directive -> (text, value of its field); dependencies are in the table below.
SAMPLES: Dict[str, Tuple[str, Any]] = {
    "Unit.Description": ("Web %n", "Web x.service"), "Unit.Documentation": ("man:a(1) https://b/", ("man:a(1)", "https://b/")),
    "Unit.SourcePath": ("/a", "/a"), "Unit.RequiresMountsFor": ("/a /b", ("/a", "/b")), "Unit.WantsMountsFor": ("/a", ("/a",)),
    "Unit.DefaultDependencies": ("no", False), "Unit.StopWhenUnneeded": TRUE, "Unit.RefuseManualStart": TRUE,
    "Unit.RefuseManualStop": TRUE, "Unit.AllowIsolate": TRUE, "Unit.IgnoreOnIsolate": TRUE,
    "Unit.CollectMode": ("inactive-or-failed", "inactive-or-failed"), "Unit.OnFailureJobMode": ("isolate", "isolate"),
    "Unit.OnSuccessJobMode": ("flush", "flush"), "Unit.OnFailureIsolate": ("yes", "isolate"), "Unit.JobTimeoutSec": SPAN,
    "Unit.JobRunningTimeoutSec": SPAN, "Unit.JobTimeoutAction": ACTION, "Unit.StartLimitAction": ACTION, "Unit.FailureAction": ACTION,
    "Unit.SuccessAction": ACTION, "Unit.FailureActionExitStatus": ("7", 7), "Unit.SuccessActionExitStatus": ("8", 8),
    "Unit.StartLimitIntervalSec": SPAN, "Unit.StartLimitInterval": SPAN, "Unit.StartLimitBurst": ("3", 3),
    "Install.WantedBy": NAMES, "Install.RequiredBy": NAMES, "Install.UpheldBy": NAMES, "Install.Alias": NAMES, "Install.Also": NAMES,
    "Install.DefaultInstance": ("tty1", "tty1"),
    **{f"Service.{name}": ("/bin/a b", (BOTH,)) for name in (
        "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost")},
    "Service.Type": ("notify", "notify"), "Service.ExitType": ("cgroup", "cgroup"), "Service.Restart": ("on-failure", "on-failure"),
    "Service.RestartMode": ("direct", "direct"), "Service.RestartSec": SPAN, "Service.RestartSteps": ("4", 4),
    "Scope.TimeoutStopSec": SPAN, "Scope.RuntimeMaxSec": SPAN,
    "Service.RestartMaxDelaySec": SPAN, "Service.TimeoutStartSec": ("0", USEC_INFINITY), "Service.TimeoutStopSec": SPAN,
    "Service.TimeoutSec": SPAN, "Service.TimeoutAbortSec": SPAN, "Service.TimeoutStartFailureMode": ("kill", "kill"),
    "Service.TimeoutStopFailureMode": ("abort", "abort"), "Service.RuntimeMaxSec": SPAN, "Service.RuntimeRandomizedExtraSec": SPAN,
    "Service.WatchdogSec": SPAN, "Service.PIDFile": ("a.pid", "/run/a.pid"), "Service.BusName": ("a.b", "a.b"),
    "Service.RemainAfterExit": TRUE, "Service.RootDirectoryStartOnly": TRUE, "Service.NonBlocking": TRUE,
    "Service.GuessMainPID": ("no", False), "Service.PermissionsStartOnly": TRUE, "Service.SuccessExitStatus": STATUSES,
    "Service.RestartPreventExitStatus": STATUSES, "Service.RestartForceExitStatus": STATUSES, "Service.NotifyAccess": ("all", "all"),
    "Service.Sockets": ("a.socket", ("a.socket",)), "Service.FileDescriptorStoreMax": ("5", 5),
    "Service.FileDescriptorStorePreserve": ("true", "yes"), "Service.OOMPolicy": ("kill", "kill"),
    "Service.OpenFile": ("/a:b:read-only", ("/a:b:read-only",)), "Service.ReloadSignal": ("SIGUSR1", 10),
    "Service.StartLimitInterval": SPAN, "Service.StartLimitBurst": ("3", 3), "Service.StartLimitAction": ACTION,
    "Service.FailureAction": ACTION,
    "Kill.KillMode": ("mixed", "mixed"), "Kill.KillSignal": ("SIGQUIT", 3), "Kill.RestartKillSignal": ("USR1", 10),
    "Kill.FinalKillSignal": ("6", 6), "Kill.WatchdogSignal": ("SIGTRAP", 5), "Kill.SendSIGKILL": ("no", False), "Kill.SendSIGHUP": TRUE,
    "Exec.User": ("www-data", "www-data"), "Exec.Group": ("33", "33"), "Exec.SupplementaryGroups": ("a b", ("a", "b")),
    "Exec.DynamicUser": TRUE, "Exec.WorkingDirectory": ("~", "~"), "Exec.RootDirectory": ("/a//b/", "/a/b"), "Exec.UMask": ("0027", 0o27),
    "Exec.Environment": ('A=1 "B=2 3"', ("A=1", "B=2 3")), "Exec.EnvironmentFile": ("-/a", (EnvironmentFile("/a", True),)),
    "Exec.PassEnvironment": ("A B", ("A", "B")), "Exec.UnsetEnvironment": ("A B=1", ("A", "B=1")),
    "Exec.ExecSearchPath": ("/a:/b", ("/a", "/b")), "Exec.StandardInput": ("file:/a", StdStream("file", "/a")),
    "Exec.StandardOutput": ("append:/a", StdStream("append", "/a")), "Exec.StandardError": ("null", StdStream("null")),
    "Exec.StandardInputText": ("a\\tb", b"a\tb\n"), "Exec.StandardInputData": ("SGk=", b"Hi"), "Exec.TTYPath": ("/dev/tty1", "/dev/tty1"),
    "Exec.TTYReset": TRUE, "Exec.SyslogIdentifier": ("%N", "x"), "Exec.SyslogFacility": ("local3", "local3"),
    "Exec.SyslogLevel": ("debug", "debug"), "Exec.SyslogLevelPrefix": ("no", False), "Exec.LogLevelMax": ("warning", 4),
    **{f"Exec.Limit{name}": ("7:9", {name: (7, 9)}) for name in ["CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NOFILE", "AS", "NPROC", "MEMLOCK", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"]},
    "Exec.Nice": ("-5", -5), "Exec.OOMScoreAdjust": ("-1000", -1000), "Exec.IOSchedulingClass": ("idle", 3),
    "Exec.IOSchedulingPriority": ("7", 7), "Exec.CPUSchedulingPolicy": ("batch", 3), "Exec.CPUSchedulingPriority": ("50", 50),
    "Exec.CPUSchedulingResetOnFork": TRUE, "Exec.CPUAffinity": ("0-2,5 7", frozenset((0, 1, 2, 5, 7))),
    "Exec.TimerSlackNSec": ("1us", 1000), "Exec.CapabilityBoundingSet": ("CAP_CHOWN CAP_KILL", 0x21),
    "Exec.AmbientCapabilities": ("CAP_NET_BIND_SERVICE", 1 << 10), "Exec.SecureBits": ("noroot keep-caps", 0x11),
    "Exec.NoNewPrivileges": TRUE, "Exec.IgnoreSIGPIPE": ("no", False), "Exec.LockPersonality": TRUE, "Exec.Personality": ("x86", "x86"),
    "Exec.KeyringMode": ("shared", "shared"), "Exec.CoredumpFilter": ("default elf-headers", 0x33), "Exec.SetLoginEnvironment": TRUE,
    **{f"Exec.{name}Directory": ("a b:c", (Directory("a"), Directory("b", ("c",)))) for name in (
        "Runtime", "State", "Cache", "Logs", "Configuration")},
    **{f"Exec.{name}DirectoryMode": ("0700", 0o700) for name in ("Runtime", "State", "Cache", "Logs", "Configuration")},
    "Exec.RuntimeDirectoryPreserve": ("restart", "restart"), "Exec.TimeoutCleanSec": SPAN,
    "Resource.Slice": ("a-b.slice", "a-b.slice"), "Socket.Service": ("b.service", "b.service"), "Timer.Unit": ("b.target", "b.target"),
    "Path.Unit": ("b.service", "b.service"),
}
DEPENDENCIES = {
    **{kind: kind for kind in model.DEPENDENCY_KINDS if kind not in ("Triggers", "JoinsNamespaceOf")},
    "BindTo": "BindsTo", "PropagateReloadTo": "PropagatesReloadTo", "PropagateReloadFrom": "ReloadPropagatedFrom",
    "RequiresOverridable": "Requires", "RequisiteOverridable": "Requisite",
}
CONDITIONS = [row for row in TABLE["Unit"] if row.name.startswith(("Condition", "Assert"))]


@pytest.mark.parametrize("name", SAMPLES)
def test_effect(name: str) -> None:
    """An acted directive sets its field to this value, and the default is another one."""
    section, _, directive = name.partition(".")
    row = next(row for row in TABLE[section] if row.name == directive)
    text, value = SAMPLES[name]
    made = assign(row, text)
    assert field_of(made, row) == value
    assert made.warnings == []
    if row.target in CLASSES and row.field != "limits":
        assert getattr(CLASSES[row.target]("x") if row.target == "unit" else CLASSES[row.target](), row.field) != value


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_dependency(name: str) -> None:
    """A dependency is added to its kind, once, and cannot be reset."""
    row = next(row for row in TABLE["Unit"] if row.name == name)
    made = assign(row, "a.service b%p.service a.service", "", "d@.service")
    assert list(made.dependencies[DEPENDENCIES[name]]) == ["a.service", "bx.service", "d@x.service"]


@pytest.mark.parametrize("row", CONDITIONS, ids=[row.name for row in CONDITIONS])
def test_condition(row: Directive) -> None:
    """Conditions and asserts keep their prefixes and are reset together."""
    kind, field = (row.name[9:], "conditions") if row.name.startswith("Condition") else (row.name[6:], "asserts")
    made = assign(row, "/a%%", "|!/b", "! /c")
    assert freeze(made.unit[field]) == (Condition(kind, "/a%"), Condition(kind, "/b", True, True), Condition(kind, "/c", False, True))
    row.parse(made, made.unit, row.field, "")
    assert freeze(made.unit[field]) == ()


def test_every_acted_row_has_a_sample() -> None:
    """No directive claims an effect that is not shown above."""
    shown = set(SAMPLES) | {f"Unit.{name}" for name in DEPENDENCIES} | {f"Unit.{row.name}" for row in CONDITIONS}
    assert {f"{section}.{row.name}" for section, row in ROWS if row.support == ACTED} <= shown
    assert shown <= {f"{section}.{row.name}" for section, row in ROWS}


LISTS = [name for name, (_, value) in SAMPLES.items() if type(value) is tuple]


@pytest.mark.parametrize("name", LISTS)
def test_lists_add_up_and_reset(name: str) -> None:
    """A second assignment adds, an empty one takes all away."""
    section, _, directive = name.partition(".")
    row = next(row for row in TABLE[section] if row.name == directive)
    text, value = SAMPLES[name]
    if not isinstance(value[0], ExecCommand):
        once = field_of(assign(row, text, text), row)
        assert set(once) == set(value)
    else:
        assert field_of(assign(row, text, text), row) == value * 2
    if row.name not in ("RequiresMountsFor", "WantsMountsFor", "Sockets"):      # like dependencies
        assert not field_of(assign(row, text, ""), row)


REFUSALS = {
    "Service.Type": "nonsense", "Service.Restart": "sometimes", "Service.RestartSec": "", "Service.RemainAfterExit": "maybe",
    "Kill.KillSignal": "SIGNOPE", "Exec.UMask": "9", "Exec.Nice": "20", "Exec.OOMScoreAdjust": "1001", "Exec.StandardInput": "x",
    "Exec.StandardOutput": "file:relative", "Exec.LimitNOFILE": "9:7", "Exec.RootDirectory": "a", "Exec.EnvironmentFile": "a",
    "Exec.StandardInputData": "?", "Exec.CPUAffinity": "1-x", "Unit.JobTimeoutSec": "x", "Unit.OnFailureJobMode": "x",
    "Unit.ConditionPathExists": "relative", "Exec.ProtectProc": "x", "Resource.MemoryMax": "x", "Resource.TasksMax": "0",
    "Socket.ListenStream": None, "Timer.OnBootSec": "x", "Socket.Service": "a.timer", "Exec.PrivateTmp": "x",
}


@pytest.mark.parametrize("name", [name for name, value in REFUSALS.items() if value is not None])
def test_value_that_is_refused(name: str) -> None:
    """The line is ignored: ValueError, but not bad-setting."""
    section, _, directive = name.partition(".")
    row = next(row for row in TABLE[section] if row.name == directive)
    with pytest.raises(ValueError) as error:
        assign(row, str(REFUSALS[name]))
    assert not isinstance(error.value, BadSetting)


@pytest.mark.parametrize("name, text", [
    ("Service.ExecStart", "bin/a"), ("Exec.User", "a:b"), ("Exec.Group", "-x"), ("Exec.WorkingDirectory", "a"),
    ("Exec.SupplementaryGroups", "a /"),
])
def test_value_that_no_service_starts_with(name: str, text: str) -> None:
    """systemd refuses the whole unit: bad-setting."""
    section, _, directive = name.partition(".")
    row = next(row for row in TABLE[section] if row.name == directive)
    with pytest.raises(BadSetting):
        assign(row, text)


@pytest.mark.parametrize("name, values, expected", [
    ("Exec.CapabilityBoundingSet", ("~CAP_CHOWN",), ((1 << 41) - 1) & ~1), ("Exec.CapabilityBoundingSet", ("CAP_CHOWN", "CAP_KILL"), 0x21),
    ("Exec.CapabilityBoundingSet", ("",), 0), ("Exec.CapabilityBoundingSet", ("CAP_CHOWN CAP_KILL", "~CAP_KILL"), 1),
    ("Exec.CapabilityBoundingSet", ("~",), (1 << 41) - 1), ("Exec.AmbientCapabilities", ("CAP_KILL", ""), 0),
    ("Exec.Environment", ("A=1 B=2", "A=3"), ("A=3", "B=2")), ("Exec.CPUAffinity", ("1", "2-3", "", "5"), frozenset((5,))),
    ("Service.PIDFile", ("/var/run/a.pid",), "/run/a.pid"), ("Exec.StandardInputText", ("a", "b"), b"a\nb\n"),
])
def test_several_assignments(name: str, values: "tuple[str, ...]", expected: object) -> None:
    """What the later assignment does to the earlier one."""
    section, _, directive = name.partition(".")
    row = next(row for row in TABLE[section] if row.name == directive)
    assert field_of(assign(row, *values), row) == expected
