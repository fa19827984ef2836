"""systemd-run where a comparison of words does not reach: streams, terminals, a manager that dies meanwhile, who may."""

from __future__ import annotations

import collections
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit.run.members import tag_base
from tests.system.harness import ENTER, ROOT, eventually

DIRECTIVES = ("Scope.RuntimeMaxSec", "Scope.TimeoutStopSec")       # what is shown to work here
IDLE = {"idle.target": "[Unit]\nDescription=nothing\n"}
CODE = (f"import sys; sys.path.insert(0, {str(ROOT)!r}); from fastinit.cli.multicall import run; "
        "sys.exit(run(['systemd-run', *sys.argv[1:]]))")


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    from tests.system.harness import Booted
    with Booted(tmp_path_factory.mktemp("run"), {**IDLE, "keep.service": "[Service]\nExecStart=/bin/sleep infinity\n"},
                ["idle.target", "keep.service"]) as running:
        running.wait_booted()
        yield running


def command(booted, *words):
    return ["nsenter", "-t", str(booted.pid), *ENTER, sys.executable, "-c", CODE, *words]


def fds(booted):
    """Of the manager: how many lead to what."""
    folder = Path(f"/proc/{booted.manager_pid()}/fd")
    found = collections.Counter()
    for entry in folder.iterdir():
        try:
            found[os.readlink(entry).partition(":")[0]] += 1
        except FileNotFoundError:       # closed since the folder was listed
            pass
    return found


def leaves_nothing(booted):
    return not booted.run("sh", "-c", "ls /run/systemd/transient 2>/dev/null").stdout


def test_pipes_carry_what_comes_and_goes(booted):
    """A megabyte through it and back, both outputs apart, the exit code; no descriptor stays behind."""
    before = fds(booted)
    data = os.urandom(500_000).hex().encode()
    done = subprocess.run(command(booted, "-q", "-G", "--pipe", "sh", "-c", "cat; echo to-stderr >&2; exit 9"), input=data,
                          capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout == data, done.stderr) == (9, True, b"to-stderr\n")
    eventually(lambda: leaves_nothing(booted), "the unit's file is gone")
    assert not booted.run("sh", "-c", "ls /run/fastinit/log | grep ^run-").stdout
    eventually(lambda: fds(booted) == before, f"the descriptors are those of before: {before}, not {fds(booted)}")


def test_a_terminal(booted):
    """The command has a terminal of its own, as wide as ours, and what is typed reaches it."""
    pid, master = pty.fork()
    if not pid:
        os.execvp("nsenter", command(booted, "-q", "-G", "-t", "sh", "-c", "tty; read line; echo got:$line; exit 4"))
    text = b""
    typed = False
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
        if b"/dev/pts/" in text and not typed:
            typed = True
            os.write(master, b"hello\n")
    os.close(master)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 4, text
    assert b"got:hello" in text


def test_wait_outlives_the_manager(booted):
    """It is killed while the command runs: the question goes to the next one, and the answer is right."""
    script = "until [ -e /run/test/go ]; do sleep 0.02; done; exit 6"
    waiting = subprocess.Popen(command(booted, "--wait", "-u", "waits", "sh", "-c", script),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: booted.show("waits", "ActiveState") == "active", "it runs")
    old = booted.manager_pid()
    os.kill(old, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, old), "another manager runs")
    Path(f"/proc/{booted.pid}/root/run/test/go").touch()
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 6, err
    assert "Finished with result: exit-code" in err and "code=exited, status=6" in err
    eventually(lambda: booted.show("waits", "ActiveState") == "failed", "it is over")


def test_an_impatient_client_leaves_the_command_running(booted):
    """Ctrl-C ends systemd-run --wait, not what it waits for."""
    waiting = subprocess.Popen(command(booted, "--wait", "-u", "stays", "sleep", "1000"), stderr=subprocess.PIPE, text=True)
    eventually(lambda: booted.show("stays", "ActiveState") == "active", "it runs")
    children = Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children").read_text().split()
    os.kill(int(children[0]) if children else waiting.pid, signal.SIGINT)
    waiting.communicate(timeout=60)
    assert booted.show("stays", "ActiveState") == "active"
    booted.systemctl("stop", "stays")
    eventually(lambda: leaves_nothing(booted) or booted.show("stays", "LoadState") == "not-found", "its file is gone")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_may_not(booted):
    """Neither with nor without descriptors, which are closed; systemd's words."""
    before = fds(booted)
    for words in (["true"], ["-q", "--pipe", "true"]):
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        done = booted.run(*nobody, sys.executable, "-c", CODE, *words)
        assert done.returncode == 1 and "Failed to start transient service unit: Access denied" in done.stderr, done
    assert fds(booted) == before
    assert not booted.run("sh", "-c", "ls /run/systemd/transient | grep ^run-").stdout


