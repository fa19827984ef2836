"""Answers of several runs become medians, spreads, ratios, a table and JSON.

In:  Row per (question, case, peer, run).   Out: text, or plain values.
A ratio is the median of the ratios within each run, not the ratio of the medians: both figures of one run saw the same machine.
"""

from __future__ import annotations

import math
import statistics
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from benchmarks.question import Answer, Metric, Question


class Row(NamedTuple):
    question: str
    case: str
    peer: str
    run: int
    answer: Answer


class Measured(NamedTuple):
    """All that one question has brought; refused: (question, case, peer) -> why; missing: peer -> why."""

    question: Question
    rows: Sequence[Row]
    cases: Sequence[str]
    peers: Sequence[str]
    refused: Mapping[Tuple[str, str, str], str]
    missing: Mapping[str, str]
    machine: Mapping[str, object]
    versions: Mapping[str, str]
    notes: Sequence[str]


class Summary(NamedTuple):
    """Of one metric over the runs; ratio: by reference name."""

    median: float
    low: float
    high: float
    n: int
    ratio: Dict[str, float]


def summarize(rows: Sequence[Row], question: Question, case: str, peer: str, metric: Metric) -> Optional[Summary]:
    """None when the peer never answered."""
    by_run = {(row.peer, row.run): row.answer.values[metric.key] for row in rows
              if (row.question, row.case) == (question.name, case)}
    values = [value for (name, _), value in by_run.items() if name == peer and not math.isnan(value)]
    if not values:
        return None
    ratio = {}
    for reference in question.references if metric.ratio else ():
        runs = [run for name, run in by_run if name == peer and (reference, run) in by_run]
        pairs = [(by_run[peer, run], by_run[reference, run]) for run in runs]
        ratios = [own / other for own, other in pairs if other > 0 and not math.isnan(own / other)]
        if ratios:
            ratio[reference] = statistics.median(ratios)
    return Summary(statistics.median(values), min(values), max(values), len(values), ratio)


def number(value: float) -> str:
    """Three figures that matter, never an exponent."""
    if math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 100 else 0
    return f"{value:,.{min(digits, 3)}f}"


def cell(summary: Optional[Summary], metric: Metric) -> str:
    """'9.8' of one run, '9.8 (9.1-12)' of more."""
    if summary is None:
        return "-"
    text = number(summary.median / metric.scale)
    if summary.n > 1 and metric.ratio:
        text += f" ({number(summary.low / metric.scale)}-{number(summary.high / metric.scale)})"
    return text


def table(measured: Measured) -> str:
    """One block per case; a peer that could not be asked stands there with the reason."""
    return "\n\n".join([measured.question.title, *(_align(lines) for lines in blocks(measured))])


def blocks(measured: Measured) -> List[List[List[str]]]:
    """Per case the lines of its table; the first is the head, a shorter line is a remark."""
    question, rows = measured.question, measured.rows
    found: List[List[List[str]]] = []
    ratio_metrics = [metric for metric in question.metrics if metric.ratio]
    references = [name for name in question.references if any(row.peer == name for row in rows)]
    head = ["", *(f"{m.title} {m.unit}".strip() for m in question.metrics),
            *(f"{m.title}/{reference}" for reference in references for m in ratio_metrics)]
    for case in measured.cases:
        lines = [[case, *head[1:]]]
        for peer in measured.peers:
            summaries = [summarize(rows, question, case, peer, metric) for metric in question.metrics]
            why = measured.refused.get((question.name, case, peer))
            if not any(summaries):
                lines.append([peer, why or "not asked"])
                continue
            texts = [cell(summary, metric) for summary, metric in zip(summaries, question.metrics)]
            for reference in references:
                for summary, metric in zip(summaries, question.metrics):
                    if metric.ratio:
                        texts.append(f"{number(summary.ratio[reference])}x" if summary and reference in summary.ratio else "-")
            lines.append([peer, *texts, *([f"({why})"] if why else [])])
        found.append(lines)
    return found


def _align(lines: List[List[str]]) -> str:
    """The first column to the left, numbers to the right; a line with fewer columns is a remark and gives no widths."""
    full = len(lines[0])
    widths = [max((len(line[i]) for line in lines if len(line) >= full), default=0) for i in range(full)]
    widths[0] = max(len(line[0]) for line in lines)

    def put(line: List[str]) -> str:
        numbers = [text.rjust(width) for text, width in zip(line[1:], widths[1:])] if len(line) >= full else line[1:]
        return "  ".join([line[0].ljust(widths[0]), *numbers, *line[full:]]).rstrip()

    return "\n".join(map(put, lines))


def as_json(rows: Sequence[Row], questions: Sequence[Question], machine: Mapping[str, object], versions: Mapping[str, str],
            refused: Mapping[Tuple[str, str, str], str]) -> Dict[str, object]:
    """Everything that was measured, lifetimes as percentiles; raw values by run, so that others can compute what they like."""
    results: List[Dict[str, object]] = []
    for question in questions:
        own = [row for row in rows if row.question == question.name]
        seen: Dict[Tuple[str, str], None] = dict.fromkeys((row.case, row.peer) for row in own)
        for case, peer in seen:
            metrics: Dict[str, object] = {}
            for metric in question.metrics:
                summary = summarize(own, question, case, peer, metric)
                if summary is None:
                    continue
                values = [row.answer.values[metric.key] / metric.scale for row in own if (row.case, row.peer) == (case, peer)]
                metrics[metric.key] = {
                    "unit": metric.unit, "median": summary.median / metric.scale, "low": summary.low / metric.scale,
                    "high": summary.high / metric.scale, "runs": [None if math.isnan(value) else value for value in values],
                    "ratio": summary.ratio,
                }
            results.append({"question": question.name, "case": case, "peer": peer, "metrics": metrics})
    return {
        "machine": machine,
        "versions": versions,
        "results": results,
        "refused": [{"question": q, "case": c, "peer": p, "why": why} for (q, c, p), why in refused.items()],
    }
