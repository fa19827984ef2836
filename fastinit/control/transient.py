"""systemd-run's side of the manager: a unit from settings, started; what becomes of it, as data that the client prints.

In:  one JSON object (Wish) and up to three descriptors.   Out: frames.DATA with a JSON object each: when the unit has been
started, and with `wait` once more at its end; or an error in systemd's words.
Never: takes a setting that its directive's own parser does not take; more than one line for a setting.
Source: systemd-run(1); messages as systemd-run 257 prints them.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.control.api import ManagerApi
from fastinit.control.jobs import Waiter, job_error
from fastinit.control.request import Context, Pause, Steps
from fastinit.errors import RequestError
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobMode, JobResult, JobType
from fastinit.units import names
from fastinit.units.build import Build
from fastinit.units.directives import PARSERS
from fastinit.units.specifiers import Host, Specifiers

PROGRAM = "systemd-run"
HEADER = "# This is a transient unit file, created programmatically via the systemd API. Do not edit."
KINDS = {"service": "ExecStart", "scope": "PIDs"}        # what makes a unit of the kind, as systemd calls it in its messages
TRANSIENT_TYPES = frozenset(("automount", "mount", "path", "scope", "service", "slice", "socket", "timer"))
N_STREAMS = 3


class Wish(NamedTuple):
    """settings: (directive, value as in a unit file).   wait: tell the end, too.   no_block: not even the start is waited for.
    slice_inherit: the slice of the caller's unit.   streams: descriptors came along."""

    unit: str
    kind: str
    settings: Sequence[Tuple[str, str]]
    wait: bool = False
    no_block: bool = False
    slice_inherit: bool = False
    streams: bool = False


class Assigned(NamedTuple):
    section: str
    name: str
    value: str


def read_wish(text: str) -> Wish:
    """Raises ValueError on what no client of ours sends."""
    found = json.loads(text)
    if not isinstance(found, dict) or not set(found) <= set(Wish._fields):
        raise ValueError("malformed request")
    wish = Wish(**found)
    strings = [wish.unit, wish.kind, *(part for setting in wish.settings for part in setting)]
    if not all(isinstance(part, str) for part in strings) or not all(len(setting) == 2 for setting in wish.settings):
        raise ValueError("malformed request")
    return wish


def serve(context: Context, argv: Sequence[str]) -> Steps:
    """argv: "systemd-run" and the wish. Raises RequestError."""
    try:
        wish = read_wish(argv[1] if len(argv) == 2 else "")
    except (ValueError, TypeError):
        raise RequestError("Bad request: malformed wish of systemd-run") from None
    failed = f"Failed to start transient {wish.kind} unit: "
    if context.uid not in (0, context.own_uid):
        raise RequestError(failed + "Access denied")
    manager = context.manager
    if context.terminal.resume:
        name, _, token = context.terminal.resume.partition(" ")
        manager.hold_unit(name)
    else:
        name, token = _create(context, wish, failed), ""
    try:
        return (yield from _run(context, wish, name, token, failed))
    finally:
        manager.release_unit(name)


def _create(context: Context, wish: Wish, failed: str) -> str:
    """The unit, held. Raises RequestError."""
    name = wish.unit
    _check_name(name, wish.kind, failed)
    settings = list(wish.settings)
    if wish.slice_inherit:
        settings.append(("Slice", _slice_of(context)))
    text = unit_text(assign(name, settings, failed))
    if wish.streams and len(context.fds) != N_STREAMS:
        raise RequestError(f"{failed}{N_STREAMS} file descriptors are needed, {len(context.fds)} came")
    try:
        context.manager.make_unit(name, text)
    except RequestError as error:
        raise RequestError(f"{failed}{error}", error.exit_code) from None
    if wish.kind == "scope":
        try:
            context.manager.offer_process(name, context.pid)
        except RequestError as error:
            raise RequestError(f"{failed}{error}", error.exit_code) from None
    context.manager.hold_unit(name)
    if wish.streams:
        fds, context.fds[:] = list(context.fds), []
        context.manager.hand_streams(name, fds)
    return name


def _check_name(name: str, kind: str, failed: str) -> None:
    if not names.is_valid(name):
        raise RequestError(f"{failed}Unit name {name} is not valid.")
    if names.is_template(name):
        raise RequestError(f"{failed}Unit name {name} is missing the instance name.")
    type_name = name.rpartition(".")[2]
    if type_name not in TRANSIENT_TYPES:
        raise RequestError(f"{failed}Unit type {type_name} does not support transient units.")
    if kind not in KINDS or type_name != kind:
        raise RequestError(f"{failed}Cannot set property {KINDS.get(kind, kind)}, or unknown property.")


