"""The manager's process: what PID 1 starts, at first and after every end of the one before.

In:  argv (run/boot.py), FASTINIT_SHM_FD, FASTINIT_INIT_FD and FASTINIT_VAULT_FD of PID 1.   Out: an exit code.
Joins what may not know each other: run/ (the manager) and control/ (its clients).
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from typing import Dict, List, Mapping, Tuple

if __name__ == "__main__":      # started by path: the package is three levels up
    sys.path[:] = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))] + [
        path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]

FIRST_FD = 3
# Units and records live long and refer to each other in no circle: going through all of them (the last number) must be rare,
# Python's own 700, 10, 10 spent a third of the time on it while a thousand were loaded. And no exit is seen while the collector
# runs: what it does often goes through 1,000 or 5,000 young objects (20,000 took up to 18 ms, 400,000 up to 99), as much work in
# all, in more steps.
GC_THRESHOLDS = (1_000, 5, 1_600)
OWN_VARIABLES = ("FASTINIT_SHM_FD", "FASTINIT_INIT_FD", "FASTINIT_VAULT_FD")
KERNEL_FILE_LIMIT = (1024, 4096)        # soft and hard, where nobody has set another; <linux/fs.h>


def main(words: List[str]) -> int:
    """0 after PID 1 was asked to end or to start the next manager; 1 with a line on stderr when nothing can work.
    Was that so from the beginning, then PID 1 ends, too."""
    gc.set_threshold(*GC_THRESHOLDS)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(signo, signal.SIG_IGN)    # a Ctrl-C reaches the whole foreground group; PID 1 forwards it as an event
    from fastinit.control.server import Server
    from fastinit.errors import FastinitError
    from fastinit.run import boot, native, runtime
    from fastinit.run.manager import Manager
    environment = dict(os.environ)
    native.attach(int(environment["FASTINIT_SHM_FD"]), int(environment["FASTINIT_INIT_FD"]))
    soft_and_hard = raise_file_limit()
    inherited = inherited_fds(environment)
    for name in OWN_VARIABLES:
        environment.pop(name, None)
        os.environ.pop(name, None)
    paths = runtime.Paths(environment.pop("FASTINIT_RUN", "") or "/run")
    user = bool(environment.pop("FASTINIT_USER", ""))
    try:
        manager = Manager(boot.from_words(words), paths, inherited, environment, soft_and_hard, user)
    except (FastinitError, OSError) as error:
        print(f"fastinit: {error}", file=sys.stderr)
        if not inherited:       # no manager has ever worked here: the next one would say the same
            native.exit_request(1)
        return 1
    server = Server(manager, manager.control_socket, lambda line: manager.log("", 3, line))
    manager.run()
    server.close()
    return 0


def inherited_fds(environment: Mapping[str, str]) -> Dict[str, List[int]]:
    """name -> descriptors, in their order. They stand from FIRST_FD on, as the file of FASTINIT_VAULT_FD names them."""
    from fastinit.descriptors import lift
    with open(int(environment["FASTINIT_VAULT_FD"]), "rb") as file:
        file.seek(0)
        names = os.fsdecode(file.read()).split("\0")[:-1]
    found: Dict[str, List[int]] = {}
    for fd, name in enumerate(names, FIRST_FD):
        os.set_inheritable(fd, False)
        found.setdefault(name, []).append(lift(fd))
    return found


def raise_file_limit() -> Tuple[int, int]:
    """Two descriptors a unit soon exceed the usual soft limit of 1,024. Returns PID 1's own limit, which is the services'."""
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    except OSError:             # a sandbox, ~@resources: then the services' cannot be set either
        return KERNEL_FILE_LIMIT
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft, hard


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
