"""What a row of the tables of properties is, and the makers of the usual ones.

In:  the path of a field below a Subject, "service.exit_type".   Out: (property, function of a Subject).
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple

from fastinit.control import processes, unitfiles
from fastinit.control.render.properties.forms import stamp, words, yes_no
from fastinit.control.request import Context
from fastinit.plan.record import UnitRecord
from fastinit.units.model import ExecContext, Service
from fastinit.units.timespan import format_usec


class Subject:
    """One unit that is shown: the record and what must be asked elsewhere, each asked once."""

    def __init__(self, context: Context, record: UnitRecord) -> None:
        self.context, self.record, self.unit = context, record, record.unit
        self.style = context.options.timestamp
        self._processes: Optional[List[processes.Process]] = None
        self._file_state: Optional[Tuple[str, str]] = None

    @property
    def service(self) -> Service:
        assert self.unit.service is not None
        return self.unit.service

    @property
    def is_loaded(self) -> bool:
        return self.unit.load_state == "loaded"

    @property
    def exec(self) -> ExecContext:
        return self.unit.context

    def processes(self) -> List[processes.Process]:
        if self._processes is None:
            self._processes = processes.read_all(self.context.manager.pids_of(self.unit.name)) if self.context.is_live else []
        return self._processes

    def file_state(self) -> Tuple[str, str]:
        if self._file_state is None:
            self._file_state = unitfiles.state_and_preset(self.context, self.unit)
        return self._file_state


Get = Callable[[Subject], str]
Row = Tuple[str, Get]


def at_path(value: object, path: str) -> object:
    for name in path.split("."):
        value = getattr(value, name)
    return value


def text_of(path: str) -> Get:
    return lambda subject: str(at_path(subject, path))


def bool_of(path: str) -> Get:
    return lambda subject: yes_no(bool(at_path(subject, path)))


def span_of(path: str) -> Get:
    return lambda subject: format_usec(as_int(at_path(subject, path)))


def words_of(path: str) -> Get:
    def get(subject: Subject) -> str:
        value = at_path(subject, path)
        assert isinstance(value, tuple)
        return words(str(word) for word in value)
    return get


def as_int(value: object) -> int:
    assert isinstance(value, int)
    return value


def enum_of(path: str) -> Get:
    return lambda subject: str(at_path(subject, path + ".value"))


def const(value: str) -> Get:
    return lambda _subject: value


def stamp_rows(name: str, path: str) -> Iterator[Row]:
    """NAME=date and NAMEMonotonic=microseconds; path: of the monotonic field."""
    real = path[:-len("usec")] + "realtime_usec"
    yield name, lambda subject: stamp(as_int(at_path(subject, real)), subject.style)
    yield f"{name}Monotonic", text_of(path)


def resource(name: str, default: str, form: Callable[[str], str] = str, of: str = "") -> Row:
    """A resource directive (of: by another name): what the files say last, in the form of a property."""
    def get(subject: Subject) -> str:
        given = [setting.value for setting in subject.unit.settings if setting.name == (of or name)]
        try:
            return form(given[-1]) if given and given[-1] else default
        except ValueError:
            return default
    return name, get
