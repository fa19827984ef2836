"""systemctl where no init runs: truthful answers, and a manager in the background when something shall be started.

Each test is a shell script in namespaces of its own: pid, mount; / read-only, /run and /tmp fresh, the vendor's units that
change the system masked, so that nothing of the machine can be touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PROLOGUE = """
set -e
mount --make-rprivate /; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp
mkdir -p /run/systemd/system
for unit in systemd-tmpfiles-setup systemd-tmpfiles-clean systemd-tmpfiles-setup-dev systemd-sysusers systemd-sysctl; do
    ln -s /dev/null /run/systemd/system/$unit.service
done
cat > /run/systemd/system/demo.service <<END
[Unit]
Description=A demo
DefaultDependencies=no
[Service]
ExecStart=/bin/sleep 1000
END
mount -o remount,bind,ro /
set +e
sctl() { "$PYTHON" -I -S "$TOP/fastinit/cli/start.py" systemctl "$@"; echo "=$?"; }
"""


def in_namespaces(script: str) -> str:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare(1)")
    try:
        import fastinit._native  # noqa: F401
    except ImportError:
        pytest.skip("the extension is not built")
    if subprocess.run(["unshare", "-pfm", "--mount-proc", "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces are not permitted here")
    environment = {"PYTHON": sys.executable, "TOP": str(TOP), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    command = ["unshare", "-pfm", "--kill-child", "--mount-proc", "sh", "-c", PROLOGUE + script]
    done = subprocess.run(command, check=False, timeout=60, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


def test_answers_without_a_manager() -> None:
    """Nothing runs, and no question starts anything."""
    assert in_namespaces("""
        sctl is-active demo; sctl is-active nono; sctl stop demo; sctl stop nono; sctl daemon-reload; sctl is-system-running
        sctl try-restart demo; sctl reload demo; sctl halt; sctl show demo -P ActiveState
        test -e /run/fastinit/control && echo started
    """) == (
        "inactive\n=3\ninactive\n=4\n=0\nFailed to stop nono.service: Unit nono.service not loaded.\n=5\n=0\noffline\n=1\n"
        "=0\nFailed to reload demo.service: Job type reload is not applicable for unit demo.service.\n=3\n"
        "=0\ninactive\n=0\n")


def test_a_start_brings_a_manager_that_survives_its_death() -> None:
    """start needs a manager: one comes, boots nothing else, and the service outlives a kill -9 of it."""
    assert in_namespaces("""
        sctl start demo; sctl is-active demo
        before=$("$PYTHON" -I -S "$TOP/fastinit/cli/start.py" systemctl show demo -P MainPID)
        kill -9 $(grep -la 'fastinit.cli.manager impor[t]' /proc/[0-9]*/cmdline | cut -d/ -f3)
        sctl is-active demo
        after=$("$PYTHON" -I -S "$TOP/fastinit/cli/start.py" systemctl show demo -P MainPID)
        test "$before" = "$after" && echo same
        sctl list-units --plain --no-legend --type=service
        sctl daemon-reexec; sctl is-active demo; sctl stop demo; sctl is-active demo; sctl poweroff
    """) == ("=0\nactive\n=0\nactive\n=0\nsame\ndemo.service loaded active running A demo\n=0\n"
             "=0\nactive\n=0\n=0\ninactive\n=3\n=0\n")
