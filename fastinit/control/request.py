"""One request while it is served: who asks, from which terminal, with which words; where the answer goes.

In:  facts and argv of a frame, peer credentials.   Out: text for two streams, an exit code.
A verb is a function Context -> int, or a generator that yields a Pause whenever it can be interrupted and returns the int.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Generator, Iterator, List, Mapping, Optional, Tuple, Union

from fastinit.control.api import ManagerApi
from fastinit.control.options import Options
from fastinit.errors import FastinitError
from fastinit.units.enablement import Enablement
from fastinit.units.presets import Presets

RED, YELLOW, RESET = "\x1b[0;1;31m", "\x1b[0;1;38:5:185m", "\x1b[0m"


class MustRunLocally(FastinitError):
    """Only the client's own process can do this (an editor, other files): it is told so and does it."""


@dataclass
class Pause:
    """Why a verb lets others go first.

    until: go on when it is true; looked at after each job or state change. None: as soon as the loop has a moment.
    is_long: what comes now takes long and much memory: it begins when it is this verb's turn among the long ones.
    resume: what another manager needs to go on waiting (frames.RESUME); "" = it cannot.
    """

    until: Optional[Callable[[], bool]] = None
    resume: str = ""
    is_long: bool = False


Steps = Generator[Pause, None, int]
Outcome = Union[int, Steps]


@dataclass(frozen=True)
class Terminal:
    """What the client's streams are."""

    tty: "tuple[bool, bool, bool]" = (False, False, False)
    columns: int = 80
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    resume: str = ""

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> "Terminal":
        """Raises ValueError on facts that no client of ours sends."""
        tty = facts.get("tty", "000")
        columns = facts.get("columns", "80")
        if len(tty) != 3 or not set(tty) <= {"0", "1"} or not columns.isascii() or not columns.isdigit() or len(columns) > 5:
            raise ValueError("malformed terminal facts")
        environment = {name[4:]: value for name, value in facts.items() if name.startswith("env.")}
        width = environment.get("COLUMNS", "")
        columns = width if width.isascii() and width.isdigit() and len(width) <= 5 and int(width) else columns
        return cls((tty[0] == "1", tty[1] == "1", tty[2] == "1"), int(columns) or 80, environment, facts.get("cwd", "/"),
                   facts.get("resume", ""))

    @property
    def utf8(self) -> bool:
        """Whether dots and trees may be drawn with it; LC_ALL beats LC_CTYPE beats LANG, as everywhere.
        Without any of them systemd takes C.UTF-8."""
        forced = self.environment.get("SYSTEMD_UTF8")
        if forced is not None:
            return forced.lower() in ("1", "yes", "true", "on", "y", "t")
        for name in ("LC_ALL", "LC_CTYPE", "LANG"):
            value = self.environment.get(name)
            if value:
                return value not in ("C", "POSIX") and ("utf8" in value.lower().replace("-", "") or "." not in value)
        return True

    def message(self, line: str, sgr: str) -> str:
        """A line for stderr, in its colour."""
        if not self.tty[2]:
            return line + "\n"
        if not self.colours or not sgr:
            return line.replace("\n", "\r\n") + "\r\n"
        return "".join(f"{sgr}{part}{RESET}\r\n" for part in line.split("\n"))

    @property
    def has_16_colours(self) -> bool:
        return self.environment.get("SYSTEMD_COLORS") in ("16", "auto-16") or self.environment.get("TERM") == "linux"

    @property
    def links(self) -> bool:
        """Whether paths and URLs may carry a hyperlink."""
        forced = self.environment.get("SYSTEMD_URLIFY")
        if forced is not None:
            return forced.lower() not in ("0", "no", "false", "off", "n", "f")
        return self.tty[1] and self.environment.get("TERM", "dumb") != "dumb" and self.colours

    @property
    def colours(self) -> bool:
        """SYSTEMD_COLORS= decides; without it, colours are for a terminal that is not dumb and whose owner set no NO_COLOR."""
        forced = self.environment.get("SYSTEMD_COLORS")
        if forced is not None:
            return forced.lower() not in ("0", "no", "false", "off", "n", "f")
        return self.tty[1] and not self.environment.get("NO_COLOR") and self.environment.get("TERM", "dumb") != "dumb"


@dataclass
class Context:
    """Everything a verb may look at and write to. `is_live`: a manager runs (else `manager` knows nothing but files)."""

    manager: ManagerApi
    options: Options
    args: List[str]
    terminal: Terminal
    out: Callable[[str], None]
    error: Callable[[str], None]
    is_live: bool = True
    uid: int = 0
    pid: int = 0
    root: str = ""
    verb: str = ""
    after_reply: List[Callable[[], None]] = field(default_factory=list)     # once the client has its exit code
    enablement: Optional[Tuple[Enablement, Presets]] = None     # what UnitFileState= of many units is found from
    own_uid: int = 0
    data: Callable[[str], None] = lambda text: None     # frames.DATA
    fds: List[int] = field(default_factory=list)        # what root has sent along; whoever takes one removes it here

    def say(self, line: str) -> None:
        self.out(line + "\n")

    def warn(self, line: str, sgr: str = RED) -> None:
        """What has gone wrong. systemd's own log lines on a terminal end with a carriage return, too."""
        self.error(self.terminal.message(line, sgr))

    def note(self, line: str) -> None:
        """What has been done: stderr, but nothing to worry about."""
        self.warn(line, "")


def print_all(context: Context, lines: Iterator[Optional[str]]) -> Steps:
    """Lines to stdout; None among them (render.table.REST) is a good moment to let others go first."""
    for at, line in enumerate(lines):
        if line is not None:
            context.say(line)
        if line is None or at % 16 == 15:
            yield Pause()
    return 0
