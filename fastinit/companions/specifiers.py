"""Specifiers of tmpfiles.d(5) and sysusers.d(5): the host's facts only, an unknown one makes the line invalid.

In:  a text, facts about the host.   Out: the text.
Source: tmpfiles.d(5) and sysusers.d(5), "SPECIFIERS".
"""

from __future__ import annotations

from typing import FrozenSet

from fastinit.units.specifiers import FACTS, Host

# letter -> fact of Host; the letters of unit files that need a unit ("%n", "%i") are not among them
_COMMON = {
    "a": "architecture", "A": "image_version", "b": "boot_id", "B": "os_build_id", "H": "hostname", "m": "machine_id",
    "M": "image_id", "o": "os_id", "q": "pretty_hostname", "T": "tmp", "v": "kernel", "V": "var_tmp", "w": "os_version_id",
    "W": "os_variant_id",
}
_FOLDERS = {
    "C": "cache", "g": "group_name", "G": "group_id", "h": "home", "L": "logs", "S": "state", "t": "runtime", "u": "user_name",
    "U": "user_id",
}
SYSUSERS: FrozenSet[str] = frozenset(_COMMON) | {"l"}
TMPFILES: FrozenSet[str] = SYSUSERS | frozenset(_FOLDERS)


def expand(text: str, host: Host, known: FrozenSet[str]) -> str:
    """Raises ValueError with the reason: an unknown specifier, or one that has no value here."""
    if "%" not in text:
        return text
    parts = []
    at = 0
    while True:
        percent = text.find("%", at)
        if percent < 0:
            parts.append(text[at:])
            return "".join(parts)
        parts.append(text[at:percent])
        letter = text[percent + 1:percent + 2]
        parts.append(_value(letter, host, known))
        at = percent + 2


def _value(letter: str, host: Host, known: FrozenSet[str]) -> str:
    if letter in ("%", ""):
        return "%"
    if letter not in known:
        raise ValueError(f"unknown specifier %{letter}")
    if letter == "l":
        return host.hostname.partition(".")[0]
    if letter == "b":
        return Host().boot_id       # of the kernel that runs: a root elsewhere has no /proc of its own
    fact = _COMMON.get(letter) or _FOLDERS[letter]
    assert fact in FACTS, fact
    return str(getattr(host, fact))
