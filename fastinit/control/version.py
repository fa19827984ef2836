"""Which fastinit this is: from the installed package; a source tree that was never built has no number."""

from __future__ import annotations

from importlib import metadata


def _find() -> str:
    try:
        return metadata.version("fastinit")
    except metadata.PackageNotFoundError:
        return "0+source"


FASTINIT_VERSION = _find()
