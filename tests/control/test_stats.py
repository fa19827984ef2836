"""`fastinit stats` in its three forms, and the same numbers in `systemctl show`."""

from __future__ import annotations

import json
import re

from fastinit.control import stats
from tests.control.conftest import Client


def test_people_see_a_histogram(systemctl: Client) -> None:
    """From the first bucket with a count to the last, and what share was how fast."""
    code, out, err = systemctl("stats", facts={b"env.LANG": b"C"})
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["Orphans", "reaped:", "7"]
    assert "Reap latency: mean 11.1 µs, 50 % within 2.05 µs, 99 % within 65.5 µs, 99.9 % within 65.5 µs" in out
    reap, handler = lines.index(""), lines.index("", lines.index("") + 1)
    assert lines[handler + 1].strip() == ("Handler latency: mean 90 µs, 50 % within 131 µs, 99 % within 131 µs, "
                                          "99.9 % within 131 µs")
    assert lines[handler + 2].split() == ["<", "131", "µs:", "#" * 40, "2"] and lines[handler + 3:] == []
    drawn = [line.split(":", 1) for line in lines[reap + 2:handler]]
    assert [(left.strip(), right.count("#"), right.split()[-1]) for left, right in drawn] == [
        ("< 2.05 µs", 40, "3"), ("< 4.1 µs", 0, "0"), ("< 8.19 µs", 0, "0"), ("< 16.4 µs", 0, "0"), ("< 32.8 µs", 0, "0"),
        ("< 65.5 µs", 14, "1")]


def test_prometheus_can_read_it(systemctl: Client) -> None:
    """Every sample has a HELP and a TYPE before it; buckets grow and end with all; sum and count fit them."""
    code, out, _ = systemctl("-o", "cat", "stats")
    assert code == 0 and out.endswith("\n")
    announced, samples = {}, {}
    for line in out.splitlines():
        match = re.match(r"# (HELP|TYPE) (\w+) (.+)\Z", line)
        if match:
            announced.setdefault(match.group(2), []).append(match.group(1))
            continue
        match = re.match(r'(\w+?)(_bucket\{le="([^"]+)"\}|_sum|_count)? ([0-9.e+-]+)\Z', line)
        assert match and announced[match.group(1)] == ["HELP", "TYPE"], line
        samples[line.split()[0]] = float(match.group(4))
    assert samples["fastinit_reaped_orphans_total"] == 7 and samples["fastinit_largest_batch"] == 10
    buckets = [(float(name.split('"')[1]), value) for name, value in samples.items() if "reap_latency_seconds_bucket" in name]
    assert buckets == sorted(buckets) and buckets[-1] == (float("inf"), 4)
    assert samples["fastinit_reap_latency_seconds_count"] == 4 and samples["fastinit_reap_latency_seconds_sum"] == 44.5e-6
    assert dict(buckets)[2.048e-06] == 3
    assert samples["fastinit_handler_latency_seconds_count"] == 2 and samples["fastinit_handler_latency_seconds_sum"] == 180e-6


def test_programs_get_json(systemctl: Client) -> None:
    _, out, _ = systemctl("-o", "json", "stats")
    assert json.loads(out)["reaped_orphans"] == 7 and sum(json.loads(out)["latency_ns_log2"]) == 4


def test_show_has_them_too(systemctl: Client) -> None:
    _, out, _ = systemctl("show", "-p", "NReapedOrphans", "-p", "NManagerStarts")
    assert sorted(out.split()) == ["NManagerStarts=13", "NReapedOrphans=7"]


def test_nothing_reaped_yet() -> None:
    """No histogram of nothing."""
    counters = {metric.name: 0 for metric in stats.METRICS}
    lines = stats.readable({**counters, **{f"{h.field}_ns_log2": (0,) * 40 for h in stats.HISTOGRAMS},
                             **{f"{h.field}_ns_sum": 0 for h in stats.HISTOGRAMS}}, True)
    assert len(lines) == len(stats.METRICS)
