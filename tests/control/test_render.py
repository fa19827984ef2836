"""Golden texts: what a person or a program reads, to the byte."""

from __future__ import annotations

import os
import time

import pytest

from fastinit.control.options import parse
from fastinit.control.personality import rewrite
from fastinit.control.render import table, times
from fastinit.control.render.style import ellipsize, width_of
from fastinit.control.verbs import FAILED_TO, VERBS, Access
from tests.control.conftest import Client
from tests.control.fake import Entry

STAMP = 1_704_103_200_000_000       # Mon 2024-01-01 10:00:00 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_status(systemctl: Client) -> None:
    """A running service, with what ran before it and what it said."""
    systemctl("start", "web")
    host = os.uname().nodename.partition(".")[0]

    def fix() -> int:
        record = systemctl.manager.engine.get("web.service")
        record.active_enter_realtime_usec = record.life_realtime_usec = STAMP
        systemctl.manager.log.append(Entry(STAMP - 1, "systemd", 1, 6, "Stopped web.service - A web server."))     # history
        systemctl.manager.log.append(Entry(STAMP, "", 4242, 6, "hello"))
        systemctl.manager.log.append(Entry(STAMP, "systemd", 1, 6, "Started web.service - A web server."))
        return record.main_pid

    pid = systemctl.running.call(fix)
    assert isinstance(pid, int)
    path = systemctl.manager.root / "etc/systemd/system/web.service"
    code, out, err = systemctl("status", "web")
    out = out.replace(out[out.index("; ", out.index("Active:")):out.index(" ago")], "; 5s")
    assert (code, err) == (0, "") and out == (
        "● web.service - A web server\n"
        f"     Loaded: loaded ({path}{file_part(out)})\n"
        "     Active: active (running) since Mon 2024-01-01 10:00:00 UTC; 5s ago\n"
        " Invocation: 0123456789abcdef0123456789abcdef\n"
        "       Docs: man:web(8)\n"
        "             https://example.org/\n"
        f"    Process: {pid - 1} ExecStartPre=/bin/check -t (code=exited, status=0/SUCCESS)\n"
        f"   Main PID: {pid} ()\n"
        "\n"
        f"Jan 01 10:00:00 {host} web[4242]: hello\n"
        f"Jan 01 10:00:00 {host} systemd[1]: Started web.service - A web server.\n")


def file_part(out: str) -> str:
    """ "; disabled; preset: enabled", when unit file states are known."""
    line = next(line for line in out.splitlines() if "Loaded:" in line)
    return line[line.index(".service") + len(".service"):-1]


def test_status_of_what_did_not_run(systemctl: Client) -> None:
    systemctl("start", "bad", "hidden")
    code, out, _ = systemctl("status", "bad", "hidden")
    assert code == 3
    assert "     Active: failed (Result: exit-code) since " in out
    assert "    Process: " in out and "ExecStart=/bin/bad (code=exited, status=1/FAILURE)\n" in out
    assert "   Main PID: " in out
    assert "  Condition: start condition unmet at " in out
    assert "             └─ ConditionPathExists=/nonexistent/file was not met\n" in out


def test_ascii_and_colours(systemctl: Client) -> None:
    """C has no dots; a terminal has colours; a pipe never has."""
    systemctl("start", "web")
    assert systemctl("status", "web", facts={b"env.LC_ALL": b"C"}).out.startswith("* web.service - A web server\n")
    terminal = {b"tty": b"111", b"columns": b"80", b"env.TERM": b"xterm"}
    assert systemctl("status", "web", facts=terminal).out.startswith("\x1b[0;1;32m●\x1b[0m web.service")
    assert "\x1b" not in systemctl("status", "web", facts={**terminal, b"env.NO_COLOR": b"1"}).out
    assert "\x1b" in systemctl("status", "web", facts={b"env.SYSTEMD_COLORS": b"1"}).out
    narrow = systemctl("list-units", "--all", facts={**terminal, b"columns": b"60", b"env.NO_COLOR": b"1"}).out
    assert max(width_of(line) for line in narrow.split("\n\n")[0].splitlines()) <= 60 and "…" in narrow


