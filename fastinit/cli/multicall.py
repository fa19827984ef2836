"""One entry for all companions: the name it is called by decides (links, as `fastinit install` makes them).

In:  sys.argv; "multicall NAME ARGS" works as well as a link.   Out: the exit code.
Never: imports more than the one module.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import List, Optional

from fastinit.companions.table import MODULES

UNKNOWN = 127                       # what a shell answers for a command that is not there


def run(argv: List[str]) -> int:
    """argv with the program's name in front."""
    name = os.path.basename(argv[0])
    words = argv[1:]
    if name not in MODULES and words and os.path.basename(words[0]) in MODULES:
        name, words = os.path.basename(words[0]), words[1:]
    module = MODULES.get(name)
    if module is None:
        print(f"fastinit: no program is called '{name}'; known are: {', '.join(sorted(MODULES))}", file=sys.stderr)
        return UNKNOWN
    for signo in (signal.SIGPIPE, signal.SIGINT):       # a closed pipe and Ctrl-C end us as they end any program
        signal.signal(signo, signal.SIG_DFL)
    return int(import_module(module).main(words))


def main(argv: Optional[List[str]] = None) -> int:
    return run(sys.argv if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
