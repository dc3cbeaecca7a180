"""A submission as its page prints it: every call with its state, duration, id and AEP's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flowsite.core.look import SUBMISSION_STATES, Status
from flowsite.core.wording import duration, words
from flowsite.definitions.problems import Problem
from flowsite.planning.plan import masked
from flowsite.submissions.models import (
    ACTIVE,
    Kind,
    StepState,
    Submission,
    SubmissionState,
)
from flowsite.submissions.selectors import (
    OBJECTS,
    CreatedObject,
    StepLine,
    created_objects,
    steps,
)
from flowsite.wizard.steps import LABELS, step_url
from flowsite.wizard.words import Finding, anchor, turn

_LINE_STATES: Final[dict[str, str]] = {
    StepState.PENDING: "todo",
    StepState.SENDING: "sending",
    StepState.UNKNOWN: "unknown",
    StepState.DONE: "done",
    StepState.FAILED: "failed",
    StepState.REMOVED: "undone",
    StepState.LEFT: "left",
}
UNDO: Final = (SubmissionState.UNDOING, SubmissionState.UNDONE)
STATES: Final[dict[str, Status]] = {
    SubmissionState.SUBMITTING: SUBMISSION_STATES["submitting"],
    SubmissionState.NEEDS_ATTENTION: SUBMISSION_STATES["attention"],
    SubmissionState.PUBLISHED: SUBMISSION_STATES["published"],
    SubmissionState.CANCELLED: Status(gettext_lazy("Cancelled"), "neutral", "no-symbol"),
    SubmissionState.UNDOING: Status(gettext_lazy("Undoing"), "info", "arrow-uturn-left"),
    SubmissionState.UNDONE: Status(gettext_lazy("Undone"), "neutral", "arrow-uturn-left"),
}


@dataclass(frozen=True)
class Progress:
    """Everything that the page and its polled part print."""

    submission: Submission
    status: Status
    lines: list[dict[str, Any]]
    done: int
    #: 0: nothing is counted towards it.
    total: int
    said: str
    findings: list[Finding]
    objects: list[CreatedObject]
    left_behind: list[str]
    ended: bool
    failed: bool
    can_cancel: bool
    can_continue: bool
    can_undo: bool
    can_remove_replaced: bool
    dataflow_url: str


def progress(submission: Submission) -> Progress:
    """Three queries."""
    now = timezone.now()
    found = steps(submission, now)
    current = [line for line in found if not line.row.replaced]
    objects = created_objects(submission)
    state = SubmissionState(submission.state)
    stopped = state in (SubmissionState.NEEDS_ATTENTION, SubmissionState.CANCELLED)
    done = sum(1 for line in current if line.row.state == StepState.DONE)
    there = [one for one in objects if one.state in ("there", "unclear")]
    return Progress(
        submission=submission,
        status=STATES[state],
        lines=[_line(line) for line in found],
        done=done,
        total=0 if state in UNDO else len(current),
        said=_said(submission, current, done),
        findings=_findings(submission),
        objects=objects,
        left_behind=[words(one) for one in (submission.plan or {}).get("left_behind", ())],
        ended=state not in ACTIVE,
        failed=any(line.row.state == StepState.FAILED for line in current),
        can_cancel=state == SubmissionState.SUBMITTING and not submission.cancel_asked,
        can_continue=stopped,
        can_undo=stopped and bool(there),
        can_remove_replaced=state not in ACTIVE and any(one.replaced for one in there),
        dataflow_url=_dataflow_url(submission),
    )


def _dataflow_url(submission: Submission) -> str:
    if submission.dataflow_id is None:
        return ""
    try:
        return reverse("dataflow", args=[submission.dataflow_id])
    except NoReverseMatch:
        return ""


def _line(line: StepLine) -> dict[str, Any]:
    row, error = line.row, line.error
    took = "" if line.duration_s is None else duration(line.duration_s)
    return {
        "title": words(row.title),
        "state": _LINE_STATES.get(row.state, "todo"),
        "duration": took,
        "detail": _detail(line),
        "object_id": line.object_id,
        "object_label": words(OBJECTS.get(row.operation, _("id"))),
        "message": str(error.get("message") or error.get("cause") or ""),
        "whose_turn": turn(str(error.get("whose_turn") or "")),
        "remedy": str(error.get("remedy") or ""),
        "code": str(error.get("code") or ""),
        "request_id": str(error.get("request_id") or ""),
        "request": _request(row.planned),
    }


def _detail(line: StepLine) -> str:
    row = line.row
    said = []
    if row.replaced:
        said.append(_("of an earlier version"))
    if row.adopted:
        said.append(_("found again by its key"))
    if row.attempts > 1:
        said.append(_("attempt %(n)d") % {"n": row.attempts})
    if row.state == StepState.UNKNOWN and row.quiet_until:
        said.append(_("looked up until it is certain"))
    return ", ".join(said)


def _request(planned: dict[str, Any]) -> str:
    if not planned:
        return ""
    head = f"{planned.get('method', '')} {planned.get('path', '')}"
    body = planned.get("body")
    if body is None:
        return head
    return f"{head}\n{json.dumps(masked(body), indent=2, ensure_ascii=False)}"


def _said(submission: Submission, lines: list[StepLine], done: int) -> str:
    """One sentence for the live region."""
    state = SubmissionState(submission.state)
    if state == SubmissionState.PUBLISHED:
        return _("Published.")
    if state == SubmissionState.NEEDS_ATTENTION:
        return _("The submission needs attention.")
    if state in (SubmissionState.CANCELLED, SubmissionState.UNDONE):
        return str(STATES[state].word)
    if submission.cancel_asked:
        return _("Cancelling: calls that are open come to their end.")
    if not lines:
        return _("Reading and checking before the first call.")
    under_way = next((words(x.row.title) for x in lines if x.row.state == StepState.SENDING), "")
    counted = _("%(done)d of %(total)d calls done.") % {"done": done, "total": len(lines)}
    return f"{counted} {under_way}".strip()


def _findings(submission: Submission) -> list[Finding]:
    draft = submission.draft
    found = []
    for values in submission.problems:
        problem = Problem(**values)
        url = f"{step_url(draft, problem.step)}#{anchor(problem)}" if draft else ""
        label = str(LABELS[problem.step])
        found.append(Finding(problem.message, problem.blocks, url, label, problem.code))
    return found


def is_account(submission: Submission) -> bool:
    """Whether it creates an account instead of a dataflow."""
    return submission.kind == Kind.ACCOUNT
