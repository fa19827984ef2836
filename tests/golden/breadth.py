# ruff: noqa: E501      the commands of one idea stand on one line
"""The breadth of systemctl(1): states that pass, jobs that wait, every option, terminals. See scenarios.py for the form.

"%COLUMNS [NAME=VALUE …] WORDS" runs systemctl on a terminal of that width, all three streams on it.
"""

from __future__ import annotations

from typing import Dict

from .scenarios import SLEEP, WANTED, Scenario, service, unit


def reached(name: str, *states: str) -> str:
    """A shell command that waits until the unit's SubState is one of these."""
    return f"!timeout 20 sh -c 'until systemctl show -P SubState {name} | grep -qxE \"{'|'.join(states)}\"; do :; done'; echo $?"


# What differs at each boot, or is a cgroup's own.
VARIES = (r"^(.*Timestamp.*|.*PID|InvocationID|Memory.*|CPUUsage.*|Tasks.*|IP(In|E)gress.*|IO(Read|Write).*|ControlGroup.*|Effective.*"
          r"|Exec(Main|Start|Stop|Reload|Condition).*|Limit.*|Default.*|.*Device.*|NUMA.*|UID|GID|CanFreeze)=")


def shown(*names: str) -> str:
    return f"!systemctl show {' '.join(names)} | grep -vE '{VARIES}' | sort"


STORES = ("Type=notify", "NotifyAccess=all", "FileDescriptorStoreMax=2",
          "ExecStart=/bin/sh -c 'systemd-notify --fd=3 --fdname=x 3</etc/hostname; systemd-notify --ready; exec sleep infinity'")
NUMBERS = "sed 's/[0-9]/N/g'"

