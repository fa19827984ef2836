"""Run by path, `python3 -I -S start.py NAME ARGS…`, by the C client and by what `fastinit install` makes: NAME is argv[0].

-S saves what `site` costs; fastinit.cli.local loads it when something beyond the standard library is needed.
"""

import sys

if __name__ == "__main__":
    # behind the standard library, of which nothing must be hidden by what else is installed beside the package
    sys.path.append(__file__.rsplit("/", 3)[0])
    from fastinit.cli.client import main
    sys.exit(main(sys.argv[1:] or ["systemctl"]))
