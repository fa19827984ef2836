"""Descriptors that outlive the manager."""

from __future__ import annotations

from pathlib import Path

from harness import run


def test_descriptors_are_handed_over(tmp_path: Path, mode: str) -> None:
    """Stored descriptors, several of one name included, come to the next manager in order, as sd_listen_fds(3) says."""
    said, _ = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    say(os.environ.get("LISTEN_FDS"))
    for name in ("one", "two", "two", "gone", "a b"):
        with open(os.environ["TMP"] + "/" + name, "a+") as f:
            f.write(name)
            f.flush()
            n.vault_store(name, f.fileno())
    say(n.vault_remove("gone"))
    say(n.vault_remove("gone"))
    os.kill(os.getpid(), 9)
fds = int(os.environ["LISTEN_FDS"])
names = os.environ["LISTEN_FDNAMES"].split(":")
say([int(os.environ["LISTEN_PID"]) == os.getpid(), names, [os.pread(3 + i, 99, 0).decode() for i in range(fds)]])
say(sorted(map(int, os.listdir("/proc/self/fd")))[:-1] == list(range(3 + fds + 4)))
n.exit_request(0); signal.pause()
""", mode)
    assert said == [None, 1, 0, [True, ["one", "two", "two", "a b"], ["one", "twotwo", "twotwo", "a b"]], True]


def test_store_before_death_counts(tmp_path: Path, mode: str) -> None:
    """A request that was sent but not answered when its manager died is carried out; garbage on the socket is refused."""
    said, _ = run(tmp_path, """
import socket, struct
m = memory()
m[0] += 1
fd = int(os.environ["FASTINIT_INIT_FD"])
if m[0] == 1:
    init = socket.socket(fileno=os.dup(fd))
    for garbage in (b"x", b"", b"\\xff" * 268, struct.pack("<IiI256s", 77, 0, 0, b""), struct.pack("<IiI256s", 2, 0, 999, b""), b"y" * 5000):
        if garbage:
            init.send(garbage)
            say(struct.unpack("<i", init.recv(4))[0])
    init.sendmsg([struct.pack("<IiI256s", 1, 0, 4, b"last")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("<i", 0))])
    os.kill(os.getpid(), 9)
say(os.environ.get("LISTEN_FDNAMES"))
bad = []
for name in ("", "a:b", "x" * 256, "tab\\t"):
    try:
        n.vault_store(name, 0)
    except OSError as e:
        bad.append(e.errno)
say(bad)
for i in range(3000):
    try:
        n.vault_store("x" * 200, 0)
    except OSError as e:
        say([i > 400, e.errno]); break
n.exit_request(0); signal.pause()
""", mode)
    assert said == [-22] * 5 + ["last", [22, 22, 36, 22], [True, 28]]