def _slice_of(context: Context) -> str:
    unit = context.manager.unit_of_pid(context.pid)
    record = context.manager.engine.find(unit) if unit else None
    return record.unit.slice if record is not None and record.unit.slice else "-.slice"


def assign(unit: str, settings: Sequence[Tuple[str, str]], failed: str) -> List[Assigned]:
    """Each setting with the section that it stands in. Raises RequestError for the first one that cannot be used."""
    found = []
    for name, value in settings:
        found.append(Assigned(section_of(unit, name, value), name, value))
        why = refusal(unit, found[-1])
        if why:
            raise RequestError(f"{failed}Invalid {name} setting: {value}" if why.startswith("not one of") else
                               f"Failed to parse {name}={value}: Invalid argument")
    return found


def section_of(unit: str, name: str, value: str) -> str:
    """Raises RequestError."""
    sections = PARSERS[unit.rpartition(".")[2]]
    for section in sorted(sections, key=lambda title: title == "Unit"):
        if name in sections[section] and section != "Install":
            return section
    raise RequestError(f"Unknown assignment: {name}={value}")


def refusal(unit: str, setting: Assigned) -> str:
    """What the directive's parser has against the value; "" when nothing."""
    if "\n" in setting.value or "\r" in setting.value or setting.value.endswith("\\"):
        return "Invalid argument"
    build = Build(unit, Specifiers(unit, Host("", False), ""))
    parse, target, field, _ = PARSERS[unit.rpartition(".")[2]][setting.section][setting.name]
    try:
        parse(build, build.classes[target], field, setting.value)
    except ValueError as error:
        return str(error)
    return build.warnings[0].partition(": ")[2] if build.warnings else ""


def unit_text(settings: Sequence[Assigned]) -> str:
    lines, section = [HEADER], ""
    for setting in settings:
        if setting.section != section:
            lines += ([""] if section else []) + [f"[{setting.section}]"]
            section = setting.section
        if setting.name.startswith("Exec") and not any(line.startswith(f"{setting.name}=") for line in lines):
            lines.append(f"{setting.name}=")        # what an earlier file may have said
        lines.append(f"{setting.name}={setting.value}")
    return "\n".join(lines) + "\n"


# ---- the unit's life ------------------------------------------------------------------------------------------------


def _run(context: Context, wish: Wish, name: str, token: str, failed: str) -> Steps:
    waiter = Waiter(context)
    try:
        if token == "":
            try:
                job = context.manager.engine_submit(name, JobType.START, JobMode.FAIL)
            except RequestError as error:
                raise RequestError(f"{failed}{error}", error.exit_code) from None
            waiter.want(job.id, name)
            context.manager.pump()
        elif token != WAITING_FOR_END:
            waiter.resume(token, context)
        if token != WAITING_FOR_END:
            if not wish.no_block:
                yield Pause(waiter.is_over, f"{name} {waiter.token()}")
                results = [result for _, result in waiter.results() if result not in (JobResult.DONE, JobResult.SKIPPED)]
                if results and not wish.wait:
                    for line in job_error(context, name, results[0]):
                        context.warn(line)
                    return 1
            context.data(json.dumps(_begun(context.manager, name)))
    finally:
        waiter.close()
    if wish.wait:
        yield Pause(lambda: is_down(context.manager, name), f"{name} {WAITING_FOR_END}")
        context.data(json.dumps(_ended(context.manager, name)))
    return 0


WAITING_FOR_END = "end"


def is_down(manager: ManagerApi, name: str) -> bool:
    record = manager.engine.find(name)
    return record is None or (record.active in (Active.INACTIVE, Active.FAILED) and record.job is None)


def _begun(manager: ManagerApi, name: str) -> Dict[str, Any]:
    record = manager.engine.find(name)
    return {"unit": name, "invocation_id": record.invocation_id if record else ""}


def _ended(manager: ManagerApi, name: str) -> Dict[str, Any]:
    record: Optional[UnitRecord] = manager.engine.find(name)
    if record is None:      # whoever had it forgotten has not asked us
        return {"result": "unknown", "code": 0, "status": 0, "runtime_usec": 0, "cpu_usec": 0}
    began, ended = record.inactive_exit_usec, record.inactive_enter_usec
    last = record.main_exec
    return {"result": record.result.value, "code": last.code, "status": last.status,
            "runtime_usec": ended - began if 0 < began <= ended else 0, "cpu_usec": record.cpu_usec}
