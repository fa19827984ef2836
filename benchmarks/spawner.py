"""Spawns N processes one after the other by one method, and times each; runs inside the namespace of spawn.py's measurement.

In:  argv METHOD COUNT BALLAST_MIB RESULT PROGRAM; for "fastinit" this is the manager of an init (FASTINIT_SHM_FD,
     FASTINIT_INIT_FD).
Out: RESULT: JSON, {"calls": ns of each spawn call, "seconds": for all, their exits included}.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from typing import Callable, Dict, Tuple

Spawn = Callable[[int], Callable[[], None]]         # (number) -> what waits for its end


def posix_spawn(program: str) -> Spawn:
    devnull = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]

    def spawn(number: int) -> Callable[[], None]:
        pid = os.posix_spawn(program, [program], {}, file_actions=devnull)
        return lambda: void(os.waitpid(pid, 0))
    return spawn


def subprocess_popen(program: str) -> Spawn:
    def spawn(number: int) -> Callable[[], None]:
        null = subprocess.DEVNULL
        child = subprocess.Popen([program], env={}, stdin=null, stdout=null, stderr=null)
        return lambda: void(child.wait())
    return spawn


def fork_exec(program: str) -> Spawn:
    def spawn(number: int) -> Callable[[], None]:
        pid = os.fork()
        if pid == 0:
            try:
                null = os.open(os.devnull, os.O_RDWR)
                for fd in range(3):
                    os.dup2(null, fd)
                os.execve(program, [program], {})
            finally:
                os._exit(127)
        return lambda: void(os.waitpid(pid, 0))
    return spawn


def fastinit(program: str) -> Spawn:
    from fastinit.run import native
    native.attach(int(os.environ["FASTINIT_SHM_FD"]), int(os.environ["FASTINIT_INIT_FD"]))
    wake = native.wake_fd()
    poll = select.poll()
    poll.register(wake, select.POLLIN)

    def wait(spawn_id: int) -> None:
        """The whole path: the event is read, handled and consumed, as the manager does it."""
        while True:
            exits = native.read_exits(spawn_id - 1, 1)
            if exits:
                native.consume(exits[0].seq)
                return
            poll.poll()
            os.read(wake, 8)

    def spawn(number: int) -> Callable[[], None]:
        result = native.spawn(native.SpawnSpec(number, program, [program]))
        if result.error:
            raise OSError(result.error, f"cannot exec {program}")
        native.spawn_settle(number)
        return lambda: wait(number)
    return spawn


def void(value: object) -> None:
    return None


METHODS: Dict[str, Callable[[str], Spawn]] = {
    "posix_spawn": posix_spawn,
    "subprocess":  subprocess_popen,
    "fork+exec":   fork_exec,
    "fastinit":    fastinit,
}


def measure(spawn: Spawn, count: int) -> Tuple[list[int], float]:
    calls = []
    begin = time.monotonic_ns()
    for number in range(1, count + 1):
        before = time.monotonic_ns()
        wait = spawn(number)
        calls.append(time.monotonic_ns() - before)
        wait()
    return calls, (time.monotonic_ns() - begin) / 1e9


def main() -> int:
    method, count, ballast_mib, result, program = sys.argv[1:6]
    ballast = bytearray(int(ballast_mib) * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])       # resident: page tables are what fork copies
    calls, seconds = measure(METHODS[method](program), int(count))
    with open(result + ".part", "w") as file:
        json.dump({"calls": calls, "seconds": seconds}, file)
    os.rename(result + ".part", result)
    select.select([], [], [])                           # our end would be the init's affair; it is killed from outside
    return 0


if __name__ == "__main__":
    sys.exit(main())
