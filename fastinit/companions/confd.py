"""Folders of *.conf files: which files count, in which order.

In:  the kind ("tmpfiles.d"), the root.   Out: paths as they can be opened, and their text.
Source: tmpfiles.d(5) and sysusers.d(5), "CONFIGURATION DIRECTORIES AND PRECEDENCE": a file hides those of the same name in
later folders, a link to /dev/null hides and adds nothing, and all are sorted by name whatever folder they are in.
"""

from __future__ import annotations

import os
import sys
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from fastinit.companions.options import UsageError, complain

FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
REPLACED = "(argument)"             # how messages call what stood on the command line


class Line(NamedTuple):
    """One line that is neither blank nor a comment.   where: '<path>:<number>' for messages."""

    where: str
    text: str


def folders(kind: str) -> List[str]:
    return [f"{folder}/{kind}" for folder in FOLDERS]


def find(root: str, searched: Sequence[str]) -> Dict[str, str]:
    """File name -> path, sorted by name. Masked ones are there with the path "": they hide --replace= too."""
    found: Dict[str, str] = {}
    for folder in searched:
        try:
            names = os.listdir(root + folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for name in names:
            path = f"{root}{folder}/{name}"
            if name.endswith(".conf") and not name.startswith(".") and name not in found and _counts(path):
                found[name] = "" if _is_masked(path) else path
    return dict(sorted(found.items(), key=lambda item: os.fsencode(item[0])))


def _counts(path: str) -> bool:
    """Files, and links whatever they point to: one whose target is not there in a bare root still hides others."""
    return os.path.islink(path) or os.path.isfile(path)


def _is_masked(path: str) -> bool:
    return os.path.islink(path) and os.readlink(path) == "/dev/null"


def configured(root: str, searched: Sequence[str], replace: str = "") -> List[str]:
    """The files in order. With replace, REPLACED stands where that file would be, unless a stronger one hides it."""
    found = find(root, searched)
    if replace:
        _check_replace(replace, searched)
        folder, name = os.path.split(replace)
        hidden_by = [root + other + "/" + name for other in searched[:list(searched).index(folder)]]
        if found.get(name, "x") not in ("", *hidden_by):
            found[name] = REPLACED
    return [found[name] for name in sorted(found, key=os.fsencode) if found[name]]


def _check_replace(path: str, searched: Sequence[str]) -> None:
    if not path.startswith("/"):
        raise UsageError("The argument to --replace= must be an absolute path.")
    if not path.endswith(".conf"):
        raise UsageError("The argument to --replace= must have the extension '.conf'.")
    if os.path.dirname(path) not in searched:
        raise UsageError(f"cannot use --replace={path}: it is in none of {', '.join(searched)}")


def locate(name: str, root: str, searched: Sequence[str]) -> str:
    """The file that an argument means: "-" and absolute paths as they are, others are looked for in the folders."""
    if name == "-" or name.startswith("/"):
        return name
    for folder in searched:
        path = f"{root}{folder}/{name}"
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(name)


def read_lines(path: str) -> Iterator[Line]:
    """Lines of a file, "-" is stdin. Raises OSError."""
    if path == "-":
        yield from _counted("<stdin>", sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
        return
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        text = stream.read()
    yield from _counted(path, text)


def _counted(path: str, text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip(" \t\r")
        if line and not line.startswith("#"):
            yield Line(f"{path}:{number}", line)


def numbered(name: str, data: bytes) -> Iterator[Line]:
    """Lines of a text that is no file: a credential."""
    return _counted(name, data.decode("utf-8", "surrogateescape"))


def inline(words: Sequence[str]) -> Iterator[Line]:
    for number, word in enumerate(words, 1):
        yield Line(f"{REPLACED}:{number}", word)


def print_all(paths: Sequence[str], brief: bool = False) -> int:
    """--cat-config: each file behind a comment with its path.   brief: --tldr, without comments and blank lines."""
    for at, path in enumerate(paths):
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            text = stream.read()
        if brief:
            text = "".join(line + "\n" for line in text.split("\n") if line.strip() and line.lstrip()[0] not in "#;")
        out = f"{chr(10) if at else ''}# {path}\n{text}"
        sys.stdout.buffer.write(out.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    return 0


def credential(name: str) -> Tuple[bool, bytes]:
    """Whether the service manager passed this credential, and what it holds (systemd.exec(5), LoadCredential=)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder or "/" in name or name in ("", ".", ".."):
        return False, b""
    try:
        with open(f"{folder}/{name}", "rb") as stream:
            return True, stream.read()
    except FileNotFoundError:
        return False, b""
    except OSError as error:
        complain(f"cannot read credential {name}: {error.strerror}")
        return False, b""
