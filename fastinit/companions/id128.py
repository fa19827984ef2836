"""systemd-id128: make, show and derive 128-bit IDs.

Source: systemd-id128(1).
"""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

from fastinit.companions import machine_id
from fastinit.companions.options import Options, UsageError, run
from fastinit.id128 import new

USAGE = """
systemd-id128 [OPTIONS...] COMMAND

Generate and print 128-bit identifiers.

Commands:
  new                     Generate a new ID
  machine-id              Print the ID of current machine
  boot-id                 Print the ID of current boot
  invocation-id           Print the ID of current invocation
  show [NAME|UUID]        Print one or more UUIDs
  help                    Show this help

Options:
  -h --help               Show this help
     --no-legend          Do not show the headers and footers
  -p --pretty             Generate samples of program code
  -P --value              Only print the value
  -a --app-specific=ID    Generate app-specific IDs
  -u --uuid               Output in UUID format
"""
OPTIONS = ("no-legend", "no-pager", "pretty p", "value P", "app-specific= a", "uuid u", "json=", "j")


def as_uuid(value: str) -> str:
    return "-".join((value[:8], value[8:12], value[12:16], value[16:20], value[20:]))


def pretty(value: str, name: str) -> str:
    pairs = ",".join(value[at:at + 2] for at in range(0, 32, 2))
    symbol = name.upper().replace("-", "_")
    return (
        f"As string:\n{value}\n\nAs UUID:\n{as_uuid(value)}\n\nAs systemd-id128(1) macro:\n"
        f"#define {symbol} SD_ID128_MAKE({pairs})\n\nAs Python constant:\n>>> import uuid\n>>> {symbol} = uuid.UUID('{value}')"
    )


def _print(value: str, options: Options) -> int:
    if options.has("pretty"):
        print(pretty(value, "xyz"))
    else:
        print(as_uuid(value) if options.has("uuid") else value)
    return 0


def _application(options: Options) -> str:
    text = options.last("app-specific")
    if not options.has("app-specific"):
        return ""
    try:
        return machine_id.parse(text)
    except ValueError:
        raise UsageError(f'Failed to parse "{text}" as application-ID: Invalid argument') from None


def _one(read: Callable[[], str]) -> Callable[[Options], int]:
    def verb(options: Options) -> int:
        value, application = read(), _application(options)
        return _print(machine_id.app_specific(value, application) if application else value, options)
    return verb


def _show(options: Options) -> int:
    rows = _rows(options.args[1:])
    application = _application(options)
    if application:
        rows = [(name, machine_id.app_specific(value, application)) for name, value in rows]
    if options.has("pretty"):
        print("\n\n".join(pretty(value, name) for name, value in rows))
        return 0
    shown = [(name, as_uuid(value) if options.has("uuid") else value) for name, value in rows]
    if options.has("value"):
        print("\n".join(value for _, value in shown))
        return 0
    width = max([4, *(len(name) for name, _ in shown)])
    header = [] if options.has("no-legend") else [("NAME", "ID")]
    print("\n".join(f"{name:{width}} {value}" for name, value in header + shown))
    return 0


def _rows(words: List[str]) -> List[Tuple[str, str]]:
    from fastinit.companions import gpt
    table = gpt.listed()
    if not words:
        return table
    by_name = dict(table)
    by_id = {value: name for name, value in reversed(table)}
    rows = []
    for word in words:
        if word in by_name:
            rows.append((word, by_name[word]))
            continue
        try:
            value = machine_id.parse(word)
        except ValueError:
            raise UsageError(f'Unknown identifier "{word}".') from None
        rows.append((by_id.get(value, "XYZ"), value))
    return rows


def _help(options: Options) -> int:
    print(USAGE.strip("\n"))
    return 0


# verb -> (function, most arguments; -1 = any number)
VERBS: Dict[str, Tuple[Callable[[Options], int], int]] = {
    "new":              (lambda options: _print(new(), options), 0),
    "machine-id":       (_one(machine_id.machine), 0),
    "boot-id":          (_one(machine_id.boot), 0),
    "invocation-id":    (_one(machine_id.invocation), 0),
    "show":             (_show, -1),
    "help":             (_help, -1),
}


def _work(options: Options) -> int:
    if options.has("json") or options.has("j"):
        raise UsageError("cannot print JSON: use --value or --no-legend")
    if not options.args:
        raise UsageError("Command verb required.")
    verb = options.args[0]
    if verb not in VERBS:
        raise UsageError(f"Unknown command verb {verb}.")
    function, most = VERBS[verb]
    if most >= 0 and len(options.args) - 1 > most:
        raise UsageError("Too many arguments.")
    if verb == "new" and options.has("app-specific"):
        raise UsageError('Verb "new" cannot be combined with --app-specific=.')
    return function(options)


def main(argv: List[str]) -> int:
    return run("systemd-id128", USAGE, OPTIONS, argv, _work)
