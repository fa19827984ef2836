"""Verbs about unit files: enable, disable, mask, preset, link, edit, is-enabled, list-unit-files and their kin.

In:  Context.   Out: links and files below the root (fastinit.units.install makes them), systemd's lines about them.
After a change a running manager reads its files again (unless --no-reload), and --now starts or stops the units.
Source: systemctl(1) v257, "Unit File Commands".
"""

from __future__ import annotations

import errno
import os
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from fastinit.control import scripts
from fastinit.control.jobs import JOB_VERBS, run_jobs
from fastinit.control.options import UsageError
from fastinit.control.render import table
from fastinit.control.render.style import UTF8, Style
from fastinit.control.render.table import Cell, CellLike
from fastinit.control.request import Context, Pause, Steps, print_all
from fastinit.control.selection import complete, is_pattern, list_matcher
from fastinit.errors import RequestError
from fastinit.units import install, names, sysv
from fastinit.units.build import Build
from fastinit.units.directives import PARSERS, TABLE
from fastinit.units.enablement import NO_PRESET, Enablement
from fastinit.units.install import Change, Done, Installer
from fastinit.units.install_info import Context as InstallContext
from fastinit.units.model import Unit
from fastinit.units.parsers.resources import memory
from fastinit.units.presets import PAST, load_presets
from fastinit.units.specifiers import Host, Specifiers
from fastinit.units.unitdirs import GLOBAL, SYSTEM, USER, FileError, UnitDirs
from fastinit.units.values import parse_size

# is-enabled: these are "yes"; every other state, "transient" too whatever its page says, is exit code 1, a missing unit 4.
ENABLED = frozenset(("enabled", "enabled-runtime", "alias", "static", "indirect", "generated"))
NOT_FOUND = 4
_STATE_COLOURS = {"enabled": "green", "enabled-runtime": "green", "static": "green", "alias": "green", "generated": "green",
                  "indirect": "yellow", "disabled": "yellow", "masked": "red", "masked-runtime": "red", "bad": "red"}
