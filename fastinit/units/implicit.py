"""Dependencies that no file has to say: implicit ones, and the default ones that DefaultDependencies=no takes away.

In:  a unit being built.   Out: more entries in its dependencies.
Never: looks at another unit; what a target needs to know of others is asked by the loader.
Source: systemd.service(5), systemd.target(5), systemd.socket(5), systemd.timer(5), systemd.path(5), systemd.mount(5),
systemd.automount(5), systemd.swap(5), systemd.slice(5), systemd.scope(5), systemd.exec(5): "AUTOMATIC DEPENDENCIES".
"""

from __future__ import annotations

from typing import Callable, Dict, Tuple

from fastinit.units import names
from fastinit.units.build import Build, keyed
from fastinit.units.values import BOOLEANS

SYSINIT = (("Requires", "sysinit.target"), ("After", "sysinit.target"))
BASIC = (("After", "basic.target"),)
USER_BASIC = (("Requires", "basic.target"), ("After", "basic.target"))
SHUTDOWN = (("Before", "shutdown.target"), ("Conflicts", "shutdown.target"))
UMOUNT = (("Before", "umount.target"), ("Conflicts", "umount.target"))

# The system itself, and what lies below virtual file systems: nothing mounts or unmounts these in the order of the others.
_EXTRINSIC = frozenset(("-.mount", "usr.mount", "proc.mount", "sys.mount", "dev.mount"))
_BELOW_EXTRINSIC = ("proc-", "sys-", "dev-", "run-initramfs", "run-nextroot")
_API_MOUNTS = ("dev-", "sys-", "proc-", "run-")      # of the kernel, not of any service

Pairs = Tuple[Tuple[str, str], ...]
SOCKETS = (("Before", "sockets.target"),)
TIMERS = (("Before", "timers.target"),)
PATHS = (("Before", "paths.target"),)
SWAPS = (("Before", "swap.target"),)
LOCAL_FS = (("Before", "local-fs.target"), ("After", "local-fs-pre.target"))
REMOTE_FS = (
    ("Before", "remote-fs.target"), ("After", "remote-fs-pre.target"), ("After", "network.target"),
    ("After", "network-online.target"), ("Wants", "network-online.target"),
)

# Unit type -> what DefaultDependencies=yes adds in the system manager, and in a user's.
DEFAULTS: Dict[str, Tuple[Pairs, Pairs]] = {
    "service":   (SYSINIT + BASIC + SHUTDOWN,                              USER_BASIC + SHUTDOWN),
    "socket":    (SOCKETS + SYSINIT + SHUTDOWN,                            SOCKETS + SHUTDOWN),
    "timer":     (TIMERS + SYSINIT + SHUTDOWN,                             TIMERS + SHUTDOWN),
    "path":      (PATHS + SYSINIT + SHUTDOWN,                              PATHS + SHUTDOWN),
    "mount":     (LOCAL_FS + UMOUNT,                                       ()),
    "automount": (LOCAL_FS + UMOUNT,                                       ()),
    "swap":      (SWAPS + UMOUNT,                                          ()),
    "target":    (SHUTDOWN,                                                SHUTDOWN),
    "slice":     (SHUTDOWN,                                                SHUTDOWN),
    "scope":     (SHUTDOWN,                                                SHUTDOWN),
}
_REMOTE_TYPES = frozenset((
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "sshfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "ncpfs", "ncp", "afs", "gfs",
    "gfs2", "lustre", "orangefs", "pvfs2", "davfs", "fuse.davfs",
))


def is_remote(build: Build) -> bool:
    """A mount that needs the network: by its type or by the option _netdev (systemd.mount(5))."""
    options = str(build.own.get("Options", "")).split(",")
    return "_netdev" in options or build.own.get("Type") in _REMOTE_TYPES


def add_defaults(build: Build, kind: str, user: bool) -> None:
    """What DefaultDependencies=yes stands for."""
    pairs = DEFAULTS.get(kind, ((), ()))[1 if user else 0]
    if kind == "mount" and (build.name in _EXTRINSIC or build.name.startswith(_BELOW_EXTRINSIC)):
        pairs = ()
    elif kind == "mount" and not user and is_remote(build):
        pairs = REMOTE_FS + UMOUNT
    for dependency, other in pairs:
        build.depend(dependency, other)
    if kind == "timer" and build.own.get("OnCalendar") and not user:
        build.depend("After", "time-set.target")
        build.depend("After", "time-sync.target")


def add_implicit(build: Build, kind: str, user: bool) -> None:
    """What holds whatever DefaultDependencies= says."""
    extra = IMPLICIT.get(kind)
    if extra is not None:
        extra(build, user)
    if kind in ("slice", "scope"):      # systemd.unit(5), "IgnoreOnIsolate="
        build.unit.setdefault("ignore_on_isolate", True)
    slice_name = build.unit.get("slice")
    if slice_name:
        build.depend("Requires", slice_name)
        build.depend("After", slice_name)


def default_slice(name: str, kind: str, user: bool) -> str:
    """Where a unit goes without Slice=: instances of one template share a slice of their own."""
    if kind not in ("service", "socket", "mount", "swap", "scope"):
        return ""
    if name == "init.scope" or (kind == "mount" and name.startswith(_API_MOUNTS)):
        return "-.slice"
    base = "app" if user else "system"
    prefix, _, _ = names.split(name)
    if "@" in name:
        return f"{base}-{names.escape(prefix)}.slice"
    return base + ".slice"


