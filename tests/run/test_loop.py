"""The loop calls what is due, in order, and nothing else."""

from __future__ import annotations

import os
import time

from fastinit.run.loop import PATIENT_USEC, READABLE, WRITTEN, Loop, monotonic_usec


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


def test_what_cannot_wait_waits_for_one_step_of_what_can():
    """300 clients are ready and each has more to do for ever; an exit that comes amid them is seen after one step."""
    loop, calls = Loop(), []
    clients = [os.pipe() for _ in range(300)]
    exits = os.pipe()

    def step():
        end = time.thread_time_ns() + PATIENT_USEC * 1000
        while time.thread_time_ns() < end:
            pass
        calls.append("client")
        if len(calls) == 5:
            os.write(exits[1], b"x")
        loop.call_idle(step)

    def ready(fd, _events):
        loop.unwatch(fd)
        loop.call_idle(step)

    def exited(_fd, _events):
        calls.append("exit")
        loop.stop()

    loop.watch(exits[0], READABLE, exited)
    for reader, writer in clients:
        loop.watch(reader, READABLE, ready, can_wait=True)
        os.write(writer, b"x")
    loop.run(lambda: None)
    assert calls == ["client"] * 5 + ["exit"]
    for pair in [exits, *clients]:
        for fd in pair:
            os.close(fd)


def test_is_wanted_tells_of_all_who_wait_and_takes_nothing_away():
    """A descriptor of either kind, one that tells only once included; a timer that is due; a callback that can wait."""
    loop, told = Loop(), []
    once, patient = os.pipe(), os.pipe()
    assert not loop.is_wanted()
    loop.call_at(monotonic_usec() + 10**9, lambda: None)
    assert not loop.is_wanted(), "a timer that is not due"
    loop.watch(patient[0], READABLE, lambda _fd, _events: told.append("patient"), can_wait=True)
    loop.watch(once[0], WRITTEN, lambda _fd, _events: told.append("once"))
    os.write(once[1], b"x")
    assert loop.is_wanted() and loop.is_wanted()
    loop._once()
    assert told == ["once"] and not loop.is_wanted(), "told once, though nobody has read it"
    os.write(patient[1], b"x")
    assert loop.is_wanted()
    os.read(patient[0], 1)
    loop.call_idle(loop.stop)
    assert loop.is_wanted()
    loop.run(lambda: None)
    assert not loop.is_wanted()
    loop.call_soon(lambda: told.append("timer"))
    assert loop.is_wanted()
    for fd in (*once, *patient):
        os.close(fd)


def test_those_who_can_wait_have_their_turns():
    """Neither a descriptor that is always ready nor a callback that always comes back shuts out the other, or one of its kind."""
    loop, calls = Loop(), {"first": 0, "second": 0, "idle": 0, "other": 0}
    pipes = {name: os.pipe() for name in ("first", "second")}

    def count(name):
        calls[name] += 1
        if all(number >= 20 for number in calls.values()):
            loop.stop()

    def again(name):
        count(name)
        loop.call_idle(lambda: again(name))

    for name, (reader, writer) in pipes.items():
        os.write(writer, b"x")
        loop.watch(reader, READABLE, lambda _fd, _events, name=name: count(name), can_wait=True)
    again("idle")
    again("other")
    loop.run(lambda: None)
    assert abs(calls["first"] - calls["second"]) <= 1 and abs(calls["idle"] - calls["other"]) <= 1
    for pair in pipes.values():
        for fd in pair:
            os.close(fd)
