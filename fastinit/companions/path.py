"""systemd-path: where systems and users keep what.

In:  names.   Out: paths, those of XDG_* and of ~/.config/user-dirs.dirs included.
Source: systemd-path(1), file-hierarchy(7), sd_path_lookup(3).
"""

from __future__ import annotations

import os
import re
from typing import Callable, Dict, List

from fastinit.companions.options import Options, UsageError, run

USAGE = """
systemd-path [OPTIONS...] [NAME...]

Show system and user paths.

  -h --help             Show this help
     --version          Show package version
     --suffix=SUFFIX    Suffix to append to paths
     --no-pager         Do not pipe output into a pager
"""
OPTIONS = ("suffix=", "no-pager")
_TRIPLETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
Find = Callable[[], str]


def _home() -> str:
    home = os.environ.get("HOME", "")
    if home.startswith("/"):
        return home
    import pwd
    return pwd.getpwuid(os.getuid()).pw_dir


def _fixed(path: str) -> Find:
    return lambda: path


def _below_home(path: str) -> Find:
    return lambda: f"{_home()}/{path}"


def _xdg(variable: str, below: str) -> Find:
    def find() -> str:
        value = os.environ.get(variable, "")
        return value if value.startswith("/") else f"{_home()}/{below}"
    return find


def _temporary(default: str) -> Find:
    def find() -> str:
        for variable in ("TMPDIR", "TEMP", "TMP"):
            value = os.environ.get(variable, "")
            if value.startswith("/"):
                return value
        return default
    return find


def _runtime() -> str:
    value = os.environ.get("XDG_RUNTIME_DIR", "")
    if not value:
        raise LookupError("XDG_RUNTIME_DIR is not set")
    return value


def _folder(name: str, default: str = "") -> Find:
    """One of xdg-user-dirs."""
    def find() -> str:
        try:
            with open(_xdg("XDG_CONFIG_HOME", ".config")() + "/user-dirs.dirs", encoding="utf-8") as stream:
                match = re.search(rf'^\s*XDG_{name}_DIR="([^"]*)"', stream.read(), re.MULTILINE)
        except OSError:
            match = None
        if match:
            return match.group(1).replace("$HOME", _home())
        return _home() + ("/" + default if default else "")
    return find


def _library_arch() -> str:
    return _TRIPLETS.get(os.uname().machine, "")


def _search(*parts: Find) -> Find:
    return lambda: ":".join(part() for part in parts)


def _listed(variable: str, default: str) -> Find:
    return lambda: os.environ.get(variable, "") or default


_SHARES = _listed("XDG_DATA_DIRS", "/usr/local/share:/usr/share")
_SHARED = _xdg("XDG_DATA_HOME", ".local/share")
_CONFIG = _xdg("XDG_CONFIG_HOME", ".config")
_BIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNITS = "/etc/systemd/system.control:/run/systemd/system.control:/run/systemd/transient:/run/systemd/generator.early:" \
    "/etc/systemd/system:/etc/systemd/system.attached:/run/systemd/system:/run/systemd/system.attached:/run/systemd/generator:" \
    "/usr/local/lib/systemd/system:/usr/lib/systemd/system:/run/systemd/generator.late"

