"""`fastinit install`: manual pages and completions, linked where man and the shells look before the distribution's own place.

In:  a root directory, kinds to leave out (KINDS).   Out: links made or removed, one line about each.
Never: replaces a file: where one of that name is already, pip has put it there, or somebody who wants his own.
"""

from __future__ import annotations

import os
from typing import List, Tuple

SHARE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "share")
LOCAL_SHARE = "/usr/local/share"
KINDS = ("man", "completions")


def files(root: str, without: List[str]) -> List[Tuple[str, str]]:
    """(file of the package, where a link to it goes)."""
    found = []
    for directory, _, names in os.walk(SHARE):
        below = os.path.relpath(directory, SHARE)
        kind = "man" if below.split(os.sep)[0] == "man" else "completions"
        if kind not in without:
            found += [(os.path.join(directory, name), os.path.join(f"{root}{LOCAL_SHARE}", below, name)) for name in names]
    return sorted(found)


def install(root: str, without: List[str]) -> List[str]:
    """Raises OSError."""
    lines = []
    for source, path in files(root, without):
        if os.path.lexists(path):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(source, path)
        lines.append(f"Created symlink '{path}' -> '{source}'.")
    return lines


def uninstall(root: str, without: List[str]) -> List[str]:
    """Raises OSError. Only our own links go."""
    lines = []
    for source, path in files(root, without):
        if os.path.islink(path) and os.readlink(path) == source:
            os.unlink(path)
            lines.append(f"Removed '{path}'.")
    return lines
