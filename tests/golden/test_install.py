"""[Install], presets, links and masks: systemctl of systemd 257 and fastinit on equal trees do and say the same.

After every command the whole tree, both streams and the exit code are compared, byte for byte.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Iterator, List

import pytest

from . import guests, systemctl
from .install_scenarios import SCENARIOS, Scenario, random_scenario


def change(root: Path, words: List[str]) -> None:
    """A "!" command."""
    what, *rest = words
    paths = [str(root) + word if word.startswith("/") and (what, at) != ("ln", 0) else word for at, word in enumerate(rest)]
    if what == "rm":
        if os.path.lexists(paths[0]):
            os.unlink(paths[0])
    elif what == "mkdir":
        os.makedirs(paths[0])
    elif what == "ln":
        os.symlink(paths[0], paths[1])
    elif what == "cp":
        shutil.copy(paths[0], paths[1])
    elif what == "write":
        Path(paths[0]).write_text(" ".join(rest[1:]).replace("\\n", "\n") + "\n")
    else:
        raise ValueError(f"unknown change {what}")


def compare(name: str, scenario: Scenario) -> Iterator[str]:
    """"= command" for what is the same, else "$ command" and lines about what is not."""
    program = systemctl.program()
    with tempfile.TemporaryDirectory(dir=guests.CACHE) as folder:
        theirs, ours = Path(folder) / "theirs", Path(folder) / "fastinit"
        for root in (theirs, ours):
            root.mkdir()
            systemctl.make(root, scenario.files)
        for command in scenario.commands:
            words = shlex.split(command)
            if command.startswith("!"):
                for root in (theirs, ours):
                    change(root, [words[0][1:], *words[1:]])
                continue
            one, other = systemctl.ask_systemd(program, theirs, words), systemctl.ask_fastinit(ours, words)
            if one == other:
                yield f"= {command}"
                continue
            yield f"$ {command}"
            for field in systemctl.Answer._fields:
                if getattr(one, field) != getattr(other, field):
                    yield f"  {field}\n    systemd:  {_only(one, other, field)!r}\n    fastinit: {_only(other, one, field)!r}"
            if one.tree != other.tree:      # go on from the same tree
                shutil.rmtree(ours)
                shutil.copytree(theirs, ours, symlinks=True)


def _only(one: systemctl.Answer, other: systemctl.Answer, field: str) -> object:
    if field != "tree":
        return getattr(one, field)
    return sorted(set(one.tree) - set(other.tree))


@pytest.fixture(scope="module", autouse=True)
def reference() -> None:
    reason = guests.missing()
    if reason:
        pytest.skip(reason)
    try:
        systemctl.program()
    except guests.Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", SCENARIOS)
def test_same(name: str) -> None:
    """Both say the same and leave the same links."""
    found = [line for line in compare(name, SCENARIOS[name]) if not line.startswith("= ")]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("seed", range(int(os.environ.get("FASTINIT_INSTALL_SEED", "1")),
                                       int(os.environ.get("FASTINIT_INSTALL_SEED_END", "15"))))
def test_same_at_random(seed: int) -> None:
    """Random units, links and presets, forty random commands."""
    scenario = random_scenario(seed)
    found = [line for line in compare(str(seed), scenario) if not line.startswith("= ")]
    assert not found, "\n".join((*found, *map(str, scenario.files.items())))
