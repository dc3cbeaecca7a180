"""A plan for people: in words, as requests, and as a shell script (``curl``)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flowsite.planning.curl import curl
from flowsite.planning.plan import Group, Step, SubmissionPlan, masked

__all__ = ["Request", "Words", "curl", "requests", "words"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the review page prints it: secrets are dots, references ``{step.field}``."""

    key: str
    title: str
    method: str
    path: str
    body: str
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What the plan does: groups with their lines, the requests in order, and what stays behind."""

    groups: tuple[Group, ...]
    requests: tuple[Request, ...]
    left_behind: tuple[str, ...]


def words(plan: SubmissionPlan) -> Words:
    """The review page's content."""
    return Words(plan.summary, requests(plan), plan.left_behind)


def requests(plan: SubmissionPlan) -> tuple[Request, ...]:
    """The exact requests, in an order that respects every dependency."""
    return tuple(
        Request(
            key=step.key,
            title=step.title,
            method=step.method,
            path=step.path,
            body=_pretty(step),
            depends_on=step.depends_on,
        )
        for step in plan.steps
    )


def _pretty(step: Step) -> str:
    if step.body is None:
        return ""
    return json.dumps(masked(step.body), indent=2, ensure_ascii=False)
