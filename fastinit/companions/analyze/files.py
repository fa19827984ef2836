"""systemd-analyze: verbs over the files of units and of configuration.

In:  options.   Out: text; 0, or 1 when something is wrong with a file.   Never: asks a manager.
Source: systemd-analyze(1).
"""

from __future__ import annotations

import os
from typing import Dict

from fastinit.companions.options import Options, UsageError, complain


def root_of(options: Options) -> str:
    return os.path.abspath(options.last("root")).rstrip("/") if options.last("root") else ""


def unit_paths(options: Options) -> int:
    from fastinit.units.loader import Loader
    print("\n".join(Loader(root_of(options), user=options.has("user")).paths))
    return 0


def unit_files(options: Options) -> int:
    """Every name with the file it is from; the first folder that has it counts."""
    from fnmatch import fnmatchcase

    from fastinit.units.loader import Loader
    from fastinit.units.names import is_valid
    found: Dict[str, str] = {}
    for folder in Loader(root_of(options), user=options.has("user")).paths:
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue                # most folders of the search path are not there
        for name in entries:
            if is_valid(name):
                found.setdefault(name, f"{folder}/{name}")
    for name, path in sorted(found.items()):
        if not options.args[1:] or any(fnmatchcase(name, pattern) for pattern in options.args[1:]):
            target = f" → {os.readlink(path)}" if os.path.islink(path) else ""
            print(f"{name}: {path}{target}")
    return 0


CONFIG_FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def cat_config(options: Options) -> int:
    from fastinit.companions import confd
    root = root_of(options)
    for name in options.args[1:]:
        short = name
        if name.startswith("/"):
            folder = next((folder for folder in CONFIG_FOLDERS if name.startswith(folder + "/")), "")
            if not folder:
                raise UsageError(f"Path {name} does not start with any known prefix.")
            short = name[len(folder) + 1:]
        main = [path for path in (f"{root}{folder}/{short}" for folder in CONFIG_FOLDERS) if os.path.isfile(path)][:1]
        drop_ins = confd.configured(root, [f"{folder}/{short}.d" for folder in CONFIG_FOLDERS])
        confd.print_all(main + drop_ins, options.has("tldr"))
    return 0


def verify(options: Options) -> int:
    """Load each file as a unit, its folder first in the search path; every warning is a line and makes the answer 1."""
    from fastinit.units.loader import Loader
    code = 0
    for word in options.args[1:]:
        loader = Loader(root_of(options), user=options.has("user"))
        folder, name = os.path.split(word)
        if folder or os.path.exists(word):
            if not os.path.isfile(word):
                raise UsageError(f"Failed to prepare filename {word}: No such file or directory")
            loader.paths = (os.path.abspath(folder or "."), *loader.paths)
        unit = loader.load(name)
        lines = list(unit.warnings)
        if unit.load_state != "loaded":
            lines.append(f"{name}: {unit.load_error or 'Unit is ' + unit.load_state}")
        for line in lines:
            complain(line)
        code = code or (1 if lines else 0)
    return code
