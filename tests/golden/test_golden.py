"""The same commands on the same units, asked of systemd 257 and of fastinit: same words, same stream, same exit code.

Only what cannot be the same is made the same first: NORMAL; what differs stands in WANTED or OPEN, with the reason.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import re
import shlex
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

import pytest

from . import guests
from .analyze import ANALYZE
from .breadth import BREADTH
from .guests import Answer, Guest
from .scenarios import SCENARIOS as LIFE
from .transient import TRANSIENT

SCENARIOS = {**LIFE, **BREADTH, **TRANSIENT, **ANALYZE}

NORMAL: Tuple[Tuple[str, str], ...] = (     # pattern -> replacement, in this order
    (r"(?m)^ *(Tasks|Memory|CPU|CGroup|IP|IO|Invocation|Mem peak): .*\n", ""),   # what a cgroup counts; random numbers
    (r"(?m)^ +(├─|└─|\|-|`-) ?(\x1b\[[0-9;:]*m)?\d+ .*\n", ""),     # the cgroup's processes
    (r"\b[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+; .*? ago", "TIME"),
    (r"\b[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", "TIME"),
    (r"(?m)^( *Job: )\d+", r"\1N"),
    (r"\x1b\[0;1;32m\x1b\[0m", ""),                        # colours around nothing
    (r"anchor job \d+", "anchor job N"),
    (r"\x1b\]8;;file://\w+/", "\x1b]8;;file://HOST/"),
    (r"(?m)^( *Duration: ).*", r"\1SPAN"),
    (r"\b(PID|Process|Main PID): \d+", r"\1: N"),
    (r"\b\d+ (ExecStart|ExecStartPre|ExecStop|ExecReload)", r"N \1"),
    (r"PID \d+", "PID N"),
    (r"\brun-(p\d+-i\d+|r[0-9a-f]{32})\b", "run-N"),
    (r"; invocation ID: [0-9a-f]{32}", ""),       # systemd does not tell that of a unit which is gone already
    (r"(?m)^(Service runtime|CPU time consumed): .*", r"\1: SPAN"),
    (r"(?m)^(Memory peak|Memory swap peak|IO bytes read|IO bytes written|IP traffic \w+): .*\n", ""),
    (r"\(\((\w+)\)\)", r"(\1)"),                           # the name before exec, when systemd is asked that soon
)
# Lists without an order: systemd prints them as they lie in its hash tables, otherwise at each boot.
UNORDERED = re.compile(r"(?m)^(RequiresMountsFor|Requires|Wants|WantedBy|Conflicts|Before|After|Names)=(.*)$")

VARIABLE = re.compile(r"[A-Z_0-9]+=")


class Different(NamedTuple):
    """An answer that is not the same. scenario, command: regular expressions; why: for whoever reads the table."""

    scenario: str
    command: str
    why: str


# It stays so.
WANTED: Tuple[Different, ...] = (
    Different("unit files", r"get-default", "no graphical.target by default: a container has no display"),
    Different("options", r"whoami -1", "-1 is an option: the init that many images start"),
    Different("options", r"suspend --dry-run|kexec --dry-run", "refused in any case: not for a container to do"),
    Different("options", r"service-log-level jj-a", "there is no D-Bus"),
    Different("wait.*", r"is-active /", "mounts are the container engine's: there is no -.mount"),
    Different("environment", r"log-target", "it starts as journal-or-kmsg, systemd's in a container as journal"),
    Different("passing.*", r"!systemctl list-jobs hh-waiting.service -o json .*", "JSON where systemd prints a table"),
    Different("all prop.*", r"!systemctl show kk-a \| grep .*", "-.mount and tmp.mount: mounts are the container engine's"),
    Different("all prop.*", r"!systemctl show kk-b \| grep -E .*|show -p Default.*",
              "the limits and unit directories are the container's"),
    Different("terminals", r"%80 --no-pager list-units 'mm-\*' -o json(-pretty)?", "no colours in JSON"),
)
NO_SOCKETS = "units of this type are not run yet"
# Known, and to be mended; a row whose commands have all become the same fails the test until it is taken out.
OPEN: Tuple[Different, ...] = (
    Different("dependencies", r"list-dependencies --after ff-a", NO_SOCKETS),
    Different("status", r"start cc-running .*|status cc-(socket.socket|idle) -n0", NO_SOCKETS),
    Different("failures", r"status bb-(nostart|badtype|twostarts)", "what the loader has to say is not in the unit's log"),
    Different("wait.*", r"is-active @?\.service", "names that no unit can have are refused at once"),
    Different("systemd-run --scope", r"status -n0 ru-l\.scope", "no line tells when RuntimeMaxSec= will be over"),
    Different("all prop.*", r"!systemctl show kk-m .*", "the link that masks a unit is no FragmentPath"),
    Different("all prop.*", r"!systemctl show (-a )?kk-(a|b|t\.target) \| cut .*",
              "no WatchdogTimestamp, no InvocationID of targets; empty properties of what is not done are not listed"),
    Different("all prop.*", r"!systemctl show (-a )?\| cut .*",
              "what was reaped stands there, too"),
    Different("terminals", r"!.*/dev/full", "an answer that cannot be written is no error"),
)


# As the links lie in their directories, which is otherwise in every file system.
LINKS = re.compile(r"(?m)(^Removed '.*'\.\n|^  /etc/systemd/.*\n){2,}")


def normal(text: str) -> str:
    for pattern, replacement in NORMAL:
        text = re.sub(pattern, replacement, text)
    text = LINKS.sub(lambda found: "".join(sorted(found[0].splitlines(True))), text)
    return UNORDERED.sub(lambda found: f"{found[1]}={' '.join(sorted(found[2].split()))}", text)


def ask(guest: Guest, command: str) -> Answer:
    if command.startswith("!"):
        answer = guest.run("sh", "-c", command[1:])
    elif command.startswith("%"):
        columns, *words = shlex.split(command[1:])
        variables = list(itertools.takewhile(VARIABLE.match, words))
        answer = guest.run_on_terminal(int(columns), variables, "systemctl", *words[len(variables):])
    else:
        words, _, typed = command.partition(" < ")
        answer = guest.run("systemctl", *shlex.split(words), stdin=typed.encode().decode("unicode_escape"))
    return Answer(answer.code, normal(answer.stdout), normal(answer.stderr))


def history(guest: Guest, name: str) -> List[Answer]:
    scenario = SCENARIOS[name]
    guest.put(scenario.files)
    assert guest.run("systemctl", "daemon-reload").code == 0
    return [ask(guest, command) for command in scenario.commands]


def compare(name: str, answers: Dict[str, List[Answer]]) -> Iterator[str]:
    """Every difference that no row knows, and every row that knows one which is not there."""
    rows = [row for row in WANTED + OPEN if re.fullmatch(row.scenario, name)]
    needed = set()
    for command, theirs, ours in zip(SCENARIOS[name].commands, answers["systemd"], answers["fastinit"]):
        if theirs == ours:
            continue
        known = [row for row in rows if re.fullmatch(row.command, command)]
        needed.update(known)
        if not known:
            yield f"systemctl {command}"
            for field in Answer._fields:
                one, other = getattr(theirs, field), getattr(ours, field)
                if one != other:
                    yield f"  {field}\n    systemd:  {one!r}\n    fastinit: {other!r}"
    for row in rows:
        if row not in needed:
            yield f"the same by now: {row.command!r}, {row.why}: take the row out"


@pytest.fixture(scope="module")
def systems() -> Iterator[Dict[str, Guest]]:
    reason = guests.missing()
    if reason:
        pytest.skip(reason)
    guests.CACHE.mkdir(parents=True, exist_ok=True)
    booted: Dict[str, Guest] = {}
    with tempfile.TemporaryDirectory(dir=guests.CACHE) as folder:
        try:
            booted["systemd"] = guests.Reference(Path(folder))
            booted["fastinit"] = guests.Own(Path(folder))
            yield booted
        except guests.Unavailable as error:
            pytest.skip(str(error))
        finally:
            for guest in booted.values():
                guest.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_same(systems: Dict[str, Guest], name: str) -> None:
    """Both say the same, byte for byte."""
    with concurrent.futures.ThreadPoolExecutor(2) as both:
        running = {kind: both.submit(history, guest, name) for kind, guest in systems.items()}
        answers = {kind: future.result() for kind, future in running.items()}
    found = list(compare(name, answers))
    assert not found, "\n".join(found)
