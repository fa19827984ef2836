"""What a unit has that its file does not set: system.conf's part, and the values of model.py."""

from __future__ import annotations

from typing import Any, Dict, Tuple, Type, TypeVar

from fastinit.units.build import Keyed, freeze
from fastinit.units.config import ManagerConfig
from fastinit.units.model import ExecContext, Install, KillContext, Service, StdStream, Unit

T = TypeVar("T")


def service_defaults(config: ManagerConfig) -> Dict[str, Any]:
    defaults: Dict[str, Any] = {}
    for field in ("timeout_start_usec", "timeout_stop_usec", "restart_usec"):
        value = getattr(config, "default_" + field)
        if value != getattr(Service, field):
            defaults[field] = value
    if config.default_oom_policy != "stop":
        defaults["oom_policy"] = config.default_oom_policy
    if config.default_timeout_abort_usec >= 0:
        defaults["timeout_abort_usec"] = config.default_timeout_abort_usec
    return defaults


def context_defaults(config: ManagerConfig) -> Dict[str, Any]:
    defaults: Dict[str, Any] = {}
    for field in ("standard_output", "standard_error"):
        value = StdStream(getattr(config, "default_" + field))
        if value != getattr(ExecContext, field):
            defaults[field] = value
    if config.default_oom_score_adjust > -1001:
        defaults["oom_score_adjust"] = config.default_oom_score_adjust
    return defaults


# Fields whose default is made anew for every value; the other defaults are attributes of the class.
_FACTORIES: Dict[Type[Any], Tuple[Tuple[str, Any], ...]] = {
    Unit: (("dependencies", {}),), ExecContext: (("limits", {}), ("sandbox", {})), Service: (), KillContext: (), Install: (),
}
_EMPTY: Dict[Type[Any], Any] = {kind: kind() for kind in (ExecContext, Service, KillContext, Install)}

_MUTABLE = frozenset((list, Keyed, bytearray))


def make(kind: Type[T], values: Dict[str, Any]) -> T:
    """kind(**values), many times as fast: __init__ of a frozen dataclass sets every field by a call of its own.

    values becomes the object's own dict.
    """
    if not values and kind in _EMPTY:
        empty: T = _EMPTY[kind]
        return empty
    for field, value in values.items():
        if type(value) in _MUTABLE:
            values[field] = freeze(value)
    for field, value in _FACTORIES[kind]:
        values.setdefault(field, value)
    made = kind.__new__(kind)
    object.__setattr__(made, "__dict__", values)
    return made
