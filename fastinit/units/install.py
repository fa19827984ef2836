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
from fastinit.units.files import chase, read_file
from fastinit.units.loader import MASKED
from fastinit.units.specifiers import Specifiers
from fastinit.units.syntax import QuotingError, parse, split_plain
from fastinit.units.unitdirs import ALIAS, FOLLOW_MAX, GLOBAL, NULL, REGULAR, SYSTEM, USER, Entry, FileError, UnitDirs

LISTS = {"Alias": "alias", "WantedBy": "wanted_by", "RequiredBy": "required_by", "UpheldBy": "upheld_by"}
FOLDERS = (("wanted_by", ".wants"), ("required_by", ".requires"), ("upheld_by", ".upholds"))
DEPENDENCIES = {"Wants": "wanted_by", "Requires": "required_by"}
WITH_ALIASES = frozenset((".service", ".socket", ".target", ".device", ".timer", ".path"))
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


class Info:
    """A unit that a verb works on, and its [Install] section."""

    __slots__ = ("alias", "also", "auxiliary", "default_instance", "entry", "name", "path", "required_by", "seen", "upheld_by",
                 "wanted_by")

    def __init__(self, name: str, path: str = "", auxiliary: bool = False) -> None:
        self.name, self.path, self.auxiliary = name, path, auxiliary
        self.entry: Optional[Entry] = None
        self.seen = ""                          # a dangling link of that name leads there
        self.default_instance = ""
        self.alias: List[str] = []
        self.wanted_by: List[str] = []
        self.required_by: List[str] = []
        self.upheld_by: List[str] = []
        self.also: List[str] = []

    @property
    def has_rules(self) -> bool:
        return bool(self.alias or self.wanted_by or self.required_by or self.upheld_by)

    @property
    def file(self) -> Entry:
        assert self.entry is not None
        return self.entry

    def instance_name(self) -> str:
        """The name that gets linked: a template stands for its default instance."""
        if names.is_template(self.name) and self.default_instance:
            return names.with_instance(self.name, self.default_instance)
        return self.name


