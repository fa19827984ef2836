"""The runtime directory and the files that tell others that an init is here.

In:  root paths.   Out: directories and sockets made with tight modes.
Never: follows a link that it did not make, removes what is not fastinit's own.
Source: sd_booted(3), systemd's "Container Interface", DESIGN 5.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import Mapping, NamedTuple

from fastinit.errors import FastinitError
from fastinit.trees import remove_tree


class RuntimeDirectoryError(FastinitError):
    """The runtime directory cannot be used; str() says which and why."""


class Paths(NamedTuple):
    """Where the manager keeps what others look for."""

    run: str = "/run"

    @property
    def own(self) -> str:
        return os.path.join(self.run, "fastinit")

    @property
    def logs(self) -> str:
        return os.path.join(self.own, "log")

    @property
    def control(self) -> str:
        return os.path.join(self.own, "control")

    @property
    def systemd(self) -> str:
        return os.path.join(self.run, "systemd")

    @property
    def notify(self) -> str:
        return os.path.join(self.systemd, "notify")


def prepare(paths: Paths, is_first_start: bool, is_booted: bool = True) -> None:
    """Make the directories; what an earlier life of the image has left in ours is removed. Raises RuntimeDirectoryError.

    is_booted: sd_booted(3) shall be true. A manager that only serves a RUN step of a Dockerfile leaves /run behind in the image,
    where package scripts of later steps would take it for a running init.
    """
    try:
        if is_first_start:
            _remove_own(paths.own)
            _remove_own(os.path.join(paths.systemd, "transient"))
        for path, mode in ((paths.run, 0o755), (paths.own, 0o755), (paths.logs, 0o750), (paths.systemd, 0o755)):
            _make_directory(path, mode)
        if is_booted:
            _make_directory(os.path.join(paths.systemd, "system"), 0o755)
    except OSError as error:
        raise RuntimeDirectoryError(f"cannot prepare {error.filename or paths.own}: {error.strerror}; "
                            f"fastinit needs a writable {paths.run} (docker run --tmpfs {paths.run} …)") from None


def write_identity(paths: Paths, environment: Mapping[str, str]) -> None:
    """/run/systemd/container from the container= variable of PID 1, /etc/machine-id when it is empty. Raises OSError."""
    container = environment.get("container", "")
    path = os.path.join(paths.systemd, "container")
    if container and not os.path.exists(path):
        _write_new(path, container + "\n")


def listen(path: str, mode: int) -> socket.socket:
    """A fresh SOCK_STREAM listener. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        sock.bind(path)
        os.chmod(path, mode)
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock



def _remove_own(path: str) -> None:
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(about.st_mode):
        remove_tree(path)
    else:
        os.unlink(path)


def _make_directory(path: str, mode: int) -> None:
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise NotADirectoryError(20, "Not a directory", path) from None
        return
    os.chmod(path, mode)


def _write_new(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(fd, "w") as file:
        file.write(text)
