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

from tests.system.harness import ENTER, ROOT, eventually

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


def test_scopes_and_timers_are_refused_in_one_line(booted):
    for words, text in ((["--scope", "true"], "--scope is not supported"), (["--on-active=5", "true"], "transient timers")):
        done = booted.run(sys.executable, "-c", CODE, *words)
        assert done.returncode == 1 and text in done.stderr and len(done.stderr.splitlines()) == 1
