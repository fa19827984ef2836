"""`systemctl show`: every property that clients read, as NAME=VALUE, in the order of the bus interfaces.

In:  a record, a job or the manager.   Out: (name, value) pairs; "" is an empty value, which is shown only when asked for.
The tables are property -> function. What fastinit has no notion of, and clients are known to read, has systemd's default.
Source: org.freedesktop.systemd1(5) for names and order; systemctl 257 for how a value of each type is printed.
"""

from __future__ import annotations

import grp
import os
import pwd
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from fastinit.control import processes, stats, unitfiles
from fastinit.control.help_text import FEATURES, SYSTEMD_VERSION
from fastinit.control.jobs import can_reload
from fastinit.control.render import times
from fastinit.control.render.exit_status import CODES
from fastinit.control.render.status import commands, control_group
from fastinit.control.request import Context
from fastinit.control.version import FASTINIT_VERSION
from fastinit.plan.record import ExecStatus, Job, UnitRecord
from fastinit.plan.service import restart_delay_usec
from fastinit.plan.states import Active, Sub
from fastinit.units import values as texts
from fastinit.units.implicit import slices_above
from fastinit.units.loader import is_transient
from fastinit.units.model import (
    USEC_INFINITY,
    Condition,
    Directory,
    ExecCommand,
    ExecContext,
    ExitStatusSet,
    Service,
    StdStream,
    Unit,
)
from fastinit.units.timespan import format_usec

VERSION = f"{SYSTEMD_VERSION} (fastinit {FASTINIT_VERSION})"
NOT_SET = "[not set]"
Pairs = Iterator[Tuple[str, str]]


class Subject:
    """One unit that is shown: the record and what must be asked elsewhere, each asked once."""

    def __init__(self, context: Context, record: UnitRecord) -> None:
        self.context, self.record, self.unit = context, record, record.unit
        self.style = context.options.timestamp
        self._processes: Optional[List[processes.Process]] = None
        self._file_state: Optional[Tuple[str, str]] = None

    @property
    def service(self) -> Service:
        assert self.unit.service is not None
        return self.unit.service

    @property
    def is_loaded(self) -> bool:
        return self.unit.load_state == "loaded"

    @property
    def exec(self) -> ExecContext:
        return self.unit.context

    def processes(self) -> List[processes.Process]:
        if self._processes is None:
            self._processes = processes.read_all(self.context.manager.pids_of(self.unit.name)) if self.context.is_live else []
        return self._processes

    def file_state(self) -> Tuple[str, str]:
        if self._file_state is None:
            self._file_state = unitfiles.state_and_preset(self.context, self.unit)
        return self._file_state


Get = Callable[[Subject], str]
Row = Tuple[str, Get]

# ---- how a value of a type is printed -------------------------------------------------------------------------------


def _bool(value: bool) -> str:
    return "yes" if value else "no"


def _list(values: Iterable[str]) -> str:
    return " ".join(values)


def _number(value: int) -> str:
    return "infinity" if value >= USEC_INFINITY else str(value)


def _unset(value: Optional[int], default: str) -> str:
    return default if value is None else str(value)


def _mode(value: int) -> str:
    return f"{value:04o}"


_NEEDS_QUOTES = frozenset(" \t\n\"'\\$`*?[]()<>|&;!")      # what a shell would take for its own


def _quoted(values: Sequence[str]) -> str:
    """Strings of a list that hold blanks are quoted, as Environment= shows them."""
    return " ".join(value if value and not set(value) & _NEEDS_QUOTES else processes.quote(value) for value in values)


def _stream(stream: StdStream) -> str:
    return f"{stream.kind}:{stream.argument}" if stream.argument else stream.kind


def _statuses(value: ExitStatusSet) -> str:
    return _list([str(code) for code in sorted(value.codes)] + [texts.signal_name(number) for number in sorted(value.signals)])


def _directories(entries: Sequence[Directory]) -> str:
    return _list(entry.path for entry in entries)


def _symlinks(entries: Sequence[Directory]) -> str:
    """A line for each directory and each link to it."""
    return "\n".join(f"{entry.path}:{link}" for entry in entries for link in entry.symlinks or ("",))


def _conditions(checks: Sequence[Condition], results: Sequence[int]) -> str:
    """Each check as { name=…; } is not what systemctl prints: it is one word per check, "|" and "!" before the parameter."""
    parts = []
    for at, check in enumerate(checks):
        sign = ("|" if check.trigger else "") + ("!" if check.negate else "")
        result = results[at] if at < len(results) else 0
        parts.append(f"{check.name}={sign}{check.parameter}" + {1: " succeeded", 0: " untested", -1: " failed"}[result])
    return "; ".join(parts)


def _stamp(usec: int, style: str) -> str:
    return times.timestamp(usec, style)


def _exec_time(usec: int, style: str) -> str:
    return f"[{times.timestamp(usec, style) or 'n/a'}]"


