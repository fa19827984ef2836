"""What ends the container, or isolates: each needs a boot of its own."""

from __future__ import annotations

from typing import Dict, Tuple

BASE = "[Unit]\nDescription=Nothing\n"
BAD = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
GOOD = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
AGAIN = "[Service]\nType=oneshot\nExecStart=/bin/false\nRestart=on-failure\nRestartSec=1ms\n"
STUCK = "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n"

# Directives -> (unit, exit code of the container).
ENDS: Dict[str, Tuple[str, int]] = {
    "Unit.FailureAction Unit.FailureActionExitStatus": ("[Unit]\nFailureAction=exit\nFailureActionExitStatus=41\n" + BAD, 41),
    "Unit.SuccessAction Unit.SuccessActionExitStatus": ("[Unit]\nSuccessAction=exit\nSuccessActionExitStatus=42\n" + GOOD, 42),
    "Service.FailureAction": (BAD + "FailureAction=exit\n", 1),
    "Unit.StartLimitAction": ("[Unit]\nStartLimitAction=exit-force\nStartLimitBurst=2\n" + AGAIN, 0),
    "Service.StartLimitAction": (AGAIN + "StartLimitAction=exit-force\nStartLimitBurst=2\n", 0),
    "Unit.JobTimeoutAction": ("[Unit]\nJobTimeoutAction=exit-force\nJobTimeoutSec=100ms\n" + STUCK, 0),
}
ISOLATES = ("Unit.AllowIsolate", "Unit.IgnoreOnIsolate", "Unit.OnFailureIsolate")
ACTIONS = [name for covers in ENDS for name in covers.split()] + list(ISOLATES)
