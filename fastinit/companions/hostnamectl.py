"""hostnamectl: the host's names, read from where they are kept and written there, without a daemon.

In:  /etc/hostname, /etc/machine-info, the kernel.   Out: them shown or changed; one line when that is not permitted.
Source: hostnamectl(1), hostname(5), machine-info(5).
"""

from __future__ import annotations

import os
import re
import socket
from typing import Callable, Dict, List, Tuple

from fastinit.companions import machine_id
from fastinit.companions.options import Options, UsageError, run
from fastinit.errors import FastinitError
from fastinit.run.virt import NONE, detect_container, detect_machine
from fastinit.units.specifiers import Host, parse_env_file

USAGE = """
hostnamectl [OPTIONS...] COMMAND ...

Query or change system hostname.

Commands:
  status                 Show current hostname settings
  hostname [NAME]        Get/set system hostname
  icon-name [NAME]       Get/set icon name for host
  chassis [NAME]         Get/set chassis type for host
  deployment [NAME]      Get/set deployment environment for host
  location [NAME]        Get/set location for host

Options:
  -h --help              Show this help
     --version           Show package version
     --transient         Only set transient hostname
     --static            Only set static hostname
     --pretty            Only set pretty hostname
"""
OPTIONS = ("no-ask-password", "host= H", "machine= M", "transient", "static", "pretty", "json=", "j")
HOSTNAME, MACHINE_INFO = "/etc/hostname", "/etc/machine-info"
_NAME = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.?\Z")
INFO: Dict[str, str] = {
    "icon-name": "ICON_NAME", "chassis": "CHASSIS", "deployment": "DEPLOYMENT", "location": "LOCATION",
}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def static_name() -> str:
    lines = [line.strip() for line in _read(HOSTNAME).splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _write(path: str, text: str) -> None:
    """Raises FastinitError. In place: container engines mount /etc/hostname, a mounted file cannot be replaced."""
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise FastinitError(f"Could not set property: cannot write {path}: {error.strerror}") from None


def _set_info(key: str, value: str) -> None:
    lines = [line for line in _read(MACHINE_INFO).splitlines() if not line.startswith(key + "=")]
    if value:
        escaped = re.sub(r'([\\"$`])', r"\\\1", value)
        lines.append(f'{key}="{escaped}"')
    _write(MACHINE_INFO, "".join(line + "\n" for line in lines))


def _set_kernel(name: str) -> None:
    try:
        socket.sethostname(name)
    except PermissionError:
        raise FastinitError(
            "Could not set property: the kernel's hostname is not ours to change in this container "
            "(it takes CAP_SYS_ADMIN; give the name to the engine: --hostname)"
        ) from None


def _set_hostname(name: str, options: Options) -> None:
    chosen = [kind for kind in ("static", "transient", "pretty") if options.has(kind)]
    simple = name
    if not chosen and name and not _NAME.match(name):
        # As hostnamed does: the name as typed becomes the pretty one, a valid name is made of it.
        simple = re.sub(r"[^A-Za-z0-9.-]+", "-", re.sub(r"['’]", "", name)).strip("-.").lower()
        chosen = ["pretty", "static", "transient"]
    kinds = chosen or ["static", "transient"]
    if name and not _NAME.match(simple) and kinds != ["pretty"]:
        raise UsageError(f"Could not set property: Invalid hostname '{name}'")
    if "pretty" in kinds:
        _set_info("PRETTY_HOSTNAME", name)
    if "static" in kinds:
        _write(HOSTNAME, simple + "\n" if simple else "")
    if "transient" in kinds:
        _set_kernel(simple or "localhost")


def _hostname(options: Options) -> int:
    if len(options.args) > 1:
        _set_hostname(options.args[1], options)
    elif options.has("static"):
        print(static_name())
    elif options.has("pretty"):
        print(parse_env_file(_read(MACHINE_INFO)).get("PRETTY_HOSTNAME", ""))
    else:
        print(os.uname().nodename)
    return 0


def _info(options: Options) -> int:
    key = INFO[options.args[0].replace("set-", "")]
    if len(options.args) > 1:
        _set_info(key, options.args[1])
    else:
        print(parse_env_file(_read(MACHINE_INFO)).get(key, ""))
    return 0


def rows() -> List[Tuple[str, str]]:
    host, info, kernel = Host(), parse_env_file(_read(MACHINE_INFO)), os.uname()
    container, machine = detect_container(), detect_machine()
    is_container, is_machine = container != NONE, machine != NONE
    chassis = info.get("CHASSIS") or ("container" if is_container else "vm" if is_machine else "")
    static = static_name()
    release = host.file("/etc/os-release", "/usr/lib/os-release")
    return [
        ("Static hostname", static or "(unset)"),
        ("Transient hostname", kernel.nodename if kernel.nodename != static else ""),
        ("Pretty hostname", info.get("PRETTY_HOSTNAME", "")),
        ("Icon name", info.get("ICON_NAME") or (f"computer-{chassis}" if chassis else "computer")),
        ("Chassis", chassis),
        ("Deployment", info.get("DEPLOYMENT", "")),
        ("Location", info.get("LOCATION", "")),
        ("Machine ID", _try(machine_id.machine)),
        ("Boot ID", _try(machine_id.boot)),
        ("Virtualization", container if is_container else machine if is_machine else ""),
        ("Operating System", release.get("PRETTY_NAME", "")),
        ("CPE OS Name", release.get("CPE_NAME", "")),
        ("Kernel", f"{kernel.sysname} {kernel.release}"),
        ("Architecture", host.architecture),
    ]


def _try(read: Callable[[], str]) -> str:
    try:
        return read()
    except (FastinitError, OSError, ValueError):
        return ""                   # a container may have none: the line is left out


def _status(options: Options) -> int:
    for kind in ("static", "transient", "pretty"):
        if options.has(kind):
            return _hostname(options._replace(args=["hostname"]))
    shown = [(name, value) for name, value in rows() if value]
    width = max(len(name) for name, _ in shown)
    print("\n".join(f"{name:>{width}}: {value}" for name, value in shown))
    return 0


VERBS: Dict[str, Callable[[Options], int]] = {
    "status": _status, "hostname": _hostname, "set-hostname": _hostname,
    **{prefix + verb: _info for verb in INFO for prefix in ("", "set-")},
}


def _work(options: Options) -> int:
    for name in ("host", "machine", "json", "j"):
        if options.has(name):
            raise UsageError(f"cannot use --{name}: only the names of this system are known, as plain text")
    verb = options.args[0] if options.args else "status"
    if verb not in VERBS:
        raise UsageError(f"Unknown command verb {verb}.")
    if len(options.args) > 2 or (verb == "status" and len(options.args) > 1):
        raise UsageError("Too many arguments.")
    return VERBS[verb](options)


def main(argv: List[str]) -> int:
    return run("hostnamectl", USAGE, OPTIONS, argv, _work)
