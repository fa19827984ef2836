"""Descriptors that outlive the manager."""

from __future__ import annotations

from pathlib import Path

from harness import run


def test_descriptors_are_handed_over(tmp_path: Path, mode: str) -> None:
    """Stored descriptors, several of one name included, come to the next manager in order."""
    said, _ = run(tmp_path, """
m = memory()
m[0] += 1
if m[0] == 1:
    say(vault_names())
    for name in ("one", "two", "two", "gone", "a b"):
        with open(os.environ["TMP"] + "/" + name, "a+") as f:
            f.write(name)
            f.flush()
            n.vault_store(name, f.fileno())
    say(n.vault_remove("gone"))
    say(n.vault_remove("gone"))
    os.kill(os.getpid(), 9)
names = vault_names()
say([names, [os.pread(3 + i, 99, 0).decode() for i in range(len(names))]])
say(sorted(map(int, os.listdir("/proc/self/fd")))[:-1] == list(range(3 + len(names) + 5)))
n.exit_request(0); signal.pause()
""", mode)
    assert said == [[], 1, 0, [["one", "two", "two", "a b"], ["one", "twotwo", "twotwo", "a b"]], True]


def test_two_at_once(tmp_path: Path, mode: str) -> None:
    """A pair comes in order; what cannot be kept is an error that leaves no answer behind for the next request."""
    said, _ = run(tmp_path, """
import errno
m = memory()
m[0] += 1
if m[0] == 1:
    ours, theirs = os.pipe()
    os.write(theirs, b"in the pipe")
    n.vault_store_pair("read", ours, "write", theirs)
    for names in (("a:b", "good"), ("better", "a:b"), ("", "")):
        try:
            n.vault_store_pair(names[0], ours, names[1], theirs)
            say("stored")
        except OSError as error:
            say(errno.errorcode[error.errno])
    say([n.vault_remove(name) for name in ("good", "better", "none")])
    os.kill(os.getpid(), 9)
say(vault_names())
say(os.read(3, 99).decode())
n.exit_request(0); signal.pause()
""", mode)
    assert said == ["EINVAL", "EINVAL", "EINVAL", [1, 1, 0], ["read", "write"], "in the pipe"]


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
say(vault_names())
bad = []
for name in ("", "a:b", "x" * 256, "tab\\t"):
    try:
        n.vault_store(name, 0)
    except OSError as e:
        bad.append(e.errno)
say(bad)
n.exit_request(0); signal.pause()
""", mode)
    assert said == [-22] * 5 + [["last"], [22, 22, 36, 22]]


def test_thousands_of_descriptors(tmp_path: Path, mode: str) -> None:
    """More than half of what the limit of descriptors allows, in places that are others' in the next manager: each comes by its name."""
    said, _ = run(tmp_path, """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
many = min(8000, hard * 2 // 3)
m = memory()
m[0] += 1
if m[0] < 3:
    for i in range(many * (m[0] - 1) // 2, many * m[0] // 2):
        fd = os.memfd_create("x")
        os.write(fd, b"%d" % i)
        n.vault_store("log-read/a-service-with-a-name-of-ordinary-length-%d" % i, fd)
        os.close(fd)
        if i % 3 == 0:
            assert (n.vault_remove("log-read/a-service-with-a-name-of-ordinary-length-%d" % i) == 1), i
    os.kill(os.getpid(), 9)
names = vault_names()
wanted = [i for i in range(many) if i % 3]
say(names == ["log-read/a-service-with-a-name-of-ordinary-length-%d" % i for i in wanted])
say([int(os.pread(3 + at, 99, 0)) for at in range(len(names))] == wanted)
n.exit_request(0); signal.pause()
""", mode)
    assert said == [True, True]
