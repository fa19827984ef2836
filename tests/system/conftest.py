from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from tests.system.harness import Booted


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Callable[..., Booted]]:
    """boot({"a.service": "…"}, "a.service", before="…"): a running init; everything ends with the test."""
    running: List[Booted] = []

    def start(units: Dict[str, str], *names: str, before: str = "") -> Booted:
        booted = Booted(tmp_path, units, names, before)
        running.append(booted)
        return booted

    yield start
    for booted in running:
        booted.__exit__()
