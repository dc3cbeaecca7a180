"""Carries a submission out, step by step. Any line here may be the last one and be repeated.

The main thread alone writes rows; calls are made by threads around the client. A row says
``SENDING`` before its call starts. Whoever takes over a ``SENDING`` row does not know what became
of the call, and looks the object up by its key before anything is sent twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any, Literal, TypeVar

from django.db import connections
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.aep.platform import Platform
from flowsite.core import leases, stopping
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.connect import open_platform
from flowsite.submissions import calls, cleanup, preparation, recording
from flowsite.submissions.ledger import LeaseLost, Ledger, NotYet
from flowsite.submissions.models import (
    ACTIVE,
    StepState,
    Submission,
    SubmissionState,
    SubmissionStep,
)
from flowsite.submissions.timing import LATEST_START, PATIENCE, STOP_GRACE, Timing

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: Source connection, target connection, mapping set and one more: no plan is wider.
THREADS = 4
#: How often the main thread looks at the lease, the cancel button and the stop flag.
TICK_S = 0.5
#: How long a call may wait inside the client for the rate limit before it is sent.
MAX_WAIT_S = 2


class Interrupted(Exception):
    """A stop was asked for, or the time of this task is up."""


class TooLate(Exception):
    """The call was not sent, because too much time has passed since its row was written."""


@dataclass(frozen=True)
class Job:
    """A call under way."""

    row: SubmissionStep
    kind: Literal["send", "find"]
    started_at: datetime


def run(submission_id: int) -> bool:
    """Works on a submission as far as it gets within the time of a task.

    Does nothing if the submission has ended, is not due or is held by another worker. Answers
    whether there is more to do right now. Never raises for an answer of AEP.
    """
    submission = Submission.objects.select_related(
        "sandbox", "credential__organisation", "credential__team", "team"
    ).get(pk=submission_id)
    if submission.state not in ACTIVE or submission.due_at > timezone.now() or stopping.asked():
        return False
    timing = Timing.from_settings()
    token = leases.take(submission, timing.lease)
    if token is None:
        return False
    submission.refresh_from_db()
    ledger = Ledger(submission, token, timing)
    try:
        with open_platform(
            submission.credential, submission.sandbox, max_wait_s=MAX_WAIT_S
        ) as platform:
            due_at = Execution(ledger, platform).work()
    except LeaseLost:
        logger.warning("submission lost its lease", extra={"submission": submission_id})
        return False
    except BaseException:
        # The next worker looks at it soon, but not in a tight circle.
        ledger.release(timezone.now() + PATIENCE)
        raise
    ledger.release(due_at)
    return ledger.submission.state in ACTIVE and due_at <= timezone.now()


class Execution:
    """One worker's turn at one submission."""

    def __init__(self, ledger: Ledger, platform: Platform):
        self.ledger = ledger
        self.platform = platform
        self.timing = ledger.timing
        self.submission = ledger.submission
        self.ends_at = timezone.now() + self.timing.budget
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="submission")
        self.jobs: dict[Future[Any], Job] = {}

    def work(self) -> datetime:
        """When to go on; without meaning once the submission has ended."""
        try:
            recording.take_over(self.ledger)
            if self.submission.plan is None and self.submission.state == SubmissionState.SUBMITTING:
                self._prepare()
            return self._loop()
        except Interrupted:
            return timezone.now()
        except NotYet as delay:
            return delay.due_at
        finally:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def _prepare(self) -> None:
        """Reads patiently: beginning anew costs more calls than waiting for one's turn."""
        submission = self.submission
        with open_platform(submission.credential, submission.sandbox) as reader:
            try:
                preparation.prepare(self.ledger, reader, self.aside)
            except Interrupted:
                if not stopping.asked():
                    preparation.took_too_long(self.ledger)
                raise

    def aside(self, call: Callable[[], T]) -> T:
        """The answer of a call that creates nothing, while this thread keeps the lease.

        Raises Interrupted, and whatever the call raises.
        """
        future = self.pool.submit(_in_thread, call)
        while not future.done():
            wait([future], timeout=TICK_S)
            self.ledger.keep()
            if stopping.asked() or timezone.now() >= self.ends_at:
                raise Interrupted
        return future.result()

    def _loop(self) -> datetime:
        while True:
            self.ledger.refresh()
            if self.submission.state not in ACTIVE:
                return timezone.now()
            if stopping.asked():
                self._let_calls_end()
                return timezone.now()
            rows = self.ledger.steps()
            self._start_what_is_ready(rows)
            if self.jobs:
                self._collect(TICK_S)
                continue
            if recording.settle(self.ledger, rows):
                return timezone.now()
            if self._undoing_can_go_on(rows):
                cleanup.undo(self.ledger, self.platform, self.aside)
                continue
            due_at = recording.next_due(self.ledger, rows)
            if due_at > timezone.now() + PATIENCE or not self._time_for_a_call():
                return due_at
            self._rest_until(due_at)

    def _undoing_can_go_on(self, rows: list[SubmissionStep]) -> bool:
        unclear = any(row.state == StepState.UNKNOWN for row in rows)
        return self.submission.state == SubmissionState.UNDOING and not unclear

    def _start_what_is_ready(self, rows: list[SubmissionStep]) -> None:
        if not self._time_for_a_call():
            return
        busy = {job.row.pk for job in self.jobs.values()}
        for row in rows:
            if len(self.jobs) >= THREADS:
                return
            if row.pk in busy or (row.due_at and row.due_at > timezone.now()):
                continue
            if row.state == StepState.UNKNOWN:
                self._start_find(row, rows)
            elif recording.may_send(self.ledger, row, rows):
                self._start_send(row, rows)

    def _time_for_a_call(self) -> bool:
        return timezone.now() + self.timing.call_limit <= self.ends_at

    def _start_send(self, row: SubmissionStep, rows: list[SubmissionStep]) -> None:
        request = recording.request_of(self.ledger, row, rows, with_secrets=True)
        if request is None:
            return
        recording.sending(self.ledger, row, request)
        latest = timezone.now() + LATEST_START

        def send() -> calls.Result:
            if timezone.now() > latest:
                raise TooLate
            return calls.send(self.platform, request)

        self._start(row, "send", send)

    def _start_find(self, row: SubmissionStep, rows: list[SubmissionStep]) -> None:
        request = recording.request_of(self.ledger, row, rows, with_secrets=False)
        if request is None:
            return
        self._start(row, "find", lambda: calls.find(self.platform, request, row.sent_at))

    def _start(
        self, row: SubmissionStep, kind: Literal["send", "find"], call: Callable[[], Any]
    ) -> None:
        job = Job(row, kind, timezone.now())
        self.jobs[self.pool.submit(_in_thread, call)] = job

    def _collect(self, timeout_s: float) -> None:
        done, _ = wait(self.jobs, timeout=timeout_s, return_when=FIRST_COMPLETED)
        for future in done:
            self._record(self.jobs.pop(future), future)
        self.ledger.keep()

    def _record(self, job: Job, future: Future[Any]) -> None:
        error = future.exception()
        if isinstance(error, TooLate):
            recording.not_sent(self.ledger, job.row)
        elif error is not None:
            if not isinstance(error, AepError | calls.Refused | Undecryptable):
                logger.error("a call failed in Flowsite", exc_info=error)
            if job.kind == "send":
                recording.send_failed(self.ledger, job.row, error)
            else:
                recording.look_failed(self.ledger, job.row, error)
        elif job.kind == "send":
            recording.done(self.ledger, job.row, future.result())
        else:
            recording.looked(self.ledger, job.row, future.result(), job.started_at)

    def _let_calls_end(self) -> None:
        until = timezone.now() + STOP_GRACE
        while self.jobs and timezone.now() < until:
            self._collect(0.1)

    def _rest_until(self, due_at: datetime) -> None:
        """Waits, but not so long that a cancel or a stop goes unseen."""
        left = (due_at - timezone.now()).total_seconds()
        Event().wait(min(max(left, 0.001), TICK_S))
        self.ledger.keep()


def _in_thread(call: Callable[[], T]) -> T:
    """Runs in a thread of the pool, which must not keep a database connection."""
    try:
        return call()
    finally:
        connections.close_all()
