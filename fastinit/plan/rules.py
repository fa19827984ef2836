"""What each kind of dependency does to jobs: one table from kind to atoms; everybody else asks for atoms.

In:  a dependency kind, forward or reverse.   Out: its atoms; for an atom, the kinds that have it.
Never: looks at a unit or a job.
Source: systemd.unit(5), "[Unit] Section Options"; the split into atoms is systemd's own.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import Dict, Tuple


class Atom(Flag):
    """One consequence of a dependency of unit U on unit D (read "U has D as …")."""

    __hash__ = object.__hash__          # enum's own is Python code that hashes the name; each member exists once all the same

    NOTHING = 0
    PULL_IN_START = auto()              # starting U starts D; when that cannot be queued, U is not started either
    PULL_IN_START_IGNORED = auto()      # starting U starts D, if possible
    PULL_IN_VERIFY = auto()             # starting U needs D active already
    PULL_IN_STOP = auto()               # starting U stops D
    PULL_IN_STOP_IGNORED = auto()       # starting U stops D, if possible
    PROPAGATE_STOP = auto()             # stopping U stops D
    PROPAGATE_STOP_GRACEFUL = auto()    # stopping U stops D, or restarts D where the same transaction wants D up
    PROPAGATE_RESTART = auto()          # restarting U restarts D if D is up
    PROPAGATE_RELOAD = auto()           # reloading U reloads D if D is up
    PROPAGATE_START_FAILURE = auto()    # a failed start job of U fails the start job of D
    PROPAGATE_INACTIVE_START = auto()   # so does one that succeeds without U being active
    PROPAGATE_STOP_FAILURE = auto()     # a failed stop job of U fails the start job of D
    RETROACTIVE_START_REPLACE = auto()  # U came up without a job: start D
    RETROACTIVE_START_FAIL = auto()     # the same, unless another job is in the way
    RETROACTIVE_STOP_ON_START = auto()  # U came up without a job: stop D
    RETROACTIVE_STOP_ON_STOP = auto()   # U went down without a job: stop D
    CANNOT_BE_ACTIVE_WITHOUT = auto()   # U must not stay up when D is down
    CHECK_BOUND = auto()                # when U changes, see whether D is up without something that it is bound to
    CHECK_UNNEEDED = auto()             # when U changes, see whether D is still needed
    CHECK_UPHELD = auto()               # when U changes, see whether D has to be started
    PINS = auto()                       # U is needed (StopWhenUnneeded=) while D is up
    START_STEADILY = auto()             # U is started whenever D is up and U is not
    ON_FAILURE = auto()
    ON_SUCCESS = auto()
    TRIGGERS = auto()
    TRIGGERED_BY = auto()
    BEFORE = auto()
    AFTER = auto()


_NEEDS = Atom.CHECK_UNNEEDED
_NEEDED = Atom.PROPAGATE_STOP | Atom.PROPAGATE_RESTART | Atom.PROPAGATE_START_FAILURE | Atom.PINS

ATOMS: Dict[str, Atom] = {
    "Requires":       Atom.PULL_IN_START | Atom.RETROACTIVE_START_REPLACE | _NEEDS,
    "Requisite":      Atom.PULL_IN_VERIFY | _NEEDS,
    "Wants":          Atom.PULL_IN_START_IGNORED | Atom.RETROACTIVE_START_FAIL | _NEEDS,
    "BindsTo":        (Atom.PULL_IN_START | Atom.RETROACTIVE_START_REPLACE | Atom.CANNOT_BE_ACTIVE_WITHOUT
                       | Atom.CHECK_BOUND | _NEEDS),
    "PartOf":         Atom.NOTHING,
    "Upholds":        Atom.PULL_IN_START_IGNORED | Atom.RETROACTIVE_START_REPLACE | Atom.CHECK_UPHELD | _NEEDS,
    "Conflicts":      Atom.PULL_IN_STOP | Atom.RETROACTIVE_STOP_ON_START,
    "PropagatesReloadTo": Atom.PROPAGATE_RELOAD,
    "PropagatesStopTo":   Atom.PROPAGATE_STOP_GRACEFUL | Atom.RETROACTIVE_STOP_ON_STOP,
    "OnFailure":      Atom.ON_FAILURE,
    "OnSuccess":      Atom.ON_SUCCESS,
    "Triggers":       Atom.TRIGGERS,
    "Before":         Atom.BEFORE,
    "After":          Atom.AFTER,
    "JoinsNamespaceOf":     Atom.NOTHING,       # answered by run/, when it makes the namespaces
    # the same dependencies seen from the other end
    "RequiredBy":     _NEEDED,
    "RequisiteOf":    _NEEDED | Atom.PROPAGATE_INACTIVE_START,
    "WantedBy":       Atom.PINS,
    "BoundBy":        _NEEDED | Atom.RETROACTIVE_STOP_ON_STOP | Atom.CHECK_BOUND,
    "ConsistsOf":     Atom.PROPAGATE_STOP | Atom.PROPAGATE_RESTART,
    "UpheldBy":       Atom.START_STEADILY | Atom.PINS,
    "ConflictedBy":   Atom.PULL_IN_STOP_IGNORED | Atom.PROPAGATE_STOP_FAILURE,
    "ReloadPropagatedFrom": Atom.NOTHING,
    "StopPropagatedFrom":   Atom.NOTHING,
    "OnFailureOf":    Atom.NOTHING,
    "OnSuccessOf":    Atom.NOTHING,
    "TriggeredBy":    Atom.TRIGGERED_BY,
}

KINDS_WITH: Dict[Atom, Tuple[str, ...]] = {
    atom: tuple(kind for kind, atoms in ATOMS.items() if atom in atoms) for atom in Atom if atom is not Atom.NOTHING
}
