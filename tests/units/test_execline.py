"""Command lines: systemd.service(5), "COMMAND LINES", with its examples; prefixes; variables at spawn."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.units.execline import BadCommand, expand_argv, format_command, parse_commands
from fastinit.units.model import ExecCommand
from fastinit.units.syntax import split_words


def parse(text: str) -> "tuple[List[ExecCommand], List[str]]":
    warnings: List[str] = []
    return parse_commands(text, lambda word: word.replace("%%", "%"), warnings.append), warnings


LINES = {
    "plain": ("/bin/echo a b", [ExecCommand("/bin/echo", ("/bin/echo", "a", "b"))]),
    "name alone": ("echo a", [ExecCommand("echo", ("echo", "a"))]),
    "quotes": ("/bin/sh -c 'echo \"a b\"'", [ExecCommand("/bin/sh", ("/bin/sh", "-c", 'echo "a b"'))]),
    "quoted path": ('"/bin/a b" c', [ExecCommand("/bin/a b", ("/bin/a b", "c"))]),
    # systemd.service(5), "COMMAND LINES", the examples
    "several": ('echo one ; echo "two two"', [ExecCommand("echo", ("echo", "one")), ExecCommand("echo", ("echo", "two two"))]),
    "no shell": ("echo / >/dev/null & \\; ls", [ExecCommand("echo", ("echo", "/", ">/dev/null", "&", ";", "ls"))]),
    "semicolon in a word": ("echo a; b", [ExecCommand("echo", ("echo", "a;", "b"))]),
    "quoted semicolon": ('echo ";" b', [ExecCommand("echo", ("echo", ";", "b"))]),
    "semicolon at the end": ("echo a ;", [ExecCommand("echo", ("echo", "a"))]),
    "percent": ("echo %%", [ExecCommand("echo", ("echo", "%"))]),
    "variables stay": ("echo $A ${B}", [ExecCommand("echo", ("echo", "$A", "${B}"))]),
    "escapes": ("echo a\\tb \\x41", [ExecCommand("echo", ("echo", "a\tb", "A"))]),
    "empty word": ("echo ''", [ExecCommand("echo", ("echo", ""))]),
    # prefixes, systemd.service(5), "Table 2"
    "-": ("-/bin/a", [ExecCommand("/bin/a", ("/bin/a",), ignore_failure=True)]),
    "@": ("@/bin/a x y", [ExecCommand("/bin/a", ("x", "y"))]),
    ":": (":/bin/a $A", [ExecCommand("/bin/a", ("/bin/a", "$A"), expand_env=False)]),
    "+": ("+/bin/a", [ExecCommand("/bin/a", ("/bin/a",), privilege="+")]),
    "!": ("!/bin/a", [ExecCommand("/bin/a", ("/bin/a",), privilege="!")]),
    "!!": ("!!/bin/a", [ExecCommand("/bin/a", ("/bin/a",), privilege="!!")]),
    "|": ("|/bin/a", [ExecCommand("/bin/a", ("/bin/a",), login_shell=True)]),
    "all": ("-@:+/bin/a x", [ExecCommand("/bin/a", ("x",), True, "+", False)]),
    "each of two": ("-/bin/a ; +/bin/b", [ExecCommand("/bin/a", ("/bin/a",), True), ExecCommand("/bin/b", ("/bin/b",), False, "+")]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("name", LINES)
def test_line(name: str) -> None:
    """The line is these commands, without a warning."""
    text, commands = LINES[name]
    assert parse(text) == (commands, [])


BAD = {
    "empty path": "-", "relative path": "bin/a", "dot": ".", "directory": "/bin/", "control character": "/bin/a\\x01",
    "quote in the path": "/bin/a\\\"b", "long name": "x" * 256, "long path": "/x" * 2100, "open quote": '/bin/a "b',
    "open quote in the path": '"/bin/a', "no argv[0]": "@/bin/a",
    "empty argv[0]": "@/bin/a ''", "prefix twice": "--/bin/a b", "plus and bang": "+!/bin/a", "three bangs": "!!!/bin/a",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_line(name: str) -> None:
    """Such a line makes the unit bad-setting; with the prefix "-" it is only ignored."""
    with pytest.raises(BadCommand) as error:
        parse(BAD[name])
    assert error.value.tolerated == BAD[name].startswith("-")


def test_unknown_escape_is_a_warning() -> None:
    """An escape that is not in the table stays as it is written."""
    commands, warnings = parse("/bin/sed s/\\./x/")
    assert commands[0].argv == ("/bin/sed", "s/\\./x/")
    assert warnings == ['Ignoring unknown escape sequences: "/bin/sed s/\\./x/"']


def test_backslash_at_the_end_stays() -> None:
    """systemd keeps it and warns."""
    commands, warnings = parse("/bin/a b\\")
    assert commands[0].argv == ("/bin/a", "b\\") and len(warnings) == 1


def test_specifier_that_cannot_be_resolved() -> None:
    """The reason is in the message."""
    def fail(word: str) -> str:
        raise ValueError("the unit has no file")
    with pytest.raises(BadCommand, match="the unit has no file"):
        parse_commands("/bin/a %y", fail, lambda text: None)


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
NAMES = st.from_regex(r"(/[a-z0-9 .%$ä-]{1,8}[a-z]){1,3}", fullmatch=True) | st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)


@given(NAMES, st.lists(TEXT, max_size=5), st.booleans(), st.sampled_from(["", "+", "!", "!!"]), st.booleans(), st.booleans())
def test_commands_can_be_undone(path: str, arguments: "list[str]", ignore: bool, privilege: str, expand: bool, own: bool) -> None:
    """parse(format(command)) is the command."""
    command = ExecCommand(path, ("other" if own else path, *arguments), ignore, privilege, expand)
    assert parse(format_command(command))[0] == [command]


@given(st.text(max_size=60))
def test_nothing_but_bad_command(text: str) -> None:
    """Any text is commands or BadCommand."""
    try:
        for command in parse(text)[0]:
            assert command.path and command.argv and "\0" not in command.path
    except BadCommand:
        pass


ENVIRONMENTS = {"split": {"ONE": "one", "TWO": "two two"}, "quoted": {"ONE": "one", "TWO": "'two two' too", "THREE": ""}}
EXPANSIONS = [
    # systemd.service(5), "COMMAND LINES", the examples
    ("split", "/bin/echo $ONE $TWO ${TWO}", ["/bin/echo", "one", "two", "two", "two two"], ""),
    ("quoted", "/bin/echo ${ONE} ${TWO} ${THREE}", ["/bin/echo", "one", "'two two' too", ""], ""),
    ("quoted", "/bin/echo $ONE $TWO $THREE", ["/bin/echo", "one", "two two", "too"], ""),
    ("split", "a $$ONE x$$y $$", ["a", "$ONE", "x$y", "$"], ""),
    ("split", "a x$ONE ${ONE}x${ONE}", ["a", "x$ONE", "onexone"], ""),
    ("split", "a $ONE/b", ["a"], "Invalid environment variable name evaluates to an empty string: ONE/b"),
    ("split", "a ${NO} $NO b", ["a", "", "b"], "Referenced but unset environment variable evaluates to an empty string: NO"),
    ("split", "a ${ONE ${} $ $-", ["a", "${ONE", "", "$"], "Invalid environment variable name evaluates to an empty string: , -"),
    ("split", "a $", ["a", "$"], ""),
]


@pytest.mark.parametrize("environment, line, argv, warning", EXPANSIONS)
def test_variables(environment: str, line: str, argv: "list[str]", warning: str) -> None:
    """What the program gets, and what the log says."""
    words = tuple(split_words(line))
    expanded = expand_argv(words, ENVIRONMENTS[environment])
    assert expanded.argv == argv
    assert expanded.warnings == ([warning] if warning else [])


@given(st.lists(TEXT), st.dictionaries(st.from_regex(r"[A-Z]{1,2}", fullmatch=True), TEXT))
def test_variables_never_fail(argv: "list[str]", environment: "dict[str, str]") -> None:
    """No word and no environment makes expansion raise; a word without "$" stays."""
    out = expand_argv(tuple(argv), environment).argv
    assert [word for word in argv if "$" not in word] == [word for word in argv if "$" not in word and word in out]
