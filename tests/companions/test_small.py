"""The small companions: against the real ones where there are any, else against what their manual pages promise."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import List, Tuple

import pytest
from both import ENTRY, TOP, is_there, ours, real

from fastinit.companions import acl, patterns, timestamp
from fastinit.companions.options import UsageError, parse
from fastinit.companions.table import MODULES

SAME = (
    ("systemd-escape", ("a/b-c", "é")), ("systemd-escape", ("-p", "/a/b//c", ".")), ("systemd-escape", ("-m", "foo", "/home")),
    ("systemd-escape", ("-u", "a-b")), ("systemd-escape", ("-pu", "a-b")), ("systemd-escape", ("--template=x@.service", "a/b")),
    ("systemd-escape", ("-u", "--template=x@.service", "x@a-b.service")), ("systemd-escape", ("-p", "a/b")),
    ("systemd-escape", ("-u", "--template=y@.service", "x@a-b.service")), ("systemd-escape", ("-p", "/../x")),
    ("systemd-escape", ("-u", "--instance", "x@a-b.service")), ("systemd-escape", ("--instance", "a")),
    ("systemd-escape", ("-up", "a--b")), ("systemd-escape", ("--suffix=mount", "-p", "/")), ("systemd-escape", ("-p", "")),
    ("systemd-escape", ()), ("systemd-escape", ("--foo",)), ("systemd-escape", ("--suffix=foo", "a")),
    ("systemd-escape", ("-x",)),
    ("systemd-escape", ("--suffix",)), ("systemd-escape", ("--su=mount", "a")), ("systemd-escape", ("--path=1", "a")),
    ("systemd-id128", ("show",)), ("systemd-id128", ("show", "-u", "home")), ("systemd-id128", ("machine-id",)),
    ("systemd-id128", ("machine-id", "-a", "933ac7e12eb44f13b8440e14e2aef915")), ("systemd-id128", ("boot-id", "-p")),
    ("systemd-id128", ("invocation-id",)), ("systemd-id128", ("show", "x")), ("systemd-id128", ()), ("systemd-id128", ("bla",)),
    ("systemd-id128", ("new", "x")), ("systemd-id128", ("show", "933ac7e1-2eb4-4f13-b844-0e14e2aef915")),
    ("systemd-detect-virt", ("-c",)), ("systemd-detect-virt", ("--list",)), ("systemd-detect-virt", ("-q",)),
    ("systemd-path", ("temporary", "user-desktop", "search-binaries-default")), ("systemd-path", ("nope",)),
    ("systemd-path", ("--suffix=foo", "search-binaries-default")),
    ("systemd-analyze", ("timespan", "1h 30min", "90us", "1y 2month")), ("systemd-analyze", ("timespan", "x")),
    ("systemd-analyze", ("timestamp", "2026-01-02 03:04:05", "@1234", "2026-01-02")),
    ("systemd-analyze", ("exit-status",)), ("systemd-analyze", ("exit-status", "1", "EXEC", "250")),
    ("systemd-analyze", ("capability",)), ("systemd-analyze", ("capability", "cap_sys_admin", "3")),
    ("systemd-analyze", ("capability", "xx")), ("systemd-analyze", ("compare-versions", "1.2", "1.10")),
    ("systemd-analyze", ("compare-versions", "1", "lt", "2")), ("systemd-analyze", ("compare-versions", "1", "foo", "2")),
    ("systemd-analyze", ("condition", "ConditionPathExists=/etc", "AssertPathExists=!/etc")),
    ("systemd-analyze", ("calendar", "foo")),
)


@pytest.mark.parametrize("program,args", SAME, ids=[" ".join((program, *args)) for program, args in SAME])
def test_same_as_systemd(program: str, args: Tuple[str, ...]) -> None:
    """The same exit code and the same bytes on both streams."""
    if not is_there(program):
        pytest.skip(f"no {program} to compare with")
    expected = real(program, args, HOME="/root")
    found = ours(program, args, HOME="/root")
    if args[:1] == ("timestamp",):              # the last line of each counts from now
        found, expected = (one._replace(out="\n".join(line for line in one.out.splitlines() if "From now" not in line))
                           for one in (found, expected))
    assert found == expected


@pytest.mark.parametrize("program", sorted(MODULES))
def test_every_program_has_help(program: str) -> None:
    """Each name leads to a module that explains itself and refuses what it does not know."""
    done = ours(program, ["--help"])
    assert done.code == 0
    assert program.split("-")[-1] in done.out + done.err


def test_unknown_program() -> None:
    """A name that is not in the table is said to be unknown, as a shell would."""
    done = ours("systemd-nothing", [])
    assert done.code == 127
    assert "systemd-nothing" in done.err


class Manager:
    """The reading end of $NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(10)
        self.path = str(path)

    def read(self) -> Tuple[bytes, List[int]]:
        data, fds, _, _ = socket.recv_fds(self.socket, 4096, 4)
        return data, list(fds)


