"""The command `fastinit`: init, manager, stats, install, uninstall; every other word is systemctl's.

In:  argv.   Out: an exit code.
Never: imports what its verb does not need: `fastinit init` is PID 1's memory.
"""

from __future__ import annotations

import os
import sys
from typing import Callable, Dict, List, Tuple

PROCESSES = ("init", "manager")


def main() -> int:
    return run(sys.argv[1:])


def run(words: List[str]) -> int:
    verb = words[0] if words else "--help"
    function = VERBS.get(verb)
    if verb in PROCESSES and function is not None:
        return function(words[1:])
    from fastinit.cli import client
    client.default_signals()
    if function is not None:
        return function(words[1:])
    return client.main(["systemctl", *words])


def init(words: List[str]) -> int:
    """run/boot.py has the options. --background: boot nothing; whoever has started us will ask for what is wanted."""
    from fastinit.run import native
    native.block_signals()      # first of all: a `docker stop` while we are still importing must not be lost
    from fastinit.cli import init as become
    from fastinit.errors import FastinitError
    from fastinit.run import boot as booting
    from fastinit.run import places
    from fastinit.units import names
    is_user, is_background = "--user" in words, "--background" in words
    try:
        boot = booting.from_words([word for word in words if word not in ("--user", "--background")])
        boot = boot._replace(units=booting.NOTHING if is_background else tuple(names.mangle(word) for word in boot.units))
        if not is_background and any(map(os.path.exists, places.sockets(is_user))):
            from fastinit.cli.handover import take_over
            boot = take_over(boot, is_user)
    except (ValueError, FastinitError) as error:
        print(f"fastinit init: {error}", file=sys.stderr)
        return 1
    return become.run(boot.words(), dict(os.environ), user=is_user)


def manager(words: List[str]) -> int:
    from fastinit.cli import manager as process
    return process.main(words)


def stats(words: List[str]) -> int:
    """Asks the manager (a verb that only fastinit has), so that no right beyond reading is needed."""
    from fastinit.cli import client
    form = {"--json": "json", "--prometheus": "cat"}.get(words[0] if words else "", "short")
    if len(words) > 1 or (words and form == "short"):
        print("Usage: fastinit stats [--json|--prometheus]", file=sys.stderr)
        return 1
    return client.main(["systemctl", "--output", form, "stats"])


def _parse_install(words: List[str]) -> Tuple[str, List[str]]:
    """(root, names to leave out). Raises ValueError."""
    root, without, queue = "", [], list(words)
    while queue:
        name, equals, value = queue.pop(0).partition("=")
        if name not in ("--root", "--without") or not (equals or queue):
            raise ValueError(f"unrecognized or incomplete option '{name}'")
        value = value if equals else queue.pop(0)
        if name == "--root":
            root = os.path.abspath(value)
        else:
            without += value.split(",")
    return root, without


def install(words: List[str]) -> int:
    from fastinit.cli import links, shared
    return _with_links(words, links.install, shared.install)


def uninstall(words: List[str]) -> int:
    from fastinit.cli import links, shared
    return _with_links(words, links.uninstall, shared.uninstall)


Change = Callable[[str, List[str]], List[str]]


def _with_links(words: List[str], programs: Change, files: Change) -> int:
    from fastinit.cli import shared
    try:
        root, without = _parse_install(words)
        for line in programs(root, [word for word in without if word not in shared.KINDS]) + files(root, without):
            print(line)
    except (ValueError, OSError) as error:
        print(f"fastinit: {error}", file=sys.stderr)
        return 1
    return 0


def show_help(_words: List[str]) -> int:
    from fastinit.cli import local
    from fastinit.control import help_text
    from fastinit.control.render.style import Style
    local.writer(1)(help_text.fastinit(Style(local.terminal_of(["fastinit"]))))
    return 0


def show_version(_words: List[str]) -> int:
    from fastinit.cli import local
    from fastinit.control.version import FASTINIT_VERSION
    local.writer(1)(f"fastinit {FASTINIT_VERSION}\n")
    return 0


VERBS: Dict[str, Callable[[List[str]], int]] = {
    "init": init, "manager": manager, "stats": stats, "install": install, "uninstall": uninstall,
    "--help": show_help, "-h": show_help, "--version": show_version,
}

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
