# ruff: noqa: E501      the commands of one idea stand on one line
"""What is asked of both systems: unit files, and the commands in order.

A command is the words after `systemctl`; "!" in front makes it a shell command that prepares something, whose words count too.
Units of a scenario are told apart by their first letters, so that one boot serves all and globs stay in their own scenario.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple


class Scenario(NamedTuple):
    files: Dict[str, str]
    commands: List[str]


def unit(section: str, *lines: str, description: str = "", head: str = "", install: str = "") -> str:
    text = f"[Unit]\nDescription={description or 'A unit of the comparison'}\n{head}\n[{section}]\n" + "\n".join(lines) + "\n"
    return text + (f"[Install]\n{install}\n" if install else "")


def service(*lines: str, **more: str) -> str:
    return unit("Service", *lines, **more)


SLEEP = "ExecStart=/usr/bin/sleep infinity"
WANTED = "WantedBy=multi-user.target"
JOB_VERBS = ("start", "stop", "restart", "reload", "try-restart", "reload-or-restart", "try-reload-or-restart")
# What configuration management, package scripts and monitoring read.
ANSIBLE = ("Id,Names,Requires,Wants,WantedBy,Conflicts,Before,After,Description,LoadState,ActiveState,SubState,UnitFileState,"
           "UnitFilePreset,CanStart,CanStop,CanReload,CanIsolate,RefuseManualStart,RefuseManualStop,DefaultDependencies,"
           "OnFailureJobMode,IgnoreOnIsolate,NeedDaemonReload,JobTimeoutUSec,ConditionResult,AssertResult,Transient")
SERVICE = ("Type,Restart,NotifyAccess,RestartUSec,TimeoutStartUSec,TimeoutStopUSec,TimeoutAbortUSec,WatchdogUSec,"
           "RootDirectoryStartOnly,RemainAfterExit,GuessMainPID,Result,NRestarts,UMask,Nice,User,Group,"
           "StandardInput,StandardOutput,StandardError,SyslogIdentifier,KillMode,KillSignal,SendSIGKILL,SendSIGHUP,StatusErrno,"
           "ExecMainCode,ExecMainStatus,Slice,Delegate,CPUWeight,PrivateTmp,Environment,EnvironmentFiles,OOMPolicy,OOMScoreAdjust,"
           "StartLimitBurst,StartLimitIntervalUSec,StartLimitAction,FailureAction,SuccessAction,CollectMode,WorkingDirectory,"
           "FragmentPath,DropInPaths,SourcePath,TriggeredBy,Triggers,BindsTo,PartOf,Documentation,StatusText,ReloadResult")

SCENARIOS: Dict[str, Scenario] = {
    "a service's life": Scenario(
        {"aa-live.service": service(SLEEP, "ExecReload=/usr/bin/true", install=WANTED),
         "aa-plain.service": service(SLEEP)},
        [*(f"{verb} {name}" for verb in JOB_VERBS for name in ("aa-live", "aa-plain", "aa-none")), "is-active aa-live aa-plain aa-none",
         "start aa-live.service", "is-active aa-live", "is-active aa-live aa-plain", "is-active aa-none aa-live", "is-active aa-*",
         "is-active aa-nothing*", "is-active aa-none", "is-active -q aa-live", "is-failed aa-live", "is-failed aa-none aa-live",
         "reload aa-live", "reload aa-plain", "start aa-live aa-none aa-plain", "reload aa-live aa-plain", "stop aa-*", "is-active aa-*",
         "try-restart aa-*", "start aa-live --no-block", "start ''", "start aa@.service", "start aa-live.nosuchtype",
         "start aa-live --job-mode=nosuch", "start", "isolate aa-live", "isolate aa-live aa-plain", "restart --quiet aa-none",
         "stop aa-live aa-plain"]),
    "failures": Scenario(
        {"bb-exit.service": service("ExecStart=/bin/sh -c 'exit 3'"),
         "bb-oneshot.service": service("Type=oneshot", "ExecStart=/bin/false"),
         "bb-signal.service": service("Type=oneshot", "ExecStart=/bin/sh -c 'kill -9 $$$$'"),
         "bb-noexec.service": service("ExecStart=/nonexistent/program"),
         "bb-oneshot-noexec.service": service("Type=oneshot", "ExecStart=/nonexistent/program"),
         "bb-timeout.service": service("Type=notify", SLEEP, "TimeoutStartSec=200ms"),
         "bb-forking.service": service("Type=forking", "ExecStart=/bin/false"),
         "bb-protocol.service": service("Type=notify", "ExecStart=/bin/true"),
         "bb-limit.service": service("Type=oneshot", "ExecStart=/bin/true", head="StartLimitBurst=1\nStartLimitIntervalSec=1h"),
         "bb-needs.service": service(SLEEP, head="Requires=bb-oneshot.service\nAfter=bb-oneshot.service"),
         "bb-missing-need.service": service(SLEEP, head="Requires=bb-nowhere.service"),
         "bb-condition.service": service(SLEEP, head="ConditionPathExists=/nonexistent"),
         "bb-assert.service": service(SLEEP, head="AssertPathExists=/nonexistent"),
         "bb-user.service": service(SLEEP, "User=nosuchuser"),
         "bb-badtype.service": service(SLEEP, "Type=nosuch"),
         "bb-nostart.service": service("Restart=no"),
         "bb-twostarts.service": service(SLEEP, SLEEP),
         "bb-reload.service": service(SLEEP, "ExecReload=/bin/false"),
         "bb-refuse.service": service(SLEEP, head="RefuseManualStart=yes\nRefuseManualStop=yes"),
         "bb-masked.service": "-> /dev/null"},
        ["daemon-reload"]
        + [f"start bb-{name}" for name in (
            "exit", "oneshot", "signal", "noexec", "oneshot-noexec", "timeout", "forking", "protocol", "limit", "limit", "needs", "missing-need",
            "condition", "assert", "user", "badtype", "nostart", "twostarts", "reload", "refuse", "masked")]
        + ["reload bb-reload", "stop bb-refuse", "restart bb-refuse", "stop bb-masked", "restart bb-masked", "reload bb-masked",
           "try-restart bb-masked", "start bb-masked bb-none bb-refuse bb-reload", "is-failed bb-oneshot", "is-failed bb-oneshot bb-reload",
           "is-active bb-oneshot bb-reload", "is-active bb-oneshot bb-masked bb-none", "is-failed bb-none", "!systemctl is-failed 'bb-*' | sort",
           "list-units 'bb-*' --failed", "list-units 'bb-*' --failed --no-legend", "list-units 'bb-*' --failed --plain",
           "list-units --all 'bb-*'", "list-units --state=masked,not-found --all 'bb-*'", "list-units --all --no-legend --plain 'bb-*'",
           "list-units --all -o json 'bb-*'", "list-units -q --all 'bb-*'", "list-units 'bb-zz*'", "list-units --failed 'bb-zz*'",
           "list-units --state=nosuch", "list-units --type=nosuch", "list-units -t target 'bb-*'",
           "show -p Result,ExecMainStatus,ExecMainCode,SubState,ActiveState,LoadState bb-exit bb-oneshot bb-signal bb-noexec bb-masked bb-badtype",
           "show -p LoadError bb-badtype bb-masked bb-none bb-reload", "status bb-none", "status bb-masked", "status bb-nostart", "status bb-badtype",
           "status bb-twostarts", "status bb-none bb-masked",
           "reset-failed bb-none", "reset-failed bb-oneshot", "is-failed bb-oneshot", "reset-failed 'bb-*'", "!systemctl is-failed 'bb-*' | sort", "stop bb-reload",
           "is-system-running"]),
    "status": Scenario(
        {"cc-running.service": service(SLEEP, "StandardOutput=null", head="Documentation=man:sleep(1) https://example.org/", install=WANTED),
         "cc-running.service.d/10-more.conf": "[Service]\nNice=5\n",
         "cc-running.service.d/20-more.conf": "[Service]\nUMask=0077\n",
         "cc-done.service": service("Type=oneshot", "RemainAfterExit=yes", "ExecStartPre=/bin/true", "ExecStart=/bin/true"),
         "cc-failed.service": service("Type=oneshot", "ExecStart=/bin/sh -c 'exit 7'"),
         "cc-code.service": service("Type=oneshot", "ExecStart=/bin/sh -c 'exit 1'"),
         "cc-unmet.service": service(SLEEP, head="ConditionPathExists=/nonexistent\nConditionPathExists=!/etc"),
         "cc-idle.service": service(SLEEP), "cc-nodesc.service": "[Service]\n" + SLEEP + "\n",
         "cc-group.target": unit("Path").replace("[Path]\n", ""),
         "cc-socket.socket": unit("Socket", "ListenStream=/run/cc.sock", "Service=cc-idle.service")},
        ["daemon-reload", "start cc-running cc-done cc-group.target cc-socket.socket cc-unmet", "start cc-failed", "start cc-code",
         "status cc-running -n0", "status cc-done -n0", "status cc-failed -n0", "status cc-code -n0", "status cc-unmet -n0", "status cc-idle -n0",
         "status cc-nodesc -n0", "status cc-group.target -n0", "status cc-socket.socket -n0", "status cc-running cc-done -n0",
         "status 'cc-*.target' -n0", "status cc-nope*", "stop cc-running", "status cc-running -n0",
         "status 1234567", "status nosuchunit@x", "stop cc-socket.socket cc-group.target"]),
    "show": Scenario(
        {"dd-a.service": service(SLEEP, "Environment=A=1 'B=two words'", "ExecReload=/bin/kill -HUP $MAINPID", "ExecStop=/bin/true",
                                 head="Documentation=man:sleep(1)\nAfter=dd-b.service\nWants=dd-b.service", install=WANTED + "\nAlias=dd-x.service"),
         "dd-b.service": service("Type=oneshot", "ExecStart=-/bin/echo a 'b c'", "TimeoutStartSec=5min 3s", "RestartSec=1500ms", "KillSignal=SIGINT")},
        ["daemon-reload", *(f"show -p {names} {name}" for names in (ANSIBLE, SERVICE) for name in ("dd-a", "dd-b", "dd-none")),
         "start dd-a", f"show -p {ANSIBLE} dd-a", f"show -p {SERVICE} dd-a", "show -P ActiveState dd-a dd-b", "show --value -p Id,ActiveState dd-a dd-b",
         "show -p Id dd-a -p SubState", "show -p NoSuchProperty dd-a", "show -p ActiveState,Id 'dd-*'", "show dd-none -p LoadState,ActiveState,Id",
         "show -p ExecReload,ExecStop dd-b", "show -p ActiveState '/bad name'",
         "stop dd-a", "show -P ActiveState dd-a", "show -p ActiveState --value dd-a"]),
    "unit files": Scenario(
        {"ee-a.service": service(SLEEP, install=WANTED + "\nAlias=ee-alias.service\nAlso=ee-b.service"),
         "ee-b.service": service(SLEEP, install="RequiredBy=ee-t.target"), "ee-static.service": service(SLEEP),
         "ee-t.target": unit("X-None"), "ee-i@.service": service(SLEEP, install=WANTED + "\nDefaultInstance=one"),
         "ee-badalias.service": service(SLEEP, install="Alias=ee-wrong.socket"), "ee-masked.service": "-> /dev/null",
         "/opt/ee-linked.service": service(SLEEP, install=WANTED), "/usr/lib/systemd/system/ee-vendor.service": service(SLEEP, install=WANTED),
         "/etc/systemd/system-preset/10-ee.preset": "disable ee-b.service\nenable ee-*\n"},
        ["daemon-reload", "is-enabled ee-a ee-b ee-static ee-t.target ee-i@.service ee-masked ee-none", "is-enabled ee-none", "is-enabled ee-static",
         "is-enabled ee-i@x", "is-enabled -q ee-a", "enable ee-a", "enable ee-a", "is-enabled ee-a ee-b ee-alias ee-none", "is-enabled --full ee-a", "disable ee-a",
         "disable ee-a", "enable ee-static", "disable ee-static", "enable ee-none", "disable ee-none", "reenable ee-a", "reenable ee-none", "enable ee-i@two",
         "enable ee-i@", "is-enabled ee-i@two ee-i@one ee-i@", "disable ee-i@two", "disable ee-i@", "enable ee-masked", "disable ee-masked", "enable ee-badalias",
         "mask ee-b", "mask ee-vendor", "is-enabled ee-vendor", "mask ee-vendor", "start ee-vendor", "unmask ee-vendor", "unmask ee-vendor",
         "mask ee-none", "unmask ee-none", "unmask ee-a", "mask --runtime ee-vendor", "is-enabled ee-vendor", "unmask --runtime ee-vendor", "preset ee-b ee-a", "preset ee-none",
         "is-enabled ee-a ee-b", "link /opt/ee-linked.service", "is-enabled ee-linked", "enable ee-linked", "is-enabled ee-linked", "disable ee-linked", "is-enabled ee-linked",
         "link /nonexistent/ee-x.service", "link ee-a.service", "enable /opt/ee-linked.service", "revert ee-linked", "add-wants ee-t.target ee-static",
         "add-wants ee-t.target ee-none", "add-requires ee-t.target ee-static", "add-wants ee-none.target ee-static",
         "get-default", "set-default ee-t.target", "get-default", "set-default multi-user.target", "set-default ee-none.target", "set-default ee-a.service",
         "enable --now ee-vendor", "is-active ee-vendor", "disable --now ee-vendor", "is-active ee-vendor", "enable --runtime ee-vendor", "is-enabled ee-vendor",
         "disable --runtime ee-vendor", "list-unit-files 'ee-*'", "list-unit-files 'ee-*' --no-legend", "list-unit-files 'ee-*' -t target",
         "list-unit-files 'ee-*' --state=masked", "list-unit-files 'ee-zz*'", "list-unit-files -o json 'ee-*'", "cat ee-a", "cat ee-none", "cat ee-masked", "cat ee-a ee-none",
         "edit --stdin ee-vendor < [Service]\\nNice=3\\n", "cat ee-vendor", "edit --stdin --drop-in=x --runtime ee-vendor < [Service]\\nNice=4\\n", "revert ee-vendor", "revert ee-none", "edit ee-none", "cat ee-vendor"]),
    "dependencies": Scenario(
        {"ff-top.target": unit("X-None", head="Wants=ff-a.service ff-b.service\nAfter=ff-a.service"),
         "ff-a.service": service(SLEEP, head="Requires=ff-c.service\nAfter=ff-c.service\nDefaultDependencies=no"),
         "ff-b.service": service(SLEEP, head="DefaultDependencies=no\nBefore=ff-a.service"),
         "ff-c.service": service(SLEEP, head="DefaultDependencies=no\nWants=ff-gone.service")},
        ["daemon-reload", "start ff-a", "list-dependencies ff-top.target", "list-dependencies --plain ff-top.target", "list-dependencies --all ff-top.target",
         "list-dependencies --reverse ff-c", "list-dependencies --reverse --all ff-c", "list-dependencies --after ff-top.target", "list-dependencies --after ff-a",
         "list-dependencies --before ff-b", "list-dependencies --before ff-b --plain", "list-dependencies ff-none", "list-dependencies ff-a ff-b", "list-jobs", "list-jobs --no-legend",
         "list-dependencies ff-a --no-legend", "list-units 'ff-*'", "list-units 'ff-*' -o json-pretty", "stop 'ff-*'", "list-units 'ff-*' --all"]),
    "changed files, signals, environment": Scenario(
        {"gg-a.service": service(SLEEP), "gg-b.service": service(SLEEP)},
        ["daemon-reload", "start gg-a", "!printf '[Unit]\\nDescription=changed\\n[Service]\\nExecStart=/usr/bin/sleep infinity\\n' > /etc/systemd/system/gg-a.service; touch -d '+1 hour' /etc/systemd/system/gg-a.service",
         "show -p NeedDaemonReload,Description gg-a", "restart gg-a", "status gg-a -n0", "stop --no-warn gg-a", "daemon-reload", "show -p NeedDaemonReload,Description gg-a",
         "start gg-a gg-b", "kill -s CONT gg-a", "kill gg-none", "kill --kill-whom=nosuch gg-a", "kill -s NOSUCH gg-a", "kill --kill-whom=control gg-a", "kill --signal=KILL --wait gg-a gg-b",
         "show -p Result,ExecMainStatus,ActiveState gg-a gg-b", "reset-failed gg-a gg-b", "kill gg-a",
         "set-environment GG=1", "set-environment bad-name", "set-environment '1X=y'", "!systemctl show-environment | grep GG", "unset-environment GG", "unset-environment", "set-environment",
         "cancel 99999", "cancel x", "nosuchverb", "strat gg-a", "--nosuch", "-Z", "start --job-mode", "list-units --output=nosuch", "--signal", "is-active", "show --property",
         "is-system-running extra", "daemon-reload extra", "isolate", "isolate gg-a", "isolate gg-none.target", "!systemctl --version | head -1 | cut -d. -f1 | cut -d' ' -f1,2",
         "list-sockets 'gg-*'", "list-timers 'gg-*'", "list-paths 'gg-*'", "list-automounts 'gg-*'", "clean gg-a", "clean gg-none", "clean --what=nosuch gg-a", "whoami 1", "service-watchdogs", "service-watchdogs maybe",
         "log-level nosuch", "--type=help", "--state=help", "--signal=help", "--preset-mode=help", "--timestamp=nosuch list-units", "--legend=maybe list-units", "-n x status gg-a"]),
}
