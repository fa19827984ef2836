"""Removal of directories with all that is in them."""

from __future__ import annotations


def remove_tree(path: str) -> None:
    """shutil.rmtree(path), which follows no symbolic link and raises OSError. Loaded here: it comes with the compressors."""
    import shutil
    shutil.rmtree(path)
