"""`fastinit install`: the names under which the world looks for an init, for systemctl and for the small programs beside it.

In:  a root directory, names to leave out.   Out: links made or removed, one line about each.
Never: deletes a file that is not ours: what stands in the way is moved to NAME.fastinit-saved and comes back at uninstall.
On Debian each name is also diverted (dpkg-divert), so that a later install of the systemd package leaves ours in place.
Programs that need no init to work (ALONE) are only added where there is none; the distribution's own is as good, now or later.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Dict, List

from fastinit.companions.table import PROGRAMS

SAVED = ".fastinit-saved"
DIVERTED = ".distrib"
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENT = os.path.join(PACKAGE, "_bin", "systemctl")     # csrc/client.c, in the wheel

BIN, SBIN = "/usr/bin", "/usr/sbin"
OF_ROOT = ("runlevel", "service", "shutdown", "telinit")
NAMES: Dict[str, str] = {       # name -> where it lives in Debian; where /bin or /sbin is a directory of its own, there as well
    "systemctl": BIN, "init": SBIN, "halt": SBIN, "poweroff": SBIN, "reboot": SBIN,
    **{name: SBIN if name in OF_ROOT else BIN for name in sorted(PROGRAMS)},
}
ALONE = frozenset(("service", "systemd-detect-virt", "systemd-escape", "systemd-id128", "systemd-machine-id-setup",
                   "systemd-notify", "systemd-path", "systemd-sysusers", "systemd-tmpfiles"))
UNMERGED = {"/usr/bin": "/bin", "/usr/sbin": "/sbin"}


def targets(root: str, without: List[str]) -> List[str]:
    """Every path that gets a link, below the root. Raises ValueError for a name to leave out that there is not."""
    unknown = [name for name in without if name not in NAMES]
    if unknown:
        raise ValueError(f"no link is called '{unknown[0]}'; there are: {', '.join(NAMES)}")
    paths = []
    for name, directory in NAMES.items():
        if name in without:
            continue
        paths.append(f"{root}{directory}/{name}")
        twin = root + UNMERGED[directory]
        if os.path.isdir(twin) and not os.path.islink(twin) and os.path.realpath(twin) != os.path.realpath(root + directory):
            paths.append(f"{twin}/{name}")
    return paths


def install(root: str, without: List[str]) -> List[str]:
    """Raises OSError. Run twice it changes nothing the second time."""
    lines = []
    write_interpreter()
    for path in targets(root, without):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(path) and os.readlink(path) == program():
            continue
        if os.path.basename(path) in ALONE:
            if os.path.lexists(path):
                lines.append(f"Left '{path}' as it is.")
                continue
        else:
            for name, aside in diversions(root, path).items():
                divert(root, ["--divert", aside, "--add", name])
            if os.path.lexists(path):
                os.replace(path, path + SAVED)
        os.symlink(program(), path)
        lines.append(f"Created symlink '{path}' -> '{program()}'.")
    return lines


def uninstall(root: str, without: List[str]) -> List[str]:
    """Raises OSError. Only our own links go; the distribution's newest file of the name comes back."""
    lines = []
    for path in targets(root, without):
        if not (os.path.islink(path) and os.readlink(path) == program()):
            continue
        os.unlink(path)
        lines.append(f"Removed '{path}'.")
        if os.path.basename(path) in ALONE:
            continue
        asides = diversions(root, path)
        for name in asides:
            divert(root, ["--remove", name])
        for aside in (*(root + aside for aside in asides.values()), path + SAVED):
            if not os.path.lexists(aside):
                continue
            if os.path.lexists(path):
                os.unlink(aside)        # what stood here before the distribution's package came
            else:
                os.replace(aside, path)
    return lines


def diversions(root: str, path: str) -> Dict[str, str]:
    """Name -> where dpkg shall unpack it. On a merged /usr a package may still ship /bin/NAME: for dpkg that is another file."""
    if shutil.which("dpkg-divert") is None or not os.path.isdir(f"{root}/var/lib/dpkg"):
        return {}
    name = path[len(root):]
    asides = {name: name + DIVERTED}
    directory = os.path.dirname(name)
    if directory in UNMERGED and os.path.islink(root + UNMERGED[directory]):
        alias = f"{UNMERGED[directory]}/{os.path.basename(name)}"
        asides[alias] = alias + DIVERTED + ".usr-is-merged"
    return asides


def divert(root: str, words: List[str]) -> None:
    """Raises OSError with dpkg-divert's own words."""
    command = ["dpkg-divert", *(["--root", root] if root else []), "--quiet", "--local", "--no-rename", *words]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def program() -> str:
    """The C client; a source tree without one has the script of the package's own installation."""
    if os.access(CLIENT, os.X_OK):
        return CLIENT
    script = os.path.join(os.path.dirname(sys.executable or "/usr/bin/python3"), "systemctl")
    return script if os.path.exists(script) else os.path.join(PACKAGE, "cli", "start.py")


def write_interpreter() -> None:
    """Which Python the C client shall become: a link beside it (the client has no other way to know a virtual environment's)."""
    directory = os.path.dirname(CLIENT)
    if os.path.isdir(directory) and sys.executable:
        link = os.path.join(directory, "python3")
        if not (os.path.islink(link) and os.readlink(link) == sys.executable):
            temporary = link + ".new"
            if os.path.lexists(temporary):
                os.unlink(temporary)
            os.symlink(sys.executable, temporary)
            os.replace(temporary, link)
