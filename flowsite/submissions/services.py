"""Beginning, stopping, continuing and undoing submissions. No call to AEP is made here."""

from __future__ import annotations

import secrets as random_text
import time
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from flowsite.core.enqueue import enqueue_on_commit
from flowsite.credentials.models import Credential, Sandbox
from flowsite.definitions.complete import complete
from flowsite.definitions.model import DataflowDefinition, PartialDefinition
from flowsite.drafts.models import Draft
from flowsite.people import audit
from flowsite.people.models import Team, User
from flowsite.people.rights import may_submit_to_production
from flowsite.submissions import executor, stopping
from flowsite.submissions.models import (
    ACTIVE,
    HOLDING,
    Kind,
    StepState,
    Submission,
    SubmissionState,
)
from flowsite.submissions.tasks import run_submission

COMMAND_LINE = "command line"
#: How long ``run_in_process`` sleeps at once, so that a stop is seen.
NAP_S = 0.5


class SubmissionRefused(Exception):
    """The submission can't begin or can't go on; the text says why."""


def new_key() -> str:
    """What a submission's objects carry: 16 hexadecimal digits."""
    return random_text.token_hex(8)


def submit_draft(draft: Draft, *, user: User, key: str, production_name: str = "") -> Submission:
    """Begins to carry a draft out; the same submission for the same key and for an open draft.

    Raises IncompleteDefinition, SubmissionRefused.
    """
    if before := Submission.objects.filter(key=key).first():
        return _same(before, draft)
    definition = complete(PartialDefinition.model_validate(draft.definition))
    return submit_definition(
        definition,
        team=draft.team,
        credential=draft.credential,
        sandbox=draft.sandbox,
        key=key,
        user=user,
        draft=draft,
        production_name=production_name,
    )


def submit_definition(
    definition: DataflowDefinition,
    *,
    team: Team,
    credential: Credential,
    sandbox: Sandbox,
    key: str,
    user: User | None = None,
    draft: Draft | None = None,
    production_name: str = "",
    again: bool = True,
    wake: bool = True,
) -> Submission:
    """Begins to carry a definition out; without a user, for the command line.

    ``again`` False makes a dataflow name that is already used an error. ``wake`` False leaves the
    work to the caller's process. Raises SubmissionRefused.
    """
    check_production(sandbox, production_name, user)
    values: dict[str, Any] = {
        "kind": Kind.DATAFLOW,
        "draft": draft,
        "name": definition.name,
        "definition": definition.model_dump(mode="json", exclude_none=True),
        "params": {"again": again},
    }
    return begin(
        key=key, team=team, credential=credential, sandbox=sandbox, user=user, wake=wake, **values
    )


def begin(
    *,
    key: str,
    team: Team,
    credential: Credential,
    sandbox: Sandbox,
    user: User | None,
    wake: bool = True,
    **values: Any,
) -> Submission:
    """A new submission row, or the one that has the key or the draft already."""
    try:
        with transaction.atomic():
            now = timezone.now()
            submission = Submission.objects.create(
                key=key,
                team=team,
                credential=credential,
                sandbox=sandbox,
                owner=user,
                due_at=now,
                woken_at=now if wake else None,
                **values,
            )
            _record(submission, "submitted", user, sandbox=sandbox.name)
            if wake:
                enqueue_on_commit(run_submission, submission.pk)
    except IntegrityError:
        draft = values.get("draft")
        found = Submission.objects.filter(key=key).first() or (
            draft and Submission.objects.filter(draft=draft, state__in=HOLDING).first()
        )
        if not found:
            raise
        return _same(found, draft)
    return submission


def check_production(sandbox: Sandbox, production_name: str, user: User | None) -> None:
    """The production guard. Raises SubmissionRefused."""
    if not sandbox.is_production:
        return
    if user is not None and not may_submit_to_production(user):
        raise SubmissionRefused(
            f"“{sandbox.name}” is a production sandbox, and you don't have the right to submit to "
            "it. An administrator can give it to you."
        )
    if production_name != sandbox.name:
        raise SubmissionRefused(
            f"“{sandbox.name}” is a production sandbox: repeat its name to confirm."
        )


def cancel(submission: Submission, *, user: User | None = None) -> Submission:
    """No further step is begun. What was created stays listed."""
    with transaction.atomic():
        rows = Submission.objects.filter(
            pk=submission.pk,
            state__in=(SubmissionState.SUBMITTING, SubmissionState.NEEDS_ATTENTION),
        )
        if not rows.update(cancel_asked=True, state=SubmissionState.SUBMITTING):
            raise SubmissionRefused("There is nothing to cancel: the submission has ended.")
        _clear_failures(submission)
        _wake(submission)
        _record(submission, "cancelled", user)
    submission.refresh_from_db()
    return submission