def parent_slice(name: str) -> str:
    """ "a-b.slice" -> "a.slice", "a.slice" -> "-.slice", "-.slice" -> ""."""
    if name == "-.slice":
        return ""
    head, dash, _ = name[:-len(".slice")].rpartition("-")
    return (head if dash and head else "-") + ".slice"


def slices_above(name: str) -> "list[str]":
    """ "a-b.slice" -> ["a.slice", "a-b.slice"]: the way to a slice from the root, which has no name in it."""
    found = []
    while name not in ("", "-.slice"):
        found.append(name)
        name = parent_slice(name)
    return found[::-1]


def is_below(slice_name: str, above: str) -> bool:
    """Whether a slice is another one or inside of it."""
    while slice_name and slice_name != above:
        slice_name = parent_slice(slice_name)
    return bool(slice_name)


def _slice_above(build: Build) -> None:
    if not build.unit.get("slice"):
        above = parent_slice(build.name)
        if above:
            build.unit["slice"] = above


# Directory directives and where in the system their folders are (systemd.exec(5), "RuntimeDirectory=").
_FOLDERS = (
    ("runtime_directory", "runtime", False), ("state_directory", "state", True), ("cache_directory", "cache", True),
    ("logs_directory", "logs", True), ("configuration_directory", "config", False),
)


# What _processes() looks at: a unit without any of them needs nothing but the journal.
_ASKING = frozenset((
    "root_directory", "working_directory", "standard_input", "standard_output", "standard_error", "dynamic_user", "sandbox",
    *(field for field, _, _ in _FOLDERS),
))


def _truth(build: Build, name: str) -> str:
    """A sandbox directive's value: "yes", "no", or a word of its own."""
    given = build.context.get("sandbox", {}).get(name, ("no",))[0].lower()
    known = BOOLEANS.get(given)
    return given if known is None else "yes" if known else "no"


def mounts_for(build: Build, field: str, *paths: str) -> None:
    keyed(build.unit, field).update((path, path) for path in paths)


def _processes(build: Build, user: bool) -> None:
    """What starting a process as the [Exec] directives say needs: mounts, the journal, writable folders, /tmp."""
    context = build.context
    if _ASKING.isdisjoint(context):
        if not user:
            build.depend("After", "systemd-journald.socket")
        return
    paths = [context[field] for field in ("root_directory",) if context.get(field)]
    working = context.get("working_directory", "")
    if working.startswith("/") and not context.get("working_directory_optional"):
        paths.append(working)
    for field in ("standard_input", "standard_output", "standard_error"):
        stream = context.get(field)
        if stream is not None and stream.argument.startswith("/"):
            paths.append(stream.argument)
    writable = False
    for field, base, on_root in _FOLDERS:
        entries = context.get(field)
        if entries:
            above = getattr(build.specifiers.host, base)
            paths += [f"{above}/{entry.path}" for entry in entries.values()]
            writable = writable or on_root
    if paths:
        mounts_for(build, "requires_mounts_for", *paths)
    if user:
        return
    if writable:
        build.depend("After", "systemd-remount-fs.service")
    if context.get("dynamic_user") or _truth(build, "PrivateTmp") == "yes":
        mounts_for(build, "wants_mounts_for", "/tmp", "/var/tmp")
        build.depend("After", "systemd-tmpfiles-setup.service")
    _logs(build)


def _logs(build: Build) -> None:
    """A unit that writes to the journal starts after it listens."""
    context = build.context
    output = context.get("standard_output")
    error = context.get("standard_error")
    kinds = (output.kind if output else "journal", error.kind if error else "")
    if any(kind.startswith(("journal", "kmsg")) for kind in kinds):
        build.depend("After", "systemd-journald.socket")


def _service(build: Build, user: bool) -> None:
    service = build.service
    if service.get("type") == "dbus" and service.get("bus_name"):
        build.depend("Requires", "dbus.socket")
        build.depend("After", "dbus.socket")
    _processes(build, user)


def _socket(build: Build, user: bool) -> None:
    service = build.own.get("Unit") or build.name[:-len("socket")] + "service"
    if not build.own.get("Accept"):
        build.depend("Triggers", service)
        build.depend("Before", service)
    listen = [address for address in build.own.get("Listen", ()) if address.startswith("/")]
    if listen:
        mounts_for(build, "requires_mounts_for", *listen)
    if any(build.own.get(phase) for phase in ("ExecStartPre", "ExecStartPost", "ExecStopPre", "ExecStopPost")):
        _processes(build, user)


def _trigger(build: Build, user: bool) -> None:
    """Timers and paths: they come before what they start."""
    watched = build.own.get("Watch")
    if watched:
        mounts_for(build, "requires_mounts_for", *watched)
    target = build.own.get("Unit") or build.name[:build.name.rfind(".")] + ".service"
    build.depend("Triggers", target)
    build.depend("Before", target)


def _automount(build: Build, user: bool) -> None:
    mount = build.name[:-len("automount")] + "mount"
    build.depend("Triggers", mount)
    build.depend("Before", mount)


def _slice(build: Build, user: bool) -> None:
    _slice_above(build)


IMPLICIT: Dict[str, Callable[[Build, bool], None]] = {
    "service": _service, "socket": _socket, "timer": _trigger, "path": _trigger, "automount": _automount, "slice": _slice,
}
