"""systemctl without the help of a running manager: files alone, an editor, an init, or: start a manager and ask again.

In:  argv, and why it came here ("offline": no manager answers; "local": the manager said so).
Out: text on stdout and stderr, an exit code.
Never: starts a manager for a question; answers a question about running things other than truthfully: nothing runs.
Source: DESIGN 5, "No manager running".
"""

from __future__ import annotations

import os
import sys
from typing import Callable, List

from fastinit.cli import client
from fastinit.control import booting, dispatch, verbs
from fastinit.control.options import UsageError
from fastinit.control.request import Context, Steps, Terminal
from fastinit.control.system import NOT_BOOTED
from fastinit.run import places

ROOT_REFUSED = "Verb '{}' cannot be used with --root= or --image=."
NO_USER_MANAGER = "Failed to connect to user scope bus via local transport: No such file or directory"
# Without a manager these have nothing to do: it is no error to stop what does not run.
NOTHING_TO_STOP = frozenset(("stop", "try-restart", "try-reload-or-restart"))
# Every verb of files takes --root=, and those that only need files to answer.
ROOT_VERBS = frozenset(("is-active", "is-failed", "status", "show", "cat", "list-dependencies", "list-units", "is-system-running",
                        "default-services", "list-start-dependencies", "environment", "command", "help", "daemon-reload"))


def main(argv: List[str], why: str) -> int:
    _load_site()
    return answer(argv, why, terminal_of(argv), writer(1), writer(2))


def answer(argv: List[str], why: str, terminal: Terminal, out: Callable[[str], None], error: Callable[[str], None]) -> int:
    """The exit code."""
    try:
        command = dispatch.read(argv)
    except UsageError as usage:
        error(dispatch.usage_message(terminal, argv, usage))
        return 1
    if command.verb is None:
        out(verbs.printed(command.name, command.options, terminal))
        return 0
    boot = booting.boot_of(command.options, command.words(), is_pid1=False)
    if boot is not None:
        from fastinit.cli import pid1
        return pid1.foreground(boot, command.options.user, command.options.hosts)
    if command.options.hosts:
        from fastinit.cli.hosts import keep_family
        keep_family(command.options.hosts)
    return _serve(argv, command, terminal, out, error, why)


def _load_site() -> None:
    """The client runs without site-packages; from here on cffi's back end may be wanted."""
    if sys.flags.no_site:
        import site
        site.main()


def terminal_of(argv: List[str]) -> Terminal:
    facts = {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
             for name, value in client.facts(argv).items()}
    return Terminal.from_facts(facts)


def writer(fd: int) -> Callable[[str], None]:
    def write(text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        while data:
            try:
                data = data[os.write(fd, data):]
            except OSError:
                return
    return write


def _serve(argv: List[str], command: dispatch.Command, terminal: Terminal, out: Callable[[str], None],
           error: Callable[[str], None], why: str) -> int:
    verb, options = command.verb, command.options
    assert verb is not None
    root = os.path.abspath(options.root) if options.root else ""
    root = "" if root == "/" else root
    if root and verb.needs is not verbs.Needs.FILES and verb.name not in ROOT_VERBS:
        error(ROOT_REFUSED.format(verb.name) + "\n")
        return 1
    if not root and why == "offline":
        if not options.user and _init_is_starting(error):
            return _ask(argv, error)
        if _wants_manager(verb, command):
            return _with_manager(argv, error, options.user)
        if verb.name == "halt" and os.path.basename(argv[0]) == "systemctl":
            return 0            # the Python script's: a Dockerfile's last word, when services may run or not
        if verb.needs is verbs.Needs.LIVE:
            error((NO_USER_MANAGER if options.user else NOT_BOOTED) + "\n")
            return 1
    from fastinit.cli.offline import OfflineManager
    manager = OfflineManager(root, options.user or options.global_)
    context = Context(manager, options, command.args, terminal, out, error, False, os.geteuid(), os.getpid(), root, verb.name)
    if verb.name in NOTHING_TO_STOP or verb.name == "reload":
        return _nothing_runs(context)
    code = _run_to_end(dispatch.run(verb, context))
    changes_files = verb.needs in (verbs.Needs.FILES, verbs.Needs.CLIENT) and verb.changes(context)
    if why == "local" and not root and code == 0 and changes_files:
        return _afterwards(argv, context)
    return code


def _wants_manager(verb: verbs.Verb, command: dispatch.Command) -> bool:
    if command.options.dry_run:
        return False
    return verb.needs is verbs.Needs.START or (verb.needs is verbs.Needs.FILES and command.options.now
                                               and verb.name not in ("disable", "mask"))


def _with_manager(argv: List[str], error: Callable[[str], None], user: bool) -> int:
    """Start one in the background, then ask it what we were asked. Where there is an init of root's, an ordinary user may not
    have another one for the system's units beside it."""
    if os.geteuid() != 0 and not user and not places.variable(places.RUN_VARIABLE) and os.access("/run/systemd/system", os.F_OK):
        error(NOT_BOOTED + "\n")
        return 1
    from fastinit.cli import background
    try:
        background.start(user)
    except background.BackgroundError as problem:
        error(f"{problem}\n")
        return 1
    return _ask(argv, error, user)


def _init_is_starting(error: Callable[[str], None]) -> bool:
    """PID 1 is fastinit and its manager was not there yet when we asked: it is now."""
    if places.variable(places.RUN_VARIABLE):
        return False        # about another manager than PID 1's
    from fastinit.cli import background
    try:
        return background.await_init()
    except background.BackgroundError as problem:
        error(f"{problem}\n")
        return False


def _ask(argv: List[str], error: Callable[[str], None], user: bool = False) -> int:
    """What the client asks of a manager that listens by now."""
    sock = client.connect(user)
    if sock is None:
        error("The manager does not answer.\n")
        return 1
    code = client.talk(sock, client.facts(argv), argv)
    return main(argv, "local") if code is None else code


def _nothing_runs(context: Context) -> int:
    """stop and its like, with no manager: units that exist are stopped already."""
    from fastinit.control.jobs import JOB_VERBS, can_reload, explain
    from fastinit.control.selection import named
    from fastinit.errors import RequestError
    code, word = 0, JOB_VERBS[context.verb].word
    for name in named(context):
        unit = context.manager.engine.get(name).unit
        load_state = unit.load_state
        if load_state == "not-found":
            kind = "not loaded" if word == "stop" else "not found"
            explain(context, word, name, RequestError(f"Unit {name} {kind}.", 5))
            code = 5
        elif context.verb == "reload" and not can_reload(unit):
            explain(context, word, name, RequestError(f"Job type reload is not applicable for unit {name}."))
            code = 3
        elif context.verb == "reload":
            context.warn(f"{name} is not active, cannot reload.")
            code = code or 1
    return code


def _run_to_end(steps: Steps) -> int:
    """Without a manager there is nothing to wait for: what a Pause asks for is true already, or never will be."""
    while True:
        try:
            pause = next(steps)
        except StopIteration as stop:
            return int(stop.value)
        if pause.until is not None and not pause.until():
            steps.close()
            return 1


def _afterwards(argv: List[str], context: Context) -> int:
    """Files were changed here while a manager runs: tell it."""
    if context.options.no_reload or context.options.global_:
        return 0
    sock = client.connect(context.options.user)
    reload_argv = ["systemctl", *(["--user"] if context.options.user else []), "daemon-reload"]
    return 0 if sock is None else client.talk(sock, client.facts(reload_argv), reload_argv) or 0
