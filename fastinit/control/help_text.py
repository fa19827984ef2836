"""--help and --version, in the shape of systemctl's: two columns, the second begins at 38 (verbs) or 25 (options).

In:  the style of the terminal.   Out: text of at most 80 columns; headings and links are for a terminal.
The same rows head the paragraphs of the manual pages and explain words to a shell that completes them; tests hold them against
verbs.VERBS and options.OPTIONS, and what a row calls refused or accepted against what the options do.
"""

from __future__ import annotations

import textwrap
from typing import Dict, Iterator, Sequence, Tuple

from fastinit.control.render.style import Style

SYSTEMD_VERSION = 257
# What packages look for in the second line: "+" is there, "-" is not.
FEATURES = (
    "-PAM -AUDIT -SELINUX -APPARMOR -IMA -IPE -SMACK -SECCOMP -GCRYPT -GNUTLS -OPENSSL -ACL -BLKID -CURL -ELFUTILS "
    "-FIDO2 -IDN2 -IDN -IPTC -KMOD -LIBCRYPTSETUP -LIBCRYPTSETUP_PLUGINS -LIBFDISK -PCRE2 -PWQUALITY -P11KIT "
    "-QRENCODE -TPM2 -BZIP2 -LZ4 -XZ -ZLIB -ZSTD -BPF_FRAMEWORK -BTF -XKBCOMMON -UTMP +SYSVINIT -LIBARCHIVE"
)

Rows = Sequence[Tuple[str, str]]

