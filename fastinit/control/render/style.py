"""Colours, dots and widths: what a terminal gets and a pipe does not.

In:  Terminal.   Out: strings.
Source: SGR sequences and glyphs as systemctl 257 writes them to a terminal."""

from __future__ import annotations

import socket
import unicodedata
from typing import NamedTuple

from fastinit.control.request import Terminal

RESET = "\x1b[0m"
SGR = {
    "green": "\x1b[0;1;32m", "red": "\x1b[0;1;31m", "yellow": "\x1b[0;1;33m", "white": "\x1b[0;1;39m",
    "grey": "\x1b[0;38:5:245m", "underline": "\x1b[4m", "heading": "\x1b[0;4m",
    "bold": "\x1b[0;1;39m", "blue": "\x1b[0;1;34m", "cyan": "\x1b[0;1;36m",
}
SGR_256 = {**SGR, "yellow": "\x1b[0;1;38:5:185m"}
SGR_16 = {**SGR, "grey": "\x1b[0;90m"}

# ActiveState -> (glyph, glyph without UTF-8, colour)
DOTS = {
    "active":       ("●", "*", "green"),
    "reloading":    ("↻", "^", "green"),
    "refreshing":   ("↻", "^", "green"),
    "inactive":     ("○", "o", ""),
    "failed":       ("×", "x", "red"),
    "activating":   ("●", "*", "white"),
    "deactivating": ("●", "*", "white"),
    "maintenance":  ("○", "o", ""),
}


class Glyphs(NamedTuple):
    branch: str
    right: str
    vertical: str
    space: str
    arrow: str
    ellipsis: str
    circle: str
    bullet: str


UTF8 = Glyphs("├─", "└─", "│ ", "  ", "→", "…", "●", "•")
ASCII = Glyphs("|-", "`-", "| ", "  ", "->", "...", "*", "*")


class Style:
    """Renders for one terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.colours = terminal.colours
        self.links = terminal.links
        self._sgr = SGR_16 if terminal.has_16_colours else SGR_256
        self.utf8 = terminal.utf8
        self.glyphs = UTF8 if terminal.utf8 else ASCII
        self.is_tty = terminal.tty[1]
        self.columns = terminal.columns

    def paint(self, text: str, colour: str) -> str:
        return f"{self._sgr[colour]}{text}{RESET}" if self.colours and colour else text

    def underline(self, text: str, colour: str = "") -> str:
        """As a row stands above one of another kind: a grey line below it."""
        return f"{self._sgr[colour] if colour else ''}\x1b[4m\x1b[58:5:245m{text}{RESET}" if self.colours else text

    def link(self, target: str, text: str) -> str:
        """text, as a hyperlink where the terminal has them."""
        if not self.links or not target.startswith(("http://", "https://", "file:", "man:", "info:", "/")):
            return text
        url = f"file://{socket.gethostname()}{target}" if target.startswith("/") else target
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"

    def dot(self, active: str, load: str = "loaded") -> str:
        utf8, ascii_, colour = DOTS[active]
        if active == "inactive" and load not in ("loaded", "stub", "merged", "masked"):
            colour = "yellow"       # not found, or its file is bad
        return self.paint(utf8 if self.utf8 else ascii_, colour)

    def fit(self, text: str, width: int) -> str:
        return ellipsize(text, width, self.glyphs.ellipsis)


def width_of(text: str) -> int:
    """Columns on a terminal; East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, width: int) -> str:
    """The longest beginning of text that is not wider than width."""
    if text.isascii():
        return text[:max(width, 0)]
    used = 0
    for at, char in enumerate(text):
        used += width_of(char)
        if used > width:
            return text[:at]
    return text


def ellipsize(text: str, width: int, mark: str = "…") -> str:
    """text in at most width columns, the end replaced by the mark when it does not fit."""
    if width_of(text) <= width:
        return text
    return cut(text, width - len(mark)) + mark if width > len(mark) else cut(mark, width)


def pad(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))
