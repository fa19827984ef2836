"""The inits that are measured: where each is found, and how it is told to run N services in its ordinary configuration.

In:  a Work directory and the Wanted services.   Out: the argv of PID 1 (or of systemd-nspawn).
Never: installs anything. `fetch` unpacks packages into the cache directory: several of them would replace this machine's
       /sbin/init.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import MappingProxyType
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from benchmarks.build import CACHE, HERE, BenchError, program
from benchmarks.session import Wanted, Work, cgroup2

UNPACKED = CACHE / "peers"
ROOTFS = CACHE / "rootfs"
FINIT_ROOTFS = CACHE / "rootfs-finit"
SUITE = "trixie"
MANY = 1_000_000


class Told(NamedTuple):
    """How often a handler of exits was told of one after it was reaped, and how long that took in all."""

    number: int
    ns: int


class Peer(NamedTuple):
    """One init.

    find:     absolute path of its program, None = not here (then `missing` says what would help).
    prepare:  fills the work directory, returns argv.
    services: how many services it can run: 1 for those that run just a command.
    restarts: it restarts a service that ends.
    told:     of a running one, by its PID 1: what it counts itself where it reaps in one process and handles exits in another.
    """

    name: str
    find: Callable[[], Optional[str]]
    prepare: Callable[[Work, Wanted], List[str]]
    packages: Tuple[str, ...] = ()
    services: int = MANY
    restarts: bool = True
    nspawn: bool = False
    environment: Mapping[str, str] = MappingProxyType({})
    version: Tuple[str, ...] = ()       # argv that prints one; the program stands in front
    told: Callable[[int], Told] = lambda pid: Told(0, 0)
    bin: str = ""                       # an unpacked copy whose programs name each other by /usr/bin/...: it is mounted over that

    def missing(self) -> str:
        hint = f" (packages: {' '.join(self.packages)}; --fetch unpacks them into the cache)" if self.packages else ""
        return f"not installed{hint}"


def _find(name: str, package: str = "") -> Callable[[], Optional[str]]:
    """An unpacked copy first: it is what --fetch was asked for."""
    def find() -> Optional[str]:
        for folder in ("usr/bin", "usr/sbin", "sbin", "bin"):
            path = UNPACKED / (package or name) / folder / name
            if path.exists():
                return str(path)
        return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    return find


def _must(find: Callable[[], Optional[str]]) -> str:
    path = find()
    if path is None:
        raise BenchError("cannot start a peer that is not installed")
    return path


# ---- those that run one command ------------------------------------------------------------------------------------

def _wrapper(find: Callable[[], Optional[str]], *options: str) -> Callable[[Work, Wanted], List[str]]:
    return lambda work, wanted: [_must(find), *options, *work.command(1, wanted)]


def floor() -> str:
    return str(program("floor"))


# ---- service directories: s6, runit ----------------------------------------------------------------------------------

def _service_dirs(top: Path, work: Work, wanted: Wanted) -> Path:
    top.mkdir(parents=True, exist_ok=True)
    for number in range(1, wanted.number + 1):
        directory = top / f"bench{number}"
        directory.mkdir()
        run = directory / "run"
        run.write_text("#!/bin/sh\nexec " + shlex.join(work.command(number, wanted)) + "\n")
        run.chmod(0o755)
    return top


S6 = _find("s6-svscan", "s6")
RUNIT = _find("runit", "runit")
RUNSVDIR = _find("runsvdir", "runit")


def _s6(work: Work, wanted: Wanted) -> List[str]:
    scan = _service_dirs(work.top / "scan", work, wanted)
    return [_must(S6), "-c", str(max(500, wanted.number + 10)), str(scan)]


def _runit(work: Work, wanted: Wanted) -> List[str]:
    """Stages 1 and 3 do nothing; stage 2 is Debian's, without its log of last words in the process title."""
    scan = _service_dirs(work.top / "scan", work, wanted)
    etc = work.etc / "runit"
    etc.mkdir()
    runsvdir = _must(RUNSVDIR)
    for stage, line in (("1", "exit 0"), ("2", f"PATH={Path(runsvdir).parent}:$PATH exec {runsvdir} -P {scan}"), ("3", "exit 0")):
        (etc / stage).write_text(f"#!/bin/sh\n{line}\n")
        (etc / stage).chmod(0o755)
    return [_must(RUNIT)]