VERB_SECTIONS: Dict[str, Rows] = {
    "Unit Commands": (
        ("list-units [PATTERN...]", "Units in memory"),
        ("list-automounts [PATTERN...]", "Automount units in memory, by path"),
        ("list-paths [PATTERN...]", "Path units in memory, by path"),
        ("list-sockets [PATTERN...]", "Socket units in memory, by address"),
        ("list-timers [PATTERN...]", "Timer units in memory, by next elapse"),
        ("is-active PATTERN...", "Tell whether units are active"),
        ("is-failed [PATTERN...]", "Tell whether units have failed, or the system is degraded"),
        ("status [PATTERN...|PID...]", "How units are, with processes and last log lines"),
        ("show [PATTERN...|JOB...]", "Properties of units, of jobs, or of the manager"),
        ("cat PATTERN...", "Files and drop-ins of units"),
        ("help PATTERN...|PID...", "Which manual pages tell of units"),
        ("list-dependencies [UNIT...]", "The tree of units that units require or want, or that require or want them"),
        ("start UNIT...", "Start units, and what they require or want"),
        ("stop UNIT...", "Stop units, and what requires them"),
        ("reload UNIT...", "Have units read their configuration again"),
        ("restart UNIT...", "Stop and start units; start those that are stopped"),
        ("try-restart UNIT...", "Restart units that are active"),
        ("reload-or-restart UNIT...", "Reload units that can, restart or start the others"),
        ("try-reload-or-restart UNIT...", "Reload or restart units that are active"),
        ("isolate UNIT", "Start one unit and stop what it does not need"),
        ("kill UNIT...", "Send a signal to processes of units"),
        ("clean UNIT...", "Remove runtime, cache, state, logs or configuration of stopped units"),
        ("freeze PATTERN...", "Suspend the processes of units"),
        ("thaw PATTERN...", "Resume the processes of units"),
        ("set-property UNIT PROPERTY=VALUE...", "Set properties of a unit by a drop-in"),
        ("bind UNIT PATH [PATH]", "Bind-mount into a unit (refused)"),
        ("mount-image UNIT PATH [PATH [OPTS]]", "Mount an image into a unit (refused)"),
        ("service-log-level SERVICE [LEVEL]", "Log level of a service (refused)"),
        ("service-log-target SERVICE [TARGET]", "Log target of a service (refused)"),
        ("reset-failed [PATTERN...]", "Forget that units have failed"),
        ("whoami [PID...]", "The unit that the caller or processes belong to"),
    ),
    "Unit File Commands": (
        ("list-unit-files [PATTERN...]", "Installed unit files"),
        ("enable [UNIT...|PATH...]", "Have units started at boot, as their [Install] says"),
        ("disable UNIT...", "Have units not started at boot any more"),
        ("reenable UNIT...", "Disable, then enable"),
        ("preset UNIT...", "Enable or disable as the preset files say"),
        ("preset-all", "Enable or disable all unit files in that way"),
        ("is-enabled UNIT...", "Tell whether unit files are enabled"),
        ("mask UNIT...", "Make units impossible to start"),
        ("unmask UNIT...", "Let masked units start again"),
        ("link PATH...", "Link unit files into the search path"),
        ("revert UNIT...", "Go back to the vendor's unit files"),
        ("add-wants TARGET UNIT...", "Have a target want units"),
        ("add-requires TARGET UNIT...", "Have a target require units"),
        ("edit UNIT...", "Edit unit files in an editor"),
        ("get-default", "The target that is booted"),
        ("set-default TARGET", "Set the target that is booted"),
    ),
    "Machine Commands": (
        ("list-machines [PATTERN...]", "Local containers: there are none"),
    ),
    "Job Commands": (
        ("list-jobs [PATTERN...]", "Jobs in the queue"),
        ("cancel [JOB...]", "Cancel all or some jobs"),
    ),
    "Environment Commands": (
        ("show-environment", "The manager's environment block"),
        ("set-environment VARIABLE=VALUE...", "Set variables of the manager's environment"),
        ("unset-environment VARIABLE...", "Remove variables of the manager's environment"),
        ("import-environment VARIABLE...", "Give the manager variables of the caller's"),
    ),
    "Manager State Commands": (
        ("daemon-reload", "Read all unit files again"),
        ("daemon-reexec", "Start a new manager; units and jobs stay"),
        ("log-level [LEVEL]", "Show or set the manager's log level"),
        ("log-target [TARGET]", "Show or set the manager's log target"),
        ("service-watchdogs [BOOL]", "Show whether service watchdogs work"),
    ),
    "System Commands": (
        ("is-system-running", "Tell whether the boot is over and all is well"),
        ("default", "Enter the default target"),
        ("rescue", "Enter rescue.target"),
        ("emergency", "Enter emergency.target"),
        ("halt", "Stop all units and end the container"),
        ("poweroff", "Stop all units and end the container"),
        ("reboot", "Stop all units and end the container"),
        ("kexec", "Boot another kernel (refused)"),
        ("soft-reboot", "Stop all units and end the container"),
        ("exit [EXIT_CODE]", "Stop all units and end the container with a code"),
        ("switch-root [ROOT [INIT]]", "Change the root file system (refused)"),
        ("sleep", "Suspend the machine (refused)"),
        ("suspend", "Suspend the machine (refused)"),
        ("hibernate", "Suspend the machine (refused)"),
        ("hybrid-sleep", "Suspend the machine (refused)"),
        ("suspend-then-hibernate", "Suspend the machine (refused)"),
    ),
    "Commands of fastinit": (
        ("init [UNIT...]", "Be the init: as PID 1, or as a subreaper elsewhere"),
        ("default-services [TARGET...]", "Enabled services that the default target starts"),
        ("list-start-dependencies UNIT...", "Everything that a start of units starts, in order"),
        ("environment UNIT...", "Variables that a start of units sets"),
        ("command UNIT...", "Command lines that a start of units runs"),
        ("log UNIT...", "Last log lines of units (-n N)"),
        ("runlevel", "The SysV runlevel that is active"),
        ("stats", "What the init has reaped (-o json, -o cat for Prometheus)"),
        ("version", "The version"),
    ),
}
OPTION_ROWS: Rows = (
    ("-h --help", "Show this help"),
    ("   --version", "Show the version"),
    ("   --system", "The system's manager (the default)"),
    ("   --user", "The manager and the unit files of the user who asks"),
    ("-C --capsule=NAME", "Refused"),
    ("-H --host=[USER@]HOST", "Refused: use ssh"),
    ("-M --machine=CONTAINER", "Refused: use the container engine's exec"),
    ("-t --type=TYPE", "Units of this type"),
    ("   --state=STATE", "Units in this LOAD, SUB or ACTIVE state"),
    ("   --failed", "The same as --state=failed"),
    ("-p --property=NAME", "Only this property"),
    ("-P NAME", "The same as --value --property=NAME"),
    ("-a --all", "Also inactive units, also empty properties"),
    ("-l --full", "Shorten nothing"),
    ("-r --recursive", "Accepted: there are no containers below"),
    ("   --reverse", "list-dependencies: what needs the unit"),
    ("   --before", "list-dependencies: what is ordered after the unit"),
    ("   --after", "list-dependencies: what is ordered before the unit"),
    ("   --with-dependencies", "status, cat, list-units: also what the units need"),
    ("   --job-mode=MODE", "What to do with jobs that are queued already"),
    ("   --fail", "The same as --job-mode=fail"),
    ("   --irreversible", "The same as --job-mode=replace-irreversibly"),
    ("   --ignore-dependencies", "The same as --job-mode=ignore-dependencies"),
    ("-T --show-transaction", "Say which job was queued"),
    ("   --show-types", "Accepted"),
    ("   --value", "show: values without names"),
    ("   --check-inhibitors=MODE", "Accepted: nothing inhibits in a container"),
    ("   --ignore-inhibitors", "Accepted"),
    ("-i", "Accepted"),
    ("   --kill-whom=WHOM", "kill: main, control or all processes"),
    ("   --kill-value=INT", "kill: queue the signal, with this value"),
    ("-s --signal=SIGNAL", "kill: which signal"),
    ("   --what=RESOURCES", "clean: what to remove"),
    ("   --now", "Start or stop units, too, when they are enabled or disabled"),
    ("   --dry-run", "Do nothing (system commands)"),
    ("-q --quiet", "Say nothing; the exit code tells"),
    ("   --no-warn", "No warnings about unit files"),
    ("   --wait", "start, restart, kill: until the unit has stopped again; is-system-running: until the boot is over"),
    ("   --no-block", "Do not wait for jobs"),
    ("   --no-wall", "Accepted"),
    ("   --message=MESSAGE", "Accepted"),
    ("   --no-reload", "No daemon-reload after a change of unit files"),
    ("   --legend=BOOL", "Headers and hints"),
    ("   --no-legend", "The same as --legend=no"),
    ("   --no-pager", "Accepted: there never is a pager"),
    ("   --no-ask-password", "Accepted"),
    ("   --global", "Unit file commands: for all users"),
    ("   --runtime", "Unit file commands: until the container ends"),
    ("-f --force", "Replace links; with halt and its kin do not stop units first"),
    ("   --preset-mode=MODE", "What preset may do: enable-only, disable-only or full"),
    ("   --root=PATH", "Work below this directory"),
    ("   --image=PATH", "Refused: use --root="),
    ("   --image-policy=POLICY", "Refused: use --root="),
    ("-n --lines=INTEGER", "How many log lines"),
    ("-o --output=STRING", "Form of the log lines of status (short, short-iso, cat, ...); lists know json and json-pretty"),
    ("   --firmware-setup", "Refused"),
    ("   --boot-loader-menu=TIME", "Refused"),
    ("   --boot-loader-entry=NAME", "Refused"),
    ("   --reboot-argument=ARG", "Accepted"),
    ("   --plain", "A list instead of a tree; no dots"),
    ("   --timestamp=FORMAT", "How times are printed: pretty, unix, us, utc, us+utc"),
    ("   --read-only", "Accepted"),
    ("   --mkdir", "Accepted"),
    ("   --marked", "reload-or-restart: the marked units (none ever is)"),
    ("   --drop-in=NAME", "edit: this drop-in"),
    ("   --when=TIME", "Refused: nothing is scheduled"),
    ("   --stdin", "edit: the new text comes from stdin"),
    ("-1 --init", "Be the init"),
    ("-0 --exit", "Be the init, and exit when no process is left (-00: no service)"),
    ("-e --extra-vars=NAME=VALUE --environment=NAME=VALUE", "Set it for the units that are started; @FILE: all lines"),
    ("-4 --ipv4", "Keep only the IPv4 localhost in /etc/hosts"),
    ("-6 --ipv6", "Keep only the IPv6 localhost in /etc/hosts"),
    ("-c --config=NAME=VALUE", "Accepted for scripts that set it"),
    ("-v --verbose", "Accepted for scripts that set it"),
    ("   --maxtimeout=SECONDS", "Accepted for scripts that set it"),
    ("   --coverage=LIST", "Accepted for scripts that set it"),
)


