"""The syntax of unit files: systemd.syntax(7) with its examples, its escapes, and everything that is no unit file."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.errors import UnitError
from fastinit.units import syntax


def assignments(text: str) -> "list[tuple[str, str, str]]":
    return [(section, name, value) for section, name, value, _ in syntax.parse(text.encode(), "x").settings]


def test_the_example_of_the_manual() -> None:
    """systemd.syntax(7), Example 1."""
    text = """\
[Section A]
KeyOne=value 1
KeyTwo=value 2

# a comment

[Section B]
Setting="something" "some thing" "..."
KeyTwo=value 2 \\
       value 2 continued

[Section C]
KeyThree=value 3\\
# this line is ignored
; this line is ignored too
       value 3 continued
"""
    assert assignments(text) == [
        ("Section A", "KeyOne", "value 1"), ("Section A", "KeyTwo", "value 2"),
        ("Section B", "Setting", '"something" "some thing" "..."'), ("Section B", "KeyTwo", "value 2         value 2 continued"),
        ("Section C", "KeyThree", "value 3        value 3 continued"),
    ]


VALUES = {
    "spaces around": ("A = b ", "b"), "tabs": ("A\t=\tb\t", "b"), "indented": ("   A=b", "b"), "empty": ("A=", ""),
    "equals in the value": ("A=b=c", "b=c"), "hash in the value": ("A=b # c", "b # c"), "quotes stay": ('A="b"', '"b"'),
    "continued": ("A=b\\\nc", "b c"), "continued thrice": ("A=b\\\nc\\\nd", "b c d"), "escaped backslash": ("A=b\\\\\nB=c", "b\\\\"),
    "three backslashes": ("A=b\\\\\\\nc", "b\\\\ c"), "backslash, blank": ("A=b\\ \nB=c", "b\\"), "end in continuation": ("A=b\\", "b"),
    "comment after continuation": ("A=b\\\n  # no\n c", "b  c"), "empty line ends it": ("A=b\\\n\nB=c", "b"),
    "continued before the value": ("A=\\\n b", "b"), "no line end": ("A=b", "b"), "carriage returns": ("A=b\r\nB=c\r\n", "b"),
    "old carriage returns": ("A=b\rB=c\r", "b"), "unicode": ("A=ä→", "ä→"), "comment that ends in a backslash": ("#c\\\nA=b", "b"),
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name: str) -> None:
    """The first assignment of these lines has this value."""
    text, value = VALUES[name]
    assert assignments("[S]\n" + text)[0] == ("S", "A", value)


def test_byte_order_mark() -> None:
    """A BOM at the start is no part of the first header."""
    assert syntax.parse(b"\xef\xbb\xbf[S]\nA=b\n", "x").settings[0][0] == "S"


def test_lines_are_counted_from_the_first_of_a_continued_one() -> None:
    """A message must lead to the line where the assignment begins."""
    parsed = syntax.parse(b"[S]\nA=b\\\n#c\nd\nB=c\n", "x")
    assert [line for _, _, _, line in parsed.settings] == [2, 5]


@pytest.mark.parametrize("text, message", [
    ("[S]\nfoo\n", "x:2: Missing '=', ignoring line."), ("[S]\n=foo\n", "x:2: Missing key name before '=', ignoring line."),
    ("A=b\n", "x:1: Assignment outside of section. Ignoring."),
])
def test_lines_that_are_ignored(text: str, message: str) -> None:
    """Such a line costs a warning and nothing else."""
    parsed = syntax.parse(text.encode(), "x")
    assert (parsed.settings, parsed.warnings) == ([], [message])


@pytest.mark.parametrize("data, message", [
    (b"[S\nA=b\n", "x:1: cannot parse file: invalid section header '[S'"),
    (b"[S]\nA=\xff\n", "x:2: cannot read file: not UTF-8"),
    (b"[S]\nA=b\n\0\n", "x:3: cannot read file: not a text file, it contains a NUL byte"),
    (b"\x7fELF\2\1\1\0\0\0", "x:1: cannot read file: not a text file, it contains a NUL byte"),
    (b"#" * (syntax.FILE_MAX + 1), f"x:1: cannot read file: larger than {syntax.FILE_MAX} bytes"),
])
def test_files_that_are_refused(data: bytes, message: str) -> None:
    """One clear line with the number of the line."""
    with pytest.raises(UnitError) as error:
        syntax.parse(data, "x")
    assert str(error.value) == message


def test_garbage_does_not_fill_the_log() -> None:
    """The warnings of one file are bounded."""
    assert len(syntax.parse(b"[S]\n" + b"x\n" * 100_000, "x").warnings) == syntax.WARNINGS_MAX + 1


# systemd.syntax(7), "Table 1. Supported escapes".
ESCAPES = {
    "\\a": "\a", "\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\v": "\v", "\\\\": "\\", '\\"': '"', "\\'": "'",
    "\\s": " ", "\\x41": "A", "\\101": "A", "\\u00e4": "ä", "\\U0001f600": "😀", "\\xc3\\xa4": "ä", "\\303\\244": "ä",
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_escape(escape: str) -> None:
    """Each escape stands for its character, quoted in any way or not at all."""
    for form in (f"x{escape}y", f'"x{escape}y"', f"'x{escape}y'"):
        assert syntax.split_words(form) == [f"x{ESCAPES[escape]}y"]


@pytest.mark.parametrize("text", ["\\q", "\\x4", "\\xgg", "\\400", "\\777", "\\u12", "\\ud800", "\\U00110000", "\\0", "\\x00", "\\000",
                                  '"a', "'a", "a\\", '"a\\'])
def test_broken_words(text: str) -> None:
    """An unknown escape, a NUL, a quote that is not closed."""
    with pytest.raises(syntax.QuotingError):
        syntax.split_words(text)


WORDS = {
    "": [], "  ": [], "a b": ["a", "b"], '"a b" c': ["a b", "c"], "'a b'": ["a b"], '""': [""], "a '' b": ["a", "", "b"],
    "a\tb\n c": ["a", "b", "c"], "ONE='one'": ["ONE=one"], "\"TWO='two two' too\"": ["TWO='two two' too"], 'a"b c"d': ["ab cd"],
    "'a\"b'": ['a"b'], "a\u00a0b": ["a\u00a0b"], "a\u2003b c": ["a\u2003b", "c"],
}


@pytest.mark.parametrize("text", WORDS)
def test_words(text: str) -> None:
    """Blanks separate words, quotes hold them together."""
    assert syntax.split_words(text) == WORDS[text]


def test_unit_names_keep_their_backslashes() -> None:
    """A list of unit names has no escapes: "\\x2d" is part of the name."""
    assert syntax.split_plain("a\\x2db.service 'c.service'") == ["a\\x2db.service", "c.service"]


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))))
def test_quoting_can_be_undone(words: "list[str]") -> None:
    """split(quote(words)) is words."""
    assert syntax.split_words(" ".join(syntax.quote(word) for word in words)) == words


@given(st.binary(max_size=300))
def test_nothing_but_unit_errors(data: bytes) -> None:
    """Any bytes are parsed or refused, and every line number is one of the file."""
    try:
        parsed = syntax.parse(data, "x")
    except UnitError as error:
        assert str(error).startswith("x:")
        return
    lines = data.decode().replace("\r", "\n").count("\n") + 1
    assert all(1 <= line <= lines for _, _, _, line in parsed.settings)


LINES = st.sampled_from(["[S]", "A=b", "A=b\\", "\\", "#c", "#c\\", "", " c", "A=\\\\", "=", "x", ";", " # d", "[T]"])


@given(st.lists(LINES))
def test_continuation_loses_no_assignment(lines: "list[str]") -> None:
    """Every line that is an assignment once the continued ones are joined is one setting."""
    settings = syntax.parse("\n".join(["[S]", *lines]).encode(), "x").settings
    joined = ""
    for line in lines:
        if line.strip()[:1] in ("#", ";"):
            continue
        continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        joined += line[:-1] + " " if continued else line + "\n"
    expected = sum(line.strip().startswith("A=") for line in joined.split("\n"))
    assert len(settings) == expected


@pytest.mark.parametrize("piece", ["A=b\\\n", "\\\n", "#\n", "[S]\n", "A=\"\n", "=\n", "\r", "A=b\\\n#c\n"])
def test_time_is_linear(piece: str) -> None:
    """The largest file that is read at all is parsed at once, whatever is in it."""
    data = ("[S]\n" + piece * (syntax.FILE_MAX // len(piece) - 2)).encode()
    begin = time.process_time()
    try:
        syntax.parse(data, "x")
    except UnitError:
        pass
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("piece", ["\\", '"', "'", "a ", "\\x41", "\\q", "\u2003", " ", '"" '])
def test_words_take_linear_time(piece: str) -> None:
    """A line of a megabyte is split in moderate time, whatever is in it."""
    begin = time.process_time()
    try:
        syntax.split_words(piece * (1_000_000 // len(piece)))
    except syntax.QuotingError:
        pass
    assert time.process_time() - begin < 5
