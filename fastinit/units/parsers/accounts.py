"""Parsers of users, groups, capabilities and secure bits.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.exec(5), "USER/GROUP IDENTITY", "CAPABILITIES"; capabilities(7).
"""

from __future__ import annotations

import functools
import re

from fastinit.units.build import BadSetting, Build, Parser, Values, add
from fastinit.units.syntax import split_words

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}\$?\Z")


@functools.lru_cache(maxsize=1024)
def is_user(name: str) -> bool:
    """A name that a user or group may have, or its number (systemd.exec(5), "User="; the relaxed form)."""
    if name.isdecimal():
        return len(name) <= 10 and int(name) < (1 << 32) - 1 and int(name) != 65535
    return _USER.match(name) is not None and name not in (".", "..")


def user(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    name = build.expand(text)
    if not is_user(name):
        raise BadSetting(f"Invalid user/group name or numeric ID: {name}")
    values[field] = name


def users(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    found = [build.expand(word) for word in split_words(text)]
    for name in found:
        if not is_user(name):
            raise BadSetting(f"Invalid user/group name or numeric ID: {name}")
    add(values, field).extend(found)


SECURE_BITS = {
    "keep-caps": 1 << 4, "keep-caps-locked": 1 << 5, "no-setuid-fixup": 1 << 2, "no-setuid-fixup-locked": 1 << 3,
    "noroot": 1 << 0, "noroot-locked": 1 << 1,
}
_CAPABILITY_NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
    "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
    "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
    "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)
CAPABILITIES = {name: number for number, name in enumerate(_CAPABILITY_NAMES)}      # capabilities(7)
CAP_ALL = (1 << len(CAPABILITIES)) - 1


def secure_bits(build: Build, values: Values, field: str, text: str) -> None:
    bits: int = values.get(field, 0) if text else 0
    for word in split_words(text):
        if word not in SECURE_BITS:
            raise ValueError(f"unknown secure bit {word}")
        bits |= SECURE_BITS[word]
    values[field] = bits


def capabilities(initial: int) -> Parser:
    """A set of capabilities, "~" for all but these; several lines add up, the inverted ones take away."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        invert = text[:1] == "~"
        named = 0
        for word in split_words(text[1:] if invert else text):
            known = CAPABILITIES.get(word.lower()[4:]) if word.lower().startswith("cap_") else None
            if known is None:
                build.warn(f"Failed to parse capability in {field}, ignoring: {word}")
                continue
            named |= 1 << known
        before = values.get(field)
        if not text or before is None or before in (0, initial):
            values[field] = CAP_ALL & ~named if invert else named
        else:
            values[field] = before & ~named if invert else before | named
    return parse


def checked_user(build: Build, values: Values, field: str, text: str) -> None:
    if text and not is_user(build.expand(text)):
        raise BadSetting(f"Invalid user/group name or numeric ID: {text}")
