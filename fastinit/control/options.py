"""The command line of systemctl: one table of options, and getopt_long(3)'s way of reading it.

In:  argv without argv[0].   Out: Options and the words that are left, options and words in any order, "--" ends the options.
Never: prints; what is wrong is a UsageError whose text is what systemctl writes, HELP words come back in Options.print_words.
Source: systemctl(1) v257; getopt_long(3) for abbreviations and the texts of its errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from fastinit.control import words
from fastinit.errors import FastinitError
from fastinit.units import timespan, values


class UsageError(FastinitError):
    """The words of a request make no sense; str() is the one line for stderr."""


@dataclass
class Options:
    """What the options say, defaults included. Names are the options' own."""

    help: bool = False
    version: bool = False
    types: List[str] = field(default_factory=list)
    states: List[str] = field(default_factory=list)         # --state= and the load states among --type=
    properties: List[str] = field(default_factory=list)
    all: bool = False
    reverse: bool = False
    before: bool = False
    after: bool = False
    full: bool = False
    job_mode: str = "replace"
    value: bool = False
    user: bool = False
    global_: bool = False
    wait: bool = False
    no_block: bool = False
    legend: Optional[bool] = None
    quiet: bool = False
    no_warn: bool = False
    dry_run: bool = False
    root: str = ""
    force: int = 0
    no_reload: bool = False
    kill_whom: str = ""
    kill_value: Optional[int] = None
    signal: int = 0
    runtime: bool = False
    lines: int = 10
    lines_given: bool = False
    output: str = "short"
    plain: bool = False
    with_dependencies: bool = False
    preset_mode: str = "full"
    now: bool = False
    show_transaction: bool = False
    what: List[str] = field(default_factory=list)
    timestamp: str = "pretty"
    marked: bool = False
    drop_in: str = ""
    stdin: bool = False
    # the interface of the script that many images use today
    init: bool = False
    exit: int = 0                               # -0: end when no process is left; -00: when no service is
    extra: List[str] = field(default_factory=list)      # -e NAME=VALUE or @FILE
    hosts: str = ""                             # -4, -6: the family of localhost that stays in /etc/hosts
    print_words: Optional[List[str]] = None     # an option's value was "help": print these, exit 0

    def show_legend(self) -> bool:
        return not self.quiet if self.legend is None else self.legend


Apply = Callable[[Options, str], None]


class Option(NamedTuple):
    """long, short letter ("" = none), whether a value follows ("?": only as --long=VALUE), what it does."""

    long: str
    short: str
    value: str
    apply: Apply


def _flag(name: str, value: object = True) -> Apply:
    return lambda options, _text: setattr(options, name, value)


def _text(name: str) -> Apply:
    return lambda options, text: setattr(options, name, text)


def ignore(_options: Options, _text: str) -> None:
    """Has no meaning here, and none of its uses depends on one."""


@dataclass(frozen=True)
class Refuse:
    """An option that cannot mean anything here, or not yet: line is what systemctl says instead."""

    line: str

    def __call__(self, _options: Options, _text: str) -> None:
        raise UsageError(self.line)


def _count(name: str) -> Apply:
    return lambda options, _text: setattr(options, name, getattr(options, name) + 1)


def _append(name: str) -> Apply:
    return lambda options, text: getattr(options, name).append(text)


def _choice(name: str, allowed: Tuple[str, ...], complaint: str) -> Apply:
    def apply(options: Options, text: str) -> None:
        if text == "help":
            options.print_words = list(allowed)
        elif text in allowed:
            setattr(options, name, text)
        else:
            raise UsageError(complaint.format(text))
    return apply


def _parse_boolean(text: str, complaint: str) -> bool:
    try:
        return values.parse_boolean(text)
    except ValueError:
        raise UsageError(complaint.format(text)) from None


def _boolean(name: str, complaint: str) -> Apply:
    return lambda options, text: setattr(options, name, _parse_boolean(text, complaint))


