"""Every directive of unit files: one row each, the only copy; docs/directives.md is made from it.

In:  nothing.   Out: TABLE, and PARSERS for the loader: section of a unit type -> name -> row.
A row: name, parser, "class.field" of model.py ("" = none), support, note. Support is one of
  acted    it has its effect,
  kept     known and checked; the part of fastinit that the note names reads it from Unit.settings or ExecContext.sandbox,
  none     accepted without effect, the note says why,
  refused  warned about and ignored, as systemd does.
Source: the directives of systemd 257; systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5),
systemd.resource-control(5), systemd.socket(5), systemd.timer(5), systemd.path(5), systemd.mount(5), systemd.swap(5).
"""
# ruff: noqa: E501                  a row is a line, however long its parser

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from fastinit.units.build import Parser
from fastinit.units.parsers.accounts import CAP_ALL, capabilities, checked_user, secure_bits, user, users
from fastinit.units.parsers.execution import commands, exit_statuses
from fastinit.units.parsers.lists import documentation, environment, open_files, variable_names
from fastinit.units.parsers.paths import directories, environment_file, path, pid_file, search_path, working_directory
from fastinit.units.parsers.references import (
    condition,
    dependency,
    install_names,
    listen,
    mounts_for,
    on_failure_isolate,
    own_boolean,
    own_text,
    own_unit,
    slice_name,
    sockets,
    watch,
)
from fastinit.units.parsers.resources import any_size, memory, percent, tasks, weight
from fastinit.units.parsers.sandbox import (
    checked_boolean_or,
    checked_word,
    sandbox,
    sandbox_boolean,
    sandbox_choice,
    sandbox_word,
)
from fastinit.units.parsers.scheduling import (
    CPU_POLICIES,
    IO_CLASSES,
    coredump_filter,
    cpu_affinity,
    limit,
    nanoseconds,
    numbered,
    personality,
)
from fastinit.units.parsers.single import (
    any_boolean,
    any_integer,
    any_mode,
    any_seconds,
    boolean,
    boolean_or,
    exit_status_action,
    integer,
    job_running_timeout,
    job_timeout,
    kept,
    mode,
    no_limit_at_zero,
    one_of,
    resettable,
    seconds,
    signal,
    string,
    timeout_both,
)
from fastinit.units.parsers.streams import (
    log_level_max,
    std_input,
    std_input_data,
    std_input_text,
    std_output,
    syslog_facility,
    syslog_level,
)

ACTED, KEPT, NONE, REFUSED = "acted", "kept", "none", "refused"


class Directive(NamedTuple):
    name: str
    parse: Parser
    where: str                      # "service.type": class and field of model.py; "own.…": only the loader needs it
    support: str
    note: str = ""

    @property
    def target(self) -> str:
        return self.where.partition(".")[0]

    @property
    def field(self) -> str:
        return self.where.partition(".")[2]


D = Directive

JOB_MODE = one_of(
    "fail", "replace", "replace-irreversibly", "isolate", "flush", "ignore-dependencies", "ignore-requirements",
    "restart-dependencies",
)
ACTION = one_of(
    "none", "reboot", "reboot-force", "reboot-immediate", "poweroff", "poweroff-force", "poweroff-immediate", "exit",
    "exit-force", "soft-reboot", "soft-reboot-force", "kexec", "kexec-force", "halt", "halt-force", "halt-immediate",
)
FAILURE_MODE = one_of("terminate", "abort", "kill")
COUNT = integer(0, (1 << 32) - 1)

AUTOFS = "autofs belongs to the host"
CGROUP = "where a cgroup v2 can be written"
CGROUP_V1 = "cgroup v1"
EBPF = "needs eBPF, which a container may not load"
GONE = "gone from systemd"
IMAGES = "disk images"
JOURNAL = "what the journal stores and shows"
JOURNALD = "a matter of journald alone"
LABELS = "security labels are set by the container engine"
MOUNTS = "mount(2) is seldom allowed in a container"
NO_VT = "there are no virtual terminals in a container"
NUMA = "memory placement belongs to the host"
OOMD = "a matter of systemd-oomd and coredump"
PATHS = "path units"
RATE = "nothing is dropped from the log"
REBOOT = "a container has no kernel to pass an argument to"
SANDBOX = "done by the sandbox, where the container allows it"
SCOPES = "a scope has no cgroup here, and its limit no chance in it"
SOCKETS = "socket activation"
SWAP_HOST = "swap belongs to the host"
TIMERS = "timer units"
USB = "USB gadgets belong to the host"
UTMP = "no utmp in a container"

