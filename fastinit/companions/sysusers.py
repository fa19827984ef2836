"""systemd-sysusers: system users and groups as sysusers.d(5) declares them.

In:  sysusers.d files, stdin, arguments; passwd, group, shadow, gshadow below the root.   Out: those four, one line per account.
Never: changes an account that exists, writes a file that stays the same.
Differs from systemd: a gshadow entry without its group is taken over instead of written a second time.
Source: sysusers.d(5), systemd-sysusers(8); order of work, IDs and messages as v252 shows them.
"""

from __future__ import annotations

import os
import re
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from fastinit.companions import confd, specifiers
from fastinit.companions.accounts import AccountFile, locked
from fastinit.companions.options import Options, UsageError, complain, run
from fastinit.errors import FastinitError
from fastinit.units.specifiers import Host
from fastinit.units.syntax import QuotingError, split_words

USAGE = """
systemd-sysusers [OPTIONS...] [CONFIGURATION FILE...]

Creates system user and group accounts.

  -h --help                 Show this help
     --version              Show package version
     --cat-config           Show configuration files
     --tldr                 Show non-comment parts of configuration files
     --root=PATH            Operate on an alternate filesystem root
     --replace=PATH         Treat arguments as replacement for PATH
     --dry-run              Just print what would be done
     --inline               Treat arguments as configuration lines
     --no-pager             Do not pipe output into a pager
"""
OPTIONS = ("cat-config", "tldr", "root=", "image=", "replace=", "dry-run", "inline", "no-pager")

KIND = "sysusers.d"
NOLOGIN = "/usr/sbin/nologin"
LOCKED = "!*"                       # no password fits, and none ever did
SYSTEM_MAX = 999
RESERVED_IDS = (65535, 0xFFFFFFFF)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}\Z")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\Z")


class BadLine(FastinitError):
    """str() is '<path>:<line>: <what>'."""


class User(NamedTuple):
    """A "u" line.   uid: None = to be found; group: None = one of the same name; path: the file whose owner gives the number."""

    name: str
    uid: Optional[int] = None
    group: "Optional[int | str]" = None
    path: str = ""
    gecos: str = ""
    home: str = ""
    shell: str = ""
    is_locked: bool = False


class Group(NamedTuple):
    name: str
    gid: Optional[int] = None
    path: str = ""


class Wanted(NamedTuple):
    """All that the configuration asks for; the first line about a name counts.   members: (user, group)."""

    users: Dict[str, User]
    groups: Dict[str, Group]
    members: List[Tuple[str, str]]
    ranges: List[Tuple[int, int]]


# --- reading ---------------------------------------------------------------------------------------------------------

def parse_line(text: str, wanted: Wanted, host: Host) -> Optional[str]:
    """Add a line to what is wanted. Returns a warning or None. Raises ValueError with the reason."""
    try:
        words = split_words(text)
    except QuotingError:
        raise ValueError("Syntax error.") from None
    if len(words) < 2:
        raise ValueError("Missing action and name columns.")
    if len(words) > 6:
        raise ValueError("Trailing garbage.")
    kind, *rest = words
    if len(kind) > 1 and kind != "u!":
        raise ValueError(f"Unknown modifier '{kind}'.")
    if kind[0] not in _KINDS:
        raise ValueError(f"Unknown command type '{kind}'.")
    fields = ["" if word == "-" else word for word in rest] + [""] * 5
    for at in range(5):
        try:
            fields[at] = specifiers.expand(fields[at], host, specifiers.SYSUSERS)
        except ValueError as error:
            raise ValueError(f"Failed to replace specifiers in '{fields[at]}': {error}") from None
    return _KINDS[kind[0]](kind, fields, wanted)


def _checked_name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"'{name}' is not a valid user or group name.")
    return name


