"""The manager's process: what PID 1 starts, at first and after every end of the one before.

In:  argv (units to boot), FASTINIT_SHM_FD, FASTINIT_INIT_FD, LISTEN_FDS and LISTEN_FDNAMES of PID 1.   Out: an exit code.
Joins what may not know each other: run/ (the manager) and control/ (its clients).
"""

from __future__ import annotations

import os
import sys
from typing import Dict, List, Mapping

if __name__ == "__main__":      # started by path: the package is three levels up
    sys.path[:] = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))] + [
        path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]

LISTEN_FDS_START = 3
OWN_VARIABLES = ("FASTINIT_SHM_FD", "FASTINIT_INIT_FD", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID")


def main(units: List[str]) -> int:
    from fastinit.control.server import Server
    from fastinit.run import native, runtime
    from fastinit.run.manager import Manager
    environment = dict(os.environ)
    native.attach(int(environment["FASTINIT_SHM_FD"]), int(environment["FASTINIT_INIT_FD"]))
    inherited = inherited_fds(environment)
    for name in OWN_VARIABLES:
        environment.pop(name, None)
        os.environ.pop(name, None)
    paths = runtime.Paths(environment.get("FASTINIT_RUN", "/run"))
    manager = Manager(tuple(units), paths, inherited, environment)
    server = Server(manager, manager.control_socket, lambda line: manager.log("", 3, line))
    manager.run()
    server.close()
    return 0


def inherited_fds(environment: Mapping[str, str]) -> Dict[str, List[int]]:
    """sd_listen_fds_with_names(3): name -> descriptors, in their order."""
    count = int(environment.get("LISTEN_FDS") or "0")
    names = environment.get("LISTEN_FDNAMES", "").split(":") if count else []
    found: Dict[str, List[int]] = {}
    for at in range(count):
        os.set_inheritable(LISTEN_FDS_START + at, False)
        found.setdefault(names[at] if at < len(names) else "unknown", []).append(LISTEN_FDS_START + at)
    return found



if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
