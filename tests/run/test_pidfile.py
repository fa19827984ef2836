"""Which processes a PID file may make the main process of a unit."""

from __future__ import annotations

import os

import pytest

from fastinit.run.pidfile import PidFileError, check_pid, read_pid

REFUSED = {
    "empty": (b"", "is empty"), "words": (b"abc\n", "parse"), "negative": (b"-5\n", "parse"), "zero": (b"0\n", "parse"),
    "more than a number": (b"12 13\n", "parse"), "huge": (b"9" * 500, "parse"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_garbage_is_refused_in_words(tmp_path, name):
    data, words = REFUSED[name]
    (tmp_path / "pid").write_bytes(data)
    with pytest.raises(PidFileError, match=words):
        read_pid(str(tmp_path / "pid"))


NO_FILE = [(os.mkfifo, "regular"), (os.mkdir, "regular|Is a directory"), (lambda path: None, "No such file")]


@pytest.mark.parametrize("make, words", NO_FILE)
def test_what_is_no_file_is_refused_at_once(tmp_path, make, words):
    path = str(tmp_path / "pid")
    make(path)
    with pytest.raises(PidFileError, match=words):
        read_pid(path)


def test_a_number_is_read_with_its_newline(tmp_path):
    (tmp_path / "pid").write_text("4711\n")
    assert read_pid(str(tmp_path / "pid"))[0] == 4711


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_that_somebody_else_could_have_written_is_not_roots(tmp_path):
    path = tmp_path / "pid"
    path.write_text("1\n")
    os.chown(path, 12345, 12345)
    assert read_pid(str(path)) == (1, False)


def test_only_members_or_pids_named_by_root_are_accepted():
    pid = os.fork()
    if pid == 0:
        os.execvp("sleep", ["sleep", "1000"])
    try:
        check_pid(pid, "x", 1, is_member=True, written_by_root=False)
        check_pid(pid, "x", 1, is_member=False, written_by_root=True)
        with pytest.raises(PidFileError, match="does not belong"):
            check_pid(pid, "x", 1, is_member=False, written_by_root=False)
        with pytest.raises(PidFileError, match="init itself"):
            check_pid(pid, "x", init_pid=pid, is_member=True, written_by_root=True)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    with pytest.raises(PidFileError, match="does not exist"):
        check_pid(pid, "x", 1, is_member=True, written_by_root=True)
