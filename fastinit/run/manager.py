"""The manager: joins the engine, the kernel and the clients in one process that may die at any moment.

In:  what PID 1 forwards (exits, signals, descriptors), notify datagrams, requests from control/.
Out: effects carried out; before each one, the state that led to it is saved where the next manager finds it.
Order of a round: events -> engine -> save -> effects -> answers -> engine -> save …; only then are the events marked as handled.
Never: blocks, ends because of input.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from fastinit.journal import store as log_store
from fastinit.journal.capture import Source
from fastinit.plan.effects import REPEATABLE, JobFinished, ManagerAction, StateChanged
from fastinit.plan.engine import Engine
from fastinit.plan.events import Event, Exited, Notified
from fastinit.plan.record import Job, UnitRecord, tracked_pids
from fastinit.plan.states import Active, JobMode, JobType
from fastinit.run import fdstore, native, notify, runtime, virt
from fastinit.run.boot import NOT_INHERITED, NOTHING, Boot, passed
from fastinit.run.conditions.facts import Facts
from fastinit.run.generators import Generators
from fastinit.run.lifecycle import Lifecycle
from fastinit.run.logs import INIT_SCOPE, Logs
from fastinit.run.loop import READABLE, WRITTEN, Loop, Timer, monotonic_usec, realtime_usec
from fastinit.run.members import Members, tag_base
from fastinit.run.perform import ADOPTED, ID_MASK, MEMBER, Performer
from fastinit.run.reading import Heap, Reload, walk
from fastinit.run.store import Store, StoreError
from fastinit.run.transient import HANDED, TransientUnits
from fastinit.units.config import ManagerConfig, load_config
from fastinit.units.implicit import is_below
from fastinit.units.loader import Loader, is_transient
from fastinit.units.model import USEC_INFINITY, Unit
from fastinit.units.values import PID_MAX, parse_digits

EXITS_PER_ROUND = 256
N_SIGNALS = 64
FORGOTTEN_PER_ROUND = 40        # units that may be forgotten are looked at, 25 us each
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Manager:
    """See the module's text. The attributes without underscore are what control/ may use."""

    def __init__(self, boot: Boot, paths: runtime.Paths, inherited: Mapping[str, List[int]],
                 environment: Mapping[str, str], file_limit: Tuple[int, int], user: bool = False) -> None:
        self.paths = paths
        self.user = user
        self.init_pid = os.getppid()
        self.in_init = self.init_pid == 1
        self.loop = Loop()
        self.members = Members(self.init_pid)
        self.facts = Facts(environ=lambda: {**self.own_environment, **self.environment})
        self.environment: Dict[str, str] = {"PATH": environment.get("PATH", DEFAULT_PATH)}
        if user:        # a session's variables are for everything that runs in it
            self.environment.update({name: value for name, value in environment.items() if name not in NOT_INHERITED})
        self.on_job_finished: List[Callable[[JobFinished], None]] = []
        self.on_state_changed: List[Callable[[StateChanged], None]] = []
        self.on_system_state: List[Callable[[], None]] = []
        self.to_settle: List[int] = []
        self.fd_store = fdstore.FdStore(native.vault_store, native.vault_remove)
        self.lifecycle = Lifecycle(self, boot)
        self.boot_realtime_usec = realtime_usec()
        self.boot_usec = monotonic_usec()
        self.stamps: Dict[str, Tuple[int, int]] = {"userspace": (self.boot_realtime_usec, self.boot_usec)}
        self.own_environment = dict(environment)
        self.inherited_environment: Mapping[str, str] = passed(environment) if boot.passes_environment else {}
        self._extra = boot.extra
        self._extra_of: Dict[str, List[str]] = {}       # of units that were started with words of their own
        self._store = Store(native.state_memory())
        self._touched: Set[str] = set()
        self._own_touched = True
        self._next_tag = self._next_scope_tag = tag_base()      # the last one of a scope
        self._unit_of_tag: Dict[int, str] = {}
        self._seq = 0                               # of the last exit event that was handled
        self._saved_seq = 0
        self._signals_seen: Dict[int, int] = {}
        self._signal_total = -1                     # of all signals, when they were looked at last
        self._notified_fds: List[int] = []
        self._warned: Set[str] = set()
        self._tick_timer: Optional[Timer] = None
        self._pumping = False
        self._heap = Heap()
        self._is_round_due = False
        runtime.prepare(paths, self._store.is_new, boot.units != NOTHING)
        self.logs = Logs(self.loop, paths.logs, self._log_source, lambda: self.config)
        self.file_limit = file_limit
        self.config: ManagerConfig = load_config(user=user)
        self.loader = Loader(config=self.config, user=user)
        self._apply_config(ManagerConfig())
        self.engine = Engine(self.load_unit, _pick)
        self.engine.watchdogs = self.config.service_watchdogs
        self.transient = TransientUnits(self)
        self._performer = Performer(self)
        self._generators = self._make_generators()
        self._reload = Reload(self.loop, self._generators, self._read_again)
        self._restore_or_boot(inherited)

    # ---- start ------------------------------------------------------------------------------------

    def _restore_or_boot(self, inherited: Mapping[str, List[int]]) -> None:
        for name, fds in inherited.items():
            if name.startswith(fdstore.PREFIX):
                for fd in fds:
                    self.fd_store.restore(name, fd)
            elif name.startswith(HANDED):
                self.transient.restore_streams(name, fds)
        self.logs.adopt(inherited)
        self.control_socket = self._socket("control", inherited, lambda: runtime.listen(self.paths.control, 0o666))
        self._notify_socket = notify.prepare(self._socket("notify", inherited, lambda: notify.open_socket(self.paths.notify)))
        self.loop.watch(self._notify_socket.fileno(), READABLE, self._notify_ready)
        self.loop.watch(native.wake_fd(), WRITTEN, self._woken)
        self._set_clock()
        if self._store.is_new:
            runtime.write_identity(self.paths, self.own_environment)
            self.stamp("generators-start")
            self._generators.run(self._boot)
        else:
            self._restore(self._store.load())
        self.engine.raise_perpetual(("-.slice", INIT_SCOPE) if self.user else ("-.slice", "system.slice", INIT_SCOPE))

    def _boot(self) -> None:
        self.stamp("generators-finish")
        self.stamp("units-load-start")
        self._use(*self._read_config())
        self.lifecycle.boot()
        self.stamp("units-load-finish")     # a unit is loaded when another one names it: default.target has named all

    def stamp(self, name: str) -> None:
        """Note when something of the manager's own life has happened."""
        self.stamps[name] = (realtime_usec(), monotonic_usec())
        self.touch_own()

    def _make_generators(self) -> Generators:
        scope = "user" if self.user else "system"
        base = f"{self.loader.host.runtime if self.user else '/run'}/systemd"
        kind = virt.detect_container()
        environment = {**self.environment, "SYSTEMD_SCOPE": scope, "SYSTEMD_IN_INITRD": "0", "SYSTEMD_FIRST_BOOT": "0",
                       "SYSTEMD_ARCHITECTURE": self.loader.host.architecture}
        if kind != "none":
            environment["SYSTEMD_VIRTUALIZATION"] = f"container:{kind}"
        return Generators(self.loop, base, scope, environment, lambda priority, text: self.log("", priority, text))

    def _socket(self, name: str, inherited: Mapping[str, List[int]], make: Callable[[], socket.socket]) -> socket.socket:
        if name in inherited:
            return socket.socket(fileno=inherited[name][0])
        sock = make()
        native.vault_store(name, sock.fileno())
        return sock

    def _restore(self, saved: Dict[str, Dict[str, object]]) -> None:
        """Go on where an earlier manager was when it ended: killed, or replaced by daemon-reexec."""
        own = saved.pop("manager")
        seq = saved.pop("seq", {"exit": 0})
        self._seq = self._saved_seq = int(str(seq["exit"]))
        self._next_tag = int(str(own["next_tag"]))
        self._next_scope_tag = int(str(own.get("next_scope_tag", self._next_scope_tag)))
        self.boot_realtime_usec, self.boot_usec = int(str(own["boot_realtime_usec"])), int(str(own["boot_usec"]))
        self.stamps = {"userspace": (self.boot_realtime_usec, self.boot_usec)}
        for name, pair in _mapping(own.get("stamps", {})).items():
            realtime, monotonic = _sequence(pair)
            self.stamps[name] = (int(str(realtime)), int(str(monotonic)))
        self._signals_seen = {int(signo): int(str(count)) for signo, count in _mapping(own["signals_seen"]).items()}
        self.environment = {name: str(value) for name, value in _mapping(own["environment"]).items()}
        self._extra_of = {name: list(map(str, _sequence(words))) for name, words in _mapping(own.get("extra_of", {})).items()}
        self.lifecycle.restore(_mapping(own["lifecycle"]))
        held = own.get("held", [])
        assert isinstance(held, list)
        self._performer.adoptable = dict(native.spawn_pending())
        self.engine.restore(saved)
        for name, record in self.engine.units.items():
            self._unit_of_tag[record.activation] = name
            for spawn_id, pid in ((record.main_spawn_id, record.main_pid), (record.control_spawn_id, record.control_pid)):
                if spawn_id and pid:
                    self._performer.unit_of_spawn[spawn_id] = name
                    if self._performer.adoptable.pop(spawn_id, None) is not None:
                        self.to_settle.append(spawn_id)
        for effect in self.engine.unanswered_spawns():      # made but not yet saved: taken over; not made: made now
            answer = self._performer.perform(effect)
            assert answer is not None
            self.engine_handle(answer)
        for record in list(self.engine.units.values()):
            self._performer.resume(record)
        self.transient.restore([str(name) for name in held])
        self.log("", 5, f"A new manager (PID {os.getpid()}) goes on with {len(self.engine.units)} units.")
        if not self.lifecycle.has_begun:        # the generators were still running
            self._generators.run(self._boot)
        self.pump()
        self.lifecycle.resume()
        self._woken()

    # ---- the round --------------------------------------------------------------------------------

    def run(self) -> None:
        """Until PID 1 is asked to end, or to start the next manager."""
        self.loop.run(self._settle)

    def _settle(self) -> None:
        self.members.new_round()
        self.loader.distrust()
        self.pump()
        while self.lifecycle.settled():     # what it has begun may be done at once, and no event would tell
            self.pump()
        gone = self.engine.collect(self._is_needed, FORGOTTEN_PER_ROUND)
        for record in gone:
            self._forget(record)
        self._heap.end_of_round()
        if (gone or self.engine.may_collect) and not self._is_round_due:
            self._is_round_due = True
            self.loop.call_idle(self._begin_round)

    def _begin_round(self) -> None:
        """What is left of the last one is done when this one is settled."""
        self._is_round_due = False

    def _is_needed(self, record: UnitRecord) -> bool:
        is_explicit = any(name in record.unit.names for name in self.lifecycle.explicit_units)      # its end is ours
        return is_explicit or self.transient.is_held(record.unit.name) or self._performer.has_processes(record)

    def pump(self, commit_soon: bool = False) -> None:
        """Carry out what the engine has decided, and what follows from that, until nothing is left.

        commit_soon: the caller sees to it that a pump without it follows before the loop waits; until then nothing is committed
        but for an effect that must not come twice. A manager that dies in between leaves the event to be handled again.
        """
        if self._pumping:       # an effect's callback changed something: the outer pump goes on with it
            return
        self._pumping = True
        try:
            while True:
                effects = self.engine.take_effects()
                if not (commit_soon and all(type(effect) in REPEATABLE for effect in effects)):
                    self.save()
                if not effects:
                    break
                for effect in effects:
                    answer = self._performer.perform(effect)
                    if answer is not None:
                        self.engine_handle(answer)
        finally:
            self._pumping = False
        self._arm_tick()

    def save(self) -> None:
        """Commit what has changed, then let go of what the commit made superfluous."""
        keys = self.engine.take_dirty() | self._touched
        self._touched = set()
        changes: Dict[str, Optional[Dict[str, object]]] = {key: self.engine.dump(key) for key in keys}
        if self._own_touched:
            self._own_touched = False
            changes["manager"] = self._dump_own()
        if self._seq != self._saved_seq:
            changes["seq"] = {"exit": self._seq}
        if not changes:
            return
        try:
            self._store.commit(changes)
        except StoreError as error:
            self.log("", 2, f"{error}; a manager that ends now would come back with an older state")
            return
        for spawn_id in self.to_settle:
            native.spawn_settle(spawn_id)
        self.to_settle.clear()
        if self._seq != self._saved_seq:
            self._saved_seq = self._seq
            native.consume(self._seq)

    def _dump_own(self) -> Dict[str, object]:
        return {"next_tag": self._next_tag, "next_scope_tag": self._next_scope_tag,
                "boot_realtime_usec": self.boot_realtime_usec, "boot_usec": self.boot_usec,
                "stamps": {name: list(pair) for name, pair in self.stamps.items()},
                "signals_seen": {str(signo): count for signo, count in self._signals_seen.items()},
                "environment": dict(self.environment), "extra_of": dict(self._extra_of), "lifecycle": self.lifecycle.dump(),
                "held": self.transient.dump()}

    def _set_clock(self) -> None:
        self.engine.now_usec = monotonic_usec()
        self.engine.now_realtime_usec = realtime_usec()

    def _arm_tick(self) -> None:
        deadline = self.engine.next_deadline()
        if self._tick_timer is not None:
            if self._tick_timer.usec == deadline:
                return
            self._tick_timer.cancel()
        self._tick_timer = None if deadline >= USEC_INFINITY else self.loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._tick_timer = None
        self._set_clock()
        self.engine.tick()

    # ---- for control/, lifecycle and perform ------------------------------------------------------

    def engine_handle(self, event: Event) -> None:
        self._set_clock()
        self.engine.handle(event)

    def engine_submit(self, name: str, job_type: JobType, mode: JobMode = JobMode.REPLACE, by_hand: bool = True) -> Job:
        """Raises RequestError."""
        self._set_clock()
        return self.engine.submit(name, job_type, mode, by_hand)

    def engine_hurry(self, limit_usec: int) -> None:
        self._set_clock()
        self.engine.shorten_timeouts(limit_usec)

    def set_extra_environment(self, unit: str, words: Sequence[str]) -> None:
        """`systemctl -e` of a start: NAME=VALUE or @FILE, above all that the unit says, until it is started by hand again."""
        if list(words) != self._extra_of.get(unit, []):
            self._extra_of[unit] = list(words)
            if not words:
                del self._extra_of[unit]
            self.touch_own()

    def extra_environment(self, unit: str = "") -> Tuple[str, ...]:
        """Of every unit, and of this one's own start."""
        return (*self._extra, *self._extra_of.get(unit, ()))

    def touch(self, unit: str) -> None:
        self._touched.add(f"unit:{unit}")

    def touch_own(self) -> None:
        self._own_touched = True

    def tag(self, record: UnitRecord) -> None:
        """Give the unit its number, once in the container's life: what an earlier activation has left behind stays its own."""
        if not record.activation and record.unit.type == "scope":
            # Lower than all before it: its process may be one of a service or of another scope, whose tag is the highest that
            # it can have without CAP_SYS_RESOURCE.
            self._next_scope_tag -= 1
            record.activation = self._next_scope_tag
            self.touch_own()
        elif not record.activation:
            record.activation = self._next_tag
            self._next_tag += 1
            self.touch_own()
        self._unit_of_tag[record.activation] = record.unit.name

    def _forget(self, record: UnitRecord) -> None:
        """What was kept for a unit that is in memory no more; its log stays, if its file does."""
        self._unit_of_tag.pop(record.activation, None)
        self._warned.discard(record.unit.name)
        self.logs.close(record.unit.name)
        self.fd_store.clear(record.unit.name)
        self.loader.forget_unit(record.unit)
        if is_transient(record.unit.fragment_path):
            self.transient.remove(record.unit.name)

    def discard(self, name: str) -> None:
        """A transient unit that cannot be what was asked for."""
        self._forget(self.engine.get(name))
        self.engine.refresh(name)

    def load_unit(self, name: str) -> Unit:
        self._heap.unit_read()
        unit = self.loader.load(name)
        is_bad = unit.load_state == "bad-setting"
        if (unit.warnings or is_bad) and unit.name not in self._warned:
            self._warned.add(unit.name)
            for warning in unit.warnings:
                self.log(unit.name, 4, warning)
            if is_bad:      # a request for it is answered without the reason
                self.log(unit.name, 3, unit.load_error)
                self.log(unit.name, 5, f"{unit.name}: Unit configuration has fatal error, unit will not be started.")
        return unit

    def pids_of(self, name: str) -> List[int]:
        if name == INIT_SCOPE:
            return sorted((self.init_pid, os.getpid()))
        record = self.engine.find(name)
        return [] if record is None else self.members.pids_of(record.activation, tracked_pids(record).values())

    def unit_of_pid(self, pid: int) -> Optional[str]:
        """The unit that a process belongs to; None for a process of nobody's."""
        if pid in (self.init_pid, os.getpid()):
            return INIT_SCOPE
        tag = self.members.tag_of(pid)
        return None if tag is None else self._unit_of_tag.get(tag)

    def log_tail(self, name: str, count: int) -> List[log_store.LogEntry]:
        record = self.engine.find(name)
        return self.logs.tail(record.unit.name if record else name, count)

    def signal_unit(self, name: str, signo: int, whom: str = "all", value: Optional[int] = None) -> int:
        """systemctl kill; whom: main, control, all. Returns how many processes there were."""
        record = self.engine.get(name)
        if not whom.startswith("all"):
            pids = [pid for role, pid in tracked_pids(record).items() if whom.startswith(role.value)]
        elif record.unit.type == "slice":
            inside = [key for key, other in self.engine.units.items() if is_below(other.unit.slice, record.unit.name)]
            pids = [pid for key in inside for pid in self.pids_of(key)]
        else:
            pids = self.pids_of(name)
        self._performer.send_signals(pids, signo, value)
        return len(pids)

    def daemon_reload(self) -> Callable[[], bool]:
        """Begins it; the answer tells whether it is done."""
        self.log("", 6, "Reloading.")
        return self._reload.ask()

    def _read_again(self) -> Iterator[Unit]:
        """All that is in memory, from the files of now, beside what is in use."""
        config, loader = self._read_config()
        for unit in walk(loader.load, tuple(self.engine.units)):
            self._heap.unit_read()
            yield unit
        self._use(config, loader)
        self.stamp("units-load")
        self.pump()
        self.system_state_changed()

    @contextlib.contextmanager
    def read_ahead(self, names: Sequence[str]) -> Iterator[Iterator[Unit]]:
        """Units that a request may ask for, that have a file and are not in memory, one per step; the others are served
        meanwhile. When the request has ended, those that it has not asked for are as unknown as before."""
        found: List[Unit] = []

        def is_known(name: str) -> bool:
            return self.engine.find(name) is not None

        index = self.loader.index
        wanted = [name for name in names if not is_known(name) and index.resolve(name)[1]]

        def read(name: str) -> Unit:
            self._heap.unit_read()
            found.append(self.loader.load(name, look=not found))    # all that one request reads is of one moment
            return found[-1]

        try:
            yield walk(read, wanted, is_known)
        finally:
            for unit in found:
                if not is_known(unit.name):
                    self.loader.forget_unit(unit)

    def _read_config(self) -> Tuple[ManagerConfig, Loader]:
        config = load_config(user=self.user)
        return config, Loader(config=config, user=self.user)

    def _use(self, config: ManagerConfig, loader: Loader) -> None:
        """The system.conf of now, and its units."""
        before, self.config = self.config, config
        self._apply_config(before)
        if self.config.service_watchdogs != before.service_watchdogs:      # else: what `service-watchdogs` has said stays
            self.engine.watchdogs = self.config.service_watchdogs
        self.loader = loader
        self._warned.clear()
        self._set_clock()
        self.engine.reload(self.load_unit)

    def _apply_config(self, before: ManagerConfig) -> None:
        """DefaultEnvironment= goes into the block of set-environment, whose own words win; ManagerEnvironment= into our own."""
        for pairs, now, block in ((before.default_environment, self.config.default_environment, self.environment),
                                  (before.manager_environment, self.config.manager_environment, self.own_environment)):
            for pair in pairs:
                name, _, value = pair.partition("=")
                if block.get(name) == value:
                    del block[name]
            for pair in now:
                name, _, value = pair.partition("=")
                block.setdefault(name, value)
        self.touch_own()

    def daemon_reexec(self) -> None:
        """Let PID 1 start a new manager from what is installed now; services and jobs stay."""
        self.log("", 6, "Reexecuting.")
        self._own_touched = True
        self.save()
        native.reexec_request()
        self.loop.stop()

    def make_unit(self, name: str, text: str) -> None:
        """A transient unit. Raises RequestError."""
        self._set_clock()
        self.transient.create(name, text)

    def hold_unit(self, name: str) -> None:
        self.transient.hold(name)

    def release_unit(self, name: str) -> None:
        self.transient.release(name)

    def hand_streams(self, name: str, fds: Sequence[int]) -> None:
        self.transient.hand_streams(name, fds)

    def offer_process(self, name: str, pid: int) -> None:
        """The process that a scope is to be made of. Raises RequestError."""
        self.transient.offer(name, pid)

    def release_fds(self, name: str) -> None:
        """systemctl clean --what=fdstore."""
        self._set_clock()
        self.fd_store.clear(name)
        self.engine.release_fds(name)
        self.pump()

    def begin_exit(self, code: int, action: str) -> None:
        self.lifecycle.begin_exit(code, action)
        self.pump()

    def hold_exit(self, wanted: bool) -> None:
        """All is stopped, but somebody waits for that news: the end comes after the answer."""
        self.lifecycle.holders += 1 if wanted else -1

    def retire(self) -> None:
        """From now on there is no manager to connect to; whoever has connected is served."""
        try:
            os.unlink(self.paths.control)
        except FileNotFoundError:
            pass

    def act(self, effect: ManagerAction) -> None:
        self.lifecycle.act(effect)

    @property
    def explicit_units(self) -> Tuple[str, ...]:
        return self.lifecycle.explicit_units

    def state(self) -> str:
        """is-system-running."""
        if self.lifecycle.is_stopping:
            return "stopping"
        if not self.lifecycle.boot_finished:
            return "starting"
        failed = any(record.active is Active.FAILED for record in self.engine.units.values())
        return "degraded" if failed else "running"

    def counters(self) -> Dict[str, object]:
        return dict(native.counters()._asdict())

    def system_state_changed(self) -> None:
        for callback in list(self.on_system_state):
            callback()

    def state_changed(self, effect: StateChanged) -> None:
        for callback in list(self.on_state_changed):
            callback(effect)

    # ---- boot and end -----------------------------------------------------------------------------

    def boot_done(self) -> None:
        self.stamp("finish")
        self.system_state_changed()
        taken = (monotonic_usec() - self.boot_usec) / 1e6
        self.log("", 5, f"Startup finished in {taken:.3f}s.")
        path = self.own_environment.get("NOTIFY_SOCKET")
        if path:
            try:
                notify.send(path, "READY=1\nSTATUS=Startup finished")
            except OSError as error:
                self.log("", 4, f"cannot tell the container engine at {path} that we are ready: {error.strerror}")

    def goodbye(self) -> None:
        self.log("", 5, f"All units are stopped; exiting with code {self.lifecycle.exit_code}.")
        self.save()
        self.logs.flush()

    def log_states(self) -> None:
        for name, record in sorted(self.engine.units.items()):
            self.log("", 6, f"{name}: {record.active.value} ({record.sub.value})")

    # ---- events -----------------------------------------------------------------------------------

    def _woken(self, _fd: int = -1, _events: int = 0) -> None:
        """Exits first, and nothing before them: after a rest each line of Python takes microseconds."""
        self._take_exits()
        self._take_signals()

    def _take_signals(self) -> None:
        everything = native.signal_total()
        if everything == self._signal_total:    # asking for each of 64 is a fifth of what an exit costs
            return
        self._signal_total = everything
        for signo in range(1, N_SIGNALS + 1):
            total, seen = native.signal_count(signo), self._signals_seen.get(signo, 0)
            if total != seen:
                self._signals_seen[signo] = total
                self._own_touched = True
                self.lifecycle.handle_signal(signo, total - seen)
                native.signal_seen(signo, total)

    def _take_exits(self) -> None:
        while True:
            exits = native.read_exits(self._seq, EXITS_PER_ROUND)
            for exit_ in exits:
                self._seq = exit_.seq
                self._exited(exit_)
            if exits:
                self.members.new_round()
                self.pump(commit_soon=True)     # a restart is then one commit together with the exit
            if len(exits) < EXITS_PER_ROUND:
                return

    def _exited(self, exit_: native.Exit) -> None:
        number = exit_.id & ID_MASK
        if exit_.id & (MEMBER | ADOPTED):
            unit, spawn_id = self._unit_of_tag.get(number), 0
            if unit is not None:
                self.engine.consider(unit)      # it may have been kept for this process alone
        else:
            unit, spawn_id = self._performer.unit_of_spawn.pop(exit_.id, None), exit_.id
        if unit is None or unit not in self.engine.units:
            return
        self.logs.drain(unit)       # its last words come before the manager's line about its end
        self.members.new_round()
        if not exit_.id & MEMBER:
            successor = self._performer.successor(unit, exit_.pid)
            self.engine_handle(Exited(unit, spawn_id, exit_.pid, exit_.code, exit_.status, exit_.reaped_ns // 1000,
                                      exit_.utime_us + exit_.stime_us, successor, self._performer.is_last(unit, exit_.pid)))
        answer = self._performer.check_members(unit)
        if answer is not None:
            self.engine_handle(answer)

    def _notify_ready(self, _fd: int, _events: int) -> None:
        for _ in range(notify.PER_ROUND):
            datagram = notify.receive(self._notify_socket)
            if datagram is None:
                return
            self._notified_fds = list(datagram.fds)
            try:
                self._notified(datagram)
                self.pump()     # StoreFds takes its descriptors here
            finally:
                notify.close_all(self._notified_fds)    # which also answers BARRIER=1

    def _notified(self, datagram: notify.Datagram) -> None:
        unit = self.unit_of_pid(datagram.pid)
        if unit is None or not datagram.fields:
            self.log("", 7, f"notify message from PID {datagram.pid} ignored: it belongs to no unit, or the message is malformed")
            return
        record = self.engine.units[unit]
        main_pid_valid = False
        if "MAINPID" in datagram.fields:
            main_pid_valid = self._take_main_pid(record, datagram)
        self.engine_handle(Notified(unit, datagram.pid, datagram.fields, datagram.pid == record.main_pid,
                                    datagram.pid == record.control_pid, main_pid_valid, len(datagram.fds)))

    def _take_main_pid(self, record: UnitRecord, datagram: notify.Datagram) -> bool:
        text = datagram.fields["MAINPID"]
        pid = parse_digits(text, PID_MAX)
        if pid is None or pid in (0, 1, os.getpid(), self.init_pid):
            self.log(record.unit.name, 4, f"{record.unit.name}: MAINPID={text} cannot be a main process, ignored")
            return False
        if pid == record.main_pid:
            return True
        if self.unit_of_pid(pid) != record.unit.name and datagram.uid != 0:
            self.log(record.unit.name, 4, f"{record.unit.name}: New main PID {pid} does not belong to service, refusing.")
            return False
        return self._performer.adopt(record, pid)

    def store_notified_fds(self, unit: str, name: str) -> None:
        fds, self._notified_fds = self._notified_fds, []
        for fd in fds:
            try:
                self.fd_store.add(unit, name or "stored", fd)
            except OSError as error:
                os.close(fd)
                self.log(unit, 4, f"{unit}: cannot keep a descriptor of its fd store: {error.strerror}")

    # ---- logs -------------------------------------------------------------------------------------

    def log(self, unit: str, priority: int, text: str) -> None:
        """A line of the manager's own, about a unit or ("") about itself."""
        self.logs.line(unit, priority, text)

    def _log_source(self, unit: str) -> Source:
        """For the container's output: the unit's name, since three units may all run sh; the log shows the program's as ever."""
        name = unit[:-len(".service")] if unit.endswith(".service") else unit
        record = self.engine.units.get(unit)
        if record is None:
            return Source(name, 0)
        pid = record.main_pid or record.control_pid or record.main_exec.pid     # what it wrote last is read when it has ended
        return Source(record.unit.context.syslog_identifier or name, pid)


def _pick(limit: int) -> int:
    return int.from_bytes(os.urandom(8), "little") % limit


def _mapping(value: object) -> Dict[str, object]:
    assert isinstance(value, dict)
    return value


def _sequence(value: object) -> List[object]:
    assert isinstance(value, list)
    return value
