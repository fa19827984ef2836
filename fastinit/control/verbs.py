"""THE table of verbs: name, function, how many words, who may, what it needs; help, docs and completion are made from it.

In:  nothing.   Out: VERBS, find(), the texts of --help and --version.
Source: systemctl(1) v257; the last block is the interface of the script that many images use today.
"""

from __future__ import annotations

from enum import Enum
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from fastinit.control import edit, help_text, jobs, query, script, stats, system, unitfiles
from fastinit.control.options import Options
from fastinit.control.render.style import Style
from fastinit.control.request import Context, Outcome, Terminal

DEFAULT_VERB = "list-units"
Run = Callable[[Context], Outcome]


class Needs(Enum):
    """What must be there for a verb to have an answer."""

    START = "a manager; one is started in the background when there is none"
    LIVE = "a manager; without one systemctl says that there is none"
    EITHER = "a manager's view, or without one that of the files alone"
    FILES = "unit files; a running manager does it (and reloads), without one the client"
    CLIENT = "the client's own process"


class Access(Enum):
    READ = "everybody"
    CHANGE = "root"
    ARGUMENTS = "root with arguments, everybody without"


class Verb(NamedTuple):
    """least, most: number of arguments, most None = any. quiet_offline: without a manager there is nothing to do: exit 0."""

    name: str
    aliases: "tuple[str, ...]"
    run: Run
    least: int
    most: Optional[int]
    access: Access
    needs: Needs

    def changes(self, context: Context) -> bool:
        return self.access is Access.CHANGE or (self.access is Access.ARGUMENTS and bool(context.args))


_R, _C, _A = Access.READ, Access.CHANGE, Access.ARGUMENTS
_START, _LIVE, _EITHER, _FILES, _CLIENT = Needs.START, Needs.LIVE, Needs.EITHER, Needs.FILES, Needs.CLIENT
_POWER = "Call to {} failed: Sleep verb '{}' is not configured or configuration is not supported by kernel"


_BIND = system.Refused("Bind-mounting into a running unit is not supported by fastinit.")
_IMAGE = system.Refused("Mounting an image into a running unit is not supported by fastinit.")
_NO_BUS = system.Refused("Log levels and targets of services need D-Bus, which fastinit does not use.")


_TITLES = {
    "automount": ("WHAT", "WHERE", "MOUNTED", "IDLE TIMEOUT", "UNIT"), "path": ("PATH", "CONDITION", "UNIT", "ACTIVATES"),
    "socket": ("LISTEN", "UNIT", "ACTIVATES"), "timer": ("NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"),
}


def _list_of(kind: str) -> Run:
    return query.list_of_type(kind, _TITLES[kind])


def _suspended(word: str, method: str) -> Run:
    return system.Refused(_POWER.format(method, word))


