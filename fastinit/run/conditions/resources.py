"""Conditions on memory, CPUs, pressure and cgroup controllers.

Source: systemd.unit(5); Documentation/accounting/psi.rst.
"""

from __future__ import annotations

from fastinit.run.conditions.facts import Facts, Test
from fastinit.run.versions import number_test
from fastinit.units.values import parse_int, parse_permyriad, parse_size


def memory(parameter: str, facts: Facts) -> bool:
    test, rest = number_test(parameter)
    return test(facts.memory(), parse_size(rest))


def cpus(parameter: str, facts: Facts) -> bool:
    test, rest = number_test(parameter)
    return test(facts.cpus(), parse_int(rest, 0))


_AVERAGES = {"10sec": "avg10", "1min": "avg60", "5min": "avg300"}


def pressure(resource: str) -> Test:
    """The share of time that was lost is at most this; what the kernel does not measure is no pressure."""
    def test(parameter: str, facts: Facts) -> bool:
        slice_name, colon, rest = parameter.rpartition(":")
        path = f"/proc/pressure/{resource}"
        if colon:
            path = f"/sys/fs/cgroup/{_slice_path(slice_name.strip())}/{resource}.pressure"
        threshold, _, span = rest.partition("/")
        limit = parse_permyriad(threshold.strip())
        average = _AVERAGES.get(span.strip() or "5min")
        if average is None:
            raise ValueError("the time span of a pressure is 10sec, 1min or 5min")
        text = facts.read(path)
        return text is None or _permyriad_of(text, "some" if resource == "cpu" else "full", average) <= limit
    return test


def _slice_path(name: str) -> str:
    """ "a-b.slice" is a.slice/a-b.slice; Raises ValueError."""
    if not name.endswith(".slice") or "/" in name or name.startswith("."):
        raise ValueError(f"{name} is not a slice")
    parts = name[:-len(".slice")].split("-")
    return "/".join("-".join(parts[:count]) + ".slice" for count in range(1, len(parts) + 1))


def _permyriad_of(text: str, who: str, average: str) -> float:
    """ "full": all tasks waited, "some": at least one did; a whole system never waits for all of its CPUs."""
    lines = {line.split(" ", 1)[0]: line for line in text.splitlines() if line}
    for word in (lines.get(who) or lines.get("some") or "").split():
        name, _, value = word.partition("=")
        if name == average:
            return float(value) * 100
    raise ValueError("the kernel's pressure file has another form")


_CONTROLLERS = frozenset(("cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids"))
_ALWAYS = frozenset(("cpuacct", "devices"))     # the first is part of cpu, the second is done by eBPF: no controller of v2


def controllers(parameter: str, facts: Facts) -> bool:
    unified = facts.read("/sys/fs/cgroup/cgroup.controllers")
    if parameter in ("v1", "v2"):
        return (unified is not None) == (parameter == "v2")
    wanted = _CONTROLLERS.intersection(parameter.split())
    if not wanted:
        return True
    if unified is not None:
        known = set(unified.split()) | _ALWAYS
    else:
        rows = [line.split() for line in (facts.read("/proc/cgroups") or "").splitlines() if not line.startswith("#")]
        known = {row[0] for row in rows if len(row) == 4 and row[3] == "1"}
    return wanted <= known
