"""test_core.c under AddressSanitizer + UBSan, its threaded tests under ThreadSanitizer; and the whole core with all warnings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from harness import ROOT

SOURCE = Path(__file__).with_name("test_core.c")
FLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
SANITIZERS = {"address,undefined": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"], "thread": ["-fsanitize=thread"]}
PLAIN = ["ring_keeps_order", "ring_cannot_overflow", "tracked_pids", "slots", "vault_rules", "requests_fuzz", "proc_parsers"]
THREADS = ["ring_threads", "tracked_threads", "slot_threads"]


@pytest.fixture(scope="session", params=list(SANITIZERS))
def build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "tuple[str, Path]":
    program = tmp_path_factory.mktemp("core") / "test_core"
    done = subprocess.run(["cc", *FLAGS, *SANITIZERS[request.param], "-o", program, SOURCE], capture_output=True, text=True)
    if "cannot find" in done.stderr and "san" in done.stderr:
        pytest.skip(f"the compiler has no runtime for -fsanitize={request.param}")
    assert done.returncode == 0, done.stderr
    return request.param, program


@pytest.mark.parametrize("test", PLAIN + THREADS)
def test_core(build: "tuple[str, Path]", test: str) -> None:
    """One C test, exit 0 and nothing from the sanitizer."""
    sanitizer, program = build
    if sanitizer == "thread" and test in PLAIN:
        pytest.skip("one thread: nothing for ThreadSanitizer")
    done = subprocess.run([program, test], capture_output=True, text=True, timeout=120, env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"})
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel's address randomisation is more than the compiler's ThreadSanitizer can handle")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("source", sorted(path.name for path in (ROOT / "csrc").glob("*.c")))
def test_compiles_without_a_warning(source: str, tmp_path: Path) -> None:
    """-Wall -Wextra and more than the build asks for, as errors, optimised as in the build."""
    more = ["-O2", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wvla"]
    done = subprocess.run(["cc", *FLAGS, *more, "-c", ROOT / "csrc" / source, "-o", tmp_path / "out.o"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
