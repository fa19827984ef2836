"""`systemctl status`: what a unit is, how it is, which processes it has, what it said last.

In:  a record and facts about it.   Out: lines.
Source: systemctl 257's status, field by field in its order; labels end in column 12."""

from __future__ import annotations

import time
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from fastinit.control import processes
from fastinit.control.api import LogEntryApi
from fastinit.control.processes import Process
from fastinit.control.render import exit_status, times
from fastinit.control.render.style import Style, ellipsize
from fastinit.plan.record import ExecStatus, UnitRecord
from fastinit.plan.states import Active
from fastinit.units.implicit import slices_above
from fastinit.units.loader import is_transient
from fastinit.units.model import ExecCommand, Service
from fastinit.units.timespan import USEC_PER_MSEC, format_usec

INDENT = " " * 13
PHASES = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost")
_FIELDS = {"ExecCondition": "exec_condition", "ExecStartPre": "exec_start_pre", "ExecStart": "exec_start",
           "ExecStartPost": "exec_start_post", "ExecReload": "exec_reload", "ExecStop": "exec_stop",
           "ExecStopPost": "exec_stop_post"}


class Facts(NamedTuple):
    """What the record does not know."""

    file_state: str                     # enabled, static … "" = not known
    preset: str
    pids: Sequence[int]
    log: Sequence[LogEntryApi]
    hostname: str
    triggered_by: Sequence[Tuple[str, str]]     # (unit, its ActiveState)
    triggers: Sequence[Tuple[str, str]]
    identifier: str                     # SyslogIdentifier= of the unit's own output
    now_usec: int
    full: bool
    timestamp: str
    log_mode: str = "short"


def commands(service: Service, phase: str) -> Sequence[ExecCommand]:
    found: Sequence[ExecCommand] = getattr(service, _FIELDS[phase])
    return found


def label(name: str) -> str:
    return f"{name:>11}: "


def render(style: Style, record: UnitRecord, facts: Facts) -> Iterator[str]:
    unit = record.unit
    found = processes.read_all(facts.pids)
    text = f" - {unit.description}" if unit.description and unit.description != unit.name else ""
    yield f"{style.dot(record.active.value, unit.load_state)} {unit.name}{text}"
    yield label("Loaded") + _loaded(style, record, facts)
    if is_transient(record.unit.fragment_path):
        yield label("Transient") + "yes"
    yield from _drop_ins(style, record)
    yield label("Active") + _active(style, record, facts)
    yield from _duration(record)
    if record.invocation_id:
        yield label("Invocation") + record.invocation_id
    if record.job is not None:
        yield label("Job") + str(record.job)
    yield from _condition(style, record, facts)
    yield from _dotted(style, "TriggeredBy", facts.triggered_by)
    yield from _dotted(style, "Triggers", facts.triggers)
    for at, documentation in enumerate(unit.documentation):
        yield (label("Docs") if not at else INDENT) + style.link(documentation, documentation)
    yield from _exec_lines(style, record, found)
    if record.status_text:
        yield label("Status") + style.paint(f'"{record.status_text}"', "white" if style.colours else "")
    if record.status_errno:
        yield label("Error") + exit_status.errno_text(record.status_errno)
    yield from _resources(record, found)
    yield from _tree(style, record, found, facts.full)
    yield from log_lines(style, facts)


def _loaded(style: Style, record: UnitRecord, facts: Facts) -> str:
    unit = record.unit
    colour = {"error": "red", "not-found": "yellow", "bad-setting": "yellow"}.get(unit.load_state, "")
    word = style.paint(unit.load_state, colour)
    if unit.load_state == "masked":
        return f"masked (Reason: Unit {unit.name} is masked.)"
    if unit.load_state == "not-found":
        return f"{word} (Reason: Unit {unit.name} not found.)"
    if unit.load_state in ("bad-setting", "error"):
        return f"{word} (Reason: Unit {unit.name} has a bad unit file setting.)"
    path = unit.source_path or unit.fragment_path
    parts = [part for part in (path and style.link(path, path), _file_state(style, facts.file_state)) if part]
    if facts.preset and facts.file_state and facts.preset != "ignored":
        parts.append(f"preset: {style.paint(facts.preset, _state_colour(facts.preset))}")
    return f"{word} ({'; '.join(parts)})" if parts else word


