"""Parsers of directives: each takes the text right of "=" and writes one field of the unit being built.

In:  (Build, dict of the class, field, text).   Out: the dict changed, perhaps warnings.
Raises ValueError (warn, ignore the line) or BadSetting (the unit does not load); never anything else.
An empty text resets a list and is an error for a single value, as in systemd.
Source: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5).
"""

from __future__ import annotations

import binascii
import re
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from fastinit.units import names, openfile
from fastinit.units.build import BadSetting, Build, Parser, Values, add, keyed
from fastinit.units.execline import BadCommand, parse_commands
from fastinit.units.model import USEC_INFINITY, Condition, Directory, EnvironmentFile, ExitStatusSet, StdStream
from fastinit.units.syntax import split_plain, split_words, unescape_text
from fastinit.units.timespan import parse_usec
from fastinit.units.values import (
    parse_boolean,
    parse_exit_status,
    parse_int,
    parse_limit,
    parse_mode,
    parse_permyriad,
    parse_signal,
    parse_size,
)

PATH_MAX = 4095

# --- single values -------------------------------------------------------------------------------------------------


def scalar(read: Callable[[str], Any]) -> Parser:
    """One value without specifiers; read() raises ValueError."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        values[field] = read(text)
    return parse


def checked(read: Callable[[str], Any]) -> Parser:
    """As scalar(), for a directive that has no field: the value is only looked at."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        read(text)
    return parse


def resettable(inner: Parser) -> Parser:
    """An empty assignment goes back to the default."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text:
            inner(build, values, field, text)
        else:
            values.pop(field, None)
    return parse


boolean: Parser = scalar(parse_boolean)
seconds: Parser = scalar(parse_usec)
mode: Parser = scalar(parse_mode)
signal: Parser = scalar(parse_signal)
any_boolean: Parser = checked(parse_boolean)
any_seconds: Parser = checked(parse_usec)
any_mode: Parser = checked(parse_mode)


def integer(low: int, high: int) -> Parser:
    return scalar(lambda text: parse_int(text, low, high))


def any_integer(low: int = 0, high: int = (1 << 32) - 1) -> Parser:
    return resettable(checked(lambda text: parse_int(text, low, high)))


def kept(build: Build, values: Values, field: str, text: str) -> None:
    """Any text will do; it is read from Unit.settings by whom it concerns."""


def one_of(*words: str, **synonyms: str) -> Parser:
    """A word of the list; synonyms: other spellings of booleans ("yes" -> "full")."""
    known: Dict[str, str] = {word: word for word in words}
    known.update(synonyms)

    def parse(build: Build, values: Values, field: str, text: str) -> None:
        word = known.get(text)
        if word is None:
            raise ValueError("not one of " + " ".join(words))
        values[field] = word
    return parse


def boolean_or(*words: str, yes: str = "yes", no: str = "no") -> Parser:
    """A boolean or one of the words; the value is text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text in words:
            values[field] = text
            return
        try:
            values[field] = yes if parse_boolean(text) else no
        except ValueError:
            raise ValueError("neither a boolean nor one of " + " ".join(words)) from None
    return parse


def string(build: Build, values: Values, field: str, text: str) -> None:
    """A text with specifiers; empty goes back to the default."""
    if text:
        values[field] = build.expand(text)
    else:
        values.pop(field, None)


def no_limit_at_zero(build: Build, values: Values, field: str, text: str) -> None:
    """A time span where 0 means that there is no limit."""
    values[field] = parse_usec(text) or USEC_INFINITY


def timeout_both(build: Build, values: Values, field: str, text: str) -> None:
    """TimeoutSec=: start and stop at once."""
    usec = parse_usec(text) or USEC_INFINITY
    values["timeout_start_usec"] = values["timeout_stop_usec"] = usec


def job_timeout(build: Build, values: Values, field: str, text: str) -> None:
    """JobTimeoutSec= bounds the running time too, unless JobRunningTimeoutSec= says otherwise."""
    usec = parse_usec(text) or USEC_INFINITY
    values[field] = usec
    if not build.own.get("job_running_timeout"):
        values["job_running_timeout_usec"] = usec


