"""systemd-detect-virt: print which container or virtual machine this is.

Exit code: 0 when one was found, 1 when not.
Source: systemd-detect-virt(1).
"""

from __future__ import annotations

from typing import List

from fastinit.companions import virt
from fastinit.companions.options import Options, UsageError, complain, run

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
ONLY = ("container", "vm", "chroot", "private-users", "cvm")


def _chroot() -> int:
    found = virt.is_chroot()
    if found is None:
        complain("Failed to check for chroot() environment: Permission denied")
        return 1
    return 0 if found else 1


def _work(options: Options) -> int:
    if options.args:
        raise UsageError("systemd-detect-virt takes no arguments.")
    if options.has("list"):
        print("\n".join((virt.NONE, *virt.MACHINES, *virt.CONTAINERS)))
        return 0
    only = ([name for name, _ in options.given if name in ONLY] or [""])[-1]
    if only == "chroot":
        return _chroot()
    if only == "private-users":
        return 0 if virt.has_private_users() else 1
    if only == "cvm" or options.has("list-cvm"):
        raise UsageError("cannot tell about confidential VMs: that takes instructions which a container's program has no use for")
    found = virt.container() if only != "vm" else virt.NONE
    if found == virt.NONE and only != "container":
        found = virt.machine()
    if not options.has("quiet"):
        print(found)
    return 0 if found != virt.NONE else 1


def main(argv: List[str]) -> int:
    return run("systemd-detect-virt", USAGE, OPTIONS, argv, _work)
