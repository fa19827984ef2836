"""Condition*= and Assert*=: may this unit start here and now?

In:  a Unit and Facts about the system.   Out: ConditionsChecked.
A condition whose question has no answer here (a file that cannot be read, a value that means nothing) does not hold, "!" or
not. Never: changes anything, starts a process, keeps a fact from one check to the next (but for what cannot change).
Source: systemd.unit(5), "CONDITIONS AND ASSERTS" of v257.
"""

from __future__ import annotations

import errno
import fnmatch
import glob
import grp
import os
import pwd
import re
import socket
import stat
import struct
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from fastinit.plan.events import ConditionsChecked
from fastinit.run import virt
from fastinit.run.versions import holds, number_test, split_operator
from fastinit.units.model import Condition, Unit
from fastinit.units.parsers import CAPABILITIES
from fastinit.units.specifiers import parse_env_file
from fastinit.units.syntax import QuotingError, split_words
from fastinit.units.values import parse_boolean, parse_int, parse_permyriad, parse_size

SYSTEM_UID_MAX = 999
SYSTEMD_VERSION = "257"
READ_MAX = 1 << 20
HELD, FAILED, UNTRIED = 1, -1, 0


class Facts:
    """What conditions ask for, looked up when one asks.

    root:    before every path: the tests' own /proc, /sys, /etc.
    environ: the manager's environment, a mapping or a function that returns it.
    facts:   any other name of a method below with the value that it shall return (uid=1000, hostname="a" …).
    """

    def __init__(self, root: str = "", environ: "Mapping[str, str] | Callable[[], Mapping[str, str]] | None" = None,
                 **facts: object) -> None:
        self.root = root
        self._environ = os.environ if environ is None else environ
        self._facts = facts
        self._virtualization: Optional[virt.Virtualization] = None

    def _fact(self, name: str, find: Callable[[], object]) -> object:
        return self._facts[name] if name in self._facts else find()

    # files

    def path(self, path: str) -> str:
        return self.root + path

    def read(self, path: str) -> Optional[str]:
        """The text of a small file, None when there is none to be read."""
        try:
            with open(self.root + path, "rb") as stream:
                return stream.read(READ_MAX).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def link(self, path: str) -> Optional[str]:
        return virt.read_link(self.root + path)

    def stat(self, path: str, follow: bool = True) -> Optional[os.stat_result]:
        try:
            return os.stat(self.root + path, follow_symlinks=follow)
        except (OSError, ValueError):
            return None

    # the system

    def environ(self) -> Mapping[str, str]:
        return self._environ() if callable(self._environ) else self._environ

    def uname(self) -> "os.uname_result":
        return os.uname()

    def machine(self) -> str:
        return str(self._fact("machine", lambda: self.uname().machine))

    def kernel(self) -> str:
        return str(self._fact("kernel", lambda: self.uname().release))

    def hostname(self) -> str:
        return str(self._fact("hostname", lambda: self.uname().nodename))

    def glibc(self) -> str:
        return str(self._fact("glibc", lambda: (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")[2]))

    def machine_id(self) -> str:
        return (self.read("/etc/machine-id") or "").strip()

    def virtualization(self) -> virt.Virtualization:
        if self._virtualization is None:
            self._virtualization = virt.detect(self.read, self.link)
        return self._virtualization

    def command_line(self) -> List[str]:
        """The kernel's; in a container that of PID 1, for the kernel's is the host's."""
        if self.virtualization().container != virt.NONE:
            return [word for word in (self.read("/proc/1/cmdline") or "").split("\0") if word]
        try:
            return split_words(self.read("/proc/cmdline") or "", relax=True, unescape=None)
        except QuotingError:
            return []

    def command_line_boolean(self, key: str) -> Optional[bool]:
        """The last "key" or "key=value" of the command line."""
        found: Optional[bool] = None
        for word in self.command_line():
            name, equals, value = word.partition("=")
            if name.replace("_", "-") == key:
                try:
                    found = parse_boolean(value) if equals else True
                except ValueError:
                    continue
        return found

    def os_release(self) -> Mapping[str, str]:
        text = self.read("/etc/os-release")
        return parse_env_file(text if text is not None else self.read("/usr/lib/os-release") or "")

    def cpus(self) -> int:
        return int(str(self._fact("cpus", lambda: len(os.sched_getaffinity(0)))))

    def memory(self) -> int:
        """Bytes of this machine, or what the control group leaves of them."""
        sizes = [_meminfo(self.read("/proc/meminfo") or "")]
        for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
            text = (self.read(path) or "").strip()
            if text.isdecimal():
                sizes.append(int(text))
        return min(size for size in sizes if size) if any(sizes) else 0

    # the manager itself

    def uids(self) -> Tuple[int, int]:
        found = self._fact("uid", lambda: None)
        return (os.getuid(), os.geteuid()) if found is None else (int(str(found)), int(str(found)))

    def gids(self) -> Sequence[int]:
        found = self._fact("gids", lambda: [os.getgid(), os.getegid(), *os.getgroups()])
        assert isinstance(found, (list, tuple))
        return found

    def bounding_set(self) -> int:
        for line in (self.read("/proc/self/status") or "").splitlines():
            if line.startswith("CapBnd:"):
                return int(line.split()[1], 16)
        return 0


def _meminfo(text: str) -> int:
    match = re.match(r"MemTotal:\s*([0-9]+) kB", text)
    return int(match.group(1)) * 1024 if match else 0


Test = Callable[[str, Facts], bool]
"""(parameter, facts) -> whether it holds. ValueError or OSError: it cannot be said."""

# --- what kind of system -------------------------------------------------------------------------------------------

_MACHINES: Dict[str, str] = {
    "x86_64": "x86-64", "i686": "x86", "i586": "x86", "i486": "x86", "i386": "x86", "aarch64": "arm64", "aarch64_be": "arm64-be",
    "armv8b": "arm-be", "armv8l": "arm", "armv7b": "arm-be", "armv7l": "arm", "armv7ml": "arm", "armv6l": "arm",
    "armv5tel": "arm", "armv5tejl": "arm", "ppc64le": "ppc64-le", "ppcle": "ppc-le", "loongarch64": "loongarch64",
}


def _architecture(parameter: str, facts: Facts) -> bool:
    machine = facts.machine()
    name = _MACHINES.get(machine, machine)
    return parameter in (name, "native")


def _virtualization(parameter: str, facts: Facts) -> bool:
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


def _host(parameter: str, facts: Facts) -> bool:
    bare = parameter.replace("-", "").lower()
    if re.match(r"[0-9a-f]{32}\Z", bare):
        return facts.machine_id() == bare
    return fnmatch.fnmatchcase(facts.hostname().lower(), parameter.lower())


def _command_line(parameter: str, facts: Facts) -> bool:
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


def _kernel_version(parameter: str, facts: Facts) -> bool:
    return _expressions(parameter, facts.kernel())


_COMPONENTS: Dict[str, Callable[[Facts], str]] = {
    "kernel": Facts.kernel, "systemd": lambda facts: SYSTEMD_VERSION, "glibc": Facts.glibc,
}


def _version(parameter: str, facts: Facts) -> bool:
    """ "systemd >=257", "glibc $=2.*"; without a component it is the kernel's."""
    first, _, rest = parameter.strip().partition(" ")
    find = _COMPONENTS.get(first)
    return _expressions(rest, find(facts)) if find else _kernel_version(parameter, facts)


_FIELD = re.compile(r"([A-Z0-9a-z_]+)\s*(!\$=|\$=|!=|<=|>=|<>|==|=|<|>)\s*(.+)\Z", re.DOTALL)


def _os_release(parameter: str, facts: Facts) -> bool:
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


def _firmware(parameter: str, facts: Facts) -> bool:
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


def _cpu_feature(parameter: str, facts: Facts) -> bool:
    for line in (facts.read("/proc/cpuinfo") or "").splitlines():
        if line.startswith("flags"):
            flags = line.partition(":")[2].split()
            return _CPU_FLAGS.get(parameter, parameter) in flags
    return False                            # not an x86 CPU


# Names of systemd's that the kernel spells otherwise; "osxsave" is there as soon as the kernel uses xsave.
_CPU_FLAGS = {"fma3": "fma", "osxsave": "xsave"}


# --- sizes and loads -----------------------------------------------------------------------------------------------


def _memory(parameter: str, facts: Facts) -> bool:
    test, rest = number_test(parameter)
    return test(facts.memory(), parse_size(rest))


def _cpus(parameter: str, facts: Facts) -> bool:
    test, rest = number_test(parameter)
    return test(facts.cpus(), parse_int(rest, 0))


_AVERAGES = {"10sec": "avg10", "1min": "avg60", "5min": "avg300"}


def _pressure(resource: str) -> Test:
    """The share of time that was lost is at most this; what the kernel does not measure is no pressure."""
    def test(parameter: str, facts: Facts) -> bool:
        slice_name, colon, rest = parameter.rpartition(":")
        path = f"/proc/pressure/{resource}"
        if colon:
            path = f"/sys/fs/cgroup/{_slice_path(slice_name.strip())}/{resource}.pressure"
        threshold, _, span = rest.partition("/")
        limit = parse_permyriad(threshold.strip())
        average = _AVERAGES.get(span.strip() or "5min")
        if average is None:
            raise ValueError("the time span of a pressure is 10sec, 1min or 5min")
        text = facts.read(path)
        return text is None or _permyriad_of(text, "some" if resource == "cpu" else "full", average) <= limit
    return test


def _slice_path(name: str) -> str:
    """ "a-b.slice" is a.slice/a-b.slice; Raises ValueError."""
    if not name.endswith(".slice") or "/" in name or name.startswith("."):
        raise ValueError(f"{name} is not a slice")
    parts = name[:-len(".slice")].split("-")
    return "/".join("-".join(parts[:count]) + ".slice" for count in range(1, len(parts) + 1))


def _permyriad_of(text: str, who: str, average: str) -> float:
    """ "full": all tasks waited, "some": at least one did; a whole system never waits for all of its CPUs."""
    lines = {line.split(" ", 1)[0]: line for line in text.splitlines() if line}
    for word in (lines.get(who) or lines.get("some") or "").split():
        name, _, value = word.partition("=")
        if name == average:
            return float(value) * 100
    raise ValueError("the kernel's pressure file has another form")


# --- paths ---------------------------------------------------------------------------------------------------------


def _exists(path: str, facts: Facts) -> bool:
    return facts.stat(path) is not None


def _exists_glob(pattern: str, facts: Facts) -> bool:
    found = glob.iglob(glob.escape(facts.root) + pattern.replace("[^", "[!"))
    return next(iter(found), None) is not None


def _mode_test(test: Callable[[os.stat_result], bool], follow: bool = True) -> Test:
    def check(path: str, facts: Facts) -> bool:
        about = facts.stat(path, follow)
        return about is not None and test(about)
    return check


def _is_executable(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and bool(about.st_mode & 0o111)


def _is_mount_point(path: str, facts: Facts) -> bool:
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


def _is_read_write(path: str, facts: Facts) -> bool:
    try:
        return not os.statvfs(facts.path(path)).f_flag & os.ST_RDONLY
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise


def _is_encrypted(path: str, facts: Facts) -> bool:
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


def _directory_not_empty(path: str, facts: Facts) -> bool:
    try:
        with os.scandir(facts.path(path)) as entries:
            return any(not _is_ignored(entry.name) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False


# --- the state of the system ---------------------------------------------------------------------------------------

NANOSECONDS = 1_000_000_000


def _needs_update(path: str, facts: Facts) -> bool:
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


def _first_boot(parameter: str, facts: Facts) -> bool:
    forced = facts.command_line_boolean("systemd.condition-first-boot")
    is_first = facts.stat("/run/systemd/first-boot") is not None if forced is None else forced
    return is_first == parse_boolean(parameter)


def _ac_power(parameter: str, facts: Facts) -> bool:
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


def _kernel_module(parameter: str, facts: Facts) -> bool:
    folder = f"/sys/module/{parameter.replace('-', '_')}"
    if not re.match(r"[A-Za-z0-9_-]+\Z", parameter) or facts.stat(folder) is None:
        return False
    state = facts.read(folder + "/initstate")
    return state is None or state.strip() == "live"     # a built-in one has no state


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


def _not_empty(path: str) -> Callable[[Facts], bool]:
    def find(facts: Facts) -> bool:
        try:
            return bool(os.listdir(facts.path(path)))
        except OSError:
            return False
    return find


_SECURITY: Dict[str, Callable[[Facts], bool]] = {
    "selinux": lambda facts: facts.stat("/sys/fs/selinux/enforce") is not None,
    "apparmor": lambda facts: (facts.read("/sys/module/apparmor/parameters/enabled") or "").startswith("Y"),
    "tomoyo": lambda facts: facts.stat("/sys/kernel/security/tomoyo/version") is not None,
    "smack": lambda facts: facts.stat("/sys/fs/smackfs") is not None,
    "ima": lambda facts: facts.stat("/sys/kernel/security/ima/") is not None,
    "audit": _has_audit,
    "uefi-secureboot": lambda facts: _efi_flag(facts, "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"),
    "tpm2": _not_empty("/sys/class/tpmrm"),
    "cvm": lambda facts: any(facts.stat(path) is not None for path in (
        "/sys/kernel/config/tsm/report", "/sys/devices/virtual/misc/sev-guest", "/sys/devices/virtual/misc/tdx_guest")),
    "measured-uki": lambda facts: facts.stat(_EFI + "StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f") is not None,
}


def _security(parameter: str, facts: Facts) -> bool:
    find = _SECURITY.get(parameter)
    return find is not None and find(facts)


def _capability(parameter: str, facts: Facts) -> bool:
    name = parameter.lower()
    number = CAPABILITIES.get(name[4:]) if name.startswith("cap_") else None
    if number is None:
        raise ValueError(f"{parameter} is not a capability")
    return bool(facts.bounding_set() >> number & 1)


def _environment(parameter: str, facts: Facts) -> bool:
    name, equals, value = parameter.partition("=")
    known = facts.environ().get(name)
    return known is not None and (not equals or known == value)


def _credential(parameter: str, facts: Facts) -> bool:
    if not parameter or "/" in parameter or parameter in (".", ".."):
        raise ValueError("not a credential's name")
    folders = [facts.environ().get(name, "") for name in ("CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY")]
    return any(facts.stat(f"{folder}/{parameter}") is not None for folder in folders if folder.startswith("/"))


def _user(parameter: str, facts: Facts) -> bool:
    uids = facts.uids()
    if parameter.isdecimal():
        return int(parameter) in uids
    if parameter == "@system":
        return all(uid <= SYSTEM_UID_MAX for uid in uids)
    if parameter == "root":
        return 0 in uids
    try:
        return pwd.getpwnam(parameter).pw_uid in uids
    except KeyError:
        return False


def _group(parameter: str, facts: Facts) -> bool:
    if parameter.isdecimal():
        return int(parameter) in facts.gids()
    if parameter == "root":
        return 0 in facts.gids()
    try:
        return grp.getgrnam(parameter).gr_gid in facts.gids()
    except KeyError:
        return False


_CONTROLLERS = frozenset(("cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids"))
_ALWAYS = frozenset(("cpuacct", "devices"))     # the first is part of cpu, the second is done by eBPF: no controller of v2


def _controllers(parameter: str, facts: Facts) -> bool:
    unified = facts.read("/sys/fs/cgroup/cgroup.controllers")
    if parameter in ("v1", "v2"):
        return (unified is not None) == (parameter == "v2")
    wanted = _CONTROLLERS.intersection(parameter.split())
    if not wanted:
        return True
    if unified is not None:
        known = set(unified.split()) | _ALWAYS
    else:
        rows = [line.split() for line in (facts.read("/proc/cgroups") or "").splitlines() if not line.startswith("#")]
        known = {row[0] for row in rows if len(row) == 4 and row[3] == "1"}
    return wanted <= known


# Name without Condition or Assert -> test.
TESTS: Dict[str, Test] = {
    "Architecture":           _architecture,
    "Firmware":               _firmware,
    "Virtualization":         _virtualization,
    "Host":                   _host,
    "KernelCommandLine":      _command_line,
    "KernelVersion":          _kernel_version,
    "Version":                _version,
    "KernelModuleLoaded":     _kernel_module,
    "Credential":             _credential,
    "Environment":            _environment,
    "Security":               _security,
    "Capability":             _capability,
    "ACPower":                _ac_power,
    "NeedsUpdate":            _needs_update,
    "FirstBoot":              _first_boot,
    "PathExists":             _exists,
    "PathExistsGlob":         _exists_glob,
    "PathIsDirectory":        _mode_test(lambda about: stat.S_ISDIR(about.st_mode)),
    "PathIsSymbolicLink":     _mode_test(lambda about: stat.S_ISLNK(about.st_mode), follow=False),
    "PathIsMountPoint":       _is_mount_point,
    "PathIsReadWrite":        _is_read_write,
    "PathIsEncrypted":        _is_encrypted,
    "PathIsSocket":           _mode_test(lambda about: stat.S_ISSOCK(about.st_mode)),
    "DirectoryNotEmpty":      _directory_not_empty,
    "FileNotEmpty":           _mode_test(lambda about: stat.S_ISREG(about.st_mode) and about.st_size > 0),
    "FileIsExecutable":       _mode_test(_is_executable),
    "User":                   _user,
    "Group":                  _group,
    "ControlGroupController": _controllers,
    "Memory":                 _memory,
    "CPUs":                   _cpus,
    "CPUFeature":             _cpu_feature,
    "OSRelease":              _os_release,
    "MemoryPressure":         _pressure("memory"),
    "CPUPressure":            _pressure("cpu"),
    "IOPressure":             _pressure("io"),
}


# --- all of a unit -------------------------------------------------------------------------------------------------


def test(condition: Condition, facts: Facts) -> int:
    """HELD or FAILED."""
    try:
        holds_now = TESTS[condition.name](condition.parameter, facts)
    except (OSError, ValueError):
        return FAILED
    return HELD if holds_now != condition.negate else FAILED


def text_of(condition: Condition, prefix: str) -> str:
    """As the unit file has it: "ConditionPathExists=!/foo"."""
    return f"{prefix}{condition.name}={'|' if condition.trigger else ''}{'!' if condition.negate else ''}{condition.parameter}"


def check_list(conditions: Sequence[Condition], facts: Facts) -> Tuple[bool, List[int], Optional[Condition]]:
    """(all hold, a result for each, the one that failed).

    The plain ones must all hold, of those with "|" one. A plain one that fails ends it; None failed: no trigger held.
    """
    results = [UNTRIED] * len(conditions)
    triggered: Optional[bool] = None
    for index, condition in enumerate(conditions):
        results[index] = test(condition, facts)
        if condition.trigger:
            triggered = triggered or results[index] == HELD
        elif results[index] != HELD:
            return False, results, condition
    return triggered is not False, results, None


def check(unit: Unit, facts: Facts) -> ConditionsChecked:
    """Asserts are not tried when a condition has failed, as the unit is then not started anyway."""
    conditions_ok, results, failed = check_list(unit.conditions, facts)
    if not conditions_ok:
        results += [UNTRIED] * len(unit.asserts)
        return ConditionsChecked(unit.name, False, True, text_of(failed, "Condition") if failed else "", tuple(results))
    asserts_ok, more, failed = check_list(unit.asserts, facts)
    told = text_of(failed, "Assert") if failed else "" if asserts_ok else "no trigger assertion was met"
    return ConditionsChecked(unit.name, True, asserts_ok, told, tuple(results + more))


__all__ = ["TESTS", "Facts", "check", "check_list", "test", "text_of"]
