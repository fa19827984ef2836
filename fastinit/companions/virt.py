"""Which container or virtual machine this runs in.

In:  /run, /proc, /sys and the environment of PID 1.   Out: the identifiers of systemd-detect-virt(1), "none".
Never: executes CPUID; what the kernel found out with it is read instead (hypervisor flag, DMI, clock sources).
Source: systemd-detect-virt(1), the container interface (container=, /run/systemd/container, marker files of the engines).
"""

from __future__ import annotations

import os
from typing import Optional

NONE = "none"
CONTAINERS = (
    "systemd-nspawn", "lxc-libvirt", "lxc", "openvz", "docker", "podman", "rkt", "wsl", "proot", "pouch", "container-other",
)
MACHINES = (
    "kvm", "amazon", "qemu", "bochs", "xen", "uml", "vmware", "oracle", "microsoft", "zvm", "parallels", "bhyve", "qnx", "acrn",
    "powervm", "apple", "sre", "google", "vm-other",
)
# prefix of what the firmware says -> machine
_DMI = (
    ("KVM", "kvm"), ("OpenStack", "kvm"), ("KubeVirt", "kvm"), ("Amazon EC2", "amazon"), ("QEMU", "qemu"), ("VMware", "vmware"),
    ("VMW", "vmware"), ("innotek GmbH", "oracle"), ("VirtualBox", "oracle"), ("Oracle Corporation", "oracle"), ("Xen", "xen"),
    ("Bochs", "bochs"), ("Parallels", "parallels"), ("BHYVE", "bhyve"), ("Hyper-V", "microsoft"),
    ("Apple Virtualization", "apple"), ("Google Compute Engine", "google"),
)
_DMI_FILES = ("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(65536)
    except OSError:
        return ""


def _told(value: str) -> str:
    """What a manager's container= says, as an identifier."""
    value = value.strip()
    if value == "oci":
        return _marked() or "container-other"
    return value if value in CONTAINERS else "container-other"


def _marked() -> str:
    if os.path.exists("/run/.containerenv"):
        return "podman"
    return "docker" if os.path.exists("/.dockerenv") else ""


def _pid1_variable() -> str:
    for word in _read("/proc/1/environ").split("\0"):
        if word.startswith("container="):
            return word.partition("=")[2]
    return ""


def container() -> str:
    if os.path.isdir("/proc/vz") and not os.path.isdir("/proc/bc"):
        return "openvz"
    release = _read("/proc/sys/kernel/osrelease")
    if "Microsoft" in release or "WSL" in release:
        return "wsl"
    if _tracer() == "proot":
        return "proot"
    own = os.environ.get("container", "") if os.getpid() == 1 else ""  # noqa: SIM112 (the interface spells it so)
    told = own or _read("/run/host/container-manager").strip() or _read("/run/systemd/container").strip() or _pid1_variable()
    return _told(told) if told else _marked() or NONE


def _tracer() -> str:
    for line in _read("/proc/self/status").splitlines():
        if line.startswith("TracerPid:") and line.split()[1] != "0":
            return "proot" if _read(f"/proc/{line.split()[1]}/comm").startswith("proot") else ""
    return ""


def _by_firmware() -> str:
    for name in _DMI_FILES:
        value = _read("/sys/class/dmi/id/" + name)
        for prefix, machine in _DMI:
            if value.startswith(prefix):
                return machine
    return ""


def _by_kernel() -> str:
    """What the kernel took from the hypervisor's CPUID leaf."""
    clocks = _read("/sys/devices/system/clocksource/clocksource0/available_clocksource")
    if "kvm-clock" in clocks:
        return "kvm"
    if "hyperv_clocksource" in clocks:
        return "microsoft"
    kind = _read("/sys/hypervisor/type").strip()
    if kind == "xen" or "xen" in clocks.split():
        return "xen"
    if "User Mode Linux" in _read("/proc/cpuinfo"):
        return "uml"
    tree = _read("/proc/device-tree/hypervisor/compatible")
    if tree:
        return "kvm" if tree.startswith("linux,kvm") else "xen" if "xen" in tree else "vm-other"
    return ""


def machine() -> str:
    """The firmware first: EC2 and VirtualBox have KVM's or Hyper-V's CPUID leaf too."""
    dmi = _by_firmware()
    if dmi in ("oracle", "amazon", "xen", "parallels", "google"):
        return dmi
    found = _by_kernel() or dmi
    if found:
        return found
    return "vm-other" if " hypervisor" in _read("/proc/cpuinfo") else NONE


def is_chroot() -> Optional[bool]:
    """None = cannot be told: PID 1's root is not ours to look at."""
    try:
        return not os.path.samestat(os.stat("/proc/1/root/."), os.stat("/"))
    except OSError:
        return None


def has_private_users() -> bool:
    """Whether uid_map is anything but the identity over all ids, as it is outside of every user namespace."""
    return _read("/proc/self/uid_map").split() != ["0", "0", "4294967295"]
