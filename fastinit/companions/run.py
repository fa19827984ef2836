"""systemd-run: a command as a transient service.

In:  options, a command.   Out: one request to the manager (control/transient.py), the unit's name and end in systemd's words,
with --pipe and --pty the command's own streams; the exit code of the command where systemd-run waits for it.
Never: parses a property: each goes to the manager as it would stand in a unit file.
Source: systemd-run(1) of 257; what a manager without timers, paths and sockets cannot do is refused in one line.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from fastinit.companions import scope
from fastinit.companions.options import Options, UsageError, complain, run

USAGE = """
systemd-run [OPTIONS...] COMMAND [ARGUMENTS...]

Run the specified command in a transient scope or service.

  -h --help                       Show this help
     --version                    Show package version
     --no-ask-password            Do not prompt for password
     --user                       Run as user unit
     --scope                      Run this as a scope rather than a service: our
                                  own process becomes the command
  -H --host=[USER@]HOST           Operate on remote host
  -M --machine=CONTAINER          Operate on local container
  -u --unit=UNIT                  Run under the specified unit name
  -p --property=NAME=VALUE        Set service or scope unit property
     --description=TEXT           Description for unit
     --slice=SLICE                Run in the specified slice
     --slice-inherit              Inherit the slice from the caller
     --expand-environment=BOOL    Control expansion of environment variables
     --no-block                   Do not wait until operation finished
  -r --remain-after-exit          Leave service around until explicitly stopped
     --wait                       Wait until service stopped again
     --send-sighup                Send SIGHUP when terminating
     --service-type=TYPE          Service type
     --uid=USER                   Run as system user
     --gid=GROUP                  Run as system group
     --nice=NICE                  Nice level
     --working-directory=PATH     Set working directory
  -d --same-dir                   Inherit working directory from caller
  -E --setenv=NAME[=VALUE]        Set environment variable
  -t --pty                        Run service on pseudo TTY as STDIN/STDOUT/
                                  STDERR
  -P --pipe                       Pass STDIN/STDOUT/STDERR directly to service
  -q --quiet                      Suppress information messages during runtime
     --json=pretty|short|off      Print unit name and invocation id as JSON
  -G --collect                    Unload unit after it ran, even when failed
  -S --shell                      Invoke a $SHELL interactively
     --ignore-failure             Ignore the exit status of the invoked process
     --background=COLOR           Set ANSI color for background

Path, socket and timer options (--path-property=, --socket-property=, --on-active=,
--on-boot=, --on-startup=, --on-unit-active=, --on-unit-inactive=, --on-calendar=,
--on-timezone-change, --on-clock-change, --timer-property=) are refused by this build.

See the systemd-run(1) man page for details.
"""
TRIGGERS = ("on-active", "on-boot", "on-startup", "on-unit-active", "on-unit-inactive", "on-calendar", "on-timezone-change",
            "on-clock-change")
TRIGGER_PROPERTIES = ("timer-property", "path-property", "socket-property")
OPTIONS = (
    "no-ask-password", "user", "system", "host= H", "machine= M", "scope", "unit= u", "property= p", "description=", "slice=",
    "slice-inherit", "expand-environment=", "no-block", "remain-after-exit r", "wait", "send-sighup", "service-type=", "uid=",
    "gid=", "nice=", "working-directory=", "same-dir d", "setenv= E", "pty t", "pipe P", "quiet q", "json=", "collect G",
    "shell S",
    "ignore-failure", "background=", *(f"{name}=" for name in TRIGGERS[:6]), *TRIGGERS[6:],
    *(f"{name}=" for name in TRIGGER_PROPERTIES),
)
JSON_FORMS = ("pretty", "short", "off")
EXIT_BY_SIGNAL = 255


class Plan(NamedTuple):
    """What the options mean. kind: "service" or "scope"; streams: "" "pipe" "pty".
    waits: for the command's end; tells: also says how it was."""

    kind: str
    streams: str
    waits: bool
    tells: bool
    quiet: bool
    json_form: str
    expands: bool
    command: List[str]


# ---- options ------------------------------------------------------------------------------------------------------------


