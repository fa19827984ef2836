"""What a benchmark is: one question, asked of each peer in each of its cases.

In:  a Peer, a Case.   Out: an Answer: numbers by metric, and lifetimes for the pictures.
A question is a module with a QUESTION; __main__ asks it. Never: prints, or keeps anything between two peers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from benchmarks.peers import Peer


class Metric(NamedTuple):
    """One number of an answer. `less` = less is better; `ratio` = told against the references too."""

    key: str
    title: str
    unit: str
    scale: float = 1.0          # answer / scale is what is shown in `unit`
    less: bool = True
    ratio: bool = True


class Case(NamedTuple):
    """The load of one measurement, e.g. 1,000 orphans a second. `x` is its place on the picture's axis."""

    name: str
    x: float


class Answer(NamedTuple):
    values: Dict[str, float]
    lifetimes: Sequence[int] = ()   # ns, in rising order


class Question(NamedTuple):
    """can: None when the peer can be asked, else why not (one or two words for the table)."""

    name: str
    title: str
    metrics: Tuple[Metric, ...]
    cases: Callable[[bool], Sequence[Case]]         # (quick) -> cases
    can: Callable[["Peer", Case], Optional[str]]
    ask: Callable[["Peer", Case, bool], Answer]     # (peer, case, quick)
    picture: Optional[Tuple[str, str]] = None       # ("ecdf", "") of lifetimes, or ("lines", metric key) over Case.x
    peers: Optional[Callable[[], Dict[str, "Peer"]]] = None     # others than peers.PEERS
    references: Tuple[str, ...] = ("tini", "systemd")           # ratios are told against these
    module: str = ""            # asked by a program of its own: python -m benchmarks.MODULE


def anybody(peer: "Peer", case: Case) -> Optional[str]:
    return None


def managers(peer: "Peer", case: Case) -> Optional[str]:
    return None if peer.restarts else "no services"


def percentile(rising: Sequence[float], share: float) -> float:
    """Nearest rank; NaN of nothing, so that nothing is never mistaken for fast."""
    if not rising:
        return float("nan")
    return float(rising[min(len(rising) - 1, int(share * len(rising)))])