def resume(
    submission: Submission,
    *,
    user: User | None = None,
    definition: DataflowDefinition | None = None,
    wake: bool = True,
) -> Submission:
    """Goes on where it stopped, with the draft as it is now (or with ``definition``).

    Raises IncompleteDefinition, SubmissionRefused.
    """
    _check_right(submission, user)
    if submission.draft is not None and definition is None:
        definition = complete(PartialDefinition.model_validate(submission.draft.definition))
    values: dict[str, Any] = {"state": SubmissionState.SUBMITTING, "cancel_asked": False}
    values |= {"finished_at": None, "problems": [], "attempts": 0}
    if definition is not None:
        document = definition.model_dump(mode="json", exclude_none=True)
        if document != submission.definition:
            values |= {"definition": document, "name": definition.name, "plan": None}
    _reopen(
        submission, (SubmissionState.NEEDS_ATTENTION, SubmissionState.CANCELLED), values, wake=wake
    )
    _record(submission, "resumed", user)
    return submission


def undo(submission: Submission, *, user: User | None = None, wake: bool = True) -> Submission:
    """Begins to remove what the submission created. Raises SubmissionRefused."""
    _check_right(submission, user)
    values = {
        "state": SubmissionState.UNDOING,
        "cancel_asked": False,
        "params": {
            name: value
            for name, value in submission.params.items()
            if name not in ("undo", "back_to")
        },
    }
    _reopen(
        submission, (SubmissionState.NEEDS_ATTENTION, SubmissionState.CANCELLED), values, wake=wake
    )
    _record(submission, "undo", user)
    return submission


def remove_replaced(
    submission: Submission, *, user: User | None = None, wake: bool = True
) -> Submission:
    """Begins to remove what an earlier version of the plan created and this one doesn't use."""
    _check_right(submission, user)
    ends = (SubmissionState.NEEDS_ATTENTION, SubmissionState.CANCELLED, SubmissionState.PUBLISHED)
    params = {**submission.params, "undo": "replaced", "back_to": submission.state}
    _reopen(submission, ends, {"state": SubmissionState.UNDOING, "params": params}, wake=wake)
    _record(submission, "replaced_removed", user)
    return submission


def run_in_process(submission: Submission) -> Submission:
    """Carries it out here, to its end, without broker or worker; stops early on a signal."""
    with stopping.on_signals():
        while not stopping.asked():
            executor.run(submission.pk)
            submission.refresh_from_db()
            if submission.state not in ACTIVE:
                break
            _nap(submission)
    return submission


def _nap(submission: Submission) -> None:
    wait_s = (submission.due_at - timezone.now()).total_seconds()
    if submission.lease_token:
        wait_s = NAP_S
    time.sleep(min(max(wait_s, 0.01), NAP_S))


def _reopen(
    submission: Submission,
    ends: tuple[SubmissionState, ...],
    values: dict[str, Any],
    *,
    wake: bool,
) -> None:
    try:
        with transaction.atomic():
            if not Submission.objects.filter(pk=submission.pk, state__in=ends).update(**values):
                raise SubmissionRefused("It is being worked on, or has ended for good.")
            _clear_failures(submission)
            _wake(submission, wake=wake)
    except IntegrityError as error:
        raise SubmissionRefused(
            "The draft has been submitted again since; continue with that submission."
        ) from error
    submission.refresh_from_db()


def _clear_failures(submission: Submission) -> None:
    """Failed steps wait again; those that may have happened are looked up first."""
    for row in submission.steps.filter(state=StepState.FAILED):
        unsure = bool(row.result.get("candidates") or row.result.get("unsure"))
        row.state = StepState.UNKNOWN if unsure else StepState.PENDING
        row.quiet_until = row.quiet_until if unsure else None
        row.attempts, row.due_at, row.result = 0, None, {}
        row.save()
    submission.steps.filter(state=StepState.DONE).update(attempts=0, due_at=None)


def _wake(submission: Submission, *, wake: bool = True) -> None:
    now = timezone.now()
    Submission.objects.filter(pk=submission.pk).update(due_at=now, woken_at=now if wake else None)
    if wake:
        enqueue_on_commit(run_submission, submission.pk)


def _check_right(submission: Submission, user: User | None) -> None:
    if submission.sandbox.is_production and user and not may_submit_to_production(user):
        raise SubmissionRefused(
            f"“{submission.sandbox.name}” is a production sandbox, and you don't have the right to "
            "change it. An administrator can give it to you."
        )


def _same(found: Submission, draft: Draft | None) -> Submission:
    """A key that belongs to another draft is not this one's double click."""
    if draft is not None and found.draft_id != draft.pk:
        raise SubmissionRefused("This form was used for another draft. Reload the page.")
    return found


def _record(submission: Submission, verb: str, user: User | None, **details: Any) -> None:
    audit.record(
        f"{submission.kind}.{verb}",
        user=user,
        actor="" if user else COMMAND_LINE,
        team=submission.team,
        obj=submission,
        **details,
    )