def exec_entry(command: ExecCommand, status: ExecStatus, style: str, extended: bool) -> str:
    """{ path=/bin/x ; argv[]=/bin/x -f ; ignore_errors=no ; start_time=[n/a] ; … ; code=(null) ; status=0/0 }"""
    argv = " ".join((command.argv[0] if command.argv else command.path, *command.argv[1:]))
    if extended:
        flags = [word for word, is_set in (("ignore-failure", command.ignore_failure), ("privileged", command.privilege == "+"),
                                           ("no-setuid", command.privilege in ("!", "!!")),
                                           ("no-env-expand", not command.expand_env)) if is_set]
        how = f"flags={' '.join(flags)}"
    else:
        how = f"ignore_errors={_bool(command.ignore_failure)}"
    code = CODES.get(status.code, "(null)") if status.code else "(null)"
    ending = f"{status.status}/{texts.signal_name(status.status) if status.code in (2, 3) else status.status}"
    if status.code in (0, 1):
        ending = f"{status.status}" if status.code == 1 else "0/0"
    return (f"{{ path={command.path} ; argv[]={argv} ; {how} ; start_time={_exec_time(status.start_realtime_usec, style)} ; "
            f"stop_time={_exec_time(status.exit_realtime_usec, style)} ; pid={status.pid} ; code={code} ; status={ending} }}")


def _command_rows() -> Iterator[Row]:
    """ExecStart= stands once per command: several lines of the same name."""
    for phase in ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"):
        for extended in (False, True):
            yield phase + ("Ex" if extended else ""), _commands(phase, extended)


def _commands(phase: str, extended: bool) -> Get:
    def get(subject: Subject) -> str:
        statuses = subject.record.exec_status.get(phase, [])
        entries = []
        for at, command in enumerate(commands(subject.service, phase)):
            status = statuses[at] if at < len(statuses) else ExecStatus()
            entries.append(exec_entry(command, status, subject.style, extended))
        return "\n".join(entries)       # split again by unit_properties()
    return get


# ---- the makers of rows ---------------------------------------------------------------------------------------------


def _at(value: object, path: str) -> object:
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _text_of(path: str) -> Get:
    return lambda subject: str(_at(subject, path))


def _bool_of(path: str) -> Get:
    return lambda subject: _bool(bool(_at(subject, path)))


def _span_of(path: str) -> Get:
    return lambda subject: format_usec(_int(_at(subject, path)))


def _words_of(path: str) -> Get:
    def get(subject: Subject) -> str:
        value = _at(subject, path)
        assert isinstance(value, tuple)
        return _list(str(word) for word in value)
    return get


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _enum_of(path: str) -> Get:
    return lambda subject: str(_at(subject, path + ".value"))


def _const(value: str) -> Get:
    return lambda _subject: value


def _stamp_rows(name: str, path: str) -> Iterator[Row]:
    """NAME=date and NAMEMonotonic=microseconds; path: of the monotonic field."""
    real = path[:-len("usec")] + "realtime_usec"
    yield name, lambda subject: _stamp(_int(_at(subject, real)), subject.style)
    yield f"{name}Monotonic", _text_of(path)


RELATIONS = (
    "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "RequiredBy", "RequisiteOf", "WantedBy", "BoundBy",
    "UpheldBy", "ConsistsOf", "Conflicts", "ConflictedBy", "Before", "After", "OnSuccess", "OnSuccessOf", "OnFailure",
    "OnFailureOf", "Triggers", "TriggeredBy", "PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo",
    "StopPropagatedFrom", "JoinsNamespaceOf",
)


def _related_rows() -> Iterator[Row]:
    for kind in RELATIONS:
        yield kind, _related(kind)


def _related(kind: str) -> Get:
    return lambda subject: _list(subject.context.manager.engine.related(subject.unit.name, kind))


def _default_limit(name: str, soft: bool) -> str:
    import resource
    number = getattr(resource, f"RLIMIT_{name}", {"LOCKS": 10, "SIGPENDING": 11}.get(name))
    if number is None:
        return "infinity"
    try:
        value = resource.getrlimit(number)[0 if soft else 1]
    except OSError:             # a sandbox does not even let us look
        return "infinity"
    return "infinity" if value == resource.RLIM_INFINITY else str(value)


def _limit(name: str, soft: bool) -> Get:
    def get(subject: Subject) -> str:
        if name == "LOCKS":             # the manager's own use of it is no setting of the unit
            return "infinity"
        pair = subject.exec.limits.get(name)
        return _default_limit(name, soft) if pair is None else _number(pair[0 if soft else 1])
    return get


LIMITS = ("CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NOFILE", "AS", "NPROC", "MEMLOCK", "LOCKS", "SIGPENDING", "MSGQUEUE",
          "NICE", "RTPRIO", "RTTIME")


def _limit_rows() -> Iterator[Row]:
    for name in LIMITS:
        yield f"Limit{name}", _limit(name, soft=False)
        yield f"Limit{name}Soft", _limit(name, soft=True)


def _directory_rows() -> Iterator[Row]:
    for kind in ("Runtime", "State", "Cache", "Logs", "Configuration"):
        yield f"{kind}DirectoryMode", lambda subject, kind=kind: _mode(getattr(subject.exec, f"{kind.lower()}_directory_mode"))  # type: ignore[misc]
        yield f"{kind}DirectorySymlink", lambda subject, kind=kind: _symlinks(getattr(subject.exec, f"{kind.lower()}_directory"))  # type: ignore[misc]
        yield f"{kind}Directory", lambda subject, kind=kind: _directories(getattr(subject.exec, f"{kind.lower()}_directory"))  # type: ignore[misc]


