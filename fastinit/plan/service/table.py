"""What a service does next: pure tables; no I/O, no clock, no unit.

In:  (Sub, Ev), in START also Type=.   Out: Step: which state to enter, with which result, and what to say.
Every pair of a sub-state and an event stands either in STEPS (or START_STEPS) or in IGNORED with the reason; a test holds us
to it.
Source: systemd.service(5); SubState names as `systemctl show` prints them.
"""

from __future__ import annotations

from enum import Enum
from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

from fastinit.plan.states import Active, Result, Sub


class Ev(Enum):
    """What can happen to a service, after the circumstances (is another process left? what does Timeout…FailureMode= say?)
    have been made part of the event."""

    START = "a start job"
    STOP = "a stop job"
    RELOAD = "a reload job"
    EXECED = "the main process runs its program"
    SPAWNED = "the main process exists, its program could not be executed"
    SPAWN_FAILED = "no process could be made"
    CONTROL_OK = "the last control command of the state has succeeded"
    CONTROL_BAD = "a control command has failed"
    MAIN_OK = "the main process has ended well, no control process is left"
    MAIN_BAD = "the main process has failed, no control process is left"
    MAIN_LEFT = "the main process has ended, a control process still runs"
    GONE = "no process of the unit is left"
    PID = "the main process of a forking service is known"
    NO_PID = "it is not known"
    PID_FILE = "PIDFile= may have been written"
    READY = "READY=1"
    RELOADING = "RELOADING=1"
    STOPPING = "STOPPING=1"
    WATCHDOG = "no WATCHDOG=1 in time, or WATCHDOG=trigger"
    RUNTIME = "RuntimeMaxSec= is over"
    TERMINATE = "the state's time is over; next is SIGTERM"
    ABORT = "the state's time is over; next is WatchdogSignal="
    KILL = "the state's time is over; next is SIGKILL"
    GIVE_UP = "the state's time is over; next would be SIGKILL, but SendSIGKILL=no"


class Go(Enum):
    """Where to go; service.py has one method per name."""

    CONDITION = "condition"
    START_PRE = "start_pre"
    START = "start"
    FIND_MAIN = "find_main"         # forking: read PIDFile=, or guess; then start-post
    READ_PID = "read_pid"
    FIND_MAIN_LATE = "find_main_late"   # the same after ExecStartPost=, which may have written it; then running
    AWAIT_PID = "await_pid"         # watch PIDFile= until it is there
    START_POST = "start_post"
    RUNNING = "running"             # or exited, or stop, whatever is true
    RELOAD = "reload"
    RELOADED = "reloaded"           # back to running, or on to reload-notify
    RELOAD_FAILED = "reload_failed"
    RELOAD_TIMEOUT = "reload_timeout"
    RELOAD_NOTIFY = "reload_notify"
    RELOAD_BY_NOTIFY = "reload_by_notify"
    STOP = "stop"
    STOP_BY_NOTIFY = "stop_by_notify"
    STOP_WATCHDOG = "stop_watchdog"
    STOP_SIGTERM = "stop_sigterm"
    STOP_SIGKILL = "stop_sigkill"
    STOP_POST = "stop_post"
    FINAL_WATCHDOG = "final_watchdog"
    FINAL_SIGTERM = "final_sigterm"
    FINAL_SIGKILL = "final_sigkill"
    DEAD = "dead"
    DEAD_FOR_GOOD = "dead_for_good"     # Restart= does not apply
    QUEUE_RESTART = "queue_restart"
    FORGET_RESTART = "forget_restart"


class Step(NamedTuple):
    """result: taken unless an earlier one stands; None = that of the event. log: a line of priority 4."""

    go: Go
    result: Optional[Result] = None
    log: str = ""


# ---- states ----

