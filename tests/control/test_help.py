"""--help: what it says is what the tables say, and it looks as systemctl's does."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import List

import pytest

from fastinit.control import help_text, options, system
from fastinit.control.help_text import OPTION_ROWS, VERB_SECTIONS
from fastinit.control.render.style import Style
from fastinit.control.request import Terminal
from fastinit.control.verbs import VERBS, names

PIPE = Style(Terminal())
SCREEN = Style(Terminal(tty=(True, True, True), environment={"TERM": "xterm-256color"}))
ESCAPES = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\|\x1b\[[0-9;:]*m")
PROGRAMS = {
    "systemctl": [sys.executable, "-m", "fastinit.cli.systemctl"],
    "fastinit": [sys.executable, "-m", "fastinit.cli.fastinit"],
}
TEXTS = {"systemctl": help_text.systemctl, "fastinit": help_text.fastinit,
         "halt": lambda style: help_text.for_program("halt", style)}


# verb -> why its row is not what it takes
NOT_SHOWN = {"enable": "brackets around both kinds of word, one is needed", "import-environment": "without words: deprecated",
             "reboot": "an argument for the firmware, as --reboot-argument="}


def option_names(row: str) -> List[str]:
    """"-t --type=TYPE" -> ["-t", "--type"]."""
    return [word.partition("=")[0] for word in row.split() if word.startswith("-")]


def test_names_every_verb_and_every_option() -> None:
    """Except the old spellings."""
    shown = {usage.split()[0] for rows in VERB_SECTIONS.values() for usage, _ in rows}
    assert shown == {verb.name for verb in VERBS} - {"clear-jobs"}
    listed = [name for left, _ in OPTION_ROWS for name in option_names(left)]
    wanted = [name for option in options.OPTIONS
              for name in [f"-{option.short}"] * bool(option.short) + [f"--{option.long}"] * bool(option.long)]
    assert set(wanted) - set(listed) == {"--kill-who"}
    assert set(listed) <= set(wanted) and len(listed) == len(set(listed))
    assert len(names()) == len(set(names()))


def test_a_row_says_how_many_words_a_verb_takes() -> None:
    """[X] may be missing, X... may be more than one; arity is the table's."""
    usages = {usage.split()[0]: usage.split()[1:] for rows in VERB_SECTIONS.values() for usage, _ in rows}
    for verb in VERBS:
        words = usages.get(verb.name, [])
        least = len([word for word in words if not word.startswith("[") and not word.endswith("]")])
        if verb.name in NOT_SHOWN:
            continue
        assert least == verb.least or not words, verb.name
        is_open = any("..." in word for word in words)
        assert is_open == (verb.most is None), verb.name
        assert is_open or len(words) == verb.most, verb.name


@pytest.mark.parametrize("row", OPTION_ROWS, ids=lambda row: row[0].split()[-1])
def test_what_a_row_says_of_an_option_is_true(row: "tuple[str, str]") -> None:
    """"Refused" is refused, "Accepted" changes nothing, and a value follows where the row shows one."""
    left, right = row
    name = option_names(left)[-1]
    option = options.BY_LONG.get(name[2:]) or options.BY_SHORT[name[1:]]
    assert bool(option.value) == ("=" in left or left == "-P NAME")
    argv = [f"{name}=1h" if name.startswith("--") else f"{name}1h"] if option.value else [name]
    assert right.startswith("Refused") or not isinstance(option.apply, options.Refuse)
    assert right.startswith("Accepted") or option.apply is not options.ignore
    if right.startswith("Refused"):
        with pytest.raises(options.UsageError):
            options.parse(argv)
    if right.startswith("Accepted") and name != "--check-inhibitors":
        assert options.parse(argv) == (options.Options(), [])


def test_what_a_row_says_of_a_refused_verb_is_true() -> None:
    said = {usage.split()[0] for rows in VERB_SECTIONS.values() for usage, text in rows if text.endswith("(refused)")}
    assert said == {verb.name for verb in VERBS if isinstance(verb.run, system.Refused)}


@pytest.mark.parametrize("name", TEXTS)
def test_fits_80_columns_and_aligns(name: str) -> None:
    """Plain text in a pipe; on a terminal the same with headings and a link."""
    plain, shown = TEXTS[name](PIPE), TEXTS[name](SCREEN)
    assert plain.isascii() and "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 80
    assert ESCAPES.sub("", shown) == plain
    assert "\x1b[0;4mOptions:\x1b[0m\n" in shown and "\x1b]8;;man:" in shown
    lines = plain.splitlines()
    for at, line in enumerate(lines[lines.index("Options:") + 1:-2]):
        assert line[:2] == "  " and (line[24] == " " or at) and line[25:26] != " ", line


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("option", ("--help", "-h", "--version"))
def test_a_reader_that_goes_away_is_no_error(name: str, option: str) -> None:
    """`systemctl --help | head -1`: no traceback, whatever the reader leaves unread."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PROGRAMS[name], option], stdout=write, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(write)
    assert done.stderr == b"" and done.returncode in (0, -13)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_real_terminal_gets_the_colours(name: str) -> None:
    """And a dumb one does not."""
    seen = {}
    for term in ("xterm-256color", "dumb"):
        master, slave = pty.openpty()
        with subprocess.Popen([*PROGRAMS[name], "--help"], stdin=slave, stdout=slave, stderr=slave,
                              env={"PATH": os.environ["PATH"], "TERM": term}) as process:
            os.close(slave)
            text = b""
            while True:
                try:
                    piece = os.read(master, 65536)
                except OSError:         # EIO: the program has ended
                    break
                if not piece:
                    break
                text += piece
            os.close(master)
            assert process.wait() == 0
        seen[term] = text.decode().replace("\r\n", "\n")
    assert seen["dumb"] == TEXTS[name](PIPE)
    assert seen["xterm-256color"] == TEXTS[name](SCREEN)


@pytest.mark.parametrize(("value", "said"), {
    "show": "No scheduled shutdown.", "+1h": options._NOT_LATER, "23:00": options._NOT_LATER,
    "2030-01-01 10:00": options._NOT_LATER,
    "soon": "Failed to parse --when= argument 'soon': Invalid argument"}.items())
def test_when_never_means_now(value: str, said: str) -> None:
    """A power-off for later must not become one for now."""
    with pytest.raises(options.UsageError) as refused:
        options.parse(["poweroff", f"--when={value}"])
    assert str(refused.value) == said
    assert options.parse(["poweroff", "--when=cancel"])[0].dry_run
