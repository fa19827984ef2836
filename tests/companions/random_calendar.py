"""Random calendar expressions, and what the real systemd-analyze says of them."""

from __future__ import annotations

import random
import re
import subprocess
from datetime import datetime, timezone
from typing import List, NamedTuple, Optional

DAYS = ("Mon", "Tue", "wed", "Thursday", "Fri", "SAT", "Sunday")
BASES = (
    "2026-11-24 14:00:00 UTC", "2027-02-27 23:59:30 UTC", "2028-02-28 00:00:00 UTC", "2027-03-27 20:00:00 UTC",
    "2027-10-30 20:00:00 UTC",
)


class Answer(NamedTuple):
    normal: str
    elapses: List[str]


def _number(dice: random.Random, low: int, high: int, fraction: bool) -> str:
    text = str(dice.randint(low, high)).zfill(dice.choice([1, 2]))
    return text + f".{dice.randint(0, 999)}" if fraction and dice.random() < 0.2 else text


def _chain(dice: random.Random, low: int, high: int, fraction: bool = False) -> str:
    if dice.random() < 0.25:
        return "*"
    parts = []
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        part = _number(dice, low, high, fraction)
        if dice.random() < 0.3:
            part += ".." + _number(dice, low, high, fraction)
        if dice.random() < 0.3:
            part += f"/{dice.randint(1, max(2, (high - low) // 2))}"
        parts.append(part)
    return ",".join(parts)


def _date(dice: random.Random) -> str:
    sign = dice.choice(["-", "-", "-", "~"])
    tail = _chain(dice, 1, 12) + sign + _chain(dice, 1, 31)
    if dice.random() < 0.3:
        return tail
    return dice.choice(["*", "*", "*", "2027", "2026..2030", "30", "2024/2", "2026,2028", "2020"]) + "-" + tail


def expression(dice: random.Random) -> str:
    words = []
    if dice.random() < 0.4:
        words.append(",".join(dice.choice(DAYS) + (".." + dice.choice(DAYS) if dice.random() < 0.4 else "")
                              for _ in range(dice.choice([1, 1, 2, 3]))))
    has_date = dice.random() < 0.8
    if has_date:
        words.append(_date(dice))
    if dice.random() < 0.85 or not has_date:
        words.append(_chain(dice, 0, 23) + ":" + _chain(dice, 0, 59)
                     + (":" + _chain(dice, 0, 59, True) if dice.random() < 0.6 else ""))
    return " ".join(words) + dice.choice([""] * 4 + [" UTC", " Europe/Berlin", " America/New_York"])


def base_usec(base: str) -> int:
    return int(datetime.strptime(base[:-4], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()) * 10**6


def shown(usec: int) -> str:
    return datetime.fromtimestamp(usec // 10**6, timezone.utc).strftime("%a %Y-%m-%d %H:%M:%S UTC")


def ask_systemd(text: str, base: str, iterations: int) -> Optional[Answer]:
    """None: systemd refuses the expression. Elapses are in UTC.

    Raises LookupError where v252 gives up on an expression that it accepts (EDEADLK): then there is nothing to compare with.
    """
    done = subprocess.run(
        ["systemd-analyze", "calendar", f"--iterations={iterations}", "--base-time=" + base, text],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "TZ": "UTC", "SYSTEMD_COLORS": "0"},
    )
    if "deadlock" in done.stderr:
        raise LookupError(text)
    normal = re.search(r"Normalized form: (.*)", done.stdout)
    if normal is None:
        return None
    return Answer(normal.group(1), re.findall(r"(?:Next elapse|Iter(?:ation|\.) #\d+): (.*)", done.stdout))
