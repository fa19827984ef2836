"""What a service writes is stored byte for byte and found again line by line."""

from __future__ import annotations

import os

import pytest

from fastinit.journal import store
from fastinit.journal.console import Console


def write(log: store.LogFile, text: bytes, usec: int, kind: int = store.OUTPUT) -> None:
    log.write(text, (usec, 42, kind, 6))


def texts(directory, count: int):
    return [(entry.realtime_usec, entry.text) for entry in store.tail(str(directory), "a.service", count)]


def test_the_last_lines_come_oldest_first_with_their_times(tmp_path):
    log = store.LogFile(str(tmp_path), "a.service")
    write(log, b"one\ntwo\n", 1)
    write(log, b"thr", 2)
    write(log, b"ee\nfour\n", 3)
    log.close()
    assert texts(tmp_path, 10) == [(1, "one"), (1, "two"), (2, "three"), (3, "four")]
    assert texts(tmp_path, 2) == [(2, "three"), (3, "four")]
    assert texts(tmp_path, 1) == [(3, "four")]


def test_lines_of_the_manager_are_marked(tmp_path):
    log = store.LogFile(str(tmp_path), "a.service")
    write(log, b"Started a.\n", 5, store.MANAGER)
    write(log, b"hello", 6)
    log.close()
    entries = store.tail(str(tmp_path), "a.service", 9)
    assert [(entry.identifier, entry.text) for entry in entries] == [("systemd", "Started a."), ("", "hello")]


def test_nothing_stored_is_no_error(tmp_path):
    assert texts(tmp_path, 5) == []


def test_an_append_without_its_mark_gets_the_time_of_the_file(tmp_path):
    log = store.LogFile(str(tmp_path), "a.service")
    write(log, b"one\n", 1)
    os.pwrite(log.fd, b"two\n", log.end)
    os.utime(log.path, ns=(9_000, 9_000))
    log.close()
    assert texts(tmp_path, 5) == [(1, "one"), (9, "two")]


def test_a_full_file_is_rotated_and_the_tail_reaches_into_the_old_one(tmp_path):
    log = store.LogFile(str(tmp_path), "a.service", max_bytes=10)
    for number in range(5):
        write(log, b"line%d\n" % number, number)
    log.close()
    assert [text for _, text in texts(tmp_path, 3)] == ["line2", "line3", "line4"]
    assert sorted(os.listdir(tmp_path)) == ["a.service.idx", "a.service.idx.1", "a.service.log", "a.service.log.1"]


@pytest.mark.parametrize("size", [1, store.READ_STEP - 1, store.READ_STEP, 3 * store.READ_STEP])
def test_a_long_line_is_one_line(tmp_path, size):
    log = store.LogFile(str(tmp_path), "a.service")
    write(log, b"x" * size + b"\nshort\n", 1)
    log.close()
    assert [len(text) for _, text in texts(tmp_path, 2)] == [size, 5]


def test_a_console_that_nobody_reads_never_blocks_and_says_what_it_dropped():
    reader, writer = os.pipe()
    wanted = []
    console = Console(writer, wanted.append)
    line = b"x" * 1000
    for _ in range(3000):
        console.write_line("svc", 7, line)
    assert wanted == [True]
    os.set_blocking(reader, False)
    received = b""
    while wanted[-1]:
        received += os.read(reader, 1 << 20)
        console.flush()
    console.write_line("svc", 7, b"back")
    received += os.read(reader, 1 << 20)
    kept = received.count(b"svc[7]: xxx")
    assert received.endswith(b"svc[7]: back\n")
    assert b"fastinit: %d lines dropped" % (3000 - kept) in received
    for fd in (reader, writer, console.fd):
        os.close(fd)


def test_remove_takes_one_unit_alone(tmp_path):
    """Not the one whose name begins alike; rotated files as well; twice is no error."""
    for unit in ("run-1.service", "run-1.service.d", "run-12.service"):
        log = store.LogFile(str(tmp_path), unit, max_bytes=1)
        log.write(b"two\n", (1, 2, 0, 6))
        log.close()
    store.remove(str(tmp_path), "run-1.service")
    store.remove(str(tmp_path), "run-1.service")
    left = {path.name.rsplit(".log", 1)[0].rsplit(".idx", 1)[0] for path in tmp_path.iterdir()}
    assert left == {"run-1.service.d", "run-12.service"}
