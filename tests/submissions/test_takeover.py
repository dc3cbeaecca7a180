"""Workers that die, workers that meet, workers that are told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from flowsite.core import leases, stopping
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.models import Credential
from flowsite.emulator.app import Emulator
from flowsite.submissions import calls, executor, preparation, recording, tasks
from flowsite.submissions.ledger import Ledger
from flowsite.submissions.models import StepState, Submission, SubmissionState
from tests.submissions.conftest import counted, work

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ONE_FLOW = {"sourceConnection": 1, "targetConnection": 1, "mappingSet": 1, "flow": 1}


class Killed(BaseException):
    """Nothing after it is carried out, not even the release of the lease."""


def run_and_die(
    submission: Submission, place: Any, name: str, nth: int, *, survives: bool = False
) -> None:
    """A worker's turn that ends without a trace before the nth call of ``place.name``.

    ``survives``: the turn may end before it comes to that call.
    """
    original, seen = getattr(place, name), []

    def dies(*args: Any, **kwargs: Any) -> Any:
        seen.append(name)
        if len(seen) == nth:
            raise Killed
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(place, name, dies)
        dying.setattr(Ledger, "release", lambda *args, **kwargs: None)
        with suppress(Killed) if survives else pytest.raises(Killed):
            executor.run(submission.pk)
    expire(submission)


def expire(submission: Submission) -> None:
    """The lease of a dead worker runs out."""
    past = timezone.now() - timedelta(seconds=1)
    Submission.objects.filter(pk=submission.pk).update(lease_until=past)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("place", "name"),
    [
        pytest.param(recording, "sending", id="before the row"),
        pytest.param(executor.Execution, "_start", id="after the row, before the call"),
        pytest.param(recording, "done", id="after the answer, before it is saved"),
    ],
)
def test_a_killed_worker_leaves_nothing_twice(
    submit: Callable[..., Submission],
    emulator: Emulator,
    settings: Any,
    place: Any,
    name: str,
    nth: int,
) -> None:
    settings.CREATE_LIMIT_S = 0.3
    submission = submit()
    run_and_die(submission, place, name, nth)

    work(submission)

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, submission) == ONE_FLOW


def test_two_workers_at_once_share_nothing(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = submit()

    def worker() -> None:
        try:
            executor.run(submission.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert work(submission).state == SubmissionState.PUBLISHED
    assert counted(emulator, submission) == ONE_FLOW
    assert all(row.attempts == 1 for row in submission.steps.all())


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()
    done = recording.done

    def rob(ledger: Ledger, *args: Any, **kwargs: Any) -> None:
        Submission.objects.filter(pk=submission.pk).update(lease_token="another")
        done(ledger, *args, **kwargs)

    monkeypatch.setattr(recording, "done", rob)

    executor.run(submission.pk)

    assert submission.steps.filter(state=StepState.DONE).count() == 0
    assert submission.steps.filter(state=StepState.SENDING).count() == 3


def test_a_row_that_waited_too_long_is_not_sent(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()
    sent: list[str] = []
    monkeypatch.setattr(executor, "LATEST_START", timedelta(seconds=-1))
    monkeypatch.setattr(calls, "send", lambda *args: sent.append("sent"))

    with pytest.MonkeyPatch.context() as once:
        once.setattr(recording, "not_sent", lambda *args: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            executor.run(submission.pk)

    assert sent == []


def test_a_held_lease_ends_a_second_message(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = submit()
    leases.take(submission, timedelta(seconds=60))

    tasks.run_submission(submission.pk)

    assert submission.steps.count() == 0


def test_a_stop_hands_over_with_nothing_begun(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = submit()
    sending = recording.sending

    def stop_after_the_first(*args: Any) -> None:
        sending(*args)
        stopping.ask()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "sending", stop_after_the_first)
        executor.run(submission.pk)
    stopping.forget()
    submission.refresh_from_db()

    assert submission.lease_token == ""
    assert submission.due_at <= timezone.now()
    assert not submission.steps.filter(state=StepState.SENDING).exists()
    assert work(submission).state == SubmissionState.PUBLISHED
    assert counted(emulator, submission) == ONE_FLOW


def test_the_sweep_calls_a_worker_once_for_what_nobody_holds(
    submit: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, fresh, held, later = (submit() for _ in range(4))
    long_ago = timezone.now() - timedelta(minutes=1)
    Submission.objects.exclude(pk=fresh.pk).update(woken_at=long_ago)
    leases.take(held, timedelta(seconds=60))
    Submission.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(minutes=1))
    called: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda _task, pk: called.append(pk) or True)

    tasks.sweep_submissions()
    tasks.sweep_submissions()

    assert called == [lost.pk]


def test_an_outage_while_reading_is_waited_for(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("GET", "/dataSets", kind="status", status=503, times=None)

    executor.run(submission.pk)
    submission.refresh_from_db()

    assert (submission.state, submission.attempts) == (SubmissionState.SUBMITTING, 1)
    assert submission.due_at > submission.created_at
    assert [one["severity"] for one in submission.problems] == ["warning"]
    emulator.world.faults.clear()
    assert work(submission).state == SubmissionState.PUBLISHED
    assert submission.problems == []


def test_an_outage_that_lasts_asks_for_a_person(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparation, "MOST_ATTEMPTS", 2)
    submission = submit()
    break_call("GET", "/dataSets", kind="status", status=503, times=None)

    work(submission)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert [one["severity"] for one in submission.problems] == ["error"]


def test_a_credential_that_cannot_be_opened_creates_nothing(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = submit()
    Credential.objects.update(client_secret="no token of Fernet")

    work(submission)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert "FLOWSITE_ENCRYPTION_KEYS" in submission.problems[0]["message"]
    assert counted(emulator, submission) == {}


def test_a_credential_that_breaks_half_way_stops_without_guessing(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()

    def closed(*_args: Any) -> None:
        raise Undecryptable

    monkeypatch.setattr(calls, "send", closed)

    work(submission)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    errors = {row.error["whose_turn"] for row in submission.steps.filter(state=StepState.FAILED)}
    assert errors == {"admin"}


def test_a_stopping_worker_calls_the_next_one_at_once(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()
    called: list[int] = []
    sending = recording.sending

    def stop(*args: Any) -> None:
        sending(*args)
        stopping.ask()

    monkeypatch.setattr(recording, "sending", stop)
    monkeypatch.setattr(tasks, "enqueue", lambda _task, pk: called.append(pk) or True)

    tasks.run_submission(submission.pk)

    assert called == [submission.pk]


def test_a_finished_submission_calls_nobody(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()
    called: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda _task, pk: called.append(pk) or True)

    tasks.run_submission(submission.pk)

    submission.refresh_from_db()
    assert submission.state == SubmissionState.PUBLISHED
    assert called == []
