"""What a service says by sd_notify(3), and above all what it must not be able to do by it."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest

from fastinit.plan import effects as do
from fastinit.plan.states import Sub
from fastinit.units.model import USEC_INFINITY
from tests.plan.harness import SECOND, FakeRun, service

# Digits to str.isdigit() but not to int(); more digits than int() reads; more than 64 bits; signs; nothing.
NO_NUMBERS = ("²", "٣", "9" * 5000, "9" * 30, str(1 << 64), "-1", "+1", " 1", "1_0", "0x10", "", "x")


@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("field", ("WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC", "ERRNO", "MAINPID"))
def test_what_is_no_number_changes_nothing(field: str, text: str) -> None:
    """A service can send any bytes as root's manager reads them."""
    run = FakeRun(service(watchdog_usec=5 * SECOND, notify_access="all"))
    run.start()
    record = run.record()
    before = (record.main_pid, record.status_errno, record.watchdog_usec, record.watchdog_deadline_usec)
    run.notify(**{field: text})
    assert (record.main_pid, record.status_errno, record.watchdog_usec, record.watchdog_deadline_usec) == before
    assert record.sub is Sub.RUNNING


@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: ascii(text[:12]))
def test_a_reload_that_tells_no_time_goes_on(text: str) -> None:
    """Type=notify-reload: RELOADING=1 counts only with the time of our signal or a later one."""
    run = FakeRun(service(type="notify-reload"))
    run.start()
    run.notify(READY="1")
    run.play("reload")
    assert run.record().sub is Sub.RELOAD_SIGNAL
    run.notify(RELOADING="1", MONOTONIC_USEC=text)
    assert run.record().sub is Sub.RELOAD_SIGNAL


def test_the_longest_times_are_no_overflow() -> None:
    """WATCHDOG_USEC= and EXTEND_TIMEOUT_USEC= with the greatest numbers of 64 bits."""
    run = FakeRun(service(watchdog_usec=5 * SECOND, notify_access="all"))
    run.start()
    run.notify(WATCHDOG_USEC=str(USEC_INFINITY - 1))
    run.notify(EXTEND_TIMEOUT_USEC=str(USEC_INFINITY))
    assert run.engine.next_deadline() == USEC_INFINITY
    run.wait(3600)
    assert run.record().sub is Sub.RUNNING


def test_watchdogs_that_are_switched_off() -> None:
    """service-watchdogs no: one line for the one that is late, and FailureAction= is not acted on, across a new manager; a message
    winds the clock up again, which counts once they are on."""
    run = FakeRun(service(watchdog_usec=5 * SECOND, notify_access="all", failure_action="exit"), service("b.service", success_action="exit"))
    run.start()
    run.engine.watchdogs = False
    run.wait(20)
    assert run.record().sub is Sub.RUNNING
    assert [line for line in run.lines() if "atchdog" in line] == [
        "a.service: Watchdog disabled! Ignoring watchdog timeout (limit 5s)!"]
    run.restart_manager()
    assert not run.engine.watchdogs
    run.exit(status=1)
    assert run.record().sub is Sub.FAILED and run.of(do.ManagerAction) == []
    assert "Watchdog disabled! Not acting on: unit a.service failed" in run.lines()
    run.start("b.service")
    run.exit("b.service")
    assert [effect.unit for effect in run.of(do.ManagerAction)] == ["b.service"]       # nothing went wrong there
    run.start()
    run.engine.watchdogs = True
    run.notify(WATCHDOG="1")
    run.wait(20)
    assert 6 in run.signals()


STRANGER = "4711"
# settings of a.service, history; whether the sender is its main process
REFUSED: Dict[str, Tuple[Dict[str, Any], str, bool]] = {
    "from a unit that is down":         (dict(notify_access="all"), "start; stop", False),
    "from a unit that waits for its restart": (dict(notify_access="all", restart="always", restart_usec=9_000_000), "start; exit 0", False),
    "from one who may not speak":       (dict(notify_access="main"), "start", False),
    "where nobody may speak":           (dict(notify_access="none"), "start", True),
    "after the processes had their last signal": (
        dict(notify_access="all", kill_mode="mixed", exec_stop_post=service().service.exec_start),      # type: ignore[union-attr]
        "start; stop", False),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_main_pid_that_is_not_taken_is_let_go(name: str) -> None:
    """run/ has begun to track what MAINPID= names: nobody else would ever end that."""
    settings, history, is_main = REFUSED[name]
    run = FakeRun(service(**settings))
    run.play(history)
    before = run.record().main_pid
    run.notify(main=is_main, MAINPID=STRANGER)
    assert run.record().main_pid == before
    assert [effect.pid for effect in run.of(do.Untrack)] == [int(STRANGER)]


def test_the_main_process_naming_itself_stays_tracked() -> None:
    """Even where it may not speak at all."""
    run = FakeRun(service(notify_access="none"))
    run.play("start")
    run.notify(MAINPID=str(run.record().main_pid))
    assert not run.of(do.Untrack)