def test_notify_says_it_and_waits_for_the_barrier(tmp_path: Path) -> None:
    """The message comes first; the program ends only when the manager has closed the barrier's descriptor."""
    manager = Manager(tmp_path / "notify")
    child = subprocess.Popen([sys.executable, "-c", ENTRY, "systemd-notify", "--ready", "--status=up", "A=b"],
                             env={"PYTHONPATH": TOP, "NOTIFY_SOCKET": manager.path})
    assert manager.read() == (b"READY=1\nSTATUS=up\nA=b", [])
    data, fds = manager.read()
    assert data == b"BARRIER=1"
    assert child.poll() is None
    os.close(fds[0])
    assert child.wait(10) == 0


def test_notify_reload_and_no_block(tmp_path: Path) -> None:
    """--reloading brings the time that Type=notify-reload asks for; --no-block sends no barrier."""
    manager = Manager(tmp_path / "notify")
    done = ours("systemd-notify", ["--no-block", "--reloading", f"--pid={os.getpid()}"], NOTIFY_SOCKET=manager.path)
    assert done.code == 0
    lines = manager.read()[0].split(b"\n")
    assert [line.partition(b"=")[0] for line in lines] == [b"RELOADING", b"MONOTONIC_USEC", b"MAINPID"]
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.read()


def test_notify_passes_descriptors_and_executes(tmp_path: Path) -> None:
    """--fd= goes along with its name, and --exec turns into the command afterwards."""
    manager = Manager(tmp_path / "notify")
    done = ours("systemd-notify", ["--no-block", "--fd=0", "--fdname=in", "--exec", "X=1", ";", "echo", "done"],
                NOTIFY_SOCKET=manager.path)
    assert (done.code, done.out) == (0, "done\n")
    data, fds = manager.read()
    assert data == b"FDSTORE=1\nFDNAME=in\nX=1"
    assert len(fds) == 1
    os.close(fds[0])


def test_notify_without_a_manager() -> None:
    """No $NOTIFY_SOCKET is an error, not silence."""
    assert ours("systemd-notify", ["--ready"]) == (1, "", "No status data could be sent: $NOTIFY_SOCKET was not set\n")


