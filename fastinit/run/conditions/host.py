"""Conditions on the machine, its kernel, its operating system and how it was started.

Source: systemd.unit(5).
"""

from __future__ import annotations

import fnmatch
import os
import re
from typing import Callable, Dict

from fastinit.run import virt
from fastinit.run.conditions.facts import SYSTEMD_VERSION, Facts
from fastinit.run.versions import holds, split_operator
from fastinit.units.specifiers import parse_env_file
from fastinit.units.syntax import split_words
from fastinit.units.values import parse_boolean

_MACHINES: Dict[str, str] = {
    "x86_64": "x86-64", "i686": "x86", "i586": "x86", "i486": "x86", "i386": "x86", "aarch64": "arm64", "aarch64_be": "arm64-be",
    "armv8b": "arm-be", "armv8l": "arm", "armv7b": "arm-be", "armv7l": "arm", "armv7ml": "arm", "armv6l": "arm",
    "armv5tel": "arm", "armv5tejl": "arm", "ppc64le": "ppc64-le", "ppcle": "ppc-le", "loongarch64": "loongarch64",
}


def architecture(parameter: str, facts: Facts) -> bool:
    machine = facts.machine()
    name = _MACHINES.get(machine, machine)
    return parameter in (name, "native")


def virtualization(parameter: str, facts: Facts) -> bool:
    if parameter == "private-users":
        return virt.in_user_namespace(facts.read)
    found = facts.virtualization()
    if parameter == "vm":
        return found.container == virt.NONE and found.machine != virt.NONE
    if parameter == "container":
        return found.container != virt.NONE
    try:
        return parse_boolean(parameter) == (found.innermost != virt.NONE)
    except ValueError:
        return found.innermost != virt.NONE and parameter == found.innermost


def host(parameter: str, facts: Facts) -> bool:
    bare = parameter.replace("-", "").lower()
    if re.match(r"[0-9a-f]{32}\Z", bare):
        return facts.machine_id() == bare
    return fnmatch.fnmatchcase(facts.hostname().lower(), parameter.lower())


def command_line(parameter: str, facts: Facts) -> bool:
    exact = "=" in parameter
    return any(word == parameter or (not exact and word.partition("=")[0] == parameter) for word in facts.command_line())


def _expressions(parameter: str, actual: str) -> bool:
    """Every expression of the list holds; an operator may stand apart from its version."""
    words = split_words(parameter, unescape=None)
    at = 0
    while at < len(words):
        operator, wanted = split_operator(words[at].strip())
        at += 1
        if operator and not wanted:
            if at == len(words):
                raise ValueError(f"nothing follows the operator {operator}")
            wanted = words[at]
            at += 1
        if not holds(actual, operator or "$=", wanted):
            return False
    return True


def kernel_version(parameter: str, facts: Facts) -> bool:
    return _expressions(parameter, facts.kernel())


_COMPONENTS: Dict[str, Callable[[Facts], str]] = {
    "kernel": Facts.kernel, "systemd": lambda facts: SYSTEMD_VERSION, "glibc": Facts.glibc,
}


def version(parameter: str, facts: Facts) -> bool:
    """ "systemd >=257", "glibc $=2.*"; without a component it is the kernel's."""
    first, _, rest = parameter.strip().partition(" ")
    find = _COMPONENTS.get(first)
    return _expressions(rest, find(facts)) if find else kernel_version(parameter, facts)


_FIELD = re.compile(r"([A-Z0-9a-z_]+)\s*(!\$=|\$=|!=|<=|>=|<>|==|=|<|>)\s*(.+)\Z", re.DOTALL)


def os_release(parameter: str, facts: Facts) -> bool:
    known = facts.os_release()
    for word in split_words(parameter, unescape=None):
        match = _FIELD.match(word)
        if match is None:
            raise ValueError(f"not a key, an operator and a value: {word}")
        name, operator, wanted = match.groups()
        if not holds(known.get(name, ""), operator, wanted):
            return False
    return True


_CALL = re.compile(r"([a-z-]+)\((.*)\)\Z", re.DOTALL)


