"""The life of the container: boot, "done", stop; and what signals to PID 1 mean.

In:  signals, finished jobs, requests to end.   Out: jobs for the engine, at the end an exit code for PID 1.
Never: waits; every step is taken when the engine has settled (settled() is called after each round).
Source: systemd(1) "SIGNALS", DESIGN 2; a TERM to PID 1 means "stop" here, since that is what container engines send.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Callable, Dict, Optional

from fastinit.errors import RequestError
from fastinit.plan.effects import ManagerAction
from fastinit.plan.record import UnitRecord
from fastinit.plan.states import Active, JobMode, JobType
from fastinit.run import boot, native
from fastinit.run.remaining import Remaining

if TYPE_CHECKING:
    from fastinit.run.manager import Manager

RTMIN = 34      # SIGRTMIN of glibc, which systemd(1) counts from; the kernel's own first two belong to the C library
HURRY_USEC = 2_000_000      # after a second stop signal no unit gets longer than this

EXIT_ACTIONS = {    # SuccessAction= and the like -> (whether running units are stopped first, exit code when none is given)
    "exit": (True, 0), "exit-force": (False, 0), "poweroff": (True, 0), "poweroff-force": (False, 0),
    "poweroff-immediate": (False, 0), "halt": (True, 0), "halt-force": (False, 0), "halt-immediate": (False, 0),
    "reboot": (True, 0), "reboot-force": (False, 0), "reboot-immediate": (False, 0), "soft-reboot": (True, 0),
    "soft-reboot-force": (False, 0), "kexec": (True, 0), "kexec-force": (False, 0),
}


class Lifecycle:
    """Decides when the manager is starting, running or stopping; its fields are saved with the manager's state."""

    def __init__(self, manager: "Manager", wanted: boot.Boot) -> None:
        self._manager = manager
        self._boot = wanted
        self._remaining = Remaining(manager.loop, manager.init_pid)
        self.explicit_units = wanted.units
        self.has_begun = False
        self.boot_finished = False
        self.exit_code: Optional[int] = None        # not None: stopping
        self.exit_action = ""
        self.hurried = False
        self._exit_requested = False
        self.holders = 0            # clients that must have their answer before the end
        stop = self._stop_signal
        self.signals: Dict[int, Callable[[int, int], None]] = {     # (signal, how many since last time)
            signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGPWR: stop,
            RTMIN + 3: stop, RTMIN + 4: stop, RTMIN + 5: stop, RTMIN + 6: stop, RTMIN + 24: stop,
            RTMIN + 13: self._immediate, RTMIN + 14: self._immediate, RTMIN + 15: self._immediate,
            RTMIN + 0: self._isolate("default.target"), RTMIN + 1: self._isolate("rescue.target"),
            RTMIN + 2: self._isolate("emergency.target"),
            signal.SIGHUP: self._reload,
            RTMIN + 25: lambda _signo, _count: self._manager.daemon_reexec(),
            signal.SIGUSR2: lambda _signo, _count: self._manager.log_states(),
        }

    def _reload(self, _signo: int, _count: int) -> None:
        self._manager.daemon_reload()

    @property
    def is_stopping(self) -> bool:
        return self.exit_code is not None

    # ---- boot -----------------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start default.target, or the units that were named. What cannot be started is said, and the rest goes on."""
        self.has_begun = True
        self._manager.touch_own()
        if self.is_stopping:
            return
        for name in (*(self.explicit_units or ("default.target",)), *self._boot.also):
            try:
                self._manager.engine_submit(name, JobType.START, JobMode.REPLACE, by_hand=False)
            except RequestError as error:
                self._manager.log("", 3, f"cannot start {name}: {error}")

    def settled(self) -> bool:
        """The engine has nothing more to do right now. Returns whether there is something to save or to do again."""
        if self.has_begun and not self.boot_finished and not self._manager.engine.jobs:
            self.boot_finished = True
            self._manager.boot_done()
            return True
        if self.is_stopping:
            self._finish_when_stopped()
        elif self.boot_finished and self._is_done():
            self.begin_exit(self._code_of_explicit_units(), "exit")
            return True
        return False

    def _is_done(self) -> bool:
        """What was booted has had its life: see Boot.until."""
        with_units = self._boot.is_over_with_its_units()
        if not with_units and self._boot.until != boot.PROCESSES:
            return False
        if with_units and self.explicit_units:
            return all(map(self._is_over, self.explicit_units))
        if self._manager.engine.jobs or any(map(_has_work, self._manager.engine.units.values())):
            return False
        return with_units or not self._remaining.any()

    def _is_over(self, name: str) -> bool:
        record = self._manager.engine.find(name)
        return record is None or (record.active in (Active.INACTIVE, Active.FAILED) and record.job is None)

    def _code_of_explicit_units(self) -> int:
        """0, or the exit code of the first unit that failed (1 where there is none)."""
        for name in self.explicit_units:
            record = self._manager.engine.find(name)
            if record is None or record.unit.load_state != "loaded":
                return 1
            if record.active is Active.FAILED:
                return record.main_exec.status if record.main_exec.code == 1 and record.main_exec.status else 1
        return 0

    # ---- stop -----------------------------------------------------------------------------------------------------------

    def begin_exit(self, code: int, action: str) -> None:
        """Stop every unit, then end with code. Called again: the first code stays, the rest of the stop is hurried."""
        if self.is_stopping:
            self._hurry()
            return
        self.exit_code, self.exit_action = code & 0xFF, action
        self._manager.stamp("shutdown-start")
        self._manager.system_state_changed()
        self._manager.log("", 5, f"Stopping all units ({action}).")
        stops_first, _ = EXIT_ACTIONS.get(action, (True, 0))
        if not stops_first:
            self._request_exit()
            return
        self._submit_stops()

    def act(self, effect: ManagerAction) -> None:
        """SuccessAction=, FailureAction= and their like."""
        if effect.action not in EXIT_ACTIONS:
            self._manager.log(effect.unit, 3, f"{effect.unit}: action {effect.action} means nothing in a container, ignored")
            return
        self._manager.log(effect.unit, 5, f"{effect.unit}: {effect.reason}: {effect.action}")
        _, code = EXIT_ACTIONS[effect.action]
        if effect.exit_status is not None and effect.action in ("exit", "exit-force"):      # the others have no exit status
            code = effect.exit_status
        self.begin_exit(code, effect.action)

    def resume(self) -> None:
        """A new manager goes on with the stop that an earlier one began."""
        if self.is_stopping:
            self._submit_stops()
            if self.hurried:
                self.hurried = False
                self._hurry()

    def _submit_stops(self) -> None:
        """shutdown.target pulls everything down in order; what has no default dependencies gets a stop job of its own."""
        submit = self._manager.engine_submit
        engine = self._manager.engine
        for wish in [job for job in engine.jobs.values() if job.irreversible and job.type is not JobType.STOP]:
            if wish.id in engine.jobs:      # one may take others along
                engine.cancel(wish.id)      # --job-mode=replace-irreversibly refuses every other job, but not the end
        try:
            submit("shutdown.target", JobType.START, JobMode.REPLACE_IRREVERSIBLY, by_hand=False)
        except RequestError as error:
            self._manager.log("", 4, f"cannot start shutdown.target: {error}")
        for name, record in list(engine.units.items()):
            job = engine.jobs.get(record.job or 0)
            is_up = record.active not in (Active.INACTIVE, Active.FAILED) or (job is not None and job.type is not JobType.STOP)
            if name == "shutdown.target" or record.unit.perpetual or not is_up or (job is not None and job.type is JobType.STOP):
                continue
            if record.active in (Active.INACTIVE, Active.FAILED) and job is not None and job.irreversible:
                continue        # part of the shutdown itself
            try:
                submit(name, JobType.STOP, JobMode.REPLACE_IRREVERSIBLY, by_hand=False)
            except RequestError as error:
                self._manager.log(name, 4, f"cannot stop {name}: {error}")

    def _finish_when_stopped(self) -> None:
        engine = self._manager.engine
        if not engine.jobs and not self._exit_requested and not self.holders:
            self._request_exit()

    def _request_exit(self) -> None:
        assert self.exit_code is not None
        self._exit_requested = True
        self._manager.goodbye()
        native.exit_request(self.exit_code)
        self._manager.loop.stop()

    def _hurry(self) -> None:
        if not self.hurried:
            self.hurried = True
            self._manager.touch_own()
            self._manager.log("", 5, f"Asked to stop a second time: units get at most {HURRY_USEC // 1_000_000} s from now.")
            self._manager.engine_hurry(HURRY_USEC)

    # ---- signals ----------------------------------------------------------------------------------------------------------

    def handle_signal(self, signo: int, count: int) -> None:
        handler = self.signals.get(signo)
        if handler is not None:
            handler(signo, count)

    def _stop_signal(self, signo: int, count: int) -> None:
        for _ in range(min(count, 2)):
            self.begin_exit(0, {RTMIN + 3: "halt", RTMIN + 5: "reboot"}.get(signo, "poweroff"))

    def _immediate(self, _signo: int, _count: int) -> None:
        self.begin_exit(0, "poweroff-immediate")

    def _isolate(self, target: str) -> Callable[[int, int], None]:
        def run(_signo: int, _count: int) -> None:
            try:
                self._manager.engine_submit(target, JobType.START, JobMode.ISOLATE)
            except RequestError as error:
                self._manager.log("", 3, f"cannot isolate {target}: {error}")
        return run

    # ---- saved state --------------------------------------------------------------------------------------------------------

    def dump(self) -> Dict[str, object]:
        return {"has_begun": self.has_begun, "boot_finished": self.boot_finished, "exit_code": self.exit_code,
                "exit_action": self.exit_action, "hurried": self.hurried, "explicit_units": list(self.explicit_units)}

    def restore(self, saved: Dict[str, object]) -> None:
        self.has_begun = bool(saved["has_begun"])
        self.boot_finished = bool(saved["boot_finished"])
        code = saved["exit_code"]
        self.exit_code = code if isinstance(code, int) else None
        self.exit_action = str(saved["exit_action"])
        self.hurried = bool(saved["hurried"])
        units = saved["explicit_units"]
        assert isinstance(units, list)
        self.explicit_units = tuple(str(name) for name in units)


def _has_work(record: UnitRecord) -> bool:
    """A service that runs, or will again (it waits for its restart); one that has exited and counts as active has none."""
    is_up = record.active not in (Active.INACTIVE, Active.FAILED)
    return is_up and record.unit.type == "service" and record.sub.value != "exited"