def job_running_timeout(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_usec(text) or USEC_INFINITY
    build.own["job_running_timeout"] = True


def exit_status_action(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_int(text, 0, 255) if text else None


# --- paths ---------------------------------------------------------------------------------------------------------


def clean_path(path: str) -> str:
    """Without doubled or trailing slashes and "." parts."""
    if "//" not in path and "/." not in path and (path == "/" or path[-1:] != "/"):
        return path
    head = "/" if path.startswith("/") else ""
    return head + "/".join([part for part in path.split("/") if part not in ("", ".")]) or head


def absolute_path(text: str) -> str:
    """A path from the root, tidied. Raises ValueError."""
    if not text.startswith("/"):
        raise ValueError("path is not absolute")
    if len(text) > PATH_MAX:
        raise ValueError("path is too long")
    path = clean_path(text)
    if "/.." in path and ".." in path.split("/"):
        raise ValueError("path is not normalized")
    return path


def path(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        values[field] = absolute_path(build.expand(text))
    else:
        values.pop(field, None)


def paths(build: Build, values: Values, field: str, text: str) -> None:
    """Absolute paths, words with quotes."""
    if not text:
        values[field] = []
        return
    add(values, field).extend([absolute_path(build.expand(word)) for word in split_words(text)])


def pid_file(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    given = build.expand(text)
    full = absolute_path(given if given.startswith("/") else "/run/" + given)
    if full.startswith("/var/run/"):
        moved = full[4:]
        build.warn(f"PIDFile= references a path below legacy directory /var/run/, updating {full} → {moved}; "
                   "please update the unit file accordingly.")
        full = moved
    values[field] = full


def working_directory(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        values.pop("working_directory_optional", None)
        return
    optional = text[0] == "-"
    given = text[1:] if optional else text
    if given != "~":
        try:
            given = absolute_path(build.expand(given))
        except ValueError as error:
            if optional:
                raise
            raise BadSetting(str(error)) from None
    values[field] = given
    values["working_directory_optional"] = optional


def environment_file(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    optional = text[0] == "-"
    found = absolute_path(build.expand(text[1:] if optional else text))
    add(values, field).append(EnvironmentFile(found, optional))


def directories(build: Build, values: Values, field: str, text: str) -> None:
    """RuntimeDirectory= and its kin: relative paths, each perhaps with ":symlink" and ":ro" behind it."""
    if not text:
        values[field] = []
        return
    entries = keyed(values, field)
    for word in split_words(text):
        where, link, flags = (*build.expand(word).split(":"), "", "")[:3]
        try:
            where, link = _relative_path(where), _relative_path(link) if link else ""
        except ValueError as error:
            build.warn(f"{error}, ignoring assignment: {word}")
            continue
        before: Optional[Directory] = entries.get(where)
        links = before.symlinks if before else ()
        if link and link not in links:
            links += (link,)
        entries[where] = Directory(where, links, flags or (before.flags if before else ""))


def _relative_path(text: str) -> str:
    tidy = clean_path(text)
    if not tidy or ".." in tidy.split("/"):
        raise ValueError("path is not normalized")
    if tidy.startswith("/"):
        raise ValueError("path is absolute")
    if tidy.split("/")[0] == "private":
        raise ValueError("path may not be below 'private'")
    return tidy


# --- lists ---------------------------------------------------------------------------------------------------------


def words(build: Build, values: Values, field: str, text: str) -> None:
    """Words with quotes, escapes and specifiers; they add up."""
    if text:
        add(values, field).extend([build.expand(word) for word in split_words(text)])
    else:
        values[field] = []


def open_files(build: Build, values: Values, field: str, text: str) -> None:
    """OpenFile=: kept as text, once it is known to be one."""
    if text:
        entry = build.expand(text)
        openfile.parse(entry)
        add(values, field).append(entry)
    else:
        values[field] = []


def documentation(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    found = add(values, field)
    for word in split_words(text):
        uri = build.expand(word)
        if uri.startswith(("http://", "https://", "file:/", "info:", "man:")) and len(uri) > 5:
            found.append(uri)
        else:
            build.warn(f"Invalid URI, ignoring: {uri}")


def environment(build: Build, values: Values, field: str, text: str) -> None:
    """NAME=value words; a later one replaces an earlier one of that name."""
    if not text:
        values.pop(field, None)
        return
    merged = keyed(values, field)
    for word in split_words(text):
        entry = build.expand(word)
        name = entry.partition("=")[0]
        if len(name) == len(entry) or not is_variable(name):
            build.warn(f"Invalid environment assignment, ignoring: {entry}")
            continue
        merged[name] = entry


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def is_variable(name: str) -> bool:
    return _VARIABLE.match(name) is not None


def variable_names(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    found = keyed(values, field)
    for word in split_words(text):
        name = build.expand(word)
        if is_variable(name) or (field == "unset_environment" and is_variable(name.partition("=")[0])):
            found[name] = name
        else:
            build.warn(f"Invalid environment name, ignoring: {name}")


def sandbox(build: Build, values: Values, field: str, text: str) -> None:
    """Kept as it is, by the directive's name; an empty assignment resets."""
    known: Dict[str, List[str]] = values.setdefault("sandbox", {})
    if not text:
        known.pop(field, None)
    elif field in _LISTS:
        known.setdefault(field, []).append(build.expand(text))
    else:
        known[field] = [build.expand(text)]


_LISTS = frozenset((
    "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "BindPaths", "BindReadOnlyPaths",
    "TemporaryFileSystem", "SystemCallFilter", "SystemCallArchitectures", "SystemCallLog", "RestrictAddressFamilies",
    "RestrictFileSystems", "RestrictNamespaces", "LoadCredential", "LoadCredentialEncrypted", "SetCredential",
    "SetCredentialEncrypted", "ImportCredential", "MountImages", "ExtensionImages", "ExtensionDirectories",
    "RootImageOptions", "LogExtraFields", "LogFilterPatterns",
))


def sandbox_boolean(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        parse_boolean(text)
    sandbox(build, values, field, text)


def sandbox_word(*choices: str) -> Parser:
    """A boolean or one of the words, kept as text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            parse_boolean(text)
        sandbox(build, values, field, text)
    return parse


# --- dependencies and names ----------------------------------------------------------------------------------------


def dependency(kind: str) -> Parser:
    """Unit names; an empty assignment resets nothing (systemd.unit(5): dependencies cannot be reset)."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        for word in (split_plain(text) if "\\" in text or '"' in text or "'" in text else text.split()):
            name = unit_name(build, word)
            if name:
                build.depend(kind, name)
    return parse


def unit_name(build: Build, word: str) -> str:
    """A valid unit name, the instance filled into a template; "" with a warning when it is none."""
    try:
        name = build.expand(word)
    except ValueError as error:
        build.warn(f"Failed to resolve unit name: {error}, ignoring: {word}")
        return ""
    if not names.is_valid(name):
        build.warn(f"Failed to add dependency on {name}, ignoring: Invalid argument")
        return ""
    return fill_template(build.name, name)


def fill_template(owner: str, name: str) -> str:
    """ "b@.service" that "a@x.service" names is "b@x.service"; one that "a.service" names is "b@a.service"."""
    if "@." not in name or not names.is_template(name):
        return name
    prefix, instance, _ = names.split(owner)
    return names.with_instance(name, instance or prefix)


def own_unit(*suffixes: str) -> Parser:
    """Service= of a socket, Unit= of a timer or path: one unit name, of one of the types when any are given."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        name = build.expand(text)
        if not names.is_valid(name):
            raise ValueError("not a valid unit name")
        if suffixes and not name.endswith(suffixes):
            raise ValueError("unit must be of type " + " or ".join(suffix[1:] for suffix in suffixes))
        values[field] = fill_template(build.name, name)
    return parse


def own_text(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = text


def own_boolean(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = parse_boolean(text)


def sockets(build: Build, values: Values, field: str, text: str) -> None:
    for word in split_plain(text):
        name = unit_name(build, word)
        if name and not name.endswith(".socket"):
            build.warn(f"Unit must be of type socket, ignoring: {name}")
        elif name:
            add(values, field).append(name)
            build.depend("Wants", name)
            build.depend("After", name)


def slice_name(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    name = build.expand(text)
    if not names.is_valid(name) or not name.endswith(".slice"):
        raise ValueError("not a slice")
    values[field] = name


def install_names(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    instance = bool(build.specifiers.instance) or "@" not in build.name
    found = keyed(values, field)
    for word in split_plain(text):
        name = build.expand(word) if instance else word
        found[name] = name


def mounts_for(build: Build, values: Values, field: str, text: str) -> None:
    found = keyed(values, field)
    for word in split_words(text):
        try:
            path = absolute_path(build.expand(word))
        except ValueError as error:
            build.warn(f"{error}, ignoring: {word}")
        else:
            found[path] = path


def condition(name: str, is_path: bool) -> Parser:
    """ConditionX= and AssertX=; an empty one resets the conditions of every kind."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if not text:
            values[field] = []
            return
        rest = text
        trigger = rest[0] == "|"
        rest = rest[1:].lstrip() if trigger else rest
        negate = rest[:1] == "!"
        rest = rest[1:].lstrip() if negate else rest
        parameter = build.expand(rest)
        if is_path:
            parameter = absolute_path(parameter)
        add(values, field).append(Condition(name, parameter, trigger, negate))
    return parse


# --- processes -----------------------------------------------------------------------------------------------------


def commands(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    try:
        found = parse_commands(text, build.expand, build.warn)
    except BadCommand as error:
        if error.tolerated:
            raise
        raise BadSetting(str(error)) from None
    add(values, field).extend(found)


_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}\$?\Z")


def is_user(name: str) -> bool:
    """A name that a user or group may have, or its number (systemd.exec(5), "User="; the relaxed form)."""
    if name.isdecimal():
        return len(name) <= 10 and int(name) < (1 << 32) - 1 and int(name) != 65535
    return _USER.match(name) is not None and name not in (".", "..")


def user(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    name = build.expand(text)
    if not is_user(name):
        raise BadSetting(f"Invalid user/group name or numeric ID: {name}")
    values[field] = name


def users(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values[field] = []
        return
    found = [build.expand(word) for word in split_words(text)]
    for name in found:
        if not is_user(name):
            raise BadSetting(f"Invalid user/group name or numeric ID: {name}")
    add(values, field).extend(found)


def exit_statuses(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    before: ExitStatusSet = values.get(field, ExitStatusSet())
    codes, signals = set(before.codes), set(before.signals)
    for word in split_words(text):
        try:
            codes.add(parse_exit_status(word))
            continue
        except ValueError:
            pass
        try:
            if word.isdecimal():
                raise ValueError
            signals.add(parse_signal(word))
        except ValueError:
            build.warn(f"Failed to parse value, ignoring: {word}")
    values[field] = ExitStatusSet(frozenset(codes), frozenset(signals))


_INPUTS = frozenset(("null", "tty", "tty-force", "tty-fail", "socket", "data"))
_OUTPUTS = frozenset(("inherit", "null", "tty", "journal", "kmsg", "journal+console", "kmsg+console", "socket"))
_SYSLOG_OUTPUTS = {"syslog": "journal", "syslog+console": "journal+console"}
_WITH_PATH = frozenset(("file", "append", "truncate"))


def _stream(build: Build, values: Values, field: str, text: str, plain: FrozenSet[str], prefixes: FrozenSet[str]) -> None:
    if text in plain:
        values[field] = StdStream(text)
        return
    kind, colon, argument = text.partition(":")
    if kind == "fd" and (colon or text == "fd"):
        default = {"standard_input": "stdin", "standard_output": "stdout", "standard_error": "stderr"}[field]
        values[field] = StdStream("fd", build.expand(argument) or default)
    elif colon and kind in prefixes:
        values[field] = StdStream(kind, absolute_path(build.expand(argument)))
    else:
        raise ValueError("not a kind of input or output")


def std_input(build: Build, values: Values, field: str, text: str) -> None:
    _stream(build, values, field, text, _INPUTS, frozenset(("file",)))


def std_output(build: Build, values: Values, field: str, text: str) -> None:
    instead = _SYSLOG_OUTPUTS.get(text)
    if instead is not None:
        build.warn(f"Standard output type {text} is obsolete, automatically updating to {instead}. "
                   "Please update your unit file, and consider removing the setting altogether.")
        text = instead
    _stream(build, values, field, text, _OUTPUTS, _WITH_PATH)


DATA_MAX = 64 * 1024 * 1024


def _add_data(values: Values, field: str, data: bytes) -> None:
    whole = values.get(field)
    if type(whole) is not bytearray:
        whole = values[field] = bytearray()
    if len(whole) + len(data) > DATA_MAX:
        raise ValueError("standard input data too large")
    whole += data


def std_input_text(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    line = build.expand(unescape_text(text)) + "\n"
    _add_data(values, field, line.encode("utf-8", "surrogateescape"))


def std_input_data(build: Build, values: Values, field: str, text: str) -> None:
    if not text:
        values.pop(field, None)
        return
    compact = "".join(text.split())
    if re.match(r"[A-Za-z0-9+/]*={0,2}\Z", compact) is None:
        raise ValueError("not base64")
    try:
        _add_data(values, field, binascii.a2b_base64(compact))
    except binascii.Error:
        raise ValueError("not base64") from None


def limit(name: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        known: Dict[str, Tuple[int, int]] = values.setdefault("limits", {})
        if text:
            known[name] = parse_limit(name, text)
        else:
            known.pop(name, None)
    return parse


def numbered(table: Mapping[str, int], low: int, high: int) -> Parser:
    """A name of the table or its number."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if not text:
            values.pop(field, None)
            return
        number = table.get(text)
        values[field] = parse_int(text, low, high) if number is None else number
    return parse


IO_CLASSES = {"none": 0, "realtime": 1, "best-effort": 2, "idle": 3}
CPU_POLICIES = {"other": 0, "fifo": 1, "rr": 2, "batch": 3, "idle": 5}
LOG_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
LOG_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    *(f"local{number}" for number in range(8)),
)
SECURE_BITS = {
    "keep-caps": 1 << 4, "keep-caps-locked": 1 << 5, "no-setuid-fixup": 1 << 2, "no-setuid-fixup-locked": 1 << 3,
    "noroot": 1 << 0, "noroot-locked": 1 << 1,
}
_CAPABILITY_NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
    "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
    "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
    "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)
CAPABILITIES = {name: number for number, name in enumerate(_CAPABILITY_NAMES)}      # capabilities(7)
CAP_ALL = (1 << len(CAPABILITIES)) - 1
CPUS_MAX = 8192


def syslog_level(build: Build, values: Values, field: str, text: str) -> None:
    level = text if text in LOG_LEVELS else None
    if level is None:
        number = parse_int(text, 0, 7)
        level = next(name for name, value in LOG_LEVELS.items() if value == number)
    values[field] = level


def syslog_facility(build: Build, values: Values, field: str, text: str) -> None:
    if text not in LOG_FACILITIES:
        raise ValueError("not a syslog facility")
    values[field] = text


def log_level_max(build: Build, values: Values, field: str, text: str) -> None:
    number = LOG_LEVELS.get(text)
    if text:
        values[field] = parse_int(text, 0, 7) if number is None else number
    else:
        values.pop(field, None)


def secure_bits(build: Build, values: Values, field: str, text: str) -> None:
    bits: int = values.get(field, 0) if text else 0
    for word in split_words(text):
        if word not in SECURE_BITS:
            raise ValueError(f"unknown secure bit {word}")
        bits |= SECURE_BITS[word]
    values[field] = bits


def capabilities(initial: int) -> Parser:
    """A set of capabilities, "~" for all but these; several lines add up, the inverted ones take away."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        invert = text[:1] == "~"
        named = 0
        for word in split_words(text[1:] if invert else text):
            known = CAPABILITIES.get(word.lower()[4:]) if word.lower().startswith("cap_") else None
            if known is None:
                build.warn(f"Failed to parse capability in {field}, ignoring: {word}")
                continue
            named |= 1 << known
        before = values.get(field)
        if not text or before is None or before in (0, initial):
            values[field] = CAP_ALL & ~named if invert else named
        else:
            values[field] = before & ~named if invert else before | named
    return parse


def cpu_affinity(build: Build, values: Values, field: str, text: str) -> None:
    """CPU numbers and ranges, separated by blanks or commas; several lines add up."""
    if not text:
        values[field] = frozenset()
        return
    if text == "numa":
        raise ValueError("the CPUs of NUMAMask= are not known here")
    cpus = set(values.get(field, ()))
    for word in text.replace(",", " ").split():
        low, dash, high = word.partition("-")
        first = parse_int(low, 0, CPUS_MAX - 1)
        last = parse_int(high, 0, CPUS_MAX - 1) if dash else first
        cpus.update(range(first, last + 1))
    values[field] = frozenset(cpus)


def nanoseconds(build: Build, values: Values, field: str, text: str) -> None:
    """TimerSlackNSec=: a time span whose plain numbers are nanoseconds."""
    text = text.strip()
    if text.endswith(("ns", "nsec")):
        text = text[:-2] if text.endswith("ns") else text[:-4]
        text = text.strip()
    if text.isdecimal():
        values[field] = parse_int(text, 0, USEC_INFINITY)
    else:
        values[field] = parse_usec(text) * 1000


def coredump_filter(build: Build, values: Values, field: str, text: str) -> None:
    """CoredumpFilter=: a hexadecimal mask or names."""
    bits = 0
    for word in split_words(text):
        if word == "all":
            bits |= 0x1FF
        elif word == "default":
            bits |= 0x33
        elif word in COREDUMP_BITS:
            bits |= 1 << COREDUMP_BITS[word]
        else:
            try:
                bits |= int(word, 16)
            except ValueError:
                raise ValueError(f"unknown coredump filter {word}") from None
    values[field] = values.get(field, 0) | bits if text else None


COREDUMP_BITS = {
    "private-anonymous": 0, "shared-anonymous": 1, "private-file-backed": 2, "shared-file-backed": 3, "elf-headers": 4,
    "private-huge": 5, "shared-huge": 6, "private-dax": 7, "shared-dax": 8,
}


def personality(build: Build, values: Values, field: str, text: str) -> None:
    if text and text not in ("x86", "x86-64", "arm64", "arm", "ppc", "ppc-le", "ppc64", "ppc64-le", "s390", "s390x"):
        raise ValueError("not a personality")
    values[field] = text


def percent(build: Build, values: Values, field: str, text: str) -> None:
    """CPUQuota=: a percentage that may pass 100 %."""
    if text and text != "infinity":
        parse_permyriad(text, 1 << 40)


def memory(build: Build, values: Values, field: str, text: str) -> None:
    """MemoryMax= and its kin: bytes, a percentage of the memory, or "infinity"."""
    if text and text != "infinity":
        if text[-1] in "%‰‱":
            parse_permyriad(text)
        else:
            parse_size(text)


def tasks(build: Build, values: Values, field: str, text: str) -> None:
    if text and text != "infinity":
        if text[-1] in "%‰‱":
            parse_permyriad(text)
        else:
            parse_int(text, 1, USEC_INFINITY - 1)


def weight(low: int, high: int) -> Parser:
    """CPUWeight= ("idle" too) and IOWeight=."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and not (text == "idle" and "CPU" in field):
            parse_int(text, low, high)
    return parse


def any_size(build: Build, values: Values, field: str, text: str) -> None:
    if text:
        parse_size(text)


def on_failure_isolate(build: Build, values: Values, field: str, text: str) -> None:
    values[field] = "isolate" if parse_boolean(text) else "replace"


def search_path(build: Build, values: Values, field: str, text: str) -> None:
    """ExecSearchPath=: absolute directories, separated by colons."""
    if not text:
        values[field] = []
        return
    add(values, field).extend([absolute_path(part) for part in build.expand(text).split(":") if part])


def sandbox_choice(*choices: str) -> Parser:
    """One of the words, kept as text."""
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            raise ValueError("not one of " + " ".join(choices))
        sandbox(build, values, field, text)
    return parse


def checked_word(*choices: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            raise ValueError("not one of " + " ".join(choices))
    return parse


def checked_boolean_or(*choices: str) -> Parser:
    def parse(build: Build, values: Values, field: str, text: str) -> None:
        if text and text not in choices:
            parse_boolean(text)
    return parse


def checked_user(build: Build, values: Values, field: str, text: str) -> None:
    if text and not is_user(build.expand(text)):
        raise BadSetting(f"Invalid user/group name or numeric ID: {text}")


def listen(build: Build, values: Values, field: str, text: str) -> None:
    """An address of a socket unit, of any kind; empty takes back all of them."""
    if text:
        add(values, field).append(build.expand(text))
    else:
        values[field] = []


def watch(build: Build, values: Values, field: str, text: str) -> None:
    """A path that a path unit looks at; empty takes back all of them."""
    if text:
        add(values, field).append(absolute_path(build.expand(text)))
    else:
        values[field] = []
