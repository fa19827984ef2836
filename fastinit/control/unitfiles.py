"""Verbs about unit files: enable, disable, mask, preset, link, edit, is-enabled, list-unit-files and their kin.

In:  Context.   Out: links and files below the root (fastinit.units.install makes them), systemd's lines about them.
After a change a running manager reads its files again (unless --no-reload), and --now starts or stops the units.
Source: systemctl(1) v257, "Unit File Commands".
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shlex
import subprocess
import sys
import tempfile
from typing import Callable, Iterator, List, Optional, Protocol, Sequence, Tuple, cast

from fastinit.control.jobs import JOB_VERBS, run_jobs
from fastinit.control.options import UsageError
from fastinit.control.render import table
from fastinit.control.render.style import UTF8, Style
from fastinit.control.render.table import Cell, CellLike
from fastinit.control.request import Context, MustRunLocally, Pause, Steps
from fastinit.control.selection import complete, expand, is_pattern, list_matcher
from fastinit.errors import RequestError
from fastinit.units.directives import PARSERS
from fastinit.units.model import Unit

# is-enabled: these are "yes"; every other state is exit code 1, a missing unit 4.
ENABLED = frozenset(("enabled", "enabled-runtime", "alias", "static", "indirect", "generated", "transient"))
NOT_FOUND = 4
_STATE_COLOURS = {"enabled": "green", "enabled-runtime": "green", "static": "green", "alias": "green", "generated": "green",
                  "indirect": "yellow", "disabled": "yellow", "masked": "red", "masked-runtime": "red", "bad": "red"}
NO_INSTALL = """\
The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,
Also=, or Alias= settings in the [Install] section, and DefaultInstance= for
template units). This means they are not meant to be enabled or disabled using systemctl.

Possible reasons for having these kinds of units are:
{0} A unit may be statically enabled by being symlinked from another unit's
  .wants/, .requires/, or .upholds/ directory.
{0} A unit's purpose may be to act as a helper for some other unit which has
  a requirement dependency on it.
{0} A unit may be started when needed via activation (socket, path, timer,
  D-Bus, udev, scripted systemctl call, ...).
{0} In case of template units, the unit is meant to be enabled with some
  instance name specified.
