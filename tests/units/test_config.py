"""The manager's configuration: system.conf and its drop-ins."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

import pytest

from fastinit.units.config import ROWS, ManagerConfig, load_config
from fastinit.units.model import USEC_INFINITY
from fastinit.units.specifiers import Host


def write(root: Path, files: Dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def config(root: Path, user: bool = False) -> ManagerConfig:
    return load_config(str(root), user, Host(str(root), user, {"HOME": "/home/u"}, hostname="h"))


def test_nothing(tmp_path: Path) -> None:
    """Without a file there are the defaults."""
    assert config(tmp_path) == ManagerConfig()


SAMPLES = {
    "LogLevel=debug": ("log_level", 7), "LogTarget=console": ("log_target", "console"), "ShowStatus=error": ("show_status", "error"),
    "StatusUnitFormat=combined": ("status_unit_format", "combined"), "DefaultTimeoutStartSec=5": ("default_timeout_start_usec", 5_000_000),
    "DefaultTimeoutStopSec=0": ("default_timeout_stop_usec", USEC_INFINITY), "DefaultTimeoutAbortSec=1": ("default_timeout_abort_usec", 1_000_000),
    "DefaultRestartSec=1s": ("default_restart_usec", 1_000_000), "DefaultStartLimitIntervalSec=3": ("default_start_limit_interval_usec", 3_000_000),
    "DefaultStartLimitBurst=7": ("default_start_limit_burst", 7), 'DefaultEnvironment=A=1 "B=2 3"': ("default_environment", ("A=1", "B=2 3")),
    "ManagerEnvironment=A=%H": ("manager_environment", ("A=h",)), "DefaultLimitNOFILE=1:2": ("default_limits", {"NOFILE": (1, 2)}),
    "DefaultStandardOutput=null": ("default_standard_output", "null"), "DefaultStandardError=journal": ("default_standard_error", "journal"),
    "DefaultOOMPolicy=kill": ("default_oom_policy", "kill"), "DefaultOOMScoreAdjust=-5": ("default_oom_score_adjust", -5),
    "DefaultDeviceTimeoutSec=1": ("default_device_timeout_usec", 1_000_000), "ServiceWatchdogs=no": ("service_watchdogs", False),
    "DefaultTimerAccuracySec=1": ("default_timer_accuracy_usec", 1_000_000), "LogColor=no": ("log_color", "no"),
    "ConfirmSpawn=yes": ("confirm_spawn", "yes"), "ReloadLimitIntervalSec=1": ("reload_limit_interval_usec", 1_000_000),
    "ReloadLimitBurst=2": ("reload_limit_burst", 2),
}


@pytest.mark.parametrize("line", SAMPLES)
def test_setting(tmp_path: Path, line: str) -> None:
    """The line sets its field."""
    read = config(write(tmp_path, {"etc/systemd/system.conf": f"[Manager]\n{line}\n"}))
    field, value = SAMPLES[line]
    assert getattr(read, field) == value != getattr(ManagerConfig(), field)
    assert read.warnings == ()


def test_every_field_is_tested() -> None:
    """No row that sets a field is without a sample."""
    assert {field for field, _ in ROWS.values() if field} == {field for field, _ in SAMPLES.values()}


def test_drop_ins(tmp_path: Path) -> None:
    """The first main file counts, then drop-ins by name; a stronger folder hides a name of a weaker one."""
    read = config(write(tmp_path, {
        "usr/lib/systemd/system.conf": "[Manager]\nLogLevel=debug\n", "etc/systemd/system.conf": "[Manager]\nDefaultStartLimitBurst=1\n",
        "usr/lib/systemd/system.conf.d/10.conf": "[Manager]\nDefaultStartLimitBurst=2\nDefaultEnvironment=A=1\n",
        "usr/lib/systemd/system.conf.d/20.conf": "[Manager]\nDefaultStartLimitBurst=3\n",
        "etc/systemd/system.conf.d/20.conf": "[Manager]\nDefaultEnvironment=B=2\n",
    }))
    assert (read.log_level, read.default_start_limit_burst, read.default_environment) == (6, 2, ("A=1", "B=2"))


def test_user_conf(tmp_path: Path) -> None:
    """A user's manager reads user.conf, its own folder first."""
    write(tmp_path, {"etc/systemd/user.conf": "[Manager]\nLogLevel=err\n", "home/u/.config/systemd/user.conf": "[Manager]\nLogLevel=crit\n",
                     "etc/systemd/system.conf": "[Manager]\nLogLevel=debug\n"})
    assert config(tmp_path, user=True).log_level == 2


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    """Unknown keys, bad values, files that are no files: warnings, and the rest counts."""
    write(tmp_path, {"etc/systemd/system.conf": "[Manager]\nNope=1\nX-Mine=1\nDefaultRestartSec=x\nLogLevel=debug\n[Other]\na=b\n",
                     "etc/systemd/system.conf.d/b.conf": "[Manager\n"})
    os.mkfifo(tmp_path / "etc/systemd/system.conf.d/a.conf")
    (tmp_path / "etc/systemd/system.conf.d/c.conf").symlink_to("/dev/null")
    read = config(tmp_path)
    assert read.log_level == 7
    assert [line[len(str(tmp_path)):] for line in read.warnings] == [
        "/etc/systemd/system.conf:2: Unknown key 'Nope' in section [Manager], ignoring.",
        "/etc/systemd/system.conf:4: Failed to parse DefaultRestartSec=x: invalid time span 'x', ignoring.",
        "/etc/systemd/system.conf:7: Unknown key 'a' in section [Other], ignoring.",
        "/etc/systemd/system.conf.d/a.conf:1: cannot read file: not a regular file",
        "/etc/systemd/system.conf.d/b.conf:1: cannot parse file: invalid section header '[Manager'"]
