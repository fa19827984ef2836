"""In what are we running: a container, a virtual machine, neither.

In:  a function that reads small files.   Out: systemd's word for it ("docker", "kvm", "none").
Never: needs a privilege, starts a process, executes CPUID: what the kernel says in /proc and /sys has to do.
Source: systemd-detect-virt(1); the container interface of systemd ("container=", /run/systemd/container).
"""

from __future__ import annotations

import os
from typing import Callable, Dict, NamedTuple, Optional, Tuple

Read = Callable[[str], Optional[str]]
"""Path -> text, None when it cannot be read."""

NONE = "none"
CONTAINERS = (
    "systemd-nspawn", "lxc-libvirt", "lxc", "openvz", "docker", "podman", "rkt", "wsl", "proot", "pouch", "container-other",
)
MACHINES = (
    "kvm", "amazon", "qemu", "bochs", "xen", "uml", "vmware", "oracle", "microsoft", "zvm", "parallels", "bhyve", "qnx",
    "acrn", "powervm", "apple", "sre", "google", "vm-other",
)

PID_NAMESPACE_INIT = "pid:[4026531836]"     # 0xEFFFFFFC, fixed since Linux 3.8
# The container manager leaves one of these; docker's is older than the others and may be inherited by an image.
MARKER_FILES = (("/run/.containerenv", "podman"), ("/.dockerenv", "docker"))

_DMI_FILES = ("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version")
# What the fields of the DMI table begin with.
DMI_VENDORS: Tuple[Tuple[str, str], ...] = (
    ("KVM", "kvm"), ("OpenStack", "kvm"), ("KubeVirt", "kvm"), ("Amazon EC2", "amazon"), ("QEMU", "qemu"),
    ("VMware", "vmware"), ("VMW", "vmware"), ("innotek GmbH", "oracle"), ("VirtualBox", "oracle"),
    ("Oracle Corporation", "oracle"), ("Xen", "xen"),
    ("Bochs", "bochs"), ("Parallels", "parallels"), ("BHYVE", "bhyve"), ("Hyper-V", "microsoft"),
    ("Apple Virtualization", "apple"), ("Google Compute Engine", "google"),
)
# A vendor whose hypervisor is another's: its own name is the better answer than that of the CPU.
_DMI_FIRST = frozenset(("oracle", "xen", "amazon", "parallels", "google"))
# The clock that the hypervisor offers tells which one it is, where CPUID would.
_CLOCKS = (("kvm-clock", "kvm"), ("hyperv", "microsoft"), ("xen", "xen"))
_DEVICE_TREE: Dict[str, str] = {"linux,kvm": "kvm", "xen": "xen", "vmware": "vmware"}


class Virtualization(NamedTuple):
    """container, machine: the word, or "none"; both when a container runs in a virtual machine."""

    container: str
    machine: str

    @property
    def innermost(self) -> str:
        return self.machine if self.container == NONE else self.container


def read_file(path: str) -> Optional[str]:
    try:
        with open(path, "rb") as stream:
            return stream.read(65536).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def read_link(path: str) -> Optional[str]:
    try:
        return os.readlink(path)
    except OSError:
        return None


def detect(read: Read = read_file, link: Read = read_link) -> Virtualization:
    return Virtualization(detect_container(read, link), detect_machine(read))


# --- containers ----------------------------------------------------------------------------------------------------


def detect_container(read: Read = read_file, link: Read = read_link) -> str:
    """The container manager; "container-other" for one that has not told its name, "none" outside of any."""
    if read("/proc/vz/version") is not None and read("/proc/bc/resources") is None:
        return "openvz"
    release = read("/proc/sys/kernel/osrelease") or ""
    if "Microsoft" in release or "WSL" in release:
        return "wsl"
    if _is_traced_by_proot(read):
        return "proot"
    for path in ("/run/host/container-manager", "/run/systemd/container"):
        told = (read(path) or "").strip()
        if told:
            return _known(told, read)
    told = _environment_of_init(read).get("container", "")
    if told:
        return _known(told, read)
    marked = _by_marker(read)
    if marked:
        return marked
    namespace = link("/proc/self/ns/pid")
    return "container-other" if namespace is not None and namespace != PID_NAMESPACE_INIT else NONE


