"""The manager process: what PID 1 runs as `python -m fastinit.cli.manager [UNIT…]`, at the first start as after a crash.

In:  FASTINIT_SHM_FD and FASTINIT_INIT_FD (csrc/api.h), the vault's descriptors as sd_listen_fds(3) has them, FASTINIT_RUN.
Out: exit code 0 after PID 1 was asked to end or to start the next manager; 1 with a line on stderr when it cannot work.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Dict, List

from fastinit.control.server import Server
from fastinit.errors import FastinitError
from fastinit.run import native, runtime
from fastinit.run.manager import Manager


def main(argv: List[str]) -> int:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(signo, signal.SIG_IGN)        # a Ctrl-C reaches the whole foreground group; PID 1 forwards it as an event
    environment = dict(os.environ)
    shm_fd, init_fd = int(environment.pop("FASTINIT_SHM_FD")), int(environment.pop("FASTINIT_INIT_FD"))
    inherited = inherited_fds(environment)
    for fd in (shm_fd, init_fd):
        os.set_inheritable(fd, False)
    raise_file_limit()
    native.attach(shm_fd, init_fd)
    try:
        manager = Manager(tuple(argv), runtime.Paths(environment.pop("FASTINIT_RUN", "/run")), inherited, environment)
    except (FastinitError, OSError) as error:
        print(f"fastinit: {error}", file=sys.stderr)
        return 1
    server = Server(manager, manager.control_socket)
    manager.run()
    server.close()
    return 0


def inherited_fds(environment: Dict[str, str]) -> Dict[str, List[int]]:
    """What PID 1's vault has handed over, name -> descriptors; the variables are removed."""
    count = int(environment.pop("LISTEN_FDS", "0"))
    names = environment.pop("LISTEN_FDNAMES", "").split(":") if count else []
    environment.pop("LISTEN_PID", None)
    fds: Dict[str, List[int]] = {}
    for offset, name in enumerate(names):
        os.set_inheritable(3 + offset, False)
        fds.setdefault(name, []).append(3 + offset)
    return fds


def raise_file_limit() -> None:
    """Two descriptors a unit soon exceed the usual soft limit of 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