VERBS = (
    Verb("list-units",            (), query.list_units,                           0, None, _R, _EITHER),
    Verb("list-unit-files",       (), unitfiles.list_unit_files,                  0, None, _R, _FILES),
    Verb("list-automounts",       (), _list_of("automount"),                      0, None, _R, _EITHER),
    Verb("list-paths",            (), _list_of("path"),                           0, None, _R, _EITHER),
    Verb("list-sockets",          (), _list_of("socket"),                         0, None, _R, _EITHER),
    Verb("list-timers",           (), _list_of("timer"),                          0, None, _R, _EITHER),
    Verb("list-jobs",             (), query.list_jobs,                            0, None, _R, _EITHER),
    Verb("list-machines",         (), system.list_machines,                       0, None, _R, _EITHER),
    Verb("clear-jobs",            (), jobs.cancel,                                0, 0,    _C, _LIVE),
    Verb("cancel",                (), jobs.cancel,                                0, None, _C, _LIVE),
    Verb("start",                 (), jobs.job_verb,                              1, None, _C, _START),
    Verb("stop",                  (), jobs.job_verb,                              1, None, _C, _EITHER),
    Verb("reload",                (), jobs.job_verb,                              1, None, _C, _EITHER),
    Verb("restart",               (), jobs.job_verb,                              1, None, _C, _START),
    Verb("try-restart",           ("condrestart",), jobs.job_verb,                1, None, _C, _EITHER),
    Verb("reload-or-restart",     ("force-reload",), jobs.job_verb,               1, None, _C, _START),
    Verb("try-reload-or-restart", ("reload-or-try-restart", "condreload"), jobs.job_verb, 1, None, _C, _EITHER),
    Verb("isolate",               (), jobs.job_verb,                              1, 1,    _C, _START),
    Verb("kill",                  (), system.kill,                                1, None, _C, _EITHER),
    Verb("clean",                 (), system.clean,                               1, None, _C, _EITHER),
    Verb("freeze",                (), system.freeze,                              1, None, _C, _LIVE),
    Verb("thaw",                  (), system.freeze,                              1, None, _C, _LIVE),
    Verb("is-active",             ("check",), query.is_active,                    1, None, _R, _EITHER),
    Verb("is-failed",             (), query.is_failed,                            0, None, _R, _EITHER),
    Verb("status",                (), query.show_status,                          0, None, _R, _EITHER),
    Verb("show",                  (), query.show_properties,                      0, None, _R, _EITHER),
    Verb("cat",                   (), query.cat,                                  1, None, _R, _EITHER),
    Verb("help",                  (), query.show_help,                            1, None, _R, _EITHER),
    Verb("list-dependencies",     (), query.list_dependencies,                    0, None, _R, _EITHER),
    Verb("reset-failed",          (), system.reset_failed,                        0, None, _C, _EITHER),
    Verb("whoami",                (), query.whoami,                               0, None, _R, _LIVE),
    Verb("set-property",          (), unitfiles.set_property,                     2, None, _C, _FILES),
    Verb("bind",                  (), _BIND, 2, 3, _C, _CLIENT),
    Verb("mount-image",           (), _IMAGE, 2, 4, _C, _CLIENT),
    Verb("service-log-level",     (), _NO_BUS, 1, 2, _C, _CLIENT),
    Verb("service-log-target",    (), _NO_BUS, 1, 2, _C, _CLIENT),
    # unit files
    Verb("enable",                (), unitfiles.enable,                           1, None, _C, _FILES),
    Verb("disable",               (), unitfiles.disable,                          1, None, _C, _FILES),
    Verb("reenable",              (), unitfiles.reenable,                         1, None, _C, _FILES),
    Verb("preset",                (), unitfiles.preset,                           1, None, _C, _FILES),
    Verb("preset-all",            (), unitfiles.preset_all,                       0, 0,    _C, _FILES),
    Verb("is-enabled",            (), unitfiles.is_enabled,                       1, None, _R, _FILES),
    Verb("mask",                  (), unitfiles.mask,                             1, None, _C, _FILES),
    Verb("unmask",                (), unitfiles.unmask,                           1, None, _C, _FILES),
    Verb("link",                  (), unitfiles.link,                             1, None, _C, _FILES),
    Verb("revert",                (), unitfiles.revert,                           1, None, _C, _FILES),
    Verb("add-wants",             (), unitfiles.add_dependency,                   2, None, _C, _FILES),
    Verb("add-requires",          (), unitfiles.add_dependency,                   2, None, _C, _FILES),
    Verb("edit",                  (), edit.edit,                                  1, None, _C, _CLIENT),
    Verb("get-default",           (), unitfiles.get_default,                      0, 0,    _R, _FILES),
    Verb("set-default",           (), unitfiles.set_default,                      1, 1,    _C, _FILES),
    # environment
    Verb("show-environment",      (), system.show_environment,                    0, 0,    _R, _LIVE),
    Verb("set-environment",       (), system.set_environment,                     1, None, _C, _LIVE),
    Verb("unset-environment",     (), system.unset_environment,                   1, None, _C, _LIVE),
    Verb("import-environment",    (), system.import_environment,                  0, None, _C, _LIVE),
    # the manager
    Verb("daemon-reload",         (), system.daemon_reload,                       0, 0,    _C, _EITHER),
    Verb("daemon-reexec",         (), system.daemon_reexec,                       0, 0,    _C, _EITHER),
    Verb("log-level",             (), system.log_level,                           0, 1,    _A, _LIVE),
    Verb("log-target",            (), system.log_target,                          0, 1,    _A, _LIVE),
    Verb("service-watchdogs",     (), system.service_watchdogs,                   0, 1,    _A, _LIVE),
    # the container
    Verb("is-system-running",     (), query.is_system_running,                    0, 0,    _R, _EITHER),
    Verb("default",               (), system.enter_target("default.target"),      0, 0,    _C, _START),
    Verb("rescue",                (), system.enter_target("rescue.target"),       0, 0,    _C, _LIVE),
    Verb("emergency",             (), system.enter_target("emergency.target"),    0, 0,    _C, _LIVE),
    Verb("halt",                  (), system.end("halt"),                         0, 0,    _C, _LIVE),
    Verb("poweroff",              (), system.end("poweroff"),                     0, 0,    _C, _LIVE),
    Verb("reboot",                (), system.end("reboot"),                       0, 1,    _C, _LIVE),
    Verb("soft-reboot",           (), system.end("soft-reboot"),                  0, 0,    _C, _LIVE),
    Verb("exit",                  (), system.exit_,                               0, 1,    _C, _LIVE),
    Verb("kexec",                 (), system.Refused("No kexec kernel loaded and autodetection failed."), 0, 0, _C, _CLIENT),
    Verb("switch-root",           (), system.Refused("Not in initrd, refusing switch-root operation."), 0, 2, _C, _CLIENT),
    Verb("sleep",                 (), _suspended("sleep", "Sleep"),               0, 0,    _C, _CLIENT),
    Verb("suspend",               (), _suspended("suspend", "Suspend"),           0, 0,    _C, _CLIENT),
    Verb("hibernate",             (), _suspended("hibernate", "Hibernate"),       0, 0,    _C, _CLIENT),
    Verb("hybrid-sleep",          (), _suspended("hybrid-sleep", "HybridSleep"),  0, 0,    _C, _CLIENT),
    Verb("suspend-then-hibernate", (), _suspended("suspend-then-hibernate", "SuspendThenHibernate"), 0, 0, _C, _CLIENT),
    # not systemd's: OWN_VERBS
    Verb("init",                  (), system.init_units,                          0, None, _C, _START),
    Verb("runlevel",              (), system.runlevel,                            0, 0,    _R, _LIVE),
    Verb("default-services",      (), system.default_services,                    0, None, _R, _EITHER),
    Verb("list-start-dependencies", (), script.list_start_dependencies,           1, None, _R, _EITHER),
    Verb("environment",           (), script.unit_environment,                    1, None, _R, _EITHER),
    Verb("command",               (), script.unit_command,                        1, None, _R, _EITHER),
    Verb("log",                   ("logs",), script.unit_log,                     1, None, _R, _EITHER),
    Verb("stats",                 (), stats.stats,                                0, 0,    _R, _LIVE),
    Verb("version",               (), system.print_version,                       0, 0,    _R, _CLIENT),
)
_BY_NAME: Dict[str, Verb] = {name: verb for verb in VERBS for name in (verb.name, *verb.aliases)}
# Aliases of systemd that mean one verb with another's name in messages.
_BY_NAME["condstop"] = _BY_NAME["stop"]

