"""The syntax of unit and configuration files: bytes to assignments, and values to words.

In:  the bytes of one file, or the text right of "=".   Out: assignments and warnings, or words.
Never: opens a file, knows a directive.
Every function is linear in its input. An error that makes the whole file useless is a UnitError; all else is a warning of
the form '<path>:<line>: <what>, ignoring.'.
Source: systemd.syntax(7).
"""

from __future__ import annotations

import re
from typing import Callable, List, NamedTuple, Optional, Tuple

from fastinit.errors import UnitError

FILE_MAX = 1 << 20                  # bytes; systemd's own limit is one line of 1 MiB
LINE_MAX = 1 << 20
WARNINGS_MAX = 100                  # of one file: a file of garbage must not fill the log
WHITESPACE = " \t\n\r"


# section, name, the text as the file has it with continuation lines joined and nothing expanded, line. No class: of files
# with thousands of lines these are made by the thousand, and most live no longer than their parser.
Assignment = Tuple[str, str, str, int]


class Parsed(NamedTuple):
    path: str
    settings: List[Assignment]
    warnings: List[str]
    sections: List[Tuple[str, int]]     # every header and its line


def decode(data: bytes, path: str) -> str:
    """Bytes of a file to text with "\\n" line ends; UnitError for what is no text."""
    if len(data) > FILE_MAX:
        raise UnitError(f"{path}:1: cannot read file: larger than {FILE_MAX} bytes")
    nul = data.find(b"\0")
    if nul >= 0:
        raise UnitError(f"{path}:{_line_of(data, nul)}: cannot read file: not a text file, it contains a NUL byte")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnitError(f"{path}:{_line_of(data, error.start)}: cannot read file: not UTF-8") from None
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\n\r", "\n").replace("\r", "\n")
    return text


