"""How wanted changes combine: merging, collapsing, redundancy and order of job types; tables, nothing else.

In:  job types, a unit's active state.   Out: job types, booleans.
Never: knows a queue or a unit.
Source: systemd's job semantics, as systemctl(1) and systemd(1) "CONCEPTS" describe them.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Optional, Tuple

from fastinit.plan.states import Active, JobResult, JobType

UP = frozenset({Active.ACTIVE, Active.RELOADING, Active.REFRESHING})
DOWN = frozenset({Active.INACTIVE, Active.FAILED})
COMING_UP = UP | {Active.ACTIVATING}
GOING_DOWN = DOWN | {Active.DEACTIVATING}

# The job that satisfies both; None: they contradict each other. The diagonal and the mirror image are implied.
MERGE: Dict[Tuple[JobType, JobType], Optional[JobType]] = {
    (JobType.VERIFY_ACTIVE, JobType.START):         JobType.START,
    (JobType.STOP,          JobType.START):         None,
    (JobType.STOP,          JobType.VERIFY_ACTIVE): None,
    (JobType.RELOAD,        JobType.START):         JobType.RELOAD_OR_START,    # see merge_for()
    (JobType.RELOAD,        JobType.VERIFY_ACTIVE): JobType.RELOAD,
    (JobType.RELOAD,        JobType.STOP):          None,
    (JobType.RESTART,       JobType.START):         JobType.RESTART,
    (JobType.RESTART,       JobType.VERIFY_ACTIVE): JobType.RESTART,
    (JobType.RESTART,       JobType.STOP):          None,
    (JobType.RESTART,       JobType.RELOAD):        JobType.RESTART,
}
MERGEABLE = (JobType.START, JobType.VERIFY_ACTIVE, JobType.STOP, JobType.RELOAD, JobType.RESTART)

# type -> (what it is for a unit that is down or going down, what it is otherwise)
COLLAPSE: Dict[JobType, Tuple[JobType, JobType]] = {
    JobType.TRY_RESTART:     (JobType.NOP,   JobType.RESTART),
    JobType.TRY_RELOAD:      (JobType.NOP,   JobType.RELOAD),
    JobType.RELOAD_OR_START: (JobType.START, JobType.RELOAD),
}

# In these states the job has nothing to do.
REDUNDANT: Dict[JobType, FrozenSet[Active]] = {
    JobType.START:         UP,
    JobType.VERIFY_ACTIVE: UP,
    JobType.STOP:          DOWN,
    JobType.RELOAD:        frozenset({Active.RELOADING}),
    JobType.RESTART:       frozenset(),     # never: somebody waits for the unit to have been down
    JobType.NOP:           frozenset(Active),
}

# A reload that runs may have read the old file already: one more is needed.
NO_LATE_MERGE = frozenset({JobType.RELOAD})

STOPPING_TYPES = frozenset({JobType.STOP, JobType.RESTART})
STARTING_TYPES = frozenset({JobType.START, JobType.VERIFY_ACTIVE})

# For the manager's line at the end of a job.
RESULT_PRIORITY: Dict[JobResult, int] = {
    JobResult.DONE: 6, JobResult.CANCELED: 6, JobResult.TIMEOUT: 3, JobResult.FAILED: 3, JobResult.DEPENDENCY: 4,
    JobResult.SKIPPED: 5, JobResult.INVALID: 6, JobResult.ASSERT: 4, JobResult.UNSUPPORTED: 4, JobResult.COLLECTED: 6,
    JobResult.ONCE: 3,
}


def merge(first: JobType, second: JobType) -> Optional[JobType]:
    """The one job for both wishes (it may have to be collapsed); None when they conflict."""
    if first is second:
        return first
    if (first, second) in MERGE:
        return MERGE[first, second]
    return MERGE[second, first]


def merge_for(first: JobType, second: JobType, active: Active) -> Optional[JobType]:
    """The same, collapsed. A start that is merged with a reload stays a start until the unit is up: that reads the file too."""
    merged = merge(first, second)
    if merged is JobType.RELOAD_OR_START:
        return JobType.RELOAD if active in UP else JobType.START
    return merged


def conflict(first: JobType, second: JobType) -> bool:
    return JobType.NOP not in (first, second) and merge(first, second) is None


def is_superset(first: JobType, second: JobType) -> bool:
    """Whoever gets the first also gets the second."""
    return merge(first, second) is first


def collapse(type: JobType, active: Active) -> JobType:
    if type not in COLLAPSE:
        return type
    down, otherwise = COLLAPSE[type]
    return down if active in GOING_DOWN else otherwise


def is_redundant(type: JobType, active: Active) -> bool:
    return active in REDUNDANT[type]


def goes_first(earlier: JobType, later: JobType) -> bool:
    """Given a unit E before a unit L in order: True when E's job must be over before L's job runs, False the other way
    round. A stop goes first, and among two stops the later unit's; a restart is a stop until that is done."""
    if JobType.NOP in (earlier, later):
        raise ValueError("a nop job has no order")
    return later not in STOPPING_TYPES
