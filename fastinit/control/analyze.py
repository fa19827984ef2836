"""systemd-analyze's side of the manager: all units with their times and relations in one answer.

In:  "systemd-analyze units RELATION…" or "systemd-analyze dump PATTERN…".   Out: frames.DATA, the manager's times first and then
UNITS_PER_FRAME units in each frame; of a dump, text.
Never: computes or draws what a client can; loads a unit other than default.target.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Sequence

from fastinit.control.render import dump
from fastinit.control.render.properties.unit import RELATIONS
from fastinit.control.request import Context, Pause, Steps
from fastinit.control.selection import matcher
from fastinit.errors import RequestError
from fastinit.plan.record import UnitRecord

PROGRAM = "systemd-analyze"
UNITS_PER_FRAME = 100


def serve(context: Context, argv: Sequence[str]) -> Steps:
    """Raises RequestError on what no client of ours sends."""
    what, words = (argv[1] if len(argv) > 1 else ""), argv[2:]
    if what == "units" and set(words) <= set(RELATIONS):
        return (yield from _units(context, words))
    if what == "dump":
        return (yield from _dump(context, words))
    raise RequestError("Bad request: malformed wish of systemd-analyze")


def _units(context: Context, relations: Sequence[str]) -> Steps:
    engine = context.manager.engine
    default = engine.get("default.target").unit.name
    context.data(json.dumps({"stamps": context.manager.stamps, "default": default}))
    names = sorted(engine.units)
    for first in range(0, len(names), UNITS_PER_FRAME):
        records = [engine.find(name) for name in names[first:first + UNITS_PER_FRAME]]
        found = [_unit(context, record, relations) for record in records if record is not None]
        context.data(json.dumps({"units": found}))
        yield Pause()
    return 0


def _unit(context: Context, record: UnitRecord, relations: Sequence[str]) -> Dict[str, Any]:
    name = record.unit.name
    return {"name": name, "activating": record.inactive_exit_usec, "activated": record.active_enter_usec,
            "deactivating": record.active_exit_usec, "deactivated": record.inactive_enter_usec,
            "relations": {kind: _related(context, name, kind) for kind in relations}}


def _related(context: Context, name: str, kind: str) -> List[str]:
    return list(context.manager.engine.related(name, kind))


def _dump(context: Context, patterns: Sequence[str]) -> Steps:
    """Without patterns of the manager, too."""
    matches = matcher(patterns)
    if not patterns:
        for line in dump.manager_lines(context):
            context.say(line)
    for name in sorted(context.manager.engine.units):
        record = context.manager.engine.find(name)
        if record is None or not any(map(matches, record.unit.names or (name,))):
            continue
        for line in dump.unit_lines(context, record):
            context.say(line)
        yield Pause()
    if not patterns:
        for _, job in sorted(context.manager.engine.jobs.items()):
            for line in dump.job_lines(job):
                context.say(line)
    return 0
