"""A plan that was partly carried out meets a changed definition. Pure.

A step whose request would be the same is kept with what it created; another is replaced. What it
created is listed for clean-up, and its successor carries another key, so that a look-up never
takes the old object for the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flowsite.planning.plan import Step, SubmissionPlan, references

#: Steps that leave no object behind.
STORELESS = frozenset({"validate_mapping"})


@dataclass(frozen=True)
class Old:
    """A step of the earlier plan and how far it got."""

    step: Step
    generation: int
    may_exist: bool


@dataclass(frozen=True)
class Merged:
    """The steps to carry out now, each with the generation of its key; what becomes of old ones.

    ``kept`` stay as they are, ``replaced`` may have created something, the rest is void.
    """

    steps: tuple[tuple[Step, int], ...]
    kept: frozenset[str]
    replaced: frozenset[str]


def plan_key(key: str, generation: int) -> str:
    """The text that objects carry. The first generation's is the submission's key itself."""
    return key if generation == 1 else f"{key}-{generation}"


def merge(
    build: Callable[[int], SubmissionPlan],
    old: Mapping[str, Old],
    burnt: Mapping[str, int],
) -> Merged:
    """``build`` makes the new plan for a generation of the key; ``burnt`` holds, for each step
    replaced earlier, the newest generation it was sent with."""
    plans: dict[int, SubmissionPlan] = {}

    def planned(generation: int, key: str) -> Step | None:
        plan = plans.setdefault(generation, build(generation))
        return next((step for step in plan.steps if step.key == key), None)

    steps: list[tuple[Step, int]] = []
    kept: set[str] = set()
    replaced: set[str] = set()
    for step in plans.setdefault(1, build(1)).steps:
        before = old.get(step.key)
        same = planned(before.generation, step.key) if before else None
        if before and same and _same_request(same, before.step) and _needs(same) <= kept:
            kept.add(step.key)
            steps.append((same, before.generation))
            continue
        if before and before.may_exist and before.step.operation not in STORELESS:
            replaced.add(step.key)
            generation = max(before.generation, burnt.get(step.key, 0)) + 1
        else:
            generation = max(before.generation if before else 1, burnt.get(step.key, 0) + 1)
        steps.append((planned(generation, step.key) or step, generation))
    gone = {key for key, one in old.items() if key not in {step.key for step, _ in steps}}
    replaced |= {key for key in gone if old[key].may_exist and _stores(old[key])}
    return Merged(tuple(steps), frozenset(kept), frozenset(replaced))


def _same_request(one: Step, other: Step) -> bool:
    return (one.operation, one.method, one.path, one.body, one.lookup.match) == (
        other.operation,
        other.method,
        other.path,
        other.body,
        other.lookup.match,
    )


def _needs(step: Step) -> set[str]:
    """Steps whose answers are part of the request."""
    mentioned = {ref.step_key for ref in references(step.body)}
    return mentioned | {key for key in step.depends_on if f"{{{key}." in step.path}


def _stores(old: Old) -> bool:
    return old.step.operation not in STORELESS


def newest(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The highest generation for each step key."""
    found: dict[str, int] = {}
    for key, generation in pairs:
        found[key] = max(generation, found.get(key, 0))
    return found
