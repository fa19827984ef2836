"""Debian's nginx, redis and cron, from Debian's own unit files."""

from __future__ import annotations

from typing import Callable

import pytest

from .harness import Container

Boot = Callable[..., Container]
SERVICES = ("nginx.service", "redis-server.service", "cron.service")
FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1/', timeout=5).read().decode())"
ORPHANS = """
import os, sys, time
for _ in range(int(sys.argv[1]) // 50):
    parent = os.fork()
    if parent == 0:
        for _ in range(50):
            if os.fork() == 0:
                os.read(0, 1)       # /dev/null: at once, after the parent has had its turn or before
                os._exit(7)
        os._exit(0)
    os.waitpid(parent, 0)
"""


def test_debians_services_serve_and_end_cleanly(boot: Boot) -> None:
    """nginx answers HTTP, redis its real client, cron runs a job; podman stop takes less than 2 s, code 0, nothing is lost."""
    container = boot(files={"etc/cron.d/test": "* * * * * root touch /var/tmp/cron-was-here\n",
                            "etc/nginx/modules-enabled/99-log.conf": "error_log /var/log/nginx/notices.log notice;\n"})
    assert container.wait_booted() == "running", container.systemctl("list-units", "--failed") + container.log()
    assert [container.show(unit, "ActiveState") for unit in SERVICES] == ["active"] * 3
    assert "Welcome to nginx" in container.python(FETCH)
    assert container.run("redis-cli", "ping").stdout.strip() == "PONG"
    assert container.run("redis-cli", "set", "kept", "yes").stdout.strip() == "OK"
    container.wait("cron has run its job", lambda: container.path("/var/tmp/cron-was-here").exists(), 70)

    seconds, code = container.stop()

    assert code == 0, container.log()
    assert seconds < 2.0, container.log()
    notices = container.copy_out("/var/log/nginx/notices.log")
    assert "shutting down" in notices and notices.rstrip().endswith(": exit"), notices
    assert "DB saved on disk" in container.copy_out("/var/log/redis/redis-server.log")
    assert b"kept" in container.copy_out("/var/lib/redis/dump.rdb").encode(errors="replace")


def test_two_thousand_orphans_are_reaped(boot: Boot) -> None:
    """None is left as a zombie, each is counted, and no unit notices."""
    container = boot()
    container.wait_booted()
    before = counter(container, "reaped_orphans")
    container.run("python3", "-c", ORPHANS, "2000")
    container.wait("no zombie is left", lambda: not any(process["state"] == "Z" for process in container.processes()))
    assert counter(container, "reaped_orphans") - before >= 2000
    assert [container.show(unit, "ActiveState") for unit in SERVICES] == ["active"] * 3


def counter(container: Container, name: str) -> int:
    return int(container.python("import json, subprocess, sys; "
                                "print(json.loads(subprocess.check_output(['fastinit', 'stats', '--json']))[sys.argv[1]])", name))


LATENCY = """
import os, select, sys, time
SAMPLES, taken = 50, []
for _ in range(SAMPLES):
    read_fd, write_fd = os.pipe()
    go_read, go_write = os.pipe()
    parent = os.fork()
    if parent == 0:
        orphan = os.fork()
        if orphan == 0:
            os.close(write_fd)
            os.read(go_read, 1)
            os._exit(0)
        os.write(write_fd, str(orphan).encode())
        os._exit(0)
    os.waitpid(parent, 0)
    orphan = int(os.read(read_fd, 20))
    pidfd = os.pidfd_open(orphan)
    os.write(go_write, b"1")
    select.select([pidfd], [], [])          # readable when it has died
    died = time.monotonic()
    while True:                             # gone when it has been reaped: signal 0 does not find it
        try:
            os.kill(orphan, 0)
        except ProcessLookupError:
            break
    taken.append(time.monotonic() - died)
    for fd in (read_fd, write_fd, go_read, go_write, pidfd):
        os.close(fd)
print(sorted(taken)[SAMPLES // 2], max(taken))
"""


def test_an_orphan_is_gone_within_ten_milliseconds(boot: Boot) -> None:
    """From its death, as its pidfd tells, until its pid is free."""
    container = boot()
    container.wait_booted()
    median, worst = map(float, container.python(LATENCY).split())
    assert median < 0.010, f"median {median * 1000:.2f} ms, worst of 50 {worst * 1000:.2f} ms"


@pytest.mark.parametrize("path", ["/usr/bin/systemctl", "/sbin/init", "/usr/sbin/init"])
def test_every_name_of_the_init_boots(boot: Boot, path: str) -> None:
    """As /usr/bin/systemctl and as /sbin/init it is the init, and systemctl talks to it."""
    container = boot(path)
    assert container.wait_booted() == "running", container.log()
    assert container.read("/proc/1/comm").strip() in ("systemd", "init")
    assert "list-units" in container.systemctl("--help")
    assert "nginx.service" in container.systemctl()
    assert container.stop()[1] == 0


def test_the_manager_may_be_killed(boot: Boot) -> None:
    """All services go on, status is right within a second, and what died in between is restarted as its Restart= says."""
    container = boot()
    container.wait_booted()
    before = {unit: container.main_pid(unit) for unit in SERVICES}
    manager = container.manager()
    assert manager is not None
    container.run("kill", "-9", manager["pid"], str(before["cron.service"]))

    new = container.wait("another manager answers", lambda: container.code("is-active", "nginx.service") == 0
                         and (container.manager() or manager)["pid"] != manager["pid"], 5)

    assert new < 1.0 + 0.5, "0.5 s: what podman exec itself takes"
    assert container.main_pid("nginx.service") == before["nginx.service"]
    assert container.main_pid("redis-server.service") == before["redis-server.service"]
    assert f"Main PID: {before['nginx.service']} (nginx)" in container.systemctl("status", "nginx.service")
    container.wait("cron runs again", lambda: container.main_pid("cron.service") not in (0, before["cron.service"]))
    assert container.show("cron.service", "NRestarts") == "1"
    assert container.run("redis-cli", "ping").stdout.strip() == "PONG"
    seconds, code = container.stop()
    assert (code, seconds < 2.0) == (0, True), container.log()
