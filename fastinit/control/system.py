"""Verbs about the manager and the container: daemon-reload, halt and its kin, kill, clean, environment, the suspended ones.

In:  Context.   Out: changes of the manager, systemd's words.
Source: systemctl(1) v257; what a container has no use for is refused as systemd refuses it where there is nothing to do it with.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Callable, Dict, List, Tuple

from fastinit.control import booting, help_text
from fastinit.control.jobs import JOB_VERBS, run_jobs
from fastinit.control.options import UsageError
from fastinit.control.request import Context, Outcome, Pause, Steps
from fastinit.control.selection import complete, named
from fastinit.errors import RequestError
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobMode
from fastinit.trees import remove_tree
from fastinit.units import names, values
from fastinit.units.model import Directory

NOT_BOOTED = ("System has not been booted with systemd as init system (PID 1). Can't operate.\n"
              "Failed to connect to bus: Host is down")

LOG_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "null")
LOG_TARGETS = ("console", "kmsg", "journal", "journal-or-kmsg", "syslog", "syslog-or-kmsg", "auto", "null")

# ---- the manager ----------------------------------------------------------------------------------------------------


def daemon_reload(context: Context) -> Steps:
    """Without a manager there is nothing that could be stale: a RUN step may call it."""
    if context.is_live:
        yield Pause(until=context.manager.daemon_reload())
    return 0


def daemon_reexec(context: Context) -> int:
    if context.is_live:
        context.after_reply.append(context.manager.daemon_reexec)
    return 0


def log_level(context: Context) -> int:
    """The manager's own chatter; kept in its environment block, where the next manager finds it."""
    return _kept_word(context, "SYSTEMD_LOG_LEVEL", "info", LOG_LEVELS, "log level", numbers=8)


def log_target(context: Context) -> int:
    return _kept_word(context, "SYSTEMD_LOG_TARGET", "journal-or-kmsg", LOG_TARGETS, "log target")


def _kept_word(context: Context, variable: str, default: str, allowed: Tuple[str, ...], what: str,
               numbers: int = 0) -> int:
    """numbers: so many of the words may be given by their number."""
    environment = context.manager.environment
    if not context.args:
        context.say(environment.get(variable, default))
        return 0
    word = context.args[0]
    number = values.parse_digits(word, numbers - 1)
    if number is not None:
        word = allowed[number]
    if word not in allowed:
        context.warn(f'"{word}" is not a valid {what}.' if numbers else
                     f"Failed to set {what} of org.freedesktop.systemd1 to {word}: Invalid {what} '{word}'")
        return 1
    environment[variable] = word
    context.manager.touch_own()
    return 0


def service_watchdogs(context: Context) -> int:
    if not context.args:
        context.say(values.format_boolean(context.manager.engine.watchdogs))
        return 0
    try:
        wanted = values.parse_boolean(context.args[0])
    except ValueError:
        raise UsageError("Failed to parse service-watchdogs argument: Invalid argument") from None
    context.manager.engine.watchdogs = wanted
    return 0


# ---- environment ----------------------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SHELL_SAFE = re.compile(r"""[^\s"'\\$`*?\[|&;<>(){}!\x00-\x1f\x7f]*\Z""")
_SHELL_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}


def show_environment(context: Context) -> int:
    environment = context.manager.environment
    if context.options.output.startswith("json"):
        is_pretty = context.options.output == "json-pretty"
        context.say(json.dumps(dict(sorted(environment.items())), ensure_ascii=False, indent="\t" if is_pretty else None,
                               separators=(",", " : " if is_pretty else ":")))
        return 0
    for name in sorted(environment):
        context.say(f"{name}={_shell_value(environment[name])}")
    return 0


def _shell_value(value: str) -> str:
    """As a shell reads it back: $'…' when it has anything that it would not take as it is."""
    if _SHELL_SAFE.match(value):
        return value
    return "$'" + "".join(_SHELL_ESCAPES.get(char, char) for char in value) + "'"


def set_environment(context: Context) -> int:
    changes: Dict[str, str] = {}
    for word in context.args:
        name, equals, value = word.partition("=")
        if not equals or not _NAME.match(name):
            raise RequestError("Failed to set environment: Invalid environment assignments")
        changes[name] = value
    _change_environment(context, changes, [])
    return 0


def unset_environment(context: Context) -> int:
    removed = []
    for word in context.args:
        name, equals, value = word.partition("=")
        if not _NAME.match(name):
            raise RequestError("Failed to set environment: Invalid environment variable names or assignments")
        if not equals or context.manager.environment.get(name) == value:
            removed.append(name)
    _change_environment(context, {}, removed)
    return 0


def import_environment(context: Context) -> int:
    own = context.terminal.environment
    if not context.args:
        context.warn("Calling import-environment without a list of variable names is deprecated.")
    changes: Dict[str, str] = {}
    for name in context.args or list(own):
        if not _NAME.match(name):
            if context.args:
                raise RequestError(f"Not a valid environment variable name: {name}")
            continue
        if name in own:
            changes[name] = own[name]
        elif context.args:
            context.warn(f"Environment variable ${name} not set, ignoring.")
    _change_environment(context, changes, [])
    return 0


