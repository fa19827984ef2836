"""The manager's own settings: system.conf or user.conf with their drop-ins.

In:  the files, below a root.   Out: ManagerConfig and warnings.
Never raises, never hangs: a broken file is a warning.
Source: systemd-system.conf(5).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Tuple

from fastinit.errors import UnitError
from fastinit.units.build import Build, Parser, freeze
from fastinit.units.files import read_file
from fastinit.units.parsers.lists import environment
from fastinit.units.parsers.scheduling import limit
from fastinit.units.parsers.single import (
    boolean,
    boolean_or,
    integer,
    kept,
    no_limit_at_zero,
    one_of,
    resettable,
    seconds,
    string,
)
from fastinit.units.parsers.streams import log_level_max
from fastinit.units.specifiers import Host, Specifiers
from fastinit.units.syntax import parse


@dataclass(frozen=True)
class ManagerConfig:
    """[Manager]; times in microseconds. Units inherit default_*; a unit's own setting wins."""

    log_level: int = 6
    log_target: str = "journal-or-kmsg"
    log_color: str = "yes"
    show_status: str = "yes"                    # yes no auto error
    status_unit_format: str = "description"     # name description combined
    default_timeout_start_usec: int = 90_000_000
    default_timeout_stop_usec: int = 90_000_000
    default_timeout_abort_usec: int = -1        # -1 = the stop timeout
    default_device_timeout_usec: int = 90_000_000
    default_restart_usec: int = 100_000
    default_start_limit_interval_usec: int = 10_000_000
    default_start_limit_burst: int = 5
    default_environment: Tuple[str, ...] = ()
    manager_environment: Tuple[str, ...] = ()
    default_limits: Mapping[str, Tuple[int, int]] = field(default_factory=dict)
    default_standard_output: str = "journal"
    default_standard_error: str = "inherit"
    default_oom_policy: str = "stop"
    default_oom_score_adjust: int = -1001       # -1001 = untouched
    default_timer_accuracy_usec: int = 60_000_000
    service_watchdogs: bool = True
    confirm_spawn: str = "no"
    reload_limit_interval_usec: int = 0
    reload_limit_burst: int = 0
    warnings: Tuple[str, ...] = ()


_OUTPUT = one_of("inherit", "null", "tty", "journal", "journal+console", "kmsg", "kmsg+console", "socket")


def _limit_row(name: str) -> Tuple[str, Parser]:
    return "default_limits", limit(name)


