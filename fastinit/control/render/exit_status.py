"""How a process ended, in words.

In:  code and status of waitid(2).   Out: "code=exited, status=1/FAILURE" and its parts.
Source: systemd.exec(5) "PROCESS EXIT CODES"; LSB; BSD sysexits(3)."""

from __future__ import annotations

import errno
import os
from typing import Dict, Optional

from fastinit.units import values
from fastinit.units.model import Service

CLD_EXITED, CLD_KILLED, CLD_DUMPED = 1, 2, 3
CODES: Dict[int, str] = {1: "exited", 2: "killed", 3: "dumped", 4: "trapped", 5: "stopped", 6: "continued"}

# `systemctl status` names libc's and systemd's own codes, but not those of the LSB and of BSD, which the log does name.
NAMES: Dict[int, str] = {code: name for code, (name, _) in values.EXIT_STATUS.items() if code < 2 or code >= 200}

_CLEAN_SIGNALS = frozenset((1, 2, 13, 15))      # HUP, INT, PIPE, TERM: a daemon that was told to end


def outcome(code: int, status: int) -> str:
    """ "code=exited, status=1/FAILURE", "code=killed, signal=KILL"."""
    word = CODES.get(code, "n/a")
    if code == CLD_EXITED:
        name = NAMES.get(status)
        return f"code={word}, status={status}" + (f"/{name}" if name else "")
    return f"code={word}, signal={values.signal_name(status)}"


def is_clean(code: int, status: int, service: Optional[Service]) -> bool:
    """systemd.service(5), "SuccessExitStatus="."""
    more = service.success_exit_status if service is not None else None
    if code == CLD_EXITED:
        return status == 0 or (more is not None and status in more.codes)
    if code == CLD_KILLED:
        return (service is not None and status in _CLEAN_SIGNALS) or (more is not None and status in more.signals)
    return False


def errno_text(number: int) -> str:
    return f"{number} ({os.strerror(number)})" if number in errno.errorcode else str(number)
