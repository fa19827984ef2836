"""list-units and list-jobs.

In:  records and jobs.   Out: lines.
Source: systemctl 257's tables and legends.
"""

from __future__ import annotations

from typing import Iterable, Iterator, List, Mapping, Optional, Tuple

from fastinit.control.options import Options
from fastinit.control.render import table
from fastinit.control.render.style import Style
from fastinit.control.render.table import Cell, CellLike
from fastinit.plan.record import Job, UnitRecord

_BAD_LOAD = ("error", "not-found", "bad-setting", "masked")


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


def list_units(style: Style, options: Options, records: List[UnitRecord], jobs: Mapping[int, Job]) -> Iterator[str]:
    """records: those to show, sorted."""
    with_jobs = any(record.job in jobs for record in records if record.job is not None)
    if options.output.startswith("json"):
        yield _json(options, records, jobs)
        return
    headers = ["UNIT", "LOAD", "ACTIVE", "SUB"] + (["JOB"] if with_jobs else []) + ["DESCRIPTION"]
    rows = [_row(style, record, jobs, with_jobs) for record in records]
    if not options.plain:
        headers = ["", *headers]
    else:
        rows = [row[1:] for row in rows]
    last = len(headers) - 1
    yield from table.lines(style, headers, rows, show_header=options.show_legend(),
                           shrink=(last, 0 if options.plain else 1), ellipsize=not options.full)
    if options.show_legend():
        yield from _legend(style, options, len(records), with_jobs)


def _row(style: Style, record: UnitRecord, jobs: Mapping[int, Job], with_jobs: bool) -> List[CellLike]:
    load, active = record.unit.load_state, record.active.value
    on_load = "yellow" if load in _BAD_LOAD else ""
    on_active = "red" if active == "failed" and not on_load else ""
    circle = Cell(style.glyphs.circle, on_load or on_active) if on_load or on_active else " "
    row: List[CellLike] = [circle, Cell(record.unit.name, on_load or on_active), Cell(load, on_load), Cell(active, on_active),
                           Cell(record.sub.value, on_active)]
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
        yield f"{total} Pass --all to see loaded but inactive units, too."
    else:
        yield f"{count} loaded units listed."
        return
    yield "To show all installed unit files use 'systemctl list-unit-files'."


def _json(options: Options, records: List[UnitRecord], jobs: Mapping[int, Job]) -> str:
    keys = ("unit", "load", "active", "sub", "description")
    with_jobs = any(record.job in jobs for record in records if record.job is not None)
    rows: List[Tuple[object, ...]] = []
    for record in records:
        job: Optional[Job] = jobs.get(record.job or 0)
        head: Tuple[object, ...] = (record.unit.name, record.unit.load_state, record.active.value, record.sub.value)
        rows.append(head + ((job.type.value if job else None,) if with_jobs else ()) + (description(record),))
    return table.as_json(keys[:4] + (("job",) if with_jobs else ()) + keys[4:], rows, options.output == "json-pretty")


def list_jobs(style: Style, options: Options, jobs: Iterable[Job]) -> Iterator[str]:
    chosen = list(jobs)
    if options.output.startswith("json"):
        yield table.as_json(("job", "unit", "type", "state"),
                            [(job.id, job.unit, job.type.value, job.state.value) for job in chosen],
                            options.output == "json-pretty")
        return
    if not chosen:
        if options.show_legend():
            yield style.paint("No jobs running.", "green") if style.colours else "No jobs running."
        return
    rows = [(str(job.id), job.unit, job.type.value, job.state.value) for job in chosen]
    yield from table.lines(style, ("JOB", "UNIT", "TYPE", "STATE"), rows, show_header=options.show_legend(), shrink=(1,),
                           right=(0,), ellipsize=not options.full)
    if options.show_legend():
        yield ""
        yield style.paint(f"{len(chosen)} jobs listed.", "bold")
