"""systemd-tmpfiles against the real one on the same trees, and the attacks that safe walking is for."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from both import is_there, ours, real, snapshot

PROGRAM = "systemd-tmpfiles"
needs_systemd = pytest.mark.skipif(not is_there(PROGRAM), reason=f"no {PROGRAM} to compare with")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")

LINES = r"""
d /run/a 0750 root root -
d /run/a/b/c 1777 - - -
f /run/a/file 0600 - - - hello\nworld
f /run/a/file 0600 - - - dup
f+ /etc/trunc 0644 - - - new
L /etc/link - - - - ../run/a
L+ /etc/link2 - - - - target
L /etc/mtab2
p /run/fifo 0620
C /etc/copied 0700 - - - /src
C /etc/nosrc - - - - /nothere
D /run/d 0755
v /var
q /srv 0711
Q /home
w /run/a/file - - - - over
w+ /run/a/file - - - - append
w /nonexist - - - - x
z /run/a/* 0640 - - -
Z /tree ~0755 - -
Z /tree2 u=rwx - -
e /exist 0700
e /ex* 0711
r /rm/*
R /rm2
R! /rm3
d! /bootonly
x /tmp/x*
f~ /run/b64 - - - - aGVsbG8=
f /run/sp - - - - %% %H %b
"d" "/run/with space" 0700
d relative
d /run/bad 9999
d /run/badu 0700 nouser
zz /x
f++ /x
k /x
d /var/run/legacy
f /dir 0644
d /filethere 0755
f= /fixme/x/y 0600 - - - z
d= /fixme2 0700
t /run/a/file - - - - user.foo=bar user.baz="a b"
a /run/a/b - - - - u:1:rwx,d:g:2:r-x
a+ /run/a/b - - - - u:3:r
A+ /tree - - - - u:5:rwx
d /run/mo :0700 :1 :2
d /exist2 :0700 :1 :2
w
w /x
d /long/chain/of/dirs 0700 1 2
f /long/chain/of/file
m /exist3 0751
r /brace/{a,b}
"""


def tree(root: Path) -> Path:
    for name in ("etc", "src/sub", "run/d", "tree/s", "exist", "exist2", "exist3", "rm/full", "rm2/a/b", "rm3", "dir",
                 "brace", "tmp"):
        (root / name).mkdir(parents=True)
    for name, text, mode in (
        ("etc/trunc", "old", 0o644), ("src/sub/f", "s", 0o640), ("tree/s/exe", "x", 0o755), ("tree/plain", "x", 0o600),
        ("rm/one", "", 0o644), ("rm/full/x", "", 0o644), ("filethere", "", 0o644), ("fixme", "", 0o644), ("fixme2", "", 0o644),
        ("brace/a", "", 0o644), ("brace/c", "", 0o644), ("run/d/inside", "", 0o644),
        ("etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644), ("etc/group", "root:x:0:\n", 0o644),
    ):
        (root / name).write_text(text)
        (root / name).chmod(mode)
    (root / "src/l").symlink_to("nowhere")
    (root / "etc/link2").symlink_to("old")
    return root


@needs_systemd
@needs_root
def test_create_and_remove_as_systemd_does(tmp_path: Path) -> None:
    """After each run the trees are the same, byte for byte, and so are the exit codes."""
    roots = tree(tmp_path / "a"), tree(tmp_path / "b")
    lines = tmp_path / "lines.conf"
    lines.write_text(LINES)
    for options in (["--create"], ["--create", "--boot"], ["--remove"], ["--remove", "--create", "--boot"]):
        codes = [run(PROGRAM, [*options, f"--root={root}", str(lines)]).code for run, root in zip((real, ours), roots)]
        assert codes[1] == codes[0], options
        assert snapshot(roots[1]) == snapshot(roots[0]), options


@needs_systemd
@needs_root
def test_what_the_distribution_ships(tmp_path: Path) -> None:
    """Accounts and files that this system's own packages declare come out the same in a bare root, messages included."""
    shipped = [Path("/usr/lib/sysusers.d"), Path("/usr/lib/tmpfiles.d")]
    if not all(folder.is_dir() for folder in shipped):
        pytest.skip("no package's tmpfiles.d and sysusers.d here")
    said = []
    for run, name in ((real, "a"), (ours, "b")):
        root = tmp_path / name
        (root / "etc").mkdir(parents=True)
        (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        for folder in shipped:
            shutil.copytree(folder, root / str(folder)[1:])
        assert run("systemd-sysusers", [f"--root={root}"], SOURCE_DATE_EPOCH="1700000000").code == 0
        done = run(PROGRAM, ["--create", "--remove", "--boot", f"--root={root}"])
        said.append((done.code, done.err.replace(str(root), "")))
    assert said[1] == said[0]
    assert snapshot(tmp_path / "b") == snapshot(tmp_path / "a")


CLEANED = """
d /t - - - m:1h
x /t/x*
X /t/X*
d /t/keep - - - -
e /t2 - - - ~m:1h
d /t3 - - - mM:1d12h
D /t4 - - - 0
d /by - - - A:1h
"""


def aged(root: Path, now: float) -> None:
    """Files of a day ago and new ones."""
    old, new = now - 100_000, now
    for name, when, mode in (
        ("t/old", old, 0o644), ("t/new", new, 0o644), ("t/sticky", old, 0o1644), ("t/sub/old", old, 0o644),
        ("t/sub/new", new, 0o644), ("t/sub2/old", old, 0o644), ("t/x1/old", old, 0o644), ("t/X1/old", old, 0o644),
        ("t/keep/old", old, 0o644), ("t2/a", old, 0o644), ("t2/s/b", old, 0o644), ("t2/s/r/t", old, 0o644),
        ("t3/e", old, 0o644), ("t4/new", new, 0o644), ("t4/d/new", new, 0o644), ("by/a", old, 0o644), ("by/d/a", old, 0o644),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(mode)
        os.utime(path, (when, when))
    (root / "t/link").symlink_to("nowhere")
    os.mkfifo(root / "t/fifo")


@needs_systemd
def test_clean_as_systemd_does(tmp_path: Path) -> None:
    """The same old files go and the same ones stay."""
    now = time.time()
    lines = tmp_path / "lines.conf"
    lines.write_text(CLEANED)
    left = []
    for run, name in ((real, "a"), (ours, "b")):
        root = tmp_path / name
        root.mkdir()
        aged(root, now)
        assert run(PROGRAM, ["--clean", f"--root={root}", str(lines)]).code == 0
        left.append(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
    assert left[1] == left[0]
    assert "t/old" not in left[1]
    assert "t/new" in left[1]


@needs_root
@pytest.mark.parametrize("line", [
    "z /var/lib/app/data 0666 - - -", "f /var/lib/app/data/x 0666 - - - pwned", "d /var/lib/app/data/sub 0777 - - -",
    "w /var/lib/app/file - - - - pwned", "f+ /var/lib/app/data/secret - - - - pwned",
    "C /var/lib/app/data/copy - - - - /etc/secret",
    "Z /var/lib/app 0777 - - -", "r /var/lib/app/data/secret", "R /var/lib/app/data/secret",
    "t /var/lib/app/file - - - - user.x=y",
])
def test_a_users_link_leads_nowhere(line: str, tmp_path: Path) -> None:
    """A folder's owner who puts links to root's files there does not get them changed."""
    root = tmp_path / "r"
    (root / "etc").mkdir(parents=True)
    secret = root / "etc/secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    app = root / "var/lib/app"
    app.mkdir(parents=True)
    (app / "data").symlink_to("/etc")
    (app / "file").symlink_to("/etc/secret")
    for path in (app, app / "data", app / "file"):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    before = {name: value for name, value in snapshot(root).items() if name.startswith("etc")}
    lines = tmp_path / "lines.conf"
    lines.write_text(line + "\n")
    ours(PROGRAM, ["--create", "--remove", f"--root={root}", str(lines)])
    assert {name: value for name, value in snapshot(root).items() if name.startswith("etc")} == before


@needs_root
def test_an_unsafe_step_is_said_and_fails(tmp_path: Path) -> None:
    """Refusing is loud: a message with the path, exit code 73."""
    root = tmp_path / "r"
    (root / "etc").mkdir(parents=True)
    app = root / "app"
    app.mkdir()
    (app / "l").symlink_to("/etc")
    for path in (app, app / "l"):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    lines = tmp_path / "lines.conf"
    lines.write_text("f /app/l/new - - - - x\n")
    done = ours(PROGRAM, ["--create", f"--root={root}", str(lines)])
    assert done.code == 73
    assert "/app/l" in done.err
    assert not (root / "etc/new").exists()


def test_purge_takes_what_is_marked(tmp_path: Path) -> None:
    """--purge removes what lines with "$" made, and nothing else."""
    root = tmp_path / "r"
    root.mkdir()
    lines = tmp_path / "lines.conf"
    lines.write_text("d$ /gone\nf$ /gone/file\nd /stays\n")
    assert ours(PROGRAM, ["--create", f"--root={root}", str(lines)]).code == 0
    assert ours(PROGRAM, ["--purge", f"--root={root}", str(lines)]).code == 0
    assert sorted(path.name for path in root.iterdir()) == ["stays"]
    assert ours(PROGRAM, ["--purge", f"--root={root}"]).code == 1


def test_dry_run_changes_nothing(tmp_path: Path) -> None:
    """--dry-run says it and leaves it."""
    root = tree(tmp_path / "r")
    before = snapshot(root)
    lines = tmp_path / "lines.conf"
    lines.write_text(LINES)
    done = ours(PROGRAM, ["--create", "--remove", "--boot", "--dry-run", f"--root={root}", str(lines)])
    assert "Would" in done.err
    assert snapshot(root) == before