UNIT = (
    D("Description",                 string,                      "unit.description",                ACTED),
    D("Documentation",               documentation,               "unit.documentation",              ACTED),
    D("After",                       dependency("After"),         "",                                ACTED),
    D("Wants",                       dependency("Wants"),         "",                                ACTED),
    D("Requires",                    dependency("Requires"),      "",                                ACTED),
    D("Before",                      dependency("Before"),        "",                                ACTED),
    D("ConditionPathExists",         condition("PathExists", True), "unit.conditions",                 ACTED),
    D("PartOf",                      dependency("PartOf"),        "",                                ACTED),
    D("Conflicts",                   dependency("Conflicts"),     "",                                ACTED),
    D("BindsTo",                     dependency("BindsTo"),       "",                                ACTED),
    D("RequiresMountsFor",           mounts_for,                  "unit.requires_mounts_for",        ACTED),
    D("DefaultDependencies",         boolean,                     "unit.default_dependencies",       ACTED),
    D("ConditionACPower",            condition("ACPower", False), "unit.conditions",                 ACTED),
    D("AssertPathExists",            condition("PathExists", True), "unit.asserts",                    ACTED),
    D("ConditionFileIsExecutable",   condition("FileIsExecutable", True), "unit.conditions",                 ACTED),
    D("RefuseManualStart",           boolean,                     "unit.refuse_manual_start",        ACTED),
    D("StartLimitIntervalSec",       seconds,                     "unit.start_limit_interval_usec",  ACTED),
    D("ReloadPropagatedFrom",        dependency("ReloadPropagatedFrom"), "",                                ACTED),
    D("ConditionCapability",         condition("Capability", False), "unit.conditions",                 ACTED),
    D("ConditionFileNotEmpty",       condition("FileNotEmpty", True), "unit.conditions",                 ACTED),
    D("ConditionDirectoryNotEmpty",  condition("DirectoryNotEmpty", True), "unit.conditions",                 ACTED),
    D("StartLimitBurst",             COUNT,                       "unit.start_limit_burst",          ACTED),
    D("ConditionPathExistsGlob",     condition("PathExistsGlob", True), "unit.conditions",                 ACTED),
    D("OnFailure",                   dependency("OnFailure"),     "",                                ACTED),
    D("Requisite",                   dependency("Requisite"),     "",                                ACTED),
    D("ConditionPathIsDirectory",    condition("PathIsDirectory", True), "unit.conditions",                 ACTED),
    D("ConditionVirtualization",     condition("Virtualization", False), "unit.conditions",                 ACTED),
    D("AllowIsolate",                boolean,                     "unit.allow_isolate",              ACTED),
    D("ConditionPathIsReadWrite",    condition("PathIsReadWrite", True), "unit.conditions",                 ACTED),
    D("ConditionFirstBoot",          condition("FirstBoot", False), "unit.conditions",                 ACTED),
    D("ConditionPathIsSymbolicLink", condition("PathIsSymbolicLink", True), "unit.conditions",                 ACTED),
    D("SourcePath",                  path,                        "unit.source_path",                ACTED),
    D("ConditionKernelCommandLine",  condition("KernelCommandLine", False), "unit.conditions",                 ACTED),
    D("ConditionSecurity",           condition("Security", False), "unit.conditions",                 ACTED),
    D("StopWhenUnneeded",            boolean,                     "unit.stop_when_unneeded",         ACTED),
    D("IgnoreOnIsolate",             boolean,                     "unit.ignore_on_isolate",          ACTED),
    D("OnFailureJobMode",            JOB_MODE,                    "unit.on_failure_job_mode",        ACTED),
    D("ConditionEnvironment",        condition("Environment", False), "unit.conditions",                 ACTED),
    D("SuccessAction",               ACTION,                      "unit.success_action",             ACTED),
    D("JobTimeoutAction",            ACTION,                      "unit.job_timeout_action",         ACTED),
    D("JobTimeoutSec",               job_timeout,                 "unit.job_timeout_usec",           ACTED),
    D("ConditionNeedsUpdate",        condition("NeedsUpdate", True), "unit.conditions",                 ACTED),
    D("ConditionPathIsMountPoint",   condition("PathIsMountPoint", True), "unit.conditions",                 ACTED),
    D("RefuseManualStop",            boolean,                     "unit.refuse_manual_stop",         ACTED),
    D("ConditionControlGroupController", condition("ControlGroupController", False), "unit.conditions",                 ACTED),
    D("FailureAction",               ACTION,                      "unit.failure_action",             ACTED),
    D("WantsMountsFor",              mounts_for,                  "unit.wants_mounts_for",           ACTED),
    D("AssertPathIsReadWrite",       condition("PathIsReadWrite", True), "unit.asserts",                    ACTED),
    D("ConditionCPUs",               condition("CPUs", False),    "unit.conditions",                 ACTED),
    D("ConditionCredential",         condition("Credential", False), "unit.conditions",                 ACTED),
    D("AssertACPower",               condition("ACPower", False), "unit.asserts",                    ACTED),
    D("AssertArchitecture",          condition("Architecture", False), "unit.asserts",                    ACTED),
    D("AssertCPUFeature",            condition("CPUFeature", False), "unit.asserts",                    ACTED),
    D("AssertCPUPressure",           condition("CPUPressure", False), "unit.asserts",                    ACTED),
    D("AssertCPUs",                  condition("CPUs", False),    "unit.asserts",                    ACTED),
    D("AssertCapability",            condition("Capability", False), "unit.asserts",                    ACTED),
    D("AssertControlGroupController", condition("ControlGroupController", False), "unit.asserts",                    ACTED),
    D("AssertCredential",            condition("Credential", False), "unit.asserts",                    ACTED),
    D("AssertDirectoryNotEmpty",     condition("DirectoryNotEmpty", True), "unit.asserts",                    ACTED),
    D("AssertEnvironment",           condition("Environment", False), "unit.asserts",                    ACTED),
    D("AssertFileIsExecutable",      condition("FileIsExecutable", True), "unit.asserts",                    ACTED),
    D("AssertFileNotEmpty",          condition("FileNotEmpty", True), "unit.asserts",                    ACTED),
    D("AssertFirstBoot",             condition("FirstBoot", False), "unit.asserts",                    ACTED),
    D("AssertGroup",                 condition("Group", False),   "unit.asserts",                    ACTED),
    D("AssertHost",                  condition("Host", False),    "unit.asserts",                    ACTED),
    D("AssertIOPressure",            condition("IOPressure", False), "unit.asserts",                    ACTED),
    D("AssertKernelCommandLine",     condition("KernelCommandLine", False), "unit.asserts",                    ACTED),
    D("AssertKernelVersion",         condition("KernelVersion", False), "unit.asserts",                    ACTED),
    D("AssertMemory",                condition("Memory", False),  "unit.asserts",                    ACTED),
    D("AssertMemoryPressure",        condition("MemoryPressure", False), "unit.asserts",                    ACTED),
    D("AssertNeedsUpdate",           condition("NeedsUpdate", True), "unit.asserts",                    ACTED),
    D("AssertOSRelease",             condition("OSRelease", False), "unit.asserts",                    ACTED),
    D("AssertPathExistsGlob",        condition("PathExistsGlob", True), "unit.asserts",                    ACTED),
    D("AssertPathIsDirectory",       condition("PathIsDirectory", True), "unit.asserts",                    ACTED),
    D("AssertPathIsEncrypted",       condition("PathIsEncrypted", True), "unit.asserts",                    ACTED),
    D("AssertPathIsMountPoint",      condition("PathIsMountPoint", True), "unit.asserts",                    ACTED),
    D("AssertPathIsSymbolicLink",    condition("PathIsSymbolicLink", True), "unit.asserts",                    ACTED),
    D("AssertSecurity",              condition("Security", False), "unit.asserts",                    ACTED),
    D("AssertUser",                  condition("User", False),    "unit.asserts",                    ACTED),
    D("AssertVirtualization",        condition("Virtualization", False), "unit.asserts",                    ACTED),
    D("BindTo",                      dependency("BindsTo"),       "",                                ACTED,  "old name of BindsTo="),
    D("CollectMode",                 one_of("inactive", "inactive-or-failed"), "unit.collect_mode",               ACTED),
    D("ConditionArchitecture",       condition("Architecture", False), "unit.conditions",                 ACTED),
    D("ConditionCPUFeature",         condition("CPUFeature", False), "unit.conditions",                 ACTED),
    D("ConditionCPUPressure",        condition("CPUPressure", False), "unit.conditions",                 ACTED),
    D("ConditionFirmware",           condition("Firmware", False), "unit.conditions",                 ACTED),
    D("ConditionGroup",              condition("Group", False),   "unit.conditions",                 ACTED),
    D("ConditionHost",               condition("Host", False),    "unit.conditions",                 ACTED),
    D("ConditionIOPressure",         condition("IOPressure", False), "unit.conditions",                 ACTED),
    D("ConditionKernelVersion",      condition("KernelVersion", False), "unit.conditions",                 ACTED),
    D("ConditionMemory",             condition("Memory", False),  "unit.conditions",                 ACTED),
    D("ConditionMemoryPressure",     condition("MemoryPressure", False), "unit.conditions",                 ACTED),
    D("ConditionOSRelease",          condition("OSRelease", False), "unit.conditions",                 ACTED),
    D("ConditionPathIsEncrypted",    condition("PathIsEncrypted", True), "unit.conditions",                 ACTED),
    D("ConditionUser",               condition("User", False),    "unit.conditions",                 ACTED),
    D("FailureActionExitStatus",     exit_status_action,          "unit.failure_action_exit_status", ACTED),
    D("IgnoreOnSnapshot",            kept,                        "",                                NONE,   "snapshots are gone from systemd"),
    D("JobRunningTimeoutSec",        job_running_timeout,         "unit.job_running_timeout_usec",   ACTED),
    D("JobTimeoutRebootArgument",    kept,                        "",                                NONE,   REBOOT),
    D("JoinsNamespaceOf",            dependency("JoinsNamespaceOf"), "",                                KEPT,   "namespaces are shared where the sandbox can make them"),
    D("OnFailureIsolate",            on_failure_isolate,          "unit.on_failure_job_mode",        ACTED,  "old form of OnFailureJobMode=isolate"),
    D("OnSuccess",                   dependency("OnSuccess"),     "",                                ACTED),
    D("OnSuccessJobMode",            JOB_MODE,                    "unit.on_success_job_mode",        ACTED),
    D("PropagateReloadFrom",         dependency("ReloadPropagatedFrom"), "",                                ACTED,  "old name of ReloadPropagatedFrom="),
    D("PropagateReloadTo",           dependency("PropagatesReloadTo"), "",                                ACTED,  "old name of PropagatesReloadTo="),
    D("PropagatesReloadTo",          dependency("PropagatesReloadTo"), "",                                ACTED),
    D("PropagatesStopTo",            dependency("PropagatesStopTo"), "",                                ACTED),
    D("RebootArgument",              kept,                        "",                                NONE,   REBOOT),
    D("RequiresOverridable",         dependency("Requires"),      "",                                ACTED,  "old name of Requires="),
    D("RequisiteOverridable",        dependency("Requisite"),     "",                                ACTED,  "old name of Requisite="),
    D("StartLimitAction",            ACTION,                      "unit.start_limit_action",         ACTED),
    D("StartLimitInterval",          seconds,                     "unit.start_limit_interval_usec",  ACTED,  "old name of StartLimitIntervalSec="),
    D("StopPropagatedFrom",          dependency("StopPropagatedFrom"), "",                                ACTED),
    D("SuccessActionExitStatus",     exit_status_action,          "unit.success_action_exit_status", ACTED),
    D("SurviveFinalKillSignal",      any_boolean,                 "",                                NONE,   "PID 1 of a container ends everything at its end"),
    D("Upholds",                     dependency("Upholds"),       "",                                ACTED),
)
INSTALL = (
    D("WantedBy",                    install_names,               "install.wanted_by",               ACTED),
    D("Alias",                       install_names,               "install.alias",                   ACTED),
    D("Also",                        install_names,               "install.also",                    ACTED),
    D("RequiredBy",                  install_names,               "install.required_by",             ACTED),
    D("DefaultInstance",             string,                      "install.default_instance",        ACTED),
    D("UpheldBy",                    install_names,               "install.upheld_by",               ACTED),
)
SERVICE = (
    D("ExecStart",                   commands,                    "service.exec_start",              ACTED),
    D("Type",                        one_of("simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"), "service.type",                    ACTED),
    D("Restart",                     one_of("no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"), "service.restart",                 ACTED),
    D("ExecReload",                  commands,                    "service.exec_reload",             ACTED),
    D("PIDFile",                     pid_file,                    "service.pid_file",                ACTED),
    D("ExecStartPre",                commands,                    "service.exec_start_pre",          ACTED),
    D("RestartSec",                  seconds,                     "service.restart_usec",            ACTED),
    D("ExecStop",                    commands,                    "service.exec_stop",               ACTED),
    D("TimeoutStopSec",              no_limit_at_zero,            "service.timeout_stop_usec",       ACTED),
    D("RemainAfterExit",             boolean,                     "service.remain_after_exit",       ACTED),
    D("NotifyAccess",                one_of("none", "main", "exec", "all"), "service.notify_access",           ACTED),
    D("SuccessExitStatus",           exit_statuses,               "service.success_exit_status",     ACTED),
    D("ExecStartPost",               commands,                    "service.exec_start_post",         ACTED),
    D("TimeoutStartSec",             no_limit_at_zero,            "service.timeout_start_usec",      ACTED),
    D("PermissionsStartOnly",        boolean,                     "service.permissions_start_only",  ACTED,  "old form of the prefix "+""),
    D("ExecStopPost",                commands,                    "service.exec_stop_post",          ACTED),
    D("StartLimitInterval",          seconds,                     "unit.start_limit_interval_usec",  ACTED,  "old place of StartLimitIntervalSec="),
    D("TimeoutSec",                  timeout_both,                "service.timeout_start_usec",      ACTED,  "TimeoutStartSec= and TimeoutStopSec="),
    D("WatchdogSec",                 seconds,                     "service.watchdog_usec",           ACTED),
    D("RestartPreventExitStatus",    exit_statuses,               "service.restart_prevent_exit_status", ACTED),
    D("ExecCondition",               commands,                    "service.exec_condition",          ACTED),
    D("NonBlocking",                 boolean,                     "service.non_blocking",            ACTED),
    D("StartLimitBurst",             COUNT,                       "unit.start_limit_burst",          ACTED,  "old place"),
    D("BusName",                     string,                      "service.bus_name",                ACTED,   "sets Type=dbus and orders after dbus.socket; the name itself is not waited for"),
    D("OOMPolicy",                   one_of("continue", "stop", "kill"), "service.oom_policy",              KEPT,   CGROUP),
    D("Sockets",                     sockets,                     "service.sockets",                 ACTED),
    D("RestartForceExitStatus",      exit_statuses,               "service.restart_force_exit_status", ACTED),
    D("FileDescriptorStoreMax",      COUNT,                       "service.file_descriptor_store_max", ACTED),
    D("FailureAction",               ACTION,                      "unit.failure_action",             ACTED,  "old place"),
    D("ReloadSignal",                signal,                      "service.reload_signal",           ACTED),
    D("FileDescriptorStorePreserve", boolean_or("restart"),       "service.file_descriptor_store_preserve", ACTED),
    D("GuessMainPID",                boolean,                     "service.guess_main_pid",          ACTED),
    D("RestartMaxDelaySec",          seconds,                     "service.restart_max_delay_usec",  ACTED),
    D("RestartMode",                 one_of("normal", "direct", "debug"), "service.restart_mode",            ACTED),
    D("RestartSteps",                COUNT,                       "service.restart_steps",           ACTED),
    D("RuntimeMaxSec",               no_limit_at_zero,            "service.runtime_max_usec",        ACTED),
    D("BusPolicy",                   kept,                        "",                                REFUSED, GONE),
    D("ExitType",                    one_of("main", "cgroup"),    "service.exit_type",               ACTED),
    D("OpenFile",                    open_files,                       "service.open_file",               ACTED),
    D("RebootArgument",              kept,                        "",                                NONE,   REBOOT),
    D("RootDirectoryStartOnly",      boolean,                     "service.root_directory_start_only", ACTED),
    D("RuntimeRandomizedExtraSec",   seconds,                     "service.runtime_randomized_extra_usec", ACTED),
    D("StartLimitAction",            ACTION,                      "unit.start_limit_action",         ACTED,  "old place"),
    D("SysVStartPriority",           kept,                        "",                                REFUSED, GONE),
    D("TimeoutAbortSec",             resettable(no_limit_at_zero), "service.timeout_abort_usec",      ACTED),
    D("TimeoutStartFailureMode",     FAILURE_MODE,                "service.timeout_start_failure_mode", ACTED),
    D("TimeoutStopFailureMode",      FAILURE_MODE,                "service.timeout_stop_failure_mode", ACTED),
    D("USBFunctionDescriptors",      kept,                        "",                                NONE,   USB),
    D("USBFunctionStrings",          kept,                        "",                                NONE,   USB),
)
EXEC = (
    D("User",                        user,                        "context.user",                    ACTED),
    D("EnvironmentFile",             environment_file,            "context.environment_files",       ACTED),
    D("PrivateTmp",                  sandbox_word("disconnected"), "context.PrivateTmp",              KEPT,   SANDBOX),
    D("ProtectSystem",               sandbox_word("full", "strict"), "context.ProtectSystem",           KEPT,   SANDBOX),
    D("Group",                       user,                        "context.group",                   ACTED),
    D("PrivateDevices",              sandbox_boolean,             "context.PrivateDevices",          KEPT,   SANDBOX),
    D("ProtectHome",                 sandbox_word("read-only", "tmpfs"), "context.ProtectHome",             KEPT,   SANDBOX),
    D("CapabilityBoundingSet",       capabilities(CAP_ALL),       "context.capability_bounding_set", ACTED),
    D("Environment",                 environment,                 "context.environment",             ACTED),
    D("NoNewPrivileges",             boolean,                     "context.no_new_privileges",       ACTED),
    D("ProtectControlGroups",        sandbox_word("private", "strict"), "context.ProtectControlGroups",    KEPT,   SANDBOX),
    D("ProtectKernelTunables",       sandbox_boolean,             "context.ProtectKernelTunables",   KEPT,   SANDBOX),
    D("ProtectKernelModules",        sandbox_boolean,             "context.ProtectKernelModules",    KEPT,   SANDBOX),
    D("RuntimeDirectory",            directories,                 "context.runtime_directory",       ACTED),
    D("LimitNOFILE",                 limit("NOFILE"),             "context.limits",                  ACTED),
    D("RestrictRealtime",            sandbox_boolean,             "context.RestrictRealtime",        KEPT,   SANDBOX),
    D("ProtectKernelLogs",           sandbox_boolean,             "context.ProtectKernelLogs",       KEPT,   SANDBOX),
    D("ProtectClock",                sandbox_boolean,             "context.ProtectClock",            KEPT,   SANDBOX),
    D("ProtectHostname",             sandbox_word("private"),     "context.ProtectHostname",         KEPT,   SANDBOX),
    D("RestrictNamespaces",          sandbox,                     "context.RestrictNamespaces",      KEPT,   SANDBOX),
    D("MemoryDenyWriteExecute",      sandbox_boolean,             "context.MemoryDenyWriteExecute",  KEPT,   SANDBOX),
    D("LockPersonality",             boolean,                     "context.lock_personality",        ACTED),
    D("RestrictAddressFamilies",     sandbox,                     "context.RestrictAddressFamilies", KEPT,   SANDBOX),
    D("AmbientCapabilities",         capabilities(0),             "context.ambient_capabilities",    ACTED),
    D("RestrictSUIDSGID",            sandbox_boolean,             "context.RestrictSUIDSGID",        KEPT,   SANDBOX),
    D("SystemCallArchitectures",     sandbox,                     "context.SystemCallArchitectures", KEPT,   SANDBOX),
    D("SystemCallFilter",            sandbox,                     "context.SystemCallFilter",        KEPT,   SANDBOX),
    D("ProtectProc",                 sandbox_choice("noaccess", "invisible", "ptraceable", "default"), "context.ProtectProc",             KEPT,   SANDBOX),
    D("RuntimeDirectoryMode",        mode,                        "context.runtime_directory_mode",  ACTED),
    D("ReadWritePaths",              sandbox,                     "context.ReadWritePaths",          KEPT,   SANDBOX),
    D("DynamicUser",                 boolean,                     "context.dynamic_user",            ACTED,  "a user is made up where the sandbox can; else as systemd.exec(5) says for a static user"),
    D("StandardOutput",              std_output,                  "context.standard_output",         ACTED),
    D("UMask",                       mode,                        "context.umask",                   ACTED),
    D("RemoveIPC",                   sandbox_boolean,             "context.RemoveIPC",               KEPT,   SANDBOX),
    D("WorkingDirectory",            working_directory,           "context.working_directory",       ACTED),
    D("SyslogIdentifier",            string,                      "context.syslog_identifier",       ACTED),
    D("Nice",                        numbered({}, -20, 19),       "context.nice",                    ACTED),
    D("StandardError",               std_output,                  "context.standard_error",          ACTED),
    D("ReadWriteDirectories",        sandbox,                     "context.ReadWritePaths",          KEPT,   "old name of ReadWritePaths="),
    D("StandardInput",               std_input,                   "context.standard_input",          ACTED),
    D("IOSchedulingClass",           numbered(IO_CLASSES, 0, 3),  "context.io_scheduling_class",     ACTED),
    D("LogsDirectory",               directories,                 "context.logs_directory",          ACTED),
    D("OOMScoreAdjust",              numbered({}, -1000, 1000),   "context.oom_score_adjust",        ACTED),
    D("PrivateUsers",                sandbox_word("self", "identity", "full"), "context.PrivateUsers",            KEPT,   SANDBOX),
    D("StateDirectory",              directories,                 "context.state_directory",         ACTED),
    D("LimitMEMLOCK",                limit("MEMLOCK"),            "context.limits",                  ACTED),
    D("IOSchedulingPriority",        numbered({}, 0, 7),          "context.io_scheduling_priority",  ACTED),
    D("PrivateIPC",                  sandbox_boolean,             "context.PrivateIPC",              KEPT,   SANDBOX),
    D("LimitNPROC",                  limit("NPROC"),              "context.limits",                  ACTED),
    D("PrivateNetwork",              sandbox_boolean,             "context.PrivateNetwork",          KEPT,   SANDBOX),
    D("ExecPaths",                   sandbox,                     "context.ExecPaths",               KEPT,   SANDBOX),
    D("LimitCORE",                   limit("CORE"),               "context.limits",                  ACTED),
    D("NoExecPaths",                 sandbox,                     "context.NoExecPaths",             KEPT,   SANDBOX),
    D("SystemCallErrorNumber",       sandbox,                     "context.SystemCallErrorNumber",   KEPT,   SANDBOX),
    D("LogsDirectoryMode",           mode,                        "context.logs_directory_mode",     ACTED),
    D("ReadOnlyDirectories",         sandbox,                     "context.ReadOnlyPaths",           KEPT,   "old name of ReadOnlyPaths="),
    D("RuntimeDirectoryPreserve",    boolean_or("restart"),       "context.runtime_directory_preserve", ACTED),
    D("ConfigurationDirectory",      directories,                 "context.configuration_directory", ACTED),
    D("InaccessibleDirectories",     sandbox,                     "context.InaccessiblePaths",       KEPT,   "old name of InaccessiblePaths="),
    D("IgnoreSIGPIPE",               boolean,                     "context.ignore_sigpipe",          ACTED),
    D("CacheDirectory",              directories,                 "context.cache_directory",         ACTED),
    D("StateDirectoryMode",          mode,                        "context.state_directory_mode",    ACTED),
    D("ProcSubset",                  sandbox_choice("all", "pid"), "context.ProcSubset",              KEPT,   SANDBOX),
    D("SecureBits",                  secure_bits,                 "context.secure_bits",             ACTED),
    D("CPUSchedulingPolicy",         numbered(CPU_POLICIES, 0, 6), "context.cpu_scheduling_policy",   ACTED),
    D("KeyringMode",                 one_of("inherit", "private", "shared"), "context.keyring_mode",            ACTED),
    D("SupplementaryGroups",         users,                       "context.supplementary_groups",    ACTED),
    D("PrivateMounts",               sandbox_boolean,             "context.PrivateMounts",           KEPT,   SANDBOX),
    D("CacheDirectoryMode",          mode,                        "context.cache_directory_mode",    ACTED),
    D("SyslogFacility",              syslog_facility,             "context.syslog_facility",         KEPT,   JOURNAL),
    D("LimitRTPRIO",                 limit("RTPRIO"),             "context.limits",                  ACTED),
    D("AppArmorProfile",             kept,                        "",                                NONE,   LABELS),
    D("BindReadOnlyPaths",           sandbox,                     "context.BindReadOnlyPaths",       KEPT,   SANDBOX),
    D("LimitRTTIME",                 limit("RTTIME"),             "context.limits",                  ACTED),
    D("LimitSTACK",                  limit("STACK"),              "context.limits",                  ACTED),
    D("LoadCredentialEncrypted",     sandbox,                     "context.LoadCredentialEncrypted", KEPT,   SANDBOX),
    D("LogRateLimitIntervalSec",     any_seconds,                 "",                                NONE,   RATE),
    D("MountAPIVFS",                 sandbox_boolean,             "context.MountAPIVFS",             KEPT,   SANDBOX),
    D("MountFlags",                  sandbox_choice("shared", "slave", "private"), "context.MountFlags",              KEPT,   SANDBOX),
    D("ImportCredential",            sandbox,                     "context.ImportCredential",        KEPT,   SANDBOX),
    D("TTYPath",                     path,                        "context.tty_path",                ACTED),
    D("TTYReset",                    boolean,                     "context.tty_reset",               ACTED),
    D("TTYVHangup",                  any_boolean,                 "",                                NONE,   NO_VT),
    D("ReadOnlyPaths",               sandbox,                     "context.ReadOnlyPaths",           KEPT,   SANDBOX),
    D("UtmpIdentifier",              kept,                        "",                                NONE,   UTMP),
    D("BindPaths",                   sandbox,                     "context.BindPaths",               KEPT,   SANDBOX),
    D("InaccessiblePaths",           sandbox,                     "context.InaccessiblePaths",       KEPT,   SANDBOX),
    D("PassEnvironment",             variable_names,              "context.pass_environment",        ACTED),
    D("UnsetEnvironment",            variable_names,              "context.unset_environment",       ACTED),
    D("ConfigurationDirectoryMode",  mode,                        "context.configuration_directory_mode", ACTED),
    D("LogExtraFields",              kept,                        "",                                NONE,   JOURNALD),
    D("PAMName",                     string,                      "context.pam_name",                KEPT,   "PAM sessions need the host's logind"),
    D("SELinuxContext",              kept,                        "",                                NONE,   LABELS),
    D("TTYVTDisallocate",            any_boolean,                 "",                                NONE,   NO_VT),
    D("BindLogSockets",              any_boolean,                 "",                                NONE,   JOURNALD),
    D("CPUAffinity",                 cpu_affinity,                "context.cpu_affinity",            ACTED),
    D("CPUSchedulingPriority",       integer(0, 99),              "context.cpu_scheduling_priority", ACTED),
    D("CPUSchedulingResetOnFork",    boolean,                     "context.cpu_scheduling_reset_on_fork", ACTED),
    D("Capabilities",                kept,                        "",                                REFUSED, GONE),
    D("CoredumpFilter",              coredump_filter,             "context.coredump_filter",         ACTED),
    D("ExecSearchPath",              search_path,                 "context.exec_search_path",        ACTED),
    D("ExtensionDirectories",        sandbox,                     "context.ExtensionDirectories",    KEPT,   IMAGES),
    D("ExtensionImagePolicy",        sandbox,                     "context.ExtensionImagePolicy",    KEPT,   IMAGES),
    D("ExtensionImages",             sandbox,                     "context.ExtensionImages",         KEPT,   IMAGES),
    D("IPCNamespacePath",            sandbox,                     "context.IPCNamespacePath",        KEPT,   SANDBOX),
    D("LimitAS",                     limit("AS"),                 "context.limits",                  ACTED),
    D("LimitCPU",                    limit("CPU"),                "context.limits",                  ACTED),
    D("LimitDATA",                   limit("DATA"),               "context.limits",                  ACTED),
    D("LimitFSIZE",                  limit("FSIZE"),              "context.limits",                  ACTED),
    D("LimitLOCKS",                  limit("LOCKS"),              "context.limits",                  ACTED),
    D("LimitMSGQUEUE",               limit("MSGQUEUE"),           "context.limits",                  ACTED),
    D("LimitNICE",                   limit("NICE"),               "context.limits",                  ACTED),
    D("LimitRSS",                    limit("RSS"),                "context.limits",                  ACTED),
    D("LimitSIGPENDING",             limit("SIGPENDING"),         "context.limits",                  ACTED),
    D("LoadCredential",              sandbox,                     "context.LoadCredential",          KEPT,   SANDBOX),
    D("LogFilterPatterns",           kept,                        "",                                NONE,   JOURNALD),
    D("LogLevelMax",                 log_level_max,               "context.log_level_max",           KEPT,   JOURNAL),
    D("LogNamespace",                kept,                        "",                                NONE,   JOURNALD),
    D("LogRateLimitBurst",           any_integer(),               "",                                NONE,   RATE),
    D("MemoryKSM",                   any_boolean,                 "",                                NONE,   "memory merging belongs to the host"),
    D("MountImagePolicy",            sandbox,                     "context.MountImagePolicy",        KEPT,   IMAGES),
    D("MountImages",                 sandbox,                     "context.MountImages",             KEPT,   IMAGES),
    D("NUMAMask",                    kept,                        "",                                NONE,   NUMA),
    D("NUMAPolicy",                  checked_word("default", "preferred", "bind", "interleave", "local"), "",                                NONE,   NUMA),
    D("NetworkNamespacePath",        sandbox,                     "context.NetworkNamespacePath",    KEPT,   SANDBOX),
    D("Personality",                 personality,                 "context.personality",             ACTED),
    D("PrivatePIDs",                 sandbox_boolean,             "context.PrivatePIDs",             KEPT,   SANDBOX),
    D("RestrictFileSystems",         sandbox,                     "context.RestrictFileSystems",     KEPT,   SANDBOX),
    D("RootDirectory",               path,                        "context.root_directory",          ACTED),
    D("RootEphemeral",               sandbox_boolean,             "context.RootEphemeral",           KEPT,   SANDBOX),
    D("RootHash",                    sandbox,                     "context.RootHash",                KEPT,   IMAGES),
    D("RootHashSignature",           sandbox,                     "context.RootHashSignature",       KEPT,   IMAGES),
    D("RootImage",                   sandbox,                     "context.RootImage",               KEPT,   IMAGES),
    D("RootImageOptions",            sandbox,                     "context.RootImageOptions",        KEPT,   IMAGES),
    D("RootImagePolicy",             sandbox,                     "context.RootImagePolicy",         KEPT,   IMAGES),
    D("RootVerity",                  sandbox,                     "context.RootVerity",              KEPT,   IMAGES),
    D("SetCredential",               sandbox,                     "context.SetCredential",           KEPT,   SANDBOX),
    D("SetCredentialEncrypted",      sandbox,                     "context.SetCredentialEncrypted",  KEPT,   SANDBOX),
    D("SetLoginEnvironment",         boolean,                     "context.set_login_environment",   ACTED),
    D("SmackProcessLabel",           kept,                        "",                                NONE,   LABELS),
    D("StandardInputData",           std_input_data,              "context.standard_input_data",     ACTED),
    D("StandardInputText",           std_input_text,              "context.standard_input_data",     ACTED),
    D("SyslogLevel",                 syslog_level,                "context.syslog_level",            KEPT,   JOURNAL),
    D("SyslogLevelPrefix",           boolean,                     "context.syslog_level_prefix",     KEPT,   JOURNAL),
    D("SystemCallLog",               sandbox,                     "context.SystemCallLog",           KEPT,   SANDBOX),
    D("TTYColumns",                  any_integer(0, 65535),       "",                                NONE,   "the terminal is the container engine's"),
    D("TTYRows",                     any_integer(0, 65535),       "",                                NONE,   "the terminal is the container engine's"),
    D("TemporaryFileSystem",         sandbox,                     "context.TemporaryFileSystem",     KEPT,   SANDBOX),
    D("TimeoutCleanSec",             no_limit_at_zero,            "context.timeout_clean_usec",      NONE,   "`systemctl clean` removes at once, nothing is waited for"),
    D("TimerSlackNSec",              nanoseconds,                 "context.timer_slack_nsec",        ACTED),
    D("UtmpMode",                    checked_word("init", "login", "user"), "",                                NONE,   UTMP),
)
KILL = (
    D("KillMode",                    one_of("control-group", "mixed", "process", "none"), "kill.kill_mode",                  ACTED),
    D("KillSignal",                  signal,                      "kill.kill_signal",                ACTED),
    D("SendSIGKILL",                 boolean,                     "kill.send_sigkill",               ACTED),
    D("SendSIGHUP",                  boolean,                     "kill.send_sighup",                ACTED),
    D("RestartKillSignal",           signal,                      "kill.restart_kill_signal",        ACTED),
    D("FinalKillSignal",             signal,                      "kill.final_kill_signal",          ACTED),
    D("WatchdogSignal",              signal,                      "kill.watchdog_signal",            ACTED),
)
RESOURCE = (
    D("TasksMax",                          tasks,                       "",                                KEPT,   CGROUP),
    D("DevicePolicy",                      checked_word("auto", "closed", "strict"), "",                                NONE,   EBPF),
    D("DeviceAllow",                       kept,                        "",                                NONE,   EBPF),
    D("Delegate",                          kept,                        "",                                KEPT,   CGROUP),
    D("MemoryMax",                         memory,                      "",                                KEPT,   CGROUP),
    D("IPAddressDeny",                     kept,                        "",                                NONE,   EBPF),
    D("Slice",                             slice_name,                  "unit.slice",                      ACTED,  "the name; cgroups nest where they can be written"),
    D("IOWeight",                          weight(1, 10000),            "",                                KEPT,   CGROUP),
    D("IPAddressAllow",                    kept,                        "",                                NONE,   EBPF),
    D("MemoryHigh",                        memory,                      "",                                KEPT,   CGROUP),
    D("MemorySwapMax",                     memory,                      "",                                KEPT,   CGROUP),
    D("CPUAccounting",                     any_boolean,                 "",                                KEPT,   CGROUP),
    D("DelegateSubgroup",                  kept,                        "",                                KEPT,   CGROUP),
    D("MemoryPressureWatch",               checked_boolean_or("auto", "skip"), "",                                KEPT,   CGROUP),
    D("CPUQuota",                          percent,                     "",                                KEPT,   CGROUP),
    D("CPUWeight",                         weight(1, 10000),            "",                                KEPT,   CGROUP),
    D("CoredumpReceive",                   any_boolean,                 "",                                NONE,   OOMD),
    D("ManagedOOMMemoryPressure",          checked_word("auto", "kill"), "",                                NONE,   OOMD),
    D("ManagedOOMMemoryPressureLimit",     kept,                        "",                                NONE,   OOMD),
    D("ManagedOOMSwap",                    checked_word("auto", "kill"), "",                                NONE,   OOMD),
    D("MemoryLow",                         memory,                      "",                                KEPT,   CGROUP),
    D("MemoryMin",                         memory,                      "",                                KEPT,   CGROUP),
    D("AllowedCPUs",                       kept,                        "",                                KEPT,   CGROUP),
    D("AllowedMemoryNodes",                kept,                        "",                                KEPT,   CGROUP),
    D("BPFProgram",                        kept,                        "",                                NONE,   EBPF),
    D("BlockIOAccounting",                 any_boolean,                 "",                                NONE,   CGROUP_V1),
    D("BlockIODeviceWeight",               kept,                        "",                                NONE,   CGROUP_V1),
    D("BlockIOReadBandwidth",              kept,                        "",                                NONE,   CGROUP_V1),
    D("BlockIOWeight",                     any_integer(10, 1000),       "",                                NONE,   CGROUP_V1),
    D("BlockIOWriteBandwidth",             kept,                        "",                                NONE,   CGROUP_V1),
    D("CPUQuotaPeriodSec",                 resettable(any_seconds),     "",                                KEPT,   CGROUP),
    D("CPUShares",                         any_integer(2, 262144),      "",                                NONE,   CGROUP_V1),
    D("DefaultMemoryLow",                  memory,                      "",                                KEPT,   CGROUP),
    D("DefaultMemoryMin",                  memory,                      "",                                KEPT,   CGROUP),
    D("DefaultStartupMemoryLow",           memory,                      "",                                KEPT,   CGROUP),
    D("DisableControllers",                kept,                        "",                                KEPT,   CGROUP),
    D("IOAccounting",                      any_boolean,                 "",                                KEPT,   CGROUP),
    D("IODeviceLatencyTargetSec",          kept,                        "",                                KEPT,   CGROUP),
    D("IODeviceWeight",                    kept,                        "",                                KEPT,   CGROUP),
    D("IOReadBandwidthMax",                kept,                        "",                                KEPT,   CGROUP),
    D("IOReadIOPSMax",                     kept,                        "",                                KEPT,   CGROUP),
    D("IOWriteBandwidthMax",               kept,                        "",                                KEPT,   CGROUP),
    D("IOWriteIOPSMax",                    kept,                        "",                                KEPT,   CGROUP),
    D("IPAccounting",                      any_boolean,                 "",                                NONE,   EBPF),
    D("IPEgressFilterPath",                kept,                        "",                                NONE,   EBPF),
    D("IPIngressFilterPath",               kept,                        "",                                NONE,   EBPF),
    D("ManagedOOMMemoryPressureDurationSec", resettable(any_seconds),     "",                                NONE,   OOMD),
    D("ManagedOOMPreference",              checked_word("none", "avoid", "omit"), "",                                NONE,   OOMD),
    D("MemoryAccounting",                  any_boolean,                 "",                                KEPT,   CGROUP),
    D("MemoryLimit",                       memory,                      "",                                NONE,   CGROUP_V1),
    D("MemoryPressureThresholdSec",        resettable(any_seconds),     "",                                KEPT,   CGROUP),
    D("MemoryZSwapMax",                    memory,                      "",                                KEPT,   CGROUP),
    D("MemoryZSwapWriteback",              any_boolean,                 "",                                KEPT,   CGROUP),
    D("NFTSet",                            kept,                        "",                                NONE,   EBPF),
    D("NetClass",                          kept,                        "",                                REFUSED, CGROUP_V1),
    D("RestrictNetworkInterfaces",         kept,                        "",                                NONE,   EBPF),
    D("SocketBindAllow",                   kept,                        "",                                NONE,   EBPF),
    D("SocketBindDeny",                    kept,                        "",                                NONE,   EBPF),
    D("StartupAllowedCPUs",                kept,                        "",                                KEPT,   CGROUP),
    D("StartupAllowedMemoryNodes",         kept,                        "",                                KEPT,   CGROUP),
    D("StartupBlockIOWeight",              any_integer(10, 1000),       "",                                NONE,   CGROUP_V1),
    D("StartupCPUShares",                  any_integer(2, 262144),      "",                                NONE,   CGROUP_V1),
    D("StartupCPUWeight",                  weight(1, 10000),            "",                                KEPT,   CGROUP),
    D("StartupIOWeight",                   weight(1, 10000),            "",                                KEPT,   CGROUP),
    D("StartupMemoryHigh",                 memory,                      "",                                KEPT,   CGROUP),
    D("StartupMemoryLow",                  memory,                      "",                                KEPT,   CGROUP),
    D("StartupMemoryMax",                  memory,                      "",                                KEPT,   CGROUP),
    D("StartupMemorySwapMax",              memory,                      "",                                KEPT,   CGROUP),
    D("StartupMemoryZSwapMax",             memory,                      "",                                KEPT,   CGROUP),
    D("TasksAccounting",                   any_boolean,                 "",                                KEPT,   CGROUP),
)
SOCKET = (
    D("ListenStream",                listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("SocketUser",                  checked_user,                "",                                KEPT,   SOCKETS),
    D("SocketMode",                  any_mode,                    "",                                KEPT,   SOCKETS),
    D("SocketGroup",                 checked_user,                "",                                KEPT,   SOCKETS),
    D("Accept",                      own_boolean,                 "own.Accept",                      KEPT,   SOCKETS),
    D("RemoveOnStop",                any_boolean,                 "",                                KEPT,   SOCKETS),
    D("ExecStartPre",                commands,                    "own.ExecStartPre",                KEPT,   SOCKETS),
    D("ListenDatagram",              listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("FileDescriptorName",          kept,                        "",                                KEPT,   SOCKETS),
    D("Service",                     own_unit(".service"),        "own.Unit",                        ACTED),
    D("BindIPv6Only",                checked_boolean_or("default", "both", "ipv6-only"), "",                          KEPT,   SOCKETS),
    D("KeepAlive",                   any_boolean,                 "",                                KEPT,   SOCKETS),
    D("PassCredentials",             any_boolean,                 "",                                KEPT,   SOCKETS),
    D("Backlog",                     any_integer(),               "",                                KEPT,   SOCKETS),
    D("DeferAcceptSec",              resettable(any_seconds),     "",                                KEPT,   SOCKETS),
    D("ExecStartPost",               commands,                    "own.ExecStartPost",               KEPT,   SOCKETS),
    D("ExecStopPost",                commands,                    "own.ExecStopPost",                KEPT,   SOCKETS),
    D("NoDelay",                     any_boolean,                 "",                                KEPT,   SOCKETS),
    D("ReceiveBuffer",               any_size,                    "",                                KEPT,   SOCKETS),
    D("MaxConnectionsPerSource",     any_integer(),               "",                                KEPT,   SOCKETS),
    D("PassSecurity",                any_boolean,                 "",                                KEPT,   SOCKETS),
    D("ListenNetlink",               listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("Symlinks",                    kept,                        "",                                KEPT,   SOCKETS),
    D("ListenFIFO",                  listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("ListenSequentialPacket",      listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("SendBuffer",                  any_size,                    "",                                KEPT,   SOCKETS),
    D("Timestamping",                checked_word("off", "us", "usec", "µs", "ns", "nsec"), "",                                KEPT,   SOCKETS),
    D("ListenSpecial",               listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("MaxConnections",              any_integer(),               "",                                KEPT,   SOCKETS),
    D("PassPacketInfo",              any_boolean,                 "",                                KEPT,   SOCKETS),
    D("Writable",                    any_boolean,                 "",                                KEPT,   SOCKETS),
    D("BindToDevice",                kept,                        "",                                KEPT,   SOCKETS),
    D("Broadcast",                   any_boolean,                 "",                                KEPT,   SOCKETS),
    D("DirectoryMode",               any_mode,                    "",                                KEPT,   SOCKETS),
    D("ExecStopPre",                 commands,                    "own.ExecStopPre",                 KEPT,   SOCKETS),
    D("FlushPending",                any_boolean,                 "",                                KEPT,   SOCKETS),
    D("FreeBind",                    any_boolean,                 "",                                KEPT,   SOCKETS),
    D("IPTOS",                       kept,                        "",                                KEPT,   SOCKETS),
    D("IPTTL",                       any_integer(1, 255),         "",                                KEPT,   SOCKETS),
    D("KeepAliveIntervalSec",        resettable(any_seconds),     "",                                KEPT,   SOCKETS),
    D("KeepAliveProbes",             any_integer(),               "",                                KEPT,   SOCKETS),
    D("KeepAliveTimeSec",            resettable(any_seconds),     "",                                KEPT,   SOCKETS),
    D("ListenMessageQueue",          listen,                      "own.Listen",                      KEPT,   SOCKETS),
    D("ListenUSBFunction",           kept,                        "",                                NONE,   USB),
    D("Mark",                        any_integer(),               "",                                KEPT,   SOCKETS),
    D("MessageQueueMaxMessages",     any_integer(1, (1 << 63) - 1), "",                                KEPT,   SOCKETS),
    D("MessageQueueMessageSize",     any_integer(1, (1 << 63) - 1), "",                                KEPT,   SOCKETS),
    D("PassFileDescriptorsToExec",   any_boolean,                 "",                                KEPT,   SOCKETS),
    D("PipeSize",                    any_size,                    "",                                KEPT,   SOCKETS),
    D("PollLimitBurst",              any_integer(),               "",                                KEPT,   SOCKETS),
    D("PollLimitIntervalSec",        resettable(any_seconds),     "",                                KEPT,   SOCKETS),
    D("Priority",                    any_integer(-2147483648, 2147483647), "",                                KEPT,   SOCKETS),
    D("ReusePort",                   any_boolean,                 "",                                KEPT,   SOCKETS),
    D("SELinuxContextFromNet",       any_boolean,                 "",                                NONE,   LABELS),
    D("SmackLabel",                  kept,                        "",                                NONE,   LABELS),
    D("SmackLabelIPIn",              kept,                        "",                                NONE,   LABELS),
    D("SmackLabelIPOut",             kept,                        "",                                NONE,   LABELS),
    D("SocketProtocol",              checked_word("udplite", "sctp", "mptcp"), "",                                KEPT,   SOCKETS),
    D("TCPCongestion",               kept,                        "",                                KEPT,   SOCKETS),
    D("TimeoutSec",                  resettable(any_seconds),     "",                                KEPT,   SOCKETS),
    D("Transparent",                 any_boolean,                 "",                                KEPT,   SOCKETS),
    D("TriggerLimitBurst",           any_integer(),               "",                                KEPT,   SOCKETS),
    D("TriggerLimitIntervalSec",     resettable(any_seconds),     "",                                KEPT,   SOCKETS),
)
TIMER = (
    D("OnCalendar",                  own_text,                    "own.OnCalendar",                  KEPT,   TIMERS),
    D("Persistent",                  any_boolean,                 "",                                KEPT,   TIMERS),
    D("RandomizedDelaySec",          resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("AccuracySec",                 resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("FixedRandomDelay",            any_boolean,                 "",                                KEPT,   TIMERS),
    D("OnBootSec",                   resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("OnUnitActiveSec",             resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("OnActiveSec",                 resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("OnUnitInactiveSec",           resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("Unit",                        own_unit(),                  "own.Unit",                        ACTED),
    D("DeferReactivation",           any_boolean,                 "",                                KEPT,   TIMERS),
    D("OnClockChange",               any_boolean,                 "",                                KEPT,   TIMERS),
    D("OnStartupSec",                resettable(any_seconds),     "",                                KEPT,   TIMERS),
    D("OnTimezoneChange",            any_boolean,                 "",                                KEPT,   TIMERS),
    D("RemainAfterElapse",           any_boolean,                 "",                                KEPT,   TIMERS),
    D("WakeSystem",                  any_boolean,                 "",                                NONE,   "a container cannot wake the host"),
)
PATH = (
    D("PathChanged",                 watch,                       "own.Watch",                       KEPT,   PATHS),
    D("PathExists",                  watch,                       "own.Watch",                       KEPT,   PATHS),
    D("DirectoryNotEmpty",           watch,                       "own.Watch",                       KEPT,   PATHS),
    D("MakeDirectory",               any_boolean,                 "",                                KEPT,   PATHS),
    D("PathModified",                watch,                       "own.Watch",                       KEPT,   PATHS),
    D("DirectoryMode",               any_mode,                    "",                                KEPT,   PATHS),
    D("PathExistsGlob",              watch,                       "own.Watch",                       KEPT,   PATHS),
    D("TriggerLimitBurst",           any_integer(),               "",                                KEPT,   PATHS),
    D("TriggerLimitIntervalSec",     resettable(any_seconds),     "",                                KEPT,   PATHS),
    D("Unit",                        own_unit(),                  "own.Unit",                        ACTED),
)
MOUNT = (
    D("Type",                        own_text,                    "own.Type",                        KEPT,   MOUNTS),
    D("What",                        kept,                        "",                                KEPT,   MOUNTS),
    D("Where",                       kept,                        "",                                KEPT,   MOUNTS),
    D("Options",                     own_text,                    "own.Options",                     KEPT,   MOUNTS),
    D("DirectoryMode",               any_mode,                    "",                                KEPT,   MOUNTS),
    D("ForceUnmount",                any_boolean,                 "",                                KEPT,   MOUNTS),
    D("LazyUnmount",                 any_boolean,                 "",                                KEPT,   MOUNTS),
    D("ReadWriteOnly",               any_boolean,                 "",                                KEPT,   MOUNTS),
    D("SloppyOptions",               any_boolean,                 "",                                KEPT,   MOUNTS),
    D("TimeoutSec",                  any_seconds,                 "",                                KEPT,   MOUNTS),
)
AUTOMOUNT = (
    D("Where",                       kept,                        "",                                NONE,   AUTOFS),
    D("DirectoryMode",               any_mode,                    "",                                NONE,   AUTOFS),
    D("ExtraOptions",                kept,                        "",                                NONE,   AUTOFS),
    D("TimeoutIdleSec",              any_seconds,                 "",                                NONE,   AUTOFS),
)
SWAP = (
    D("Options",                     kept,                        "",                                NONE,   SWAP_HOST),
    D("Priority",                    any_integer(-1, 32767),      "",                                NONE,   SWAP_HOST),
    D("TimeoutSec",                  any_seconds,                 "",                                NONE,   SWAP_HOST),
    D("What",                        kept,                        "",                                NONE,   SWAP_HOST),
)
SCOPE = (
    D("OOMPolicy",                   checked_word("continue", "stop", "kill"), "",                                KEPT,   SCOPES),
    D("RuntimeMaxSec",               no_limit_at_zero,            "scope.runtime_max_usec",          ACTED),
    D("RuntimeRandomizedExtraSec",   any_seconds,                 "",                                KEPT,   SCOPES),
    D("TimeoutStopSec",              no_limit_at_zero,            "scope.timeout_stop_usec",         ACTED),
)

TABLE: Dict[str, Tuple[Directive, ...]] = {
    "Unit": UNIT, "Install": INSTALL, "Service": SERVICE, "Exec": EXEC, "Kill": KILL, "Resource": RESOURCE, "Socket": SOCKET,
    "Timer": TIMER, "Path": PATH, "Mount": MOUNT, "Automount": AUTOMOUNT, "Swap": SWAP, "Scope": SCOPE,
}

# Unit type -> the tables whose directives its own section takes; [Unit] and [Install] stand in every file.
OWN_SECTION: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "service":   ("Service",   ("Service", "Exec", "Kill", "Resource")),
    "socket":    ("Socket",    ("Socket", "Exec", "Kill", "Resource")),
    "mount":     ("Mount",     ("Mount", "Exec", "Kill", "Resource")),
    "swap":      ("Swap",      ("Swap", "Exec", "Kill", "Resource")),
    "automount": ("Automount", ("Automount",)),
    "timer":     ("Timer",     ("Timer",)),
    "path":      ("Path",      ("Path",)),
    "slice":     ("Slice",     ("Resource",)),
    "scope":     ("Scope",     ("Scope", "Kill", "Resource")),
    "target":    ("Target",    ()),
    "device":    ("Device",    ()),
}


# What the loader needs of a row: parser, class, field, whether it is refused.
Dispatch = Tuple[Parser, str, str, bool]


def _index(tables: Tuple[str, ...]) -> Dict[str, Dispatch]:
    """Name to row; the first table that has the name decides."""
    found: Dict[str, Dispatch] = {}
    for table in tables:
        for row in TABLE[table]:
            found.setdefault(row.name, (row.parse, row.target, row.field, row.support == REFUSED))
    return found


# Unit type -> section -> name -> row: the loader's dispatch.
PARSERS: Dict[str, Dict[str, Dict[str, Dispatch]]] = {
    kind: {"Unit": _index(("Unit",)), "Install": _index(("Install",)), section: _index(tables)}
    for kind, (section, tables) in OWN_SECTION.items()
}


_SUPPORT_WORDS = {ACTED: "yes", KEPT: "kept", NONE: "no effect", REFUSED: "refused"}


def document() -> str:
    """docs/directives.md."""
    count = {support: sum(row.support == support for rows in TABLE.values() for row in rows) for support in _SUPPORT_WORDS}
    out: List[str] = [
        "# Directives of unit files",
        "",
        "Made by `python -m fastinit.units.directives`; a test compares. Names and meaning are those of systemd 257.",
        "",
        f"- **yes** ({count[ACTED]}): has its effect.",
        f"- **kept** ({count[KEPT]}): known, checked and kept for the part of fastinit that the note names.",
        f"- **no effect** ({count[NONE]}): accepted; the note says why it cannot mean anything in a container.",
        f"- **refused** ({count[REFUSED]}): warned about and ignored, as systemd does.",
        "",
        "[Exec], [Kill] and [Resource] are no sections of a file: their directives stand in [Service], [Socket], [Mount] and",
        "[Swap]; those of [Kill] and [Resource] in [Scope], those of [Resource] in [Slice] too.",
    ]
    for section, rows in TABLE.items():
        out += ["", f"## [{section}]", "", "| directive | support | note |", "| --- | --- | --- |"]
        out += [f"| {row.name}= | {_SUPPORT_WORDS[row.support]} | {row.note} |" for row in sorted(rows, key=lambda row: row.name)]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(document(), end="")
