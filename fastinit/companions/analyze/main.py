"""systemd-analyze: what a boot took, what binds the units, and the verbs over files and words.

In:  a verb with arguments.   Out: text as 257 prints it; 0 or 1.   What makes no sense in a container is refused in one line.
Source: systemd-analyze(1).
"""

from __future__ import annotations

import sys
from typing import Callable, Dict, List, NamedTuple

from fastinit.companions.analyze import asking, boot, dot, files, plot, words
from fastinit.companions.options import Options, UsageError, run

USAGE = """
systemd-analyze [OPTIONS...] COMMAND ...

Profile the boot, show unit dependencies, check unit files.

Boot Analysis:
  [time]                     Print time required to boot the container
  blame                      Print list of running units ordered by time to init
  critical-chain [UNIT...]   Print a tree of the time critical chain of units

Dependency Analysis:
  plot                       Output SVG graphic showing service initialization
  dot [UNIT...]              Output dependency graph in dot(1) format
  dump [PATTERN...]          Output state serialization of service manager

Configuration Files and Search Paths:
  cat-config NAME|PATH...    Show configuration file and drop-ins
  unit-files                 List files and symlinks for units
  unit-paths                 List load directories for units

Enumerate OS Concepts:
  exit-status [STATUS...]    List exit status definitions
  capability [CAP...]        List capability definitions

Expression Evaluation:
  condition CONDITION...     Evaluate conditions and asserts
  compare-versions VERSION1 [OP] VERSION2
                             Compare two version strings

Clock & Time:
  calendar SPEC...           Validate repetitive calendar time events
  timestamp TIMESTAMP...     Validate a timestamp
  timespan SPAN...           Validate a time span

Unit & Service Analysis:
  verify FILE...             Check unit files for correctness

Options:
     --json=pretty|short|off Generate JSON output of plot's raw time data
     --table                 Output plot's raw time data as a table
     --no-legend             Disable column headers and hints in plot
                             with either --table or --json=
     --scale-svg=FACTOR      Stretch x-axis of plot by FACTOR (default: 1.0)
     --detailed              Add more details to SVG plot
     --no-pager              Do not pipe output into a pager
     --system                Operate on system instance
     --user                  Operate on user instance
     --order                 Show only order in the graph
     --require               Show only requirement in the graph
     --from-pattern=GLOB     Show only origins in the graph
     --to-pattern=GLOB       Show only destinations in the graph
     --fuzz=SECONDS          Also print services which finished SECONDS
                             earlier than the latest in the branch
     --iterations=N          Show the specified number of iterations
     --base-time=TIMESTAMP   Calculate calendar times relative to
                             specified time
  -h --help                  Show this help
     --version               Show package version
  -q --quiet                 Do not emit hints
     --tldr                  Skip comments and empty lines
     --root=PATH             Operate on an alternate filesystem root

See the systemd-analyze(1) man page for details.
"""
OPTIONS = ("iterations=", "base-time=", "root=", "quiet q", "user", "system", "global", "no-pager", "man?", "generators?",
           "recursive-errors=", "tldr", "no-legend", "unit= u", "json=", "table", "scale-svg=", "detailed", "order", "require",
           "from-pattern=", "to-pattern=", "fuzz=", "host= H", "machine= M")


class Verb(NamedTuple):
    """least, most: number of arguments; most -1 = any."""

    run: Callable[[Options], int]
    least: int = 0
    most: int = -1


def _dump(options: Options) -> int:
    return asking.ask(options, ["dump", *options.args[1:]], lambda data: None)


def _same_as(verb: str) -> Callable[[Options], int]:
    """A verb of systemctl, which systemd-analyze has had for longer."""
    return lambda options: asking.systemctl(options, [verb, *options.args[1:]])