def _user(kind: str, fields: Sequence[str], wanted: Wanted) -> Optional[str]:
    name, number, gecos, home, shell = fields[:5]
    if not name:
        raise ValueError(f"Lines of type '{kind}' require a user name in the second field.")
    _checked_name(name)
    _check_text("GECOS", gecos, gecos and (":" in gecos or "\n" in gecos))
    _check_text("home directory", home, home and (home[0] != "/" or ":" in home))
    _check_text("login shell", shell, shell and (shell[0] != "/" or ":" in shell))
    uid, group, path = _user_ids(number)
    user = User(name, uid, group, path, gecos, home, shell, kind == "u!")
    if wanted.users.setdefault(name, user) != user:
        return f"Conflict with earlier configuration for user '{name}', ignoring line."
    return None


def _check_text(what: str, value: str, is_bad: object) -> None:
    if is_bad or any(ord(char) < 32 for char in value):
        raise ValueError(f"'{value}' is not a valid {what} field.")


def _user_ids(text: str) -> "Tuple[Optional[int], Optional[int | str], str]":
    if not text:
        return None, None, ""
    if text.startswith("/"):
        return None, None, text
    before, colon, behind = text.partition(":")
    if not colon:
        return _number("UID", text, text), None, ""
    uid = None if before == "-" else _number("UID", before, text)
    if _NAME.match(behind):
        return uid, behind, ""
    return uid, _number("GID", behind, text), ""


def _number(what: str, text: str, shown: str) -> int:
    if not _DECIMAL.match(text):
        raise ValueError(f"Failed to parse {what}: '{shown}': Invalid argument")
    number = int(text)
    if number in RESERVED_IDS:
        raise ValueError(f"Failed to parse {what}: '{shown}': No such device or address")
    if number > 0xFFFFFFFF:
        raise ValueError(f"Failed to parse {what}: '{shown}': Numerical result out of range")
    return number


def _group(kind: str, fields: Sequence[str], wanted: Wanted) -> Optional[str]:
    name, number = fields[:2]
    if not name:
        raise ValueError(f"Lines of type '{kind}' require a user name in the second field.")
    _refuse_extra(kind, fields)
    _checked_name(name)
    is_path = number.startswith("/")
    group = Group(name, _number("GID", number, number) if number and not is_path else None, number if is_path else "")
    if wanted.groups.setdefault(name, group) != group:
        return f"Conflict with earlier configuration for group '{name}', ignoring line."
    return None


def _refuse_extra(kind: str, fields: Sequence[str]) -> None:
    for what, value in zip(("GECOS", "home directory", "login shell"), fields[2:5]):
        if value:
            raise ValueError(f"Lines of type '{kind}' don't take a {what} field.")


def _member(kind: str, fields: Sequence[str], wanted: Wanted) -> Optional[str]:
    user, group = fields[:2]
    if not user:
        raise ValueError(f"Lines of type '{kind}' require a user name in the second field.")
    if not group:
        raise ValueError(f"Lines of type '{kind}' require a group name in the third field.")
    _refuse_extra(kind, fields)
    wanted.members.append((_checked_name(user), _checked_name(group)))
    return None


def _range(kind: str, fields: Sequence[str], wanted: Wanted) -> Optional[str]:
    name, text = fields[:2]
    if name:
        raise ValueError(f"Lines of type '{kind}' don't take a name field.")
    if not text:
        raise ValueError(f"Lines of type '{kind}' require an ID range in the third field.")
    _refuse_extra(kind, fields)
    low, dash, high = text.partition("-")
    if not _DECIMAL.match(low) or (dash and not _DECIMAL.match(high)) or int(low) > int(high or low):
        raise ValueError(f"Invalid UID range {text}.")
    wanted.ranges.append((int(low), int(high or low)))
    return None


_KINDS: Dict[str, Callable[[str, Sequence[str], Wanted], Optional[str]]] = {
    "u": _user, "g": _group, "m": _member, "r": _range,
}


def complete(wanted: Wanted) -> None:
    """Users and groups that only an "m" line names are created too, group by group."""
    for group in dict.fromkeys(group for _, group in wanted.members):
        wanted.groups.setdefault(group, Group(group))
        for user, of_group in wanted.members:
            if of_group == group:
                wanted.users.setdefault(user, User(user))


