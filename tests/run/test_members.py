"""A unit's processes are found by their tag, however they were forked."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from fastinit.run.members import RLIMIT_LOCKS, TAG_BASE, Members, is_alive, parent_pid, read_tag, tag_base

SUBREAPER = 36      # PR_SET_CHILD_SUBREAPER


def test_a_tag_is_read_back_from_any_process():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                             preexec_fn=lambda: resource.setrlimit(RLIMIT_LOCKS, (TAG_BASE + 7, TAG_BASE + 7)))
    try:
        assert read_tag(child.pid) == TAG_BASE + 7
        assert read_tag(os.getpid()) != TAG_BASE + 7
        assert is_alive(child.pid) and parent_pid(child.pid) == os.getpid()
    finally:
        child.communicate(b"\n")
    assert read_tag(child.pid) is None and not is_alive(child.pid) and parent_pid(child.pid) is None


def test_a_zombie_is_not_alive():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(pid)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("has_children_files", [True, False])
def test_a_double_forked_daemon_and_its_children_belong_to_their_unit(has_children_files):
    """Run in a process of its own, which becomes a subreaper as init would be."""
    program = textwrap.dedent(f"""
        import ctypes, os, resource, signal, sys
        from fastinit.run.members import Members, RLIMIT_LOCKS
        ctypes.CDLL(None).prctl({SUBREAPER}, 1, 0, 0, 0)
        tag = {TAG_BASE} + 3
        ready_r, ready_w = os.pipe()
        first = os.fork()
        if first == 0:
            resource.setrlimit(RLIMIT_LOCKS, (tag, tag))
            if os.fork() == 0:                      # the daemon
                if os.fork() == 0:                  # its worker
                    os.write(ready_w, b"%d\\n" % os.getpid())
                    signal.pause()
                os.write(ready_w, b"%d\\n" % os.getpid())
                signal.pause()
            os._exit(0)
        os.waitpid(first, 0)
        reader = os.fdopen(ready_r)
        pids = sorted([int(reader.readline()), int(reader.readline())])
        members = Members(os.getpid())
        members._has_children_files = {has_children_files}
        assert sorted(members.pids_of(tag, [])) == pids, (members.pids_of(tag, []), pids)
        assert members.pids_of(tag + 1, []) == []
        assert len(members.orphans_of(tag)) == 1
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for _ in pids:
            os.wait()
        members.new_round()
        assert members.pids_of(tag, []) == []
        print("ok")
    """)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert result.stdout == "ok\n", result.stderr


def test_inside_another_fastinit_the_tags_stay_below_its_own():
    _, hard = resource.getrlimit(RLIMIT_LOCKS)
    if hard != resource.RLIM_INFINITY:
        pytest.skip("RLIMIT_LOCKS is already limited here")
    assert tag_base() == TAG_BASE
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(RLIMIT_LOCKS, (TAG_BASE + 9, TAG_BASE + 9))
        os.write(writer, b"%d" % tag_base())
        os._exit(0)
    os.waitpid(pid, 0)
    nested = int(os.read(reader, 64))
    os.close(reader)
    os.close(writer)
    assert 0 < nested < TAG_BASE + 9 - 2**32


def test_pids_of_a_live_main_process_include_its_children():
    child = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    try:
        assert Members(1).pids_of(0, [child.pid]) == [child.pid, grandchild]
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
