"""Small values of unit files: booleans, sizes, percentages, modes, signals, exit statuses, resource limits.

In:  the text right of "=".   Out: numbers.
Each parse_* raises ValueError with the reason when the text has no value.
Source: systemd.syntax(7), systemd.exec(5), systemd.kill(5), systemd.resource-control(5), signal(7).
"""

from __future__ import annotations

import re
from typing import Dict, Optional, Tuple

from fastinit.units.model import USEC_INFINITY
from fastinit.units.timespan import parse_usec

BOOLEANS: Dict[str, bool] = {
    "1": True, "yes": True, "y": True, "true": True, "t": True, "on": True,
    "0": False, "no": False, "n": False, "false": False, "f": False, "off": False,
}


def parse_boolean(text: str) -> bool:
    value = BOOLEANS.get(text)
    if value is None:
        value = BOOLEANS.get(text.lower())
        if value is None:
            raise ValueError("not a boolean")
    return value


def format_boolean(value: bool) -> str:
    return "yes" if value else "no"


def parse_int(text: str, low: int = -(1 << 31), high: int = (1 << 31) - 1) -> int:
    """A decimal, 0x, 0b or 0o number, or octal with a leading 0 as strtol(3) reads it."""
    match = _INT.match(text)
    if match is None:
        raise ValueError("not a number")
    sign, base, digits = match.groups()
    if not base and len(digits) > 1 and digits[0] == "0":
        raise ValueError("not an octal number")
    number = int(digits, _BASES[base.lower()])
    number = -number if sign == "-" else number
    if not low <= number <= high:
        raise ValueError(f"must be between {low} and {high}" if high < 1 << 31 else "out of range")
    return number


def parse_digits(text: str, high: int) -> Optional[int]:
    """ASCII digits and nothing else, as programs write a number for programs; None for all else, and above high."""
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        return None
    number = int(text)
    return number if number <= high else None


PID_MAX = 1 << 22       # the kernel's own bound (proc(5), pid_max)
MAX_DIGITS = 40         # 128 bits; int() refuses some thousands
_INT = re.compile(r"\s*([+-]?)(0[xX](?=[0-9a-fA-F])|0[bB](?=[01])|0[oO](?=[0-7])|0(?=[0-7]+\Z)|)"
                  r"((?<=[xX])[0-9a-fA-F]{1,40}|(?<![xX])[0-9]{1,40})\Z")
_BASES = {"": 10, "0": 8, "0o": 8, "0x": 16, "0b": 2}

# --- sizes ---------------------------------------------------------------------------------------------------------

_SIZES = {"E": 1 << 60, "P": 1 << 50, "T": 1 << 40, "G": 1 << 30, "M": 1 << 20, "K": 1 << 10, "B": 1, "": 1}
_SIZE_TERM = re.compile(r"\s*([0-9]{1,40})(?:\.([0-9]{0,40}))?\s*([EPTGMKB]?)")


