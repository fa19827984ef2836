"""Descriptors that live as long as a unit stand at 1,024 and above: what a spawn copies and closes again is what stands below.

In:  a descriptor.   Out: the same open file, out of the way.   See csrc/spawn.c, "the parent".
"""

from __future__ import annotations

import errno
import fcntl
import os

HIGH = 1024     # FI_HIGH_FD of csrc/api.h


def lift(fd: int) -> int:
    """Takes fd over. Where the limit of descriptors is too low for that it stays: spawning is slower then, not wrong."""
    if fd >= HIGH:
        return fd
    try:
        lifted = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EMFILE):
            raise
        return fd
    os.close(fd)
    return lifted
