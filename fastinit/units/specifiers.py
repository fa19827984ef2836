"""Specifiers: "%n" and its kin in the values of a unit file.

In:  a text, the unit it belongs to, facts about the host.   Out: the text with specifiers replaced.
Never: gathers a fact that no specifier asks for; tests give a Host of their own and touch nothing.
Source: systemd.unit(5), "SPECIFIERS".
"""

from __future__ import annotations

import os
from typing import Callable, Dict, Mapping, Optional

from fastinit.units import names

_ARCHITECTURES = {
    "x86_64": "x86-64", "aarch64": "arm64", "i686": "x86", "i586": "x86", "i486": "x86", "i386": "x86", "armv7l": "arm",
    "armv6l": "arm", "riscv64": "riscv64", "ppc64le": "ppc64-le", "s390x": "s390x", "loongarch64": "loongarch64",
}


def parse_env_file(text: str) -> Dict[str, str]:
    """os-release(5), machine-info(5) and their like: NAME=value lines, the value in shell quotes or plain."""
    found: Dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name and not name.startswith("#"):
            found[name] = _unquote(value)
    return found


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        quote, value = value[0], value[1:-1]
        if quote == '"':
            for char in '"$`\\':
                value = value.replace("\\" + char, char)
    return value


class Host:
    """Facts about this system and the user of the manager, each gathered when first asked for.

    A fact is an attribute named as in FACTS; tests pass Host(hostname="a", …) and nothing is read.
    root: where /etc of the managed system is; user: a manager of a user, its folders follow XDG_*.
    """

    def __init__(self, root: str = "", user: bool = False, environ: Optional[Mapping[str, str]] = None, **facts: str) -> None:
        self.root = root
        self.user = user
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self._facts: Dict[str, str] = dict(facts)
        self._files: Dict[str, Dict[str, str]] = {}

    def __getattr__(self, name: str) -> str:
        """Raises ValueError for a fact that this system does not have, AttributeError for what is no fact."""
        if name.startswith("_") or name not in FACTS:
            raise AttributeError(name)
        facts = self._facts
        if name not in facts:
            facts[name] = FACTS[name](self)
        return facts[name]

    def file(self, *paths: str) -> Dict[str, str]:
        """The first of these NAME=value files that can be read."""
        if paths[0] not in self._files:
            self._files[paths[0]] = parse_env_file(next(filter(None, (self._read(path) for path in paths)), ""))
        return self._files[paths[0]]

    def _read(self, path: str) -> str:
        try:
            with open(self.root + path, encoding="utf-8", errors="replace") as stream:
                return stream.read(65536)
        except OSError:
            return ""

    def id128(self, path: str, what: str) -> str:
        value = self._read(path).strip().replace("-", "")
        if len(value) != 32:
            raise ValueError(f"the {what} is not known here")
        return value

    def home_dir(self, variable: str, below: str) -> str:
        path = self.environ.get(variable, "")
        return path if path.startswith("/") else self.home + below

    def passwd(self, field: int, default: str) -> str:
        """A field of the manager's own passwd entry; an arbitrary uid of a container may have none."""
        import pwd
        try:
            return str(pwd.getpwuid(os.getuid())[field])
        except KeyError:
            return default


def _os_release(key: str) -> Callable[[Host], str]:
    return lambda host: host.file("/etc/os-release", "/usr/lib/os-release").get(key, "")


def _folder(system: str, variable: str, below: str, tail: str = "") -> Callable[[Host], str]:
    return lambda host: host.home_dir(variable, below) + tail if host.user else system


def _runtime(host: Host) -> str:
    if not host.user:
        return "/run"
    return host.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"


def _temporary(default: str) -> Callable[[Host], str]:
    def find(host: Host) -> str:
        for variable in ("TMPDIR", "TEMP", "TMP"):
            path = host.environ.get(variable, "")
            if path.startswith("/"):
                return path
        return default
    return find


def _home(host: Host) -> str:
    if not host.user:
        return "/root"
    return host.environ.get("HOME") or host.passwd(5, "/")


def _credentials(host: Host) -> str:
    path = host.environ.get("CREDENTIALS_DIRECTORY", "")
    if not path:
        raise ValueError("there is no credentials directory")
    return path


def _group(host: Host) -> str:
    if not host.user:
        return "root"
    import grp
    try:
        return grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        return str(os.getgid())


