"""Verbs that look at units: is-active, is-failed, status, show, list-units, list-jobs, list-dependencies, cat, is-system-running.

In:  Context.   Out: text and systemctl's exit codes.
Never: changes anything; a unit that is not in memory is loaded to be looked at, as systemd does.
Source: systemctl(1) v257.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Callable, Dict, FrozenSet, Generator, Iterator, List, Optional, Sequence, Set, Tuple, Union

from fastinit.control import processes, unitfiles
from fastinit.control.api import LogEntryApi
from fastinit.control.edit import look_up
from fastinit.control.options import UsageError
from fastinit.control.render import dependencies, show, status, times, units
from fastinit.control.render.properties.manager import VERSION
from fastinit.control.render.style import Style
from fastinit.control.render.table import REST, Lines
from fastinit.control.request import Context, Pause, Steps, print_all
from fastinit.control.selection import complete, expand, is_pattern, list_matcher, matcher, named, warn_if_changed
from fastinit.errors import RequestError
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active
from fastinit.units import sysv
from fastinit.units.enablement import NO_PRESET
from fastinit.units.implicit import slices_above
from fastinit.units.names import is_template, is_valid
from fastinit.units.values import parse_digits

NO_UNIT_NAME = "Unit name {} is neither a valid invocation ID nor unit name."
LSB_NOT_RUNNING, LSB_UNKNOWN = 3, 4
FEW = 100               # units of which a table is quickly made
JOB_LIMIT = 1 << 32     # a larger number is a unit's name
PID_LIMIT = 1 << 31     # a larger number is a unit's name
UP: FrozenSet[Active] = frozenset((Active.ACTIVE, Active.RELOADING, Active.REFRESHING))


# ---- one word per unit ----------------------------------------------------------------------------------------------


def is_active(context: Context) -> Steps:
    return _check(context, UP, LSB_NOT_RUNNING)


def is_failed(context: Context) -> Steps:
    if not context.args:
        state = context.manager.state()
        if not context.options.quiet:
            context.say(state)
        return 0 if state == "degraded" else 1
    return (yield from _check(context, frozenset((Active.FAILED,)), 1))


def _check(context: Context, good: FrozenSet[Active], code: int) -> Steps:
    found, all_missing = False, True
    for name in named(context):
        if is_template(name):
            raise RequestError("Failed to retrieve unit state: " + NO_UNIT_NAME.format(name))
        record = context.manager.engine.get(name)
        if not context.options.quiet:
            context.say(record.active.value)
        found = found or record.active in good
        all_missing = all_missing and record.unit.load_state == "not-found"
        yield Pause()
    return 0 if found else LSB_UNKNOWN if all_missing else code


def is_system_running(context: Context) -> Steps:
    manager = context.manager
    if context.options.wait and context.is_live:
        yield Pause(lambda: manager.state() not in ("initializing", "starting"))
    state = manager.state() if context.is_live else "offline"
    if not context.options.quiet:
        context.say(state)
    return 0 if state == "running" else 1


# ---- status ---------------------------------------------------------------------------------------------------------


def show_status(context: Context) -> Steps:
    if not context.args and not (context.options.types or context.options.states or context.options.all):
        yield Pause(is_long=True)
        return (yield from print_all(context, _system_status(context)))
    code, is_first = 0, True
    for name in (yield from _status_names(context)):
        if name is None:
            code = code or LSB_UNKNOWN
            continue
        if is_template(name):
            raise RequestError("Failed to get properties: " + NO_UNIT_NAME.format(name))
        record = context.manager.engine.get(name)
        if record.unit.load_state == "not-found":
            context.warn(f"Unit {name} could not be found.")
            code = code or LSB_UNKNOWN
            continue
        if not is_first:
            context.say("")
        is_first = False
        for line in status.render(Style(context.terminal), record, _facts(context, record)):
            context.say(line)
        warn_if_changed(context, record)
        code = code or (0 if record.active in UP else LSB_NOT_RUNNING)
        yield Pause()
    return code


def _status_names(context: Context) -> Generator[Pause, None, List[Optional[str]]]:
    """Units in the order asked for; a number is a process of one, None a process of none."""
    engine = context.manager.engine
    if not context.args:
        return [*(yield from _shown(context, list(engine.units)))]
    found: List[Optional[str]] = []
    for word in context.args:
        if not word:
            raise UsageError("Failed to mangle name: Invalid argument\nFailed to expand names: Invalid argument")
        if word == "0":
            raise RequestError("PID 0 does not belong to any loaded unit.")
        pid = parse_digits(word, PID_LIMIT - 1)
        if pid is not None:
            if not os.path.exists(f"/proc/{word}"):
                raise RequestError(f"PID {word} doesn't exist or is already gone.")
            unit = context.manager.unit_of_pid(pid)
            if unit is None:
                context.warn(f"Failed to get unit for PID {word}: PID {word} does not belong to any loaded unit.")
            found.append(unit)
        elif is_pattern(word):
            if len(engine.units) > FEW:
                yield Pause(is_long=True)
            matches = expand([word], engine.units, all_states=True)
            yield Pause()
            found += yield from _shown(context, [name for name in matches if name in engine.units
                                                 and engine.units[name].unit.load_state != "not-found"])
        else:
            found += _and_dependencies(context, [complete(word)])
    return found


def _shown(context: Context, keys: Sequence[str]) -> Generator[Pause, None, List[str]]:
    """Those that the options let through, in the order of lists."""
    chosen = []
    for at, key in enumerate(keys):
        record = context.manager.engine.units.get(key)      # it may be gone: others have had their turn
        if record is not None and units.is_shown(record, context.options):
            chosen.append((units.sort_key(key), key))
        if at % 100 == 99:
            yield Pause()
    chosen.sort()
    return [key for _, key in chosen]


def _facts(context: Context, record: UnitRecord) -> status.Facts:
    manager, options, unit = context.manager, context.options, record.unit
    state, preset = unitfiles.state_and_preset(context, unit)
    service = unit.service
    identifier = unit.context.syslog_identifier
    if not identifier:
        identifier = os.path.basename(service.exec_start[0].path) if service and service.exec_start else unit.name
    return status.Facts(
        file_state=state, preset="" if state in NO_PRESET else preset, pids=manager.pids_of(unit.name) if context.is_live else (),
        log=_last_lines(context, record) if context.is_live and options.lines and not options.quiet else (),
        hostname=socket.gethostname().partition(".")[0],
        triggered_by=_states(context, manager.engine.related(unit.name, "TriggeredBy")),
        triggers=_states(context, manager.engine.related(unit.name, "Triggers")),
        identifier=identifier, now_usec=time.time_ns() // 1000,
        full=options.full, timestamp=options.timestamp, log_mode=options.output,
    )


def _last_lines(context: Context, record: UnitRecord) -> List[LogEntryApi]:
    """Only of the unit's last life: what was before it began is history, which `journalctl -u` shows."""
    lines = context.manager.log_tail(record.unit.name, context.options.lines)
    since = record.life_realtime_usec or record.inactive_exit_realtime_usec
    return [line for line in lines if line.realtime_usec >= since]


