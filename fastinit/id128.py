"""New random 128-bit IDs, as 32 hexadecimal digits that can be read as a UUID of version 4.

Source: sd_id128_randomize(3); RFC 9562, 5.4. Not by the standard library's uuid: it loads `platform` and more at each start.
"""

from __future__ import annotations

import os


def version4(raw: bytes) -> str:
    """The first 16 bytes with the bits that mark a random UUID."""
    data = bytearray(raw[:16])
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return data.hex()


def new() -> str:
    return version4(os.urandom(16))