# ---- supervisor --------------------------------------------------------------------------------------------------------

SUPERVISORD = _find("supervisord", "supervisor")


def _supervisor(work: Work, wanted: Wanted) -> List[str]:
    text = ["[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=/run/supervisord.pid\n"
            f"minfds={wanted.number * 4 + 1024}\n"]
    for number in range(1, wanted.number + 1):
        text.append(f"[program:bench{number}]\ncommand={shlex.join(work.command(number, wanted))}\n"
                    "autorestart=true\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n")
    config = work.top / "supervisord.conf"
    config.write_text("\n".join(text))
    return ["/usr/bin/python3", _must(SUPERVISORD), "-n", "-c", str(config)]


# ---- units: fastinit, the Python systemctl, systemd ------------------------------------------------------------------------

UNIT = """\
[Unit]
Description=Benchmark service {number}
StartLimitIntervalSec=0

[Service]
ExecStart={command}
Restart=always
RestartSec=0

[Install]
WantedBy=multi-user.target
"""


def _units(folder: Path, work: Work, wanted: Wanted) -> None:
    """N enabled services, and a default.target that is as a package would leave it."""
    wants = folder / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for number in range(1, wanted.number + 1):
        name = f"bench{number}.service"
        (folder / name).write_text(UNIT.format(number=number, command=shlex.join(work.command(number, wanted))))
        (wants / name).symlink_to(f"../{name}")


def _own_units(work: Work, wanted: Wanted) -> None:
    """/etc/systemd/system with just these: what this machine has enabled must not be started.

    A directory of the upper layer that is marked opaque hides the lower one."""
    folder = work.etc / "systemd"
    folder.mkdir()
    os.setxattr(folder, "trusted.overlay.opaque", b"y")
    _units(folder / "system", work, wanted)
    (folder / "system" / "default.target").symlink_to("/lib/systemd/system/multi-user.target")


FASTINIT_PYTHON = os.environ.get("FASTINIT_BENCH_PYTHON", sys.executable)


def _find_fastinit() -> Optional[str]:
    check = subprocess.run([FASTINIT_PYTHON, "-c", "import fastinit._native"], cwd=HERE.parent, capture_output=True, check=False)
    return FASTINIT_PYTHON if check.returncode == 0 else None


def _fastinit(work: Work, wanted: Wanted) -> List[str]:
    _own_units(work, wanted)
    units = [f"bench{number}.service" for number in range(1, wanted.number + 1)]
    return [FASTINIT_PYTHON, "-m", "fastinit.cli.fastinit", "init", *units]


def _fastinit_told(pid: int) -> Told:
    command = ["nsenter", "-t", str(pid), "-p", "-m", "--", FASTINIT_PYTHON, "-m", "fastinit.cli.fastinit", "stats", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(HERE.parent)})
    if ran.returncode != 0:
        raise BenchError(f"cannot read fastinit's counters: {ran.stderr.strip()}")
    counters = json.loads(ran.stdout)
    return Told(sum(counters["handler_ns_log2"]), counters["handler_ns_sum"])


SYSTEMCTL_PY = UNPACKED / "systemctl-py" / "usr/bin/systemctl"


def _find_systemctl_py() -> Optional[str]:
    for path in (SYSTEMCTL_PY, Path("/usr/bin/systemctl")):
        with contextlib.suppress(OSError):
            if path.open("rb").readline().startswith(b"#!") and "python" in path.open(errors="replace").readline():
                return str(path)
    return None


def _systemctl_py(work: Work, wanted: Wanted) -> List[str]:
    _own_units(work, wanted)
    return ["/usr/bin/python3", _must(_find_systemctl_py)]      # default.target; `init UNIT...` would end when a service does