def _type(options: Options, text: str) -> None:
    if not text:
        raise UsageError("--type= requires arguments.")
    for word in text.split(","):
        if word == "help":
            options.print_words = ["Available unit types:", *words.TYPES_IN_ORDER]
        elif word in words.TYPES_IN_ORDER:
            options.types.append(word)
        elif word in words.LOAD_STATES:
            options.states.append(word)
        elif word:
            raise UsageError(f"Unknown unit type or load state '{word}'.\nUse -t help to see a list of allowed values.")


def _state(options: Options, text: str) -> None:
    if not text:
        raise UsageError("--state= requires arguments.")
    for word in text.split(","):
        if word == "help":
            options.print_words = words.state_help()
        elif word:
            options.states.append(word)


def _property(options: Options, text: str) -> None:
    """An empty -p clears nothing and shows nothing: a list with an empty name."""
    options.properties += [word for word in text.split(",") if word] or ([""] if not options.properties else [])


def _property_value(options: Options, text: str) -> None:
    _property(options, text)
    options.value = True


def _signal(options: Options, text: str) -> None:
    if text == "help":
        options.print_words = words.signal_help()
    elif text == "list":
        options.print_words = ["SIGNAL NAME",
                               *(f"{number:<6} SIG{name}" for number, name in enumerate(words.signal_help()) if number)]
    else:
        try:
            options.signal = values.parse_signal(text)
        except ValueError:
            raise UsageError(f'Failed to parse signal string "{text}".') from None


def _kill_value(options: Options, text: str) -> None:
    try:
        options.kill_value = int(text, 0) if text else None
        if options.kill_value is not None and not -1 << 31 <= options.kill_value < 1 << 31:
            raise ValueError("an int of C")
    except ValueError:
        raise UsageError(f"Unable to parse signal queue value: {text}") from None


LINES_MAX = 1 << 31


def _lines(options: Options, text: str) -> None:
    lines = values.parse_digits(text, LINES_MAX)
    if lines is None:
        raise UsageError(f"Failed to parse lines '{text}'")
    options.lines = lines
    options.lines_given = True


def _inhibitors(_options: Options, text: str) -> None:
    """Nothing inhibits in a container: any proper word means the same."""
    if text != "auto":
        _parse_boolean(text, "Failed to parse --check-inhibitors= argument: {}")


def _timestamp(options: Options, text: str) -> None:
    style = {"µs": "us", "μs": "us", "µs+utc": "us+utc", "μs+utc": "us+utc"}.get(text, text)
    _choice("timestamp", words.TIMESTAMP_STYLES, "Invalid value: {}.")(options, style)


def _what(options: Options, text: str) -> None:
    if not text:
        raise UsageError("--what= requires arguments (see --what=help).")
    for word in text.split(","):
        if word == "help":
            options.print_words = [*words.CLEAN_KINDS, "all"]
        elif word in words.CLEAN_KINDS or word == "all":
            options.what.append(word)
        elif word:
            options.what.append(word)   # the manager refuses it, as systemd's does


_NOT_LATER = "Scheduling a shutdown is not supported by fastinit: nothing was scheduled, and nothing is stopped."
_CLOCK = re.compile(r"[0-9A-Za-z,-]*[0-9 -]*[0-9]+:[0-9]{2}")


def _when(options: Options, text: str) -> None:
    """Never "now" for what was meant for later: nothing can be scheduled, so there is nothing to show and nothing to cancel."""
    if text in ("", "cancel"):
        options.dry_run = True
        return
    if text == "show":
        raise UsageError("No scheduled shutdown.")
    try:
        timespan.parse_usec(text.lstrip("+"))
    except ValueError:
        if not _CLOCK.match(text):
            raise UsageError(f"Failed to parse --when= argument '{text}': Invalid argument") from None
    raise UsageError(_NOT_LATER)


_LEGEND = "Failed to parse boolean argument to --legend: {}."
_HOST = "Connecting to another host is not supported by fastinit: run systemctl over ssh instead."
_MACHINE = "Connecting to another container is not supported by fastinit: use your container engine's exec."

