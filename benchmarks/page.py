"""What a question has brought, as files that stand in docs/: a page with its tables, its pictures, and the raw values.

In:  Measured.   Out: QUESTION.md, QUESTION.json, QUESTION-….svg in one folder; the paths.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Dict, List

from benchmarks import picture, report
from benchmarks.build import HERE
from benchmarks.report import Measured

PAGES = HERE.parent / "docs" / "benchmarks"
HEAD = "Made by `python -m benchmarks{what} --save`. [How it is measured](README.md) · [raw values]({name}.json)"
NOTE = ("A figure is the median of the runs, with the lowest and the highest; `/tini` and `/systemd` are the medians of the "
        "ratios within each run. Absolute figures are this machine's, the ratios travel.")


def add_option(parser: argparse.ArgumentParser) -> None:
    """--save [DIR]"""
    parser.add_argument("--save", metavar="DIR", nargs="?", const=str(PAGES),
                        help="per question a page, its pictures (SVG) and raw values (JSON); default DIR: docs/benchmarks")


def write(measured: Measured, into: Path) -> List[Path]:
    """Nothing where nothing was measured: an older page stays."""
    if not measured.rows:
        return []
    into.mkdir(parents=True, exist_ok=True)
    name = measured.question.name
    for old in into.glob(f"{name}-*.svg"):
        old.unlink()
    pictures = draw(measured)
    files = {f"{stem}.svg": text for stem, text in pictures.items()}
    document = report.as_json(measured.rows, [measured.question], measured.machine, measured.versions, measured.refused)
    files[f"{name}.json"] = json.dumps({**document, "missing": measured.missing, "notes": measured.notes}, indent=1) + "\n"
    files[f"{name}.md"] = text(measured, list(pictures))
    for path, content in files.items():
        (into / path).write_text(content, encoding="utf-8")
    return [into / path for path in files]


def text(measured: Measured, pictures: List[str]) -> str:
    """The page."""
    name, title, module = measured.question.name, measured.question.title, measured.question.module
    what = f".{module}" if module else f" {name}"
    lines = [f"# {title[:1].upper()}{title[1:]}", "", HEAD.format(what=what, name=name), "", NOTE, ""]
    lines += [f"![{stem.replace('-', ' ')}]({stem}.svg)" for stem in pictures]
    for block in report.blocks(measured):
        head, *rest = block
        lines += ["", f"## {head[0]}", "", _row([" ", *head[1:]]), _row(["---", *["---:"] * (len(head) - 1)])]
        for line in rest:
            cells = [f"**{line[0]}**" if line[0] == picture.FIRST else line[0], *line[1:]]
            lines.append(_row([*cells[:len(head)], *[""] * (len(head) - len(cells))]))
    lines += ["", "## Where", "", "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in measured.machine.items()) + ".",
              "", ", ".join(f"{peer} {version}".strip() for peer, version in measured.versions.items()) + "."]
    lines += [f"\n{peer}: {why}." for peer, why in measured.missing.items()]
    lines += [f"\nNote: {note}." for note in measured.notes]
    return "\n".join(lines) + "\n"


def _row(cells: List[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def draw(measured: Measured) -> Dict[str, str]:
    """File name without its end -> SVG."""
    question = measured.question
    if question.picture is None or not measured.rows:
        return {}
    kind, key = question.picture
    cases = [case for case in measured.cases if any(row.case == case for row in measured.rows)]
    drawings: Dict[str, str] = {}
    if key:
        metric = next(metric for metric in question.metrics if metric.key == key)
        values: Dict[str, Dict[str, float]] = {}
        for peer in measured.peers:
            for case in cases:
                summary = report.summarize(measured.rows, question, case, peer, metric)
                if summary is not None:
                    values.setdefault(peer, {})[case] = summary.median / metric.scale
        drawings[f"{question.name}-{key}"] = picture.lines(question.title, f"{metric.title}, {metric.unit}", cases, values)
    if kind == "ecdf" or any(row.answer.lifetimes for row in measured.rows):
        for case in cases:
            lifetimes = {peer: [ns for row in measured.rows if (row.peer, row.case) == (peer, case)
                                for ns in row.answer.lifetimes] for peer in measured.peers}
            if any(lifetimes.values()):
                stem, title = (question.name + "-ecdf", question.title) if len(measured.cases) == 1 else (
                    _file_name(f"{question.name}-ecdf-{case}"), f"{question.title}: {case}")
                drawings[stem] = picture.ecdf(title, lifetimes)
    return drawings


def _file_name(words: str) -> str:
    return "".join(c if c.isalnum() or c == "-" else "-" for c in words.replace("/s", "").replace(",", ""))
