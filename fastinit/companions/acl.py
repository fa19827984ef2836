"""POSIX access control lists as text and as the extended attribute that holds them.

In:  text as setfacl(1) takes it, a file's mode, the attribute's bytes.   Out: the attribute's bytes.
Never: touches a file.
Source: acl(5); the kernel's posix_acl_xattr.h: a version, then (tag, permissions, id) in order of tag and id.
"""

from __future__ import annotations

import struct
from typing import Callable, Dict, NamedTuple, Tuple

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NO_ID = 0xFFFFFFFF
VERSION = 2
_ENTRY = struct.Struct("<HHI")
_TAGS = {
    ("user", False): USER_OBJ, ("user", True): USER, ("group", False): GROUP_OBJ, ("group", True): GROUP,
    ("mask", False): MASK, ("other", False): OTHER,
}
_SHORT = {"u": "user", "g": "group", "m": "mask", "o": "other"}
EXECUTE = 1
CONDITIONAL = 8                     # "X": execute where it is a folder or somebody may execute it; never stored

Entries = Dict[Tuple[int, int], int]        # (tag, id) -> permissions


class Parsed(NamedTuple):
    access: Entries
    default: Entries


def parse(text: str, uid: Callable[[str], int], gid: Callable[[str], int]) -> Parsed:
    """ "d:group:adm:r-x,user::rwx" to entries. Raises ValueError, KeyError for an unknown name."""
    parsed = Parsed({}, {})
    for word in text.split(","):
        if not word.strip():
            continue
        fields = word.strip().split(":")
        table = parsed.access
        if fields[0] in ("d", "default"):
            table = parsed.default
            del fields[0]
        kind, name, permissions = _fields(fields, word)
        tag = _TAGS.get((kind, bool(name)))
        if tag is None:
            raise ValueError(f"invalid ACL entry '{word}'")
        number = NO_ID if not name else uid(name) if kind == "user" else gid(name)
        table[tag, number] = _permissions(permissions, word)
    return parsed


def _fields(fields: "list[str]", word: str) -> Tuple[str, str, str]:
    kind = _SHORT.get(fields[0], fields[0]) if fields else ""
    if kind in ("mask", "other") and len(fields) == 2:
        return kind, "", fields[1]
    if len(fields) != 3:
        raise ValueError(f"invalid ACL entry '{word}'")
    return kind, fields[1], fields[2]


def _permissions(text: str, word: str) -> int:
    if text.isdecimal() and len(text) == 1 and int(text) < 8:
        return int(text)
    bits = 0
    for char in text:
        if char not in "rwxX-":
            raise ValueError(f"invalid ACL entry '{word}'")
        bits |= {"r": 4, "w": 2, "x": EXECUTE, "X": CONDITIONAL, "-": 0}[char]
    return bits


def decode(data: bytes) -> Entries:
    return {(tag, number): bits for tag, bits, number in _ENTRY.iter_unpack(data[4:])}


def encode(entries: Entries) -> bytes:
    packed = [_ENTRY.pack(tag, entries[tag, number], number) for tag, number in sorted(entries)]
    return struct.pack("<I", VERSION) + b"".join(packed)


def complete(new: Entries, old: Entries, mode: int, is_folder: bool) -> Entries:
    """New entries over old ones, the mask where one is needed, the base entries from the mode where none is given.

    The mask limits all entries of the group class: without it a named entry would have no effect. systemd takes it from
    what the line says when it replaces the list, from all there is when it adds to the list, and keeps one that is there.
    """
    may_execute = is_folder or bool(mode & 0o111)
    given = {key: bits & 7 | (EXECUTE if bits & CONDITIONAL and may_execute else 0) for key, bits in new.items()}
    merged = {**old, **given}
    if not old:
        _add_mask(merged)
    for tag, shift in ((USER_OBJ, 6), (GROUP_OBJ, 3), (OTHER, 0)):
        merged.setdefault((tag, NO_ID), mode >> shift & 7)
    _add_mask(merged)
    return merged


def _add_mask(entries: Entries) -> None:
    if (MASK, NO_ID) in entries or not any(tag in (USER, GROUP) for tag, _ in entries):
        return
    mask = 0
    for (tag, _), bits in entries.items():
        if tag in (USER, GROUP, GROUP_OBJ):
            mask |= bits
    entries[MASK, NO_ID] = mask
