"""The verbs and options that only the Python script has: what they say, and who may see it."""

from __future__ import annotations

from pathlib import Path

from fastinit.run import environment
from tests.control.conftest import Client


def test_environment(systemctl: Client) -> None:
    """What a start would set, sorted; -e above the unit's own."""
    assert systemctl("environment", "web") == (0, "A=1\nB=two words\nINHERITED=yes\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n", "")
    assert systemctl("-e", "A=2 C='x y'", "environment", "web").out.startswith("A=2\nB=two words\nC=x y\nINHERITED=yes\n")
    assert systemctl("environment", "nono") == (4, "", "Unit nono.service could not be found.\n")


def test_extra_variables_belong_to_the_start(systemctl: Client) -> None:
    """They stay for the restarts that the unit makes by itself, until somebody starts it without them."""
    assert systemctl("--extra-vars", "A=9", "start", "web").code == 0
    assert systemctl.manager.extra["web.service"] == ["A=9"]
    assert "A=1\n" in systemctl("environment", "web").out      # what a start by hand would set
    systemctl("restart", "web")
    assert systemctl.manager.extra["web.service"] == []


def test_command(systemctl: Client) -> None:
    assert systemctl("command", "web") == (0, "/usr/sbin/web -g 'daemon off;'\n", "")
    assert systemctl("command", "site.target") == (1, "", "Unit site.target has no commands.\n")
    assert systemctl("command", "nono") == (4, "", "Unit nono.service could not be found.\n")


def test_list_start_dependencies(systemctl: Client) -> None:
    """What comes up, in order, and why."""
    lines = systemctl("list-start-dependencies", "site.target").out.splitlines()
    own = [line for line in lines if line.split("\t")[0] in ("web.service", "plain.service", "job.service", "site.target")]
    assert sorted(own[:-1]) == ["job.service\t(Requires)", "plain.service\t(Wants)", "web.service\t(Wants)"]
    assert own[-1] == "site.target\t(Requested)"


def test_default_services(systemctl: Client) -> None:
    assert systemctl("default-services", "site") == (0, "job.service\nplain.service\nweb.service\n", "")


def test_names_that_mean_nothing_here_change_nothing(systemctl: Client) -> None:
    assert systemctl("-v", "-vvv", "-c", "NoSuch=1", "--config=X", "--maxtimeout=3", "--coverage=spawn", "is-active", "web") == (
        3, "inactive\n", "")


def test_extra_words(tmp_path: Path) -> None:
    """NAME=VALUE as in Environment=, or a file, which need not be there."""
    (tmp_path / "vars").write_text("# x\nA=file\nB='b c'\n")
    said = []
    words = ["A=1 'C=c d'", f"@{tmp_path}/vars", f"@{tmp_path}/none", "no-assignment", "D='"]
    assert environment.read_extra(words, said.append) == {"A": "file", "C": "c d", "B": "b c"}
    assert len(said) == 2 and "no-assignment" in said[0] and "D='" in said[1]
