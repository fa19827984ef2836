"""From a unit and one of its commands to the process: who it is, what it sees, what it may.

In:  Unit, the effect Spawn, SpawnFacts.   Out: native.SpawnSpec without descriptors, which the caller adds; SpawnRefused for
what systemd calls a failure of resources. What the process itself would fail with (no such user, no such directory) is
SpawnSpec.fail_status: the child ends with it, as under systemd.
Never: opens a stream, forks. Its only effects are the directories of RuntimeDirectory= and its kin.
Source: systemd.exec(5), systemd.service(5) "COMMAND LINES".
"""

from __future__ import annotations

import errno
import functools
import os
import shlex
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from fastinit.errors import FastinitError
from fastinit.plan.effects import Spawn
from fastinit.run import directories, environment, identity, sandbox
from fastinit.run.identity import Identity, IdentityError
from fastinit.run.members import RLIMIT_LOCKS
from fastinit.run.native import SpawnSpec
from fastinit.units import values
from fastinit.units.execline import expand_argv
from fastinit.units.model import ExecCommand, ExecContext, Service, Unit
from fastinit.units.parsers.accounts import CAP_ALL, CAPABILITIES

DEFAULT_SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
EXIT_CHDIR, EXIT_EXEC = 200, 203
TTY_KINDS = ("tty", "tty-force", "tty-fail")
MAIN_PHASE = "ExecStart"

# getrlimit(2); "LOCKS" carries the unit's member tag unless LimitLOCKS= is set.
LIMIT_NUMBERS: Dict[str, int] = {
    "CPU": 0, "FSIZE": 1, "DATA": 2, "STACK": 3, "CORE": 4, "RSS": 5, "NPROC": 6, "NOFILE": 7, "MEMLOCK": 8, "AS": 9,
    "LOCKS": RLIMIT_LOCKS, "SIGPENDING": 11, "MSGQUEUE": 12, "NICE": 13, "RTPRIO": 14, "RTTIME": 15,
}
_IOPRIO_BEST_EFFORT, _IOPRIO_IDLE, _IOPRIO_CLASS_SHIFT, _IOPRIO_DEFAULT = 2, 3, 13, 4
_KEYRINGS = {"inherit": 0, "private": 1, "shared": 2}
_PER_LINUX, _PER_LINUX32 = 0, 8
# What each machine can be asked to look like: itself, and its 32-bit form.
_PERSONALITIES: Dict[str, Dict[str, int]] = {
    "x86_64": {"x86-64": _PER_LINUX, "x86": _PER_LINUX32}, "aarch64": {"arm64": _PER_LINUX, "arm": _PER_LINUX32},
    "s390x": {"s390x": _PER_LINUX, "s390": _PER_LINUX32}, "ppc64": {"ppc64": _PER_LINUX, "ppc": _PER_LINUX32},
    "ppc64le": {"ppc64-le": _PER_LINUX, "ppc-le": _PER_LINUX32}, "i686": {"x86": _PER_LINUX}, "armv7l": {"arm": _PER_LINUX},
}
_CAP_SYS_ADMIN, _CAP_SETPCAP = 1 << CAPABILITIES["sys_admin"], 1 << CAPABILITIES["setpcap"]


class SpawnRefused(FastinitError):
    """No process is made at all: the unit fails with Result=resources."""


class Capabilities(NamedTuple):
    """Of the manager: what a process of its can be given, and whether sets can be changed."""

    effective: int
    bounding: int


@functools.lru_cache(maxsize=1)
def own_capabilities() -> Capabilities:
    masks: Dict[str, int] = {}
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in ("CapEff", "CapBnd"):
                masks[name] = int(value, 16)
    return Capabilities(masks.get("CapEff", 0), masks.get("CapBnd", 0))


