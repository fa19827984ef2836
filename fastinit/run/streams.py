"""StandardInput=, StandardOutput=, StandardError=: which descriptors a new process gets as 0, 1 and 2.

In:  ExecContext, and where the unit's log pipe and sockets are.   Out: Streams, or StreamError with systemd's exit status.
Never: blocks (a FIFO without a reader is an error, not a wait), leaves a descriptor open: close() ends the ones made here.
Source: systemd.exec(5) "LOGGING AND STANDARD INPUT/OUTPUT".
"""

from __future__ import annotations

import errno
import os
from typing import Callable, List, Mapping, Sequence, Tuple

from fastinit.errors import FastinitError
from fastinit.units.model import ExecContext, StdStream

EXIT_STDIN, EXIT_STDOUT, EXIT_STDERR = 208, 209, 222
_TTY_KINDS = ("tty", "tty-force", "tty-fail")
_LOG_KINDS = ("journal", "syslog", "kmsg", "journal+console", "syslog+console", "kmsg+console")
_OUTPUT_FLAGS = {
    "file": os.O_WRONLY | os.O_CREAT,
    "append": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "truncate": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}
_NO_NAMES: Mapping[str, int] = {}


class StreamError(FastinitError):
    """exit_status: 208, 209 or 222; errno of the failed open."""

    def __init__(self, message: str, exit_status: int, error: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.errno = error


class Streams:
    """fds: for 0, 1, 2; -1 = /dev/null. controlling_tty: 0 is a terminal that the process shall own."""

    def __init__(self) -> None:
        self.fds: Tuple[int, int, int] = (-1, -1, -1)
        self.controlling_tty = False
        self._own: List[int] = []

    def keep(self, fd: int) -> int:
        self._own.append(fd)
        return fd

    def close(self) -> None:
        for fd in self._own:
            os.close(fd)
        self._own.clear()


def given(fds: Sequence[int]) -> Streams:
    """stdin, stdout and stderr that somebody else keeps (systemd-run --pipe)."""
    streams = Streams()
    stdin, stdout, stderr = fds
    streams.fds = (stdin, stdout, stderr)
    return streams


def open_streams(context: ExecContext, log_pipe: Callable[[], int], console_fd: int, sockets: Sequence[int] = (),
                 named: Mapping[str, int] = _NO_NAMES) -> Streams:
    """log_pipe: makes or finds the write end of the unit's log. sockets: of an accepted or passed socket, for kind "socket".
    named: the descriptors that are passed to the process, for kind "fd".

    Raises StreamError; OSError when no log pipe can be made.
    """
    streams = Streams()
    try:
        stdin = _open_input(context, streams, sockets, named)
        stdout = _open_output(context.standard_output, context, streams, stdin, log_pipe, console_fd, sockets, named,
                              EXIT_STDOUT)
        stderr = _open_output(context.standard_error, context, streams, stdout, log_pipe, console_fd, sockets, named,
                              EXIT_STDERR)
    except BaseException:
        streams.close()
        raise
    streams.fds = (stdin, stdout, stderr)
    return streams


def _open_input(context: ExecContext, streams: Streams, sockets: Sequence[int], named: Mapping[str, int]) -> int:
    spec = context.standard_input
    if spec.kind == "null":
        return -1
    if spec.kind == "data":
        return streams.keep(_memory_file(context.standard_input_data))
    if spec.kind == "file":
        flags = os.O_RDWR | os.O_CREAT if _also_output(spec, context) else os.O_RDONLY
        return streams.keep(_open(spec.argument, flags, EXIT_STDIN))
    if spec.kind in _TTY_KINDS:
        streams.controlling_tty = True
        return _open_terminal(context, streams, os.O_RDWR, EXIT_STDIN)
    if spec.kind == "fd":
        return _find_named(named, spec, EXIT_STDIN)
    if spec.kind == "socket" and sockets:
        return sockets[0]
    raise StreamError(f"StandardInput={spec.kind}: there is no such descriptor for this unit", EXIT_STDIN, errno.EINVAL)


def _open_output(spec: StdStream, context: ExecContext, streams: Streams, before: int, log_pipe: Callable[[], int],
                 console_fd: int, sockets: Sequence[int], named: Mapping[str, int], exit_status: int) -> int:
    kind = spec.kind
    if kind == "inherit":
        # of stdout with StandardInput=null the manual says: the default, which is the log
        is_plain_stdout = exit_status == EXIT_STDOUT and context.standard_input.kind in ("null", "data", "file")
        return log_pipe() if is_plain_stdout else before
    if kind == "null":
        return -1
    if kind in _LOG_KINDS:
        return log_pipe()
    if kind in _OUTPUT_FLAGS:
        if exit_status == EXIT_STDERR and spec == context.standard_output:
            return before       # one open file, one offset, or the two would overwrite each other
        return streams.keep(_open(spec.argument, _OUTPUT_FLAGS[kind], exit_status))
    if kind == "tty":
        if context.standard_input.kind in _TTY_KINDS:
            return before
        return _open_terminal(context, streams, os.O_WRONLY, exit_status)
    if kind == "fd":
        return _find_named(named, spec, exit_status)
    if kind == "console":
        return console_fd
    if kind == "socket" and sockets:
        return sockets[0]
    raise StreamError(f"Standard output {kind}: there is no such descriptor for this unit", exit_status, errno.EINVAL)


def _find_named(named: Mapping[str, int], spec: StdStream, exit_status: int) -> int:
    fd = named.get(spec.argument)
    if fd is None:
        raise StreamError(f"fd:{spec.argument}: there is no such descriptor for this unit", exit_status, errno.ENOENT)
    return fd


def _open_terminal(context: ExecContext, streams: Streams, flags: int, exit_status: int) -> int:
    fd = streams.keep(_open(context.tty_path, flags, exit_status))
    if context.tty_reset:
        _reset_terminal(fd)
    return fd


def _reset_terminal(fd: int) -> None:
    """TTYReset=: modes and special characters as a getty wants to find them; what is no terminal stays as it is."""
    import termios as t
    try:
        iflag, oflag, cflag, lflag, ispeed, ospeed, chars = t.tcgetattr(fd)
        iflag = iflag & ~(t.IGNBRK | t.BRKINT | t.ISTRIP | t.INLCR | t.IGNCR) | t.ICRNL | t.IMAXBEL
        oflag |= t.ONLCR | t.OPOST
        cflag |= t.CREAD
        lflag = t.ISIG | t.ICANON | t.IEXTEN | t.ECHO | t.ECHOE | t.ECHOK | t.ECHOCTL | t.ECHOKE
        for place, char in ((t.VINTR, 3), (t.VQUIT, 28), (t.VERASE, 127), (t.VKILL, 21), (t.VEOF, 4), (t.VSTART, 17),
                            (t.VSTOP, 19), (t.VSUSP, 26), (t.VLNEXT, 22), (t.VWERASE, 23), (t.VREPRINT, 18), (t.VEOL, 0)):
            chars[place] = bytes((char,))
        t.tcsetattr(fd, t.TCSANOW, [iflag, oflag, cflag, lflag, ispeed, ospeed, chars])
    except t.error:
        return


def _also_output(spec: StdStream, context: ExecContext) -> bool:
    return StdStream("file", spec.argument) in (context.standard_output, context.standard_error)


def _open(path: str, flags: int, exit_status: int) -> int:
    try:
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, 0o644)
    except OSError as error:
        raise StreamError(f"cannot open {path}: {error.strerror}", exit_status, error.errno or errno.EINVAL) from None
    os.set_blocking(fd, True)
    return fd


def _memory_file(data: bytes) -> int:
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
