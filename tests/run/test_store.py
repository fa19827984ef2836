"""The manager's state survives its death at any instruction."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time

import pytest

from fastinit.run.store import HEADER_BYTES, SLACK_BYTES, Store, StoreError


def new_memory(size: int = 8 << 20) -> mmap.mmap:
    return mmap.mmap(-1, size)


def test_what_was_committed_is_loaded_and_what_is_gone_is_not():
    memory = new_memory()
    store = Store(memoryview(memory))
    assert store.is_new
    store.commit({"unit:a": {"x": 1}, "unit:b": {"y": "é\n"}})
    store.commit({"unit:a": {"x": 2}, "unit:b": None, "job:1": {}})
    again = Store(memoryview(memory))
    assert not again.is_new
    assert again.load() == {"unit:a": {"x": 2}, "job:1": {}}


def test_a_log_that_grows_is_rewritten_and_keeps_every_key():
    memory = new_memory()
    store = Store(memoryview(memory))
    expected = {}
    for round_ in range(3 * SLACK_BYTES // 500):
        key = f"unit:{round_ % 7}"
        expected[key] = {"n": round_, "pad": "x" * 450}
        store.commit({key: expected[key]})
    assert Store(memoryview(memory)).load() == expected


def test_the_next_manager_can_go_on_writing_after_a_load():
    memory = new_memory()
    Store(memoryview(memory)).commit({"a": {"n": 1}, "b": {"n": 1}})
    second = Store(memoryview(memory))
    second.load()
    second.commit({"a": {"n": 2}})
    assert Store(memoryview(memory)).load() == {"a": {"n": 2}, "b": {"n": 1}}


def test_a_state_that_does_not_fit_is_refused_and_the_old_one_stays():
    memory = new_memory(HEADER_BYTES + 2 * 4096)
    store = Store(memoryview(memory))
    store.commit({"a": {"n": 1}})
    with pytest.raises(StoreError, match="do not fit"):
        store.commit({"b": {"pad": "x" * 5000}})
    assert Store(memoryview(memory)).load() == {"a": {"n": 1}}


def test_a_foreign_memory_is_refused():
    memory = new_memory()
    memory[:8] = b"whatever"
    with pytest.raises(StoreError, match="magic"):
        Store(memoryview(memory))


def test_a_writer_killed_at_a_random_moment_leaves_a_whole_commit():
    """Both keys of each commit carry the same number; after kill -9 they still do, and it never goes back. Nobody reads while
    it writes: a store has one user at a time, and a read that the writer overtakes twice would find the half being rewritten."""
    memory = new_memory()
    Store(memoryview(memory)).commit({"a": {"n": 0}, "b": {"n": 0, "pad": ""}})
    last = 0
    for _ in range(60):
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            store = Store(memoryview(memory))
            number = store.load()["a"]["n"]
            while True:
                number += 1
                store.commit({"a": {"n": number}, "b": {"n": number, "pad": "x" * random.randrange(20_000)}})
                if tell >= 0:
                    os.close(told)
                    os.close(tell)
                    tell = -1
        os.close(tell)
        assert os.read(told, 1) == b""      # it has begun to write
        os.close(told)
        deadline = time.monotonic() + random.random() * 0.005
        while time.monotonic() < deadline:
            pass
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        values = Store(memoryview(memory)).load()
        assert values["a"]["n"] == values["b"]["n"] > last
        last = values["a"]["n"]
