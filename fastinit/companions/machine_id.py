"""The IDs of machine, boot and invocation, and those derived for one application.

In:  files of the system.   Out: 32 hexadecimal digits; a new /etc/machine-id.
Source: machine-id(5), sd_id128_get_machine_app_specific(3), systemd-machine-id-setup(1).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re

from fastinit.errors import FastinitError
from fastinit.id128 import version4

ETC = "/etc/machine-id"
RUN = "/run/machine-id"
DBUS = "/var/lib/dbus/machine-id"
_HEX = re.compile(r"[0-9a-f]{32}\Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def parse(text: str) -> str:
    """An ID in either form to 32 digits. Raises ValueError."""
    lower = text.strip().lower()
    if not _HEX.match(lower) and not _UUID.match(lower):
        raise ValueError(f"{text!r} is no 128-bit ID")
    return lower.replace("-", "")


def app_specific(base: str, application: str) -> str:
    """HMAC-SHA256 of the application's ID with the base ID as the key: nobody can go back to the base."""
    return version4(hmac.new(bytes.fromhex(base), bytes.fromhex(application), hashlib.sha256).digest())


def read(path: str) -> str:
    """Raises OSError, ValueError."""
    with open(path, encoding="ascii", errors="replace") as stream:
        return parse(stream.read(128))


def machine(root: str = "") -> str:
    """Raises FastinitError."""
    try:
        return read(root + ETC)
    except FileNotFoundError:
        raise FastinitError(f"Failed to get machine ID: {root + ETC}: No such file or directory") from None
    except (OSError, ValueError) as error:
        raise FastinitError(f"Failed to get machine ID: {root + ETC} is unset or broken: {error}") from None


def boot() -> str:
    return read("/proc/sys/kernel/random/boot_id")


def invocation() -> str:
    """Raises FastinitError outside of a service."""
    try:
        return parse(os.environ["INVOCATION_ID"])
    except KeyError:
        raise FastinitError("Failed to get invocation-ID: No such device or address") from None
    except ValueError:
        raise FastinitError("Failed to get invocation-ID: Invalid argument") from None
