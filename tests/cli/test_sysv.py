"""systemctl and System V scripts that have no unit: the answers are those of a unit made by systemd-sysv-generator."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest

from fastinit.cli import local
from fastinit.control import scripts
from fastinit.control.request import Terminal

SCRIPT = "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: old\n### END INIT INFO\n"
REDIRECTED = "old.service is not a native service, redirecting to systemd-sysv-install.\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With one script that has a unit beside it, and one without; of a distribution that has no tool for them."""
    monkeypatch.setattr(scripts, "FOLDERS", (f"{tmp_path}/tools",))
    for folder in ("etc/init.d", "etc/rc5.d", "etc/systemd/system", "usr/lib/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("old", "both"):
        (tmp_path / "etc/init.d" / name).write_text(SCRIPT)
        (tmp_path / "etc/init.d" / name).chmod(0o755)
    (tmp_path / "usr/lib/systemd/system/both.service").write_text("[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=x.target\n")
    return tmp_path


def ask(root: Path, *words: str) -> Tuple[int, str, str]:
    out, error = [], []
    terminal = Terminal.from_facts({"cwd": "/"})
    code = local.answer(["systemctl", f"--root={root}", *words], "local", terminal, out.append, error.append)
    return code, "".join(out), "".join(error)


def test_it_is_a_generated_unit(root: Path) -> None:
    """In every list and property, and cat shows the unit."""
    assert ["old.service", "generated", "-"] in [line.split() for line in ask(root, "list-unit-files")[1].splitlines()]
    assert ask(root, "list-unit-files", "--state=generated", "--no-legend")[1].split() == ["old.service", "generated", "-"]
    assert ask(root, "show", "-P", "UnitFileState", "old")[1] == "generated\n"
    code, text, error = ask(root, "cat", "old")
    assert (code, error) == (0, "")
    assert text.startswith("# /run/systemd/generator.late/old.service\n[Unit]\nSourcePath=/etc/init.d/old\n")
    assert "ExecStart=\"/etc/init.d/old\" start\n" in text


def test_is_enabled_looks_at_the_links(root: Path) -> None:
    """Of runlevel 5; the exit code of names with units counts too."""
    executing = f"Executing: {root}/tools/systemd-sysv-install --root={root} is-enabled old\n"
    assert ask(root, "is-enabled", "old") == (1, "disabled\n", REDIRECTED + executing)
    (root / "etc/rc5.d/S01old").symlink_to("../init.d/old")
    assert ask(root, "is-enabled", "old") == (0, "enabled\n", REDIRECTED + executing)
    assert ask(root, "is-enabled", "--quiet", "old") == (0, "", "")
    assert ask(root, "is-enabled", "both", "old")[:2] == (0, "enabled\ndisabled\n")


def test_a_unit_beside_the_script_decides(root: Path) -> None:
    """The script is left alone."""
    assert ask(root, "is-enabled", "both") == (1, "disabled\n", "")
    code, _, error = ask(root, "enable", "both")
    assert code == 0 and error.startswith("Created symlink") and not list((root / "etc/rc5.d").iterdir())


@pytest.mark.parametrize("code", [0, 1])
def test_the_distributions_tool_does_it(root: Path, code: int) -> None:
    """Its failure is systemctl's; what it says stands for itself. The names that have units go on."""
    tool = root / "tools/systemd-sysv-install"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\necho $* >>{root}/asked; exit {code}\n")
    tool.chmod(0o755)
    answer, _, error = ask(root, "enable", "old", "both")
    assert answer == code and (root / "asked").read_text() == f"--root={root} enable old\n"
    assert ("Created symlink" in error) == (code == 0)
    assert ask(root, "disable", "old")[0] == code


def test_the_tool_may_call_systemctl(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As update-rc.d does: then only unit files count."""
    monkeypatch.setenv("SYSTEMCTL_SKIP_SYSV", "1")
    assert ask(root, "--quiet", "enable", "old") == (1, "", "Failed to enable unit: Unit old.service does not exist\n")
    assert ask(root, "is-enabled", "old")[:2] == (4, "not-found\n")


def test_no_tool_is_an_error(root: Path) -> None:
    """Nothing is claimed that has not been done."""
    code, _, error = ask(root, "enable", "old")
    assert code == 1 and error.endswith(f"Failed to execute {root}/tools/systemd-sysv-install: No such file or directory\n")