ACTIVE_OF: Dict[Sub, Active] = {
    Sub.DEAD:                       Active.INACTIVE,
    Sub.DEAD_RESOURCES_PINNED:      Active.INACTIVE,
    Sub.CONDITION:                  Active.ACTIVATING,
    Sub.START_PRE:                  Active.ACTIVATING,
    Sub.START:                      Active.ACTIVATING,
    Sub.START_POST:                 Active.ACTIVATING,
    Sub.RUNNING:                    Active.ACTIVE,
    Sub.EXITED:                     Active.ACTIVE,
    Sub.RELOAD:                     Active.RELOADING,
    Sub.RELOAD_SIGNAL:              Active.RELOADING,
    Sub.RELOAD_NOTIFY:              Active.RELOADING,
    Sub.STOP:                       Active.DEACTIVATING,
    Sub.STOP_WATCHDOG:              Active.DEACTIVATING,
    Sub.STOP_SIGTERM:               Active.DEACTIVATING,
    Sub.STOP_SIGKILL:               Active.DEACTIVATING,
    Sub.STOP_POST:                  Active.DEACTIVATING,
    Sub.FINAL_WATCHDOG:             Active.DEACTIVATING,
    Sub.FINAL_SIGTERM:              Active.DEACTIVATING,
    Sub.FINAL_SIGKILL:              Active.DEACTIVATING,
    Sub.FAILED:                     Active.FAILED,
    Sub.DEAD_BEFORE_AUTO_RESTART:   Active.INACTIVE,
    Sub.FAILED_BEFORE_AUTO_RESTART: Active.FAILED,
    Sub.AUTO_RESTART:               Active.ACTIVATING,
    Sub.AUTO_RESTART_QUEUED:        Active.ACTIVATING,
}

DOWN = (Sub.DEAD, Sub.DEAD_RESOURCES_PINNED, Sub.FAILED)
STARTING = (Sub.CONDITION, Sub.START_PRE, Sub.START, Sub.START_POST)
RELOADS = (Sub.RELOAD, Sub.RELOAD_SIGNAL, Sub.RELOAD_NOTIFY)
STOP_SIGNALS = (Sub.STOP_WATCHDOG, Sub.STOP_SIGTERM, Sub.STOP_SIGKILL)
FINAL_SIGNALS = (Sub.FINAL_WATCHDOG, Sub.FINAL_SIGTERM, Sub.FINAL_SIGKILL)
STOPPING = (Sub.STOP, *STOP_SIGNALS, Sub.STOP_POST, *FINAL_SIGNALS)
WAITING_TO_RESTART = (Sub.AUTO_RESTART, Sub.AUTO_RESTART_QUEUED)
PASSING = (Sub.DEAD_BEFORE_AUTO_RESTART, Sub.FAILED_BEFORE_AUTO_RESTART)   # left in the same breath
# A unit of Type=idle waits for all others, so nobody may wait for it: it counts as up from the beginning.
ACTIVE_OF_IDLE = {**ACTIVE_OF, **{sub: Active.ACTIVE for sub in STARTING}}
WATCHED_BY_WATCHDOG = frozenset({Sub.START_POST, Sub.RUNNING, *RELOADS})
STATES = tuple(ACTIVE_OF)

# ---- state × event ----