def _known(told: str, read: Read) -> str:
    """ "oci" says only how the container is described, not who made it."""
    if told == "oci":
        return _by_marker(read) or "container-other"
    return told if told in CONTAINERS else "container-other"


def _by_marker(read: Read) -> str:
    return next((name for path, name in MARKER_FILES if read(path) is not None), "")


def _is_traced_by_proot(read: Read) -> bool:
    for line in (read("/proc/self/status") or "").splitlines():
        name, _, value = line.partition(":")
        if name == "TracerPid":
            tracer = value.strip()
            return tracer not in ("", "0") and (read(f"/proc/{tracer}/comm") or "").startswith("proot")
    return False


def _environment_of_init(read: Read) -> Dict[str, str]:
    """PID 1's; unreadable for an ordinary user, and for root without CAP_SYS_PTRACE when PID 1 is another's."""
    found: Dict[str, str] = {}
    for entry in (read("/proc/1/environ") or "").split("\0"):
        name, equals, value = entry.partition("=")
        if equals:
            found[name] = value
    return found


# --- virtual machines ----------------------------------------------------------------------------------------------


def detect_machine(read: Read = read_file) -> str:
    """The hypervisor; "vm-other" when the CPU says that there is one and nothing says which."""
    by_dmi = _by_dmi(read)
    if by_dmi in _DMI_FIRST:
        return by_dmi
    cpuinfo = read("/proc/cpuinfo") or ""
    if "User Mode Linux" in cpuinfo:
        return "uml"
    for find in (_by_hypervisor_file, _by_device_tree, _by_sysinfo):
        found = find(read)
        if found:
            return found
    if not _has_hypervisor_flag(cpuinfo):
        return by_dmi or NONE
    clocks = read("/sys/devices/system/clocksource/clocksource0/available_clocksource") or ""
    by_clock = next((name for word, name in _CLOCKS if word in clocks), "")
    return by_clock or by_dmi or "vm-other"


def _by_dmi(read: Read) -> str:
    for name in _DMI_FILES:
        value = read(f"/sys/class/dmi/id/{name}") or ""
        for prefix, vendor in DMI_VENDORS:
            if value.startswith(prefix):
                return vendor
    return ""


def _by_hypervisor_file(read: Read) -> str:
    """Xen; its first domain is the host itself and no machine of anybody's."""
    kind = (read("/sys/hypervisor/type") or "").strip()
    capabilities = read("/proc/xen/capabilities")
    if capabilities is not None and "control_d" in capabilities:
        return ""
    if kind == "xen" or capabilities is not None:
        return "xen"
    return "vm-other" if kind else ""


def _by_device_tree(read: Read) -> str:
    compatible = (read("/proc/device-tree/hypervisor/compatible") or "").strip("\0")
    if compatible:
        return next((name for word, name in _DEVICE_TREE.items() if word in compatible), "vm-other")
    if read("/proc/device-tree/ibm,partition-name") is not None and read("/proc/device-tree/hmc-managed?") is not None:
        return "powervm"
    return "qemu" if "qemu" in (read("/proc/device-tree/fw-cfg/compatible") or "") else ""


def _by_sysinfo(read: Read) -> str:
    """Linux on IBM Z."""
    for line in (read("/proc/sysinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.startswith("VM00") and name.endswith("Control Program"):
            return "zvm" if "z/VM" in value else "kvm"
    return ""


def _has_hypervisor_flag(cpuinfo: str) -> bool:
    for line in cpuinfo.splitlines():
        if line.startswith("flags"):
            return " hypervisor" in line
    return False


# --- name spaces ---------------------------------------------------------------------------------------------------


def in_user_namespace(read: Read = read_file) -> bool:
    """Whether user IDs are mapped: the whole range, one to one, is the first user namespace (or looks just like it)."""
    mapping = read("/proc/self/uid_map")
    return mapping is not None and mapping.split() != ["0", "0", "4294967295"]