BREADTH: Dict[str, Scenario] = {
    "passing states": Scenario(
        {"hh-starting.service": service("Type=notify", SLEEP),
         "hh-pre.service": service("ExecStartPre=/usr/bin/sleep infinity", SLEEP),
         "hh-post.service": service(SLEEP, "ExecStartPost=/usr/bin/sleep infinity"),
         "hh-restart.service": service("ExecStart=/bin/false", "Restart=always", "RestartSec=1h"),
         "hh-reloading.service": service(SLEEP, "ExecReload=/usr/bin/sleep infinity"),
         "hh-stopping.service": service(SLEEP, "ExecStop=/usr/bin/sleep infinity"),
         "hh-deaf.service": service("Type=exec", "ExecStart=/bin/sh -c 'trap : TERM; while :; do sleep 1000 & wait; done'"),
         "hh-waiting.service": service(SLEEP, head="After=hh-starting.service"),
         "hh-oneshot.service": service("Type=oneshot", "ExecStart=/usr/bin/sleep infinity")},
        ["start hh-starting hh-pre hh-post hh-restart hh-reloading hh-stopping hh-deaf hh-waiting hh-oneshot --no-block",
         reached("hh-starting", "start"), reached("hh-pre", "start-pre"), reached("hh-post", "start-post"), reached("hh-restart", "auto-restart"),
         reached("hh-oneshot", "start"), reached("hh-stopping", "running"), reached("hh-reloading", "running"), reached("hh-deaf", "running"),
         "reload hh-reloading --no-block", "stop hh-stopping --no-block", "stop hh-deaf --no-block",
         reached("hh-reloading", "reload"), reached("hh-stopping", "stop"), reached("hh-deaf", "stop-sigterm"),
         *(f"status hh-{name} -n0" for name in ("starting", "pre", "post", "restart", "reloading", "stopping", "deaf", "waiting", "oneshot")),
         "is-active hh-starting hh-pre", "is-active hh-starting", "is-active hh-restart", "is-active hh-reloading", "is-active hh-stopping",
         "is-failed hh-restart", "is-failed hh-starting hh-restart",
         "list-units 'hh-*' --no-legend", "list-units 'hh-*'", "list-units 'hh-*' -o json", "list-units --state=activating 'hh-*'",
         "list-units --state=auto-restart 'hh-*'", "list-units --state=reload 'hh-*'", "list-units --state=deactivating --plain 'hh-*'",
         "!systemctl list-jobs 'hh-*' --no-legend | awk '{print $2,$3,$4}' | sort", "!systemctl list-jobs | awk '{print $2,$3,$4}' | sort", "%120 --no-pager list-units 'hh-*'",
         "!systemctl list-jobs hh-waiting.service --after | sed 's/ *[0-9][0-9]* */ N /g;s/^JOB */JOB /'", "!systemctl list-jobs hh-starting.service --before | sed 's/ *[0-9][0-9]* */ N /g;s/^JOB */JOB /'",
         "!systemctl list-jobs hh-waiting.service -o json | sed 's/[0-9]/N/g'",
         "show -p ActiveState,SubState,Result,NRestarts hh-restart", "!systemctl show -P Job hh-waiting | sed 's/[0-9][0-9]*/N/'",
         "start hh-starting --job-mode=fail --no-block", "stop hh-starting --job-mode=fail", "stop hh-waiting --fail",
         "!systemctl cancel $(systemctl show -P Job hh-waiting); systemctl is-active hh-waiting",
         "reload hh-starting --no-block", "restart hh-waiting --job-mode=nosuch",
         "kill -s KILL hh-deaf hh-stopping hh-reloading", "stop hh-starting hh-pre hh-post hh-restart hh-oneshot", "!systemctl stop 'hh-*'; systemctl reset-failed 'hh-*'",
         "is-active hh-starting", "start hh-restart --no-block", reached("hh-restart", "auto-restart"), "stop hh-restart", "is-failed hh-restart"]),
    "wait and say": Scenario(
        {"ii-ok.service": service("Type=oneshot", "ExecStart=/bin/true"), "ii-bad.service": service("Type=oneshot", "ExecStart=/bin/false", head="StartLimitIntervalSec=0"),
         "ii-short.service": service("ExecStart=/bin/true"), "ii-shortbad.service": service("ExecStart=/bin/sh -c 'exit 9'"),
         "ii-live.service": service(SLEEP, install=WANTED, head="StartLimitIntervalSec=0"), "ii-conflict.service": service(SLEEP, head="Conflicts=ii-live.service"),
         "ii-t.target": unit("X-None", head="AllowIsolate=no\nWants=ii-live.service"), "ii-i@.service": service(SLEEP, description="Instance %i")},
        ["start --wait ii-ok", "start --wait ii-bad", "start --wait ii-short", "start --wait ii-shortbad", "start --wait ii-ok ii-shortbad",
         "restart --wait ii-short", "start -q ii-bad", "start --quiet ii-none", "start --no-warn ii-bad", "stop --wait ii-short", "start --wait --no-block ii-short",
         "start ii-live", "start ii-live.service ii-live", "start ii-conflict", reached("ii-live", "dead"), "is-active ii-live ii-conflict", "start ii-live --job-mode=ignore-dependencies",
         "is-active ii-live ii-conflict", "start ii-conflict --job-mode=replace-irreversibly", reached("ii-live", "dead"), "start ii-live --job-mode=ignore-requirements", "start ii-live --irreversible", reached("ii-conflict", "dead"),
         "restart ii-live --job-mode=restart-dependencies", "start ii-live --job-mode=restart-dependencies", "start ii-live --job-mode=flush --no-block",
         "stop ii-live --job-mode=triggering", "start ii-live --job-mode=triggering", "start ii-live --job-mode=isolate", "start ii-live --job-mode=help", "start --job-mode=help",
         "isolate ii-t.target", "isolate ii-t", "start ii-t.target", "stop ii-t.target", "start ii-i@a ii-i@b", "is-active ii-i@a ii-i@c", "status ii-i@a -n0", "stop 'ii-i@*'",
         "list-units 'ii-i@*' --all", "start /dev/nosuch --no-block", "start x.y", "start ../x", "start 'a b'", "start 'ü'", "is-active /etc/foo", "is-active 'a b'", "is-active x.y",
         "is-active /", "is-active /dev/sda1", "is-active .service", "is-active @.service", "is-active a@b@c", "is-active ''", "is-active ii-live ''", "show -P Id /proc", "show -P Id ii-i@x",
         "show -P Id -- -.slice", "show -p Id '-.mount'", "show -p Id,LoadState x.nosuch", "status /nosuch/path", "status ii-none.target", "status ''",
         "start ii-li*", "stop ii-zz*", "start ii-zz*", "restart 'ii-zz*'", "kill 'ii-zz*'", "reset-failed 'ii-zz*'", "is-failed 'ii-zz*'", "status 'ii-zz*'", "show 'ii-zz*'", "cat 'ii-zz*'",
         "stop ii-none", "stop ii-live ii-none", "reload ii-none ii-live", "stop -- ii-live", "start -- --x", "reload-or-restart ii-live", "force-reload ii-live", "condrestart ii-live", "condreload ii-live", "condstop ii-live",
         "check ii-live", "reload-or-try-restart ii-live", "start ii-bad ii-none", "start ii-none ii-bad", "restart ii-bad", "try-restart ii-bad", "reload-or-restart ii-bad", "try-reload-or-restart ii-none",
         "stop ii-live ii-conflict"]),
    "options": Scenario(
        {"jj-a.service": service(SLEEP, "Environment=A=b", head="Documentation=man:sleep(1)", install=WANTED), "jj-b.service": service(SLEEP), "jj-f.service": service("Type=oneshot", "ExecStart=/bin/false"),
         "jj-t.target": unit("X-None", head="Wants=jj-a.service jj-b.service")},
        ["start jj-a", "start jj-f", *(f"!systemctl --timestamp={style} show -P ActiveEnterTimestamp jj-a | {NUMBERS}" for style in ("pretty", "utc", "us", "µs", "us+utc", "unix")),
         f"!systemctl --timestamp=utc status -n0 jj-a | grep Active: | {NUMBERS} | sed 's/;.*//;s/[A-Z][a-z][a-z] N/DAY N/'", f"!systemctl --timestamp=us status -n0 jj-a | grep Active: | {NUMBERS} | sed 's/;.*//;s/[A-Z][a-z][a-z] N/DAY N/'",
         f"!systemctl --timestamp=unix status -n0 jj-a | grep Active: | {NUMBERS} | sed 's/;.*//'",
         "--timestamp=help", "--output=help", "-o help", "--kill-whom=help kill jj-a", "--what=help", "--check-inhibitors=help", "--state=", "--type=", "-t", "-p", "--lines=-1 status jj-a", "-n",
         "--legend=no list-units 'jj-*'", "--legend=true -q list-units 'jj-*'", "--no-legend list-units 'jj-*' --failed", "list-units 'jj-*' -t service,target --all", "list-units 'jj-*' -t service -t target --all",
         "list-units 'jj-*' --state=active,failed", "list-units 'jj-*' --state=running", "list-units jj-a jj-f", "list-units jj-a.service nosuch.service", "list-units --all --full 'jj-*'", "list-units -a -l 'jj-*'",
         "list-units --type=loaded 'jj-*'", "list-units --type=not-found 'jj-*'", "list-units --with-dependencies jj-t.target --no-legend", "!systemctl status -n0 --with-dependencies jj-t.target | sort", "!systemctl cat --with-dependencies jj-t.target | sort", "list-units -o cat 'jj-*'", "list-units -o json-pretty 'jj-zz*'", "list-units -o json 'jj-zz*'",
         "list-units -o short 'jj-a*'", "list-units --show-types 'jj-a*'", "list-units -r 'jj-a*'", "list-units --recursive 'jj-zz*'",
         "show jj-a -p Id --value", "show jj-a --value -p Id -p ActiveState", "show -P Id,ActiveState jj-a jj-f", "show -p Id, jj-a", "show -pId -pNames jj-b", "show --property Id jj-b", "show -p '*' jj-none --value", "show -p id jj-a",
         "show -p Environment,Documentation jj-b", "show -a -p Environment,Documentation jj-b", "show -p ExecStop -a jj-b", "show -P Environment jj-b jj-a", "show -p FragmentPath,Names jj-a.service jj-b.service jj-none.service",
         "show -t target -p Id --state=nosuch", "show 99999", "show 0", "show jj-none jj-a -p Id,LoadState,LoadError", "status --lines=0 jj-a jj-b jj-f", "status -n0 -q jj-a", "status -n0 -o cat jj-a", "status -n0 --type=service 'jj-a*'",
         "status -n0 'jj-*' --state=failed", "status -n0 -a 'jj-f*'", "is-active -q jj-f", "is-active --quiet jj-none", "is-failed -q jj-a", "is-failed -q jj-f", "is-enabled -q jj-none",
         "list-dependencies jj-t.target --no-pager", "list-dependencies jj-t.target -t target", "list-dependencies jj-t.target --state=active", "list-dependencies jj-t.target --show-types", "list-dependencies --reverse jj-a",
         "list-dependencies 'jj-zz*'", "list-dependencies jj-t.target -o json", "list-dependencies --reverse --after jj-t.target --plain",
         "poweroff --dry-run", "reboot --dry-run", "halt --dry-run", "exit 300", "exit x", "exit -1", "exit 1 2", "reboot a b", "rescue --dry-run", "default --dry-run", "soft-reboot --dry-run extra",
         "start -T jj-b", "stop --show-transaction jj-b", "start --dry-run jj-b", "is-active jj-b", "start jj-b --marked", "restart --marked jj-b", "restart --marked", "reload-or-restart --marked",
         "enable", "disable", "mask", "unmask", "link", "revert", "edit", "cat", "set-default", "get-default extra", "add-wants x", "set-property jj-a", "set-property", "freeze", "thaw", "clean", "kill", "help", "log-level a b", "is-enabled",
         "status nosuchpid", "status 999999999999", "status 0", "--user --global list-units", "--system is-active jj-a", "-i start jj-b", "--check-inhibitors=no stop jj-b", "--check-inhibitors=maybe stop jj-b", "--no-ask-password is-active jj-a", "--no-wall is-active jj-a",
         "--sta=active is-active jj-a", "--st=active is-active jj-a", "--no-l list-units 'jj-*'", "--all=yes list-units", "--lines", "--root", "-s", "-sNOSUCH kill jj-a", "-s 999 kill jj-a", "-s 0 kill jj-a", "-s sigcont kill jj-a", "-s 18 kill jj-a", "--signal=list", "-aq is-active jj-a", "-aqZ", "-tservice list-units 'jj-a*' --no-legend",
         "list-unit --all", "list-unitz", "stauts jj-a", "START jj-a", "is-actve jj-a", "deamon-reload", "x", "''", "daemon-reload --no-block", "help jj-b", "help jj-none", "kill --kill-value=x jj-a", "kill --kill-value=1 --kill-whom=main -s USR1 jj-b", "service-log-level jj-a", "service-log-level jj-b info x",
         "switch-root", "kexec --dry-run", "suspend --dry-run", "bind jj-a", "mount-image jj-a", "whoami 99999999", "whoami x", "whoami 0", "whoami -1", "set-property jj-a Nosuch=1", "set-property jj-a Nosuch", "set-property jj-none CPUWeight=5", "set-property --runtime jj-a CPUWeight=x",
         "set-property --runtime jj-a CPUWeight=50", "show -p CPUWeight,DropInPaths jj-a", "cat jj-a", "revert jj-a", "show -p CPUWeight,DropInPaths jj-a", "freeze jj-none", "thaw jj-none", "clean --what=cache jj-b", "clean --what=cache jj-a",
         "stop jj-a jj-b"]),
    "all properties": Scenario(
        {"kk-a.service": service(SLEEP, "ExecReload=/bin/true", "Environment=X=1", "EnvironmentFile=-/etc/default/nothing", "User=daemon", "PrivateTmp=no", "LimitNOFILE=100:200", "Nice=3", "UMask=027",
                                 "RuntimeDirectory=kk kk/sub", "StateDirectory=kk", "CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "SupplementaryGroups=mail", "WatchdogSec=5min", "SuccessExitStatus=3 SIGHUP",
                                 "RestartPreventExitStatus=4", "OOMScoreAdjust=100", "TimeoutSec=1min", "SyslogIdentifier=kk", "WorkingDirectory=/tmp", "StandardOutput=null", "ProtectSystem=no",
                                 head="Documentation=man:x(1) https://y.example/ \nConditionPathExists=/etc\nAssertPathExists=/etc\nOnFailure=kk-b.service\nStartLimitBurst=7", install=WANTED),
         "kk-b.service": service("Type=oneshot", "RemainAfterExit=yes", "ExecStart=/bin/true"), "kk-t.target": unit("X-None", head="AllowIsolate=yes\nWants=kk-b.service"),
         "kk-m.service": "-> /dev/null", "kk-s.slice": unit("Slice")},
        ["start kk-a kk-b kk-t.target", *(shown(f"kk-{name}") for name in ("a", "b", "t.target", "m", "none", "none.target", "s.slice")),
         *(f"!systemctl show kk-{name} | grep -E '^(Limit|Exec(Start|Stop|Reload|Condition)).*' | sed -E 's/(start_time|stop_time)=\\[[^]]*\\]/\\1=[T]/g;s/pid=[0-9]+/pid=N/g' | grep -vE '^Exec.*Timestamp|^ExecMain|LimitNPROC|LimitSIGPENDING|LimitMEMLOCK|LimitNOFILESoft|LimitLOCKS' | sort" for name in ("a", "b")),
         "show -p ExecMainCode,ExecMainStatus,MainPID,ControlPID,UID,GID kk-b", "show -p UID kk-a",
         "!systemctl show kk-a | cut -d= -f1 | sort", "!systemctl show kk-t.target | cut -d= -f1 | sort", "!systemctl show kk-none | cut -d= -f1 | sort", "!systemctl show -a kk-b | cut -d= -f1 | sort",
         "!systemctl show kk-a | cut -d= -f1", "!systemctl show kk-t.target | cut -d= -f1",
         "!systemctl show | cut -d= -f1", "!systemctl show -a | cut -d= -f1", "show -P SystemState", "show -p DefaultTimeoutStartUSec,DefaultTimeoutStopUSec,DefaultRestartUSec,DefaultStartLimitBurst,DefaultStandardOutput,DefaultLimitNOFILE,DefaultMemoryAccounting,DefaultOOMPolicy,UnitPath",
         "show -p NoSuch", "show -p ExecReload,EnvironmentFiles,Environment kk-a", "show -p RuntimeDirectory,StateDirectory,RuntimeDirectoryMode,SuccessExitStatus,RestartPreventExitStatus kk-a",
         "stop kk-a kk-b kk-t.target", shown("kk-a"), "show -p Result,ExecMainCode,ExecMainStatus,ActiveState,SubState,MainPID kk-a"]),
    "environment": Scenario(
        {},
        ["set-environment LL1=plain 'LL2=two words' \"LL3=it's\" 'LL4=a\"b' 'LL5=$x`y`' 'LL6=back\\slash' LL7= 'LL8=ü' 'LL9=semi;colon' 'LLA=*?[x]' 'LLB=~x' 'LLC=#x' 'LLD=a=b' 'LLE=!x'",
         "!systemctl show-environment | grep ^LL", "!systemctl show-environment -o json | tr '{,}' '\\n' | grep LL", "!LLX='from outside' systemctl import-environment LLX LLNOT; systemctl show-environment | grep LLX",
         "import-environment 1X", "import-environment 'LL1=x'", "unset-environment LL1 LL2=wrong 'LL3=it'\"'\"'s'", "!systemctl show-environment | grep ^LL", "unset-environment 'bad name'", "unset-environment LLNONE",
         "set-environment LL1", "set-environment =x", "set-environment LL1=a LL2", "set-environment \"LL1=a\nb\" 'LL2=a\tb'", "!systemctl show-environment | grep -A1 ^LL[12]", "show-environment extra",
         "unset-environment LL1 LL2 LL3 LL4 LL5 LL6 LL7 LL8 LL9 LLA LLB LLC LLD LLE LLX", "!systemctl show-environment | grep ^LL", "log-level", "log-level debug", "log-level", "log-level info", "log-target", "log-target nosuch", "log-target journal", "service-watchdogs no",
         "service-watchdogs", "service-watchdogs yes", "service-watchdogs", "service-watchdogs 1 2", "log-level 7", "log-level", "log-level info", "is-system-running", "is-system-running --wait", "is-system-running -q"]),
    "terminals": Scenario(
        {"mm-a.service": service(SLEEP, "StandardOutput=null", description="A service whose description is so long that it cannot fit into a narrow terminal", head="Documentation=man:sleep(1) https://example.org/", install=WANTED),
         "mm-a.service.d/x.conf": "[Service]\nNice=1\n",
         "mm-f.service": service("Type=oneshot", "ExecStart=/bin/sh -c 'exit 2'"), "mm-masked.service": "-> /dev/null", "mm-off.service": service(SLEEP), "mm-t.target": unit("X-None", head="Wants=mm-a.service mm-f.service mm-none.service mm-off.service"), "mm-z.target": unit("X-None", head="After=mm-unmet.service mm-off.service mm-t.target mm-masked.service"),
         "mm-done.service": service("Type=oneshot", "RemainAfterExit=yes", "ExecStart=/bin/true"), "mm-unmet.service": service(SLEEP, head="ConditionPathExists=/nonexistent")},
        ["start mm-z.target", "start mm-a mm-done mm-unmet", "start mm-f", *(f"%{width} --no-pager list-units --all 'mm-*'" for width in (200, 80, 60, 40)), "%80 --no-pager list-units 'mm-*' --full --all", "%80 --no-pager list-units 'mm-*' --failed", "%80 --no-pager list-units 'mm-zz*'", "%80 --no-pager list-units --plain --no-legend 'mm-*'",
         "%80 SYSTEMD_COLORS=0 --no-pager list-units --all 'mm-*'", "%80 NO_COLOR=1 --no-pager list-units --all 'mm-*'", "%80 TERM=dumb --no-pager list-units --all 'mm-*'", "%80 COLUMNS=50 --no-pager list-units --all 'mm-*'", "%80 SYSTEMD_COLORS=16 --no-pager list-units --all 'mm-*'",
         "%80 SYSTEMD_COLORS=256 --no-pager list-units 'mm-*'", "%80 SYSTEMD_COLORS=24bit --no-pager list-units 'mm-*'", "%80 LANG=C --no-pager list-units --all 'mm-*'", "%80 SYSTEMD_UTF8=0 --no-pager list-units --all 'mm-*'",
         *(f"%{width} SYSTEMD_URLIFY=0 --no-pager status -n0 mm-{name}" for width in (100, 50) for name in ("a", "f", "masked", "off", "done", "unmet", "none", "t.target")),
         "%100 --no-pager status -n0 mm-a mm-f", "%80 LANG=C SYSTEMD_URLIFY=0 --no-pager status -n0 mm-a", "%80 SYSTEMD_COLORS=0 --no-pager status -n0 mm-a", "%80 --no-pager cat mm-a", "%80 --no-pager list-dependencies mm-t.target", "%30 --no-pager list-dependencies mm-t.target", "%80 LANG=C --no-pager list-dependencies mm-t.target", "%80 --no-pager list-dependencies --plain mm-t.target",
         "%80 is-active mm-a mm-f mm-off mm-none", "%80 is-failed mm-f", "%80 start mm-none", "%80 start mm-f", "%80 --no-pager list-jobs", "%80 stop mm-none", "%80 nosuchverb", "%80 --nosuch", "%80 reload mm-a", "%80 --no-pager show -p Id,ActiveState mm-a", "%80 is-system-running",
         "!SYSTEMD_COLORS=1 systemctl list-units --all 'mm-*'", "!SYSTEMD_COLORS=1 SYSTEMD_URLIFY=0 systemctl status -n0 mm-a mm-f", "!COLUMNS=40 systemctl list-units --all 'mm-*'", "!SYSTEMD_COLORS=1 systemctl is-active mm-a mm-f", "!LANG=C systemctl status -n0 mm-a", "!LANG=C systemctl list-dependencies mm-t.target", "!LC_ALL=POSIX systemctl list-units --failed 'mm-*'",
         "%80 --no-pager list-units 'mm-*' -o json", "%80 --no-pager list-units 'mm-*' -o json-pretty", "!systemctl list-units --all 'mm-*' 2>&1 >/dev/full", "stop mm-a mm-done mm-z.target"]),
    "edit": Scenario(
        {"oo-a.service": service(SLEEP), "/usr/lib/systemd/system/oo-v.service": service(SLEEP, description="The vendor's"), "/usr/lib/systemd/system/oo-t@.service": service("ExecStart=/usr/bin/sleep %i"),
         "/usr/local/bin/oo-show": '#!/bin/sh\nfor f; do case $f in +*) echo "$f";; *) cat "$f"; echo;; esac; done\n', "/usr/local/bin/oo-write": '#!/bin/sh\nfor f; do :; done; printf "[Service]\\nNice=7\\n" > "$f"\n'},
        ["edit --stdin --full oo-v < [Unit]\\nDescription=mine\\n[Service]\\nExecStart=/bin/sleep infinity\\n", "edit --stdin --full --runtime oo-v < [Unit]\\n", "cat oo-v", "edit --stdin --full oo-none < [Service]\\n", "edit --stdin --force oo-none < [Service]\\nNice=2\\n",
         "edit --stdin --drop-in=a/b oo-v < [Service]\\nNice=1\\n", "edit --stdin --drop-in=a oo-v oo-a < [Service]\\nNice=1\\n", "edit --stdin oo-v < ", "edit --stdin --full oo-v oo-a < x", "!systemctl edit --stdin 'oo-zz*' </dev/null", "edit --stdin oo-t@ < [Service]\\nNice=7\\n",
         "cat oo-t@ oo-v oo-a", "cat oo-t@x", "edit oo-v", *(f"%100 EDITOR=oo-show edit {words}" for words in ("oo-a", "--drop-in=a oo-a", "--drop-in=zz oo-v oo-a", "--full oo-a", "oo-t@q", "oo-new --force", "oo-nosuch")),
         "%100 EDITOR=oo-write edit oo-a", "%100 EDITOR=false edit oo-a", "%100 EDITOR=/nonexistent edit oo-a", "cat oo-a", "!ls -a /etc/systemd/system | grep -E 'oo-|[.]#'", "revert oo-v oo-a oo-t@ oo-none",
         *(f"{verb} oo-t@" for verb in ("is-active", "is-failed", "status", "show -p Id", "help", "kill", "reset-failed", "clean", "stop", "start", "is-enabled", "freeze"))]),
    "resources, lists": Scenario(
        {"pp-a.service": service(SLEEP, "CPUWeight=50", "CPUQuota=20%", "MemoryMax=1G", "TasksMax=7", "Delegate=yes", "IOWeight=20", "StateDirectory=pp", "CacheDirectory=pp", install=WANTED), "pp-n.service": service(SLEEP, install=WANTED),
         "pp-f.service": service("Type=oneshot", "ExecStart=/bin/false", "StateDirectory=ppf", install=WANTED), "pp-u.target": unit("X-None", head="Wants=pp-n.service pp-t.target"), "pp-t.target": unit("X-None", head="Wants=pp-a.service pp-f.service pp-u.target")},
        ["enable pp-a pp-n pp-f", "start pp-t.target", reached("pp-f", "failed"), "show -p CPUWeight,CPUQuotaPerSecUSec,MemoryMax,MemoryHigh,TasksMax,Delegate,IOWeight,Slice pp-a", "set-property pp-a Nice=3", "set-property pp-a MemoryMax=x", "set-property pp-a MemoryMax=2G CPUWeight=70",
         "show -p CPUWeight,MemoryMax pp-a", "set-property --runtime pp-a TasksMax=9 Description=new", "show -p TasksMax,Description pp-a", "cat pp-a", "set-property pp-a MemoryMax=", "revert pp-a", "set-property pp-none CPUWeight=3", "set-property pp-a =x", "set-property system.slice CPUWeight=33", "revert system.slice",
         "list-dependencies pp-t.target", "list-dependencies --plain pp-t.target", "list-dependencies pp-t.target -t service", "list-dependencies pp-t.target pp-u.target --plain", "list-jobs -o json",
         "clean pp-a", "stop pp-t.target pp-a pp-n", "clean pp-f", "clean --what=state pp-f", "clean --what= pp-a", "clean pp-t.target", "clean system.slice", "clean --what=cache pp-a", "!ls -d /var/lib/pp /var/cache/pp", "clean --what=all pp-a", "!ls -d /var/lib/pp", "clean pp-n",
         "disable pp-a pp-n pp-f", "reset-failed pp-f"]),
    "descriptor store": Scenario(
        {"rr-yes.service": service(*STORES, "FileDescriptorStorePreserve=yes"), "rr-default.service": service(*STORES),
         "rr-no.service": service(*STORES, "FileDescriptorStorePreserve=no"), "rr-lost.service": service(*STORES, "FileDescriptorStorePreserve=yes"),
         "rr-none.service": service(SLEEP), "rr-t.target": unit("X-None", head="Before=rr-yes.service rr-default.service rr-no.service")},
        ["start rr-t.target rr-yes rr-default rr-no rr-lost", *([f"show -p Id,ActiveState,SubState,NFileDescriptorStore,CanClean rr-{name}" for name in ("yes", "default", "no", "lost", "none")]),
         "clean --what=fdstore rr-yes", "stop rr-yes rr-default rr-no rr-lost",
         *([f"show -p Id,ActiveState,SubState,NFileDescriptorStore,CanClean rr-{name}" for name in ("yes", "default", "no", "lost", "none")]),
         "status -n0 rr-yes", "is-active rr-yes", "list-units --all --no-legend rr-yes.service", "start rr-yes", "show -p SubState,NFileDescriptorStore rr-yes", "stop rr-yes",
         "clean --what=cache rr-yes", "show -p SubState,NFileDescriptorStore rr-yes", "clean --what=fdstore rr-yes", "show -p SubState,NFileDescriptorStore rr-yes", "clean --what=fdstore rr-yes rr-none", "clean --what=fdstore rr-t.target",
         "start rr-yes", "stop rr-yes", "show -p SubState,NFileDescriptorStore rr-yes", "clean --what=all rr-yes", "show -p SubState,NFileDescriptorStore rr-yes", "clean --what=all rr-none", "stop rr-t.target"]),
    "perpetual": Scenario(
        {"qq-a.service": service(SLEEP)},
        ["start qq-a", "list-units -- -.slice system.slice init.scope", "list-units --no-legend --type=scope",
         *(f"show -p Id,Names,LoadState,ActiveState,SubState,Perpetual,Slice,Description,Documentation,DefaultDependencies,Requires,After,Conflicts,Result,CanStart,CanStop,CanReload,CanIsolate,IgnoreOnIsolate,Transient -- {name}" for name in ("-.slice", "system.slice", "init.scope")),
         *(f"{verb} -- {name}" for verb in ("is-active", "is-enabled", "start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "cat", "reset-failed") for name in ("-.slice", "system.slice", "init.scope")),
         "list-dependencies init.scope", "list-dependencies system.slice", "list-dependencies --after init.scope", "is-failed init.scope", "stop qq-a", "stop system.slice init.scope", "whoami 1",
         "kill -s CONT --kill-whom=main init.scope", "stop --job-mode=ignore-dependencies -- -.slice", "is-active system.slice init.scope -- -.slice"]),
    "kill": Scenario(
        {"nn-a.service": service(SLEEP, "ExecReload=/usr/bin/sleep infinity"), "nn-x.service": service("Type=oneshot", "RemainAfterExit=yes", "ExecStart=/bin/true"), "nn-t.target": unit("X-None")},
        ["start nn-a nn-x nn-t.target", "kill --kill-value=5 nn-a", "kill --kill-value=7 -s USR1 nn-a", "kill --kill-value=1 -s CONT nn-t.target", "kill --kill-value= -s CONT nn-a", "kill --kill-value=99999999999 nn-a", "kill --kill-value=1 nn-none",
         "kill --kill-value=1 --kill-whom=nosuch nn-a", "kill --kill-value=1 -s RTMIN --kill-whom=control nn-a", *(f"kill -s CONT --kill-whom={whom} nn-{name}" for whom in ("main", "main-fail", "control", "control-fail", "all", "all-fail", "cgroup", "") for name in ("a", "x", "t.target")),
         "is-active nn-?", "!systemctl is-active 'nn-*' | sort", "add-wants nn-? nn-a", "kill -s CONT system.slice", "kill -s CONT --kill-whom=main system.slice", "kill -s CONT --kill-whom=control -- -.slice", "kill -s CONT 'nn-*'", "reload nn-a --no-block", reached("nn-a", "reload"), "kill --kill-whom=control nn-a", reached("nn-a", "running"),
         "kill --kill-value=-3 -s RTMIN+1 --kill-whom=main --wait nn-a", "show -p Result,ExecMainStatus,ActiveState nn-a", "reset-failed nn-a", "stop nn-x nn-t.target"]),
}
SCENARIOS = BREADTH      # for test_golden.py
