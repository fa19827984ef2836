"""Verbs that queue jobs: start, stop, restart, reload and their kin, isolate, cancel; waiting for them and what went wrong.

In:  Context.   Out: jobs in the engine, systemctl's words and exit codes.
Source: systemctl(1) "EXIT STATUS"; messages as systemctl 257 prints them.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from fastinit.control.options import UsageError
from fastinit.control.request import YELLOW, Context, Pause, Steps
from fastinit.control.selection import is_pattern, named, warn_if_changed
from fastinit.errors import RequestError
from fastinit.plan.effects import JobFinished
from fastinit.plan.states import Active, JobMode, JobResult, JobType
from fastinit.units.model import USEC_INFINITY, Unit
from fastinit.units.values import parse_digits


class JobVerb(NamedTuple):
    """word: the verb in messages. if_active: nothing happens to units that do not run.
    pick: job type by whether the unit can reload, None: always `type`."""

    word: str
    type: JobType
    if_active: bool = False
    reload_if_possible: bool = False
    mode: Optional[JobMode] = None


JOB_VERBS: Dict[str, JobVerb] = {
    "start":                 JobVerb("start", JobType.START),
    "stop":                  JobVerb("stop", JobType.STOP),
    "reload":                JobVerb("reload", JobType.RELOAD),
    "restart":               JobVerb("restart", JobType.RESTART),
    "try-restart":           JobVerb("try-restart", JobType.TRY_RESTART, if_active=True),
    "reload-or-restart":     JobVerb("reload-or-restart", JobType.RESTART, reload_if_possible=True),
    "try-reload-or-restart": JobVerb("reload-or-try-restart", JobType.TRY_RESTART, if_active=True, reload_if_possible=True),
    "isolate":               JobVerb("start", JobType.START, mode=JobMode.ISOLATE),
}
RUNNING = (Active.ACTIVE, Active.RELOADING, Active.ACTIVATING, Active.REFRESHING)

# No "See system logs" line after these: they say all there is to know.
_PLAIN_ERRORS = re.compile(r"^(Unit .* (not found|not loaded|is masked)\.|Job type .* is not applicable for unit .*\.)$")

_JOB_ERRORS: Dict[JobResult, str] = {
    JobResult.CANCELED:    "Job for {0} canceled.",
    JobResult.TIMEOUT:     "Job for {0} timed out.",
    JobResult.DEPENDENCY:  "A dependency job for {0} failed. See 'journalctl -xe' for details.",
    JobResult.INVALID:     "{0} is not active, cannot reload.",
    JobResult.ASSERT:      "Assertion failed on job for {0}.",
    JobResult.UNSUPPORTED: "Operation on or unit type of {0} not supported on this system.",
    JobResult.COLLECTED:   "Queued job for {0} was garbage collected.",
    JobResult.ONCE:        "Unit {0} was started already once since boot and can't be started again.",
}
_REASONS = {
    "resources":       "of unavailable resources or another system error",
    "protocol":        "the service did not take the steps required by its unit configuration",
    "timeout":         "a timeout was exceeded",
    "exit-code":       "the control process exited with error code",
    "signal":          "a fatal signal was delivered to the control process",
    "core-dump":       "a fatal signal was delivered causing the control process to dump core",
    "watchdog":        "the service failed to send watchdog ping",
    "start-limit-hit": "start of the service was attempted too often",
    "oom-kill":        "of an out-of-memory (OOM) situation",
}


class Waiter:
    """Collects the results of some jobs; made before they are queued, since a job may be over at once."""

    def __init__(self, context: Context) -> None:
        self._callbacks = context.manager.on_job_finished
        self._results: Dict[int, JobFinished] = {}
        self._wanted: Dict[int, str] = {}
        self._callbacks.append(self._finished)

    def want(self, job_id: int, unit: str) -> None:
        self._wanted[job_id] = unit

    def is_over(self) -> bool:
        return all(job_id in self._results for job_id in self._wanted)

    def results(self) -> Iterator[Tuple[str, JobResult]]:
        """In the order in which they ended: that is the order in which systemctl reports them."""
        for job_id, finished in self._results.items():
            if job_id in self._wanted:
                yield self._wanted[job_id], finished.result

    def token(self) -> str:
        """What the next manager must know to go on waiting: "JOB:UNIT JOB:UNIT"."""
        return " ".join(f"{job_id}:{unit}" for job_id, unit in self._wanted.items())

    def resume(self, token: str, context: Context) -> List[str]:
        """Go on with the jobs of an earlier manager. One that is not there any more has ended in between: its unit's state is all
        that is known of its result. Raises UsageError."""
        units: List[str] = []
        engine = context.manager.engine
        for word in token.split():
            number, colon, unit = word.partition(":")
            job_id = parse_digits(number, USEC_INFINITY)
            if not colon or job_id is None:
                raise UsageError("Bad request: malformed resume fact")
            self._wanted[job_id] = unit
            units.append(unit)
            job = engine.jobs.get(job_id)
            if job is None or job.unit != unit:
                record = engine.find(unit)
                has_failed = record is not None and record.active is Active.FAILED
                result = JobResult.FAILED if has_failed else JobResult.DONE
                self._results[job_id] = JobFinished(job_id, unit, JobType.NOP, result)
        return units

    def close(self) -> None:
        self._callbacks.remove(self._finished)

    def _finished(self, effect: JobFinished) -> None:
        self._results[effect.job_id] = effect


def job_verb(context: Context) -> Steps:
    """All verbs of JOB_VERBS."""
    verb = JOB_VERBS[context.verb]
    suffix = ".target" if verb.mode is JobMode.ISOLATE else ".service"
    if context.verb == "start" and any(map(is_pattern, context.args)) and not context.options.all and not context.options.no_warn:
        context.warn(GLOB_WARNING, YELLOW)
    units = named(context, suffix)
    return (yield from run_jobs(context, verb, units))


def run_jobs(context: Context, verb: JobVerb, units: List[str]) -> Steps:
    """Queue one job per unit, wait for all (unless --no-block), say what failed."""
    if context.options.dry_run or context.options.marked:    # nothing is ever marked: nothing needs it
        return 0
    mode = verb.mode or _mode(context)
    if mode is None:
        for name in units:
            explain(context, verb.word, name, RequestError(f"Job mode {context.options.job_mode} invalid"))
        return 1
    waiter = Waiter(context)
    try:
        if context.terminal.resume:
            code, queued = 0, waiter.resume(context.terminal.resume, context)
        else:
            code, queued = _submit_all(context, verb, units, mode, waiter)
            context.manager.pump()
        if context.options.no_block:
            return code
        yield Pause(waiter.is_over, waiter.token())
        failed = [unit for unit, result in waiter.results() if not _is_fine(context, unit, result)]
        if failed:
            return 1
        if context.options.wait and verb.type in (JobType.START, JobType.RESTART):
            return code or (yield from _wait_for_end(context, queued))
        return code
    finally:
        waiter.close()


def _mode(context: Context) -> Optional[JobMode]:
    try:
        return JobMode(context.options.job_mode)
    except ValueError:
        return None


GLOB_WARNING = """\
Warning: systemctl start called with a glob pattern.
Hint: unit globs expand to loaded units, so start will usually have no effect.
      Passing --all will also load units which are pulled in by other units.
      See systemctl(1) for more details."""


def _submit_all(context: Context, verb: JobVerb, units: List[str], mode: JobMode, waiter: Waiter) -> Tuple[int, List[str]]:
    code, queued = 0, []
    for name in units:
        job_type = _type_for(context, verb, name)
        if job_type is None:
            continue
        if job_type in (JobType.START, JobType.RESTART):
            context.manager.set_extra_environment(context.manager.engine.get(name).unit.name, context.options.extra)
        try:
            job = context.manager.engine_submit(name, job_type, mode)
        except RequestError as error:
            explain(context, verb.word, name, error)
            code = code or error.exit_code
            continue
        waiter.want(job.id, name)
        queued.append(name)
        warn_if_changed(context, context.manager.engine.find(name))
        if context.options.show_transaction:
            context.note(f"Enqueued anchor job {job.id} {job.unit}/{job.type.value}.")
    return code, queued


def _type_for(context: Context, verb: JobVerb, name: str) -> Optional[JobType]:
    """None: the verb leaves this unit alone."""
    if not verb.if_active and not verb.reload_if_possible:
        return verb.type
    record = context.manager.engine.get(name)
    if record.unit.load_state == "not-found":
        return verb.type            # refused by the engine, in systemd's words
    is_running = record.active in RUNNING
    if verb.if_active and not is_running:
        return None
    return JobType.RELOAD if verb.reload_if_possible and is_running and can_reload(record.unit) else verb.type


def can_reload(unit: Unit) -> bool:
    service = unit.service
    return service is not None and (bool(service.exec_reload) or service.type == "notify-reload")


def explain(context: Context, word: str, name: str, error: Exception) -> None:
    """A job that could not even be queued."""
    context.warn(f"Failed to {word} {name}: {error}")
    if not _PLAIN_ERRORS.match(str(error)) and not context.options.quiet:
        context.warn(f"See system logs and 'systemctl status {shell_quote(name)}' for details.")


def _is_fine(context: Context, unit: str, result: JobResult) -> bool:
    if result in (JobResult.DONE, JobResult.SKIPPED):
        if context.options.show_transaction:
            context.note(f"Job for {unit} finished.")
        return True
    if not context.options.quiet:
        for line in job_error(context, unit, result):
            context.warn(line)
    return False


def job_error(context: Context, unit: str, result: JobResult) -> List[str]:
    if result in _JOB_ERRORS:
        return [_JOB_ERRORS[result].format(unit)]
    quoted = shell_quote(unit)
    if not unit.endswith(".service"):
        return [f"Job for {unit} failed.", f'See "systemctl status {quoted}" and "journalctl -xeu {quoted}" for details.']
    record = context.manager.engine.find(unit)
    service_result = "" if record is None else record.result.value
    reason = _REASONS.get(service_result)
    lines = [f"Job for {unit} failed because {reason}." if reason else f"Job for {unit} failed.",
             f'See "systemctl status {quoted}" and "journalctl -xeu {quoted}" for details.']
    if service_result == "start-limit-hit":
        lines += [f'To force a start use "systemctl reset-failed {quoted}"', f'followed by "systemctl start {quoted}" again.']
    return lines


def _wait_for_end(context: Context, units: List[str]) -> Steps:
    """--wait: until each unit is down again; 1 when one of them failed."""
    engine = context.manager.engine

    def is_down(name: str) -> bool:
        record = engine.find(name)
        return record is None or (record.active in (Active.INACTIVE, Active.FAILED) and record.job is None)

    yield Pause(lambda: all(map(is_down, units)))
    records = [engine.find(name) for name in units]
    return 1 if any(record is not None and record.active is Active.FAILED for record in records) else 0


def shell_quote(text: str) -> str:
    """As systemd quotes a unit name in a command that it proposes."""
    if re.fullmatch(r"[A-Za-z0-9_@:.,/+=-]*", text):
        return text
    return '"' + re.sub(r'(["\\$`])', r"\\\1", text) + '"'


# ---- the queue ------------------------------------------------------------------------------------------------------


def cancel(context: Context) -> int:
    engine = context.manager.engine
    ids: List[int] = []
    for word in context.args:
        number = parse_digits(word, USEC_INFINITY)
        if not number:
            context.warn(f'Failed to parse job id "{word}": Invalid argument')
            return 1
        ids.append(number)
    code = 0
    for job_id in ids or list(engine.jobs):
        if job_id in engine.jobs:
            engine.cancel(job_id)
        else:
            context.warn(f"Failed to cancel job {job_id}, ignoring: Job {job_id} does not exist.")
            code = 1
    context.manager.pump()
    return code