def _file_state(style: Style, state: str) -> str:
    return style.paint(state, _state_colour(state)) if state else ""


def _state_colour(state: str) -> str:
    return "green" if state.startswith("enabled") else "yellow" if state.startswith("disabled") else ""


def _drop_ins(style: Style, record: UnitRecord) -> Iterator[str]:
    """Grouped by directory, each with its files below it."""
    by_directory: Dict[str, List[str]] = {}
    for path in record.unit.dropin_paths:
        directory, _, name = path.rpartition("/")
        by_directory.setdefault(directory, []).append(name)
    for at, (directory, names) in enumerate(by_directory.items()):
        yield (label("Drop-In") if not at else INDENT) + directory
        yield f"{INDENT}{style.glyphs.right}{', '.join(style.link(f'{directory}/{name}', name) for name in names)}"


def _active(style: Style, record: UnitRecord, facts: Facts) -> str:
    active, sub = record.active.value, record.sub.value
    colour = {"failed": "red", "active": "green", "reloading": "green", "refreshing": "green",
              "activating": "white", "deactivating": "white"}.get(active, "")
    text = style.paint(active if active == sub else f"{active} ({sub})", colour)
    if record.result.value != "success" and active in ("failed", "inactive", "activating"):
        text = f"{style.paint(active if active == sub else f'{active} ({sub})', colour)} (Result: {record.result.value})"
    since = _since(record)
    if not since:
        return text
    return f"{text} since {times.timestamp(since, facts.timestamp)}; {times.relative(since, facts.now_usec)}"


def _since(record: UnitRecord) -> int:
    if record.active in (Active.ACTIVE, Active.RELOADING, Active.REFRESHING):
        return record.active_enter_realtime_usec
    if record.active in (Active.INACTIVE, Active.FAILED):
        return record.inactive_enter_realtime_usec
    return record.inactive_exit_realtime_usec if record.active is Active.ACTIVATING else record.active_exit_realtime_usec


def _duration(record: UnitRecord) -> Iterator[str]:
    """How long it was up, once it is down."""
    if record.active not in (Active.INACTIVE, Active.FAILED):
        return
    if 0 < record.active_enter_usec < record.active_exit_usec:
        yield label("Duration") + format_usec(record.active_exit_usec - record.active_enter_usec, USEC_PER_MSEC)


def _condition(style: Style, record: UnitRecord, facts: Facts) -> Iterator[str]:
    if record.condition_result or not record.condition_realtime_usec or record.active not in (Active.INACTIVE, Active.FAILED):
        return
    stamp = times.timestamp(record.condition_realtime_usec, facts.timestamp)
    yield (label("Condition") + f"start {style.paint('condition unmet', 'yellow')} at {stamp}; "
           f"{times.relative(record.condition_realtime_usec, facts.now_usec)}")
    checks = [("Condition", check) for check in record.unit.conditions] + [("Assert", check) for check in record.unit.asserts]
    unmet = [pair for pair, result in zip(checks, record.condition_results) if result < 0]
    for at, (kind, check) in enumerate(unmet):
        glyph = "└─" if at == len(unmet) - 1 else "├─"
        sign = ("|" if check.trigger else "") + ("!" if check.negate else "")
        yield f"{INDENT}{glyph} {kind}{check.name}={sign}{check.parameter} was not met"


def _dotted(style: Style, name: str, units: Sequence[Tuple[str, str]]) -> Iterator[str]:
    for at, (unit, active) in enumerate(units):
        yield f"{label(name) if not at else INDENT}{style.dot(active)} {unit}"


