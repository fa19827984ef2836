"""Two systems to ask the same: Debian with systemd 257 as PID 1, and the same Debian with fastinit.

In:  this tree, Debian's archive (only when the root file systems are not in the cache).   Out: Guest: commands run inside.
How: overlays of the cached root file systems in a mount namespace of their own, so that nothing that a scenario does stays;
systemd-nspawn for systemd, from a cgroup made for it; unshare and chroot for fastinit.
Never: touches a process, a mount or a cgroup that it did not make; keeps root file systems below /tmp.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import uuid
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastinit-tests"
SUITE = "trixie"
REFERENCE_PACKAGES = ("systemd", "systemd-sysv", "dbus", "procps")
OWN_PACKAGES = ("procps", "python3-minimal", "python3-cffi-backend", "python3-psutil", "init-system-helpers")
NEEDED = ("mmdebstrap", "systemd-nspawn", "unshare", "nsenter")
CGROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
DEADLINE_SEC = 60.0
LOOK_SEC = 0.02
HOSTNAME = "golden"
ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", "TERM=dumb", "HOME=/root")

OVERLAY = r"""
set -e
mount -t tmpfs -o mode=755 tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o lowerdir="$1",upperdir="$2/upper",workdir="$2/work" "$2/root"
cd "$2"
"""
REFERENCE = OVERLAY + r"""
echo $$ > "$3/cgroup.procs"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn -q -b --register=no --keep-unit --private-network --console=pipe --hostname=""" + HOSTNAME + r""" -D root
"""
OWN = OVERLAY + r"""
hostname """ + HOSTNAME + r"""
packages=root/usr/lib/python3/dist-packages
mkdir -p $packages
cp -a "$3" $packages/
mount -t proc proc root/proc
mount -t sysfs -o ro sysfs root/sys
mount -t tmpfs -o mode=755 tmpfs root/dev
for name in null zero full random urandom tty; do : > root/dev/$name; mount --bind /dev/$name root/dev/$name; done
mkdir root/dev/shm root/dev/pts
ln -s /proc/self/fd root/dev/fd
mount -t tmpfs tmpfs root/run
mount -t tmpfs tmpfs root/tmp
chroot root /usr/bin/env -i """ + " ".join(ENVIRONMENT) + r""" \
    python3 -B -c 'from fastinit.cli.fastinit import main; main()' install > install.log
