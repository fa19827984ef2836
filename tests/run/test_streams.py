"""What a process gets as descriptors 0, 1 and 2."""

from __future__ import annotations

import dataclasses
import os

import pytest

from fastinit.run.streams import StreamError, open_streams
from fastinit.units.model import ExecContext, StdStream

PIPE, CONSOLE = 900, 901        # stand for descriptors that are only passed on
NULL = -1

PLAIN = {       # (input, output, error) -> the descriptors
    ("null", "journal", "inherit"): (NULL, PIPE, PIPE),
    ("null", "inherit", "inherit"): (NULL, PIPE, PIPE),
    ("null", "null", "journal"): (NULL, NULL, PIPE),
    ("null", "null", "inherit"): (NULL, NULL, NULL),
    ("null", "syslog", "null"): (NULL, PIPE, NULL),
    ("null", "journal+console", "inherit"): (NULL, PIPE, PIPE),
    ("null", "console", "inherit"): (NULL, CONSOLE, CONSOLE),
}


def context(stdin, stdout, stderr, **more) -> ExecContext:
    streams = [value if isinstance(value, StdStream) else StdStream(value) for value in (stdin, stdout, stderr)]
    return dataclasses.replace(
        ExecContext(), standard_input=streams[0], standard_output=streams[1], standard_error=streams[2], **more)


@pytest.mark.parametrize("kinds", PLAIN, ids="-".join)
def test_plain_kinds(kinds):
    streams = open_streams(context(*kinds), lambda: PIPE, CONSOLE)
    assert streams.fds == PLAIN[kinds]
    streams.close()


def test_output_and_error_to_the_same_file_share_one_offset(tmp_path):
    target = StdStream("file", str(tmp_path / "out"))
    streams = open_streams(context("null", target, target), lambda: PIPE, CONSOLE)
    _, out, err = streams.fds
    os.write(out, b"one ")
    os.write(err, b"two")
    streams.close()
    assert (tmp_path / "out").read_text() == "one two"


def test_append_and_truncate_do_what_they_say(tmp_path):
    for kind, expected in (("append", "old new"), ("truncate", " new"), ("file", " new")):
        (tmp_path / kind).write_text("old")
        streams = open_streams(context("null", StdStream(kind, str(tmp_path / kind)), "null"), lambda: PIPE, CONSOLE)
        os.write(streams.fds[1], b" new")
        streams.close()
        assert (tmp_path / kind).read_text() == expected


def test_data_is_read_from_its_beginning():
    streams = open_streams(context("data", "null", "null", standard_input_data=b"hello"), lambda: PIPE, CONSOLE)
    assert os.read(streams.fds[0], 100) == b"hello"
    streams.close()


@pytest.mark.parametrize("number, status", [(0, 208), (1, 209), (2, 222)])
def test_what_cannot_be_opened_has_systemds_exit_status(number, status):
    kinds = ["null", "null", "null"]
    kinds[number] = StdStream("file", "/nonexistent/file")
    with pytest.raises(StreamError) as caught:
        open_streams(context(*kinds), lambda: PIPE, CONSOLE)
    assert (caught.value.exit_status, caught.value.errno) == (status, 2)


def test_a_fifo_without_a_reader_is_an_error_and_not_a_wait(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(StreamError, match="No such device"):
        open_streams(context("null", StdStream("append", str(tmp_path / "fifo")), "null"), lambda: PIPE, CONSOLE)


def test_nothing_stays_open_after_a_failure(tmp_path):
    before = os.listdir("/proc/self/fd")
    with pytest.raises(StreamError):
        open_streams(context(StdStream("file", "/dev/zero"), StdStream("file", "/nonexistent/x"), "null"), lambda: PIPE, CONSOLE)
    assert os.listdir("/proc/self/fd") == before
