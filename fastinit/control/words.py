"""The closed sets of words that options take, and how a bad one is answered; `--state=help` and its like print them.

Source: `systemctl --type=help`, `--state=help`, `--signal=help` … of systemd 257.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

from fastinit.plan.states import Active, JobMode
from fastinit.units.names import UNIT_TYPES
from fastinit.units.values import SIGRTMAX, signal_name

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


def signal_help() -> List[str]:
    return [signal_name(number) for number in range(SIGRTMAX + 1)]


def state_help() -> List[str]:
    """The lines of --state=help."""
    blocks = [("load states", LOAD_STATES), ("active states", ACTIVE_STATES), ("file states", UNIT_FILE_STATES)]
    lines: List[str] = []
    for title, words in blocks:
        lines += [f"Available unit {title}:", *words, ""]
    for kind, subs in SUB_STATES.items():
        lines += [f"Available {kind} unit substates:", *subs, ""]
    return lines[:-1]
