"""Debian's packages, installed, upgraded and removed while fastinit runs: their maintainer scripts find what they know.

These call deb-systemd-helper, deb-systemd-invoke, invoke-rc.d, update-rc.d and service, and those call systemctl.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Set

import pytest

from . import image as images
from .harness import Container, Content

Boot = Callable[..., Container]
FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1/', timeout=5).read().decode())"
WANTS = "/etc/systemd/system/multi-user.target.wants"
INSTALLED = {       # unit -> SubState once the package is there
    "nginx.service": "running", "postgresql.service": "exited", "postgresql@15-main.service": "running",
    "haproxy.service": "running", "rsyslog.service": "running",
}


@pytest.fixture
def apt(boot: Boot) -> Callable[..., Container]:
    """A booted container with a repository, as it has no network."""
    def start(**files: Content) -> Container:
        volume = f"{images.archive()}:{images.ARCHIVE_AT}:ro"
        container = boot(files={**images.ARCHIVE_FILES, **files}, options=("--volume", volume))
        container.wait_booted()
        container.run("apt-get", "-q", "update")
        return container
    return start


def get(container: Container, *words: str) -> str:
    """apt-get WORDS; what it and the maintainer scripts have said."""
    done = container.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *words, timeout_sec=240)
    return done.stdout + done.stderr


def up(container: Container, units: Dict[str, str]) -> Dict[str, str]:
    return {unit: container.show(unit, "SubState") for unit in units}


def names(container: Container) -> Set[str]:
    return {process["name"] for process in container.processes()}


def test_packages_come_and_go(apt: Callable[..., Container]) -> None:
    """Removed: stopped and disabled. Installed: enabled and running, what a generator wrote too. Upgraded: new processes."""
    container = apt()

    get(container, "purge", "nginx", "nginx-light", "nginx-common", "libnginx-mod-http-echo")
    assert "nginx" not in names(container)
    assert container.systemctl("is-enabled", "nginx", check=False).strip() == "not-found"
    assert not container.path(f"{WANTS}/nginx.service").is_symlink()

    said = get(container, "install", "nginx", "postgresql", "haproxy", "rsyslog")
    assert up(container, INSTALLED) == INSTALLED, said + container.log()
    assert "Could not execute systemctl" not in said and "Failed to" not in said, said
    for unit in ("nginx.service", "postgresql.service", "haproxy.service", "rsyslog.service"):
        assert container.systemctl("is-enabled", unit).strip() == "enabled"
    assert "Welcome to nginx" in container.python(FETCH)
    answer = container.run("runuser", "-u", "postgres", "--", "psql", "-Atc", "select 6*7").stdout
    assert answer.strip() == "42"
    container.run("logger", "a line for rsyslog")
    container.wait("rsyslog has written the line", lambda: "a line for rsyslog" in container.read("/var/log/syslog"))

    before = {unit: container.main_pid(unit) for unit in ("nginx.service", "redis-server.service", "postgresql@15-main.service")}
    get(container, "install", "--reinstall", "nginx", "redis-server", "postgresql-15")
    after = {unit: container.main_pid(unit) for unit in before}
    assert all(after[unit] not in (0, before[unit]) for unit in before), (before, after)
    assert container.run("redis-cli", "ping").stdout.strip() == "PONG"

    get(container, "remove", "redis-server")
    assert "redis-server" not in names(container)
    get(container, "purge", "postgresql", "postgresql-15", "postgresql-common", "haproxy")
    assert not names(container) & {"postgres", "haproxy"}
    assert container.systemctl("list-units", "--failed", "--plain", "--no-legend") == ""
    assert container.stop()[1] == 0, container.log()


POLICY = "#!/bin/sh\nexit 101\n"
SYSV = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          oldie
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: a daemon without a unit
### END INIT INFO
. /lib/lsb/init-functions
case "$1" in
start) log_daemon_msg "Starting" oldie
       start-stop-daemon --start --background --make-pidfile --pidfile /run/oldie.pid --exec /bin/sleep -- 12345
       log_end_msg $? ;;
stop)  start-stop-daemon --stop --retry TERM/5/KILL/5 --pidfile /run/oldie.pid --remove-pidfile ;;
restart) $0 stop; $0 start ;;
status) status_of_proc -p /run/oldie.pid /bin/sleep oldie ;;
*) echo "Usage: $0 {start|stop|restart|status}" >&2; exit 3 ;;
esac
"""