def test_show(systemctl: Client) -> None:
    """What Ansible and others read."""
    systemctl("start", "web")
    code, out, _ = systemctl("show", "web")
    properties = dict(line.split("=", 1) for line in out.splitlines())
    assert code == 0
    expected = {"Type": "simple", "ActiveState": "active", "SubState": "running", "LoadState": "loaded", "Result": "success",
                "TimeoutStartUSec": "1min 30s", "RestartUSec": "100ms", "NRestarts": "0", "ExecMainStatus": "0",
                "Id": "web.service",
                "Names": "web.service", "Description": "A web server", "User": "nobody", "CanReload": "yes", "CanStart": "yes",
                "Environment": 'A=1 "B=two words"', "KillMode": "control-group", "KillSignal": "15", "UMask": "0022",
                "Documentation": '"man:web(8)" https://example.org/', "InvocationID": "0123456789abcdef0123456789abcdef",
                "RuntimeMaxUSec": "infinity", "JobTimeoutUSec": "infinity", "StartLimitBurst": "5"}
    assert {name: properties.get(name) for name in expected} == expected
    assert properties["ExecStart"].startswith(
        "{ path=/usr/sbin/web ; argv[]=/usr/sbin/web -g daemon off; ; ignore_errors=no ; start_time=[")
    assert properties["ExecReload"].endswith("stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }")
    assert "Following" not in properties and "Following=\n" in systemctl("show", "web", "--all").out
    assert systemctl("show", "web", "-P", "MainPID", "--value").out.strip().isdigit()
    assert systemctl("show", "web", "-p", "SubState", "-p", "Type,Nonexistent") == (0, "Type=simple\nSubState=running\n", "")
    assert systemctl("show", "web", "-P", "Nonexistent") == (0, "", "")
    assert systemctl("show", "web", "plain", "-P", "Id") == (0, "web.service\n\nplain.service\n", "")


@pytest.mark.parametrize(("given", "shown"), [
    ("", ("30", "6", "3")),
    ("SyslogFacility=local3\nSyslogLevel=debug", ("159", "7", "19")),
    ("SyslogFacility=authpriv\nSyslogLevel=2", ("82", "2", "10")),
])
def test_show_of_the_priority(systemctl: Client, given: str, shown: "tuple[str, str, str]") -> None:
    """syslog(3): facility * 8 + level; local0 is 16."""
    (systemctl.manager.root / "etc/systemd/system/logs.service").write_text(f"[Service]\nExecStart=/bin/x\n{given}\n")
    _, out, _ = systemctl("show", "logs", "-p", "SyslogPriority", "-p", "SyslogLevel", "-p", "SyslogFacility")
    assert dict(line.split("=") for line in out.split()) == dict(zip(("SyslogPriority", "SyslogLevel", "SyslogFacility"), shown))


def test_show_of_the_manager(systemctl: Client) -> None:
    out = systemctl("show").out
    assert out.startswith("Version=257 (fastinit ") and "\nSystemState=running\n" in out and "\nNFailedUnits=0\n" in out
    assert systemctl("show", "-P", "SystemState") == (0, "running\n", "")


def test_list_dependencies(systemctl: Client) -> None:
    systemctl("start", "web")
    assert systemctl("list-dependencies", "site.target") == (
        0, "site.target\n○ ├─job.service\n○ ├─plain.service\n● └─web.service\n", "")
    assert systemctl("list-dependencies", "--plain", "site.target").out == (
        "site.target\n  job.service\n  plain.service\n  web.service\n")
    assert "site.target" in systemctl("list-dependencies", "--reverse", "web").out


