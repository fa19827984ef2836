"""`make run`: boot fastinit as PID 1 over the units beside this file, look at it with systemctl, stop it, say what was done.

In:  nothing; Ctrl-C ends it early.   Out: a transcript on stdout, exit code 0 when everything went as it should.
Never: touches the machine: the runtime directory, the logs and the unit files are in a temporary directory of its own, and the
machine's unit files are not looked at.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parent
DEADLINE_SEC = 20.0
LOOK_SEC = 0.02
CHURN_SEC = 3.0
# Units of the boot that would do something to the file system of the machine.
MASKED = ("systemd-tmpfiles-setup.service", "systemd-sysusers.service")
PLACE = """\
[Service]
Environment=DEMO_DIR={place}
Environment=PATH={path}
"""


class Way(NamedTuple):
    """How PID 1 can be had on this machine."""

    command: List[str]
    says: str


WAYS = (
    Way(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
        "as root: PID 1 of a new pid and mount namespace"),
    Way(["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
        "as an ordinary user: PID 1 of a new user, pid and mount namespace"),
    Way([], "new namespaces are forbidden here: as a subreaper, beside the other processes"),
)


class Failed(Exception):
    """str() says what did not happen."""


def choose_way() -> Way:
    """The first that works. Root does not need a user namespace, and an ordinary user gets nowhere without one."""
    for way in WAYS:
        if not way.command:
            return way
        try:
            if subprocess.run([*way.command, "true"], capture_output=True, timeout=10).returncode == 0:
                return way
        except (OSError, subprocess.TimeoutExpired):
            continue
    raise AssertionError("the last way needs nothing")


class Demo:
    """One boot in a directory of its own."""

    def __init__(self, place: Path, way: Way) -> None:
        self.place = place
        path = f"{os.path.dirname(sys.executable)}:{os.environ.get('PATH', os.defpath)}"
        units = place / "units"
        (units / "service.d").mkdir(parents=True)
        (units / "service.d" / "place.conf").write_text(PLACE.format(place=place, path=path))
        (units / "daemon.service.d").mkdir()
        (units / "daemon.service.d" / "pid.conf").write_text(f"[Service]\nPIDFile={place}/daemon.pid\n")
        for name in MASKED:
            (units / name).symlink_to("/dev/null")
        (place / "run").mkdir()
        self.environment: Dict[str, str] = {
            **os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "SYSTEMD_UNIT_PATH": f"{units}:{EXAMPLES / 'units'}",
            "FASTINIT_RUN": str(place / "run"), "SYSTEMD_COLORS": "0"}
        self.console = open(place / "console.log", "wb")    # noqa: SIM115 - closed in close()
        # A session of its own: Ctrl-C is for us, and we then stop the container as a container engine does, by SIGTERM.
        self.process = subprocess.Popen([*way.command, sys.executable, "-m", "fastinit.cli.fastinit", "init", "demo.target"],
                                        cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.console,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.has_wrapper = bool(way.command)

    def systemctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "fastinit.cli.systemctl", *words], env=self.environment, cwd=ROOT,
                              capture_output=True, text=True, timeout=DEADLINE_SEC)

    def show(self, *words: str) -> None:
        """Print a command as it would be typed, and what it says."""
        print(f"\n$ systemctl {' '.join(words)}", flush=True)
        done = self.systemctl(*words)
        print(done.stdout + done.stderr, end="", flush=True)

    def value(self, unit: str, name: str) -> str:
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def counters(self) -> Dict[str, int]:
        done = subprocess.run([sys.executable, "-m", "fastinit.cli.fastinit", "stats", "--json"], env=self.environment, cwd=ROOT,
                              capture_output=True, text=True, timeout=DEADLINE_SEC, check=True)
        found: Dict[str, int] = json.loads(done.stdout)
        return found

    def wait(self, what: str, condition: Callable[[], bool]) -> float:
        """Seconds until the condition held. Raises Failed."""
        began = time.monotonic()
        while not condition():
            if self.process.poll() is not None:
                raise Failed(f"fastinit has ended with {self.process.returncode} before {what}")
            if time.monotonic() - began > DEADLINE_SEC:
                raise Failed(f"not within {DEADLINE_SEC:.0f} s: {what}")
            time.sleep(LOOK_SEC)
        return time.monotonic() - began

    def init_pid(self) -> Optional[int]:
        """PID 1's pid as seen from here: the child of unshare."""
        if not self.has_wrapper:
            return self.process.pid
        pid = self.process.pid
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(words[0]) if words else None

    def stop(self) -> float:
        """SIGTERM at PID 1, as `docker stop` does. Returns seconds until it had ended. Raises Failed."""
        began = time.monotonic()
        pid = self.init_pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
        try:
            code = self.process.wait(DEADLINE_SEC)
        except subprocess.TimeoutExpired:
            raise Failed(f"fastinit has not ended {DEADLINE_SEC:.0f} s after SIGTERM") from None
        if code != 0:
            raise Failed(f"fastinit has ended with {code} instead of 0")
        return time.monotonic() - began

    def close(self) -> None:
        """Nothing of ours goes on, however we got here."""
        if self.process.poll() is None:
            pid = self.init_pid()
            os.kill(pid or self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.console.close()


def tour(demo: Demo) -> None:
    seconds = demo.wait("demo.target is active", lambda: demo.systemctl("is-active", "demo.target").returncode == 0)
    print(f"demo.target was up {seconds:.2f} s after the start.")
    failed = demo.systemctl("list-units", "--failed", "--no-legend", "--plain").stdout
    if failed:
        raise Failed(f"no unit has failed:\n{failed}")
    demo.wait("web.service has opened its port", lambda: (demo.place / "web.port").exists())
    demo.show("list-units", "--type=service,target", "--no-pager")
    demo.show("status", "daemon.service")

    with urllib.request.urlopen(f"http://127.0.0.1:{(demo.place / 'web.port').read_text()}/", timeout=5) as answer:
        print(f"\nweb.service answers: {answer.read().decode().strip()}")

    before = demo.value("worker.service", "MainPID")
    demo.show("kill", "--signal=KILL", "worker.service")
    seconds = demo.wait("worker.service runs again", lambda: demo.value("worker.service", "MainPID") not in (before, "0"))
    after = demo.value("worker.service", "MainPID")
    print(f"worker.service was killed (PID {before}) and ran again as PID {after} {seconds:.2f} s later.")

    print(f"\nPID 1 reaps the orphans of churn.service, {CHURN_SEC:.0f} s of them:", flush=True)
    first, began = demo.counters(), time.monotonic()
    demo.wait("a few seconds have gone by", lambda: time.monotonic() - began > CHURN_SEC)
    last, seconds = demo.counters(), time.monotonic() - began
    reaped = last["reaped_orphans"] - first["reaped_orphans"]
    print(f"{reaped} orphans in {seconds:.1f} s ({reaped / seconds:.0f} a second); in all {last['reaped_orphans']} orphans and "
          f"{last['reaped_tracked']} processes of units, {last['manager_starts']} start of the manager.")
    if reaped <= 0:
        raise Failed("no orphan was reaped")


def main() -> int:
    way = choose_way()
    print(f"fastinit boots {EXAMPLES / 'units' / 'demo.target'}\n{way.says}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Path(tempfile.mkdtemp(prefix="fastinit-demo-"))
    demo = Demo(place, way)
    try:
        try:
            tour(demo)
        except KeyboardInterrupt:
            print("\nCtrl-C: stopping.", flush=True)
        seconds = demo.stop()
        print(f"\nStopped by SIGTERM in {seconds:.2f} s with exit code 0; slow.service alone takes 1 s of it to finish its work.")
    except Failed as problem:
        print(f"\nFAILED: {problem}\n\nThe console of PID 1 said:", file=sys.stderr)
        demo.console.flush()
        print((place / "console.log").read_text(errors="replace")[-8000:], file=sys.stderr)
        return 1
    finally:
        demo.close()
        shutil.rmtree(place, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
