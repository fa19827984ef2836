"""What an editor is shown of a drop-in, and what is taken of what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastinit.control import edit

LEFT = {        # what the editor has left -> what becomes the drop-in
    "whole": ("[Service]\nNice=1\n", "[Service]\nNice=1"),
    "between": (f"{edit.HEAD}\n\n[Service]\nNice=2\n\n{edit.TAIL}\n\n### /x\n# [Service]\n", "[Service]\nNice=2"),
    "nothing": (f"{edit.HEAD}\n\n\n{edit.TAIL}\n# [Service]\n", ""),
    "no end": (f"{edit.HEAD}\n[Unit]\n", "[Unit]"),
    "no beginning": (f"[Unit]\n{edit.TAIL}\n# x\n", "[Unit]"),
    "empty": ("", ""),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_taken(name: str) -> None:
    left, taken = LEFT[name]
    assert edit._between_the_comments(left).strip() == taken


@pytest.mark.parametrize("text", ["", "[Service]\nNice=3\n"])
def test_what_is_shown_and_left_as_it_is_changes_nothing(tmp_path: Path, text: str) -> None:
    """The cursor stands on the first line of the text; the unit's own file is below, as a comment."""
    unit = tmp_path / "a.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    shown = edit._shown(edit.Target(f"{tmp_path}/a.service.d/override.conf", text, (str(unit),)))
    assert shown.split("\n")[edit.FIRST_LINE - 1] == text.partition("\n")[0]
    assert shown.endswith(f"\n### {unit}\n# [Service]\n# ExecStart=/bin/true")
    assert edit._between_the_comments(shown).strip() == text.strip()
