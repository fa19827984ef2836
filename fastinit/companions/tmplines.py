"""Lines of tmpfiles.d(5): text to Item values, and the order they are worked off in.

In:  lines, facts about the host, a resolver of names.   Out: Item values; Plan with what belongs together.
Never: touches what a line names; only credentials that a line asks for are read.
Source: tmpfiles.d(5); which lines conflict and how their arrays are ordered as v252 and v257 do it.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.companions import confd, specifiers
from fastinit.companions.accounts import Resolver
from fastinit.units.specifiers import Host
from fastinit.units.syntax import QuotingError, next_word, unescape_text
from fastinit.units.timespan import parse_usec
from fastinit.units.values import parse_mode

MODIFIERS = "+!-=~^$?"
NODES = "fFdDvqQpLcbC"              # lines that make something: these come first among the lines of one path
OWNERS = NODES + "wexXrR"           # lines of which one path can have one only
GLOBS = "wexXrRzZmtThHaA"           # lines whose path is a pattern
CONTENT = "fFw"                     # lines that "~" and "^" make sense for
FOLDERS = "dDvqQe"
AGED = FOLDERS + "CxX"
NEEDS_ARGUMENT = {
    "w": "Write file requires argument.", "c": "Device file requires argument.", "b": "Device file requires argument.",
    "t": "Set extended attribute requires argument.", "T": "Set extended attribute requires argument.",
    "a": "Set ACLs requires argument.", "A": "Set ACLs requires argument.",
    "h": "Set file attribute requires argument.", "H": "Set file attribute requires argument.",
}
FACTORY = "/usr/share/factory"
_AGE_BY = re.compile(r"([abcmABCM]+):(.*)\Z", re.DOTALL)


class SkipLine(Exception):
    """A line that does not apply here; nothing is wrong with it."""


class Item(NamedTuple):
    """One line.

    kind:       the letter.   flags: the modifiers behind it.   path: absolute, without the root.
    mode:       None = not given.   mode_masked "~", mode_once ":"; uid, gid, uid_once, gid_once alike.
    age_usec:   None = no cleaning; age_by: which times count, "" = the usual ones; keep_first_level "~".
    argument:   what to write, link to, copy or set; for "c" and "b" see device.
    """

    kind: str
    flags: str
    path: str
    where: str
    mode: Optional[int] = None
    mode_masked: bool = False
    mode_once: bool = False
    uid: Optional[int] = None
    uid_once: bool = False
    gid: Optional[int] = None
    gid_once: bool = False
    age_usec: Optional[int] = None
    age_by: str = ""
    keep_first_level: bool = False
    argument: bytes = b""
    device: int = 0

    @property
    def text(self) -> str:
        return os.fsdecode(self.argument)

    def node_mode(self) -> int:
        if self.mode is not None:
            return self.mode
        return 0o755 if self.kind in FOLDERS else 0o644


class Settings(NamedTuple):
    """What the command line says about which lines count."""

    boot: bool = False
    prefixes: Tuple[str, ...] = ()
    excluded: Tuple[str, ...] = ()


def parse_line(line: confd.Line, host: Host, names: Resolver, settings: Settings) -> Item:
    """Raises ValueError with the reason, SkipLine when the line is not meant for this run."""
    words, argument = _fields(line.text)
    kind, flags = words[0][0], words[0][1:]
    _check_kind(words[0], kind, flags)
    if "!" in flags and not settings.boot:
        raise SkipLine
    try:
        path = specifiers.expand(words[1], host, specifiers.TMPFILES)
    except ValueError as error:
        raise ValueError(f"Failed to replace specifiers in '{words[1]}': {error}") from None
    if not path.startswith("/"):
        raise ValueError(f"Path '{path}' not absolute.")
    path = _simplified(path)
    if not _is_included(path, settings):
        raise SkipLine
    if kind == "F":
        kind, flags = "f", flags + "+"
    item = Item(kind, flags, path, line.where)
    item = _with_mode(item, words[2])
    item = _with_owner(item, words[3], words[4], names)
    item = _with_age(item, words[5])
    return _with_argument(item, argument, host)


def _fields(text: str) -> Tuple[List[str], str]:
    """Six words, "-" for what is not there, and the rest of the line as it is."""
    words: List[str] = []
    at = 0
    try:
        while len(words) < 6:
            word, at = next_word(text, at)
            if word is None:
                break
            words.append(word)
    except QuotingError:
        raise ValueError("Invalid quoting or escape sequence.") from None
    if len(words) < 2 or not words[0]:
        raise ValueError("Syntax error.")
    words += ["-"] * (6 - len(words))
    return words, text[at:].lstrip(" \t")


def _check_kind(word: str, kind: str, flags: str) -> None:
    if any(flag not in MODIFIERS for flag in flags) or len(set(flags)) < len(flags):
        raise ValueError(f"Unknown modifiers in command '{word}'")
    if kind not in NODES + GLOBS:
        raise ValueError(f"Unknown command type '{kind}'.")
    if "~" in flags and kind not in CONTENT:
        raise ValueError(f"base64 decoding not supported for this line type: {kind}")
    if "^" in flags and kind not in CONTENT:
        raise ValueError(f"credential contents not supported for this line type: {kind}")
    if "?" in flags and kind != "L":
        raise ValueError(f"Modifier '?' is only supported for type 'L', not for '{kind}'.")


def _simplified(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def updated(item: Item) -> Tuple[Item, str]:
    """Lines below /var/run are meant for /run; the second value is the warning, if any."""
    if item.path != "/var/run" and item.path.startswith("/var/run/"):
        path = item.path[len("/var"):]
        return item._replace(path=path), (
            f"Line references path below legacy directory /var/run/, updating {item.path} → {path}; "
            "please update the tmpfiles.d/ drop-in file accordingly."
        )
    return item, ""


def _below(path: str, folder: str) -> bool:
    return path == folder or folder == "/" or path.startswith(folder + "/")


def _is_included(path: str, settings: Settings) -> bool:
    if any(_below(path, folder) for folder in settings.excluded):
        return False
    return not settings.prefixes or any(_below(path, folder) for folder in settings.prefixes)


def _with_mode(item: Item, word: str) -> Item:
    if word in ("", "-"):
        return item
    digits = word.lstrip("~:")
    signs = word[:len(word) - len(digits)]
    try:
        mode = parse_mode(digits)
    except ValueError:
        raise ValueError(f"Invalid mode '{word}'.") from None
    return item._replace(mode=mode, mode_masked="~" in signs, mode_once=":" in signs)


def _with_owner(item: Item, user: str, group: str, names: Resolver) -> Item:
    if user not in ("", "-"):
        name = user[1:] if user.startswith(":") else user
        try:
            item = item._replace(uid=names.uid(name), uid_once=user.startswith(":"))
        except KeyError:
            raise ValueError(f"Failed to resolve user '{name}': No such process") from None
    if group not in ("", "-"):
        name = group[1:] if group.startswith(":") else group
        try:
            item = item._replace(gid=names.gid(name), gid_once=group.startswith(":"))
        except KeyError:
            raise ValueError(f"Failed to resolve group '{name}'.") from None
    return item


def _with_age(item: Item, word: str) -> Item:
    if word in ("", "-"):
        return item
    age, age_by = word, ""
    keep = age.startswith("~")
    age = age[1:] if keep else age
    match = _AGE_BY.match(age)
    if match:
        age_by, age = match.groups()
    elif ":" in age:
        raise ValueError(f"Invalid age-by '{word}'.")
    try:
        return item._replace(age_usec=parse_usec(age), age_by=age_by, keep_first_level=keep)
    except ValueError:
        raise ValueError(f"Invalid age '{word}'.") from None


def _with_argument(item: Item, raw: str, host: Host) -> Item:
    raw = "" if raw == "-" else raw
    if not raw and item.kind in NEEDS_ARGUMENT:
        raise ValueError(NEEDS_ARGUMENT[item.kind])
    if "^" in item.flags:
        return item._replace(argument=_credential(item, raw))
    if "~" in item.flags:
        return item._replace(argument=_decoded(raw.encode("utf-8", "surrogateescape")))
    try:
        text = unescape_text(raw)
    except QuotingError:
        raise ValueError(f"Failed to unescape parameter: {raw}") from None
    try:
        text = specifiers.expand(text, host, specifiers.TMPFILES)
    except ValueError as error:
        raise ValueError(f"Failed to replace specifiers in '{raw}': {error}") from None
    if item.kind in "LC" and not text:
        text = FACTORY + item.path
    if item.kind == "C" and not text.startswith("/"):
        raise ValueError(f"Source path '{text}' is not absolute.")
    if item.kind in "cb":
        return item._replace(device=_device(text))
    return item._replace(argument=os.fsencode(text))


def _device(text: str) -> int:
    match = re.match(r"([0-9]{1,9}):([0-9]{1,9})\Z", text)
    if match is None:
        raise ValueError(f"Can't parse device file major/minor '{text}'.")
    return os.makedev(int(match.group(1)), int(match.group(2)))


def _credential(item: Item, name: str) -> bytes:
    if not name:
        raise ValueError("Reading from credential requested, but no credential name specified.")
    given, data = confd.credential(name)
    if not given:
        raise SkipLine
    return _decoded(data) if "~" in item.flags else data


def _decoded(data: bytes) -> bytes:
    try:
        return base64.b64decode(data.translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Failed to base64 decode specified argument") from None


# --- what belongs together ---------------------------------------------------------------------------------------------

class Plan:
    """All items, by path.   plain: paths as they are; globs: patterns. Both keep the order of the lines."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.plain: Dict[str, List[Item]] = {}
        self.globs: Dict[str, List[Item]] = {}

    def add(self, item: Item) -> str:
        """Returns a warning, or "". The first line about a path counts; others may adjust what it makes."""
        table = self.globs if item.kind in GLOBS else self.plain
        there = table.setdefault(item.path, [])
        for other in there:
            if _is_conflict(other, item):
                return f'Duplicate line for path "{self.root}{item.path}", ignoring.'
        there.append(item)
        there.sort(key=_rank)
        return ""

    def arrays(self) -> List[Tuple[str, List[Item]]]:
        """Plain ones first: they make what the patterns then adjust."""
        return [*self.plain.items(), *self.globs.items()]

    def parent_of(self, path: str) -> str:
        """The nearest path above that has lines of its own, "" when there is none."""
        while path != "/":
            path = path.rpartition("/")[0] or "/"
            if path in self.plain or path in self.globs:
                return path
        return ""


