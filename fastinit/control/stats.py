"""What PID 1 has counted, for people, for programs and for Prometheus.

In:  the counters of api.h (fi_counters).   Out: text.
Source: Prometheus' text exposition format, version 0.0.4: a histogram's buckets are cumulative, counters end with _total.
"""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from fastinit.control.request import Context


class Metric(NamedTuple):
    """kind: counter, or gauge for what is no sum; property: the name in `systemctl show`."""

    name: str
    property: str
    title: str
    meaning: str
    kind: str = "counter"


METRICS: Tuple[Metric, ...] = (
    Metric("reaped_orphans", "NReapedOrphans", "Orphans reaped", "Processes of no service that were left to the init and reaped"),
    Metric("reaped_tracked", "NReapedProcesses", "Service processes reaped", "Processes of services that were reaped, and told"),
    Metric("batches", "NReapBatches", "Batches", "Times that one look found something to reap"),
    Metric("largest_batch", "LargestReapBatch", "Largest batch", "Most processes that one look has reaped", "gauge"),
    Metric("wakeups", "NReapWakeups", "Wake-ups", "Wake-ups of the thread that reaps orphans"),
    Metric("coalesced", "NReapCoalesced", "Coalesced", "Wake-ups by the clock during storms, one for many signals"),
    Metric("manager_starts", "NManagerStarts", "Manager starts", "Starts of the manager: the first, and one per death or reexec"),
    Metric("signals", "NSignals", "Signals", "Signals to the init other than SIGCHLD, all passed on to the manager"),
    Metric("events_written", "NExitEvents", "Exit events", "Ends of processes written for the manager"),
    Metric("events_consumed", "NExitEventsHandled", "Exit events handled", "Of these, the ones that the manager has handled"),
)


class Histogram(NamedTuple):
    """In the counters as `field`_ns_log2, of which bucket i counts what took less than 2 ** i ns but not less than 2 ** (i - 1),
    and `field`_ns_sum; of the last bucket nothing is known but that it is more."""

    field: str
    name: str
    title: str
    meaning: str

    def of(self, counters: Mapping[str, object]) -> Tuple[Sequence[int], int]:
        """Its buckets, and the sum in ns."""
        buckets, total = counters[f"{self.field}_ns_log2"], counters[f"{self.field}_ns_sum"]
        assert isinstance(buckets, (list, tuple))
        return buckets, _number(total)


HISTOGRAMS: Tuple[Histogram, ...] = (
    Histogram("latency", "reap_latency", "Reap latency", "Time from the wake-up of the init to the end of a reap"),
    Histogram("handler", "handler_latency", "Handler latency", "Time from the reap of a service's process to its handler"),
)
BAR_COLUMNS = 40


def stats(context: Context) -> int:
    """The verb; -o json and -o cat (Prometheus) for programs."""
    counters = context.manager.counters()
    form = context.options.output
    if form.startswith("json"):
        context.say(json.dumps(counters, indent=2 if form == "json-pretty" else None))
    else:
        for line in prometheus(counters) if form == "cat" else readable(counters, context.terminal.utf8):
            context.say(line)
    return 0


def prometheus(counters: Mapping[str, object]) -> List[str]:
    """The lines of a scrape, without the last newline."""
    lines: List[str] = []
    for metric in METRICS:
        name = f"fastinit_{metric.name}" + ("_total" if metric.kind == "counter" else "")
        lines += [f"# HELP {name} {metric.meaning}.", f"# TYPE {name} {metric.kind}", f"{name} {_number(counters[metric.name])}"]
    for histogram in HISTOGRAMS:
        name, total = f"fastinit_{histogram.name}_seconds", 0
        lines += [f"# HELP {name} {histogram.meaning}.", f"# TYPE {name} histogram"]
        buckets, sum_ns = histogram.of(counters)
        for power, count in enumerate(buckets[:-1]):        # the last one has no upper bound
            total += count
            lines.append(f'{name}_bucket{{le="{2 ** power / 1e9:.9g}"}} {total}')
        total += sum(buckets[-1:])
        lines += [f'{name}_bucket{{le="+Inf"}} {total}', f"{name}_sum {sum_ns / 1e9:.9f}", f"{name}_count {total}"]
    return lines


def readable(counters: Mapping[str, object], utf8: bool) -> List[str]:
    """One line per counter, then each histogram from its first to its last bucket that is not empty."""
    width = max(len(metric.title) for metric in METRICS)
    lines = [f"{metric.title:>{width}}: {_number(counters[metric.name]):,}" for metric in METRICS]
    for histogram in HISTOGRAMS:
        lines += _drawn(histogram, counters, width, "█" if utf8 else "#")
    return lines


def _drawn(histogram: Histogram, counters: Mapping[str, object], width: int, bar: str) -> List[str]:
    """Nothing of nothing."""
    buckets, sum_ns = histogram.of(counters)
    total = sum(buckets)
    if not total:
        return []
    lines = ["", f"{histogram.title:>{width}}: mean {duration(sum_ns / total)}, " + ", ".join(
        f"{share:g} % within {duration(bound(buckets, share))}" for share in (50, 99, 99.9))]
    first = next(power for power, count in enumerate(buckets) if count)
    last = max(power for power, count in enumerate(buckets) if count)
    for power in range(first, last + 1):
        count = buckets[power]
        drawn = bar * (-(-count * BAR_COLUMNS // max(buckets)) if count else 0)
        lines.append(f"{'< ' + duration(2 ** power):>{width}}: {drawn}{' ' if drawn else ''}{count:,}")
    return lines


def properties(counters: Mapping[str, object]) -> Dict[str, str]:
    """For `systemctl show` of the manager."""
    return {metric.property: str(_number(counters[metric.name])) for metric in METRICS}


def bound(buckets: Sequence[int], percent: float) -> int:
    """Upper bound, in ns, of the bucket in which that share of all is reached."""
    wanted, seen = sum(buckets) * percent / 100, 0
    for power, count in enumerate(buckets):
        seen += count
        if seen >= wanted:
            return 1 << power
    return 1 << len(buckets)


def duration(ns: float) -> str:
    """Three figures and a unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
