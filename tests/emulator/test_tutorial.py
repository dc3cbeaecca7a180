"""Adobe's payments tutorial, body by body: refused exactly where it is wrong, then put right.

The bodies are composed here after the tutorial's samples; the numbers are those of the table
of traps (API contract, section 11).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.caller import (
    CATALOG,
    CRM_TO_AEP,
    DATA_LAKE,
    FLOW,
    PAYPAL,
    PREP,
    START_S,
    STRIPE,
    XED_FULL,
    Caller,
)

Body = dict[str, Any]

_COLUMNS = [
    {"name": "Product_Id", "type": "string", "xdm": {"type": "string"}},
    {"name": "Product_Name", "type": "string", "xdm": {"type": "string"}},
    {"name": "Description", "type": "string", "xdm": {"type": "string"}},
    {
        "name": "Create_Time",
        "type": "string",
        "meta:xdmType": "date-time",
        "xdm": {"type": "string", "format": "date-time"},
    },
]


@pytest.fixture
def schema_id(caller: Caller) -> str:
    fields = {name: {"type": "string"} for name in ("name", "description", "type")}
    return caller.schema("Products", fields)[0]


@pytest.fixture
def dataset_id(caller: Caller, schema_id: str) -> str:
    return caller.dataset("Products", schema_id)


def source_body(caller: Caller, table: str) -> Body:
    return {
        "name": "Stripe source connection",
        "baseConnectionId": caller.account("PayPal EU"),
        "description": "Stripe source connection",
        "data": {"format": "tabular"},
        "params": {"tableName": table, "columns": _COLUMNS},
        "connectionSpec": {"id": PAYPAL, "version": "1.0"},
    }


def printed_target(schema_id: str, dataset_id: str) -> Body:
    return {
        "name": "Target Connection for payments",
        "description": "Target Connection for payments",
        "data": {"schema": {"id": schema_id, "version": XED_FULL}},
        "params": {"dataSetId": dataset_id},
        "connectionSpec": {"id": PAYPAL, "version": "1.0"},
    }


def printed_mapping(schema_id: str, prefix: str = "product") -> Body:
    pairs = [
        ("_id", "Product_Id"),
        (f"{prefix}.name", "Product_Name"),
        (f"{prefix}.description", "Description"),
        (f"{prefix}.type", "Type"),
    ]
    return {
        "version": 0,
        "xdmSchema": schema_id,
        "xdmVersion": "1.0",
        "id": None,
        "mappings": [
            {
                "destinationXdmPath": path,
                "sourceAttribute": source,
                "identity": False,
                "identityGroup": None,
                "namespaceCode": None,
                "version": 0,
            }
            for path, source in pairs
        ],
    }


def printed_flow(source: str, target: str, mapping_id: str) -> Body:
    return {
        "name": "Dataflow between payments Experience Platform",
        "description": "Inbound data to Experience Platform",
        "flowSpec": {"id": CRM_TO_AEP, "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [
            {
                "name": "Copy",
                "params": {
                    "deltaColumn": {
                        "name": "updatedAt",
                        "dateFormat": "YYYY-MM-DD",
                        "timezone": "UTC",
                    }
                },
            },
            {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": 0}},
        ],
        "scheduleParams": {"startTime": "1567411548", "frequency": "minute", "interval": "30"},
    }


def test_the_source_connection_isnt_json(caller: Caller) -> None:
    """Trap 1: a comma and a brace too many."""
    right = json.dumps(source_body(caller, "PayPal.Catalog_Products"))
    printed = right.replace('{"format": "tabular"}', '{"format": "tabular",}}')

    answer = caller.post(
        f"{FLOW}/sourceConnections",
        content=printed.encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400
    assert "isn't valid JSON" in answer.json()["message"]


def test_paypal_has_no_table_of_stripes_name(caller: Caller) -> None:
    """Trap 10: the sample is PayPal's with the labels renamed."""
    path = f"{FLOW}/sourceConnections"
    renamed = caller.post(path, json=source_body(caller, "Stripe.Catalog_Products"))
    foreign = source_body(caller, "PayPal.Catalog_Products")
    foreign["connectionSpec"]["id"] = STRIPE

    assert "Stripe.Catalog_Products" in renamed.json()["errorMessage"]
    assert caller.post(path, json=foreign).json()["type"].endswith("FLOW-1413-400")


