"""A unit while it is being put together: what the parsers of directives write into.

In:  settings, one after the other.   Out: dicts of the fields that were set, warnings, perhaps the reason why it cannot load.
Lives only inside one Loader.load().
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from fastinit.units.specifiers import Specifiers

Values = Dict[str, Any]             # field of a class of model.py -> value


class Keyed(Dict[str, Any]):
    """A list whose entries have a name of their own: name -> entry; a later one of that name takes the place of the earlier."""


def add(values: Values, field: str) -> List[Any]:
    """The list to append to. Lists stay mutable while the unit is built: n lines that add to a tuple would cost n * n."""
    found: List[Any] = values.setdefault(field, [])
    return found


def keyed(values: Values, field: str) -> Keyed:
    found: Keyed = values.setdefault(field, Keyed())
    return found


def freeze(value: Any) -> Any:
    """What the field of the finished unit holds."""
    kind = type(value)
    if kind is list:
        return tuple(value)
    if kind is Keyed:
        return tuple(value.values())
    if kind is bytearray:
        return bytes(value)
    return value


class BadSetting(ValueError):
    """A value that systemd does not start a unit with: LoadState=bad-setting."""


class Build:
    """The fields set so far, one dict for each class of model.py."""

    __slots__ = (
        "classes",
        "context",
        "dependencies",
        "error",
        "install",
        "kill",
        "line",
        "name",
        "own",
        "path",
        "scope",
        "service",
        "specifiers",
        "unit",
        "warnings",
    )

    def __init__(self, name: str, specifiers: Specifiers) -> None:
        self.name = name
        self.specifiers = specifiers
        self.unit: Values = {}
        self.service: Values = {}
        self.scope: Values = {}
        self.context: Values = {}
        self.kill: Values = {}
        self.install: Values = {}
        self.own: Values = {}           # what [Socket], [Timer], [Path] … say that others need: "Service", "Unit", "Accept"
        # by the names that the rows of directives.TABLE use
        self.classes: Dict[str, Values] = {
            "unit": self.unit, "service": self.service, "scope": self.scope, "context": self.context, "kill": self.kill,
            "install": self.install, "own": self.own, "": self.own,
        }
        self.dependencies: Dict[str, Dict[str, None]] = {}     # kind -> names in order, each once
        self.warnings: List[str] = []
        self.error = ""                 # the first thing that makes it bad-setting
        self.path = ""                  # of the setting that is being parsed
        self.line = 0

    def expand(self, text: str) -> str:
        """Specifiers. Raises ValueError."""
        return self.specifiers.expand(text) if "%" in text else text

    def warn(self, text: str) -> None:
        self.warnings.append(f"{self.path}:{self.line}: {text}")

    def depend(self, kind: str, name: str) -> None:
        if name != self.name:
            self.dependencies.setdefault(kind, {})[name] = None


Parser = Callable[[Build, Values, str, str], None]
"""(unit being built, the dict of the class the field is in, field, value); ValueError: warn and ignore the line."""

