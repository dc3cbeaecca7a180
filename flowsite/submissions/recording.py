"""What the executor writes, and when: each function is one transaction of the lease's holder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.planning.plan import Step, fill, fill_path
from flowsite.saying import say
from flowsite.submissions import calls, effects, secrets, verdicts
from flowsite.submissions.ledger import Ledger
from flowsite.submissions.models import StepState, SubmissionState, SubmissionStep
from flowsite.submissions.verdicts import Look, Repeat, Verdict
from flowsite.submissions.words import error_words, own_words

Rows = Sequence[SubmissionStep]


def take_over(ledger: Ledger) -> None:
    """Calls that a worker left behind: nobody knows their outcome, and they may still go on."""
    left = [row for row in ledger.steps() if row.state == StepState.SENDING]
    if not left:
        return
    now = timezone.now()
    with ledger.writing():
        for row in left:
            ended_at = (row.sent_at or now) + ledger.timing.call_limit
            verdict = verdicts.after_silence(
                calls.repeat_of(planned(row)),
                attempts=row.attempts,
                now=now,
                timing=ledger.timing,
                still_open=max(ended_at - now, timedelta(0)),
            )
            error = own_words(
                say("The worker that made this call stopped before the answer came."),
                cause=say("A worker was ended or lost its connection."),
                whose_turn="wait",
                remedy=say("AEP is asked whether the call was carried out."),
            )
            _apply(ledger, row, verdict, error)


def planned(row: SubmissionStep) -> Step:
    """The step as planned."""
    return Step.model_validate(row.planned)


def answers(rows: Rows) -> dict[str, dict[str, Any]]:
    """Results of the finished steps, by key."""
    return {row.key: row.result for row in rows if row.state == StepState.DONE and not row.replaced}


def may_send(ledger: Ledger, row: SubmissionStep, rows: Rows) -> bool:
    """Whether the step's turn has come."""
    if row.state != StepState.PENDING or row.replaced or stopped(ledger, rows):
        return False
    return set(planned(row).depends_on) <= answers(rows).keys()


def stopped(ledger: Ledger, rows: Rows) -> bool:
    """Whether nothing new is to be sent: a step failed, or somebody cancelled or undoes."""
    if ledger.submission.cancel_asked or ledger.submission.state != SubmissionState.SUBMITTING:
        return True
    return any(row.state == StepState.FAILED and not row.replaced for row in rows)


def request_of(
    ledger: Ledger, row: SubmissionStep, rows: Rows, *, with_secrets: bool
) -> calls.Request | None:
    """The step with every reference filled in; None if it can't be, and then the row says why."""
    step, known = planned(row), answers(rows)
    try:
        if not with_secrets:
            return calls.Request(step, None, fill_path(step.path, known), row.sought)
        body = fill(step.body, known, secrets.value)
        sought = {name: fill(value, known) for name, value in step.lookup.match.items()}
    except secrets.SecretGone as error:
        words = own_words(str(error), remedy=say("Type the account's secrets again."))
    except Undecryptable as error:
        words = error_words(error)
    except KeyError as error:
        words = own_words(
            say("AEP's answer to an earlier step lacks {error}.", error=error), whose_turn="adobe"
        )
    else:
        return calls.Request(step, body, fill_path(step.path, known), sought)
    with ledger.writing():
        _apply(ledger, row, Verdict("fail"), words)
    return None


def sending(ledger: Ledger, row: SubmissionStep, request: calls.Request) -> None:
    """Before the call: from here on its object may exist."""
    with ledger.writing():
        ledger.save_step(
            row,
            StepState.SENDING,
            attempts=row.attempts + 1,
            sent_at=timezone.now(),
            ended_at=None,
            due_at=None,
            quiet_until=None,
            sought=request.sought,
            result={},
        )


def not_sent(ledger: Ledger, row: SubmissionStep) -> None:
    """The call did not start in time."""
    with ledger.writing():
        _apply(ledger, row, Verdict("again", due_at=timezone.now()), None)


def send_failed(ledger: Ledger, row: SubmissionStep, error: BaseException) -> None:
    """The call raised."""
    now, repeat = timezone.now(), calls.repeat_of(planned(row))
    if isinstance(error, calls.Refused):
        verdict, words = Verdict("fail"), own_words(str(error), remedy=error.remedy)
    elif isinstance(error, AepError):
        words = error_words(error)
        verdict = verdicts.after_error(
            error, repeat, attempts=row.attempts, now=now, timing=ledger.timing
        )
    elif isinstance(error, Undecryptable):
        verdict, words = Verdict("fail"), error_words(error)
    else:
        words = error_words(error)
        verdict = verdicts.after_silence(
            repeat, attempts=row.attempts, now=now, timing=ledger.timing
        )
    with ledger.writing():
        _apply(ledger, row, verdict, words)


