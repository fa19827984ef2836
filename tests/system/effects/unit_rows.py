"""[Unit], [Install] and what other sections say about dependencies: histories of several units."""

from __future__ import annotations

from tests.system.effects.world import World, effect

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
ONCE = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
FAILS = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
RELOADS = SLEEP + "ExecReload=/bin/sh -c 'echo reloaded >/run/test/%N'\n"


def notes(file: str, word: str, before: str = "") -> str:
    return f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c '{before}echo {word} >>/run/test/{file}'\n"


@effect("Unit.Description", "Unit.Documentation", "Unit.SourcePath",
        told_service="[Unit]\nDescription=What %p is\nDocumentation=man:told(1) https://told.example/\nSourcePath=/run/test/input\n" + SLEEP)
def told(world: World) -> None:
    text = world.ctl("status", "told.service").stdout
    assert "told.service - What told is" in text and "man:told(1)" in text and "https://told.example/" in text
    assert world.show("told.service", "SourcePath") == "/run/test/input"


@effect("Unit.After", "Unit.Before",
        after_a_service=notes("order-after", "a", "sleep 0.2; "), after_b_service="[Unit]\nAfter=after-a.service\n" + notes("order-after", "b"),
        before_b_service="[Unit]\nBefore=before-a.service\n" + notes("order-before", "b", "sleep 0.2; "),
        before_a_service=notes("order-before", "a"),
        order_target="[Unit]\nWants=after-b.service after-a.service before-a.service before-b.service\n"
                     "After=after-b.service before-a.service\n")
def order(world: World) -> None:
    world.start("order.target")     # in one transaction: a job orders only what is queued
    assert (world.text("order-after"), world.text("order-before")) == ("a\nb\n", "b\na\n")


@effect("Unit.Wants", wants_a_service="[Unit]\nWants=wants-b.service wants-c.service\n" + SLEEP, wants_b_service=SLEEP, wants_c_service=FAILS)
def wants(world: World) -> None:
    world.start("wants-a.service")
    assert world.is_active("wants-a.service")
    world.wait("wants-b.service", "ActiveState", "active")
    world.wait("wants-c.service", "ActiveState", "failed")


@effect("Unit.Requires", "Unit.RequiresOverridable",
        requires_a_service="[Unit]\nRequires=requires-c.service\nAfter=requires-c.service\n" + SLEEP,
        requires_b_service="[Unit]\nRequiresOverridable=requires-c.service\nAfter=requires-c.service\n" + SLEEP, requires_c_service=FAILS)
def requires(world: World) -> None:
    for unit in ("requires-a.service", "requires-b.service"):
        done = world.ctl("start", unit)
        assert done.returncode == 1 and "A dependency job for" in done.stderr
        assert world.show(unit, "ActiveState") == "inactive"


@effect("Unit.Requisite", "Unit.RequisiteOverridable",
        requisite_a_service="[Unit]\nRequisite=requisite-c.service\nAfter=requisite-c.service\n" + SLEEP,
        requisite_b_service="[Unit]\nRequisiteOverridable=requisite-c.service\nAfter=requisite-c.service\n" + SLEEP, requisite_c_service=SLEEP)
def requisite(world: World) -> None:
    for unit in ("requisite-a.service", "requisite-b.service"):
        assert world.ctl("start", unit).returncode == 1
        assert not world.is_active(unit) and not world.is_active("requisite-c.service")


@effect("Unit.BindsTo", "Unit.BindTo",
        binds_a_service="[Unit]\nBindsTo=binds-c.service\nAfter=binds-c.service\n" + SLEEP,
        binds_b_service="[Unit]\nBindTo=binds-c.service\nAfter=binds-c.service\n" + SLEEP, binds_c_service=SLEEP)
def binds(world: World) -> None:
    world.start("binds-a.service", "binds-b.service")
    assert world.is_active("binds-c.service")
    world.ctl("kill", "-s", "KILL", "binds-c.service")
    world.wait("binds-a.service", "ActiveState", "inactive")
    world.wait("binds-b.service", "ActiveState", "inactive")


@effect("Unit.PartOf", part_a_service="[Unit]\nPartOf=part-b.service\n" + SLEEP, part_b_service=SLEEP)
def part(world: World) -> None:
    world.start("part-a.service", "part-b.service")
    world.stop("part-b.service")
    assert not world.is_active("part-a.service")
    world.start("part-b.service")
    assert not world.is_active("part-a.service")


FAILS = "[Service]\nType=oneshot\nExecStart=/bin/false\n"


@effect("Unit.CollectMode", collect_failed_service=FAILS, collect_all_service="[Unit]\nCollectMode=inactive-or-failed\n" + FAILS,
        collect_down_service=ONCE)
def collect_mode(world: World) -> None:
    """What has failed is remembered, unless it is not to be."""
    for unit in ("collect-failed", "collect-all", "collect-down"):
        world.ctl("start", unit)
    lines = world.ctl("list-units", "--all", "--plain", "--no-legend", "collect-*").stdout.splitlines()
    assert [line.split()[:4] for line in lines] == [["collect-failed.service", "loaded", "failed", "failed"]]


