"""Time-based cleaning of folders: what --clean removes.

In:  a Plan, an Applier, the time.   Out: removed files; messages.
Never: leaves the file system of the folder, removes a live socket, a device, a file with the sticky bit, or what another line
names; descends where somebody else holds a BSD lock on the folder.
Source: tmpfiles.d(5), "Age".
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple

from fastinit.companions import patterns
from fastinit.companions.safepath import open_folder
from fastinit.companions.tmpapply import Applier, why
from fastinit.companions.tmplines import AGED, Item, Plan

DEPTH_MAX = 256
AGE_BY_FILE = frozenset("abcm")
AGE_BY_FOLDER = frozenset("abm")    # not c: cleaning changes the ctime of a folder, which would keep it for ever
KEPT_ON_MOUNTS = frozenset((".journal", "aquota.user", "aquota.group"))     # of file systems, at their top

# struct statx of linux/stat.h, as far as it is needed
_STATX = struct.Struct("=IIQIIIHHQQQQ" + "qII" * 4 + "IIII")
_STATX_SIZE, _STATX_ALL, _ATTR_MOUNT_ROOT = 256, 0xFFF, 0x2000
_AT_SYMLINK_NOFOLLOW, _AT_NO_AUTOMOUNT, _AT_EMPTY_PATH = 0x100, 0x800, 0x1000


class Facts(NamedTuple):
    """times: letter -> nanoseconds, without those the file system does not keep."""

    mode: int
    uid: int
    device: Tuple[int, int]
    is_mount: bool
    times: Dict[str, int]


Statx = Callable[[int, str], Facts]


def load_statx() -> Statx:
    """statx(2) of the C library: os.stat() knows no birth time and no mount points. Raises OSError where it is missing."""
    import ctypes
    library = ctypes.CDLL(None, use_errno=True)
    function = library.statx

    def statx(fd: int, name: str) -> Facts:
        buffer = ctypes.create_string_buffer(_STATX_SIZE)
        flags = _AT_SYMLINK_NOFOLLOW | _AT_NO_AUTOMOUNT | (0 if name else _AT_EMPTY_PATH)
        if function(fd, os.fsencode(name), flags, _STATX_ALL, buffer) < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), name)
        return _facts(buffer.raw)
    return statx


def _facts(raw: bytes) -> Facts:
    values = _STATX.unpack_from(raw)
    mask, attributes, uid, mode = values[0], values[2], values[4], values[6]
    times = {}
    for at, (letter, bit) in enumerate((("a", 0x20), ("b", 0x800), ("c", 0x80), ("m", 0x40))):
        if mask & bit:
            seconds, nanoseconds = values[12 + 3 * at:14 + 3 * at]
            times[letter] = seconds * 1_000_000_000 + nanoseconds
    return Facts(mode, uid, (values[26], values[27]), bool(attributes & _ATTR_MOUNT_ROOT), times)


class Cleaner:
    """Works off lines with an age."""

    def __init__(self, plan: Plan, applier: Applier, now_usec: int) -> None:
        self.plan = plan
        self.applier = applier
        self.now_usec = now_usec
        self.statx = load_statx()
        self._sockets: Optional[FrozenSet[str]] = None
        self.failed = False

    def clean(self, item: Item) -> None:
        if item.age_usec is None or item.kind not in AGED or item.age_usec > self.now_usec:
            return
        paths = self.applier.found(item) if item.kind in "exX" else [item.path]
        for path in paths:
            self._clean_path(item, path)

    def _clean_path(self, item: Item, path: str) -> None:
        try:
            node = self.applier.walker.node(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            if not stat.S_ISDIR(node.st.st_mode):
                return
            fd = open_folder(".", node.fd)
        finally:
            os.close(node.fd)
        try:
            sweep = _Sweep(self, item)
            sweep.folder(fd, "" if path == "/" else path, item.keep_first_level, DEPTH_MAX)
        finally:
            os.close(fd)

    def is_named(self, path: str) -> bool:
        """Another line is about it: that one decides."""
        return path in self.plan.plain or any(
            patterns.matches(one, path) for pattern in self.plan.globs for one in patterns.braces(pattern))

    def is_live_socket(self, path: str) -> bool:
        if self._sockets is None:
            self._sockets = _live_sockets()
        return self.applier.walker.root.rstrip("/") + path in self._sockets


def _live_sockets() -> FrozenSet[str]:
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as stream:
        next(stream)
        lines = (line.rstrip("\n").split(None, 7) for line in stream)
        return frozenset(line[7] for line in lines if len(line) == 8 and line[7].startswith("/"))


class _Sweep:
    """One line over one folder."""

    def __init__(self, cleaner: Cleaner, item: Item) -> None:
        assert item.age_usec is not None
        self.cleaner = cleaner
        self.applier = cleaner.applier
        self.cutoff_ns = (cleaner.now_usec - item.age_usec) * 1000
        letters = item.age_by
        self.by_file = frozenset(letter for letter in letters if letter.islower()) or AGE_BY_FILE
        self.by_folder = frozenset(letter.lower() for letter in letters if letter.isupper()) or AGE_BY_FOLDER
        self.where = item.where

    def folder(self, fd: int, path: str, keep: bool, depth: int) -> None:
        """Clean what is in an open folder.   keep: only below its subfolders."""
        top = self.cleaner.statx(fd, "")
        removed = False
        for name in os.listdir(fd):
            try:
                facts = self.cleaner.statx(fd, name)
                if facts.device != top.device or facts.is_mount or self.cleaner.is_named(f"{path}/{name}"):
                    continue
                if stat.S_ISDIR(facts.mode):
                    removed |= self._subfolder(fd, name, f"{path}/{name}", facts, top.is_mount, keep, depth)
                else:
                    removed |= self._file(fd, name, f"{path}/{name}", facts, top.is_mount, keep)
            except FileNotFoundError:
                continue
            except OSError as error:
                self.cleaner.failed = True
                self.applier.say(f"{self.where}: cannot clean {path}/{name}: {why(error)}")
        if removed and "a" in top.times and "m" in top.times:
            # Our own removing must not make the folder look used.
            os.utime(fd, ns=(top.times["a"], top.times["m"]))

    def _subfolder(self, fd: int, name: str, path: str, facts: Facts, on_mount: bool, keep: bool, depth: int) -> bool:
        if on_mount and name == "lost+found" and facts.uid == 0:
            return False
        if depth == 0:
            self.applier.say(f"Reached max depth on '{path}'.")
        else:
            below = open_folder(name, fd)
            try:
                try:
                    fcntl.flock(below, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                self.folder(below, path, False, depth - 1)
            finally:
                os.close(below)
        if keep or not self._is_old(facts, self.by_folder):
            return False
        if self.applier.dry:
            self.applier.say(f'Would remove directory "{path}"')
            return False
        try:
            os.rmdir(name, dir_fd=fd)
        except OSError as error:
            if error.errno == errno.ENOTEMPTY:      # something in it is to stay
                return False
            raise
        return True

    def _file(self, fd: int, name: str, path: str, facts: Facts, on_mount: bool, keep: bool) -> bool:
        if facts.mode & stat.S_ISVTX or (on_mount and name in KEPT_ON_MOUNTS and facts.uid == 0):
            return False
        if stat.S_ISCHR(facts.mode) or stat.S_ISBLK(facts.mode):
            return False
        if stat.S_ISSOCK(facts.mode) and self.cleaner.is_live_socket(path):
            return False
        if keep or not self._is_old(facts, self.by_file):
            return False
        if self.applier.dry:
            self.applier.say(f'Would remove "{path}"')
            return False
        os.unlink(name, dir_fd=fd)
        return True

    def _is_old(self, facts: Facts, letters: FrozenSet[str]) -> bool:
        return all(facts.times[letter] < self.cutoff_ns for letter in letters if letter in facts.times)
