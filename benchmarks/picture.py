"""Two kinds of pictures as SVG text: ECDFs and lines, both with logarithmic axes, readable on light and dark pages.

In:  named series of numbers.   Out: one SVG document.
Never: needs a library, a font or a script.
"""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, Sequence, Tuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 46, 54
# Told apart by dashes as well as by colour (Okabe and Ito's, which most eyes distinguish); fastinit has the last colour.
COLORS = ("#888888", "#0072b2", "#56b4e9", "#009e73", "#e69f00", "#cc79a7", "#d4006a")
DASHES = ("", "7 3", "2 3")
FIRST = "fastinit"          # drawn last and thicker: the others are what it is compared with
MOST_POINTS = 240
STYLE = ("text{font:13px sans-serif;fill:#333}.grid{stroke:#ccc;stroke-width:1}.line{fill:none}"
         "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}}")

Point = Tuple[float, float]


def _decades(low: float, high: float) -> List[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0 ** power for power in range(first, max(last, first + 1) + 1)]


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _duration(usec: float) -> str:
    for limit, unit in ((1e3, "µs"), (1e6, "ms"), (1e9, "s")):
        if usec < limit:
            return f"{usec * 1e3 / limit:g} {unit}"
    return f"{usec / 1e6:g} s"


class Axis:
    """Maps a value to pixels; `marks` are labelled."""

    def __init__(self, marks: Sequence[float], texts: Sequence[str], start: float, end: float, log: bool) -> None:
        self.marks, self.texts, self.start, self.end, self.log = list(marks), list(texts), start, end, log

    def at(self, value: float) -> float:
        low, high = self.marks[0], self.marks[-1]
        value = min(max(value, low), high)
        share = math.log(value / low) / math.log(high / low) if self.log else (value - low) / (high - low)
        return self.start + share * (self.end - self.start)


def _draw(title: str, x: Axis, y: Axis, x_title: str, y_title: str, series: Dict[str, List[Point]], dots: bool) -> str:
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           'role="img">',
           f"<title>{escape(title)}</title><style>{STYLE}</style>",
           f'<text x="{LEFT}" y="24" font-weight="bold">{escape(title)}</text>']
    for mark, text in zip(x.marks, x.texts):
        out.append(f'<line class="grid" x1="{x.at(mark):.1f}" x2="{x.at(mark):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                   f'<text x="{x.at(mark):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(text)}</text>')
    for mark, text in zip(y.marks, y.texts):
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(mark):.1f}" y2="{y.at(mark):.1f}"/>'
                   f'<text x="{LEFT - 8}" y="{y.at(mark) + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_title)}</text>')
    out.append(f'<text x="18" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
               f'transform="rotate(-90 18 {(TOP + HEIGHT - BOTTOM) / 2})">{escape(y_title)}</text>')
    names = list(series)
    for name in sorted(names, key=lambda name: name == FIRST):
        place, others = names.index(name), len(COLORS) - 1
        color = COLORS[-1] if name == FIRST else COLORS[place % others]
        width = 3 if name == FIRST else 1.6
        dash = "" if name == FIRST else DASHES[place // others % len(DASHES)]
        stroke = f'stroke="{color}" stroke-width="{width}"' + (f' stroke-dasharray="{dash}"' if dash else "")
        path = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in series[name])
        out.append(f'<polyline class="line" {stroke} points="{path}"/>')
        if dots:
            out += [f'<circle cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="3" fill="{color}"/>' for a, b in series[name]]
        row = TOP + 14 + 20 * names.index(name)
        out.append(f'<line x1="{WIDTH - RIGHT + 14}" x2="{WIDTH - RIGHT + 38}" y1="{row - 4}" y2="{row - 4}" {stroke}/>'
                   f'<text x="{WIDTH - RIGHT + 44}" y="{row}">{escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])


def ecdf(title: str, lifetimes_ns: Mapping[str, Sequence[int]]) -> str:
    """Share of the zombies that were gone after so long; the x axis in microseconds."""
    series: Dict[str, List[Point]] = {}
    for name, values in lifetimes_ns.items():
        rising = sorted(max(value, 100) / 1e3 for value in values)
        step = max(1, len(rising) // MOST_POINTS)
        points = [(value, (i + 1) / len(rising)) for i, value in enumerate(rising) if i % step == 0 or i > len(rising) * 0.99]
        if points:
            series[name] = [(points[0][0], 0.0), *points, (rising[-1], 1.0)]
    if not series:
        raise ValueError("nothing to draw")
    marks = _decades(min(s[0][0] for s in series.values()), max(s[-1][0] for s in series.values()))
    shares = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0]
    return _draw(title, Axis(marks, [_duration(m) for m in marks], LEFT, WIDTH - RIGHT, True),
                 Axis(shares, [f"{s:.0%}" for s in shares], HEIGHT - BOTTOM, TOP, False), "lifetime of a zombie", "share of all",
                 series, False)


def lines(title: str, unit: str, cases: Sequence[str], values: Dict[str, Dict[str, float]]) -> str:
    """values[name][case], the cases side by side in their order."""
    series = {name: [(float(i), by_case[case]) for i, case in enumerate(cases) if by_case.get(case, 0) > 0]
              for name, by_case in values.items()}
    series = {name: points for name, points in series.items() if points}
    if not series:
        raise ValueError("nothing to draw")
    every = [y for points in series.values() for _, y in points]
    marks = _decades(min(every), max(every))
    places = [float(i) for i in range(max(2, len(cases)))]
    texts = [*cases, ""][:len(places)]
    return _draw(title, Axis(places, texts, LEFT + 20, WIDTH - RIGHT - 20, False),
                 Axis(marks, [_label(m) for m in marks], HEIGHT - BOTTOM, TOP, True), "", unit, series, True)
