"""Plans for what exists already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flowsite.definitions.model import MappingRow, Schedule
from flowsite.planning.facts import Place, SpecRef
from flowsite.planning.lifecycle import (
    account_plan,
    delete_plan,
    mapping_plan,
    retry_plan,
    run_plan,
    schedule_change_problems,
    schedule_ops,
    schedule_plan,
    switch_plan,
    with_indexes,
)
from flowsite.planning.plan import SecretRef, fill
from tests.planning.planning_cases import COLUMNS, KEY, NOW, START, definition

PLACE = Place(sandbox="dev-eu")
HOURLY = definition().schedule
STARTED = NOW + timedelta(days=365)


def changed(**changes):
    return HOURLY.model_copy(update=changes)


def test_an_account_keeps_its_name_and_is_found_by_its_description():
    plan = account_plan(
        name="PayPal EU",
        description=None,
        spec=SpecRef(id="spec-1"),
        auth_spec="Client-Id-Secret Based Authentication",
        params={"host": "api.paypal.example", "clientSecret": SecretRef("7.clientSecret")},
        key=KEY,
        place=PLACE,
    )
    step = plan.steps[0]

    assert step.lookup.match == {
        "description": f"Made by Flowsite [{KEY}]",
        "connectionSpec.id": "spec-1",
    }
    assert fill(step.body, {}, lambda secret: f"<{secret}>") == {
        "name": "PayPal EU",
        "description": f"Made by Flowsite [{KEY}]",
        "connectionSpec": {"id": "spec-1", "version": "1.0"},
        "auth": {
            "specName": "Client-Id-Secret Based Authentication",
            "params": {"host": "api.paypal.example", "clientSecret": "<7.clientSecret>"},
        },
    }


@pytest.mark.parametrize(("switch", "state"), [("enable", "enabled"), ("disable", "disabled")])
def test_a_switch_is_one_action(switch, state):
    step = switch_plan("f-1", "Flow", switch, key=KEY, place=PLACE).steps[0]

    assert (step.method, step.path) == (
        "POST",
        f"/data/foundation/flowservice/flows/f-1/action?op={switch}",
    )
    assert step.lookup.match == {"state": state}


@pytest.mark.parametrize(
    ("new", "ops"),
    [
        pytest.param(HOURLY, [], id="nothing"),
        pytest.param(
            changed(frequency="day"),
            [{"op": "replace", "path": "/scheduleParams/frequency", "value": "day"}],
            id="frequency",
        ),
        pytest.param(
            changed(frequency="minute", interval=30),
            [
                {"op": "replace", "path": "/scheduleParams/frequency", "value": "minute"},
                {"op": "replace", "path": "/scheduleParams/interval", "value": 30},
            ],
            id="frequency and interval",
        ),
        pytest.param(
            Schedule(frequency="once", start=START),
            [
                {"op": "replace", "path": "/scheduleParams/frequency", "value": "once"},
                {"op": "remove", "path": "/scheduleParams/interval"},
                {"op": "remove", "path": "/scheduleParams/backfill"},
            ],
            id="to once",
        ),
    ],
)
def test_only_what_differs_in_a_schedule_is_patched(new, ops):
    plan = schedule_plan("f-1", "Flow", HOURLY, new, key=KEY, place=PLACE)

    assert schedule_ops(HOURLY, new) == ops
    assert [step.body for step in plan.steps] == ([ops] if ops else [])


@pytest.mark.parametrize(
    ("new", "now", "codes"),
    [
        pytest.param(changed(interval=2), STARTED, [], id="interval after the start"),
        pytest.param(changed(frequency="minute", interval=5), NOW, ["FLOW-1362"], id="interval"),
        pytest.param(
            changed(start=START + timedelta(days=1)), STARTED, ["FLOW-1366"], id="start after start"
        ),
        pytest.param(changed(start=START + timedelta(days=1)), NOW, [], id="start before start"),
        pytest.param(changed(start=NOW), NOW, ["FLOW-1360"], id="start in the past"),
        pytest.param(changed(backfill=False), STARTED, ["FLOW-1404"], id="backfill"),
        pytest.param(changed(backfill=False), NOW, [], id="backfill before start"),
        pytest.param(changed(backfill=True), STARTED, [], id="backfill as it was"),
        pytest.param(Schedule(frequency="once", start=START), STARTED, ["FLOW-1403"], id="to once"),
    ],
)
def test_a_change_of_schedule_that_aep_refuses_is_found_before(new, now, codes):
    assert [one.code for one in schedule_change_problems(HOURLY, new, now)] == codes


def test_a_one_time_dataflow_never_becomes_recurring():
    once = Schedule(frequency="once", start=START)

    assert [one.code for one in schedule_change_problems(once, HOURLY, NOW)] == ["FLOW-1403"]


def test_a_new_mapping_is_a_new_version_that_the_flow_is_pointed_at():
    plan = mapping_plan(
        "f-1",
        "Flow",
        mapping_set_id="m-1",
        mapping_set_name="Flow mapping",
        schema_id="s-1",
        rows=[MappingRow(source="Product_Id", target="_id")],
        columns=COLUMNS["paypal"],
        key=KEY,
        place=PLACE,
    )
    replace, patch = plan.steps

    assert (replace.method, replace.path) == (
        "PUT",
        "/data/foundation/conversion/mappingSets/m-1",
    )
    assert (patch.method, patch.needs_etag, patch.depends_on) == ("PATCH", True, ("mapping_set",))
    ops = fill(patch.body, {"mapping_set": {"version": 3}})
    assert with_indexes(ops, [{"name": "Copy"}, {"name": "Mapping"}]) == [
        {
            "op": "replace",
            "path": "/transformations/1",
            "value": {"name": "Mapping", "params": {"mappingId": "m-1", "mappingVersion": 3}},
        }
    ]


def test_a_patch_of_a_transformation_that_is_not_there_is_an_error():
    ops = [{"op": "replace", "path": "/transformations/Mapping", "value": {}}]

    with pytest.raises(LookupError, match="no transformation called Mapping"):
        with_indexes(ops, [{"name": "Copy"}])


def test_an_on_demand_run_counts_in_integer_seconds():
    plan = run_plan(
        "f-1",
        "Flow",
        start=datetime(2026, 12, 1, 12, 0, 0, 500, tzinfo=UTC),
        window_start=datetime(2026, 11, 1, tzinfo=UTC),
        window_end=datetime(2026, 12, 1, tzinfo=UTC),
        delta_column="Create_Time",
        key=KEY,
        place=PLACE,
    )

    assert plan.steps[0].body == {
        "flowId": "f-1",
        "params": {
            "startTime": 1796126400,
            "windowStartTime": 1793491200,
            "windowEndTime": 1796083200,
            "deltaColumn": {"name": "Create_Time"},
        },
    }


def test_a_window_does_not_end_before_it_begins():
    with pytest.raises(ValueError, match="ends before it begins"):
        run_plan(
            "f-1",
            "Flow",
            start=NOW,
            window_start=NOW,
            window_end=NOW - timedelta(seconds=1),
            delta_column=None,
            key=KEY,
            place=PLACE,
        )


def test_a_retry_is_one_action_on_the_run():
    step = retry_plan("r-1", "f-1", "Flow", key=KEY, place=PLACE).steps[0]

    assert step.path == "/data/foundation/flowservice/runs/r-1/action?op=re-trigger"
    assert step.lookup.by == "newest_runs"


def test_deletion_goes_from_the_flow_to_its_connections_and_names_what_stays():
    plan = delete_plan(
        "f-1",
        "Flow",
        source_connection_ids=["s-1"],
        target_connection_ids=["t-1"],
        key=KEY,
        place=PLACE,
    )

    base = "/data/foundation/flowservice"
    assert [(step.method, step.path, step.depends_on) for step in plan.steps] == [
        ("DELETE", f"{base}/flows/f-1", ()),
        ("DELETE", f"{base}/sourceConnections/s-1", ("flow",)),
        ("DELETE", f"{base}/targetConnections/t-1", ("flow",)),
    ]
    assert plan.left_behind == ("The dataset and its data", "The schema", "The mapping set")
