"""Which file a unit's name leads to: the load path, links between names, drop-in folders.

In:  a root, the folders of the load path in their order.   Out: paths and names; nothing is read but folders and links.
Source: systemd.unit(5), "UNIT FILE LOAD PATH" and "DESCRIPTION".
"""

from __future__ import annotations

import os
from typing import Dict, FrozenSet, Iterable, List, Set, Tuple

from fastinit.errors import UnitError
from fastinit.units import names, sysv
from fastinit.units.files import chase
from fastinit.units.replaced import REPLACED
from fastinit.units.specifiers import Host

BUILTIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "builtin")
ALIASES_MAX = 64                    # links from one alias to the next
MASKED = "/dev/null"

# Aliases of fastinit's own units: a wheel holds no symlinks. A container has no display, so multi-user is the default.
BUILTIN_ALIASES = {
    "default.target": "multi-user.target", "ctrl-alt-del.target": "reboot.target",
    "runlevel0.target": "poweroff.target", "runlevel1.target": "rescue.target", "runlevel2.target": "multi-user.target",
    "runlevel3.target": "multi-user.target", "runlevel4.target": "multi-user.target", "runlevel5.target": "graphical.target",
    "runlevel6.target": "reboot.target",
}

SYSTEM_PATH = (
    "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
    "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
    "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
    "/run/systemd/generator.late",
)
_USER_PATH = (
    "{config}/systemd/user.control", "{runtime}/systemd/user.control", "{runtime}/systemd/transient",
    "{runtime}/systemd/generator.early", "{config}/systemd/user", "{config_dirs}", "/etc/systemd/user",
    "{runtime}/systemd/user", "/run/systemd/user", "{runtime}/systemd/generator", "{data}/systemd/user", "{data_dirs}",
    "/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user", "{runtime}/systemd/generator.late",
)


def search_path(user: bool, host: Host) -> Tuple[str, ...]:
    """The directories of units, the strongest first, without fastinit's own."""
    override = host.environ.get("SYSTEMD_UNIT_PATH", "")
    usual = _user_path(host) if user else SYSTEM_PATH
    if not override:
        return usual
    given = tuple(path for path in override.split(":") if path.startswith("/"))
    return given + usual if override.endswith(":") else given


def _user_path(host: Host) -> Tuple[str, ...]:
    known = {"config": host.config, "runtime": host.runtime, "data": host.home_dir("XDG_DATA_HOME", "/.local/share")}
    lists = {
        "{config_dirs}": host.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg",
        "{data_dirs}": host.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share",
    }
    found: List[str] = []
    for pattern in _USER_PATH:
        if pattern in lists:
            found += [f"{path}/systemd/user" for path in lists[pattern].split(":") if path.startswith("/")]
        else:
            found.append(pattern.format(**known))
    return tuple(dict.fromkeys(found))