def _change_environment(context: Context, changes: Dict[str, str], removed: List[str]) -> None:
    context.manager.environment.update(changes)
    for name in removed:
        context.manager.environment.pop(name, None)
    context.manager.touch_own()


# ---- the end --------------------------------------------------------------------------------------------------------


def end(action: str) -> Callable[[Context], Steps]:
    """halt, poweroff, reboot, soft-reboot: in a container each stops everything and ends PID 1 with code 0."""
    def run(context: Context) -> Steps:
        if context.options.dry_run:
            return 0
        return (yield from _begin_exit(context, 0, action))
    return run


def exit_(context: Context) -> Steps:
    code = 0
    if context.args:
        word = context.args[0]
        number = values.parse_digits(word, 255)
        if number is None:
            raise UsageError("Invalid exit code.")
        code = number
    return 0 if context.options.dry_run else (yield from _begin_exit(context, code, "exit"))


def _begin_exit(context: Context, code: int, action: str) -> Steps:
    """Answered before anything is stopped: the client may be one of the processes that go. But the caller of a manager in the
    background (a RUN step) goes on to live, and may end the container as soon as we answer: it waits until all is stopped."""
    forced = {0: "", 1: "-force"}.get(context.options.force, "-immediate")
    if action == "exit" and forced == "-immediate":
        forced = "-force"
    manager = context.manager
    waits = booting.is_background(manager.explicit_units) and not forced and not context.options.no_block
    if not waits or manager.unit_of_pid(context.pid) is not None:
        context.after_reply.append(lambda: manager.begin_exit(code, action + forced))
        return 0
    manager.hold_exit(True)
    try:
        manager.begin_exit(code, action)
        yield Pause(lambda: not manager.engine.jobs)
        manager.retire()
    finally:
        context.after_reply.append(lambda: manager.hold_exit(False))
    return 0


def enter_target(target: str) -> Callable[[Context], Steps]:
    """default, rescue, emergency: isolate the target."""
    def run(context: Context) -> Steps:
        if context.options.dry_run:
            return 0
        verb = JOB_VERBS["isolate"]
        return (yield from run_jobs(context, verb._replace(mode=JobMode.ISOLATE), [target]))
    return run


@dataclass(frozen=True)
class Refused:
    """What a container cannot do, in the words in which systemd says that it has nothing to do it with."""

    sentence: str

    def __call__(self, context: Context) -> int:
        context.warn(self.sentence)
        return 1


def runlevel(context: Context) -> int:
    """N and the level of the active target; "unknown" while none is."""
    levels = (("graphical.target", "5"), ("multi-user.target", "3"), ("rescue.target", "1"))
    for target, level in levels:
        record = context.manager.engine.find(target)
        if record is not None and record.active is Active.ACTIVE:
            context.say(f"N {level}")
            return 0
    context.say("unknown")
    return 1


def init_units(context: Context) -> Outcome:
    """`systemctl init A B` where an init runs already: start them."""
    if not context.args:
        context.say("An init is running already.")
        return 0
    return run_jobs(context, JOB_VERBS["start"], named(context))


# ---- units: kill, clean, freeze, reset-failed -----------------------------------------------------------------------

WHOM = ("main", "control", "all", "main-fail", "control-fail", "all-fail")
KILLABLE = frozenset(("service", "scope", "slice", "socket", "mount", "swap"))
NO_MAIN = frozenset(("scope", "slice", "socket", "mount", "swap"))
NO_CONTROL = frozenset(("slice",))


def kill(context: Context) -> Steps:
    code, killed = 0, []
    for name in named(context):
        problem = _kill(context, name)
        if problem:
            context.warn(f"Failed to kill unit {name}: {problem}")
            code = 1
        else:
            killed.append(name)
    if context.options.wait and killed:
        yield Pause(lambda: all(_is_down(context, name) for name in killed))
        if any(record is not None and record.active is Active.FAILED for record in map(context.manager.engine.find, killed)):
            return 1
    return code


def _kill(context: Context, name: str) -> str:
    """What went wrong, "" = nothing."""
    options = context.options
    whom, signo = options.kill_whom or "all", options.signal or values.SIGNALS["TERM"]
    kind = whom.replace("-fail", "")
    record = context.manager.engine.find(name)
    if record is None or record.unit.load_state == "not-found" or names.is_template(name):
        return f"Unit {name} not loaded."
    if whom not in WHOM:
        return f"Invalid whom argument: {whom}"
    if options.kill_value is not None and not values.SIGRTMIN <= signo <= values.SIGRTMAX:
        return ("Value parameter only accepted for realtime signals (SIGRTMIN…SIGRTMAX), refusing for signal "
                f"SIG{values.signal_name(signo)}.")
    if record.unit.type not in KILLABLE:
        return "Unit type does not support process killing."
    if (kind == "main" and record.unit.type in NO_MAIN) or (kind == "control" and record.unit.type in NO_CONTROL):
        return f"{record.unit.type} units have no {kind} processes"
    if context.manager.signal_unit(name, signo, kind, options.kill_value) or whom == "all":
        return ""
    return f"No {kind} process to kill" if kind != "all" else "No matching processes to kill"