@effect("Unit.Conflicts", conflict_a_service="[Unit]\nConflicts=conflict-b.service\n" + SLEEP, conflict_b_service=SLEEP)
def conflict(world: World) -> None:
    world.start("conflict-b.service")
    world.start("conflict-a.service")
    world.wait("conflict-b.service", "ActiveState", "inactive")


@effect("Unit.Upholds", upholds_a_service="[Unit]\nUpholds=upholds-b.service\n" + SLEEP, upholds_b_service=SLEEP)
def upholds(world: World) -> None:
    world.start("upholds-a.service")
    world.wait("upholds-b.service", "ActiveState", "active")
    first = world.show("upholds-b.service", "MainPID")
    world.ctl("kill", "-s", "KILL", "upholds-b.service")
    world.until(lambda: world.show("upholds-b.service", "MainPID") not in ("0", first), "it is started again")


@effect("Unit.RequiresMountsFor", "Unit.WantsMountsFor",
        mounted_service="[Unit]\nRequiresMountsFor=/run/test/mnt-a/x\nWantsMountsFor=/run/test/mnt-b\n" + SLEEP,
        **{"run-test-mnt\\x2da_mount": "[Mount]\nWhat=tmpfs\nWhere=/run/test/mnt-a\n",
           "run-test-mnt\\x2db_mount": "[Mount]\nWhat=tmpfs\nWhere=/run/test/mnt-b\n"})
def mounts_for(world: World) -> None:
    a, b = r"run-test-mnt\x2da.mount", r"run-test-mnt\x2db.mount"
    assert a in world.show("mounted.service", "Requires").split() and b in world.show("mounted.service", "Wants").split()
    assert {a, b} <= set(world.show("mounted.service", "After").split())


@effect("Unit.DefaultDependencies", no_defaults_service="[Unit]\nDefaultDependencies=no\n" + SLEEP, defaults_service=SLEEP)
def default_dependencies(world: World) -> None:
    assert "sysinit.target" in world.show("defaults.service", "Requires").split()
    assert "shutdown.target" in world.show("defaults.service", "Conflicts").split()
    assert "sysinit.target" not in world.show("no-defaults.service", "Requires").split()
    assert world.show("no-defaults.service", "Conflicts") == ""