def test_machine_id_is_made_once(tmp_path: Path) -> None:
    """A missing ID is made, a valid one stays, D-Bus's is taken over."""
    (tmp_path / "etc").mkdir()
    made = ours("systemd-machine-id-setup", [f"--root={tmp_path}", "--print"]).out
    assert made == ours("systemd-machine-id-setup", [f"--root={tmp_path}", "--print"]).out
    assert stat.S_IMODE((tmp_path / "etc/machine-id").stat().st_mode) == 0o444
    (tmp_path / "etc/machine-id").unlink()
    (tmp_path / "var/lib/dbus").mkdir(parents=True)
    (tmp_path / "var/lib/dbus/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    assert ours("systemd-machine-id-setup", [f"--root={tmp_path}", "--print"]).out == "0123456789abcdef0123456789abcdef\n"


@pytest.fixture
def systemctl(tmp_path: Path) -> str:
    """A PATH whose systemctl says what it was asked."""
    script = tmp_path / "bin/systemctl"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "systemctl $*"\n')
    script.chmod(0o755)
    return f"{script.parent}:/usr/bin:/bin"


@pytest.mark.parametrize("program,args,expected", [
    ("telinit", ["0"], "poweroff"), ("telinit", ["6"], "reboot"), ("telinit", ["q"], "daemon-reload"),
    ("telinit", ["S"], "rescue"),
    ("telinit", ["3"], "isolate runlevel3.target"), ("shutdown", ["now"], "poweroff"), ("shutdown", ["-h", "now"], "poweroff"),
    ("shutdown", ["-r", "+0"], "reboot"), ("shutdown", ["-H", "now", "bye"], "halt"),
    ("service", ["no-such-script", "restart"], "restart no-such-script.service"),
])
def test_sysv_names_become_systemctl(program: str, args: List[str], expected: str, systemctl: str) -> None:
    """Each SysV command ends as this systemctl command."""
    assert ours(program, args, PATH=systemctl) == (0, f"systemctl {expected}\n", "")


@pytest.mark.parametrize("args", [[], ["+5"], ["23:00"], ["-r", "+1"]])
def test_later_shutdown_is_refused(args: List[str], systemctl: str) -> None:
    """Nothing waits for a later time, so nobody is told that something does."""
    done = ours("shutdown", args, PATH=systemctl)
    assert (done.code, done.out) == (1, "")
    assert "no logind" in done.err


def test_cat_without_a_log(tmp_path: Path) -> None:
    """Output goes on to where it would go, marked with the priority; the exit status is the program's."""
    if os.path.exists("/run/systemd/journal/stdout"):
        pytest.skip("a log service runs here")
    done = ours("systemd-cat", ["-p", "err", "sh", "-c", "echo a; echo b; exit 7"])
    assert (done.code, done.out) == (7, "<3>a\n<3>b\n")


def test_cat_with_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream begins with the header of the journal's protocol, then come the bytes."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "stdout"))
    listener.listen()
    received: List[bytes] = []

    def serve() -> None:
        link, _ = listener.accept()
        with link, link.makefile("rb") as stream:
            received.append(stream.read())
    thread = threading.Thread(target=serve)
    thread.start()
    code = f"import fastinit.companions.cat as c, sys; c.SOCKET = {str(tmp_path / 'stdout')!r}; sys.exit(c.main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, "-t", "me", "echo", "hello"], check=False, timeout=20,
                          env={"PYTHONPATH": TOP, "PATH": "/usr/bin:/bin"})
    thread.join(20)
    assert done.returncode == 0
    assert received == [b"me\n\n6\n1\n0\n0\n0\nhello\n"]


@pytest.mark.parametrize("pattern,path,fits", [
    ("/a/*", "/a/b", True), ("/a/*", "/a/.b", False), ("/a/.*", "/a/.b", True), ("/a/*", "/a/b/c", False),
    ("/a/?", "/a/bc", False),
    ("/a/[!x]", "/a/y", True), ("/a/[!x]", "/a/x", False), ("/a/[a-c]*", "/a/bz", True), ("/a/[", "/a/[", True),
    ("/a/\\*", "/a/*", True), ("/a/\\*", "/a/b", False), ("/a/[[:digit:]]", "/a/7", True), ("/a/[]]", "/a/]", True),
])
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    """Patterns fit as fnmatch(3) with FNM_PATHNAME | FNM_PERIOD has it."""
    assert patterns.matches(pattern, path) is fits


def test_braces() -> None:
    """Alternatives multiply, "{}" and an open brace stay."""
    assert patterns.braces("/{a,b}/{c,d{e,f}}") == ["/a/c", "/a/de", "/a/df", "/b/c", "/b/de", "/b/df"]
    assert patterns.braces("/{}/{a") == ["/{}/{a"]


def test_acl_there_and_back() -> None:
    """What is encoded decodes to the same entries; the mask covers the named ones."""
    wanted = acl.parse("u:7:rw,d:g:9:rX", int, int)
    full = acl.complete(wanted.access, {}, 0o640, False)
    assert acl.decode(acl.encode(full)) == full
    assert full[acl.MASK, acl.NO_ID] == 6
    with pytest.raises(ValueError, match="invalid ACL entry"):
        acl.parse("u:7", int, int)


@pytest.mark.parametrize("seconds,text", [
    (0, "now"), (5, "5s left"), (-61, "1min 1s ago"), (3600 * 9, "9h left"), (86400 + 9 * 3600, "1 day 9h left"),
    (5 * 86400 + 79000, "5 days left"), (-8 * 86400, "1 week 1 day ago"),
])
def test_relative(seconds: int, text: str) -> None:
    """How far away a time is, in systemd's words."""
    assert timestamp.relative(10**15 + seconds * 10**6, 10**15) == text


def test_options_stop_at_the_program() -> None:
    """What follows the first argument belongs to the program that is run."""
    found = parse("x", ["-p", "3", "prog", "-p", "4"], ("p= p",), stop_at_argument=True)
    assert (found.given, found.args) == ([("p", "3")], ["prog", "-p", "4"])
    with pytest.raises(UsageError, match="ambiguous"):
        parse("x", ["--a"], ("ab", "ac"))