def _states(context: Context, related: Sequence[str]) -> List[Tuple[str, str]]:
    found = ((name, context.manager.engine.find(name)) for name in related)
    return [(name, record.active.value) for name, record in found if record is not None]


def _system_status(context: Context) -> Lines:
    """The machine: state, jobs, failed units, and every process below its unit."""
    manager, style = context.manager, Style(context.terminal)
    state = manager.state() if context.is_live else "offline"
    dot = {"running": "active", "degraded": "failed", "maintenance": "failed"}.get(state, "activating")
    colour = {"running": "green", "degraded": "red"}.get(state, "yellow")
    records = manager.engine.units.values()
    yield f"{style.paint(style.glyphs.circle, colour) if dot != 'failed' else style.dot('failed')} {socket.gethostname()}"
    yield f"    State: {style.paint(state, colour)}"
    yield f"    Units: {len(records)} loaded (incl. loaded aliases)"
    yield f"     Jobs: {len(manager.engine.jobs)} queued"
    yield f"   Failed: {sum(record.active is Active.FAILED for record in records)} units"
    since = times.timestamp(manager.boot_realtime_usec, context.options.timestamp)
    yield f"    Since: {since}; {times.relative(manager.boot_realtime_usec, time.time_ns() // 1000)}"
    yield f"  systemd: {VERSION}"
    yield "   CGroup: /"
    yield from _system_tree(context, style)


Tree = Dict[str, Union["Tree", List[processes.Process]]]     # a slice's name -> what is in it, a unit's -> its processes


def _system_tree(context: Context, style: Style) -> Lines:
    """Every process below its unit, every unit below its slices."""
    if not context.is_live:
        return
    tree: Tree = {}
    for key in sorted(context.manager.engine.units):
        if key not in context.manager.engine.units:     # gone while others had their turn
            continue
        pids = context.manager.pids_of(key)
        if not pids:
            continue
        place: Tree = tree
        for name in slices_above(context.manager.engine.units[key].unit.slice or "system.slice"):
            below = place.setdefault(name, {})
            assert isinstance(below, dict)
            place = below
        place[key] = processes.read_all(pids)
        yield REST
    yield from _branches(style, tree, " " * 11, context.options.full)


