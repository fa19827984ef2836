"""The manager's state where the next manager finds it: a log of records in a memory that PID 1 keeps.

In:  key -> JSON-able dict, or None for "gone", many keys as one commit.   Out: load(), the last committed value of each key.
Never: a system call on the way (a full or read-only /run cannot hurt), a half-written commit: the 8-byte length that makes
records valid is stored last, so a manager that is killed at any instruction leaves the state before or after the commit.

    header   magic | active half | length of half 0 | length of half 1     (uint64 each)
    half     record*        record: length (uint32) | JSON [key, value]
A half that has grown past its due is rewritten into the other one, then `active` is switched by one store.
"""

from __future__ import annotations

import json
import struct
from typing import Dict, Mapping, Optional

from fastinit.errors import FastinitError

MAGIC = 0x31_65_74_61_74_73_69_66   # "fistate1"
HEADER_BYTES = 4096
SLACK_BYTES = 1 << 20               # a log may hold this much more than four times the live state before it is rewritten
_LENGTH = struct.Struct("<I")
_MAGIC_AT, _ACTIVE_AT, _USED_AT = 0, 1, 2       # indices of uint64 words

Value = Dict[str, object]


class StoreError(FastinitError):
    """The state does not fit into the memory, or was written by something else."""


class Store:
    """See the module's text. memory: writable, zeroed at first use, its size a multiple of 8."""

    def __init__(self, memory: memoryview) -> None:
        self._bytes = memory.cast("B") if memory.format != "B" else memory
        # cast("Q"): an item assignment is one aligned 8-byte store; struct.pack_into("<Q") writes byte by byte
        self._words = self._bytes[:HEADER_BYTES].cast("Q")
        self._half_bytes = (len(self._bytes) - HEADER_BYTES) // 2
        self._live: Dict[str, bytes] = {}
        self._live_bytes = 0
        if self._words[_MAGIC_AT] not in (0, MAGIC):
            raise StoreError(f"cannot read the saved state: magic number {self._words[_MAGIC_AT]:#x}, expected {MAGIC:#x}")
        self.is_new = self._words[_MAGIC_AT] == 0

    def load(self) -> Dict[str, Value]:
        """Every key's last committed value."""
        active = self._words[_ACTIVE_AT]
        at, end = self._span(active)
        values: Dict[str, Value] = {}
        while at < end:
            (length,) = _LENGTH.unpack_from(self._bytes, at)
            record = bytes(self._bytes[at:at + _LENGTH.size + length])
            key, value = json.loads(record[_LENGTH.size:])
            self._remember(key, None if value is None else record)
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
            at += len(record)
        return values

    def commit(self, changes: Mapping[str, Optional[Value]]) -> None:
        """All changes become valid together. Raises StoreError when they do not fit."""
        records = []
        for key, value in changes.items():
            body = json.dumps([key, value], separators=(",", ":"), ensure_ascii=True).encode("ascii")
            record = _LENGTH.pack(len(body)) + body
            self._remember(key, None if value is None else record)
            records.append(record)
        self._append(b"".join(records))

    def _append(self, data: bytes) -> None:
        active = self._words[_ACTIVE_AT]
        start, end = self._span(active)
        used = end - start + len(data)
        if used > self._half_bytes or used > 4 * self._live_bytes + SLACK_BYTES:
            self._rewrite(1 - active)
            return
        self._bytes[end:end + len(data)] = data
        self._words[_USED_AT + active] = used
        self._words[_MAGIC_AT] = MAGIC

    def _rewrite(self, half: int) -> None:
        data = b"".join(self._live.values())
        if len(data) > self._half_bytes:
            raise StoreError(f"cannot save the state: {len(data)} bytes do not fit into {self._half_bytes}")
        start = HEADER_BYTES + half * self._half_bytes
        self._bytes[start:start + len(data)] = data
        self._words[_USED_AT + half] = len(data)
        self._words[_ACTIVE_AT] = half          # from here on the other half is free
        self._words[_MAGIC_AT] = MAGIC

    def _span(self, half: int) -> "tuple[int, int]":
        start = HEADER_BYTES + half * self._half_bytes
        return start, start + self._words[_USED_AT + half]

    def _remember(self, key: str, record: Optional[bytes]) -> None:
        self._live_bytes -= len(self._live.pop(key, b""))
        if record is not None:
            self._live[key] = record
            self._live_bytes += len(record)
