"""What becomes of the sandbox directives where no namespace can be made.

In:  ExecContext.sandbox (name -> raw values).   Out: Sandbox: go on or fail with 226, capabilities to drop, a line for the log.
Never: makes a namespace. As systemd in a container without privileges: what only takes something away from the service is
skipped, what the service needs in order to work as written makes it fail.
Source: systemd.exec(5), "SANDBOXING", "PATHS"; which ones fail was observed with systemd 257 in an unprivileged container.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Tuple

from fastinit.units.model import ExecContext
from fastinit.units.parsers.accounts import CAPABILITIES
from fastinit.units.values import parse_boolean

EXIT_NAMESPACE = 226
Values = Tuple[str, ...]
_OFF = frozenset(("", "default", "all"))


class Row(NamedTuple):
    """action: "skip" or "fail".   drops: capabilities (without CAP_) that go even when the rest is skipped.
    counts: whether these values ask for anything at all."""

    action: str
    drops: Tuple[str, ...]
    counts: Callable[[Values], bool]


def _is_on(value: str) -> bool:
    if value in _OFF:
        return False
    try:
        return parse_boolean(value)
    except ValueError:
        return True                 # "full", "strict", a path


def _any(values: Values) -> bool:
    return any(values)


# Where syslog(3) and sd_journal_print(3) write to, which never fails for them: brought into a chroot (Debian's haproxy),
# they cost lines of the log where they are missing, not the service.
_LOG_SOCKETS = ("/dev/log", "/run/systemd/journal")


def _moves(values: Values) -> bool:
    """A bind mount onto itself only changes flags: the service finds the same files without it."""
    for line in values:
        for word in line.split():
            source, _, rest = word.lstrip("-").partition(":")
            target = rest.partition(":")[0] or source
            is_log = source in _LOG_SOCKETS or source.startswith(_LOG_SOCKETS[1] + "/")
            if source.rstrip("/") != target.rstrip("/") and not is_log:
                return True
    return False


def _on(values: Values) -> bool:
    return any(_is_on(value) for value in values)


def _nothing(values: Values) -> bool:
    return False


SKIP, FAIL = "skip", "fail"
TABLE: Dict[str, Row] = {
    # file system
    "PrivateTmp":               Row(SKIP, (), _on),
    "PrivateDevices":           Row(SKIP, ("mknod", "sys_rawio"), _on),
    "PrivateMounts":            Row(SKIP, (), _on),
    "ProtectSystem":            Row(SKIP, (), _on),
    "ProtectHome":              Row(SKIP, (), _on),
    "ProtectProc":              Row(SKIP, (), _on),
    "ProcSubset":               Row(SKIP, (), _on),
    "ProtectControlGroups":     Row(SKIP, (), _on),
    "ReadWritePaths":           Row(SKIP, (), _any),
    "ReadOnlyPaths":            Row(SKIP, (), _any),
    "InaccessiblePaths":        Row(SKIP, (), _any),
    "ExecPaths":                Row(SKIP, (), _any),
    "NoExecPaths":              Row(SKIP, (), _any),
    "MountFlags":               Row(SKIP, (), _any),
    "MountAPIVFS":              Row(SKIP, (), _on),
    "BindPaths":                Row(FAIL, (), _moves),
    "BindReadOnlyPaths":        Row(FAIL, (), _moves),
    "TemporaryFileSystem":      Row(FAIL, (), _any),
    "RootImage":                Row(FAIL, (), _any),
    "RootEphemeral":            Row(FAIL, (), _on),
    "MountImages":              Row(FAIL, (), _any),
    "ExtensionImages":          Row(FAIL, (), _any),
    "ExtensionDirectories":     Row(FAIL, (), _any),
    # kernel
    "ProtectKernelTunables":    Row(SKIP, (), _on),
    "ProtectKernelModules":     Row(SKIP, ("sys_module",), _on),
    "ProtectKernelLogs":        Row(SKIP, ("syslog",), _on),
    "ProtectClock":             Row(SKIP, ("sys_time", "wake_alarm"), _on),
    "ProtectHostname":          Row(SKIP, (), _on),
    # other namespaces
    "PrivateNetwork":           Row(SKIP, (), _on),
    "PrivateUsers":             Row(SKIP, (), _on),
    "PrivateIPC":               Row(SKIP, (), _on),
    "PrivatePIDs":              Row(FAIL, (), _on),
    "NetworkNamespacePath":     Row(SKIP, (), _any),
    "IPCNamespacePath":         Row(SKIP, (), _any),
    # system call filters
    "SystemCallFilter":         Row(SKIP, (), _any),
    "SystemCallArchitectures":  Row(SKIP, (), _any),
    "SystemCallLog":            Row(SKIP, (), _any),
    "RestrictAddressFamilies":  Row(SKIP, (), lambda values: any(value != "none" for value in values)),
    "RestrictFileSystems":      Row(SKIP, (), _any),
    "RestrictNamespaces":       Row(SKIP, (), _on),
    "RestrictRealtime":         Row(SKIP, (), _on),
    "RestrictSUIDSGID":         Row(SKIP, (), _on),
    "MemoryDenyWriteExecute":   Row(SKIP, (), _on),
    "RemoveIPC":                Row(SKIP, (), _on),
    # what changes how another row is done, and asks for nothing itself
    "SystemCallErrorNumber":    Row(SKIP, (), _nothing),
    "RootImageOptions":         Row(SKIP, (), _nothing),
    "RootImagePolicy":          Row(SKIP, (), _nothing),
    "RootHash":                 Row(SKIP, (), _nothing),
    "RootHashSignature":        Row(SKIP, (), _nothing),
    "RootVerity":               Row(SKIP, (), _nothing),
    "MountImagePolicy":         Row(SKIP, (), _nothing),
    "ExtensionImagePolicy":     Row(SKIP, (), _nothing),
}
# There is no CREDENTIALS_DIRECTORY yet; a service that reads it will not find it, so that is said louder than the rest.
CREDENTIALS = (
    "LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted", "ImportCredential",
)


class Sandbox(NamedTuple):
    """failed: directives for which the process must end with 226.   skipped: those that have no effect.
    credentials: directives about credentials.   drop_mask: capabilities to take away all the same."""

    failed: Tuple[str, ...] = ()
    skipped: Tuple[str, ...] = ()
    credentials: Tuple[str, ...] = ()
    drop_mask: int = 0


def decide(context: ExecContext) -> Sandbox:
    return _decide(context.sandbox) if context.sandbox else Sandbox()


def _decide(wanted: Mapping[str, Values]) -> Sandbox:
    failed: List[str] = []
    skipped: List[str] = []
    mask = 0
    for name, values in wanted.items():
        row = TABLE.get(name)
        if row is None or not row.counts(values):
            continue
        (failed if row.action == FAIL else skipped).append(name)
        for capability in row.drops:
            mask |= 1 << CAPABILITIES[capability]
    credentials = tuple(name for name in CREDENTIALS if any(wanted.get(name, ())))
    return Sandbox(tuple(failed), tuple(skipped), credentials, mask)


def describe(sandbox: Sandbox) -> str:
    """One line for the log of a start, "" when all is done as written."""
    if not sandbox.skipped:
        return ""
    names = ", ".join(f"{name}=" for name in sandbox.skipped)
    return f"cannot make namespaces or filters here, going on without {names}"
