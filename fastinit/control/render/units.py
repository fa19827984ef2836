"""list-units and list-jobs.

In:  records and jobs.   Out: lines.
Source: systemctl 257's tables and legends."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Mapping, Optional, Tuple

from fastinit.control.options import Options
from fastinit.control.render import table
from fastinit.control.render.style import Style
from fastinit.control.render.table import Cell, CellLike
from fastinit.plan.record import Job, UnitRecord

_ACTIVE_COLOURS = {"inactive": "grey", "activating": "white", "deactivating": "white", "reloading": "white",
                   "refreshing": "white", "maintenance": "white"}
_LOAD_COLOURS = {"error": "red", "not-found": "yellow", "bad-setting": "red", "masked": "red"}


def sort_key(name: str) -> Tuple[str, str]:
    """By type, then by name without regard to case."""
    return name.rpartition(".")[2], name.lower()


def is_shown(record: UnitRecord, options: Options) -> bool:
    """Whether list-units without patterns shows it."""
    if options.types and record.unit.type not in options.types:
        return False
    if options.states:
        return not {record.unit.load_state, record.active.value, record.sub.value}.isdisjoint(options.states)
    return options.all or record.active.value != "inactive" or record.job is not None


def description(record: UnitRecord) -> str:
    return record.unit.description or record.unit.name


def list_units(style: Style, options: Options, records: List[UnitRecord], jobs: Mapping[int, Job]) -> table.Lines:
    """records: those to show, sorted."""
    with_jobs = bool(jobs) and any(record.job in jobs for record in records if record.job is not None)
    if options.output.startswith("json"):
        yield from _json(options, records, jobs, with_jobs)
        return
    headers = ["UNIT", "LOAD", "ACTIVE", "SUB"] + (["JOB"] if with_jobs else []) + ["DESCRIPTION"]
    first = 1 if options.plain else 0
    headers = ["", *headers][first:]
    rows = (_row(style, record, jobs, with_jobs)[first:] for record in records)
    types = [record.unit.type for record in records]
    ends = [at for at, (one, other) in enumerate(zip(types, types[1:])) if one != other]
    yield from table.lines(style, headers, rows, show_header=options.show_legend(),
                           ellipsize=not options.full, underlined=ends)
    if options.show_legend():
        yield from _legend(style, options, len(records), with_jobs)


def _row(style: Style, record: UnitRecord, jobs: Mapping[int, Job], with_jobs: bool) -> List[CellLike]:
    load, active = record.unit.load_state, record.active.value
    on_load = _LOAD_COLOURS.get(load, "")
    sub = record.sub.value
    on_active = "red" if active == "failed" else _ACTIVE_COLOURS.get(active, "")
    on_sub = on_active or ("grey" if sub in ("exited", "dead") else "")
    has_circle = on_load or active not in ("active", "inactive")
    circle = Cell(style.glyphs.circle, "yellow" if on_load else on_active) if has_circle else " "
    row: List[CellLike] = [circle, Cell(record.unit.name, on_active), Cell(load, on_load), Cell(active, on_active),
                           Cell(sub, on_sub)]
    if with_jobs:
        job = jobs.get(record.job or 0)
        row.append(job.type.value if job is not None else "")
    return [*row, description(record)]


def _legend(style: Style, options: Options, count: int, with_jobs: bool) -> Iterator[str]:
    if count:
        arrow = style.glyphs.arrow
        yield ""
        yield style.paint(f"Legend: LOAD   {arrow} Reflects whether the unit definition was properly loaded.", "grey")
        yield style.paint(f"        ACTIVE {arrow} The high-level unit activation state, i.e. generalization of SUB.", "grey")
        yield style.paint(f"        SUB    {arrow} The low-level unit activation state, values depend on unit type.", "grey")
        if with_jobs:
            yield style.paint(f"        JOB    {arrow} Pending job for the unit.", "grey")
    yield ""
    total = style.paint(f"{count} loaded units listed.", "bold" if count else "red")
    if options.all or "inactive" in options.states:
        yield total
    elif not options.states:
        yield f"{total} {style.paint('Pass --all to see loaded but inactive units, too.', 'grey')}"
    else:
        yield f"{count} loaded units listed."
        return
    yield style.paint("To show all installed unit files use 'systemctl list-unit-files'.", "grey")


def _json(options: Options, records: List[UnitRecord], jobs: Mapping[int, Job], with_jobs: bool) -> table.Lines:
    def row(record: UnitRecord) -> Tuple[object, ...]:
        job: Optional[Job] = jobs.get(record.job or 0)
        head: Tuple[object, ...] = (record.unit.name, record.unit.load_state, record.active.value, record.sub.value)
        return head + ((job.type.value if job else "",) if with_jobs else ()) + (description(record),)

    keys = ("unit", "load", "active", "sub", *(("job",) if with_jobs else ()), "description")
    yield from table.as_json(keys, map(row, records), options.output == "json-pretty")


def list_jobs(style: Style, options: Options, jobs: Iterable[Job]) -> table.Lines:
    chosen = list(jobs)
    if options.output.startswith("json") and chosen:
        yield from table.as_json(("job", "unit", "type", "state"),
                                 [(job.id, job.unit, job.type.value, job.state.value) for job in chosen],
                                 options.output == "json-pretty")
        return
    if not chosen:
        if options.show_legend() and not options.output.startswith("json"):
            yield style.paint("No jobs running.", "green") if style.colours else "No jobs running."
        return
    rows = [(str(job.id), job.unit, job.type.value, job.state.value) for job in chosen]
    yield from table.lines(style, ("JOB", "UNIT", "TYPE", "STATE"), rows, show_header=options.show_legend(), right=(0,),
                           ellipsize=not options.full)
    if options.show_legend():
        yield ""
        yield style.paint(f"{len(chosen)} jobs listed.", "bold")
