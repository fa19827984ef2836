"""[Service] and [Kill]: lives of services."""

from __future__ import annotations

import sys

import pytest

from tests.system.effects.world import World, effect

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
DEAF = "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; echo up >/run/test/%N; while :; do sleep 1; done'\n"


def sh(command: str) -> str:
    return f"[Service]\nExecStart=/bin/sh -c '{command}'\n"


def exits(code: int) -> str:
    return sh(f"exit {code}")


# sd_notify(3) from a script: argument 1 is the message, the rest are files whose descriptors go along. It waits for the answer to
# BARRIER=1: of a sender that is gone when its message is read nobody can say which service it belonged to.
NOTIFY = (f"{sys.executable} -Sc 'import os,socket,sys,array;s=socket.socket(1,2);s.connect(os.environ[\"NOTIFY_SOCKET\"]);"
          "send=lambda m,f:s.sendmsg([m],[(1,1,array.array(\"i\",f))] if f else []);"
          "send(sys.argv[1].encode(),[os.open(p,0) for p in sys.argv[2:]]);"
          "r,w=os.pipe();send(b\"BARRIER=1\",[w]);os.close(w);os.read(r,1)'")


@effect("Service.ExecCondition", "Service.ExecStartPre", "Service.ExecStart", "Service.ExecStartPost", "Service.ExecReload",
        "Service.ExecStop", "Service.ExecStopPost",
        life_service="[Service]\n" + "".join(f"{phase}=/bin/sh -c 'echo {phase} >>/run/test/life'\n" for phase in (
            "ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"))
        + "Type=exec\nExecStart=/bin/sh -c 'echo ExecStart >>/run/test/life; kill -STOP $$$$'\n",
        unmet_service="[Service]\nExecCondition=/bin/false\nExecStart=/bin/sleep infinity\n",
        remembers_target="[Unit]\nBefore=unmet.service\n")
def life(world: World) -> None:
    world.start("life.service")
    world.until(lambda: sorted(world.text("life").split()[2:]) == ["ExecStart", "ExecStartPost"], "it has started")
    assert world.text("life").split()[:2] == ["ExecCondition", "ExecStartPre"]
    world.ctl("reload", "life.service")
    world.stop("life.service")
    assert world.text("life").split()[4:] == ["ExecReload", "ExecStop", "ExecStopPost"]
    world.start("remembers.target", "unmet.service")
    assert world.show("unmet.service", "Result") == "exec-condition" and not world.is_active("unmet.service")


@effect("Service.Type",
        type_simple_service="[Service]\nType=simple\nExecStart=/nonexistent\n", type_exec_service="[Service]\nType=exec\nExecStart=/nonexistent\n",
        type_oneshot_service="[Service]\nType=oneshot\nExecStart=/bin/true\n",
        type_forking_service="[Service]\nType=forking\nExecStart=/bin/sh -c 'sleep infinity & exit 0'\n",
        type_notify_service="[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh /run/test/notifies\n",
        type_idle_service="[Service]\nType=idle\nExecStart=/bin/sleep infinity\n")
def types(world: World) -> None:
    assert world.ctl("start", "type-simple.service").returncode == 0
    assert world.ctl("start", "type-exec.service").returncode == 1
    world.start("type-oneshot.service", "type-forking.service", "type-idle.service")
    assert world.show("type-oneshot.service", "ActiveState") == "inactive"
    assert world.is_active("type-idle.service") and world.is_active("type-forking.service")
    assert world.show("type-forking.service", "MainPID") not in ("", "0")
    world.file("/run/test/notifies").write_text(f"until [ -e /run/test/go ]; do sleep 0.05; done; {NOTIFY} READY=1; sleep infinity\n")
    world.ctl("start", "--no-block", "type-notify.service")
    assert world.show("type-notify.service", "ActiveState") == "activating"
    world.file("/run/test/go").touch()
    world.wait("type-notify.service", "ActiveState", "active")


@effect("Service.Restart", "Service.RestartSec", "Service.RestartForceExitStatus", "Service.RestartPreventExitStatus",
        restart_slow_service=exits(1) + "Restart=on-failure\nRestartSec=1h\n",
        restart_fast_service=exits(1) + "Restart=on-failure\nRestartSec=10ms\n",
        restart_force_service=exits(7) + "RestartForceExitStatus=7\nRestartSec=1h\n",
        restart_prevent_service=exits(7) + "Restart=always\nRestartPreventExitStatus=7\nRestartSec=1h\n", restart_none_service=exits(1))