class SpawnFacts(NamedTuple):
    """What the manager knows and the unit does not.

    inherited: what every service gets of the environment of PID 1, below all else (run/boot.py).
    manager_environment: the block of set-environment and DefaultEnvironment=.
    extra: NAME=VALUE and @FILE of `systemctl -e`, above all else.
    passed_from: where PassEnvironment= looks: the environment of the manager's own process.
    member_tag: RLIMIT_LOCKS of every process of the unit (run/members.py).
    listen_fds: names of the passed descriptors, in order.
    bases: where RuntimeDirectory= … begin; run_directory is that of RuntimeDirectory=.
    home: where processes begin in a user's manager; manager_pid: MANAGERPID= there. "" and 0 in that of the system.
    file_limit: RLIMIT_NOFILE (soft, hard) without LimitNOFILE=: the manager may have raised its own. None = leave.
    log: (syslog priority, text).
    """

    inherited: Mapping[str, str] = {}
    manager_environment: Mapping[str, str] = {}
    extra: Sequence[str] = ()
    passed_from: Mapping[str, str] = {}
    invocation_id: str = ""
    member_tag: int = 0
    listen_fds: Tuple[str, ...] = ()
    notify_path: str = ""
    run_directory: str = "/run"
    file_limit: Optional[Tuple[int, int]] = None
    log: Callable[[int, str], None] = lambda priority, text: None
    bases: Mapping[str, str] = directories.SYSTEM_BASES
    home: str = ""
    manager_pid: int = 0
    capabilities: Optional[Capabilities] = None
    locale: Optional[Mapping[str, str]] = None

    def all_bases(self) -> Mapping[str, str]:
        return {**self.bases, "run": self.run_directory}


class Privilege(NamedTuple):
    """What a command's prefix, and its phase, leave of the unit's settings.

    ids: User=, Group= …   limits_power: capabilities, NoNewPrivileges=, sandbox.   chroot: RootDirectory=.
    """

    ids: bool
    limits_power: bool
    chroot: bool


# "!!" is "!" for kernels without ambient capabilities; all that we run on have them.
_BY_PREFIX: Dict[str, Privilege] = {
    "":   Privilege(ids=True, limits_power=True, chroot=True),
    "!":  Privilege(ids=False, limits_power=True, chroot=True),
    "!!": Privilege(ids=True, limits_power=True, chroot=True),
    "+":  Privilege(ids=False, limits_power=False, chroot=False),
}