def _line_of(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def parse(data: bytes, path: str) -> Parsed:
    """All assignments of a file in order. Raises UnitError when it is no text or a section header is broken."""
    settings: List[Assignment] = []
    warnings: List[str] = []
    sections: List[Tuple[str, int]] = []
    section = ""
    lines = enumerate(decode(data, path).split("\n"), 1)
    for number, line in lines:
        line = line.strip(WHITESPACE) if line[-1:] != "\\" else _joined(line, lines, path, number)
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            if line[-1] != "]":
                raise UnitError(f"{path}:{number}: cannot parse file: invalid section header '{line[:80]}'")
            section = line[1:-1]
            sections.append((section, number))
            continue
        name, equals, value = line.partition("=")
        if not equals:
            _warn(warnings, path, number, "Missing '=', ignoring line.")
        elif not name:
            _warn(warnings, path, number, "Missing key name before '=', ignoring line.")
        elif not section:
            _warn(warnings, path, number, "Assignment outside of section. Ignoring.")
        else:
            settings.append((section, name.rstrip(WHITESPACE), value.lstrip(WHITESPACE), number))
    return Parsed(path, settings, warnings, sections)


def _warn(warnings: List[str], path: str, number: int, text: str) -> None:
    if len(warnings) < WARNINGS_MAX:
        warnings.append(f"{path}:{number}: {text}")
    elif len(warnings) == WARNINGS_MAX:
        warnings.append(f"{path}:{number}: More lines cannot be parsed, not shown.")


def _joined(line: str, lines: "enumerate[str]", path: str, number: int) -> str:
    """A line that may be continued, with its continuation; blanks before a continued line stay (systemd.syntax(7), Example 1)."""
    if line.lstrip(WHITESPACE)[:1] in ("#", ";"):
        return ""                   # a comment cannot be continued
    parts: List[str] = []
    size = 0
    while True:
        size += len(line)
        if size > LINE_MAX:
            raise UnitError(f"{path}:{number}: cannot parse file: continuation line too long")
        if not _is_continued(line):
            parts.append(line)
            break
        parts.append(line[:-1] + " ")
        following = next((text for _, text in lines if text.lstrip(WHITESPACE)[:1] not in ("#", ";")
                          or not text.strip(WHITESPACE)), None)
        if following is None:
            break
        line = following
    return "".join(parts).strip(WHITESPACE)


def _is_continued(line: str) -> bool:
    """An odd number of backslashes at the end: an even one is made of escaped backslashes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


# --- words ---------------------------------------------------------------------------------------------------------

_C_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "'": "'", "s": " ",
}
_DOUBLE_QUOTED_WORD = re.compile(r"""(?:[^\s"]+|"[^"]*")+""")
_RUN = re.compile(r"""[^\s'"\\]+""")
_QUOTED_RUN = {"'": re.compile(r"[^'\\]+"), '"': re.compile(r'[^"\\]+')}
_ESCAPE = re.compile(r"x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[abfnrtv\\\"'s]")


class QuotingError(ValueError):
    """A quote that is not closed, a backslash at the end, or an escape that is not in the table of systemd.syntax(7)."""


def unescape_at(text: str, at: int) -> Tuple[str, int]:
    """The character that the escape behind the backslash at text[at - 1] stands for, and where it ends.

    \\xNN and \\NNN are bytes: those above 0x7f come out as surrogates, join_bytes() makes characters of them.
    Raises QuotingError on an unknown escape and on a NUL.
    """
    match = _ESCAPE.match(text, at)
    if match is None:
        raise QuotingError("unknown escape sequence")
    word = match.group()
    simple = _C_ESCAPES.get(word)
    if simple is not None:
        return simple, match.end()
    code = int(word[1:], 16) if word[0] in "xuU" else int(word, 8)
    if code == 0:
        raise QuotingError("a NUL byte is not allowed")
    if word[0] in "uU":
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise QuotingError("no such Unicode character")
        return chr(code), match.end()
    if code > 255:
        raise QuotingError("octal escape above 377")
    return (chr(code) if code < 128 else chr(0xDC00 + code)), match.end()


def join_bytes(word: str) -> str:
    """Make characters of bytes that were escaped one by one ("\\xc3\\xa4"); what is no UTF-8 stays as surrogates."""
    if word.isascii():
        return word
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _keep_next(text: str, at: int) -> Tuple[str, int]:
    """Escapes off: a backslash protects the character behind it and goes away."""
    if at >= len(text):
        raise QuotingError("backslash at the end")
    return text[at], at + 1


def _keep_unknown(text: str, at: int) -> Tuple[str, int]:
    """Escapes on, unknown ones kept as they are written."""
    try:
        return unescape_at(text, at)
    except QuotingError:
        return "\\" + text[at:at + 1], at + 1


Unescape = Callable[[str, int], Tuple[str, int]]


def next_word(text: str, at: int, unescape: Optional[Unescape] = unescape_at, relax: bool = False) -> Tuple[Optional[str], int]:
    """The word at or behind text[at] and where the next one may begin; (None, len(text)) when there is none.

    unescape: what a backslash does; None = nothing, it stays.
    relax:    a quote that is not closed ends with the text.
    Raises QuotingError.
    """
    size = len(text)
    while at < size and text[at] in WHITESPACE:
        at += 1
    if at >= size:
        return None, size
    parts: List[str] = []
    quote = ""
    while at < size:
        match = (_QUOTED_RUN[quote] if quote else _RUN).match(text, at)
        if match is not None:
            parts.append(match.group())
            at = match.end()
            continue
        char = text[at]
        at += 1
        if char == "\\":
            if unescape is None or (at >= size and relax):
                parts.append(char)
            else:
                piece, at = unescape(text, at)
                parts.append(piece)
        elif char == quote:
            quote = ""
        elif char in "'\"" and not quote:
            quote = char
        elif char in WHITESPACE:
            break
        else:
            parts.append(char)      # blanks of Unicode that do not separate words
    if quote and not relax:
        raise QuotingError("unbalanced quoting")
    while at < size and text[at] in WHITESPACE:
        at += 1
    return join_bytes("".join(parts)), at


def split_words(text: str, unescape: Optional[Unescape] = unescape_at, relax: bool = False) -> List[str]:
    """Words with quotes and escapes resolved. Raises QuotingError."""
    if "\\" not in text and text.isascii() and "'" not in text:
        if '"' not in text:
            return text.split()
        if text.count('"') % 2 == 0:        # every quote is closed
            return [word.replace('"', "") for word in _DOUBLE_QUOTED_WORD.findall(text)]
    words: List[str] = []
    at = 0
    while True:
        word, at = next_word(text, at, unescape, relax)
        if word is None:
            return words
        words.append(word)


def split_plain(text: str) -> List[str]:
    """Words with quotes resolved and backslashes kept: lists of unit names ("dev-disk-by\\x2dlabel.device")."""
    return split_words(text, unescape=None)


def split_variable(text: str) -> List[str]:
    """What "$VAR" as a word of its own becomes: blanks separate, quotes group, nothing is an error."""
    return split_words(text, unescape=_keep_next, relax=True)


def unescape_text(text: str) -> str:
    """C escapes in a text that is no list of words (StandardInputText=). Raises QuotingError."""
    if "\\" not in text:
        return text
    parts: List[str] = []
    at = 0
    while True:
        slash = text.find("\\", at)
        if slash < 0:
            parts.append(text[at:])
            return join_bytes("".join(parts))
        parts.append(text[at:slash])
        piece, at = unescape_at(text, slash + 1)
        parts.append(piece)


_QUOTE_NEEDED = re.compile(r"""[\s'"\\;$%]|[\x00-\x1f\x7f]|[^\x00-\x7f]""")
_PRINT_ESCAPES = {char: "\\" + letter for letter, char in _C_ESCAPES.items() if letter not in "s'"}


def quote(word: str) -> str:
    """The word so that split_words() gives it back."""
    if word and _QUOTE_NEEDED.search(word) is None:
        return word
    return '"' + "".join([_printable(char) for char in word]) + '"'


def _printable(char: str) -> str:
    known = _PRINT_ESCAPES.get(char)
    if known is not None:
        return known
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 32 or code == 127 else char