def _is_down(context: Context, name: str) -> bool:
    record = context.manager.engine.find(name)
    return record is None or record.active in (Active.INACTIVE, Active.FAILED)


def reset_failed(context: Context) -> int:
    engine, code = context.manager.engine, 0
    if not context.args:
        engine.reset_failed(None)
    for name in named(context):
        record = engine.find(name)
        if record is None or record.unit.load_state == "not-found" or names.is_template(name):
            context.warn(f"Failed to reset failed state of unit {name}: Unit {name} not loaded.")
            code = 1
            continue
        engine.reset_failed(name)
    context.manager.pump()
    return code


CLEANABLE = frozenset(("service", "socket", "mount", "swap", "timer"))
_BASES = {"runtime": "/run", "state": "/var/lib", "cache": "/var/cache", "logs": "/var/log", "configuration": "/etc"}


FD_STORE = "fdstore"


def _directories(record: UnitRecord, kind: str) -> Tuple[Directory, ...]:
    found: Tuple[Directory, ...] = getattr(record.unit.context, f"{kind}_directory")
    return found


def clean(context: Context) -> int:
    wanted = context.options.what or ["cache", "runtime"]
    kinds = [*_BASES, FD_STORE] if "all" in wanted else wanted
    for kind in kinds:
        if kind not in _BASES and kind != FD_STORE:
            raise RequestError(f"Failed to clean unit {complete(context.args[0])}: Invalid resource type: {kind}")
    code = 0
    for name in named(context):
        code = _clean_unit(context, name, kinds) or code
    return code


def _clean_unit(context: Context, name: str, kinds: List[str]) -> int:
    record = context.manager.engine.get(name)
    if record.unit.load_state != "loaded":
        why = f"Unit name {name} is missing the instance name." if names.is_template(name) else f"Unit {name} not found."
        context.warn(f"Failed to add reference to unit {name}: {why}")
        return 1
    if record.unit.type not in CLEANABLE:
        context.warn(f"Failed to clean unit {name}: Unit '{name}' does not support cleaning.")
        return 1
    if record.active is not Active.INACTIVE or record.job is not None:
        context.warn(f"Failed to clean unit {name}: Unit is not inactive or has pending job.")
        return 1
    service = record.unit.service
    has_store = FD_STORE in kinds and service is not None and service.file_descriptor_store_max > 0
    if has_store:
        context.manager.release_fds(record.unit.name)
    paths = [os.path.join(_BASES[kind], entry.path) for kind in kinds if kind in _BASES for entry in _directories(record, kind)]
    if not paths and not has_store:
        context.warn(f"Failed to clean unit {name}: No matching resources found.")
        return 1
    code = 0
    for path in paths:
        try:
            remove_tree(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            context.warn(f"Failed to clean unit {name}: {path}: {error.strerror}")
            code = 1
    return code


def freeze(context: Context) -> int:
    """No unit can: it takes a cgroup, and a process that is stopped by a signal is not frozen for its parent and its timers."""
    for name in named(context):
        unit = context.manager.engine.get(name).unit
        why = "Unit does not support freeze/thaw"
        if names.is_template(name):
            why = f"Unit name {name} is missing the instance name."
        elif unit.load_state == "not-found":
            why = f"Unit {name} not found."
        doing = context.verb if unit.load_state not in ("not-found", "error") else "add reference to"
        context.warn(f"Failed to {doing} unit {name}: {why}")
    return 1


def default_services(context: Context) -> Steps:
    """The services that default.target, or the named targets, start because they are enabled: not those of the boot itself."""
    found: List[str] = []
    seen, queue = {"sysinit.target"}, [complete(word, ".target") for word in context.args or ["default.target"]]
    while queue:
        record = context.manager.engine.get(queue.pop())
        if record.unit.name in seen:
            continue
        seen.add(record.unit.name)
        if record.unit.type == "service" and record.unit.load_state == "loaded":
            found.append(record.unit.name)
        queue += [name for kind in ("Wants", "Requires", "BindsTo") for name in record.unit.dependencies.get(kind, ())]
        yield Pause()
    for name in sorted(found):
        context.say(name)
    return 0


def list_machines(context: Context) -> int:
    if context.options.output.startswith("json"):
        context.say("[]")
    elif context.options.show_legend():
        context.say("0 machines listed.")
    return 0


def print_version(context: Context) -> int:
    context.out(help_text.version())
    return 0
