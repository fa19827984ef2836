"""Conditions on the manager's user, groups, environment and credentials.

Source: systemd.unit(5).
"""

from __future__ import annotations

import grp
import pwd

from fastinit.run.conditions.facts import SYSTEM_UID_MAX, Facts


def environment(parameter: str, facts: Facts) -> bool:
    name, equals, value = parameter.partition("=")
    known = facts.environ().get(name)
    return known is not None and (not equals or known == value)


def credential(parameter: str, facts: Facts) -> bool:
    if not parameter or "/" in parameter or parameter in (".", ".."):
        raise ValueError("not a credential's name")
    folders = [facts.environ().get(name, "") for name in ("CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY")]
    return any(facts.stat(f"{folder}/{parameter}") is not None for folder in folders if folder.startswith("/"))


def user(parameter: str, facts: Facts) -> bool:
    uids = facts.uids()
    if parameter.isdecimal():
        return int(parameter) in uids
    if parameter == "@system":
        return all(uid <= SYSTEM_UID_MAX for uid in uids)
    if parameter == "root":
        return 0 in uids
    try:
        return pwd.getpwnam(parameter).pw_uid in uids
    except KeyError:
        return False


def group(parameter: str, facts: Facts) -> bool:
    if parameter.isdecimal():
        return int(parameter) in facts.gids()
    if parameter == "root":
        return 0 in facts.gids()
    try:
        return grp.getgrnam(parameter).gr_gid in facts.gids()
    except KeyError:
        return False
