"""systemd-detect-virt: print which container or virtual machine this is.

Exit code: 0 when one was found, 1 when not.
Source: systemd-detect-virt(1).
"""

from __future__ import annotations

import os
from typing import List, Optional

from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.run.virt import NONE, detect_container, detect_machine, in_user_namespace

USAGE = """
systemd-detect-virt [OPTIONS...]

Detect execution in a virtualized environment.

  -h --help             Show this help
     --version          Show package version
  -c --container        Only detect whether we are run in a container
  -v --vm               Only detect whether we are run in a VM
  -r --chroot           Detect whether we are run in a chroot() environment
     --private-users    Only detect whether we are running in a user namespace
     --cvm              Only detect whether we are run in a confidential VM
  -q --quiet            Don't output anything, just set return value
     --list             List all known and detectable types of virtualization
     --list-cvm         List all known and detectable types of confidential
                        virtualization
"""
OPTIONS = ("container c", "vm v", "chroot r", "private-users", "cvm", "quiet q", "list", "list-cvm")
# what there is to be found, in the order of --list
CONTAINERS = (
    "systemd-nspawn", "lxc-libvirt", "lxc", "openvz", "docker", "podman", "rkt", "wsl", "proot", "pouch", "container-other",
)
MACHINES = (
    "kvm", "amazon", "qemu", "bochs", "xen", "uml", "vmware", "oracle", "microsoft", "zvm", "parallels", "bhyve", "qnx", "acrn",
    "powervm", "apple", "sre", "google", "vm-other",
)
ONLY = ("container", "vm", "chroot", "private-users", "cvm")


def is_chroot() -> Optional[bool]:
    """None = cannot be told: PID 1's root is not ours to look at."""
    try:
        return not os.path.samestat(os.stat("/proc/1/root/."), os.stat("/"))
    except OSError:
        return None


def _chroot() -> int:
    found = is_chroot()
    if found is None:
        complain("Failed to check for chroot() environment: Permission denied")
        return 1
    return 0 if found else 1


def _work(options: Options) -> int:
    if options.args:
        raise UsageError("systemd-detect-virt takes no arguments.")
    if options.has("list"):
        print("\n".join((NONE, *MACHINES, *CONTAINERS)))
        return 0
    only = ([name for name, _ in options.given if name in ONLY] or [""])[-1]
    if only == "chroot":
        return _chroot()
    if only == "private-users":
        return 0 if in_user_namespace() else 1
    if only == "cvm" or options.has("list-cvm"):
        raise UsageError("cannot tell about confidential VMs: that takes instructions which a container's program has no use for")
    found = detect_container() if only != "vm" else NONE
    if found == NONE and only != "container":
        found = detect_machine()
    if not options.has("quiet"):
        print(found)
    return 0 if found != NONE else 1


def main(argv: List[str]) -> int:
    return run("systemd-detect-virt", USAGE, OPTIONS, argv, _work)
