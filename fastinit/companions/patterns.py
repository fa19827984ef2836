"""Shell patterns over paths: what exists that fits, and whether a path fits.

In:  patterns with * ? [..] {a,b}.   Out: paths, booleans.
Never: lets "*" match "/" or a leading dot; re-reads a folder for a part that is no pattern.
Source: glob(7) with GLOB_BRACE; fnmatch(3) with FNM_PATHNAME | FNM_PERIOD.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List, Pattern

_MAGIC = re.compile(r"[*?\[\\]")
_cache: Dict[str, Pattern[str]] = {}


def braces(pattern: str) -> List[str]:
    """ "/a/{b,c}" -> ["/a/b", "/a/c"]; a brace without its end stays as it is."""
    start = pattern.find("{")
    while start >= 0 and pattern[start:start + 2] == "{}":
        start = pattern.find("{", start + 2)
    if start < 0:
        return [pattern]
    parts, depth, last = [], 0, start + 1
    for at in range(start, len(pattern)):
        char = pattern[at]
        if char == "{":
            depth += 1
        elif char == "," and depth == 1:
            parts.append(pattern[last:at])
            last = at + 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                parts.append(pattern[last:at])
                return [found for part in parts for found in braces(pattern[:start] + part + pattern[at + 1:])]
    return [pattern]


def _component(pattern: str) -> Pattern[str]:
    """One component of a path as a regular expression."""
    compiled = _cache.get(pattern)
    if compiled is None:
        compiled = _cache[pattern] = re.compile(_regex(pattern) + r"\Z", re.DOTALL)
    return compiled


def _regex(pattern: str) -> str:
    out = [] if pattern.startswith((".", "\\.")) else [r"(?!\.)"]
    at, size = 0, len(pattern)
    while at < size:
        char = pattern[at]
        at += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "\\" and at < size:
            out.append(re.escape(pattern[at]))
            at += 1
        elif char == "[":
            text, at = _bracket(pattern, at)
            out.append(text)
        else:
            out.append(re.escape(char))
    return "".join(out)


_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9a-fA-F", "cntrl": r"\x00-\x1f\x7f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e",
}


def _bracket(pattern: str, at: int) -> "tuple[str, int]":
    """The set behind "[" as a regular expression; "[" without its end stands for itself."""
    begin = at
    negated = pattern[at:at + 1] in ("!", "^")
    at += negated
    body: List[str] = []
    first = True
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and not first:
            return f"[{'^/' if negated else ''}{''.join(body)}]", at + 1
        first = False
        end = pattern.find(":]", at + 2)
        if char == "[" and pattern[at + 1:at + 2] == ":" and end > 0 and pattern[at + 2:end] in _CLASSES:
            body.append(_CLASSES[pattern[at + 2:end]])
            at = end + 2
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            char = pattern[at]
        is_range = char == "-" and body and pattern[at + 1:at + 2] not in ("", "]")
        body.append("-" if is_range else re.escape(char))
        at += 1
    return re.escape("["), begin


def matches(pattern: str, path: str) -> bool:
    """Whether a whole path fits, component by component."""
    wanted, parts = pattern.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(_component(one).match(part) is not None for one, part in zip(wanted, parts))


Names = Callable[[str], List[str]]
Exists = Callable[[str], bool]


def find(pattern: str, names: Names, exists: Exists) -> Iterator[str]:
    """Existing paths that fit an absolute pattern, sorted.   names: a folder's entries, [] when it is none."""
    for one in braces(pattern):
        yield from _find("", [part for part in one.split("/") if part], names, exists)


def _find(base: str, parts: List[str], names: Names, exists: Exists) -> Iterator[str]:
    if not parts:
        yield base or "/"
        return
    part, rest = parts[0], parts[1:]
    if not _MAGIC.search(part):
        path = f"{base}/{part}"
        if exists(path):
            yield from _find(path, rest, names, exists)
        return
    wanted = _component(part)
    for name in sorted(names(base or "/")):
        if wanted.match(name):
            yield from _find(f"{base}/{name}", rest, names, exists)