VERBS: Dict[str, Verb] = {
    "time": Verb(boot.time, most=0), "blame": Verb(boot.blame, most=0), "critical-chain": Verb(boot.critical_chain),
    "plot": Verb(plot.plot, most=0), "dot": Verb(dot.dot), "dump": Verb(_dump),
    "cat-config": Verb(files.cat_config, 1), "unit-files": Verb(files.unit_files), "unit-paths": Verb(files.unit_paths, most=0),
    "exit-status": Verb(words.exit_status), "exit-codes": Verb(words.exit_status), "capability": Verb(words.capability),
    "condition": Verb(words.condition, 1), "compare-versions": Verb(words.compare_versions, 2, 3),
    "calendar": Verb(words.calendar, 1), "timestamp": Verb(words.timestamp, 1), "timespan": Verb(words.timespan, 1),
    "verify": Verb(files.verify, 1),
    "log-level": Verb(_same_as("log-level"), most=1), "get-log-level": Verb(_same_as("log-level"), most=0),
    "set-log-level": Verb(_same_as("log-level"), 1, 1),
    "log-target": Verb(_same_as("log-target"), most=1), "get-log-target": Verb(_same_as("log-target"), most=0),
    "set-log-target": Verb(_same_as("log-target"), 1, 1),
    "service-watchdogs": Verb(_same_as("service-watchdogs"), most=1),
}
NO_SANDBOX = "nothing here rates or lists what a sandbox allows"
NOT_OF_A_CONTAINER = "it is about the machine, not about a container"
REFUSED: Dict[str, str] = {
    "security": NO_SANDBOX, "syscall-filter": NO_SANDBOX, "filesystems": NO_SANDBOX,
    "inspect-elf": "nothing here reads package metadata of executables", "malloc": "there is no D-Bus to ask",
    "fdstore": "the descriptors are PID 1's; systemctl show -p NFileDescriptorStore tells how many there are",
    "image-policy": "fastinit mounts no images", "architectures": "ConditionArchitecture= knows the container's own alone",
    **dict.fromkeys(("pcrs", "srk", "has-tpm2", "smbios11"), NOT_OF_A_CONTAINER),
}
WITH_ROOT = frozenset(("cat-config", "verify", "condition", "unit-files", "unit-paths"))
WITH_JSON = frozenset(("plot", "security", "inspect-elf", "fdstore", "pcrs", "architectures", "capability", "exit-status"))


def _check_options(options: Options, verb: str) -> None:
    """What 257 says before it does anything. Raises UsageError."""
    form = options.last("json")
    if options.has("json") and form not in plot.JSON_FORMS:
        raise UsageError(f"Unknown argument to --json= switch: {form}")
    if form not in ("", "off"):
        if verb not in WITH_JSON:
            raise UsageError("Option --json= is only supported for security, inspect-elf, plot, fdstore, pcrs, architectures, "
                             "capability, exit-status right now.")
        if verb != "plot":
            raise UsageError(f"--json= of {verb} is not supported by fastinit.")
        if options.has("table"):
            raise UsageError("--table and --json= are mutually exclusive.")
    if options.has("root") and verb not in WITH_ROOT:
        raise UsageError("Options --root= and --image= are only supported for cat-config, verify, condition and security when "
                         "used with --offline= right now.")


def _work(options: Options) -> int:
    if options.last("json") == "help":
        print("\n".join(plot.JSON_FORMS))
        return 0
    name = options.args[0] if options.args else "time"
    if name == "help":
        print(USAGE.strip("\n"))
        return 0
    if name in REFUSED:
        raise UsageError(f"systemd-analyze {name} is not supported by fastinit: {REFUSED[name]}.")
    verb = VERBS.get(name)
    if verb is None:
        raise UsageError(f"Unknown command verb '{name}'{_proposal(name)}")
    given = len(options.args) - 1 if options.args else 0
    if given < verb.least:
        raise UsageError("Too few arguments.")
    if 0 <= verb.most < given:
        raise UsageError("Too many arguments.")
    _check_options(options, name)
    code = verb.run(options)
    sys.stdout.flush()
    return code


def _proposal(name: str) -> str:
    from fastinit.control.verbs import closest
    found = closest(name, [*VERBS, *REFUSED])
    return f", did you mean '{found}'?" if found else "."


def main(argv: List[str]) -> int:
    return run("systemd-analyze", USAGE, OPTIONS, argv, _work)