@effect("Unit.OnFailure", "Unit.OnSuccess", "Unit.OnFailureJobMode", "Unit.OnSuccessJobMode",
        on_fail_service="[Unit]\nOnFailure=on-handler@%n.service\n" + FAILS,
        on_good_service="[Unit]\nOnSuccess=on-handler@%n.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n",
        on_fail_alone_service="[Unit]\nOnFailure=on-alone@%n.service\nOnFailureJobMode=ignore-dependencies\n" + FAILS,
        on_good_alone_service=("[Unit]\nOnSuccess=on-alone@%n.service\nOnSuccessJobMode=ignore-dependencies\n"
                               "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
        on_handler_at_service="[Unit]\nRequires=on-needs@%i.service\n" + notes("on-handled", "%i"),
        on_alone_at_service="[Unit]\nRequires=on-needs@%i.service\n" + notes("on-handled", "%i"),
        on_needs_at_service=SLEEP)
def on_end(world: World) -> None:
    all_four = [f"on-{name}.service" for name in ("fail", "good", "fail-alone", "good-alone")]
    world.ctl("start", *all_four)
    world.until(lambda: sorted(world.text("on-handled").split()) == sorted(all_four), "every handler has run")
    assert [world.is_active(f"on-needs@{name}.service") for name in all_four] == [True, True, False, False]


@effect("Unit.PropagatesReloadTo", "Unit.ReloadPropagatedFrom", "Unit.PropagateReloadTo", "Unit.PropagateReloadFrom",
        reload_a_service="[Unit]\nPropagatesReloadTo=reload-b.service\nPropagateReloadTo=reload-c.service\n" + RELOADS,
        reload_b_service=RELOADS, reload_c_service=RELOADS,
        reload_d_service="[Unit]\nReloadPropagatedFrom=reload-a.service\n" + RELOADS,
        reload_e_service="[Unit]\nPropagateReloadFrom=reload-a.service\n" + RELOADS)
def propagates_reload(world: World) -> None:
    world.start(*(f"reload-{letter}.service" for letter in "abcde"))
    assert world.ctl("reload", "reload-a.service").returncode == 0
    for letter in "abcde":
        world.wait_text(f"reload-{letter}", "reloaded\n")


@effect("Unit.PropagatesStopTo", "Unit.StopPropagatedFrom",
        stop_a_service="[Unit]\nPropagatesStopTo=stop-b.service\n" + SLEEP, stop_b_service=SLEEP,
        stop_c_service="[Unit]\nStopPropagatedFrom=stop-a.service\n" + SLEEP)
def propagates_stop(world: World) -> None:
    world.start(*(f"stop-{letter}.service" for letter in "abc"))
    world.stop("stop-a.service")
    for letter in "bc":
        world.wait(f"stop-{letter}.service", "ActiveState", "inactive")


@effect("Unit.StopWhenUnneeded", needed_service="[Unit]\nStopWhenUnneeded=yes\n" + SLEEP,
        needs_service="[Unit]\nWants=needed.service\n" + SLEEP)
def stop_when_unneeded(world: World) -> None:
    world.start("needs.service")
    world.wait("needed.service", "ActiveState", "active")
    world.stop("needs.service")
    world.wait("needed.service", "ActiveState", "inactive")


@effect("Unit.RefuseManualStart", "Unit.RefuseManualStop",
        refuse_start_service="[Unit]\nRefuseManualStart=yes\n" + SLEEP, refuse_stop_service="[Unit]\nRefuseManualStop=yes\n" + SLEEP)
def refuse_manual(world: World) -> None:
    assert world.ctl("start", "refuse-start.service").returncode != 0 and not world.is_active("refuse-start.service")
    world.start("refuse-stop.service")
    assert world.ctl("stop", "refuse-stop.service").returncode != 0 and world.is_active("refuse-stop.service")


@effect("Unit.JobTimeoutSec", "Unit.JobRunningTimeoutSec",
        job_limit_service="[Unit]\nJobTimeoutSec=100ms\n[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n",
        job_running_service=("[Unit]\nJobRunningTimeoutSec=100ms\n"
                             "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n"))
def job_timeout(world: World) -> None:
    for unit in ("job-limit.service", "job-running.service"):
        done = world.ctl("start", unit)
        assert done.returncode == 1 and "timed out" in done.stderr, done.stderr
        world.stop(unit)


@effect("Unit.StartLimitBurst", "Unit.StartLimitIntervalSec", "Unit.StartLimitInterval", "Service.StartLimitBurst", "Service.StartLimitInterval",
        limit_burst_service="[Unit]\nStartLimitBurst=2\n" + ONCE, limit_burst_old_service=ONCE + "StartLimitBurst=2\n",
        limit_off_service="[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=0\n" + ONCE,
        limit_off_old_service="[Unit]\nStartLimitBurst=2\nStartLimitInterval=0\n" + ONCE,
        limit_off_older_service="[Unit]\nStartLimitBurst=2\n" + ONCE + "StartLimitInterval=0\n",
        limits_target="[Unit]\nBefore=limit-burst.service limit-burst-old.service limit-off.service limit-off-old.service limit-off-older.service\n")
def start_limit(world: World) -> None:
    """The target names them, so that they are not forgotten, starts and all, as soon as they are down."""
    world.start("limits.target")
    for unit in ("limit-burst.service", "limit-burst-old.service"):
        world.start(unit)
        world.start(unit)
        assert world.ctl("start", unit).returncode == 1
        assert world.show(unit, "Result") == "start-limit-hit"
    for unit in ("limit-off.service", "limit-off-old.service", "limit-off-older.service"):
        for _ in range(4):
            world.start(unit)


@effect("Install.WantedBy", "Install.RequiredBy", "Install.UpheldBy", "Install.Alias", "Install.Also", "Install.DefaultInstance",
        installed_service=("[Install]\nWantedBy=base.target\nRequiredBy=install-r.target\nUpheldBy=install-u.target\n"
                           "Alias=install-alias.service\nAlso=install-also.service\n" + SLEEP),
        install_also_service="[Install]\nWantedBy=base.target\n" + SLEEP,
        install_at_service="[Install]\nWantedBy=base.target\nDefaultInstance=given\n" + SLEEP)
def install(world: World) -> None:
    assert world.ctl("enable", "installed.service", "install@.service").returncode == 0
    folder = world.file("/etc/systemd/system")
    links = {str(path.relative_to(folder)) for path in folder.rglob("*.service")}
    assert {"base.target.wants/installed.service", "install-r.target.requires/installed.service",
            "install-u.target.upholds/installed.service", "install-alias.service", "base.target.wants/install-also.service",
            "base.target.wants/install@given.service"} <= links


@effect("Resource.Slice", sliced_service=SLEEP + "Slice=effects-deep.slice\n")
def slices(world: World) -> None:
    world.start("sliced.service")
    assert world.show("sliced.service", "Slice") == "effects-deep.slice"
    assert world.is_active("effects-deep.slice") and world.is_active("effects.slice")


@effect("Socket.Service", "Timer.Unit", "Path.Unit",
        trig_socket="[Socket]\nListenStream=/run/test/trig\nService=triggered.service\n",
        trig_timer="[Timer]\nOnActiveSec=1h\nUnit=triggered.service\n", trig_path="[Path]\nPathExists=/x\nUnit=triggered.service\n",
        triggered_service=SLEEP)
def triggers(world: World) -> None:
    for kind in ("socket", "timer", "path"):
        assert world.show(f"trig.{kind}", "Triggers") == "triggered.service"
        assert "triggered.service" in world.show(f"trig.{kind}", "Before").split()