"""


class Change(Protocol):
    """kind: "symlink" (path -> source was made), "unlink" (path was removed), "warning" (source is a line for stderr)."""

    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def source(self) -> str: ...


class Done(Protocol):
    """has_install: at least one of the units has an [Install] section (enable, reenable, preset)."""

    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def has_install(self) -> bool: ...


class InstallerApi(Protocol):
    """What fastinit.units.install.Installer(root, runtime=…, force=…, user=…, global_=…) offers; RequestError in systemd's words.
    Paths in changes hold the root."""

    def enable(self, names: Sequence[str]) -> Done: ...
    def disable(self, names: Sequence[str]) -> Done: ...
    def reenable(self, names: Sequence[str]) -> Done: ...
    def preset(self, names: Sequence[str], mode: str) -> Done: ...
    def preset_all(self, mode: str) -> Done: ...
    def mask(self, names: Sequence[str]) -> Done: ...
    def unmask(self, names: Sequence[str]) -> Done: ...
    def link(self, paths: Sequence[str]) -> Done: ...
    def revert(self, names: Sequence[str]) -> Done: ...
    def add_dependency(self, kind: str, target: str, names: Sequence[str]) -> Done: ...
    def set_default(self, target: str) -> Done: ...
    def get_default(self) -> str: ...
    def state(self, name: str) -> str: ...          # "" = no such unit file
    def preset_of(self, name: str) -> str: ...      # "enabled", "disabled", "ignored", "" = does not apply
    def unit_files(self) -> Sequence[str]: ...      # every name, sorted


def installer(context: Context) -> InstallerApi:
    options = context.options
    if importlib.util.find_spec("fastinit.units.install") is None:
        raise RequestError(f"Failed to {context.verb}: this build of fastinit has no unit file verbs (fastinit.units.install).")
    make = getattr(importlib.import_module("fastinit.units.install"), "Installer")      # noqa: B009
    made = make(context.root, runtime=options.runtime, force=bool(options.force), user=options.user, global_=options.global_)
    return cast(InstallerApi, made)


def state_and_preset(context: Context, unit: Unit) -> Tuple[str, str]:
    """(UnitFileState=, UnitFilePreset=) of a loaded unit; "" where there is no file to have one."""
    if not unit.fragment_path and unit.load_state != "masked":
        return "", ""
    if importlib.util.find_spec("fastinit.units.install") is None:
        return "", ""       # a build without unit file verbs: they themselves say so
    files = installer(context)
    return files.state(unit.name), files.preset_of(unit.name)


# ---- verbs that change files ----------------------------------------------------------------------------------------


def _names(context: Context, words: Sequence[str]) -> List[str]:
    """Names and paths; patterns make no sense for what is not in memory."""
    found = []
    for word in words:
        if is_pattern(word):
            raise UsageError(f"Glob pattern passed to {context.verb}, but globs are not supported for this.")
        found.append(word if word.startswith("/") else complete(word))
    return found


def _report(context: Context, done: Done) -> None:
    if context.options.quiet:
        return
    arrow = UTF8.arrow if context.terminal.utf8 else "->"
    for change in done.changes:
        if change.kind == "symlink":
            context.warn(f"Created symlink '{change.path}' {arrow} '{change.source}'.")
        elif change.kind == "unlink":
            context.warn(f"Removed '{change.path}'.")
        else:
            context.warn(change.source)


def _reload(context: Context) -> None:
    if context.is_live and not context.options.no_reload and not context.root:
        context.manager.daemon_reload()


def _changing(act: Callable[[Context, InstallerApi, List[str]], Done], now: str = "", wants_install: bool = False,
              ) -> Callable[[Context], Steps]:
    """A verb: act, report, reload, and with --now the job verb `now` on the same units."""
    def run(context: Context) -> Steps:
        units = _names(context, context.args)
        done = act(context, installer(context), units)
        yield Pause()
        _report(context, done)
        _reload(context)
        if wants_install and not done.has_install and not context.options.quiet and not context.options.no_warn:
            bullet = UTF8.bullet if context.terminal.utf8 else "*"
            context.error(NO_INSTALL.format(bullet))
        if context.options.now and now and context.is_live:
            plain = [os.path.basename(name) for name in units if not name.partition("@")[2].startswith(".")]
            return (yield from run_jobs(context, JOB_VERBS[now], plain))
        return 0
    return run


enable = _changing(lambda _context, files, units: files.enable(units), "start", wants_install=True)
disable = _changing(lambda _context, files, units: files.disable(units), "stop", wants_install=True)
reenable = _changing(lambda _context, files, units: files.reenable(units), "start", wants_install=True)
preset = _changing(lambda context, files, units: files.preset(units, context.options.preset_mode), wants_install=True)
preset_all = _changing(lambda context, files, _units: files.preset_all(context.options.preset_mode))
mask = _changing(lambda _context, files, units: files.mask(units), "stop")
unmask = _changing(lambda _context, files, units: files.unmask(units))
link = _changing(lambda _context, files, units: files.link(units))
revert = _changing(lambda _context, files, units: files.revert(units))
add_dependency = _changing(lambda context, files, units: files.add_dependency(
    "Wants" if context.verb == "add-wants" else "Requires", units[0], units[1:]))


def set_default(context: Context) -> int:
    done = installer(context).set_default(complete(context.args[0], ".target"))
    _report(context, done)
    _reload(context)
    return 0


def get_default(context: Context) -> int:
    context.say(installer(context).get_default())
    return 0


# ---- verbs that look ------------------------------------------------------------------------------------------------


def is_enabled(context: Context) -> int:
    files, found, all_missing = installer(context), False, True
    for name in _names(context, context.args):
        state = files.state(name) or "not-found"
        all_missing = all_missing and state == "not-found"
        found = found or state in ENABLED
        if not context.options.quiet:
            context.say(state)
    return 0 if found else NOT_FOUND if all_missing else 1


def list_unit_files(context: Context) -> Steps:
    options, files = context.options, installer(context)
    matches = list_matcher(context.args)
    rows: List[Tuple[str, str, str]] = []
    for at, name in enumerate(files.unit_files()):
        if not matches(name) or (options.types and name.rpartition(".")[2] not in options.types):
            continue
        state = files.state(name)
        if not options.states or state in options.states:
            rows.append((name, state, files.preset_of(name)))
        if at % 50 == 49:
            yield Pause()
    rows.sort(key=lambda row: (row[0].rpartition(".")[2], row[0].lower()))
    for line in _file_table(Style(context.terminal), context, rows):
        context.say(line)
    return 0 if rows or not context.args else 1


def _file_table(style: Style, context: Context, rows: Sequence[Tuple[str, str, str]]) -> Iterator[str]:
    options = context.options
    if options.output.startswith("json"):
        yield table.as_json(("unit_file", "state", "preset"), [(name, state, preset_ or None) for name, state, preset_ in rows],
                            options.output == "json-pretty")
        return
    cells: List[List[CellLike]] = [
        [name, Cell(state, _STATE_COLOURS.get(state, "")), Cell(preset_ or "-", _STATE_COLOURS.get(preset_, ""))]
        for name, state, preset_ in rows]
    yield from table.lines(style, ("UNIT FILE", "STATE", "PRESET"), cells, show_header=options.show_legend(), shrink=(0,),
                           ellipsize=not options.full)
    if options.show_legend():
        yield ""
        yield f"{len(rows)} unit files listed."


# ---- set-property, edit ---------------------------------------------------------------------------------------------


def _section_of(name: str, directive: str) -> str:
    """The section of the unit's type that knows it, or [Unit]. Raises RequestError for an unknown one."""
    sections = PARSERS[name.rpartition(".")[2]]
    for section in sorted(sections, key=lambda title: title in ("Unit", "Install")):
        if directive in sections[section] and section != "Install":
            return section
    raise RequestError(f"Failed to set unit properties on {name}: Cannot set property {directive}, or unknown property.")


