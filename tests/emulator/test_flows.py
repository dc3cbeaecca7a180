"""What makes a dataflow acceptable, and how it changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import (
    CLOUD_STORAGE_TO_AEP,
    FLOW,
    PREP,
    START_S,
    XED_FULL,
    Caller,
    mapping_body,
    once,
    product_flow,
)
from tests.emulator.conftest import HandClock

FLOWS = f"{FLOW}/flows"
Body = dict[str, Any]


def code(answer: Any) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


def schedule(**values: Any) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        merged = {**body["scheduleParams"], **values}
        body["scheduleParams"] = {key: value for key, value in merged.items() if value is not None}

    return change


def delta(**values: Any) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        body["transformations"][0]["params"]["deltaColumn"].update(values)

    return change


def mapped(**values: Any) -> Callable[[Body], None]:
    return lambda body: body["transformations"][1]["params"].update(values)


def with_key(key: str, value: Any) -> Callable[[Body], None]:
    return lambda body: body.update({key: value})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(with_key("state", "enabled"), "FLOW-1410-400", id="state sent"),
        pytest.param(with_key("name", ""), "FLOW-1304-400", id="no name"),
        pytest.param(with_key("flowSpec", None), "FLOW-1304-400", id="no flow spec"),
        pytest.param(
            with_key("flowSpec", {"id": CLOUD_STORAGE_TO_AEP, "version": "1.0"}),
            "FLOW-1413-400",
            id="the files' flow spec",
        ),
        pytest.param(with_key("sourceConnectionIds", []), "FLOW-1320-400", id="no source"),
        pytest.param(
            with_key("targetConnectionIds", ["a", "b"]), "FLOW-1321-400", id="two targets"
        ),
        pytest.param(with_key("sourceConnectionIds", ["a"]), "FLOW-1323-400", id="unknown source"),
        pytest.param(schedule(startTime=int(START_S) - 1), "FLOW-1360-400", id="in the past"),
        pytest.param(schedule(startTime="1785000000"), "FLOW-1397-400", id="start as a text"),
        pytest.param(schedule(startTime=1785000000000), "FLOW-1397-400", id="milliseconds"),
        pytest.param(schedule(interval="30"), "FLOW-1397-400", id="interval as a text"),
        pytest.param(schedule(interval=None), "FLOW-1397-400", id="no interval"),
        pytest.param(schedule(frequency="month"), "FLOW-1397-400", id="unknown frequency"),
        pytest.param(schedule(interval=0), "FLOW-1362-400", id="every no hours"),
        pytest.param(schedule(frequency="minute", interval=14), "FLOW-1362-400", id="14 minutes"),
        pytest.param(schedule(frequency="once"), "FLOW-1361-400", id="once with interval"),
        pytest.param(
            schedule(frequency="once", interval=None), "FLOW-1364-400", id="once with backfill"
        ),
        pytest.param(
            schedule(frequency="once", interval=None, backfill=None),
            "FLOW-1369-400",
            id="once with a delta column",
        ),
        pytest.param(
            lambda body: body["transformations"].pop(0), "FLOW-1367-400", id="no delta column"
        ),
        pytest.param(delta(name="updatedAt"), "FLOW-1383-400", id="delta column not chosen"),
        pytest.param(delta(dateFormat="YYYY-MM-DD"), "FLOW-1382-400", id="week years"),
        pytest.param(delta(timezone="CET"), "FLOW-1382-400", id="not in UTC"),
        pytest.param(delta(name=None), "FLOW-1367-400", id="delta column without a name"),
        pytest.param(lambda body: body["transformations"].pop(1), "FLOW-1370-400", id="no mapping"),
        pytest.param(mapped(mappingVersion=3), "FLOW-1412-400", id="no such version"),
        pytest.param(mapped(mappingId="0" * 32), "FLOW-1419-400", id="no such mapping set"),
        pytest.param(
            with_key("options", {"errorDiagnosticsEnabled": "yes"}), "FLOW-1304-400", id="option"
        ),
        pytest.param(
            with_key("options", {"partialIngestionPercent": 0}), "FLOW-1304-400", id="0 percent"
        ),
    ],
)
def test_a_dataflow_is_refused(
    caller: Caller, change: Callable[[Body], Any], expected: str
) -> None:
    body = product_flow(caller)
    change(body)

    assert code(caller.post(FLOWS, json=body)) == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: None, id="as it is"),
        pytest.param(schedule(frequency="minute", interval=15), id="every 15 minutes"),
        pytest.param(schedule(startTime=int(START_S)), id="now"),
        pytest.param(schedule(backfill=None), id="backfill left to its default"),
        pytest.param(mapped(mappingVersion="0"), id="version as a text"),
        pytest.param(lambda body: body.update(once(body)), id="once"),
        pytest.param(lambda body: body.pop("options"), id="without options"),
    ],
)
def test_a_dataflow_is_taken(caller: Caller, change: Callable[[Body], Any]) -> None:
    body = product_flow(caller)
    change(body)

    answer = caller.post(FLOWS, json=body)

    assert answer.status_code == 201, answer.text
    assert caller.item(f"/flows/{answer.json()['id']}")["state"] == "enabled"


def test_schema_and_version_must_be_equal_everywhere(caller: Caller) -> None:
    body = product_flow(caller)
    other, _ = caller.schema("Others", {"productName": {"type": "string"}})
    foreign = caller.mapping(other, [("Product_Id", "_id")])
    body["transformations"][1]["params"]["mappingId"] = foreign

    assert code(caller.post(FLOWS, json=body)) == "FLOW-1425-400"


def test_a_connection_belongs_to_one_dataflow(caller: Caller) -> None:
    body = product_flow(caller)
    caller.made(FLOWS, body)

    assert code(caller.post(FLOWS, json={**body, "name": "second"})) == "FLOW-1320-400"


def test_what_a_dataflow_inherits(caller: Caller) -> None:
    body = product_flow(caller)
    flow = caller.item(f"/flows/{caller.made(FLOWS, body)}")

    source = flow["inheritedAttributes"]["sourceConnections"][0]
    assert source["baseConnection"]["id"] == caller.account("PayPal EU")
    assert flow["inheritedAttributes"]["properties"]["isSourceFlow"] is True
    assert flow["lastOperation"]["operation"] == "create"
    assert flow["createdClient"] == "demo-client"
    assert flow["etag"] == flow["version"]


# --- Changing ----------------------------------------------------------------------------------


@pytest.fixture
def flow(caller: Caller) -> str:
    """The path of a dataflow whose start lies a minute ahead."""
    return f"/flows/{caller.made(FLOWS, product_flow(caller))}"


def patch(caller: Caller, path: str, *operations: Body) -> Any:
    return caller.patch(f"{FLOW}{path}", list(operations), caller.item(path)["etag"])


def replace(path: str, value: Any) -> Body:
    return {"op": "replace", "path": path, "value": value}


def test_a_schedule_changes(caller: Caller, flow: str) -> None:
    answer = patch(
        caller,
        flow,
        replace("/scheduleParams/frequency", "day"),
        replace("/scheduleParams/interval", 2),
    )

    assert answer.status_code == 200
    schedule = caller.item(flow)["scheduleParams"]
    assert (schedule["frequency"], schedule["interval"]) == ("day", 2)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        pytest.param(
            [replace("/scheduleParams/startTime", int(START_S) + 9000)], "FLOW-1366-400", id="start"
        ),
        pytest.param([replace("/scheduleParams/backfill", False)], "FLOW-1404-400", id="backfill"),
        pytest.param(
            [
                replace("/scheduleParams", {"startTime": int(START_S) + 60, "frequency": "once"}),
                {"op": "remove", "path": "/transformations/0"},
            ],
            "FLOW-1403-400",
            id="to once",
        ),
    ],
)
def test_some_things_are_fixed_after_the_start(
    caller: Caller, clock: HandClock, flow: str, operations: list[Body], expected: str
) -> None:
    clock.advance(3600)

    assert code(patch(caller, flow, *operations)) == expected


def test_a_stale_etag_is_a_412_in_the_older_form(caller: Caller, flow: str) -> None:
    etag = caller.item(flow)["etag"]
    patch(caller, flow, replace("/name", "first"))

    answer = caller.patch(f"{FLOW}{flow}", [replace("/name", "second")], etag)

    assert answer.status_code == 412
    assert set(answer.json()) == {"errorMessage", "errorDetails"}
    assert caller.item(flow)["name"] == "first"


def test_an_etag_without_its_quotes_is_stale(caller: Caller, flow: str) -> None:
    etag = caller.item(flow)["etag"].strip('"')

    assert caller.patch(f"{FLOW}{flow}", [replace("/name", "x")], etag).status_code == 412


def test_a_new_mapping_version_is_taken_over(caller: Caller, flow: str) -> None:
    item = caller.item(flow)
    params = item["transformations"][1]["params"]
    schema_id = caller.get(f"{PREP}/mappingSets/{params['mappingId']}").json()["xdmSchema"]
    put = caller.send(
        "PUT",
        f"{PREP}/mappingSets/{params['mappingId']}",
        json=mapping_body(schema_id, [("Product_Id", "_id")]),
    )

    answer = patch(caller, flow, replace("/transformations/1/params/mappingVersion", 1))

    assert put.json()["version"] == 1
    assert answer.status_code == 200
    assert caller.item(flow)["transformations"][1]["params"]["mappingVersion"] == 1


def test_a_change_takes_its_time(make_emulator: Callable[..., Emulator], clock: HandClock) -> None:
    with Caller(make_emulator(update_delay_s=5)) as caller:
        path = f"/flows/{caller.made(FLOWS, product_flow(caller))}"
        patch(caller, path, replace("/name", "new"))
        during = caller.item(path)
        refused = patch(caller, path, replace("/name", "newer"))
        clock.advance(5)
        after = caller.item(path)

    assert (during["state"], during["lastOperation"]["status"]["value"]) == (
        "updating",
        "IN_PROGRESS",
    )
    assert code(refused) == "FLOW-1420-400"
    assert (after["state"], after["lastOperation"]["status"]["value"]) == ("enabled", "COMPLETED")


def test_enable_and_disable(caller: Caller, flow: str) -> None:
    def act(op: str) -> Any:
        return caller.post(f"{FLOW}{flow}/action", params={"op": op})

    assert code(act("enable")) == "FLOW-1422-400"
    assert act("disable").status_code == 200
    assert caller.item(flow)["state"] == "disabled"
    assert act("ENABLE").status_code == 200
    assert code(act("explode")) == "FLOW-1401-400"


def test_deleting_leaves_its_connections(caller: Caller, flow: str) -> None:
    source = caller.item(flow)["sourceConnectionIds"][0]

    assert caller.delete(f"{FLOW}{flow}").status_code == 204
    assert caller.get(f"{FLOW}{flow}").status_code == 404
    assert caller.item(f"/sourceConnections/{source}")["id"] == source


def test_a_draft_is_completed_and_published(caller: Caller) -> None:
    whole = product_flow(caller)
    part = {"name": whole["name"], "flowSpec": whole["flowSpec"]}
    draft = caller.post(FLOWS, json=part, params={"mode": "draft"}).json()
    path = f"/flows/{draft['id']}"
    unready = caller.post(f"{FLOW}{path}/action", params={"op": "publish"})

    for key in set(whole) - set(part):
        answer = patch(caller, path, {"op": "add", "path": f"/{key}", "value": whole[key]})
        assert answer.status_code == 200, answer.text
    published = caller.post(f"{FLOW}{path}/action", params={"op": "publish"})

    assert code(unready) == "FLOW-1320-400"
    assert published.status_code == 200
    assert caller.item(path)["state"] == "enabled"


def test_target_connections_refuse(caller: Caller) -> None:
    schema_id, _ = caller.schema("Targets", {"a": {"type": "string"}})
    good = {
        "name": "target",
        "data": {"schema": {"id": schema_id, "version": XED_FULL}},
        "params": {"dataSetId": caller.dataset("Targets", schema_id)},
        "connectionSpec": {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"},
    }
    wrong_spec = copy.deepcopy(good)
    wrong_spec["connectionSpec"]["id"] = "221c7626-58f6-4eec-8ee2-042b0226f03b"
    wrong_case = {**good, "params": {"datasetId": good["params"]["dataSetId"]}}
    unknown = {**good, "params": {"dataSetId": "0" * 24}}

    path = f"{FLOW}/targetConnections"
    assert caller.post(path, json=good).status_code == 201
    assert code(caller.post(path, json=wrong_spec)) == "FLOW-1306-400"
    assert code(caller.post(path, json=wrong_case)) == "FLOW-1304-400"
    assert code(caller.post(path, json=unknown)) == "FLOW-1324-400"


def test_a_stream_has_no_schedule_and_no_runs(caller: Caller, clock: HandClock) -> None:
    spec = {"id": "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb", "version": "1.0"}
    auth = {"specName": "Streaming Connection", "params": {"dataType": "xdm"}}
    base = caller.made(
        f"{FLOW}/connections", {"name": "stream", "connectionSpec": spec, "auth": auth}
    )
    source = caller.made(
        f"{FLOW}/sourceConnections",
        {"name": "stream", "baseConnectionId": base, "connectionSpec": spec},
    )
    schema_id, _ = caller.schema("Stream", {"a": {"type": "string"}})
    body = {
        "name": "stream",
        "flowSpec": {"id": "d69717ba-71b4-4313-b654-49f9cf126d7a", "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [caller.target(caller.dataset("Stream", schema_id), schema_id)],
    }

    answer = caller.post(FLOWS, json=body)
    clock.advance(3600)

    assert answer.status_code == 201, answer.text
    assert caller.emulator.tick() == 0
    assert caller.get(f"{FLOW}/runs").json()["items"] == []
