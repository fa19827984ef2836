"""`systemctl show`: every property that clients read, as NAME=VALUE, in the order of the bus interfaces.

In:  a record, a job or the manager.   Out: (name, value) pairs; "" is an empty value, which is shown only when asked for.
The tables are property -> function. What fastinit has no notion of, and clients are known to read, has systemd's default.
Source: org.freedesktop.systemd1(5) for names and order; systemctl 257 for how a value of each type is printed."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from fastinit.control import stats
from fastinit.control.render.properties.execution import EXEC_ROWS, KILL_ROWS
from fastinit.control.render.properties.forms import NOT_SET
from fastinit.control.render.properties.manager import MANAGER_ROWS
from fastinit.control.render.properties.resources import CGROUP_ROWS
from fastinit.control.render.properties.rows import Row, Subject, const, enum_of
from fastinit.control.render.properties.service import SCOPE_ROWS, SERVICE_ROWS, command_rows
from fastinit.control.render.properties.unit import ONLY_ON_REQUEST, UNIT_ROWS
from fastinit.control.request import Context
from fastinit.plan.record import Job, UnitRecord
from fastinit.units.model import Service, Unit

Pairs = Iterator[Tuple[str, str]]

_RESULT_ROWS: Tuple[Row, ...] = (
    ("ControlPID", const("0")), ("Result", enum_of("record.result")), ("CleanResult", const("success")),
)

# Unit type -> what comes before the properties that all units have.
_BY_TYPE: Dict[str, Tuple[Row, ...]] = {
    "service": SERVICE_ROWS + CGROUP_ROWS + EXEC_ROWS,
    "slice": CGROUP_ROWS, "scope": SCOPE_ROWS + CGROUP_ROWS + KILL_ROWS,
    "socket": _RESULT_ROWS, "mount": _RESULT_ROWS, "swap": _RESULT_ROWS, "timer": _RESULT_ROWS[1:2], "path": _RESULT_ROWS[1:2],
}
_SPLIT = frozenset(name for name, _ in command_rows()) | {"EnvironmentFiles"} | {
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
        is_rare = name in ONLY_ON_REQUEST or (value == NOT_SET and name.endswith("ActionExitStatus"))
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


def manager_properties(context: Context) -> Pairs:
    wanted = frozenset(context.options.properties)
    for name, get in MANAGER_ROWS:
        if not wanted or name in wanted:
            yield name, get(context)
    if context.is_live:
        for name, value in stats.properties(context.manager.counters()).items():
            if not wanted or name in wanted:
                yield name, value