def restarts(world: World) -> None:
    world.start("restart-slow.service", "restart-fast.service", "restart-force.service", "restart-prevent.service", "restart-none.service")
    world.wait("restart-slow.service", "SubState", "auto-restart")
    world.wait("restart-force.service", "SubState", "auto-restart")
    world.until(lambda: int(world.show("restart-fast.service", "NRestarts")) >= 3, "it is restarted and again")
    assert world.show("restart-slow.service", "NRestarts") == "0", "an hour is not over"
    world.wait("restart-prevent.service", "SubState", "failed")
    world.wait("restart-none.service", "SubState", "failed")


@effect("Service.RestartMode", direct_service=exits(1) + "Restart=always\nRestartSec=1h\nRestartMode=direct\n",
        indirect_service=exits(1) + "Restart=always\nRestartSec=1h\n")
def restart_mode(world: World) -> None:
    """One that is restarted directly is never failed between its lives."""
    world.start("direct.service", "indirect.service")
    for unit in ("direct.service", "indirect.service"):
        world.wait(unit, "SubState", "auto-restart")
    assert world.show("direct.service", "InactiveEnterTimestampMonotonic") == "0"
    assert world.show("indirect.service", "InactiveEnterTimestampMonotonic") != "0"


@effect("Service.RestartSteps", "Service.RestartMaxDelaySec",
        steps_service=exits(1) + "Restart=always\nRestartSec=10ms\nRestartSteps=1\nRestartMaxDelaySec=1h\n")
def restart_steps(world: World) -> None:
    world.start("steps.service")
    world.wait("steps.service", "RestartUSecNext", "1h")
    assert world.show("steps.service", "NRestarts") == "1" and world.show("steps.service", "SubState") == "auto-restart"


@effect("Service.PIDFile", "Service.GuessMainPID",
        pid_file_service="[Service]\nType=forking\nPIDFile=/run/test/the.pid\n"
                         "ExecStart=/bin/sh -c 'sleep infinity & sleep infinity & echo $! >/run/test/the.pid'\n",
        moves_service="[Service]\nType=forking\nPIDFile=/run/test/moves.pid\nExecStart=/bin/sh /run/test/daemon\n",
        no_guess_service="[Service]\nType=forking\nGuessMainPID=no\nExecStart=/bin/sh -c 'sleep infinity & exit 0'\n")
def main_pid(world: World) -> None:
    """Also of a daemon that replaces itself and writes the new pid before the old process ends (an nginx upgrade)."""
    world.file("/run/test/daemon").write_text("(until [ -e /run/test/move ]; do sleep 0.05; done\n"
                                              " sleep infinity & echo $! >/run/test/moves.pid; exit 3) &\n"
                                              "echo $! >/run/test/moves.pid\n")
    world.start("pid-file.service", "no-guess.service", "moves.service")
    old = world.show("moves.service", "MainPID")
    world.file("/run/test/move").touch()
    world.until(lambda: world.show("moves.service", "MainPID") != old, "the main process has moved")
    assert world.show("moves.service", "MainPID") == world.text("moves.pid").strip()
    assert world.is_active("moves.service") and world.show("moves.service", "Result") == "success"
    assert world.show("pid-file.service", "MainPID") == world.text("the.pid").strip()
    assert world.show("no-guess.service", "MainPID") == "0" and world.is_active("no-guess.service")


@effect("Service.TimeoutStartSec", "Service.TimeoutSec", "Service.TimeoutStopSec", "Service.TimeoutStartFailureMode",
        "Service.TimeoutStopFailureMode", "Kill.FinalKillSignal", "Kill.SendSIGKILL",
        limit_start_service="[Service]\nType=oneshot\nTimeoutStartSec=100ms\nExecStart=/bin/sleep infinity\n",
        limit_kill_service="[Service]\nType=oneshot\nTimeoutSec=100ms\nTimeoutStartFailureMode=kill\nExecStart=/bin/sleep infinity\n",
        limit_stop_service=DEAF + "TimeoutStopSec=100ms\n", limit_both_service=DEAF + "TimeoutSec=100ms\n",
        limit_abort_service=DEAF + "TimeoutStopSec=100ms\nTimeoutStopFailureMode=abort\n",
        limit_final_service=DEAF + "TimeoutStopSec=100ms\nFinalKillSignal=SIGUSR2\n",
        limit_spare_service=DEAF + "TimeoutStopSec=100ms\nSendSIGKILL=no\nKillMode=process\n")