def firmware(parameter: str, facts: Facts) -> bool:
    if parameter == "uefi":
        return facts.stat("/sys/firmware/efi") is not None
    if parameter == "device-tree":
        return facts.stat("/sys/firmware/devicetree") is not None
    match = _CALL.match(parameter)
    if match is None:
        return False
    function, argument = match.groups()
    if function == "device-tree-compatible":
        return argument in (facts.read("/proc/device-tree/compatible") or "").split("\0")
    return function == "smbios-field" and _smbios(argument, facts)


def _smbios(argument: str, facts: Facts) -> bool:
    match = _FIELD.match(argument.strip())
    if match is None:
        raise ValueError(f"not a field, an operator and a value: {argument}")
    name, operator, wanted = match.groups()
    actual = facts.read(f"/sys/class/dmi/id/{name}")
    return actual is not None and holds(actual.rstrip("\n"), operator, "".join(split_words(wanted, unescape=None)))


def cpu_feature(parameter: str, facts: Facts) -> bool:
    for line in (facts.read("/proc/cpuinfo") or "").splitlines():
        if line.startswith("flags"):
            flags = line.partition(":")[2].split()
            return _CPU_FLAGS.get(parameter, parameter) in flags
    return False                            # not an x86 CPU


# Names of systemd's that the kernel spells otherwise; "osxsave" is there as soon as the kernel uses xsave.
_CPU_FLAGS = {"fma3": "fma", "osxsave": "xsave"}

NANOSECONDS = 1_000_000_000


def needs_update(path: str, facts: Facts) -> bool:
    """The vendor's /usr is newer than what /etc or /var was last brought up to."""
    forced = facts.command_line_boolean("systemd.condition-needs-update")
    if forced is not None:
        return forced
    directory = path.rstrip("/") or "/"
    try:
        if os.statvfs(facts.path(directory)).f_flag & os.ST_RDONLY:
            return False
    except OSError:
        pass                                # not there: it needs one
    vendor, stamp = facts.stat("/usr"), facts.stat(directory + "/.updated", follow=False)
    if stamp is None or vendor is None:
        return stamp is None
    if vendor.st_mtime_ns // NANOSECONDS != stamp.st_mtime_ns // NANOSECONDS or not vendor.st_mtime_ns % NANOSECONDS \
            or stamp.st_mtime_ns % NANOSECONDS:
        return vendor.st_mtime_ns > stamp.st_mtime_ns
    # The file system of the stamp keeps whole seconds only: the rest stands in it.
    written = parse_env_file(facts.read(directory + "/.updated") or "").get("TIMESTAMP_NSEC", "")
    return not written.isdecimal() or vendor.st_mtime_ns > int(written)


def first_boot(parameter: str, facts: Facts) -> bool:
    forced = facts.command_line_boolean("systemd.condition-first-boot")
    is_first = facts.stat("/run/systemd/first-boot") is not None if forced is None else forced
    return is_first == parse_boolean(parameter)


def ac_power(parameter: str, facts: Facts) -> bool:
    return _on_ac_power(facts) == parse_boolean(parameter)


def _on_ac_power(facts: Facts) -> bool:
    """Some mains is connected, or none is known and no battery is being emptied."""
    folder = "/sys/class/power_supply"
    try:
        supplies = sorted(os.listdir(facts.path(folder)))
    except OSError:
        return True
    mains, discharging = [], False
    for name in supplies:
        kind = (facts.read(f"{folder}/{name}/type") or "").strip()
        if kind == "Mains" or kind.startswith("USB"):
            mains.append((facts.read(f"{folder}/{name}/online") or "").strip() == "1")
        elif kind == "Battery" and (facts.read(f"{folder}/{name}/scope") or "").strip() != "Device":
            discharging = discharging or (facts.read(f"{folder}/{name}/status") or "").strip() == "Discharging"
    return any(mains) if mains else not discharging


def kernel_module(parameter: str, facts: Facts) -> bool:
    folder = f"/sys/module/{parameter.replace('-', '_')}"
    if not re.match(r"[A-Za-z0-9_-]+\Z", parameter) or facts.stat(folder) is None:
        return False
    state = facts.read(folder + "/initstate")
    return state is None or state.strip() == "live"     # a built-in one has no state
