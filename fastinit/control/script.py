"""Verbs that only the Python script has that many images use today: questions about units, in its words.

In:  Context.   Out: text.
Never: shows an ordinary user what only root may read (EnvironmentFile=, the environment of PID 1).
"""

from __future__ import annotations

import re
import shlex
from typing import Dict, List

from fastinit.control.query import LSB_UNKNOWN, log_entries
from fastinit.control.request import Context, Pause, Steps
from fastinit.control.selection import expand
from fastinit.run import environment

_SPLITS = re.compile(r"[\s\"'\\;]")      # what ends or quotes a word of ExecStart=
_PULLS = ("Requires", "Wants", "BindsTo")
LOG_LINES = 1000        # of `log` without -n: what a manager reads without keeping others waiting


def list_start_dependencies(context: Context) -> Steps:
    """What would be started with these units and why, what must be up first before what needs it."""
    engine = context.manager.engine
    found: Dict[str, str] = {}
    begun: Dict[str, str] = {}

    def visit(name: str, why: str) -> None:
        if name in begun:
            return
        begun[name] = why
        unit = engine.get(name).unit
        for kind in _PULLS:
            for other in unit.dependencies.get(kind, ()):
                visit(other, kind)
        if unit.load_state == "loaded":
            found[name] = why

    for name in expand(context.args, engine.units):
        visit(name, "Requested")
        yield Pause()
    for name, why in found.items():
        context.say(f"{name}\t({why})")
    return 0


def unit_environment(context: Context) -> int:
    """The variables that a start of the units would set, sorted; for an ordinary user those of the unit files alone."""
    manager, may_see = context.manager, context.uid == 0 or not context.is_live
    for name in expand(context.args, manager.engine.units):
        unit = manager.engine.get(name).unit
        if unit.load_state == "not-found":
            context.warn(f"Unit {name} could not be found.")
            return LSB_UNKNOWN
        files: Dict[str, str] = {}
        block = dict(manager.environment)
        extra: List[str] = []
        if may_see:
            block = {**manager.inherited_environment, **block}
            extra = [*manager.extra_environment(), *context.options.extra]
            try:
                files = environment.read_files(unit.context.environment_files, context.warn)
            except environment.EnvironmentFileError as error:
                context.warn(f"{unit.name}: {error}")
                return 1
        found = environment.assemble(unit.context, block, {}, manager.inherited_environment if may_see else {}, files)
        found.update(environment.read_extra(extra, context.warn))
        for variable in sorted(found):
            context.say(f"{variable}={found[variable]}")
    return 0


def unit_command(context: Context) -> int:
    """The command lines that a start runs, as ExecStart= has them: variables by name, no prefix, quotes where words need them."""
    for name in expand(context.args, context.manager.engine.units):
        unit = context.manager.engine.get(name).unit
        if unit.load_state == "not-found":
            context.warn(f"Unit {name} could not be found.")
            return LSB_UNKNOWN
        if unit.service is None:
            context.warn(f"Unit {name} has no commands.")
            return 1
        for command in unit.service.exec_start:
            context.say(" ".join(map(_quoted, (command.path, *command.argv[1:]))))
    return 0


def _quoted(word: str) -> str:
    return word if word and not _SPLITS.search(word) else shlex.quote(word)


def unit_log(context: Context) -> Steps:
    options = context.options
    if not options.lines_given:
        options.lines = LOG_LINES
    for name in expand(context.args, context.manager.engine.units):
        for line in log_entries(context, name):
            context.say(line)
        yield Pause()
    return 0
