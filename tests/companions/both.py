"""Run a companion and the real tool on the same input, and look at what they leave behind."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

TOP = str(Path(__file__).resolve().parents[2])
ENTRY = "import sys; from fastinit.cli.multicall import run; sys.exit(run(sys.argv[1:]))"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def ours(program: str, args: Sequence[str], **environment: str) -> Outcome:
    return _run([sys.executable, "-c", ENTRY, program, *args], {"PYTHONPATH": TOP, **environment})


def real(program: str, args: Sequence[str], **environment: str) -> Outcome:
    return _run([program, *args], environment)


def is_there(program: str) -> bool:
    """A link to ourselves would compare us with us."""
    path = shutil.which(program)
    return path is not None and not os.path.realpath(path).endswith((".py", "fastinit", "multicall"))


def _run(command: List[str], environment: Dict[str, str]) -> Outcome:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "TZ": "UTC", **environment})
    return Outcome(done.returncode, done.stdout, done.stderr)


def snapshot(root: Path) -> Dict[str, object]:
    """Everything below a root: type, mode, owner, device, content, extended attributes."""
    found: Dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        st = path.lstat()
        content: object = None
        if stat.S_ISLNK(st.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(st.st_mode):
            content = path.read_bytes()
        attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}
        found[str(path.relative_to(root))] = (oct(st.st_mode), st.st_uid, st.st_gid, st.st_rdev, content, attributes)
    return found