def _exec_lines(style: Style, record: UnitRecord, found: Sequence[Process]) -> Iterator[str]:
    service = record.unit.service
    if service is None:
        return
    for phase in PHASES:
        for command, status in zip(commands(service, phase), record.exec_status.get(phase, ())):
            if status.pid and status.exit_usec:
                yield _process_line(style, phase, command, status)
    names = {process.pid: process.name for process in found}
    main, line = record.main_exec, ""
    if record.main_pid > 0:
        line = label("Main PID") + f"{record.main_pid} ({names.get(record.main_pid) or processes.name_of(record.main_pid)})"
    elif main.pid and main.exit_usec:
        line = label("Main PID") + f"{main.pid} ({exit_status.outcome(main.code, main.status)})"
    if record.control_pid > 0:
        name = names.get(record.control_pid) or processes.name_of(record.control_pid)
        line += "; Control PID: " if line else label("Cntrl PID")
        line += f"{record.control_pid} ({name})"
    if line:
        yield line


def _process_line(style: Style, phase: str, command: ExecCommand, status: ExecStatus) -> str:
    argv = " ".join((command.path, *command.argv[1:]))
    return label("Process") + f"{status.pid} {phase}={argv} {_outcome(style, status, command)}"


def _outcome(style: Style, status: ExecStatus, command: ExecCommand) -> str:
    text = f"({exit_status.outcome(status.code, status.status)})"
    good = exit_status.is_clean(status.code, status.status, None) or command.ignore_failure
    return text if good else style.paint(text, "red")


def _resources(record: UnitRecord, found: Sequence[Process]) -> Iterator[str]:
    if found:
        yield label("Tasks") + str(sum(process.threads for process in found))
    if record.fd_store_count:
        service = record.unit.service
        limit = service.file_descriptor_store_max if service else 0
        yield label("FD Store") + f"{record.fd_store_count} (limit: {limit})"
    if found:
        yield label("Memory") + times.size(sum(process.private_bytes for process in found))
    cpu_usec = record.cpu_usec + sum(process.cpu_usec for process in found)
    if cpu_usec >= USEC_PER_MSEC:
        yield label("CPU") + format_usec(cpu_usec, USEC_PER_MSEC)


def control_group(record: UnitRecord) -> str:
    """The cgroup that systemd would have used; "" where it would have none."""
    if record.unit.type not in ("service", "socket", "mount", "swap", "scope"):
        return ""
    return "/" + "/".join([*slices_above(record.unit.slice or "system.slice"), record.unit.name])


def _tree(style: Style, record: UnitRecord, found: Sequence[Process], full: bool) -> Iterator[str]:
    if not found:
        return
    yield label("CGroup") + control_group(record)
    yield from process_tree(style, found, INDENT, full)


def process_tree(style: Style, found: Sequence[Process], indent: str, full: bool) -> Iterator[str]:
    """A flat list as systemd prints a cgroup: by pid, numbers right-aligned."""
    ordered = sorted(found, key=lambda process: process.pid)
    width = len(str(ordered[-1].pid)) if ordered else 0
    for process in ordered:
        branch = style.glyphs.right if process is ordered[-1] else style.glyphs.branch
        line = f"{process.pid:>{width}} {processes.command_line(process)}"
        if style.is_tty and not full:
            line = ellipsize(line, max(style.columns - len(indent) - len(branch), 10), style.glyphs.ellipsis)
        yield indent + branch + style.paint(line, "grey")


def log_lines(style: Style, facts: Facts) -> Iterator[str]:
    if not facts.log:
        return
    yield ""
    for entry in facts.log:
        line = log_line(entry, facts)
        if style.is_tty and not facts.full:
            line = ellipsize(line, style.columns, style.glyphs.ellipsis)
        yield line


def log_line(entry: LogEntryApi, facts: Facts) -> str:
    """`-o short` and `-o cat`; the formats of journalctl have an issue of their own."""
    if facts.log_mode == "cat":
        return entry.text
    pid = f"[{entry.pid}]" if entry.pid else ""
    who = entry.identifier or facts.identifier
    return f"{times.log_timestamp(entry.realtime_usec)} {facts.hostname} {who}{pid}: {entry.text}"


def now_usec() -> int:
    return time.time_ns() // 1000