class Context:
    """Units found so far and those that wait, each name once; Also= adds to those that wait."""

    def __init__(self, dirs: UnitDirs) -> None:
        self.dirs = dirs
        self.waiting: Dict[str, Info] = {}
        self.handled: Dict[str, Info] = {}
        self.lines: List[str] = []

    def add(self, name: str, path: str = "", auxiliary: bool = False) -> Info:
        """Raises FileError(EUCLEAN)."""
        if path and not name:
            name = os.path.basename(path)
        if not names.is_valid(name):
            raise FileError(errno.EUCLEAN, path or name)
        known = self.waiting.get(name) or self.handled.get(name)
        if known is None:
            known = self.waiting[name] = Info(name, path, auxiliary)
        known.auxiliary = known.auxiliary and auxiliary
        return known

    def take(self) -> Optional[Info]:
        if not self.waiting:
            return None
        name = next(iter(self.waiting))
        info = self.handled[name] = self.waiting.pop(name)
        return info

    def find(self, info: Info, follow_config: bool, load: bool = True) -> Info:
        """The unit that info leads to, its file read. Raises FileError."""
        first = info.name
        for step in range(FOLLOW_MAX):
            if info.entry is None:
                self._look(info, step, first)
                if load and info.file.kind == REGULAR:
                    self._read(info)
            if info.file.kind != ALIAS:
                return info
            base = os.path.basename(info.file.target)
            if not follow_config and self.dirs.is_config(info.file.place):
                return self._beyond(first, base, load)
            if names.is_instance(info.name) and names.is_template(base):
                base = names.with_instance(base, names.split(info.name)[1])
                if base == info.name:           # a link to the template of this very instance
                    info.entry = Entry(REGULAR, info.file.target, info.file.target)
                    if load:
                        self._read(info)
                    return info
            info = self.add(base)
        raise FileError(errno.ELOOP, first)

    def _beyond(self, first: str, base: str, load: bool) -> Info:
        """An alias that must not be followed: what it leads to is only looked at to say why. Raises FileError."""
        if load:
            try:
                there = self.find(self.add(base), True)
            except FileError as error:
                raise FileError(errno.ELOOP if error.number == errno.ELOOP else errno.ENOLINK, first) from None
            if there.file.kind == NULL:
                return there
        raise FileError(errno.ELOOP, first)

    def _look(self, info: Info, step: int, first: str) -> None:
        if info.path:
            directory, _, base = info.path.rpartition("/")
            info.entry = self.dirs.entry(directory, base)
        else:
            info.entry, info.seen = self.dirs.search_for(info.name)
        if info.entry is None:
            raise FileError(errno.ENOLINK if step else errno.ENOENT, first)

    def discover(self, name: str, follow_config: bool, load: bool = True) -> Info:
        """By name or absolute path. Raises FileError; what it says is about the word that was given."""
        info = self.add("", name) if name.startswith("/") else self.add(name)
        try:
            return self.find(info, follow_config, load)
        except FileError as error:
            if error.path == os.path.basename(name) or not error.path:
                raise FileError(error.number, name, error.source, error.lines) from None
            raise FileError(error.number, name, "", error.lines) from None

    def usable(self, name: str, follow_config: bool, load: bool = True) -> Info:
        """discover(), and it must be one that can be linked. Raises FileError."""
        info = self.discover(name, follow_config, load)
        if info.file.kind == NULL:
            raise FileError(errno.ERFKILL, self.dirs.shown(info.file.path))
        directory = os.path.dirname(info.file.path)
        if directory in self.dirs.generated or directory == self.dirs.transient:
            raise FileError(errno.EADDRNOTAVAIL, self.dirs.shown(info.file.path))
        return info

    # ---- [Install] ---------------------------------------------------------------------------------------------------

    def _read(self, info: Info) -> None:
        """Raises FileError(EINVAL, EBADMSG)."""
        dirs = self.dirs
        self._apply(info, dirs.text_path(info.file.path), dirs.shown(info.file.path), True)
        found: Dict[str, str] = {}
        forms = [info.name]
        if names.is_instance(info.name):
            forms.append(names.template_of(info.name))
        for form in forms:
            for directory in dirs.search:
                folder = f"{directory}/{form}.d"
                try:
                    entries = os.listdir(dirs.real(folder))
                except OSError:
                    continue
                for entry in entries:
                    if entry.endswith(".conf") and not entry.startswith("."):
                        found.setdefault(entry, f"{folder}/{entry}")
        for entry in sorted(found):
            path = dirs.real(found[entry])
            if not (os.path.islink(path) and os.readlink(path) == MASKED):
                self._apply(info, path, dirs.shown(found[entry]), False)

    def _apply(self, info: Info, path: str, shown: str, is_fragment: bool) -> None:
        try:
            parsed = parse(read_file(path).data, shown)
        except UnitError as error:
            if not is_fragment:
                return
            text = str(error)
            if "invalid section header" in text:
                head, _, rest = text.partition(": cannot parse file: invalid")
                self.lines.append(f"{head}: Invalid{rest}")
            raise FileError(errno.EBADMSG, info.name) from None
        found = {line: f"{shown}:{line}: Unknown section '{section}'. Ignoring." for section, line in parsed.sections
                 if section not in SECTIONS and not section.startswith("X-")}
        of_section = {setting.line: setting for setting in parsed.settings if setting.section == "Install"}
        for line in sorted({*found, *of_section}):
            if line in found:
                self.lines.append(found[line])
            else:
                self._assign(info, of_section[line].name, of_section[line].value, f"{shown}:{line}")

    def _assign(self, info: Info, name: str, value: str, where: str) -> None:
        """Raises FileError(EINVAL)."""
        if name in LISTS:
            if name == "Alias" and info.name[info.name.rfind("."):] not in WITH_ALIASES:
                kind = info.name[info.name.rfind(".") + 1:]
                self.lines.append(f"{where}: Alias= is not allowed for {kind} units, ignoring.")
                return
            found: List[str] = getattr(info, LISTS[name])
            if not value:
                found.clear()
                return
            try:
                found += split_plain(value)
            except QuotingError:
                self.lines.append(f"{where}: Failed to parse {name}={value}, ignoring: Invalid argument")
        elif name == "Also":
            self._also(info, value)
        elif name == "DefaultInstance":
            self._default_instance(info, value, where)
        elif not name.startswith("X-"):
            self.lines.append(f"{where}: Unknown key '{name}' in section [Install], ignoring.")

    def _also(self, info: Info, value: str) -> None:
        try:
            words = split_plain(value)
        except QuotingError:
            raise FileError(errno.EINVAL, info.name) from None
        for word in words:
            try:
                name = Specifiers(info.name, self.dirs.host).expand(word)
                self.add(name, auxiliary=True)
            except (ValueError, FileError):
                raise FileError(errno.EINVAL, info.name) from None
            info.also.append(name)

    def _default_instance(self, info: Info, value: str, where: str) -> None:
        if "@" not in info.name:
            self.lines.append(f"{where}: DefaultInstance= only makes sense for template units, ignoring.")
            return
        if names.is_instance(info.name):
            return                  # it has one
        try:
            instance = Specifiers(info.name, self.dirs.host).expand(value) if value else ""
        except ValueError:
            raise FileError(errno.EINVAL, info.name) from None
        if instance and not names.is_valid(names.with_instance(info.name, instance)):
            self.lines.append(f'{where}: Invalid DefaultInstance= value "{instance}".')
            raise FileError(errno.EINVAL, info.name)
        info.default_instance = instance

    def expand(self, info: Info, word: str) -> str:
        """Specifiers of [Install]. Raises FileError."""
        specifiers = Specifiers(info.instance_name(), self.dirs.host)
        if "%" in word:
            letters = [word[at + 1:at + 2] for at in range(len(word)) if word[at] == "%"]
            try:
                if any(letter.isalpha() and specifiers.value(letter) is None for letter in letters):
                    raise FileError(errno.EBADSLT, word)
                return specifiers.expand(word)
            except ValueError:
                raise FileError(errno.EUNATCH, word) from None
        return word


# Sections of all types; what else stands in a unit file is somebody's mistake.
SECTIONS = frozenset(("Unit", "Install", "Service", "Socket", "Target", "Device", "Mount", "Automount", "Swap", "Timer", "Path",
                      "Slice", "Scope"))


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
