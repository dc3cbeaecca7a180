"""The tutorial's dataflow from the token to its runs."""

from __future__ import annotations

from tests.emulator.caller import CRM_TO_AEP, FLOW, Caller
from tests.emulator.conftest import START_S, HandClock

FIELDS = {
    "productName": {"type": "string"},
    "description": {"type": "string"},
    "kind": {"type": "string"},
    "createdAt": {"type": "string", "format": "date-time"},
}
ROWS = [
    ("Product_Id", "_id"),
    ("upper(Product_Name)", "_acme.productName"),
    ("Description", "_acme.description"),
    ("Type", "_acme.kind"),
    ("Create_Time", "_acme.createdAt"),
]


def test_the_tutorials_dataflow_runs_and_counts_real_rows(caller: Caller, clock: HandClock) -> None:
    schema_id, _ = caller.schema("Products", FIELDS)
    dataset_id = caller.dataset("Products", schema_id)
    body = {
        "name": "PayPal products",
        "flowSpec": {"id": CRM_TO_AEP, "version": "1.0"},
        "sourceConnectionIds": [caller.source()],
        "targetConnectionIds": [caller.target(dataset_id, schema_id)],
        "transformations": [
            {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
            {
                "name": "Mapping",
                "params": {"mappingId": caller.mapping(schema_id, ROWS), "mappingVersion": 0},
            },
        ],
        "scheduleParams": {
            "startTime": int(START_S) + 60,
            "frequency": "hour",
            "interval": 1,
            "backfill": True,
        },
        "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5},
    }

    flow_id = caller.made(f"{FLOW}/flows", body)
    clock.advance(60)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    answer = caller.get(
        f"{FLOW}/runs", params={"property": f"flowId=={flow_id}", "orderby": "createdAt"}
    ).json()
    counts = [run["metrics"]["recordSummary"] for run in answer["items"]]
    assert [count["inputRecordCount"] for count in counts] == [240 + 2, 3600 // 20]
    assert [count["outputRecordCount"] for count in counts] == [242, 180]
    assert [count["failedRecordCount"] for count in counts] == [0, 0]
    flow = caller.item(f"/flows/{flow_id}")
    assert flow["lastRunDetails"]["state"] == "success"
