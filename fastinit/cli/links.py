"""`fastinit install`: the names under which the world looks for an init and for systemctl.

In:  a root directory, names to leave out.   Out: links made or removed, one line about each.
Never: deletes a file that is not ours: what stands in the way is moved to NAME.fastinit-saved and comes back at uninstall.
On Debian each name is also diverted (dpkg-divert), so that a later install of the systemd package leaves ours in place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Dict, List, Tuple

SAVED = ".fastinit-saved"
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENT = os.path.join(PACKAGE, "_bin", "systemctl")     # csrc/client.c, in the wheel

# name -> directories: /usr/sbin for what lives there in Debian; where /sbin is a directory of its own, there as well.
NAMES: Dict[str, Tuple[str, ...]] = {
    "systemctl": ("/usr/bin",), "init": ("/usr/sbin",), "halt": ("/usr/sbin",), "poweroff": ("/usr/sbin",),
    "reboot": ("/usr/sbin",), "shutdown": ("/usr/sbin",), "telinit": ("/usr/sbin",), "runlevel": ("/usr/sbin",),
}
UNMERGED = {"/usr/bin": "/bin", "/usr/sbin": "/sbin"}


def targets(root: str, without: List[str]) -> List[str]:
    """Every path that gets a link, below the root."""
    paths = []
    for name, directories in NAMES.items():
        if name in without:
            continue
        for directory in directories:
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
        divert(root, path, True)
        if os.path.lexists(path):
            os.replace(path, path + SAVED)
        os.symlink(program(), path)
        lines.append(f"Created symlink '{path}' -> '{program()}'.")
    return lines


def uninstall(root: str, without: List[str]) -> List[str]:
    """Raises OSError. Only our own links go."""
    lines = []
    for path in targets(root, without):
        if not (os.path.islink(path) and os.readlink(path) == program()):
            continue
        os.unlink(path)
        lines.append(f"Removed '{path}'.")
        if os.path.lexists(path + SAVED):
            os.replace(path + SAVED, path)
        divert(root, path, False)
    return lines


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


def divert(root: str, path: str, add: bool) -> None:
    """Have dpkg unpack its own file of this name elsewhere; nothing to do where there is no dpkg."""
    tool = shutil.which("dpkg-divert")
    if tool is None or not os.path.isdir(f"{root}/var/lib/dpkg"):
        return
    name = path[len(root):]
    arguments = [tool, "--quiet", "--local", "--no-rename", "--divert", name + ".distrib", "--add" if add else "--remove", name]
    if root:
        arguments[1:1] = ["--root", root]
    if not add:
        arguments = [word for word in arguments if word not in ("--divert", name + ".distrib")]
    subprocess.run(arguments, check=False, stdout=subprocess.DEVNULL)


