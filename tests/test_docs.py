"""The generated pages of docs/ are what the tables of the program say today."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

pages = importlib.import_module("docs.__main__")
ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", pages.PAGES)
def test_is_fresh(name: str) -> None:
    """`make docs` would change nothing."""
    assert (ROOT / name).read_text("utf-8") == pages.PAGES[name]()


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link names a file of the tree."""
    text = (ROOT / "README.md").read_text("utf-8")
    targets = [part.split(")")[0] for part in text.split("](")[1:]]
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert targets and not missing
