"""`init A B` ends when A and B are done, whatever the units leave to be stopped."""

from __future__ import annotations

import pytest

ONESHOT = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit {code}'\n"


@pytest.mark.parametrize("code", [0, 7])
def test_nothing_is_left_to_be_stopped(boot, code):
    """No process runs any more: the stop is over in the round that began it, and no event follows that could wake us."""
    with boot({"x.service": ONESHOT.format(code=code)}, "x.service") as booted:
        assert booted.wait() == code
    assert "Asked to stop a second time" not in booted.console


ENDLESS = "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n"


def test_a_job_that_may_not_be_replaced_does_not_keep_the_container_up(boot):
    """--job-mode=replace-irreversibly refuses every other job, but for the end of all."""
    with boot({"x.service": ENDLESS, "keep.service": "[Service]\nExecStart=/bin/sleep infinity\n"}, "keep.service") as booted:
        booted.wait_booted()
        booted.systemctl("start", "--no-block", "--job-mode=replace-irreversibly", "x")
        assert booted.systemctl("stop", "x").returncode == 4
        assert booted.stop() == 0
        assert "cannot stop" not in booted.console and "cannot start" not in booted.console, booted.console
