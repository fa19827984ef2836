"""How the processes of a unit are run and ended: the properties of systemd.exec(5) and systemd.kill(5)."""

from __future__ import annotations

from typing import Iterator, Tuple

from fastinit.control.render.properties.forms import (
    capabilities,
    directories,
    mode,
    number,
    quoted,
    stream,
    symlinks,
    unset,
    words,
    yes_no,
)
from fastinit.control.render.properties.rows import Get, Row, Subject, bool_of, const, span_of, text_of, words_of
from fastinit.units import values as texts
from fastinit.units.parsers.streams import LOG_FACILITIES, LOG_LEVELS


def default_limit(name: str, soft: bool) -> str:
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
        return default_limit(name, soft) if pair is None else number(pair[0 if soft else 1])
    return get


LIMITS = ("CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NOFILE", "AS", "NPROC", "MEMLOCK", "LOCKS", "SIGPENDING", "MSGQUEUE",
          "NICE", "RTPRIO", "RTTIME")


def _limit_rows() -> Iterator[Row]:
    for name in LIMITS:
        yield f"Limit{name}", _limit(name, soft=False)
        yield f"Limit{name}Soft", _limit(name, soft=True)


def _directory_rows() -> Iterator[Row]:
    for kind in ("Runtime", "State", "Cache", "Logs", "Configuration"):
        yield f"{kind}DirectoryMode", lambda subject, kind=kind: mode(getattr(subject.exec, f"{kind.lower()}_directory_mode"))  # type: ignore[misc]
        yield f"{kind}DirectorySymlink", lambda subject, kind=kind: symlinks(getattr(subject.exec, f"{kind.lower()}_directory"))  # type: ignore[misc]
        yield f"{kind}Directory", lambda subject, kind=kind: directories(getattr(subject.exec, f"{kind.lower()}_directory"))  # type: ignore[misc]


def _sandbox(name: str, default: str, of: str = "") -> Row:
    """A sandbox directive (of: another name's): the last value that the file gives, booleans in systemd's words."""
    def get(subject: Subject) -> str:
        values = subject.exec.sandbox.get(of or name)
        if not values:
            return default
        if default in ("yes", "no"):
            try:
                return yes_no(texts.parse_boolean(values[-1]))
            except ValueError:
                return values[-1]
        return " ".join(values)
    return name, get


def _files(subject: Subject) -> str:
    return "\n".join(f"{entry.path} (ignore_errors={yes_no(entry.optional)})" for entry in subject.exec.environment_files)


def _priority(subject: Subject) -> str:
    return str(LOG_FACILITIES[subject.exec.syslog_facility] * 8 + LOG_LEVELS[subject.exec.syslog_level])


def _working_directory(subject: Subject) -> str:
    exec_ = subject.exec
    return ("!" if exec_.working_directory_optional and exec_.working_directory else "") + exec_.working_directory


_SET_LOGIN, _SET_LOGIN_OF_A_USER = (_sandbox("SetLoginEnvironment", default)[1] for default in ("no", "yes"))
# systemd's default: whatever protection a partition has, it is mounted.
_PROTECTED, _ENCRYPTED = "verity+signed+encrypted+unprotected+absent", "encrypted+unprotected+absent"
_IMAGE_POLICY = ":".join(f"{name}={_PROTECTED if name in ('root', 'usr') else _ENCRYPTED}"
                         for name in ("root", "usr", "home", "srv", "tmp", "var"))
