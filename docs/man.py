"""The manual pages, made from the tables of the program and the words of docs.man_words.

In:  control.verbs, options, help_text, words; run.lifecycle's signals by their names here, held to it by a test.
Out: PAGES: path below fastinit/share/man -> text in man(7)'s macros, which `mandoc -T lint` has nothing to say against.
Words here may have *emphasis* and `what is typed`; everything else of roff is escaped.
"""

from __future__ import annotations

import functools
import re
import textwrap
from typing import Callable, Dict, Iterable, List, Sequence, Tuple

from docs.man_words import OPTIONS, VERBS
from fastinit.control import help_text, options, system, verbs, words
from fastinit.control.version import FASTINIT_VERSION

DATE = "2026-11-26"
MARK = re.compile(r"`([^`]+)`|\*([^*\s][^*]*)\*")
SENTENCE = re.compile(r"(?<=[.:;]) (?=[A-Z`*\d])")
Paragraphs = Iterable[Tuple[str, str]]

ENDS = "stop all units in order, then exit with 0; a second one: units get at most 2 seconds from then on"
AT_ONCE = "end without stopping units first: every process gets SIGTERM, and SIGKILL 10 seconds later"
SIGNALS: Tuple[Tuple[Tuple[str, ...], str], ...] = (
    (("SIGTERM", "SIGINT", "SIGPWR", "SIGRTMIN+3", "SIGRTMIN+4", "SIGRTMIN+5", "SIGRTMIN+6", "SIGRTMIN+24"), ENDS),
    (("SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15"), AT_ONCE),
    (("SIGRTMIN+0",), "isolate default.target"),
    (("SIGRTMIN+1",), "isolate rescue.target"),
    (("SIGRTMIN+2",), "isolate emergency.target"),
    (("SIGHUP",), "read all unit files again, as `systemctl daemon-reload`"),
    (("SIGRTMIN+25",), "start a new manager, as `systemctl daemon-reexec`"),
    (("SIGUSR2",), "write the state of all units to the log"),
)
EXIT_CODES: Paragraphs = (
    ("0", "Done, or there was nothing to do."),
    ("1", "A job has failed, words make no sense, or the answer is no."),
    ("3", "`is-active` and `status`: the unit is not active. `reload`: the unit cannot be reloaded."),
    ("4", "`is-active`, `is-failed`, `is-enabled` and `status`: there is no such unit. Otherwise: not allowed."),
    ("5", "There is no such unit, for the verbs that queue jobs."),
    ("6", "The unit file cannot be used."),
)


# ---- roff -----------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    return text.replace("\\", "\\e").replace("~", "\\(ti").replace("^", "\\(ha").replace("'", "\\(aq").replace("`", "\\(ga")


def typed(text: str) -> str:
    """As it is typed: every hyphen is one that can be copied."""
    return escape(text).replace("-", "\\-")


def _marked(found: "re.Match[str]") -> str:
    code, emphasis = found.groups()
    return f"\\fB{typed(code)}\\fR" if code is not None else f"\\fI{typed(emphasis)}\\fR"


def inline(text: str) -> str:
    """One line of input with marks, as roff; the pieces between the marks are escaped."""
    out, at = [], 0
    for found in MARK.finditer(text):
        out += [escape(text[at:found.start()]), _marked(found)]
        at = found.end()
    return "".join(out) + escape(text[at:])


def prose(text: str) -> List[str]:
    """Input lines: a sentence begins on a line of its own, none is longer than 79, none is taken for a request."""
    lines: List[str] = []
    for sentence in SENTENCE.split(text):
        lines += textwrap.wrap(inline(sentence), 79, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + line if line[:1] in ".'" else line for line in lines]


def usage(text: str) -> str:
    """`start UNIT...`, `-t --type=TYPE`: what is typed is bold, what stands for something else is italic."""
    out = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            out.append(f"\\fB{typed(name + equals)}\\fR" + (f"\\fI{typed(value)}\\fR" if value else ""))
        elif word.strip("[].").isupper() or "=" in word or "|" in word or word.startswith("["):
            out.append(f"\\fI{typed(word)}\\fR")
        else:
            out.append(f"\\fB{typed(word)}\\fR")
    return " ".join(out)


def options_usage(text: str) -> str:
    """As usage, with a comma between the two spellings."""
    parts = text.split()
    return ", ".join(map(usage, parts)) if all(part.startswith("-") for part in parts) else usage(text)