def parse_size(text: str) -> int:
    """Bytes, to the base of 1024: "64K" -> 65536, "1.5G", "1M 512K"; several terms go from large to small."""
    at, total, last = 0, 0, 1 << 61
    text = text.strip()
    while at < len(text) or at == 0:
        match = _SIZE_TERM.match(text, at)
        if match is None:
            raise ValueError("not a size")
        whole, fraction, unit = match.groups()
        factor = _SIZES[unit]
        if factor >= last:
            raise ValueError("sizes must go from the large to the small unit")
        total += int(whole) * factor + (int(fraction) * factor // 10 ** len(fraction) if fraction else 0)
        last, at = factor, match.end()
    if total >= USEC_INFINITY:
        raise ValueError("size out of range")
    return total


def format_size(size: int) -> str:
    """The shortest exact form: 65536 -> "64K"; parse_size() gives the same number back."""
    for unit in "EPTGMK":
        if size and size % _SIZES[unit] == 0:
            return f"{size // _SIZES[unit]}{unit}"
    return str(size)


_PARTS = {"%": 100, "‰": 10, "‱": 1}


def parse_permyriad(text: str, limit: int = 10_000) -> int:
    """Ten-thousandths: "50%" -> 5000, "12.5%" -> 1250, "5‰" -> 50. limit: the largest allowed."""
    text = text.strip()
    factor = _PARTS.get(text[-1:])
    if factor is None:
        raise ValueError("not a percentage")
    match = re.match(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?\Z", text[:-1])
    if match is None:
        raise ValueError("not a percentage")
    whole, fraction = match.groups()
    parts = int(whole) * factor
    if fraction:
        scaled, rest = divmod(int(fraction) * factor, 10 ** len(fraction))
        if rest:
            raise ValueError("too many digits behind the point")
        parts += scaled
    if parts > limit:
        raise ValueError("percentage out of range")
    return parts


def parse_mode(text: str) -> int:
    """An octal file mode up to 07777."""
    if not re.match(r"[0-7]{1,8}\Z", text):
        raise ValueError("not an octal mode")
    mode = int(text, 8)
    if mode > 0o7777:
        raise ValueError("mode out of range")
    return mode


# --- signals -------------------------------------------------------------------------------------------------------

SIGRTMIN, SIGRTMAX = 34, 64         # as glibc counts: it keeps 32 and 33 for itself; the same on x86-64 and arm64
_SIGNAL_NAMES = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
    "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
)
SIGNALS: Dict[str, int] = {name: number for number, name in enumerate(_SIGNAL_NAMES, 1)}
SIGNAL_NAMES: Dict[int, str] = {number: "SIG" + name for name, number in SIGNALS.items()}
SIGNALS.update({"IOT": 6, "POLL": 29, "CLD": 17})


def parse_signal(text: str) -> int:
    """ "SIGTERM", "TERM", "15", "SIGRTMIN+3", "RTMAX-1" to the number."""
    if text.isdecimal():
        number = int(text[:4])
        if 1 <= number <= SIGRTMAX and len(text) < 4:
            return number
        raise ValueError("no such signal")
    name = text[3:] if text.startswith("SIG") else text
    known = SIGNALS.get(name)
    if known is not None:
        return known
    match = re.match(r"RT(MIN\+?|MAX-?)([0-9]{1,3})?\Z", name)
    if match is None or (match.group(1)[-1] in "+-") != (match.group(2) is not None):
        raise ValueError("no such signal")
    offset = int(match.group(2) or 0)
    number = SIGRTMIN + offset if match.group(1).startswith("MIN") else SIGRTMAX - offset
    if not SIGRTMIN <= number <= SIGRTMAX:
        raise ValueError("no such signal")
    return number


def signal_name(number: int) -> str:
    """ "TERM"; "RTMIN+0" in the real-time range; the number where there is no name."""
    name = SIGNAL_NAMES.get(number)
    if name is not None:
        return name[3:]
    return f"RTMIN+{number - SIGRTMIN}" if SIGRTMIN <= number <= SIGRTMAX else str(number)


# --- exit statuses -------------------------------------------------------------------------------------------------

# number: (name, class) as `systemd-analyze exit-status` lists them; systemd.exec(5), "PROCESS EXIT CODES".
EXIT_STATUS: Dict[int, Tuple[str, str]] = {
    0: ("SUCCESS", "libc"), 1: ("FAILURE", "libc"),
    2: ("INVALIDARGUMENT", "LSB"), 3: ("NOTIMPLEMENTED", "LSB"), 4: ("NOPERMISSION", "LSB"),
    5: ("NOTINSTALLED", "LSB"), 6: ("NOTCONFIGURED", "LSB"), 7: ("NOTRUNNING", "LSB"),
    64: ("USAGE", "BSD"), 65: ("DATAERR", "BSD"), 66: ("NOINPUT", "BSD"), 67: ("NOUSER", "BSD"), 68: ("NOHOST", "BSD"),
    69: ("UNAVAILABLE", "BSD"), 70: ("SOFTWARE", "BSD"), 71: ("OSERR", "BSD"), 72: ("OSFILE", "BSD"),
    73: ("CANTCREAT", "BSD"), 74: ("IOERR", "BSD"), 75: ("TEMPFAIL", "BSD"), 76: ("PROTOCOL", "BSD"),
    77: ("NOPERM", "BSD"), 78: ("CONFIG", "BSD"),
    200: ("CHDIR", "systemd"), 201: ("NICE", "systemd"), 202: ("FDS", "systemd"), 203: ("EXEC", "systemd"),
    204: ("MEMORY", "systemd"), 205: ("LIMITS", "systemd"), 206: ("OOM_ADJUST", "systemd"),
    207: ("SIGNAL_MASK", "systemd"), 208: ("STDIN", "systemd"), 209: ("STDOUT", "systemd"), 210: ("CHROOT", "systemd"),
    211: ("IOPRIO", "systemd"), 212: ("TIMERSLACK", "systemd"), 213: ("SECUREBITS", "systemd"),
    214: ("SETSCHEDULER", "systemd"), 215: ("CPUAFFINITY", "systemd"), 216: ("GROUP", "systemd"),
    217: ("USER", "systemd"), 218: ("CAPABILITIES", "systemd"), 219: ("CGROUP", "systemd"), 220: ("SETSID", "systemd"),
    221: ("CONFIRM", "systemd"), 222: ("STDERR", "systemd"), 224: ("PAM", "systemd"), 225: ("NETWORK", "systemd"),
    226: ("NAMESPACE", "systemd"), 227: ("NO_NEW_PRIVILEGES", "systemd"), 228: ("SECCOMP", "systemd"),
    229: ("SELINUX_CONTEXT", "systemd"), 230: ("PERSONALITY", "systemd"), 231: ("APPARMOR", "systemd"),
    232: ("ADDRESS_FAMILIES", "systemd"), 233: ("RUNTIME_DIRECTORY", "systemd"), 235: ("CHOWN", "systemd"),
    236: ("SMACK_PROCESS_LABEL", "systemd"), 237: ("KEYRING", "systemd"), 238: ("STATE_DIRECTORY", "systemd"),
    239: ("CACHE_DIRECTORY", "systemd"), 240: ("LOGS_DIRECTORY", "systemd"), 241: ("CONFIGURATION_DIRECTORY", "systemd"),
    242: ("NUMA_POLICY", "systemd"), 243: ("CREDENTIALS", "systemd"), 244: ("BPF", "systemd"), 255: ("EXCEPTION", "systemd"),
}
_STATUS_BY_NAME = {name: number for number, (name, _) in EXIT_STATUS.items()}


def parse_exit_status(text: str) -> int:
    """ "3", "NOTIMPLEMENTED", "TEMPFAIL" to 0..255."""
    number = _STATUS_BY_NAME.get(text)
    if number is not None:
        return number
    if re.match(r"[0-9]{1,3}\Z", text) and int(text) <= 255:
        return int(text)
    raise ValueError("no such exit status")


def exit_status_name(status: int) -> Optional[str]:
    """ "NOTIMPLEMENTED" for 3; None when the number has no name."""
    entry = EXIT_STATUS.get(status)
    return entry[0] if entry else None


# --- resource limits -----------------------------------------------------------------------------------------------

LIMITS = (
    "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NOFILE", "AS", "NPROC", "MEMLOCK", "LOCKS", "SIGPENDING", "MSGQUEUE",
    "NICE", "RTPRIO", "RTTIME",
)
_LIMIT_BYTES = frozenset(("FSIZE", "DATA", "STACK", "CORE", "RSS", "AS", "MEMLOCK", "MSGQUEUE"))


def parse_limit(name: str, text: str) -> Tuple[int, int]:
    """One value for both, or "soft:hard", in the unit of the limit: bytes, seconds (CPU), microseconds (RTTIME), a count."""
    soft, colon, hard = text.partition(":")
    first = _limit_value(name, soft.strip())
    second = _limit_value(name, hard.strip()) if colon else first
    if first > second:
        raise ValueError("soft limit higher than the hard limit")
    return first, second


def _limit_value(name: str, text: str) -> int:
    if text == "infinity":
        return USEC_INFINITY
    if name in _LIMIT_BYTES:
        return parse_size(text)
    if name == "CPU":
        usec = parse_usec(text)
        return usec if usec == USEC_INFINITY else -(-usec // 1_000_000)
    if name == "RTTIME":
        return parse_usec(text, default=1)
    if name == "NICE" and text[:1] in ("+", "-"):
        return 20 - parse_int(text, -20, 19)
    if name == "NICE":
        return parse_int(text, 0, 40)
    return parse_int(text, 0, USEC_INFINITY - 1)
