"""`systemctl -4` and `-6`: localhost of one family only, in /etc/hosts.

In:  "ipv4" or "ipv6".   Out: the file without the other family's localhost.
Never: replaces the file: container engines mount it, only writing in place works. A file that cannot be written stays as it is.
"""

from __future__ import annotations

import sys

HOSTS = "/etc/hosts"
NAMES = frozenset(("localhost", "ip6-localhost", "localhost4", "localhost6", "ip6-loopback"))


def keep_family(family: str, path: str = HOSTS) -> None:
    try:
        with open(path, "r+", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
            kept = [line for line in lines if not _is_other(line, family)]
            if kept != lines:
                file.seek(0)
                file.writelines(kept)
                file.truncate()
    except OSError as error:
        print(f"{path}: cannot keep only the {family} localhost: {error.strerror}", file=sys.stderr)


def _is_other(line: str, family: str) -> bool:
    words = line.partition("#")[0].split()
    return len(words) > 1 and not NAMES.isdisjoint(words[1:]) and (":" in words[0]) == (family == "ipv4")