def systemctl(style: Style) -> str:
    what = "Query or send control commands to the system manager."
    lines = ["systemctl [OPTIONS...] COMMAND ...", "", style.paint(what, "bold"), ""]
    for title, rows in VERB_SECTIONS.items():
        lines += [style.paint(f"{title}:", "heading"), *_columns(rows, 38), ""]
    return "\n".join([*lines, *_options_and_end(style, OPTION_ROWS, "systemctl(1)")]) + "\n"


def _options_and_end(style: Style, rows: Rows, page: str) -> Iterator[str]:
    yield style.paint("Options:", "heading")
    yield from _columns(rows, 25)
    yield ""
    yield f"See the {style.link(f'man:{page}', f'{page} man page')} for details."


def _columns(rows: Rows, at: int) -> Iterator[str]:
    for left, right in rows:
        first, *rest = textwrap.wrap(right, 80 - at)
        head = f"  {left}"
        if len(head) >= at:
            yield head
            head = ""
        yield head.ljust(at) + first
        for line in rest:
            yield " " * at + line


_END = "Stop all units and end the container."
HALT_ROWS: Rows = (
    ("   --help", "Show this help"), ("   --halt", "Halt"), ("-p --poweroff", "Power off"), ("   --reboot", "Reboot"),
    ("-f --force", "Do not stop units first"), ("-w --wtmp-only", "Do nothing: no wtmp is kept"),
    ("-d --no-wtmp", "Accepted"), ("   --no-wall", "Accepted"),
)
FASTINIT_VERBS: Rows = (
    ("init [UNIT...]", "Be the init: boot default.target, or start just these units and exit when they are done"),
    ("stats", "What the running init has reaped, and how fast"),
    ("install", "Have systemctl, init, halt and their kin lead to this fastinit; manual pages and completions, too"),
    ("uninstall", "Remove them, and put back what was there"),
    ("COMMAND ...", "Everything else is systemctl's: fastinit status does what systemctl status does"),
)
FASTINIT_ROWS: Rows = (
    ("-h --help", "Show this help"),
    ("   --version", "Show the version"),
    ("   --user", "init: the units of the user who asks"),
    ("-1 --init", "init: accepted, it is the init in any case"),
    ("-0 --exit", "init: exit when no process is left"),
    ("   --until=WHAT", "init: exit when no services or no processes are left, or only on stop"),
    ("   --pass-environment", "init: services get the variables of the container"),
    ("   --json", "stats: for programs"),
    ("   --prometheus", "stats: for Prometheus"),
    ("   --root=DIR", "install, uninstall: below this directory"),
    ("   --without=NAME,...", "install, uninstall: not these names"),
)


def for_program(word: str, style: Style) -> str:
    """word: the verb on the same command line; systemctl's own help answers for all of its verbs."""
    if word not in ("halt", "poweroff", "reboot"):
        return systemctl(style)
    lines = [f"{word} [OPTIONS...]", "", style.paint(_END, "bold"), "", *_options_and_end(style, HALT_ROWS, f"{word}(8)")]
    return "\n".join(lines) + "\n"


def fastinit(style: Style) -> str:
    what = "An init, a service manager and a drop-in systemctl for containers."
    lines = ["fastinit [OPTIONS...] COMMAND ...", "", style.paint(what, "bold"), "", style.paint("Commands:", "heading"),
             *_columns(FASTINIT_VERBS, 38), "", *_options_and_end(style, FASTINIT_ROWS, "fastinit(1)")]
    return "\n".join(lines) + "\n"


def version() -> str:
    """The first line's number is what packages compare."""
    from fastinit.control.version import FASTINIT_VERSION
    return f"systemd {SYSTEMD_VERSION} (fastinit {FASTINIT_VERSION})\n{FEATURES}\n"
