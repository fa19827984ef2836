"""system.conf and generators: what they say takes effect, at boot and at daemon-reload."""

from __future__ import annotations

from typing import Callable

from .harness import Container

CONF = """\
[Manager]
DefaultEnvironment=COLOUR=blue "TWO=a b"
ManagerEnvironment=PASSED=on
DefaultLimitNOFILE=777:888
DefaultLimitCORE=0
DefaultTimeoutStopSec=7s
DefaultTimeoutStartSec=8s
DefaultTimeoutAbortSec=9s
DefaultRestartSec=11s
DefaultStartLimitBurst=2
DefaultStartLimitIntervalSec=1h
DefaultOOMScoreAdjust=321
DefaultOOMPolicy=continue
DefaultStandardOutput=null
DefaultStandardError=journal
LogLevel=info
"""
SHOWN = {
    "LimitNOFILE": "888", "LimitNOFILESoft": "777", "LimitCORE": "0", "TimeoutStopUSec": "7s",
    "TimeoutAbortUSec": "9s", "RestartUSec": "11s", "StartLimitBurst": "2", "StartLimitIntervalUSec": "1h",
    "OOMScoreAdjust": "321", "OOMPolicy": "continue", "StandardOutput": "null", "StandardError": "journal",
}
PROBE = """\
[Service]
Type=oneshot
PassEnvironment=PASSED
ExecStart=/bin/sh -c 'echo to-stdout; echo to-stderr >&2; (env; ulimit -Sn; ulimit -Hn; cat $0) > /run/probe' \\
  /proc/self/oom_score_adj
"""
OWN = "[Service]\nEnvironment=COLOUR=red\nTimeoutStopSec=1s\nLimitNOFILE=100\nStandardOutput=journal\nExecStart=/bin/sleep 1000\n"
TARGET = "[Unit]\nDescription=Nothing more\n"
GENERATOR = """\
#!/bin/sh
[ $# = 3 ] || exit 9
echo "$SYSTEMD_SCOPE" > /run/scope
printf '[Service]\\nExecStart=/bin/sleep 1000\\n' > "$1/made.service"
printf '[Unit]\\nDescription=early\\n[Service]\\nExecStart=/bin/sleep 1000\\n' > "$2/order.service"
printf '[Unit]\\nDescription=late\\n[Service]\\nExecStart=/bin/sleep 1000\\n' > "$3/order.service"
printf '[Unit]\\nDescription=late\\n[Service]\\nExecStart=/bin/sleep 1000\\n' > "$3/weak.service"
mkdir "$1/default.target.wants"
ln -s ../made.service "$1/default.target.wants/made.service"
echo run >> /run/generated
[ ! -e /run/slow ] || exec sleep 1000
"""


def test_system_conf(boot: Callable[..., Container]) -> None:
    """Every default reaches the units that say nothing themselves; drop-ins win over the file; a unit's own words over both."""
    box = boot(files={"etc/systemd/system.conf": "[Manager]\nDefaultTimeoutStopSec=99s\n", "default.target": TARGET,
                      "etc/systemd/system.conf.d/50-test.conf": CONF, "probe.service": PROBE, "own.service": OWN})
    assert box.wait_booted() == "running"
    box.systemctl("start", "probe")
    found = box.read("/run/probe").split("\n")
    for line in ("COLOUR=blue", "TWO=a b", "PASSED=on", "777", "888", "321"):
        assert line in found, found
    log = box.systemctl("log", "probe")
    assert "to-stderr" in log and "to-stdout" not in log
    assert {name: box.show("probe", name) for name in SHOWN} == SHOWN
    own = {"TimeoutStopUSec": "1s", "TimeoutStartUSec": "8s", "LimitNOFILE": "100", "StandardOutput": "journal",
           "OOMScoreAdjust": "321"}
    assert {name: box.show("own", name) for name in own} == own
    assert "COLOUR=blue" in box.systemctl("show-environment").split("\n")
    box.systemctl("set-environment", "TWO=mine")
    box.run("sh", "-c", "printf '[Manager]\nDefaultEnvironment=COLOUR=green TWO=c\n' "
                        "> /etc/systemd/system.conf.d/50-test.conf")
    box.systemctl("daemon-reload")
    block = box.systemctl("show-environment").split("\n")
    assert "COLOUR=green" in block and "TWO=mine" in block, block
    assert box.show("probe", "TimeoutStopUSec") == "1min 39s"
    box.systemctl("start", "probe", check=False)
    assert [box.systemctl("start", "probe", check=False), box.show("probe", "Result")] == ["", "success"]


def test_show_status_no_keeps_the_console_quiet(boot: Callable[..., Container]) -> None:
    """What goes well is not said; what fails is."""
    box = boot(files={"etc/systemd/system.conf": "[Manager]\nShowStatus=no\n", "default.target": TARGET,
                      "fails.service": "[Service]\nExecStart=/nonexistent\n"})
    assert box.wait_booted() == "running"
    assert box.log() == ""
    box.systemctl("start", "fails", check=False)
    box.wait_log("Failed at step EXEC spawning /nonexistent")


def test_generators(boot: Callable[..., Container]) -> None:
    """They run before units are loaded, and again at daemon-reload; the three folders have their places in the search path."""
    box = boot(files={"etc/systemd/system-generators/one": GENERATOR, "default.target": TARGET,
                      "etc/systemd/system-generators/masked": "#!/bin/sh\ntouch /run/masked\n",
                      "run/systemd/system-generators/masked": "", "etc/systemd/system-generators/bad": "#!/bin/sh\nexit 3\n",
                      "order.service": "[Unit]\nDescription=etc\n", "weak.service": "[Unit]\nDescription=etc\n"},
               options=("--tmpfs=/run:mode=755",))
    assert box.wait_booted() == "running"
    assert box.systemctl("is-active", "made") == "active\n"
    assert [box.show(unit, "Description") for unit in ("order", "weak")] == ["early", "etc"]
    assert box.run("systemctl", "is-enabled", "made").stdout == "generated\n"
    assert box.read("/run/scope") == "system\n" and box.read("/run/generated") == "run\n"
    assert "/etc/systemd/system-generators/bad failed with exit status 3." in box.log()
    box.systemctl("mask", "other")              # like every verb that changes files, it reloads, and waits for the generators
    assert box.read("/run/generated") == "run\nrun\n"
    assert box.show("other", "LoadState") == "masked"
    pid = box.main_pid("made.service")
    box.run("rm", "/etc/systemd/system-generators/one")
    box.systemctl("daemon-reload")
    assert not box.path("/run/systemd/generator").exists()
    assert box.main_pid("made.service") == pid      # it runs on, without a file
    assert box.show("order", "Description") == "etc"


def test_a_generator_that_hangs_stalls_nobody(boot: Callable[..., Container]) -> None:
    """While it runs, the manager answers, and a stop of the container is a stop."""
    box = boot(files={"etc/systemd/system-generators/one": GENERATOR, "default.target": TARGET})
    assert box.wait_booted() == "running"
    box.run("touch", "/run/slow")
    box.run("sh", "-c", "systemctl daemon-reload > /dev/null 2>&1 &")
    box.wait("the generator runs", lambda: box.read("/run/generated") == "run\nrun\n")
    assert box.systemctl("is-active", "made") == "active\n"
    assert box.systemctl("restart", "made") == ""
    seconds, code = box.stop()
    assert code == 0 and seconds < 5
