"""Start an init in the background: what a RUN step gets when it wants a service started.

In:  nothing.   Out: a manager that listens, or BackgroundError.
Never: polls: the new init's manager is ready when its control socket's directory says so (inotify), or it has ended (pidfd).
"""

from __future__ import annotations

import os
import select
import sys
import time

from fastinit.cli import client
from fastinit.errors import FastinitError
from fastinit.run import places

START_TIMEOUT_USEC = 20_000_000
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
        _wait(read_fd, run)
    finally:
        os.close(read_fd)


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
        os.execv(executable, [executable, "-I", script, "init", "--background", *(["--user"] if user else [])])
    finally:
        os._exit(127)


def _wait(read_fd: int, run: str) -> None:
    """End of file on the pipe: nobody holds it any more, so the init has ended; else the socket answers first.

    The manager makes its directory anew, so what is watched is looked up again after each event; its notify socket is made when
    the control socket listens already, so the event that matters cannot come too early.
    """
    deadline = time.monotonic_ns() // 1000 + START_TIMEOUT_USEC
    from fastinit.run import native
    watch = native.inotify_init()
    try:
        while True:
            for directory in (run, f"{run}/fastinit", f"{run}/systemd"):
                if os.path.isdir(directory):
                    native.inotify_add(watch, directory, IN_ATTRIB | IN_MOVED_TO | IN_CREATE)
            sock = client.connect_to(f"{run}/{places.OWN_FOLDER}/{places.SOCKET_NAME}")
            if sock is not None:
                sock.close()        # type: ignore[attr-defined]
                return
            left = deadline - time.monotonic_ns() // 1000
            ready, _, _ = select.select([watch, read_fd], [], [], max(left, 0) / 1e6)
            if read_fd in ready:
                raise BackgroundError("The manager has ended at once; `fastinit init` in the foreground says why.")
            if not ready:
                raise BackgroundError("The manager does not answer.")
            os.read(watch, 65536)
    finally:
        os.close(watch)