def _branches(style: Style, tree: Tree, indent: str, full: bool) -> Iterator[str]:
    for name in sorted(tree):
        is_last = name == max(tree)
        yield indent + (style.glyphs.right if is_last else style.glyphs.branch) + name
        below, inside = indent + (style.glyphs.space if is_last else style.glyphs.vertical), tree[name]
        if isinstance(inside, dict):
            yield from _branches(style, inside, below, full)
        else:
            yield from status.process_tree(style, inside, below, full)


# ---- lists ----------------------------------------------------------------------------------------------------------


def list_units(context: Context) -> Steps:
    matches = matcher(context.args)
    if len(context.manager.engine.units) > FEW:
        yield Pause(is_long=True)
    records = list(context.manager.engine.units.values())
    if context.options.with_dependencies and context.args:
        records = _listed_with_dependencies(context)
    elif context.args:
        records = [record for record in records if any(map(matches, record.unit.names or (record.unit.name,)))]
    chosen = []
    for at, record in enumerate(records):
        if units.is_shown(record, context.options):
            chosen.append((units.sort_key(record.unit.name), at, record))
        if at % 100 == 99:
            yield Pause()
    chosen.sort()
    lines = units.list_units(Style(context.terminal), context.options, [record for _, _, record in chosen],
                             context.manager.engine.jobs)
    return (yield from print_all(context, lines))


def _listed_with_dependencies(context: Context) -> List[UnitRecord]:
    """Those of names alone: systemd has no dependencies of patterns either."""
    engine = context.manager.engine
    found: List[str] = []
    for word in context.args:
        is_name = not is_pattern(word)
        found += _and_dependencies(context, [complete(word)]) if is_name else expand([word], engine.units, all_states=True)
    return list(filter(None, map(engine.find, dict.fromkeys(found))))


def _and_dependencies(context: Context, chosen: Sequence[str]) -> List[str]:
    """With --with-dependencies each unit is followed by those that it asks for, itself, not through others."""
    engine, found = context.manager.engine, dict.fromkeys(chosen)
    if context.options.with_dependencies:
        found = {}
        for name in chosen:
            found[name] = None
            if is_valid(name) and not is_template(name):
                found.update(dict.fromkeys(dependencies.below(engine, engine.get(name).unit.name, dependencies.FORWARD)))
    return list(found)


def list_of_type(kind: str, headers: Sequence[str]) -> Callable[[Context], int]:
    """list-sockets, list-timers, list-paths, list-automounts: nothing of these types is ever in memory yet."""
    def run(context: Context) -> int:
        if context.options.output.startswith("json"):
            context.say("[]")
        elif context.options.show_legend():
            context.say(" ".join(headers) + "\n")
            context.say(f"0 {kind}s listed.")
            context.say(f"Pass --all to see loaded but inactive {kind}s, too.")
        return 0
    return run


def list_jobs(context: Context) -> Steps:
    matches = list_matcher(context.args)
    jobs = [job for job in context.manager.engine.jobs.values() if matches(job.unit)]
    return (yield from print_all(context, units.list_jobs(Style(context.terminal), context.options, jobs)))


def list_dependencies(context: Context) -> Steps:
    chosen = expand(context.args or ["default.target"], context.manager.engine.units)
    style = Style(context.terminal)
    seen: Set[str] = set()
    for at, name in enumerate(chosen):
        if at:
            context.say("")
        unit, options = context.manager.engine.get(name).unit, context.options
        yield from print_all(context, dependencies.render(style, options, context.manager.engine, unit.name, seen))
    return 0


# ---- show, cat ------------------------------------------------------------------------------------------------------


def show_properties(context: Context) -> Steps:
    options = context.options
    if not context.args and not (options.types or options.states):
        _print_properties(context, show.manager_properties(context))
        return 0
    if not context.args:
        chosen = [key for key, record in context.manager.engine.units.items() if units.is_shown(record, options)]
        targets: List[str] = sorted(chosen, key=units.sort_key) or []
    else:
        targets = []
        for word in context.args:
            targets += [word] if parse_digits(word, JOB_LIMIT - 1) is not None else expand([word], context.manager.engine.units)
            yield Pause()
    for at, name in enumerate(targets):
        if at:
            context.say("")
        number = parse_digits(name, JOB_LIMIT - 1)
        if number is not None:
            job = context.manager.engine.jobs.get(number)
            if job is None:
                context.warn(f"Failed to get properties: Unknown object '/org/freedesktop/systemd1/job/{name}'.")
                return 1
            _print_properties(context, show.job_properties(job))
        elif is_template(name):
            raise RequestError("Failed to get properties: " + NO_UNIT_NAME.format(name))
        else:
            _print_properties(context, show.unit_properties(context, context.manager.engine.get(name)))
        yield Pause()
    return 0


