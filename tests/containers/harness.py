"""One container whose PID 1 is fastinit, as a test sees it.

In:  unit files and other files to put into it, the command.   Out: what it answers, its log, how it ended.
Never: sleeps for a fixed time: wait() asks again until a deadline; ends another container than its own.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
import uuid
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple, Union

from .image import ROOT, ULIMITS, podman

DEADLINE_SEC = 30.0
LOOK_SEC = 0.02
UNITS = "etc/systemd/system/"
Content = Union[str, bytes, "Link", "Fifo", None]       # None: a directory


class Link(str):
    """A symbolic link to this."""


class Fifo:
    """A named pipe that nobody writes to."""


FIFO = Fifo()


class Container:
    """Made, filled with files, and started."""

    def __init__(self, image: str, *command: str, files: Optional[Dict[str, Content]] = None,
                 options: Tuple[str, ...] = ()) -> None:
        self.name = f"fastinit-test-{uuid.uuid4().hex[:12]}"
        podman("create", "--network=none", *ULIMITS, "--name", self.name, *options, image, *command)
        try:
            if files:
                self.put(files)
            podman("start", self.name)
            self.host_pid = int(self.inspect("{{.State.Pid}}"))
        except BaseException:
            self.remove()
            raise

    def inspect(self, form: str) -> str:
        return podman("inspect", "--format", form, self.name).stdout.strip()

    def put(self, files: Dict[str, Content]) -> None:
        """path -> content; a name without "/" is a unit file. Text that starts with "#!" is executable."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, content in files.items():
                entry = tarfile.TarInfo(path.lstrip("/") if "/" in path else UNITS + path)
                data = b""
                if content is None:
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                elif isinstance(content, Link):
                    entry.type, entry.linkname = tarfile.SYMTYPE, str(content)
                elif isinstance(content, Fifo):
                    entry.type = tarfile.FIFOTYPE
                else:
                    data = content if isinstance(content, bytes) else content.encode()
                    entry.mode = 0o755 if data.startswith(b"#!") else 0o644
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        done = subprocess.run(["podman", "cp", "-", f"{self.name}:/"], input=archive.getvalue(), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    # ---- inside ------------------------------------------------------------------------------------------------------

    def run(self, *argv: str, check: bool = True, timeout_sec: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """podman exec."""
        try:
            done = podman("exec", self.name, *argv, check=False, timeout_sec=timeout_sec)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{' '.join(argv)}: not done after {timeout_sec} s\n-- log --\n{self.log()}") from None
        if check and done.returncode != 0:
            said = f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
            raise AssertionError(f"{' '.join(argv)}: {said}\n-- log --\n{self.log()}")
        return done

    def systemctl(self, *words: str, check: bool = True) -> str:
        return self.run("systemctl", *words, check=check).stdout

    def code(self, *words: str) -> int:
        """systemctl's exit code."""
        return self.run("systemctl", *words, check=False).returncode

    def show(self, unit: str, name: str) -> str:
        return self.systemctl("show", "-P", name, unit).strip()

    def main_pid(self, unit: str) -> int:
        return int(self.show(unit, "MainPID"))

    def python(self, text: str, *words: str) -> str:
        """What a Python program in the container prints; a process that PID 1 has nothing to do with."""
        return self.run("python3", "-c", text, *words).stdout.strip()

    # ---- from outside, without a process inside ------------------------------------------------------------------------

    def ask(self, *words: str) -> Tuple[int, str]:
        """systemctl from outside, through the container's socket: (exit code, stderr)"""
        environment = {**os.environ, "FASTINIT_RUN": f"/proc/{self.host_pid}/root/run", "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-m", "fastinit.cli.systemctl", *words], capture_output=True, text=True,
                              timeout=60, env=environment)
        return done.returncode, done.stderr

    def path(self, inside: str) -> Path:
        """A file of the running container. Absolute links in it point to the host's files: do not follow them."""
        return Path(f"/proc/{self.host_pid}/root") / inside.lstrip("/")

    def read(self, inside: str) -> str:
        """A file's text, "" when it is not there (any more)."""
        try:
            return self.path(inside).read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            return ""

    def processes(self) -> List[Dict[str, str]]:
        """Every process of the container, PID 1 first: pid, ppid, state, name, command. Read from the container's own /proc."""
        found = []
        for directory in self.path("/proc").iterdir():
            if not directory.name.isdigit():
                continue
            try:
                facts = dict(line.split(":\t", 1) for line in (directory / "status").read_text().splitlines() if ":\t" in line)
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append({"pid": directory.name, "ppid": facts["PPid"], "state": facts["State"][0], "name": facts["Name"],
                          "command": command})
        return sorted(found, key=lambda facts: int(facts["pid"]))

    def manager(self) -> Optional[Dict[str, str]]:
        for process in self.processes():
            if "fastinit.cli.manager" in process["command"]:
                return process
        return None

    # ---- waiting --------------------------------------------------------------------------------------------------------

    def log(self) -> str:
        done = podman("logs", self.name, check=False)
        return done.stdout + done.stderr

    def wait(self, what: str, condition: Callable[[], bool], deadline_sec: float = DEADLINE_SEC) -> float:
        """Seconds until it held; a failure shows the container's log."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > deadline_sec:
                raise AssertionError(f"not within {deadline_sec} s: {what}\n-- log --\n{self.log()}")
            time.sleep(LOOK_SEC)
        return time.monotonic() - began

    def wait_booted(self) -> str:
        """is-system-running --wait: "running" or "degraded"."""
        self.wait("the control socket is there", lambda: self.path("/run/fastinit/control").exists())
        return self.systemctl("is-system-running", "--wait", check=False).strip()

    def wait_log(self, text: str) -> float:
        return self.wait(f"{text!r} in the log", lambda: text in self.log())

    def wait_ended(self, deadline_sec: float = DEADLINE_SEC) -> int:
        """The container's exit code. `podman wait` returns when it has ended."""
        try:
            return int(podman("wait", self.name, timeout_sec=deadline_sec).stdout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {deadline_sec} s\n-- log --\n{self.log()}") from None

    # ---- the end ---------------------------------------------------------------------------------------------------------

    def stop(self, grace_sec: int = 30) -> Tuple[float, int]:
        """podman stop: (seconds, exit code)."""
        began = time.monotonic()
        podman("stop", "--time", str(grace_sec), self.name)
        return time.monotonic() - began, int(self.inspect("{{.State.ExitCode}}"))

    def signal(self, name: str) -> None:
        """At PID 1."""
        podman("kill", "--signal", name, self.name)

    def is_running(self) -> bool:
        return self.inspect("{{.State.Running}}") == "true"

    def copy_out(self, inside: str) -> str:
        """A file of a container that has ended."""
        done = subprocess.run(["podman", "cp", f"{self.name}:{inside}", "-"], capture_output=True, timeout=60)
        assert done.returncode == 0, f"{done.stderr.decode(errors='replace')}\n-- log --\n{self.log()}"
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            file = tar.extractfile(tar.getmembers()[0])
            assert file is not None
            return file.read().decode(errors="replace")

    def remove(self) -> None:
        podman("rm", "--force", "--time", "0", self.name, check=False)