def test_timers_are_refused_in_one_line(booted):
    done = booted.run(sys.executable, "-c", CODE, "--on-active=5", "true")
    assert done.returncode == 1 and "transient timers" in done.stderr and len(done.stderr.splitlines()) == 1


def scope(booted, *words):
    return subprocess.Popen(command(booted, "-q", "--scope", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_gone(booted, unit):
    return booted.show(unit, "LoadState") == "not-found"


def test_a_scope_is_our_own_process(booted):
    """The command keeps our streams, our parent and our environment, and its exit code is ours."""
    running = scope(booted, "-u", "ours", "-E", "A=b", "--nice=3", "sh", "-c", "echo $A $(nice); exit 7")
    assert running.communicate(timeout=60) == ("b 3\n", "Scope command line contains environment variable, which is not expanded "
                                               "by default for now, but will be expanded by default in the future. Use "
                                               "--expand-environment=yes/no to explicitly control it as needed.\n")
    assert running.returncode == 7
    eventually(lambda: is_gone(booted, "ours.scope"), "nothing is left of the unit")


def test_a_scope_lasts_as_long_as_what_it_has_started(booted):
    """A daemon that has left its parents still is of the scope: it keeps it up, and a stop reaches it."""
    running = scope(booted, "-u", "lasts", "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & exit 0")
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert booted.show("lasts.scope", "ActiveState") == "active"
    assert "sleep 1000" in booted.systemctl("status", "-n0", "lasts.scope").stdout
    assert booted.systemctl("stop", "lasts.scope").returncode == 0
    assert is_gone(booted, "lasts.scope")


def test_a_scope_that_does_not_want_to_end_is_killed(booted):
    """TimeoutStopSec=, then SIGKILL; the unit stays as failed by timeout."""
    running = scope(booted, "-u", "stubborn", "-p", "TimeoutStopSec=100ms", "sh", "-c",
                    "trap '' TERM; echo up; while :; do sleep 1000; done")
    assert running.stdout.readline() == "up\n"
    booted.systemctl("stop", "stubborn.scope")
    running.communicate(timeout=60)
    eventually(lambda: booted.show("stubborn.scope", "ActiveState") == "failed", "it has failed")
    assert booted.show("stubborn.scope", "Result") == "timeout"
    booted.systemctl("reset-failed", "stubborn.scope")
    assert is_gone(booted, "stubborn.scope")


def test_a_scope_has_its_time(booted):
    """RuntimeMaxSec= ends it."""
    running = scope(booted, "-u", "timed", "-G", "-p", "RuntimeMaxSec=100ms", "sleep", "1000")
    running.communicate(timeout=60)
    eventually(lambda: is_gone(booted, "timed.scope"), "it is over, and --collect takes it away although it has failed")


def test_a_scope_outlives_the_manager(booted):
    """The next manager knows its process by the number that it carries, and sees its end."""
    running = scope(booted, "-u", "outlives", "sh", "-c", "echo up; exec sleep 1000")
    assert running.stdout.readline() == "up\n"
    old = booted.manager_pid()
    os.kill(old, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, old), "another manager runs")
    assert booted.show("outlives.scope", "ActiveState") == "active"
    booted.systemctl("stop", "outlives.scope")
    running.communicate(timeout=60)
    eventually(lambda: is_gone(booted, "outlives.scope"), "nothing is left of the unit")


def test_a_scope_within_a_service(booted):
    """Its number is lower than any service's, so that nobody needs a privilege to get from a service into a scope."""
    words = [sys.executable, "-c", CODE, "-q", "--scope", "-u", "inner", "sleep", "1000"]
    booted.run(sys.executable, "-c", CODE, "-q", "-u", "outer", *words, check=True)
    eventually(lambda: booted.show("inner.scope", "ActiveState") == "active", "the scope is up")
    limits = booted.run("cat", f"/proc/{booted.show('outer', 'MainPID')}/limits", check=True).stdout
    number = next(line for line in limits.splitlines() if line.startswith("Max file locks")).split()[3:5]
    assert number[0] == number[1] and 0 < int(number[0]) < tag_base()
    assert booted.systemctl("stop", "inner.scope").returncode == 0
    eventually(lambda: booted.show("outer", "ActiveState") != "active", "its process was the service's main one")


def test_a_process_is_the_first_one_of_one_scope(booted):
    """A second scope around the same process is refused; the command is not run then, and the first one ends with it."""
    running = scope(booted, "-u", "first", sys.executable, "-c", CODE, "-q", "--scope", "-u", "second", "true")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1 and err.startswith("Failed to start transient scope unit: Process ")
    eventually(lambda: is_gone(booted, "first.scope") and is_gone(booted, "second.scope"), "nothing is left of both")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_has_no_scope(booted):
    """One line, nothing left."""
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    done = booted.run(*nobody, sys.executable, "-c", CODE, "--scope", "true")
    assert (done.returncode, done.stderr) == (1, "Failed to start transient scope unit: Access denied\n")
