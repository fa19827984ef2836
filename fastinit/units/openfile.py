"""OpenFile= of systemd.service(5): "path[:name[:option,option…]]".

In:  the text.   Out: Entry, or ValueError.   Never: looks at the file.
"""

from __future__ import annotations

from typing import FrozenSet, NamedTuple

OPTIONS = frozenset(("read-only", "append", "truncate", "graceful"))
_EXCLUSIVE = frozenset(("read-only", "append", "truncate"))
_NAME_MAX = 255


class Entry(NamedTuple):
    path: str
    name: str
    options: FrozenSet[str]


def parse(text: str) -> Entry:
    """Raises ValueError. The name is the last part of the path where none is given."""
    path, _, rest = text.partition(":")
    name, _, options = rest.partition(":")
    if not path.startswith("/"):
        raise ValueError("path is not absolute")
    given = frozenset(filter(None, options.split(",")))
    if given - OPTIONS or len(given & _EXCLUSIVE) > 1:
        raise ValueError("options are read-only, append or truncate, and graceful")
    name = name or path.rpartition("/")[2]
    if not name or len(name) > _NAME_MAX or any(char < " " or char in ":\x7f" for char in name):
        raise ValueError("not a name for a descriptor")
    return Entry(path, name, given)
