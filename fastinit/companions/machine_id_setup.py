"""systemd-machine-id-setup: give a system its /etc/machine-id.

In:  the root.   Out: the file, when it is missing, empty or says "uninitialized".
Never: changes a valid ID.
The new ID is D-Bus's where there is one, else that of the container engine ($container_uuid of PID 1), else random.
Source: systemd-machine-id-setup(1), machine-id(5).
"""

from __future__ import annotations

import os
from typing import List, Tuple

from fastinit import id128
from fastinit.companions import machine_id
from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.errors import FastinitError

USAGE = """
systemd-machine-id-setup [OPTIONS...]

Initialize /etc/machine-id from a random source.

  -h --help             Show this help
     --version          Show package version
     --root=PATH        Operate relative to root path
     --commit           Commit transient ID
     --print            Print used machine ID
"""
OPTIONS = ("root=", "image=", "commit", "print")


def _from_engine() -> str:
    """Raises ValueError, OSError when the engine gave none."""
    with open("/proc/1/environ", "rb") as stream:
        for word in stream.read().split(b"\0"):
            if word.startswith(b"container_uuid="):
                return machine_id.parse(word.partition(b"=")[2].decode("ascii", "replace"))
    raise ValueError("no container_uuid")


def chosen(root: str) -> Tuple[str, str]:
    """(ID, where it is from)."""
    try:
        return machine_id.read(root + machine_id.DBUS), "D-Bus machine ID"
    except (OSError, ValueError):
        pass                        # the next source
    if not root:
        try:
            return _from_engine(), "container UUID"
        except (OSError, ValueError):
            pass                    # the next source
    return id128.new(), "random generator"


def write(path: str, value: str) -> None:
    """In place of what is there, whole or not at all. Raises OSError; on a read-only or mounted file writes into it."""
    temporary = f"{path}.{os.getpid()}.tmp"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        os.write(fd, value.encode("ascii") + b"\n")
        os.fchmod(fd, 0o444)
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)        # the engine mounted a file there: it cannot be replaced, only filled
        with open(path, "w", encoding="ascii") as stream:
            stream.write(value + "\n")


def setup(root: str) -> str:
    """The machine's ID, made when there is none. Raises FastinitError."""
    path = root + machine_id.ETC
    try:
        return machine_id.read(path)
    except (OSError, ValueError):
        value, source = chosen(root)
    try:
        write(path, value)
    except OSError as error:
        raise FastinitError(f"cannot write {path}: {error.strerror}") from None
    complain(f"Initializing machine ID from {source}.")
    return value


def _work(options: Options) -> int:
    if options.args:
        raise UsageError("Extraneous arguments")
    if options.has("image"):
        raise UsageError("cannot use --image=: disk images need a mount; mount it and use --root=")
    root = os.path.abspath(options.last("root")).rstrip("/") if options.last("root") else ""
    if options.has("commit"):
        # Only an ID that was mounted over the file needs committing; without privilege there are no mounts to undo.
        value = machine_id.machine(root)
        if os.path.ismount(root + machine_id.ETC):
            raise FastinitError(f"cannot commit {root + machine_id.ETC}: a file is mounted over it")
    else:
        value = setup(root)
    if options.has("print"):
        print(value)
    return 0


def main(argv: List[str]) -> int:
    return run("systemd-machine-id-setup", USAGE, OPTIONS, argv, _work)
