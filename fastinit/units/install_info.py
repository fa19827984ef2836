"""What is to be installed: units as their files and links name them, and their [Install] sections.

In:  names or paths of units.   Out: Info of each, found through links, aliases and templates; errors as systemctl tells them.
Source: systemd.unit(5), "[INSTALL] SECTION OPTIONS".
"""

from __future__ import annotations

import errno
import os
from typing import Dict, List, Optional

from fastinit.errors import UnitError
from fastinit.units import names
from fastinit.units.files import read_file
from fastinit.units.index import MASKED
from fastinit.units.specifiers import Specifiers
from fastinit.units.syntax import QuotingError, parse, split_plain
from fastinit.units.unitdirs import ALIAS, FOLLOW_MAX, NULL, REGULAR, Entry, FileError, UnitDirs

LISTS = {"Alias": "alias", "WantedBy": "wanted_by", "RequiredBy": "required_by", "UpheldBy": "upheld_by"}
WITH_ALIASES = frozenset((".service", ".socket", ".target", ".device", ".timer", ".path"))


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
        of_section = {line: (name, value) for section, name, value, line in parsed.settings if section == "Install"}
        for line in sorted({*found, *of_section}):
            if line in found:
                self.lines.append(found[line])
            else:
                self._assign(info, *of_section[line], f"{shown}:{line}")

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
