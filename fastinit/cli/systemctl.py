"""The command `systemctl` (and init, halt, poweroff, reboot, shutdown, telinit, runlevel by their names)."""

from __future__ import annotations

import sys

from fastinit.cli import client


def main() -> int:
    return client.main(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
