"""Which units are worth no memory any more: down, without a job, and named by nobody who is worth it.

In:  the units that have been touched since the last time (World.unsure).   Out: their records, which the world has forgotten.
How: from each back along "is named by", until somebody is found who must stay. If nobody is, all that were seen go together:
two units that only name each other must not keep each other.
Cost: what was touched, and as much of the way back as has to be walked; usually one step, to a target that is up.
Never: forgets a unit that has a job or processes, or that has failed and was not reset (CollectMode=).
Source: systemd.unit(5) "CollectMode=" and "UNIT GARBAGE COLLECTION", systemd.service(5) "FileDescriptorStorePreserve=".
"""

from __future__ import annotations

from typing import Callable, Dict, List

from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active
from fastinit.plan.world import World

Keep = Callable[[UnitRecord], bool]


def collect(world: World, keep: Keep, most: int) -> List[UnitRecord]:
    """keep: whether run/ still needs the unit; asked last, since it may have to look at processes.
    most: how many of those that have been touched are looked at."""
    gone: List[UnitRecord] = []
    while world.unsure and most > 0:
        most -= 1
        name, _ = world.unsure.popitem(last=False)
        for record in _garbage(world, name, keep):
            world.unsure.update(dict.fromkeys(world.drop(record.unit.name)))
            gone.append(record)
    return gone


def _garbage(world: World, name: str, keep: Keep) -> List[UnitRecord]:
    """The unit and all that name it; empty if one of them has to stay."""
    first = world.units.get(name)
    if first is None or must_stay(first):
        return []
    found: Dict[str, UnitRecord] = {name: first}
    todo = [first]
    while todo:
        for other in world.named_by(todo.pop().unit.name):
            if other.unit.name not in found:
                if must_stay(other):
                    return []
                found[other.unit.name] = other
                todo.append(other)
    return [] if any(map(keep, found.values())) else list(found.values())


def must_stay(record: UnitRecord) -> bool:
    """For its own sake."""
    if record.unit.perpetual or record.job is not None or record.watching_members:
        return True
    if record.active is Active.FAILED:
        return record.unit.collect_mode != "inactive-or-failed"
    return record.active is not Active.INACTIVE
