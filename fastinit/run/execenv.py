"""From a unit and one of its commands to the process that C shall make.

In:  Unit, effect Spawn, SpawnFacts.   Out: native.SpawnSpec; what is wrong with the set-up stands in it as fail_status, so that
a process exists that exits with systemd's status, as it would there; SpawnRefused where systemd would not fork either.
Never: makes a process, opens the standard streams (streams.py).
Source: systemd.exec(5), "PROCESS EXIT CODES", "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES"; systemd.service(5) "COMMAND LINES".
"""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from fastinit.errors import FastinitError
from fastinit.plan.effects import Spawn
from fastinit.run import directories, environment, identity, sandbox
from fastinit.run.directories import DirectoryError
from fastinit.run.environment import EnvironmentFileError
from fastinit.run.identity import Identity, IdentityError
from fastinit.run.members import RLIMIT_LOCKS
from fastinit.run.native import SpawnSpec
from fastinit.units import values
from fastinit.units.execline import expand_argv
from fastinit.units.model import ExecContext, Unit

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EXIT_EXEC = 203
ENOENT, EINVAL = 2, 22
ALL_CAPABILITIES = (1 << 41) - 1
SCHED_OTHER = 0

RESOURCES: Dict[str, int] = {       # setrlimit(2), the numbers of x86-64 and arm64
    "CPU": 0, "FSIZE": 1, "DATA": 2, "STACK": 3, "CORE": 4, "RSS": 5, "NPROC": 6, "NOFILE": 7, "MEMLOCK": 8, "AS": 9,
    "LOCKS": 10, "SIGPENDING": 11, "MSGQUEUE": 12, "NICE": 13, "RTPRIO": 14, "RTTIME": 15,
}


class SpawnRefused(FastinitError):
    """No process is made: systemd's Result=resources."""


class SpawnFacts(NamedTuple):
    """What the unit does not say.

    manager_environment: for every service. passed_from: where PassEnvironment= looks, PID 1's own environment.
    listen_fds:          names of the descriptors that are passed as 3, 4, 5 …
    file_limit:          RLIMIT_NOFILE (soft, hard) of PID 1 as it was started: the manager has raised its own.
    log:                 (priority, text), about this unit.
    """

    manager_environment: Mapping[str, str]
    passed_from: Mapping[str, str]
    invocation_id: str
    member_tag: int
    listen_fds: Tuple[str, ...]
    notify_path: str
    run_directory: str
    file_limit: Tuple[int, int]
    log: Callable[[int, str], None]


