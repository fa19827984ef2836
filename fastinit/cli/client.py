"""The small client: says what it is and what was typed, copies what comes back, exits with the code.

In:  argv, argv[0] included.   Out: bytes on stdout and stderr, an exit code.
Imports only what the interpreter has loaded anyway (posix, _socket): most runs need nothing else. What it cannot do itself,
because there is no manager or because the manager says so, fastinit.cli.local does. csrc/client.c does the same in C.
"""

from __future__ import annotations

import posix

from fastinit.control import frames
from fastinit.run import places

LOST = "Connection to the manager was lost.\n"
SIGPIPE, SIGINT = 13, 2


def main(argv: "list[str]") -> int:
    if posix.getpid() == 1:
        from fastinit.cli import pid1
        return pid1.main(argv)
    default_signals()
    sock = connect(is_for_user(argv))
    if sock is None:
        return _local(argv, "offline")
    code = talk(sock, facts(argv), argv)
    return _local(argv, "local") if code is None else code


def _local(argv: "list[str]", why: str) -> int:
    from fastinit.cli import local
    return local.main(argv, why)


def default_signals() -> None:
    """Ctrl-C and a closed pipe end us as they end any C program, without a traceback."""
    import _signal  # type: ignore[import-not-found]
    _signal.signal(SIGPIPE, _signal.SIG_DFL)
    _signal.signal(SIGINT, _signal.SIG_DFL)


def is_for_user(argv: "list[str]") -> bool:
    """--user; the last of it and --system counts, and what stands behind "--" is no option."""
    user = False
    for word in argv[1:]:
        if word == "--":
            break
        if word in ("--user", "--system"):
            user = word == "--user"
    return user


def connect(user: bool = False) -> "object | None":
    """A connected socket; None when no manager listens."""
    for path in places.sockets(user):
        sock = connect_to(path)
        if sock is not None:
            return sock
    return None


def connect_to(path: str) -> "object | None":
    import _socket
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC, 0)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        return None
    return sock


def facts(argv: "list[str]") -> "dict[bytes, bytes]":
    """What the manager must know to render for us."""
    tty = [posix.isatty(fd) for fd in (0, 1, 2)]
    found = {b"tty": b"".join(b"1" if is_tty else b"0" for is_tty in tty), b"cwd": _cwd()}
    if tty[1]:
        found[b"columns"] = str(posix.get_terminal_size(1).columns).encode()
    environment = posix.environ
    if frames.WHOLE_ENVIRONMENT_VERB in argv:
        names = [name for name in environment if b"=" not in name]
    else:
        names = [name.encode() for name in frames.ENVIRONMENT]
    for name in names:
        value = environment.get(name)
        if value is not None:
            found[b"env." + name] = value
    return found


def _cwd() -> bytes:
    try:
        return posix.getcwdb()
    except OSError:
        return b"/"


def talk(sock: "object", about: "dict[bytes, bytes]", argv: "list[str]") -> "int | None":
    """Send the request, copy the answer. None: it must be done here. Should the manager be replaced meanwhile, go on with
    the next one from where this one was."""
    words = [word.encode("utf-8", "surrogateescape") for word in argv]
    while True:
        code, resume = _exchange(sock, frames.encode_request(about, words))
        if code != _LOST:
            return code
        again = connect(is_for_user(argv)) if resume else None
        if again is None:
            posix.write(2, LOST.encode())
            return 1
        sock, about = again, {**about, b"resume": resume}


_LOST = -1


def _exchange(sock: "object", request: bytes) -> "tuple[int | None, bytes]":
    """(exit code, None for "do it yourself", or _LOST; what to resume with)."""
    resume = b""
    try:
        sock.sendall(request, 0x4000)       # type: ignore[attr-defined]    # MSG_NOSIGNAL
    except OSError:
        pass                                # refused before it has read all: the reason is there to be read
    while True:
        header = receive(sock, frames.HEADER_BYTES)
        if len(header) < frames.HEADER_BYTES:
            return _LOST, resume
        kind, length = frames.decode_header(header)
        payload = receive(sock, length)
        if len(payload) < length:
            return _LOST, resume
        if kind == frames.STDOUT:
            _write_all(1, payload)
        elif kind == frames.STDERR:
            _write_all(2, payload)
        elif kind == frames.EXIT:
            return payload[0], b""
        elif kind == frames.LOCAL:
            return None, b""
        elif kind == frames.RESUME:
            resume = payload


def receive(sock: "object", count: int) -> bytes:
    """count bytes, fewer at the end of the connection."""
    data = b""
    while len(data) < count:
        try:
            piece: bytes = sock.recv(count - len(data))     # type: ignore[attr-defined]
        except OSError:
            break
        if not piece:
            break
        data += piece
    return data


def _write_all(fd: int, data: bytes) -> None:
    while data:
        try:
            data = data[posix.write(fd, data):]
        except BlockingIOError:
            import select
            select.select((), (fd,), ())
        except OSError:
            return              # closed, or a full disk: the exit code still tells