def timeouts(world: World) -> None:
    for unit, signo in (("limit-start.service", "15"), ("limit-kill.service", "9")):
        assert world.ctl("start", unit).returncode == 1
        assert (world.show(unit, "Result"), world.show(unit, "ExecMainStatus")) == ("timeout", signo)
    signals = {"stop": "9", "both": "9", "abort": "6", "final": "12", "spare": "0"}
    units = [f"limit-{name}.service" for name in signals]
    world.start(*units)
    for name in signals:
        world.wait_text(f"limit-{name}", "up\n")
    spared = world.show("limit-spare.service", "MainPID")
    world.ctl("stop", *units)
    for name, signo in signals.items():
        unit = f"limit-{name}.service"
        assert (world.show(unit, "Result"), world.show(unit, "ExecMainStatus")) == ("timeout", signo), unit
    assert world.kill("-9", spared)


@effect("Service.WatchdogSec", "Service.TimeoutAbortSec", "Kill.WatchdogSignal",
        dog_service=SLEEP + "WatchdogSec=100ms\n", dog_int_service=SLEEP + "WatchdogSec=100ms\nWatchdogSignal=SIGINT\n",
        dog_deaf_service="[Service]\nExecStart=/bin/sh -c 'trap \"\" ABRT; while :; do sleep 1; done'\nWatchdogSec=300ms\nTimeoutAbortSec=100ms\n")
def watchdog(world: World) -> None:
    world.start("dog.service", "dog-int.service", "dog-deaf.service")
    for unit, signo in (("dog.service", "6"), ("dog-int.service", "2"), ("dog-deaf.service", "9")):
        world.wait(unit, "ActiveState", "failed")
        assert (world.show(unit, "Result"), world.show(unit, "ExecMainStatus")) == ("watchdog", signo), unit


@effect("Service.RemainAfterExit", "Service.SuccessExitStatus", "Service.ExitType",
        remain_service="[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n",
        good_exit_service=exits(7) + "SuccessExitStatus=7\n", bad_exit_service=exits(7),
        exit_type_service=sh("sleep infinity & exit 0") + "ExitType=cgroup\n", exit_main_service=sh("sleep infinity & exit 0"))
def ends(world: World) -> None:
    world.start("remain.service", "good-exit.service", "bad-exit.service", "exit-type.service", "exit-main.service")
    assert world.show("remain.service", "SubState") == "exited"
    world.wait("bad-exit.service", "ActiveState", "failed")
    world.wait("good-exit.service", "ActiveState", "inactive")
    world.wait("exit-main.service", "ActiveState", "inactive")
    world.wait("exit-type.service", "ExecMainCode", "1")
    assert world.show("exit-type.service", "SubState") == "running"


TELL = "/bin/sh /run/test/tell %N"


@effect("Service.NotifyAccess", notify_all_service=f"[Service]\nNotifyAccess=all\nExecStart={TELL}\n",
        notify_main_service=f"[Service]\nNotifyAccess=main\nExecStart={TELL}\n")
def notify_access(world: World) -> None:
    """The script's child is not the main process: main is not enough."""
    world.file("/run/test/tell").write_text(f"{NOTIFY} STATUS=told\necho told >/run/test/$1\nexec sleep infinity\n")
    world.start("notify-all.service", "notify-main.service")
    world.wait("notify-all.service", "StatusText", "told")
    world.wait_text("notify-main", "told\n")
    assert world.show("notify-main.service", "StatusText") == ""


@effect("Service.PermissionsStartOnly", "Service.RootDirectoryStartOnly",
        only_user_service="[Service]\nType=oneshot\nUser=daemon\nPermissionsStartOnly=yes\nExecStartPre=/bin/sh -c 'id -un >/run/test/only-pre'\n"
                          "ExecStart=/bin/id -un\nStandardOutput=truncate:/run/test/only-main\n",
        only_root_service="[Service]\nType=oneshot\nRootDirectory=/run/test/chroot\nRootDirectoryStartOnly=yes\n"
                          "ExecStartPre=/bin/sh -c 'echo outside >/run/test/only-root'\n"
                          "ExecStart=/bin/sh -c 'test ! -e /run/test/only-root'\n")
def start_only(world: World) -> None:
    world.start("only-user.service", "only-root.service")
    assert (world.text("only-pre"), world.text("only-main"), world.text("only-root")) == ("root\n", "daemon\n", "outside\n")


