"""FDSTORE=1: descriptors that a service parks here and finds again at its next start.

In:  unit, name, descriptors.   Out: the same, in order, for LISTEN_FDS.   Each is also in the vault of PID 1, so the next
manager has them too. Never: more than FileDescriptorStoreMax= of a unit (the engine counts), a descriptor without a name.
Source: sd_notify(3), sd_pid_notify_with_fds(3), systemd.service(5) "FileDescriptorStoreMax=".
"""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Tuple

PREFIX = "fdstore/"


def vault_name(unit: str, name: str) -> str:
    return f"{PREFIX}{unit}/{name}"


class FdStore:
    """vault_store and vault_remove: PID 1's keeping of descriptors (csrc/api.h)."""

    def __init__(self, vault_store: Callable[[str, int], None], vault_remove: Callable[[str], object]) -> None:
        self._vault_store = vault_store
        self._vault_remove = vault_remove
        self._stored: Dict[str, List[Tuple[str, int]]] = {}

    def restore(self, vault_entry: str, fd: int) -> None:
        """A descriptor that came back from the vault under vault_name()."""
        unit, _, name = vault_entry[len(PREFIX):].partition("/")
        self._stored.setdefault(unit, []).append((name, fd))

    def add(self, unit: str, name: str, fd: int) -> bool:
        """Keep fd, which is ours from now on; False when the unit has stored the same file already. Raises OSError."""
        same = os.fstat(fd)
        for _, stored in self._stored.get(unit, ()):
            about = os.fstat(stored)
            if (about.st_dev, about.st_ino) == (same.st_dev, same.st_ino):
                os.close(fd)
                return False
        self._vault_store(vault_name(unit, name), fd)
        self._stored.setdefault(unit, []).append((name, fd))
        return True

    def of(self, unit: str) -> List[Tuple[str, int]]:
        return list(self._stored.get(unit, ()))

    def remove(self, unit: str, name: str) -> None:
        """All of that name. Raises OSError."""
        kept = []
        for stored_name, fd in self._stored.pop(unit, []):
            if stored_name == name:
                os.close(fd)
            else:
                kept.append((stored_name, fd))
        if kept:
            self._stored[unit] = kept
        self._vault_remove(vault_name(unit, name))

    def clear(self, unit: str) -> None:
        for name in {name for name, _ in self._stored.get(unit, ())}:
            self.remove(unit, name)