STEPS: Dict[Tuple[Sub, Ev], Step] = {
    (Sub.DEAD,            Ev.START):        Step(Go.CONDITION),
    (Sub.DEAD_RESOURCES_PINNED, Ev.START):  Step(Go.CONDITION),
    (Sub.FAILED,          Ev.START):        Step(Go.CONDITION),
    (Sub.AUTO_RESTART_QUEUED, Ev.START):    Step(Go.CONDITION),

    (Sub.CONDITION,       Ev.CONTROL_OK):   Step(Go.START_PRE),
    (Sub.CONDITION,       Ev.CONTROL_BAD):  Step(Go.STOP_SIGTERM),
    (Sub.CONDITION,       Ev.SPAWN_FAILED): Step(Go.STOP_SIGTERM, Result.RESOURCES),
    (Sub.START_PRE,       Ev.CONTROL_OK):   Step(Go.START),
    (Sub.START_PRE,       Ev.CONTROL_BAD):  Step(Go.STOP_SIGTERM),
    (Sub.START_PRE,       Ev.SPAWN_FAILED): Step(Go.STOP_SIGTERM, Result.RESOURCES),
    (Sub.START,           Ev.SPAWN_FAILED): Step(Go.STOP_SIGTERM, Result.RESOURCES),

    (Sub.START_POST,      Ev.CONTROL_OK):   Step(Go.FIND_MAIN_LATE),
    (Sub.START_POST,      Ev.CONTROL_BAD):  Step(Go.STOP_SIGTERM),
    (Sub.START_POST,      Ev.SPAWN_FAILED): Step(Go.STOP, Result.RESOURCES),
    (Sub.START_POST,      Ev.MAIN_OK):      Step(Go.STOP),          # without a main process it cannot come up
    (Sub.START_POST,      Ev.MAIN_BAD):     Step(Go.STOP),
    (Sub.START_POST,      Ev.PID):          Step(Go.RUNNING),
    (Sub.START_POST,      Ev.NO_PID):       Step(Go.AWAIT_PID),
    (Sub.START_POST,      Ev.PID_FILE):     Step(Go.READ_PID),
    (Sub.START_POST,      Ev.GONE):         Step(Go.STOP, Result.PROTOCOL, "Daemon never wrote its PID file. Failing."),

    (Sub.RUNNING,         Ev.RELOAD):       Step(Go.RELOAD),
    (Sub.RUNNING,         Ev.STOP):         Step(Go.STOP),
    (Sub.RUNNING,         Ev.MAIN_OK):      Step(Go.RUNNING),
    (Sub.RUNNING,         Ev.MAIN_BAD):     Step(Go.RUNNING),
    (Sub.RUNNING,         Ev.GONE):         Step(Go.RUNNING),
    (Sub.RUNNING,         Ev.RELOADING):    Step(Go.RELOAD_BY_NOTIFY),
    (Sub.RUNNING,         Ev.STOPPING):     Step(Go.STOP_BY_NOTIFY),
    (Sub.RUNNING,         Ev.RUNTIME):      Step(Go.STOP, Result.TIMEOUT, "Service reached runtime time limit. Stopping."),
    (Sub.EXITED,          Ev.RELOAD):       Step(Go.RELOAD),
    (Sub.EXITED,          Ev.STOP):         Step(Go.STOP),

    (Sub.RELOAD,          Ev.CONTROL_OK):   Step(Go.RELOADED),
    (Sub.RELOAD,          Ev.CONTROL_BAD):  Step(Go.RELOAD_FAILED),
    (Sub.RELOAD,          Ev.SPAWN_FAILED): Step(Go.RELOAD_FAILED, Result.RESOURCES),
    (Sub.RELOAD,          Ev.PID):          Step(Go.RUNNING),
    (Sub.RELOAD,          Ev.NO_PID):       Step(Go.RUNNING),
    (Sub.RELOAD_SIGNAL,   Ev.RELOADING):    Step(Go.RELOAD_NOTIFY),
    (Sub.RELOAD_SIGNAL,   Ev.READY):        Step(Go.RUNNING),       # RELOADING=1 and READY=1 in one message
    (Sub.RELOAD_NOTIFY,   Ev.READY):        Step(Go.RUNNING),

    (Sub.STOP,            Ev.CONTROL_OK):   Step(Go.STOP_SIGTERM),
    (Sub.STOP,            Ev.CONTROL_BAD):  Step(Go.STOP_SIGTERM),
    (Sub.STOP,            Ev.SPAWN_FAILED): Step(Go.STOP_SIGTERM, Result.RESOURCES),
    (Sub.STOP,            Ev.TERMINATE):    Step(Go.STOP_SIGTERM, Result.TIMEOUT, "Stopping timed out. Terminating."),
    (Sub.STOP,            Ev.ABORT):        Step(Go.STOP_WATCHDOG, Result.TIMEOUT, "Stopping timed out. Aborting."),
    (Sub.STOP,            Ev.KILL):         Step(Go.STOP_SIGKILL, Result.TIMEOUT, "Stopping timed out. Killing."),
    (Sub.STOP,            Ev.GIVE_UP):      Step(Go.STOP_POST, Result.TIMEOUT, "Stopping timed out. Skipping SIGKILL."),
    (Sub.STOP_WATCHDOG,   Ev.STOP):         Step(Go.STOP_SIGTERM),
    (Sub.STOP_WATCHDOG,   Ev.KILL):         Step(Go.STOP_SIGKILL, Result.TIMEOUT, "State 'stop-watchdog' timed out. Killing."),
    (Sub.STOP_WATCHDOG,   Ev.GIVE_UP):      Step(Go.STOP_POST, Result.TIMEOUT,
                                                 "State 'stop-watchdog' timed out. Skipping SIGKILL."),
    (Sub.STOP_SIGTERM,    Ev.ABORT):        Step(Go.STOP_WATCHDOG, Result.TIMEOUT, "State 'stop-sigterm' timed out. Aborting."),
    (Sub.STOP_SIGTERM,    Ev.KILL):         Step(Go.STOP_SIGKILL, Result.TIMEOUT, "State 'stop-sigterm' timed out. Killing."),
    (Sub.STOP_SIGTERM,    Ev.GIVE_UP):      Step(Go.STOP_POST, Result.TIMEOUT,
                                                 "State 'stop-sigterm' timed out. Skipping SIGKILL."),
    # not even SIGKILL ends a process that hangs in the kernel: go on without it
    (Sub.STOP_SIGKILL,    Ev.KILL):         Step(Go.STOP_POST, Result.TIMEOUT, "Processes still around after SIGKILL. Ignoring."),
    (Sub.STOP_POST,       Ev.CONTROL_OK):   Step(Go.FINAL_SIGTERM),
    (Sub.STOP_POST,       Ev.CONTROL_BAD):  Step(Go.FINAL_SIGTERM),
    (Sub.STOP_POST,       Ev.SPAWN_FAILED): Step(Go.FINAL_SIGTERM, Result.RESOURCES),
    (Sub.STOP_POST,       Ev.TERMINATE):    Step(Go.FINAL_SIGTERM, Result.TIMEOUT, "State 'stop-post' timed out. Terminating."),
    (Sub.STOP_POST,       Ev.ABORT):        Step(Go.FINAL_WATCHDOG, Result.TIMEOUT, "State 'stop-post' timed out. Aborting."),
    (Sub.STOP_POST,       Ev.KILL):         Step(Go.FINAL_SIGKILL, Result.TIMEOUT, "State 'stop-post' timed out. Killing."),
    (Sub.STOP_POST,       Ev.GIVE_UP):      Step(Go.DEAD_FOR_GOOD, Result.TIMEOUT,
                                                 "State 'stop-post' timed out. Skipping SIGKILL. Entering failed mode."),
    (Sub.FINAL_WATCHDOG,  Ev.KILL):         Step(Go.FINAL_SIGKILL, Result.TIMEOUT, "State 'final-watchdog' timed out. Killing."),
    (Sub.FINAL_WATCHDOG,  Ev.GIVE_UP):      Step(Go.DEAD_FOR_GOOD, Result.TIMEOUT,
                                                 "State 'final-watchdog' timed out. Skipping SIGKILL. Entering failed mode."),
    (Sub.FINAL_SIGTERM,   Ev.ABORT):        Step(Go.FINAL_WATCHDOG, Result.TIMEOUT, "State 'final-sigterm' timed out. Aborting."),
    (Sub.FINAL_SIGTERM,   Ev.KILL):         Step(Go.FINAL_SIGKILL, Result.TIMEOUT, "State 'final-sigterm' timed out. Killing."),
    (Sub.FINAL_SIGTERM,   Ev.GIVE_UP):      Step(Go.DEAD_FOR_GOOD, Result.TIMEOUT,
                                                 "State 'final-sigterm' timed out. Skipping SIGKILL. Entering failed mode."),
    (Sub.FINAL_SIGKILL,   Ev.KILL):         Step(Go.DEAD, Result.TIMEOUT,
                                                 "Processes still around after final SIGKILL. Entering failed mode."),

    (Sub.AUTO_RESTART,        Ev.STOP):      Step(Go.FORGET_RESTART),
    (Sub.AUTO_RESTART_QUEUED, Ev.STOP):      Step(Go.FORGET_RESTART),
    (Sub.AUTO_RESTART,        Ev.TERMINATE): Step(Go.QUEUE_RESTART),    # the timer is RestartSec=
}