@effect("Service.OpenFile", "Service.NonBlocking",
        open_service="[Service]\nType=oneshot\nOpenFile=/run/test/input:named:read-only\nOpenFile=/run/test/none::graceful\nNonBlocking=yes\n"
                     "ExecStart=/bin/sh -c 'echo $LISTEN_FDS $LISTEN_FDNAMES; read line <&3; echo $line; grep flags /proc/self/fdinfo/3'\n"
                     "StandardOutput=truncate:/run/test/opened\n",
        open_missing_service="[Service]\nType=oneshot\nOpenFile=/run/test/none\nExecStart=/bin/true\n")
def open_file(world: World) -> None:
    world.start("open.service")
    names, line, flags = world.text("opened").splitlines()
    assert (names, line) == ("1 named", "line of a file")
    assert int(flags.split()[1], 8) & 0o4003 == 0o4000, "read-only and non-blocking"
    assert world.ctl("start", "open-missing.service").returncode == 1
    assert world.show("open-missing.service", "Result") == "resources"


@effect("Service.BusName", "Service.Sockets", bus_service=SLEEP + "BusName=org.example.A\n",
        with_socket_service=SLEEP + "Sockets=other-name.socket\n", other_name_socket="[Socket]\nListenStream=/run/test/other\n")
def names(world: World) -> None:
    assert world.show("bus.service", "Type") == "dbus" and "dbus.socket" in world.show("bus.service", "Requires").split()
    for kind in ("Wants", "After"):
        assert "other-name.socket" in world.show("with-socket.service", kind).split()


@effect("Service.FileDescriptorStoreMax", "Service.FileDescriptorStorePreserve",
        store_service="[Service]\nNotifyAccess=all\nFileDescriptorStoreMax=2\nFileDescriptorStorePreserve=yes\n"
                      "ExecStart=/bin/sh /run/test/notify-fds\n",
        store_none_service="[Service]\nNotifyAccess=all\nExecStart=/bin/sh /run/test/notify-fds\n",
        store_gone_service="[Service]\nNotifyAccess=all\nFileDescriptorStoreMax=9\nExecStart=/bin/sh /run/test/notify-fds\n",
        stores_target="[Unit]\nBefore=store.service store-gone.service\n")
def descriptor_store(world: World) -> None:
    """The target names them: with its unit a store is forgotten, too."""
    world.start("stores.target")
    world.file("/run/test/notify-fds").write_text(
        f"{NOTIFY} FDSTORE=1 /run/test/input /run/test/env\n{NOTIFY} STATUS=stored\nsleep infinity\n")
    world.start("store.service", "store-gone.service", "store-none.service")
    for unit, count in (("store.service", "2"), ("store-none.service", "0"), ("store-gone.service", "2")):
        world.wait(unit, "StatusText", "stored")
        assert world.show(unit, "NFileDescriptorStore") == count
    world.stop("store.service", "store-gone.service")
    assert world.show("store.service", "NFileDescriptorStore") == "2"
    assert world.show("store-gone.service", "NFileDescriptorStore") == "0"
    assert world.show("store.service", "SubState") == "dead-resources-pinned"
    assert world.ctl("clean", "--what=fdstore", "store.service").returncode == 0
    assert world.show("store.service", "NFileDescriptorStore") == "0"


@effect("Service.ReloadSignal",
        reload_signal_service="[Service]\nType=notify-reload\nNotifyAccess=all\nReloadSignal=SIGUSR1\nExecStart=/bin/sh /run/test/reloads\n")
def reload_signal(world: World) -> None:
    world.file("/run/test/reloads").write_text(
        f"trap 'echo got >/run/test/reload-signal' USR1\n{NOTIFY} READY=1\nwhile :; do sleep 0.1; done\n")
    world.start("reload-signal.service")
    world.ctl("reload", "--no-block", "reload-signal.service")
    world.wait_text("reload-signal", "got\n")


@effect("Service.RuntimeMaxSec", "Service.RuntimeRandomizedExtraSec", run_max_service=SLEEP + "RuntimeMaxSec=100ms\n",
        run_extra_at_service=SLEEP + "RuntimeMaxSec=50ms\nRuntimeRandomizedExtraSec=2s\n")