def _boolean(options: Options, name: str) -> Optional[bool]:
    from fastinit.units.values import parse_boolean
    if not options.has(name):
        return None
    try:
        return parse_boolean(options.last(name))
    except ValueError:
        raise UsageError(f"Failed to parse boolean argument to --{name}=: {options.last(name)}.") from None


def _check_triggers(options: Options) -> None:
    """Timers, paths and sockets around the unit."""
    given = [name for name in (*TRIGGERS, *TRIGGER_PROPERTIES) if options.has(name)]
    if not given:
        return
    if options.has("scope"):
        raise UsageError("Path, socket or timer options are not supported in --scope mode.")
    if options.has("wait"):
        raise UsageError("--wait may not be combined with path, socket or timer operations.")
    if given == ["timer-property"]:
        raise UsageError("--timer-property= has no effect without any other timer options.")
    raise UsageError(f"--{given[0]}: transient timers, paths and sockets are not supported by fastinit.")


def _streams(options: Options) -> str:
    """--pty and --pipe together: a terminal when all three streams are one, else pipes."""
    pty, pipe = options.has("pty") or (options.has("shell") and not options.has("scope")), options.has("pipe")
    if pty and pipe:
        return "pty" if all(map(os.isatty, (0, 1, 2))) else "pipe"
    return "pty" if pty else "pipe" if pipe else ""


def _plan(options: Options) -> Plan:
    for name in ("host", "machine"):
        if options.has(name):
            raise UsageError(f"--{name}= is not supported by fastinit: it speaks to the manager of its own container only.")
    form = options.last("json", "off")
    if form == "help":
        print("\n".join(JSON_FORMS))
        raise SystemExit(0)
    if form not in JSON_FORMS:
        raise UsageError(f"Unknown argument to --json= switch: {form}")
    kind, streams = ("scope" if options.has("scope") else "service"), _streams(options)
    waits = options.has("wait") or (options.has("shell") and kind == "service")
    command = list(options.args)
    if options.has("shell"):
        if command:
            raise UsageError("If --shell is used, no command line is expected.")
        command = [os.environ.get("SHELL") or "/bin/sh"]
    expands = _boolean(options, "expand-environment")
    _check_triggers(options)
    if kind == "scope" and streams:
        raise UsageError("--pty/--pipe is not compatible in timer or --scope mode.")
    if options.has("no-block") and streams:
        raise UsageError("--pty/--pipe is not compatible with --no-block.")
    if kind == "scope" and (options.has("remain-after-exit") or options.has("service-type")):
        raise UsageError("--remain-after-exit and --service-type= are not supported in --scope mode.")
    if waits and options.has("no-block"):
        raise UsageError("--wait may not be combined with --no-block.")
    if waits and kind == "scope":
        raise UsageError("--wait may not be combined with --scope.")
    if not command:
        raise UsageError("Command line to execute required.")
    if kind == "scope" and expands is None and any("$" in word for word in command):
        complain(scope.UNCLEAR)
    return Plan(kind, streams, waits or bool(streams), waits and not options.has("quiet"), options.has("quiet"), form,
                expands if expands is not None else kind == "service", [_find(command[0]), *command[1:]])


def _find(word: str) -> str:
    """The program's path. Raises UsageError."""
    if "/" in word:
        candidates = [os.path.abspath(word)]
    else:
        search = os.environ.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
        candidates = [f"{folder}/{word}" for folder in search.split(":") if folder]
    for path in candidates:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    why = "Permission denied" if any(map(os.path.exists, candidates)) else "No such file or directory"
    raise UsageError(f"Failed to find executable {word}: {why}")


# ---- settings: what would stand in a unit file -----------------------------------------------------------------------------

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_-+=:,./")


def quoted(word: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in word).replace("%", "%%") + '"'


def described(command: List[str]) -> str:
    """The command as a person would type it; for Description=."""
    def word(text: str) -> str:
        if text and _PLAIN.issuperset(text):
            return text
        return '"' + "".join("\\" + char if char in "$`" else _ESCAPES.get(char, char) for char in text) + '"'
    return " ".join(map(word, command))