def _rows(subs: Tuple[Sub, ...], ev: Ev, go: Go, result: Optional[Result] = None, log: str = "") -> None:
    for sub in subs:
        assert (sub, ev) not in STEPS, f"decided twice: {sub}, {ev}"
        STEPS[sub, ev] = Step(go, result, log.format(sub.value))


# Rows that are the same for a group of states.
_rows(STARTING, Ev.STOP, Go.STOP_SIGTERM)           # ExecStop= is only for what has come up
_rows(RELOADS, Ev.STOP, Go.STOP_SIGTERM)
_rows(STARTING, Ev.TERMINATE, Go.STOP_SIGTERM, Result.TIMEOUT, "{} operation timed out. Terminating.")
_rows(STARTING, Ev.ABORT, Go.STOP_WATCHDOG, Result.TIMEOUT, "{} operation timed out. Aborting.")
_rows(STARTING, Ev.KILL, Go.STOP_SIGKILL, Result.TIMEOUT, "{} operation timed out. Killing.")
_rows(STARTING, Ev.GIVE_UP, Go.STOP_POST, Result.TIMEOUT, "{} operation timed out. Skipping SIGKILL.")
_rows(RELOADS, Ev.TERMINATE, Go.RELOAD_TIMEOUT, Result.TIMEOUT, "Reload operation timed out. Killing reload process.")
_rows(RELOADS, Ev.MAIN_OK, Go.STOP)                 # nothing is left that could be reloaded
_rows(RELOADS, Ev.MAIN_BAD, Go.STOP)
_rows(RELOADS, Ev.GONE, Go.RUNNING)
_rows((Sub.START_POST, Sub.RUNNING, *RELOADS), Ev.WATCHDOG, Go.STOP_WATCHDOG, Result.WATCHDOG)
_rows(STOP_SIGNALS, Ev.CONTROL_OK, Go.STOP_POST)
_rows(STOP_SIGNALS, Ev.CONTROL_BAD, Go.STOP_POST)
_rows(STOP_SIGNALS, Ev.MAIN_OK, Go.STOP_POST)
_rows(STOP_SIGNALS, Ev.MAIN_BAD, Go.STOP_POST)
_rows(STOP_SIGNALS, Ev.SPAWN_FAILED, Go.STOP_POST)  # the process that was being made as the stop came
_rows(STOP_SIGNALS, Ev.GONE, Go.STOP_POST)
_rows(FINAL_SIGNALS, Ev.CONTROL_OK, Go.DEAD)
_rows(FINAL_SIGNALS, Ev.CONTROL_BAD, Go.DEAD)
_rows(FINAL_SIGNALS, Ev.MAIN_OK, Go.DEAD)
_rows(FINAL_SIGNALS, Ev.MAIN_BAD, Go.DEAD)
_rows(FINAL_SIGNALS, Ev.SPAWN_FAILED, Go.DEAD)
_rows(FINAL_SIGNALS, Ev.GONE, Go.DEAD)

