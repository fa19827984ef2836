"""placeholder"""
from __future__ import annotations

from typing import Tuple

from fastinit.control.request import Context
from fastinit.units.model import Unit


def state_and_preset(context: Context, unit: Unit) -> Tuple[str, str]:
    return "", ""
def _x(context: Context) -> int:
    return 1
list_unit_files = enable = disable = reenable = preset = preset_all = is_enabled = mask = unmask = link = revert = _x
add_dependency = edit = get_default = set_default = set_property = _x
