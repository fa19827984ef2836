"""Condition…= and Assert…=: for each name a parameter that holds in the booted namespaces and one that does not.

What depends on the machine is asked of the machine in another way than fastinit does; "" as a parameter: there is none to be had here.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Dict, Tuple

MEMORY_BYTES = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
CPU_FLAG = next((line.split(":")[1].split()[0] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
CGROUP = ("v2", "v1") if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else ("v1", "v2")
MACHINE = {"x86_64": "x86-64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
FIRMWARE = ("uefi", "device-tree") if os.path.exists("/sys/firmware/efi") else ("", "uefi")
_BOUNDING = int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd")).split()[1], 16)
MISSING = next((f"CAP_{name}" for name, number in (("SYS_MODULE", 16), ("SYS_RESOURCE", 24)) if not _BOUNDING >> number & 1), "")
RELEASE = platform.release()

# Name -> (holds, does not hold).
PARAMETERS: Dict[str, Tuple[str, str]] = {
    "ACPower":                ("", "no") if not os.path.isdir("/sys/class/power_supply") else ("yes", "no"),
    "Architecture":           (MACHINE, "s390"),
    "CPUFeature":             (CPU_FLAG, "no-such-feature"),
    "CPUPressure":            ("100%", ""),
    "CPUs":                   (f">={os.cpu_count()}", "> 8192"),
    "Capability":             ("CAP_CHOWN", MISSING),
    "ControlGroupController": CGROUP,
    "Credential":             ("", "no-such-credential"),
    "DirectoryNotEmpty":      ("/run/test/full", "/run/test/empty"),
    "Environment":            ("EFFECTS_SET=yes", "EFFECTS_SET=no"),
    "FileIsExecutable":       ("/run/test/bin/effects-tool", "/run/test/input"),
    "FileNotEmpty":           ("/run/test/input", "/run/test/full/file"),
    "Firmware":               FIRMWARE,
    "FirstBoot":              ("yes", "no"),
    "Group":                  ("root", "daemon"),
    "Host":                   (platform.node(), "no-such-host-*"),
    "IOPressure":             ("100%", ""),
    "KernelCommandLine":      ("base.target", "no-such-word"),
    "KernelVersion":          (RELEASE, "< 2.6"),
    "Memory":                 ("> 1M", f"> {MEMORY_BYTES * 2}"),
    "MemoryPressure":         ("100%", ""),
    "NeedsUpdate":            ("/run/test/old", "/run/test/new"),
    "OSRelease":              ("ID!=no-such-os", "ID=no-such-os"),
    "PathExists":             ("/run/test/full", "/run/test/none"),
    "PathExistsGlob":         ("/run/test/fu*", "/run/test/none*"),
    "PathIsDirectory":        ("/run/test/full", "/run/test/input"),
    "PathIsEncrypted":        ("", "/run/test"),
    "PathIsMountPoint":       ("/run/test/chroot", "/run/test/full"),
    "PathIsReadWrite":        ("/run/test", "/run/test/read-only"),
    "PathIsSymbolicLink":     ("/run/test/link", "/run/test/full"),
    "Security":               ("", "tomoyo"),
    "User":                   ("root", "daemon"),
    "Virtualization":         ("container", "vm"),
}
# Before the units are started; the manager learns EFFECTS_SET by set-environment.
FIXTURES = """
mkdir -p /run/test/old /run/test/new /run/test/read-only
touch -r /usr /run/test/new/.updated
mount -t tmpfs -o ro tmpfs /run/test/read-only
ln -s nowhere /run/test/link
touch /run/systemd/first-boot
"""