RELATIVE = {5: "5s ago", 65: "1min 5s ago", 301: "5min ago", 3900: "1h 5min ago", 7 * 3600: "7h ago", 26 * 3600: "1 day 2h ago",
            3 * 86400: "3 days ago", 8 * 86400: "1 week 1 day ago", 40 * 86400: "1 month 9 days ago", -65: "1min 5s left"}


@pytest.mark.parametrize("seconds", RELATIVE)
def test_relative_times(seconds: int) -> None:
    assert times.relative(STAMP, STAMP + seconds * 1_000_000) == RELATIVE[seconds]


def test_timestamps() -> None:
    texts = [times.timestamp(STAMP + 7, style) for style in ("pretty", "us", "utc", "us+utc", "unix")]
    assert texts == ["Mon 2024-01-01 10:00:00 UTC", "Mon 2024-01-01 10:00:00.000007 UTC", "Mon 2024-01-01 10:00:00 UTC",
                     "Mon 2024-01-01 10:00:00.000007 UTC", "@1704103200"]
    assert times.timestamp(0) == ""
    assert [times.size(count) for count in (0, 512, 2048, 3_565_158)] == ["0B", "512B", "2K", "3.3M"]


def test_widths() -> None:
    assert ellipsize("abcdef", 4) == "abc…" and ellipsize("日本語", 5) == "日本…" and width_of("日本語") == 6


OPTION_WORDS = {
    ("start", "--now", "a", "--no-block"): (["start", "a"], {"now": True, "no_block": True}),
    ("-pId,Type", "-P", "X", "show"): (["show"], {"properties": ["Id", "Type", "X"], "value": True}),
    ("-tservice", "--sta=failed"): None,
    ("-at", "service", "--", "-x"): (["-x"], {"all": True, "types": ["service"]}),
    ("--signal=SIGRTMIN+1", "-n5"): ([], {"signal": 35, "lines": 5}),
    ("--legend=no", "-ojson"): ([], {"legend": False, "output": "json"}),
    ("-vvv", "-c", "A=B", "-1", "--maxtimeout", "3"): ([], {"init": True}),
    ("-00", "-e", "A=B", "--environment", "@/f", "-4", "start", "x"): (
        ["start", "x"], {"exit": 2, "extra": ["A=B", "@/f"], "hosts": "ipv4"}),
}


@pytest.mark.parametrize("words", OPTION_WORDS)
def test_options(words: "tuple[str, ...]") -> None:
    expected = OPTION_WORDS[words]
    if expected is None:
        options, _ = parse(list(words))
        assert options.states == ["failed"]
        return
    options, rest = parse(list(words))
    assert rest == expected[0] and {name: getattr(options, name) for name in expected[1]} == expected[1]


PERSONALITIES = {
    ("halt", "-p"): ["poweroff"], ("/sbin/reboot", "-f"): ["--force", "reboot"],
    ("init", "0"): ["poweroff"], ("init", "q"): ["daemon-reload"], ("init", "a", "b"): ["init", "a", "b"],
    ("poweroff", "-w"): ["--dry-run", "--quiet", "poweroff"],
}


@pytest.mark.parametrize("argv", PERSONALITIES)
def test_personalities(argv: "tuple[str, ...]") -> None:
    assert rewrite(list(argv))[1] == PERSONALITIES[argv]


def test_every_changing_verb_has_words_for_a_refusal() -> None:
    jobs = {"start", "stop", "reload", "restart", "try-restart", "reload-or-restart", "try-reload-or-restart", "isolate"}
    local = {"bind", "mount-image", "service-log-level", "service-log-target", "edit", "kexec", "switch-root", "sleep", "suspend",
             "hibernate", "hybrid-sleep", "suspend-then-hibernate"}
    assert {verb.name for verb in VERBS if verb.access is not Access.READ} - jobs - local == set(FAILED_TO)