# --- deciding --------------------------------------------------------------------------------------------------------

class Decider:
    """Finds numbers for what is wanted and does not exist yet; changes the four tables in memory, no file."""

    def __init__(self, root: str, wanted: Wanted, today: int) -> None:
        self.root = root
        self.wanted = wanted
        self.today = today
        self.passwd, self.group, self.shadow, self.gshadow = (
            AccountFile(root, name) for name in ("passwd", "group", "shadow", "gshadow")
        )
        self.users = {row[0]: row for row in reversed(list(self.passwd.entries()))}
        self.groups = {row[0]: row for row in reversed(list(self.group.entries()))}
        self.name_of_uid = {int(row[2]): row[0] for row in self.users.values() if row[2].isdecimal()}
        self.name_of_gid = {int(row[2]): row[0] for row in self.groups.values() if row[2].isdecimal()}
        self._free = self._candidates()

    def _candidates(self) -> Iterator[int]:
        """Numbers to give out, from the highest down; users and groups share the pool so that both get the same one."""
        ranges = sorted(self.wanted.ranges or [_login_defs(self.root)], reverse=True)
        below = 1 << 32
        for low, high in ranges:
            for number in range(min(high, below - 1), low - 1, -1):
                if number not in RESERVED_IDS:
                    yield number
            below = min(below, low)

    def decide(self) -> None:
        """Raises FastinitError when no number is left."""
        for group in self.wanted.groups.values():
            self._ensure_group(group)
        for user in self.wanted.users.values():
            self._ensure_user(user)
        self._add_members()

    # A number of a user must not be that of a group with another name and the other way round: the pair would be confused.
    def _is_free_uid(self, uid: int, name: str, check_groups: bool) -> bool:
        if uid in self.name_of_uid or (check_groups and self.name_of_gid.get(uid, name) != name):
            return False
        if self.root:
            return True
        import grp
        import pwd
        return not _known(pwd.getpwuid, uid) and (not check_groups or _known(grp.getgrgid, uid) in ("", name))

    def _is_free_gid(self, gid: int, name: str, check_users: bool) -> bool:
        if gid in self.name_of_gid or (check_users and self.name_of_uid.get(gid, name) != name):
            return False
        if self.root:
            return True
        import grp
        import pwd
        return not _known(grp.getgrgid, gid) and (not check_users or _known(pwd.getpwuid, gid) in ("", name))

    def _owner(self, path: str) -> Tuple[int, int]:
        """Owner and group of a file that shall name the numbers; (0, 0) when there is none: root's never count."""
        try:
            found = os.stat(self.root + path)
        except OSError:
            return 0, 0
        return found.st_uid, found.st_gid

    def _in_range(self, number: int) -> bool:
        ranges = self.wanted.ranges or [_login_defs(self.root)]
        return any(low <= number <= high for low, high in ranges)

    def _ensure_group(self, group: Group, uid: Optional[int] = None) -> int:
        """The group's number; it is made when it does not exist.   uid: the number to try, that of its user."""
        found = self._existing_gid(group.name)
        if found is not None:
            return found
        gid = self._group_number(group, uid)
        complain(f"Creating group '{group.name}' with GID {gid}.")
        row = [group.name, "x", str(gid), ""]
        self.group.add(row)
        self.groups[group.name] = row
        self.name_of_gid[gid] = group.name
        if not any(shadow[0] == group.name for shadow in self.gshadow.rows):
            self.gshadow.add([group.name, LOCKED, "", ""])
        return gid

    def _existing_gid(self, name: str) -> Optional[int]:
        row = self.groups.get(name)
        if row is not None:
            return int(row[2]) if row[2].isdecimal() else 0
        if self.root:
            return None
        import grp
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            return None

    def _group_number(self, group: Group, uid: Optional[int]) -> int:
        if group.gid is not None:
            if self._is_free_gid(group.gid, group.name, False):
                return group.gid
            complain(f"Suggested group ID {group.gid} for {group.name} already used.")
        if uid is not None and self._is_free_gid(uid, group.name, True):
            return uid
        if group.path:
            owner = self._owner(group.path)[1]
            if owner and self._in_range(owner) and self._is_free_gid(owner, group.name, True):
                return owner
        for gid in self._free:
            if self._is_free_gid(gid, group.name, True):
                return gid
        raise FastinitError(f"No free group ID available for {group.name}.")

    def _ensure_user(self, user: User) -> None:
        gid = self._primary_group(user)
        if gid is None or self._user_exists(user.name):
            return
        uid = self._user_number(user, gid)
        complain(f"Creating user '{user.name}' ({user.gecos or 'n/a'}) with UID {uid} and GID {gid}.")
        shell = user.shell or _told_shell(user.name) or ("/bin/sh" if uid == 0 else NOLOGIN)
        row = [user.name, "x", str(uid), str(gid), user.gecos, user.home or "/", shell]
        self.passwd.add(row)
        self.users[user.name] = row
        self.name_of_uid[uid] = user.name
        self._add_shadow(user)

    def _primary_group(self, user: User) -> Optional[int]:
        """None = the line cannot be followed, and that was said."""
        if user.group is None:
            return self._ensure_group(Group(user.name, path=user.path), user.uid)
        if isinstance(user.group, str):
            gid = self._existing_gid(user.group)
            if gid is None:
                complain(f"Group {user.group} not found.")
            return gid
        own = self.wanted.groups.get(user.name)
        if own is not None and user.name in self.groups:
            return self._existing_gid(user.name)
        if self._is_free_gid(user.group, user.name, False):
            complain(f"Failed to create {user.name}: please create GID {user.group}")
            return None
        return user.group

    def _user_exists(self, name: str) -> bool:
        if name in self.users:
            return True
        if self.root:
            return False
        import pwd
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def _user_number(self, user: User, gid: int) -> int:
        check_groups = user.group is None
        if user.uid is not None:
            if self._is_free_uid(user.uid, user.name, check_groups):
                return user.uid
            complain(f"Suggested user ID {user.uid} for {user.name} already used.")
        if user.path:
            owner = self._owner(user.path)[0]
            if owner and self._in_range(owner) and self._is_free_uid(owner, user.name, True):
                return owner
        if self._is_free_uid(gid, user.name, True):
            return gid
        for uid in self._free:
            if self._is_free_uid(uid, user.name, True):
                return uid
        raise FastinitError(f"No free user ID available for {user.name}.")

    def _add_shadow(self, user: User) -> None:
        for row in self.shadow.rows:
            if row[0] == user.name and len(row) >= 3:
                row[2] = str(self.today)        # a password that waited for its user: its age begins now
                return
        password = _told_password(user.name) or LOCKED
        expires = "1" if user.is_locked else ""
        self.shadow.add([user.name, password, str(self.today), "", "", "", "", expires, ""])

    def _add_members(self) -> None:
        new: Dict[str, Set[str]] = {}
        for user, group in self.wanted.members:
            new.setdefault(group, set()).add(user)
        for table, column in ((self.group, 3), (self.gshadow, 3)):
            for row in table.entries():
                users = new.get(row[0])
                if users:
                    have = {name for name in row[column].split(",") if name}
                    if not users <= have:
                        row[column] = ",".join(sorted(have | users))

    def tables(self) -> Tuple[AccountFile, ...]:
        return self.group, self.gshadow, self.passwd, self.shadow