def _settings(options: Options, plan: Plan) -> List[Tuple[str, str]]:
    """In systemd's order: what a later one says counts."""
    text = options.last("description") or "[systemd-run] " + described(plan.command)
    found = [("Description", text.replace("%", "%%"))]
    for assignment in options.all("property"):
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"Not an assignment: {assignment}")
        found.append((name, value.replace("%", "%%")))
    if options.has("collect") or options.has("shell"):
        found.append(("CollectMode", "inactive-or-failed"))
    if options.has("send-sighup"):
        found.append(("SendSIGHUP", "yes"))
    if options.has("slice"):
        found.append(("Slice", _slice(options.last("slice"))))
    if plan.kind == "scope":
        return found
    if options.has("remain-after-exit"):
        found.append(("RemainAfterExit", "yes"))
    if options.has("service-type") or options.has("shell"):
        found.append(("Type", options.last("service-type", "exec")))
    for option, name in (("uid", "User"), ("gid", "Group")):
        if options.has(option):
            found.append((name, options.last(option).replace("%", "%%")))
    nice = _nice(options)
    if nice is not None:
        found.append(("Nice", str(nice)))
    directory = _directory(options)
    if directory:
        found.append(("WorkingDirectory", directory.replace("%", "%%")))
    found += [("Environment", quoted(f"{name}={value}")) for name, value in _environment(options).items()]
    prefix = ("-" if options.has("ignore-failure") else "") + ("" if plan.expands else ":")
    found.append(("ExecStart", prefix + " ".join(map(quoted, plan.command))))
    return found


def _slice(word: str) -> str:
    from fastinit.units import names
    try:
        name = names.mangle(word, ".slice")
    except ValueError:
        raise UsageError("Failed to mangle name: Invalid argument") from None
    if not name.endswith(".slice"):
        raise UsageError(f"Failed to start transient service unit: Unit name '{name}' is not a slice")
    return name


def _nice(options: Options) -> Optional[int]:
    if not options.has("nice"):
        return None
    word = options.last("nice")
    digits = word[1:] if word[:1] in ("-", "+") else word
    if not digits.isdecimal() or not -20 <= int(word) <= 19:
        raise UsageError(f"Failed to parse nice value: {word}")
    return int(word)


def _directory(options: Options) -> str:
    """The last of --working-directory= and --same-dir counts."""
    found = ""
    for name, value in options.given:
        if name in ("same-dir", "shell"):
            found = os.getcwd()
        elif name == "working-directory":
            found = value if value in ("", "~") else os.path.abspath(value)
    return found


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _environment(options: Options) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for assignment in options.all("setenv"):
        name, equals, value = assignment.partition("=")
        if not _VARIABLE.match(name):
            raise UsageError(f"Cannot assign environment variable {assignment}: Invalid argument")
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def unit_name(options: Options, kind: str) -> str:
    from fastinit.units import names
    if options.has("unit"):
        given = options.last("unit")
        try:
            name = names.mangle(given, "." + kind)
        except ValueError:
            raise UsageError("Failed to mangle unit name: Invalid argument") from None
        if name not in (given, f"{given}.{kind}"):
            escaped = name.rpartition(".")[0]
            complain(f'Invalid unit name "{given}" escaped as "{escaped}" (maybe you should use systemd-escape?).')
        return name
    return f"run-{_own_id()}.{kind}"


def _own_id() -> str:
    """Unique for the life of the kernel where a pidfd's inode is (pidfs, Linux 6.9), else by chance."""
    pid = os.getpid()
    version = os.uname().release.split("-")[0].split(".")
    if tuple(int(part) for part in version[:2] if part.isdecimal()) >= (6, 9) and hasattr(os, "pidfd_open"):
        fd = os.pidfd_open(pid)
        try:
            return f"p{pid}-i{os.fstat(fd).st_ino}"
        finally:
            os.close(fd)
    return "r" + os.urandom(16).hex()


# ---- the answer ---------------------------------------------------------------------------------------------------------------