JOB_WORDS: Dict[str, str] = {name: verb.word for name, verb in jobs.JOB_VERBS.items()}
FAILED_TO: Dict[str, str] = {       # what "Failed to …" says when an ordinary user asks
    "daemon-reload": "reload daemon", "daemon-reexec": "reexecute daemon", "enable": "enable unit", "disable": "disable unit",
    "reenable": "reenable unit", "mask": "mask unit", "unmask": "unmask unit", "link": "link unit", "preset": "preset unit",
    "preset-all": "preset all", "revert": "revert unit", "add-wants": "add dependency", "add-requires": "add dependency",
    "set-default": "set default target", "kill": "kill unit", "clean": "clean unit", "freeze": "freeze unit", "thaw": "thaw unit",
    "set-property": "set unit properties", "reset-failed": "reset failed state", "set-environment": "set environment",
    "unset-environment": "unset environment", "import-environment": "import environment", "cancel": "cancel job",
    "halt": "halt system", "poweroff": "power off system", "reboot": "reboot system", "soft-reboot": "reboot system",
    "exit": "exit", "default": "start default.target", "rescue": "start rescue.target", "emergency": "start emergency.target",
    "init": "start units", "log-level": "set log level", "log-target": "set log target",
    "service-watchdogs": "set service-watchdog state", "clear-jobs": "cancel jobs",
}


