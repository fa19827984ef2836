"""What a service has parked with us outlives it as FileDescriptorStorePreserve= says, and shows in its state."""

from __future__ import annotations

import pytest

from fastinit.plan.states import Active
from tests.plan.harness import FakeRun, service


def parked(preserve: str, **settings: object) -> FakeRun:
    run = FakeRun(service(notify_access="all", file_descriptor_store_max=3, file_descriptor_store_preserve=preserve, **settings))
    run.start()
    run.notify(fds=2, FDSTORE="1")
    assert run.record().fd_store_count == 2
    return run


@pytest.mark.parametrize(("preserve", "sub", "count"), [("yes", "dead-resources-pinned", 2), ("restart", "dead", 0), ("no", "dead", 0)])
def test_after_a_stop(preserve: str, sub: str, count: int) -> None:
    run = parked(preserve)
    run.stop()
    assert (run.record().active, run.sub(), run.record().fd_store_count) == (Active.INACTIVE, sub, count)
    run.restart_manager()
    assert (run.sub(), run.record().fd_store_count) == (sub, count)
    run.start()
    assert (run.sub(), run.record().fd_store_count) == ("running", count)


def test_after_a_failure() -> None:
    """It is failed, whatever is kept; then reset."""
    run = parked("yes")
    run.exit(status=3)
    assert (run.sub(), run.record().fd_store_count) == ("failed", 2)
    run.engine.reset_failed("a.service")
    assert (run.sub(), run.record().active) == ("dead-resources-pinned", Active.INACTIVE)


def test_a_restart_that_is_called_off() -> None:
    run = parked("yes", restart="always", restart_usec=5_000_000)
    run.exit(status=0)
    assert run.sub() == "auto-restart"
    run.stop()
    assert (run.sub(), run.record().fd_store_count) == ("dead-resources-pinned", 2)


def test_what_is_cleaned_is_gone() -> None:
    run = parked("yes")
    run.stop()
    run.engine.release_fds("a.service")
    assert (run.sub(), run.record().fd_store_count) == ("dead", 0)
    run.engine.release_fds("a.service")
    assert run.sub() == "dead"


def test_a_message_that_comes_when_it_is_down_parks_nothing() -> None:
    run = parked("yes")
    run.stop()
    run.notify(fds=1, FDSTORE="1")
    assert (run.sub(), run.record().fd_store_count) == ("dead-resources-pinned", 2)
