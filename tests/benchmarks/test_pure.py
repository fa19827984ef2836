"""What the benchmarks compute from their measurements: ratios, spreads, restarts, tables and pictures. No process is started."""

from __future__ import annotations

import math
import re
import xml.dom.minidom
from pathlib import Path
from typing import Dict, List

import pytest

from benchmarks import __main__, idle, page, peers, picture, report, restart
from benchmarks.question import Answer, percentile
from benchmarks.session import Stamp

P50 = idle.QUESTION.metrics[0]


def rows(values: Dict[str, List[float]]) -> List[report.Row]:
    """values[peer][run] is its p50 in ns."""
    return [report.Row("idle", "idle", peer, run, Answer({"p50": ns, "p99": ns, "max": ns, "cpu": ns, "unreaped": 0.0}))
            for peer, by_run in values.items() for run, ns in enumerate(by_run)]


def measured(own: List[report.Row]) -> report.Measured:
    return report.Measured(idle.QUESTION, own, ["idle"], ["tini", "s6"], {("idle", "idle", "s6"): "failed: cannot start s6: no"},
                           {"runit": "not installed"}, {"kernel": "k", "runs": 3}, {"tini": "1"}, ["a note"])


def test_a_ratio_is_taken_within_each_run():
    """A machine that was three times slower in one run has no say in the ratio."""
    own = rows({"tini": [10e3, 30e3, 10e3], "fastinit": [11e3, 33e3, 11e3]})
    summary = report.summarize(own, idle.QUESTION, "idle", "fastinit", P50)
    assert summary is not None
    assert summary.ratio["tini"] == pytest.approx(1.1)
    assert (summary.median, summary.low, summary.high, summary.n) == (11e3, 11e3, 33e3, 3)


def test_a_run_without_the_reference_gives_no_ratio():
    """Where tini failed in the second run, only the first counts."""
    summary = report.summarize(rows({"tini": [10e3], "fastinit": [20e3, 90e3]}), idle.QUESTION, "idle", "fastinit", P50)
    assert summary is not None and summary.ratio == {"tini": pytest.approx(2.0)}


def test_who_never_answered_has_no_summary_but_a_reason():
    """A peer that failed stands in the table with what went wrong, not with a number."""
    own = rows({"tini": [10e3]})
    assert report.summarize(own, idle.QUESTION, "idle", "s6", P50) is None
    text = report.table(measured(own))
    assert "failed: cannot start s6: no" in text


def test_nothing_measured_is_not_a_number():
    """An init that reaps nothing is never shown as fast."""
    assert math.isnan(percentile([], 0.5))
    assert report.number(math.nan) == "-"


@pytest.mark.parametrize("rising, share, expected", [
    ([1], 0.5, 1), ([1, 2, 3, 4], 0.5, 3), (list(range(100)), 0.99, 99), ([5, 6], 1.0, 6),
])
def test_percentile(rising, share, expected):
    """Nearest rank, and the last one for 1.0."""
    assert percentile(rising, share) == expected


@pytest.mark.parametrize("value, expected", [(0, "0"), (9.876, "9.88"), (0.01234, "0.012"), (123.4, "123"), (48213.0, "48,213")])
def test_number(value, expected):
    """Three figures that matter."""
    assert report.number(value) == expected


def test_a_restart_is_from_an_end_to_the_next_start_of_the_same_service():
    """Two services in turns; the first start and an end without a start after it give nothing."""
    history = [Stamp(100, 1, 0, 7), Stamp(110, 2, 0, 8), Stamp(200, 1, 1, 7), Stamp(230, 2, 1, 8),
               Stamp(205, 1, 0, 9), Stamp(240, 2, 0, 10), Stamp(300, 1, 1, 9)]
    assert restart.gaps(history) == [5, 10]


def test_json_has_each_run():
    """Raw values beside the medians, in the unit of the table."""
    document = report.as_json(rows({"tini": [10e3, 20e3]}), [idle.QUESTION], {"kernel": "k"}, {"tini": "1"}, {})
    (result,) = document["results"]      # type: ignore[misc]
    assert result["metrics"]["p50"]["runs"] == [10.0, 20.0]
    assert result["metrics"]["p50"]["ratio"] == {"tini": 1.0}


def test_pictures_are_documents_with_every_series():
    """Both kinds parse as XML and name whom they show."""
    for text in (picture.ecdf("a < b", {"tini": [9_000, 11_000], "fastinit": [10_000]}),
                 picture.lines("a < b", "us", ["500/s", "storm"],
                               {"tini": {"500/s": 6.0, "storm": 6.2}, "fastinit": {"storm": 2.9}})):
        document = xml.dom.minidom.parseString(text)
        names = {node.firstChild.data for node in document.getElementsByTagName("text") if node.firstChild}
        assert {"tini", "fastinit", "a < b"} <= names


def test_a_page_stands_for_itself(tmp_path: Path):
    """Tables, pictures that exist, the machine, who was missing and why; a run without results leaves an older page alone."""
    answer = Answer({"p50": 9e3, "p99": 9e4, "max": 1e5, "cpu": 1.0, "unreaped": 0.0}, [9_000])
    own = [report.Row("idle", "idle", "tini", run, answer) for run in range(3)]
    (tmp_path / "idle-old.svg").write_text("of an earlier run")
    written = page.write(measured(own), tmp_path)
    text = (tmp_path / "idle.md").read_text()
    assert "`python -m benchmarks idle --save`" in text
    for words in ("| tini |", "failed: cannot start s6: no", "runit: not installed.", "Note: a note.", "kernel k", "idle.json"):
        assert words in text
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert pictures and {path.name for path in written} == {"idle.md", "idle.json", *pictures}
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    assert page.write(measured([]), tmp_path) == [] and (tmp_path / "idle.md").read_text() == text


def test_every_question_names_its_metrics_once():
    """A picture's metric exists, keys are unique, and --quick asks no case that the full run does not know."""
    for question in __main__.QUESTIONS.values():
        keys = [metric.key for metric in question.metrics]
        assert len(set(keys)) == len(keys)
        assert question.picture is None or question.picture[1] in ("", *keys)
        assert {case.name for case in question.cases(True)} <= {case.name for case in question.cases(False)}


def test_references_are_peers():
    """Ratios are told against inits that exist."""
    for question in __main__.QUESTIONS.values():
        table = question.peers() if question.peers else peers.PEERS
        assert set(question.references) <= set(table)
