"""What /proc says about a unit's processes: names, command lines, parents, memory, CPU.

In:  pids.   Out: Process values; a process that is gone is left out.
Never: raises for a process that ends while it is read.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, NamedTuple, Optional

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
USEC_PER_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    pid: int
    parent: int
    name: str               # /proc/PID/comm
    argv: List[str]         # [] for a kernel thread or a zombie
    threads: int
    cpu_usec: int
    private_bytes: int      # resident and not shared with a file: what would be free without it


def read(pid: int) -> Optional[Process]:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            text = stat.read(1024)
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            command = cmdline.read(1 << 16)
        with open(f"/proc/{pid}/statm", "rb") as statm:
            pages = statm.read(256).split()
    except OSError:
        return None
    opening, closing = text.index(b"("), text.rindex(b")")
    fields = text[closing + 2:].split()
    argv = command.rstrip(b"\0").decode("utf-8", "replace").split("\0") if command else []
    name = text[opening + 1:closing].decode("utf-8", "replace")
    cpu_usec = max((int(fields[11]) + int(fields[12])) * USEC_PER_TICK, _first_thread_usec(pid))
    private_bytes = (int(pages[1]) - int(pages[2])) * PAGE_BYTES if len(pages) > 2 else 0
    return Process(pid, int(fields[1]), name, argv, int(fields[17]), cpu_usec, private_bytes)


def _first_thread_usec(pid: int) -> int:
    """To the nanosecond, where the kernel counts that: most services have used less than one tick."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as schedstat:
            return int(schedstat.read(64).split()[0]) // 1000
    except (OSError, ValueError, IndexError):
        return 0


def read_all(pids: Iterable[int]) -> List[Process]:
    found = (read(pid) for pid in pids)
    return [process for process in found if process is not None]


def name_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", "rb") as comm:
            return comm.read(64).decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return ""


def command_line(process: Process) -> str:
    """For people: the arguments, quoted where the shell would want it; "[name]" for a process without any."""
    if not process.argv:
        return f"[{process.name}]"
    return " ".join(map(quote, process.argv))


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-~[]{}^")
_ESCAPES: Dict[str, str] = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "$": "\\$", "`": "\\`"}


def quote(word: str) -> str:
    """One argument; in double quotes when it holds anything that a shell would not take as it is."""
    if word and _PLAIN.issuperset(word):
        return word
    return '"' + "".join(_ESCAPES.get(char, char if char.isprintable() else f"\\{ord(char):03o}") for char in word) + '"'
