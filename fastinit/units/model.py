"""What a unit is once it is loaded: frozen values, made by loader.py, read by everybody.

In:  nothing.   Out: Unit and its sections.
Never: reads a file, knows a running state, keeps what systemd would keep at run time.
Names are the directives' names in snake case with the unit of measure added; times are microseconds, USEC_INFINITY
stands for "infinity"; a field that a file does not set holds systemd's default.
Source: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5) of v257.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, NamedTuple, Optional, Tuple

USEC_INFINITY = (1 << 64) - 1

# Kinds of dependency as a unit file spells them; engine and `show` derive the reverse kinds (REVERSE).
DEPENDENCY_KINDS = (
    "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before", "After",
    "OnFailure", "OnSuccess", "PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo",
    "StopPropagatedFrom", "JoinsNamespaceOf", "Triggers",
)
REVERSE = {
    "Requires": "RequiredBy", "Requisite": "RequisiteOf", "Wants": "WantedBy", "BindsTo": "BoundBy",
    "PartOf": "ConsistsOf", "Upholds": "UpheldBy", "Conflicts": "ConflictedBy", "Before": "After", "After": "Before",
    "OnFailure": "OnFailureOf", "OnSuccess": "OnSuccessOf", "PropagatesReloadTo": "ReloadPropagatedFrom",
    "ReloadPropagatedFrom": "PropagatesReloadTo", "PropagatesStopTo": "StopPropagatedFrom",
    "StopPropagatedFrom": "PropagatesStopTo", "JoinsNamespaceOf": "JoinsNamespaceOf", "Triggers": "TriggeredBy",
}


class Setting(NamedTuple):
    """One assignment as the file has it, continuation lines joined, nothing expanded."""

    section: str
    name: str
    value: str
    path: str
    line: int


class ExecCommand(NamedTuple):
    """One command of an Exec*= line; specifiers are expanded, $VAR and ${VAR} are not (that is done at spawn).

    path:           absolute, or a bare name to be looked up in the search path at spawn.
    argv:           argv[0] included ("@" already applied).
    ignore_failure: prefix "-".
    privilege:      "" (as the unit says), "+" (full), "!" or "!!" (full, but for uid/gid/caps of the main code).
    expand_env:     False after prefix ":".
    """

    path: str
    argv: Tuple[str, ...]
    ignore_failure: bool = False
    privilege: str = ""
    expand_env: bool = True
    login_shell: bool = False


class Condition(NamedTuple):
    """ConditionX= or AssertX=: name without the prefix ("PathExists"), trigger "|", negate "!", specifiers expanded."""

    name: str
    parameter: str
    trigger: bool = False
    negate: bool = False


class StdStream(NamedTuple):
    """StandardInput/Output/Error=: kind as systemd spells it before the colon, argument after it ("file", "/x")."""

    kind: str
    argument: str = ""


class EnvironmentFile(NamedTuple):
    path: str
    optional: bool = False


class Directory(NamedTuple):
    """One RuntimeDirectory= (State, Cache, Logs, Configuration) entry, relative to its base directory."""

    path: str
    symlinks: Tuple[str, ...] = ()
    flags: str = ""


class ExitStatusSet(NamedTuple):
    """SuccessExitStatus= and friends: exit codes 0..255 and signal numbers."""

    codes: frozenset[int] = frozenset()
    signals: frozenset[int] = frozenset()


_NULL, _JOURNAL, _INHERIT = StdStream("null"), StdStream("journal"), StdStream("inherit")
_NO_STATUS = ExitStatusSet()


@dataclass(frozen=True)
class ExecContext:
    """systemd.exec(5): how a process of the unit is set up."""

    user: str = ""
    group: str = ""
    supplementary_groups: Tuple[str, ...] = ()
    dynamic_user: bool = False
    working_directory: str = ""             # "" = / (or home with "~")
    working_directory_optional: bool = False  # prefix "-"
    root_directory: str = ""
    umask: int = 0o022
    environment: Tuple[str, ...] = ()       # "NAME=value"
    environment_files: Tuple[EnvironmentFile, ...] = ()
    pass_environment: Tuple[str, ...] = ()
    unset_environment: Tuple[str, ...] = ()
    exec_search_path: Tuple[str, ...] = ()
    standard_input: StdStream = _NULL
    standard_output: StdStream = _JOURNAL
    standard_error: StdStream = _INHERIT
    standard_input_data: bytes = b""
    tty_path: str = "/dev/console"
    tty_reset: bool = False
    syslog_identifier: str = ""
    syslog_facility: str = "daemon"
    syslog_level: str = "info"
    syslog_level_prefix: bool = True
    log_level_max: int = -1
    limits: Mapping[str, Tuple[int, int]] = field(default_factory=dict)  # "NOFILE" -> (soft, hard); USEC_INFINITY = infinity
    nice: Optional[int] = None
    oom_score_adjust: Optional[int] = None
    io_scheduling_class: Optional[int] = None     # 0 none, 1 realtime, 2 best-effort, 3 idle
    io_scheduling_priority: Optional[int] = None
    cpu_scheduling_policy: Optional[int] = None   # SCHED_*
    cpu_scheduling_priority: int = 0
    cpu_scheduling_reset_on_fork: bool = False
    cpu_affinity: frozenset[int] = frozenset()
    timer_slack_nsec: Optional[int] = None
    capability_bounding_set: Optional[int] = None  # bit mask, None = untouched
    ambient_capabilities: int = 0
    secure_bits: int = 0
    no_new_privileges: bool = False
    ignore_sigpipe: bool = True
    lock_personality: bool = False
    personality: str = ""
    keyring_mode: str = "private"
    coredump_filter: Optional[int] = None
    pam_name: str = ""
    set_login_environment: Optional[bool] = None
    runtime_directory: Tuple[Directory, ...] = ()
    runtime_directory_mode: int = 0o755
    runtime_directory_preserve: str = "no"        # no | yes | restart
    state_directory: Tuple[Directory, ...] = ()
    state_directory_mode: int = 0o755
    cache_directory: Tuple[Directory, ...] = ()
    cache_directory_mode: int = 0o755
    logs_directory: Tuple[Directory, ...] = ()
    logs_directory_mode: int = 0o755
    configuration_directory: Tuple[Directory, ...] = ()
    configuration_directory_mode: int = 0o755
    timeout_clean_usec: int = USEC_INFINITY
    # Sandbox directives that are set, name -> raw value in order of the file; run/sandbox decides what each becomes here.
    sandbox: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class KillContext:
    """systemd.kill(5); signals are numbers."""

    kill_mode: str = "control-group"    # control-group | mixed | process | none
    kill_signal: int = 15
    restart_kill_signal: int = 0        # 0 = kill_signal
    final_kill_signal: int = 9
    watchdog_signal: int = 6
    send_sigkill: bool = True
    send_sighup: bool = False


@dataclass(frozen=True)
class Service:
    """systemd.service(5)."""

    type: str = "simple"                # simple exec forking oneshot dbus notify notify-reload idle
    exit_type: str = "main"             # main | cgroup
    exec_condition: Tuple[ExecCommand, ...] = ()
    exec_start_pre: Tuple[ExecCommand, ...] = ()
    exec_start: Tuple[ExecCommand, ...] = ()
    exec_start_post: Tuple[ExecCommand, ...] = ()
    exec_reload: Tuple[ExecCommand, ...] = ()
    exec_stop: Tuple[ExecCommand, ...] = ()
    exec_stop_post: Tuple[ExecCommand, ...] = ()
    remain_after_exit: bool = False
    guess_main_pid: bool = True
    pid_file: str = ""                  # absolute; relative names are below /run
    bus_name: str = ""
    restart: str = "no"                 # no always on-success on-failure on-abnormal on-abort on-watchdog
    restart_mode: str = "normal"        # normal | direct | debug
    restart_usec: int = 100_000
    restart_steps: int = 0
    restart_max_delay_usec: int = USEC_INFINITY
    timeout_start_usec: int = 90_000_000
    timeout_stop_usec: int = 90_000_000
    timeout_abort_usec: Optional[int] = None      # None = timeout_stop_usec
    timeout_start_failure_mode: str = "terminate"  # terminate | abort | kill
    timeout_stop_failure_mode: str = "terminate"
    runtime_max_usec: int = USEC_INFINITY
    runtime_randomized_extra_usec: int = 0
    watchdog_usec: int = 0
    success_exit_status: ExitStatusSet = _NO_STATUS
    restart_prevent_exit_status: ExitStatusSet = _NO_STATUS
    restart_force_exit_status: ExitStatusSet = _NO_STATUS
    root_directory_start_only: bool = False
    permissions_start_only: bool = False
    non_blocking: bool = False
    notify_access: str = "none"         # none main exec all; Type=notify and WatchdogSec= raise the default to main
    sockets: Tuple[str, ...] = ()
    file_descriptor_store_max: int = 0
    file_descriptor_store_preserve: str = "restart"   # no | yes | restart
    oom_policy: str = ""
    open_file: Tuple[str, ...] = ()
    reload_signal: int = 1
    usb_function: str = ""


@dataclass(frozen=True)
class Scope:
    """systemd.scope(5)."""

    timeout_stop_usec: int = 90_000_000
    runtime_max_usec: int = USEC_INFINITY


@dataclass(frozen=True)
class Install:
    """[Install]; names are expanded for instances, left as they are for templates."""

    wanted_by: Tuple[str, ...] = ()
    required_by: Tuple[str, ...] = ()
    upheld_by: Tuple[str, ...] = ()
    alias: Tuple[str, ...] = ()
    also: Tuple[str, ...] = ()
    default_instance: str = ""


@dataclass(frozen=True)
class Unit:
    """One loaded unit; what `systemctl show` prints of the file side.

    name:        the id, e.g. "nginx.service"; names: id and aliases.
    load_state:  loaded, not-found, bad-setting, error, masked (systemd's LoadState=).
    load_error:  one line for the user when load_state is bad-setting or error ("<path>:<line>: …").
    dependencies: kind (DEPENDENCY_KINDS) -> names, explicit ones, those of .wants/ .requires/ .upholds/ directories and
                 the implicit and default ones of systemd.unit(5); a name stands once per kind.
    warnings:    one line each, "<path>:<line>: …", shown once in the log when the unit is loaded.
    stamps:      (path, mtime_ns, inode) of every file and directory that was read: NeedDaemonReload=.
    settings:    assignments that no field holds, in order, drop-ins included: for `show`, and for the unsupported.
    replaced:    one of systemd's own that has nothing to do here (units/replaced.py): counts as up as soon as it is asked for.
    perpetual:   always in memory and always up.
    """

    name: str
    names: frozenset[str] = frozenset()
    load_state: str = "loaded"
    load_error: str = ""
    fragment_path: str = ""
    source_path: str = ""
    dropin_paths: Tuple[str, ...] = ()
    description: str = ""               # "" = the name
    documentation: Tuple[str, ...] = ()
    dependencies: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    requires_mounts_for: Tuple[str, ...] = ()
    wants_mounts_for: Tuple[str, ...] = ()
    conditions: Tuple[Condition, ...] = ()
    asserts: Tuple[Condition, ...] = ()
    default_dependencies: bool = True
    stop_when_unneeded: bool = False
    refuse_manual_start: bool = False
    refuse_manual_stop: bool = False
    allow_isolate: bool = False
    ignore_on_isolate: bool = False
    collect_mode: str = "inactive"
    on_failure_job_mode: str = "replace"
    on_success_job_mode: str = "fail"
    job_timeout_usec: int = USEC_INFINITY
    job_running_timeout_usec: int = USEC_INFINITY
    job_timeout_action: str = "none"
    start_limit_interval_usec: int = 10_000_000
    start_limit_burst: int = 5
    start_limit_action: str = "none"
    failure_action: str = "none"
    success_action: str = "none"
    failure_action_exit_status: Optional[int] = None
    success_action_exit_status: Optional[int] = None
    slice: str = ""
    install: Install = Install()
    service: Optional[Service] = None   # only for .service
    scope: Optional[Scope] = None       # only for .scope
    context: ExecContext = ExecContext()
    kill: KillContext = KillContext()
    warnings: Tuple[str, ...] = ()
    stamps: Tuple[Tuple[str, int, int], ...] = ()
    settings: Tuple[Setting, ...] = ()
    replaced: bool = False
    perpetual: bool = False

    @property
    def type(self) -> str:
        """The suffix: "service", "target", …"""
        return self.name.rpartition(".")[2]