class Page:
    """Collects the lines of one page."""

    def __init__(self, name: str, section: int, what: str) -> None:
        self.lines = ['.\\" Made by `make docs`.', f'.TH {name.upper()} {section} {DATE} "fastinit {FASTINIT_VERSION}"', ".nh", ".ad l",
                      ".SH NAME",
                      f"{typed(name)} \\- {escape(what)}"]

    def head(self, title: str) -> "Page":
        self.lines.append(f".SH {title.upper()}")
        return self

    def below(self, title: str) -> "Page":
        self.lines.append(f".SS {title}")
        return self

    def say(self, *paragraphs: str) -> "Page":
        for at, text in enumerate(paragraphs):
            after_heading = self.lines[-1].startswith((".SH", ".SS"))
            self.lines += ([] if at == 0 and after_heading else [".PP"]) + prose(text)
        return self

    def item(self, tag: str, *sentences: str) -> "Page":
        """tag is roff already."""
        self.lines += [".TP", tag]
        for text in filter(None, sentences):
            self.lines += prose(text)
        return self

    def table(self, rows: Paragraphs) -> "Page":
        for tag, text in rows:
            self.item(f"\\fB{typed(tag)}\\fR", text)
        return self

    def example(self, lines: Sequence[str]) -> "Page":
        self.lines += [".PP", ".RS 4", ".nf", *(typed(line) for line in lines), ".fi", ".RE"]
        return self

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


# ---- systemctl(1) ---------------------------------------------------------------------------------------------------


def sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."


def _verb_item(page: Page, row: str, line: str) -> None:
    name = row.split()[0]
    verb = verbs.find(name)
    assert verb is not None, name
    notes: List[str] = []
    if isinstance(verb.run, system.Refused):
        notes = [f"The answer is: {verb.run.sentence.rstrip('.')}."]
    elif name in verbs.DIFFERS:
        notes = [f"Unlike systemd's: {verbs.DIFFERS[name]}."]
    also = [f"`{alias}`" for alias in verb.aliases]
    if also:
        notes.append(f"Also called {' and '.join(also)}.")
    page.item(usage(row), sentence(line), VERBS.get(name, ""), *notes)


def _lists() -> Dict[str, str]:
    return {"job_modes": ", ".join(words.JOB_MODES), "output": ", ".join(words.OUTPUT_MODES),
            "preset_modes": ", ".join(words.PRESET_MODES), "what": ", ".join(words.CLEAN_KINDS), "whom": ", ".join(system.WHOM)}


def _option_items(page: Page) -> None:
    lists = _lists()
    for row, line in help_text.OPTION_ROWS:
        name = row.split()[-1].partition("=")[0]
        option = options.BY_LONG.get(name[2:]) if name.startswith("--") else options.BY_SHORT.get(name[1:])
        notes = [f"The answer is: {option.apply.line.rstrip('.')}."] if option and isinstance(option.apply, options.Refuse) else []
        page.item(options_usage(row), sentence(line[0].upper() + line[1:]), OPTIONS.get(name, "").format(**lists), *notes)


def systemctl() -> str:
    page = Page("systemctl", 1, "ask and tell the service manager fastinit")
    page.head("Synopsis").lines += ["\\fBsystemctl\\fR [\\fIOPTIONS\\fR...] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR...]"]
    page.head("Description").say(
        "This is the systemctl of fastinit, for containers. Its verbs, options, words, streams and exit codes are those of "
        "systemd 257; where something cannot be the same in a container, this page says so.",
        "A manager that runs gives the answer. Where none runs, verbs about unit files work on the files alone, verbs that "
        "need processes start a manager in the background, and all others tell the truth: nothing runs.",
        "As PID 1 and without a command, `systemctl` is the init, see `fastinit`(1).",
        "A *UNIT* without a suffix is a service. A *PATTERN* may be a unit or a glob, which finds units that are loaded; "
        "quote it. A path that begins with a slash means its mount unit, one below /dev its device unit.")
    page.head("Commands")
    for title, rows in help_text.VERB_SECTIONS.items():
        page.below(title)
        for row, line in rows:
            _verb_item(page, row, line)
    page.head("Options")
    page.say("Options and commands may stand in any order; after `--` there are no more options. A long one may be shortened as long "
             "as it is clear which one is meant.")
    _option_items(page)
    page.head("Exit status").table(EXIT_CODES)
    page.head("Environment").table((
        ("SYSTEMD_COLORS", "Whether there are colours; without it, on a terminal that is not dumb, unless NO_COLOR is set."),
        ("SYSTEMD_URLIFY", "Whether paths are hyperlinks; without it, where there are colours."),
        ("SYSTEMD_UTF8", "Whether dots and trees may be drawn with UTF-8; without it, as LC_ALL, LC_CTYPE or LANG say."),
        ("COLUMNS", "How wide the terminal is."),
        ("SYSTEMD_EDITOR, EDITOR, VISUAL", "The editor of `edit`; the first that is set."),
        ("FASTINIT_RUN", "The runtime directory of the manager to ask, instead of those that `fastinit`(7) names."),
    ))
    page.head("Examples").say("Has the boot failed, and where?")
    page.example(["systemctl is-system-running --wait || systemctl --failed"])
    page.say("In a Dockerfile:").example(["RUN systemctl enable nginx", "HEALTHCHECK CMD systemctl is-active -q nginx"])
    page.say("What a program should read:").example(["systemctl show -P ActiveState nginx"])
    page.head("See also").say("`fastinit`(1), `fastinit`(7), `halt`(8)")
    return page.text()


