"""The manager's sentences about units, in systemd's words.

In:  units, job types and results, exits.   Out: text.
Never: decides whether a line is said.
Source: what systemd 257 writes to its journal with StatusUnitFormat=combined (Debian's default);
systemd.exec(5), "PROCESS EXIT CODES".
"""

from __future__ import annotations

import os
from typing import Dict, Optional, Tuple

from fastinit.plan.states import JobResult, JobType
from fastinit.units.model import Unit
from fastinit.units.values import exit_status_name, signal_name

CLD_EXITED, CLD_KILLED, CLD_DUMPED = os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED
CODE_NAMES = {CLD_EXITED: "exited", CLD_KILLED: "killed", CLD_DUMPED: "dumped"}

# (unit type, job type, result) -> sentence about the finished job; unit type "" = any.
DONE_WORDS: Dict[Tuple[str, JobType, JobResult], str] = {
    ("service", JobType.START, JobResult.DONE):    "Started {}.",
    ("target",  JobType.START, JobResult.DONE):    "Reached target {}.",
    ("target",  JobType.STOP,  JobResult.DONE):    "Stopped target {}.",
    ("slice",   JobType.START, JobResult.DONE):    "Created slice {}.",
    ("slice",   JobType.STOP,  JobResult.DONE):    "Removed slice {}.",
    ("",        JobType.START, JobResult.DONE):    "Started {}.",
    ("",        JobType.START, JobResult.TIMEOUT): "Timed out starting {}.",
    ("",        JobType.START, JobResult.FAILED):  "Failed to start {}.",
    ("",        JobType.START, JobResult.DEPENDENCY): "Dependency failed for {}.",
    ("",        JobType.START, JobResult.ASSERT):  "Assertion failed for {}.",
    ("",        JobType.START, JobResult.SKIPPED): "Skipped {}.",
    ("",        JobType.START, JobResult.UNSUPPORTED): "Starting of {} unsupported.",
    ("",        JobType.START, JobResult.ONCE):    "Unit {} has been started before and cannot be started again.",
    ("",        JobType.STOP,  JobResult.DONE):    "Stopped {}.",
    ("",        JobType.STOP,  JobResult.FAILED):  "Stopped {} with error.",
    ("",        JobType.STOP,  JobResult.TIMEOUT): "Timed out stopping {}.",
    ("",        JobType.RELOAD, JobResult.DONE):   "Reloaded {}.",
    ("",        JobType.RELOAD, JobResult.FAILED): "Reload failed for {}.",
    ("",        JobType.RELOAD, JobResult.TIMEOUT): "Timed out reloading {}.",
}
BEGIN_WORDS: Dict[Tuple[str, JobType], str] = {
    ("service", JobType.START):   "Starting {}...",
    ("service", JobType.STOP):    "Stopping {}...",
    ("service", JobType.RESTART): "Stopping {}...",
    ("service", JobType.RELOAD):  "Reloading {}...",
}


def title(unit: Unit) -> str:
    """"nginx.service - A web server", or the bare name."""
    if not unit.description or unit.description == unit.name:
        return unit.name
    return f"{unit.name} - {unit.description}"


def begin_line(unit: Unit, type: JobType) -> Optional[str]:
    words = BEGIN_WORDS.get((unit.type, type))
    return words.format(title(unit)) if words else None


def done_line(unit: Unit, type: JobType, result: JobResult) -> Optional[str]:
    words = DONE_WORDS.get((unit.type, type, result)) or DONE_WORDS.get(("", type, result))
    if words and unit.service is not None and unit.service.type == "oneshot" and words.startswith("Started"):
        words = "Finished {}."
    return words.format(title(unit)) if words else None


def exit_words(process: str, code: int, status: int, success: bool) -> str:
    """"Main process exited, code=exited, status=1/FAILURE"."""
    if code not in CODE_NAMES:
        return f"{process} is gone, its exit status is unknown"
    name = exit_status_name(status) or "n/a" if code == CLD_EXITED else signal_name(status)
    return f"{process} exited, code={CODE_NAMES[code]}, status={status}/{name}{' (success)' if success else ''}"


def exit_variables(code: int, status: int) -> Dict[str, str]:
    """EXIT_CODE= and EXIT_STATUS= of systemd.exec(5); nothing when the process has not exited."""
    if code not in CODE_NAMES:
        return {}
    return {"EXIT_CODE": CODE_NAMES[code], "EXIT_STATUS": str(status) if code == CLD_EXITED else signal_name(status)}


def error_text(errno: int) -> str:
    """2 -> "No such file or directory"."""
    return os.strerror(errno)
