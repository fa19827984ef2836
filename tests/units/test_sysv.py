"""SysV scripts without a unit: what systemd-sysv-generator(8) makes of them."""
# ruff: noqa: E501              tables: a row stays one line

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastinit.units import sysv
from fastinit.units.loader import Loader
from fastinit.units.specifiers import Host

SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          frob frobd
# Required-Start:    $remote_fs $syslog $network dbus
# Required-Stop:     $remote_fs
# Should-Start:      $named
# X-Start-Before:    nice
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Frobnicate 100%
# Description:       Frobnicates
#                    much
### END INIT INFO
case "$1" in
start|stop|reload) ;;
*) echo "usage: $0 {start|stop|reload}" ;;
esac
"""


def script(root: Path, name: str, text: str, *links: str, mode: int = 0o755) -> None:
    path = root / "etc/init.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    for link in links:
        (root / "etc" / link).parent.mkdir(exist_ok=True)
        (root / "etc" / link).symlink_to(f"../init.d/{name}")


def loader(root: Path) -> Loader:
    return Loader(str(root), host=Host(str(root), environ={}))


def test_service_of_a_script(tmp_path: Path) -> None:
    """Type=forking, the script's own start and stop, dependencies by the header."""
    script(tmp_path, "frob", SCRIPT, "rc2.d/S01frob", "rc0.d/K01frob")
    unit = loader(tmp_path).load("frob.service")
    service = unit.service
    assert service is not None and unit.warnings == () and unit.load_state == "loaded"
    assert (service.type, service.remain_after_exit, service.guess_main_pid, unit.kill.kill_mode) == ("forking", True, False, "process")
    assert [line.argv for line in service.exec_start + service.exec_stop + service.exec_reload] == [
        ("/etc/init.d/frob", "start"), ("/etc/init.d/frob", "stop"), ("/etc/init.d/frob", "reload")]
    assert (service.timeout_start_usec, service.success_exit_status.codes, unit.context.ignore_sigpipe) == (300_000_000, frozenset((5, 6)), False)
    assert (unit.description, unit.source_path, unit.fragment_path) == ("LSB: Frobnicate 100%", "/etc/init.d/frob", "")
    assert {"remote-fs.target", "network-online.target", "dbus.service", "nss-lookup.target"} <= set(unit.dependencies["After"])
    assert "nice.service" in unit.dependencies["Before"] and "network-online.target" in unit.dependencies["Wants"]


def test_runlevel_links(tmp_path: Path) -> None:
    """An S link in rc2.d to rc4.d is multi-user.target, in rc5.d graphical.target; K links and strangers are not."""
    script(tmp_path, "frob", SCRIPT, "rc2.d/S01frob", "rc5.d/S01frob")
    script(tmp_path, "stopped", SCRIPT, "rc2.d/K01stopped")
    (tmp_path / "etc/rc2.d/S99gone").symlink_to("../init.d/gone")
    units = loader(tmp_path)
    assert units.load("multi-user.target").dependencies["Wants"] == ("frob.service",)
    assert "frob.service" in units.load("graphical.target").dependencies["Wants"]


@pytest.mark.parametrize("content, state", [("[Service]\nExecStart=/bin/native\n", "loaded"), ("", "masked")])
def test_a_unit_is_stronger(tmp_path: Path, content: str, state: str) -> None:
    """Where there is a unit of that name, masked even, the script is nothing."""
    script(tmp_path, "frob", SCRIPT, "rc2.d/S01frob")
    folder = tmp_path / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    (folder / "frob.service").write_text(content)
    units = loader(tmp_path)
    assert units.load("frob.service").load_state == state
    assert "frob.service" not in units.load("multi-user.target").dependencies.get("Wants", ())


def test_files_that_are_no_scripts(tmp_path: Path) -> None:
    """Not executable, a folder, a broken link, a FIFO: no unit."""
    script(tmp_path, "README", "hello", mode=0o644)
    (tmp_path / "etc/init.d/folder").mkdir()
    (tmp_path / "etc/init.d/broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "etc/init.d/fifo", 0o755)
    units = loader(tmp_path)
    for name in ("README", "folder", "broken", "fifo"):
        assert units.load(name + ".service").load_state == "not-found"


def test_names_and_pid_files() -> None:
    """".sh" goes away, odd characters become "_"; a pidfile comment is PIDFile=."""
    assert [sysv.unit_of(name) for name in ("a.sh", "a b", "a@", "")] == ["a.service", "a_b.service", "", ""]
    text = sysv.unit_text("a.service", "/etc/init.d/a", "#!/bin/sh\n# pidfile: /run/a.pid\n")
    assert "PIDFile=/run/a.pid\n" in text and "RemainAfterExit=no\n" in text and "Description=SYSV: a\n" in text