# In the order in which getopt_long() looks for abbreviations.
OPTIONS: Tuple[Option, ...] = (
    Option("help",               "h", "",  _flag("help")),
    Option("version",            "",  "",  _flag("version")),
    Option("type",               "t", "=", _type),
    Option("property",           "p", "=", _property),
    Option("",                   "P", "=", _property_value),
    Option("all",                "a", "",  _flag("all")),
    Option("reverse",            "",  "",  _flag("reverse")),
    Option("after",              "",  "",  _flag("after")),
    Option("before",             "",  "",  _flag("before")),
    Option("show-types",         "",  "",  ignore),
    Option("failed",             "",  "",  lambda options, _text: options.states.append("failed")),
    Option("full",               "l", "",  _flag("full")),
    Option("job-mode",           "",  "=", _text("job_mode")),
    Option("fail",               "",  "",  _flag("job_mode", "fail")),
    Option("irreversible",       "",  "",  _flag("job_mode", "replace-irreversibly")),
    Option("ignore-dependencies", "", "",  _flag("job_mode", "ignore-dependencies")),
    Option("ignore-inhibitors",  "",  "",  ignore),
    Option("check-inhibitors",   "",  "=", _inhibitors),
    Option("",                   "i", "",  ignore),
    Option("value",              "",  "",  _flag("value")),
    Option("user",               "",  "",  _flag("user")),
    Option("system",             "",  "",  _flag("user", False)),
    Option("global",             "",  "",  _flag("global_")),
    Option("capsule",            "C", "=", Refuse("Capsules are not supported by fastinit.")),
    Option("wait",               "",  "",  _flag("wait")),
    Option("no-block",           "",  "",  _flag("no_block")),
    Option("legend",             "",  "=", _boolean("legend", _LEGEND)),
    Option("no-legend",          "",  "",  _flag("legend", False)),
    Option("no-pager",           "",  "",  ignore),
    Option("no-wall",            "",  "",  ignore),
    Option("dry-run",            "",  "",  _flag("dry_run")),
    Option("quiet",              "q", "",  _flag("quiet")),
    Option("no-warn",            "",  "",  _flag("no_warn")),
    Option("root",               "",  "=", _text("root")),
    Option("image",              "",  "=", Refuse("Disk images are not supported by fastinit: use --root=.")),
    Option("image-policy",       "",  "=", Refuse("Disk images are not supported by fastinit: use --root=.")),
    Option("force",              "f", "",  _count("force")),
    Option("no-reload",          "",  "",  _flag("no_reload")),
    Option("kill-whom",          "",  "=", _text("kill_whom")),
    Option("kill-who",           "",  "=", _text("kill_whom")),
    Option("kill-value",         "",  "=", _kill_value),
    Option("signal",             "s", "=", _signal),
    Option("no-ask-password",    "",  "",  ignore),
    Option("host",               "H", "=", Refuse(_HOST)),
    Option("machine",            "M", "=", Refuse(_MACHINE)),
    Option("runtime",            "",  "",  _flag("runtime")),
    Option("lines",              "n", "=", _lines),
    Option("output",             "o", "=", _choice("output", words.OUTPUT_MODES, "Unknown output '{}'.")),
    Option("plain",              "",  "",  _flag("plain")),
    Option("state",              "",  "=", _state),
    Option("recursive",          "r", "",  ignore),
    Option("with-dependencies",  "",  "",  _flag("with_dependencies")),
    Option("preset-mode",        "",  "=", _choice("preset_mode", words.PRESET_MODES, "Failed to parse preset mode: {}.")),
    Option("firmware-setup",     "",  "",  Refuse("Cannot indicate to EFI to boot into setup mode: no firmware here.")),
    Option("boot-loader-menu",   "",  "=", Refuse("Cannot indicate to boot loader to enter menu: no boot loader here.")),
    Option("boot-loader-entry",  "",  "=", Refuse("Cannot set boot into loader entry: no boot loader here.")),
    Option("now",                "",  "",  _flag("now")),
    Option("message",            "",  "=", ignore),
    Option("show-transaction",   "T", "",  _flag("show_transaction")),
    Option("what",               "",  "=", _what),
    Option("reboot-argument",    "",  "=", ignore),
    Option("timestamp",          "",  "=", _timestamp),
    Option("read-only",          "",  "",  ignore),
    Option("mkdir",              "",  "",  ignore),
    Option("marked",             "",  "",  _flag("marked")),
    Option("drop-in",            "",  "=", _text("drop_in")),
    Option("when",               "",  "=", _when),
    Option("stdin",              "",  "",  _flag("stdin")),
    # not systemd's: the interface of the script that many images use today
    Option("init",               "1", "",  _flag("init")),
    Option("exit",               "0", "",  _count("exit")),
    Option("config",             "c", "=", ignore),
    Option("extra-vars",         "e", "=", _append("extra")),
    Option("environment",        "",  "=", _append("extra")),
    Option("verbose",            "v", "",  ignore),
    Option("maxtimeout",         "",  "=", ignore),
    Option("ipv4",               "4", "",  _flag("hosts", "ipv4")),
    Option("ipv6",               "6", "",  _flag("hosts", "ipv6")),
    Option("coverage",           "",  "=", ignore),
)
BY_LONG: Dict[str, Option] = {option.long: option for option in OPTIONS if option.long}
BY_SHORT: Dict[str, Option] = {option.short: option for option in OPTIONS if option.short}
OWN = frozenset((       # do not make a real one ambiguous
    "init", "exit", "config", "extra-vars", "environment", "verbose", "maxtimeout", "ipv4", "ipv6", "coverage"))


