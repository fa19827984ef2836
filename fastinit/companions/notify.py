"""systemd-notify: tell the service manager about a service, from a shell script.

In:  options, NAME=VALUE arguments, $NOTIFY_SOCKET.   Out: one datagram, then a barrier unless --no-block.
The barrier is what makes this usable from scripts: the manager finds out which unit a message is from by its sender's pid,
and a sender that is gone before the message is read belongs to no unit. So wait until the manager has come that far.
Source: systemd-notify(1), sd_notify(3), sd_notify_barrier(3).
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import time
from typing import List, Optional, Tuple

from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.errors import FastinitError

USAGE = """
systemd-notify [OPTIONS...] [VARIABLE=VALUE...]
systemd-notify [OPTIONS...] --exec [VARIABLE=VALUE...] ; CMDLINE...

Notify the init system about service status updates.

  -h --help            Show this help
     --version         Show package version
     --ready           Inform the service manager about service start-up/reload
                       completion
     --reloading       Inform the service manager about configuration reloading
     --stopping        Inform the service manager about service shutdown
     --pid[=PID]       Set main PID of daemon
     --uid=USER        Set user to send from
     --status=TEXT     Set status text
     --booted          Check if the system was booted up with systemd
     --no-block        Do not wait until operation finished
     --exec            Execute command line separated by ';' once done
     --fd=FD           Pass specified file descriptor with along with message
     --fdname=NAME     Name to assign to passed file descriptor(s)
"""
OPTIONS = ("ready", "reloading", "stopping", "pid?", "uid=", "status=", "booted", "no-block", "exec", "fd=", "fdname=")
BARRIER_TIMEOUT_MSEC = 5_000


def _pid(text: str) -> int:
    """ "", "auto" = who called us, unless that is the manager; "parent", "self" as they say."""
    if text in ("", "auto"):
        parent = os.getppid()
        return os.getpid() if parent <= 1 else parent
    if text == "parent":
        return os.getppid()
    if text == "self":
        return os.getpid()
    if not text.isdecimal() or not 0 < int(text) <= 4_194_304:
        raise UsageError(f"Failed to parse PID {text}.")
    return int(text)


def _message(options: Options, variables: List[str]) -> str:
    lines = []
    if options.has("reloading"):
        lines.append("RELOADING=1")
        lines.append(f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
    if options.has("ready"):
        lines.append("READY=1")
    if options.has("stopping"):
        lines.append("STOPPING=1")
    if options.has("status"):
        lines.append("STATUS=" + options.last("status"))
    if options.has("pid"):
        lines.append(f"MAINPID={_pid(options.last('pid'))}")
    if options.has("fd"):
        lines.append("FDSTORE=1")
        if options.has("fdname"):
            lines.append("FDNAME=" + options.last("fdname"))
    return "\n".join(lines + variables)


def _split(options: Options) -> Tuple[List[str], List[str]]:
    """Variables, and with --exec the command behind ";"."""
    if not options.has("exec"):
        return options.args, []
    if ";" not in options.args:
        raise UsageError("If --exec is used, argument list must contain ';' separator, refusing.")
    at = options.args.index(";")
    command = options.args[at + 1:]
    if not command:
        raise UsageError("Empty command line specified after ';' separator, refusing.")
    return options.args[:at], command


def connect(path: str) -> socket.socket:
    """Raises UsageError with what is wrong with $NOTIFY_SOCKET."""
    if path.startswith("@"):
        address = "\0" + path[1:]
    elif path.startswith("/"):
        address = path
    else:
        raise UsageError(f"Failed to notify init system: $NOTIFY_SOCKET={path} is not supported here, only AF_UNIX is")
    link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        link.connect(address)
    except OSError as error:
        link.close()
        raise UsageError(f"Failed to notify init system: {os.strerror(error.errno or 0)}") from None
    return link


def send(link: socket.socket, text: str, fds: List[int], pid: Optional[int]) -> None:
    """One datagram; with pid, in the name of that process, which needs privilege."""
    parts: List[Tuple[int, int, bytes]] = []
    if fds:
        parts.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes()))
    if pid is not None:
        parts.append((socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("iII", pid, os.getuid(), os.getgid())))
    data = [text.encode("utf-8", "surrogateescape")]
    try:
        link.sendmsg(data, parts)
    except PermissionError:
        link.sendmsg(data, [part for part in parts if part[1] == socket.SCM_RIGHTS])


def barrier(link: socket.socket) -> None:
    """Wait until the manager has closed its end of a pipe: then it has read everything before. Raises FastinitError."""
    reading, writing = os.pipe()
    try:
        send(link, "BARRIER=1", [writing], None)
    finally:
        os.close(writing)
    try:
        waiting = select.poll()
        waiting.register(reading, 0)            # POLLHUP comes unasked
        if not waiting.poll(BARRIER_TIMEOUT_MSEC):
            raise FastinitError("Failed to invoke barrier: Connection timed out")
    finally:
        os.close(reading)


def _become(user: str) -> None:
    import pwd
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        raise UsageError(f"Can't resolve user {user}: No such process") from None
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)


def _descriptors(options: Options) -> List[int]:
    found = []
    for text in options.all("fd"):
        if not text.isdecimal():
            raise UsageError(f"Failed to parse file descriptor: {text}")
        found.append(int(text))
    if options.has("fdname") and not found:
        raise UsageError("No file descriptors passed, but --fdname= set, refusing.")
    return found


def _work(options: Options) -> int:
    if options.has("booted"):
        return 0 if os.path.isdir("/run/systemd/system") else 1
    variables, command = _split(options)
    fds = _descriptors(options)
    text = _message(options, variables)
    if not text:
        if command:
            raise UsageError("No status message to send, refusing.")
        print(USAGE.strip("\n"))
        return 1
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        complain("No status data could be sent: $NOTIFY_SOCKET was not set")
        return 1
    link = connect(path)
    pid = _pid(options.last("pid")) if options.has("pid") else None
    if options.has("uid"):
        _become(options.last("uid"))
    # In the name of our parent where that is allowed: we are gone soon, the script goes on.
    send(link, text, fds, pid if pid is not None and os.path.exists(f"/proc/{pid}") else _pid("auto"))
    if not options.has("no-block"):
        barrier(link)
    link.close()
    if command:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            raise FastinitError(f"Failed to execute command line: {error.strerror}") from None
    return 0


def main(argv: List[str]) -> int:
    return run("systemd-notify", USAGE, OPTIONS, argv, _work)
