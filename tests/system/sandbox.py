"""A sandbox that refuses system calls, as engines' seccomp profiles and older kernels do.

In:  names of system calls and the error that each shall get.   Out: this process, and all that it starts, gets that error.
Source: seccomp(2); the numbers are the compiler's: they differ between architectures.
"""

from __future__ import annotations

import ctypes
import functools
import re
import struct
import subprocess
from typing import Mapping

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000


@functools.cache
def number_of(name: str) -> int:
    """Raises LookupError where this machine's headers do not know it."""
    source = f"#include <sys/syscall.h>\nnumber SYS_{name}\n"
    done = subprocess.run(["cc", "-E", "-P", "-"], input=source, text=True, capture_output=True,
                          check=True)
    match = re.search(r"^number ([0-9]+)$", done.stdout, re.MULTILINE)
    if match is None:
        raise LookupError(f"no system call {name} here")
    return int(match.group(1))


def refuse(errors: Mapping[int, int]) -> None:
    """From here on; errors: number of a system call -> errno. Needs no privilege but gives up that of set-uid programs."""
    program = [(LOAD_NUMBER, 0, 0, 0)]
    for number, error in errors.items():
        program += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, RET_ERRNO | error)]
    program.append((RETURN, 0, 0, RET_ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    about = struct.pack("@HP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, about, 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "cannot install a seccomp filter")
