"""The contradictions and traps of Adobe's payments tutorial, by their number.

Source: API contract, section 11.

Those that are missing here concern reading (17, 18) or HTTP (24) and are tested with the client.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flowsite.definitions.complete import complete, problems
from flowsite.definitions.model import (
    Account,
    Data,
    Identity,
    MappingRow,
    Options,
    PartialDefinition,
    Schedule,
)
from flowsite.definitions.problems import IncompleteDefinition
from flowsite.definitions.schedule import schedule_problems
from flowsite.definitions.sources import source_by_slug
from flowsite.definitions.yamlform import load
from flowsite.planning.build import build_plan
from flowsite.planning.curl import curl
from flowsite.planning.lifecycle import schedule_plan
from flowsite.planning.plan import fill
from flowsite.planning.preflight import preflight
from tests.planning.planning_cases import DATA_LAKE, KEY, NOW, PAYPAL, START, definition, facts

XED_FULL_V1 = "application/vnd.adobe.xed-full+json;version=1"
ANSWERS = {
    key: {"id": f"{key}-id", "version": 0}
    for key in ("field_group", "schema", "dataset", "source_connection", "target_connection")
} | {"mapping_set": {"id": "mapping-id", "version": 0}}


def sent(step: str, *args: Any, **kwargs: Any) -> Any:
    """The body of a step as it goes over the wire."""
    made = definition(*args, **kwargs)
    return fill(build_plan(made, facts(made), KEY).step(step).body, ANSWERS)


def codes(made: Any, **changes: Any) -> list[str]:
    return [found.code for found in preflight(made, facts(made, **changes), NOW) if found.blocks]


def test_trap_01_and_13_a_table_has_the_format_tabular_and_nothing_else():
    assert sent("source_connection")["data"] == {"format": "tabular"}


@pytest.mark.parametrize("slug", ["paypal", "square", "stripe"])
def test_trap_02_the_target_is_the_data_lake(slug):
    target = sent("target_connection", slug)

    assert target["connectionSpec"] == {"id": DATA_LAKE, "version": "1.0"}


@pytest.mark.parametrize(
    ("frequency", "interval", "code"),
    [
        pytest.param("minute", 15, None, id="15 minutes"),
        pytest.param("minute", 14, "FLOW-1362", id="14 minutes"),
        pytest.param("hour", 1, None, id="1 hour"),
        pytest.param("day", 1, None, id="1 day"),
        pytest.param("week", 1, None, id="1 week"),
        pytest.param("week", 0, "FLOW-1362", id="0 weeks"),
    ],
)
def test_trap_03_only_minutes_have_a_minimum_of_15(frequency, interval, code):
    schedule = Schedule(frequency=frequency, interval=interval, start=START)

    assert [found.code for found in schedule_problems(schedule)] == ([code] if code else [])


def test_trap_04_schedule_numbers_are_integers():
    params = sent("flow")["scheduleParams"]

    assert params == {"startTime": 1798761600, "frequency": "hour", "interval": 1, "backfill": True}
    assert type(params["startTime"]) is int
    assert type(params["interval"]) is int


def test_trap_05_a_start_in_the_past_is_found_early():
    late = definition(schedule=Schedule(frequency="once", start=NOW - timedelta(seconds=1)))

    assert codes(late) == ["FLOW-1360"]


def test_trap_06_the_date_format_is_java_s():
    assert sent("flow")["transformations"][0]["params"]["deltaColumn"]["dateFormat"] == (
        "yyyy-MM-dd HH:mm:ss"
    )
    wrong = definition().schedule.model_copy(update={"date_format": "YYYY-MM-DD"})

    assert [found.code for found in problems(definition(schedule=wrong))] == ["week-year"]


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        pytest.param("ms-dynamics", "yyyy-MM-ddTHH:mm:ssZ", id="Dynamics"),
        pytest.param("ats", "yyyy-MM-ddTHH:mm:ssZ", id="Azure Table Storage"),
        pytest.param("salesforce", "yyyy-MM-dd HH:mm:ss", id="others"),
    ],
)
def test_trap_06_some_sources_have_a_date_format_of_their_own(slug, expected):
    source = source_by_slug(slug)
    made = definition()
    spec = facts(made).connection_spec.model_copy(update={"id": source.connection_spec_id})
    plan = build_plan(made, facts(made, connection_spec=spec), KEY)

    body: Any = plan.step("flow").body
    assert body["transformations"][0]["params"]["deltaColumn"]["dateFormat"] == expected


def test_trap_07_the_delta_column_must_be_chosen():
    schedule = definition().schedule.model_copy(update={"load_incremental_by": "updatedAt"})
    found = preflight(definition(schedule=schedule), facts(definition()), NOW)

    assert [(one.code, one.message) for one in found] == [
        (
            "delta-not-chosen",
            "“updatedAt” is not among the chosen columns. Candidates: Create_Time.",
        )
    ]


def test_trap_08_mapped_columns_must_exist_and_unmapped_ones_may():
    rows = (
        MappingRow(source="Product_Id", target="_id"),
        MappingRow(source="Type", target="_acme.name"),
    )
    made = definition(mapping=rows)

    assert codes(made) == ["unknown-column"]
    assert codes(definition(mapping=rows[:1])) == []


def test_trap_09_every_request_of_the_script_is_authorised():
    made = definition()
    script = curl(build_plan(made, facts(made), KEY))

    assert script.count("curl -sS") == 1
    assert "send() {" in script
    assert '-H "Authorization: Bearer $ACCESS_TOKEN" -H "x-api-key: $API_KEY"' in script


def test_trap_10_stripe_is_a_rest_source():
    source = sent("source_connection", "stripe")
    flow = sent("flow", "stripe")

    assert source["connectionSpec"]["id"] == "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"
    assert source["data"] == {"format": "json"}
    assert source["params"] == {"resourcePath": "charges"}
    assert flow["flowSpec"]["id"] == "6499120c-0b15-42dc-936e-847ea3c24d72"
    assert [one["name"] for one in flow["transformations"]] == ["Mapping"]


def test_trap_10_a_stripe_table_is_refused():
    wrong = definition("stripe", data=Data(table="Stripe.Catalog_Products"))

    assert [(one.code, one.field) for one in problems(wrong)] == [("wrong-kind", "data.table")]


def test_trap_11_paypal_is_marked_as_retired():
    assert source_by_slug("paypal").retired
    assert not source_by_slug("square").retired


def test_trap_12_a_table_is_named_by_tablename_with_its_columns_unchanged():
    assert sent("source_connection")["params"] == {
        "tableName": "PayPal.Catalog_Products",
        "columns": PAYPAL,
    }


def test_trap_14_the_target_does_not_wait_for_the_source():
    made = definition("paypal", "schema")
    plan = build_plan(made, facts(made), KEY)

    assert plan.step("target_connection").depends_on == ("dataset",)


def test_trap_15_the_mapping_set_speaks_the_modern_dialect():
    body = sent("mapping_set")

    assert set(body) == {"name", "outputSchema", "mappings"}
    assert body["mappings"] == [
        {"sourceType": "ATTRIBUTE", "source": "Product_Id", "destination": "_id"},
        {
            "sourceType": "EXPRESSION",
            "source": "upper(Product_Name)",
            "destination": "_acme.name",
        },
        {"sourceType": "ATTRIBUTE", "source": "Create_Time", "destination": "_acme.when"},
    ]


@pytest.mark.parametrize("target", ["schema", "profile"])
def test_trap_16_and_26_one_schema_version_in_mapping_dataset_and_target(target):
    schema = {"schema": "https://ns.adobe.com/acme/schemas/9c1f"}.get(target, "schema-id")

    reference = {"id": schema, "contentType": XED_FULL_V1}
    assert sent("mapping_set", "paypal", target)["outputSchema"] == {"schemaRef": reference}
    assert sent("dataset", "paypal", target)["schemaRef"] == reference
    assert sent("target_connection", "paypal", target)["data"] == {
        "schema": {"id": schema, "version": XED_FULL_V1}
    }


def test_trap_19_the_mapping_version_is_an_integer():
    assert sent("flow")["transformations"][-1] == {
        "name": "Mapping",
        "params": {"mappingId": "mapping-id", "mappingVersion": 0},
    }


@pytest.mark.parametrize("slug", ["paypal", "square"])
def test_trap_20_copy_is_for_recurring_tables_only(slug):
    names = {
        timing: [one["name"] for one in sent("flow", slug, "dataset", timing)["transformations"]]
        for timing in ("recurring", "once")
    }

    assert names == {"recurring": ["Copy", "Mapping"], "once": ["Mapping"]}


def test_trap_20_a_recurring_table_without_a_delta_column_lists_the_candidates():
    schedule = Schedule(frequency="day", interval=1, start=START)
    found = preflight(definition(schedule=schedule), facts(definition()), NOW)

    assert [(one.code, one.message) for one in found] == [
        (
            "FLOW-1367",
            "A recurring dataflow needs the column to load incremental data by. "
            "Candidates: Create_Time.",
        )
    ]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        pytest.param("interval", 1, "FLOW-1361", id="interval"),
        pytest.param("backfill", True, "FLOW-1364", id="backfill"),
        pytest.param("load_incremental_by", "Create_Time", "FLOW-1369", id="delta column"),
    ],
)
def test_trap_20_and_21_once_forbids(field, value, code):
    once = Schedule(frequency="once", start=START).model_copy(update={field: value})

    assert [found.code for found in schedule_problems(once)] == [code]


def test_trap_21_once_sends_neither_interval_nor_backfill():
    assert sent("flow", "paypal", "dataset", "once")["scheduleParams"] == {
        "startTime": 1798761600,
        "frequency": "once",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(Options(), {"errorDiagnosticsEnabled": True}, id="default"),
        pytest.param(
            Options(error_diagnostics=False), {"errorDiagnosticsEnabled": False}, id="turned off"
        ),
        pytest.param(
            Options(error_diagnostics=False, partial_ingestion_percent=2.5),
            {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 2.5},
            id="partial ingestion turns it on",
        ),
    ],
)
def test_trap_22_diagnostics_are_always_said(options, expected):
    assert sent("flow", options=options)["options"] == expected


def test_trap_23_and_30_the_delta_column_is_read_in_utc():
    assert sent("flow")["transformations"][0] == {
        "name": "Copy",
        "params": {
            "deltaColumn": {
                "name": "Create_Time",
                "dateFormat": "yyyy-MM-dd HH:mm:ss",
                "timezone": "UTC",
            }
        },
    }


@pytest.mark.parametrize(
    ("slug", "flow_spec"),
    [
        ("paypal", "14518937-270c-4525-bdec-c2ba7cce3860"),
        ("square", "14518937-270c-4525-bdec-c2ba7cce3860"),
        ("s3", "9753525b-82c7-4dce-8a9b-5ccfce2b9876"),
        ("stripe", "6499120c-0b15-42dc-936e-847ea3c24d72"),
    ],
)
def test_trap_25_the_flow_spec_follows_the_source(slug, flow_spec):
    assert source_by_slug(slug).flow_spec_id == flow_spec


def test_trap_26_a_flow_spec_that_does_not_serve_the_source_is_found_early():
    made = definition()
    spec = facts(made).flow_spec.model_copy(update={"source_spec_ids": ("another",)})

    assert codes(made, flow_spec=spec) == ["FLOW-1413"]


def test_trap_27_custom_fields_live_under_the_tenant():
    made = definition("paypal", "profile")
    group: Any = build_plan(made, facts(made), KEY).step("field_group").body

    assert list(group["definitions"]["fields"]["properties"]) == ["_acme"]
    row = MappingRow(source="Product_Name", target="product.name")
    key = MappingRow(source="Product_Id", target="_id")
    assert codes(definition(mapping=(key, row))) == ["unknown-target"]


def test_trap_28_an_event_gets_its_id_and_time_and_a_profile_its_identity():
    event = sent("mapping_set", "paypal", "event")["mappings"]

    assert event[-2:] == [
        {"sourceType": "ATTRIBUTE", "source": "Product_Id", "destination": "_id"},
        {"sourceType": "ATTRIBUTE", "source": "Create_Time", "destination": "timestamp"},
    ]
    unfinished = definition("paypal", "profile", profile=True)
    assert [found.field for found in problems(unfinished)] == ["dataset.new.schema.identity"]
    identity = Identity(column="Product_Id", namespace="CRMID")
    assert problems(definition("paypal", "profile", profile=True, identity=identity)) == []


def test_trap_29_changes_carry_the_etag():
    before = definition().schedule
    after = before.model_copy(update={"frequency": "day"})
    plan = schedule_plan("f", "Flow", before, after, key=KEY, place=facts(definition()).place)

    assert [(step.method, step.needs_etag) for step in plan.steps] == [("PATCH", True)]


def test_a_recurring_table_with_all_columns_loads_and_is_stopped_later():
    text = """\
version: 1
name: Products
account: {source: paypal, name: PayPal EU}
data: {table: PayPal.Catalog_Products, columns: all}
dataset: {existing: {name: Payments}}
mapping: suggested
schedule: {frequency: hour, interval: 1, start: 2027-01-01T00:00:00Z}
"""
    made = load(text)

    with pytest.raises(IncompleteDefinition):
        build_plan(made, facts(made), KEY)
    chosen = made.data.model_copy(update={"columns": ("Product_Id", "Create_Time")})
    with pytest.raises(IncompleteDefinition, match=r"Candidates: Product_Id, Create_Time\."):
        complete(made.model_copy(update={"data": chosen}))


def test_no_definition_without_an_account():
    partial = PartialDefinition(account=Account(source="paypal"))

    assert problems(partial)[0].message == "Choose an account of PayPal."