def test_set_property(systemctl: Client) -> None:
    """A drop-in below the control directory, in the section that knows the directive."""
    code, _, err = systemctl("set-property", "--no-reload", "web", "Frobnicate=1")
    assert code == 1 and "Frobnicate" in err
    assert systemctl("set-property", "--no-reload", "web", "Nice=3") == (
        1, "", "Failed to set unit properties on web.service: Cannot set property Nice, or unknown property.\n")
    assert systemctl("set-property", "--no-reload", "web", "MemoryMax=x") == (
        1, "", "Failed to parse MemoryMax=x: Invalid argument\n")


def test_environment(systemctl: Client) -> None:
    assert systemctl("set-environment", "A=1", "B=two words", "C=it's") == (0, "", "")
    assert systemctl("show-environment").out == "A=1\nB=$'two words'\nC=$'it\\'s'\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n"
    assert systemctl("set-environment", "1A=x").code == 1
    assert systemctl("unset-environment", "A", "B=other", "C") == (0, "", "")
    assert systemctl("show-environment").out == "B=$'two words'\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n"
    assert systemctl("import-environment", "X", facts={b"env.X": b"9"}) == (0, "", "")
    assert systemctl.manager.environment["X"] == "9"


def test_a_thousand_units_are_listed_in_slices(systemctl: Client) -> None:
    """No step of a big answer holds the loop for more than a few milliseconds."""
    directory = systemctl.manager.root / "etc/systemd/system"
    for at in range(1000):
        (directory / f"many{at}.service").write_text("[Unit]\nDescription=One of many\n[Service]\nExecStart=/bin/many\n")
    systemctl("daemon-reload")
    systemctl.running.call(lambda: [systemctl.manager.engine.get(f"many{at}.service") for at in range(1000)] and None)
    begin = time.perf_counter()
    out = systemctl("list-units", "--all", "many*").out
    taken = time.perf_counter() - begin
    assert out.count("One of many") == 1000
    assert taken < 0.5      # a generous bound for a loaded machine; benchmarks/ measure it


NARROW = {      # widths that the cells need, the terminal's -> the widths they get
    ((1, 45, 9, 8, 7, 75), 100): [1, 35, 9, 8, 7, 35],
    ((1, 45, 9, 8, 7, 75), 40): [1, 6, 7, 7, 7, 7],
    ((1, 45, 9, 8, 7, 75), 20): [1, 2, 3, 3, 3, 3],
    ((44, 7, 7), 40): [24, 7, 7],
    ((10, 20), 31): [10, 20],
    ((10, 20), 3): [1, 1],
}


@pytest.mark.parametrize(("widths", "columns"), NARROW)
def test_columns_of_a_narrow_terminal(widths: "tuple[int, ...]", columns: int) -> None:
    """Each gets the same share; who needs less gives the rest to the others."""
    given = list(widths)
    table._narrow(given, columns)
    assert given == NARROW[widths, columns]


def test_show_all_without_a_unit_is_about_the_manager(systemctl: Client) -> None:
    """--all adds empty properties; only --type= and --state= ask for all units."""
    code, out, _ = systemctl("show", "--all")
    names = [line.partition("=")[0] for line in out.splitlines()]
    assert code == 0 and {"Version", "Tainted", "DefaultLimitNOFILE", "DefaultTimeoutStopUSec"} <= set(names)
    assert "Id" not in names and "\nTainted=" not in systemctl("show")[1]
    systemctl("start", "web")
    assert "Id=web.service" in systemctl("show", "--type=service", "--all", "-p", "Id")[1]


def test_a_slice_knows_what_is_in_it(systemctl: Client) -> None:
    systemctl("start", "web")
    assert systemctl("show", "-P", "SliceOf", "system.slice")[1].split().count("web.service") == 1
    assert systemctl("show", "-p", "IgnoreOnIsolate", "system.slice")[1] == "IgnoreOnIsolate=yes\n"
