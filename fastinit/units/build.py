"""A unit while it is being put together: what the parsers of directives write into.

In:  settings, one after the other.   Out: dicts of the fields that were set, warnings, perhaps the reason why it cannot load.
Lives only inside one Loader.load().
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from fastinit.units.specifiers import Specifiers

Values = Dict[str, Any]             # field of a class of model.py -> value


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
        self.context: Values = {}
        self.kill: Values = {}
        self.install: Values = {}
        self.own: Values = {}           # what [Socket], [Timer], [Path] … say that others need: "Service", "Unit", "Accept"
        # by the names that the rows of directives.TABLE use
        self.classes: Dict[str, Values] = {
            "unit": self.unit, "service": self.service, "context": self.context, "kill": self.kill, "install": self.install,
            "own": self.own, "": self.own,
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

