"""Bad input costs the unit that has it, with one clear line, and nothing else; PID 1 lives on."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest

from .harness import FIFO, UNITS, Container, Content, Link

Boot = Callable[..., Container]

RUN = "ExecStart=/bin/sleep infinity\n"
GOOD = f"[Service]\n{RUN}"
HUGE_BYTES = 100 << 20
CYCLE = "[Unit]\nAfter={0}\nRequires={0}\n" + GOOD


class Bad(NamedTuple):
    """What stands in the file, what becomes of the unit, and what the log must say in lines that name the unit."""

    content: Content
    load: str                       # LoadState
    active: str                     # ActiveState
    words: Tuple[str, ...]          # one line each, at least
    result: str = "success"         # Result
    status: Optional[str] = None    # ExecMainStatus


CASES: Dict[str, Bad] = {
    "good.service": Bad(GOOD, "loaded", "active", ()),
    # Lines that cannot be read are ignored, one by one …
    "lines.service": Bad(f"[Service]\n{RUN}this is no assignment\nRestart=perhaps\nNoSuchThing=1\n[Nonsense]\nA=b\n",
                         "loaded", "active", ("lines.service:3:", "lines.service:4:", "lines.service:5:", "lines.service:6:")),
    # … but these make the file unusable.
    "section.service": Bad(f"[Service]\n{RUN}[Service\n", "error", "inactive", ("section.service:3:",)),
    "quote.service": Bad("[Service]\nExecStart=/bin/sh -c 'never closed\n", "bad-setting", "inactive", ("quote.service:2:",)),
    "nothing.service": Bad("[Unit]\nDescription=no command\n", "bad-setting", "inactive", ("Service has no ExecStart=",)),
    "garbage.service": Bad(bytes(range(256)) * 64, "error", "inactive", ("garbage.service:1:",)),
    "zeros.service": Bad(f"[Service]\n{RUN}".encode() + b"A=\0\0\0\n", "error", "inactive", ("zeros.service:3:",)),
    "huge.service": Bad(b"# much\n" * (HUGE_BYTES // 7), "error", "inactive", ("huge.service:1:",)),
    # No files at all.
    "directory.service": Bad(None, "error", "inactive", ("directory.service:1:", )),
    "fifo.service": Bad(FIFO, "error", "inactive", ("fifo.service:1:",)),
    "device.service": Bad(Link("/dev/zero"), "error", "inactive", ("device.service",)),
    "broken.service": Bad(Link("/nowhere/broken.service"), "error", "inactive", ("broken.service:1:",)),
    "loop.service": Bad(Link("/etc/systemd/system/loop.service"), "error", "inactive", ("loop.service:1:",)),
    "empty.service": Bad("", "masked", "inactive", ()),
    # Readable, but it cannot be done.
    "nobinary.service": Bad("[Service]\nExecStart=/usr/bin/does-not-exist --at-all\n", "loaded", "failed",
                            ("Unable to locate executable '/usr/bin/does-not-exist': No such file or directory",
                             "Failed at step EXEC spawning /usr/bin/does-not-exist: No such file or directory"),
                            "exit-code", "203"),
    "nointerpreter.service": Bad("[Service]\nExecStart=/usr/local/bin/nointerpreter\n", "loaded", "failed",
                                 ("Failed to execute /usr/local/bin/nointerpreter: No such file or directory",),
                                 "exit-code", "203"),
    "noexec.service": Bad("[Service]\nExecStart=/etc/passwd\n", "loaded", "failed",
                          ("Failed to execute /etc/passwd: Permission denied",), "exit-code", "203"),
    "user.service": Bad(f"[Service]\nUser=nosuchuser\n{RUN}", "loaded", "failed", ("nosuchuser",), "exit-code", "217"),
    "group.service": Bad(f"[Service]\nGroup=nosuchgroup\n{RUN}", "loaded", "failed", ("nosuchgroup",), "exit-code", "216"),
    "cwd.service": Bad(f"[Service]\nWorkingDirectory=/nowhere\n{RUN}", "loaded", "failed",
                       ("Changing to the requested working directory /nowhere failed: No such file or directory",
                        "Failed at step CHDIR spawning /bin/sleep: No such file or directory"), "exit-code", "200"),
    "stdin.service": Bad(f"[Service]\nStandardInput=file:/nowhere\n{RUN}", "loaded", "failed", ("/nowhere",), "exit-code", "208"),
    "envfile.service": Bad(f"[Service]\nEnvironmentFile=/etc/does-not-exist\n{RUN}", "loaded", "failed",
                           ("/etc/does-not-exist",), "resources"),
    "envdir.service": Bad(f"[Service]\nEnvironmentFile=/etc\n{RUN}", "loaded", "failed", ("/etc: ",), "resources"),
    "envfifo.service": Bad(f"[Service]\nEnvironmentFile=/etc/fifo\n{RUN}", "loaded", "failed", ("/etc/fifo: ",), "resources"),
    "pidfifo.service": Bad("[Service]\nType=forking\nPIDFile=/run/fifo\nTimeoutStartSec=500ms\n"
                           "ExecStartPre=/usr/bin/mkfifo /run/fifo\nExecStart=/bin/true\n", "loaded", "failed",
                           ("/run/fifo",), "protocol"),
    # What stands beside the file.
    "dropin.service": Bad(GOOD, "loaded", "active", ("garbage.conf",)),
    "needs.service": Bad(f"[Unit]\nRequires=nowhere-to-be-found.service\n{GOOD}", "loaded", "inactive",
                         ("nowhere-to-be-found.service not found",)),
}
BESIDE: Dict[str, Content] = {
    "dropin.service.d/garbage.conf": b"\0\xff" * 100, "dropin.service.d/directory.conf": None, "dropin.service.d/fifo.conf": FIFO,
    "cycle-a.service": CYCLE.format("cycle-b.service"), "cycle-b.service": CYCLE.format("cycle-a.service"),
    "self.service": CYCLE.format("self.service"),
    "not a unit": GOOD, "no-suffix": GOOD, "template@.service": GOOD, "multi-user.target.wants/nonsense": Link("/nowhere"),
    "multi-user.target.wants/directory": None,
}
NAMES = [*CASES, "cycle-a.service", "cycle-b.service", "self.service", "template@.service"]
SERVICES = ("nginx.service", "redis-server.service", "cron.service")
SHOWN = ("LoadState", "ActiveState", "Result", "ExecMainStatus")


class Booted(NamedTuple):
    container: Container
    state: str                              # is-system-running
    shown: Dict[str, Dict[str, str]]        # unit -> property -> value
    log: List[str]


@pytest.fixture(scope="module")
def booted(image: str) -> Iterator[Booted]:
    """One boot with all of them enabled."""
    files: Dict[str, Content] = {UNITS + name: content for name, content in BESIDE.items()}
    files.update({name: case.content for name, case in CASES.items()})
    files.update({f"{UNITS}multi-user.target.wants/{name}": Link(f"../{name}") for name in NAMES})
    files.update({"etc/fifo": FIFO, "usr/local/bin/nointerpreter": "#!/usr/bin/no-such-interpreter\n"})
    container = Container(image, files=files)
    try:
        state = container.wait_booted()
        blocks = container.systemctl("show", "-p", ",".join(("Id", *SHOWN)), *CASES).strip().split("\n\n")
        tables = [dict(line.split("=", 1) for line in block.splitlines()) for block in blocks]
        yield Booted(container, state, {table.pop("Id"): table for table in tables}, container.log().splitlines())
    finally:
        container.remove()


def test_the_rest_of_the_boot_goes_on(booted: Booted) -> None:
    """Debian's services are up, the manager is the first one, and nothing is called a bug."""
    assert booted.container.systemctl("is-active", *SERVICES).split() == ["active"] * 3
    assert booted.state == "degraded"
    for word in ("the manager has died", "bug in fastinit", "Traceback", "A new manager"):
        assert not any(word in line for line in booted.log), "\n".join(booted.log)


