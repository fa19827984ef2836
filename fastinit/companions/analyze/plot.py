"""systemd-analyze plot: the boot as a picture (SVG), a table or JSON.

In:  options, the manager's times.   Out: one document on stdout.
A row for each unit that became active while the system booted, in the order in which they began; 100 pixels are a second.
Source: systemd-analyze(1) "plot"; sizes, classes and colours as 257 draws them, so that what reads one reads the other.
"""

from __future__ import annotations

import json
import os
import platform
from typing import Dict, Iterator, List, NamedTuple, Tuple
from xml.sax.saxutils import escape

from fastinit.companions.analyze import boot
from fastinit.companions.analyze.boot import Boot, UnitTimes, span
from fastinit.companions.options import VERSION, Options, UsageError

JSON_FORMS = ("pretty", "short", "off")
PIXELS_PER_USEC = 100 / 1_000_000
ROW, BAR = 20.0, 19.0
LEAST_WIDTH = 800.0
TITLES = (("After", "After"), ("Before", "Before"), ("Requires", "Requires"), ("Wants", "Wants"), ("Conflicts", "Conflicts"))
STYLE = """\
<?xml version="1.0" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg width="{width:.0f}px" height="{height:.0f}px" version="1.1" xmlns="http://www.w3.org/2000/svg">

<!-- A boot, drawn by systemd-analyze of {version}; any browser shows it. -->

<defs>
  <style type="text/css">
    <![CDATA[
      rect              {{ stroke-width: 1; stroke-opacity: 0; }}
      rect.background   {{ fill: rgb(255,255,255); }}
      rect.activating   {{ fill: rgb(255,0,0); fill-opacity: 0.7; }}
      rect.active       {{ fill: rgb(200,150,150); fill-opacity: 0.7; }}
      rect.deactivating {{ fill: rgb(150,100,100); fill-opacity: 0.7; }}
      rect.generators   {{ fill: rgb(102,204,255); fill-opacity: 0.7; }}
      rect.unitsload    {{ fill: rgb(82,184,255); fill-opacity: 0.7; }}
      rect.box          {{ fill: rgb(240,240,240); stroke: rgb(192,192,192); }}
      line              {{ stroke: rgb(64,64,64); stroke-width: 1; }}
      line.sec5         {{ stroke-width: 2; }}
      line.sec01        {{ stroke: rgb(224,224,224); stroke-width: 1; }}
      text              {{ font-family: Verdana, Helvetica; font-size: 14px; }}
      text.left         {{ text-anchor: start; }}
      text.right        {{ text-anchor: end; }}
      text.sec          {{ font-size: 10px; }}
    ]]>
   </style>
</defs>

<rect class="background" width="100%" height="100%" />"""


class Row(NamedTuple):
    """A unit with its times counted from the boot's beginning; what has not happened by its end is put there."""

    unit: UnitTimes
    activating: int
    activated: int
    deactivating: int
    deactivated: int


def rows(found: Boot) -> List[Row]:
    """In the order in which they began to start."""
    length = found.finished - found.began
    units = [unit for unit in found.units.values() if unit.activating]
    made = []
    for unit in sorted(units, key=lambda unit: unit.activating):
        activating = unit.activating - found.began
        times, floor = [], activating
        for usec in (unit.activated, unit.deactivating, unit.deactivated):
            since = usec - found.began
            floor = since if usec and floor <= since <= length else length
            times.append(floor)
        made.append(Row(unit, activating, *times))
    return made


# ---- table and JSON -----------------------------------------------------------------------------------------------------


def table(found: Boot, legend: bool) -> Iterator[str]:
    lines = [("NAME", "ACTIVATED", "ACTIVATING", "TIME", "DEACTIVATED", "DEACTIVATING")] if legend else []
    entries = rows(found)
    lines += [(row.unit.name, span(row.activated), span(row.activating), span(row.unit.took_usec), span(row.deactivated),
               span(row.deactivating)) for row in entries]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        yield " ".join(f"{cell:{width}}" for cell, width in zip(line[:-1], widths)) + " " + line[-1]
    if legend:
        yield f"\n{len(entries)} Units listed."


def as_json(found: Boot, pretty: bool) -> str:
    made = [{"name": row.unit.name, "activated": row.activated, "activating": row.activating, "time": row.unit.took_usec,
             "deactivated": row.deactivated, "deactivating": row.deactivating} for row in rows(found)]
    return json.dumps(made, ensure_ascii=False, indent="\t" if pretty else None, separators=(",", " : " if pretty else ":"))


# ---- SVG ----------------------------------------------------------------------------------------------------------------


