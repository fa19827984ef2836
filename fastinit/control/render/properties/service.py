"""The properties of services and scopes of their own: org.freedesktop.systemd1.Service, .Scope."""

from __future__ import annotations

import grp
import pwd
from typing import Callable, Iterator, Tuple

from fastinit.control.render.exit_status import CODES
from fastinit.control.render.properties.forms import NOT_SET, exec_time, statuses, yes_no
from fastinit.control.render.properties.rows import (
    Get,
    Row,
    Subject,
    bool_of,
    const,
    enum_of,
    resource,
    span_of,
    stamp_rows,
    text_of,
    words_of,
)
from fastinit.control.render.status import commands
from fastinit.plan.record import ExecStatus
from fastinit.plan.service.results import restart_delay_usec
from fastinit.plan.states import Sub
from fastinit.units import values as texts
from fastinit.units.model import ExecCommand
from fastinit.units.timespan import format_usec


def exec_entry(command: ExecCommand, status: ExecStatus, style: str, extended: bool) -> str:
    """{ path=/bin/x ; argv[]=/bin/x -f ; ignore_errors=no ; start_time=[n/a] ; … ; code=(null) ; status=0/0 }"""
    argv = " ".join((command.argv[0] if command.argv else command.path, *command.argv[1:]))
    if extended:
        flags = [word for word, is_set in (("ignore-failure", command.ignore_failure), ("privileged", command.privilege == "+"),
                                           ("no-setuid", command.privilege in ("!", "!!")),
                                           ("no-env-expand", not command.expand_env)) if is_set]
        how = f"flags={' '.join(flags)}"
    else:
        how = f"ignore_errors={yes_no(command.ignore_failure)}"
    code = CODES.get(status.code, "(null)") if status.code else "(null)"
    ending = f"{status.status}/{texts.signal_name(status.status) if status.code in (2, 3) else status.status}"
    if status.code in (0, 1):
        ending = f"{status.status}" if status.code == 1 else "0/0"
    return (f"{{ path={command.path} ; argv[]={argv} ; {how} ; start_time={exec_time(status.start_realtime_usec, style)} ; "
            f"stop_time={exec_time(status.exit_realtime_usec, style)} ; pid={status.pid} ; code={code} ; status={ending} }}")


def command_rows() -> Iterator[Row]:
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


def _abort_timeout(subject: Subject) -> str:
    service = subject.service
    return format_usec(service.timeout_stop_usec if service.timeout_abort_usec is None else service.timeout_abort_usec)


def _next_restart(subject: Subject) -> str:
    """The delay of the next restart, whether it is waited for already or not."""
    record = subject.record
    waits = record.sub is Sub.AUTO_RESTART
    return format_usec(restart_delay_usec(subject.service, record.n_restarts + waits))


SERVICE_ROWS: Tuple[Row, ...] = (
    ("Type", lambda subject: subject.service.type if subject.is_loaded else ""),
    ("ExitType", text_of("service.exit_type")),
    ("Restart", text_of("service.restart")),
    ("RestartMode", text_of("service.restart_mode")),
    ("PIDFile", text_of("service.pid_file")),
    ("NotifyAccess", text_of("service.notify_access")),
    ("RestartUSec", span_of("service.restart_usec")),
    ("RestartSteps", text_of("service.restart_steps")),
    ("RestartMaxDelayUSec", span_of("service.restart_max_delay_usec")),
    ("RestartUSecNext", _next_restart),
    ("TimeoutStartUSec", span_of("service.timeout_start_usec")),
    ("TimeoutStopUSec", span_of("service.timeout_stop_usec")),
    ("TimeoutAbortUSec", _abort_timeout),
    ("TimeoutStartFailureMode", text_of("service.timeout_start_failure_mode")),
    ("TimeoutStopFailureMode", text_of("service.timeout_stop_failure_mode")),
    ("RuntimeMaxUSec", span_of("service.runtime_max_usec")),
    ("RuntimeRandomizedExtraUSec", span_of("service.runtime_randomized_extra_usec")),
    ("WatchdogUSec", _watchdog),
    ("WatchdogTimestampMonotonic", const("0")),
    ("RootDirectoryStartOnly", bool_of("service.root_directory_start_only")),
    ("RemainAfterExit", bool_of("service.remain_after_exit")),
    ("GuessMainPID", bool_of("service.guess_main_pid")),
    ("RestartPreventExitStatus", lambda subject: statuses(subject.service.restart_prevent_exit_status)),
    ("RestartForceExitStatus", lambda subject: statuses(subject.service.restart_force_exit_status)),
    ("SuccessExitStatus", lambda subject: statuses(subject.service.success_exit_status)),
    ("MainPID", text_of("record.main_pid")),
    ("ControlPID", text_of("record.control_pid")),
    ("BusName", text_of("service.bus_name")),
    ("FileDescriptorStoreMax", text_of("service.file_descriptor_store_max")),
    ("NFileDescriptorStore", text_of("record.fd_store_count")),
    ("FileDescriptorStorePreserve", text_of("service.file_descriptor_store_preserve")),
    ("StatusText", text_of("record.status_text")),
    ("StatusErrno", text_of("record.status_errno")),
    ("Result", enum_of("record.result")),
    ("ReloadResult", enum_of("record.reload_result")),
    ("CleanResult", const("success")),
    ("LiveMountResult", const("success")),
    ("UID", _uid),
    ("GID", _gid),
    ("NRestarts", text_of("record.n_restarts")),
    ("OOMPolicy", _oom_policy),
    ("OpenFile", words_of("service.open_file")),
    ("ReloadSignal", text_of("service.reload_signal")),
    *stamp_rows("ExecMainStartTimestamp", "record.main_exec.start_usec"),
    *stamp_rows("ExecMainExitTimestamp", "record.main_exec.exit_usec"),
    *stamp_rows("ExecMainHandoffTimestamp", "record.main_exec.start_usec"),       # the exec itself is not seen
    ("ExecMainPID", text_of("record.main_exec.pid")),
    ("ExecMainCode", text_of("record.main_exec.code")),
    ("ExecMainStatus", text_of("record.main_exec.status")),
    *command_rows(),
)

SCOPE_ROWS: Tuple[Row, ...] = (
    ("Controller", const("")),
    ("TimeoutStopUSec", span_of("unit.scope.timeout_stop_usec")),
    ("Result", enum_of("record.result")),
    ("RuntimeMaxUSec", span_of("unit.scope.runtime_max_usec")),
    ("RuntimeRandomizedExtraUSec", const("0")),
    resource("OOMPolicy", "stop"),
)
