"""The manual pages: nothing to complain about for mandoc and groff, and what they say of the tables is so."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Dict, Set
from unittest import mock

import pytest

from fastinit.control import options, verbs
from fastinit.control.help_text import OPTION_ROWS, VERB_SECTIONS
from fastinit.run.boot import Boot
from fastinit.run.lifecycle import RTMIN, Lifecycle

man = import_module("docs.man")
man_words = import_module("docs.man_words")
SHARE = Path(__file__).resolve().parents[1] / "fastinit" / "share" / "man"


@pytest.mark.parametrize("page", man.PAGES)
def test_mandoc_has_nothing_to_say(page: str) -> None:
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", str(SHARE / page)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", man.PAGES)
def test_man_shows_it(page: str, tmp_path: Path) -> None:
    """Without a warning of groff's, in 80 columns."""
    if not shutil.which("man") or not shutil.which("groff"):
        pytest.skip("man-db and groff are not installed")
    done = subprocess.run(["man", "--warnings", "-l", str(SHARE / page)], capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)})
    assert done.returncode == 0 and done.stderr == ""
    text = done.stdout
    assert "NAME\n       " + Path(page).stem in text and "SEE ALSO" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "\\f" not in text and "`" not in text


def shown(page: str) -> str:
    """Without what only changes the font."""
    return re.sub(r"\\f[BIR]|\\&", "", man.PAGES[page]()).replace("\\-", "-").replace("\\(aq", "'")


def test_every_verb_and_every_option_has_a_paragraph() -> None:
    tags = [lines.split("\n", 1)[0] for lines in shown("man1/systemctl.1").split("\n.TP\n")[1:]]
    for rows in VERB_SECTIONS.values():
        for usage, _ in rows:
            assert usage in tags
    for row, _ in OPTION_ROWS:
        assert ", ".join(row.split()) in tags or row in tags


def test_words_are_about_something_that_exists() -> None:
    names = {name for verb in verbs.VERBS for name in (verb.name, *verb.aliases)}
    assert set(man_words.VERBS) <= names
    assert {name[2:] for name in man_words.OPTIONS} <= set(options.BY_LONG)


def test_signals_are_those_that_are_acted_on() -> None:
    """And those that mean one thing stand together."""
    meant: Dict[int, str] = {}
    for names, text in man.SIGNALS:
        for name in names:
            number = RTMIN + int(name.partition("+")[2]) if "+" in name else getattr(signal, name)
            meant[int(number)] = text
    handlers = Lifecycle(mock.Mock(), Boot()).signals
    assert {int(number) for number in handlers} == set(meant)
    for number, text in meant.items():
        ends, immediately = handlers[number].__name__ == "_stop_signal", handlers[number].__name__ == "_immediate"
        assert ends == (text == man.ENDS) and immediately == (text == man.AT_ONCE)


def test_pages_refer_to_pages_that_exist() -> None:
    """Of our own."""
    own: Set[str] = {"{}({})".format(*Path(page).name.rsplit(".", 1)) for page in man.PAGES}
    for page in man.PAGES:
        for reference in re.findall(r"(?:fastinit|systemctl|halt|poweroff|reboot)\(\d\)", shown(page)):
            assert reference in own, page
