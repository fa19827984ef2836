"""What a service must be to be startable at all; each rule with the words that systemd logs.

In:  the fields that were set.   Out: "" or the reason why the unit is LoadState=bad-setting.
Source: systemd.service(5): "Type=", "ExecStart=", "Restart="; systemd.exec(5), "PAMName=".
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from fastinit.units.build import Build

Rule = Tuple[Callable[[Dict[str, Any], Build], bool], str]


def _has_success_action(build: Build) -> bool:
    return bool(build.unit.get("success_action", "none") != "none")


_NO_COMMAND = (
    lambda s, b: not s.get("exec_start") and not s.get("exec_stop") and not _has_success_action(b),
    "Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.")
_NEVER_UP = (
    lambda s, b: not s.get("remain_after_exit") and not s.get("exec_start") and not _has_success_action(b),
    "Service has no ExecStart= and no SuccessAction= settings and does not have RemainAfterExit=yes set. Refusing.")
_PAM = (
    lambda s, b: bool(b.context.get("pam_name")) and b.kill.get("kill_mode", "control-group") not in ("control-group", "mixed"),
    "Service has PAM enabled. Kill mode must be set to 'control-group' or 'mixed'. Refusing.")
# The first rule that holds is the reason.
ONESHOT: Tuple[Rule, ...] = (
    _NO_COMMAND,
    _NEVER_UP,
    (lambda s, b: s.get("restart") in ("always", "on-success"),
     "Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing."),
    (lambda s, b: any(s.get("restart_force_exit_status", ((), ()))),
     "Service has RestartForceExitStatus= set, which isn't allowed for Type=oneshot services. Refusing."),
    (lambda s, b: s.get("exit_type") == "cgroup",
     "Service has ExitType=cgroup set, which isn't allowed for Type=oneshot services. Refusing."),
    _PAM,
)
OTHERS: Tuple[Rule, ...] = (
    _NO_COMMAND,
    (lambda s, b: not s.get("exec_start"),
     "Service has no ExecStart= setting, which is only allowed for Type=oneshot services. Refusing."),
    (lambda s, b: len(s["exec_start"]) > 1,
     "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing."),
    (lambda s, b: s["type"] == "dbus" and not s.get("bus_name"),
     "Service is of type D-Bus but no D-Bus service name has been specified. Refusing."),
    _PAM,
)


def verify_service(build: Build) -> str:
    """The first rule that the service breaks, "" when it may be started."""
    for broken, reason in ONESHOT if build.service["type"] == "oneshot" else OTHERS:
        if broken(build.service, build):
            return f"{build.name}: {reason}"
    return ""
