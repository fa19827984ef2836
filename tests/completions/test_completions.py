"""Real bash, zsh and fish, asked on a terminal what they would complete, beside a running manager.

Each case: what is typed -> (offered among others, not offered); "=" in front: exactly these.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Dict, Iterator, Set, Tuple

import pytest

from fastinit.control import options, verbs
from tests.system.harness import ENTER, Booted

completions = import_module("docs.completions")
SHARE = Path(__file__).resolve().parents[2] / "fastinit" / "share"
SHELLS = ("bash", "zsh", "fish")
DEADLINE_SEC = 60.0
SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
UNITS = {
    "cc-live.service": SLEEP,
    "cc-web.service": SLEEP + "ExecReload=/bin/true\n",
    "cc-idle.service": SLEEP,
    "cc-bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
    "cc-off.service": SLEEP + INSTALL,
    "cc-on.service": SLEEP + INSTALL,
    "cc-of@.service": SLEEP,
    "cc-a\\x2db.service": SLEEP,
    "cc-one.target": "[Unit]\nAllowIsolate=yes\n",
    "cc-two.target": "[Unit]\nDescription=no\n",
    "cc-names.service": "[Unit]\nWants=cc-nowhere.service\n" + SLEEP,
}
# Whoever runs, whoever is only a file, and so on.
RUNS, RELOADS = {"cc-live.service", "cc-web.service", "cc-names.service"}, {"cc-web.service"}
RESTS = {"cc-idle.service", "cc-bad.service", "cc-off.service", "cc-on.service", "cc-a\\x2db.service", "cc-one.target",
         "cc-two.target"}
MASKED, TEMPLATE = {"cc-masked.service"}, {"cc-of@.service"}

CASES: Dict[str, Tuple[Set[str], Set[str]]] = {
    "systemctl sta": ({"=", "start", "status", "stats"}, set()),
    "systemctl is-": ({"=", "is-active", "is-failed", "is-enabled", "is-system-running"}, set()),
    "systemctl sus": ({"="}, set()),
    "systemctl start cc-": ({"=", *RESTS}, set()),
    "systemctl stop cc-": ({"=", *RUNS}, set()),
    "systemctl --no-block stop cc-": ({"=", *RUNS}, set()),
    "systemctl stop --job-mode fail cc-": ({"=", *RUNS}, set()),
    "systemctl restart cc-": ({"=", *RUNS, *RESTS}, set()),
    "systemctl reload cc-": ({"=", *RELOADS}, set()),
    "systemctl status cc-": (RUNS | RESTS | MASKED, {"cc-nowhere.service"}),
    "systemctl cat cc-": (RUNS | RESTS | TEMPLATE, set()),
    "systemctl reset-failed cc-": ({"=", "cc-bad.service"}, set()),
    "systemctl enable cc-": ({"cc-off.service"}, {"cc-on.service", "cc-live.service"}),
    "systemctl disable cc-": ({"=", "cc-on.service"}, set()),
    "systemctl unmask cc-": ({"=", *MASKED}, set()),
    "systemctl mask cc-": ({"cc-idle.service"}, MASKED),
    "systemctl isolate cc-": ({"=", "cc-one.target"}, set()),
    "systemctl set-default cc-": ({"=", "cc-one.target", "cc-two.target"}, set()),
    "systemctl add-wants cc-": ({"=", "cc-one.target", "cc-two.target"}, set()),
    "systemctl add-wants ": ({"cc-one.target", "cc-two.target"}, {"cc-live.service"}),
    "systemctl add-wants cc-one.target ": ({"cc-two.target", "cc-live.service"}, set()),
    "systemctl add-wants cc-one.target cc-l": ({"=", "cc-live.service"}, set()),
    "systemctl --root /nonexistent disable cc-": ({"="}, set()),
    "systemctl --root=/nonexistent disable cc-": ({"="}, set()),
    "systemctl set-property cc-live.service CPUW": ({"=", "CPUWeight="}, set()),
    "systemctl unset-environment CC_": ({"=", "CC_SET"}, set()),
    "systemctl log-level war": ({"=", "warning"}, set()),
    "systemctl daemon-reload cc-": ({"="}, set()),
    "systemctl kill -s USR": ({"=", "USR1", "USR2"}, set()),
    "systemctl --preset-mode enable": ({"=", "enable-only"}, set()),
}
OPTION_CASES: Dict[str, Set[str]] = {       # the option's name, or its value behind the "="
    "systemctl --job-m": {"--job-mode"},
    "systemctl --job-mode=ignore": {"ignore-dependencies", "ignore-requirements"},
    "systemctl kill --kill-whom=ma": {"main", "main-fail"},
    "systemctl --type=ser": {"service"},
    "systemctl --type=service,so": {"socket"},
    "systemctl list-units --state=fail": {"failed", "failed-before-auto-restart"},
    "systemctl --output=json-p": {"json-pretty"},
    "systemctl clean --what=st": {"state"},
    "systemctl show --property=ActiveSt": {"ActiveState"},
    "systemctl --host": set(),
    "fastinit --wai": {"--wait"},
}
FASTINIT_CASES: Dict[str, Tuple[Set[str], Set[str]]] = {
    "fastinit uninst": ({"=", "uninstall"}, set()),
    "fastinit is-en": ({"=", "is-enabled"}, set()),
    "fastinit stop cc-": ({"=", *RUNS}, set()),
}


class Terminal:
    """A shell inside, on a terminal of its own."""

    def __init__(self, booted: Booted, *argv: str) -> None:
        self._master, slave = pty.openpty()
        environment = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin", "TERM": "dumb", "HOME": "/nonexistent",
                       "LC_ALL": "C.UTF-8", "BASH_COMPLETION_USER_DIR": str(SHARE / "bash-completion"), "HISTFILE": ""}
        self._process = subprocess.Popen(["nsenter", "-t", str(booted.pid), *ENTER, *argv], stdin=slave, stdout=slave,
                                         stderr=slave, env=environment, start_new_session=True, cwd="/")
        os.close(slave)

    def ask(self, typed: str) -> str:
        """Types it, reads up to the next "<end-of-words>"."""
        os.write(self._master, typed.encode())
        seen, end = "", time.monotonic() + DEADLINE_SEC
        while "<end-of-words>" not in seen:
            ready, _, _ = select.select((self._master,), (), (), max(end - time.monotonic(), 0))
            assert ready, f"no answer to {typed!r}: {seen!r}"
            seen += os.read(self._master, 65536).decode("utf-8", "replace")
        return seen

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


class Bash:
    """M-* puts all completions into the line; what the shell then makes of the words is printed."""

    def __init__(self, booted: Booted) -> None:
        self._terminal = Terminal(booted, "bash", "--norc", "--noprofile", "-i")
        library = "/usr/share/bash-completion/bash_completion"
        source = library if os.path.exists(library) else str(SHARE / "bash-completion/completions/systemctl")
        self._terminal.ask(f"bind 'set enable-bracketed-paste off'; . {source}; printf '<%s>\\n' end-of\\-words\n")

    def complete(self, line: str) -> Set[str]:
        seen = self._terminal.ask(f"{line}\x1b*\x05 end-of\\-words\x01printf '<%s>\\n' \n")
        words = re.findall(r"<([^>\r\n]*)>", seen)
        *before, last = line.split(" ")
        return {word for word in words if word not in ("%s", "end-of-words")} - {*before, last}

    def close(self) -> None:
        self._terminal.close()


ZSH = r"""
fpath=(%s $fpath); autoload -U compinit; compinit -u -D
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- "<"${^hits}">"
    builtin compadd "$@"
}
ask() { zle complete-word; print -r -- "<end-of""-words>"; zle kill-buffer }
zle -N ask; bindkey '^I' ask; unsetopt beep; PS1= ; print -r -- "<end-of""-words>"
"""


class Zsh:
    """Every match that the completion system is given is printed."""

    def __init__(self, booted: Booted) -> None:
        self._terminal = Terminal(booted, "zsh", "-f", "-i")
        self._terminal.ask((ZSH % (SHARE / "zsh/site-functions")).strip() + "\n")

    def complete(self, line: str) -> Set[str]:
        seen = self._terminal.ask(line + "\t")
        return {re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"<([^>\r\n]*)>", seen)} - {"end-of-words"}

    def close(self) -> None:
        self._terminal.close()


class Fish:
    """`complete -C` prints them."""

    def __init__(self, booted: Booted) -> None:
        self._booted = booted

    def complete(self, line: str) -> Set[str]:
        script = "set -p fish_complete_path $argv[2]; set -x PATH $argv[3] $PATH; set -x HOME /run/test; complete -C $argv[1]"
        done = self._booted.run("fish", "--no-config", "-c", script, line, str(SHARE / "fish/vendor_completions.d"),
                                os.path.dirname(sys.executable))
        assert done.returncode == 0 and not done.stderr, done
        typed = line.split(" ")[-1]      # without a match it offers what only resembles it
        return {word for word in (line.split("\t")[0] for line in done.stdout.splitlines()) if word.startswith(typed)}

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    with Booted(tmp_path_factory.mktemp("completions"), UNITS, sorted(RUNS)) as running:
        running.wait_booted()
        running.run("ln", "-s", "/dev/null", "/run/systemd/system/cc-masked.service", check=True)
        for words in ("daemon-reload", "enable --runtime cc-on", "start cc-bad", "set-environment CC_SET=1"):
            running.systemctl(*words.split())
        assert running.systemctl("is-enabled", "cc-on", "cc-masked").stdout == "enabled-runtime\nmasked-runtime\n"
        yield running


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, booted: Booted) -> "Iterator[Bash | Zsh | Fish]":
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    running = {"bash": Bash, "zsh": Zsh, "fish": Fish}[request.param](booted)
    yield running
    running.close()


@pytest.mark.parametrize("line", [*CASES, *FASTINIT_CASES])
def test_words(shell: "Bash | Zsh | Fish", line: str) -> None:
    """What is offered can be done."""
    wanted, unwanted = {**CASES, **FASTINIT_CASES}[line]
    offered = shell.complete(line)
    assert wanted - {"="} <= offered and not unwanted & offered
    if "=" in wanted:
        assert offered == wanted - {"="}


@pytest.mark.parametrize("line", OPTION_CASES)
def test_options_and_their_values(shell: "Bash | Zsh | Fish", line: str) -> None:
    """However a shell spells it: the value alone, or with the option and what stands before the comma."""
    offered = {re.split("[=,]", word.rstrip("="))[-1] for word in shell.complete(line)}
    assert offered - {"--no-wait"} == OPTION_CASES[line]


# ---- the table ----------------------------------------------------------------------------------------------------------


def test_every_verb_is_known() -> None:
    """What its words are, or that nothing can be known of them."""
    takes = {verb.name for verb in verbs.VERBS if verb.most != 0}
    assert set(completions.ARGUMENTS) | completions.UNKNOWN == takes
    assert not set(completions.ARGUMENTS) & completions.UNKNOWN


def test_every_option_with_a_value_is_known() -> None:
    with_value = {option.long or option.short for option in options.OPTIONS if option.value and option.long != "kill-who"}
    assert set(completions.VALUES) | completions.FREE == with_value
    assert not set(completions.VALUES) & completions.FREE


@pytest.mark.parametrize("name", completions.VALUES)
def test_values_that_are_offered_are_taken(name: str) -> None:
    """Each by the option's own parser."""
    option = options.BY_LONG.get(name) or options.BY_SHORT[name]
    for choice in completions.VALUES[name].choices:
        if name != "when":
            option.apply(options.Options(), choice)


def test_shellcheck_has_nothing_to_say() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-s", "bash", "-S", "warning", str(SHARE / "bash-completion/completions/systemctl")],
                          capture_output=True, text=True, check=False)
    assert not done.stdout

