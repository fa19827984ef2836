"""Unit names: what is valid, what the parts are, and how other strings become part of one.

In:  strings.   Out: strings, booleans, the parts of a name.
Never: looks at files.
Source: systemd.unit(5), "DESCRIPTION" and "STRING ESCAPING FOR INCLUSION IN UNIT NAMES"; systemd-escape(1).
"""

from __future__ import annotations

import functools
import string
from typing import Dict, Tuple

UNIT_TYPES = (
    "service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope",
)
SUFFIXES = frozenset("." + kind for kind in UNIT_TYPES)
NAME_MAX = 255                      # bytes; a longer one cannot be a file name either

_PLAIN = frozenset(string.ascii_letters + string.digits + ":_.")    # what escape() leaves alone
_VALID = _PLAIN | frozenset("-\\")
_VALID_AT = _VALID | frozenset("@")
_GLOB = frozenset("*?[")
_ESCAPES: Dict[int, str] = {
    byte: chr(byte) if chr(byte) in _PLAIN and byte < 128 else f"\\x{byte:02x}" for byte in range(256)
}
_ESCAPES[ord("/")] = "-"


@functools.lru_cache(maxsize=4096)      # the same few hundred names stand in thousands of dependencies
def is_valid(name: str, plain: bool = True, instance: bool = True, template: bool = True) -> bool:
    """Whether it names a unit of one of the admitted forms: a.service, a@b.service, a@.service."""
    dot = name.rfind(".")
    if dot <= 0 or len(name) > NAME_MAX or name[dot:] not in SUFFIXES:
        return False
    stem = name[:dot]
    if not _VALID_AT.issuperset(stem):
        return False
    at = stem.find("@")
    if at < 0:
        return plain
    if at == 0:
        return False
    return template if at == dot - 1 else instance


def is_template(name: str) -> bool:
    return is_valid(name, plain=False, instance=False)


def is_instance(name: str) -> bool:
    return is_valid(name, plain=False, template=False)


def split(name: str) -> Tuple[str, str, str]:
    """A valid name to (prefix, instance, suffix): "a@b.service" -> ("a", "b", ".service"); instance "" when there is none."""
    dot = name.rfind(".")
    at = name.find("@", 0, dot)
    if at < 0:
        return name[:dot], "", name[dot:]
    return name[:at], name[at + 1:dot], name[dot:]


def template_of(name: str) -> str:
    """ "a@b.service" -> "a@.service"; "" for a name without "@"."""
    dot = name.rfind(".")
    at = name.find("@", 0, dot)
    return name[:at + 1] + name[dot:] if at > 0 else ""


def with_instance(template: str, instance: str) -> str:
    """ "a@.service", "b" -> "a@b.service"; what was between "@" and the suffix is replaced."""
    dot = template.rfind(".")
    at = template.find("@", 0, dot)
    return template[:at + 1] + instance + template[dot:]


def escape(text: str) -> str:
    """Any string to a part of a unit name: "/" becomes "-", what is not allowed becomes \\xNN.

    Bytes that are no UTF-8 travel as surrogates (os.fsdecode) and come back the same.
    """
    if not text:
        return ""
    raw = text.encode("utf-8", "surrogateescape")
    head = "\\x2e" if raw[0] == 0x2E else _ESCAPES[raw[0]]
    return head + "".join([_ESCAPES[byte] for byte in raw[1:]])


def unescape(text: str) -> str:
    """The inverse of escape(). Raises ValueError on a backslash that begins no \\xNN."""
    if "\\" not in text:
        return text.replace("-", "/")
    head, *parts = text.encode("utf-8", "surrogateescape").replace(b"-", b"/").split(b"\\")
    out = [head]
    for part in parts:
        digits = part[1:3]
        if part[:1] != b"x" or len(digits) != 2 or not _is_hex(digits):
            raise ValueError(f"invalid escape in {text!r}")
        out.append(bytes((int(digits, 16),)) + part[3:])
    return b"".join(out).decode("utf-8", "surrogateescape")


def _is_hex(digits: bytes) -> bool:
    return all(digit in b"0123456789abcdefABCDEF" for digit in digits)


def _components(path: str) -> Tuple[str, ...]:
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ValueError(f"path {path!r} is not normalized")
    return parts


def escape_path(path: str) -> str:
    """A path to a part of a unit name: "/home/a-b/" -> "home-a\\x2db", "/" -> "-". Raises ValueError on "..". """
    parts = _components(path)
    if not path:
        raise ValueError("the empty string is no path")
    return escape("/".join(parts)) if parts else "-"


def unescape_path(text: str) -> str:
    """The inverse of escape_path(), always absolute: "home-a\\x2db" -> "/home/a-b". Raises ValueError."""
    if text == "-":
        return "/"
    path = unescape(text)
    if not path or path[0] == "/" or path[-1] == "/" or "//" in path:
        raise ValueError(f"{text!r} is no escaped path")
    if any(part in (".", "..") for part in path.split("/")):
        raise ValueError(f"{text!r} is no escaped path")
    return "/" + path


def from_path(path: str, suffix: str) -> str:
    """The unit for a path: "/home", ".mount" -> "home.mount". Raises ValueError."""
    name = escape_path(path) + suffix
    if not is_valid(name):
        raise ValueError(f"no unit name can be made of {path!r}")
    return name


def mangle(text: str, suffix: str = ".service", globs: bool = False) -> str:
    """What systemctl makes of a word: "nginx" -> "nginx.service", "/home" -> "home.mount", "/dev/sda" -> "dev-sda.device".

    globs: leave a word with "*", "?" or "[" as it is: "web*" finds units of every type.
    Raises ValueError when no valid name comes out.
    """
    if not text:
        raise ValueError("empty unit name")
    if is_valid(text):
        return text
    if globs and not _GLOB.isdisjoint(text) and (_VALID_AT | _GLOB | frozenset("]!")).issuperset(text):
        return text
    if text[0] == "/":
        kind = ".device" if text.startswith(("/dev/", "/sys/")) else ".mount"
        return from_path(text, kind)
    name = "".join([_mangle_char(char) for char in text])
    dot = name.rfind(".")
    if dot < 0 or name[dot:] not in SUFFIXES:
        name += suffix
    if not is_valid(name):
        raise ValueError(f"invalid unit name {text!r}")
    return name


def _mangle_char(char: str) -> str:
    if char in _VALID_AT:
        return char
    if char == "/":
        return "-"
    return "".join([_ESCAPES[byte] for byte in char.encode("utf-8", "surrogateescape")])