# START means something else for each Type=.
START_STEPS: Dict[Tuple[str, Ev], Step] = {
    ("simple",  Ev.EXECED):     Step(Go.START_POST),
    ("simple",  Ev.SPAWNED):    Step(Go.START_POST),        # as after fork: that exec fails is found out later
    ("simple",  Ev.MAIN_OK):    Step(Go.RUNNING),
    ("simple",  Ev.MAIN_BAD):   Step(Go.RUNNING),
    ("exec",    Ev.EXECED):     Step(Go.START_POST),
    ("exec",    Ev.MAIN_OK):    Step(Go.RUNNING),
    ("exec",    Ev.MAIN_BAD):   Step(Go.RUNNING),
    ("oneshot", Ev.MAIN_OK):    Step(Go.START_POST),
    ("oneshot", Ev.MAIN_BAD):   Step(Go.STOP_SIGTERM),
    ("notify",  Ev.READY):      Step(Go.START_POST),
    ("notify",  Ev.MAIN_OK):    Step(Go.STOP_SIGTERM, Result.PROTOCOL),     # gone without READY=1
    ("notify",  Ev.MAIN_BAD):   Step(Go.STOP_SIGTERM),
    ("notify",  Ev.GONE):       Step(Go.STOP_SIGTERM, Result.PROTOCOL),     # RemainAfterExit=yes, and nobody can say it any more
    ("forking", Ev.CONTROL_OK): Step(Go.FIND_MAIN),
    ("forking", Ev.CONTROL_BAD): Step(Go.STOP_SIGTERM),
    ("forking", Ev.PID):        Step(Go.START_POST),
    ("forking", Ev.NO_PID):     Step(Go.AWAIT_PID),
    ("forking", Ev.PID_FILE):   Step(Go.READ_PID),
    ("forking", Ev.MAIN_OK):    Step(Go.RUNNING),           # found, and gone before its file was read again
    ("forking", Ev.MAIN_BAD):   Step(Go.RUNNING),
    ("forking", Ev.GONE):       Step(Go.STOP_SIGTERM, Result.PROTOCOL, "Daemon never wrote its PID file. Failing."),
}
# Type= -> its rows above.
START_TYPE = {"simple": "simple", "idle": "simple", "dbus": "simple", "exec": "exec", "oneshot": "oneshot",
              "notify": "notify", "notify-reload": "notify", "forking": "forking"}

