"""Tables as systemctl prints them: columns as wide as they must be, no blanks after the last one, JSON of the same rows.

In:  headers and rows of cells.   Out: text, line by line; wider than the terminal only into a pipe.
A table of thousands is made in small steps: between two lines, and before the first while the columns are measured, REST says
that whoever makes it may let others go first."""

from __future__ import annotations

import json
from typing import Collection, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Union

from fastinit.control.render.style import Style, pad, width_of

REST = None             # instead of a line
ROWS_PER_STEP = 16
Lines = Iterator[Optional[str]]


class Cell(NamedTuple):
    text: str
    colour: str = ""


CellLike = Union[str, Cell]


def _cell(value: CellLike) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def lines(style: Style, headers: Sequence[str], rows: Iterable[Sequence[CellLike]], *, show_header: bool = True,
          right: Sequence[int] = (), ellipsize: bool = True, underlined: Collection[int] = ()) -> Lines:
    """underlined: rows below which a terminal shows a line; right: right-aligned columns."""
    header = [Cell(text, "underline") for text in headers]
    cells: List[List[Cell]] = []
    widths = [width_of(text) if show_header else 0 for text in headers]
    for row in rows:
        made = [_cell(value) for value in row]
        cells.append(made)
        widths = [max(width, width_of(cell.text)) for width, cell in zip(widths, made)]
        if len(cells) % ROWS_PER_STEP == 0:
            yield REST
    widths = [width or 1 for width in widths]
    if style.is_tty and ellipsize:
        _narrow(widths, style.columns)
    if show_header:
        yield _line(style, header, widths, right)
    for at, row_ in enumerate(cells):
        yield _line(style, row_, widths, right, at in underlined)
        if at % ROWS_PER_STEP == 0:
            yield REST


def _narrow(widths: List[int], columns: int) -> None:
    """Every column gets the same share; one that needs less gives the rest back to the others."""
    left, wide = columns - (len(widths) - 1), list(range(len(widths)))
    if sum(widths) <= left:
        return
    while True:
        content = [at for at in wide if widths[at] * len(wide) <= left]
        if not content:
            break
        left -= sum(widths[at] for at in content)
        wide = [at for at in wide if at not in content]
    for rest, at in enumerate(wide):
        widths[at] = max(left // (len(wide) - rest), 1)
        left -= widths[at]


def _line(style: Style, row: Sequence[Cell], widths: Sequence[int], right: Sequence[int], underlined: bool = False) -> str:
    if underlined and style.colours:
        fitted = (pad(style.fit(cell.text, width) if style.is_tty else cell.text, width) for cell, width in zip(row, widths))
        return style.underline(" ").join(style.underline(text, cell.colour) for text, cell in zip(fitted, row))
    parts = []
    last = len(row) - 1
    for at, cell in enumerate(row):
        text = style.fit(cell.text, widths[at]) if style.is_tty else cell.text
        if at in right:
            text = " " * (widths[at] - width_of(text)) + text
        elif at < last or (style.colours and cell.colour == "underline"):
            text = pad(text, widths[at])
        parts.append(style.paint(text, cell.colour) if text.strip() or cell.colour == "underline" else text)
    return (style.paint(" ", "underline") if row and row[0].colour == "underline" else " ").join(parts)


def as_json(keys: Sequence[str], rows: Iterable[Sequence[object]], pretty: bool) -> Lines:
    """One array of objects, in one line or, pretty, in one text; None is null. systemd indents with tabs and puts a space
    after the colon."""
    parts: List[str] = []
    for row in rows:
        one = [dict(zip(keys, row))]
        if pretty:
            parts.append(json.dumps(one, indent="\t", ensure_ascii=False, separators=(",", " : "))[1:-2])
        else:
            parts.append(json.dumps(one, ensure_ascii=False, separators=(",", ":"))[1:-1])
        if len(parts) % ROWS_PER_STEP == 0:
            yield REST
    yield "[" + ",".join(parts) + ("\n]" if pretty and parts else "]")
