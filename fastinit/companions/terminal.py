"""A pseudo terminal between the one we run on and a service (systemd-run --pty).

In:  our stdin and stdout.   Out: bytes both ways until the request is answered; settings that give the service the other side.
Never: polls; leaves our own terminal in raw mode.
Source: systemd-run(1) "--pty", "--background=".
"""

from __future__ import annotations

import errno
import os
import pty
import select
import signal
import struct
import time
from typing import Any, List, Optional, Tuple

from fastinit.companions.manager import Request

ESCAPE = 0x1d               # ^], three times within …
ESCAPE_COUNT, ESCAPE_SEC = 3, 1.0
END_OF_FILE = b"\x04"       # what a terminal makes of the end of its input
TIOCGWINSZ, TIOCSWINSZ = 0x5413, 0x5414
CHUNK = 4096


class Terminal:
    def __init__(self, background: str = "") -> None:
        self._master, self._slave = pty.openpty()
        self._name = os.ttyname(self._slave)
        self._background = background
        self._saved: Optional[List[Any]] = None
        self._escapes: List[float] = []
        self._stdin_open = True
        os.set_blocking(self._master, False)

    def settings(self) -> List[Tuple[str, str]]:
        """Directives of the service. Its terminal is ours, so it has our TERM."""
        found = [("StandardInput", "tty"), ("StandardOutput", "tty"), ("StandardError", "tty"), ("TTYPath", self._name)]
        term = os.environ.get("TERM", "")
        if term and not any(char in term for char in ' "\\%\n'):
            found.append(("Environment", f'"TERM={term}"'))
        return found

    def __enter__(self) -> "Terminal":
        self._copy_size()
        signal.signal(signal.SIGWINCH, lambda _signo, _frame: self._copy_size())
        if os.isatty(0):
            import termios
            import tty
            self._saved = termios.tcgetattr(0)
            tty.setraw(0)
        if self._background and os.isatty(1):
            os.write(1, f"\033[{self._background}m\033[J".encode())
        return self

    def __exit__(self, *_: object) -> None:
        if self._background and os.isatty(1):
            os.write(1, b"\033[0m\033[J")
        if self._saved is not None:
            import termios
            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)

    def _copy_size(self) -> None:
        import fcntl
        if os.isatty(1):
            fcntl.ioctl(self._master, TIOCSWINSZ, fcntl.ioctl(1, TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0)))

    def run(self, request: Request) -> None:
        """Until the manager has answered and all that was written has been copied, or ^] was pressed three times."""
        while request.answer is None:
            watched: List[Any] = [request, self._master]
            if self._stdin_open:
                watched.append(0)
            ready, _, _ = select.select(watched, [], [])
            if self._master in ready:
                self._copy_out()
            if 0 in ready and not self._copy_in():
                return
            if request in ready:
                request.feed()
        os.close(self._slave)
        self._slave = -1
        while self._copy_out():
            pass

    def _copy_out(self) -> bool:
        """False: nothing is left for now, or nobody has the other side open."""
        try:
            data = os.read(self._master, CHUNK)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return False
        _write(1, data)
        return bool(data)

    def _copy_in(self) -> bool:
        """False: the person wants to go."""
        data = os.read(0, CHUNK)
        if not data:
            self._stdin_open = False
            data = END_OF_FILE
        for byte in data:
            now = time.monotonic()
            self._escapes = [at for at in self._escapes if now - at < ESCAPE_SEC] + [now] if byte == ESCAPE else []
            if len(self._escapes) == ESCAPE_COUNT:
                return False
        _write(self._master, data)
        return True


def _write(fd: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            select.select([], [fd], [])
