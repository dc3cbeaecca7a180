"""Runs carried out for real: windows, counts, thresholds, diagnostics, retries, speed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from flowsite.emulator.systems import paypal
from tests.emulator.caller import (
    CATALOG,
    CLOUD_STORAGE_TO_AEP,
    EVENT,
    EXPORT,
    FLOW,
    REST_STORAGE_TO_AEP,
    S3,
    START_S,
    STRIPE,
    Caller,
    once,
    product_flow,
)
from tests.emulator.conftest import HandClock

FLOWS = f"{FLOW}/flows"
PAYMENT_FIELDS: dict[str, Any] = {
    "amount": {"type": "number"},
    "settled": {"type": "string", "format": "date"},
}
PAYMENT_ROWS = [
    ("Transaction_Id", "_id"),
    ("Transaction_Time", "timestamp"),
    ("Amount", "_acme.amount"),
    ("Settled_Date", "_acme.settled"),
]


def runs_of(caller: Caller, flow_id: str) -> list[dict[str, Any]]:
    params = {"property": f"flowId=={flow_id}", "orderby": "createdAt", "limit": "100"}
    return list(caller.get(f"{FLOW}/runs", params=params).json()["items"])


def counts(run: dict[str, Any]) -> tuple[int, int, int]:
    summary = run["metrics"]["recordSummary"]
    return (
        summary["inputRecordCount"],
        summary["outputRecordCount"],
        summary["failedRecordCount"],
    )


def status(run: dict[str, Any]) -> str:
    return str(run["metrics"]["statusSummary"]["status"])


def transactions_flow(caller: Caller, **options: Any) -> dict[str, Any]:
    """A one-time dataflow over transactions, of which some have no id."""
    schema_id, _ = caller.schema("Payments", PAYMENT_FIELDS, EVENT)
    dataset_id = caller.dataset("Payments", schema_id)
    body = product_flow(caller)
    body["sourceConnectionIds"] = [caller.source("PayPal.Transactions")]
    body["targetConnectionIds"] = [caller.target(dataset_id, schema_id)]
    mapping_id = caller.mapping(schema_id, PAYMENT_ROWS)
    body["transformations"][1]["params"]["mappingId"] = mapping_id
    body["options"] = options
    return once(body)


def run_once(caller: Caller, clock: HandClock, body: dict[str, Any]) -> dict[str, Any]:
    flow_id = caller.made(FLOWS, body)
    clock.advance(60)
    caller.emulator.tick()
    (run,) = runs_of(caller, flow_id)
    return run


# --- When --------------------------------------------------------------------------------------


def test_nothing_runs_before_its_start(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))

    clock.advance(59)
    early = caller.emulator.tick()
    clock.advance(1)
    caller.emulator.tick()

    assert early == 0
    assert len(runs_of(caller, flow_id)) == 1


def test_a_run_is_queued_then_in_progress_then_done(
    make_emulator: Callable[..., Emulator], clock: HandClock
) -> None:
    with Caller(make_emulator(queued_s=2, running_s=5)) as caller:
        flow_id = caller.made(FLOWS, product_flow(caller))
        seen = []
        for step in (60, 1, 1, 4, 1):
            clock.advance(step)
            caller.emulator.tick()
            seen.append(runs_of(caller, flow_id)[0])

    assert [status(run) for run in seen] == [
        "queued",
        "queued",
        "inProgress",
        "inProgress",
        "success",
    ]
    assert [len(run["activities"]) for run in seen] == [0, 0, 1, 1, 2]
    assert seen[0]["metrics"]["durationSummary"] == {}
    assert seen[2]["metrics"]["durationSummary"]["completedAtUTC"] == 0
    durations = seen[4]["metrics"]["durationSummary"]
    assert durations["completedAtUTC"] - durations["startedAtUTC"] == 5000


def test_speed_shortens_the_wait_and_nothing_else(
    make_emulator: Callable[..., Emulator], clock: HandClock
) -> None:
    with Caller(make_emulator(speed=60, early_start_s=300)) as caller:
        flow_id = caller.made(FLOWS, product_flow(caller))
        caller.emulator.tick()
        clock.advance(60)
        caller.emulator.tick()
        runs = runs_of(caller, flow_id)

    assert [run["createdAt"] for run in runs] == [START_S * 1000, (START_S + 60) * 1000]
    windows = [run["activities"][0]["durationSummary"]["extensions"] for run in runs]
    assert windows[1] == {"windowStart": START_S * 1000, "windowEnd": (START_S + 60) * 1000}
    assert [counts(run)[0] for run in runs] == [240, 2]  # +20 and +40: windows are half open


def test_without_backfill_only_what_came_since_the_start_is_read(
    caller: Caller, clock: HandClock
) -> None:
    body = product_flow(caller)
    body["scheduleParams"]["backfill"] = False
    flow_id = caller.made(FLOWS, body)

    clock.advance(60 + 3600)
    caller.emulator.tick()

    assert counts(runs_of(caller, flow_id)[0])[0] == 3600 // 20


def test_missed_runs_arent_made_up_for(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))

    clock.advance(60 + 10 * 3600)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    assert [counts(run)[0] for run in runs_of(caller, flow_id)] == [240 + 1802, 180]


def test_a_disabled_dataflow_rests_and_then_reads_the_gap(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))
    clock.advance(60)
    caller.emulator.tick()
    caller.post(f"{FLOWS}/{flow_id}/action", params={"op": "disable"})
    clock.advance(5 * 3600)
    caller.emulator.tick()
    resting = len(runs_of(caller, flow_id))
    caller.post(f"{FLOWS}/{flow_id}/action", params={"op": "enable"})
    caller.emulator.tick()

    runs = runs_of(caller, flow_id)
    assert (resting, len(runs)) == (1, 2)
    assert counts(runs[1])[0] == 5 * 180


def test_a_table_grows_by_hand(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))
    clock.advance(60)
    caller.emulator.tick()
    order = {
        "account": caller.account("PayPal EU"),
        "table": "PayPal.Catalog_Products",
        "rows": [
            {"Product_Id": "HAND-1", "Create_Time": "2026-01-30T12:30:00Z"},
            {"Product_Id": "HAND-2", "Create_Time": "2026-01-30T20:00:00Z"},
        ],
    }
    added = caller.client.post("/_emulator/rows", json=order)
    clock.advance(3600)
    caller.emulator.tick()

    assert added.json() == {"added": 2}
    assert counts(runs_of(caller, flow_id)[1])[0] == 180 + 1


# --- What arrives ------------------------------------------------------------------------------


def test_rows_arrive_in_the_lake_as_mapped(caller: Caller, clock: HandClock) -> None:
    run = run_once(caller, clock, once(product_flow(caller)))
    target = caller.item(f"/targetConnections/{run['activities'][1]['targetInfo'][0]['id']}")
    dataset = target["params"]["dataSetId"]

    lake = caller.client.get("/_emulator/lake", params={"dataset": dataset, "limit": "1"}).json()
    source = caller.client.get(
        "/_emulator/rows",
        params={
            "account": caller.account("PayPal EU"),
            "table": "PayPal.Catalog_Products",
            "limit": "1000",
        },
    ).json()

    last = source["rows"][-1]
    assert lake["count"] == counts(run)[1] == source["count"]
    assert lake["rows"][0]["row"]["_id"] == last["Product_Id"]
    assert lake["rows"][0]["row"]["_acme"]["productName"] == last["Product_Name"].upper()


def test_some_bad_rows_make_a_partial_success(caller: Caller, clock: HandClock) -> None:
    body = transactions_flow(caller, errorDiagnosticsEnabled=True, partialIngestionPercent=5)

    run = run_once(caller, clock, body)

    read = 2400 + 60 // 15 - 1  # a row of this very second comes with the next run
    bad = read // paypal.NO_ID_EVERY
    assert status(run) == "success"
    assert counts(run) == (read, read - bad, bad)
    assert run["metrics"]["statusSummary"]["errors"] == [
        {"code": "INGEST-1212-400", "message": f"{bad} of {read} rows failed."}
    ]
    failed = run["metrics"]["recordSummary"]["failedInfo"]
    assert failed[0] == {
        "code": "INGEST-1555-400",
        "message": "_id: a required field is null or missing",
        "count": bad,
    }
    numbers, dates = read // paypal.NO_NUMBER_EVERY, read // paypal.NO_DATE_EVERY
    assert 0.8 * (numbers + dates) < run["metrics"]["recordSummary"]["warningRecordCount"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"partialIngestionPercent": 1}, id="more than allowed"),
        pytest.param({}, id="none allowed"),
    ],
)
def test_too_many_bad_rows_fail_the_run(
    caller: Caller, clock: HandClock, options: dict[str, Any]
) -> None:
    body = transactions_flow(caller, errorDiagnosticsEnabled=True, **options)

    run = run_once(caller, clock, body)

    assert status(run) == "failed"
    assert counts(run)[1] == 0
    assert run["metrics"]["statusSummary"]["errors"][0]["code"] == "CONNECTOR-2001-500"
    batch = run["activities"][1]["targetInfo"][0]["reference"]["ids"][0]
    found = caller.get(f"{CATALOG}/batches/{batch}").json()[batch]
    assert found["status"] == "failed"
    flow = caller.item(f"/flows/{run['flowId']}")
    assert flow["lastRunDetails"]["state"] == "failed"


def test_the_diagnostics_of_a_batch(caller: Caller, clock: HandClock) -> None:
    body = transactions_flow(caller, errorDiagnosticsEnabled=True, partialIngestionPercent=5)
    run = run_once(caller, clock, body)
    promotion = run["activities"][1]
    batch = promotion["targetInfo"][0]["reference"]["ids"][0]
    manifest = promotion["statusSummary"]["extensions"]["manifest"]

    listing = caller.get(manifest["failedRecords"]).json()
    file = caller.get(listing["data"][0]["_links"]["self"]["href"])
    sample = caller.get(manifest["sampleErrors"]).text.splitlines()
    other_name = caller.get(f"{EXPORT}/batches/{batch}/meta?path=row_errors_sample.json").text

    lines = [json.loads(line) for line in file.text.splitlines()]
    assert listing["data"][0]["name"] == "conversion_errors_0.json"
    assert listing["data"][0]["length"] == str(len(file.content))
    assert "row_errors%2Fconversion_errors_0.json" in listing["data"][0]["_links"]["self"]["href"]
    assert len(lines) == counts(run)[2]
    assert {line["Transaction_Id"] for line in lines} == {None}
    assert lines[0]["_errors"][-1]["code"] == "INGEST-1555-400"
    assert (len(sample), other_name.splitlines()) == (5, sample)


def test_without_diagnostics_there_is_no_list_of_rows(caller: Caller, clock: HandClock) -> None:
    run = run_once(caller, clock, transactions_flow(caller, partialIngestionPercent=5))
    batch = run["activities"][1]["targetInfo"][0]["reference"]["ids"][0]

    answer = caller.get(f"{EXPORT}/batches/{batch}/meta", params={"path": "row_errors"})

    assert answer.json()["type"].endswith("INGEST-1211-400")
    codes = [error["code"] for error in run["metrics"]["statusSummary"]["errors"]]
    assert codes == ["INGEST-1212-400", "INGEST-1211-400"]
    assert "manifest" not in run["activities"][1]["statusSummary"]["extensions"]
    errors = run["activities"][1]["statusSummary"]["extensions"]["errors"]
    assert all("recordCount" not in error for error in errors)


def test_a_source_that_is_gone_fails_in_the_copy(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))
    account = f"/connections/{caller.account('PayPal EU')}"
    operation = {
        "op": "replace",
        "path": "/auth/params",
        "value": {"host": "h", "clientId": "c", "clientSecret": "expired"},
    }
    caller.patch(f"{FLOW}{account}", [operation], caller.item(account)["etag"])
    clock.advance(60)
    caller.emulator.tick()

    (run,) = runs_of(caller, flow_id)
    assert status(run) == "failed"
    assert counts(run) == (0, 0, 0)
    assert len(run["activities"]) == 1
    assert run["activities"][0]["statusSummary"]["errors"][0]["code"] == "CONNECTOR-1001-500"


def test_a_dataset_that_is_gone_opens_no_batch(caller: Caller, clock: HandClock) -> None:
    body = product_flow(caller)
    flow_id = caller.made(FLOWS, body)
    target = caller.item(f"/targetConnections/{body['targetConnectionIds'][0]}")
    caller.delete(f"{CATALOG}/dataSets/{target['params']['dataSetId']}")
    clock.advance(60)
    caller.emulator.tick()

    (run,) = runs_of(caller, flow_id)
    assert run["metrics"]["statusSummary"]["errors"][0]["code"] == "CONNECTOR-3001-500"


# --- Other kinds of sources --------------------------------------------------------------------


def other_flow(
    caller: Caller, source: dict[str, Any], flow_spec: str, rows: list[tuple[str, str]]
) -> dict[str, Any]:
    schema_id, _ = caller.schema(
        "Other", {"mail": {"type": "string"}, "amount": {"type": "integer"}}
    )
    source_id = caller.made(f"{FLOW}/sourceConnections", {"name": "s", **source})
    return {
        "name": "other",
        "flowSpec": {"id": flow_spec, "version": "1.0"},
        "sourceConnectionIds": [source_id],
        "targetConnectionIds": [caller.target(caller.dataset("Other", schema_id), schema_id)],
        "transformations": [
            {
                "name": "Mapping",
                "params": {"mappingId": caller.mapping(schema_id, rows), "mappingVersion": 0},
            }
        ],
        "scheduleParams": {"startTime": int(START_S) + 60, "frequency": "hour", "interval": 1},
        "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 50},
    }


def test_a_resource_is_read_by_its_own_increments(caller: Caller, clock: HandClock) -> None:
    source = {
        "baseConnectionId": caller.account("Stripe Live"),
        "data": {"format": "json"},
        "params": {"resourcePath": "charges"},
        "connectionSpec": {"id": STRIPE, "version": "1.0"},
    }
    rows = [("data.id", "_id"), ("data.billing_details.email", "_acme.mail")]
    body = other_flow(caller, source, REST_STORAGE_TO_AEP, rows)
    flow_id = caller.made(FLOWS, body)

    clock.advance(60)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    assert [counts(run)[0] for run in runs_of(caller, flow_id)] == [200 + 3, 3600 // 15]


def test_files_are_read_when_they_are_new(caller: Caller, clock: HandClock) -> None:
    source = {
        "baseConnectionId": caller.account("Exports Bucket"),
        "data": {"format": "delimited"},
        "params": {"path": "/exports/orders", "type": "folder", "recursive": True},
        "connectionSpec": {"id": S3, "version": "1.0"},
    }
    rows = [("order_id", "_id"), ("customer_email", "_acme.mail"), ("order_id", "_acme.amount")]
    flow_id = caller.made(FLOWS, other_flow(caller, source, CLOUD_STORAGE_TO_AEP, rows))

    clock.advance(60)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    # A file each time fifty orders are together, one order every thirty seconds.
    runs = runs_of(caller, flow_id)
    assert [counts(run)[0] for run in runs] == [350, 2 * 50]
    assert [run["metrics"]["fileSummary"]["inputFileCount"] for run in runs] == [7, 2]


def test_lines_that_are_no_rows_go_to_the_parsing_errors(caller: Caller, clock: HandClock) -> None:
    source = {
        "baseConnectionId": caller.account("Exports Bucket"),
        "data": {"format": "delimited"},
        "params": {"path": "/exports/broken.csv", "type": "file"},
        "connectionSpec": {"id": S3, "version": "1.0"},
    }
    flow_id = caller.made(FLOWS, other_flow(caller, source, CLOUD_STORAGE_TO_AEP, [("Id", "_id")]))
    clock.advance(60)
    caller.emulator.tick()

    (run,) = runs_of(caller, flow_id)
    batch = run["activities"][1]["targetInfo"][0]["reference"]["ids"][0]
    path = {"path": "row_errors/parsing_errors_0.json"}
    lines = caller.get(f"{EXPORT}/batches/{batch}/meta", params=path).text.splitlines()
    assert counts(run) == (42, 40, 2)
    assert json.loads(lines[0])["_errors"][0]["code"] == "INGEST-1401-400"
    assert json.loads(lines[1])["_corrupt_record"] == '"never closed'


# --- On demand and again -----------------------------------------------------------------------


def on_demand(flow_id: str, **changes: Any) -> dict[str, Any]:
    params = {
        "startTime": int(START_S),
        "windowStartTime": int(START_S) - 86_400,
        "windowEndTime": int(START_S),
        "deltaColumn": {"name": "Create_Time"},
        **changes,
    }
    kept = {name: value for name, value in params.items() if value is not None}
    return {"flowId": flow_id, "params": kept}


def test_a_run_on_demand_reads_its_window(caller: Caller) -> None:
    flow_id = caller.made(FLOWS, once(product_flow(caller)))

    answer = caller.post(f"{FLOW}/runs", json=on_demand(flow_id))
    caller.emulator.tick()
    later = caller.post(f"{FLOW}/runs", json=on_demand(flow_id, deltaColumn=None))
    run = caller.item(f"/runs/{answer.json()['items'][0]['id']}")

    assert answer.status_code == 201
    assert counts(run)[0] == 24  # 240 rows in ten days
    assert caller.item(f"/flows/{flow_id}")["transformations"][0]["name"] == "Copy"
    assert later.status_code == 201


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"deltaColumn": None}, "1383", id="no delta column"),
        pytest.param({"deltaColumn": {"name": "Nothing"}}, "1383", id="not a column"),
        pytest.param({"windowEndTime": 5}, "1381", id="ends before it begins"),
        pytest.param({"windowStartTime": "1784900000"}, "1380", id="a text"),
        pytest.param({"windowStartTime": 1784900000000}, "1380", id="milliseconds"),
    ],
)
def test_a_run_on_demand_is_refused(caller: Caller, changes: dict[str, Any], code: str) -> None:
    flow_id = caller.made(FLOWS, once(product_flow(caller)))

    answer = caller.post(f"{FLOW}/runs", json=on_demand(flow_id, **changes))

    assert answer.json()["type"].endswith(f"FLOW-{code}-400")


def test_only_one_time_dataflows_run_on_demand(caller: Caller) -> None:
    flow_id = caller.made(FLOWS, product_flow(caller))

    assert (
        caller.post(f"{FLOW}/runs", json=on_demand(flow_id))
        .json()["type"]
        .endswith("FLOW-1386-400")
    )


def test_a_failed_run_is_retried_over_its_own_window(caller: Caller, clock: HandClock) -> None:
    failed = run_once(caller, clock, transactions_flow(caller, errorDiagnosticsEnabled=True))
    clock.advance(500)
    path = f"{FLOW}/runs/{failed['id']}/action"
    ids = {caller.post(path, params={"op": op}).json()["id"] for op in ("re-trigger", "RE_TRIGGER")}
    caller.emulator.tick()

    runs = runs_of(caller, failed["flowId"])
    assert {run["id"] for run in runs} == {failed["id"], *ids}
    windows = {json.dumps(run["activities"][0]["durationSummary"]["extensions"]) for run in runs}
    assert len(windows) == 1
    assert {counts(run)[0] for run in runs} == {counts(failed)[0]}


def test_a_good_run_isnt_retried(caller: Caller, clock: HandClock) -> None:
    run = run_once(caller, clock, once(product_flow(caller)))

    answer = caller.post(f"{FLOW}/runs/{run['id']}/action", params={"op": "re-trigger"})

    assert answer.json()["type"].endswith("FLOW-1388-400")


# --- Lists -------------------------------------------------------------------------------------


def test_runs_of_all_dataflows_in_one_sweep(caller: Caller, clock: HandClock) -> None:
    for title in ("one", "two"):
        caller.made(FLOWS, product_flow(caller, title=title))
    clock.advance(60)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    def found(*properties: str) -> int:
        query = [("property", text) for text in properties] + [("orderby", "-createdAt")]
        return len(caller.get(f"{FLOW}/runs", params=query).json()["items"])

    since = int((START_S + 100) * 1000)
    ids = [run["id"] for run in caller.get(f"{FLOW}/runs").json()["items"]]
    assert found() == 4
    assert found(f"metrics.durationSummary.startedAtUTC>{since}") == 2
    assert found("metrics.statusSummary.status==SUCCESS") == 4
    assert found(f"id=={ids[0]},{ids[3]}") == 2
    assert found("metrics.recordSummary.failedRecordCount>0") == 0
    flows = caller.get(
        FLOWS,
        params=[
            ("property", "inheritedAttributes.properties.isSourceFlow==true"),
            ("property", f"lastRunDetails.startedAtUTC>={since}"),
        ],
    ).json()["items"]
    assert len(flows) == 2


def test_batches_of_a_dataset(caller: Caller, clock: HandClock) -> None:
    run = run_once(caller, clock, once(product_flow(caller)))
    batch = run["activities"][1]["targetInfo"][0]["reference"]["ids"][0]
    target = caller.item(f"/targetConnections/{run['activities'][1]['targetInfo'][0]['id']}")
    dataset = target["params"]["dataSetId"]

    listed = caller.get(
        f"{CATALOG}/batches", params={"dataSet": dataset, "status": "success,failed"}
    ).json()
    last = caller.get(f"{CATALOG}/lastBatches", params={"dataSetId": f"{dataset},other"}).json()

    assert list(listed) == [batch]
    assert listed[batch]["metrics"]["outputRecordCount"] == counts(run)[1]
    assert last == {
        dataset: {
            "lastBatchId": batch,
            "lastBatchStatus": "success",
            "lastSuccessfulBatchId": batch,
            "lastFailedBatchId": None,
        }
    }
