"""Parsers of the sandbox: checked, kept as words in ExecContext.sandbox.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.exec(5), "SANDBOXING".
"""

from __future__ import annotations

from typing import Dict, List

from fastinit.units.build import Build, Parser, Values
from fastinit.units.values import parse_boolean


def sandbox(build: Build, values: Values, field: str, text: str) -> None:
    """Kept as it is, by the directive's name; an empty assignment resets."""
    known: Dict[str, List[str]] = values.setdefault("sandbox", {})
    if not text:
        known.pop(field, None)
    elif field in _LISTS:
        known.setdefault(field, []).append(build.expand(text))
    else:
        known[field] = [build.expand(text)]


_LISTS = frozenset((
    "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "BindPaths", "BindReadOnlyPaths",
    "TemporaryFileSystem", "SystemCallFilter", "SystemCallArchitectures", "SystemCallLog", "RestrictAddressFamilies",
    "RestrictFileSystems", "RestrictNamespaces", "LoadCredential", "LoadCredentialEncrypted", "SetCredential",
    "SetCredentialEncrypted", "ImportCredential", "MountImages", "ExtensionImages", "ExtensionDirectories",
    "RootImageOptions", "LogExtraFields", "LogFilterPatterns",
))


def sandbox_boolean(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        parse_boolean(text)
    sandbox(build, values, field, text)


def sandbox_word(*choices: str) -> Parser:
    """A boolean or one of the words, kept as text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            parse_boolean(text)
        sandbox(build, values, field, text)
    return parse


def sandbox_choice(*choices: str) -> Parser:
    """One of the words, kept as text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            raise ValueError("not one of " + " ".join(choices))
        sandbox(build, values, field, text)
    return parse


def checked_word(*choices: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            raise ValueError("not one of " + " ".join(choices))
    return parse


def checked_boolean_or(*choices: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            parse_boolean(text)
    return parse
