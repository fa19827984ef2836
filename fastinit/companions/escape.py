"""systemd-escape: strings to parts of unit names and back.

In:  strings as arguments.   Out: them escaped, one line, separated by blanks.
Source: systemd-escape(1); systemd.unit(5), "STRING ESCAPING FOR INCLUSION IN UNIT NAMES".
"""

from __future__ import annotations

import os
from typing import List

from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.units import names

USAGE = """
systemd-escape [OPTIONS...] [NAME...]

Escape strings for usage in systemd unit names.

  -h --help               Show this help
     --version            Show package version
     --suffix=SUFFIX      Unit suffix to append to escaped strings
     --template=TEMPLATE  Insert strings as instance into template
     --instance           With --unescape, show just the instance part
  -u --unescape           Unescape strings
  -m --mangle             Mangle strings
  -p --path               When escaping/unescaping assume the string is a path
"""
OPTIONS = ("suffix=", "template=", "instance", "unescape u", "mangle m", "path p")


def _check(options: Options) -> None:
    suffix, template = options.last("suffix"), options.last("template")
    if options.has("suffix") and suffix not in names.UNIT_TYPES:
        raise UsageError(f'Invalid unit suffix type "{suffix}".')
    if options.has("template") and not names.is_template(template):
        raise UsageError(f"Template name {template} is not valid.")
    if not options.args:
        raise UsageError("Not enough arguments.")
    if template and suffix:
        raise UsageError("--suffix= and --template= may not be combined.")
    undo = options.has("unescape")
    if (template or suffix) and options.has("mangle"):
        raise UsageError("--suffix= and --template= are not compatible with --mangle.")
    if suffix and undo:
        raise UsageError("--suffix is not compatible with --unescape.")
    if options.has("path") and options.has("mangle"):
        raise UsageError("--path may not be combined with --mangle.")
    if options.has("instance") and not undo:
        raise UsageError("--instance must be used in conjunction with --unescape.")
    if options.has("instance") and template:
        raise UsageError("--instance may not be combined with --template.")


def _unescaped(text: str, options: Options) -> str:
    template = options.last("template")
    part = text
    if template or options.has("instance"):
        if not names.is_valid(text):
            raise UsageError("Failed to extract instance: Invalid argument")
        _, part, _ = names.split(text)
        if not part:
            raise UsageError(f"Unit {text} is missing the instance name.")
        if template and names.template_of(text) != template:
            raise UsageError(f"Unit {text} template {names.template_of(text)} does not match specified template {template}.")
    try:
        return names.unescape_path(part) if options.has("path") else names.unescape(part)
    except ValueError:
        raise UsageError("Failed to unescape string: Invalid argument") from None


def _escaped_path(text: str) -> str:
    if not text:
        complain(f"Input '{text}' is not a valid file system path, escaping is likely not going be reversible.")
        return "-"
    is_absolute = text.startswith("/")
    try:
        part = names.escape_path(text)
    except ValueError:
        part = "-"
    if part == "-" and text.strip("/"):
        kind = "a normalized" if is_absolute else "an absolute"
        raise UsageError(f"Input '{text}' is not {kind} file system path, failed to escape.")
    if not is_absolute:
        complain(f"Input '{text}' is not an absolute file system path, escaping is likely not going to be reversible.")
    return part


def _escaped(text: str, options: Options) -> str:
    if options.has("mangle"):
        try:
            return names.mangle(text)
        except ValueError:
            raise UsageError("Failed to mangle name: Invalid argument") from None
    part = _escaped_path(text) if options.has("path") else names.escape(text)
    if options.has("template"):
        return names.with_instance(options.last("template"), part)
    return f"{part}.{options.last('suffix')}" if options.has("suffix") else part


def _work(options: Options) -> int:
    _check(options)
    convert = _unescaped if options.has("unescape") else _escaped
    words: List[str] = []
    try:
        for word in options.args:
            words.append(convert(word, options))
    except UsageError:
        os.write(1, os.fsencode(" ".join(words)))       # what went well before is there, without the end of the line
        raise
    os.write(1, os.fsencode(" ".join(words) + "\n"))
    return 0


def main(argv: List[str]) -> int:
    return run("systemd-escape", USAGE, OPTIONS, argv, _work)
