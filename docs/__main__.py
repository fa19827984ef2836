"""`make docs`: the pages that are made from the program's own tables; a test holds them to what this prints.

In:  units.directives, control.verbs and options, plan.service.table.   Out: PAGES: pages of docs/, and what the wheel
installs below share/ (manual pages, completions), which stands in fastinit/share.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List

from docs import completions, man
from fastinit.control import options, system, verbs
from fastinit.plan.service import table as service_table
from fastinit.units import directives

TREE = Path(__file__).resolve().parents[1]
MADE = "Made by `make docs`; a test compares."


def _verb_row(verb: verbs.Verb) -> str:
    names = ", ".join((verb.name, *verb.aliases))
    if isinstance(verb.run, system.Refused):
        kind, note = "refused", f"“{verb.run.sentence}”, exit code 1"
    elif verb.name in verbs.OWN_VERBS:
        kind, note = "fastinit's own", ""
    elif verb.name in verbs.DIFFERS:
        kind, note = "differs", verbs.DIFFERS[verb.name]
    else:
        kind, note = "same", ""
    return f"| {names} | {kind} | {verb.access.value} | {verb.needs.value} | {note} |"


def _option_row(option: options.Option) -> str:
    names = ", ".join([f"-{option.short}"] * bool(option.short) + [f"--{option.long}"] * bool(option.long))
    if isinstance(option.apply, options.Refuse):
        return f"| {names} | refused | “{option.apply.line}”, exit code 1 |"
    accepted = "accepted, changes nothing" if option.apply is options.ignore else ""
    kind = "fastinit's own" if option.long in options.OWN else "no effect" if accepted else "same"
    return f"| {names} | {kind} | {accepted} |"


def verbs_page() -> str:
    """docs/verbs.md."""
    lines: List[str] = [
        "# Verbs and options of systemctl", "",
        MADE + " Words, streams and exit codes are those of systemd 257; tests/golden asks both.", "",
        "## Verbs", "", "| verb | beside systemctl(1) | who may | needs | note |", "| --- | --- | --- | --- | --- |"]
    lines += map(_verb_row, verbs.VERBS)
    lines += ["", "## Options", "", "| option | beside systemctl(1) | note |", "| --- | --- | --- |"]
    lines += map(_option_row, options.OPTIONS)
    return "\n".join(lines) + "\n"


def _step_row(first: str, event: service_table.Ev, step: service_table.Step) -> str:
    result = step.result.value if step.result else ""
    return f"| {first} | {event.value} | {step.go.name.lower().replace('_', ' ')} | {result} |"


def services_page() -> str:
    """docs/services.md."""
    lines = ["# The life of a service", "",
             MADE + " States are the SubState of `systemctl show`; what is not listed is ignored in that state.", "",
             "## Every type", "", "| in | when | then | result |", "| --- | --- | --- | --- |"]
    lines += [_step_row(sub.value, event, step) for (sub, event), step in service_table.STEPS.items()]
    lines += ["", "## While starting, by Type=", "", "| Type= | when | then | result |", "| --- | --- | --- | --- |"]
    lines += [_step_row(type, event, step) for (type, event), step in service_table.START_STEPS.items()]
    return "\n".join(lines) + "\n"


PAGES: Dict[str, Callable[[], str]] = {
    "docs/directives.md": directives.document, "docs/verbs.md": verbs_page, "docs/services.md": services_page,
    **{f"fastinit/share/man/{name}": page for name, page in man.PAGES.items()},
    **{f"fastinit/share/{name}": page for name, page in completions.PAGES.items()},
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        path = TREE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
        print(name)
