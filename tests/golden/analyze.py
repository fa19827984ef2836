# ruff: noqa: E501      the commands of one idea stand on one line
"""systemd-analyze beside systemd's: messages and exit codes; what is computed from times is compared in test_analyze.py."""

from __future__ import annotations

from typing import Dict

from tests.golden.scenarios import Scenario, service

SLEEP = "ExecStart=/usr/bin/sleep infinity"
TIME = r"sed -E 's/[0-9.]+(us|ms|s)\b/T/g; s/graphical|multi-user/default/'"
# Where a dependency came from, cgroups, references and what limits the container are not in ours.
DUMPED = (r"sed -E 's/ \((origin|destination)[^)]*\)$//; /^\t(May GC|CGroup|References|ReferencedBy|InSlice|Limit|TasksMax|MemoryPressureThreshold|"
          r"CPUQuota|Allowed|StartupAllowed|DisableControllers|ManagedOOMMemoryPressureLimit|Delegate|PermissionsStartOnly|Syslog|LockPers|SystemCallErr|NoNewPriv|Accounting)/d;"
          r" s/(PID|Invocation ID): .*/\1: N/; s/(Start|Exit|Handoff) Timestamp: .*/\1 Timestamp: T/; /Handoff/d' | LC_ALL=C sort")
ANALYZE: Dict[str, Scenario] = {
    "systemd-analyze": Scenario(
        {"ss-a.service": service("Type=oneshot", "RemainAfterExit=yes", "ExecStart=/usr/bin/sleep 0.01", "ExecStart=-/bin/sh -c 'exit 3'", "Environment=A=B", "Nice=3", "User=nobody",
                                 description="An A", head="Requires=ss-b.service\nAfter=ss-b.service\nDocumentation=man:foo(1)\nConditionPathExists=/etc\nAssertPathExists=|/etc"),
         "ss-b.service": service(SLEEP), "ss-c.service": service(SLEEP, head="Conflicts=ss-b.service\nWants=ss-d.service"),
         "ss-t.target": "[Unit]\nDescription=A target\nBindsTo=ss-b.service\nRequisite=ss-a.service\n"},
        ["start ss-a", f"!systemd-analyze | {TIME}", f"!systemd-analyze time | {TIME}", "!systemd-analyze blame | grep -c 'ms ss-a.service$'", f"!systemd-analyze critical-chain ss-a.service ss-nosuch.service | head -4 | {TIME}",
         "!systemd-analyze critical-chain ss-a", "!systemd-analyze dot --require ss-a.service | sort", "!systemd-analyze dot --order --to-pattern='ss-*' 'ss-*' | grep -v shutdown | sort", "!systemd-analyze dot --from-pattern='ss-t*' | sort",
         "!systemd-analyze dot --require ss-c.service | sort", "!systemd-analyze dot ss-a", "!systemd-analyze dump 'ss-nosuch*'", f"!systemd-analyze dump ss-a.service | {DUMPED}", f"!systemd-analyze dump ss-b.service | {DUMPED}",
         f"!systemd-analyze dump ss-t.target | {DUMPED}", "!systemd-analyze time x", "!systemd-analyze blame x", "!systemd-analyze plot x", "!systemd-analyze nosuch", "!systemd-analyze critica", "!systemd-analyze --nosuch", "!systemd-analyze time --json=short",
         "!systemd-analyze blame --root=/x", "!systemd-analyze plot --json=nosuch", "!systemd-analyze plot --json=help", "!systemd-analyze plot --table --json=short", "!systemd-analyze plot --table --no-legend | grep -c NAME",
         "!systemd-analyze plot --json=short | grep -c '^\\[{\"name\":\"'", "!systemd-analyze log-level", "!systemd-analyze set-log-level debug", "!systemd-analyze get-log-level", "!systemd-analyze log-level info", "!systemd-analyze log-level nosuch", "!systemd-analyze log-target nosuch",
         "!systemd-analyze service-watchdogs", "!systemd-analyze service-watchdogs nosuch", "!systemd-analyze set-log-level", "!systemd-analyze verify", "!systemd-analyze calendar", "stop ss-a ss-b"]),
}
