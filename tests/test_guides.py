"""What the guides in docs/ tell people to write is right: units load without a word, commands are commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Iterator, Tuple

import pytest

from fastinit.control import dispatch, verbs
from fastinit.units.config import load_config
from fastinit.units.loader import Loader

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("README.md", "docs/dockerfile.md", "docs/coming-from.md")


def blocks(kind: str) -> Iterator[Tuple[str, str]]:
    for guide in GUIDES:
        for text in re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / guide).read_text("utf-8"), re.DOTALL | re.MULTILINE):
            yield guide, text


def test_units_load_without_a_warning(tmp_path: Path) -> None:
    paths = []
    for guide, text in blocks("ini"):
        head, _, rest = text.partition("\n")
        assert head.startswith("# /"), f"{guide}: the first line of a unit names its file: {head}"
        path = tmp_path / head[3:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest)
        paths.append(path)
    loader = Loader(root=str(tmp_path), config=load_config(root=str(tmp_path)))
    units = [path.name for path in paths if path.suffix != ".conf"]
    assert len(units) >= 4
    for name in units:
        unit = loader.load(name.replace("@.", "@1."))
        assert (unit.load_state, unit.warnings) == ("loaded", ()), name


def commands() -> Iterator[Tuple[str, str]]:
    """Every `systemctl …` in code, one command each; "…" and capitals stand for something."""
    for guide in GUIDES:
        text = (ROOT / guide).read_text("utf-8")
        code = [line for _, block in (*blocks("console"), *blocks("dockerfile")) for line in block.splitlines()]
        for piece in (*re.findall(r"`([^`\n]+)`", text), *code):
            for match in re.finditer(r"(?:^|\s|/|\[\")systemctl(\s[^&|;`]*|\", .*)?", piece):
                words = match.group(1) or ""
                words = re.sub(r"[\"\[\],]", " ", words)
                yield guide, " ".join(words.split())


@pytest.mark.parametrize("guide, words", sorted(set(commands())))
def test_commands_are_understood(guide: str, words: str) -> None:
    """Verb and options exist; nothing is run."""
    given = [word for word in shlex.split(words) if word != "…"]
    if len(given) == 1 and not given[0].startswith("-"):
        assert verbs.find(given[0]) is not None     # spoken of, without what it needs
    else:
        dispatch.read(["systemctl", *given])
