"""Terminals: the test holds the other end of a pseudo-terminal that the unit names."""

from __future__ import annotations

import os
import termios

from tests.system.effects.world import World, effect

TERMINAL = "[Service]\nType=oneshot\nEnvironment=TERM=dumb\nStandardInput=tty\nStandardOutput=tty\nTTYPath=/run/test/%p-tty\n"


@effect("Exec.TTYPath", "Exec.TTYReset",
        tty_plain_service=TERMINAL + "ExecStart=/bin/sh -c 'tty; cut -d\" \" -f7 /proc/$$$$/stat'\n",
        tty_reset_service=TERMINAL + "TTYReset=yes\nExecStart=/bin/true\n")
def terminal(world: World) -> None:
    """The process owns the terminal; one that was left without echo has it again after TTYReset=."""
    for unit, echoes in (("tty-plain", False), ("tty-reset", True)):
        ours, theirs = os.openpty()
        try:
            name = os.ttyname(theirs)
            settings = termios.tcgetattr(theirs)
            settings[3] &= ~termios.ECHO
            termios.tcsetattr(theirs, termios.TCSANOW, settings)
            world.file(f"/run/test/{unit}-tty").symlink_to(name)
            world.start(f"{unit}.service")
            assert bool(termios.tcgetattr(theirs)[3] & termios.ECHO) is echoes
            if unit == "tty-plain":
                os.set_blocking(ours, False)
                printed = b""

                def both(ours: int = ours) -> bool:
                    nonlocal printed
                    try:
                        printed += os.read(ours, 4096)
                    except BlockingIOError:
                        pass
                    return printed.count(b"\n") >= 2
                world.until(both, "it has told its terminal")
                device = os.stat(name).st_rdev
                number = os.minor(device) & 0xff | os.major(device) << 8 | (os.minor(device) & ~0xff) << 12     # proc(5), tty_nr
                assert printed.decode().split() == [name, str(number)]
        finally:
            os.close(ours)
            os.close(theirs)
