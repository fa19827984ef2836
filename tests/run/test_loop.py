"""The loop calls what is due, in order, and nothing else."""

from __future__ import annotations

import os

from fastinit.run.loop import READABLE, Loop, monotonic_usec


def test_timers_run_in_order_of_time_and_a_cancelled_one_never():
    loop, calls = Loop(), []
    now = monotonic_usec()
    loop.call_at(now + 2000, lambda: calls.append("b"))
    loop.call_at(now + 1000, lambda: calls.append("a"))
    loop.call_at(now + 1500, lambda: calls.append("never")).cancel()
    loop.call_at(now + 3000, loop.stop)
    loop.run(lambda: None)
    assert calls == ["a", "b"]
    assert monotonic_usec() >= now + 3000


def test_timers_of_the_same_time_run_in_the_order_they_were_set():
    loop, calls = Loop(), []
    for name in "abc":
        loop.call_at(7, lambda name=name: calls.append(name))
    loop.call_at(7, loop.stop)
    loop.run(lambda: None)
    assert calls == ["a", "b", "c"]


def test_a_descriptor_that_an_earlier_callback_has_unwatched_is_not_called():
    loop, calls = Loop(), []
    pipes = [os.pipe(), os.pipe()]

    def ready(fd, _events):
        calls.append(fd)
        for reader, _ in pipes:
            loop.unwatch(reader)
        loop.stop()

    for reader, writer in pipes:
        loop.watch(reader, READABLE, ready)
        os.write(writer, b"x")
    loop.run(lambda: None)
    assert len(calls) == 1
    for pair in pipes:
        for fd in pair:
            os.close(fd)


def test_an_idle_loop_asks_for_no_timeout():
    loop = Loop()
    assert loop._timeout() is None
    timer = loop.call_at(monotonic_usec() + 10**9, lambda: None)
    timer.cancel()
    assert loop._timeout() is None
