"""What the manager needs is not there: PID 1 lives on, what can go on goes on, and all is right when it is there again."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from tests.system.harness import eventually

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
NOTHING = {number: " ".join(f"nothing-{number}-{other}.service" for other in range(500)) for number in range(20)}
UNITS = {"keep.service": SLEEP, "later.service": SLEEP,
         "restarts.service": "[Unit]\nStartLimitIntervalSec=0\n" + SLEEP + "Restart=always\nRestartSec=0\n",
         "all.target": "[Unit]\nWants=keep.service restarts.service\n",
         **{f"names-{number}.target": f"[Unit]\nAfter={others}\n" for number, others in NOTHING.items()}}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it limits another process, or remounts")


@pytest.fixture
def booted(boot):
    with boot(UNITS, "all.target") as running:
        running.wait_booted()
        yield running


def all_is_right(booted, main_pid):
    """keep.service never noticed; whatever is asked now is done; a stop is a stop."""
    assert booted.show("keep.service", "MainPID") == main_pid
    assert booted.systemctl("restart", "later.service").returncode == 0
    assert booted.show("later.service", "ActiveState") == "active"
    before = booted.show("restarts.service", "MainPID")
    booted.run("sh", "-c", f"kill -9 {before}")
    eventually(lambda: booted.show("restarts.service", "MainPID") not in ("0", before), "it is restarted", 10)
    assert booted.stop() == 0


def test_a_full_run(booted):
    """Logs cannot be stored and files not be written; services start and stop all the same."""
    main_pid = booted.show("keep.service", "MainPID")
    run = Path(f"/proc/{booted.pid}/root/run")
    booted.run("mount", "-o", "remount,size=2M", "/run", check=True)
    with open(run / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while True:
            filler.write(bytes(4096))
    assert booted.systemctl("start", "later.service").returncode == 0
    assert booted.show("later.service", "ActiveState") == "active"
    manager = booted.manager_pid()
    os.kill(manager, signal.SIGKILL)        # the next one finds a full /run as well
    eventually(lambda: booted.manager_pid() not in (0, manager), "another manager")
    eventually(lambda: booted.show("later.service", "ActiveState") == "active", "it knows what runs")
    assert booted.systemctl("stop", "later.service").returncode == 0
    (run / "filler").unlink()
    all_is_right(booted, main_pid)


def test_a_runtime_directory_gone_read_only(booted):
    main_pid = booted.show("keep.service", "MainPID")
    booted.run("mount", "--bind", "/run", "/run", check=True)       # the mount below has files that are open for writing
    booted.run("mount", "-o", "remount,bind,ro", "/run", check=True)
    assert booted.systemctl("start", "later.service").returncode == 0
    manager = booted.manager_pid()
    os.kill(manager, signal.SIGKILL)
    eventually(lambda: booted.manager_pid() not in (0, manager), "another manager")
    assert booted.show("keep.service", "ActiveState") == "active"
    booted.run("umount", "/run", check=True)
    eventually(lambda: booted.manager_pid() and booted.show("later.service", "ActiveState") == "active", "it goes on")
    all_is_right(booted, main_pid)


@needs_root
def test_no_descriptor_left(booted):
    """EMFILE in the manager: who asks is told or has to wait, nobody is forgotten."""
    main_pid, worker = booted.show("keep.service", "MainPID"), booted.show("restarts.service", "MainPID")
    manager = booted.manager_pid()
    limits = resource.prlimit(manager, resource.RLIMIT_NOFILE)
    resource.prlimit(manager, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{manager}/fd")), limits[1]))
    asked = booted.begin("start", "later.service")
    booted.run("sh", "-c", f"kill -9 {worker}")
    eventually(lambda: not booted.is_alive(worker), "its end is known to PID 1")
    resource.prlimit(manager, resource.RLIMIT_NOFILE, limits)
    assert asked.wait(60) in (0, 1)
    eventually(lambda: booted.show("restarts.service", "MainPID") not in ("0", worker), "it is restarted")
    all_is_right(booted, main_pid)


@needs_root
def test_no_memory_for_the_manager(booted):
    """ENOMEM ends it, if anything; PID 1 starts the next one."""
    main_pid, manager = booted.show("keep.service", "MainPID"), booted.manager_pid()
    size = int(Path(f"/proc/{manager}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.prlimit(manager, resource.RLIMIT_AS, (size, size))
    for number in NOTHING:          # each is a target that is up, and names 500 units, which have to be in memory therefore
        if booted.manager_pid() != manager:
            break
        booted.systemctl("start", f"names-{number}.target")
    eventually(lambda: booted.systemctl("is-active", "keep.service").returncode == 0, "questions are answered")
    if booted.manager_pid() == manager:
        resource.prlimit(manager, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    all_is_right(booted, main_pid)
