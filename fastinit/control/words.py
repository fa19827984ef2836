"""The closed sets of words that options take, and how a bad one is answered; `--state=help` and its like print them.

Source: `systemctl --type=help`, `--state=help`, `--signal=help` … of systemd 257.
"""

from __future__ import annotations

import signal
from typing import Dict, List, Tuple

from fastinit.plan.states import Active, JobMode
from fastinit.units.names import UNIT_TYPES

LOAD_STATES = ("stub", "loaded", "not-found", "bad-setting", "error", "merged", "masked")
ACTIVE_STATES = tuple(state.value for state in Active)
UNIT_FILE_STATES = (
    "enabled", "enabled-runtime", "linked", "linked-runtime", "alias", "masked", "masked-runtime", "static", "disabled",
    "indirect", "generated", "transient", "bad",
)
JOB_MODES = tuple(mode.value for mode in JobMode)
TYPES_IN_ORDER = ("service", "mount", "swap", "socket", "target", "device", "automount", "timer", "path", "slice", "scope")
assert set(TYPES_IN_ORDER) == set(UNIT_TYPES)

_STOPS = ("stop-sigterm", "stop-sigkill")
_FINALS = ("final-sigterm", "final-sigkill")
SUB_STATES: Dict[str, Tuple[str, ...]] = {
    "automount": ("dead", "waiting", "running", "failed"),
    "device": ("dead", "tentative", "plugged"),
    "mount": ("dead", "mounting", "mounting-done", "mounted", "remounting", "unmounting", "remounting-sigterm",
              "remounting-sigkill", "unmounting-sigterm", "unmounting-sigkill", "failed", "cleaning"),
    "path": ("dead", "waiting", "running", "failed"),
    "scope": ("dead", "start-chown", "running", "abandoned", *_STOPS, "failed"),
    "service": ("dead", "condition", "start-pre", "start", "start-post", "running", "exited", "reload", "reload-signal",
                "reload-notify", "mounting", "stop", "stop-watchdog", *_STOPS, "stop-post", "final-watchdog", *_FINALS, "failed",
                "dead-before-auto-restart", "failed-before-auto-restart", "dead-resources-pinned", "auto-restart",
                "auto-restart-queued", "cleaning"),
    "slice": ("dead", "active"),
    "socket": ("dead", "start-pre", "start-chown", "start-post", "listening", "running", "stop-pre",
               "stop-pre-sigterm", "stop-pre-sigkill", "stop-post", *_FINALS, "failed", "cleaning"),
    "swap": ("dead", "activating", "activating-done", "active", "deactivating", "deactivating-sigterm",
             "deactivating-sigkill", "failed", "cleaning"),
    "target": ("dead", "active"),
    "timer": ("dead", "waiting", "running", "elapsed", "failed"),
}
OUTPUT_MODES = (
    "short", "short-full", "short-iso", "short-iso-precise", "short-precise", "short-monotonic", "short-delta", "short-unix",
    "verbose", "export", "json", "json-pretty", "json-sse", "json-seq", "cat", "with-unit",
)
TIMESTAMP_STYLES = ("pretty", "us", "utc", "us+utc", "unix")
PRESET_MODES = ("full", "enable-only", "disable-only")
CLEAN_KINDS = ("runtime", "state", "cache", "logs", "configuration", "fdstore")

_RTMIN, _RTMAX = 34, 64
SIGNALS: Dict[str, int] = {
    name: number for name, number in sorted(
        ((item.name[3:], item.value) for item in signal.Signals if not item.name.startswith("SIGRT")), key=lambda pair: pair[1])
}
SIGNALS.setdefault("STKFLT", 16)    # the signal module of older Pythons does not name it
_ALIASES = {"CLD": 17, "POLL": 29, "IOT": 6}


def parse_signal(text: str) -> int:
    """ "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMAX-1" -> number. Raises ValueError."""
    if text.isascii() and text.isdigit():
        number = int(text)
        if not 1 <= number <= _RTMAX:
            raise ValueError(f"invalid signal {text!r}")
        return number
    name = text[3:] if text.startswith("SIG") else text
    for base_name, base, sign in (("RTMIN", _RTMIN, 1), ("RTMAX", _RTMAX, -1)):
        if name.startswith(base_name):
            return _parse_realtime(name[len(base_name):], base, sign, text)
    number = SIGNALS.get(name) or _ALIASES.get(name) or 0
    if not number:
        raise ValueError(f"invalid signal {text!r}")
    return number


def _parse_realtime(rest: str, base: int, sign: int, text: str) -> int:
    offset = rest[1:] if rest[:1] == ("+" if sign > 0 else "-") else ("0" if not rest else "x")
    number = base + sign * int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 4 else 0
    if not _RTMIN <= number <= _RTMAX:
        raise ValueError(f"invalid signal {text!r}")
    return number


def signal_name(number: int) -> str:
    """ 15 -> "TERM", 35 -> "RTMIN+1"; the number itself when it has no name."""
    for name, value in SIGNALS.items():
        if value == number and name not in _ALIASES:
            return name
    return f"RTMIN+{number - _RTMIN}" if _RTMIN <= number <= _RTMAX else str(number)


def signal_help() -> List[str]:
    return [signal_name(number) if number else "0" for number in range(_RTMAX + 1)]


def state_help() -> List[str]:
    """The lines of --state=help."""
    blocks = [("load states", LOAD_STATES), ("active states", ACTIVE_STATES), ("file states", UNIT_FILE_STATES)]
    lines: List[str] = []
    for title, words in blocks:
        lines += [f"Available unit {title}:", *words, ""]
    for kind, subs in SUB_STATES.items():
        lines += [f"Available {kind} unit substates:", *subs, ""]
    return lines[:-1]


def parse_boolean(text: str) -> bool:
    """systemd's booleans. Raises ValueError."""
    word = text.lower()
    if word in ("1", "yes", "y", "true", "t", "on"):
        return True
    if word in ("0", "no", "n", "false", "f", "off"):
        return False
    raise ValueError(f"invalid boolean {text!r}")