def _sandbox(name: str, default: str, of: str = "") -> Row:
    """A sandbox directive (of: another name's): the last value that the file gives, booleans in systemd's words."""
    def get(subject: Subject) -> str:
        values = subject.exec.sandbox.get(of or name)
        if not values:
            return default
        if default in ("yes", "no"):
            try:
                return _bool(texts.parse_boolean(values[-1]))
            except ValueError:
                return values[-1]
        return " ".join(values)
    return name, get


def _resource(name: str, default: str, form: Callable[[str], str] = str, of: str = "") -> Row:
    """A resource directive (of: by another name): what the files say last, in the form of a property."""
    def get(subject: Subject) -> str:
        given = [setting.value for setting in subject.unit.settings if setting.name == (of or name)]
        try:
            return form(given[-1]) if given and given[-1] else default
        except ValueError:
            return default
    return name, get


def _bytes(text: str) -> str:
    return text if text == "infinity" else str(texts.parse_size(text))


def _truth(text: str) -> str:
    return _bool(texts.parse_boolean(text))


def _weight(text: str) -> str:
    return "0" if text == "idle" else str(int(text))


def _delegate(text: str) -> str:
    """A list of controllers is a "yes", too."""
    try:
        return _truth(text)
    except ValueError:
        return "yes"


def _quota(text: str) -> str:
    return format_usec(texts.parse_permyriad(text, 1 << 40) * 100)


def _uid(subject: Subject) -> str:
    return _id_of(subject.exec.user, lambda name: pwd.getpwnam(name).pw_uid) if subject.record.main_pid else NOT_SET


def _gid(subject: Subject) -> str:
    if not subject.record.main_pid:
        return NOT_SET
    if subject.exec.group:
        return _id_of(subject.exec.group, lambda name: grp.getgrnam(name).gr_gid)
    return _id_of(subject.exec.user, lambda name: pwd.getpwnam(name).pw_gid)


def _id_of(name: str, find: Callable[[str], int]) -> str:
    if not name:
        return NOT_SET
    try:
        return name if name.isdigit() else str(find(name))
    except KeyError:
        return NOT_SET


def _oom_policy(subject: Subject) -> str:
    return (subject.service.oom_policy or "stop") if subject.is_loaded else ""


def _watchdog(subject: Subject) -> str:
    """What a start has made of the setting; before the first one there is none."""
    return format_usec(subject.service.watchdog_usec) if subject.record.main_exec.start_usec else "infinity"


def _slice(subject: Subject) -> str:
    unit = subject.unit
    return unit.slice or ("system.slice" if subject.is_loaded and unit.type != "slice" else "")


def _control_group(subject: Subject) -> str:
    """The cgroup that systemd would have used, while there is something in it."""
    if subject.unit.type != "slice":
        return control_group(subject.record) if subject.processes() else ""
    if subject.record.active not in (Active.ACTIVE, Active.DEACTIVATING):
        return ""
    return "/" + "/".join(slices_above(subject.unit.name))


def _slice_of(subject: Subject) -> str:
    if subject.unit.type != "slice":
        return ""
    records = subject.context.manager.engine.units.values()
    return _list(record.unit.name for record in records if record.unit.slice == subject.unit.name)


def _abort_timeout(subject: Subject) -> str:
    service = subject.service
    return format_usec(service.timeout_stop_usec if service.timeout_abort_usec is None else service.timeout_abort_usec)


def _next_restart(subject: Subject) -> str:
    """The delay of the next restart, whether it is waited for already or not."""
    record = subject.record
    waits = record.sub is Sub.AUTO_RESTART
    return format_usec(restart_delay_usec(subject.service, record.n_restarts + waits))


def _files(subject: Subject) -> str:
    return "\n".join(f"{entry.path} (ignore_errors={_bool(entry.optional)})" for entry in subject.exec.environment_files)


def _memory(subject: Subject) -> str:
    found = subject.processes()
    return str(sum(process.private_bytes for process in found)) if found else NOT_SET


def _cpu(subject: Subject) -> str:
    usec = subject.record.cpu_usec + sum(process.cpu_usec for process in subject.processes())
    return str(usec * 1000) if usec or subject.processes() else NOT_SET


def _tasks(subject: Subject) -> str:
    found = subject.processes()
    return str(sum(process.threads for process in found)) if found else NOT_SET


def _priority(subject: Subject) -> str:
    level = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}.get(
        subject.exec.syslog_level, 6)
    facility = {"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9,
                "authpriv": 10, "ftp": 11}.get(subject.exec.syslog_facility, 3)
    return str(facility * 8 + level)


# By bit number, capabilities(7).
_CAPABILITIES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module",
    "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
    "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)


def _capabilities(mask: Optional[int]) -> str:
    bits = (1 << len(_CAPABILITIES)) - 1 if mask is None else mask
    return _list(f"cap_{name}" for at, name in enumerate(_CAPABILITIES) if bits >> at & 1)


def _working_directory(subject: Subject) -> str:
    exec_ = subject.exec
    return ("!" if exec_.working_directory_optional and exec_.working_directory else "") + exec_.working_directory


