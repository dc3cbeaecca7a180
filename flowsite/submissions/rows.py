"""Step rows out of planned steps."""

from __future__ import annotations

from flowsite.planning.plan import Step, SubmissionPlan
from flowsite.submissions.models import Submission, SubmissionStep


def add_step(submission: Submission, step: Step, position: int, generation: int = 1) -> None:
    """Call inside the transaction that also stores the plan."""
    SubmissionStep.objects.create(
        submission=submission,
        key=step.key,
        operation=step.operation,
        title=step.title[:300],
        planned=step.model_dump(mode="json"),
        position=position,
        generation=generation,
    )


def add_plan(submission: Submission, plan: SubmissionPlan) -> None:
    """A plan that needs no reading before it. Call inside the transaction of the submission."""
    submission.plan = plan.model_dump(mode="json")
    submission.save(update_fields=["plan"])
    for position, step in enumerate(plan.steps):
        add_step(submission, step, position)