class _Failure(Exception):
    """Found while the process is prepared; becomes its exit status."""

    def __init__(self, message: str, exit_status: int, errno: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.errno = errno


def build_spawn(unit: Unit, effect: Spawn, facts: SpawnFacts) -> SpawnSpec:
    """Raises SpawnRefused; OSError never: what the world refuses becomes the process's exit status."""
    spec = SpawnSpec(effect.spawn_id, None, [effect.command.path])
    try:
        who = _identity(unit)
        is_full = effect.command.privilege == "+" or _is_exempt(unit, effect.phase)
        _refuse_impossible(unit, facts)
        _make_directories(unit, who, facts)
        block = _environment(unit, effect, who, facts)
        _set_command(spec, unit, effect, block, facts)
        spec.cwd, spec.cwd_optional = _working_directory(unit.context, who)
        _set_limits(spec, unit.context, facts)
        _set_scheduling(spec, unit.context)
        if not is_full:
            if not effect.command.privilege:
                spec.ids = _ids_to_set(who)
            _set_privileges(spec, unit.context)
            spec.root = unit.context.root_directory or None
        spec.env = [f"{name}={value}" for name, value in block.items()]
        spec.pid_env_names = _pid_variables(effect, facts)
    except EnvironmentFileError as error:
        raise SpawnRefused(str(error)) from None
    except _Failure as failure:
        facts.log(3, f"{unit.name}: {failure}")
        spec.path, spec.fail_status, spec.fail_errno = None, failure.exit_status, failure.errno
    spec.umask = unit.context.umask
    spec.ignore_sigpipe = unit.context.ignore_sigpipe
    spec.nonblocking = unit.service is not None and unit.service.non_blocking
    return spec


def remove_directories(unit: Unit, restarting: bool, run: str) -> List[str]:
    """After the unit has stopped: RuntimeDirectory= unless RuntimeDirectoryPreserve= keeps it. Returns what went wrong."""
    preserve = unit.context.runtime_directory_preserve
    if preserve == "yes" or (preserve == "restart" and restarting):
        return []
    return directories.remove_runtime(unit.context, run)


def exit_status_name(status: int) -> str:
    """203 -> "EXEC"."""
    named = values.EXIT_STATUS.get(status)
    return named[0] if named else str(status)


def _is_exempt(unit: Unit, phase: str) -> bool:
    """PermissionsStartOnly=, the old way to say "+" for all but ExecStart=."""
    return unit.service is not None and unit.service.permissions_start_only and phase != "ExecStart"


def _identity(unit: Unit) -> Identity:
    try:
        return identity.find_identity(unit.context, unit.name)
    except IdentityError as error:
        raise _Failure(str(error), error.exit_status, identity.ESRCH) from None


def _ids_to_set(who: Identity) -> Optional[Tuple[int, int, Tuple[int, ...]]]:
    """None where we are that user already: an ordinary user's manager may not call setgroups(2)."""
    if who.ids is None or (os.geteuid() != 0 and who.ids[:2] == (os.geteuid(), os.getegid())):
        return None
    return who.ids


def _refuse_impossible(unit: Unit, facts: SpawnFacts) -> None:
    verdict = sandbox.judge(unit.context.sandbox)
    if verdict.refused:
        raise _Failure(f"Failed to set up mount namespacing: {verdict.refused}= needs a mount namespace, which fastinit "
                       "does not make", sandbox.EXIT_NAMESPACE, 1)


def _make_directories(unit: Unit, who: Identity, facts: SpawnFacts) -> None:
    try:
        directories.make(unit.context, who.owner, facts.run_directory)
    except DirectoryError as error:
        raise _Failure(str(error), error.exit_status, error.errno) from None


def _environment(unit: Unit, effect: Spawn, who: Identity, facts: SpawnFacts) -> Dict[str, str]:
    own = [f"INVOCATION_ID={facts.invocation_id}"] if facts.invocation_id else []
    wants_login = unit.context.set_login_environment
    if who.name and wants_login is not False:
        own += [f"HOME={who.home}", f"LOGNAME={who.name}", f"USER={who.name}", f"SHELL={who.shell or '/bin/sh'}"]
    if unit.service is not None and unit.service.notify_access != "none":
        own.append(f"NOTIFY_SOCKET={facts.notify_path}")
    if facts.listen_fds:
        own += [f"LISTEN_FDS={len(facts.listen_fds)}", f"LISTEN_FDNAMES={':'.join(facts.listen_fds)}"]
    if unit.context.standard_input.kind.startswith("tty") or unit.context.standard_output.kind == "tty":
        own.append(f"TERM={facts.passed_from.get('TERM', 'vt220')}")
    if unit.context.exec_search_path:
        own.append(f"PATH={':'.join(unit.context.exec_search_path)}")
    own += directories.variables(unit.context, facts.run_directory)
    own += [f"{name}={value}" for name, value in effect.environment.items()]
    return environment.build(unit.context, facts.manager_environment, facts.passed_from, own)


def _pid_variables(effect: Spawn, facts: SpawnFacts) -> List[str]:
    names = ["SYSTEMD_EXEC_PID"]
    if facts.listen_fds:
        names.append("LISTEN_PID")
    if "WATCHDOG_USEC" in effect.environment:
        names.append("WATCHDOG_PID")
    return names


def _set_command(spec: SpawnSpec, unit: Unit, effect: Spawn, block: Mapping[str, str], facts: SpawnFacts) -> None:
    command = effect.command
    spec.argv = list(command.argv)
    if command.expand_env:
        expanded = expand_argv(command.argv[1:], block)
        spec.argv = [command.argv[0], *expanded.argv]
        for warning in expanded.warnings:
            facts.log(4, f"{unit.name}: {warning}")
    spec.path = command.path if "/" in command.path else _search(command.path, unit.context, block)


def _search(name: str, context: ExecContext, block: Mapping[str, str]) -> str:
    folders = context.exec_search_path or tuple(block.get("PATH", DEFAULT_PATH).split(":"))
    for folder in folders:
        path = os.path.join(context.root_directory + folder if context.root_directory else folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.join(folder, name)
    raise _Failure(f"Unable to locate executable '{name}': No such file or directory", EXIT_EXEC, ENOENT)


def _working_directory(context: ExecContext, who: Identity) -> "Tuple[str, bool]":
    path = context.working_directory
    if path == "~":
        path = who.home or os.environ.get("HOME", "/root")
    return path or "/", context.working_directory_optional


def _set_limits(spec: SpawnSpec, context: ExecContext, facts: SpawnFacts) -> None:
    limits = {"NOFILE": facts.file_limit, **context.limits}
    spec.limits = [(RESOURCES[name], soft, hard) for name, (soft, hard) in limits.items()]
    if facts.member_tag and "LOCKS" not in context.limits:
        spec.limits.append((RLIMIT_LOCKS, facts.member_tag, facts.member_tag))


def _set_scheduling(spec: SpawnSpec, context: ExecContext) -> None:
    spec.nice, spec.oom_score_adj = context.nice, context.oom_score_adjust
    spec.timer_slack_ns = context.timer_slack_nsec
    if context.io_scheduling_class is not None or context.io_scheduling_priority is not None:
        best_effort = 2
        klass = best_effort if context.io_scheduling_class is None else context.io_scheduling_class
        spec.ioprio = klass << 13 | (4 if context.io_scheduling_priority is None else context.io_scheduling_priority)
    if context.cpu_scheduling_policy is not None or context.cpu_scheduling_reset_on_fork:
        policy = SCHED_OTHER if context.cpu_scheduling_policy is None else context.cpu_scheduling_policy
        spec.sched = (policy, context.cpu_scheduling_priority, context.cpu_scheduling_reset_on_fork)
    if context.cpu_affinity:
        spec.affinity = sorted(context.cpu_affinity)


def _set_privileges(spec: SpawnSpec, context: ExecContext) -> None:
    drop = sandbox.judge(context.sandbox).drop
    if context.capability_bounding_set is not None or drop:
        allowed = ALL_CAPABILITIES if context.capability_bounding_set is None else context.capability_bounding_set
        spec.bounding = allowed & ~drop
    if context.ambient_capabilities:
        spec.ambient = spec.inheritable = context.ambient_capabilities
    spec.secure_bits = context.secure_bits
    spec.no_new_privs = context.no_new_privileges
    spec.lock_personality = context.lock_personality