def test_policy_forbids_the_start(apt: Callable[..., Container]) -> None:
    """/usr/sbin/policy-rc.d says 101: the package is installed and enabled, its service is not started."""
    container = apt(**{"usr/sbin/policy-rc.d": POLICY})
    get(container, "install", "haproxy")
    assert container.show("haproxy.service", "ActiveState") == "inactive"
    assert container.systemctl("is-enabled", "haproxy").strip() == "enabled"
    container.systemctl("start", "haproxy")
    assert container.show("haproxy.service", "ActiveState") == "active"


def codes(container: Container, *lines: str) -> List[int]:
    return [container.run("sh", "-c", line, check=False).returncode for line in lines]


def test_tools_of_the_packages(boot: Boot) -> None:
    """service, invoke-rc.d, update-rc.d and deb-systemd-helper do to a unit what they do under systemd."""
    container = boot()
    container.wait_booted()
    first = container.main_pid("nginx.service")
    assert codes(container, "service nginx status", "invoke-rc.d nginx status", "service nginx restart") == [0, 0, 0]
    assert container.main_pid("nginx.service") not in (0, first)
    assert codes(container, "service nginx reload", "invoke-rc.d nginx reload", "service nginx stop",
                 "service nginx status") == [0, 0, 0, 3]
    assert codes(container, "invoke-rc.d nginx start", "service redis-server stop",
                 "invoke-rc.d redis-server status") == [0, 0, 3]
    assert container.show("nginx.service", "ActiveState") == "active"

    assert codes(container, "update-rc.d nginx disable", "systemctl is-enabled nginx", "update-rc.d nginx enable",
                 "systemctl is-enabled nginx", "update-rc.d nginx defaults") == [0, 1, 0, 0, 0]
    helper = "DPKG_MAINTSCRIPT_PACKAGE=nginx deb-systemd-helper"
    assert codes(container, f"{helper} was-enabled nginx.service", f"{helper} mask nginx.service", "systemctl is-enabled nginx",
                 "systemctl start nginx", f"{helper} unmask nginx.service", "systemctl is-enabled nginx",
                 f"{helper} disable nginx.service", "systemctl is-enabled nginx") == [0, 0, 1, 1, 0, 0, 0, 1]
    assert codes(container, "deb-systemd-invoke stop nginx.service", "systemctl is-active nginx",
                 "deb-systemd-invoke start nginx.service", "systemctl is-active nginx") == [0, 3, 0, 3]     # it is disabled
    assert codes(container, "systemctl -q enable nginx", "deb-systemd-invoke start nginx.service",
                 "systemctl is-active nginx") == [0, 0, 0]


def test_a_script_without_a_unit(boot: Boot) -> None:
    """An LSB script of old is a service of its own: update-rc.d enables it, it boots, service and systemctl start and stop it."""
    container = boot(files={"etc/init.d/oldie": SYSV})
    container.wait_booted()
    assert container.show("oldie.service", "ActiveState") == "inactive"
    assert codes(container, "update-rc.d oldie defaults", "systemctl daemon-reload", "service oldie start",
                 "systemctl is-active oldie", "service oldie status") == [0, 0, 0, 0, 0]
    assert container.path("/etc/rc3.d/S01oldie").is_symlink()
    assert "12345" in container.systemctl("status", "oldie")
    assert codes(container, "systemctl restart oldie", "systemctl is-active oldie", "invoke-rc.d oldie stop",
                 "systemctl is-active oldie", "service oldie status") == [0, 0, 0, 3, 3]
    assert not any("12345" in process["command"] for process in container.processes())
