"""The C client and the Python client are one program: same request, same bytes out, same exit code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from tests.control.conftest import Client, root, systemctl  # noqa: F401

TOP = Path(__file__).resolve().parents[2]
COMMANDS: Tuple[Tuple[str, ...], ...] = (
    ("is-active", "web"), ("is-active", "nono"), ("start", "web"), ("is-active", "web", "plain"), ("start", "bad"),
    ("start", "nono"),
    ("list-units", "--all"), ("show", "plain"), ("cat", "web"), ("list-dependencies", "site.target"), ("list-jobs",), ("-Q",),
    ("import-environment", "IMPORTED"), ("show-environment",), ("--version",), ("--help",), ("--state=help",),
    ("kill", "-s", "FOO", "x"),
    ("start",), ("list-units", ""), ("is-system-running",), ("halt", "--dry-run"),
)


@pytest.fixture(scope="session")
def c_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built where the wheel has it: DIR/_bin/systemctl, the Python client in DIR/cli."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    package = tmp_path_factory.mktemp("package") / "fastinit"
    (package / "_bin").mkdir(parents=True)
    for name in os.listdir(TOP / "fastinit"):
        if name != "_bin":
            (package / name).symlink_to(TOP / "fastinit" / name)
    (package / "_bin" / "python3").symlink_to(sys.executable)
    program = package / "_bin" / "systemctl"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", program, TOP / "csrc" / "client.c"], check=True)
    return program


@pytest.fixture
def run_directory(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "fastinit").mkdir()
    (tmp_path / "fastinit" / "control").symlink_to(tmp_path / "control")
    yield tmp_path


def run(program: List[str], words: Tuple[str, ...], run_directory: Path) -> Tuple[int, bytes, bytes]:
    environment = {"FASTINIT_RUN": str(run_directory), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "IMPORTED": "a b\nc"}
    done = subprocess.run([*program, *words], env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=30,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def python_client() -> List[str]:
    return [sys.executable, "-I", "-S", str(TOP / "fastinit" / "cli" / "start.py"), "systemctl"]


def test_both_clients_say_the_same(systemctl: Client, c_client: Path, run_directory: Path) -> None:      # noqa: F811
    """Every command, twice each, so that both see the same state."""
    for words in COMMANDS:
        run(python_client(), words, run_directory)      # the change, if it is one
        assert run([str(c_client)], words, run_directory) == run(python_client(), words, run_directory), words


def test_both_send_the_same_request(systemctl: Client, c_client: Path, run_directory: Path) -> None:      # noqa: F811
    import socket

    from tests.control.conftest import read_exactly
    run_directory.joinpath("fastinit", "control").unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(run_directory / "fastinit" / "control"))
    listener.listen(5)
    requests = []
    environment = {"FASTINIT_RUN": str(run_directory), "LANG": "C.UTF-8", "TERM": "xterm", "EMPTY": "", "ODD": "a=b"}
    for program in ([str(c_client)], python_client()):
        for words in (("is-active", "\udce4", ""), ("import-environment", "X")):
            child = subprocess.Popen([*program, *words], env=environment, executable=program[0], cwd="/tmp",
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            sock, _ = listener.accept()
            header = read_exactly(sock, 8)
            body = read_exactly(sock, int.from_bytes(header[4:], "little"))
            requests.append(b"\0".join(sorted(body.split(b"\0\0", 1)[0].split(b"\0")) + body.split(b"\0\0", 1)[1:]))
            sock.sendall(b"\4\0\0\0\1\0\0\0\x2a")
            sock.close()
            assert child.wait(10) == 42
    listener.close()
    count = len(requests) // 2
    called = [os.fsencode(c_client), b"systemctl"]
    assert [part.replace(called[0], called[1]) for part in requests[:count]] == requests[count:]


def test_the_python_client_starts_fast() -> None:
    """At most 1.6 times the CPU time of an interpreter that does nothing: the best of many, so that load hits both alike."""
    code = (f"import sys; sys.path.append({str(TOP)!r}); from fastinit.cli import client; "
            "client.facts(['systemctl', 'is-active', 'x']); client.connect()")
    best = {"pass": 1e9, code: 1e9}
    for _ in range(40):
        for text in best:
            pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", text], {"FASTINIT_RUN": "/nonexistent"})
            _, status, usage = os.wait4(pid, 0)
            assert status == 0
            best[text] = min(best[text], usage.ru_utime + usage.ru_stime)
    assert best[code] < 1.6 * best["pass"]


def test_as_pid_1_no_signal_is_lost_before_the_interpreter_runs(c_client: Path, tmp_path: Path) -> None:
    """The kernel drops what PID 1 neither blocks nor handles: Python finds every signal blocked, but those of its own faults."""
    program = tmp_path / "_bin" / "systemctl"
    program.parent.mkdir()
    shutil.copy(c_client, program)
    python = program.parent / "python3"
    python.write_text("#!/bin/sh\nwhile read -r name mask; do [ $name = SigBlk: ] && echo $mask; done </proc/self/status\n")
    python.chmod(0o755)
    base = ["unshare", "--pid", "--fork", "--mount-proc"]
    for command in (base, [*base, "--user", "--map-root-user"]):
        done = subprocess.run([*command, str(program)], capture_output=True, text=True, timeout=30)
        if done.stdout:
            break
    else:
        pytest.skip("neither root nor user namespaces: cannot make a pid namespace here")
    blocked = {signo for signo in range(1, 65) if int(done.stdout, 16) >> (signo - 1) & 1}
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPWR, signal.SIGCHLD, 37, 38} <= blocked
    assert not {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE} & blocked
