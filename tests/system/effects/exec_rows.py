"""[Exec]: what a process sees of itself under each directive, and what without it."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Dict, List

from tests.system.effects.world import Shown

# Word of Limit…= -> (value, line of /proc/self/limits). All of them below what a root of a container has.
LIMITS: Dict[str, "tuple[str, str]"] = {
    "CPU":        ("1000:2000",   r"Max cpu time +1000 +2000 +seconds"),
    "FSIZE":      ("1M:2M",       r"Max file size +1048576 +2097152 +bytes"),
    "DATA":       ("1G:2G",       r"Max data size +1073741824 +2147483648 +bytes"),
    "STACK":      ("4M:6M",       r"Max stack size +4194304 +6291456 +bytes"),
    "CORE":       ("1M:2M",       r"Max core file size +1048576 +2097152 +bytes"),
    "RSS":        ("1G:2G",       r"Max resident set +1073741824 +2147483648 +bytes"),
    "NPROC":      ("1000:2000",   r"Max processes +1000 +2000 +processes"),
    "NOFILE":     ("100:200",     r"Max open files +100 +200 +files"),
    "MEMLOCK":    ("16K:32K",     r"Max locked memory +16384 +32768 +bytes"),
    "AS":         ("4G:8G",       r"Max address space +4294967296 +8589934592 +bytes"),
    "LOCKS":      ("7:9",         r"Max file locks +7 +9 +locks"),
    "SIGPENDING": ("100:200",     r"Max pending signals +100 +200 +signals"),
    "MSGQUEUE":   ("1000:2000",   r"Max msgqueue size +1000 +2000 +bytes"),
    "NICE":       ("+10",         r"Max nice priority +10 +10"),
    "RTPRIO":     ("3:5",         r"Max realtime priority +3 +5"),
    "RTTIME":     ("100ms:200ms", r"Max realtime timeout +100000 +200000 +us"),
}
# Raising a hard limit takes CAP_SYS_RESOURCE; where a container has none and the limit is 0, nothing can be seen of these.
_CAN_RAISE = bool(int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")).split()[1], 16) >> 24 & 1)
UNSEEN = {f"Exec.Limit{name}" for name, number in (("NICE", resource.RLIMIT_NICE), ("RTPRIO", resource.RLIMIT_RTPRIO))
          if not _CAN_RAISE and resource.getrlimit(number)[1] == 0}
LAST_CPU = str(max(os.sched_getaffinity(0)))


def status(name: str) -> str:
    return f"grep -w {name} /proc/self/status | cut -f2"


def stat(field: int) -> str:
    return f"cut -d' ' -f{field} /proc/self/stat"


# Each has a file of its own, or one would find what another has written.
OLD = ("StandardError=truncate:/run/test/%n\nEnvironment=OLD=/run/test/%n-old\n"
       "ExecStartPre=/bin/sh -c 'echo old old old >/run/test/%n-old'")

ROWS: List[Shown] = [
    # who
    Shown("Exec.User", "User=daemon", "id -un; id -gn", "daemon\ndaemon"),
    Shown("Exec.User", "User=4711", "id -u; id -g", "4711\n4711"),
    Shown("Exec.Group", "Group=daemon", "id -un; id -gn", "root\ndaemon"),
    Shown("Exec.SupplementaryGroups", "SupplementaryGroups=daemon 4711", "id -G", "0 1 4711"),
    Shown("Exec.DynamicUser", "DynamicUser=yes", "id -u; echo $USER", r"6[1-5]\d\d\d\nshown-.*"),
    Shown("Exec.SetLoginEnvironment", "SetLoginEnvironment=yes", "echo $USER $HOME", "root /root"),
    # where
    Shown("Exec.WorkingDirectory", "WorkingDirectory=/run/test/full", "pwd", "/run/test/full"),
    Shown("Exec.WorkingDirectory", "WorkingDirectory=~", "pwd", "/usr/sbin", base="User=daemon"),
    Shown("Exec.WorkingDirectory", "WorkingDirectory=-/nonexistent", "pwd", "/", base="WorkingDirectory=/run/test/full"),
    Shown("Exec.RootDirectory", "RootDirectory=/run/test/chroot", "pwd; ls -d /run/test 2>&1", "/\nls: .*No such file.*"),
    Shown("Exec.UMask", "UMask=0027", "umask", "0027"),
    # environment
    Shown("Exec.Environment", 'Environment="A=b c" D=%%e', 'echo "$A" "$D"', "b c %e"),
    Shown("Exec.EnvironmentFile", "EnvironmentFile=/run/test/env", 'echo "$A"', "from the file"),
    Shown("Exec.EnvironmentFile", "EnvironmentFile=\nEnvironmentFile=-/run/test/no-such-file", "echo runs", "runs", base="EnvironmentFile=/run/test/no-such-file"),
    Shown("Exec.PassEnvironment", "PassEnvironment=EFFECTS_PASSED NO_SUCH", 'echo "$EFFECTS_PASSED${NO_SUCH-unset}"', "from the managerunset"),
    Shown("Exec.UnsetEnvironment", "UnsetEnvironment=A B=other C=1", 'echo "${A-no} ${B-no} ${C-no}"', "no 2 no", base="Environment=A=1 B=2 C=1"),
    Shown("Exec.ExecSearchPath", "ExecSearchPath=/run/test/bin:/bin", "effects-tool; echo $PATH", "the tool of the test\n/run/test/bin:/bin"),
    # rights
    Shown("Exec.CapabilityBoundingSet", "CapabilityBoundingSet=CAP_CHOWN CAP_KILL", status("CapBnd"), "0000000000000021"),
    Shown("Exec.CapabilityBoundingSet", "CapabilityBoundingSet=~CAP_CHOWN", f"x=$({status('CapBnd')}); echo $((0x$x & 1))", "0"),
    Shown("Exec.AmbientCapabilities", "AmbientCapabilities=CAP_KILL", f"id -u; {status('CapAmb')}; {status('CapEff')}", "1\n0000000000000020\n0000000000000020", base="User=daemon"),
    Shown("Exec.NoNewPrivileges", "NoNewPrivileges=yes", status("NoNewPrivs"), "1"),
    Shown("Exec.SecureBits", "SecureBits=noroot keep-caps-locked", "setpriv --dump | grep -i securebits", "Securebits: noroot,.*keep_caps_locked"),
    Shown("Exec.LockPersonality", "LockPersonality=yes", "setarch -R true 2>&1", ".*Operation not permitted"),
    Shown("Exec.Personality", "Personality=x86", "uname -m", "i686"),
    # limits
    *(Shown(f"Exec.Limit{name}", f"Limit{name}={value}", f"grep '{line.split(' +')[0]}' /proc/self/limits", line + " *") for name, (value, line) in LIMITS.items()),
    Shown("Exec.Nice", "Nice=7", "nice", "7"),
    Shown("Exec.OOMScoreAdjust", "OOMScoreAdjust=321", "cat /proc/self/oom_score_adj", "321"),
    Shown("Exec.IOSchedulingClass", "IOSchedulingClass=idle", "ionice", "idle"),
    Shown("Exec.IOSchedulingPriority", "IOSchedulingPriority=7", "ionice", "best-effort: prio 7"),
    Shown("Exec.CPUSchedulingPolicy", "CPUSchedulingPolicy=batch", stat(41), "3"),
    Shown("Exec.CPUSchedulingPriority", "CPUSchedulingPriority=7", stat(40), "7", base="CPUSchedulingPolicy=rr"),
    Shown("Exec.CPUSchedulingResetOnFork", "CPUSchedulingResetOnFork=yes", "exec chrt -p 0", ".*: SCHED_BATCH.SCHED_RESET_ON_FORK\n.*", base="CPUSchedulingPolicy=batch"),
    Shown("Exec.CPUAffinity", f"CPUAffinity={LAST_CPU}", status("Cpus_allowed_list"), LAST_CPU),
    Shown("Exec.TimerSlackNSec", "TimerSlackNSec=12345", "cat /proc/self/timerslack_ns", "12345"),
    Shown("Exec.CoredumpFilter", "CoredumpFilter=shared-dax elf-headers", "cat /proc/self/coredump_filter", "00000110"),
    Shown("Exec.IgnoreSIGPIPE", "IgnoreSIGPIPE=no", status("SigIgn"), "0000000000000000"),
    # directories
    Shown("Exec.RuntimeDirectory", "RuntimeDirectory=eff/one two:eff-link", "echo $RUNTIME_DIRECTORY; stat -c %a,%U /run/eff/one; readlink /run/eff-link", "/run/eff/one:/run/two\n755,daemon\ntwo", base="User=daemon"),
    Shown("Exec.RuntimeDirectoryMode", "RuntimeDirectoryMode=0710", "stat -c %a $RUNTIME_DIRECTORY", "710", base="RuntimeDirectory=eff-%N"),
    Shown("Exec.StateDirectory", "StateDirectory=eff", "echo $STATE_DIRECTORY; stat -c %a /var/lib/eff", "/var/lib/eff\n755"),
    Shown("Exec.StateDirectoryMode", "StateDirectoryMode=0700", "stat -c %a $STATE_DIRECTORY", "700", base="StateDirectory=eff-%N"),
    Shown("Exec.CacheDirectory", "CacheDirectory=eff", "echo $CACHE_DIRECTORY; stat -c %a /var/cache/eff", "/var/cache/eff\n755"),
    Shown("Exec.CacheDirectoryMode", "CacheDirectoryMode=0700", "stat -c %a $CACHE_DIRECTORY", "700", base="CacheDirectory=eff-%N"),
    Shown("Exec.LogsDirectory", "LogsDirectory=eff", "echo $LOGS_DIRECTORY; stat -c %a /var/log/eff", "/var/log/eff\n755"),
    Shown("Exec.LogsDirectoryMode", "LogsDirectoryMode=0700", "stat -c %a $LOGS_DIRECTORY", "700", base="LogsDirectory=eff-%N"),
    Shown("Exec.ConfigurationDirectory", "ConfigurationDirectory=eff", "echo $CONFIGURATION_DIRECTORY; stat -c %a,%U /etc/eff", "/etc/eff\n755,root", base="User=daemon"),
    Shown("Exec.ConfigurationDirectoryMode", "ConfigurationDirectoryMode=0700", "stat -c %a $CONFIGURATION_DIRECTORY", "700", base="ConfigurationDirectory=eff-%N"),
    # standard input
    Shown("Exec.StandardInputText", "StandardInputText=one\\ttab\nStandardInputText=two", "cat", "one\ttab\ntwo"),
    Shown("Exec.StandardInputData", "StandardInputData=SGVs\nStandardInputData=bG8=", "cat", "Hello"),
    Shown("Exec.StandardInput", "StandardInput=file:/run/test/input", "cat", "line of a file"),
    Shown("Exec.StandardInput", "StandardInput=null", "cat; readlink /proc/self/fd/0", "/dev/null", base="StandardInputText=text"),
    Shown("Exec.StandardInput", "StandardInput=fd:input", "cat", "line of a file", base="OpenFile=/run/test/input:input"),
    # standard output and error
    Shown("Exec.StandardOutput", "StandardOutput=file:/run/test/%n-old", "echo new; cat $OLD >&2", "new\nold old", base=OLD),
    Shown("Exec.StandardOutput", "StandardOutput=append:/run/test/%n-old", "echo new; cat $OLD >&2", "old old old\nnew", base=OLD),
    Shown("Exec.StandardOutput", "StandardOutput=truncate:/run/test/%n-old", "echo new; cat $OLD >&2", "new", base=OLD),
    Shown("Exec.StandardOutput", "StandardOutput=null", "out=$(readlink /proc/$$/fd/1); echo $out >&2", "/dev/null", base="StandardError=truncate:/run/test/%n"),
    Shown("Exec.StandardOutput", "StandardOutput=journal", "out=$(readlink /proc/$$/fd/1); echo $out >&2", r"pipe:\[\d+\]", base="StandardError=truncate:/run/test/%n"),
    Shown("Exec.StandardOutput", "StandardOutput=fd:out", "echo hello; echo \"<$(cat $OUT)>\" >&2", "<hello>", base="StandardError=truncate:/run/test/%n\nEnvironment=OUT=/run/test/%n-fd\nOpenFile=/run/test/%n-fd:out:append"),
    Shown("Exec.StandardError", "StandardError=inherit", "echo error >&2", "error", base="StandardError=null"),
    Shown("Exec.StandardError", "StandardError=truncate:/run/test/%n-err", "echo error >&2; cat $ERR", "error", base="Environment=ERR=/run/test/%n-err"),
    Shown("Exec.StandardError", "StandardError=append:/run/test/%n-err", "echo error >&2; cat $ERR", "error", base="Environment=ERR=/run/test/%n-err"),
    Shown("Exec.StandardError", "StandardError=null", "readlink /proc/$$/fd/2", "/dev/null"),
]
