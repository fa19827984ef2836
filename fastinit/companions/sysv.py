"""What the SysV-style companions share: handing over to systemctl.

In:  a verb with its arguments.   Out: systemctl in place of this process, or its exit code and output.
"""

from __future__ import annotations

import os
import subprocess
from typing import List, Tuple

from fastinit.errors import FastinitError

BOOTED = "/run/systemd/system"      # sd_booted(3)


def is_booted() -> bool:
    return os.path.isdir(BOOTED)


def become(words: List[str]) -> int:
    """Go on as `systemctl WORDS`; returns only by raising FastinitError."""
    try:
        os.execvp("systemctl", ["systemctl", *words])
    except OSError as error:
        raise FastinitError(f"cannot run systemctl: {error.strerror}") from None


def ask(words: List[str]) -> Tuple[int, str]:
    """(exit code, stdout) of `systemctl WORDS`. Raises FastinitError when there is no systemctl."""
    try:
        done = subprocess.run(["systemctl", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise FastinitError(f"cannot run systemctl: {error.strerror}") from None
    return done.returncode, done.stdout.decode("utf-8", "replace")
