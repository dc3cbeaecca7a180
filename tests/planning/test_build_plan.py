"""Golden plans, and what must hold of every plan whatever its text.

To write the golden files anew after a wanted change: UPDATE_GOLDEN=1 pytest tests/planning
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowsite.definitions.model import Account, Data, Identity, Schedule
from flowsite.definitions.problems import IncompleteDefinition
from flowsite.definitions.sources import source_by_slug
from flowsite.planning.build import build_plan
from flowsite.planning.facts import SpecRef
from flowsite.planning.plan import Step, SubmissionPlan, fill, references
from tests.planning.planning_cases import KEY, START, definition, facts

GOLDEN = Path(__file__).parent / "golden"
IDENTITY = Identity(column="Product_Id", namespace="CRMID")

CASES = {
    f"{slug}-{target}-{timing}": definition(slug, target, timing)
    for slug in ("paypal", "square", "stripe")
    for target in ("dataset", "schema", "profile", "event")
    for timing in ("once", "recurring")
} | {
    "paypal-identity": definition("paypal", "profile", identity=IDENTITY),
    "paypal-identity-for-profile": definition("paypal", "profile", identity=IDENTITY, profile=True),
    "paypal-schema-for-profile": definition("paypal", "schema", profile=True),
}


def plan_of(case: str) -> SubmissionPlan:
    return build_plan(CASES[case], facts(CASES[case]), KEY)


@pytest.mark.parametrize("case", CASES)
def test_the_plan_is_the_golden_one(case):
    plan = json.loads(plan_of(case).model_dump_json(exclude_defaults=True))
    path = GOLDEN / f"{case}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(_folded(plan) + "\n", encoding="utf-8")

    assert plan == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_steps_come_after_what_they_depend_on_and_the_flow_last(case):
    steps = plan_of(case).steps
    done: set[str] = set()

    for step in steps:
        assert {ref.step_key for ref in references(step.body)} <= set(step.depends_on)
        assert set(step.depends_on) <= done
        done.add(step.key)
    assert steps[-1].key == "flow"
    assert set(steps[-1].depends_on) == done - {"flow"}


@pytest.mark.parametrize("case", CASES)
def test_every_create_can_be_found_again(case):
    for step in plan_of(case).steps:
        if step.operation.startswith("create_") and step.operation != "create_descriptor":
            assert step.key_field is not None
            assert KEY in _at(step, step.key_field)
        if step.operation.startswith("create_"):
            assert step.lookup.match


@pytest.mark.parametrize("case", CASES)
def test_a_plan_survives_json(case):
    plan = plan_of(case)

    assert SubmissionPlan.model_validate(json.loads(plan.model_dump_json())) == plan


@pytest.mark.parametrize("case", CASES)
def test_every_body_can_be_sent_once_earlier_steps_have_answered(case):
    plan = plan_of(case)
    answers = {step.key: {"id": f"{step.key}-id", "version": 0} for step in plan.steps}

    for step in plan.steps:
        text = json.dumps(fill(step.body, answers))
        assert "$from" not in text
        assert "$secret" not in text


def test_with_everything_there_three_requests_go_side_by_side():
    steps = plan_of("paypal-dataset-recurring").steps

    assert [(step.key, step.depends_on) for step in steps] == [
        ("source_connection", ()),
        ("target_connection", ()),
        ("mapping_set", ()),
        ("flow", ("source_connection", "target_connection", "mapping_set")),
    ]


def test_a_new_schema_is_validated_beside_the_dataset_and_before_the_mapping_set():
    plan = plan_of("paypal-profile-recurring")

    assert {step.key: step.depends_on for step in plan.steps[:-1]} == {
        "field_group": (),
        "schema": ("field_group",),
        "dataset": ("schema",),
        "validate_mapping": ("schema",),
        "source_connection": (),
        "target_connection": ("schema", "dataset"),
        "mapping_set": ("schema", "validate_mapping"),
    }


def test_a_dataset_for_profile_waits_for_identity_and_union():
    plan = plan_of("paypal-identity-for-profile")

    assert [step.key for step in plan.steps[:5]] == [
        "field_group",
        "schema",
        "descriptor",
        "profile_schema",
        "dataset",
    ]
    assert set(plan.step("dataset").depends_on) == {
        "field_group",
        "schema",
        "descriptor",
        "profile_schema",
    }
    assert plan.step("descriptor").body == {
        "@type": "xdm:descriptorIdentity",
        "xdm:sourceSchema": {"$from": "schema.id"},
        "xdm:sourceVersion": 1,
        "xdm:sourceProperty": "/_acme/productId",
        "xdm:namespace": "CRMID",
        "xdm:property": "xdm:code",
        "xdm:isPrimary": True,
    }


def test_what_people_see_keeps_their_names():
    plan = plan_of("paypal-profile-recurring")

    assert _at(plan.step("flow"), "name") == "Paypal payments"
    assert _at(plan.step("dataset"), "name") == "Payments in"


def test_a_folder_of_files_is_read_without_copy():
    data = Data(
        path="/in/orders",
        folder=True,
        file_type="delimited",
        column_delimiter="|",
        compression="gzip",
    )
    made = definition(
        account=Account(source="s3", name="Bucket"),
        data=data,
        schedule=Schedule(frequency="day", interval=1, start=START),
    )
    bucket = source_by_slug("s3")
    found = facts(
        definition(),
        source_kind="file",
        connection_spec=SpecRef(id=bucket.connection_spec_id or ""),
    )
    plan = build_plan(made, found, KEY)

    source = plan.step("source_connection").body
    assert isinstance(source, dict)
    assert source["data"] == {
        "format": "delimited",
        "properties": {"columnDelimiter": "|", "compressionType": "gzip"},
    }
    assert source["params"] == {"path": "/in/orders", "type": "folder", "recursive": True}
    assert [one["name"] for one in _transformations(plan)] == ["Mapping"]


def test_further_parameters_of_a_rest_source_are_sent_as_they_are():
    data = Data(resource="charges", params={"limit": 5, "filter": {"$secret": "no"}})
    made = definition("stripe", data=data)

    body = fill(build_plan(made, facts(made), KEY).step("source_connection").body, {})
    assert body["params"] == {
        "resourcePath": "charges",
        "limit": 5,
        "filter": {"$secret": "no"},
    }


def test_a_source_without_accounts_has_no_base_connection():
    made = definition()
    plan = build_plan(made, facts(made, base_connection_id=None), KEY)

    assert "baseConnectionId" not in plan.step("source_connection").body
    assert "baseConnectionId" not in plan.step("source_connection").lookup.match


def test_names_stay_within_the_limit():
    long = definition("paypal", "profile").model_copy(update={"name": "å" * 255})
    plan = build_plan(long, facts(long), KEY)

    for step in plan.steps:
        body = step.body if isinstance(step.body, dict) else {}
        for field in ("name", "title"):
            assert len(str(body.get(field, ""))) <= 255
        assert len(step.title) <= 300
    assert _at(plan.step("source_connection"), "name").endswith(f" source [{KEY}]")


def test_a_definition_that_breaks_its_rules_is_not_planned():
    broken = definition(schedule=Schedule(frequency="minute", interval=5))

    with pytest.raises(IncompleteDefinition) as caught:
        build_plan(broken, facts(broken), KEY)
    assert [problem.field for problem in caught.value.problems] == [
        "schedule.interval",
        "schedule.start",
        "schedule.load_incremental_by",
    ]


def _transformations(plan: SubmissionPlan) -> Any:
    body: Any = plan.step("flow").body
    return body["transformations"]


def _folded(value: Any, indent: str = "") -> str:
    """JSON that breaks a line only where it grows too long."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= 100 or not isinstance(value, dict | list):
        return line
    inner = indent + " "
    if isinstance(value, list):
        items = [_folded(one, inner) for one in value]
        return "[\n" + ",\n".join(inner + item for item in items) + "\n" + indent + "]"
    items = [f"{json.dumps(name)}: {_folded(one, inner)}" for name, one in value.items()]
    return "{\n" + ",\n".join(inner + item for item in items) + "\n" + indent + "}"


def _at(step: Step, dotted: str) -> str:
    value = step.body
    for part in dotted.split("."):
        assert isinstance(value, dict)
        value = value[part]
    return str(value[0] if isinstance(value, list) else value)
