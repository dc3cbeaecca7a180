"""What would fail late is found early: a row for each rule that the traps do not test already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowsite.definitions.columns import columns_from_flat
from flowsite.definitions.model import MappingRow, Options, Schedule
from flowsite.definitions.xdm import TargetField
from flowsite.planning.build import build_plan
from flowsite.planning.facts import DatasetFacts, SchemaFacts
from flowsite.planning.preflight import preflight
from tests.planning.planning_cases import KEY, NOW, SCHEMA_ID, START, definition, facts, flat

EVERY_15_MINUTES = Schedule(
    frequency="minute", interval=15, start=START, load_incremental_by="Create_Time"
)
PROFILE_SCHEMA = SchemaFacts(
    id=SCHEMA_ID,
    profile_enabled=True,
    fields=(
        TargetField(path="_id", type="string", required=True),
        TargetField(path="_acme.name", type="string", identity=True, primary_identity=True),
        TargetField(path="_acme.when", type="date-time"),
    ),
)
PROFILE_DATASET = DatasetFacts(id="d", schema_id=SCHEMA_ID, profile_enabled=True)


def found(made, **changes):
    findings = preflight(made, facts(made, **changes), NOW)
    return [(one.code, one.step, one.severity) for one in findings]


@pytest.mark.parametrize("slug", ["paypal", "square", "stripe"])
@pytest.mark.parametrize("target", ["dataset", "schema", "profile", "event"])
@pytest.mark.parametrize("timing", ["once", "recurring"])
def test_a_sound_definition_has_no_findings(slug, target, timing):
    made = definition(slug, target, timing)

    assert preflight(made, facts(made), NOW) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"account_state": "disabled"},
            ("account-not-enabled", "account", "error"),
            id="disabled account",
        ),
        pytest.param(
            {"dataset": DatasetFacts(id="d", schema_id="https://ns.adobe.com/acme/schemas/other")},
            ("FLOW-1425", "dataset", "error"),
            id="dataset of another schema",
        ),
        pytest.param(
            {
                "dataset": DatasetFacts(
                    id="d",
                    schema_id=SCHEMA_ID,
                    content_type="application/vnd.adobe.xed+json;version=2",
                )
            },
            ("FLOW-1425", "dataset", "error"),
            id="dataset of another schema version",
        ),
        pytest.param(
            {"dataflow_name_taken": True},
            ("name-taken", "dataset", "warning"),
            id="dataflow name taken",
        ),
        pytest.param({"mapping": ()}, ("FLOW-1370", "mapping", "error"), id="nothing mapped"),
        pytest.param(
            {"mapping": (MappingRow(source="Product_Name", target="_acme.name"),)},
            ("required-unmapped", "mapping", "error"),
            id="required field unmapped",
        ),
        pytest.param(
            {
                "schema_facts": PROFILE_SCHEMA,
                "dataset": PROFILE_DATASET,
                "mapping": (MappingRow(source="Product_Id", target="_id"),),
            },
            ("identity-unmapped", "mapping", "error"),
            id="identity unmapped for Profile",
        ),
    ],
)
def test_a_fact_that_would_fail_late_is_found(changes, expected):
    assert found(definition(), **changes) == [expected]


def test_an_equal_version_is_recognised_in_every_spelling():
    content_type = "application/vnd.adobe.xed-full-notext+json; version=1"
    dataset = DatasetFacts(id="d", schema_id=SCHEMA_ID, content_type=content_type)

    assert found(definition(), dataset=dataset) == []


def test_a_source_without_columns_says_so():
    assert ("FLOW-1330", "data", "error") in found(definition(), columns=())


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(flat("Create_Time", form="date"), [], id="date"),
        pytest.param(
            flat("Create_Time"), [("delta-not-date", "schedule", "warning")], id="unknown text"
        ),
        pytest.param(
            flat("Create_Time", "boolean"), [("delta-not-date", "schedule", "error")], id="boolean"
        ),
    ],
)
def test_the_delta_column_holds_dates(column, expected):
    rows = (MappingRow(source="Product_Id", target="_id"),)
    columns = columns_from_flat([flat("Product_Id"), column])

    assert found(definition(mapping=rows), columns=columns, mapping=rows) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(NOW, [("FLOW-1360", "schedule", "error")], id="now is too late"),
        pytest.param(
            NOW + timedelta(minutes=1, seconds=59),
            [("start-soon", "schedule", "warning")],
            id="within the margin",
        ),
        pytest.param(NOW + timedelta(minutes=2), [], id="after the margin"),
    ],
)
def test_the_start_has_a_margin(start, expected):
    assert found(definition(schedule=Schedule(frequency="once", start=start))) == expected


@pytest.mark.parametrize(
    ("profile_enabled", "others", "expected"),
    [
        pytest.param(False, 0, [], id="not for Profile"),
        pytest.param(True, 0, [("profile-guardrail", "schedule", "warning")], id="96 a day"),
    ],
)
def test_batches_a_day_are_held_against_the_guardrail(profile_enabled, others, expected):
    made = definition(schedule=EVERY_15_MINUTES)
    dataset = PROFILE_DATASET.model_copy(update={"profile_enabled": profile_enabled})

    assert (
        found(
            made,
            schema_facts=PROFILE_SCHEMA,
            dataset=dataset,
            other_profile_batches_per_day=others,
        )
        == expected
    )


def test_the_guardrail_counts_the_batches_of_other_dataflows():
    made = definition()
    findings = preflight(
        made,
        facts(
            made,
            schema_facts=PROFILE_SCHEMA,
            dataset=PROFILE_DATASET,
            other_profile_batches_per_day=67,
        ),
        NOW,
    )

    assert [one.message for one in findings] == [
        "91 batches a day (24 of this dataflow) go to Profile; "
        "Adobe advises at most 90 in a sandbox."
    ]


def test_a_profile_dataset_needs_a_schema_for_profile_with_an_identity():
    made = definition("paypal", "schema", profile=True)

    assert found(made) == [
        ("schema-not-for-profile", "dataset", "error"),
        ("no-primary-identity", "dataset", "error"),
    ]
    assert found(made, schema_facts=PROFILE_SCHEMA) == []


def test_no_diagnostics_is_worth_a_warning():
    made = definition(options=Options(error_diagnostics=False))

    assert found(made) == [("INGEST-1211", "dataset", "warning")]


def test_findings_come_in_the_order_of_the_steps():
    schedule = Schedule(frequency="once", start=NOW)
    made = definition(schedule=schedule, mapping=(MappingRow(source="x", target="y"),))

    steps = [step for _, step, _ in found(made, account_state="draft", dataflow_name_taken=True)]
    assert steps == ["account", "dataset", "mapping", "mapping", "mapping", "schedule"]


def test_what_preflight_passes_can_be_planned():
    made = definition("square", "event")

    assert build_plan(made, facts(made), KEY).steps[-1].key == "flow"
