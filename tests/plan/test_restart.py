"""Restart= and what belongs to it: when a service comes back, how soon, and who else notices."""

from __future__ import annotations

import os
from typing import Dict, Tuple

import pytest

from fastinit.plan import effects as do
from fastinit.plan.events import Exited
from fastinit.plan.service.results import restart_delay_usec
from fastinit.plan.service.table import RESTARTS
from fastinit.plan.states import Result
from fastinit.units.model import USEC_INFINITY, ExitStatusSet, Service
from tests.plan.harness import PROGRAM, SECOND, FakeRun, service, target

# systemd.service(5), "Exit causes and the effect of the Restart= settings", row by row.
ENDS: Dict[str, Tuple[Dict[str, object], str, str]] = {
    "clean exit code":   ({}, "start; exit 0", "always on-success"),
    "clean signal":      ({}, "start; signal 15", "always on-success"),
    "unclean exit code": ({}, "start; exit 1", "always on-failure"),
    "unclean signal":    ({}, "start; signal 11", "always on-failure on-abnormal on-abort"),
    "core dump":         ({}, "start; dump 6", "always on-failure on-abnormal on-abort"),
    "timeout":           (dict(type="notify", timeout_start_usec=SECOND), "start; wait 1", "always on-failure on-abnormal"),
    "watchdog":          (dict(watchdog_usec=SECOND), "start; wait 1", "always on-failure on-abnormal on-watchdog"),
    "protocol":          (dict(type="notify"), "start; exit 0", "always on-failure on-abnormal"),
    "SIGHUP":            ({}, "start; signal 1", "always on-success"),
    "SIGINT":            ({}, "start; signal 2", "always on-success"),
    "SIGPIPE":           ({}, "start; signal 13", "always on-success"),
    "SuccessExitStatus=": (dict(success_exit_status=ExitStatusSet(frozenset({7}))), "start; exit 7", "always on-success"),
    "a skipped start":   (dict(exec_condition=(PROGRAM,)), "start; control 1", ""),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("restart", RESTARTS)
def test_the_table_of_the_manual(restart: str, end: str) -> None:
    """Each Restart= setting against each way to end."""
    settings, history, restarted = ENDS[end]
    run = FakeRun(service(restart=restart, **settings))
    run.play(history)
    assert (run.sub() == "auto-restart") == (restart in restarted.split()), run.state()


def test_every_result_is_decided() -> None:
    """Restart=always restarts after every result, but for a skipped start and a start limit."""
    assert set(Result) - RESTARTS["always"] == {Result.EXEC_CONDITION, Result.START_LIMIT_HIT}


PREVENT = ExitStatusSet(frozenset({5}), frozenset({6}))
SPECIAL: Dict[str, Tuple[Dict[str, object], str, bool]] = {
    "prevented code":       (dict(restart="always", restart_prevent_exit_status=PREVENT), "start; exit 5", False),
    "prevented signal":     (dict(restart="always", restart_prevent_exit_status=PREVENT), "start; signal 6", False),
    "prevented core":       (dict(restart="always", restart_prevent_exit_status=PREVENT), "start; dump 6", False),
    "another code":         (dict(restart="always", restart_prevent_exit_status=PREVENT), "start; exit 6", True),
    "forced code":          (dict(restart_force_exit_status=PREVENT), "start; exit 5", True),
    "forced signal":        (dict(restart_force_exit_status=PREVENT), "start; signal 6", True),
    "not forced":           (dict(restart_force_exit_status=PREVENT), "start; exit 0", False),
    "prevented and forced": (dict(restart_force_exit_status=PREVENT, restart_prevent_exit_status=PREVENT), "start; exit 5", False),
    "a stop by hand":       (dict(restart="always"), "start; stop", False),
    "a stop by hand, forced": (dict(restart_force_exit_status=ExitStatusSet(frozenset(), frozenset({15}))), "start; stop", False),
    "oneshot that fails":   (dict(restart="on-failure", type="oneshot"), "start; exit 1", True),
    "after ExecStopPost=":  (dict(restart="always", exec_stop_post=(PROGRAM,)), "start; exit 1; control 0", True),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_exit_statuses_that_decide(name: str) -> None:
    settings, history, restarted = SPECIAL[name]
    run = FakeRun(service(**settings))
    run.play(history)
    assert (run.sub() == "auto-restart") is restarted, run.state()


def test_a_restart_in_all_its_states() -> None:
    """What a watcher sees, the counter, and the new process."""
    run = FakeRun(service(restart="always", restart_usec=SECOND))
    run.play("start; exit 1")
    assert run.state() == ("activating", "auto-restart", "exit-code")
    run.play("wait 0.9")
    assert run.record().n_restarts == 0
    run.play("wait 0.1")
    assert run.state() == ("active", "running", "success") and run.record().n_restarts == 1
    assert run.subs() == ["start", "running", "stop-sigterm", "failed-before-auto-restart", "auto-restart",
                          "auto-restart-queued", "start", "running"]
    assert "a.service: Scheduled restart job, restart counter is at 1." in run.lines()


def test_who_leaves_nothing_behind_is_sent_nothing() -> None:
    """No signal, no state of its own, no watch of the members: as in systemd."""
    run = FakeRun(service(restart="always", restart_usec=0))
    run.play("start")
    record = run.record()
    run.engine.handle(Exited("a.service", record.main_spawn_id, record.main_pid, os.CLD_EXITED, 1, is_last=True))
    run.run()
    assert run.subs() == ["start", "running", "failed-before-auto-restart", "auto-restart"]
    assert run.signals() == [] and not record.watching_members
    run.play("wait 0")
    assert run.sub() == "running"


def test_a_process_in_the_making_is_not_gone() -> None:
    """The control process was the last that run/ saw, and the engine has another in mind already."""
    run = FakeRun(service(exec_start_post=(PROGRAM,)))
    run.play("start")
    record = run.record()
    run.engine.handle(Exited("a.service", record.main_spawn_id, record.main_pid, os.CLD_EXITED, 0, is_last=True))
    assert not record.members_gone


def test_direct_restarts_are_not_seen_by_others() -> None:
    """RestartMode=direct: no dead or failed state in between, so OnFailure= and who needs the unit do not notice."""
    for mode, seen in (("normal", True), ("direct", False)):
        run = FakeRun(service(restart="always", restart_mode=mode, OnFailure=("b.service",)), service("b.service"))
        run.play("start; exit 1; wait 1")
        assert run.sub() == "running" and ("failed-before-auto-restart" in run.subs()) is seen
        assert bool(run.phases("b.service")) is seen


def test_a_direct_restart_keeps_the_start_job_waiting() -> None:
    """The caller of the first start hears of the try that succeeds."""
    run = FakeRun(service(type="notify", restart="always", restart_mode="direct"))
    job = run.start()
    run.play("exit 1; wait 1")
    assert run.result(job) == "pending"
    run.play("notify READY=1")
    assert run.result(job) == "done"


# Service fields; the delay in s before restart 1, 2, 3 …; systemd.service(5), RestartSteps=.
DELAYS: Dict[str, Tuple[Dict[str, int], Tuple[float, ...]]] = {
    "constant":       (dict(restart_usec=SECOND), (1, 1, 1)),
    "no steps":       (dict(restart_usec=SECOND, restart_max_delay_usec=9 * SECOND), (1, 1, 1)),
    "no maximum":     (dict(restart_usec=SECOND, restart_steps=3), (1, 1, 1)),
    "three steps":    (dict(restart_usec=SECOND, restart_steps=3, restart_max_delay_usec=8 * SECOND), (1, 2, 4, 8, 8)),
    "one step":       (dict(restart_usec=SECOND, restart_steps=1, restart_max_delay_usec=8 * SECOND), (1, 8, 8)),
    "less than base": (dict(restart_usec=5 * SECOND, restart_steps=3, restart_max_delay_usec=SECOND), (5, 5)),
    "no base":        (dict(restart_usec=0, restart_steps=3, restart_max_delay_usec=SECOND), (0, 0)),
}


@pytest.mark.parametrize("name", DELAYS)
def test_the_delay_grows_geometrically(name: str) -> None:
    fields, delays = DELAYS[name]
    made = Service(**fields)      # type: ignore[arg-type]
    assert [round(restart_delay_usec(made, n + 1) / SECOND, 3) for n in range(len(delays))] == list(delays)


def test_the_delay_is_what_passes() -> None:
    """RestartSteps= in a life: 1 s, 2 s, 4 s; a start by hand begins anew."""
    run = FakeRun(service(restart="always", restart_usec=SECOND, restart_steps=2, restart_max_delay_usec=4 * SECOND,
                          start_limit_interval_usec=0))
    run.play("start")
    for delay in (1, 2, 4, 4):
        run.play("exit 1")
        assert run.record().deadline_usec - run.engine.now_usec == delay * SECOND
        run.play(f"wait {delay}")
    assert run.record().n_restarts == 4
    run.play("stop; start; exit 1")
    assert run.record().deadline_usec - run.engine.now_usec == SECOND
    assert run.record().n_restarts == 0
    assert run.record().deadline_usec < USEC_INFINITY


def test_the_start_limit_ends_it() -> None:
    """StartLimitBurst= starts in the interval, then start-limit-hit, until reset-failed."""
    run = FakeRun(service(restart="always", restart_usec=0, start_limit_burst=3, start_limit_interval_usec=10 * SECOND))
    run.play("start; exit 1; wait 0; exit 1; wait 0; exit 1; wait 0")
    assert run.state() == ("failed", "failed", "start-limit-hit")
    assert len(run.phases()) == 3 and "a.service: Start request repeated too quickly." in run.lines()
    run.play("start")
    assert run.state() == ("failed", "failed", "start-limit-hit")
    run.engine.reset_failed("a.service")
    run.play("start")
    assert run.sub() == "running"


def test_the_start_limit_is_over_with_its_interval() -> None:
    run = FakeRun(service(start_limit_burst=1, start_limit_interval_usec=10 * SECOND))
    run.play("start; stop; wait 9; start")
    assert run.sub() == "failed"
    run.play("wait 2; start")
    assert run.sub() == "running"


def test_a_stop_while_it_waits_for_its_restart() -> None:
    """It is over at once, without a process, and it is not failed; the result stays that of the last life."""
    run = FakeRun(service(restart="always", restart_usec=5 * SECOND))
    run.play("start; exit 1; stop; wait 10")
    assert run.state() == ("inactive", "dead", "exit-code") and len(run.phases()) == 1


def test_a_start_while_it_waits_for_its_restart() -> None:
    """systemctl start waits for RestartSec= and is done with the restart."""
    run = FakeRun(service(restart="always", restart_usec=5 * SECOND))
    run.play("start; exit 1")
    job = run.start()
    assert run.result(job) == "pending" and run.sub() == "auto-restart"
    run.play("wait 5")
    assert run.result(job) == "done" and run.sub() == "running"


def test_a_restart_by_hand_while_it_waits_for_its_restart() -> None:
    """systemctl restart does not wait for RestartSec=: it is a stop, then a start."""
    run = FakeRun(service(restart="always", restart_usec=5 * SECOND))
    run.play("start; exit 1")
    job = run.submit("a.service", do.JobType.RESTART)
    assert run.result(job) == "done" and run.sub() == "running"


def test_a_stop_that_never_ran_does_not_end_the_restart() -> None:
    """RestartSec= is over while a stop waits for its turn; that is taken back: the service comes up all the same."""
    run = FakeRun(service(restart="always", restart_usec=SECOND), service("late.service", After=("a.service",)))
    run.stubborn = {"late.service"}
    run.play("start; start late.service; exit 1; stop late.service; stop")
    assert run.sub() == "auto-restart"
    run.play("wait 2; cancel a.service; wait 0; exit 0 late.service")
    assert run.sub() == "running"


def test_a_restart_that_cannot_be_queued_is_given_up() -> None:
    """The unit file has gone bad meanwhile: failed, not for ever on its way."""
    run = FakeRun(service(restart="always", restart_usec=SECOND, Requires=("b.service",)), service("b.service"))
    run.play("start; exit 1")
    run.engine.reload(lambda name: service(name, load_state="masked") if name == "b.service" else
                      service(restart="always", restart_usec=SECOND, Requires=("b.service",)))
    run.play("wait 1")
    assert run.state() == ("failed", "failed", "resources")


def test_who_depends_is_restarted_with_it() -> None:
    """An automatic restart restarts what is PartOf= and up."""
    run = FakeRun(service(restart="always"), service("b.service", PartOf=("a.service",)), target("t.target", Requires=("a.service",)))
    run.play("start; start b.service")
    before = run.record("b.service").main_pid
    run.play("exit 1; wait 1")
    assert run.sub() == "running" and run.record("b.service").main_pid != before


def test_processes_that_will_not_die_do_not_stop_the_restart() -> None:
    """SIGTERM, then SIGKILL to what is left of the unit, and only then the next life."""
    run = FakeRun(service(restart="always", timeout_stop_usec=2 * SECOND, restart_usec=0))
    run.members = {"a.service"}
    run.play("start; exit 1")
    assert run.sub() == "stop-sigterm"
    run.play("wait 2")
    assert run.sub() == "running" and run.signals() == [15, 9]