# ---- fastinit(1), halt(8) -------------------------------------------------------------------------------------------

FASTINIT_MORE: Dict[str, str] = {
    "init": "As PID 1 it is the init of the container. Otherwise it is a subreaper and does the same for what it starts. Its exit code "
            "is 0, that of the first named unit that failed, or the one that `systemctl exit` or an action of a unit has set. "
            "See `fastinit`(7).",
    "stats": "Orphans and services that were reaped, batches, and how long a death has waited.",
    "install": "What stands in the way is kept beside its place with the suffix .fastinit\\-saved, and on Debian and its kin it is "
               "diverted, so that a later installation of a systemd package leaves the links in place. Manual pages and completions "
               "go below /usr/local/share. Doing it again changes nothing.",
}


def fastinit() -> str:
    page = Page("fastinit", 1, "init and service manager for containers")
    page.head("Synopsis").lines += ["\\fBfastinit\\fR [\\fIOPTIONS\\fR...] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR...]"]
    page.head("Description").say(
        "An init, a service manager and a drop-in `systemctl` for containers, from the unit files that systemd's users have already. "
        "It needs no privileges, no D-Bus and no cgroups.",
        "In an image, `fastinit install` makes the links that the world looks for; then `/usr/bin/systemctl` or `/sbin/init` is the command "
        "of the container.")
    page.head("Commands")
    for row, line in help_text.FASTINIT_VERBS:
        page.item(usage(row), sentence(line), FASTINIT_MORE.get(row.split()[0], "").replace("\\-", "-"))
    page.head("Options")
    for row, line in help_text.FASTINIT_ROWS:
        page.item(options_usage(row), sentence(line[0].upper() + line[1:]))
    page.head("Exit status").say("Of `init`: see there. Otherwise 0, or 1 with the reason on stderr.")
    page.head("Examples").say("In a Dockerfile:")
    page.example(["RUN fastinit install && systemctl enable nginx cron", 'CMD ["/usr/bin/systemctl"]'])
    page.say("Just these two services, and the exit code of the first that fails:")
    page.example(['CMD ["/usr/bin/systemctl", "init", "nginx", "cron"]'])
    page.head("See also").say("`fastinit`(7), `systemctl`(1), `halt`(8)")
    return page.text()


def _end(name: str) -> str:
    page = Page(name, 8, "end the container")
    page.head("Synopsis").lines += [f"\\fB{name}\\fR [\\fIOPTIONS\\fR...]"]
    page.head("Description").say(
        "`halt`, `poweroff` and `reboot` stop every unit in order and end the container with exit code 0. Whether it starts again is for the container engine "
        "to say: it cannot see which of them it was.",
        "The command returns when the stop has begun. With another code: `systemctl exit` *CODE*.")
    page.head("Options")
    for row, line in help_text.HALT_ROWS:
        page.item(options_usage(row), sentence(line))
    page.head("Exit status").say("0 when the stop has begun, 1 with the reason on stderr otherwise.")
    page.head("See also").say("`systemctl`(1), `fastinit`(7)")
    return page.text()


# ---- fastinit(7) ----------------------------------------------------------------------------------------------------


def idle_types() -> List[str]:
    """Unit types that are loaded and shown, but not acted on yet: as the notes of the list-… verbs say."""
    return [name[len("list-"):-1] for name, why in verbs.DIFFERS.items() if why.startswith("always empty")]


