"""From the words of a request to the verb that serves it: personality, options, arity, rights.

In:  argv and who asks.   Out: a generator that does it and returns the exit code.
Never: lets an error of a request out: UsageError and RequestError become one line and a code; a bug goes on to the server.
"""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional

from fastinit.control import analyze, booting, personality, transient, verbs
from fastinit.control.api import ManagerApi
from fastinit.control.options import Options, UsageError, parse
from fastinit.control.request import RED, Context, MustRunLocally, Pause, Steps, Terminal
from fastinit.control.selection import plain_names
from fastinit.errors import FastinitError, RequestError

ACCESS_DENIED = 4
PROGRAMS = {analyze.PROGRAM: analyze.serve, transient.PROGRAM: transient.serve}     # what they ask is no command line of a person
WAITING_VERBS = frozenset(("start", "restart", "is-system-running", "kill"))

# What changes or reads the unit files of all users; there is no manager of all users to ask for the rest.
GLOBAL_VERBS = frozenset((
    "enable", "disable", "reenable", "preset", "preset-all", "is-enabled", "mask", "unmask", "link", "revert", "add-wants",
    "add-requires", "get-default", "set-default", "list-unit-files", "switch-root", "version"))
MACHINE_VERBS = frozenset((
    "halt", "poweroff", "reboot", "kexec", "soft-reboot", "rescue", "emergency", "sleep", "suspend", "hibernate", "hybrid-sleep",
    "suspend-then-hibernate"))


class Command(NamedTuple):
    """A request that makes sense. verb is None when the options alone say what to print (--help, --state=help)."""

    verb: Optional[verbs.Verb]
    name: str
    args: List[str]
    options: Options
    is_default: bool = False        # no verb was typed

    def words(self) -> List[str]:
        return [] if self.is_default else [self.name, *self.args]


def read(argv: List[str]) -> Command:
    """argv[0] is the called name. Raises UsageError."""
    program, words = personality.rewrite(argv)
    options, rest = parse(words, program)
    if options.help or options.version or options.print_words is not None:
        return Command(None, rest[0] if rest else "", rest[1:], options)
    name, args = (rest[0], rest[1:]) if rest else (verbs.DEFAULT_VERB, [])
    verb = verbs.find(name)
    if verb is None:
        proposal = verbs.closest(name)
        raise UsageError(f"Unknown command verb '{name}'" + (f", did you mean '{proposal}'?" if proposal else "."))
    if verb.name == "exit" and (options.init or options.exit):      # a negative exit code, not the options of an init
        raise UsageError(f"{program}: invalid option -- '{'1' if options.init else '0'}'")
    if options.global_ and not options.root and verb.name not in GLOBAL_VERBS:
        raise UsageError("Bad action for --global mode." if verb.name in MACHINE_VERBS else
                         "--global is not supported for this operation.")
    if options.marked and verb.name != "reload-or-restart":
        raise UsageError("--marked may only be used with 'reload-or-restart'.")
    if options.wait and verb.name not in WAITING_VERBS:
        raise UsageError("--wait may only be used with the 'start' or 'restart' commands.")
    if options.wait and options.no_block:
        raise UsageError("--wait may not be combined with --no-block.")
    if len(args) < verb.least and not options.marked:
        if verb.name == "help":
            raise UsageError("'help' command expects one or more unit names.\n"
                             "(Alternatively, help for systemctl itself may be shown with --help)")
        raise UsageError("Too few arguments.")
    if verb.most is not None and len(args) > verb.most:
        raise UsageError("Too many arguments.")
    return Command(verb, verb.name, args, options, not rest)


def open_request(manager: ManagerApi, terminal: Terminal, argv: List[str], *, uid: int, pid: int, own_uid: int,
                 out: Callable[[str], None], error: Callable[[str], None],
                 after_reply: Optional[List[Callable[[], None]]] = None, data: Callable[[str], None] = lambda text: None,
                 fds: Optional[List[int]] = None) -> Steps:
    """Serve it on a live manager. Raises MustRunLocally at once when it is none of the manager's business."""
    program = PROGRAMS.get(argv[0])
    if program is not None:
        context = Context(manager, Options(), [], terminal, out, error, True, uid, pid, own_uid=own_uid, data=data,
                          fds=fds if fds is not None else [])
        return _explained(context, program(context, argv))
    try:
        command = read(argv)
    except UsageError as usage:
        return _refuse(error, usage_message(terminal, argv, usage), 1)
    verb, options = command.verb, command.options
    if verb is None:
        return _print(out, verbs.printed(command.name, options, terminal))
    if verb.needs is verbs.Needs.CLIENT or options.root or options.global_ or options.user != manager.loader.user:
        raise MustRunLocally(verb.name)
    if booting.is_background(manager.explicit_units) and booting.boot_of(options, command.words(), False) is not None:
        raise MustRunLocally(verb.name)     # an init that takes the place of the one in the background
    context = Context(manager, options, command.args, terminal, out, error, True, uid, pid, "", verb.name,
                      after_reply if after_reply is not None else [])
    if verb.changes(context) and uid not in (0, own_uid):
        return _refuse(error, terminal.message(denied(verb.name, command.args), RED), ACCESS_DENIED)
    return run(verb, context)


def usage_message(terminal: Terminal, argv: List[str], usage: UsageError) -> str:
    """What getopt(3) would have written has no colours."""
    program = argv[0].rpartition("/")[2]
    return f"{usage}\n" if str(usage).startswith(f"{program}: ") else terminal.message(str(usage), RED)


def denied(verb: str, args: List[str]) -> str:
    """systemd's words when polkit is not there to ask."""
    if verb in verbs.JOB_WORDS and args:
        name = args[0] if "." in args[0] else args[0] + ".service"
        return (f"Failed to {verbs.JOB_WORDS[verb]} {name}: Access denied\n"
                f"See system logs and 'systemctl status {name}' for details.")
    what = verbs.FAILED_TO.get(verb)
    return f"Failed to {what}: Access denied" if what else "Access denied"


def run(verb: verbs.Verb, context: Context) -> Steps:
    """The verb as a generator, whatever its function is."""
    return (yield from _explained(context, _steps(verb, context)))


def _steps(verb: verbs.Verb, context: Context) -> Steps:
    with context.manager.read_ahead(plain_names(context)) as units:
        for _ in units:
            yield Pause()
        outcome = verb.run(context)
        return outcome if isinstance(outcome, int) else (yield from outcome)


def _explained(context: Context, steps: Steps) -> Steps:
    """An error becomes its line and its code."""
    try:
        return (yield from steps)
    except UsageError as usage:
        context.warn(str(usage))
        return 1
    except RequestError as request:
        context.warn(str(request))
        return request.exit_code
    except MustRunLocally:
        raise
    except FastinitError as problem:
        context.warn(str(problem))
        return 1


def _refuse(error: Callable[[str], None], line: str, code: int) -> Steps:
    error(line)
    return code
    yield       # a generator like all the others


def _print(out: Callable[[str], None], text: str) -> Steps:
    out(text)
    return 0
    yield
