"""What the design takes for granted about the kernel, each as a test: a failure here names the fact that does not hold."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, namespace_command, run

FACTS = Path(__file__).with_name("facts.c")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("facts") / "facts"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, FACTS, "-lpthread"], check=True)
    return program


@pytest.mark.parametrize("fact", ["settid", "lists", "orphans-to-main-thread", "blocked-signals-stay", "pidfd-of-zombie", "parent-of-init"])
def test_fact(facts: Path, fact: str) -> None:
    """One claim of the design, tried by a C program in a pid namespace of its own (facts.c says what each means)."""
    command = namespace_command()
    if command is None:
        pytest.skip("this machine forbids pid namespaces")
    done = subprocess.run([*command, str(facts), fact], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"this kernel or sandbox differs: {done.stdout}{done.stderr}"


def test_member_tag_is_readable_across_uids(tmp_path: Path) -> None:
    """RLIMIT_LOCKS, set on a service of one user, is inherited by its children and readable by another user in /proc/PID/limits."""
    if os.geteuid() != 0:
        pytest.skip("needs root to run processes of two users")
    said, _ = run(tmp_path, """
read_end, write_end = os.pipe()
run(1, "/bin/sh", "-c", "(setsid sleep 100 & echo $! >&3)", pass_fds=[write_end], ids=(65534, 65534, []), limits=[(10, 4711, 4711)])
pid = os.read(read_end, 20).decode().strip()
back, out = os.pipe()
run(2, "/bin/grep", "file locks", f"/proc/{pid}/limits", fds=(-1, out, out), ids=(54321, 54321, []))
exits(2)
say(os.read(back, 200).decode().split())
n.exit_request(0); signal.pause()
""", "pid1")
    assert said == [["Max", "file", "locks", "4711", "4711", "locks"]]


def test_sources_are_where_these_tests_expect_them() -> None:
    """harness.ROOT is the project."""
    assert (ROOT / "csrc" / "api.h").exists()