def overview() -> str:
    page = Page("fastinit", 7, "how an init for containers works, and what is not as in systemd")
    page.head("Description").say(
        "fastinit boots a container from unit files, as systemd(1) boots a machine: units, drop-ins, dependencies, jobs, states, "
        "results, messages and exit codes are those of systemd 257. This page tells what there is beyond that, and what differs.")
    page.head("Processes").say(
        "PID 1 runs in C. It reaps orphans, forwards exits and signals, keeps descriptors, and starts the manager again "
        "should it die; it parses nothing and allocates nothing.",
        "The manager, the process `fastinit manager`, knows units and jobs, serves the control socket and takes the logs. It may die, or be "
        "killed, at any moment: the next one goes on with the same services, jobs, exits, log lines and open sockets. "
        "`systemctl daemon-reexec` does that on purpose.",
        "Services are children of PID 1. Which process belongs to which unit is known by a number in RLIMIT_LOCKS, a limit "
        "without a meaning in Linux that every process inherits: no cgroup is needed.")
    page.head("Boot and end").say(
        "Without units to start, default.target is booted: generators run first, then the enabled units start in their order. "
        "With units, just these and what they need are started, and the container ends when all of them are done, with the exit code of the first that "
        "failed.",
        "When the end is asked for, units stop in reverse order, each with its ExecStop=, KillSignal= and TimeoutStopSec=; then "
        "what no unit owns gets SIGTERM, and SIGKILL 10 seconds later. Give the container engine a stop timeout that is long enough "
        "for all of this.",
        "SuccessAction=, FailureAction= and their kin end the container: exit with the code of the service or of SuccessActionExitStatus= "
        "and FailureActionExitStatus=, all others with 0.",
        "READY=1 goes to the NOTIFY_SOCKET of the container engine when the boot is over; MAINPID= never does.")
    page.head("Signals").say("To PID 1:")
    for names, text in SIGNALS:
        page.item(", ".join(f"\\fB{typed(name)}\\fR" for name in names), sentence(text[0].upper() + text[1:]))
    page.say("If the manager does not look at a signal that ends the container within 3 seconds, PID 1 ends everything itself.")
    page.head("Exit status").say(
        "Of the container: 0 after a signal, halt, poweroff or reboot; *N* after `systemctl exit` *N*; that of SuccessAction= and FailureAction=; "
        "that of the first unit that failed, for an init of named units.")
    page.head("What differs from systemd")
    idle = idle_types()
    if idle:
        page.item("Unit types", f"Units of the types {', '.join(idle)} are loaded and shown, but not acted on yet. Mounts and devices are those "
                  "of the container engine: such units are never waited for.")
    page.item("Reboot", "halt, poweroff, reboot and soft-reboot are the same: the container ends.")
    page.item("No D-Bus", "There is a control socket of its own, which knows its callers by their credentials: root, and the user whose manager "
              "it is, may change, everybody may ask.")
    page.item("No journal", "Lines of services and of the manager go to the container's stdout, with the unit in front, and to /run/fastinit/log. "
              "`systemctl status` and `systemctl log` show them.")
    page.item("Sandboxes and resources", "Directives that need privileges or cgroups which a container does not have are parsed, and "
              "one line in the log says that the service goes on without them.")
    page.item("Verbs", "Those that differ or are refused are marked in `systemctl`(1).")
    page.head("Environment")
    page.table((
        ("PATH", "Set for PID 1 where the container engine gives none."),
        ("NOTIFY_SOCKET", "Told when the boot is over; not handed on to services."),
        ("SYSTEMD_UNIT_PATH", "Other directories of unit files; with a colon at its end, before the usual ones."),
        ("FASTINIT_RUN", "Another runtime directory than /run: managers beside each other."),
        ("container", "Handed on; written to /run/systemd/container."),
    ))
    page.head("Files").table((
        ("/etc/systemd/system, /run/systemd/system, /usr/local/lib/systemd/system, /usr/lib/systemd/system",
         "Unit files, the first wins. Behind them stand the targets that fastinit brings along. SysV scripts without a unit become services."),
        ("/etc/systemd/system.conf", "Settings of the manager, with drop-ins below system.conf.d; user.conf for a user's."),
        ("/run/fastinit/control", "The control socket."),
        ("/run/fastinit/log", "What was written by services."),
        ("/run/systemd/notify", "Where services send READY=1."),
        ("/run/systemd/system", "Is there while an init runs, as sd_booted(3) wants it."),
        ("/tmp/fastinit-UID, /dev/shm/fastinit-UID-NUMBER",
         "The runtime directory where /run cannot be written; the owner's alone."),
    ))
    page.head("Limits").say(
        "The read-only root, the ordinary user and the container without any capability are supported: services that need "
        "no other user work there. A service with User= needs the right to change to it.")
    page.head("See also").say("`fastinit`(1), `systemctl`(1), `halt`(8)")
    return page.text()


PAGES: Dict[str, Callable[[], str]] = {
    "man1/fastinit.1": fastinit, "man1/systemctl.1": systemctl, "man7/fastinit.7": overview,
    **{f"man8/{name}.8": functools.partial(_end, name) for name in ("halt", "poweroff", "reboot")},
}
