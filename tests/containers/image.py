"""The images of the container tests: Debian with real services, and fastinit on top, installed as its README says.

In:  the source tree, Debian's archive (only when the root file system is not in the cache).   Out: names of images.
Never: leaves anything in the source tree; the base image and its tar stay for the next run, everything else goes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastinit-tests"
SUITE = "bookworm"
PACKAGES = ("nginx-light", "redis-server", "redis-tools", "cron", "python3-minimal", "python3-cffi-backend", "python3-psutil",
            "python3-pip", "procps")
# What the tests install into a running container, which has no network: the packages and what they need beyond the base.
ARCHIVE = ("nginx", "nginx-common", "nginx-light", "libnginx-mod-http-echo", "redis-server", "redis-tools", "postgresql",
           "haproxy", "rsyslog")
# Runs with the new root as $1, after the packages are installed.
DOWNLOAD = """\
set -e
chroot "$1" apt-get clean
chroot "$1" apt-get install -q -y --no-install-recommends --reinstall --download-only {packages}
mkdir -p '{directory}' && cp "$1"/var/cache/apt/archives/*.deb '{directory}'
cd '{directory}' && dpkg-scanpackages --multiversion . >Packages
"""
# Some kernels refuse the limits that podman asks for by default, and crun; these work everywhere.
ULIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=9000:9000")
ARCHIVE_AT = "/srv/archive"
ARCHIVE_FILES = {"etc/apt/sources.list": f"deb [trusted=yes] file:{ARCHIVE_AT} ./\n",
                 "etc/apt/apt.conf.d/tests":
                     'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false"; Dpkg::Use-Pty "false";\n'}
DOCKERFILE = """\
FROM {base}
COPY fastinit-*.whl /tmp/
RUN pip install --no-index --no-deps --break-system-packages --root-user-action=ignore /tmp/fastinit-*.whl \\
 && rm /tmp/fastinit-*.whl \\
 && fastinit install
CMD ["/usr/bin/systemctl"]
"""
NEEDED = ("podman", "runc", "mmdebstrap", "dpkg-scanpackages")


def missing() -> str:
    """Why there can be no containers here; "" when there can."""
    if os.geteuid() != 0:
        return "the container tests need root (podman with runc, mmdebstrap)"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    packages = ["dpkg-dev" if name == "dpkg-scanpackages" else name for name in absent]
    return f"the container tests need {' '.join(NEEDED)}; missing: apt-get install -y {' '.join(packages)}" if absent else ""


def podman(*words: str, check: bool = True, timeout_sec: float = 120.0) -> "subprocess.CompletedProcess[str]":
    """Run podman. A failure's message is what podman said."""
    done = subprocess.run(["podman", "--runtime", "runc", *words], capture_output=True, text=True, errors="replace",
                          timeout=timeout_sec, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"podman {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def key() -> str:
    return hashlib.sha256(" ".join((SUITE, *PACKAGES, *ARCHIVE)).encode()).hexdigest()[:12]


def archive() -> Path:
    """An apt repository of ARCHIVE, made together with the base: to be mounted at ARCHIVE_AT, beside ARCHIVE_FILES."""
    return CACHE / f"{SUITE}-{key()}.debs"


def build_base() -> str:
    """Debian with the services; made once, then found in podman's storage or in the cache directory."""
    name = f"localhost/fastinit-tests-base:{key()}"
    if podman("image", "exists", name, check=False).returncode == 0 and archive().exists():
        return name
    tar = CACHE / f"{SUITE}-{key()}.tar"
    if not tar.exists() or not archive().exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial, partial_debs = CACHE / f"{tar.name}.{os.getpid()}", CACHE / f"{archive().name}.{os.getpid()}"
        hook = DOWNLOAD.format(packages=" ".join(ARCHIVE), directory=partial_debs)
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--format=tar",
                   f"--customize-hook={hook}", SUITE, str(partial)]
        for attempt in (1, 2, 3):       # mirrors have bad moments
            done = subprocess.run(command, capture_output=True, text=True, timeout=900)
            if done.returncode == 0:
                break
            assert attempt < 3, f"{' '.join(command)}:\n{done.stderr}"
        os.replace(partial, tar)
        shutil.rmtree(archive(), ignore_errors=True)
        os.replace(partial_debs, archive())
    podman("import", "--quiet", str(tar), name, timeout_sec=300)
    return name


def build_wheel(directory: Path) -> Path:
    """The wheel of the tree, built in a copy of it."""
    copy = directory / "tree"
    copy.mkdir()
    for name in ("fastinit", "csrc"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.o"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(directory), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    wheels: List[Path] = list(directory.glob("fastinit-*.whl"))
    assert len(wheels) == 1, wheels
    shutil.rmtree(copy)
    return wheels[0]


def build_image(directory: Path) -> str:
    """Base plus fastinit, under a name of its own; the caller removes it."""
    name = f"localhost/fastinit-tests:{uuid.uuid4().hex[:12]}"
    (directory / "Dockerfile").write_text(DOCKERFILE.format(base=build_base()))
    build_wheel(directory)
    podman("build", "--quiet", "--network=none", *ULIMITS, "--tag", name, str(directory), timeout_sec=300)
    return name
