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
