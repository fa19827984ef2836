"""The view of a manager where none runs: what the files say, everything inactive, nothing queued.

In:  a root directory.   Out: what control/ wants of a manager (control/api.py).
Never: starts, stops or signals anything; a verb that would have to is not offered here (fastinit.cli.local decides).
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from fastinit.control.api import LogEntryApi, LoopApi
from fastinit.errors import FastinitError
from fastinit.plan.effects import JobFinished, StateChanged
from fastinit.plan.engine import Engine
from fastinit.plan.record import Job
from fastinit.plan.states import JobMode, JobType
from fastinit.run.boot import passed
from fastinit.units.config import ManagerConfig, load_config
from fastinit.units.loader import Loader
from fastinit.units.model import Unit


class NoLoop:
    """Nothing happens here by itself, so nothing can be waited for."""

    def watch(self, fd: int, mask: int, callback: Callable[[int, int], None], can_wait: bool = False) -> None:
        raise FastinitError("no manager is running")

    def modify(self, fd: int, mask: int) -> None:
        raise FastinitError("no manager is running")

    def unwatch(self, fd: int) -> None:
        raise FastinitError("no manager is running")

    def call_at(self, usec: int, callback: Callable[[], None]) -> "NoTimer":
        raise FastinitError("no manager is running")

    def call_idle(self, callback: Callable[[], None]) -> None:
        raise FastinitError("no manager is running")

    def is_wanted(self) -> bool:
        return False


class NoTimer:
    def cancel(self) -> None:
        """Nothing was armed."""


class OfflineManager:
    """ManagerApi over files alone."""

    def __init__(self, root: str = "", user: bool = False) -> None:
        self.config: ManagerConfig = load_config(root, user)
        self.loader = Loader(root=root, config=self.config, user=user)
        self.engine = Engine(self.loader.load)
        self.engine.now_usec = time.monotonic_ns() // 1000
        self.engine.now_realtime_usec = time.time_ns() // 1000
        self.loop: LoopApi = NoLoop()
        self.in_init = False
        self.boot_realtime_usec = 0
        self.stamps: Mapping[str, Tuple[int, int]] = {}
        self.explicit_units: Tuple[str, ...] = ()
        self.environment: Dict[str, str] = {}
        self.inherited_environment: Mapping[str, str] = passed(os.environ)      # as a manager that starts now would have it
        self.on_job_finished: List[Callable[[JobFinished], None]] = []
        self.on_state_changed: List[Callable[[StateChanged], None]] = []
        self.on_system_state: List[Callable[[], None]] = []

    def engine_submit(self, name: str, job_type: JobType, mode: JobMode = JobMode.REPLACE) -> Job:
        """Only jobs that have nothing to do come here: stop and its like of units that do not run."""
        return self.engine.submit(name, job_type, mode)

    def pump(self) -> None:
        for effect in self.engine.take_effects():
            if isinstance(effect, JobFinished):
                for callback in list(self.on_job_finished):
                    callback(effect)

    def pids_of(self, name: str) -> List[int]:
        return []

    def unit_of_pid(self, pid: int) -> Optional[str]:
        return None

    def log_tail(self, name: str, count: int) -> Sequence[LogEntryApi]:
        return []

    def signal_unit(self, name: str, signo: int, whom: str = "all", value: Optional[int] = None) -> int:
        return 0

    def daemon_reload(self) -> Callable[[], bool]:
        """Nothing is kept that could be stale."""
        return lambda: True

    @contextlib.contextmanager
    def read_ahead(self, names: Sequence[str]) -> Iterator[Iterator[Unit]]:
        """Nobody else is served meanwhile."""
        yield iter(())

    def daemon_reexec(self) -> None:
        """There is no manager to replace."""

    def release_fds(self, name: str) -> None:
        """Nothing is kept without a manager."""

    def begin_exit(self, code: int, action: str) -> None:
        raise FastinitError("no manager is running")

    def hold_exit(self, wanted: bool) -> None:
        """Nothing ends."""

    def retire(self) -> None:
        """Nobody listens."""

    def extra_environment(self, unit: str = "") -> Tuple[str, ...]:
        return ()

    def set_extra_environment(self, unit: str, words: Sequence[str]) -> None:
        """Nothing is started."""

    def state(self) -> str:
        return "offline"

    def counters(self) -> Dict[str, object]:
        return {}

    def touch_own(self) -> None:
        """Nothing is kept."""

    def make_unit(self, name: str, text: str) -> None:
        raise FastinitError("no manager is running")

    def hold_unit(self, name: str) -> None:
        raise FastinitError("no manager is running")

    def release_unit(self, name: str) -> None:
        raise FastinitError("no manager is running")

    def offer_process(self, name: str, pid: int) -> None:
        raise FastinitError("no manager is running")

    def hand_streams(self, name: str, fds: Sequence[int]) -> None:
        raise FastinitError("no manager is running")
