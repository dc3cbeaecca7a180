"""Reading submissions, always through the person's teams."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet

from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.people.selectors import teams_of
from flowsite.saying import say
from flowsite.submissions.models import (
    HOLDING,
    StepState,
    Submission,
    SubmissionState,
    SubmissionStep,
)

#: Operation → what people call its object.
OBJECTS = {
    "create_connection": "Account",
    "create_field_group": say("Field group"),
    "create_schema": say("Schema"),
    "create_descriptor": say("Identity"),
    "create_dataset": say("Dataset"),
    "create_source_connection": say("Source connection"),
    "create_target_connection": say("Target connection"),
    "create_mapping_set": say("Mapping set"),
    "create_flow": say("Dataflow"),
}


@dataclass(frozen=True)
class CreatedObject:
    """Something that this submission created in AEP, or may have.

    ``state``: ``there``, ``unclear`` (the answer was lost), ``removed`` or ``left`` (could not be
    removed, ``note`` says why). ``replaced``: the dataflow doesn't use it any more.
    """

    kind: str
    name: str
    state: Literal["there", "unclear", "removed", "left"]
    id: str = ""
    adopted: bool = False
    replaced: bool = False
    note: str = ""


@dataclass(frozen=True)
class StepLine:
    """One call as the progress page shows it."""

    row: SubmissionStep
    label: str
    duration_s: float | None
    object_id: str
    error: dict[str, Any] = field(default_factory=dict)


def submissions_for_user(user: User) -> QuerySet[Submission]:
    """Submissions of the person's teams, newest first."""
    return Submission.objects.filter(team__in=teams_of(user)).select_related(
        "sandbox", "credential", "owner", "dataflow"
    )


def submission_for_user(user: User, pk: int) -> Submission | None:
    """None for one that the person may not see."""
    return submissions_for_user(user).filter(pk=pk).first()


def submission_of_draft(draft: Draft) -> Submission | None:
    """The one that is being carried out or has been, if any: a draft becomes one dataflow."""
    return Submission.objects.filter(draft=draft, state__in=HOLDING).first()


def steps(submission: Submission, now: datetime) -> list[StepLine]:
    """Every call in its order, replaced ones last."""
    return [_line(row, now) for row in submission.steps.order_by("replaced", "position")]


def created_objects(submission: Submission) -> list[CreatedObject]:
    """What exists, may exist or existed in AEP because of this submission."""
    found: list[CreatedObject] = []
    for row in submission.steps.order_by("position"):
        if row.operation in OBJECTS:
            found += _objects_of(row)
    return found


def failure_of(submission: Submission) -> str:
    """One sentence about why it stopped; empty if it did not."""
    if submission.state == SubmissionState.CANCELLED:
        return say("The submission was cancelled.")
    row = submission.steps.filter(state=StepState.FAILED, replaced=False).first()
    if row is not None:
        error = row.error or {}
        marks = ", ".join(str(error[name]) for name in ("code", "request_id") if error.get(name))
        message = str(error.get("message") or say("AEP refused it."))
        return f"{row.title}: {message}{f' ({marks})' if marks else ''}"
    blocking = [one for one in submission.problems if one.get("severity") == "error"]
    return " ".join(f"{one['message']}" for one in blocking)


def _line(row: SubmissionStep, now: datetime) -> StepLine:
    duration = None
    if row.sent_at and row.state != StepState.PENDING:
        duration = max(((row.ended_at or now) - row.sent_at).total_seconds(), 0)
    return StepLine(
        row=row,
        label=StepState(row.state).label,
        duration_s=duration,
        object_id=str(row.result.get("id") or ""),
        error=row.error or {},
    )


def _objects_of(row: SubmissionStep) -> list[CreatedObject]:
    states = {
        StepState.DONE: "there",
        StepState.REMOVED: "removed",
        StepState.LEFT: "left",
        StepState.SENDING: "unclear",
        StepState.UNKNOWN: "unclear",
    }
    candidates = row.result.get("candidates")
    unsure = row.state == StepState.FAILED and (candidates or row.result.get("unsure"))
    if row.state not in states and not unsure:
        return []
    state: Any = states.get(StepState(row.state), "unclear")
    note = str((row.error or {}).get("message") or "")
    return [
        CreatedObject(
            kind=OBJECTS[row.operation],
            name=_name_of(row),
            state=state,
            id=str(one or ""),
            adopted=row.adopted,
            replaced=row.replaced,
            note=note,
        )
        for one in (candidates or [row.result.get("id")])
    ]


def _name_of(row: SubmissionStep) -> str:
    body = row.planned.get("body")
    if isinstance(body, dict):
        for name in ("name", "title", "xdm:sourceProperty"):
            if isinstance(body.get(name), str):
                return str(body[name])
    return row.title


def has_objects(submission: Submission) -> bool:
    """Whether there is anything to undo."""
    return any(one.state in ("there", "unclear") for one in created_objects(submission))
