"""The command `systemctl`, and what else its name says (links, as `fastinit install` makes them where there is no C client)."""

from __future__ import annotations

import sys

from fastinit.cli import start


def main() -> int:
    return start.main(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
