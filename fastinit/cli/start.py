"""Run by path, `python3 -I -S start.py NAME ARGS…`, by the C client and by what `fastinit install` makes: NAME is argv[0].

-S saves what `site` costs; fastinit.cli.local loads it when something beyond the standard library is needed.
"""

import sys

# csrc/client.c asks a manager under these names; under all others it starts this file at once.
SYSTEMCTL_NAMES = ("systemctl", "init", "halt", "poweroff", "reboot")


def main(argv: "list[str]") -> int:
    """The program that argv[0] names; every name that is no companion's is systemctl's."""
    name = argv[0].rsplit("/", 1)[-1]
    if name not in SYSTEMCTL_NAMES:
        from fastinit.companions.table import MODULES
        if name in MODULES:
            from fastinit.cli import multicall
            return multicall.run(argv)
    from fastinit.cli import client
    return client.main(argv)


if __name__ == "__main__":
    # behind the standard library, of which nothing must be hidden by what else is installed beside the package
    sys.path.append(__file__.rsplit("/", 3)[0])
    sys.exit(main(sys.argv[1:] or ["systemctl"]))
