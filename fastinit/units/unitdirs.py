"""Where unit files lie, for whom, and what lies there under a name: the ground on which the unit file verbs work.

In:  a root, a scope ("system", "user", "global").   Out: UnitDirs: entries, and units found by following aliases.
Never writes. What the loader makes of a file does not matter here: only its name, its [Install] section and its links count.
Paths are those that the managed system sees (without the root); shown() and real() add it.
Source: systemd.unit(5), "UNIT FILE LOAD PATH"; systemctl(1), "Unit File Commands".
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from fastinit.errors import UnitError
from fastinit.units import names
from fastinit.units.files import chase
from fastinit.units.index import BUILTIN, BUILTIN_ALIASES, MASKED, search_path
from fastinit.units.specifiers import Host

REGULAR, NULL, ALIAS = "regular", "masked", "alias"
FOLLOW_MAX = 64
SYSTEM, USER, GLOBAL = "system", "user", "global"


class FileError(Exception):
    """A unit file that a verb cannot work with. number: an errno, whose meaning here says fastinit.control.unitfiles;
    path, source: what it is about; lines: what else is to be said before."""

    def __init__(self, number: int, path: str, source: str = "", lines: Sequence[str] = ()) -> None:
        super().__init__(number, path, source)
        self.number, self.path, self.source, self.lines = number, path, source, tuple(lines)


class Entry(NamedTuple):
    """What a directory holds under a name.

    path: of the file, or of what a link from outside leads to ("linked").   target: of an ALIAS, its basename is the other name.
    place: the directory and name where it was found.
    """

    kind: str
    path: str
    place: str
    target: str = ""

    @property
    def is_linked(self) -> bool:
        return self.kind == REGULAR and self.path != self.place


class UnitDirs:
    """search: all directories, the strongest first; config, runtime: where links of enable and enable --runtime go."""

    def __init__(self, root: str, scope: str, host: Optional[Host] = None) -> None:
        self.root = root
        self.scope = scope
        self.kind = "system" if scope == SYSTEM else "user"
        self.host = host or Host(root, scope == USER)
        if scope == GLOBAL:
            self.search: Tuple[str, ...] = (
                "/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/local/share/systemd/user",
                "/usr/share/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user")
        else:
            self.search = search_path(scope == USER, self.host)
        self.search = self._distinct(self.search)
        if scope == USER:
            self.config = self.host.config + "/systemd/user"
            self.runtime = self.host.runtime + "/systemd/user"
            control = self.host.runtime + "/systemd/"
        else:
            self.config, self.runtime = f"/etc/systemd/{self.kind}", f"/run/systemd/{self.kind}"
            control = "/run/systemd/"
        self.generated = frozenset(f"{control}generator{order}" for order in ("", ".early", ".late"))
        self.transient = control + "transient"
        self.control = (f"{os.path.dirname(self.config)}/{self.kind}.control", f"{control}{self.kind}.control")
        self.own = os.path.join(BUILTIN, self.kind)
        self.vendor = f"/usr/lib/systemd/{self.kind}"
        self.configs: FrozenSet[str] = frozenset((self.config, self.runtime))
        if scope == USER:
            self.configs |= {"/etc/systemd/user", "/run/systemd/user"}

    def _distinct(self, search: Tuple[str, ...]) -> Tuple[str, ...]:
        """Without those that are another's by a link: /lib where it is usr/lib."""
        seen: Dict[Tuple[int, int], str] = {}
        kept: List[str] = []
        for directory in search:
            try:
                about = os.stat(self.root + directory)
            except OSError:
                kept.append(directory)
                continue
            if seen.setdefault((about.st_dev, about.st_ino), directory) == directory:
                kept.append(directory)
        return tuple(kept)

    def real(self, path: str) -> str:
        return path if path.startswith(BUILTIN) else self.root + path

    def shown(self, path: str) -> str:
        return self.root + path

    def is_runtime(self, directory: str) -> bool:
        return directory in (self.runtime, self.transient) or directory in self.generated or directory.startswith("/run/")

    def is_config(self, path: str) -> bool:
        return os.path.dirname(path) in self.configs

    def is_vendor(self, directory: str) -> bool:
        return not (
            directory in self.generated or directory in self.configs or directory in self.control or directory == self.transient
            or directory.startswith((self.host.config + "/" if self.scope == USER else "/etc/", "/run/")))

    # ---- one name in one directory -------------------------------------------------------------------------------------

    def entry(self, directory: str, name: str) -> Optional[Entry]:
        """Raises FileError for what is there but no unit file, OSError for what cannot be looked at."""
        place = f"{directory}/{name}"
        real = self.real(place)
        try:
            mode = os.lstat(real).st_mode
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        if stat.S_ISLNK(mode):
            return self._link(place)
        return self._file(place, place)

    def _file(self, path: str, place: str) -> Optional[Entry]:
        try:
            about = os.stat(self.real(path))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        if stat.S_ISDIR(about.st_mode):
            raise FileError(errno.EISDIR, path)
        if path == MASKED or stat.S_ISCHR(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_size == 0):
            return Entry(NULL, path if path != MASKED else place, place)
        if not stat.S_ISREG(about.st_mode):
            raise FileError(errno.ENOTTY, path)
        return Entry(REGULAR, path, place)

    def _link(self, place: str) -> Optional[Entry]:
        name = os.path.basename(place)
        hop = os.path.normpath(os.path.join(os.path.dirname(place), os.readlink(self.real(place))))
        try:
            target = chase(self.root, place)
        except UnitError:
            raise FileError(errno.ELOOP, name) from None
        if os.path.dirname(hop) in self.search:
            target = hop            # another name, whatever that leads to
        elif target == MASKED or self._is_empty(target):
            return Entry(NULL, place, place)
        parent, _, base = target.rpartition("/")
        complaint = _complaint(name, base)
        if parent in self.search or self.root + parent in self.search:
            if complaint:
                raise FileError(errno.EXDEV, name, lines=(complaint,))
            return Entry(ALIAS, place, place, target)
        if not names.is_valid(base):
            raise FileError(errno.EXDEV, name, lines=(complaint,))
        return self._file(target, place)

    def _is_empty(self, path: str) -> bool:
        try:
            about = os.stat(self.root + path)
        except OSError:
            return False
        return stat.S_ISREG(about.st_mode) and about.st_size == 0

    def _builtin(self, name: str) -> Optional[Entry]:
        """fastinit's own units lie, for the world, where systemd's do."""
        place = f"{self.vendor}/{name}"
        if os.path.exists(f"{self.own}/{name}"):
            return Entry(REGULAR, place, place)
        target = BUILTIN_ALIASES.get(name) if self.kind == "system" else None
        return Entry(ALIAS, place, place, f"{self.vendor}/{target}") if target else None

    def text_path(self, path: str) -> str:
        """Where to read a unit file that entry() or find() has named."""
        real = self.real(path)
        return f"{self.own}/{os.path.basename(path)}" if not os.path.exists(real) and path.startswith(self.vendor) else real

    # ---- a name in all of them --------------------------------------------------------------------------------------

    def search_for(self, name: str) -> Tuple[Optional[Entry], str]:
        """The first entry of that name, else of its template. Second: what was there but led nowhere."""
        seen = ""
        for wanted in (name, names.template_of(name) if names.is_instance(name) else ""):
            if not wanted:
                continue
            for directory in self.search:
                found = self.entry(directory, wanted)
                if found is not None:
                    return found, seen
                try:
                    seen = seen or chase(self.root, f"{directory}/{wanted}") * os.path.islink(self.real(f"{directory}/{wanted}"))
                except UnitError:
                    continue
            found = self._builtin(wanted)
            if found is not None:
                return found, seen
        return None, seen

    def find(self, name: str, follow_config: bool) -> Tuple[str, Entry]:
        """(the unit's own name, its file); aliases are followed, one in a directory of links only with follow_config.
        Raises FileError: ENOENT, ENOLINK, ELOOP, EXDEV …"""
        first = name
        for step in range(FOLLOW_MAX):
            found, seen = self.search_for(name)
            if found is None:
                if step:
                    raise FileError(errno.ENOLINK, first)
                raise FileError(errno.ENOENT, first, self.shown(seen) if seen else "")
            if found.kind != ALIAS:
                return name, found
            if not follow_config and self.is_config(found.place):
                raise FileError(errno.ELOOP, first)
            base = os.path.basename(found.target)
            if names.is_instance(name) and names.is_template(base):
                base = names.with_instance(base, names.split(name)[1])
                if base == name:        # a link to the very template it is an instance of
                    entry = self._file(found.target, found.target) or self._builtin(os.path.basename(found.target))
                    if entry is not None:
                        return name, entry
            name = base
        raise FileError(errno.ELOOP, first)

    def exists(self, name: str) -> bool:
        try:
            return self.search_for(name)[0] is not None
        except (FileError, OSError):
            return True

    def all_names(self) -> Iterator[Tuple[str, str]]:
        """(name, directory) of all unit files, each name once, in the order of the search path."""
        seen: Dict[str, None] = {}
        for directory in (*self.search, self.own):
            try:
                entries = list(os.scandir(self.real(directory)))
            except OSError:
                continue
            for entry in entries:
                if names.is_valid(entry.name) and entry.name not in seen and (entry.is_symlink() or entry.is_file()):
                    seen[entry.name] = None
                    yield entry.name, directory
        if self.kind == "system":
            for name in BUILTIN_ALIASES:
                if name not in seen:
                    yield name, self.own


def _complaint(name: str, base: str) -> str:
    """Why a link called name cannot lead to a unit file called base; "" when it can."""
    if not names.is_valid(base):
        return f'{name} points to "{base}" which is not a valid unit name: Invalid cross-device link'
    if name[name.rfind("."):] != base[base.rfind("."):]:
        return f'{name}: symlink target "{base}" has incompatible suffix, rejecting.'
    if names.is_instance(name):
        if names.is_instance(base):
            if names.split(base)[1] != names.split(name)[1]:
                return f'{name}: unit symlink target "{base}" instance name doesn\'t match, rejecting.'
            return ""
        good = names.is_template(base)
    else:
        good = names.is_template(name) == names.is_template(base) and not names.is_instance(base)
    return "" if good else f'{name}: symlink target name type "{base}" does not match source, rejecting.'