def find(name: str) -> Optional[Verb]:
    return _BY_NAME.get(name)


# Verbs of systemctl(1) that do something else here, or not all of it yet; docs/verbs.md shows it.
DIFFERS: Dict[str, str] = {
    "list-automounts": "always empty: automount units are not acted on yet",
    "list-paths": "always empty: path units are not acted on yet",
    "list-sockets": "always empty: socket units are not acted on yet",
    "list-timers": "always empty: timer units are not acted on yet",
    "list-machines": "knows the container alone",
    "freeze": "no unit can be frozen: it takes a cgroup that the manager may write", "thaw": "no unit can be frozen",
    "set-property": "the drop-ins are written and read; what they ask of a cgroup waits for one that can be written",
    "halt": "stops all units and ends the container with 0; without a manager it is done already",
    "poweroff": "stops all units and ends the container with 0",
    "reboot": "stops all units and ends the container with 0: its engine starts it again or not",
    "soft-reboot": "stops all units and ends the container with 0", "default": "as PID 1 without a manager: is the init",
}
OWN_VERBS = frozenset(("init", "runlevel", "default-services", "list-start-dependencies", "environment", "command", "log",
                        "logs", "stats", "version"))
_PROPOSAL_DISTANCE = 5


def closest(word: str, candidates: Sequence[str] = ()) -> str:
    """The verb, of systemctl(1) or of the candidates, that was probably meant: the first that begins with the word, else the one
    with the fewest letters changed; "" when none is close."""
    candidates = candidates or [name for verb in VERBS for name in (verb.name, *verb.aliases) if name not in OWN_VERBS]
    begins = [name for name in candidates if word and name.startswith(word)]
    if begins:
        return begins[0]
    found = min(candidates, key=lambda name: _distance(word, name))
    return found if _distance(word, found) <= _PROPOSAL_DISTANCE else ""


def _distance(one: str, other: str) -> int:
    """Damerau's: letters added, removed, replaced, or two beside each other exchanged."""
    one = one[:64]
    older, old = [0] * (len(other) + 1), list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            best = min(old[to] + 1, row[to - 1] + 1, old[to - 1] + (char != wanted))
            if at > 1 and to > 1 and one[at - 2] == wanted and other[to - 2] == char:
                best = min(best, older[to - 2] + 1)
            row.append(best)
        older, old = old, row
    return old[-1]


def names() -> List[str]:
    return list(_BY_NAME)


def printed(word: str, options: Options, terminal: Terminal) -> str:
    """What --version, --help or an option's =help prints. `halt --help` is about halt."""
    if options.help:
        return help_text.for_program(word, Style(terminal))
    if options.version:
        return help_text.version()
    return "".join(line + "\n" for line in options.print_words or [])
