"""The words of the engine: states, results, job types; values are what `systemctl show` prints, never rename one.

Source: systemd 257, `systemctl --state=help`, org.freedesktop.systemd1(5), systemd.service(5), systemctl(1).
"""

from __future__ import annotations

from enum import Enum


class Word(Enum):
    """Members are compared by identity, so that may be their hash: enum's own is Python code, felt in every table look-up."""

    __hash__ = object.__hash__


class Active(Word):
    ACTIVE = "active"
    RELOADING = "reloading"
    INACTIVE = "inactive"
    FAILED = "failed"
    ACTIVATING = "activating"
    DEACTIVATING = "deactivating"
    MAINTENANCE = "maintenance"
    REFRESHING = "refreshing"


class Sub(Word):
    """SubState of services and targets."""

    DEAD = "dead"
    CONDITION = "condition"
    START_PRE = "start-pre"
    START = "start"
    START_POST = "start-post"
    RUNNING = "running"
    EXITED = "exited"
    RELOAD = "reload"
    RELOAD_SIGNAL = "reload-signal"
    RELOAD_NOTIFY = "reload-notify"
    STOP = "stop"
    STOP_WATCHDOG = "stop-watchdog"
    STOP_SIGTERM = "stop-sigterm"
    STOP_SIGKILL = "stop-sigkill"
    STOP_POST = "stop-post"
    FINAL_WATCHDOG = "final-watchdog"
    FINAL_SIGTERM = "final-sigterm"
    FINAL_SIGKILL = "final-sigkill"
    FAILED = "failed"
    DEAD_BEFORE_AUTO_RESTART = "dead-before-auto-restart"
    FAILED_BEFORE_AUTO_RESTART = "failed-before-auto-restart"
    DEAD_RESOURCES_PINNED = "dead-resources-pinned"
    AUTO_RESTART = "auto-restart"
    AUTO_RESTART_QUEUED = "auto-restart-queued"
    CLEANING = "cleaning"
    ACTIVE = "active"               # targets


class Result(Word):
    """Result= of a service."""

    SUCCESS = "success"
    RESOURCES = "resources"
    PROTOCOL = "protocol"
    TIMEOUT = "timeout"
    EXIT_CODE = "exit-code"
    SIGNAL = "signal"
    CORE_DUMP = "core-dump"
    WATCHDOG = "watchdog"
    START_LIMIT_HIT = "start-limit-hit"
    OOM_KILL = "oom-kill"
    EXEC_CONDITION = "exec-condition"


class JobType(Word):
    START = "start"
    VERIFY_ACTIVE = "verify-active"
    STOP = "stop"
    RELOAD = "reload"
    RESTART = "restart"
    NOP = "nop"
    # collapse into one of the above when the job is put in the queue
    TRY_RESTART = "try-restart"
    TRY_RELOAD = "try-reload"
    RELOAD_OR_START = "reload-or-start"


class JobMode(Word):
    FAIL = "fail"
    REPLACE = "replace"
    REPLACE_IRREVERSIBLY = "replace-irreversibly"
    ISOLATE = "isolate"
    FLUSH = "flush"
    IGNORE_DEPENDENCIES = "ignore-dependencies"
    IGNORE_REQUIREMENTS = "ignore-requirements"
    TRIGGERING = "triggering"
    RESTART_DEPENDENCIES = "restart-dependencies"


class JobState(Word):
    WAITING = "waiting"
    RUNNING = "running"


class JobResult(Word):
    DONE = "done"
    CANCELED = "canceled"
    TIMEOUT = "timeout"
    FAILED = "failed"
    DEPENDENCY = "dependency"
    SKIPPED = "skipped"             # already so, or a negative ExecCondition=
    INVALID = "invalid"             # reload of an inactive unit
    ASSERT = "assert"
    UNSUPPORTED = "unsupported"
    COLLECTED = "collected"
    ONCE = "once"


class Role(Word):
    """Which of a unit's two tracked processes a spawn or an exit is about."""

    MAIN = "main"
    CONTROL = "control"
