"""Parsers of paths and of what begins with one.

As all parsers (single.py): (Build, dict of the class, field, text) -> the dict changed; ValueError or BadSetting.
Source: systemd.exec(5), "PATHS"; systemd.service(5).
"""

from __future__ import annotations

from typing import Optional

from fastinit.units.build import BadSetting, Build, Values, add, keyed
from fastinit.units.model import Directory, EnvironmentFile
from fastinit.units.syntax import split_words

PATH_MAX = 4095


def clean_path(path: str) -> str:
    """Without doubled or trailing slashes and "." parts."""
    if "//" not in path and "/." not in path and (path == "/" or path[-1:] != "/"):
        return path
    head = "/" if path.startswith("/") else ""
    return head + "/".join([part for part in path.split("/") if part not in ("", ".")]) or head


def absolute_path(text: str) -> str:
    """A path from the root, tidied. Raises ValueError."""
    if not text.startswith("/"):
        raise ValueError("path is not absolute")
    if len(text) > PATH_MAX:
        raise ValueError("path is too long")
    path = clean_path(text)
    if "/.." in path and ".." in path.split("/"):
        raise ValueError("path is not normalized")
    return path


def path(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        values[field] = absolute_path(build.expand(text))
    else:
        values.pop(field, None)


def paths(build: Build, values: Values, field: str, text: str) -> None:
    """Absolute paths, words with quotes."""
    if not text:
        values[field] = []
        return
    add(values, field).extend([absolute_path(build.expand(word)) for word in split_words(text)])


def pid_file(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    given = build.expand(text)
    full = absolute_path(given if given.startswith("/") else "/run/" + given)
    if full.startswith("/var/run/"):
        moved = full[4:]
        build.warn(f"PIDFile= references a path below legacy directory /var/run/, updating {full} → {moved}; "
                   "please update the unit file accordingly.")
        full = moved
    values[field] = full


def working_directory(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        values.pop("working_directory_optional", None)
        return
    optional = text[0] == "-"
    given = text[1:] if optional else text
    if given != "~":
        try:
            given = absolute_path(build.expand(given))
        except ValueError as error:
            if optional:
                raise
            raise BadSetting(str(error)) from None
    values[field] = given
    values["working_directory_optional"] = optional


def environment_file(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    optional = text[0] == "-"
    found = absolute_path(build.expand(text[1:] if optional else text))
    add(values, field).append(EnvironmentFile(found, optional))


def directories(build: Build, values: Values, field: str, text: str) -> None:
    """RuntimeDirectory= and its kin: relative paths, each perhaps with ":symlink" and ":ro" behind it."""
    if not text:
        values[field] = []
        return
    entries = keyed(values, field)
    for word in split_words(text):
        where, link, flags = (*build.expand(word).split(":"), "", "")[:3]
        try:
            where, link = _relative_path(where), _relative_path(link) if link else ""
        except ValueError as error:
            build.warn(f"{error}, ignoring assignment: {word}")
            continue
        before: Optional[Directory] = entries.get(where)
        links = before.symlinks if before else ()
        if link and link not in links:
            links += (link,)
        entries[where] = Directory(where, links, flags or (before.flags if before else ""))


def _relative_path(text: str) -> str:
    tidy = clean_path(text)
    if not tidy or ".." in tidy.split("/"):
        raise ValueError("path is not normalized")
    if tidy.startswith("/"):
        raise ValueError("path is absolute")
    if tidy.split("/")[0] == "private":
        raise ValueError("path may not be below 'private'")
    return tidy


def search_path(build: Build, values: Values, field: str, text: str) -> None:
    """ExecSearchPath=: absolute directories, separated by colons."""
    if not text:
        values[field] = []
        return
    add(values, field).extend([absolute_path(part) for part in build.expand(text).split(":") if part])