class Index:
    """All directories of the search path, listed once.

    files:   name -> path of the fragment, MASKED, or "" with an entry in aliases.
    aliases: name -> the name that its symlink points at.
    folders: "x.service.d", "x.target.wants" … -> the paths of the folders of that name, the strongest first.
    scripts: name -> SysV script, for those without a unit; enabled_scripts: target -> the names that its runlevels start.
    mounts:  mount point -> the mount unit that has a file.
    """

    __slots__ = (
        "_root", "_roots", "_stamps", "aliases", "enabled_scripts", "files", "folders", "listings", "mounts", "names_of",
        "scripts", "warnings",
    )

    def __init__(self, root: str, directories: Iterable[str]) -> None:
        self.files: Dict[str, str] = {}
        self.aliases: Dict[str, str] = {}
        self.names_of: Dict[str, List[str]] = {}
        self.folders: Dict[str, List[str]] = {}
        self.listings: Dict[str, List[str]] = {}
        self.warnings: Dict[str, List[str]] = {}
        self._root = root
        directories = tuple(directories)
        self._roots: Dict[str, str] = {}        # directory without root, as written and as it really is
        self._stamps = {path: _stamp(path) for path in directories}
        seen: Set[Tuple[int, int]] = set()
        readable: List[str] = []
        for directory in directories:
            # also one that is not there: a link to where systemd's units would be means fastinit's own of that name
            if directory.startswith(root + "/"):
                self._roots.setdefault(directory[len(root):], directory)
            try:
                status = os.stat(directory)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) in seen:      # /lib is a link to usr/lib
                self._roots[directory[len(root):]] = directory
                continue
            seen.add((status.st_dev, status.st_ino))
            readable.append(directory)
            if directory.startswith(root):
                self._roots[directory[len(root):]] = directory
            self._roots[os.path.realpath(directory)] = directory
        irregular: Dict[str, str] = {}
        for directory in readable:
            self._list(directory, irregular)
        for name, target in BUILTIN_ALIASES.items():
            if name not in self.files and name not in self.aliases and target in self.files:
                self.aliases[name] = target
        for name, path in irregular.items():    # a folder or socket is no unit, but nothing else has that name: say so
            if name not in self.aliases:
                self.files.setdefault(name, path)
        for name, target in self.aliases.items():
            self.names_of.setdefault(target, []).append(name)
        self.mounts = self._find_mounts()
        self.scripts: Dict[str, str] = {}
        self.enabled_scripts: Dict[str, Tuple[str, ...]] = {}

    def is_stale(self) -> bool:
        """Something has come into a directory or gone out of it."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())

    def ignore_changes_in(self, directory: str) -> None:
        """What comes and goes there is told by whoever does it."""
        self._stamps.pop(directory, None)

    def _list(self, directory: str, irregular: Dict[str, str]) -> None:
        files, aliases = self.files, self.aliases
        try:
            entries = list(os.scandir(directory))
        except OSError:
            return
        for entry in entries:
            name = entry.name
            suffix = name[name.rfind("."):]
            if suffix in (".d", ".wants", ".requires", ".upholds"):
                self.folders.setdefault(name, []).append(f"{directory}/{name}")
            elif suffix in names.SUFFIXES and name not in files and name not in aliases:
                path = f"{directory}/{name}"
                if entry.is_symlink():
                    self._add_link(name, path, directory)
                elif entry.is_file(follow_symlinks=False):
                    files[name] = path
                else:
                    irregular.setdefault(name, path)

    def _add_link(self, name: str, path: str, directory: str) -> None:
        try:
            target = os.readlink(path)
        except OSError:
            return
        inside = target if target.startswith("/") else os.path.normpath(f"{directory[len(self._root):]}/{target}")
        if inside == MASKED:
            self.files[name] = MASKED
            return
        parent, _, base = os.path.normpath(inside).rpartition("/")
        if parent in self._roots or (self._root and parent.startswith(self._root) and parent[len(self._root):] in self._roots):
            alias = _alias_target(name, base)
            if alias and alias != name:
                self.aliases[name] = alias
                return
            if not alias:
                self.warnings.setdefault(base, []).append(
                    f"{path}:1: Suspicious symlink to {target}: {name} cannot be an alias of {base}, ignoring.")
                return
        # A file outside the search path that is linked in; or the template of this very instance.
        try:
            where = self._root + chase(self._root, path[len(self._root):])
        except UnitError:
            where = path            # reading it says what is wrong
        self.files[name] = MASKED if where == self._root + MASKED else where

    def add_scripts(self) -> None:
        """SysV scripts, where no unit of that name or alias is in the way."""
        found = sysv.find_scripts(self._root)
        self.scripts = {name: path for name, path in found.items() if name not in self.files and name not in self.aliases}
        self.enabled_scripts = sysv.find_enabled(self._root, self.scripts)

    def _find_mounts(self) -> Dict[str, str]:
        found: Dict[str, str] = {}
        for name, path in self.files.items():
            if name.endswith(".mount") and path != MASKED and name not in REPLACED:
                try:
                    found[names.unescape_path(name[:-len(".mount")])] = name
                except ValueError:
                    continue            # the name of no path: no one can need it
        return found

    def listing(self, folder: str) -> List[str]:
        """The names in a folder, sorted; [] when it cannot be read."""
        known = self.listings.get(folder)
        if known is None:
            known = self.listings[folder] = list_sorted(folder)
        return known

    def resolve(self, name: str) -> Tuple[str, str]:
        """(id, path of the fragment) of a unit name; path is "" when there is no file and MASKED when it is masked."""
        for _ in range(ALIASES_MAX):
            path = self.files.get(name)
            if path is not None:
                return name, path
            target = self.aliases.get(name)
            if target is None:
                template = names.template_of(name)
                if not template or template == name:
                    return name, ""
                path = self.files.get(template)
                if path is not None:
                    return name, path
                target = self.aliases.get(template)
                if target is None:
                    return name, ""
                target = names.with_instance(target, names.split(name)[1])
            name = target
        return name, ""

    def all_names(self, name: str) -> FrozenSet[str]:
        """The id and every alias, links to links included."""
        if "@" not in name and name not in self.names_of:
            return frozenset((name,))
        found = {name}
        queue = [name]
        instance = names.split(name)[1]
        template = names.template_of(name) if instance else ""
        while queue:
            current = queue.pop()
            aliases = self.names_of.get(current, [])
            if template:
                of_template = self.names_of.get(names.template_of(current), ())
                aliases = aliases + [names.with_instance(alias, instance) for alias in of_template if "@." in alias]
            for alias in aliases:
                if alias not in found:
                    found.add(alias)
                    queue.append(alias)
        return frozenset(found)


def _stamp(directory: str) -> Tuple[int, int]:
    """(mtime in ns, inode); (0, 0) for one that is not there."""
    try:
        status = os.stat(directory)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino


def list_sorted(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _alias_target(name: str, base: str) -> str:
    """What a link called name to a unit file called base stands for; "" when types or forms do not fit."""
    if not names.is_valid(base) or name[name.rfind("."):] != base[base.rfind("."):]:
        return ""
    if names.is_template(base):
        if names.is_template(name):
            return base
        return names.with_instance(base, names.split(name)[1]) if "@" in name else ""
    return "" if names.is_template(name) else base


def unit_names_for_dropins(name: str) -> List[str]:
    """Names whose .d folders apply, the most particular first: itself, its template, then cut off at the dashes.

    "a-b@i.service" -> a-b@i, a-b@, a-, a-@i, a-@ (with ".service"): the forms without "@" come with the template.
    """
    prefix, instance, suffix = names.split(name)
    shorts = _prefixes(prefix)
    forms = [name]
    if instance:
        forms.append(f"{prefix}@{suffix}")
    forms += [short + suffix for short in shorts]
    if instance:
        for short in shorts:
            forms += (f"{short}@{instance}{suffix}", f"{short}@{suffix}")
    return forms


def _prefixes(prefix: str) -> List[str]:
    """ "a-b-c" -> "a-b-", "a-"."""
    found = []
    end = prefix.rstrip("-").rfind("-")
    while end > 0:
        found.append(prefix[:end + 1])
        end = prefix[:end].rstrip("-").rfind("-")
    return found
