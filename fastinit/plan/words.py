"""The manager's sentences about units, in systemd's words.

In:  units, job types and results, exits.   Out: text.
Never: decides whether a line is said.
Source: what systemd 257 writes to its journal with StatusUnitFormat=combined (Debian's default);
systemd.exec(5), "PROCESS EXIT CODES".
"""

from __future__ import annotations

import os
import signal
from typing import Dict, Optional, Tuple

from fastinit.plan.states import JobResult, JobType
from fastinit.units.model import Unit

CLD_EXITED, CLD_KILLED, CLD_DUMPED = os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED
CODE_NAMES = {CLD_EXITED: "exited", CLD_KILLED: "killed", CLD_DUMPED: "dumped"}

EXIT_NAMES: Dict[int, str] = {
    0: "SUCCESS", 1: "FAILURE",
    2: "INVALIDARGUMENT", 3: "NOTIMPLEMENTED", 4: "NOPERMISSION", 5: "NOTINSTALLED", 6: "NOTCONFIGURED", 7: "NOTRUNNING",
    64: "USAGE", 65: "DATAERR", 66: "NOINPUT", 67: "NOUSER", 68: "NOHOST", 69: "UNAVAILABLE", 70: "SOFTWARE", 71: "OSERR",
    72: "OSFILE", 73: "CANTCREAT", 74: "IOERR", 75: "TEMPFAIL", 76: "PROTOCOL", 77: "NOPERM", 78: "CONFIG",
    200: "CHDIR", 201: "NICE", 202: "FDS", 203: "EXEC", 204: "MEMORY", 205: "LIMITS", 206: "OOM_ADJUST", 207: "SIGNAL_MASK",
    208: "STDIN", 209: "STDOUT", 210: "CHROOT", 211: "IOPRIO", 212: "TIMERSLACK", 213: "SECUREBITS", 214: "SETSCHEDULER",
    215: "CPUAFFINITY", 216: "GROUP", 217: "USER", 218: "CAPABILITIES", 219: "CGROUP", 220: "SETSID", 221: "CONFIRM",
    222: "STDERR", 224: "PAM", 225: "NETWORK", 226: "NAMESPACE", 227: "NO_NEW_PRIVILEGES", 228: "SECCOMP",
    229: "SELINUX_CONTEXT", 230: "PERSONALITY", 231: "APPARMOR", 232: "ADDRESS_FAMILIES", 233: "RUNTIME_DIRECTORY",
    235: "CHOWN", 236: "SMACK_PROCESS_LABEL", 237: "KEYRING", 238: "STATE_DIRECTORY", 239: "CACHE_DIRECTORY",
    240: "LOGS_DIRECTORY", 241: "CONFIGURATION_DIRECTORY", 242: "NUMA_POLICY", 243: "CREDENTIALS", 245: "BPF",
}

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


def signal_name(number: int) -> str:
    """15 -> "TERM", as EXIT_STATUS= and the log have it."""
    try:
        return signal.Signals(number).name[3:]
    except ValueError:
        return f"RTMIN+{number - signal.SIGRTMIN}" if signal.SIGRTMIN <= number <= signal.SIGRTMAX else str(number)


def exit_words(process: str, code: int, status: int, success: bool) -> str:
    """"Main process exited, code=exited, status=1/FAILURE"."""
    if code not in CODE_NAMES:
        return f"{process} is gone, its exit status is unknown"
    name = EXIT_NAMES.get(status, "n/a") if code == CLD_EXITED else signal_name(status)
    return f"{process} exited, code={CODE_NAMES[code]}, status={status}/{name}{' (success)' if success else ''}"


def exit_variables(code: int, status: int) -> Dict[str, str]:
    """EXIT_CODE= and EXIT_STATUS= of systemd.exec(5); nothing when the process has not exited."""
    if code not in CODE_NAMES:
        return {}
    return {"EXIT_CODE": CODE_NAMES[code], "EXIT_STATUS": str(status) if code == CLD_EXITED else signal_name(status)}


def error_text(errno: int) -> str:
    """2 -> "No such file or directory"."""
    return os.strerror(errno)