# ---- the tables -----------------------------------------------------------------------------------------------------

SERVICE_ROWS: Tuple[Row, ...] = (
    ("Type", lambda subject: subject.service.type if subject.is_loaded else ""),
    ("ExitType", _text_of("service.exit_type")),
    ("Restart", _text_of("service.restart")),
    ("RestartMode", _text_of("service.restart_mode")),
    ("PIDFile", _text_of("service.pid_file")),
    ("NotifyAccess", _text_of("service.notify_access")),
    ("RestartUSec", _span_of("service.restart_usec")),
    ("RestartSteps", _text_of("service.restart_steps")),
    ("RestartMaxDelayUSec", _span_of("service.restart_max_delay_usec")),
    ("RestartUSecNext", _next_restart),
    ("TimeoutStartUSec", _span_of("service.timeout_start_usec")),
    ("TimeoutStopUSec", _span_of("service.timeout_stop_usec")),
    ("TimeoutAbortUSec", _abort_timeout),
    ("TimeoutStartFailureMode", _text_of("service.timeout_start_failure_mode")),
    ("TimeoutStopFailureMode", _text_of("service.timeout_stop_failure_mode")),
    ("RuntimeMaxUSec", _span_of("service.runtime_max_usec")),
    ("RuntimeRandomizedExtraUSec", _span_of("service.runtime_randomized_extra_usec")),
    ("WatchdogUSec", _watchdog),
    ("WatchdogTimestampMonotonic", _const("0")),
    ("RootDirectoryStartOnly", _bool_of("service.root_directory_start_only")),
    ("RemainAfterExit", _bool_of("service.remain_after_exit")),
    ("GuessMainPID", _bool_of("service.guess_main_pid")),
    ("RestartPreventExitStatus", lambda subject: _statuses(subject.service.restart_prevent_exit_status)),
    ("RestartForceExitStatus", lambda subject: _statuses(subject.service.restart_force_exit_status)),
    ("SuccessExitStatus", lambda subject: _statuses(subject.service.success_exit_status)),
    ("MainPID", _text_of("record.main_pid")),
    ("ControlPID", _text_of("record.control_pid")),
    ("BusName", _text_of("service.bus_name")),
    ("FileDescriptorStoreMax", _text_of("service.file_descriptor_store_max")),
    ("NFileDescriptorStore", _text_of("record.fd_store_count")),
    ("FileDescriptorStorePreserve", _text_of("service.file_descriptor_store_preserve")),
    ("StatusText", _text_of("record.status_text")),
    ("StatusErrno", _text_of("record.status_errno")),
    ("Result", _enum_of("record.result")),
    ("ReloadResult", _enum_of("record.reload_result")),
    ("CleanResult", _const("success")),
    ("LiveMountResult", _const("success")),
    ("UID", _uid),
    ("GID", _gid),
    ("NRestarts", _text_of("record.n_restarts")),
    ("OOMPolicy", _oom_policy),
    ("OpenFile", _words_of("service.open_file")),
    ("ReloadSignal", _text_of("service.reload_signal")),
    *_stamp_rows("ExecMainStartTimestamp", "record.main_exec.start_usec"),
    *_stamp_rows("ExecMainExitTimestamp", "record.main_exec.exit_usec"),
    *_stamp_rows("ExecMainHandoffTimestamp", "record.main_exec.start_usec"),       # the exec itself is not seen
    ("ExecMainPID", _text_of("record.main_exec.pid")),
    ("ExecMainCode", _text_of("record.main_exec.code")),
    ("ExecMainStatus", _text_of("record.main_exec.status")),
    *_command_rows(),
)
CGROUP_ROWS: Tuple[Row, ...] = (
    ("Slice", _slice),
    ("ControlGroup", _control_group),
    ("ControlGroupId", _const("0")),
    ("MemoryCurrent", _memory),
    ("MemoryPeak", _const(NOT_SET)),
    ("MemorySwapCurrent", _const(NOT_SET)),
    ("MemorySwapPeak", _const(NOT_SET)),
    ("MemoryZSwapCurrent", _const(NOT_SET)),
    ("MemoryAvailable", _const(NOT_SET)),
    ("EffectiveMemoryMax", _const("infinity")),
    ("EffectiveMemoryHigh", _const("infinity")),
    ("CPUUsageNSec", _cpu),
    ("TasksCurrent", _tasks),
    ("EffectiveTasksMax", _const("infinity")),
    ("IPIngressBytes", _const("[no data]")),
    ("IPIngressPackets", _const("[no data]")),
    ("IPEgressBytes", _const("[no data]")),
    ("IPEgressPackets", _const("[no data]")),
    ("IOReadBytes", _const(NOT_SET)),
    ("IOReadOperations", _const(NOT_SET)),
    ("IOWriteBytes", _const(NOT_SET)),
    ("IOWriteOperations", _const(NOT_SET)),
    _resource("Delegate", "no", _delegate),
    _resource("CPUAccounting", "yes", _truth),
    _resource("CPUWeight", NOT_SET, _weight),
    _resource("StartupCPUWeight", NOT_SET, _weight),
    ("CPUShares", _const(NOT_SET)),
    ("StartupCPUShares", _const(NOT_SET)),
    _resource("CPUQuotaPerSecUSec", "infinity", _quota, of="CPUQuota"),
    ("CPUQuotaPeriodUSec", _const("infinity")),
    _resource("IOAccounting", "no", _truth),
    _resource("IOWeight", NOT_SET, _weight),
    _resource("StartupIOWeight", NOT_SET, _weight),
    ("BlockIOAccounting", _const("no")),
    ("BlockIOWeight", _const(NOT_SET)),
    ("StartupBlockIOWeight", _const(NOT_SET)),
    _resource("MemoryAccounting", "yes", _truth),
    _resource("DefaultMemoryLow", "0", _bytes),
    ("DefaultStartupMemoryLow", _const("0")),
    _resource("DefaultMemoryMin", "0", _bytes),
    _resource("MemoryMin", "0", _bytes),
    _resource("MemoryLow", "0", _bytes),
    _resource("StartupMemoryLow", "0", _bytes),
    _resource("MemoryHigh", "infinity", _bytes),
    _resource("StartupMemoryHigh", "infinity", _bytes),
    _resource("MemoryMax", "infinity", _bytes),
    _resource("StartupMemoryMax", "infinity", _bytes),
    _resource("MemorySwapMax", "infinity", _bytes),
    _resource("StartupMemorySwapMax", "infinity", _bytes),
    _resource("MemoryZSwapMax", "infinity", _bytes),
    ("StartupMemoryZSwapMax", _const("infinity")),
    ("MemoryZSwapWriteback", _const("yes")),
    _resource("MemoryLimit", "infinity", _bytes),
    _resource("DevicePolicy", "auto"),
    _resource("TasksAccounting", "yes", _truth),
    _resource("TasksMax", "infinity"),
    _resource("IPAccounting", "no", _truth),
    ("ManagedOOMSwap", _const("auto")),
    ("ManagedOOMMemoryPressure", _const("auto")),
    ("ManagedOOMMemoryPressureLimit", _const("0")),
    ("ManagedOOMMemoryPressureDurationUSec", _const(NOT_SET)),
    ("ManagedOOMPreference", _const("none")),
    ("MemoryPressureWatch", _const("auto")),
    ("MemoryPressureThresholdUSec", _const("200ms")),
    ("CoredumpReceive", _const("no")),
)
_SET_LOGIN, _SET_LOGIN_OF_A_USER = (_sandbox("SetLoginEnvironment", default)[1] for default in ("no", "yes"))
# systemd's default: whatever protection a partition has, it is mounted.
_PROTECTED, _ENCRYPTED = "verity+signed+encrypted+unprotected+absent", "encrypted+unprotected+absent"
_IMAGE_POLICY = ":".join(f"{name}={_PROTECTED if name in ('root', 'usr') else _ENCRYPTED}"
                         for name in ("root", "usr", "home", "srv", "tmp", "var"))
