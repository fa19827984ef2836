"""Preset files: which units are enabled from the start.

In:  directories of *.preset files below a root.   Out: rules, and for a unit name what the first matching one says.
Never raises: a line that makes no sense becomes a warning.
Source: systemd.preset(5).
"""

from __future__ import annotations

import fnmatch
import os
from typing import Dict, List, NamedTuple, Sequence, Tuple

from fastinit.errors import UnitError
from fastinit.units import names
from fastinit.units.files import read_file

ENABLE, DISABLE, IGNORE = "enable", "disable", "ignore"
PAST: Dict[str, str] = {ENABLE: "enabled", DISABLE: "disabled", IGNORE: "ignored"}
FOLDERS = ("/etc/systemd/{}-preset", "/run/systemd/{}-preset", "/usr/local/lib/systemd/{}-preset", "/usr/lib/systemd/{}-preset",
           "/lib/systemd/{}-preset")


class Rule(NamedTuple):
    """One line; instances: of a template, "enable foo@.service a b"."""

    action: str
    pattern: str
    instances: Tuple[str, ...] = ()


class Verdict(NamedTuple):
    """instances: names of the instances to enable instead of the template itself."""

    action: str
    instances: Tuple[str, ...] = ()


class Presets(NamedTuple):
    rules: Tuple[Rule, ...]
    warnings: Tuple[str, ...]

    def query(self, name: str) -> Verdict:
        """What the first rule that fits says; without one a unit is enabled."""
        template = names.template_of(name) if names.is_instance(name) else ""
        for rule in self.rules:
            if rule.instances and template and fnmatch.fnmatchcase(template, rule.pattern):
                if names.split(name)[1] in rule.instances:
                    return Verdict(rule.action)
            elif fnmatch.fnmatchcase(name, rule.pattern):
                instances = rule.instances if names.is_template(name) and rule.action == ENABLE else ()
                return Verdict(rule.action, tuple(names.with_instance(name, instance) for instance in instances))
        return Verdict(ENABLE)


def load_presets(root: str, scope: str) -> Presets:
    """scope: "system" or "user"."""
    paths: Dict[str, str] = {}
    for folder in FOLDERS:
        directory = root + folder.format(scope)
        try:
            entries = os.listdir(directory)
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".preset") and not entry.startswith("."):
                paths.setdefault(entry, f"{directory}/{entry}")
    rules: List[Rule] = []
    warnings: List[str] = []
    for entry in sorted(paths):
        _read(paths[entry], rules, warnings)
    return Presets(tuple(rules), tuple(warnings))


def _read(path: str, rules: List[Rule], warnings: List[str]) -> None:
    try:
        if os.path.islink(path) and os.readlink(path) == "/dev/null":
            return
        text = read_file(path).data.decode("utf-8", "surrogateescape")
    except UnitError as error:
        warnings.append(str(error))
        return
    except OSError:
        return              # gone since it was listed
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        words = line.split()
        if words[0] not in PAST or len(words) < 2:
            warnings.append(f"{path}:{number}: Couldn't parse line '{line}'. Ignoring.")
            continue
        rules.append(_rule(words))


def _rule(words: Sequence[str]) -> Rule:
    """Only "enable" knows instances."""
    return Rule(words[0], words[1], tuple(words[2:]) if words[0] == ENABLE else ())
