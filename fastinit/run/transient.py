"""Units that a program asks for while the manager runs (systemd-run): a file of their own, gone when they are.

In:  a name, the text of a unit file, maybe three descriptors for stdin, stdout and stderr.
Out: a file below /run/systemd/transient, so that whatever reads unit files knows the unit; the descriptors, also in the vault.
A unit ends as every unit does (plan/garbage.py): its file and its log go with its record.
Never: replaces a unit that has a file; keeps a descriptor of a unit that is down.
Source: systemd-run(1), systemd.unit(5) "CollectMode=".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from fastinit.errors import RequestError
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active
from fastinit.run import native
from fastinit.units.loader import TRANSIENT

if TYPE_CHECKING:
    from fastinit.run.manager import Manager

HANDED = "handed/"                  # name in the vault, followed by the unit: stdin, stdout, stderr in this order
HOLD_GRACE_USEC = 10_000_000        # how long a new manager waits for the clients of the one before
EXISTS = "Unit {} was already loaded or has a fragment file."


class TransientUnits:
    """Of one manager. held: units whose end somebody waits for, and how many do: they stay until it is told."""

    def __init__(self, manager: "Manager") -> None:
        self._manager = manager
        self._held: Dict[str, int] = {}
        self._left: Dict[str, None] = {}        # held by clients of the manager before, who have not come back yet
        self._handed: Dict[str, List[int]] = {}
        self._offered: Dict[str, int] = {}      # unit -> pid, until the unit's start has taken it

    @property
    def directory(self) -> str:
        return next(path for path in self._manager.loader.paths if path.endswith(TRANSIENT))

    # ---- making one ---------------------------------------------------------------------------------------------------

    def create(self, name: str, text: str) -> UnitRecord:
        """Raises RequestError in systemd's words; then nothing is left of it."""
        self._refuse_known(name)
        path = f"{self.directory}/{name}"
        try:
            os.makedirs(self.directory, 0o755, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
        except FileExistsError:
            raise RequestError(EXISTS.format(name)) from None
        except OSError as error:
            raise RequestError(f"cannot write {path}: {error.strerror}") from None
        self._manager.loader.add_file(name, path)
        if self._manager.engine.find(name) is not None:
            self._manager.engine.refresh(name)
        record = self._manager.engine.get(name)
        if record.unit.load_state != "loaded":
            # told now, since nothing may be left of it afterwards: systemd's own words name no reason
            self._manager.log(name, 4, record.unit.load_error or f"{name}: {record.unit.load_state}")
            self._manager.discard(name)
            raise RequestError(f"Unit {name} has a bad unit file setting.")
        return record

    def _refuse_known(self, name: str) -> None:
        record = self._manager.engine.find(name)
        if record is not None and (record.active is not Active.INACTIVE or record.job is not None):
            raise RequestError(EXISTS.format(name))
        unit = self._manager.loader.load(name) if record is None else record.unit
        if unit.fragment_path or unit.load_state == "masked":
            raise RequestError(EXISTS.format(name))

    def remove(self, name: str) -> None:
        """The unit is no more, nor is its file, nor what it has said: each of many short lives would leave two files."""
        self.drop_streams(name)
        self._offered.pop(name, None)
        self._manager.loader.remove_file(name)
        try:
            os.unlink(f"{self.directory}/{name}")
        except OSError as error:
            self._manager.log("", 4, f"cannot remove {error.filename}: {error.strerror}")
        self._manager.logs.forget(name)

    # ---- the process of a scope ---------------------------------------------------------------------------------------

    def offer(self, name: str, pid: int) -> None:
        """From now on it carries the unit's tag, and is the one that the unit's start takes. Raises RequestError; then the unit
        is gone."""
        for other in self._manager.engine.units.values():
            if other.main_pid == pid and not other.main_spawn_id:       # watched by its pidfd already, which tells one unit
                self._manager.discard(name)
                raise RequestError(f"Process {pid} is the first one of {other.unit.name}.")
        record = self._manager.engine.get(name)
        self._manager.tag(record)
        self._manager.touch(name)
        try:
            self._manager.members.mark(pid, record.activation)
        except OSError as error:
            self._manager.discard(name)
            raise RequestError(f"Process {pid} cannot be taken into a scope: {error.strerror}") from None
        self._offered[name] = pid

    def take_offered(self, name: str) -> int:
        """0: there is none."""
        return self._offered.pop(name, 0)

    # ---- descriptors --------------------------------------------------------------------------------------------------

    def hand_streams(self, name: str, fds: Sequence[int]) -> None:
        """Take over descriptors that a client has sent. Raises OSError."""
        self._handed[name] = list(fds)
        for fd in fds:
            native.vault_store(vault_name(name), fd)

    def streams_of(self, name: str) -> Tuple[int, ...]:
        return tuple(self._handed.get(name, ()))

    def drop_streams(self, name: str) -> None:
        fds = self._handed.pop(name, [])
        for fd in fds:
            os.close(fd)
        if fds:
            native.vault_remove(vault_name(name))

    def restore_streams(self, inherited_name: str, fds: Sequence[int]) -> None:
        self._handed[inherited_name[len(HANDED):].replace("%", ":")] = list(fds)

    # ---- the end of one -----------------------------------------------------------------------------------------------

    def hold(self, name: str) -> None:
        self._held[name] = self._held.get(name, 0) + 1
        self._left.pop(name, None)
        self._manager.touch_own()

    def release(self, name: str) -> None:
        self._held[name] -= 1
        if not self._held[name]:
            del self._held[name]
            self._manager.touch_own()
        self._manager.engine.consider(name)

    def is_held(self, name: str) -> bool:
        return name in self._held or name in self._left

    # ---- saved state --------------------------------------------------------------------------------------------------

    def dump(self) -> List[str]:
        return sorted({*self._held, *self._left})

    def restore(self, held: Sequence[str]) -> None:
        """Clients come back with their question; one that has not within the grace time is gone."""
        self._left = dict.fromkeys(held)
        if self._left:
            loop = self._manager.loop
            loop.call_at(self._manager.engine.now_usec + HOLD_GRACE_USEC, self._forget_left)

    def _forget_left(self) -> None:
        for name in self._left:
            self._manager.engine.consider(name)
        self._left.clear()


def vault_name(unit: str) -> str:
    """A colon may be in the name of a unit, not in one of the vault; "%" may be in neither kind of unit name."""
    return HANDED + unit.replace(":", "%")
