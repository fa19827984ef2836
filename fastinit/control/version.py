"""Which fastinit this is; pyproject.toml reads it here.

Does not work: importlib.metadata at run time: it loads the parsers of mail and zip files, 15 % of what the manager's start takes.
"""

from __future__ import annotations

FASTINIT_VERSION = "0.1.0"