def _find_systemd() -> Optional[str]:
    nspawn = shutil.which("systemd-nspawn")
    return nspawn if nspawn and cgroup2() and _real(ROOTFS / "usr/lib/systemd/systemd") else None


def _real(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _nspawn(root: Path, work: Work) -> List[str]:
    return [_must(lambda: shutil.which("systemd-nspawn")), "--quiet", "--register=no", "--keep-unit", "--private-network",
            "--console=pipe", "-D", str(root), f"--bind={work.top}", "--machine=fastinit-bench"]


def _systemd(work: Work, wanted: Wanted) -> List[str]:
    units = work.top / "units"
    _units(units, work, wanted)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    return [*_nspawn(ROOTFS, work), f"--bind={units}:/etc/systemd/system", "--boot"]


# ---- finit, dinit --------------------------------------------------------------------------------------------------------

def _find_finit() -> Optional[str]:
    """It mounts, loads modules and sets the clock: it belongs into a root file system of its own."""
    nspawn = shutil.which("systemd-nspawn")
    return nspawn if nspawn and cgroup2() and _real(FINIT_ROOTFS / "sbin/finit") else None


def _finit(work: Work, wanted: Wanted) -> List[str]:
    folder = work.top / "finit.d"
    folder.mkdir()
    lines = [f"service [S12345] name:bench :{number} restart:-1 log:null {shlex.join(work.command(number, wanted))} -- Bench\n"
             for number in range(1, wanted.number + 1)]
    (folder / "bench.conf").write_text("".join(lines))
    return [*_nspawn(FINIT_ROOTFS, work), f"--bind={folder}:/etc/finit.d", "/sbin/finit"]


DINIT = _find("dinit")


def _dinit(work: Work, wanted: Wanted) -> List[str]:
    folder = work.top / "dinit.d"
    folder.mkdir()
    boot = ["type = internal"]
    for number in range(1, wanted.number + 1):
        (folder / f"bench{number}").write_text(f"type = process\ncommand = {shlex.join(work.command(number, wanted))}\n"
                                               "restart = true\nrestart-delay = 0\nrestart-limit-count = 0\n")
        boot.append(f"waits-for = bench{number}")
    (folder / "boot").write_text("\n".join(boot) + "\n")
    return [_must(DINIT), "--container", "-d", str(folder), "-p", "/run/dinitctl", "boot"]


# ---- the table -----------------------------------------------------------------------------------------------------------

TINI, DUMB, CATATONIT = _find("tini"), _find("dumb-init"), _find("catatonit")
S6_ENV = {"LD_LIBRARY_PATH": f"{UNPACKED}/s6/usr/lib/{sysconfig.get_config_var('MULTIARCH') or ''}"}

PEERS: Dict[str, Peer] = {peer.name: peer for peer in (
    #    name          find               prepare                          packages it can be unpacked from
    Peer("floor",      floor,             lambda work, wanted: [floor(), *work.command(1, wanted)], services=1, restarts=False),
    Peer("tini",       TINI,              _wrapper(TINI, "--"),            ("tini",), 1, False, version=("--version",)),
    Peer("dumb-init",  DUMB,              _wrapper(DUMB),                  ("dumb-init",), 1, False, version=("--version",)),
    Peer("catatonit",  CATATONIT,         _wrapper(CATATONIT),             ("catatonit",), 1, False, version=("--version",)),
    Peer("s6",         S6,                _s6,                           ("s6", "libs6-2.11", "libskarnet2.13", "libexecline2.9"),
         environment=S6_ENV, bin=f"{UNPACKED}/s6/usr/bin"),
    Peer("runit",      RUNIT,             _runit,                          ("runit",)),
    Peer("supervisor", SUPERVISORD,       _supervisor,                     ("supervisor", "python3-pkg-resources"),
         environment={"PYTHONPATH": f"{UNPACKED}/supervisor/usr/lib/python3/dist-packages"}, version=("--version",)),
    Peer("finit",      _find_finit,       _finit,                          ("finit",), nspawn=True),
    Peer("dinit",      DINIT,             _dinit,                          ("dinit",), version=("--version",)),
    Peer("systemctl-py", _find_systemctl_py, _systemctl_py,                ("systemctl",)),
    Peer("systemd",    _find_systemd,     _systemd,                        ("systemd", "systemd-sysv", "dbus"), nspawn=True),
    Peer("fastinit",   _find_fastinit,    _fastinit,                       environment={"PYTHONPATH": str(HERE.parent)},
         told=_fastinit_told),
)}


def slow_floor(late_ms: int) -> Peer:
    """An init that looks for dead children only every late_ms: the benchmarks must call it slow (tests/benchmarks)."""
    def prepare(work: Work, wanted: Wanted) -> List[str]:
        return [floor(), "-l", str(late_ms), *work.command(1, wanted)]
    return Peer(f"late-{late_ms}ms", floor, prepare, (), 1, False)


def fetch(names: List[str], say: Callable[[str], None]) -> None:
    """Unpack what is not installed into the cache directory; make root file systems for those that run in systemd-nspawn."""
    for name in names:
        peer = PEERS[name]
        if not peer.packages or peer.find() is not None:
            continue
        try:
            if name == "systemd":
                _make_rootfs(ROOTFS, peer.packages, say)
            elif name == "finit":
                _make_rootfs(FINIT_ROOTFS, peer.packages, say)
            else:
                _unpack(peer.packages, UNPACKED / name, say)
        except (OSError, subprocess.CalledProcessError) as error:
            detail = error.stderr.strip()[-300:] if isinstance(error, subprocess.CalledProcessError) and error.stderr else error
            say(f"cannot fetch {name}: {detail}")


def _run(*argv: str, cwd: Optional[Path] = None) -> None:
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True, text=True)


