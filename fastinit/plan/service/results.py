"""What the end of a process means, and when the next life begins.

Source: systemd.service(5), "SuccessExitStatus=", "RestartSteps=".
"""

from __future__ import annotations

from signal import SIGHUP, SIGINT, SIGPIPE, SIGTERM

from fastinit.plan import words
from fastinit.plan.events import Exited
from fastinit.plan.states import Result
from fastinit.units.model import USEC_INFINITY, ExitStatusSet, Service

CLEAN_DAEMON_SIGNALS = frozenset({SIGHUP, SIGINT, SIGPIPE, SIGTERM})


def in_set(statuses: ExitStatusSet, code: int, status: int) -> bool:
    if code == words.CLD_EXITED:
        return status in statuses.codes
    return code in (words.CLD_KILLED, words.CLD_DUMPED) and status in statuses.signals


def result_of(service: Service, event: Exited, daemon: bool) -> Result:
    """Whether an exit is clean: 0, what SuccessExitStatus= adds, and for a daemon the signals that mean "stop"."""
    if event.code == 0 or in_set(service.success_exit_status, event.code, event.status):
        return Result.SUCCESS
    if event.code == words.CLD_EXITED:
        return Result.SUCCESS if event.status == 0 else Result.EXIT_CODE
    if event.code == words.CLD_KILLED:
        return Result.SUCCESS if daemon and event.status in CLEAN_DAEMON_SIGNALS else Result.SIGNAL
    return Result.CORE_DUMP


def result_of_control(service: Service, event: Exited, phase: str) -> Result:
    if phase == "ExecCondition" and event.code == words.CLD_EXITED and 1 <= event.status <= 254:
        return Result.EXEC_CONDITION
    return result_of(service, event, daemon=False)


def restart_delay_usec(service: Service, restart: int) -> int:
    """RestartSec= for the first of RestartSteps=, then in equal ratios up to RestartMaxDelaySec=. restart: 1, 2, 3 …"""
    first, most, steps = service.restart_usec, service.restart_max_delay_usec, service.restart_steps
    if restart <= 1 or steps == 0 or first == 0 or most >= USEC_INFINITY or first >= most:
        return first
    if restart > steps:
        return most
    return int(first * (most / first) ** ((restart - 1) / steps))
