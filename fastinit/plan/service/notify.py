"""What a service says of itself: sd_notify(3), as events of the table and fields of the record.

In:  a message whose sender run/ has found out.   Out: steps, effects.
Never: believes a number or a name that it has not checked.
Source: sd_notify(3), systemd.service(5) "NotifyAccess=".
"""

from __future__ import annotations

from typing import Mapping

from fastinit.plan.effects import RemoveFds, StoreFds, Untrack
from fastinit.plan.events import Notified
from fastinit.plan.record import UnitRecord
from fastinit.plan.service.machine import Machine
from fastinit.plan.service.processes import service_of
from fastinit.plan.service.table import DOWN, RELOADS, STARTING, STOP_SIGNALS, WAITING_TO_RESTART, WATCHED_BY_WATCHDOG, Ev
from fastinit.plan.states import Sub
from fastinit.plan.world import RECORD_FIELDS, RUNTIME, STATE, WATCHDOG
from fastinit.units.model import USEC_INFINITY
from fastinit.units.values import PID_MAX, parse_digits

ERRNO_MAX = 4095            # include/linux/err.h: MAX_ERRNO


class Notifications(Machine):
    """A service that talks to us."""

    def on_notified(self, record: UnitRecord, event: Notified) -> None:
        if record.sub in (*DOWN, *WAITING_TO_RESTART) or not self._may_notify(record, event):
            self._leave_main_pid(record, event)
            return
        fields = event.fields
        self.world.touch(record)
        if "MAINPID" in fields:
            self._take_main_pid(record, event)
        self._take_texts(record, fields)
        self._take_times(record, fields)
        self._take_state(record, fields)
        self._take_fds(record, event)

    def _may_notify(self, record: UnitRecord, event: Notified) -> bool:
        access = service_of(record).notify_access
        if access == "none" and service_of(record).type in ("notify", "notify-reload"):
            access = "main"
        allowed = {"none": False, "main": event.is_main, "exec": event.is_main or event.is_control, "all": True}[access]
        if not allowed:
            why = "reception is disabled." if access == "none" else (
                f"reception only permitted for main PID {record.main_pid}" if access == "main" else
                "reception only permitted for main PID and control PID")
            self._say(record, 4, f"Got notification message from PID {event.pid}, but {why}")
        return allowed

    def _take_main_pid(self, record: UnitRecord, event: Notified) -> None:
        text = event.fields["MAINPID"]
        pid = parse_digits(text, PID_MAX)
        if not event.main_pid_valid or not pid:
            self._say(record, 4, f"Got notification message with invalid MAINPID={text}, ignoring.")
            return
        if record.sub in (*STARTING, Sub.RUNNING, *RELOADS, Sub.STOP, *STOP_SIGNALS):
            self._adopt_main(record, pid)
            if record.sub in (Sub.START, Sub.START_POST) and record.watching_pid_file:
                self._unwatch_pid_file(record)
                self._step(record, Ev.PID)
        else:
            self._leave_main_pid(record, event)

    def _leave_main_pid(self, record: UnitRecord, event: Notified) -> None:
        """run/ tracks what MAINPID= names before it tells; what is not taken must not be tracked for the rest of its life."""
        pid = parse_digits(event.fields["MAINPID"], PID_MAX) if event.main_pid_valid else None
        if pid and pid not in (record.main_pid, record.control_pid):
            self.world.emit(Untrack(record.unit.name, pid))

    def _take_texts(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        if "STATUS" in fields:
            record.status_text = fields["STATUS"]
        if "ERRNO" in fields:
            number = parse_digits(fields["ERRNO"], ERRNO_MAX)
            if number is not None:
                record.status_errno = number
            else:
                self._say(record, 4, f"Failed to parse ERRNO= field value '{fields['ERRNO']}' in notification message.")
        if "EXIT_STATUS" in fields:
            record.notify_exit_status = fields["EXIT_STATUS"]

    def _take_times(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        watchdog_usec = parse_digits(fields.get("WATCHDOG_USEC", ""), USEC_INFINITY)
        if watchdog_usec is not None:
            record.watchdog_usec = watchdog_usec
            if record.sub in WATCHED_BY_WATCHDOG:
                self._pat_watchdog(record)
        if fields.get("WATCHDOG") == "1" and record.sub in WATCHED_BY_WATCHDOG:
            self._pat_watchdog(record)
        extension_usec = parse_digits(fields.get("EXTEND_TIMEOUT_USEC", ""), USEC_INFINITY)
        if extension_usec is not None:
            until = self.world.after(extension_usec)
            for kind in (STATE, RUNTIME, WATCHDOG):
                if getattr(record, RECORD_FIELDS[kind]) < until:
                    self.world.arm(record, kind, until)

    def _take_state(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        """STOPPING outweighs the others; READY and RELOADING together say that a reload has begun and ended."""
        if fields.get("STOPPING") == "1":
            record.notify_state, record.stop_asked = "stopping", True
            self._step(record, Ev.STOPPING)
        else:
            if fields.get("RELOADING") == "1":
                self._take_reloading(record, fields)
            if fields.get("READY") == "1":
                self._take_ready(record, fields)
        if fields.get("WATCHDOG") == "trigger":
            if record.sub in WATCHED_BY_WATCHDOG:
                self._say(record, 4, "Watchdog request by the service itself.")
            self._step(record, Ev.WATCHDOG)

    def _take_reloading(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        combined = fields.get("READY") == "1"
        record.notify_state = "ready" if combined else "reloading"
        if record.sub is Sub.RELOAD_SIGNAL:
            stamp = parse_digits(fields.get("MONOTONIC_USEC", ""), USEC_INFINITY)
            if stamp is None or stamp < record.reload_begin_usec:
                return      # it reloads for a reason that is older than our signal
            self._step(record, Ev.READY if combined else Ev.RELOADING)
        elif not combined:
            self._step(record, Ev.RELOADING)

    def _take_ready(self, record: UnitRecord, fields: Mapping[str, str]) -> None:
        record.notify_state = "ready"
        if record.sub is not Sub.RELOAD_SIGNAL:     # there only an answer to the signal counts
            self._step(record, Ev.READY)

    def _take_fds(self, record: UnitRecord, event: Notified) -> None:
        fields, service = event.fields, service_of(record)
        name = fields.get("FDNAME", "stored")
        if fields.get("FDSTORE") == "1" and event.fd_count > 0:
            room = service.file_descriptor_store_max - record.fd_store_count
            if room < event.fd_count:
                self._say(record, 4, "Got file descriptors to store, but the fd store is full or disabled, closing them.")
                return
            record.fd_store_count += event.fd_count
            self.world.emit(StoreFds(record.unit.name, name, fields.get("FDPOLL") != "0"))
        elif fields.get("FDSTOREREMOVE") == "1" and "FDNAME" in fields:
            self.world.emit(RemoveFds(record.unit.name, name))