def runtime_max(world: World) -> None:
    """Of ten that may live up to two seconds more, not all live equally long."""
    units = [f"run-extra@{number}.service" for number in range(10)]
    world.start("run-max.service", *units)
    world.wait("run-max.service", "Result", "timeout")
    for unit in units:
        world.wait(unit, "Result", "timeout")
    found = world.shows(units, "ActiveEnterTimestampMonotonic", "ActiveExitTimestampMonotonic")
    lived = [int(values["ActiveExitTimestampMonotonic"]) - int(values["ActiveEnterTimestampMonotonic"]) for values in found.values()]
    assert min(lived) >= 50_000 and max(lived) - min(lived) > 50_000


TRAP = "trap \"echo %s >>/run/test/%%N; exit\" %s; echo up >/run/test/%%N; while :; do sleep 0.1; done"


@effect("Kill.KillSignal", "Kill.RestartKillSignal", "Kill.SendSIGHUP",
        kill_usr_service=sh(TRAP % ("usr1", "USR1")) + "KillSignal=SIGUSR1\n",
        kill_restart_service=sh(TRAP.replace("echo up >", "echo up >>") % ("usr2", "USR2")) + "RestartKillSignal=SIGUSR2\n",
        kill_hup_service=sh("trap : TERM; " + TRAP % ("hup", "HUP")) + "SendSIGHUP=yes\n")
def kill_signals(world: World) -> None:
    world.start("kill-usr.service", "kill-restart.service", "kill-hup.service")
    for name in ("kill-usr", "kill-restart", "kill-hup"):
        world.wait_text(name, "up\n")
    world.stop("kill-usr.service", "kill-hup.service")
    world.ctl("restart", "kill-restart.service")
    assert (world.text("kill-usr"), world.text("kill-hup")) == ("up\nusr1\n", "up\nhup\n")
    world.wait_text("kill-restart", "up\nusr2\nup\n")


@effect("Kill.KillMode", mode_process_service=sh("sleep 1000 & echo $! >/run/test/%N; wait") + "KillMode=process\n",
        mode_group_service=sh("sleep 1000 & echo $! >/run/test/%N; wait"))
def kill_mode(world: World) -> None:
    units = ("mode-process", "mode-group")
    world.start(*(f"{unit}.service" for unit in units))
    for unit in units:
        world.until(lambda unit=unit: world.text(unit).strip().isdigit(), "its child runs")
    world.stop(*(f"{unit}.service" for unit in units))
    alive = [world.kill("-0", world.text(unit).strip()) for unit in units]
    assert alive == [True, False]
    world.kill("-9", world.text("mode-process").strip())


@effect("Exec.RuntimeDirectoryPreserve",
        kept_dir_service="[Service]\nType=oneshot\nExecStart=/bin/true\nRuntimeDirectory=eff-kept\nRuntimeDirectoryPreserve=yes\n",
        gone_dir_service="[Service]\nType=oneshot\nExecStart=/bin/true\nRuntimeDirectory=eff-gone\n")
def preserved_directory(world: World) -> None:
    world.start("kept-dir.service", "gone-dir.service")
    assert world.file("/run/eff-kept").is_dir() and not world.file("/run/eff-gone").exists()


@effect("Exec.SyslogIdentifier", ident_service="[Service]\nType=oneshot\nExecStart=/bin/echo a line of mine\nSyslogIdentifier=my-own-name\n")
def identifier(world: World) -> None:
    world.start("ident.service")
    world.until(lambda: "my-own-name[" in world.booted.console, "the console has its name")
    assert "]: a line of mine" in world.booted.console.split("my-own-name[")[1]


# The number of the session keyring, by keyctl(2) itself: its program is seldom installed.
KEYS = (f"[Service]\nType=oneshot\nStandardOutput=append:/run/test/%p\n"
        f"ExecStart={sys.executable} -Sc 'import ctypes,os;print(ctypes.CDLL(None).syscall(250 if os.uname().machine==\"x86_64\" else 219,0,-3,0))'\n")


@effect("Exec.KeyringMode", keys_inherit_at_service=KEYS + "KeyringMode=inherit\n", keys_private_at_service=KEYS,
        keys_shared_at_service=KEYS + "KeyringMode=shared\n")
def keyrings(world: World) -> None:
    """Two processes have the same session keyring only when they inherit it from the manager."""
    world.start(*(f"keys-{mode}@{number}.service" for mode in ("inherit", "private", "shared") for number in (1, 2)))
    distinct = {mode: len(set(world.text(f"keys-{mode}").split())) for mode in ("inherit", "private", "shared")}
    if world.text("keys-private").split() == ["-1", "-1"]:
        pytest.skip("keyctl(2) is refused here")
    assert distinct == {"inherit": 1, "private": 2, "shared": 2}