FACTS: Dict[str, Callable[[Host], str]] = {
    "architecture":     lambda host: _ARCHITECTURES.get(os.uname().machine, os.uname().machine),
    "boot_id":          lambda host: host.id128("/proc/sys/kernel/random/boot_id", "boot ID"),
    "machine_id":       lambda host: host.id128("/etc/machine-id", "machine ID"),
    "hostname":         lambda host: os.uname().nodename,
    "pretty_hostname":  lambda host: host.file("/etc/machine-info").get("PRETTY_HOSTNAME", "") or host.hostname.partition(".")[0],
    "kernel":           lambda host: os.uname().release,
    "os_id":            _os_release("ID"),
    "os_version_id":    _os_release("VERSION_ID"),
    "os_variant_id":    _os_release("VARIANT_ID"),
    "os_build_id":      _os_release("BUILD_ID"),
    "image_id":         _os_release("IMAGE_ID"),
    "image_version":    _os_release("IMAGE_VERSION"),
    "user_name":        lambda host: host.passwd(0, str(os.getuid())) if host.user else "root",
    "user_id":          lambda host: str(os.getuid()) if host.user else "0",
    "group_name":       _group,
    "group_id":         lambda host: str(os.getgid()) if host.user else "0",
    "home":             _home,
    "shell":            lambda host: host.passwd(6, "/bin/sh") if host.user else "/bin/sh",
    "credentials":      _credentials,
    "runtime":          _runtime,
    "config":           _folder("/etc", "XDG_CONFIG_HOME", "/.config"),
    "state":            _folder("/var/lib", "XDG_STATE_HOME", "/.local/state"),
    "cache":            _folder("/var/cache", "XDG_CACHE_HOME", "/.cache"),
    "logs":             _folder("/var/log", "XDG_STATE_HOME", "/.local/state", "/log"),
    "tmp":              _temporary("/tmp"),
    "var_tmp":          _temporary("/var/tmp"),
}

_HOST_SPECIFIERS = {
    "a": "architecture", "A": "image_version", "b": "boot_id", "B": "os_build_id", "C": "cache", "d": "credentials",
    "E": "config", "g": "group_name", "G": "group_id", "h": "home", "H": "hostname", "L": "logs", "m": "machine_id",
    "M": "image_id", "o": "os_id", "q": "pretty_hostname", "s": "shell", "S": "state", "t": "runtime", "T": "tmp",
    "u": "user_name", "U": "user_id", "v": "kernel", "V": "var_tmp", "w": "os_version_id", "W": "os_variant_id",
}


def _file_name(unit: "Specifiers") -> str:
    escaped = unit.instance or unit.prefix
    text = names.unescape(escaped)
    return text if text.startswith("/") else "/" + text


def _fragment(unit: "Specifiers") -> str:
    if not unit.fragment_path:
        raise ValueError("the unit has no file")
    return unit.fragment_path


_UNIT_SPECIFIERS: Dict[str, Callable[["Specifiers"], str]] = {
    "n": lambda unit: unit.name,
    "N": lambda unit: unit.name[:unit.name.rfind(".")],
    "p": lambda unit: unit.prefix,
    "P": lambda unit: names.unescape(unit.prefix),
    "i": lambda unit: unit.instance,
    "I": lambda unit: names.unescape(unit.instance),
    "j": lambda unit: unit.prefix.rpartition("-")[2],
    "J": lambda unit: names.unescape(unit.prefix.rpartition("-")[2]),
    "f": _file_name,
    "y": _fragment,
    "Y": lambda unit: os.path.dirname(_fragment(unit)),
    "l": lambda unit: unit.host.hostname.partition(".")[0],
}
# What a name in [Install] or a dependency may hold is the same set: systemd forbids none of them there.
KNOWN = frozenset(_UNIT_SPECIFIERS) | frozenset(_HOST_SPECIFIERS) | frozenset("%")


class Specifiers:
    """The specifiers of one unit."""

    __slots__ = ("fragment_path", "host", "instance", "name", "prefix")
    name: str
    prefix: str
    instance: str
    fragment_path: str
    host: Host

    def __init__(self, name: str, host: Host, fragment_path: str = "") -> None:
        self.name = name
        self.prefix, self.instance, _ = names.split(name)
        self.host = host
        self.fragment_path = fragment_path

    def value(self, letter: str) -> Optional[str]:
        """What "%letter" stands for, None when it is no specifier. Raises ValueError when it is one but cannot be resolved."""
        of_unit = _UNIT_SPECIFIERS.get(letter)
        if of_unit is not None:
            return of_unit(self)
        fact = _HOST_SPECIFIERS.get(letter)
        if fact is not None:
            return str(getattr(self.host, fact))
        return "%" if letter == "%" else None

    def expand(self, text: str) -> str:
        """Replace all specifiers; "%" before another character stays. Raises ValueError with the reason."""
        if "%" not in text:
            return text
        parts = []
        at = 0
        while True:
            percent = text.find("%", at)
            if percent < 0 or percent + 1 == len(text):
                parts.append(text[at:])
                return "".join(parts)
            parts.append(text[at:percent])
            letter = text[percent + 1]
            value = self.value(letter)
            parts.append("%" + letter if value is None else value)
            at = percent + 2
