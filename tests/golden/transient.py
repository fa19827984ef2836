# ruff: noqa: E501      the commands of one idea stand on one line
"""systemd-run beside systemd's: messages, exit codes, and the units that it makes."""

from __future__ import annotations

from typing import Dict

from tests.golden.scenarios import Scenario, service

SLEEP = "ExecStart=/usr/bin/sleep infinity"
SHOWN = "Id,Description,LoadState,ActiveState,SubState,FragmentPath,Transient,Type,Restart,CollectMode,Slice,Nice,User,Environment,RemainAfterExit,WorkingDirectory,UnitFileState"
TRANSIENT: Dict[str, Scenario] = {
    "systemd-run": Scenario(
        {"rr-known.service": service(SLEEP)},
        ["!systemd-run true", "!systemd-run --wait true", "!systemd-run --wait sh -c 'exit 7'", "!systemd-run --wait -q sh -c 'exit 7'", "!systemd-run --wait sh -c 'kill -9 $$'",
         "!systemd-run -q --wait --pipe echo hello", "!echo in | systemd-run -q --pipe cat", "!systemd-run --pipe -q sh -c 'echo err >&2; exit 3'", "!systemd-run -P sh -c 'echo both'",
         "!systemd-run -u rr-a sleep 1000", f"show rr-a -p {SHOWN}", "cat rr-a", "status -n0 rr-a", "is-enabled rr-a", "!systemd-run -u rr-a sleep 1000", "!systemd-run -u rr-known true", "stop rr-a",
         "show rr-a -p LoadState,ActiveState", "!systemd-run -u rr-b.service -p Nice=5 -p User=nobody -E A=b -E 'C=d e' --description='Of a test' --working-directory=/tmp --slice=rr -r sh -c 'exit 0'",
         f"show rr-b -p {SHOWN.replace(',SubState', '')}", "stop rr-b", "!systemd-run -u rr-f false; sleep 0.5", "show rr-f -p LoadState,ActiveState,Result", "reset-failed rr-f", "show rr-f -p LoadState", "!systemd-run -G -u rr-g false; sleep 0.5", "show rr-g -p LoadState",
         "!systemd-run", "!systemd-run nosuchprogram", "!systemd-run /nonexistent/x", "!systemd-run -p Nosuch=1 true", "!systemd-run -p Nosuch true", "!systemd-run -p Nice=x true", "!systemd-run -u 'a b' true", "!systemd-run -u a@.service true", "!systemd-run -u a.target true",
         "!systemd-run --wait --no-block true", "!systemd-run --scope --wait true", "!systemd-run --scope --pty true", "!systemd-run --pty --no-block true", "!systemd-run --nosuch true", "!systemd-run -Z true", "!systemd-run --nice=99 true", "!systemd-run --uid=nosuch --wait true", "!systemd-run --gid=nosuch --wait true",
         "!systemd-run --service-type=oneshot --wait sh -c 'exit 0'", "!systemd-run --service-type=oneshot false", "!systemd-run --service-type=nosuch true", "!systemd-run --json=nosuch true", "!systemd-run --json=help true | head -3", "!systemd-run -S true", "!systemd-run --expand-environment=maybe true",
         "!systemd-run --no-block -u rr-n sleep 1000", "stop rr-n", "!systemd-run --remain-after-exit --scope true", "!systemd-run --version | head -1 | cut -d. -f1 | cut -d' ' -f1,2"]),
    "systemd-run --scope": Scenario(
        {},
        ["!systemd-run --scope true", "!systemd-run --scope -q sh -c 'exit 7'", "!systemd-run --scope -u ru-a systemctl whoami", "!systemd-run --scope -p Nosuch=1 true", "!systemd-run --scope -p Type=oneshot true", "!systemd-run --scope --uid=nobody id",
         "!systemd-run -q --scope --uid=nobody -E USER=zz env | grep -v INVOCATION | sort", "!systemd-run --scope --uid=nosuch id", "!systemd-run --scope --gid=nosuch id", "!systemd-run --scope -q --gid=nogroup id", "!systemd-run --scope --nice=3 nice", "!systemd-run --scope -E A=b sh -c 'echo $A'",
         "!systemd-run --scope --expand-environment=no sh -c 'echo $HOME'", "!systemd-run -q --scope --expand-environment=yes echo '$HOME' '${HOME}x' '$$A' '$NOSUCH'", "!systemd-run --scope --working-directory=/tmp pwd", "!systemd-run --scope -q --working-directory=/nonexistent pwd", "!systemd-run --scope nosuch",
         "!systemd-run --scope -u ru.service true", "!systemd-run --scope --json=short true", "!systemd-run --scope --no-block true", "!systemd-run --scope -p RuntimeMaxSec=x true", "!systemd-run --scope --wait true", "!cd /tmp && systemd-run -q --scope --same-dir pwd",
         "!systemd-run --scope -u ru-l --slice=ru --description='A scope' -p TimeoutStopSec=5 -p RuntimeMaxSec=1h sleep 1000 > /dev/null 2>&1 & while ! systemctl -q is-active ru-l.scope; do :; done",
         "show ru-l.scope -p Id,Description,LoadState,ActiveState,SubState,FragmentPath,Transient,Slice,CollectMode,KillMode,KillSignal,TimeoutStopUSec,Result,RuntimeMaxUSec,OOMPolicy,Controller,UnitFileState,CanStart,CanStop,RefuseManualStart,BindsTo,Before,After,Requires,Conflicts",
         "status -n0 ru-l.scope", "is-active ru-l.scope", "list-units 'ru-l*' --no-legend", "start ru-l.scope", "restart ru-l.scope", "reload ru-l.scope", "!systemd-run --scope -u ru-l true", "stop ru-l.scope", "is-active ru-l.scope", "show ru-l.scope -p LoadState,ActiveState"]),
}