def parse(argv: List[str], program: str = "systemctl") -> Tuple[Options, List[str]]:
    """Raises UsageError. The first option that asks for a list of words ends the parsing, as it ends systemctl."""
    options = Options()
    rest: List[str] = []
    queue = list(argv)
    while queue and options.print_words is None:
        word = queue.pop(0)
        if word == "--":
            return options, rest + queue
        if word.startswith("--"):
            _parse_long(options, word[2:], queue, program)
        elif word.startswith("-") and len(word) > 1:
            _parse_short(options, word[1:], queue, program)
        else:
            rest.append(word)
    return options, rest


def _parse_long(options: Options, word: str, queue: List[str], program: str) -> None:
    name, equals, value = word.partition("=")
    option = _find_long(name, program, word)
    if not option.value and equals:
        raise UsageError(f"{program}: option '--{option.long}' doesn't allow an argument")
    if option.value == "=" and not equals:
        if not queue:
            raise UsageError(f"{program}: option '--{option.long}' requires an argument")
        value = queue.pop(0)
    option.apply(options, value)


def _find_long(name: str, program: str, written: str) -> Option:
    exact = BY_LONG.get(name)
    if exact is not None:
        return exact
    found = [option for option in OPTIONS if option.long.startswith(name) and option.long not in OWN]
    if not found:
        raise UsageError(f"{program}: unrecognized option '--{written}'")
    if len(found) > 1:
        choices = " ".join(f"'--{option.long}'" for option in found)
        raise UsageError(f"{program}: option '--{written}' is ambiguous; possibilities: {choices}")
    return found[0]


DASH_HINT = """
Hint: to specify units starting with a dash, use "--":
      systemctl [OPTIONS...] COMMAND -- -{} ..."""


def _parse_short(options: Options, word: str, queue: List[str], program: str) -> None:
    letters = word
    while letters:
        letter, letters = letters[0], letters[1:]
        option = BY_SHORT.get(letter)
        if option is None:
            hint = DASH_HINT.format(word) if word.startswith(".") else ""
            raise UsageError(f"{program}: invalid option -- '{letter}'{hint}")
        if not option.value:
            option.apply(options, "")
            continue
        if not letters and not queue:
            raise UsageError(f"{program}: option requires an argument -- '{letter}'")
        option.apply(options, letters or queue.pop(0))
        return
