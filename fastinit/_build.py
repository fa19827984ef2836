"""Builds the extension fastinit._native: csrc/*.c behind csrc/api.h, by cffi in API mode.

In:  csrc/api.h, which is both the C header and cffi's declarations.   Out: ffibuilder, for setup.py.
Never: imported at run time.
"""

from __future__ import annotations

import os

import cffi

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ["shared.c", "ring.c", "track.c", "reaper.c", "vault.c", "final.c", "init.c", "manager.c", "spawn.c", "inotify.c"]
CFLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]

# The wrapper functions are cffi's and Python's, not ours: their warnings differ by version and must not break the build.
PREAMBLE = """
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wcast-function-type"
#include <stdint.h>
#include "api.h"
"""


def read_api() -> str:
    with open(os.path.join(ROOT, "csrc", "api.h"), encoding="utf-8") as header:
        return header.read()


ffibuilder = cffi.FFI()
ffibuilder.cdef(read_api())
ffibuilder.set_source(
    "fastinit._native",
    PREAMBLE,
    sources=[os.path.join("csrc", name) for name in SOURCES],
    include_dirs=["csrc"],
    depends=[os.path.join("csrc", name) for name in ("api.h", "shared.h", "pid1.h", "manager.h", "epoll_tags.h")],
    extra_compile_args=CFLAGS,
    libraries=["pthread"],
)