_UP_OR_STARTING = (*STARTING, Sub.RUNNING, Sub.EXITED, *RELOADS)
_NO_MAIN = (*DOWN, *PASSING, *WAITING_TO_RESTART)
_TIMES = (Ev.TERMINATE, Ev.ABORT, Ev.KILL, Ev.GIVE_UP)

# Legal, and nothing happens; anything else is a bug.
_IGNORED_ROWS: Tuple[Tuple[Tuple[Sub, ...], Tuple[Ev, ...], str], ...] = (
    (STARTING, (Ev.START,), "the start goes on"),
    ((Sub.RUNNING, Sub.EXITED, *RELOADS), (Ev.START,), "it is up"),
    (STOPPING, (Ev.START,), "the job waits for the end of the stop"),
    ((Sub.AUTO_RESTART,), (Ev.START,), "the job waits for RestartSec="),
    (PASSING, tuple(Ev), "left in the same breath as entered"),
    ((Sub.STOP, Sub.STOP_SIGTERM, Sub.STOP_SIGKILL, Sub.STOP_POST, *FINAL_SIGNALS), (Ev.STOP,), "the stop goes on"),
    (DOWN, (Ev.STOP,), "it is down"),
    ((*STARTING, *RELOADS, *STOPPING, *_NO_MAIN), (Ev.RELOAD,), "the job waits, or is refused"),
    ((*_NO_MAIN, Sub.EXITED), (Ev.EXECED, Ev.SPAWNED), "nothing was being made"),
    ((*_NO_MAIN, Sub.RUNNING, Sub.EXITED), (Ev.SPAWN_FAILED,), "nothing was being made"),
    ((Sub.CONDITION, Sub.START_PRE, Sub.START_POST, Sub.RUNNING, *RELOADS, *STOPPING), (Ev.EXECED, Ev.SPAWNED),
     "only START waits for the main process to exist; a stop signals it when it does"),
    ((Sub.RELOAD_SIGNAL, Sub.RELOAD_NOTIFY), (Ev.SPAWN_FAILED,), "no control command belongs to it"),
    ((Sub.RUNNING, Sub.EXITED, Sub.RELOAD_SIGNAL, Sub.RELOAD_NOTIFY, *_NO_MAIN), (Ev.CONTROL_OK, Ev.CONTROL_BAD),
     "a control process that was given up"),
    ((Sub.CONDITION, Sub.START_PRE, Sub.STOP, Sub.STOP_POST), (Ev.MAIN_OK, Ev.MAIN_BAD),
     "the control command of the state decides when it is over"),
    ((*_NO_MAIN, Sub.EXITED), (Ev.MAIN_OK, Ev.MAIN_BAD), "it was given up"),
    (STATES, (Ev.MAIN_LEFT,), "wait for the control process"),
    ((Sub.CONDITION, Sub.START_PRE, Sub.EXITED, Sub.STOP, Sub.STOP_POST, *_NO_MAIN), (Ev.GONE,), "nobody waits for it"),
    ((Sub.CONDITION, Sub.START_PRE, Sub.RUNNING, Sub.EXITED, Sub.RELOAD_SIGNAL, Sub.RELOAD_NOTIFY, *STOPPING, *_NO_MAIN),
     (Ev.PID, Ev.NO_PID), "nobody waits for it"),
    (tuple(sub for sub in STATES if sub not in (Sub.START, Sub.START_POST)), (Ev.PID_FILE,), "nobody waits for it"),
    (tuple(sub for sub in STATES if sub not in (Sub.START, Sub.RELOAD_SIGNAL, Sub.RELOAD_NOTIFY)), (Ev.READY,),
     "remembered in notify_state, where it matters"),
    (tuple(sub for sub in STATES if sub not in (Sub.RUNNING, Sub.RELOAD_SIGNAL)), (Ev.RELOADING,), "remembered in notify_state"),
    (tuple(sub for sub in STATES if sub is not Sub.RUNNING), (Ev.STOPPING,), "remembered in stop_asked"),
    (tuple(sub for sub in STATES if sub not in WATCHED_BY_WATCHDOG), (Ev.WATCHDOG,), "the watchdog is off"),
    (tuple(sub for sub in STATES if sub is not Sub.RUNNING), (Ev.RUNTIME,), "it has been off since the state was left"),
    ((*DOWN, Sub.RUNNING, Sub.EXITED, Sub.AUTO_RESTART_QUEUED), _TIMES, "has no time limit of this kind"),
    ((*RELOADS, Sub.AUTO_RESTART), (Ev.ABORT, Ev.KILL, Ev.GIVE_UP), "its time limit has one outcome"),
    ((Sub.STOP_WATCHDOG, Sub.FINAL_WATCHDOG), (Ev.TERMINATE, Ev.ABORT), "that was the step before"),
    ((Sub.STOP_SIGTERM, Sub.FINAL_SIGTERM), (Ev.TERMINATE,), "that was this step"),
    ((Sub.STOP_SIGKILL, Sub.FINAL_SIGKILL), (Ev.TERMINATE, Ev.ABORT, Ev.GIVE_UP), "nothing is stronger"),
    # START, by Type=
    ((Sub.START,), (Ev.EXECED, Ev.SPAWNED, Ev.CONTROL_OK, Ev.CONTROL_BAD, Ev.MAIN_OK, Ev.MAIN_BAD, Ev.GONE, Ev.PID, Ev.NO_PID,
                    Ev.PID_FILE, Ev.READY), "not what this Type= waits for"),
)
IGNORED: Dict[Tuple[Sub, Ev], str] = {}
for _subs, _evs, _why in _IGNORED_ROWS:
    for _sub in _subs:
        for _ev in _evs:
            if _sub not in PASSING or _why.startswith("left"):
                IGNORED.setdefault((_sub, _ev), _why)