# [Manager]: name -> (field, parser); "" = accepted without effect: cgroups, hardware and kernels are the host's.
ROWS: Dict[str, Tuple[str, Parser]] = {
    "LogLevel": ("log_level", log_level_max),
    "LogTarget": ("log_target", string),
    "LogColor": ("log_color", boolean_or("auto")),
    "LogLocation": ("", kept),
    "LogTime": ("", kept),
    "DumpCore": ("", kept),
    "ShowStatus": ("show_status", boolean_or("auto", "error")),
    "StatusUnitFormat": ("status_unit_format", one_of("name", "description", "combined")),
    "ConfirmSpawn": ("confirm_spawn", string),
    "CrashChangeVT": ("", kept),
    "CrashVT": ("", kept),
    "CrashShell": ("", kept),
    "CrashReboot": ("", kept),
    "CrashAction": ("", kept),
    "CtrlAltDelBurstAction": ("", kept),
    "CPUAffinity": ("", kept),
    "NUMAPolicy": ("", kept),
    "NUMAMask": ("", kept),
    "RuntimeWatchdogSec": ("", kept),
    "RuntimeWatchdogPreSec": ("", kept),
    "RuntimeWatchdogPreGovernor": ("", kept),
    "RebootWatchdogSec": ("", kept),
    "ShutdownWatchdogSec": ("", kept),
    "KExecWatchdogSec": ("", kept),
    "WatchdogDevice": ("", kept),
    "CapabilityBoundingSet": ("", kept),
    "NoNewPrivileges": ("", kept),
    "ProtectSystem": ("", kept),
    "SystemCallArchitectures": ("", kept),
    "TimerSlackNSec": ("", kept),
    "JoinControllers": ("", kept),
    "DefaultTimerAccuracySec": ("default_timer_accuracy_usec", seconds),
    "DefaultStandardOutput": ("default_standard_output", _OUTPUT),
    "DefaultStandardError": ("default_standard_error", _OUTPUT),
    "DefaultTimeoutStartSec": ("default_timeout_start_usec", no_limit_at_zero),
    "DefaultTimeoutStopSec": ("default_timeout_stop_usec", no_limit_at_zero),
    "DefaultTimeoutAbortSec": ("default_timeout_abort_usec", resettable(no_limit_at_zero)),
    "DefaultDeviceTimeoutSec": ("default_device_timeout_usec", no_limit_at_zero),
    "DefaultRestartSec": ("default_restart_usec", seconds),
    "DefaultStartLimitInterval": ("default_start_limit_interval_usec", seconds),
    "DefaultStartLimitIntervalSec": ("default_start_limit_interval_usec", seconds),
    "DefaultStartLimitBurst": ("default_start_limit_burst", integer(0, (1 << 32) - 1)),
    "DefaultEnvironment": ("default_environment", environment),
    "ManagerEnvironment": ("manager_environment", environment),
    "DefaultLimitCPU": _limit_row("CPU"),
    "DefaultLimitFSIZE": _limit_row("FSIZE"),
    "DefaultLimitDATA": _limit_row("DATA"),
    "DefaultLimitSTACK": _limit_row("STACK"),
    "DefaultLimitCORE": _limit_row("CORE"),
    "DefaultLimitRSS": _limit_row("RSS"),
    "DefaultLimitNOFILE": _limit_row("NOFILE"),
    "DefaultLimitAS": _limit_row("AS"),
    "DefaultLimitNPROC": _limit_row("NPROC"),
    "DefaultLimitMEMLOCK": _limit_row("MEMLOCK"),
    "DefaultLimitLOCKS": _limit_row("LOCKS"),
    "DefaultLimitSIGPENDING": _limit_row("SIGPENDING"),
    "DefaultLimitMSGQUEUE": _limit_row("MSGQUEUE"),
    "DefaultLimitNICE": _limit_row("NICE"),
    "DefaultLimitRTPRIO": _limit_row("RTPRIO"),
    "DefaultLimitRTTIME": _limit_row("RTTIME"),
    "DefaultCPUAccounting": ("", kept),
    "DefaultIOAccounting": ("", kept),
    "DefaultIPAccounting": ("", kept),
    "DefaultBlockIOAccounting": ("", kept),
    "DefaultMemoryAccounting": ("", kept),
    "DefaultTasksAccounting": ("", kept),
    "DefaultTasksMax": ("", kept),
    "DefaultMemoryPressureThresholdSec": ("", kept),
    "DefaultMemoryPressureWatch": ("", kept),
    "DefaultOOMPolicy": ("default_oom_policy", one_of("continue", "stop", "kill")),
    "DefaultOOMScoreAdjust": ("default_oom_score_adjust", integer(-1000, 1000)),
    "DefaultSmackProcessLabel": ("", kept),
    "ReloadLimitIntervalSec": ("reload_limit_interval_usec", seconds),
    "ReloadLimitBurst": ("reload_limit_burst", integer(0, (1 << 32) - 1)),
    "ServiceWatchdogs": ("service_watchdogs", boolean),
}


def config_folders(user: bool, home_config: str = "") -> Tuple[str, ...]:
    """Where system.conf and system.conf.d may be, the strongest first."""
    folders = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd")
    return (home_config + "/systemd", *folders) if user and home_config else folders


def config_paths(root: str, folders: Tuple[str, ...], name: str) -> List[str]:
    """The main file, then the drop-ins by file name: the first folder that has a name decides."""
    found = [path for path in (f"{root}{folder}/{name}" for folder in folders) if os.path.lexists(path)][:1]
    dropins: Dict[str, str] = {}
    for folder in folders:
        directory = f"{root}{folder}/{name}.d"
        try:
            entries = os.listdir(directory)
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".conf") and not entry.startswith("."):
                dropins.setdefault(entry, f"{directory}/{entry}")
    return found + [dropins[entry] for entry in sorted(dropins)]


def load_config(root: str = "", user: bool = False, host: Host | None = None) -> ManagerConfig:
    """ManagerConfig as the files say; never raises."""
    host = host or Host(root, user)
    name = "user.conf" if user else "system.conf"
    folders = config_folders(user, host.config if user else "")
    build = Build("manager.service", Specifiers("manager.service", host))
    values: Dict[str, Any] = {}
    for path in config_paths(root, folders, name):
        if os.path.realpath(path) == "/dev/null":
            continue
        try:
            parsed = parse(read_file(path).data, path)
        except UnitError as error:
            build.warnings.append(str(error))
            continue
        build.warnings += parsed.warnings
        build.path = path
        for section, key, value, build.line in parsed.settings:
            row = ROWS.get(key) if section == "Manager" else None
            if row is None:
                if not key.startswith("X-") and not section.startswith("X-"):
                    build.warn(f"Unknown key '{key}' in section [{section}], ignoring.")
                continue
            try:
                row[1](build, values, row[0], value)
            except ValueError as error:
                build.warn(f"Failed to parse {key}={value[:200]}: {error}, ignoring.")
    limits = values.pop("limits", None)
    if limits:
        values["default_limits"] = limits
    return ManagerConfig(warnings=tuple(build.warnings), **{name: freeze(value) for name, value in values.items()})