NO_INSTALL = """\
The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,
Also=, or Alias= settings in the [Install] section, and DefaultInstance= for
template units). This means they are not meant to be enabled or disabled using systemctl.
{1}
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


# What the errno of a change means, in systemd's words; any other is "Failed to VERB unit PATH: what strerror() says".
_WORDS: Dict[int, str] = {
    errno.EEXIST: "File '{path}' already exists", errno.ERFKILL: "Unit {path} is masked",
    errno.EADDRNOTAVAIL: "Unit {path} is transient or generated", errno.EBADSLT: "Invalid specifier in unit {path}",
    errno.EIDRM: "Refusing to operate on template unit {source} when destination unit {path} is a non-template unit",
    errno.EUCLEAN: "Invalid unit name {path}", errno.ELOOP: "Refusing to operate on linked unit file {path}",
    errno.EXDEV: "Invalid unit reference {path}", errno.ENOENT: "Unit {path} does not exist",
    errno.ENOLINK: "Unit {path} is an unresolvable alias", errno.EUNATCH: "Cannot resolve specifiers in unit {path}",
}
_LINES = {
    install.UNLINK: "Removed '{path}'.", install.IS_MASKED: "Unit {path} is masked, ignoring.",
    install.IS_DANGLING: "Unit {path} is an alias to a non-existent unit, ignoring.",
    install.NO_DESTINATION: "Unit {source} is added as a dependency to a non-existent unit {path}.",
    install.AUXILIARY_FAILED: "Failed to enable auxiliary unit {path}, ignoring.",
    install.MASKED_BY_GENERATOR: "Unit {path} is masked via a generator and cannot be unmasked, skipping.",
}
# "Failed to …": without a manager, and what one answers.
_FAILED_TO = {
    "add-wants": ("add dependency on unit", "add dependency"), "add-requires": ("add dependency on unit", "add dependency"),
    "set-default": ("set default unit", "set default target"), "preset-all": ("preset unit", "preset all units"),
}
_GLOB_WORDS = {"is-enabled": "to check", "set-default": "set-default"}


def scope_of(context: Context) -> str:
    if context.options.global_:
        return GLOBAL
    return USER if context.options.user or context.manager.loader.user else SYSTEM


def unit_dirs(context: Context) -> UnitDirs:
    return UnitDirs(context.root, scope_of(context), context.manager.loader.host if not context.options.global_ else None)


def installer(context: Context) -> Installer:
    return Installer(runtime=context.options.runtime, force=bool(context.options.force), dirs=unit_dirs(context))


def state_and_preset(context: Context, unit: Unit) -> Tuple[str, str]:
    """(UnitFileState=, UnitFilePreset=) of a loaded unit; "" where there is no file to have one."""
    is_script = sysv.stands_for(unit)
    if not unit.fragment_path and unit.load_state != "masked" and not is_script:
        return "", ""
    if context.enablement is None:
        dirs = unit_dirs(context)
        context.enablement = (Enablement(dirs), load_presets(dirs.root, dirs.kind))
    enablement, rules = context.enablement
    state = "generated" if is_script else enablement.state_or_bad(unit.name)
    return state, PAST[rules.query(unit.name).action]


# ---- verbs that change files ----------------------------------------------------------------------------------------


def _names(context: Context, words: Sequence[str]) -> List[str]:
    """Names and absolute paths; a pattern is taken for a strange name, as systemctl does."""
    found = []
    for word in words:
        if "/" in word:
            found.append(os.path.normpath(os.path.join(context.terminal.cwd, word)))
            continue
        name = _mangle(context, word, ".service", "unit name or path")
        found.append(name)
    return found


def _mangle(context: Context, word: str, suffix: str, what: str) -> str:
    """Raises UsageError."""
    try:
        name = names.mangle(word, suffix)
    except ValueError:
        quoted = f" '{word}'" if "path" in what else ""
        raise UsageError(f"Failed to mangle {what}{quoted}: Invalid argument") from None
    if "\\x" in name and "\\x" not in word:
        if is_pattern(word):
            is_target = context.verb.startswith("add-") and suffix == ".target"
            operation = "as target" if is_target else _GLOB_WORDS.get(context.verb, f"to {context.verb}")
            context.warn(f"Glob pattern passed {operation}, but globs are not supported for this.")
            context.warn(f'Invalid unit name "{word}" escaped as "{name.rpartition(".")[0]}".')
        else:
            context.warn(f'Invalid unit name "{word}" escaped as "{name.rpartition(".")[0]}" '
                         "(maybe you should use systemd-escape?).")
    return name


def _check_scripts(context: Context, units: Sequence[str]) -> None:
    """Look for System V scripts behind names that no unit has. Raises RequestError where even that cannot be said."""
    if scope_of(context) != SYSTEM:
        return
    for name in units:
        if not name.startswith("/") and name.endswith(".service"):
            try:
                InstallContext(unit_dirs(context)).discover(name, False, load=False)
            except FileError as error:
                if error.number not in (errno.ENOENT, errno.ELOOP, errno.ERFKILL, errno.EADDRNOTAVAIL):
                    line = f"Failed to look up unit file state: {os.strerror(error.number)}"
                    raise RequestError("\n".join((*error.lines, line))) from None


def _message(what: str, change: Change) -> str:
    """The line about what could not be done."""
    words = _WORDS.get(change.error)
    if words is None:
        return f"Failed to {what} {change.path}: {os.strerror(change.error)}"
    if change.error == errno.EEXIST and change.source:
        words += " and is a symlink to {source}"
    elif change.error == errno.EXDEV and change.source:
        words = "Cannot alias {source} as {path}"
    return f"Failed to {what}: " + words.format(path=change.path, source=change.source)


def _report(context: Context, done: Done) -> int:
    """Say what was changed and what could not be; the exit code."""
    what = _FAILED_TO.get(context.verb, (f"{context.verb} unit",) * 2)[context.is_live]
    for line in done.lines:
        context.warn(line)
    errors = [change for change in done.changes if change.kind == "error"]
    if context.is_live and (done.error or len(errors) == len(done.changes) > 0):
        # the manager answers with the changes, or with the one error that there was
        context.warn(_message(what, errors[0]) if errors else f"Failed to {what}: {os.strerror(done.error)}")
        return 1
    arrow = UTF8.arrow if context.terminal.utf8 else "->"
    for change in done.changes:
        if change.kind == "error":
            if not context.is_live:
                context.warn(_message(what, change))
        elif context.options.quiet:
            continue
        elif change.kind == install.SYMLINK:
            context.note(f"Created symlink '{change.path}' {arrow} '{change.source}'.")
        else:
            context.note(_LINES[change.kind].format(path=change.path, source=change.source))
    if done.error and not any(change.error == done.error for change in errors):
        context.warn(f"Failed to {what}: {os.strerror(done.error)}.")
    return 1 if done.error else 0


def _reload(context: Context) -> Steps:
    if context.is_live and not context.options.no_reload and not context.root:
        yield Pause(until=context.manager.daemon_reload())
    return 0


def _changing(act: Callable[[Context, Installer, List[str]], Done], now: str = "", is_empty_worth_a_word: bool = False,
              ) -> Callable[[Context], Steps]:
    """A verb: act, report, reload, and with --now the job verb `now` on the same units."""
    def run(context: Context) -> Steps:
        options = context.options
        units = _names(context, context.args)
        if context.verb == "disable" and any("/" in unit for unit in units):
            context.warn("Warning: Can't execute disable on the unit file path. Proceeding with the unit name.")
            units = [os.path.basename(unit) for unit in units]
        if context.verb in scripts.VERBS:
            _check_scripts(context, units)
            redirected = scripts.redirect(context, units, unit_dirs(context))
            if redirected.code or (units and not redirected.names):     # a script's --now is not done, by systemd either
                return redirected.code
            units = redirected.names
        elif context.verb == "mask" and context.is_live:
            for name in units:
                if context.manager.engine.get(name).unit.load_state == "not-found":
                    context.warn(f"Unit {name} does not exist, proceeding anyway.")
        done = act(context, installer(context), units)
        yield Pause()
        code = _report(context, done)
        if code:
            return code
        yield from _reload(context)
        is_done = context.verb == "disable" and any(change.kind in (install.SYMLINK, install.UNLINK) for change in done.changes)
        if is_empty_worth_a_word and done.has_install is False and not is_done and not options.quiet and not options.no_warn:
            context.error(NO_INSTALL.format(UTF8.bullet if context.terminal.utf8 else "*", " "))
        if not options.now:
            return 0
        if not now:
            context.warn("--now can only be used with verb enable, disable, reenable, or mask.")
            return 1
        if not context.is_live:
            context.warn("--now cannot be used when systemd is not running or in conjunction with --root=/--global, refusing.")
            return 1
        plain = [os.path.basename(name) for name in units if not names.is_template(os.path.basename(name))]
        return (yield from run_jobs(context, JOB_VERBS[now], plain))
    return run


enable = _changing(lambda _context, files, units: files.enable(units), "start", True)
disable = _changing(lambda _context, files, units: files.disable(units), "stop", True)
reenable = _changing(lambda _context, files, units: files.reenable(units), "start", True)
preset = _changing(lambda context, files, units: files.preset(units, context.options.preset_mode))
preset_all = _changing(lambda context, files, _units: files.preset_all(context.options.preset_mode))
mask = _changing(lambda _context, files, units: files.mask(units), "stop")
unmask = _changing(lambda _context, files, units: files.unmask(units))
revert = _changing(lambda _context, files, units: files.revert(units))


def link(context: Context) -> Steps:
    paths = []
    for word in context.args:
        if "/" not in word:
            if context.root:
                raise UsageError(f"Non-absolute paths are not allowed when --root= is used: {word}")
            raise UsageError("Link argument must contain at least one directory separator.\n"
                             f"If you intended to link a file in the current directory, try './{word}' instead.")
        paths.append(os.path.normpath(os.path.join(context.terminal.cwd, word)))
    code = _report(context, installer(context).link(paths))
    return code or (yield from _reload(context))


def add_dependency(context: Context) -> Steps:
    target = _mangle(context, context.args[0], ".target", "unit name")
    units = _names(context, context.args[1:])
    kind = "Wants" if context.verb == "add-wants" else "Requires"
    code = _report(context, installer(context).add_dependency(kind, target, units))
    return code or (yield from _reload(context))


def set_default(context: Context) -> Steps:
    target = _mangle(context, context.args[0], ".target", "unit name")
    code = _report(context, installer(context).set_default(target))
    if code:
        return code
    yield from _reload(context)
    try:
        now = installer(context).get_default()
    except FileError:
        return 0
    if now != target and not context.options.quiet:
        context.warn(f'Note: "{now}" is the default unit (possibly a runtime override).')
    return 0


def get_default(context: Context) -> int:
    try:
        context.say(installer(context).get_default())
    except FileError as error:
        context.warn(f"Failed to get default target: {os.strerror(error.number)}")
        return 1
    return 0


# ---- verbs that look ------------------------------------------------------------------------------------------------


def is_enabled(context: Context) -> int:
    dirs = unit_dirs(context)
    enablement, units = Enablement(dirs), _names(context, context.args)
    _check_scripts(context, units)
    redirected = scripts.redirect(context, units, dirs)
    found, all_missing = redirected.enabled, not redirected.found
    for name in redirected.names:
        try:
            if "/" in name:
                raise FileError(errno.EINVAL, name)
            state = enablement.state(name)
        except FileError as error:
            for line in (*enablement.lines, *error.lines):
                context.warn(line)
            if error.number != errno.ENOENT:
                context.warn(f"Failed to get unit file state for {name}: {os.strerror(error.number)}")
                return 1
            state = "not-found"
        for line in enablement.lines:
            context.warn(line)
        enablement.lines.clear()
        all_missing = all_missing and state == "not-found"
        found = found or state in ENABLED
        if not context.options.quiet:
            context.say(state)
            if context.options.full and context.is_live and state != "not-found":
                for path in Installer(dirs=unit_dirs(context)).links_of(name):
                    context.say("  " + path)
    return 0 if found else NOT_FOUND if all_missing else 1


def list_unit_files(context: Context) -> Steps:
    yield Pause(is_long=True)
    options, dirs = context.options, unit_dirs(context)
    enablement, rules = Enablement(dirs), None
    matches = list_matcher(context.args, complete_names=False)
    rows: List[Tuple[str, str, str]] = []
    present: Dict[str, None] = {}
    for name in enablement.unit_files():
        present[name] = None
        if len(present) % 50 == 0:
            yield Pause()
    generated = frozenset(sysv.find_scripts(context.root) if dirs.scope == SYSTEM else ()).difference(present)
    for name in (*present, *generated):
        if not matches(name) or (options.types and name.rpartition(".")[2] not in options.types):
            continue
        state = "generated" if name in generated else enablement.state_or_bad(name)
        for line in enablement.lines:
            context.warn(line)
        enablement.lines.clear()
        if options.states and state not in options.states:
            continue
        preset_ = ""
        if state not in NO_PRESET:
            if rules is None:
                rules = load_presets(context.root, dirs.kind)
                for line in rules.warnings:
                    context.warn(line)
            preset_ = PAST[rules.query(name).action]
        rows.append((name, state, preset_))
        yield Pause()
    rows.sort(key=lambda row: (row[0].rpartition(".")[2], row[0].lower()))
    yield from print_all(context, _file_table(Style(context.terminal), context, rows))
    return 0 if rows or not (context.args or options.states or options.types) else 1


def _file_table(style: Style, context: Context, rows: Sequence[Tuple[str, str, str]]) -> table.Lines:
    options = context.options
    if options.output.startswith("json"):
        values = ((name, state, preset_ or None) for name, state, preset_ in rows)
        yield from table.as_json(("unit_file", "state", "preset"), values, options.output == "json-pretty")
        return
    cells: Iterator[List[CellLike]] = (
        [name, Cell(state, _STATE_COLOURS.get(state, "")), Cell(preset_ or "-", _STATE_COLOURS.get(preset_, ""))]
        for name, state, preset_ in rows)
    yield from table.lines(style, ("UNIT FILE", "STATE", "PRESET"), cells, show_header=options.show_legend(),
                           ellipsize=not options.full)
    if options.show_legend():
        yield ""
        yield f"{len(rows)} unit files listed."


# ---- set-property, edit ---------------------------------------------------------------------------------------------


DROP_IN_HEAD = """\
# This is a drop-in unit file extension, created via "systemctl set-property"
# or an equivalent operation. Do not edit.
"""


# What can be set while a unit runs.
SETTABLE = frozenset(row.name for row in TABLE["Resource"] if row.name != "Slice") | {"Description"}


def _setting(name: str, directive: str, value: str, host: Host) -> Tuple[str, str]:
    """The section of the unit's type that knows it, or [Unit]; the value as it is written, sizes in bytes.

    Raises UsageError for an unknown directive and for a bad value, RequestError for one that cannot be set."""
    sections = PARSERS[name.rpartition(".")[2]]
    for section in sorted(sections, key=lambda title: title in ("Unit", "Install")):
        if directive not in sections[section] or section == "Install":
            continue
        if directive not in SETTABLE:
            raise RequestError(f"Failed to set unit properties on {name}: Cannot set property {directive}, or unknown property.")
        parse, _, field, _ = sections[section][directive]
        try:
            parse(Build(name, Specifiers(name, host)), {}, field, value)
        except ValueError:
            raise UsageError(f"Failed to parse {directive}={value}: Invalid argument") from None
        is_size = parse is memory and value[-1:].isalnum() and value != "infinity"
        return section, str(parse_size(value)) if is_size else value
    raise UsageError(f"Unknown assignment: {directive}={value}")


def set_property(context: Context) -> Steps:
    """A drop-in per property, below system.control: the same place and names as systemd's."""
    unit, *assignments = context.args
    name = complete(unit)
    if context.manager.engine.get(name).unit.load_state == "not-found":
        raise RequestError(f"Failed to set unit properties on {name}: Unit {name} not found.")
    base = "/run" if context.options.runtime else "/etc"
    directory = f"{context.root}{base}/systemd/system.control/{name}.d"
    for assignment in assignments:
        directive, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"Not an assignment: {assignment}")
        section, value = _setting(name, directive, value, context.manager.loader.host)
        text = f"{DROP_IN_HEAD}[{section}]\n{directive}={value}\n"
        write_file(f"{directory}/50-{directive}.conf", text)
    return (yield from _reload(context))


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
