"""Conditions on files and directories.

Source: systemd.unit(5).
"""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from typing import Callable

from fastinit.run.conditions.facts import Facts, Test


def exists(path: str, facts: Facts) -> bool:
    return facts.stat(path) is not None


def exists_glob(pattern: str, facts: Facts) -> bool:
    found = glob.iglob(glob.escape(facts.root) + pattern.replace("[^", "[!"))
    return next(iter(found), None) is not None


def mode_test(test: Callable[[os.stat_result], bool], follow: bool = True) -> Test:
    def check(path: str, facts: Facts) -> bool:
        about = facts.stat(path, follow)
        return about is not None and test(about)
    return check


def is_executable(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and bool(about.st_mode & 0o111)


def is_mount_point(path: str, facts: Facts) -> bool:
    if facts.stat(path) is None:
        return False
    real = os.path.realpath(facts.path(path))
    for line in (facts.read("/proc/self/mountinfo") or "").splitlines():
        fields = line.split(" ")
        if len(fields) > 4 and _unoctal(fields[4]) == real:
            return True
    return real == "/"


def _unoctal(text: str) -> str:
    if "\\" not in text:
        return text
    raw = re.sub(rb"\\([0-7]{3})", lambda match: bytes((int(match.group(1), 8) & 255,)), text.encode())
    return raw.decode("utf-8", "replace")


def is_read_write(path: str, facts: Facts) -> bool:
    try:
        return not os.statvfs(facts.path(path)).f_flag & os.ST_RDONLY
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise


def is_encrypted(path: str, facts: Facts) -> bool:
    about = facts.stat(path)
    if about is None:
        return False
    device = about.st_rdev if stat.S_ISBLK(about.st_mode) else about.st_dev
    return _is_device_encrypted(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}", facts, 16)


def _is_device_encrypted(device: str, facts: Facts, depth: int) -> bool:
    """dm-crypt itself, or something that lies on dm-crypt alone."""
    if (facts.read(device + "/dm/uuid") or "").startswith("CRYPT-"):
        return True
    try:
        below = os.listdir(facts.path(device + "/slaves"))
    except OSError:
        return False
    return depth > 0 and bool(below) and all(
        _is_device_encrypted(f"{device}/slaves/{name}", facts, depth - 1) for name in below)


_BACKUP_SUFFIXES = (
    ".rpmnew", ".rpmsave", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-tmp", ".dpkg-dist", ".dpkg-bak", ".dpkg-backup",
    ".dpkg-remove", ".ucf-new", ".ucf-old", ".ucf-dist", ".swp", ".bak", ".old", ".new", "~",
)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in ("lost+found", "aquota.user", "aquota.group") or name.endswith(_BACKUP_SUFFIXES)


def directory_not_empty(path: str, facts: Facts) -> bool:
    try:
        with os.scandir(facts.path(path)) as entries:
            return any(not _is_ignored(entry.name) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False


def not_empty(path: str) -> Callable[[Facts], bool]:
    def find(facts: Facts) -> bool:
        try:
            return bool(os.listdir(facts.path(path)))
        except OSError:
            return False
    return find
