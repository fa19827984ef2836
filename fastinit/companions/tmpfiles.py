"""systemd-tmpfiles: create, remove and clean files as tmpfiles.d(5) declares them.

In:  tmpfiles.d files, stdin, arguments.   Out: files below the root; messages on stderr; the exit code.
Exit codes: 0; 65 = some lines were invalid and skipped; 73 = some could not be carried out; 1 = anything else.
Differs from systemd: subvolumes (v, q, Q) are always plain folders; --image= and --user are refused.
Source: systemd-tmpfiles(8), tmpfiles.d(5) of v257.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Dict, List, Set, Tuple

from fastinit.companions import confd
from fastinit.companions.accounts import Resolver
from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.companions.tmpapply import Applier, Trouble, why
from fastinit.companions.tmplines import Item, Plan, Settings, normal_prefixes, parse_all
from fastinit.units.specifiers import Host

USAGE = """
systemd-tmpfiles COMMAND [OPTIONS...] [CONFIGURATION FILE...]

Create, delete, and clean up files and directories.

Commands:
     --create               Create and adjust files and directories
     --clean                Clean up files and directories
     --remove               Remove files and directories marked for removal
     --purge                Delete files and directories marked for creation in
                            specified configuration files (careful!)
     --cat-config           Show configuration files
     --tldr                 Show non-comment parts of configuration files
  -h --help                 Show this help
     --version              Show package version

Options:
     --boot                 Execute actions only safe at boot
     --graceful             Quietly ignore unknown users or groups
     --prefix=PATH          Only apply rules with the specified prefix
     --exclude-prefix=PATH  Ignore rules with the specified prefix
  -E                        Ignore rules prefixed with /dev, /proc, /run, /sys
     --root=PATH            Operate on an alternate filesystem root
     --replace=PATH         Treat arguments as replacement for PATH
     --dry-run              Just print what would be done
     --no-pager             Do not pipe output into a pager
