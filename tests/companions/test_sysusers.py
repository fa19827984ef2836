"""systemd-sysusers against the real one: the same files afterwards, the same words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from both import ENTRY, TOP, Outcome, is_there, ours, real, snapshot

PROGRAM = "systemd-sysusers"
needs_systemd = pytest.mark.skipif(not is_there(PROGRAM), reason=f"no {PROGRAM} to compare with")
EPOCH = "1700000000"

LINES = (
    'u root 0:0 "Super User" /root', "m foo bar", "m foo", "m foo a:b", "g q 3 gecos", "g q 3 - /home", "r - x-y", "r foo 5-6",
    "r - 7", "r - 900-", "r - 1-2 x", "u q1 4294967295", "u q1 65535", "u q2 -5", "u", "u a", "g a", 'u qz - "a:b"',
    "u qs - - / bin/sh", "u qs - - /a:b", "g w 44", "u pa /nonexistent/x", "u pa rel", "u 0abc -", "u UPPER -", "u a.b -",
    "u %% -", 'u "sp ace" -', 'u unterminated "abc', "uu x", "u x 5:5", "u x 5:", "u x :5", "u x -:-", "g x 5:5",
    "u x 5 - - - junk", "u root -", "u nobody 65534", "u ro 0", "u x 5:0", "m foo foo", "u - -",
)
HISTORY = """
# accounts of a package
u a1 - "A One" /home/a1 /bin/zsh
u a2 300
g g1 - -
u a3 -:g1 "x"
m a1 g1
m newu newg
u a4 998
g g998 998
u bad:name
u a5 5:nonexist
r - 500-510
u root 0
u foo - "other"
u a1 - "dup"
m root adm
m b g1
"""
BEFORE = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nfoo:x:999:999::/:/bin/sh\n+::::::\n",
    "group": "root:x:0:\nadm:x:4:a,z\nfoo:x:999:\n",
    "shadow": "root:*:19000:0:99999:7:::\na2:oldhash:18000:1:2:3:4:5:\n",
    "gshadow": "root:*::\nadm:*::a,z\n",
}


def make_root(folder: Path, files: Dict[str, str]) -> Path:
    (folder / "etc").mkdir(parents=True)
    for name, text in files.items():
        (folder / "etc" / name).write_text(text)
    return folder


def without_root(outcome: Outcome, root: Path) -> Tuple[int, List[str]]:
    return outcome.code, outcome.err.replace(str(root), "").splitlines()


@needs_systemd
@pytest.mark.parametrize("line", LINES)
def test_one_line(line: str, tmp_path: Path) -> None:
    """A line alone has the same result and the same message."""
    roots = make_root(tmp_path / "a", {}), make_root(tmp_path / "b", {})
    results = [run(PROGRAM, [f"--root={root}", "--inline", line], SOURCE_DATE_EPOCH=EPOCH)
               for run, root in zip((real, ours), roots)]
    assert without_root(results[1], roots[1]) == without_root(results[0], roots[0])
    assert snapshot(roots[1]) == snapshot(roots[0])


@needs_systemd
def test_history_on_existing_files(tmp_path: Path) -> None:
    """Accounts that are there stay, new ones come before NIS lines, members are added, twice is as once."""
    roots = make_root(tmp_path / "a", BEFORE), make_root(tmp_path / "b", BEFORE)
    for run, root in zip((real, ours), roots):
        folder = root / "usr/lib/sysusers.d"
        folder.mkdir(parents=True)
        (folder / "x.conf").write_text(HISTORY)
        outcomes = [run(PROGRAM, [f"--root={root}", *more], SOURCE_DATE_EPOCH=EPOCH) for more in (["--dry-run"], [], [])]
        assert [outcome.code for outcome in outcomes] == [0, 0, 0]
    assert snapshot(roots[1]) == snapshot(roots[0])


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    """--dry-run says what would be written and leaves the files as they are."""
    root = make_root(tmp_path / "r", BEFORE)
    before = snapshot(root)
    done = ours(PROGRAM, [f"--root={root}", "--dry-run", "--inline", "u new -"])
    assert "Would write /etc/passwd…" in done.err
    assert snapshot(root) == before


def test_stronger_file_hides_replaced_one(tmp_path: Path) -> None:
    """--replace= stands where the package's file will be: the administrator's file of that name still wins."""
    root = make_root(tmp_path / "r", {})
    (root / "etc/sysusers.d").mkdir()
    (root / "etc/sysusers.d/x.conf").write_text("u admins 77\n")
    done = ours(PROGRAM, [f"--root={root}", "--replace=/usr/lib/sysusers.d/x.conf", "--inline", "u theirs 78"])
    assert done.code == 0
    passwd = (root / "etc/passwd").read_text()
    assert "admins:x:77:" in passwd
    assert "theirs" not in passwd


@pytest.mark.skipif(os.geteuid() != 0, reason="etc/shadow has mode 0: only root can add to it")
def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    """Runs at the same time take turns: every account of each is there, no number twice."""
    root = make_root(tmp_path / "r", {})
    children = [
        subprocess.Popen([sys.executable, "-c", ENTRY, PROGRAM, f"--root={root}", "--inline", f"u user{number} -"],
                         env={"PYTHONPATH": TOP, "PATH": "/usr/bin:/bin"}, stderr=subprocess.DEVNULL)
        for number in range(6)
    ]
    assert [child.wait() for child in children] == [0] * 6
    rows = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
    assert {row[0] for row in rows} == {f"user{number}" for number in range(6)}
    assert len({row[2] for row in rows}) == 6