def _rank(item: Item) -> Tuple[bool, int]:
    return item.kind not in OWNERS, ord(item.kind)


def _is_conflict(first: Item, second: Item) -> bool:
    """Two lines that decide what is at a path, and not the same; their letters do not count, and "w+" may come often."""
    if first.kind not in OWNERS or second.kind not in OWNERS:
        return False
    if first.kind == second.kind == "w" and "+" in first.flags and "+" in second.flags:
        return False
    return first._replace(kind="", where="", flags="") != second._replace(kind="", where="", flags="")


def parse_all(
    lines: Iterable[confd.Line], plan: Plan, host: Host, names: Resolver, settings: Settings, say: "List[str]",
) -> bool:
    """Add lines to a plan, messages to say. Returns whether all lines were valid."""
    good = True
    for line in lines:
        try:
            item, warning = updated(parse_line(line, host, names, settings))
        except SkipLine:
            continue
        except ValueError as error:
            say.append(f"{line.where}: {error}")
            good = False
            continue
        for text in (warning, plan.add(item)):
            if text:
                say.append(f"{line.where}: {text}")
    return good


def normal_prefixes(prefixes: Sequence[str], root: str) -> Tuple[str, ...]:
    """--prefix= values as line paths are written; relative ones are taken from the current folder as systemd does."""
    return tuple(_simplified(path if path.startswith("/") else os.path.abspath(path)) for path in prefixes)