class Printer:
    """What the manager's data looks like to a person, and the exit code that follows from it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.begun: Dict[str, Any] = {}
        self.ended: Dict[str, Any] = {}

    def take(self, data: Dict[str, Any]) -> None:
        if "unit" in data:
            self.begun = data
            self._say_begun()
        else:
            self.ended = data
            if self._plan.tells:
                self._say_ended()
            if self._plan.json_form != "off":
                self._print_json()

    def _say_begun(self) -> None:
        plan = self._plan
        if plan.json_form != "off":
            if not plan.waits and plan.kind != "scope":
                self._print_json()
        elif not plan.quiet:
            invocation = self.begun["invocation_id"]
            complain(f"Running as unit: {self.begun['unit']}" + (f"; invocation ID: {invocation}" if invocation else ""))
        if plan.streams == "pty" and not plan.quiet:
            complain("Press ^] three times within 1s to disconnect TTY.")

    def _print_json(self) -> None:
        found = {key: self.begun[key] for key in ("unit", "invocation_id") if self.begun.get(key)}
        if self._plan.json_form == "pretty":
            print("{\n" + ",\n".join(f"\t{json.dumps(key)} : {json.dumps(value)}" for key, value in found.items()) + "\n}")
        else:
            print(json.dumps(found, separators=(",", ":")))
        sys.stdout.flush()

    def _say_ended(self) -> None:
        from fastinit.units.timespan import format_usec
        from fastinit.units.values import exit_status_name, signal_name
        end = self.ended
        complain(f"Finished with result: {end['result']}")
        if end["code"]:
            how = {1: "exited", 2: "killed", 3: "dumped"}[end["code"]]
            if how == "exited":
                name = exit_status_name(end["status"]) or "n/a"
            else:
                name = signal_name(end["status"])
            complain(f"Main processes terminated with: code={how}, status={end['status']}/{name}")
        if end["runtime_usec"]:
            complain(f"Service runtime: {format_usec(end['runtime_usec'], 1000)}")
        if end["cpu_usec"]:
            complain(f"CPU time consumed: {format_usec(end['cpu_usec'], 1000)}")

    def code(self, answered: int) -> int:
        """Of systemd-run: that of the command where it was waited for."""
        end = self.ended
        if answered or not end or end["result"] == "success":
            return answered
        if end["result"] == "exit-code" and end["status"]:
            return int(end["status"])
        return EXIT_BY_SIGNAL if end["result"] in ("signal", "core-dump") else 1


def _work(options: Options) -> int:
    from fastinit.companions import manager
    plan = _plan(options)
    name = unit_name(options, plan.kind)
    who = scope.owner(options) if plan.kind == "scope" else scope.Owner()
    nice, folder, environment = _nice(options), _directory(options), _environment(options)
    settings = _settings(options, plan)
    wish = {"unit": name, "kind": plan.kind, "settings": settings, "wait": plan.waits, "no_block": options.has("no-block"),
            "slice_inherit": options.has("slice-inherit"), "streams": plan.streams == "pipe"}
    printer, user = Printer(plan), options.has("user")
    if plan.streams == "pty":
        from fastinit.companions.terminal import Terminal
        with Terminal(options.last("background")) as terminal:
            wish["settings"] = settings[:-1] + terminal.settings() + settings[-1:]
            answer = manager.Request(_argv(wish), printer.take, manager.connect(user), (), user)
            terminal.run(answer)
    else:
        fds = (0, 1, 2) if plan.streams == "pipe" else ()
        answer = manager.Request(_argv(wish), printer.take, manager.connect(user), fds, user)
        answer.run()
        if plan.kind == "scope" and answer.code == 0:
            invocation = printer.begun.get("invocation_id", "")
            scope.become(plan.command, who, nice, folder, {"INVOCATION_ID": invocation, **environment}, plan.expands)
    return printer.code(answer.code)


def _argv(wish: Dict[str, Any]) -> List[str]:
    return ["systemd-run", json.dumps(wish)]


def main(argv: List[str]) -> int:
    return run("systemd-run", USAGE, OPTIONS, argv, _work, stop_at_argument=True)