"""
OPTIONS = (
    "user", "cat-config", "tldr", "create", "clean", "remove", "purge", "boot", "graceful", "prefix=", "exclude-prefix=",
    "exclude-virtual E", "root=", "image=", "replace=", "dry-run", "no-pager",
)
KIND = "tmpfiles.d"
VIRTUAL = ("/dev", "/proc", "/run", "/sys")
EX_DATAERR, EX_CANTCREAT = 65, 73


class Runner:
    """Works off a Plan: removing and cleaning first, from the leaves up; then creating, from the root down."""

    def __init__(self, plan: Plan, applier: Applier) -> None:
        self.plan = plan
        self.applier = applier
        self.failed = False

    def run(self, removing: "List[Callable[[Item], None]]", creating: bool) -> None:
        # Ordinary paths first: they make what patterns then adjust.
        tables = (self.plan.plain, self.plan.globs)
        if removing:
            done: Set[Tuple[int, str]] = set()
            below = self._children()
            for number, table in enumerate(tables):
                for path in table:
                    self._remove((number, path), removing, below, done)
        if creating:
            made: Set[Tuple[int, str]] = set()
            for number, table in enumerate(tables):
                for path in table:
                    self._create((number, path), made)

    def _items(self, key: Tuple[int, str]) -> List[Item]:
        return (self.plan.plain, self.plan.globs)[key[0]].get(key[1], [])

    def _parent(self, key: Tuple[int, str]) -> "Tuple[int, str] | None":
        path = self.plan.parent_of(key[1])
        if not path:
            return None
        return (0 if path in self.plan.plain else 1), path

    def _children(self) -> Dict[Tuple[int, str], List[Tuple[int, str]]]:
        children: Dict[Tuple[int, str], List[Tuple[int, str]]] = {}
        for number, table in enumerate((self.plan.plain, self.plan.globs)):
            for path in table:
                parent = self._parent((number, path))
                if parent is not None:
                    children.setdefault(parent, []).append((number, path))
        return children

    def _remove(
        self, key: Tuple[int, str], actions: "List[Callable[[Item], None]]",
        below: Dict[Tuple[int, str], List[Tuple[int, str]]], done: Set[Tuple[int, str]],
    ) -> None:
        if key in done:
            return
        done.add(key)
        for child in below.get(key, ()):
            self._remove(child, actions, below, done)
        for item in self._items(key):
            for action in actions:
                self._try(action, item, False)

    def _create(self, key: Tuple[int, str], made: Set[Tuple[int, str]]) -> None:
        if key in made:
            return
        made.add(key)
        parent = self._parent(key)
        if parent is not None:
            self._create(parent, made)
        for item in self._items(key):
            self._try(self.applier.create, item, "-" in item.flags)

    def _try(self, action: Callable[[Item], None], item: Item, tolerated: bool) -> None:
        try:
            action(item)
        except Trouble as trouble:
            text = str(trouble)
        except OSError as error:
            text = f"{item.where}: cannot look for {item.path}: {why(error)}"
        else:
            return
        self.applier.say(text + (", ignoring" if tolerated else ""))
        self.failed = self.failed or not tolerated


def _sources(options: Options, root: str) -> List[str]:
    """Files to read: those named, or all installed ones, with the named ones in the place of --replace=."""
    searched = confd.folders(KIND)
    if options.args and not options.has("replace"):
        return options.args
    found: List[str] = []
    for path in confd.configured(root, searched, options.last("replace")):
        found.extend(options.args if path == confd.REPLACED else [path])
    return found


def _read(options: Options, root: str, plan: Plan, names: Resolver) -> bool:
    """Fill the plan. Returns whether all lines were valid. Raises UsageError for a named file that cannot be read."""
    excluded = [*options.all("exclude-prefix"), *(VIRTUAL if options.has("exclude-virtual") else ())]
    settings = Settings(options.has("boot"), normal_prefixes(options.all("prefix"), root), normal_prefixes(excluded, root))
    host = Host(root)
    says: List[str] = []
    good = True
    for name in _sources(options, root):
        try:
            path = confd.locate(name, root, confd.folders(KIND))
            good &= parse_all(confd.read_lines(path), plan, host, names, settings, says)
        except FileNotFoundError:
            if name in options.args:
                raise UsageError(f"Failed to open '{name}': No such file or directory") from None
        except OSError as error:
            raise UsageError(f"Failed to open '{name}': {why(error)}") from None
    given, data = confd.credential("tmpfiles.extra")
    if given and not options.args:
        good &= parse_all(confd.numbered("tmpfiles.extra", data), plan, host, names, settings, says)
    _tell(says, options.has("graceful"))
    return good or (options.has("graceful") and all("Failed to resolve" in text for text in says))


def _tell(says: List[str], graceful: bool) -> None:
    for text in says:
        if not (graceful and "Failed to resolve" in text):
            complain(text)


def _work(options: Options) -> int:
    if options.has("image"):
        raise UsageError("cannot use --image=: disk images need a mount; mount it and use --root=")
    if options.has("user"):
        raise UsageError("cannot use --user: there is no manager for users here")
    root = os.path.abspath(options.last("root")).rstrip("/") if options.last("root") else ""
    if options.has("cat-config") or options.has("tldr"):
        paths = [confd.locate(name, root, confd.folders(KIND)) for name in options.args]
        return confd.print_all(paths or confd.configured(root, confd.folders(KIND)), options.has("tldr"))
    _check_commands(options)
    plan, names = Plan(root), Resolver(root)
    good = _read(options, root, plan, names)
    os.umask(0o022)
    applier = Applier(root, names, complain, options.has("dry-run"))
    runner = Runner(plan, applier)
    removing: List[Callable[[Item], None]] = []
    if options.has("purge"):
        removing.append(applier.purge)
    if options.has("remove"):
        removing.append(applier.remove)
    if options.has("clean"):
        from fastinit.companions.tmpclean import Cleaner
        cleaner = Cleaner(plan, applier, time.time_ns() // 1000)
        removing.append(cleaner.clean)
        runner.run(removing, options.has("create"))
        runner.failed |= cleaner.failed
    else:
        runner.run(removing, options.has("create"))
    if not good:
        return EX_DATAERR
    return EX_CANTCREAT if runner.failed else 0


def _check_commands(options: Options) -> None:
    if not any(options.has(verb) for verb in ("create", "clean", "remove", "purge")):
        raise UsageError("You need to specify at least one of --clean, --create, --remove, or --purge.")
    if options.has("purge") and not options.args:
        raise UsageError("Refusing --purge without specification of a configuration file.")
    if options.has("replace") and not options.args:
        raise UsageError("When --replace= is given, some configuration items must be specified.")


def main(argv: List[str]) -> int:
    return run("systemd-tmpfiles", USAGE, OPTIONS, argv, _work)