exec chroot root /usr/bin/env -i """ + " ".join(ENVIRONMENT) + r""" container=golden /usr/bin/systemctl
"""


class Answer(NamedTuple):
    """What a command said."""

    code: int
    stdout: str
    stderr: str


class Unavailable(Exception):
    """This machine cannot run it; str() says why."""


def missing() -> str:
    """Why there can be no comparison here; "" when there can."""
    if os.geteuid() != 0:
        return "the golden comparisons need root (mmdebstrap, systemd-nspawn)"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        return f"the golden comparisons need {' '.join(NEEDED)}; missing: {' '.join(absent)}"
    return "" if cgroup_mount() else "the golden comparisons need a writable cgroup v2 hierarchy"


def cgroup_mount() -> Optional[Path]:
    for path in CGROUPS:
        if (path / "cgroup.procs").exists() and (path / "cgroup.controllers").exists() and os.access(path, os.W_OK):
            return path
    return None


def tree(packages: Tuple[str, ...]) -> Path:
    """The root file system with these packages; made once. Raises Unavailable."""
    key = hashlib.sha256(" ".join((SUITE, *packages)).encode()).hexdigest()[:12]
    target = CACHE / f"{SUITE}-{key}"
    if target.is_dir():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = CACHE / f"{target.name}.{os.getpid()}"
    scratch = CACHE / "tmp"
    scratch.mkdir(exist_ok=True)
    done = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", SUITE, str(partial)],
                          capture_output=True, text=True, timeout=900, env={**os.environ, "TMPDIR": str(scratch)})
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise Unavailable(f"cannot make a Debian root file system: {done.stderr[-300:]}")
    os.replace(partial, target)
    return target


class Guest:
    """A booted system."""

    def __init__(self, folder: Path) -> None:
        self.name = f"fastinit-golden-{uuid.uuid4().hex[:8]}"
        self._console = folder / f"{self.name}.console"
        self._mount = folder / self.name
        self._mount.mkdir()
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self.pid = 0

    def _launch(self, script: str, words: List[str], *namespaces: str) -> None:
        with open(self._console, "wb") as console:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", *namespaces, "bash", "-c", script, "_", *words],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)

    def _wait_for(self, what: str, condition: "object") -> None:
        assert self._process is not None and callable(condition)
        end = time.monotonic() + DEADLINE_SEC
        while not condition():
            if self._process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"{what}: no\n{self.console()}")
            time.sleep(LOOK_SEC)

    def _first_child(self) -> int:
        assert self._process is not None
        text = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(text[0]) if text else 0

    def _is_booted(self) -> bool:
        self.pid = self._first_child()
        return bool(self.pid) and self.comm() == "systemd" and self.run("systemctl", "is-system-running").stdout.strip() in (
            "running", "degraded")

    def comm(self) -> str:
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def console(self) -> str:
        return self._console.read_text(errors="replace")

    def run(self, *argv: str, stdin: str = "") -> Answer:
        enter = ["nsenter", "-t", str(self.pid), "-a", "-r", "-w", "env", "-i", *ENVIRONMENT]
        done = subprocess.run([*enter, *argv], input=stdin, text=True, errors="replace", capture_output=True,
                              timeout=DEADLINE_SEC)
        return Answer(done.returncode, done.stdout, done.stderr)

    def run_on_terminal(self, columns: int, variables: List[str], *argv: str) -> Answer:
        """All three streams on a terminal of its own; what it shows is stdout."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        enter = ["nsenter", "-t", str(self.pid), "-a", "-r", "-w", "env", "-i", *ENVIRONMENT, "TERM=xterm-256color", *variables]
        process = subprocess.Popen([*enter, *argv], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        shown = b""
        end = time.monotonic() + DEADLINE_SEC
        try:
            while select.select((master,), (), (), max(end - time.monotonic(), 0))[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:         # EIO: the last one has closed it
                    break
            text = shown.decode(errors="replace").replace("\r\n", "\n")
            return Answer(process.wait(max(end - time.monotonic(), 0.1)), text, "")
        finally:
            process.kill()
            process.wait()
            os.close(master)

    def put(self, files: Dict[str, str]) -> None:
        """path -> text. A name without "/" is a unit file; "-> X" makes a link; text that starts with "#!" is executable."""
        for path, text in files.items():
            full = path if path.startswith("/") else f"/etc/systemd/system/{path}"
            if text.startswith("-> "):
                made = self.run("sh", "-c", 'mkdir -p "${1%/*}" && ln -sfn "$2" "$1"', "_", full, text[3:])
            else:
                mode = "755" if text.startswith("#!") else "644"
                made = self.run("sh", "-c", 'mkdir -p "${1%/*}" && cat > "$1" && chmod "$2" "$1"', "_", full, mode, stdin=text)
            assert made.code == 0, made.stderr

    def close(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                inside = self._first_child()    # ends the pid namespace; nspawn does not do that when it is killed itself
                if inside:
                    os.kill(inside, signal.SIGKILL)
                self._process.kill()
            self._process.wait()


class Reference(Guest):
    """systemd, by systemd-nspawn."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        mount = cgroup_mount()
        assert mount is not None
        self._cgroup = mount / self.name
        self._cgroup.mkdir()
        try:
            self._launch(REFERENCE, [str(tree(REFERENCE_PACKAGES)), str(self._mount), str(self._cgroup)])
            self._wait_for("systemd is up", self._is_booted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        super().close()
        end = time.monotonic() + DEADLINE_SEC
        while self._cgroup.is_dir():
            for path in sorted((path for path in self._cgroup.rglob("*") if path.is_dir()), reverse=True):
                _remove(path)
            _remove(self._cgroup)
            assert time.monotonic() < end, f"{self._cgroup} does not get empty"
            time.sleep(LOOK_SEC)


def _remove(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:         # not empty yet: the kernel is still ending what was in it
        pass


class Own(Guest):
    """fastinit, in namespaces of its own."""

    def __init__(self, folder: Path, packages: Tuple[str, ...] = OWN_PACKAGES) -> None:
        super().__init__(folder)
        if not (ROOT / "fastinit" / "_native.abi3.so").exists():
            raise Unavailable("the extension is not built in the source tree (make test)")
        try:
            self._launch(OWN, [str(tree(packages)), str(self._mount), str(self._package(folder))],
                         "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net")
            self._wait_for("fastinit is up", self._is_booted)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _package(folder: Path) -> Path:
        """A copy of the tree's package, without what another Python has compiled."""
        target = folder / "package" / "fastinit"
        if not target.exists():
            shutil.copytree(ROOT / "fastinit", target, ignore=shutil.ignore_patterns("__pycache__"))
        link = target / "_bin" / "python3"
        if link.is_symlink():
            link.unlink()
        return target
