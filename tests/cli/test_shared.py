"""Manual pages and completions that `fastinit install` links below /usr/local/share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

from fastinit.cli import shared


def links_below(root: Path) -> List[str]:
    return sorted(os.path.join(directory, name)[len(str(root)):] for directory, folders, names in os.walk(root)
                  for name in (*folders, *names) if os.path.islink(os.path.join(directory, name)))


def test_install_and_back(tmp_path: Path) -> None:
    """Every link leads somewhere; a second time changes nothing; uninstall leaves nothing of ours."""
    lines = shared.install(str(tmp_path), [])
    made = links_below(tmp_path)
    assert len(lines) == len(made)
    assert {"/usr/local/share/man/man1/systemctl.1", "/usr/local/share/bash-completion/completions/systemctl",
            "/usr/local/share/zsh/site-functions/_systemctl",
            "/usr/local/share/fish/vendor_completions.d/systemctl.fish"} <= set(made)
    assert all(os.path.exists(f"{tmp_path}{path}") for path in made)
    assert shared.install(str(tmp_path), []) == [] and links_below(tmp_path) == made
    assert len(shared.uninstall(str(tmp_path), [])) == len(made) and links_below(tmp_path) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    page = tmp_path / "usr/local/share/man/man1/systemctl.1"
    page.parent.mkdir(parents=True)
    page.write_text("another one's")
    shared.install(str(tmp_path), [])
    shared.uninstall(str(tmp_path), [])
    assert page.read_text() == "another one's" and not page.is_symlink()


def test_without(tmp_path: Path) -> None:
    assert shared.install(str(tmp_path), list(shared.KINDS)) == []
    assert not [path for path in links_below(tmp_path) if "/man/" in path]
    shared.install(str(tmp_path), ["man"])
    assert not [path for path in links_below(tmp_path) if "/man/" in path]