def set_property(context: Context) -> int:
    """A drop-in per property, below system.control: the same place and names as systemd's."""
    unit, *assignments = context.args
    name = complete(unit)
    base = "/run" if context.options.runtime else "/etc"
    directory = f"{context.root}{base}/systemd/system.control/{name}.d"
    for assignment in assignments:
        directive, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"Not an assignment: {assignment}")
        section = _section_of(name, directive)
        text = f'# Made by "systemctl set-property"; "systemctl revert {name}" removes it.\n[{section}]\n{directive}={value}\n'
        write_file(f"{directory}/50-{directive}.conf", text)
    _reload(context)
    return 0


def write_file(path: str, text: str) -> None:
    """Whole or not at all. Raises RequestError."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = f"{path}.{os.getpid()}.new"
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise RequestError(f"Failed to write {path}: {error.strerror}") from None


def edit(context: Context) -> int:
    """In the client: the editor wants the terminal. The manager is told afterwards (fastinit.cli.local)."""
    if context.is_live:
        raise MustRunLocally("edit")
    if not sys.stdin.isatty() and not context.options.stdin:
        context.warn("Cannot edit units if not on a tty.")
        return 1
    if context.options.stdin and not context.options.full and not context.options.drop_in and len(context.args) > 1:
        raise UsageError("With 'edit --stdin', --full or --drop-in= is needed for more than one unit.")
    for name in expand(context.args, context.manager.engine.units):
        unit = context.manager.engine.get(name).unit
        if unit.load_state == "masked":
            context.warn(f"Cannot edit {name}: unit is masked.")
            return 1
        if not unit.fragment_path and not (context.options.full and context.options.force):
            context.warn(f"No files found for {name}.\nRun 'systemctl edit --force --full {name}' to create a new unit.")
            return 1
        path, text = _edited_file(context, unit)
        new = sys.stdin.read() if context.options.stdin else _run_editor(path, text)
        if not new.strip():
            context.warn(f"Edited '{path}' is empty, nothing is written.")
            return 1
        write_file(path, new)
        context.warn(f"Successfully installed edited file '{path}'.")
    return 0


def _edited_file(context: Context, unit: Unit) -> Tuple[str, str]:
    """(where it goes, what it holds now)."""
    base = f"{context.root}/{'run' if context.options.runtime else 'etc'}/systemd/system"
    if context.options.full:
        return f"{base}/{unit.name}", _read(unit.fragment_path)
    name = context.options.drop_in or "override.conf"
    path = f"{base}/{unit.name}.d/{name if name.endswith('.conf') else name + '.conf'}"
    return path, _read(path)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


EDITORS = ("editor", "nano", "vim", "vi")


def _run_editor(path: str, text: str) -> str:
    """Raises RequestError."""
    with tempfile.NamedTemporaryFile("w+", prefix=os.path.basename(path) + ".", suffix=".tmp", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        variables = (os.environ.get(name) for name in ("SYSTEMD_EDITOR", "EDITOR", "VISUAL"))
        chosen: Optional[str] = next(filter(None, variables), None)
        for command in ([shlex.split(chosen)] if chosen else [[name] for name in EDITORS]):
            try:
                if subprocess.run([*command, file.name], check=False).returncode:
                    raise RequestError("Editing failed: the editor ended with an error.")
                return _read(file.name)
            except FileNotFoundError:
                continue
    raise RequestError("Cannot edit units, no editor available. Please set either $SYSTEMD_EDITOR, $EDITOR or $VISUAL.")