class Drawing:
    def __init__(self, found: Boot, scale: float, detailed: bool) -> None:
        self._boot, self._scale, self._detailed = found, scale, detailed
        self._length = found.finished - found.began
        self._rows = [row for row in rows(found) if 0 <= row.activating <= self._length]

    @property
    def _width(self) -> float:
        return max(self._x(self._length), LEAST_WIDTH)

    def _x(self, usec: int) -> float:
        return usec * PIXELS_PER_USEC * self._scale

    def lines(self) -> Iterator[str]:
        depth = (len(self._rows) + 1) * ROW
        yield STYLE.format(width=self._width + 80, height=depth + 150 + 5 * ROW, version=VERSION)
        summary = boot.summary(self._boot)
        yield f'<text x="20" y="50">{escape(summary)}</text><text x="20" y="30">{escape(_machine())}</text>'
        yield '<g transform="translate(20.000,100)">'
        yield f'<rect class="box" x="0" y="0" width="{self._x(self._length):.3f}" height="{depth:.3f}" />'
        yield from self._grid(depth)
        yield from self._own_row()
        for at, row in enumerate(self._rows, 1):
            yield from self._unit(row, at * ROW)
        yield "</g>"
        yield '<g transform="translate(20,100)">'
        yield from self._legend(depth + ROW)
        yield "</g>\n\n</svg>"

    def _grid(self, depth: float) -> Iterator[str]:
        """A line each tenth of a second, stronger ones each second and each five."""
        for tenth in range(self._length // 100_000 + 1):
            x = self._x(tenth * 100_000)
            kind = "sec5" if tenth % 50 == 0 else "sec1" if tenth % 10 == 0 else "sec01"
            yield f'  <line class="{kind}" x1="{x:.3f}" y1="0" x2="{x:.3f}" y2="{depth:.3f}" />'
            if tenth % 10 == 0:
                yield f'  <text class="sec" x="{x:.3f}" y="-5.000" >{tenth // 10}.0s</text>'

    def _own_row(self) -> Iterator[str]:
        """What the manager did before the units: generators, and reading their files."""
        yield self._bar("active", 0, self._length, 0)
        for kind, name in (("generators", "generators"), ("unitsload", "units-load")):
            begin, end = (self._boot.stamps.get(f"{name}-{edge}", 0) for edge in ("start", "finish"))
            if begin and end:
                yield self._bar(kind, begin - self._boot.began, end - self._boot.began, 0)
        yield _text("left", 5, 14, "systemd")
        if self._detailed:
            yield _text("right", -5, 14, "0.000s")

    def _unit(self, row: Row, y: float) -> Iterator[str]:
        yield "<g>"
        yield f"<title>{escape(row.unit.name)}:"
        yield f"Activating: {row.activating / 1e6:.6f}"
        yield f"Activated: {row.activated / 1e6:.6f}"
        for title, kind in TITLES:
            related = row.unit.relations.get(kind, ())
            if related:
                yield f"\n{title}:"
                yield "\n".join(f"  {escape(name)}" for name in related)
        yield "</title>"
        yield self._bar("activating", row.activating, row.activated, y)
        yield self._bar("active", row.activated, row.deactivating, y)
        yield self._bar("deactivating", row.deactivating, row.deactivated, y)
        took = f" ({span(row.unit.took_usec)})" if row.unit.took_usec else ""
        on_left = self._x(row.activating) > self._width / 2
        x = self._x(row.activating) + (-5 if on_left else 5)
        yield _text("right" if on_left else "left", x, y + 14, escape(row.unit.name) + took)
        yield "</g>"

    def _legend(self, y: float) -> Iterator[str]:
        for kind, text in (("activating", "Activating"), ("active", "Active"), ("deactivating", "Deactivating"),
                           ("generators", "Generators"), ("unitsload", "Loading unit files")):
            yield self._bar(kind, 0, 300_000, y)
            yield _text("left", self._x(400_000) + 5, y + 14, text)
            y += ROW

    def _bar(self, kind: str, begin: int, end: int, y: float) -> str:
        return (f'  <rect class="{kind}" x="{self._x(begin):.3f}" y="{y:.3f}" width="{self._x(end - begin):.3f}" '
                f'height="{BAR:.3f}" />')


def _text(side: str, x: float, y: float, text: str) -> str:
    return f'  <text class="{side}" x="{x:.3f}" y="{y:.3f}">{text}</text>'


def _machine() -> str:
    from fastinit.run.virt import detect_container
    about = os.uname()
    words = [_system_name(), about.nodename, f"({about.sysname} {about.release} {about.version})",
             {"x86_64": "x86-64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())]
    kind = detect_container()
    return " ".join(word for word in [*words, "" if kind == "none" else kind] if word)


def _system_name() -> str:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found: Dict[str, str] = dict(_assigned(line) for line in file if "=" in line)
        except OSError:
            continue
        return found.get("PRETTY_NAME", "Linux")
    return "Linux"


def _assigned(line: str) -> Tuple[str, str]:
    name, _, value = line.strip().partition("=")
    return name, value.strip("\"'")


# ---- the verb -----------------------------------------------------------------------------------------------------------


def plot(options: Options) -> int:
    form = options.last("json", "off")
    if form != "off" or options.has("table"):
        found = boot.fetch_finished(options)
        legend = not options.has("no-legend")
        if form == "off":
            print("\n".join(table(found, legend)))
            return 0
        print(as_json(found, form == "pretty"))
        if legend:
            print(f"\n{len(rows(found))} Units listed.")
        return 0
    scale = _scale(options.last("scale-svg", "1"))
    found = boot.fetch_finished(options, *(kind for _, kind in TITLES))
    print("\n".join(Drawing(found, scale, options.has("detailed")).lines()))
    return 0


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < 1e6:
        raise UsageError(f"Failed to parse --scale-svg= parameter: {text}")
    return scale