@pytest.mark.parametrize("unit", CASES)
def test_one_unit_pays(booted: Booted, unit: str) -> None:
    """Its own state, result and exit status, and a line that names the file or what is wrong."""
    case = CASES[unit]
    shown = booted.shown[unit]
    assert (shown["LoadState"], shown["ActiveState"], shown["Result"]) == (case.load, case.active, case.result)
    if case.status is not None:
        assert shown["ExecMainStatus"] == case.status
    lines = [line for line in booted.log if unit in line]
    for word in case.words:
        assert any(word in line for line in lines), f"{word!r} in no line about {unit}:\n" + "\n".join(lines)


def test_a_cycle_is_broken_and_said(booted: Booted) -> None:
    """As systemd does: a job of the cycle is dropped, with lines that name its units."""
    lines = [line for line in booted.log if "cycle" in line]
    words = ("Found ordering cycle", "cycle-a.service", "cycle-b.service")
    assert any(all(word in line for word in words) for line in lines), lines
    assert any("deleted to break ordering cycle" in line for line in lines), lines


ASK = """
import subprocess
for unit in {units!r}:
    done = subprocess.run(["systemctl", "start", unit], capture_output=True, text=True)
    print(unit, done.returncode, done.stderr.splitlines()[0] if done.stderr else "")
"""


