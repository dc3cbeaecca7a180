"""Submissions: what was asked of AEP, call by call. Rows are written before the calls."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from flowsite.core.leases import Leasable


class SubmissionState(models.TextChoices):
    """``SUBMITTING`` and ``NEEDS_ATTENTION`` are open; the rest are ends."""

    SUBMITTING = "submitting", gettext_lazy("Submitting")
    NEEDS_ATTENTION = "needs_attention", gettext_lazy("Needs attention")
    PUBLISHED = "published", gettext_lazy("Published")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")
    UNDOING = "undoing", gettext_lazy("Undoing")
    UNDONE = "undone", gettext_lazy("Undone")


OPEN = (SubmissionState.SUBMITTING, SubmissionState.NEEDS_ATTENTION, SubmissionState.UNDOING)
#: A draft becomes one dataflow: another one takes a clone.
HOLDING = (*OPEN, SubmissionState.PUBLISHED)
#: A worker has something to do.
ACTIVE = (SubmissionState.SUBMITTING, SubmissionState.UNDOING)


class Kind(models.TextChoices):
    """What a submission is for."""

    DATAFLOW = "dataflow", gettext_lazy("Create dataflow")
    ACCOUNT = "account", gettext_lazy("Create account")
    ENABLE = "enable", gettext_lazy("Enable")
    DISABLE = "disable", gettext_lazy("Disable")
    SCHEDULE = "schedule", gettext_lazy("Edit schedule")
    MAPPING = "mapping", gettext_lazy("Update mapping")
    RUN = "run", gettext_lazy("Run on-demand")
    RETRY = "retry", gettext_lazy("Retry run")
    DELETE = "delete", gettext_lazy("Delete")
    CLEANUP = "cleanup", gettext_lazy("Remove orphans")


class StepState(models.TextChoices):
    """``SENDING`` is written before the call; ``UNKNOWN`` means the answer was lost."""

    PENDING = "pending", gettext_lazy("Waiting")
    SENDING = "sending", gettext_lazy("Sending")
    UNKNOWN = "unknown", gettext_lazy("Checking")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")
    REMOVED = "removed", gettext_lazy("Removed")
    LEFT = "left", gettext_lazy("Left behind")


#: States in which an object may exist in AEP.
MAY_EXIST = (StepState.SENDING, StepState.UNKNOWN, StepState.DONE, StepState.LEFT)


class Submission(Leasable):
    """One plan being carried out."""

    #: Carried by every created object, so that it can be found again.
    key = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.DATAFLOW)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.PROTECT)
    credential = models.ForeignKey("credentials.Credential", on_delete=models.PROTECT)
    draft = models.ForeignKey(
        "drafts.Draft", null=True, blank=True, on_delete=models.SET_NULL, related_name="submissions"
    )
    dataflow = models.ForeignKey(
        "runs.Dataflow",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="submissions",
    )
    name = models.CharField(max_length=300)
    definition: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    facts: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    #: ``SubmissionPlan`` as JSON: carried out also by a later release. None until the worker
    #: has resolved the definition and found nothing that blocks it.
    plan: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    #: Preflight's findings, as ``Problem`` dicts; errors among them stop before the first create.
    problems: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    #: What at most one submission at a time may be about: "switch:<flow>", "retry:<run>".
    subject = models.CharField(max_length=150, blank=True, default="")
    #: What a lifecycle action was asked to do: {"frequency": …}, {"run_id": …}.
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: How often the reading before the plan has failed.
    attempts = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=20, choices=SubmissionState, default=SubmissionState.SUBMITTING
    )
    cancel_asked = models.BooleanField(default=False)
    due_at = models.DateTimeField(db_index=True)
    #: When a worker was last called for it: while the message is fresh, the sweep calls no other.
    woken_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft"],
                condition=Q(state__in=["submitting", "needs_attention", "undoing", "published"]),
                name="one_submission_per_draft",
            ),
            models.UniqueConstraint(
                fields=["sandbox", "subject"],
                condition=Q(state="submitting") & ~Q(subject=""),
                name="one_submission_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SubmissionStep(models.Model):
    """One call of a plan."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=60)
    position = models.PositiveIntegerField()
    operation = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=20, choices=StepState, default=StepState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    #: Not to be looked at before: ``Retry-After``, or the next look after a lost answer.
    due_at = models.DateTimeField(null=True, blank=True)
    #: With ``UNKNOWN``: finding nothing counts only when the look-up starts after this.
    quiet_until = models.DateTimeField(null=True, blank=True)
    #: Part of an earlier version of the plan only: listed, and cleaned up if wanted.
    replaced = models.BooleanField(default=False)
    #: Which version of the submission's key its request carries (``merging``).
    generation = models.PositiveIntegerField(default=1)
    #: The step as planned (``planning.plan.Step``), kept here when the plan has moved on.
    planned: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: The planned look-up with its references filled in, as of the last sending; no secret.
    sought: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: What later steps refer to: {"id": …, "version": …, "etag": …}
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: Whether the object was found by its key instead of by the answer.
    adopted = models.BooleanField(default=False)
    #: {"message", "code", "request_id", "status", "cause", "whose_turn", "remedy"}
    error: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "key"], name="step_once"),
        ]

    def __str__(self) -> str:
        return self.key
