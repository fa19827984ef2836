"""The C programs of the benchmarks, compiled when they are first needed.

In:  load.c, service.c, floor.c, calls.c, crowd.c beside this file.   Out: paths of executables in the cache directory.
Never: rebuilds what is newer than its source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("FASTINIT_BENCH_CACHE", str(HERE.parent / ".cache" / "benchmarks")))

FLAGS: Dict[str, tuple[str, ...]] = {
    "load":    ("-pthread",),
    "service": ("-static",),        # runs inside other root file systems too, and its start should cost little
    "floor":   (),
    "calls":   ("-static",),
    "crowd":   ("-static",),
}


class BenchError(Exception):
    """Something the benchmarks cannot do here; str() is 'cannot <verb> <thing>: <why>'."""


def program(name: str) -> Path:
    """The executable made from NAME.c. Raises BenchError without a compiler, or when it does not compile."""
    source = HERE / f"{name}.c"
    out = CACHE / "bin" / name
    if out.exists() and out.stat().st_mtime >= source.stat().st_mtime:
        return out
    compiler = next((found for cc in ("cc", "gcc", "clang") for found in [shutil.which(cc)] if found), None)
    if compiler is None:
        raise BenchError(f"cannot compile {source.name}: no C compiler (cc, gcc or clang) on PATH")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_suffix(f".{os.getpid()}")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(fresh), str(source)]
    done = subprocess.run([*command, *FLAGS[name]], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "-static" in FLAGS[name]:      # no static libc here
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"cannot compile {source.name}: {done.stderr.strip()}")
    fresh.rename(out)
    return out