PATHS: Dict[str, Find] = {
    "temporary":                    _temporary("/tmp"),
    "temporary-large":              _temporary("/var/tmp"),
    "system-binaries":              _fixed("/usr/bin"),
    "system-include":               _fixed("/usr/include"),
    "system-library-private":       _fixed("/usr/lib"),
    "system-library-arch":          lambda: "/usr/lib/" + _library_arch(),
    "system-shared":                _fixed("/usr/share"),
    "system-configuration-factory": _fixed("/usr/share/factory/etc"),
    "system-state-factory":         _fixed("/usr/share/factory/var"),
    "system-configuration":         _fixed("/etc"),
    "system-runtime":               _fixed("/run"),
    "system-runtime-logs":          _fixed("/run/log"),
    "system-state-private":         _fixed("/var/lib"),
    "system-state-logs":            _fixed("/var/log"),
    "system-state-cache":           _fixed("/var/cache"),
    "system-state-spool":           _fixed("/var/spool"),
    "user-binaries":                _below_home(".local/bin"),
    "user-library-private":         _below_home(".local/lib"),
    "user-library-arch":            lambda: f"{_home()}/.local/lib/{_library_arch()}",
    "user-shared":                  _SHARED,
    "user-configuration":           _CONFIG,
    "user-runtime":                 _runtime,
    "user-state-cache":             _xdg("XDG_CACHE_HOME", ".cache"),
    "user-state-private":           _xdg("XDG_STATE_HOME", ".local/state"),
    "user":                         _home,
    "user-documents":               _folder("DOCUMENTS"),
    "user-music":                   _folder("MUSIC"),
    "user-pictures":                _folder("PICTURES"),
    "user-videos":                  _folder("VIDEOS"),
    "user-download":                _folder("DOWNLOAD"),
    "user-public":                  _folder("PUBLICSHARE"),
    "user-templates":               _folder("TEMPLATES"),
    "user-desktop":                 _folder("DESKTOP", "Desktop"),
    "search-binaries":              _listed("PATH", _BIN),
    "search-binaries-default":      _fixed(_BIN),
    "search-library-private":       _search(_below_home(".local/lib"), _fixed("/usr/local/lib:/usr/lib:/lib")),
    "search-shared":                _search(_SHARED, _SHARES),
    "search-configuration-factory": _fixed("/usr/local/share/factory/etc:/usr/share/factory/etc"),
    "search-state-factory":         _fixed("/usr/local/share/factory/var:/usr/share/factory/var"),
    "search-configuration":         _search(_CONFIG, _listed("XDG_CONFIG_DIRS", "/etc")),
    "systemd-util":                 _fixed("/usr/lib/systemd"),
    "systemd-system-unit":          _fixed("/usr/lib/systemd/system"),
    "systemd-system-preset":        _fixed("/usr/lib/systemd/system-preset"),
    "systemd-system-conf":          _fixed("/etc/systemd/system"),
    "systemd-user-unit":            _fixed("/usr/lib/systemd/user"),
    "systemd-user-preset":          _fixed("/usr/lib/systemd/user-preset"),
    "systemd-user-conf":            _fixed("/etc/systemd/user"),
    "systemd-search-system-unit":   _fixed(_UNITS),
    "systemd-system-generator":     _fixed("/usr/lib/systemd/system-generators"),
    "systemd-user-generator":       _fixed("/usr/lib/systemd/user-generators"),
    "systemd-search-system-generator": _fixed(
        "/run/systemd/system-generators:/etc/systemd/system-generators:/usr/local/lib/systemd/system-generators:"
        "/usr/lib/systemd/system-generators"),
    "systemd-sleep":                _fixed("/usr/lib/systemd/system-sleep"),
    "systemd-shutdown":             _fixed("/usr/lib/systemd/system-shutdown"),
    "tmpfiles":                     _fixed("/usr/lib/tmpfiles.d"),
    "sysusers":                     _fixed("/usr/lib/sysusers.d"),
    "sysctl":                       _fixed("/usr/lib/sysctl.d"),
    "binfmt":                       _fixed("/usr/lib/binfmt.d"),
    "modules-load":                 _fixed("/usr/lib/modules-load.d"),
    "catalog":                      _fixed("/usr/lib/systemd/catalog"),
}


def lookup(name: str, suffix: str) -> str:
    """Raises LookupError when it is not known here; the suffix goes behind every element of a search path."""
    value = PATHS[name]()
    return ":".join(f"{part}/{suffix}" for part in value.split(":")) if suffix else value


def _work(options: Options) -> int:
    suffix = options.last("suffix").strip("/")
    for name in options.args:
        if name not in PATHS:
            raise UsageError(f"Path {name} not known.")
        try:
            print(lookup(name, suffix))
        except LookupError as error:
            raise UsageError(f"Failed to query {name}: {error.args[0]}") from None
    if not options.args:
        for name in PATHS:
            try:
                print(f"{name}: {lookup(name, suffix)}")
            except LookupError:
                continue            # what is not set here has no line
    return 0


def main(argv: List[str]) -> int:
    return run("systemd-path", USAGE, OPTIONS, argv, _work)
