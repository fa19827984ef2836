"""What a container was asked to boot, as words: PID 1 hands them to each of its managers.

In:  Boot.   Out: the manager's argv, and back.
Imports nothing: PID 1 keeps what it has imported for as long as the container lives.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

NOTHING = ("-.slice",)      # the one unit that needs no other and is never done: a manager in the background
STAY, SERVICES, PROCESSES = "stop", "services", "processes"
_UNTIL, _PASS, _ALSO, _EXTRA, _END = "--until=", "--pass-environment", "--also=", "--extra=", "--"
_SCRIPT = {"-1": (), "--init": (), "-0": (_UNTIL + PROCESSES,), "--exit": (_UNTIL + PROCESSES,)}      # of `fastinit init`

# About the manager's own process, and of no meaning to another.
NOT_INHERITED = frozenset((
    "NOTIFY_SOCKET", "MAINPID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC", "INVOCATION_ID",
    "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID", "_", "SHLVL", "OLDPWD", "PWD", "EXIT_CODE", "EXIT_STATUS",
    "SERVICE_RESULT"))
# Nor, when it is a container's PID 1: its terminal, what container engines tell an init.
_OF_PID1 = NOT_INHERITED | frozenset((
    "TERM", "COLUMNS", "LINES", "container", "container_host_id", "container_host_version_id", "container_uuid", "container_ttys",
    "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "CREDENTIALS_DIRECTORY"))
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


class Boot(NamedTuple):
    """units: () = default.target.

    until: when the container ends by itself. STAY: never; SERVICES: when the units (of default.target: its services) are over;
    PROCESSES: when no process is left. "" = SERVICES for units that were named, else STAY.
    passes_environment: services get the environment of PID 1 (lowest of all sources), as under the Python systemctl script.
    also: units that are started, too, and do not count for until.
    extra: words of `systemctl -e`: NAME=VALUE or @FILE, highest of all sources.
    """

    units: Tuple[str, ...] = ()
    until: str = ""
    passes_environment: bool = False
    also: Tuple[str, ...] = ()
    extra: Tuple[str, ...] = ()

    def words(self) -> List[str]:
        found = [_UNTIL + self.until] if self.until else []
        found += [_PASS] if self.passes_environment else []
        found += [_ALSO + name for name in self.also]
        found += [_EXTRA + word for word in self.extra]
        return [*found, _END, *self.units] if found else list(self.units)

    def is_over_with_its_units(self) -> bool:
        return self.until == SERVICES or (not self.until and bool(self.units))


def from_words(words: Sequence[str]) -> Boot:
    """Options and units in any order, behind "--" only units ("-.slice" is a unit). Raises ValueError on any other option."""
    boot, units, also, extra = Boot(), [], [], []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == _END:
            units += rest
            break
        if word in _SCRIPT:
            rest[:0] = _SCRIPT[word]
        elif not word.startswith("-") or word.startswith("-."):
            units.append(word)
        elif word == _PASS:
            boot = boot._replace(passes_environment=True)
        elif word.startswith(_UNTIL) and word[len(_UNTIL):] in (STAY, SERVICES, PROCESSES):
            boot = boot._replace(until=word[len(_UNTIL):])
        elif word.startswith(_ALSO):
            also.append(word[len(_ALSO):])
        elif word.startswith(_EXTRA):
            extra.append(word[len(_EXTRA):])
        else:
            raise ValueError(f"unrecognized option '{word}'")
    return boot._replace(units=tuple(units), also=tuple(also), extra=tuple(extra))


def passed(environment: Mapping[str, str]) -> Dict[str, str]:
    """What of the environment of PID 1 is the services' business. Not the LC_CTYPE that Python sets for itself (PEP 538)."""
    found = {name: value for name, value in environment.items() if name not in _OF_PID1 and not name.startswith("FASTINIT_")}
    if found.get("LC_CTYPE") in _COERCED and "LC_ALL" not in found and found.get("LANG", "C") in ("", "C", "POSIX"):
        del found["LC_CTYPE"]
    return found