class _Failed(Exception):
    """The child shall end with this status."""

    def __init__(self, status: int, error: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error = status, error


def exit_status_name(status: int) -> str:
    """ "EXEC" for 203."""
    return values.exit_status_name(status) or str(status)


def privilege_of(service: Optional[Service], phase: str, command: ExecCommand) -> Privilege:
    found = _BY_PREFIX[command.privilege]
    if service is not None and phase != MAIN_PHASE:
        if service.permissions_start_only:
            found = found._replace(ids=False, limits_power=False)
        if service.root_directory_start_only:
            found = found._replace(chroot=False)
    return found


def build_spawn(unit: Unit, effect: Spawn, facts: SpawnFacts) -> SpawnSpec:
    """The whole description; see the module's text. Raises SpawnRefused."""
    context, command = unit.context, effect.command
    facts = _with_name(facts, unit.name)
    privilege = privilege_of(unit.service, effect.phase, command)
    spec = SpawnSpec(effect.spawn_id, command.path, list(command.argv) or [command.path])
    try:
        files = environment.read_files(context.environment_files, lambda text: facts.log(4, text))
    except environment.EnvironmentFileError as error:
        raise SpawnRefused(str(error)) from None
    try:
        who = _find_account(context, unit.name)
        _prepare_directories(context, who, facts)
        _check_sandbox(context, privilege, effect, facts, spec)
        found = environment.assemble(context, _manager_block(facts), _own_block(unit, effect, who, facts),
                                     facts.passed_from, files)
        found.update(environment.read_extra(facts.extra, lambda text: facts.log(4, text)))
        spec.pid_env_names = _pid_names(found, effect, facts)
        spec.env = [f"{name}={value}" for name, value in found.items() if name not in spec.pid_env_names]
        spec.cwd, spec.cwd_optional = _working_directory(context, who, facts.home)
        spec.root = context.root_directory or None if privilege.chroot else None
        spec.argv = _arguments(command, found, who, facts)
        spec.path = _executable(command, context, who, found, spec.root or "")
        spec.ids = who.ids() if privilege.ids else None
    except _Failed as failed:
        spec.fail_status, spec.fail_errno = failed.status, failed.error
        facts.log(3, str(failed))
    spec.nonblocking = unit.service is not None and unit.service.non_blocking
    _set_resources(spec, context, facts)
    _set_power(spec, context, privilege, facts)
    return spec


def _with_name(facts: SpawnFacts, unit: str) -> SpawnFacts:
    log = facts.log
    return facts._replace(log=lambda priority, text: log(priority, f"{unit}: {text}"))


# --- who, where ----------------------------------------------------------------------------------------------------


def _find_account(context: ExecContext, unit: str) -> Identity:
    try:
        return identity.find(context, unit)
    except IdentityError as error:
        raise _Failed(error.exit_status, error.errno, str(error)) from None


def _prepare_directories(context: ExecContext, who: Identity, facts: SpawnFacts) -> None:
    try:
        directories.prepare(context, facts.all_bases(), who.uid, who.gid, lambda text: facts.log(4, text))
    except directories.DirectoryError as error:
        raise _Failed(error.exit_status, error.errno, str(error)) from None


def _check_sandbox(context: ExecContext, privilege: Privilege, effect: Spawn, facts: SpawnFacts, spec: SpawnSpec) -> None:
    """Fail where systemd fails; say what is left out at the first command of a start, not at every one."""
    if not privilege.limits_power:
        return
    found = sandbox.decide(context)
    if found.failed:
        names = ", ".join(f"{name}=" for name in found.failed)
        raise _Failed(sandbox.EXIT_NAMESPACE, errno.EPERM, f"Failed to set up mount namespacing for {names}: not possible here")
    if effect.phase != MAIN_PHASE:
        return
    if found.credentials:
        names = ", ".join(f"{name}=" for name in found.credentials)
        facts.log(4, f"{names} is set, but credentials are not supported: the service gets no CREDENTIALS_DIRECTORY")
    text = sandbox.describe(found)
    if text:
        facts.log(6, text)
    missing = context.ambient_capabilities & ~(facts.capabilities or own_capabilities()).effective
    if missing:
        facts.log(4, f"AmbientCapabilities={_capability_names(missing)} is not ours to give, going on without")
    if context.pam_name:
        facts.log(4, f"PAMName={context.pam_name} is ignored: no PAM session is opened")


def _working_directory(context: ExecContext, who: Identity, default: str) -> Tuple[str, bool]:
    path, optional = context.working_directory, context.working_directory_optional
    if not path:
        return default or "/", bool(default)
    if path != "~":
        return path, optional
    home = who.home if who.name or who.uid is not None else identity.manager_home()
    if home or optional:
        return home or "/", optional
    raise _Failed(EXIT_CHDIR, errno.ENXIO, "Changing to the home directory failed: it is not known")


# --- environment ---------------------------------------------------------------------------------------------------


def _manager_block(facts: SpawnFacts) -> Dict[str, str]:
    locale = environment.read_locale() if facts.locale is None else facts.locale
    return {**facts.inherited, "PATH": ":".join(DEFAULT_SEARCH_PATH), **locale, **facts.manager_environment}


def _own_block(unit: Unit, effect: Spawn, who: Identity, facts: SpawnFacts) -> Dict[str, str]:
    """What is made for this very process."""
    context, service = unit.context, unit.service
    block = _login_block(context, who)
    if facts.manager_pid:
        block["MANAGERPID"] = str(facts.manager_pid)
    if facts.invocation_id:
        block["INVOCATION_ID"] = facts.invocation_id
    block.update(directories.variables(context, facts.all_bases()))
    if _has_terminal(context):
        block["TERM"] = facts.passed_from.get("TERM") or "vt220"
    if service is not None:
        if _may_notify(service, effect.phase) and facts.notify_path:
            block["NOTIFY_SOCKET"] = facts.notify_path
        if service.pid_file:
            block["PIDFILE"] = service.pid_file
    if facts.listen_fds:
        block["LISTEN_FDS"] = str(len(facts.listen_fds))
        block["LISTEN_FDNAMES"] = ":".join(facts.listen_fds)
    block.update(effect.environment)
    return block


def _login_block(context: ExecContext, who: Identity) -> Dict[str, str]:
    wanted = context.set_login_environment
    if wanted is None:
        wanted = bool(context.user or context.dynamic_user or context.pam_name)
    if not wanted:
        return {}
    if who.uid is None:
        who = identity.find(ExecContext(user=str(os.geteuid())), "")        # SetLoginEnvironment= without User=
    name = who.name or str(who.uid)
    block = {"HOME": who.home, "LOGNAME": name, "USER": name, "SHELL": who.shell}
    return {name: value for name, value in block.items() if value}


def _has_terminal(context: ExecContext) -> bool:
    return context.standard_input.kind in TTY_KINDS or "tty" in (context.standard_output.kind, context.standard_error.kind)


def _may_notify(service: Service, phase: str) -> bool:
    if phase == MAIN_PHASE:
        return service.notify_access != "none"
    return service.notify_access in ("exec", "all")


def _pid_names(found: Mapping[str, str], effect: Spawn, facts: SpawnFacts) -> List[str]:
    """Variables whose value is the pid that the process will have."""
    names = ["SYSTEMD_EXEC_PID"]
    if facts.listen_fds:
        names.append("LISTEN_PID")
    if "WATCHDOG_USEC" in effect.environment:
        names.append("WATCHDOG_PID")
    return names


# --- command -------------------------------------------------------------------------------------------------------


def _arguments(command: ExecCommand, found: Mapping[str, str], who: Identity, facts: SpawnFacts) -> List[str]:
    argv = list(command.argv)
    if command.expand_env:
        expanded = expand_argv(command.argv, found)
        argv = expanded.argv
        for warning in expanded.warnings:
            facts.log(4, warning)
    argv = argv or [command.path]
    if command.login_shell:
        argv = ["-" + os.path.basename(_shell(who)), "-c", " ".join(shlex.quote(word) for word in argv)]
    return argv


def _shell(who: Identity) -> str:
    return who.shell or "/bin/sh"


def _executable(command: ExecCommand, context: ExecContext, who: Identity, found: Mapping[str, str],
                root: str) -> str:
    """The program's absolute path: as given, or the first of that name in the search path that can be executed.

    As systemd: Environment=PATH= does not count for that, ExecSearchPath= does. What the image's PATH adds comes last.
    """
    if command.login_shell:
        return _shell(who)
    if command.path.startswith("/"):
        return command.path
    usual = (*DEFAULT_SEARCH_PATH, *(path for path in found.get("PATH", "").split(":") if path.startswith("/")))
    denied = False
    for folder in context.exec_search_path or usual:
        path = f"{folder}/{command.path}"
        if os.path.isfile(root + path):
            if os.access(root + path, os.X_OK):
                return path
            denied = True
    error = errno.EACCES if denied else errno.ENOENT
    raise _Failed(EXIT_EXEC, error, f"Unable to locate executable '{command.path}': {os.strerror(error)}")


# --- resources and power -------------------------------------------------------------------------------------------


def _set_resources(spec: SpawnSpec, context: ExecContext, facts: SpawnFacts) -> None:
    limits = {LIMIT_NUMBERS[name]: pair for name, pair in context.limits.items()}
    if facts.file_limit:
        limits.setdefault(LIMIT_NUMBERS["NOFILE"], facts.file_limit)
    if facts.member_tag:
        limits.setdefault(RLIMIT_LOCKS, (facts.member_tag, facts.member_tag))
    spec.limits = [(number, soft, hard) for number, (soft, hard) in limits.items()]
    spec.umask = context.umask
    spec.nice = context.nice
    spec.oom_score_adj = context.oom_score_adjust
    spec.ioprio = _io_priority(context)
    if context.cpu_scheduling_policy is not None:
        spec.sched = (context.cpu_scheduling_policy, context.cpu_scheduling_priority, context.cpu_scheduling_reset_on_fork)
    spec.affinity = sorted(context.cpu_affinity) or None
    spec.timer_slack_ns = context.timer_slack_nsec
    spec.coredump_filter = context.coredump_filter
    spec.personality = _personality(context, facts)
    spec.keyring = _KEYRINGS[context.keyring_mode]
    spec.ignore_sigpipe = context.ignore_sigpipe


def _personality(context: ExecContext, facts: SpawnFacts) -> Optional[int]:
    if not context.personality:
        return None
    found = _PERSONALITIES.get(os.uname().machine, {}).get(context.personality)
    if found is None:
        facts.log(4, f"Personality={context.personality} is none of this machine's, going on without")
    return found


def _io_priority(context: ExecContext) -> Optional[int]:
    kind, priority = context.io_scheduling_class, context.io_scheduling_priority
    if kind is None and priority is None:
        return None
    kind = _IOPRIO_BEST_EFFORT if kind is None else kind
    if kind in (0, _IOPRIO_IDLE):
        priority = 0                    # these have no levels
    return kind << _IOPRIO_CLASS_SHIFT | (_IOPRIO_DEFAULT if priority is None else priority)


def _set_power(spec: SpawnSpec, context: ExecContext, privilege: Privilege, facts: SpawnFacts) -> None:
    """Capability sets, NoNewPrivileges=, seccomp: all that "+" leaves out."""
    if not privilege.limits_power:
        return
    own = facts.capabilities or own_capabilities()
    wanted = CAP_ALL if context.capability_bounding_set is None else context.capability_bounding_set
    wanted &= ~sandbox.decide(context).drop_mask
    # What we do not have cannot be lost: without that, an ordinary user's manager could start no such service.
    if own.bounding & ~wanted and (own.effective & _CAP_SETPCAP or own.effective & ~wanted):
        spec.bounding = wanted
    if context.ambient_capabilities:
        # A container has few; Debian's mariadb asks for CAP_IPC_LOCK, and runs as well without.
        spec.ambient = spec.inheritable = context.ambient_capabilities & own.effective
    spec.secure_bits = context.secure_bits
    spec.no_new_privs = context.no_new_privileges or context.dynamic_user
    spec.lock_personality = context.lock_personality and _may_filter(spec, own)
    if context.lock_personality and not spec.lock_personality:
        facts.log(7, "LockPersonality= needs CAP_SYS_ADMIN or NoNewPrivileges=, going on without")


def _capability_names(mask: int) -> str:
    return " ".join(f"CAP_{name.upper()}" for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def _may_filter(spec: SpawnSpec, own: Capabilities) -> bool:
    """seccomp(2) asks for one of the two; a process that becomes an ordinary user has lost the capability by then."""
    stays_root = spec.ids is None or spec.ids[0] == 0
    return spec.no_new_privs or (stays_root and bool(own.effective & _CAP_SYS_ADMIN & (
        CAP_ALL if spec.bounding is None else spec.bounding)))


def remove_directories(unit: Unit, restarting: bool, run_directory: str) -> Sequence[str]:
    """After the unit has stopped: RuntimeDirectory=; what went wrong, one line each."""
    return [f"{unit.name}: {text}" for text in directories.remove_runtime(unit.context, restarting, run_directory)]