def step_of(sub: Sub, type: str, ev: Ev) -> Optional[Step]:
    """None: nothing happens. Raises KeyError for a pair that nobody has thought of: a bug."""
    if sub is Sub.START:
        step = START_STEPS.get((START_TYPE[type], ev))
        if step is not None:
            return step
    found = STEPS.get((sub, ev))
    if found is None and (sub, ev) not in IGNORED:
        raise KeyError(f"no row for {sub} and {ev}")
    return found


# ---- Restart= ----

_FAILURES = frozenset(Result) - {Result.SUCCESS, Result.EXEC_CONDITION, Result.START_LIMIT_HIT}
RESTARTS: Dict[str, FrozenSet[Result]] = {
    "no":          frozenset(),
    "always":      _FAILURES | {Result.SUCCESS},
    "on-success":  frozenset({Result.SUCCESS}),
    "on-failure":  _FAILURES,
    "on-abnormal": _FAILURES - {Result.EXIT_CODE},
    "on-watchdog": frozenset({Result.WATCHDOG}),
    "on-abort":    frozenset({Result.SIGNAL, Result.CORE_DUMP}),
}

# ---- time limits ----

# state -> (which limit, which failure mode): "start" TimeoutStartSec=, "stop" TimeoutStopSec=, "abort" TimeoutAbortSec=
LIMITS: Dict[Sub, str] = {
    **{sub: "start" for sub in (*STARTING, *RELOADS)},
    Sub.STOP: "stop", Sub.STOP_SIGTERM: "stop", Sub.STOP_SIGKILL: "stop", Sub.STOP_POST: "stop",
    Sub.FINAL_SIGTERM: "stop", Sub.FINAL_SIGKILL: "stop", Sub.STOP_WATCHDOG: "abort", Sub.FINAL_WATCHDOG: "abort",
}
# After SIGTERM comes SIGKILL, unless the failure mode asks for a core dump first; after that only SIGKILL.
AFTER_TIMEOUT: Dict[Tuple[str, str], Ev] = {
    ("first", "terminate"): Ev.TERMINATE, ("first", "abort"): Ev.ABORT, ("first", "kill"): Ev.KILL,
    ("signalled", "terminate"): Ev.KILL,  ("signalled", "abort"): Ev.ABORT, ("signalled", "kill"): Ev.KILL,
    ("aborted", "terminate"): Ev.KILL,    ("aborted", "abort"): Ev.KILL, ("aborted", "kill"): Ev.KILL,
}
STAGE: Dict[Sub, str] = {
    **{sub: "first" for sub in (*STARTING, Sub.STOP, Sub.STOP_POST)},
    Sub.STOP_SIGTERM: "signalled", Sub.FINAL_SIGTERM: "signalled",
    Sub.STOP_WATCHDOG: "aborted", Sub.FINAL_WATCHDOG: "aborted",
}


def timeout_event(sub: Sub, failure_mode: str, send_sigkill: bool) -> Ev:
    """What the end of a state's time means."""
    if sub in (*RELOADS, Sub.AUTO_RESTART):
        return Ev.TERMINATE
    if sub in (Sub.STOP_SIGKILL, Sub.FINAL_SIGKILL):
        return Ev.KILL
    ev = AFTER_TIMEOUT[STAGE[sub], failure_mode]
    return Ev.GIVE_UP if ev is Ev.KILL and not send_sigkill else ev
