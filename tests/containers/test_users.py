"""Managers of ordinary users: as PID 1 of a container for an arbitrary uid, beside each other, and `systemctl --user`."""

from __future__ import annotations

from typing import Iterator, Tuple

import pytest

from .harness import Container
from .image import podman

UID = "12345"
SLEEPER = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
SESSION = """\
[Service]
ExecStart=/bin/sh -c 'env > %h/environment; echo "%h|%t|%S|%C|%L|%U|%E" > %h/specifiers; pwd > %h/place; exec sleep infinity'
RuntimeDirectory=one
StateDirectory=two
[Install]
WantedBy=default.target
"""
# Nothing may be written but /dev/shm, which every engine gives; then a /run that only root may write to; then a /tmp.
PLACES = {"no tmpfs": (), "a /run of root's": ("--tmpfs", "/run"), "a /tmp": ("--tmpfs", "/tmp:mode=1777")}


def ask(box: Container, *words: str, environment: Tuple[str, ...] = ()) -> "Tuple[int, str, str]":
    """systemctl as the ordinary user."""
    done = podman("exec", "--user", f"{UID}:{UID}", *(f"--env={pair}" for pair in environment), box.name, "systemctl", *words,
                  check=False, timeout_sec=60)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize("place", PLACES)
def test_an_arbitrary_uid_is_pid_1(image: str, place: str) -> None:
    """No passwd entry, no capability, a read-only root file system: it boots, obeys, and stops cleanly."""
    box = Container(image, files={"plain.service": SLEEPER, "etc/systemd/system/default.target.wants/plain.service": SLEEPER,
                                  "cron.service": "", "nginx.service": "", "redis-server.service": ""},
                    options=(f"--user={UID}", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", *PLACES[place]))
    try:
        box.wait_log("Startup finished")
        assert ask(box, "is-system-running", "--wait") == (0, "running", "")
        assert ask(box, "is-active", "plain") == (0, "active", "")
        assert {facts["pid"]: facts["ppid"] for facts in box.processes()}[ask(box, "show", "-P", "MainPID", "plain")[1]] == "1"
        assert ask(box, "restart", "plain") == (0, "", "")
        assert ask(box, "stop", "plain") == (0, "", "")
        assert ask(box, "is-active", "plain")[0] == 3
        assert ask(box, "start", "plain") == (0, "", "")
        code, _, error = ask(box, "enable", "plain")
        assert code == 1 and "Read-only file system" in error, error
        seconds, code = box.stop()
        assert code == 0 and seconds < 9, (seconds, code, box.log())
    finally:
        box.remove()


@pytest.fixture(scope="module")
def plain(image: str) -> Iterator[Container]:
    """A container whose PID 1 is no init at all."""
    box = Container(image, "sleep", "infinity", files={
        "plain.service": SLEEPER, "home/user/.config/systemd/user/w.service": SESSION,
        "usr/lib/systemd/user/vendor.service": SESSION, "xdg/x": None, "xdg/y": None})
    try:
        box.run("chown", "-R", UID, "/home/user", "/xdg")
        box.run("chmod", "700", "/xdg", "/xdg/x", "/xdg/y")
        yield box
    finally:
        box.remove()


HOME = ("HOME=/home/user", "XDG_RUNTIME_DIR=/xdg")


def test_a_session_of_a_user(plain: Container) -> None:
    """`systemctl --user`: files without a manager; start brings one; links go to ~/.config; exit ends it."""
    def user(*words: str) -> "Tuple[int, str, str]":
        return ask(plain, "--user", *words, environment=HOME)
    config = "/home/user/.config/systemd/user"
    assert user("is-active", "w") == (3, "inactive", "")
    assert user("is-enabled", "w") == (1, "disabled", "")
    code, _, error = user("enable", "w")
    assert (code, error) == (0, f"Created symlink '{config}/default.target.wants/w.service' → '{config}/w.service'.")
    assert user("daemon-reload")[0] == 0
    assert user("show-environment") == (
        1, "", "Failed to connect to user scope bus via local transport: No such file or directory")
    assert user("start", "w") == (0, "", "")
    assert user("is-active", "w") == (0, "active", "")
    assert plain.run("cat", "/home/user/specifiers", "/home/user/place").stdout.split("\n")[:2] == [
        "/home/user|/xdg|/home/user/.local/state|/home/user/.cache|/home/user/.local/state/log|12345|/home/user/.config",
        "/home/user"]
    environment = plain.run("cat", "/home/user/environment").stdout
    for pair in ("HOME=/home/user", "XDG_RUNTIME_DIR=/xdg", "RUNTIME_DIRECTORY=/xdg/one",
                 "STATE_DIRECTORY=/home/user/.local/state/two", "MANAGERPID="):
        assert pair in environment, environment
    assert "FASTINIT" not in environment
    assert user("set-environment", "A=1") == (0, "", "") and "A=1" in user("show-environment")[1].split("\n")
    assert user("is-active", "default.target")[0] == 3
    assert user("default")[0] == 0
    plain.wait("default.target is up", lambda: user("is-active", "default.target")[0] == 0)
    assert user("disable", "--now", "w")[0] == 0
    assert user("is-active", "w") == (3, "inactive", "")
    assert ask(plain, "is-active", "w", environment=HOME)[0] == 4        # the system's units are others
    assert user("exit") == (0, "", "")
    plain.wait("the session has ended", lambda: user("is-system-running") == (1, "offline", ""))


def test_global_links_are_for_everybody(plain: Container) -> None:
    """--global makes links in /etc/systemd/user, by files alone; a user then sees the unit as enabled."""
    made = plain.run("systemctl", "--global", "enable", "vendor")
    assert made.stderr == ("Created symlink '/etc/systemd/user/default.target.wants/vendor.service' → "
                           "'/usr/lib/systemd/user/vendor.service'.\n")
    assert ask(plain, "--user", "is-enabled", "vendor", environment=HOME) == (0, "enabled", "")
    assert plain.run("systemctl", "--global", "disable", "vendor").returncode == 0
    assert ask(plain, "--user", "is-enabled", "vendor", environment=HOME) == (1, "disabled", "")
    refused = plain.run("systemctl", "--global", "start", "vendor", check=False)
    assert (refused.returncode, refused.stderr) == (1, "--global is not supported for this operation.\n")


def test_managers_beside_each_other(plain: Container) -> None:
    """Three for the system's units, by XDG_RUNTIME_DIR and FASTINIT_RUN: each knows only its own processes."""
    beside = (("XDG_RUNTIME_DIR=/xdg/x",), ("XDG_RUNTIME_DIR=/xdg/y",), ("FASTINIT_RUN=/home/user",))
    for environment in beside:
        assert ask(plain, "start", "plain", environment=environment) == (0, "", "")
    pids = {ask(plain, "show", "-P", "MainPID", "plain", environment=environment)[1] for environment in beside}
    assert len(pids) == 3 and "0" not in pids
    assert ask(plain, "stop", "plain", environment=beside[0]) == (0, "", "")
    assert [ask(plain, "is-active", "plain", environment=environment)[1] for environment in beside] == [
        "inactive", "active", "active"]
    for environment in beside:
        assert ask(plain, "exit", environment=environment) == (0, "", "")
    plain.wait("all have ended", lambda: not [facts for facts in plain.processes() if facts["command"] == "/bin/sleep infinity"])
