"""The six steps, and how far a draft has come in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from flowsite.definitions.complete import problems
from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.problems import Problem, StepName, errors_of
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of

LABELS: Final[dict[StepName, Promise]] = {
    "account": _("Account"),
    "data": _("Add data"),
    "dataset": _("Dataflow detail"),
    "mapping": _("Mapping"),
    "schedule": _("Scheduling"),
    "review": _("Review"),
}
STEPS: Final[tuple[StepName, ...]] = tuple(LABELS)
#: The part of the document without which a step counts as not begun.
_BEGUN_BY: Final[dict[StepName, str]] = {
    "account": "account",
    "data": "data",
    "dataset": "dataset",
    "mapping": "mapping",
    "schedule": "schedule",
}


class StepConverter:
    """A step's name in an address; anything else is 404."""

    regex = "|".join(STEPS)

    def to_python(self, value: str) -> StepName:
        return cast(StepName, value)

    def to_url(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class StepMark:
    """A step as components/stepper.html prints it."""

    label: str
    url: str
    state: str
    current: bool
    problems: int


def step_url(draft: Draft, step: str) -> str:
    """The address of a step's page."""
    return reverse("draft-step", args=[draft.pk, step])


def begun(definition: PartialDefinition, step: StepName) -> bool:
    """Whether anything of the step is filled in."""
    part = _BEGUN_BY.get(step)
    if step == "account":
        account = definition.account
        return account is not None and bool(account.id or account.name)
    return part is not None and getattr(definition, part) is not None


def stepper(draft: Draft, here: StepName) -> list[StepMark]:
    """All six, each with what is wrong in it."""
    definition = definition_of(draft)
    counts = Counter(problem.step for problem in errors_of(problems(definition)))
    return [
        StepMark(
            label=str(LABELS[step]),
            url=step_url(draft, step),
            state=_state(definition, step, here, counts[step]),
            current=step == here,
            problems=counts[step],
        )
        for step in STEPS
    ]


def _state(definition: PartialDefinition, step: StepName, here: StepName, wrong: int) -> str:
    if step == here:
        return "current"
    if not begun(definition, step):
        return "todo"
    return "problem" if wrong else "done"


def problems_of(problems_found: Iterable[Problem], step: StepName) -> list[Problem]:
    """Those that are mended in the step."""
    return [problem for problem in problems_found if problem.step == step]


def after(step: StepName) -> StepName:
    """The next step; Review stays."""
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def before(step: StepName) -> StepName:
    """The step before; Account stays."""
    return STEPS[max(STEPS.index(step) - 1, 0)]
