"""Which of two versions is newer, and the comparison operators of conditions.

In:  texts.   Out: order, truth.
Source: systemd-analyze(1) "compare-versions"; the Version Format Specification of uapi-group.org; systemd.unit(5),
"ConditionKernelVersion=", "ConditionOSRelease=".
"""

from __future__ import annotations

import fnmatch
from typing import Callable, Dict, Optional, Tuple

_SEPARATORS = "~-^."


def compare_versions(left: str, right: str) -> int:
    """-1, 0 or 1 as left is older than, the same as, newer than right.

    "~" is older than the end, "^" and a next part newer; digits count as numbers, letters by their code, upper case first.
    """
    i, j = 0, 0
    while i < len(left) or j < len(right):
        i, j = _skip_noise(left, i), _skip_noise(right, j)
        a, b = left[i:i + 1], right[j:j + 1]
        if "~" in (a, b):
            if a != b:
                return -1 if a == "~" else 1
            i, j = i + 1, j + 1
            continue
        if not a or not b:
            return (1 if a else 0) - (1 if b else 0)
        separator = next((mark for mark in "-^." if mark in (a, b)), "")
        if separator:
            if a != b:
                return -1 if a == separator else 1
            i, j = i + 1, j + 1
            continue
        step = _compare_digits if a.isdigit() or b.isdigit() else _compare_letters
        order, i, j = step(left, i, right, j)
        if order:
            return order
    return 0


def _skip_noise(text: str, at: int) -> int:
    while at < len(text) and not (text[at].isascii() and text[at].isalnum()) and text[at] not in _SEPARATORS:
        at += 1
    return at


def _span(text: str, at: int, wanted: Callable[[str], bool]) -> int:
    while at < len(text) and text[at].isascii() and wanted(text[at]):
        at += 1
    return at


def _compare_digits(left: str, i: int, right: str, j: int) -> Tuple[int, int, int]:
    end_i, end_j = _span(left, i, str.isdigit), _span(right, j, str.isdigit)
    if i == end_i or j == end_j:            # a number is newer than letters
        return (1 if end_i > i else -1), end_i, end_j
    a, b = left[i:end_i].lstrip("0"), right[j:end_j].lstrip("0")
    return _sign((len(a), a), (len(b), b)), end_i, end_j


def _compare_letters(left: str, i: int, right: str, j: int) -> Tuple[int, int, int]:
    end_i, end_j = _span(left, i, str.isalpha), _span(right, j, str.isalpha)
    return _sign(left[i:end_i], right[j:end_j]), end_i, end_j


def _sign(a: object, b: object) -> int:
    return (a > b) - (a < b)        # type: ignore[operator, no-any-return]


# --- operators -----------------------------------------------------------------------------------------------------

# The longer ones first, for "<=" begins with "<".
_ORDERS: Dict[str, Callable[[int], bool]] = {
    "<=": lambda order: order <= 0, ">=": lambda order: order >= 0, "<>": lambda order: order != 0,
    "==": lambda order: order == 0, "<": lambda order: order < 0, ">": lambda order: order > 0,
}
_TEXTS: Dict[str, Callable[[str, str], bool]] = {
    "!$=": lambda actual, wanted: not fnmatch.fnmatchcase(actual, _shell_glob(wanted)),
    "$=": lambda actual, wanted: fnmatch.fnmatchcase(actual, _shell_glob(wanted)),
    "!=": lambda actual, wanted: actual != wanted,
    "=": lambda actual, wanted: actual == wanted,
}
_NUMBERS: Dict[str, Callable[[int], bool]] = {
    **{name: _ORDERS[name] for name in ("<=", ">=", "<>", "==")}, "!=": _ORDERS["<>"], "=": _ORDERS["=="],
    "<": _ORDERS["<"], ">": _ORDERS[">"],
}


def _shell_glob(pattern: str) -> str:
    """fnmatch(3)'s "[^a]" is fnmatch's "[!a]"."""
    return pattern.replace("[^", "[!")


def split_operator(text: str) -> Tuple[str, str]:
    """ ">=6.1" -> (">=", "6.1"); ("", text) without one."""
    for operator in (*_TEXTS, *_ORDERS):
        if text.startswith(operator) and not (operator == "=" and text.startswith("==")):
            return operator, text[len(operator):].lstrip()
    return "", text


def holds(actual: str, operator: str, wanted: str) -> bool:
    """Versions are compared by the orders, texts by "=", "!=" and the globs."""
    by_text = _TEXTS.get(operator)
    return by_text(actual, wanted) if by_text else _ORDERS[operator](compare_versions(actual, wanted))


def number_test(text: str, default: str = ">=") -> Tuple[Callable[[int, int], bool], str]:
    """(test(actual, wanted), rest of the text) for ConditionMemory= and ConditionCPUs=. "=" is "==" and "!=" is "<>" here."""
    operator: Optional[str] = next((name for name in _NUMBERS if text.startswith(name)), None)
    order = _NUMBERS[operator or default]
    return lambda actual, wanted: order(_sign(actual, wanted)), text[len(operator or ""):].lstrip()
