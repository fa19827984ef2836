"""`systemd-analyze dump`: what the manager has in memory of itself and of each unit, in the shape of systemd's.

In:  a record, the manager.   Out: lines. A label's value is that of a property of `show`, but for the forms of a dump: "n/a" for
no time, the largest number for what is not limited.
Never: says what is not known here: where a dependency came from, cgroups, what takes references.
Source: systemd-analyze(1) "dump": people read it, and nobody should parse it; the order is that of 257."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from fastinit.control.help_text import FEATURES, SYSTEMD_VERSION
from fastinit.control.processes import quote
from fastinit.control.render import show, times
from fastinit.control.render.exit_status import CODES
from fastinit.control.render.properties.forms import NOT_SET
from fastinit.control.render.properties.manager import MANAGER_STAMPS, VERSION
from fastinit.control.render.properties.rows import Get, Subject
from fastinit.control.render.status import commands
from fastinit.control.request import Context
from fastinit.plan.record import ExecStatus, Job, UnitRecord
from fastinit.units import values
from fastinit.units.model import Condition, ExecCommand
from fastinit.units.timespan import format_usec

NOT_LIMITED = str(2 ** 64 - 1)
Label = Tuple[str, str]                 # label, property


def _labels(*words: str) -> Tuple[Label, ...]:
    """ "Label=Property", or one word that is both."""
    return tuple((word.partition("=")[0], word.partition("=")[2] or word) for word in words)


_TIMES = _labels("State Change Timestamp=StateChangeTimestamp", "Inactive Exit Timestamp=InactiveExitTimestamp",
                 "Active Enter Timestamp=ActiveEnterTimestamp", "Active Exit Timestamp=ActiveExitTimestamp",
                 "Inactive Enter Timestamp=InactiveEnterTimestamp")
_STATE = _labels("Need Daemon Reload=NeedDaemonReload", "Transient", "Perpetual", "Garbage Collection Mode=CollectMode")
_OPTIONAL = _labels("Slice", "CGroup=ControlGroup", "Invocation ID=InvocationID")
_UNIT = _labels("StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "DefaultDependencies", "SurviveFinalKillSignal",
                "OnSuccessJobMode", "OnFailureJobMode", "IgnoreOnIsolate")
_SERVICE = _labels("Service State=SubState", "Result", "Reload Result=ReloadResult", "Clean Result=CleanResult",
                   "LiveMount Result=LiveMountResult", "RootDirectoryStartOnly", "RemainAfterExit", "GuessMainPID", "Type",
                   "Restart", "NotifyAccess")
_SERVICE_TIMES = _labels("RestartSec=RestartUSec", "RestartSteps", "RestartMaxDelaySec=RestartMaxDelayUSec",
                         "TimeoutStartSec=TimeoutStartUSec", "TimeoutStopSec=TimeoutStopUSec", "TimeoutStartFailureMode",
                         "TimeoutStopFailureMode", "RuntimeMaxSec=RuntimeMaxUSec",
                         "RuntimeRandomizedExtraSec=RuntimeRandomizedExtraUSec")
_EXEC = _labels(
    "UMask", "WorkingDirectory", "RootDirectory", "RootEphemeral", "NonBlocking", "PrivateTmp", "PrivateDevices",
    "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock", "ProtectControlGroups",
    "PrivateNetwork", "PrivateUsers", "PrivatePIDs", "ProtectHome", "ProtectSystem", "MountAPIVFS", "BindLogSockets",
    "IgnoreSIGPIPE", "MemoryDenyWriteExecute", "RestrictRealtime", "RestrictSUIDSGID", "KeyringMode", "ProtectHostname",
    "ProtectProc", "ProcSubset")
_KILL = _labels("KillMode", "KillSignal", "RestartKillSignal", "FinalKillSignal", "SendSIGKILL", "SendSIGHUP")
_SIGNALS = frozenset(("KillSignal", "RestartKillSignal", "FinalKillSignal"))
_ACCOUNTING = _labels("CPUAccounting", "IOAccounting", "BlockIOAccounting", "MemoryAccounting", "TasksAccounting", "IPAccounting",
                      "CPUWeight", "StartupCPUWeight", "CPUShares", "StartupCPUShares")
_CGROUP = _labels("IOWeight", "StartupIOWeight", "BlockIOWeight", "StartupBlockIOWeight", "DefaultMemoryMin", "DefaultMemoryLow",
                  "MemoryMin", "MemoryLow", "StartupMemoryLow", "MemoryHigh", "StartupMemoryHigh", "MemoryMax",
                  "StartupMemoryMax", "MemorySwapMax", "StartupMemorySwapMax", "MemoryZSwapMax", "StartupMemoryZSwapMax",
                  "MemoryZSwapWriteback", "MemoryLimit", "TasksMax", "DevicePolicy", "Delegate", "ManagedOOMSwap",
                  "ManagedOOMMemoryPressure", "ManagedOOMPreference", "MemoryPressureWatch", "CoredumpReceive")
_RELATED = ("Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "RequiredBy", "RequisiteOf", "WantedBy", "BoundBy",
            "UpheldBy", "ConsistsOf", "Conflicts", "ConflictedBy", "Before", "After", "OnSuccess", "OnSuccessOf", "OnFailure",
            "OnFailureOf", "Triggers", "TriggeredBy", "PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo",
            "StopPropagatedFrom", "JoinsNamespaceOf", "SliceOf")
_PHASES = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost")
_STATE_OF_TYPE = {"target": "Target State", "slice": "Slice State", "socket": "Socket State", "timer": "Timer State",
                  "path": "Path State", "mount": "Mount State", "automount": "Automount State", "swap": "Swap State",
                  "scope": "Scope State", "device": "Device State"}


class _Values:
    """The properties of one unit, each computed when its line comes."""

    def __init__(self, context: Context, record: UnitRecord) -> None:
        self.subject = Subject(context, record)
        self._rows: Dict[str, Get] = dict(show.rows_for(record.unit))

    def __call__(self, name: str) -> str:
        get = self._rows.get(name)
        return get(self.subject) if get is not None else ""

    def lines(self, labels: Sequence[Label]) -> Iterator[str]:
        for label, name in labels:
            yield f"\t{label}: {self(name)}"

    def given(self, labels: Sequence[Label]) -> Iterator[str]:
        """Those that have a value."""
        for label, name in labels:
            value = self(name)
            if value:
                yield f"\t{label}: {value}"


def manager_lines(context: Context) -> Iterator[str]:
    yield f"Manager: systemd {SYSTEMD_VERSION} ({VERSION})"
    yield f"Features: {FEATURES}"
    for name in MANAGER_STAMPS.values():
        realtime, _ = context.manager.stamps.get(name, (0, 0))
        if realtime:
            yield f"Timestamp {name}: {times.timestamp(realtime)}"


def unit_lines(context: Context, record: UnitRecord) -> Iterator[str]:
    unit, value = record.unit, _Values(context, record)
    arrow = "→" if context.terminal.utf8 else "->"
    yield f"{arrow} Unit {unit.name}:"
    yield f"\tDescription: {value('Description')}"
    yield f"\tInstance: {unit.name.partition('@')[2].rpartition('.')[0] or 'n/a'}"
    yield f"\tUnit Load State: {unit.load_state}"
    yield f"\tUnit Active State: {record.active.value}"
    for label, name in _TIMES:
        yield f"\t{label}: {value(name) or 'n/a'}"
    yield from value.lines(_STATE)
    yield from value.given(_OPTIONAL)
    yield from _files(record, value)
    yield from _checks(record, value)
    for kind in _RELATED:
        for other in value(kind).split():
            yield f"\t{kind}: {other}"
    for path in unit.requires_mounts_for:
        yield f"\tRequiresMountsFor: {path}"
    if unit.load_state == "loaded":
        yield from value.lines(_UNIT)
        yield from _type_lines(record, value, arrow)
    job = context.manager.engine.jobs.get(record.job or 0)
    if job is not None:
        yield from ("\t" + line for line in job_lines(job))


def _files(record: UnitRecord, value: _Values) -> Iterator[str]:
    unit = record.unit
    for name in sorted(unit.names - {unit.name}):
        yield f"\tAlias: {name}"
    for word in unit.documentation:
        yield f"\tDocumentation: {word}"
    yield from value.given(_labels("Fragment Path=FragmentPath", "Source Path=SourcePath"))
    for path in unit.dropin_paths:
        yield f"\tDropIn Path: {path}"


def _checks(record: UnitRecord, value: _Values) -> Iterator[str]:
    unit, results = record.unit, record.condition_results
    yield from _check_lines("Condition", unit.conditions, results)
    yield from _check_lines("Assert", unit.asserts, results[len(unit.conditions):])
    if record.condition_usec:
        for kind in ("Condition", "Assert"):
            yield f"\t{kind} Timestamp: {value(kind + 'Timestamp')}"
            yield f"\t{kind} Result: {value(kind + 'Result')}"


def _check_lines(prefix: str, checks: Sequence[Condition], results: Sequence[int]) -> Iterator[str]:
    for at, check in enumerate(checks):
        result = {1: "succeeded", 0: "untested", -1: "failed"}[results[at] if at < len(results) else 0]
        sign = ("|" if check.trigger else "") + ("!" if check.negate else "")
        yield f"\t{prefix}{check.name}: {sign}{check.parameter} {result}"


def _type_lines(record: UnitRecord, value: _Values, arrow: str) -> Iterator[str]:
    kind = record.unit.type
    if kind == "service":
        yield from _service(record, value)
        yield from _exec(record, value)
        for phase in _PHASES:
            yield from _commands(record, phase, arrow)
        if record.status_text:
            yield f"\tStatus Text: {record.status_text}"
        if record.unit.service is not None and record.unit.service.file_descriptor_store_max:
            yield f"\tFile Descriptor Store Max: {value('FileDescriptorStoreMax')}"
            yield f"\tFile Descriptor Store Pin: {value('FileDescriptorStorePreserve')}"
            yield f"\tFile Descriptor Store Current: {value('NFileDescriptorStore')}"
    else:
        yield f"\t{_STATE_OF_TYPE.get(kind, 'State')}: {record.sub.value}"
        if kind not in ("target", "slice", "device"):
            yield f"\tResult: {record.result.value}"
    if kind in ("service", "slice", "scope"):
        for label, name in (*_ACCOUNTING, *_CGROUP):
            text = value(name)
            yield f"\t{label}: {NOT_LIMITED if text in (NOT_SET, 'infinity') else text}"


def _service(record: UnitRecord, value: _Values) -> Iterator[str]:
    yield from value.lines(_SERVICE)
    yield f"\tNotifyState: {record.notify_state or 'unknown'}"
    yield f"\tOOMPolicy: {value('OOMPolicy')}"
    yield f"\tReloadSignal: {values.signal_name(int(value('ReloadSignal')))}"
    if record.control_pid:
        yield f"\tControl PID: {record.control_pid}"
    if record.main_pid:
        yield f"\tMain PID: {record.main_pid}"
        yield f"\tMain PID Known: {'yes' if record.main_pid_known else 'no'}"
        yield f"\tMain PID Alien: {'no' if record.main_spawn_id else 'yes'}"
    yield from value.given(_labels("PIDFile", "BusName"))
    yield from value.lines(_SERVICE_TIMES)
    assert record.unit.service is not None
    yield f"\tWatchdogSec: {format_usec(record.unit.service.watchdog_usec)}"


def _exec(record: UnitRecord, value: _Values) -> Iterator[str]:
    context = record.unit.context
    for label, name in _KILL:
        yield f"\t{label}: {'SIG' + values.signal_name(int(value(name))) if name in _SIGNALS else value(name)}"
    for label, name in _EXEC:
        yield f"\t{label}: {value(name) or ('/' if name.endswith('Directory') else '')}"
    for pair in context.environment:
        yield f"\tEnvironment: {pair}"
    for entry in context.environment_files:
        yield f"\tEnvironmentFile: {'-' if entry.optional else ''}{entry.path}"
    for name in context.pass_environment:
        yield f"\tPassEnvironment: {name}"
    yield from value.lines(_labels("RuntimeDirectoryPreserve"))
    for kind in ("Runtime", "State", "Cache", "Logs", "Configuration"):
        yield f"\t{kind}DirectoryMode: {value(kind + 'DirectoryMode')}"
        yield from (f"\t{kind}Directory: {path}" for path in value(kind + "Directory").split())
    yield f"\tTimeoutCleanSec: {value('TimeoutCleanUSec')}"
    for label, number in (("Nice", context.nice), ("OOMScoreAdjust", context.oom_score_adjust)):
        if number is not None:
            yield f"\t{label}: {number}"
    for name in sorted(context.limits):
        yield f"\tLimit{name}: {_limit(value(f'Limit{name}'))}"
        yield f"\tLimit{name}Soft: {_limit(value(f'Limit{name}Soft'))}"
    for name in ("Input", "Output", "Error"):
        yield f"\tStandard{name}: {value('Standard' + name).partition(':')[0]}"
    yield from value.given(_labels("TTYPath", "SyslogIdentifier", "User", "Group", "SupplementaryGroups"))
    yield from value.lines(_labels("DynamicUser", "NoNewPrivileges"))


def _limit(text: str) -> str:
    return NOT_LIMITED if text == "infinity" else text


def _commands(record: UnitRecord, phase: str, arrow: str) -> Iterator[str]:
    assert record.unit.service is not None
    found: Sequence[ExecCommand] = commands(record.unit.service, phase)
    statuses: List[ExecStatus] = record.exec_status.get(phase, [])
    if found:
        yield f"\t{arrow} {phase}:"
    for at, command in enumerate(found):
        words = [command.path, *command.argv[1:]]
        yield "\t\tCommand Line: " + " ".join(map(quote, words))
        status = statuses[at] if at < len(statuses) else ExecStatus()
        if status.pid:
            yield f"\t\t\tPID: {status.pid}"
            yield f"\t\t\tStart Timestamp: {times.timestamp(status.start_realtime_usec, 'us')}"
        if status.code:
            yield f"\t\t\tExit Timestamp: {format_usec(max(status.exit_usec - status.start_usec, 0), 1)} since start"
            yield f"\t\t\tExit Code: {CODES.get(status.code, status.code)}"
            yield f"\t\t\tExit Status: {status.status}"


def job_lines(job: Job) -> Iterator[str]:
    yield f"-> Job {job.id}:"
    yield f"\tAction: {job.unit} -> {job.type.value}"
    yield f"\tState: {job.state.value}"
    yield f"\tIrreversible: {'yes' if job.irreversible else 'no'}"
    yield "\tMay GC: no"