def looked(ledger: Ledger, row: SubmissionStep, found: list[Any], began_at: datetime) -> None:
    """A look-up has ended."""
    taken = {one.result.get("id") for one in ledger.steps() if one.pk != row.pk}
    others = next((one["differs"] for one in found if "differs" in one), None)
    look = Look(
        found=[one for one in found if one["id"] not in taken and "differs" not in one],
        differs=others,
        wanted=row.sought,
        began_at=began_at,
        quiet_until=row.quiet_until or began_at,
        attempts=row.attempts,
        code=(row.error or {}).get("code"),
    )
    repeat = Repeat.AFTER_LOOKING if row.result.get("asked") else calls.repeat_of(planned(row))
    verdict = verdicts.after_look(look, repeat, now=timezone.now(), timing=ledger.timing)
    if row.replaced and verdict.do == "again":
        forget(ledger, row)
    elif verdict.do == "done":
        done(ledger, row, verdict.result, adopted=True)
    else:
        with ledger.writing():
            _apply(ledger, row, verdict, row.error)


def look_failed(ledger: Ledger, row: SubmissionStep, error: BaseException) -> None:
    """A look-up raised."""
    if not isinstance(error, AepError):
        permanent = isinstance(error, Undecryptable)
        error = AepError(error_words(error)["message"], permanent=permanent)
    verdict = verdicts.after_failed_look(
        error, sent_at=row.sent_at or timezone.now(), now=timezone.now(), timing=ledger.timing
    )
    with ledger.writing():
        _apply(ledger, row, verdict, row.error if verdict.do == "look" else error_words(error))


def forget(ledger: Ledger, row: SubmissionStep) -> None:
    """A step of an earlier plan that created nothing leaves the list."""
    with ledger.writing():
        row.delete()


def done(
    ledger: Ledger, row: SubmissionStep, result: dict[str, Any], *, adopted: bool = False
) -> None:
    """The step is done, with everything that follows from it in the same transaction."""
    with ledger.writing():
        ledger.save_step(
            row,
            StepState.DONE,
            result=result,
            adopted=adopted,
            ended_at=timezone.now(),
            due_at=None,
            quiet_until=None,
            error=None,
        )
        if not row.replaced:
            effects.step_done(ledger, row, planned(row))
            _publish_if_finished(ledger)


def settle(ledger: Ledger, rows: Rows) -> bool:
    """With no call under way: whether the submission has come to a stop. Writes the stop."""
    if any(row.state in (StepState.UNKNOWN, StepState.SENDING) for row in rows):
        return False
    if ledger.submission.state != SubmissionState.SUBMITTING:
        return False
    states = {row.state for row in rows if not row.replaced}
    cancelled = ledger.submission.cancel_asked
    with ledger.writing():
        if not states & {StepState.FAILED, StepState.PENDING}:
            _publish_if_finished(ledger)
        elif cancelled:
            ledger.end(SubmissionState.CANCELLED)
            effects.given_up(ledger)
        elif StepState.FAILED in states:
            ledger.update(state=SubmissionState.NEEDS_ATTENTION)
            effects.stopped(ledger)
        else:
            return False
    return True


def next_due(ledger: Ledger, rows: Rows) -> datetime:
    """When the next step can go on."""
    halted = stopped(ledger, rows)
    times = [
        row.due_at or timezone.now()
        for row in rows
        if row.state == StepState.UNKNOWN
        or (not halted and row.state == StepState.PENDING and may_send(ledger, row, rows))
    ]
    return min(times, default=timezone.now())


def _publish_if_finished(ledger: Ledger) -> None:
    rows = ledger.submission.steps.filter(replaced=False).exclude(state=StepState.DONE)
    if ledger.submission.state == SubmissionState.SUBMITTING and not rows.exists():
        ledger.end(SubmissionState.PUBLISHED)
        effects.published(ledger)


def _apply(
    ledger: Ledger, row: SubmissionStep, verdict: Verdict, error: dict[str, Any] | None
) -> None:
    states = {"again": StepState.PENDING, "look": StepState.UNKNOWN, "fail": StepState.FAILED}
    if verdict.message:
        error = {**(error or own_words("")), "message": verdict.message}
    values: dict[str, Any] = {"due_at": verdict.due_at, "error": error}
    if verdict.do != "look" or verdict.quiet_until:
        values["quiet_until"] = verdict.quiet_until
    if verdict.do == "fail":
        values |= {"result": verdict.result, "ended_at": timezone.now()}
    ledger.save_step(row, states[verdict.do], **values)
