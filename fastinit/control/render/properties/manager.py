"""The properties of the manager: org.freedesktop.systemd1.Manager."""

from __future__ import annotations

import os
from typing import Callable, Dict, Iterator, Tuple

from fastinit.control.help_text import FEATURES, SYSTEMD_VERSION
from fastinit.control.render import times
from fastinit.control.render.properties.execution import LIMITS, default_limit
from fastinit.control.render.properties.forms import number, quoted, words, yes_no
from fastinit.control.request import Context
from fastinit.control.version import FASTINIT_VERSION
from fastinit.plan.states import Active
from fastinit.units.timespan import format_usec

VERSION = f"{SYSTEMD_VERSION} (fastinit {FASTINIT_VERSION})"

ManagerGet = Callable[[Context], str]


def _count(active: Active) -> ManagerGet:
    return lambda context: str(sum(record.active is active for record in context.manager.engine.units.values()))


def _virtualization(_context: Context) -> str:
    try:
        with open("/run/systemd/container", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


# Property -> the manager's own name of the time; what comes before PID 1 and an initrd's part are never there.
MANAGER_STAMPS: Dict[str, str] = {
    "Firmware": "firmware", "Loader": "loader", "Kernel": "kernel", "InitRD": "initrd", "Userspace": "userspace",
    "Finish": "finish", "ShutdownStart": "shutdown-start", "SecurityStart": "security-start",
    "SecurityFinish": "security-finish", "GeneratorsStart": "generators-start", "GeneratorsFinish": "generators-finish",
    "UnitsLoadStart": "units-load-start", "UnitsLoadFinish": "units-load-finish", "UnitsLoad": "units-load",
    "InitRDSecurityStart": "initrd-security-start", "InitRDSecurityFinish": "initrd-security-finish",
    "InitRDGeneratorsStart": "initrd-generators-start", "InitRDGeneratorsFinish": "initrd-generators-finish",
    "InitRDUnitsLoadStart": "initrd-units-load-start", "InitRDUnitsLoadFinish": "initrd-units-load-finish",
}


def _stamps_of_manager() -> "Iterator[Tuple[str, ManagerGet]]":
    for word, name in MANAGER_STAMPS.items():
        def at(context: Context, which: int, name: str = name) -> int:
            return context.manager.stamps.get(name, (0, 0))[which]
        yield f"{word}Timestamp", lambda context, at=at: times.timestamp(at(context, 0), context.options.timestamp)    # type: ignore[misc]
        yield f"{word}TimestampMonotonic", lambda context, at=at: str(at(context, 1))      # type: ignore[misc]


def _fixed(*rows: Tuple[str, str]) -> Iterator[Tuple[str, ManagerGet]]:
    """What is the same for every container, or not known inside of one."""
    for name, value in rows:
        yield name, lambda _context, value=value: value     # type: ignore[misc]


def _limit_of_manager(name: str, soft: bool) -> ManagerGet:
    """DefaultLimitX= of system.conf; what it does not set is what services inherit of PID 1."""
    def get(context: Context) -> str:
        pair = context.manager.config.default_limits.get(name)
        if name == "LOCKS" or pair is None:
            return "infinity" if name == "LOCKS" else default_limit(name, soft)
        return number(pair[0 if soft else 1])
    return get


def _abort_default(context: Context) -> str:
    config = context.manager.config
    abort_usec = config.default_timeout_abort_usec
    return format_usec(config.default_timeout_stop_usec if abort_usec < 0 else abort_usec)


MANAGER_ROWS: Tuple[Tuple[str, ManagerGet], ...] = (
    ("Version", lambda _context: VERSION),
    ("Features", lambda _context: FEATURES),
    ("Virtualization", _virtualization),
    ("ConfidentialVirtualization", lambda _context: ""),
    ("Architecture", lambda _context: {"x86_64": "x86-64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)),
    ("Tainted", lambda _context: ""),
    *_stamps_of_manager(),
    ("LogLevel", lambda context: context.manager.environment.get("SYSTEMD_LOG_LEVEL", "info")),
    ("LogTarget", lambda context: context.manager.environment.get("SYSTEMD_LOG_TARGET", "journal-or-kmsg")),
    ("NNames", lambda context: str(sum(len(record.unit.names) or 1 for record in context.manager.engine.units.values()))),
    ("NFailedUnits", _count(Active.FAILED)),
    ("NJobs", lambda context: str(len(context.manager.engine.jobs))),
    ("Progress", lambda context: "1" if context.manager.state() not in ("starting", "initializing") else "0"),
    ("Environment", lambda context: quoted([f"{name}={value}" for name, value in sorted(context.manager.environment.items())])),
    ("ConfirmSpawn", lambda _context: "no"),
    ("ShowStatus", lambda _context: "no"),
    ("UnitPath", lambda context: words(context.manager.loader.paths)),
    ("DefaultStandardOutput", lambda _context: "journal"),
    ("DefaultStandardError", lambda _context: "inherit"),
    *_fixed(("RuntimeWatchdogUSec", "0"), ("RuntimeWatchdogPreUSec", "0"), ("RebootWatchdogUSec", "10min"),
            ("KExecWatchdogUSec", "0")),
    ("ServiceWatchdogs", lambda context: yes_no(context.manager.engine.watchdogs)),
    ("ControlGroup", lambda _context: ""),
    ("SystemState", lambda context: context.manager.state() if context.is_live else "offline"),
    ("DefaultTimerAccuracyUSec", lambda context: format_usec(context.manager.config.default_timer_accuracy_usec)),
    ("DefaultTimeoutStartUSec", lambda context: format_usec(context.manager.config.default_timeout_start_usec)),
    ("DefaultTimeoutStopUSec", lambda context: format_usec(context.manager.config.default_timeout_stop_usec)),
    ("DefaultTimeoutAbortUSec", _abort_default),
    ("DefaultDeviceTimeoutUSec", lambda context: format_usec(context.manager.config.default_device_timeout_usec)),
    ("DefaultRestartUSec", lambda context: format_usec(context.manager.config.default_restart_usec)),
    ("DefaultStartLimitIntervalUSec", lambda context: format_usec(context.manager.config.default_start_limit_interval_usec)),
    ("DefaultStartLimitBurst", lambda context: str(context.manager.config.default_start_limit_burst)),
    *_fixed(*((f"Default{name}Accounting", "no") for name in ("CPU", "BlockIO", "IO", "IP", "Memory", "Tasks"))),
    *((f"DefaultLimit{name}{suffix}", _limit_of_manager(name, bool(suffix))) for name in LIMITS for suffix in ("", "Soft")),
    *_fixed(("DefaultTasksMax", "infinity"), ("DefaultMemoryPressureThresholdUSec", "200ms"),
            ("DefaultMemoryPressureWatch", "auto"), ("TimerSlackNSec", "50000")),
    ("DefaultOOMPolicy", lambda context: context.manager.config.default_oom_policy),
    ("DefaultOOMScoreAdjust", lambda context: str(max(context.manager.config.default_oom_score_adjust, 0))),
    *_fixed(("CtrlAltDelBurstAction", "none"), ("SoftRebootsCount", "0")),
)
