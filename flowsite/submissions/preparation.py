"""From a definition to step rows: everything that is read and decided before the first create."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.utils import timezone

from flowsite.aep.errors import AepError, TooManyRequests
from flowsite.aep.platform import Platform
from flowsite.core.encrypted import Undecryptable
from flowsite.definitions.model import DataflowDefinition
from flowsite.definitions.problems import Problem, errors_of
from flowsite.planning.build import build_plan
from flowsite.planning.facts import Facts
from flowsite.planning.plan import Step, SubmissionPlan
from flowsite.saying import say
from flowsite.submissions import effects, lifecycle, preflight, verdicts
from flowsite.submissions.ledger import Aside, Ledger, NotYet
from flowsite.submissions.merging import Merged, Old, merge, newest, plan_key
from flowsite.submissions.models import (
    MAY_EXIST,
    Kind,
    StepState,
    Submission,
    SubmissionState,
    SubmissionStep,
)
from flowsite.submissions.resolve import Unresolved, place_of, resolve
from flowsite.submissions.rows import add_step
from flowsite.submissions.words import sentence

#: Reading is tried so often before people are asked.
MOST_ATTEMPTS = 10
#: Between the key of a replaced step and the generation it was sent with.
REPLACED_MARK = "~"


def prepare(ledger: Ledger, platform: Platform, aside: Aside) -> None:
    """Resolves, checks and plans. Afterwards there is a plan, or the submission has stopped.

    Raises NotYet when AEP could not be read for now.
    """
    submission = ledger.submission
    if submission.cancel_asked:
        with ledger.writing():
            ledger.end(SubmissionState.CANCELLED)
        return
    read = _read_definition if submission.kind == Kind.DATAFLOW else _read_dataflow
    try:
        found = aside(lambda: read(submission, platform))
    except Unresolved as error:
        _stop(ledger, error.problems)
    except Undecryptable as error:
        _stop(ledger, [Problem("credential", "review", "", str(error))])
    except AepError as error:
        _later(ledger, error)
    else:
        if errors_of(found.problems):
            _stop(ledger, found.problems)
        else:
            _write_plan(ledger, found)


@dataclass(frozen=True)
class Found:
    """What was read and decided. ``build`` makes the plan for a key."""

    build: Callable[[str], SubmissionPlan]
    problems: list[Problem]
    facts: Facts | None = None


def _read_definition(submission: Submission, platform: Platform) -> Found:
    definition = DataflowDefinition.model_validate(submission.definition)
    place = place_of(submission.credential, submission.sandbox)
    facts = resolve(definition, platform, place=place, key=submission.key)
    again = bool(submission.params.get("again", True))
    problems = preflight.findings(definition, facts, platform, again=again)
    return Found(lambda key: build_plan(definition, facts, key), problems, facts)


def _read_dataflow(submission: Submission, platform: Platform) -> Found:
    plan = lifecycle.plan_for(submission, platform)
    return Found(lambda _key: plan, [])


def _stop(ledger: Ledger, problems: list[Problem]) -> None:
    with ledger.writing():
        ledger.update(
            state=SubmissionState.NEEDS_ATTENTION,
            problems=[asdict(problem) for problem in problems],
        )
        effects.stopped(ledger)


def _later(ledger: Ledger, error: AepError) -> None:
    attempts = ledger.submission.attempts + 1
    most = verdicts.MOST_REFUSALS if isinstance(error, TooManyRequests) else MOST_ATTEMPTS
    if error.permanent or attempts >= most:
        _stop(ledger, [Problem(error.code or "aep", "review", "", sentence(error))])
        return
    text = say("AEP can't be read for now and is tried again: {error}", error=sentence(error))
    waiting = Problem(error.code or "aep", "review", "", text, "warning")
    with ledger.writing():
        ledger.update(attempts=attempts, problems=[asdict(waiting)])
    raise NotYet(timezone.now() + verdicts.wait_after(error.retry_after_s, attempts, ledger.timing))


def took_too_long(ledger: Ledger) -> None:
    """Reading was still going on at the end of the task; it is begun anew, a few times."""
    attempts = ledger.submission.attempts + 1
    if attempts < MOST_ATTEMPTS:
        with ledger.writing():
            ledger.update(attempts=attempts)
        return
    seconds = ledger.timing.budget.total_seconds()
    text = say(
        "Reading what the definition names took longer than {seconds} s, several times.",
        seconds=f"{seconds:.0f}",
    )
    _stop(ledger, [Problem("too-slow", "review", "", text)])


def _write_plan(ledger: Ledger, found: Found) -> None:
    def build(generation: int) -> SubmissionPlan:
        return found.build(plan_key(ledger.submission.key, generation))

    rows = ledger.steps()
    current = {row.key: row for row in rows if not row.replaced}
    old = {
        key: Old(Step.model_validate(row.planned), row.generation, row.state in MAY_EXIST)
        for key, row in current.items()
    }
    burnt = newest(
        (row.key.split(REPLACED_MARK)[0], row.generation) for row in rows if row.replaced
    )
    merged = merge(build, old, burnt)
    plan = build(1).model_copy(update={"steps": tuple(step for step, _ in merged.steps)})
    with ledger.writing():
        _put_aside(ledger, current, merged)
        write_steps(ledger, merged)
        ledger.update(
            plan=plan.model_dump(mode="json"),
            facts=found.facts.model_dump(mode="json") if found.facts else None,
            problems=[asdict(problem) for problem in found.problems],
            attempts=0,
        )


def _put_aside(ledger: Ledger, current: dict[str, SubmissionStep], merged: Merged) -> None:
    """Old steps that are not kept: replaced ones stay in the list, void ones go."""
    for key, row in current.items():
        if key in merged.replaced:
            ledger.save_step(
                row,
                StepState(row.state),
                key=f"{key}{REPLACED_MARK}{row.generation}",
                position=row.position + 1000,
                replaced=True,
            )
        elif key not in merged.kept:
            row.delete()


def write_steps(ledger: Ledger, merged: Merged) -> None:
    """A row for each step of the plan that has none yet. Call inside ``writing``."""
    for position, (step, generation) in enumerate(merged.steps):
        values = {"position": position, "generation": generation}
        if step.key in merged.kept:
            SubmissionStep.objects.filter(submission=ledger.submission, key=step.key).update(
                **values
            )
        else:
            add_step(ledger.submission, step, position, generation)
