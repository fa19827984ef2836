"""list-dependencies: a tree with state dots.

In:  a unit's name, the engine's relations.   Out: lines.
Source: systemctl(1) "list-dependencies"; order and marks as systemctl 257 prints them."""

from __future__ import annotations

from typing import Iterator, List, Sequence, Set

from fastinit.control.api import EngineApi
from fastinit.control.options import Options
from fastinit.control.render.style import RESET, Style

FORWARD = ("Requires", "Requisite", "Wants", "ConsistsOf", "BindsTo", "Upholds")
REVERSED = ("RequiredBy", "RequisiteOf", "WantedBy", "PartOf", "BoundBy", "UpheldBy")
MAX_DEPTH = 100


def kinds(options: Options) -> Sequence[str]:
    if options.after:
        return ("After",)
    if options.before:
        return ("Before",)
    return REVERSED if options.reverse else FORWARD


def below(engine: EngineApi, name: str, wanted: Sequence[str]) -> List[str]:
    """Related units, each once, targets last."""
    found = {other for kind in wanted for other in engine.related(name, kind)}
    return sorted(found, key=lambda other: (other.endswith(".target"), other.lower()))


def render(style: Style, options: Options, engine: EngineApi, name: str, seen: Set[str]) -> Iterator[str]:
    """seen: of one request; a list, unlike a tree, shows what is below a unit only once."""
    if options.states or options.types or options.output.startswith("json"):    # there is no tree of those
        options.plain = True
    yield name
    yield from _level(style, options, engine, name, "", [name], seen)


def _level(style: Style, options: Options, engine: EngineApi, name: str, prefix: str, path: List[str],
           seen: Set[str]) -> Iterator[str]:
    seen.add(name)
    children = [child for child in below(engine, name, kinds(options)) if _is_shown(options, engine, child)]
    for at, child in enumerate(children):
        is_last = at == len(children) - 1
        if options.plain and child in seen:
            continue
        if child in path or len(path) >= MAX_DEPTH:
            yield f"  {prefix}{style.glyphs.right}..."
            continue
        yield _line(style, options, engine, child, prefix, is_last)
        if not options.all and not child.endswith(".target"):
            continue
        deeper = prefix + (style.glyphs.space if is_last else style.glyphs.vertical)
        yield from _level(style, options, engine, child, deeper, [*path, child], seen)


def _is_shown(options: Options, engine: EngineApi, name: str) -> bool:
    record = engine.find(name)
    if record is None:
        return not options.states
    if options.types and record.unit.type not in options.types:
        return False
    return not options.states or not {record.unit.load_state, record.active.value, record.sub.value}.isdisjoint(options.states)


def _line(style: Style, options: Options, engine: EngineApi, name: str, prefix: str, is_last: bool) -> str:
    if options.plain:
        return "  " + name
    dot, shown = _dot(style, engine, name), name
    if style.is_tty and not options.full:
        shown = style.fit(name, max(style.columns - len(prefix) - 4, 10))
    return f"{dot} {prefix}{style.glyphs.right if is_last else style.glyphs.branch}{shown}"


def _dot(style: Style, engine: EngineApi, name: str) -> str:
    record = engine.find(name)
    state = "inactive" if record is None else record.active.value
    if state != "inactive":
        return style.dot(state)
    dot = "○" if style.utf8 else "*"
    return f"{RESET}{dot}{RESET}" if style.colours else dot