def test_the_target_has_the_sources_spec(caller: Caller, schema_id: str, dataset_id: str) -> None:
    """Trap 2."""
    answer = caller.post(f"{FLOW}/targetConnections", json=printed_target(schema_id, dataset_id))

    assert answer.json()["type"].endswith("FLOW-1306-400")


def test_the_mapping_writes_outside_the_tenant(caller: Caller, schema_id: str) -> None:
    """Trap 27: the schema has no ``product.name``."""
    answer = caller.post(f"{PREP}/mappingSets", json=printed_mapping(schema_id))

    assert answer.status_code == 400
    assert "product.name" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/flowSpecs", "/flows"])
def test_two_calls_lack_their_token(caller: Caller, path: str) -> None:
    """Trap 9."""
    method = "GET" if path == "/flowSpecs" else "POST"

    answer = caller.send(method, f"{FLOW}{path}", headers={"Authorization": None})

    assert (answer.status_code, answer.json()["error_code"]) == (403, "403010")


def test_the_flow_is_refused_mistake_by_mistake_and_then_taken(
    caller: Caller, schema_id: str, dataset_id: str
) -> None:
    """Traps 4 to 7, each put right after it was refused; what is left is accepted."""
    target = printed_target(schema_id, dataset_id)
    target["connectionSpec"]["id"] = DATA_LAKE
    body = printed_flow(
        caller.made(f"{FLOW}/sourceConnections", source_body(caller, "PayPal.Catalog_Products")),
        caller.made(f"{FLOW}/targetConnections", target),
        caller.made(f"{PREP}/mappingSets", printed_mapping(schema_id, "_acme")),
    )
    schedule, copying = body["scheduleParams"], body["transformations"][0]["params"]["deltaColumn"]
    refusals = []
    for holder, key, right in (
        (schedule, "interval", 30),
        (schedule, "startTime", 1567411548),
        (schedule, "startTime", int(START_S) + 300),
        (copying, "name", "Create_Time"),
        (copying, "dateFormat", "yyyy-MM-dd HH:mm:ss"),
    ):
        answer = caller.post(f"{FLOW}/flows", json=body)
        assert answer.status_code == 400
        refusals.append((answer.json()["type"].rpartition("/")[2], answer.json()["errorMessage"]))
        holder[key] = right

    accepted = caller.post(f"{FLOW}/flows", json=body)

    assert [code for code, _ in refusals] == [
        "FLOW-1397-400",
        "FLOW-1397-400",
        "FLOW-1360-400",
        "FLOW-1383-400",
        "FLOW-1382-400",
    ]
    assert "scheduleParams.startTime must be of type integer" in refusals[1][1]
    assert accepted.status_code == 201, accepted.text


def test_a_source_column_that_wasnt_chosen_arrives_empty(
    caller: Caller, schema_id: str, dataset_id: str, clock: Any
) -> None:
    """Trap 8: nothing tells Data Prep which columns exist, so only the rows show it."""
    target = printed_target(schema_id, dataset_id)
    target["connectionSpec"]["id"] = DATA_LAKE
    body = printed_flow(
        caller.made(f"{FLOW}/sourceConnections", source_body(caller, "PayPal.Catalog_Products")),
        caller.made(f"{FLOW}/targetConnections", target),
        caller.made(f"{PREP}/mappingSets", printed_mapping(schema_id, "_acme")),
    )
    body["transformations"].pop(0)
    body["scheduleParams"] = {"startTime": int(START_S), "frequency": "once"}
    caller.made(f"{FLOW}/flows", body)
    caller.emulator.tick()

    lake = caller.client.get("/_emulator/lake", params={"dataset": dataset_id}).json()
    batches = caller.get(f"{CATALOG}/batches", params={"dataSet": dataset_id}).json()

    assert lake["count"] == 240
    assert set(lake["rows"][0]["row"]["_acme"]) <= {"name", "description"}
    assert [batch["status"] for batch in batches.values()] == ["success"]