KILL_ROWS: Tuple[Row, ...] = (
    ("KillMode", text_of("unit.kill.kill_mode")),
    ("KillSignal", text_of("unit.kill.kill_signal")),
    ("RestartKillSignal", lambda subject: str(subject.unit.kill.restart_kill_signal or subject.unit.kill.kill_signal)),
    ("FinalKillSignal", text_of("unit.kill.final_kill_signal")),
    ("SendSIGKILL", bool_of("unit.kill.send_sigkill")),
    ("SendSIGHUP", bool_of("unit.kill.send_sighup")),
    ("WatchdogSignal", text_of("unit.kill.watchdog_signal")),
)
EXEC_ROWS: Tuple[Row, ...] = (
    ("Environment", lambda subject: quoted(subject.exec.environment)),
    ("EnvironmentFiles", _files),
    ("PassEnvironment", words_of("exec.pass_environment")),
    ("UnsetEnvironment", words_of("exec.unset_environment")),
    ("UMask", lambda subject: mode(subject.exec.umask)),
    *_limit_rows(),
    _sandbox("RootEphemeral", "no"),
    ("WorkingDirectory", _working_directory),
    ("RootDirectory", text_of("exec.root_directory")),
    ("OOMScoreAdjust", lambda subject: unset(subject.exec.oom_score_adjust, "0")),
    ("CoredumpFilter", lambda subject: f"0x{0x33 if subject.exec.coredump_filter is None else subject.exec.coredump_filter:x}"),
    ("Nice", lambda subject: unset(subject.exec.nice, "0")),
    ("IOSchedulingClass", lambda subject: unset(subject.exec.io_scheduling_class, "2")),
    ("IOSchedulingPriority", lambda subject: unset(subject.exec.io_scheduling_priority, "4")),
    ("CPUSchedulingPolicy", lambda subject: unset(subject.exec.cpu_scheduling_policy, "0")),
    ("CPUSchedulingPriority", text_of("exec.cpu_scheduling_priority")),
    ("CPUAffinity", lambda subject: words(str(cpu) for cpu in sorted(subject.exec.cpu_affinity))),
    ("CPUAffinityFromNUMA", const("no")),
    ("NUMAPolicy", const("n/a")),
    ("TimerSlackNSec", lambda subject: unset(subject.exec.timer_slack_nsec, "50000")),
    ("CPUSchedulingResetOnFork", bool_of("exec.cpu_scheduling_reset_on_fork")),
    ("NonBlocking", lambda subject: yes_no(subject.unit.service is not None and subject.unit.service.non_blocking)),
    ("StandardInput", lambda subject: stream(subject.exec.standard_input)),
    ("StandardOutput", lambda subject: stream(subject.exec.standard_output) if subject.is_loaded else "inherit"),
    ("StandardError", lambda subject: stream(subject.exec.standard_error)),
    ("TTYPath", lambda subject: subject.exec.tty_path if subject.exec.standard_input.kind.startswith("tty") else ""),
    ("TTYReset", bool_of("exec.tty_reset")),
    ("TTYVHangup", const("no")),
    ("TTYVTDisallocate", const("no")),
    ("SyslogPriority", _priority),
    ("SyslogIdentifier", text_of("exec.syslog_identifier")),
    ("SyslogLevelPrefix", bool_of("exec.syslog_level_prefix")),
    ("SyslogLevel", lambda subject: str(int(_priority(subject)) % 8)),
    ("SyslogFacility", lambda subject: str(int(_priority(subject)) // 8)),
    ("LogLevelMax", text_of("exec.log_level_max")),
    ("LogRateLimitIntervalUSec", const("0")),
    ("LogRateLimitBurst", const("0")),
    ("SecureBits", text_of("exec.secure_bits")),
    ("CapabilityBoundingSet", lambda subject: capabilities(subject.exec.capability_bounding_set)),
    ("AmbientCapabilities", lambda subject: capabilities(subject.exec.ambient_capabilities)),
    ("User", text_of("exec.user")),
    ("Group", text_of("exec.group")),
    ("DynamicUser", bool_of("exec.dynamic_user")),
    ("SetLoginEnvironment", lambda subject: (_SET_LOGIN if not subject.exec.user else _SET_LOGIN_OF_A_USER)(subject)),
    _sandbox("RemoveIPC", "no"),
    ("SupplementaryGroups", words_of("exec.supplementary_groups")),
    ("PAMName", text_of("exec.pam_name")),
    _sandbox("ReadWritePaths", ""),
    _sandbox("ReadOnlyPaths", ""),
    _sandbox("InaccessiblePaths", ""),
    _sandbox("ExecPaths", ""),
    _sandbox("NoExecPaths", ""),
    ("ExecSearchPath", words_of("exec.exec_search_path")),
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
    ("SameProcessGroup", const("no")),
    _sandbox("UtmpIdentifier", ""),
    _sandbox("UtmpMode", "init"),
    ("IgnoreSIGPIPE", bool_of("exec.ignore_sigpipe")),
    ("NoNewPrivileges", bool_of("exec.no_new_privileges")),
    ("SystemCallErrorNumber", const("2147483646")),
    ("LockPersonality", bool_of("exec.lock_personality")),
    ("RuntimeDirectoryPreserve", text_of("exec.runtime_directory_preserve")),
    *_directory_rows(),
    ("TimeoutCleanUSec", span_of("exec.timeout_clean_usec")),
    _sandbox("MemoryDenyWriteExecute", "no"),
    _sandbox("RestrictRealtime", "no"),
    _sandbox("RestrictSUIDSGID", "no"),
    _sandbox("RestrictNamespaces", "no"),
    _sandbox("MountAPIVFS", "no"),
    _sandbox("BindLogSockets", "no"),
    ("KeyringMode", text_of("exec.keyring_mode")),
    _sandbox("ProtectProc", "default"),
    _sandbox("ProcSubset", "all"),
    _sandbox("ProtectHostname", "no"),
    _sandbox("MemoryKSM", "no"),
    *((f"{name}ImagePolicy", const(_IMAGE_POLICY)) for name in ("Root", "Mount", "Extension")),
    *KILL_ROWS,
)