def test_a_request_for_a_bad_unit_is_refused_in_one_line(booted: Booted) -> None:
    """systemctl start says what is wrong, with systemd's exit code."""
    units = [f"{name}.service" for name in ("quote", "garbage", "empty", "directory", "nowhere", "template@")]
    answers = booted.container.python(ASK.format(units=units)).splitlines()
    assert [line.split(" ", 2)[:2] for line in answers] == [[unit, code] for unit, code in zip(units, "161651")], answers
    assert "bad unit file setting" in answers[0]
    assert "garbage.service:1:" in answers[1]
    assert "is masked" in answers[2]
    assert "not a regular file" in answers[3]
    assert "not found" in answers[4]
    assert "Unit name template@.service is missing the instance name." in answers[5]


GARBAGE = """
import os, socket, struct, subprocess, sys
def client(path="/run/fastinit/control", kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.connect(path)
    return sock
silent = [client() for _ in range(500)]                 # say nothing
for sock in silent[::2]:
    sock.send(b"\\1\\0")                                # half a header
for data in (b"GET / HTTP/1.0\\r\\n\\r\\n", b"\\xff" * 8, b"\\0" * 65536, os.urandom(4096), b"\\1",
             struct.pack("<II", 1, 0xffffffff), struct.pack(">II", 1, 0x7fffffff) + b"x" * 100000):
    sock = client()
    sock.settimeout(5)
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass                                            # refused before it had read all; a timeout is a failure
# Clients that ask for much and never read.
readers = [subprocess.Popen(["systemctl", "show", "*"], stdout=subprocess.PIPE) for _ in range(3)]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for data in (b"", b"\\xff" * 4096, b"READY=1", b"MAINPID=1", b"MAINPID=-5\\nREADY=1\\n=\\n", b"\\0" * 60000,
             b"FDSTORE=1\\nFDNAME=a"):
    notify.sendto(data, "/run/systemd/notify")
code = subprocess.call(["systemctl", "is-active", "nginx"])     # while all of them are still connected
for reader in readers:
    reader.kill()
sys.exit(code)
"""


def test_a_client_that_sends_garbage_or_nothing(booted: Booted) -> None:
    """Is refused or kept waiting; others are served meanwhile, and the manager is still the same."""
    before = booted.container.manager()
    assert booted.container.python(GARBAGE) == "active"
    assert booted.container.manager() == before
    assert "Traceback" not in booted.container.log()


def test_garbage_in_the_manager_s_own_configuration_and_daemon_reload(booted: Booted) -> None:
    """daemon-reload over all of it, and over a system.conf of garbage, changes nothing for what runs."""
    container = booted.container
    pid = container.main_pid("good.service")
    container.put({"etc/systemd/system.conf": b"[Manager]\nDefaultTimeoutStopSec=never ever\n\xff\0\n"})
    container.systemctl("daemon-reload")
    assert container.main_pid("good.service") == pid
    assert "Traceback" not in container.log()


def test_it_still_ends_cleanly(booted: Booted) -> None:
    """After all of that: code 0."""
    assert booted.container.stop()[1] == 0
