"""What becomes of sandbox directives in a container that may not make namespaces.

In:  ExecContext.sandbox.   Out: capabilities to drop, directives that are skipped, a refusal where systemd refuses as well.
Never: touches a namespace; that is work for a container that is allowed to, and not done yet.
Source: systemd 257 without CAP_SYS_ADMIN: it skips most with a line in the log, and fails with 226/NAMESPACE where going on
would show the service files that it must not see or hide those that it needs.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Tuple

EXIT_NAMESPACE = 226
_FALSE = ("", "no", "false", "off", "0", "n", "f")

CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MKNOD, CAP_SYSLOG, CAP_WAKE_ALARM, CAP_BPF = 16, 17, 25, 27, 34, 35, 39

DROPS: Dict[str, Tuple[int, ...]] = {       # done also where no namespace can be made
    "PrivateDevices": (CAP_MKNOD, CAP_SYS_RAWIO),
    "ProtectKernelModules": (CAP_SYS_MODULE,),
    "ProtectKernelTunables": (),
    "ProtectKernelLogs": (CAP_SYSLOG,),
    "ProtectClock": (CAP_SYS_TIME, CAP_WAKE_ALARM),
}

REFUSED = (         # the service would run in a file system that is not the one its author asked for
    "BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem", "MountImages", "RootImage", "ExtensionImages",
    "ExtensionDirectories", "PrivatePIDs",
)


class Verdict(NamedTuple):
    """drop: capability mask. skipped: directives without effect here. refused: the first one that must fail the unit, or ""."""

    drop: int
    skipped: List[str]
    refused: str


def judge(sandbox: Mapping[str, Tuple[str, ...]]) -> Verdict:
    drop, skipped, refused = 0, [], ""
    for name, values in sandbox.items():
        if not any(value.lower() not in _FALSE for value in values):
            continue
        for capability in DROPS.get(name, ()):
            drop |= 1 << capability
        if name in REFUSED:
            refused = refused or name
        else:
            skipped.append(name)
    return Verdict(drop, skipped, refused)
