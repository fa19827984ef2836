"""Requests over a real socket, answered in systemd's words."""

from __future__ import annotations

from tests.control.conftest import Client


def test_start_stop_and_what_is_active(systemctl: Client) -> None:
    """A unit goes up and down, and is-active tells it with systemd's exit codes."""
    assert systemctl("is-active", "web") == (3, "inactive\n", "")
    assert systemctl("start", "web") == (0, "", "")
    assert systemctl("is-active", "web") == (0, "active\n", "")
    assert systemctl("is-active", "web", "job", "nono") == (0, "active\ninactive\ninactive\n", "")
    assert systemctl("is-active", "nono") == (4, "inactive\n", "")
    assert systemctl("is-active", "-q", "web") == (0, "", "")
    assert systemctl("stop", "web") == (0, "", "")
    assert systemctl("is-active", "web") == (3, "inactive\n", "")


def test_a_unit_that_does_not_exist(systemctl: Client) -> None:
    assert systemctl("start", "nono") == (5, "", "Failed to start nono.service: Unit nono.service not found.\n")
    assert systemctl("stop", "nono") == (5, "", "Failed to stop nono.service: Unit nono.service not loaded.\n")
    assert systemctl("status", "nono") == (4, "", "Unit nono.service could not be found.\n")
    code, out, err = systemctl("show", "nono", "-p", "LoadState", "-p", "ActiveState")
    assert (code, out, err) == (0, "LoadState=not-found\nActiveState=inactive\n", "")


def test_a_oneshot_that_fails(systemctl: Client) -> None:
    assert systemctl("start", "job") == (0, "", "")
    assert systemctl("start", "bad") == (1, "", (
        'Job for bad.service failed because the control process exited with error code.\n'
        'See "systemctl status bad.service" and "journalctl -xeu bad.service" for details.\n'))
    assert systemctl("is-failed", "bad") == (0, "failed\n", "")
    assert systemctl("is-failed", "job") == (1, "inactive\n", "")
    assert systemctl("is-system-running") == (1, "degraded\n", "")
    assert systemctl("reset-failed", "bad") == (0, "", "")
    assert systemctl("is-system-running") == (0, "running\n", "")


def test_a_dependency_that_fails(systemctl: Client) -> None:
    assert systemctl("start", "needs") == (
        1, "", "A dependency job for needs.service failed. See 'journalctl -xe' for details.\n")


def test_list_units(systemctl: Client) -> None:
    systemctl("start", "web")
    assert systemctl("list-units", "web.service") == (0, (
        "  UNIT        LOAD   ACTIVE SUB     DESCRIPTION\n"
        "  web.service loaded active running A web server\n"
        "\n"
        "Legend: LOAD   → Reflects whether the unit definition was properly loaded.\n"
        "        ACTIVE → The high-level unit activation state, i.e. generalization of SUB.\n"
        "        SUB    → The low-level unit activation state, values depend on unit type.\n"
        "\n"
        "1 loaded units listed. Pass --all to see loaded but inactive units, too.\n"
        "To show all installed unit files use 'systemctl list-unit-files'.\n"), "")
    assert systemctl("list-units", "--no-legend", "--plain", "web*") == (
        0, "web.service loaded active running A web server\n", "")
    assert systemctl("--failed") == (0, "  UNIT LOAD ACTIVE SUB DESCRIPTION\n\n0 loaded units listed.\n", "")


def test_unknown_words(systemctl: Client) -> None:
    assert systemctl("strat", "web") == (1, "", "Unknown command verb 'strat', did you mean 'start'?\n")
    assert systemctl("--frobnicate") == (1, "", "systemctl: unrecognized option '--frobnicate'\n")
    assert systemctl("-Q") == (1, "", "systemctl: invalid option -- 'Q'\n")
    assert systemctl("start") == (1, "", "Too few arguments.\n")
    assert systemctl("--state") == (1, "", "systemctl: option '--state' requires an argument\n")
    assert systemctl("--re") == (1, "", "systemctl: option '--re' is ambiguous; possibilities: "
                                        "'--reverse' '--recursive' '--reboot-argument' '--read-only'\n")


def test_global_is_about_unit_files(systemctl: Client) -> None:
    """No manager of all users could answer for the rest; nothing is done in its place."""
    for words in (("is-active", "web"), ("cat", "web"), ("daemon-reload",), ("edit", "--stdin", "web"), ("show-environment",)):
        assert systemctl("--global", *words) == (1, "", "--global is not supported for this operation.\n")
    assert systemctl("--global", "poweroff") == (1, "", "Bad action for --global mode.\n")
