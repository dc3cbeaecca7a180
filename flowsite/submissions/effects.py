"""What follows from a step or an end, written in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from flowsite.credentials.models import SourceAccount
from flowsite.people import audit
from flowsite.planning.plan import Step
from flowsite.runs import services as runs
from flowsite.runs.models import Dataflow
from flowsite.submissions import secrets
from flowsite.submissions.ledger import Ledger
from flowsite.submissions.models import Kind, StepState, Submission, SubmissionStep

SYSTEM = "executor"


def step_done(ledger: Ledger, row: SubmissionStep, step: Step) -> None:
    """The effects of one finished step, by its operation."""
    if step.operation == "create_flow":
        _record_dataflow(ledger, row, step)
    elif step.operation == "create_connection":
        _record_account(ledger, row, step)


def published(ledger: Ledger) -> None:
    """Everything has been carried out."""
    submission = ledger.submission
    audit.record(
        f"{submission.kind}.published",
        actor=SYSTEM,
        team=submission.team,
        obj=submission,
        objects=_ids(ledger),
    )
    if submission.dataflow is not None:
        _keep_document(submission, submission.dataflow)
    if submission.kind != Kind.ACCOUNT:
        sandbox = submission.sandbox
        transaction.on_commit(lambda: runs.request_poll(sandbox), robust=True)


def stopped(ledger: Ledger) -> None:
    """A step failed, or the definition can't be carried out as it is."""
    submission = ledger.submission
    audit.record(
        f"{submission.kind}.stopped",
        actor=SYSTEM,
        team=submission.team,
        obj=submission,
        objects=_ids(ledger),
    )


def _ids(ledger: Ledger) -> dict[str, str]:
    rows = ledger.submission.steps.filter(state=StepState.DONE)
    return {row.key: str(row.result["id"]) for row in rows if row.result.get("id")}


def _record_dataflow(ledger: Ledger, row: SubmissionStep, step: Step) -> None:
    submission = ledger.submission
    sent = step.body if isinstance(step.body, dict) else {}
    dataflow = runs.record_dataflow(
        sandbox=submission.sandbox,
        team=submission.team,
        owner=submission.owner,
        flow_id=row.result["id"],
        etag=row.result.get("etag") or "",
        name=submission.name,
        definition=submission.definition or {},
        facts=submission.facts or {},
        options=sent.get("options"),
        made_of=_ids(ledger),
    )
    ledger.update(dataflow=dataflow)


def _record_account(ledger: Ledger, row: SubmissionStep, step: Step) -> None:
    submission = ledger.submission
    body: dict[str, Any] = step.body if isinstance(step.body, dict) else {}
    SourceAccount.objects.update_or_create(
        sandbox=submission.sandbox,
        connection_id=row.result["id"],
        defaults={
            "team": submission.team,
            "created_by": submission.owner,
            "name": str(body.get("name", submission.name))[:300],
            "description": str(body.get("description") or ""),
            "connection_spec_id": str(body.get("connectionSpec", {}).get("id", "")),
            "auth_spec": str(body.get("auth", {}).get("specName", "")),
            "state": "enabled",
        },
    )
    secrets.spend(body)


def _keep_document(submission: Submission, dataflow: Dataflow) -> None:
    """The document follows what was changed in AEP."""
    if submission.kind == Kind.DELETE:
        runs.mark_deleted(dataflow)
        return
    document = dict(dataflow.definition or {})
    if not document:
        return
    if submission.kind == Kind.SCHEDULE:
        asked = {**document.get("schedule", {}), **submission.params["schedule"]}
        document["schedule"] = {name: value for name, value in asked.items() if value is not None}
    elif submission.kind == Kind.MAPPING:
        document["mapping"] = submission.params["mapping"]
    else:
        return
    Dataflow.objects.filter(pk=dataflow.pk).update(definition=document)


def given_up(ledger: Ledger) -> None:
    """Secrets that were to be sent are thrown away."""
    for row in ledger.submission.steps.filter(operation="create_connection"):
        secrets.spend(row.planned.get("body"))


def undone(ledger: Ledger) -> None:
    """The clean-up has ended; what could not be removed is named."""
    given_up(ledger)
    rows = ledger.submission.steps.filter(state=StepState.LEFT)
    audit.record(
        f"{ledger.submission.kind}.undone",
        actor=SYSTEM,
        team=ledger.submission.team,
        obj=ledger.submission,
        left={row.key: str(row.result.get("id", "")) for row in rows},
    )
