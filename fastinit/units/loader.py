"""Unit files to Unit values: where files are looked for, which ones make a unit, and what is added to them.

In:  a unit name.   Out: Unit, always; load_state and load_error tell what is wrong.
Never raises, never blocks, never looks at a running state. Directories are listed once per generation; forget() begins
the next one (daemon-reload).
Source: systemd.unit(5), "UNIT FILE LOAD PATH"; systemd.service(5) and the pages of the other types.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from fastinit.errors import UnitError
from fastinit.units import names, sysv
from fastinit.units.build import BadSetting, Build
from fastinit.units.config import ManagerConfig
from fastinit.units.defaults import context_defaults, make, service_defaults
from fastinit.units.directives import PARSERS
from fastinit.units.files import Stamp, read_file
from fastinit.units.implicit import add_defaults, add_implicit, default_slice
from fastinit.units.index import BUILTIN, MASKED, Index, list_sorted, search_path, unit_names_for_dropins
from fastinit.units.model import USEC_INFINITY, ExecContext, Install, KillContext, Scope, Service, Setting, StdStream, Unit
from fastinit.units.parsers.accounts import is_user
from fastinit.units.replaced import ALWAYS, REPLACED, VENDOR
from fastinit.units.specifiers import Host, Specifiers
from fastinit.units.syntax import Parsed, parse
from fastinit.units.verify import verify_service

TRANSIENT = "/systemd/transient"    # the end of the folder of units that are made while the manager runs

_DEPENDENCY_DIRS = (("wants", "Wants"), ("requires", "Requires"), ("upholds", "Upholds"))
# Types that exist without a file: systemd.slice(5), systemd.device(5); a scope has a transient one.
_FILELESS = frozenset((".slice", ".device"))
# The tree of slices, the init itself, the root directory: always there. description, page
_PERPETUAL = {"-.slice": ("Root Slice", "systemd.special(7)"), "system.slice": ("System Slice", "systemd.special(7)"),
              "init.scope": ("System and Service Manager", "systemd(1)"), "-.mount": ("Root Mount", "systemd.special(7)")}
DEFAULT_CONFIG = ManagerConfig()
_NO_CLASS = frozenset(("", "own"))      # where the rows of directives.TABLE say that no class of the model has a field
_DEFAULT_TARGET_KINDS = ("Wants", "Requires", "Requisite", "BindsTo", "Upholds")


def is_transient(path: str) -> bool:
    """Whether a unit file was made by a program while the manager runs (systemd-run)."""
    return os.path.dirname(path).endswith(TRANSIENT)


class Loader:
    """Loads units of one manager. paths: the search path, fastinit's own units last."""

    def __init__(self, root: str = "", config: ManagerConfig = DEFAULT_CONFIG, user: bool = False,
                 host: Optional[Host] = None) -> None:
        self.root = root.rstrip("/")
        self.config = config
        self.user = user
        self.host = host or Host(self.root, user)
        self.paths = tuple(self.root + path for path in search_path(user, self.host))
        self.paths += (os.path.join(BUILTIN, "user" if user else "system"),)
        self._index: Optional[Index] = None
        self._files: Dict[str, Tuple[Stamp, Parsed]] = {}
        self._units: Dict[str, Unit] = {}           # by every name
        self._built: Dict[str, Build] = {}          # read for the sake of a target that names them, not yet asked for
        self._may_be_stale = False
        self._service_defaults = service_defaults(config)
        self._context_defaults = context_defaults(config)

    def forget(self) -> None:
        """Look at the disk again from the next load on."""
        self._index = None
        self._files.clear()
        self._units.clear()
        self._built.clear()

    def add_file(self, name: str, path: str) -> None:
        """A unit file that was made since the folders were listed; all else stays as it was seen then."""
        self.index.files[name] = path
        self._forget_names((name,))

    def remove_file(self, name: str) -> None:
        self.index.files.pop(name, None)
        self._forget_names((name,))

    def _forget_names(self, known: Iterable[str]) -> None:
        for name in known:
            self._units.pop(name, None)
            self._built.pop(name, None)

    def forget_unit(self, unit: Unit) -> None:
        """It is in memory no more: the next load reads its files again."""
        self._forget_names((unit.name, *unit.names))
        for path in unit.dropin_paths:
            self._files.pop(path, None)
        if self._index is not None:
            for form in unit_names_for_dropins(unit.name):
                for folder in self._index.folders.get(form + ".d", ()):
                    self._index.listings.pop(folder, None)

    def distrust(self) -> None:
        """Time has passed: before a unit is read that is not known, see whether the directories have changed."""
        self._may_be_stale = True

    def _look_again(self) -> None:
        if not self._may_be_stale:
            return
        self._may_be_stale = False
        if self._index is not None and self._index.is_stale():
            self._index = None
            self._built.clear()
            self._forget_names([name for name, unit in self._units.items() if unit.load_state == "not-found"])

    @property
    def index(self) -> Index:
        if self._index is None:
            self._index = Index(self.root, self.paths)
            for path in self.paths:
                if path.endswith(TRANSIENT):
                    self._index.ignore_changes_in(path)
            if not self.user:
                self._index.add_scripts()
        return self._index

    def load(self, name: str, look: bool = True) -> Unit:
        """The unit of this name or alias. Never raises.

        look: whether to see to it that no directory has changed, if they are distrusted; else what was listed last counts.
        """
        if not names.is_valid(name):
            return Unit(name, frozenset((name,)), "error", f"{name}: invalid unit name")
        if "@." in name and names.is_template(name):
            return Unit(name, frozenset((name,)), "error", f"{name}: unit name is missing the instance name")
        unit = self._units.get(name)
        if look and (unit is None or unit.load_state == "not-found"):
            self._look_again()
            unit = self._units.get(name)
        if unit is None:
            build = self._built.get(name) or self._load(name)
            unit = self._finish(build)
            for alias in unit.names:
                self._units[alias] = unit
                self._built.pop(alias, None)        # a unit is half as large as what it was made of
        return unit

    # --- from files to a Build ---

    def _load(self, name: str) -> Build:
        index = self.index
        unit_id, path = index.resolve(name)
        build = Build(unit_id, Specifiers(unit_id, self.host, "" if path == MASKED else path))
        own = build.own
        own["names"] = index.all_names(unit_id) | {name}
        own["state"] = "loaded"
        own["stamps"] = []
        own["settings"] = []
        own["dropins"] = ()
        own["path"] = path
        if path == MASKED:
            own["state"] = "masked"
            return build
        if path and self._is_replaced(unit_id, path):
            own_unit = f"{self.paths[-1]}/{unit_id}"
            path = own["path"] = own_unit if os.path.exists(own_unit) else ""
            own["replaced"] = not path
        elif not path and unit_id in ALWAYS:
            own["replaced"] = True
        script = "" if path else index.scripts.get(unit_id, "")
        if path:
            self._read_fragment(build, path)
        elif script:
            self._read_script(build, script)
        elif not own.get("replaced") and not self._needs_no_file(unit_id):
            own["state"] = "not-found"
        if own["state"] in ("error", "masked"):
            return build
        build.warnings += index.warnings.get(unit_id, ())
        self._read_dropins(build)
        if own["state"] == "not-found" and not own["dropins"]:
            return build
        self._complete(build)
        return build

    @staticmethod
    def _needs_no_file(name: str) -> bool:
        return name in _PERPETUAL or name[name.rfind("."):] in _FILELESS

    @staticmethod
    def _is_replaced(name: str, path: str) -> bool:
        known = name in REPLACED or (names.template_of(name) or name) in REPLACED
        return known and any(part in path for part in VENDOR)

    def _read(self, path: str, unit: str) -> Tuple[Stamp, Parsed]:
        """A drop-in, parsed once for all units that it concerns (template@.service.d, service.d). Raises UnitError."""
        known = self._files.get(path)
        if known is None:
            data, stamp = read_file(path)
            known = (stamp, parse(data, path))
            if not path.startswith(unit + ".d/", path.rfind("/", 0, path.rfind("/")) + 1):
                self._files[path] = known
        return known

    def _read_fragment(self, build: Build, path: str) -> None:
        own = build.own
        try:
            data, stamp = read_file(path)
            own["stamps"].append(stamp)
            if not data:
                own["state"] = "masked"
                return
            known = self._files.get(path)
            if known is None or known[0] != stamp:
                known = (stamp, parse(data, path))
                if "@." in path:        # a template, whose other instances are read from what was parsed
                    self._files[path] = known
        except UnitError as error:
            own["state"], build.error = "error", str(error)
            return
        self._apply(build, known[1])

    def _read_script(self, build: Build, path: str) -> None:
        """The unit that a SysV script stands for."""
        try:
            data, stamp = read_file(path)
            text = sysv.unit_text(build.name, path[len(self.root):], data.decode("utf-8", "replace"))
            parsed = parse(text.encode(), path)
        except UnitError as error:
            build.own["state"], build.error = "error", str(error)
            return
        build.own["stamps"].append(stamp)
        self._apply(build, parsed)

    def _read_dropins(self, build: Build) -> None:
        index = self.index
        found = self._find_dropins(build.name, build.own["names"], index.folders, index.listing)
        masked = []
        for path in found:
            try:
                stamp, parsed = self._read(path, build.name)
            except UnitError as error:
                if self._is_null(path):         # asked of no other: a look at every link costs more than it finds
                    masked.append(path)
                else:
                    build.warnings.append(str(error) + ", ignoring the file")
                continue
            build.own["stamps"].append(stamp)
            self._apply(build, parsed)
        build.own["dropins"] = tuple([path for path in found if path not in masked])

    def _find_dropins(self, name: str, aliases: Iterable[str], folders: Mapping[str, Sequence[str]],
                      listing: Callable[[str], List[str]]) -> List[str]:
        """The .conf files that apply, in the order in which they are read: by file name. Some may be masked."""
        kind = name[name.rfind(".") + 1:]
        candidates: List[str] = []
        for unit in [name, *sorted(alias for alias in aliases if alias != name)]:
            found = [folder for form in unit_names_for_dropins(unit) for folder in folders.get(form + ".d", ())]
            # The order of the search path comes first, the more particular name counts within one of its directories.
            candidates += sorted(found, key=self._rank) if len(found) > 1 else found
        candidates += folders.get(kind + ".d", ())
        if not candidates:
            return []
        chosen: Dict[str, str] = {}
        for folder in candidates:
            for entry in listing(folder):
                if entry.endswith(".conf") and not entry.startswith(".") and entry not in chosen:
                    chosen[entry] = f"{folder}/{entry}"
        return [chosen[entry] for entry in sorted(chosen)]

    def needs_reload(self, unit: Unit) -> bool:
        """NeedDaemonReload=: a file that the unit was made of has changed, or other drop-ins apply now."""
        for path, mtime_ns, inode in unit.stamps:
            try:
                status = os.stat(path)
            except OSError:
                return True
            if (status.st_mtime_ns, status.st_ino) != (mtime_ns, inode):
                return True
        if unit.load_state not in ("loaded", "bad-setting"):
            return False
        self._look_again()
        found = self._find_dropins(unit.name, unit.names, self.index.folders, list_sorted)
        return tuple([path for path in found if not self._is_null(path)]) != unit.dropin_paths

    def _rank(self, folder: str) -> int:
        return self.paths.index(folder.rpartition("/")[0])

    @staticmethod
    def _is_null(path: str) -> bool:
        try:
            return os.readlink(path) == MASKED
        except OSError:
            return False

    def _apply(self, build: Build, parsed: Parsed) -> None:
        """Give every assignment of a file to its parser."""
        sections = PARSERS[build.name[build.name.rfind(".") + 1:]]
        build.warnings += parsed.warnings
        for section, line in parsed.sections:
            if section not in sections and not section.startswith("X-"):
                build.warnings.append(f"{parsed.path}:{line}: Unknown section '{section}'. Ignoring.")
        classes = build.classes
        build.path = parsed.path
        for section, name, value, build.line in parsed.settings:
            rows = sections.get(section)
            if rows is None:
                continue
            row = rows.get(name)
            if row is None:
                if not name.startswith("X-"):
                    build.warn(f"Unknown key '{name}' in section [{section}], ignoring.")
                continue
            read, target, field, refused = row
            if target in _NO_CLASS:
                build.own["settings"].append(Setting(section, name, value, build.path, build.line))
            try:
                read(build, classes[target], field, value)
                if refused:
                    build.warn(f"Support for option {name}= has been removed and it is ignored.")
            except BadSetting as error:
                build.error = build.error or f"{build.path}:{build.line}: cannot use {name}={value[:200]}: {error}"
            except ValueError as error:
                build.warn(f"Failed to parse {name}={value[:200]}: {error}, ignoring.")

    # --- what no file says ---

    def _complete(self, build: Build) -> None:
        name = build.name
        kind = name[name.rfind(".") + 1:]
        self._read_dependency_folders(build)
        if kind == "service":
            self._complete_service(build)
        if "slice" not in build.unit:
            slice_name = default_slice(name, kind, self.user)
            if slice_name:
                build.unit["slice"] = slice_name
        if name in _PERPETUAL:
            description, page = _PERPETUAL[name]
            build.unit.setdefault("description", description)
            build.unit["default_dependencies"] = False
            build.unit.setdefault("documentation", (f"man:{page}",))
        add_implicit(build, kind, self.user)
        whole = build.own["state"] == "loaded" and not build.own.get("replaced")
        if whole and build.unit.get("default_dependencies", True):
            add_defaults(build, kind, self.user)
        self._order_after_mounts(build)
        if kind == "service" and whole and not build.error:
            build.error = verify_service(build)

    def _read_dependency_folders(self, build: Build) -> None:
        index = self.index
        for unit in build.own["names"]:
            for form in (unit, names.template_of(unit)):
                if not form:
                    continue
                for suffix, kind in _DEPENDENCY_DIRS:
                    for folder in index.folders.get(f"{form}.{suffix}", ()):
                        for entry in index.listing(folder):
                            self._add_dependency_link(build, kind, folder, entry)

        for unit in build.own["names"]:
            for service in index.enabled_scripts.get(unit, ()):
                build.depend("Wants", service)

    def _add_dependency_link(self, build: Build, kind: str, folder: str, entry: str) -> None:
        if not names.is_valid(entry):
            if not entry.startswith("."):
                build.warnings.append(f"{folder}/{entry}:1: Not a unit name, ignoring.")
            return
        if self._is_null(f"{folder}/{entry}"):
            return
        if "@." in entry and names.is_template(entry):
            instance = build.specifiers.instance or build.specifiers.prefix
            entry = names.with_instance(entry, instance)
        build.depend(kind, entry)

    def _complete_service(self, build: Build) -> None:
        service = build.service
        if build.own.get("replaced"):
            service.update(type="oneshot", remain_after_exit=True)
            return
        if "type" not in service:
            if service.get("bus_name"):
                service["type"] = "dbus"
            else:
                service["type"] = "simple" if service.get("exec_start") else "oneshot"
        if service["type"] == "oneshot":        # systemd.service(5), "TimeoutStartSec=": off by default
            service.setdefault("timeout_start_usec", USEC_INFINITY)
        for field, value in self._service_defaults.items():
            service.setdefault(field, value)
        if service.get("notify_access", "none") == "none" and (
                service["type"] in ("notify", "notify-reload") or service.get("watchdog_usec")
                or service.get("file_descriptor_store_max")):
            service["notify_access"] = "main"

    def _order_after_mounts(self, build: Build) -> None:
        """RequiresMountsFor= and WantsMountsFor=: mount units that have a file are pulled in."""
        mounts = self.index.mounts
        if not mounts:
            return
        for field, kind in (("requires_mounts_for", "Requires"), ("wants_mounts_for", "Wants")):
            for path in build.unit.get(field, ()):
                end = path.find("/", 1)
                while end > 0:
                    self._add_mount(build, kind, mounts.get(path[:end]))
                    end = path.find("/", end + 1)
                self._add_mount(build, kind, mounts.get(path))

    @staticmethod
    def _add_mount(build: Build, kind: str, mount: Optional[str]) -> None:
        if mount:
            build.depend("After", mount)
            build.depend(kind, mount)

    # --- from a Build to a Unit ---

    def _finish(self, build: Build) -> Unit:
        own = build.own
        kind = build.name[build.name.rfind(".") + 1:]
        if kind == "target" and own["state"] == "loaded" and build.unit.get("default_dependencies", True):
            self._order_target(build)
        state = own["state"]
        if build.error and state == "loaded":
            state = "bad-setting"
        values: Dict[str, Any] = {
            "start_limit_interval_usec": self.config.default_start_limit_interval_usec,
            "start_limit_burst": self.config.default_start_limit_burst,
            **build.unit,
            "name": build.name, "names": own["names"], "load_state": state, "load_error": build.error,
            "fragment_path": "" if own["path"] == MASKED else own["path"], "dropin_paths": own["dropins"],
            "dependencies": {dependency: tuple(found) for dependency, found in build.dependencies.items()},
            "install": make(Install, build.install), "context": self._context(build), "kill": make(KillContext, build.kill),
            "warnings": tuple(build.warnings), "stamps": tuple(own["stamps"]), "settings": tuple(own["settings"]),
            "replaced": bool(own.get("replaced")), "perpetual": kind != "mount" and build.name in _PERPETUAL,
        }
        if kind == "service":
            values["service"] = make(Service, build.service)
        if kind == "scope":
            values["scope"] = Scope(**{"timeout_stop_usec": self.config.default_timeout_stop_usec, **build.scope})
        return make(Unit, values)

    def _context(self, build: Build) -> ExecContext:
        context = build.context
        if context.get("dynamic_user"):
            name = context["user"] = context.get("user") or dynamic_user_name(build.specifiers.prefix)
            context.setdefault("group", name)
        if self.config.default_limits:
            context["limits"] = {**self.config.default_limits, **context.get("limits", {})}
        for field, value in self._context_defaults.items():
            context.setdefault(field, value)
        if "standard_input_data" in context and "standard_input" not in context:
            context["standard_input"] = StdStream("data")
        if "sandbox" in context:
            context["sandbox"] = {name: tuple(values) for name, values in context["sandbox"].items()}
        return make(ExecContext, context)

    def _order_target(self, build: Build) -> None:
        """A target comes after what it pulls in, unless either side says that it has no default dependencies or orders itself."""
        before = build.dependencies.get("Before", {})
        for kind in _DEFAULT_TARGET_KINDS:
            for other in tuple(build.dependencies.get(kind, ())):
                if other in before or not names.is_valid(other) or names.is_template(other):
                    continue
                after = self._default_order(other)
                if after is not None and not any(name in after for name in build.own["names"]):
                    build.depend("After", other)

    def _default_order(self, name: str) -> Optional[Collection[str]]:
        """What the unit comes after; None when it has no default dependencies."""
        unit = self._units.get(name)
        if unit is not None:
            return unit.dependencies.get("After", ()) if unit.default_dependencies else None
        build = self._built.get(name)
        if build is None:
            build = self._load(name)
            for alias in build.own["names"]:
                self._built[alias] = build
        return build.dependencies.get("After", ()) if build.unit.get("default_dependencies", True) else None


def dynamic_user_name(prefix: str) -> str:
    """The user of DynamicUser=yes without User=: the unit's prefix where it can be a user's name, else a number made of it."""
    if prefix.isascii() and len(prefix) <= 31 and is_user(prefix) and not prefix.isdecimal() and "." not in prefix:
        return prefix
    import hashlib  # OpenSSL is slow to load and seldom needed
    return "_du" + hashlib.blake2b(prefix.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


__all__ = ["USEC_INFINITY", "Loader", "Setting", "search_path", "unit_names_for_dropins"]
