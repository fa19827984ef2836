"""One wish, and the jobs that come of it: modes, what is pulled in, cycles, conflicts, what is queued already.

The sentences and the choice of the job that is dropped are what systemd 257 was seen to do with the same units.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest

from fastinit.errors import RequestError
from fastinit.plan import effects as do
from fastinit.plan.states import JobMode, JobType
from fastinit.units.model import Unit
from tests.plan.harness import FakeRun, service, target

SLOW: Dict[str, Any] = {"type": "notify"}       # waits for READY=1: its start job can be looked at


def abc(**settings: Dict[str, Any]) -> List[Unit]:
    """a=dict(…) -> a.service with these settings."""
    return [service(f"{letter}.service", **given) for letter, given in settings.items()]


def jobs(run: FakeRun) -> str:
    """"a start running, b stop waiting"."""
    queued = sorted(run.engine.jobs.values(), key=lambda job: job.unit)
    return ", ".join(f"{job.unit.partition('.')[0]} {job.type.value} {job.state.value}" for job in queued)


def states(run: FakeRun) -> str:
    """"a+ b- c!": up, down, failed; "a>" and "a<" on their way."""
    marks = {"active": "+", "inactive": "-", "failed": "!", "activating": ">", "deactivating": "<", "reloading": "~"}
    return " ".join(name.partition(".")[0] + marks[run.record(name).active.value] for name in sorted(run.engine.units))


def refusal(run: FakeRun, name: str, type: JobType, mode: JobMode = JobMode.REPLACE) -> str:
    with pytest.raises(RequestError) as refused:
        run.submit(name, type, mode)
    return str(refused.value)


# ---- what one job pulls in -----------------------------------------------------------------------------------------------

NEEDS = ("b.service",)
# settings of a, b, c; history; what is up then
PULLED: Dict[str, Tuple[Dict[str, Dict[str, Any]], str, str]] = {
    "Wants= starts it":             (dict(a=dict(Wants=NEEDS), b={}), "start a.service", "a+ b+"),
    "Requires= starts it":          (dict(a=dict(Requires=NEEDS), b={}), "start a.service", "a+ b+"),
    "BindsTo= starts it":           (dict(a=dict(BindsTo=NEEDS), b={}), "start a.service", "a+ b+"),
    "Upholds= starts it":           (dict(a=dict(Upholds=NEEDS), b={}), "start a.service", "a+ b+"),
    "Requisite= does not":          (dict(a=dict(Requisite=NEEDS, After=NEEDS), b={}), "start a.service", "a- b-"),
    "Requisite= is content":        (dict(a=dict(Requisite=NEEDS, After=NEEDS), b={}), "start b.service; start a.service", "a+ b+"),
    "PartOf= does not":             (dict(a=dict(PartOf=NEEDS), b={}), "start a.service", "a+ b-"),
    "After= does not":              (dict(a=dict(After=NEEDS), b={}), "start a.service", "a+ b-"),
    "Conflicts= stops it":          (dict(a=dict(Conflicts=NEEDS), b={}), "start b.service; start a.service", "a+ b-"),
    "Conflicts= stops the other way": (dict(a=dict(Conflicts=NEEDS), b={}), "start a.service; start b.service", "a- b+"),
    "a stop goes to Requires=":     (dict(a=dict(Requires=NEEDS), b={}), "start a.service; stop b.service", "a- b-"),
    "a stop goes to Requisite=":    (dict(a=dict(Requisite=NEEDS), b={}), "start b.service; start a.service; stop b.service", "a- b-"),
    "a stop goes to BindsTo=":      (dict(a=dict(BindsTo=NEEDS), b={}), "start a.service; stop b.service", "a- b-"),
    "a stop goes to PartOf=":       (dict(a=dict(PartOf=NEEDS), b={}), "start a.service; start b.service; stop b.service", "a- b-"),
    "a stop does not go to Wants=": (dict(a=dict(Wants=NEEDS), b={}), "start a.service; stop b.service", "a+ b-"),
    "nor against Requires=":        (dict(a=dict(Requires=NEEDS), b={}), "start a.service; stop a.service", "a- b+"),
    "PropagatesStopTo= stops":      (dict(a=dict(PropagatesStopTo=NEEDS), b={}), "start a.service; start b.service; stop a.service",
                                     "a- b-"),
    "StopPropagatedFrom= is its mirror": (dict(a=dict(StopPropagatedFrom=NEEDS), b={}),
                                          "start a.service; start b.service; stop b.service", "a- b-"),
    "a chain of Requires=":         (dict(a=dict(Requires=NEEDS), b=dict(Requires=("c.service",)), c={}), "start a.service", "a+ b+ c+"),
    "a chain of stops":             (dict(a=dict(Requires=NEEDS), b=dict(Requires=("c.service",)), c={}),
                                     "start a.service; stop c.service", "a- b- c-"),
    "Wants= on what is not there":  (dict(a=dict(Wants=NEEDS)), "start a.service", "a+ b-"),
    "Wants= on what cannot start":  (dict(a=dict(Wants=NEEDS), b=dict(Requires=("c.service",))), "start a.service", "a+ b- c-"),
    "Conflicts= among two wanted":  (dict(a=dict(Wants=("b.service", "c.service")), b=dict(Conflicts=("c.service",)), c={}),
                                     "start a.service", "a+ b+ c-"),
    "Conflicts= with what is down stops nobody who needs it": (dict(a=dict(Conflicts=NEEDS), b={}, c=dict(Requires=NEEDS)),
                                                               "start c.service; exit 0 b.service; start a.service", "a+ b- c+"),
    "Conflicts= cancels the start of what is down still": (dict(a=dict(Conflicts=NEEDS), b=dict(After=("d.service",)), d=SLOW),
                                                           "start d.service; start b.service; start a.service; "
                                                           "notify READY=1 d.service", "a+ b- d+"),
    "Wants= and Conflicts= alike":  (dict(a=dict(Wants=NEEDS, Conflicts=NEEDS), b={}), "start a.service", "a+ b-"),
}


@pytest.mark.parametrize("name", PULLED)
def test_pulled_in(name: str) -> None:
    """Each kind of dependency starts and stops what it should."""
    units, history, wanted = PULLED[name]
    run = FakeRun(*abc(**units))
    run.play(history)
    assert states(run) == wanted and not run.engine.jobs


def test_restart_goes_to_what_is_up_alone() -> None:
    """Requires=, BindsTo= and PartOf= pass a restart on; what is down stays down, and Wants= does not pass it."""
    run = FakeRun(*abc(a={}, b=dict(Requires=("a.service",)), c=dict(PartOf=("a.service",)), d=dict(PartOf=("a.service",)),
                       e=dict(Wants=("a.service",)), f=dict(BindsTo=("a.service",))))
    for letter in "abcef":
        run.start(f"{letter}.service")
    pids = {letter: run.record(f"{letter}.service").main_pid for letter in "abcef"}
    run.play("restart a.service")
    assert states(run) == "a+ b+ c+ e+ f+" and not run.phases("d.service")
    assert [letter for letter in "abcef" if run.record(f"{letter}.service").main_pid == pids[letter]] == ["e"]


def test_reload_goes_to_what_can_reload_and_is_up() -> None:
    """PropagatesReloadTo=: an inactive unit is left alone, one that cannot reload does no harm."""
    others = ("b.service", "c.service", "d.service")
    reload = (service().service.exec_start)     # type: ignore[union-attr]
    run = FakeRun(*abc(a=dict(exec_reload=reload, PropagatesReloadTo=others), b=dict(exec_reload=reload), c=dict(exec_reload=reload), d={}))
    run.play("start a.service; start b.service; start d.service; reload a.service; control 0 a.service; control 0 b.service")
    assert [run.phases(f"{letter}.service").count("ExecReload") for letter in "abcd"] == [1, 1, 0, 0]
    assert states(run) == "a+ b+ c- d+"


def test_a_unit_without_reload_passes_it_on() -> None:
    """What has only PropagatesReloadTo= can be reloaded all the same."""
    run = FakeRun(target("a.target", PropagatesReloadTo=("b.service",)), *abc(b=dict(type="notify-reload")))
    run.play("start a.target; start b.service; notify READY=1 b.service; reload a.target")
    assert run.sub("b.service") == "reload-signal"


def test_stop_is_passed_on_gracefully() -> None:
    """PropagatesStopTo= of a unit that is restarted restarts the other one."""
    run = FakeRun(*abc(a=dict(PropagatesStopTo=("b.service",)), b={}))
    run.play("start a.service; start b.service")
    before = run.record("b.service").main_pid
    run.play("restart a.service")
    assert states(run) == "a+ b+" and run.record("b.service").main_pid != before


def test_joins_namespace_of_pulls_in_nothing() -> None:
    run = FakeRun(*abc(a=dict(JoinsNamespaceOf=NEEDS), b={}))
    run.start()
    assert states(run) == "a+ b-"


# ---- what is refused -----------------------------------------------------------------------------------------------------

def unit(name: str, **settings: Any) -> Unit:
    return service(name, **settings)


REFUSED: Dict[str, Tuple[List[Unit], JobType, JobMode, str, int]] = {
    "not there": ([], JobType.START, JobMode.REPLACE, "Unit a.service not found.", 5),
    "masked": ([unit("a.service", load_state="masked")], JobType.START, JobMode.REPLACE, "Unit a.service is masked.", 1),
    "bad": ([unit("a.service", load_state="bad-setting")], JobType.START, JobMode.REPLACE, "Unit a.service has a bad unit file setting.", 1),
    "stop of what is not there": ([], JobType.STOP, JobMode.REPLACE, "Unit a.service not loaded.", 5),
    "Requires= on what is not there": ([unit("a.service", Requires=NEEDS)], JobType.START, JobMode.REPLACE, "Unit b.service not found.", 5),
    "Requires= on what is masked": (abc(a=dict(Requires=NEEDS), b=dict(load_state="masked")), JobType.START, JobMode.REPLACE,
                                    "Unit b.service is masked.", 1),
    "RefuseManualStart=": ([unit("a.service", refuse_manual_start=True)], JobType.START, JobMode.REPLACE,
                           "Operation refused, unit a.service may be requested by dependency only "
                           "(it is configured to refuse manual start/stop).", 4),
    "RefuseManualStart= and restart": ([unit("a.service", refuse_manual_start=True)], JobType.RESTART, JobMode.REPLACE,
                                       "Operation refused, unit a.service may be requested by dependency only "
                                       "(it is configured to refuse manual start/stop).", 4),
    "RefuseManualStop=": ([unit("a.service", refuse_manual_stop=True)], JobType.STOP, JobMode.REPLACE,
                          "Operation refused, unit a.service may be requested by dependency only "
                          "(it is configured to refuse manual start/stop).", 4),
    "no reload": (abc(a={}), JobType.RELOAD, JobMode.REPLACE, "Job type reload is not applicable for unit a.service.", 3),
    "isolate what forbids it": (abc(a={}), JobType.START, JobMode.ISOLATE, "Operation refused, unit may not be isolated.", 4),
    "isolate but no start": ([unit("a.service", allow_isolate=True)], JobType.STOP, JobMode.ISOLATE, "Isolate is only valid for start.", 1),
    "triggering but no stop": (abc(a={}), JobType.START, JobMode.TRIGGERING, "--job-mode=triggering is only valid for stop.", 1),
    "restart-dependencies but no start": (abc(a={}), JobType.STOP, JobMode.RESTART_DEPENDENCIES,
                                          "--job-mode=restart-dependencies is only valid for start.", 1),
    "needs and conflicts": (abc(a=dict(Requires=NEEDS, Conflicts=NEEDS), b={}), JobType.START, JobMode.REPLACE,
                            "Transaction contains conflicting jobs 'stop' and 'start' for a.service. Probably contradicting "
                            "requirement dependencies configured.", 1),
    "a cycle of needs": (abc(a=dict(Requires=NEEDS, After=NEEDS), b=dict(After=("a.service",))), JobType.START, JobMode.REPLACE,
                         "Transaction order is cyclic. See system logs for details.", 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """In systemd's words, with systemctl's exit code; nothing is queued and nothing has changed."""
    units, type, mode, text, code = REFUSED[name]
    run = FakeRun(*units)
    with pytest.raises(RequestError) as refused:
        run.submit("a.service", type, mode)
    assert (str(refused.value), refused.value.exit_code) == (text, code)
    assert not run.engine.jobs and all(record.job is None for record in run.engine.units.values())
    assert not run.of(do.Spawn)


def test_refuse_manual_is_for_hands_alone() -> None:
    """RefuseManualStart=, RefuseManualStop=: as a dependency the unit comes and goes."""
    run = FakeRun(*abc(a=dict(Requires=NEEDS), b=dict(refuse_manual_start=True, refuse_manual_stop=True, PartOf=("a.service",))))
    run.play("start a.service")
    assert states(run) == "a+ b+"
    run.play("stop a.service")
    assert states(run) == "a- b-"


# ---- ordering cycles -----------------------------------------------------------------------------------------------------

def round_trip(*letters: str, **more: Dict[str, Any]) -> List[Unit]:
    """Each After= the next, the last After= the first; more: further settings of one."""
    turned = letters[1:] + letters[:1]
    return [service(f"{one}.service", After=(f"{other}.service",), **more.get(one, {})) for one, other in zip(letters, turned)]


def test_a_cycle_is_shown_and_broken() -> None:
    """The first job after the anchor that it can do without is dropped; the lines show the whole way round."""
    run = FakeRun(*round_trip("a", "b", "c", a=dict(Wants=NEEDS), b=dict(Wants=("c.service",))))
    run.start()
    assert states(run) == "a+ b- c-"
    assert [line for line in run.lines() if "cycle" in line or "dependency" in line] == [
        "a.service: Found ordering cycle on b.service/start", "a.service: Found dependency on c.service/start",
        "a.service: Found dependency on a.service/start",
        "a.service: Job b.service/start deleted to break ordering cycle starting with a.service/start"]


def test_a_needed_job_of_a_cycle_stays() -> None:
    """b is required, c is only wanted: c is the one that goes."""
    run = FakeRun(*round_trip("a", "b", "c", a=dict(Requires=NEEDS, Wants=("c.service",))))
    run.start()
    assert states(run) == "a+ b+ c-"


def test_a_cycle_of_needed_jobs_is_refused_with_its_lines() -> None:
    run = FakeRun(*round_trip("a", "b", a=dict(Requires=NEEDS)))
    refusal(run, "a.service", JobType.START)
    run.run()
    assert run.lines() == [
        "a.service: Found ordering cycle on b.service/start", "a.service: Found dependency on a.service/start",
        "a.service: Unable to break cycle starting with a.service/start",
        "Requested transaction contains an unfixable cyclic ordering dependency: "
        "Transaction order is cyclic. See system logs for details."]


def test_a_cycle_with_a_queued_job_counts() -> None:
    """A job that is queued already cannot be dropped, but it can be what is waited for in a circle."""
    run = FakeRun(*round_trip("a", "b", a=dict(Wants=NEEDS)), service("slow.service", type="notify", Before=("b.service",)))
    run.play("start slow.service; start b.service")
    assert jobs(run) == "b start waiting, slow start running"
    refusal(run, "a.service", JobType.START)
    run.play("notify READY=1 slow.service")
    assert states(run) == "a- b+ slow+"


def test_a_stop_in_a_circle_is_refused() -> None:
    """As systemd does: started one by one they are up, and then none can be stopped alone."""
    run = FakeRun(*round_trip("a", "b", b=dict(Requires=("a.service",))))
    run.play("start a.service; start b.service")
    assert states(run) == "a+ b+"
    assert refusal(run, "a.service", JobType.STOP) == "Transaction order is cyclic. See system logs for details."
    run.play("stop a.service ignore-dependencies; stop b.service ignore-dependencies")
    assert states(run) == "a- b-"


def test_a_restart_in_a_circle_does_not_wait_for_ever() -> None:
    """A restart becomes a start, and its order is another one then. (systemd 257 leaves both jobs waiting for each other.)"""
    run = FakeRun(*round_trip("a", "b", a=dict(Wants=NEEDS)))
    run.play("start b.service; stop b.service; start a.service ignore-dependencies")
    assert states(run) == "a+ b-"
    run.play("restart a.service")
    assert not run.engine.jobs and states(run) == "a+ b-"


def test_a_circle_that_merging_closes_is_broken() -> None:
    """x and y are stopped (what they need conflicts with the anchor) and started (it wants them): the stops are dropped only after
    the order was looked at, and then each start is After= the other."""
    run = FakeRun(target("a.target", Requires=("b.service",)), service("b.service", Wants=("c.service",)),
                  service("c.service", BindsTo=("x.target",), Before=("x.target",)),
                  target("d.target", Conflicts=("a.target",), Before=("a.target",), Requires=("b.service",)),
                  target("x.target", Requires=("y.target",), After=("y.target",)),
                  target("y.target", BindsTo=("x.target",), After=("x.target",), Wants=("c.service",), Requires=("d.target",)))
    run.play("start d.target ignore-dependencies; start a.target fail")
    assert run.sub("a.target") == "active" and run.sub("b.service") == "running" and not run.engine.jobs, jobs(run)
    assert [line for line in run.lines() if "ordering cycle on" in line], run.lines()


def test_what_matters_after_merging_is_not_dropped() -> None:
    """u is wished for (Wants=) and has to be up already (Requisite=): merged it matters, and all that it needs; w, which it
    needs, is not left out to break a cycle, or the wish itself would go along."""
    run = FakeRun(service("a.service", Wants=("u.target",), Before=("u.target",), PartOf=("w.target",), After=("w.target",),
                          Requisite=("u.target",)),
                  target("u.target", Requisite=("w.target",), Before=("w.target",), Requires=("a.service",), After=("a.service",)),
                  target("w.target", BindsTo=("u.target",), After=("u.target", "a.service"), Conflicts=("a.service",)))
    assert refusal(run, "a.service", JobType.START) == "Transaction order is cyclic. See system logs for details."
    assert not run.engine.jobs


def test_ten_thousand_units_in_a_row() -> None:
    """A chain is walked without recursion."""
    count = 10_000
    run = FakeRun(*(service(f"u{n}.service", **({"Requires": (f"u{n + 1}.service",), "After": (f"u{n + 1}.service",)}
                                                if n + 1 < count else {})) for n in range(count)))
    run.start("u0.service")
    assert not run.engine.jobs and run.order()[0] == f"u{count - 1}.service" and len(run.order()) == count


# ---- order of what is queued ---------------------------------------------------------------------------------------------

def test_starts_wait_and_stops_go_the_other_way() -> None:
    run = FakeRun(*abc(a=dict(type="notify"), b=dict(After=("a.service",), Requires=("a.service",))))
    run.play("start b.service")
    assert jobs(run) == "a start running, b start waiting"
    run.play("notify READY=1 a.service")
    assert states(run) == "a+ b+"
    run.stubborn = {"b.service"}
    run.play("stop a.service")
    assert jobs(run) == "a stop waiting, b stop running"
    run.play("exit 0 b.service")
    assert states(run) == "a- b-"


def test_a_stop_goes_before_a_start_whatever_the_order_says() -> None:
    """a After= b: a start of a waits for the stop of b; and b After= a: too."""
    for order in ({"After": NEEDS}, {"Before": NEEDS}):
        run = FakeRun(*abc(a=dict(**order), b={}))
        run.play("start b.service")
        run.stubborn = {"b.service"}
        run.play("stop b.service; start a.service")
        assert jobs(run) == "a start waiting, b stop running"
        run.play("exit 0 b.service")
        assert states(run) == "a+ b-"


def test_who_waits_for_a_restart_waits_for_its_stop_alone() -> None:
    run = FakeRun(*abc(a=dict(type="notify"), b=dict(After=("a.service",))))
    run.play("start a.service; notify READY=1; start b.service; restart a.service")
    run.stubborn = {"b.service"}
    assert jobs(run) == "a start running"
    run.play("stop b.service")
    assert jobs(run) == "a start waiting, b stop running" or jobs(run) == "a start running, b stop running"


# ---- modes ---------------------------------------------------------------------------------------------------------------

def waiting() -> FakeRun:
    """a is being started, b is up and c would conflict with both."""
    run = FakeRun(*abc(a=SLOW, b={}, c=dict(Conflicts=("a.service", "b.service"))))
    run.play("start b.service; start a.service")
    assert jobs(run) == "a start running"
    return run


def test_replace_cancels_what_is_in_the_way() -> None:
    run = waiting()
    first = run.record("a.service").job
    assert first is not None
    run.play("start c.service")
    assert run.result(first) == "canceled" and states(run) == "a- b- c+"


def test_fail_refuses_what_would_cancel() -> None:
    run = waiting()
    assert refusal(run, "a.service", JobType.STOP, JobMode.FAIL) == (
        "Transaction for a.service/stop is destructive (a.service has 'start' job queued, but 'stop' is included in transaction).")
    assert refusal(run, "c.service", JobType.START, JobMode.FAIL).startswith("Transaction for c.service/start is destructive (")
    assert jobs(run) == "a start running" and states(run) == "a> b+ c-"


def test_fail_drops_what_is_only_wanted_and_would_stop() -> None:
    """Minimal impact: a wanted unit that conflicts with a running one is not worth it."""
    run = FakeRun(*abc(a=dict(Wants=("c.service",)), b={}, c=dict(Conflicts=("b.service",))))
    run.play("start b.service; start a.service fail")
    assert run.sub("b.service") == "running" and run.sub("a.service") == "running"


def test_replace_irreversibly_cannot_be_replaced() -> None:
    run = FakeRun(*abc(a={}))
    run.start()
    run.stubborn = {"a.service"}
    run.play("stop a.service replace-irreversibly")
    assert refusal(run, "a.service", JobType.START) == (
        "Transaction for a.service/start is destructive (a.service has 'stop' job queued, but 'start' is included in transaction).")
    run.play("cancel a.service; start a.service; exit 0")
    assert states(run) == "a+"


def test_isolate_stops_all_the_rest() -> None:
    """But not IgnoreOnIsolate=, nor what the unit needs; jobs of the others are cancelled."""
    run = FakeRun(*abc(a=dict(allow_isolate=True, Wants=("c.service",)), b={}, c={}, d=dict(ignore_on_isolate=True), e=SLOW))
    run.play("start b.service; start c.service; start d.service; start e.service; start a.service isolate")
    assert states(run) == "a+ b- c+ d+ e-" and not run.engine.jobs


def test_flush_cancels_all_the_rest() -> None:
    run = FakeRun(*abc(a={}, b=SLOW, c=dict(type="notify", ignore_on_isolate=True)))
    run.play("start b.service; start c.service")
    flushed = run.record("b.service").job
    assert flushed is not None
    run.play("start a.service flush")
    assert run.result(flushed) == "canceled" and jobs(run) == "c start running" and run.sub("a.service") == "running"


def test_ignore_requirements_pulls_in_nothing_and_keeps_order() -> None:
    run = FakeRun(*abc(a=dict(Requires=("b.service",), Wants=("c.service",), After=("d.service",)), b={}, c={}, d=SLOW))
    run.play("start d.service; start a.service ignore-requirements")
    assert jobs(run) == "a start waiting, d start running"
    run.play("notify READY=1 d.service")
    assert states(run) == "a+ b- c- d+"


def test_ignore_dependencies_ignores_order_too() -> None:
    run = FakeRun(*abc(a=dict(Requires=("b.service",), After=("d.service",)), b={}, d=SLOW))
    run.play("start d.service; start a.service ignore-dependencies")
    assert states(run) == "a+ b- d>"


def test_restart_dependencies_restarts_who_depends() -> None:
    """A start that restarts what is up and Requires= the unit."""
    run = FakeRun(*abc(a={}, b=dict(Requires=("a.service",)), c=dict(PartOf=("a.service",)), d=dict(BindsTo=("a.service",))))
    run.play("start c.service")
    before = run.record("c.service").main_pid
    run.play("start a.service restart-dependencies")
    assert states(run) == "a+ c+" and run.record("c.service").main_pid != before


def test_triggering_stops_what_would_start_it_again() -> None:
    """--job-mode=triggering, systemctl stop of systemd 256: the units that trigger it go too."""
    run = FakeRun(*abc(a={}), target("a.target", Triggers=("a.service",)))
    run.play("start a.target; start a.service; stop a.service triggering")
    assert run.sub("a.target") == "dead" and run.sub("a.service") == "dead"


def test_what_cannot_be_started_is_tried_once() -> None:
    """Units that pull each other in again, one of which requires what is masked: the transaction comes to an end."""
    run = FakeRun(
        service("a.service", Wants=("b.service",)),
        service("b.service", Wants=("a.service",), BindsTo=("c.service", "d.service"), Requires=("a.service",)),
        service("c.service", Wants=("d.service",), Conflicts=("d.service",), Requires=("e.service",)),
        service("d.service", Requires=("c.service", "f.service"), Wants=("a.service",)),
        service("e.service", Wants=("a.service",), BindsTo=("d.service", "f.service")),
        Unit("f.service", frozenset({"f.service"}), load_state="masked"),
    )
    run.play("start a.service")
    assert states(run) == "a+ b- c- d- e- f-"


# ---- merging with what is queued -----------------------------------------------------------------------------------------

# (whether the unit is up, the job that waits, the next one): what waits then, as systemd 257 shows it in list-jobs.
QUEUED: Dict[Tuple[str, str, str], str] = {
    ("down", "start", "start"):                  "start",
    ("down", "start", "restart"):                "restart",
    ("down", "restart", "start"):                "restart",
    ("down", "start", "stop"):                   "stop",
    ("down", "stop", "start"):                   "start",
    ("down", "start", "try-restart"):            "start",
    ("down", "start", "reload-or-start"):        "start",
    ("down", "stop", "restart"):                 "restart",
    ("down", "restart", "stop"):                 "stop",
    ("down", "start", "reload"):                 "start",
    ("up", "stop", "restart"):                   "restart",
    ("up", "restart", "stop"):                   "stop",
    ("up", "reload", "restart"):                 "restart",
    ("up", "restart", "reload"):                 "restart",
    ("up", "reload", "reload"):                  "reload",
    ("up", "reload", "start"):                   "reload",
    ("up", "start", "reload"):                   "reload",
    ("up", "reload", "stop"):                    "stop",
    ("up", "restart", "restart"):                "restart",
    ("up", "stop", "start"):                     "start",
    ("up", "stop", "stop"):                      "stop",
    ("up", "stop", "reload"):                    "reload",
    ("up", "restart", "start"):                  "restart",
    ("up", "start", "restart"):                  "restart",
    ("up", "stop", "try-restart"):               "restart",
}


@pytest.mark.parametrize("row", QUEUED, ids=" ".join)
def test_merged_into_what_is_queued(row: Tuple[str, str, str]) -> None:
    """One unit, one job; a contradiction replaces it."""
    where, first, second = row
    program = service().service.exec_start      # type: ignore[union-attr]
    run = FakeRun(*abc(a=dict(exec_reload=program)), service("late.service", After=("a.service",)))
    run.stubborn = {"late.service"}     # whose stop goes before any job of a
    run.play("start late.service; " + ("start a.service; " if where == "up" else "") + "stop late.service")
    run.play(f"{first} a.service; {second} a.service")
    assert jobs(run) == f"a {QUEUED[row]} waiting, late stop running"


def test_a_socket_that_is_replaced_counts_as_up() -> None:
    """What fastinit does itself may be required by name (rsyslog.service: syslog.socket); another socket is refused."""
    sockets = [Unit(name, frozenset({name}), replaced=name == "ours.socket") for name in ("ours.socket", "theirs.socket")]
    run = FakeRun(service(Requires=("ours.socket",), After=("ours.socket",)),
                  service("b.service", Requires=("theirs.socket",), After=("theirs.socket",)), *sockets)
    run.play("start a.service; start b.service")
    assert (run.sub("ours.socket"), run.sub("a.service")) == ("active", "running")
    assert (run.sub("theirs.socket"), run.sub("b.service")) == ("dead", "dead")
