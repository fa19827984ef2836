"""ConditionSecurity= and ConditionCapability=.

Source: systemd.unit(5).
"""

from __future__ import annotations

import socket
import struct
from typing import Callable, Dict

from fastinit.run.conditions.facts import Facts
from fastinit.run.conditions.files import not_empty
from fastinit.units.parsers.accounts import CAPABILITIES

_EFI = "/sys/firmware/efi/efivars/"
_NETLINK_AUDIT, _AUDIT_GET, _NLM_F_REQUEST = 9, 1000, 1


def _efi_flag(facts: Facts, name: str) -> bool:
    try:
        with open(facts.path(_EFI + name), "rb") as stream:
            return stream.read(5)[4:] == b"\1"
    except OSError:
        return False


def _has_audit(facts: Facts) -> bool:
    """The kernel's audit system answers only in the first user namespace."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_AUDIT) as audit:
            audit.sendto(struct.pack("=IHHII", 16, _AUDIT_GET, _NLM_F_REQUEST, 1, 0), (0, 0))
    except OSError:
        return False
    return True


_SECURITY: Dict[str, Callable[[Facts], bool]] = {
    "selinux": lambda facts: facts.stat("/sys/fs/selinux/enforce") is not None,
    "apparmor": lambda facts: (facts.read("/sys/module/apparmor/parameters/enabled") or "").startswith("Y"),
    "tomoyo": lambda facts: facts.stat("/sys/kernel/security/tomoyo/version") is not None,
    "smack": lambda facts: facts.stat("/sys/fs/smackfs") is not None,
    "ima": lambda facts: facts.stat("/sys/kernel/security/ima/") is not None,
    "audit": _has_audit,
    "uefi-secureboot": lambda facts: _efi_flag(facts, "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"),
    "tpm2": not_empty("/sys/class/tpmrm"),
    "cvm": lambda facts: any(facts.stat(path) is not None for path in (
        "/sys/kernel/config/tsm/report", "/sys/devices/virtual/misc/sev-guest", "/sys/devices/virtual/misc/tdx_guest")),
    "measured-uki": lambda facts: facts.stat(_EFI + "StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f") is not None,
}


def security(parameter: str, facts: Facts) -> bool:
    find = _SECURITY.get(parameter)
    return find is not None and find(facts)


def capability(parameter: str, facts: Facts) -> bool:
    name = parameter.lower()
    number = CAPABILITIES.get(name[4:]) if name.startswith("cap_") else None
    if number is None:
        raise ValueError(f"{parameter} is not a capability")
    return bool(facts.bounding_set() >> number & 1)
