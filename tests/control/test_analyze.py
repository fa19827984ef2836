"""What systemd-analyze asks of a manager: all units in one answer, a dump; nothing else is understood."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from fastinit.control import frames
from tests.control.conftest import Client, read_frame


def frames_of(systemctl: Client, *words: str) -> List[Dict[str, Any]]:
    found = []
    with systemctl.open(*words, program="systemd-analyze") as sock:
        while True:
            kind, payload = read_frame(sock)
            if kind == frames.EXIT:
                assert payload == b"\0"
                return found
            assert kind == frames.DATA, payload
            found.append(json.loads(payload))


def test_units(systemctl: Client) -> None:
    """Every unit in memory with its times and the relations that were asked for, the manager's times before them."""
    systemctl("start", "needs.service", "web.service")
    first, *others = frames_of(systemctl, "units", "Requires", "After")
    assert first["default"] == "multi-user.target" and first["stamps"]["userspace"][0] > 0
    units = {unit["name"]: unit for one in others for unit in one["units"]}
    assert units["web.service"]["activated"] >= units["web.service"]["activating"] > 0
    assert units["web.service"]["deactivated"] == 0
    assert "bad.service" in units["needs.service"]["relations"]["Requires"]
    assert set(units["needs.service"]["relations"]) == {"Requires", "After"}
    assert set(units) >= set(systemctl.manager.engine.units)


def test_more_units_than_a_frame_holds(systemctl: Client) -> None:
    """The answer goes on in the next frame, each unit once."""
    for number in range(250):
        systemctl.manager.engine.get(f"many{number}.service")
    names = [unit["name"] for one in frames_of(systemctl, "units")[1:] for unit in one["units"]]
    assert len(names) == len(set(names)) > 250


def test_dump(systemctl: Client) -> None:
    """Of the units that a pattern fits, or of everything, the manager and the jobs included."""
    systemctl("start", "web.service")
    systemctl("start", "--no-block", "slow.service")
    one = systemctl("dump", "we*", program="systemd-analyze")
    assert one.code == 0 and one.out.startswith("→ Unit web.service:\n\tDescription: A web server\n")
    assert '\t\tCommand Line: /usr/sbin/web -g "daemon off;"\n' in one.out
    assert one.out.count("→ Unit ") == 1
    everything = systemctl("dump", program="systemd-analyze")
    assert everything.out.startswith("Manager: systemd 257 ") and "\nTimestamp userspace: " in everything.out
    assert "\n-> Job " in everything.out and "\tAction: slow.service -> start\n" in everything.out


@pytest.mark.parametrize("words", ((), ("nosuch",), ("units", "Nosuch"), ("units", "names"), ("Units",)))
def test_refused(systemctl: Client, words: "tuple[str, ...]") -> None:
    """A wish that no client of ours sends is an error of one line."""
    assert systemctl(*words, program="systemd-analyze") == (1, "", "Bad request: malformed wish of systemd-analyze\n")