def _print_properties(context: Context, properties: Iterator[Tuple[str, str]]) -> None:
    """-p restricts and shows empty ones too; the order is always the properties' own."""
    wanted = frozenset(context.options.properties)
    show_empty = context.options.all or bool(wanted)
    for name, value in properties:
        if wanted and name not in wanted:
            continue
        if context.options.value:
            context.say(value)
        elif value or show_empty:
            context.say(f"{name}={value}")


def cat(context: Context) -> Steps:
    style, code, is_first = Style(context.terminal), 0, True
    for name in _and_dependencies(context, named(context)):
        yield Pause()
        unit = look_up(context, name)
        script = f"{sysv.SHOWN}/{name}" if sysv.stands_for(unit) else ""
        paths = [path for path in (unit.fragment_path, script, *unit.dropin_paths) if path]
        if unit.load_state == "masked" and not unit.fragment_path:
            paths = []
        if unit.load_state == "masked" and not paths:
            context.say(style.paint(f"# Unit {name} is masked.", "bold" if style.colours else ""))
            is_first = False
            continue
        if not paths:
            context.warn(f"No files found for {name}.")
            return 1
        if not is_template(name):
            warn_if_changed(context, context.manager.engine.get(name))
        for path in paths:
            if not is_first:
                context.say("")
            is_first = False
            context.say(style.paint(f"# {style.link(path, path)}", "blue"))
            try:
                with open(context.root + unit.source_path if path == script else path, encoding="utf-8",
                          errors="surrogateescape") as file:
                    text = file.read()
                if path == script:
                    text = sysv.unit_text(name, unit.source_path, text)
            except OSError as error:
                context.warn(f"Failed to cat {path}: {error.strerror}")
                code = 1
                continue
            text = text if text.endswith("\n") or not text else text + "\n"
            context.out(_highlighted(style, text) if style.colours else text)
    return code


def _highlighted(style: Style, text: str) -> str:
    """Sections and the names of assignments in colours; what continues a line stays as it is."""
    lines, continues = [], False
    for line in text.splitlines(keepends=True):
        stripped = line.rstrip("\n")
        name, equals, value = stripped.partition("=")
        if continues or not stripped:
            lines.append(line)
        elif stripped[0] in "#;":
            lines.append(style.paint(stripped, "grey") + "\n")
        elif stripped[0] == "[":
            lines.append(style.paint(stripped, "cyan") + "\n")
        else:
            lines.append(style.paint(name + equals, "green") + value + "\n" if equals else line)
        continues = stripped.endswith("\\") and stripped[0] not in "#;"
    return "".join(lines)


def whoami(context: Context) -> int:
    code = 0
    for word in context.args or [str(context.pid)]:
        if not parse_digits(word, PID_LIMIT - 1):
            context.warn(f"Invalid PID specified: {word}")
            return 1
        if not os.path.exists(f"/proc/{word}"):
            context.warn(f"PID {word} doesn't exist or is already gone.")
            return 1
        unit = context.manager.unit_of_pid(int(word))
        if unit is None:
            context.warn(f"Failed to get unit for PID {word}: PID {word} does not belong to any loaded unit.")
            code = 1
        else:
            context.say(unit)
    return code


def show_help(context: Context) -> int:
    """`systemctl help UNIT`: which pages there are; a pager has no place in a container."""
    code = 0
    for name in named(context):
        record = context.manager.engine.get(name)
        if is_template(name):
            raise RequestError("Failed to get properties: " + NO_UNIT_NAME.format(name))
        if record.unit.load_state == "not-found":
            context.warn(f"Unit {name} could not be found.")
            code = 1
        elif not record.unit.documentation:
            context.warn(f"Documentation for {name} not known.")
        for entry in record.unit.documentation:
            context.say(entry)
    return code


def log_entries(context: Context, name: str) -> Iterator[str]:
    """The stored log of one unit as lines, in the form of -o; for verbs that print nothing else."""
    facts = _facts(context, context.manager.engine.get(name))
    return (line for line in status.log_lines(Style(context.terminal), facts) if line)
