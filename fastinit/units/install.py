"""The verbs that change links: enable, disable, mask, preset, link, revert and their kin; and what [Install] says.

In:  names, below a root, for a scope.   Out: Done: every link made or removed, what could not be done, in systemd's order.
Never: starts or stops anything, writes outside of the directories of links, follows a link out of the root.
A failure that leaves nothing changed is in Done, too: fastinit.control.unitfiles has the words for the numbers.
Source: systemctl(1), "Unit File Commands"; systemd.unit(5), "[INSTALL] SECTION OPTIONS"; systemd.preset(5).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.errors import UnitError
from fastinit.units import names, presets
from fastinit.units.files import chase
from fastinit.units.index import MASKED
from fastinit.units.install_info import Context, Info
from fastinit.units.unitdirs import GLOBAL, NULL, REGULAR, SYSTEM, USER, FileError, UnitDirs

FOLDERS = (("wanted_by", ".wants"), ("required_by", ".requires"), ("upheld_by", ".upholds"))
DEPENDENCIES = {"Wants": "wanted_by", "Requires": "required_by"}

PRESET_MODES = ("full", "enable-only", "disable-only")
# Kinds of Change; any other is the errno of what failed.
SYMLINK, UNLINK, IS_MASKED, IS_DANGLING, NO_DESTINATION, AUXILIARY_FAILED, MASKED_BY_GENERATOR = (
    "symlink", "unlink", "masked", "dangling", "no-destination", "auxiliary-failed", "masked-generator")


class Change(NamedTuple):
    """path: with the root; source: where a new link leads, or what else an error is about. error: an errno, kind is "error"."""

    kind: str
    path: str
    source: str = ""
    error: int = 0


class Done(NamedTuple):
    """error: errno of the first failure, 0 when all went well. has_install: whether any unit has something in [Install];
    None where that does not matter. lines: what is wrong in the files that were read."""

    changes: Tuple[Change, ...]
    error: int = 0
    has_install: Optional[bool] = None
    lines: Tuple[str, ...] = ()


class Installer:
    """All verbs. runtime: below /run; force: links in the way are replaced."""

    def __init__(self, root: str = "", runtime: bool = False, force: bool = False, user: bool = False, global_: bool = False,
                 dirs: Optional[UnitDirs] = None) -> None:
        self.dirs = dirs or UnitDirs(root, GLOBAL if global_ else USER if user else SYSTEM)
        self.force = force
        self.target = self.dirs.runtime if runtime else self.dirs.config
        self._changes: List[Change] = []
        self._error = 0
        self._lines: List[str] = []
        self._is_rehearsal = False      # what would be removed

    # ---- bookkeeping ----------------------------------------------------------------------------------------------------

    def _note(self, kind: str, path: str, source: str = "") -> None:
        self._changes.append(Change(kind, path, source))

    def _fail(self, error: FileError) -> int:
        self._lines += error.lines
        self._changes.append(Change("error", error.path, error.source, error.number))
        self._error = self._error or error.number
        return -error.number

    def _done(self, has_install: Optional[bool] = None, contexts: Iterable[Context] = ()) -> Done:
        for context in contexts:
            self._lines += context.lines
        return Done(tuple(self._changes), self._error, has_install, tuple(self._lines))

    # ---- links -----------------------------------------------------------------------------------------------------------

    def _link(self, source: str, path: str, force: bool) -> bool:
        """Whether there is such a link now; a failure is noted."""
        real, shown = self.dirs.real(path), self.dirs.shown(path)
        try:
            os.makedirs(os.path.dirname(real), 0o755, exist_ok=True)
            os.symlink(source, real)
        except FileExistsError:
            return self._link_again(source, path, force)
        except OSError as error:
            self._fail(FileError(error.errno or errno.EIO, shown))
            return False
        self._note(SYMLINK, shown, source)
        return True

    def _link_again(self, source: str, path: str, force: bool) -> bool:
        real, shown = self.dirs.real(path), self.dirs.shown(path)
        try:
            old = os.readlink(real)
        except OSError:
            self._fail(FileError(errno.EEXIST, shown))
            return False
        if self._same(path, old, source):
            return True
        if not force:
            self._fail(FileError(errno.EEXIST, shown, old))
            return False
        temporary = f"{os.path.dirname(real)}/.#{os.path.basename(real)}.{os.getpid()}"
        try:
            os.symlink(source, temporary)
            os.replace(temporary, real)
        except OSError as error:
            self._fail(FileError(error.errno or errno.EIO, shown))
            return False
        self._note(UNLINK, shown)
        self._note(SYMLINK, shown, source)
        return True

    def _same(self, path: str, old: str, source: str) -> bool:
        """Whether both lead to the same file, or to the same name in one directory that has two names."""
        old, source = (os.path.normpath(os.path.join(os.path.dirname(path), target)) for target in (old, source))
        if old == source:
            return True
        try:
            return chase(self.dirs.root, old) == chase(self.dirs.root, source)
        except UnitError:
            return False

    def _remove(self, marked: Iterable[str], directory: str) -> None:
        """Every link in the directory whose name, or the file it leads to, is marked; then those that led to these."""
        marks = dict.fromkeys(marked)
        again = bool(marks)
        while again:
            again = self._remove_once(marks, directory, directory)

    def _remove_once(self, marks: Dict[str, None], directory: str, top: str) -> bool:
        again = False
        try:
            entries = list(os.scandir(self.dirs.real(directory)))
        except OSError:
            return False
        for entry in entries:
            path = f"{directory}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                again |= self._remove_once(marks, path, top)
            elif entry.is_symlink() and names.is_valid(entry.name) and self._is_marked(marks, path, entry.name):
                if not self._is_rehearsal and not self._unlink(path):
                    continue
                self._remove_empty(os.path.dirname(path), top)
                self._note(UNLINK, self.dirs.shown(path))
                if path not in marks:
                    marks[path] = None
                    again = not self._is_rehearsal
        return again

    def _unlink(self, path: str) -> bool:
        try:
            os.unlink(self.dirs.real(path))
        except OSError as error:
            if error.errno != errno.ENOENT:
                self._fail(FileError(error.errno or errno.EIO, self.dirs.shown(path)))
            return False
        return True

    def _is_marked(self, marks: Dict[str, None], path: str, name: str) -> bool:
        if name in marks or names.template_of(name) in marks:
            return True
        try:
            target = chase(self.dirs.root, path)
        except UnitError:
            self._fail(FileError(errno.ELOOP, self.dirs.shown(path)))
            return False
        return target in marks or os.path.basename(target) in marks or self._first_hop(path) in marks

    def _first_hop(self, path: str) -> str:
        try:
            return os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(self.dirs.real(path))))
        except OSError:
            return ""

    def _remove_empty(self, directory: str, top: str) -> None:
        while not self._is_rehearsal and directory != top and len(directory) > len(top):
            try:
                os.rmdir(self.dirs.real(directory))
            except OSError:
                return
            directory = os.path.dirname(directory)

    # ---- enable ----------------------------------------------------------------------------------------------------------

    def enable(self, words: Sequence[str]) -> Done:
        context = Context(self.dirs)
        try:
            for word in words:
                context.usable(word, False)
        except FileError as error:
            self._fail(error)
            return self._done(None, (context,))
        count = self._install(context, False)
        return self._done(count > 0, (context,))

    def _install(self, context: Context, follow_config: bool, is_preset: bool = False) -> int:
        """Make the links of all that waits. Returns how many there are now."""
        count = 0
        while True:
            info = context.take()
            if info is None:
                return count
            try:
                context.find(info, follow_config)
            except FileError as error:
                if info.auxiliary:
                    self._lines += error.lines
                    self._note(AUXILIARY_FAILED, info.name)
                    continue
                self._fail(FileError(error.number, info.name, error.source, error.lines))
                return count
            if info.file.kind == NULL:
                self._note(IS_MASKED, self.dirs.shown(info.file.path))
                count += 1          # something could have been enabled: no reason to speak of an empty section
            elif info.file.kind == REGULAR:
                count += self._install_one(context, info, is_preset)

    def _install_one(self, context: Context, info: Info, is_preset: bool) -> int:
        path, count = info.file.path, 0
        linked = os.path.dirname(path) not in self.dirs.search
        if linked and not self._link(path, f"{self.target}/{info.name}", self.force):
            return 0
        for word in info.alias:
            count += self._install_alias(context, info, word, f"{self.target}/{info.name}" if linked else path)
        for field, folder in FOLDERS:
            count += self._install_dependencies(context, info, getattr(info, field), folder, is_preset)
        return count

    def _install_alias(self, context: Context, info: Info, word: str, source: str) -> int:
        try:
            alias = context.expand(info, word)
            if alias == info.name:
                return 0
            if names.is_instance(info.name) and names.is_template(alias):
                alias = names.with_instance(alias, names.split(info.name)[1])
            self._check_alias(info, alias)
        except FileError as error:
            self._fail(error)
            return 0
        path = f"{self.target}/{alias}"
        broken = os.path.islink(self.dirs.real(path)) and not self._leads_somewhere(path)
        return int(self._link(source, path, self.force or broken))

    def _leads_somewhere(self, path: str) -> bool:
        try:
            return os.path.lexists(self.dirs.real(chase(self.dirs.root, path)))
        except UnitError:
            return True

    @staticmethod
    def _check_alias(info: Info, alias: str) -> None:
        """Raises FileError(EXDEV)."""
        folder, slash, base = alias.rpartition("/")
        if slash:
            unit, _, kind = folder.rpartition(".")
            fits = kind in ("wants", "requires", "upholds") and "/" not in folder and names.is_valid(unit) and base == info.name
            if not fits:
                raise FileError(errno.EXDEV, alias)
            return
        name, suffix = info.name, info.name[info.name.rfind("."):]
        good = names.is_valid(alias) and alias.endswith(suffix)
        if good and names.is_instance(alias):
            if names.is_instance(name):
                good = names.split(alias)[1] == names.split(name)[1]
            else:
                good = names.is_template(info.name)
        elif good and names.is_template(alias):
            good = names.is_template(info.name)
        elif good:
            good = "@" not in info.name
        if not good:
            raise FileError(errno.EXDEV, alias, info.name)

    def _install_dependencies(self, context: Context, info: Info, words: List[str], folder: str, is_preset: bool) -> int:
        name, path, count = info.instance_name(), info.file.path, 0
        if name != info.name and words:
            entry, _ = self.dirs.search_for(name)       # an instance may have a file of its own
            if entry is not None and entry.kind == REGULAR:
                path = entry.path
        for word in words:
            try:
                other = context.expand(info, word)
                if not names.is_valid(other, plain=not names.is_template(name)):
                    if is_preset:
                        continue
                    raise FileError(errno.EIDRM, other, name) if names.is_valid(other) else FileError(errno.EUCLEAN, other)
            except FileError as error:
                self._fail(error)
                continue
            if self._link(path, f"{self.target}/{other}{folder}/{name}", True):
                count += 1
                if not self.dirs.exists(other):
                    self._note(NO_DESTINATION, other, self.dirs.shown(info.file.path))
        return count

    # ---- disable ---------------------------------------------------------------------------------------------------------

    def disable(self, words: Sequence[str]) -> Done:
        context = Context(self.dirs)
        has_install = False
        for word in words:
            try:
                info = context.add(word)
            except FileError as error:
                self._fail(error)
                return self._done(None, (context,))
            try:
                context.find(info, True)
            except FileError as error:
                self._changes.append(Change("error", word, error.source, error.number))
                self._lines += error.lines
                if error.number != errno.ENOENT:
                    self._error = error.number
                    return self._done(None, (context,))
            has_install = has_install or info.has_rules or bool(info.also)
        self._remove(self._mark(context), self.target)
        return self._done(has_install, (context,))

    def _mark(self, context: Context) -> List[str]:
        """The names whose links go."""
        marks: List[str] = []
        while True:
            info = context.take()
            if info is None:
                return marks
            try:
                context.find(info, True)
            except FileError as error:
                self._lines += error.lines
                if error.number == errno.ENOLINK:
                    self._note(IS_DANGLING, info.name)
                elif error.number != errno.ENOENT or not info.auxiliary:
                    shown = self.dirs.shown(info.seen) if info.seen else info.name
                    self._changes.append(Change("error", shown, error.source, error.number))
            else:
                if info.file.kind == NULL:
                    self._note(IS_MASKED, self.dirs.shown(info.file.path))
                    continue
                if info.file.kind != REGULAR:
                    continue
            marks.append(info.name)

    def links_of(self, name: str) -> List[str]:
        """What disable would remove."""
        self._is_rehearsal = True
        return [change.path for change in self.disable([name]).changes if change.kind == UNLINK]

    def reenable(self, words: Sequence[str]) -> Done:
        """What disable takes away, a link to a file elsewhere or an alias, is looked up before."""
        plain = [os.path.basename(word) for word in words]
        lasting = [self._lasting(word) for word in words]
        if self.disable(plain).error:
            return self._done()
        return self.enable(lasting)

    def _lasting(self, word: str) -> str:
        if word.startswith("/") or names.is_instance(word):
            return word
        context = Context(self.dirs)
        try:
            info = context.discover(word, True)
        except FileError as error:
            self._lines += [*context.lines, *error.lines]
            return word
        self._lines += context.lines
        return info.file.path if info.file.is_linked else info.name

    # ---- presets ---------------------------------------------------------------------------------------------------------

    def preset(self, words: Sequence[str], mode: str) -> Done:
        rules = self._presets()
        plus, minus = Context(self.dirs), Context(self.dirs)
        try:
            for word in words:
                self._prepare(word, rules, plus, minus)
        except FileError as error:
            self._fail(error)
            return self._done(None, (plus, minus))
        return self._execute(plus, minus, mode)

    def preset_all(self, mode: str) -> Done:
        rules = self._presets()
        plus, minus = Context(self.dirs), Context(self.dirs)
        for name, _ in self.dirs.all_names():
            try:
                self._prepare(name, rules, plus, minus)
            except FileError as error:
                self._lines += error.lines
                self._changes.append(Change("error", error.path, error.source, error.number))
        done = self._execute(plus, minus, mode)
        return done._replace(error=0)       # it is for all that lies there, good or bad

    def _presets(self) -> presets.Presets:
        rules = presets.load_presets(self.dirs.root, self.dirs.kind)
        self._lines += rules.warnings
        return rules

    def _prepare(self, word: str, rules: presets.Presets, plus: Context, minus: Context) -> None:
        """Raises FileError."""
        name = os.path.basename(word)
        if any(name in context.waiting for context in (plus, minus)):
            return
        if Context(self.dirs).discover(word, True, load=False).name != word:
            return                  # an alias: its unit has a rule of its own; and a path is no name that a rule could be for
        verdict = rules.query(name)
        if verdict.action == presets.ENABLE:
            for wanted in verdict.instances or (word,):
                plus.usable(wanted, True)
        elif verdict.action == presets.DISABLE:
            minus.discover(word, True, load=False)

    def _execute(self, plus: Context, minus: Context, mode: str) -> Done:
        if mode != "enable-only":
            self._remove(self._mark(minus), self.target)
        if mode != "disable-only":
            self._install(plus, True, is_preset=True)
        return self._done(None, (plus, minus))

    # ---- mask, link, revert ----------------------------------------------------------------------------------------------

    def mask(self, words: Sequence[str]) -> Done:
        for word in words:
            if names.is_valid(word):
                self._link(MASKED, f"{self.target}/{word}", self.force)
            else:
                self._error = self._error or errno.EINVAL
        return self._done()

    def unmask(self, words: Sequence[str]) -> Done:
        if not all(map(names.is_valid, words)):
            self._error = errno.EINVAL
            return self._done()
        marked: List[str] = []
        for name in words:
            path = f"{self.target}/{name}"
            real = self.dirs.real(path)
            try:
                chase(self.dirs.root, path)
            except UnitError:
                self._error = errno.ELOOP
                return self._done()
            if not self._is_null(path):
                continue
            try:
                os.unlink(real)
            except OSError as error:
                self._fail(FileError(error.errno or errno.EIO, self.dirs.shown(path)))
                continue
            self._note(UNLINK, self.dirs.shown(path))
            marked.append(path)
        self._remove(marked, self.target)
        return self._done()

    def _is_null(self, path: str) -> bool:
        try:
            target = chase(self.dirs.root, path)
            if target == MASKED:
                return True
            about = os.stat(self.dirs.real(target))
        except (OSError, UnitError):
            return False
        return stat.S_ISREG(about.st_mode) and about.st_size == 0

    def link(self, words: Sequence[str]) -> Done:
        """All are looked at before the first link is made."""
        for word in words:
            number = self._unlinkable(word)
            if number:
                self._fail(FileError(number, word))
                return self._done()
        for word in words:
            self._link(os.path.normpath(word), f"{self.target}/{os.path.basename(word)}", self.force)
        return self._done()

    def _unlinkable(self, path: str) -> int:
        path = path.rstrip("/") or "/"
        if not path.startswith("/"):
            return errno.EINVAL
        if not names.is_valid(os.path.basename(path)):
            return errno.EUCLEAN
        try:
            mode = os.lstat(self.dirs.real(path)).st_mode
        except OSError as error:
            return error.errno or errno.EIO
        if stat.S_ISLNK(mode):
            return errno.ELOOP
        if stat.S_ISDIR(mode):
            return errno.EISDIR
        return 0 if stat.S_ISREG(mode) else errno.ENOTTY

    def revert(self, words: Sequence[str]) -> Done:
        doomed: List[str] = []
        for word in words:
            if not names.is_valid(word):
                self._error = errno.EINVAL
                return self._done()
            doomed += self._changed_by_hand(word)
        for path in dict.fromkeys(doomed):
            self._delete(path)
        return self._done()

    def _changed_by_hand(self, name: str) -> List[str]:
        """Drop-in folders that are ours to change; files and links that hide a vendor's unit."""
        dirs = self.dirs
        own = (*dirs.control, *sorted(dirs.configs), dirs.transient)
        folders, files, has_vendor = [], [], False
        for directory in dirs.search:
            path = f"{directory}/{name}"
            if directory in own and os.path.isdir(dirs.real(path + ".d")):
                folders.append(path + ".d")
            try:
                mode = os.lstat(dirs.real(path)).st_mode
            except OSError:
                continue
            if dirs.is_vendor(directory) and stat.S_ISREG(mode):
                has_vendor = True
            elif directory in own and (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                files.append(path)
        has_vendor = has_vendor or os.path.exists(f"{dirs.own}/{name}")
        return folders + (files if has_vendor else [])

    def _delete(self, path: str) -> None:
        real = self.dirs.real(path)
        try:
            if os.path.isdir(real) and not os.path.islink(real):
                for entry in list(os.scandir(real)):
                    self._delete(f"{path}/{entry.name}")
                os.rmdir(real)
            else:
                os.unlink(real)
        except OSError as error:
            self._fail(FileError(error.errno or errno.EIO, self.dirs.shown(path)))
        else:
            self._note(UNLINK, self.dirs.shown(path))

    # ---- add-wants, set-default ----------------------------------------------------------------------------------------------

    def add_dependency(self, kind: str, target: str, words: Sequence[str]) -> Done:
        context = Context(self.dirs)
        try:
            if not names.is_valid(target):
                raise FileError(errno.EUCLEAN, target)
            other = context.usable(target, True, load=False).name
            for word in words:
                info = context.usable(word, True, load=False)
                setattr(info, DEPENDENCIES[kind], [other.replace("%", "%%")])
        except FileError as error:
            self._fail(error)
            return self._done(None, (context,))
        self._install(context, True)
        return self._done(None, (context,))

    def set_default(self, target: str) -> Done:
        if not names.is_valid(target) or not target.endswith(".target") or target == "default.target":
            self._error = errno.EINVAL
            return self._done()
        context = Context(self.dirs)
        try:
            info = context.usable(target, False, load=False)
        except FileError as error:
            self._fail(error)
            return self._done(None, (context,))
        self._link(info.file.path, f"{self.dirs.config}/default.target", True)      # --runtime or not
        return self._done(None, (context,))

    def get_default(self) -> str:
        """Raises FileError."""
        return Context(self.dirs).discover("default.target", True, load=False).name
