"""What is simulated: a random graph of units, and requests at random times; both plain values, so that they can be shrunk.

In:  a seed.   Out: Scenario.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Dict, List, NamedTuple, Tuple

from fastinit.plan.states import JobMode, JobType
from fastinit.units.model import (
    USEC_INFINITY,
    Condition,
    ExecCommand,
    ExitStatusSet,
    KillContext,
    Service,
    Unit,
)

SECOND = 1_000_000
KINDS = ("Requires", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Requisite", "OnFailure", "OnSuccess",
         "PropagatesReloadTo", "PropagatesStopTo")
KIND_WEIGHTS = (10, 12, 4, 4, 1, 3, 2, 2, 1, 2, 1)
TYPES = ("simple", "exec", "forking", "oneshot", "notify", "notify-reload", "idle", "dbus")
RESTARTS = ("no", "always", "on-failure", "on-success", "on-abnormal", "on-watchdog", "on-abort")


class Op(NamedTuple):
    """One thing that is done to the engine from outside. kind: submit, cancel, crash, reload, reset, hurry."""

    at_usec: int
    kind: str
    unit: str = ""
    type: str = ""
    mode: str = ""
    chance: int = 0

    def __str__(self) -> str:
        words = " ".join(word for word in (self.kind, self.type, self.unit, self.mode) if word)
        return f"{self.at_usec / SECOND:12.6f}  {words}" + (f" #{self.chance}" if self.kind in ("crash", "cancel") else "")


class Scenario(NamedTuple):
    seed: int
    harsh: float
    units: Tuple[Unit, ...]
    ops: Tuple[Op, ...]


def make(seed: int, n_ops: int = 60) -> Scenario:
    random = Random(f"scenario {seed}")
    n_units = random.choice([1, 2, 3, 5, 8, 13, 21])
    harsh = random.choice([0.0, 0.1, 0.3, 0.6, 1.0])
    names = [f"u{index}.service" if random.random() < 0.8 else f"u{index}.target" for index in range(n_units)]
    units = tuple(_unit(random, index, names) for index in range(n_units))
    ops = _ops(random, names, n_ops)
    return Scenario(seed, harsh, units, ops)


def _unit(random: Random, index: int, names: List[str]) -> Unit:
    name = names[index]
    unit = Unit(
        name, frozenset({name}), dependencies=_dependencies(random, index, names),
        load_state=random.choice(["loaded"] * 30 + ["masked", "not-found", "bad-setting"]),
        conditions=(Condition("PathExists", "/x"),) if random.random() < 0.2 else (),
        stop_when_unneeded=random.random() < 0.1, allow_isolate=random.random() < 0.3,
        ignore_on_isolate=random.random() < 0.1, refuse_manual_start=random.random() < 0.03,
        job_timeout_usec=random.choice([USEC_INFINITY] * 8 + [3 * SECOND]), start_limit_burst=random.choice([0, 2, 5]),
        on_failure_job_mode=random.choice(["replace", "fail", "replace-irreversibly"]),
        job_running_timeout_usec=random.choice([USEC_INFINITY] * 8 + [2 * SECOND]),
        collect_mode=random.choice(["inactive", "inactive", "inactive-or-failed"]),
    )
    if name.endswith(".target"):
        return unit
    return replace(unit, service=_service(random), kill=_kill(random))


def _dependencies(random: Random, index: int, names: List[str]) -> Dict[str, Tuple[str, ...]]:
    found: Dict[str, List[str]] = {}
    for _ in range(random.randrange(4)):
        other = random.choice(names)
        if other != names[index]:
            found.setdefault(random.choices(KINDS, KIND_WEIGHTS)[0], []).append(other)
            if random.random() < 0.6:
                # mostly in the direction of the index, so that cycles are the exception
                forward = (names.index(other) < index) != (random.random() < 0.05)
                found.setdefault("After" if forward else "Before", []).append(other)
    return {kind: tuple(dict.fromkeys(others)) for kind, others in found.items()}


def _commands(random: Random, chance: float, tag: str) -> Tuple[ExecCommand, ...]:
    count = 0 if random.random() > chance else random.choice([1, 1, 2])
    return tuple(ExecCommand(f"/{tag}{index}", (tag,), random.random() < 0.2) for index in range(count))


def _span(random: Random) -> int:
    return random.choice([SECOND // 10, SECOND, 5 * SECOND, 20 * SECOND])


def _service(random: Random) -> Service:
    type = random.choice(TYPES)
    start = tuple(ExecCommand(f"/main{index}", ("main",), random.random() < 0.1) for index in
                  range(random.choice([0, 1, 2, 3]) if type == "oneshot" else 1))
    restart = random.choice(RESTARTS)
    if type == "oneshot" and restart in ("always", "on-success"):
        restart = "no"
    sets = ExitStatusSet(frozenset({random.choice([1, 3, 203])}), frozenset({random.choice([6, 11])}))
    return Service(
        type=type, exit_type=random.choice(["main"] * 6 + ["cgroup"]) if type != "forking" else "main",
        exec_condition=_commands(random, 0.1, "condition"), exec_start_pre=_commands(random, 0.2, "pre"), exec_start=start,
        exec_start_post=_commands(random, 0.2, "post"), exec_reload=_commands(random, 0.4, "reload"),
        exec_stop=_commands(random, 0.3, "stop"), exec_stop_post=_commands(random, 0.2, "stop-post"),
        remain_after_exit=random.random() < 0.2, guess_main_pid=random.random() < 0.8,
        pid_file="/run/x.pid" if type == "forking" and random.random() < 0.6 else "",
        restart=restart, restart_mode=random.choice(["normal", "normal", "direct"]), restart_usec=_span(random),
        restart_steps=random.choice([0, 0, 3]), restart_max_delay_usec=random.choice([USEC_INFINITY, 30 * SECOND]),
        timeout_start_usec=_span(random), timeout_stop_usec=_span(random), timeout_abort_usec=random.choice([None, SECOND]),
        timeout_start_failure_mode=random.choice(["terminate", "terminate", "abort", "kill"]),
        timeout_stop_failure_mode=random.choice(["terminate", "terminate", "abort", "kill"]),
        runtime_max_usec=random.choice([USEC_INFINITY, USEC_INFINITY, 10 * SECOND]),
        runtime_randomized_extra_usec=random.choice([0, SECOND]),
        watchdog_usec=random.choice([0, 0, 0, 5 * SECOND]), success_exit_status=random.choice([ExitStatusSet(), sets]),
        restart_prevent_exit_status=random.choice([ExitStatusSet()] * 4 + [sets]),
        restart_force_exit_status=random.choice([ExitStatusSet()] * 4 + [sets]),
        notify_access=random.choice(["none", "main", "exec", "all", "all"]), file_descriptor_store_max=random.choice([0, 2]),
        file_descriptor_store_preserve=random.choice(["no", "yes", "restart"]),
    )


def _kill(random: Random) -> KillContext:
    return KillContext(kill_mode=random.choice(["control-group"] * 5 + ["mixed", "process", "none"]),
                       send_sigkill=random.random() < 0.9, send_sighup=random.random() < 0.1,
                       restart_kill_signal=random.choice([0, 0, 10]))


def _ops(random: Random, names: List[str], count: int) -> Tuple[Op, ...]:
    at_usec, ops = 0, []
    for _ in range(count):
        at_usec += random.choice([0, 1, SECOND // 10, SECOND, 10 * SECOND, 60 * SECOND])
        kind = random.choices(["submit", "crash", "cancel", "reload", "reset", "hurry"], [70, 15, 5, 4, 4, 2])[0]
        type = random.choices(list(JobType), [30, 1, 15, 6, 12, 1, 4, 3, 3])[0]
        mode = random.choices(list(JobMode), [4, 40, 2, 4, 2, 2, 2, 1, 1])[0]
        submit = kind == "submit"
        ops.append(Op(at_usec, kind, random.choice(names) if kind in ("submit", "reset") else "",
                      type.value if submit else "", mode.value if submit else "", random.randrange(1000)))
    return tuple(ops)
