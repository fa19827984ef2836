"""systemd-cat: a program's output, or stdin, to the log.

In:  a command line, or stdin.   Out: a stream to /run/systemd/journal/stdout when a log service listens there; otherwise the
output goes where it would go anyway, one line on stderr says so, and lines get "<priority>" in front if one was asked for.
The exit status is the program's.
Source: systemd-cat(1); sd_journal_stream_fd(3).
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from typing import Dict, List, Tuple

from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.errors import FastinitError
from fastinit.units.values import parse_boolean

USAGE = """
systemd-cat [OPTIONS...] COMMAND ...

Execute process with stdout/stderr connected to the journal.

  -h --help                      Show this help
     --version                   Show package version
  -t --identifier=STRING         Set syslog identifier
  -p --priority=PRIORITY         Set priority value (0..7)
     --stderr-priority=PRIORITY  Set priority value (0..7) used for stderr
     --level-prefix=BOOL         Control whether level prefix shall be parsed
"""
OPTIONS = ("identifier= t", "priority= p", "stderr-priority=", "level-prefix=")
SOCKET = "/run/systemd/journal/stdout"
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
INFO = LEVELS.index("info")


def parse_priority(text: str) -> int:
    """Raises UsageError."""
    if text in LEVELS:
        return LEVELS.index(text)
    if len(text) == 1 and text in "01234567":
        return int(text)
    raise UsageError("Failed to parse priority value.")


def _stream(identifier: str, priority: int, level_prefix: bool) -> socket.socket:
    """An open stream with its header sent. Raises OSError."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(SOCKET)
    link.shutdown(socket.SHUT_RD)
    # identifier, unit, priority, level prefix; then: forward to syslog, kmsg, console
    header = f"{identifier}\n\n{priority}\n{int(level_prefix)}\n0\n0\n0\n"
    link.sendall(header.encode("utf-8", "surrogateescape"))
    return link


def _execute(command: List[str]) -> int:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise FastinitError(f"Failed to execute process: {error.strerror}") from None


def _to_log(command: List[str], identifier: str, priorities: Tuple[int, int], level_prefix: bool) -> int:
    out = _stream(identifier, priorities[0], level_prefix)
    err = _stream(identifier, priorities[1], level_prefix) if priorities[1] != priorities[0] else out
    saved = os.dup(2)
    os.set_inheritable(saved, False)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    try:
        return _execute(command or ["cat"])
    except FastinitError as error:
        os.write(saved, f"{error}\n".encode())      # stderr is the log by now
        return 1


def _pass_through(command: List[str], marks: Tuple[str, str]) -> int:
    complain(f"systemd-cat: nothing listens on {SOCKET}, output stays where it is")
    if not any(marks):
        return _execute(command or ["cat"])
    try:
        child = subprocess.Popen(command or ["cat"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise FastinitError(f"Failed to execute process: {error.strerror}") from None
    assert child.stdout is not None and child.stderr is not None
    _mark_lines({child.stdout.fileno(): (1, marks[0]), child.stderr.fileno(): (2, marks[1])})
    code = child.wait()
    return code if code >= 0 else 128 - code


def _mark_lines(streams: Dict[int, Tuple[int, str]]) -> None:
    """Copy until all ends are closed, the mark before each line.   streams: read end -> (where to, mark)."""
    poll = select.poll()
    at_start = dict.fromkeys(streams, True)
    for fd in streams:
        poll.register(fd, select.POLLIN)
    while at_start:
        for fd, _ in poll.poll():
            data = os.read(fd, 65536)
            if not data:
                poll.unregister(fd)
                del at_start[fd]
                continue
            target, mark = streams[fd]
            head = mark.encode() if at_start[fd] else b""
            at_start[fd] = data.endswith(b"\n")
            body = data[:-1].replace(b"\n", b"\n" + mark.encode()) + data[-1:]
            view = memoryview(head + body)
            while view:
                view = view[os.write(target, view):]


def _work(options: Options) -> int:
    priority = parse_priority(options.last("priority", "info"))
    err_priority = parse_priority(options.last("stderr-priority")) if options.has("stderr-priority") else priority
    try:
        level_prefix = parse_boolean(options.last("level-prefix", "yes"))
    except ValueError:
        raise UsageError("Failed to parse level prefix value.") from None
    identifier = options.last("identifier") or (os.path.basename(options.args[0]) if options.args else "cat")
    sys.stdout.flush()
    try:
        return _to_log(options.args, identifier, (priority, err_priority), level_prefix)
    except (FileNotFoundError, ConnectionRefusedError):
        asked = options.has("priority") or options.has("stderr-priority")
        marks = (f"<{priority}>", f"<{err_priority}>") if asked else ("", "")
        return _pass_through(options.args, marks)


def main(argv: List[str]) -> int:
    return run("systemd-cat", USAGE, OPTIONS, argv, _work, stop_at_argument=True)
