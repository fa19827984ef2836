"""Bad clients, many clients, clients without rights: the manager goes on."""

from __future__ import annotations

import os
import socket
from typing import List, Tuple

import pytest

from fastinit.control import frames
from fastinit.control.server import LONG_AT_ONCE
from fastinit.plan.states import Active
from tests.control.conftest import Client, read_frame

GARBAGE = {
    "not a request": frames.encode(frames.EXIT, b"\0"),
    "reserved bytes": b"\1\1\0\0\0\0\0\0",
    "too long": b"\1\0\0\0\xff\xff\xff\x7f",
    "no argv": frames.encode(frames.REQUEST, b"tty=000\0"),
    "empty": frames.encode(frames.REQUEST, b""),
    "no NUL": frames.encode(frames.REQUEST, b"tty=000\0\0systemctl"),
    "a fact without value": frames.encode(frames.REQUEST, b"tty\0\0systemctl\0"),
    "bad terminal": frames.encode(frames.REQUEST, b"tty=9\0\0systemctl\0"),
    "bad columns": frames.encode(frames.REQUEST, b"tty=111\0columns=-3\0\0systemctl\0"),
    "two requests": frames.encode(frames.REQUEST, b"tty=000\0\0systemctl\0") * 2,
    "text": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused(systemctl: Client, name: str) -> None:
    """One line says what is wrong, the exit code is 1, the next client is served."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(str(systemctl.running.path))
    sock.sendall(GARBAGE[name])
    code, out, err = systemctl.read(sock)
    assert (code, out) == (1, "") and err.startswith("Bad request: ") and err.count("\n") == 1
    assert systemctl("is-active", "web").code == 3


@pytest.mark.parametrize("words", [("edit", "web"), ("list-units", "--root=/x"), ("switch-root",), ("version",)])
def test_what_the_client_must_do_itself_is_said(systemctl: Client, words: Tuple[str, ...]) -> None:
    """LOCAL has no payload and is a frame all the same."""
    sock = systemctl.open(*words)
    assert read_frame(sock) == (frames.LOCAL, b"")
    sock.close()


def test_a_client_that_goes_away_leaves_its_job(systemctl: Client) -> None:
    """Ctrl-C at the client closes the connection; the job it has queued goes on."""
    sock = systemctl.open("start", "slow")
    kind, token = read_frame(sock)
    assert kind == frames.RESUME and token.endswith(b":slow.service")
    sock.close()
    systemctl.running.wait_until(lambda: not systemctl.running.server.clients)
    assert systemctl("is-active", "slow") == (3, "activating\n", "")
    systemctl.running.call(lambda: systemctl.manager.exits("slow.service", 1, 0))
    assert systemctl("is-active", "slow") == (3, "inactive\n", "")


def test_the_next_manager_goes_on_waiting(systemctl: Client) -> None:
    """A client that lost its manager asks the next one with what it was told; nothing is started twice."""
    first = systemctl.open("start", "slow")
    _, token = read_frame(first)
    first.close()
    second = systemctl.open("start", "slow", facts={b"resume": token})
    assert read_frame(second)[0] == frames.RESUME
    systemctl.running.call(lambda: systemctl.manager.exits("slow.service", 1, 9))
    code, _, err = systemctl.read(second)
    assert code == 1 and err.startswith("Job for slow.service failed because the control process exited with error code.")
    gone = systemctl.open("start", "slow", facts={b"resume": token})
    assert systemctl.read(gone).code == 1       # it has ended between the two managers: the unit's state tells how


def test_the_end_of_the_boot_wakes_who_waits_for_it(systemctl: Client) -> None:
    """is-system-running --wait, when no job or unit changes at the moment at which the manager says that the boot is over."""
    manager = systemctl.manager
    manager.boot_finished = False
    sock = systemctl.open("is-system-running", "--wait")
    systemctl.running.wait_until(lambda: systemctl.running.server.waiting)

    def finish() -> None:
        manager.boot_finished = True
        for callback in manager.on_system_state:
            callback()

    systemctl.running.call(finish)
    assert systemctl.read(sock) == (0, "running\n", "")


def test_no_block_does_not_wait(systemctl: Client) -> None:
    assert systemctl("start", "--no-block", "slow") == (0, "", "")
    code, out, _ = systemctl("list-jobs")
    assert code == 0 and out.splitlines()[0].split() == ["JOB", "UNIT", "TYPE", "STATE"]
    assert "slow.service start running" in out and out.endswith("\n\n1 jobs listed.\n")


def test_500_clients_at_once(systemctl: Client) -> None:
    """All of them are answered; half of them say nothing for a while, and cost nobody anything."""
    silent = []
    for _ in range(250):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(str(systemctl.running.path))
        silent.append(sock)
    asking = [systemctl.open("is-active", "web") for _ in range(250)]
    assert {systemctl.read(sock) for sock in asking} == {(3, "inactive\n", "")}
    for sock in silent:
        sock.close()
    systemctl.running.wait_until(lambda: not systemctl.running.server.clients)


def test_a_client_that_never_reads(systemctl: Client) -> None:
    """Its verb rests once the buffer is full; others are served; memory stays bounded."""
    def fill() -> None:
        for at in range(20_000):
            systemctl.manager.environment[f"VARIABLE_{at}"] = "x" * 50

    systemctl.running.call(fill)
    deaf = [systemctl.open("show-environment") for _ in range(5)]
    assert systemctl("is-active", "web").code == 3
    held = systemctl.running.call(lambda: [client._unsent_bytes for client in systemctl.running.server.clients.values()])
    assert isinstance(held, list) and all(count < 9 << 20 for count in held)
    assert len(systemctl.read(deaf[0]).out) > 1_000_000
    for sock in deaf:
        sock.close()


def test_an_answer_that_no_buffer_holds_costs_its_client_the_connection(systemctl: Client) -> None:
    """show-environment is one piece; a client that reads none of 12 MiB is dropped, whatever it was in the middle of."""
    def fill() -> None:
        for at in range(200):
            systemctl.manager.environment[f"VARIABLE_{at}"] = "x" * 60_000

    systemctl.running.call(fill)
    deaf = [systemctl.open("show-environment") for _ in range(3)]
    systemctl.running.wait_until(lambda: not systemctl.running.server.clients)
    assert systemctl("is-active", "web").code == 3
    for sock in deaf:
        sock.close()


def test_a_short_answer_does_not_wait_for_long_ones(systemctl: Client) -> None:
    """60 clients ask for ever and read it all; one that comes last and asks for a word has it; few are at work at any time."""
    server = systemctl.running.server
    endless = "[Service]\nExecStart=/bin/plain\n"
    for at in range(100):
        (systemctl.manager.root / f"etc/systemd/system/many{at}.service").write_text(endless)
    assert systemctl("start", *(f"many{at}" for at in range(100))).code == 0
    asking = [systemctl.open("show", "*") for _ in range(60)]
    systemctl.running.wait_until(lambda: len(server._at_work) == LONG_AT_ONCE)
    assert systemctl("is-active", "web").code == 3
    assert len(server.clients) > 40 and len(server._at_work) <= LONG_AT_ONCE
    whole = systemctl.read(asking.pop(0)).out
    assert whole.count("\nId=many") == 100
    for sock in asking:
        sock.close()
    systemctl.running.wait_until(lambda: not server.clients and not server._at_work)


def test_an_ordinary_user_may_look_but_not_touch(systemctl: Client) -> None:
    """Rights come from the kernel's peer credentials; the answer is systemd's."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    os.chmod(systemctl.running.path, 0o666)
    os.chmod(systemctl.running.path.parent, 0o755)
    answers: List[int] = []
    for words, code in ((("is-active", "web"), 3), (("start", "web"), 4), (("daemon-reload",), 4), (("halt",), 4)):
        child = os.fork()
        if child == 0:
            try:
                os.chdir(systemctl.running.path.parent)
                os.setresuid(65534, 65534, 65534)
                systemctl.running.path = type(systemctl.running.path)("control")
                os._exit(systemctl(*words).code)
            finally:
                os._exit(99)
        answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - code)
    assert answers == [0, 0, 0, 0]
    assert systemctl.manager.engine.get("web.service").active is Active.INACTIVE
    assert systemctl.manager.exit_asked is None


def test_halt_is_answered_first(systemctl: Client) -> None:
    """The client may be one of the processes that a halt ends: it has its exit code before that begins."""
    assert systemctl("halt") == (0, "", "")
    systemctl.running.wait_until(lambda: systemctl.manager.exit_asked == (0, "halt"))
    assert systemctl(program="poweroff").code == 0
    assert systemctl("exit", "7").code == 0
    systemctl.running.wait_until(lambda: systemctl.manager.exit_asked == (7, "exit"))
