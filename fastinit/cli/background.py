"""Start an init in the background: what a RUN step gets when it wants a service started. Or wait for that which PID 1 starts.

In:  nothing.   Out: a manager that listens, or BackgroundError.
Never: polls: an init's manager is ready when its control socket's directory says so (inotify), or the init has ended (pipe,
pidfd); starts an init beside a PID 1 that is one.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import List

from fastinit.cli import client
from fastinit.errors import FastinitError
from fastinit.run import places

START_TIMEOUT_USEC = 20_000_000
ARGUMENTS_MAX = 8           # the interpreter, its options, the script
IN_ATTRIB, IN_MOVED_TO, IN_CREATE = 0x4, 0x80, 0x100      # inotify(7)


class BackgroundError(FastinitError):
    """str() says why there is no manager."""


def start(user: bool = False) -> None:
    """Returns when a manager accepts requests. The new init is no child of ours: our caller may wait for all of its own.
    Raises BackgroundError."""
    run = places.choose(user)       # the init, whose environment is ours, comes to the same
    read_fd, write_fd = os.pipe()
    child = os.fork()
    if child == 0:
        _become_init(write_fd, user)    # never returns
    os.close(write_fd)
    os.waitpid(child, 0)
    try:
        _wait(read_fd, [run], user)
    finally:
        os.close(read_fd)


def await_init() -> bool:
    """False: PID 1 is no fastinit, or not the one of our root directory. True: its manager listens now; `podman exec` is there
    before it, as soon as PID 1 exists. Raises BackgroundError when it does not come."""
    if os.getpid() == 1 or not _is_ours(1):
        return False        # `docker run image systemctl …`: a command, not an init
    from fastinit.run import native
    try:
        pidfd = native.pidfd_open(1)
    except OSError:
        return False        # a kernel without pidfds: as before
    try:
        _wait(pidfd, [path for path, _ in places.candidates()])
    finally:
        os.close(pidfd)
    return True


def _is_ours(pid: int) -> bool:
    """A program of this package, or the command `fastinit`, under whatever name (/sbin/init is a link to it)."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
        ours, theirs = os.stat("/"), os.stat(f"/proc/{pid}/root")
    except OSError:
        return False
    if (ours.st_dev, ours.st_ino) != (theirs.st_dev, theirs.st_ino):
        return False        # chroot: the manager's socket is not in here
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__))).encode()
    return any(word.startswith(b"/") and (os.path.realpath(word).startswith(package + b"/") or word.endswith(b"/fastinit"))
               for word in words[:ARGUMENTS_MAX])


def _become_init(ready_fd: int, user: bool) -> None:
    """Twice forked, its own session, nothing of ours but the end of the pipe that its manager closes when it listens."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.set_inheritable(ready_fd, True)
        os.chdir("/")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fastinit.py")
        executable = sys.executable or os.path.realpath("/proc/self/exe")
        os.execv(executable, [executable, "-I", script, "init", "--background", "--pass-environment",
                               *(["--user"] if user else [])])
    finally:
        os._exit(127)


def _wait(ended_fd: int, runs: List[str], user: bool = False) -> None:
    """Returns when a manager listens below one of the directories. Something to read at ended_fd: the init has ended.

    The manager makes its directory anew, so what is watched is looked up again after each event; its notify socket is made when
    the control socket listens already, so the event that matters cannot come too early.
    """
    deadline = time.monotonic_ns() // 1000 + START_TIMEOUT_USEC
    from fastinit.run import native
    watch = native.inotify_init()
    try:
        while True:
            for run in runs:
                for directory in (os.path.dirname(run), run, f"{run}/{places.OWN_FOLDER}", f"{run}/systemd"):
                    if os.access(directory, os.R_OK | os.X_OK):
                        native.inotify_add(watch, directory, IN_ATTRIB | IN_MOVED_TO | IN_CREATE)
            sock = client.connect(user)
            if sock is not None:
                sock.close()        # type: ignore[attr-defined]
                return
            left = deadline - time.monotonic_ns() // 1000
            ready, _, _ = select.select([watch, ended_fd], [], [], max(left, 0) / 1e6)
            if ended_fd in ready:
                raise BackgroundError("The manager has ended at once; `fastinit init` in the foreground says why.")
            if not ready:
                raise BackgroundError("The manager does not answer.")
            os.read(watch, 65536)
    finally:
        os.close(watch)
