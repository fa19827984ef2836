"""Tables as systemctl prints them: columns as wide as they must be, no blanks after the last one, JSON of the same rows.

In:  headers and rows of cells.   Out: text, line by line; wider than the terminal only into a pipe.
"""

from __future__ import annotations

import json
from typing import Collection, Iterator, List, NamedTuple, Sequence, Union

from fastinit.control.render.style import Style, pad, width_of


class Cell(NamedTuple):
    text: str
    colour: str = ""


CellLike = Union[str, Cell]


def _cell(value: CellLike) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def lines(style: Style, headers: Sequence[str], rows: Sequence[Sequence[CellLike]], *, show_header: bool = True,
          right: Sequence[int] = (), ellipsize: bool = True, underlined: Collection[int] = ()) -> Iterator[str]:
    """underlined: rows below which a terminal shows a line; right: right-aligned columns."""
    cells = [[_cell(value) for value in row] for row in rows]
    header = [Cell(text, "underline") for text in headers]
    everything = ([header] if show_header else []) + cells
    widths = [max((width_of(row[at].text) for row in everything), default=1) or 1 for at in range(len(headers))]
    if style.is_tty and ellipsize:
        _narrow(widths, style.columns)
    first = len(everything) - len(cells)
    for at, row in enumerate(everything):
        yield _line(style, row, widths, right, at - first in underlined)


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


def as_json(keys: Sequence[str], rows: Sequence[Sequence[object]], pretty: bool) -> str:
    """One array of objects; None is null. systemd indents with tabs and puts a space after the colon."""
    objects = [dict(zip(keys, row)) for row in rows]
    if pretty:
        return json.dumps(objects, indent="\t", ensure_ascii=False, separators=(",", " : "))
    return json.dumps(objects, ensure_ascii=False, separators=(",", ":"))