KILL_ROWS: Tuple[Row, ...] = (
    ("KillMode", _text_of("unit.kill.kill_mode")),
    ("KillSignal", _text_of("unit.kill.kill_signal")),
    ("RestartKillSignal", lambda subject: str(subject.unit.kill.restart_kill_signal or subject.unit.kill.kill_signal)),
    ("FinalKillSignal", _text_of("unit.kill.final_kill_signal")),
    ("SendSIGKILL", _bool_of("unit.kill.send_sigkill")),
    ("SendSIGHUP", _bool_of("unit.kill.send_sighup")),
    ("WatchdogSignal", _text_of("unit.kill.watchdog_signal")),
)
EXEC_ROWS: Tuple[Row, ...] = (
    ("Environment", lambda subject: _quoted(subject.exec.environment)),
    ("EnvironmentFiles", _files),
    ("PassEnvironment", _words_of("exec.pass_environment")),
    ("UnsetEnvironment", _words_of("exec.unset_environment")),
    ("UMask", lambda subject: _mode(subject.exec.umask)),
    *_limit_rows(),
    _sandbox("RootEphemeral", "no"),
    ("WorkingDirectory", _working_directory),
    ("RootDirectory", _text_of("exec.root_directory")),
    ("OOMScoreAdjust", lambda subject: _unset(subject.exec.oom_score_adjust, "0")),
    ("CoredumpFilter", lambda subject: f"0x{0x33 if subject.exec.coredump_filter is None else subject.exec.coredump_filter:x}"),
    ("Nice", lambda subject: _unset(subject.exec.nice, "0")),
    ("IOSchedulingClass", lambda subject: _unset(subject.exec.io_scheduling_class, "2")),
    ("IOSchedulingPriority", lambda subject: _unset(subject.exec.io_scheduling_priority, "4")),
    ("CPUSchedulingPolicy", lambda subject: _unset(subject.exec.cpu_scheduling_policy, "0")),
    ("CPUSchedulingPriority", _text_of("exec.cpu_scheduling_priority")),
    ("CPUAffinity", lambda subject: _list(str(cpu) for cpu in sorted(subject.exec.cpu_affinity))),
    ("CPUAffinityFromNUMA", _const("no")),
    ("NUMAPolicy", _const("n/a")),
    ("TimerSlackNSec", lambda subject: _unset(subject.exec.timer_slack_nsec, "50000")),
    ("CPUSchedulingResetOnFork", _bool_of("exec.cpu_scheduling_reset_on_fork")),
    ("NonBlocking", lambda subject: _bool(subject.unit.service is not None and subject.unit.service.non_blocking)),
    ("StandardInput", lambda subject: _stream(subject.exec.standard_input)),
    ("StandardOutput", lambda subject: _stream(subject.exec.standard_output) if subject.is_loaded else "inherit"),
    ("StandardError", lambda subject: _stream(subject.exec.standard_error)),
    ("TTYPath", lambda subject: subject.exec.tty_path if subject.exec.standard_input.kind.startswith("tty") else ""),
    ("TTYReset", _bool_of("exec.tty_reset")),
    ("TTYVHangup", _const("no")),
    ("TTYVTDisallocate", _const("no")),
    ("SyslogPriority", _priority),
    ("SyslogIdentifier", _text_of("exec.syslog_identifier")),
    ("SyslogLevelPrefix", _bool_of("exec.syslog_level_prefix")),
    ("SyslogLevel", lambda subject: str(int(_priority(subject)) % 8)),
    ("SyslogFacility", lambda subject: str(int(_priority(subject)) // 8)),
    ("LogLevelMax", _text_of("exec.log_level_max")),
    ("LogRateLimitIntervalUSec", _const("0")),
    ("LogRateLimitBurst", _const("0")),
    ("SecureBits", _text_of("exec.secure_bits")),
    ("CapabilityBoundingSet", lambda subject: _capabilities(subject.exec.capability_bounding_set)),
    ("AmbientCapabilities", lambda subject: _capabilities(subject.exec.ambient_capabilities)),
    ("User", _text_of("exec.user")),
    ("Group", _text_of("exec.group")),
    ("DynamicUser", _bool_of("exec.dynamic_user")),
    ("SetLoginEnvironment", lambda subject: (_SET_LOGIN if not subject.exec.user else _SET_LOGIN_OF_A_USER)(subject)),
    _sandbox("RemoveIPC", "no"),
    ("SupplementaryGroups", _words_of("exec.supplementary_groups")),
    ("PAMName", _text_of("exec.pam_name")),
    _sandbox("ReadWritePaths", ""),
    _sandbox("ReadOnlyPaths", ""),
    _sandbox("InaccessiblePaths", ""),
    _sandbox("ExecPaths", ""),
    _sandbox("NoExecPaths", ""),
    ("ExecSearchPath", _words_of("exec.exec_search_path")),
    _sandbox("PrivateTmp", "no"),
    _sandbox("PrivateTmpEx", "no", of="PrivateTmp"),
    _sandbox("PrivateDevices", "no"),
    _sandbox("ProtectClock", "no"),
    _sandbox("ProtectKernelTunables", "no"),
    _sandbox("ProtectKernelModules", "no"),
    _sandbox("ProtectKernelLogs", "no"),
    _sandbox("ProtectControlGroups", "no"),
    _sandbox("ProtectControlGroupsEx", "no", of="ProtectControlGroups"),
    _sandbox("PrivateNetwork", "no"),
    _sandbox("PrivateUsers", "no"),
    _sandbox("PrivateUsersEx", "no", of="PrivateUsers"),
    _sandbox("PrivateMounts", "no"),
    _sandbox("PrivateIPC", "no"),
    _sandbox("PrivatePIDs", "no"),
    _sandbox("ProtectHome", "no"),
    _sandbox("ProtectSystem", "no"),
    ("SameProcessGroup", _const("no")),
    _sandbox("UtmpIdentifier", ""),
    _sandbox("UtmpMode", "init"),
    ("IgnoreSIGPIPE", _bool_of("exec.ignore_sigpipe")),
    ("NoNewPrivileges", _bool_of("exec.no_new_privileges")),
    ("SystemCallErrorNumber", _const("2147483646")),
    ("LockPersonality", _bool_of("exec.lock_personality")),
    ("RuntimeDirectoryPreserve", _text_of("exec.runtime_directory_preserve")),
    *_directory_rows(),
    ("TimeoutCleanUSec", _span_of("exec.timeout_clean_usec")),
    _sandbox("MemoryDenyWriteExecute", "no"),
    _sandbox("RestrictRealtime", "no"),
    _sandbox("RestrictSUIDSGID", "no"),
    _sandbox("RestrictNamespaces", "no"),
    _sandbox("MountAPIVFS", "no"),
    _sandbox("BindLogSockets", "no"),
    ("KeyringMode", _text_of("exec.keyring_mode")),
    _sandbox("ProtectProc", "default"),
    _sandbox("ProcSubset", "all"),
    _sandbox("ProtectHostname", "no"),
    _sandbox("MemoryKSM", "no"),
    *((f"{name}ImagePolicy", _const(_IMAGE_POLICY)) for name in ("Root", "Mount", "Extension")),
    *KILL_ROWS,
)
SCOPE_ROWS: Tuple[Row, ...] = (
    ("Controller", _const("")),
    ("TimeoutStopUSec", _span_of("unit.scope.timeout_stop_usec")),
    ("Result", _enum_of("record.result")),
    ("RuntimeMaxUSec", _span_of("unit.scope.runtime_max_usec")),
    ("RuntimeRandomizedExtraUSec", _const("0")),
    _resource("OOMPolicy", "stop"),
)


def _can_start(subject: Subject) -> str:
    return _bool(subject.unit.load_state == "loaded" and not subject.unit.refuse_manual_start and subject.unit.type != "scope")


def _can_stop(subject: Subject) -> str:
    return _bool(not subject.unit.refuse_manual_stop and subject.unit.type != "device")


def _can_reload(subject: Subject) -> str:
    return _bool(can_reload(subject.unit))


def _can_clean(subject: Subject) -> str:
    kinds = ("runtime", "state", "cache", "logs", "configuration")
    return _list(kind for kind in kinds if getattr(subject.exec, f"{kind}_directory"))


def _names(subject: Subject) -> str:
    others = sorted(subject.unit.names - {subject.unit.name})
    return _list([subject.unit.name, *others])


def _job(subject: Subject) -> str:
    return "" if subject.record.job is None else str(subject.record.job)


def _load_error(subject: Subject) -> str:
    unit = subject.unit
    if unit.load_state == "not-found":
        return f"org.freedesktop.systemd1.NoSuchUnit \"Unit {unit.name} not found.\""
    if unit.load_state == "masked":
        return f"org.freedesktop.systemd1.UnitMasked \"Unit {unit.name} is masked.\""
    if unit.load_state == "bad-setting":
        return f"org.freedesktop.systemd1.BadUnitSetting \"Unit {unit.name} has a bad unit file setting.\""
    return unit.load_error and f"org.freedesktop.systemd1.LoadFailed \"{unit.load_error}\""


def _need_reload(subject: Subject) -> str:
    from fastinit.control.selection import needs_reload
    return _bool(subject.context.is_live and needs_reload(subject.record))


def _asserts(subject: Subject) -> str:
    """Their results stand behind those of the conditions."""
    return _conditions(subject.unit.asserts, subject.record.condition_results[len(subject.unit.conditions):])


_ONLY_ON_REQUEST = frozenset(("Conditions", "Asserts"))     # systemd cannot print them


UNIT_ROWS: Tuple[Row, ...] = (
    ("Id", _text_of("unit.name")),
    ("Names", _names),
    ("Following", _const("")),
    *_related_rows(),
    ("SliceOf", _slice_of),
    ("RequiresMountsFor", _words_of("unit.requires_mounts_for")),
    ("WantsMountsFor", _words_of("unit.wants_mounts_for")),
    ("Documentation", lambda subject: _quoted(subject.unit.documentation)),
    ("Description", lambda subject: subject.unit.description or subject.unit.name),
    ("LoadState", _text_of("unit.load_state")),
    ("ActiveState", _enum_of("record.active")),
    ("FreezerState", _const("running")),
    ("SubState", _enum_of("record.sub")),
    ("FragmentPath", _text_of("unit.fragment_path")),
    ("SourcePath", _text_of("unit.source_path")),
    ("DropInPaths", _words_of("unit.dropin_paths")),
    ("UnitFileState", lambda subject: subject.file_state()[0]),
    ("UnitFilePreset", lambda subject: subject.file_state()[1]),
    *_stamp_rows("StateChangeTimestamp", "record.state_change_usec"),
    *_stamp_rows("InactiveExitTimestamp", "record.inactive_exit_usec"),
    *_stamp_rows("ActiveEnterTimestamp", "record.active_enter_usec"),
    *_stamp_rows("ActiveExitTimestamp", "record.active_exit_usec"),
    *_stamp_rows("InactiveEnterTimestamp", "record.inactive_enter_usec"),
    ("CanStart", _can_start),
    ("CanStop", _can_stop),
    ("CanReload", _can_reload),
    ("CanIsolate", _bool_of("unit.allow_isolate")),
    ("CanClean", _can_clean),
    ("CanFreeze", _const("no")),
    ("CanLiveMount", _const("no")),
    ("Job", _job),
    ("StopWhenUnneeded", _bool_of("unit.stop_when_unneeded")),
    ("RefuseManualStart", _bool_of("unit.refuse_manual_start")),
    ("RefuseManualStop", _bool_of("unit.refuse_manual_stop")),
    ("AllowIsolate", _bool_of("unit.allow_isolate")),
    ("DefaultDependencies", _bool_of("unit.default_dependencies")),
    ("SurviveFinalKillSignal", _const("no")),
    ("OnSuccessJobMode", _text_of("unit.on_success_job_mode")),
    ("OnFailureJobMode", _text_of("unit.on_failure_job_mode")),
    ("IgnoreOnIsolate", _bool_of("unit.ignore_on_isolate")),
    ("NeedDaemonReload", _need_reload),
    ("JobTimeoutUSec", _span_of("unit.job_timeout_usec")),
    ("JobRunningTimeoutUSec", _span_of("unit.job_running_timeout_usec")),
    ("JobTimeoutAction", _text_of("unit.job_timeout_action")),
    ("ConditionResult", _bool_of("record.condition_result")),
    ("AssertResult", _bool_of("record.assert_result")),
    *_stamp_rows("ConditionTimestamp", "record.condition_usec"),
    *((name.replace("Condition", "Assert"), get) for name, get in _stamp_rows("ConditionTimestamp", "record.condition_usec")),
    ("Conditions", lambda subject: _conditions(subject.unit.conditions, subject.record.condition_results)),
    ("Asserts", _asserts),
    ("LoadError", _load_error),
    ("Transient", lambda subject: _bool(is_transient(subject.unit.fragment_path))),
    ("Perpetual", _const("no")),
    ("StartLimitIntervalUSec", _span_of("unit.start_limit_interval_usec")),
    ("StartLimitBurst", _text_of("unit.start_limit_burst")),
    ("StartLimitAction", _text_of("unit.start_limit_action")),
    ("FailureAction", _text_of("unit.failure_action")),
    ("FailureActionExitStatus", lambda subject: _unset(subject.unit.failure_action_exit_status, NOT_SET)),
    ("SuccessAction", _text_of("unit.success_action")),
    ("SuccessActionExitStatus", lambda subject: _unset(subject.unit.success_action_exit_status, NOT_SET)),
    ("InvocationID", _text_of("record.invocation_id")),
    ("CollectMode", _text_of("unit.collect_mode")),
    ("DebugInvocation", _const("no")),
)
_RESULT_ROWS: Tuple[Row, ...] = (
    ("ControlPID", _const("0")), ("Result", _enum_of("record.result")), ("CleanResult", _const("success")),
)

# Unit type -> what comes before the properties that all units have.
_BY_TYPE: Dict[str, Tuple[Row, ...]] = {
    "service": SERVICE_ROWS + CGROUP_ROWS + EXEC_ROWS,
    "slice": CGROUP_ROWS, "scope": SCOPE_ROWS + CGROUP_ROWS + KILL_ROWS,
    "socket": _RESULT_ROWS, "mount": _RESULT_ROWS, "swap": _RESULT_ROWS, "timer": _RESULT_ROWS[1:2], "path": _RESULT_ROWS[1:2],
}
_SPLIT = frozenset(name for name, _ in _command_rows()) | {"EnvironmentFiles"} | {
    f"{kind}DirectorySymlink" for kind in ("Runtime", "State", "Cache", "Logs", "Configuration")}


def names() -> Tuple[str, ...]:
    """Every property of a unit of any type."""
    return tuple(sorted({name for rows in (UNIT_ROWS, *_BY_TYPE.values()) for name, _ in rows}))


def rows_for(unit: Unit) -> Tuple[Row, ...]:
    if unit.type == "service" and unit.service is None:     # not found, masked: systemd shows a service's defaults
        return UNIT_ROWS
    return _BY_TYPE.get(unit.type, ()) + UNIT_ROWS


def unit_properties(context: Context, record: UnitRecord) -> Pairs:
    """Only what is asked for is computed: `show -p MainPID` must not walk /proc."""
    if record.unit.type == "service" and record.unit.service is None:
        record = _with_defaults(record)
    subject = Subject(context, record)
    wanted = frozenset(context.options.properties)
    for name, get in rows_for(record.unit):
        if wanted and name not in wanted:
            continue
        value = get(subject)
        if name in _SPLIT and not value:
            continue                # a property of several lines that has none
        is_rare = name in _ONLY_ON_REQUEST or (value == NOT_SET and name.endswith("ActionExitStatus"))
        if is_rare and not wanted and not context.options.all:
            continue
        if name in _SPLIT and "\n" in value:
            for line in value.split("\n"):
                yield name, line
        else:
            yield name, value


def _with_defaults(record: UnitRecord) -> UnitRecord:
    from dataclasses import replace
    return replace(record, unit=replace(record.unit, service=Service()))


def job_properties(job: Job) -> Pairs:
    yield "Id", str(job.id)
    yield "Unit", job.unit
    yield "JobType", job.type.value
    yield "State", job.state.value


# ---- the manager ----------------------------------------------------------------------------------------------------

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
            return "infinity" if name == "LOCKS" else _default_limit(name, soft)
        return _number(pair[0 if soft else 1])
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
    ("Environment", lambda context: _quoted([f"{name}={value}" for name, value in sorted(context.manager.environment.items())])),
    ("ConfirmSpawn", lambda _context: "no"),
    ("ShowStatus", lambda _context: "no"),
    ("UnitPath", lambda context: _list(context.manager.loader.paths)),
    ("DefaultStandardOutput", lambda _context: "journal"),
    ("DefaultStandardError", lambda _context: "inherit"),
    *_fixed(("RuntimeWatchdogUSec", "0"), ("RuntimeWatchdogPreUSec", "0"), ("RebootWatchdogUSec", "10min"),
            ("KExecWatchdogUSec", "0")),
    ("ServiceWatchdogs", lambda _context: "yes"),
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


def manager_properties(context: Context) -> Pairs:
    wanted = frozenset(context.options.properties)
    for name, get in MANAGER_ROWS:
        if not wanted or name in wanted:
            yield name, get(context)
    if context.is_live:
        for name, value in stats.properties(context.manager.counters()).items():
            if not wanted or name in wanted:
                yield name, value


