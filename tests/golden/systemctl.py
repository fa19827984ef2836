"""systemd's own systemctl on a tree of files, without a systemd that runs: `systemctl --root=DIR` answers and makes links alone.

In:  the cached Debian root file system of guests.py.   Out: both() : the same commands on two equal trees, ours and theirs.
Never: touches a file outside of the two trees.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from fastinit.cli import local
from fastinit.control.request import Terminal
from fastinit.units.index import BUILTIN_ALIASES

from . import guests

LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd", "usr/lib/aarch64-linux-gnu",
             "usr/lib/aarch64-linux-gnu/systemd")
LOADERS = ("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-aarch64.so.1", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
BUILTIN = guests.ROOT / "fastinit" / "units" / "builtin"


class Answer(NamedTuple):
    code: int
    stdout: str
    stderr: str
    tree: Tuple[str, ...]


def program() -> List[str]:
    """The words in front of systemctl's own. Raises guests.Unavailable."""
    tree = guests.tree(guests.REFERENCE_PACKAGES)
    loader = next((tree / name for name in LOADERS if (tree / name).exists()), None)
    if loader is None:
        raise guests.Unavailable("no dynamic loader of a known machine type in the root file system")
    paths = ":".join(str(tree / name) for name in LIBRARIES)
    return [str(loader), "--argv0", "systemctl", "--library-path", paths, str(tree / "usr/bin/systemctl")]


def make(root: Path, files: Dict[str, str]) -> None:
    """path -> text; "-> X" makes a link, "/" at the end a folder; "#!" an executable. fastinit's own units are put where systemd
    has its own, so that both know the same ones."""
    shutil.copytree(BUILTIN / "system", root / "usr/lib/systemd/system")
    shutil.copytree(BUILTIN / "user", root / "usr/lib/systemd/user")
    for name, target in BUILTIN_ALIASES.items():
        (root / "usr/lib/systemd/system" / name).symlink_to(target)
    for folder in ("etc/systemd/system", "run/systemd/system", "dev"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    for path, text in files.items():
        full = root / path.lstrip("/") if path.startswith("/") else root / "usr/lib/systemd/system" / path
        full.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            full.mkdir(exist_ok=True)
        elif text.startswith("-> "):
            full.symlink_to(text[3:])
        else:
            full.write_text(text)
            if text.startswith("#!"):
                full.chmod(0o755)


def tree_of(root: Path) -> Tuple[str, ...]:
    """Every link with where it leads, every file outside of /usr, every empty folder."""
    found = []
    for directory, folders, files in os.walk(root):
        inside = directory[len(str(root)):]
        for name in (*folders, *files):
            path = os.path.join(directory, name)
            if os.path.islink(path):
                found.append(f"{inside}/{name} -> {os.readlink(path)}")
            elif name in files and not inside.startswith("/usr"):
                found.append(f"{inside}/{name}")
        if not folders and not files:
            found.append(f"{inside}/")
    return tuple(sorted(found))


def ask_systemd(words: List[str], root: Path, argv: List[str]) -> Answer:
    done = subprocess.run([*words, f"--root={root}", *argv], capture_output=True, text=True, env=ENVIRONMENT, cwd="/", timeout=60,
                          stdin=subprocess.DEVNULL)
    return Answer(done.returncode, _plain(done.stdout, root), _plain(done.stderr, root), tree_of(root))


def ask_fastinit(root: Path, argv: List[str]) -> Answer:
    """In this process, the way fastinit.cli.local goes when no manager runs."""
    out: List[str] = []
    err: List[str] = []
    code = local.answer(["systemctl", f"--root={root}", *argv], "offline", Terminal(environment={"LANG": "C.UTF-8"}), out.append,
                        err.append)
    return Answer(code, _plain("".join(out), root), _plain("".join(err), root), tree_of(root))


def _plain(text: str, root: Path) -> str:
    return text.replace(str(root), "")
