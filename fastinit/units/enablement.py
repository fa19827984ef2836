"""What `is-enabled` and `list-unit-files` say: the state of a unit file, from the links that lead to it.

In:  UnitDirs.   Out: one of STATES, and for a list: every name with its state.
Never writes. The links of a directory are listed once for all units: a list of a thousand reads each directory once.
Source: systemctl(1), "is-enabled".
"""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, NamedTuple, Tuple

from fastinit.units import names
from fastinit.units.index import MASKED
from fastinit.units.install_info import Context, Info
from fastinit.units.unitdirs import NULL, SYSTEM, FileError, UnitDirs

STATES = ("enabled", "enabled-runtime", "linked", "linked-runtime", "alias", "masked", "masked-runtime", "static", "disabled",
          "indirect", "generated", "transient", "bad")
NO_PRESET = frozenset(("static", "alias", "generated", "transient"))
_FOLDERS = (".wants", ".requires", ".upholds")


class Link(NamedTuple):
    """A symlink in a directory of the search path: its name, what it names, and whether it lies in a .wants/ or its like."""

    name: str
    target: str         # normalized, one hop
    in_folder: bool


class Enablement:
    """Asks the disk once; make a new one after a change."""

    def __init__(self, dirs: UnitDirs) -> None:
        self.dirs = dirs
        self.lines: List[str] = []
        self._links: Dict[str, Dict[str, List[Link]]] = {}      # directory -> name, and basename of the target -> links
        self._present: Dict[str, frozenset[str]] = {}

    def state(self, name: str) -> str:
        """One of STATES. Raises FileError: ENOENT when there is no such unit file."""
        context = Context(self.dirs)
        try:
            info = context.discover(name, True)
        finally:
            self.lines += context.lines
        directory, _, base = info.file.path.rpartition("/")
        if info.file.kind == NULL:
            return "masked-runtime" if self.dirs.is_runtime(directory) else "masked"
        if name != base and not names.is_instance(info.name):
            return "alias"
        if directory in self.dirs.generated:
            return "generated"
        if directory == self.dirs.transient:
            return "transient"
        found = self._in_use(info, True)
        if found:
            return found
        if self._in_use(info, False):
            return "indirect"
        return "disabled" if info.has_rules else "indirect" if info.also else "static"

    def _in_use(self, info: Info, by_name: bool) -> str:
        """Where links lead to it. by_name: only those whose name is one that enabling it would give."""
        runtime = anywhere = hidden = False
        linked = ""
        known = frozenset((info.name, info.instance_name(), *info.alias)) if by_name else frozenset()
        for directory in self.dirs.search:
            found, same = self._links_to(info, directory, by_name, known, hidden)
            if found:
                if directory == self.dirs.config or (self.dirs.scope != SYSTEM and directory in (
                        self.dirs.config, "/etc/systemd/user")):
                    return "enabled"
                if self.dirs.is_runtime(directory):
                    runtime = True
                else:
                    anywhere = True
            elif same:
                if directory == self.dirs.config:
                    linked = "linked"
                elif self.dirs.is_runtime(directory):
                    linked = linked or "linked-runtime"
            hidden = hidden or info.name in self._names_in(directory)
        if runtime:
            return "enabled-runtime"
        if anywhere and names.is_instance(info.name):
            return "static"
        return linked

    def _links_to(self, info: Info, directory: str, by_name: bool, known: frozenset[str], hidden: bool) -> Tuple[bool, bool]:
        """(a link that counts, a link of the unit's own name at the top of the directory)."""
        same = False
        for link in self._of(directory).get(info.name, ()):
            leads_here = os.path.basename(link.target) == info.name
            if link.name == info.name and leads_here and not link.in_folder:
                same = same or not hidden
            elif not by_name or link.name in known:
                return True, same
        return False, same

    def _of(self, directory: str) -> Dict[str, List[Link]]:
        known = self._links.get(directory)
        if known is None:
            known = self._links[directory] = {}
            for link in self._scan(directory):
                for key in {link.name, os.path.basename(link.target), names.template_of(link.name)}:
                    known.setdefault(key, []).append(link)
        return known

    def _scan(self, directory: str, in_folder: bool = False) -> Iterator[Link]:
        try:
            entries = list(os.scandir(self.dirs.real(directory)))
        except OSError:
            return
        for entry in entries:
            if entry.is_symlink():
                if names.is_valid(entry.name):
                    target = os.path.normpath(os.path.join(directory, os.readlink(entry.path)))
                    if target != MASKED:
                        yield Link(entry.name, target, in_folder)
            elif not in_folder and entry.name.endswith(_FOLDERS) and entry.is_dir(follow_symlinks=False):
                yield from self._scan(f"{directory}/{entry.name}", True)

    def _names_in(self, directory: str) -> frozenset[str]:
        known = self._present.get(directory)
        if known is None:
            try:
                known = frozenset(os.listdir(self.dirs.real(directory)))
            except OSError:
                known = frozenset()
            self._present[directory] = known
        return known

    # ---- list -----------------------------------------------------------------------------------------------------------

    def unit_files(self) -> Iterator[str]:
        for name, _ in self.dirs.all_names():
            yield name

    def state_or_bad(self, name: str) -> str:
        """For a list: "bad" for what cannot be read and what leads nowhere."""
        try:
            return self.state(name)
        except FileError as error:
            self.lines += error.lines
            return "bad"
