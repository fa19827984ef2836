"""A container at its pids limit: clone(2) says EAGAIN, to us as to everybody."""

from __future__ import annotations

from typing import Callable

from .harness import Container

LIMIT = 40
FILES = {
    "default.target": "[Unit]\nDescription=nothing else\nWants=fill.service keep.service\nAfter=keep.service\n",
    "fill.service": "[Unit]\nAfter=keep.service\n[Service]\nExecStart=/usr/bin/python3 /fill\n",
    "keep.service": "[Service]\nExecStart=/bin/sleep infinity\n"
                    "ExecStartPost=/bin/sh -c 'echo $MAINPID >/run/keep'\n",
    "later.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "retries.service": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep infinity\n"
                       "Restart=on-failure\nRestartSec=100ms\n",
    # As many as there can be, until it is told to stop; the clients below need none, they come from outside.
    "/fill": "import os, signal\n"
             "pids = []\n"
             "signal.signal(signal.SIGUSR1, lambda *_: [os.kill(pid, 9) or os.waitpid(pid, 0) for pid in pids] and os._exit(0))\n"
             "while True:\n"
             "    try:\n"
             "        pid = os.fork()\n"
             "    except BlockingIOError:\n"
             "        open('/run/full', 'w').close()\n"
             "        signal.pause()\n"
             "    if not pid:\n"
             "        signal.signal(signal.SIGUSR1, signal.SIG_DFL)\n"
             "        os.execv('/bin/sleep', ['sleep', 'infinity'])\n"
             "    pids.append(pid)\n",
}


def test_no_process_can_be_made(boot: Callable[..., Container]) -> None:
    """A start fails with its reason, Restart= tries again; what runs goes on; with room again all is right."""
    box = boot(files=FILES, options=(f"--pids-limit={LIMIT}",))
    box.wait("the limit is reached", lambda: box.path("/run/full").exists())
    main_pid = box.read("/run/keep")
    answers = [box.ask("start", name) for name in ("later", "retries")]
    assert all(code == 1 for code, _ in answers), answers
    box.wait_log("Failed to spawn")
    box.ask("kill", "-s", "USR1", "fill")
    box.wait("it has come up by itself", lambda: box.ask("is-active", "retries")[0] == 0)
    assert box.ask("start", "later")[0] == 0
    assert box.main_pid("keep.service") == int(main_pid)
    assert box.stop()[1] == 0
