"""Condition*= and Assert*=: may this unit start here and now?

In:  a Unit and Facts about the system.   Out: ConditionsChecked.
A condition whose question has no answer here (a file that cannot be read, a value that means nothing) does not hold, "!" or
not. Never: changes anything, starts a process, keeps a fact from one check to the next (but for what cannot change).
Source: systemd.unit(5), "CONDITIONS AND ASSERTS" of v257.
"""

from __future__ import annotations

import stat
from typing import Dict, List, Optional, Sequence, Tuple

from fastinit.plan.events import ConditionsChecked
from fastinit.run.conditions.accounts import credential, environment, group, user
from fastinit.run.conditions.facts import Facts, Test
from fastinit.run.conditions.files import (
    directory_not_empty,
    exists,
    exists_glob,
    is_encrypted,
    is_executable,
    is_mount_point,
    is_read_write,
    mode_test,
)
from fastinit.run.conditions.host import (
    ac_power,
    architecture,
    command_line,
    cpu_feature,
    firmware,
    first_boot,
    host,
    kernel_module,
    kernel_version,
    needs_update,
    os_release,
    version,
    virtualization,
)
from fastinit.run.conditions.resources import controllers, cpus, memory, pressure
from fastinit.run.conditions.security import capability, security
from fastinit.units.model import Condition, Unit

HELD, FAILED, UNTRIED = 1, -1, 0

# Name without Condition or Assert -> test.
TESTS: Dict[str, Test] = {
    "Architecture":           architecture,
    "Firmware":               firmware,
    "Virtualization":         virtualization,
    "Host":                   host,
    "KernelCommandLine":      command_line,
    "KernelVersion":          kernel_version,
    "Version":                version,
    "KernelModuleLoaded":     kernel_module,
    "Credential":             credential,
    "Environment":            environment,
    "Security":               security,
    "Capability":             capability,
    "ACPower":                ac_power,
    "NeedsUpdate":            needs_update,
    "FirstBoot":              first_boot,
    "PathExists":             exists,
    "PathExistsGlob":         exists_glob,
    "PathIsDirectory":        mode_test(lambda about: stat.S_ISDIR(about.st_mode)),
    "PathIsSymbolicLink":     mode_test(lambda about: stat.S_ISLNK(about.st_mode), follow=False),
    "PathIsMountPoint":       is_mount_point,
    "PathIsReadWrite":        is_read_write,
    "PathIsEncrypted":        is_encrypted,
    "PathIsSocket":           mode_test(lambda about: stat.S_ISSOCK(about.st_mode)),
    "DirectoryNotEmpty":      directory_not_empty,
    "FileNotEmpty":           mode_test(lambda about: stat.S_ISREG(about.st_mode) and about.st_size > 0),
    "FileIsExecutable":       mode_test(is_executable),
    "User":                   user,
    "Group":                  group,
    "ControlGroupController": controllers,
    "Memory":                 memory,
    "CPUs":                   cpus,
    "CPUFeature":             cpu_feature,
    "OSRelease":              os_release,
    "MemoryPressure":         pressure("memory"),
    "CPUPressure":            pressure("cpu"),
    "IOPressure":             pressure("io"),
}


def test(condition: Condition, facts: Facts) -> int:
    """HELD or FAILED."""
    try:
        holds_now = TESTS[condition.name](condition.parameter, facts)
    except (OSError, ValueError):
        return FAILED
    return HELD if holds_now != condition.negate else FAILED


def text_of(condition: Condition, prefix: str) -> str:
    """As the unit file has it: "ConditionPathExists=!/foo"."""
    return f"{prefix}{condition.name}={'|' if condition.trigger else ''}{'!' if condition.negate else ''}{condition.parameter}"


def check_list(conditions: Sequence[Condition], facts: Facts) -> Tuple[bool, List[int], Optional[Condition]]:
    """(all hold, a result for each, the one that failed).

    The plain ones must all hold, of those with "|" one. A plain one that fails ends it; None failed: no trigger held.
    """
    results = [UNTRIED] * len(conditions)
    triggered: Optional[bool] = None
    for index, condition in enumerate(conditions):
        results[index] = test(condition, facts)
        if condition.trigger:
            triggered = triggered or results[index] == HELD
        elif results[index] != HELD:
            return False, results, condition
    return triggered is not False, results, None


def check(unit: Unit, facts: Facts) -> ConditionsChecked:
    """Asserts are not tried when a condition has failed, as the unit is then not started anyway."""
    conditions_ok, results, failed = check_list(unit.conditions, facts)
    if not conditions_ok:
        results += [UNTRIED] * len(unit.asserts)
        return ConditionsChecked(unit.name, False, True, text_of(failed, "Condition") if failed else "", tuple(results))
    asserts_ok, more, failed = check_list(unit.asserts, facts)
    told = text_of(failed, "Assert") if failed else "" if asserts_ok else "no trigger assertion was met"
    return ConditionsChecked(unit.name, True, asserts_ok, told, tuple(results + more))
