"""What travels between a client and the manager: frames, one request, pieces of output, one exit code.

    frame    := kind (1 byte), 3 zero bytes, length of the payload (4 bytes, little endian), payload
    request  := facts, an empty string, argv; every string ends with NUL. A fact is "name=value"; argv[0] is the called name.
The client says what it is (terminal, columns, some environment), not what it wants to see: the manager parses and renders.
Imports nothing: both the client that must start in milliseconds and csrc/client.c follow this page.
"""

from __future__ import annotations

HEADER_BYTES = 8
REQUEST_LIMIT_BYTES = 1 << 20       # argv and facts of one request
OUTPUT_LIMIT_BYTES = 1 << 20        # payload of one output frame

REQUEST = 1         # client -> manager, once
STDOUT = 2          # manager -> client: bytes for its stdout …
STDERR = 3          # … and stderr
EXIT = 4            # manager -> client, last: one byte, the exit code
LOCAL = 5           # manager -> client, instead of all else: this must be done in the client (edit, --root= …)
RESUME = 6          # manager -> client: should the manager change, ask the next one with the fact resume=<payload>

DATA = 7            # manager -> client: an answer for a program to read, not for a person (systemd-run)

# Environment that the manager needs to render for this client, sent as facts "env.NAME=value".
ENVIRONMENT = (
    "TERM", "COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "SYSTEMD_COLORS", "SYSTEMD_URLIFY", "SYSTEMD_UTF8",
    "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
)
WHOLE_ENVIRONMENT_VERB = "import-environment"       # argv that holds this word takes the whole environment along


def encode(kind: int, payload: bytes) -> bytes:
    return bytes((kind, 0, 0, 0)) + len(payload).to_bytes(4, "little") + payload


def decode_header(header: bytes) -> "tuple[int, int]":
    """(kind, payload length). Raises ValueError on reserved bytes that are set."""
    if len(header) != HEADER_BYTES or header[1:4] != b"\0\0\0":
        raise ValueError("malformed frame header")
    return header[0], int.from_bytes(header[4:8], "little")


def encode_request(facts: "dict[bytes, bytes]", argv: "list[bytes]") -> bytes:
    parts = [name + b"=" + value for name, value in facts.items()]
    return encode(REQUEST, b"\0".join([*parts, b"", *argv]) + b"\0")


def decode_request(payload: bytes) -> "tuple[dict[str, str], list[str]]":
    """(facts, argv). Raises ValueError. Bytes that are no UTF-8 become surrogates, as os.fsdecode() does it."""
    if not payload.endswith(b"\0"):
        raise ValueError("request does not end with NUL")
    strings = payload[:-1].decode("utf-8", "surrogateescape").split("\0")
    if "" not in strings:
        raise ValueError("request without argv")
    at = strings.index("")
    facts = {}
    for fact in strings[:at]:
        name, equals, value = fact.partition("=")
        if not equals or not name:
            raise ValueError("malformed fact")
        facts[name] = value
    argv = strings[at + 1:]
    if not argv:
        raise ValueError("request without argv")
    return facts, argv
