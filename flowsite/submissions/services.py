"""Beginning, stopping, continuing and undoing submissions. No call to AEP is made here."""

from __future__ import annotations

import time
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from pydantic import JsonValue

from flowsite.core import stopping
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess
from flowsite.definitions.complete import complete
from flowsite.definitions.model import DataflowDefinition, PartialDefinition
from flowsite.definitions.sources import Source
from flowsite.drafts.models import Draft
from flowsite.people.models import Team, User
from flowsite.planning.facts import SpecRef
from flowsite.planning.lifecycle import account_plan
from flowsite.runs.models import MappingEdit
from flowsite.submissions import executor
from flowsite.submissions.asking import (
    Bulk,
    submit_cleanup,
    submit_lifecycle,
    submit_lifecycle_bulk,
)
from flowsite.submissions.beginning import (
    COMMAND_LINE,
    SubmissionRefused,
    begin,
    check_production,
    check_right,
    is_key,
    key_of,
    new_key,
    record,
    same,
    wake_up,
)
from flowsite.submissions.models import (
    ACTIVE,
    Kind,
    StepState,
    Submission,
    SubmissionState,
)
from flowsite.submissions.resolve import place_of
from flowsite.submissions.rows import add_plan
from flowsite.submissions.secrets import keep

__all__ = [
    "COMMAND_LINE",
    "Bulk",
    "SubmissionRefused",
    "cancel",
    "check_production",
    "is_key",
    "key_of",
    "new_key",
    "remove_replaced",
    "resume",
    "run_in_process",
    "submit_account",
    "submit_cleanup",
    "submit_definition",
    "submit_draft",
    "submit_lifecycle",
    "submit_lifecycle_bulk",
    "undo",
]

#: How long ``run_in_process`` sleeps at once, so that a stop is seen.
NAP_S = 0.5


def submit_draft(draft: Draft, *, user: User, key: str, production_name: str = "") -> Submission:
    """Begins to carry a draft out; the same submission for the same key and for an open draft.

    Raises IncompleteDefinition, SubmissionRefused.
    """
    if before := Submission.objects.filter(key=key).first():
        return same(before, {"draft": draft, "kind": Kind.DATAFLOW})
    if edit := MappingEdit.objects.filter(draft=draft).select_related("dataflow").first():
        raise SubmissionRefused(
            gettext(
                "This copy changes the mapping of “{name}”: update it on that dataflow's page, or "
                "clone the draft for another dataflow."
            ).format(name=edit.dataflow.name)
        )
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


def submit_account(
    access: SandboxAccess,
    user: User,
    *,
    source: Source,
    name: str,
    description: str | None,
    auth_spec: str | None,
    params: dict[str, JsonValue],
    secrets: dict[str, str],
    key: str,
    production_name: str = "",
) -> Submission:
    """Begins to create an account. ``secrets`` are stored encrypted until AEP has them.

    Raises SubmissionRefused.
    """
    check_production(access.sandbox, production_name, user)
    credential, team = access.credential, access.credential.team

    spec = SpecRef(
        id=source.connection_spec_id or "", version=source.connection_spec_version or "1.0"
    )

    def plan_it(submission: Submission) -> None:
        plan = account_plan(
            name=name,
            description=description,
            spec=spec,
            auth_spec=auth_spec,
            params={**params, **keep(team, secrets)},
            key=key,
            place=place_of(credential, access.sandbox),
        )
        add_plan(submission, plan)

    return begin(
        key=key,
        team=team,
        credential=credential,
        sandbox=access.sandbox,
        user=user,
        then=plan_it,
        kind=Kind.ACCOUNT,
        name=name,
    )


def cancel(submission: Submission, *, user: User | None = None, wake: bool = True) -> Submission:
    """No further step is begun. What was created stays listed."""
    with transaction.atomic():
        rows = Submission.objects.filter(
            pk=submission.pk,
            state__in=(SubmissionState.SUBMITTING, SubmissionState.NEEDS_ATTENTION),
        )
        if not rows.update(cancel_asked=True, state=SubmissionState.SUBMITTING):
            raise SubmissionRefused(
                gettext("There is nothing to cancel: the submission has ended.")
            )
        _clear_failures(submission)
        wake_up(submission, wake=wake)
        record(submission, "cancelled", user)
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
    check_right(submission.sandbox, user)
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
    record(submission, "resumed", user)
    return submission


def undo(submission: Submission, *, user: User | None = None, wake: bool = True) -> Submission:
    """Begins to remove what the submission created. Raises SubmissionRefused."""
    check_right(submission.sandbox, user)
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
    record(submission, "undo", user)
    return submission


def remove_replaced(
    submission: Submission, *, user: User | None = None, wake: bool = True
) -> Submission:
    """Begins to remove what an earlier version of the plan created and this one doesn't use."""
    check_right(submission.sandbox, user)
    ends = (SubmissionState.NEEDS_ATTENTION, SubmissionState.CANCELLED, SubmissionState.PUBLISHED)
    params = {**submission.params, "undo": "replaced", "back_to": submission.state}
    _reopen(submission, ends, {"state": SubmissionState.UNDOING, "params": params}, wake=wake)
    record(submission, "replaced_removed", user)
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
    """Until it is due, or another holder's lease has run out; short, so that a stop is seen."""
    due_at = max(submission.due_at, submission.lease_until or submission.due_at)
    wait_s = (due_at - timezone.now()).total_seconds()
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
                raise SubmissionRefused(gettext("It is being worked on, or has ended for good."))
            _clear_failures(submission)
            wake_up(submission, wake=wake)
    except IntegrityError as error:
        raise SubmissionRefused(
            gettext("The draft has been submitted again since; continue with that submission.")
        ) from error
    submission.refresh_from_db()


def _clear_failures(submission: Submission) -> None:
    """Failed steps wait again; those that may have happened are looked up first."""
    for row in submission.steps.filter(state=StepState.FAILED):
        unsure = bool(row.result.get("candidates") or row.result.get("unsure"))
        row.state = StepState.UNKNOWN if unsure else StepState.PENDING
        row.quiet_until = row.quiet_until if unsure else None
        row.attempts, row.due_at = 0, None
        # A run that is not to be seen is started again now: somebody has looked and says so.
        row.result = {"asked": True} if unsure else {}
        row.save()
    submission.steps.filter(state=StepState.DONE).update(attempts=0, due_at=None)
