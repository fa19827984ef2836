"""The C code under libFuzzer with AddressSanitizer and UBSan: a short run each; `make fuzz` is the long one.

What it found before is in corpus/ and tried first; a new finding is printed as the command that shows it again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
TARGETS = sorted(path.stem for path in HERE.glob("fuzz_*.c"))
SECONDS = int(os.environ.get("FASTINIT_FUZZ_SECONDS", "10"))
NO_FUZZER = ("cannot find", "no such file or directory", "unsupported option")


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(target: str, tmp_path: Path) -> None:
    """No crash, no hang, no broken promise in FASTINIT_FUZZ_SECONDS (default 10); FASTINIT_FUZZ_CORPUS keeps what is learnt."""
    clang = shutil.which("clang")
    if clang is None:
        pytest.skip("no clang: there is no libFuzzer")
    program = tmp_path / target
    built = subprocess.run([clang, *FLAGS, "-o", program, HERE / f"{target}.c"], capture_output=True, text=True, check=False)
    if built.returncode != 0 and "clang_rt" in built.stderr and any(word in built.stderr.lower() for word in NO_FUZZER):
        pytest.skip("clang has no runtime for -fsanitize=fuzzer (libclang-rt)")
    assert built.returncode == 0, built.stderr
    kept = Path(os.environ.get("FASTINIT_FUZZ_CORPUS") or tmp_path) / f"{target}.corpus"
    kept.mkdir(parents=True, exist_ok=True)
    seeds = HERE / "corpus" / target
    command = [str(program), f"-max_total_time={SECONDS}", "-timeout=10", "-print_final_stats=1",
               f"-artifact_prefix={kept.parent}/{target}-", str(kept), *[str(seeds)] * seeds.is_dir()]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stderr[-4000:]}"
    executed = next(int(line.split()[-1]) for line in ran.stderr.splitlines() if "number_of_executed_units" in line)
    print(f"{target}: {executed:,} inputs in {SECONDS} s")
    assert executed > 100 * SECONDS, "hardly anything was tried"
