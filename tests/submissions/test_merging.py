"""A changed definition meets steps that were carried out already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowsite.planning.plan import Ref, Step, SubmissionPlan, references
from flowsite.submissions.merging import Merged, Old, merge, plan_key


def step(key: str, body: Any, *, operation: Any = "create_dataset") -> Step:
    needs = tuple(ref.step_key for ref in references(body))
    return Step(
        key=key,
        operation=operation,
        method="POST",
        path="/x",
        title=key,
        body=body,
        depends_on=needs,
    )


def builder(dataset: str = "one", schedule: str = "hour") -> Callable[[int], SubmissionPlan]:
    def build(generation: int) -> SubmissionPlan:
        mark = plan_key("k", generation)
        target = {"mark": mark, "of": Ref("dataset").as_json()}
        steps = (
            step("dataset", {"name": dataset, "mark": mark}),
            step("source", {"mark": mark}),
            step("target", target, operation="create_target_connection"),
            step("flow", {"schedule": schedule, "mark": mark}, operation="create_flow"),
        )
        return SubmissionPlan(key="k", kind="dataflow", steps=steps)

    return build


def old(build: Callable[[int], SubmissionPlan], *done: str) -> dict[str, Old]:
    return {one.key: Old(one, 1, one.key in done) for one in build(1).steps}


def generations(merged: Merged) -> dict[str, int]:
    return {one.key: generation for one, generation in merged.steps}


def test_the_same_definition_keeps_every_step() -> None:
    merged = merge(builder(), old(builder(), "dataset", "source"), {})

    assert merged.kept == {"dataset", "source", "target", "flow"}
    assert merged.replaced == frozenset()


def test_only_the_changed_step_is_made_anew() -> None:
    merged = merge(builder(schedule="day"), old(builder(), "dataset", "source", "target"), {})

    assert merged.kept == {"dataset", "source", "target"}
    assert merged.replaced == frozenset()
    assert generations(merged)["flow"] == 1
    assert merged.steps[3][0].body == {"schedule": "day", "mark": "k"}


def test_what_depends_on_a_changed_object_is_replaced_with_a_fresh_key() -> None:
    merged = merge(builder(dataset="two"), old(builder(), "dataset", "source", "target"), {})

    assert merged.kept == {"source", "flow"}
    assert merged.replaced == {"dataset", "target"}
    assert generations(merged) == {"dataset": 2, "source": 1, "target": 2, "flow": 1}
    assert merged.steps[0][0].body == {"name": "two", "mark": "k-2"}


def test_a_step_that_was_replaced_twice_gets_the_next_key() -> None:
    before = {"dataset": Old(builder("two")(2).steps[0], 2, True)}

    merged = merge(builder("three"), before, {"dataset": 1})

    assert generations(merged)["dataset"] == 3


def test_a_key_that_was_used_up_is_not_used_again() -> None:
    merged = merge(builder(), {}, {"dataset": 2})

    assert generations(merged) == {"dataset": 3, "source": 1, "target": 1, "flow": 1}


def test_a_step_of_a_later_generation_is_recognised_as_the_same() -> None:
    before = {**old(builder(), "source"), "dataset": Old(builder("two")(2).steps[0], 2, True)}

    merged = merge(builder("two"), before, {"dataset": 1})

    assert "dataset" in merged.kept
    assert generations(merged)["dataset"] == 2


def test_a_step_that_is_no_longer_planned_is_kept_for_clean_up() -> None:
    extra = step("schema", {"mark": "k"}, operation="create_schema")
    before = {**old(builder()), "schema": Old(extra, 1, True)}

    assert merge(builder(), before, {}).replaced == {"schema"}
