"""`systemctl edit`: drop-ins or whole unit files, in an editor or from stdin.

In:  Context, the client's own terminal.   Out: files below the root, systemd's lines about them.
Never: runs in the manager (the editor wants the terminal; fastinit.cli.local tells the manager afterwards); leaves half a file.
Source: systemctl(1) v257, "edit"; the comments around a drop-in are those that people and scripts look for.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from typing import List, Optional, Tuple

from fastinit.control.options import UsageError
from fastinit.control.request import YELLOW, Context, MustRunLocally
from fastinit.control.selection import named
from fastinit.errors import RequestError
from fastinit.units import names
from fastinit.units.model import Unit

BOLD = "\x1b[0;1;39m"
HEAD = "### Editing {}\n### Anything between here and the comment below will become the contents of the drop-in file"
TAIL = "### Edits below this comment will be discarded"
FIRST_LINE = 4          # of what is to be written, where an editor shall begin
EDITORS = ("editor", "nano", "vim", "vi")
NO_EDITOR = "Cannot edit files, no editor available. Please set either $SYSTEMD_EDITOR, $EDITOR or $VISUAL."
FAILED = "(editor) failed with exit status {}."


@dataclass(frozen=True)
class Target:
    """One file that is edited: where it goes, what it holds now, the unit's other files ("" and () = nothing to look at)."""

    path: str
    text: str
    others: Tuple[str, ...] = ()


def edit(context: Context) -> int:
    options = context.options
    if context.is_live:
        raise MustRunLocally("edit")
    if not sys.stdin.isatty() and not options.stdin:
        raise RequestError("Cannot edit units interactively if not on a tty.")
    if "/" in options.drop_in:
        raise UsageError(f"Invalid drop-in file name '{_conf(options.drop_in)}'.")
    targets = _targets(context)
    if targets is None:
        return 1
    if options.stdin:
        return _from_stdin(context, targets)
    return _in_editor(context, targets)


def _conf(name: str) -> str:
    return name if name.endswith(".conf") else name + ".conf"


def _targets(context: Context) -> Optional[List[Target]]:
    """None: something is wrong, and was said."""
    options, found = context.options, []
    chosen = named(context)
    if not chosen:
        raise RequestError("No units matched the specified patterns.")
    if options.stdin and options.full and len(chosen) > 1:
        raise UsageError("With 'edit --stdin --full', exactly one unit for editing must be specified.")
    for name in chosen:
        unit = look_up(context, name)
        if unit.load_state == "masked":
            context.warn(f"Cannot edit {name}: unit is masked.")
            return None
        if not unit.fragment_path and not options.force:
            context.warn(f"No files found for {name}.")
            context.note(f"Run 'systemctl edit --force --full {name}' to create a new unit.")
            return None
        found.append(_target(context, unit, name))
    return found


def look_up(context: Context, name: str) -> Unit:
    """The unit; of a template what its instances are made of."""
    if not names.is_template(name):
        return context.manager.engine.get(name).unit
    return context.manager.loader.load(names.with_instance(name, "any"))


def _target(context: Context, unit: Unit, name: str) -> Target:
    options = context.options
    base = f"{context.root}/{'run' if options.runtime else 'etc'}/systemd/{'user' if options.user else 'system'}"
    if options.full:
        path = f"{base}/{name}"
        stronger = f"{context.root}/etc/systemd/{'user' if options.user else 'system'}/{name}"
        if options.runtime and os.path.lexists(stronger):
            raise RequestError(f'Refusing to create "{path}" because it would be overridden by "{stronger}" anyway.')
        return Target(path, _read(unit.fragment_path))
    path = f"{base}/{name}.d/{_conf(options.drop_in or 'override')}"
    others = tuple(other for other in (unit.fragment_path, *unit.dropin_paths) if other and other != path)
    return Target(path, _read(path), others)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


# ---- where the text comes from --------------------------------------------------------------------------------------


def _from_stdin(context: Context, targets: List[Target]) -> int:
    text = sys.stdin.read().strip()
    for target in targets:
        if not text:
            context.note("Stripped stdin content is empty, not writing file.")
            continue
        _install(context, target, text)
    return 0


def _in_editor(context: Context, targets: List[Target]) -> int:
    """All files in one run of the editor, each as a file beside its place, so that the editor knows what kind it is."""
    made, temporary = [], []
    try:
        for target in targets:
            folder, name = os.path.split(target.path)
            if not os.path.isdir(folder):
                os.makedirs(folder)
                made.append(folder)
            temporary.append(f"{folder}/.#{name}{os.urandom(8).hex()}")
            _write(temporary[-1], _shown(target))
        code = _run_editor(context, temporary, len(targets) == 1 and bool(targets[0].others))
        if code:
            context.warn(FAILED.format(code))
            return 1
        for target, path in zip(targets, temporary):
            text = _between_the_comments(_read(path)).strip()
            if text:
                _install(context, target, text)
            else:
                context.warn(f"{target.path}: after editing, new contents are empty, not writing file.", BOLD)
        return 0
    finally:
        for path in temporary:
            if os.path.lexists(path):
                os.unlink(path)
        for folder in made:
            if not os.listdir(folder):
                os.rmdir(folder)


def _shown(target: Target) -> str:
    """A drop-in between two comments, and below it, as comments, what it adds to."""
    if not target.others:
        return target.text
    lines = [HEAD.format(target.path), "", target.text.strip(), "", TAIL, ""]
    for path in target.others:
        lines += ["", f"### {path}", *(f"# {line}" for line in _read(path).rstrip("\n").split("\n"))]
    return "\n".join(lines)


def _between_the_comments(text: str) -> str:
    """The whole text where somebody has removed the comments."""
    head = HEAD.split("\n")[1]
    begin, end = text.find(head), text.find(TAIL)
    if begin < 0 and end < 0:
        return text
    return text[begin + len(head) if begin >= 0 else 0:end if end >= 0 else len(text)]


def _run_editor(context: Context, paths: List[str], is_drop_in: bool) -> int:
    """Its exit code."""
    import subprocess  # never in the manager
    words = [f"+{FIRST_LINE}"] * is_drop_in + paths
    chosen = next(filter(None, (os.environ.get(name) for name in ("SYSTEMD_EDITOR", "EDITOR", "VISUAL"))), None)
    for command in ([shlex.split(chosen)] if chosen else []) + [[name] for name in EDITORS]:
        try:
            return abs(subprocess.run([*command, *words], check=False).returncode)
        except FileNotFoundError as error:
            if chosen and command[0] not in EDITORS:
                context.warn(f"Specified editor '{command[0]}' not available, trying fallbacks: {error.strerror}", YELLOW)
    context.warn(NO_EDITOR)
    return 1


def _install(context: Context, target: Target, text: str) -> None:
    _write(target.path, text + "\n")
    context.note(f"Successfully installed edited file '{target.path}'.")


def _write(path: str, text: str) -> None:
    from fastinit.control.unitfiles import write_file
    write_file(path, text)