def _known(lookup: Callable[[int], Sequence[object]], number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return ""


def _login_defs(root: str) -> Tuple[int, int]:
    """SYS_UID_MIN and SYS_UID_MAX of login.defs(5), else 1 to 999."""
    found = {"SYS_UID_MIN": 1, "SYS_UID_MAX": SYSTEM_MAX}
    try:
        with open(f"{root}/etc/login.defs", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                words = line.split()
                if len(words) == 2 and words[0] in found and words[1].isdecimal():
                    found[words[0]] = int(words[1])
    except OSError:
        pass                        # the file is optional
    return found["SYS_UID_MIN"], found["SYS_UID_MAX"]


def _told_shell(name: str) -> str:
    given, data = confd.credential(f"passwd.shell.{name}")
    return data.decode("utf-8", "replace").strip("\n") if given else ""


def _told_password(name: str) -> str:
    """The hash that a credential holds. Raises FastinitError for one in plain text: Python 3.13 has no crypt(3)."""
    given, data = confd.credential(f"passwd.hashed-password.{name}")
    if given:
        return data.decode("utf-8", "replace").strip("\n")
    if confd.credential(f"passwd.plaintext-password.{name}")[0]:
        raise FastinitError(
            f"cannot use credential passwd.plaintext-password.{name}: only hashed passwords are supported; "
            f"pass passwd.hashed-password.{name} instead"
        )
    return ""


# --- the program -----------------------------------------------------------------------------------------------------

def _take(lines: Iterator[confd.Line], wanted: Wanted, host: Host, stop: bool) -> bool:
    """Lines into wanted. Returns whether all were good.   stop: the first bad one ends it."""
    good = True
    for line in lines:
        try:
            warning = parse_line(line.text, wanted, host)
        except ValueError as error:
            complain(f"{line.where}: {error}")
            good = False
            if stop:
                return False
            continue
        if warning:
            complain(f"{line.where}: {warning}")
    return good


def _take_file(path: str, wanted: Wanted, host: Host, root: str) -> bool:
    try:
        return _take(confd.read_lines(confd.locate(path, root, confd.folders(KIND))), wanted, host, False)
    except OSError as error:
        complain(f"Failed to open '{path}', ignoring: {os.strerror(error.errno or 2)}")
        return True


def _take_arguments(options: Options, wanted: Wanted, host: Host, root: str) -> bool:
    if options.has("inline"):
        return _take(confd.inline(options.args), wanted, host, True)
    return all([_take_file(path, wanted, host, root) for path in options.args])


def _read_all(options: Options, root: str) -> Optional[Wanted]:
    """None: a line of the command line is wrong. Bad lines of installed files only warn: one package must not stop all."""
    wanted, host = Wanted({}, {}, [], []), Host(root)
    replace = options.last("replace")
    if options.args and not replace:
        return wanted if _take_arguments(options, wanted, host, root) else None
    for path in confd.configured(root, confd.folders(KIND), replace):
        if path == confd.REPLACED:
            if not _take_arguments(options, wanted, host, root):
                return None
        else:
            _take_file(path, wanted, host, root)
    given, data = confd.credential("sysusers.extra")
    if given:
        _take(confd.numbered("sysusers.extra", data), wanted, host, False)
    return wanted


def _work(options: Options) -> int:
    if options.has("image"):
        raise UsageError("cannot use --image=: disk images need a mount; mount it and use --root=")
    root = os.path.abspath(options.last("root")).rstrip("/") if options.last("root") else ""
    if options.has("cat-config") or options.has("tldr"):
        return confd.print_all(confd.configured(root, confd.folders(KIND)), options.has("tldr"))
    if options.has("replace") and not options.args:
        raise UsageError("When --replace= is given, some configuration items must be specified")
    wanted = _read_all(options, root)
    if wanted is None:
        return 1
    complete(wanted)
    today = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()) // 86400
    if options.has("dry-run"):
        decider = Decider(root, wanted, today)
        decider.decide()
        for table in decider.tables():
            if table.is_changed():
                complain(f"Would write /etc/{table.name}…")
        return 0
    return _apply(root, wanted, today)


def _apply(root: str, wanted: Wanted, today: int) -> int:
    with locked(root):
        decider = Decider(root, wanted, today)
        decider.decide()
        for table in decider.tables():
            if table.is_changed():
                try:
                    table.save()
                except OSError as error:
                    raise FastinitError(f"cannot write {table.path}: {error.strerror}") from error
    return 0


def main(argv: List[str]) -> int:
    return run("systemd-sysusers", USAGE, OPTIONS, argv, _work)