def _unpack(packages: Tuple[str, ...], into: Path, say: Callable[[str], None]) -> None:
    debs = CACHE / "deb"
    debs.mkdir(parents=True, exist_ok=True)
    into.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if not list(debs.glob(f"{package}_*.deb")):
            say(f"downloading {package}")
            _run("apt-get", "download", package, cwd=debs)
        _run("dpkg-deb", "-x", str(max(debs.glob(f"{package}_*.deb"))), str(into))


def _make_rootfs(root: Path, packages: Tuple[str, ...], say: Callable[[str], None]) -> None:
    say(f"making {root.name} with mmdebstrap")
    root.parent.mkdir(parents=True, exist_ok=True)
    fresh = root.with_name(f"{root.name}.{os.getpid()}")
    include = [f"--include={','.join(packages)}"] if packages else []
    _run("mmdebstrap", "--variant=minbase", *include, SUITE, str(fresh))
    fresh.rename(root)


def describe(peer: Peer) -> str:
    """Its version: as it tells it, as it was fetched, or as the distribution's package is installed; "" of what has none."""
    if peer.name == "systemd":
        return f"{_dpkg_version(ROOTFS, 'systemd')} (Debian {SUITE})"
    if peer.version and (path := peer.find()):
        interpreter = ["/usr/bin/python3"] if peer.name == "supervisor" else []
        done = subprocess.run([*interpreter, path, *peer.version], capture_output=True, text=True, check=False,
                              env={**os.environ, **peer.environment})
        told = re.search(r"[0-9]+(\.[0-9]+)+\S*", done.stdout or done.stderr)
        return told.group() if told else ""
    package = peer.packages[0] if peer.packages else ""
    fetched = [deb.name.split("_")[1] for deb in (CACHE / "deb").glob(f"{package}_*.deb")] if package else []
    return fetched[0] if fetched else _dpkg_version(Path("/"), package)


def _dpkg_version(root: Path, package: str) -> str:
    try:
        text = (root / "var/lib/dpkg/status").read_text()
    except OSError:
        return ""
    for paragraph in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in paragraph.splitlines() if not line.startswith(" "))
        if fields.get("Package") == package:
            return fields.get("Version", "")
    return ""
