"""The properties that units of every type have: org.freedesktop.systemd1.Unit."""

from __future__ import annotations

from typing import Iterator, Tuple

from fastinit.control.jobs import can_reload
from fastinit.control.render.properties.forms import NOT_SET, conditions, quoted, unset, words, yes_no
from fastinit.control.render.properties.rows import (
    Get,
    Row,
    Subject,
    bool_of,
    const,
    enum_of,
    span_of,
    stamp_rows,
    text_of,
    words_of,
)
from fastinit.units.loader import is_transient

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
    return lambda subject: words(subject.context.manager.engine.related(subject.unit.name, kind))


def _slice_of(subject: Subject) -> str:
    if subject.unit.type != "slice":
        return ""
    records = subject.context.manager.engine.units.values()
    return words(record.unit.name for record in records if record.unit.slice == subject.unit.name)


def _can_start(subject: Subject) -> str:
    return yes_no(subject.unit.load_state == "loaded" and not subject.unit.refuse_manual_start and subject.unit.type != "scope")


def _can_stop(subject: Subject) -> str:
    unit = subject.unit
    return yes_no(not unit.refuse_manual_stop and not unit.perpetual and unit.type != "device")


def _can_reload(subject: Subject) -> str:
    return yes_no(can_reload(subject.unit))


def _can_clean(subject: Subject) -> str:
    kinds = ("runtime", "state", "cache", "logs", "configuration")
    found = [kind for kind in kinds if getattr(subject.exec, f"{kind}_directory")]
    if subject.unit.service is not None and subject.unit.service.file_descriptor_store_max:
        found.append("fdstore")
    return words(found)


def _names(subject: Subject) -> str:
    others = sorted(subject.unit.names - {subject.unit.name})
    return words([subject.unit.name, *others])


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
    context = subject.context
    return yes_no(context.is_live and context.manager.loader.needs_reload(subject.record.unit))


def _asserts(subject: Subject) -> str:
    """Their results stand behind those of the conditions."""
    return conditions(subject.unit.asserts, subject.record.condition_results[len(subject.unit.conditions):])


ONLY_ON_REQUEST = frozenset(("Conditions", "Asserts"))     # systemd cannot print them

UNIT_ROWS: Tuple[Row, ...] = (
    ("Id", text_of("unit.name")),
    ("Names", _names),
    ("Following", const("")),
    *_related_rows(),
    ("SliceOf", _slice_of),
    ("RequiresMountsFor", words_of("unit.requires_mounts_for")),
    ("WantsMountsFor", words_of("unit.wants_mounts_for")),
    ("Documentation", lambda subject: quoted(subject.unit.documentation)),
    ("Description", lambda subject: subject.unit.description or subject.unit.name),
    ("LoadState", text_of("unit.load_state")),
    ("ActiveState", enum_of("record.active")),
    ("FreezerState", const("running")),
    ("SubState", enum_of("record.sub")),
    ("FragmentPath", text_of("unit.fragment_path")),
    ("SourcePath", text_of("unit.source_path")),
    ("DropInPaths", words_of("unit.dropin_paths")),
    ("UnitFileState", lambda subject: subject.file_state()[0]),
    ("UnitFilePreset", lambda subject: subject.file_state()[1]),
    *stamp_rows("StateChangeTimestamp", "record.state_change_usec"),
    *stamp_rows("InactiveExitTimestamp", "record.inactive_exit_usec"),
    *stamp_rows("ActiveEnterTimestamp", "record.active_enter_usec"),
    *stamp_rows("ActiveExitTimestamp", "record.active_exit_usec"),
    *stamp_rows("InactiveEnterTimestamp", "record.inactive_enter_usec"),
    ("CanStart", _can_start),
    ("CanStop", _can_stop),
    ("CanReload", _can_reload),
    ("CanIsolate", bool_of("unit.allow_isolate")),
    ("CanClean", _can_clean),
    ("CanFreeze", const("no")),
    ("CanLiveMount", const("no")),
    ("Job", _job),
    ("StopWhenUnneeded", bool_of("unit.stop_when_unneeded")),
    ("RefuseManualStart", bool_of("unit.refuse_manual_start")),
    ("RefuseManualStop", bool_of("unit.refuse_manual_stop")),
    ("AllowIsolate", bool_of("unit.allow_isolate")),
    ("DefaultDependencies", bool_of("unit.default_dependencies")),
    ("SurviveFinalKillSignal", const("no")),
    ("OnSuccessJobMode", text_of("unit.on_success_job_mode")),
    ("OnFailureJobMode", text_of("unit.on_failure_job_mode")),
    ("IgnoreOnIsolate", bool_of("unit.ignore_on_isolate")),
    ("NeedDaemonReload", _need_reload),
    ("JobTimeoutUSec", span_of("unit.job_timeout_usec")),
    ("JobRunningTimeoutUSec", span_of("unit.job_running_timeout_usec")),
    ("JobTimeoutAction", text_of("unit.job_timeout_action")),
    ("ConditionResult", bool_of("record.condition_result")),
    ("AssertResult", bool_of("record.assert_result")),
    *stamp_rows("ConditionTimestamp", "record.condition_usec"),
    *((name.replace("Condition", "Assert"), get) for name, get in stamp_rows("ConditionTimestamp", "record.condition_usec")),
    ("Conditions", lambda subject: conditions(subject.unit.conditions, subject.record.condition_results)),
    ("Asserts", _asserts),
    ("LoadError", _load_error),
    ("Transient", lambda subject: yes_no(subject.unit.type == "scope" or is_transient(subject.unit.fragment_path))),
    ("Perpetual", bool_of("unit.perpetual")),
    ("StartLimitIntervalUSec", span_of("unit.start_limit_interval_usec")),
    ("StartLimitBurst", text_of("unit.start_limit_burst")),
    ("StartLimitAction", text_of("unit.start_limit_action")),
    ("FailureAction", text_of("unit.failure_action")),
    ("FailureActionExitStatus", lambda subject: unset(subject.unit.failure_action_exit_status, NOT_SET)),
    ("SuccessAction", text_of("unit.success_action")),
    ("SuccessActionExitStatus", lambda subject: unset(subject.unit.success_action_exit_status, NOT_SET)),
    ("InvocationID", text_of("record.invocation_id")),
    ("CollectMode", text_of("unit.collect_mode")),
    ("DebugInvocation", const("no")),
)
