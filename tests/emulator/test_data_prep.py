"""Data Prep over HTTP: mapping sets, validate, preview, the expression language."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.caller import PREP, XED_FULL, Caller, mapping_body

SETS = f"{PREP}/mappingSets"
ROWS = [("Product_Id", "_id"), ("upper(Product_Name)", "_acme.name")]


@pytest.fixture
def schema_id(caller: Caller) -> str:
    fields = {"name": {"type": "string"}, "price": {"type": "number"}}
    return caller.schema("Mine", fields)[0]


def test_a_mapping_set_is_made_with_200_and_found(caller: Caller, schema_id: str) -> None:
    answer = caller.post(SETS, json=mapping_body(schema_id, ROWS))
    found = caller.get(f"{SETS}/{answer.json()['id']}").json()
    mappings = caller.get(f"{SETS}/{answer.json()['id']}/mappings").json()

    assert answer.status_code == 200
    assert set(answer.json()) == {
        "id",
        "version",
        "createdDate",
        "modifiedDate",
        "createdBy",
        "modifiedBy",
    }
    assert (len(answer.json()["id"]), answer.json()["version"]) == (32, 0)
    assert found["xdmSchema"] == schema_id
    assert found["xdmVersion"] == XED_FULL
    assert mappings == found["mappings"]
    assert [m["destination"] for m in mappings] == ["_id", "_acme.name"]


def test_replacing_makes_a_version_and_the_default_is_the_first(
    caller: Caller, schema_id: str
) -> None:
    path = f"{SETS}/{caller.mapping(schema_id, ROWS)}"
    put = caller.send("PUT", path, json=mapping_body(schema_id, ROWS[:1]))

    counts = [
        len(caller.get(path, params=params).json()["mappings"])
        for params in ({}, {"version": "0"}, {"version": "1"})
    ]

    assert put.json()["version"] == 1
    assert counts == [2, 2, 1]
    assert caller.get(path, params={"version": "2"}).status_code == 404


def test_lists_need_limit_and_start(caller: Caller, schema_id: str) -> None:
    ids = [caller.mapping(schema_id, ROWS) for _ in range(5)]

    def page(start: int) -> list[str]:
        params = {"limit": "2", "start": str(start), "orderBy": "createdDate"}
        return [item["id"] for item in caller.get(SETS, params=params).json()["data"]]

    assert caller.get(SETS).status_code == 400
    assert caller.get(SETS, params={"limit": "2"}).status_code == 400
    assert page(0) + page(2) + page(4) == ids
    named = caller.get(SETS, params={"limit": "9", "start": "0", "name": "nothing"}).json()
    assert named == {"data": [], "_page": {"count": 0, "limit": 9}, "_links": {}}


def test_validate_lines_up_with_the_mappings(caller: Caller, schema_id: str) -> None:
    rows = [ROWS[0], ("frobnicate(a)", "_acme.name"), ("Type", "_acme.nothing")]

    answer = caller.post(f"{SETS}/validate", json=mapping_body(schema_id, rows))

    entries = answer.json()["validationResponse"]
    assert answer.status_code == 200
    assert [entry["status"] for entry in entries] == ["SUCCESS", "FAILED", "FAILED"]
    assert entries[0]["errors"] is None
    assert "frobnicate" in entries[1]["errors"][0]["exception"]
    assert entries[2]["errors"][0]["destination"] == "_acme.nothing"


def test_preview_maps_rows(caller: Caller, schema_id: str) -> None:
    body = {
        "data": [
            {"Product_Id": "P-1", "Product_Name": "lamp", "Price": "3.5"},
            {"Product_Id": "P-2", "Product_Name": None, "Price": "free"},
        ],
        "mappingSet": mapping_body(schema_id, [*ROWS, ("Price", "_acme.price")]),
    }

    answer = caller.post(f"{SETS}/preview", json=body).json()

    assert answer[0] == {
        "data": {"_id": "P-1", "_acme": {"name": "LAMP", "price": 3.5}},
        "errors": None,
    }
    assert answer[1]["data"] == {"_id": "P-2"}
    assert [error["code"] for error in answer[1]["errors"]] == ["MAPPER-3700-400"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"mappings": []}, id="no mappings"),
        pytest.param({"outputSchema": None}, id="no schema"),
        pytest.param(
            {"outputSchema": {"schemaRef": {"id": "https://x.example", "contentType": XED_FULL}}},
            id="unknown schema",
        ),
        pytest.param(
            {"mappings": [{"sourceType": "ATTRIBUTE", "source": "a", "destination": "product.x"}]},
            id="field outside the tenant",
        ),
        pytest.param({"name": 5}, id="name"),
    ],
)
def test_a_mapping_set_is_refused(caller: Caller, schema_id: str, change: dict[str, Any]) -> None:
    answer = caller.post(SETS, json={**mapping_body(schema_id, ROWS), **change})

    assert answer.status_code == 400


def test_expressions_are_checked(caller: Caller) -> None:
    def check(**body: Any) -> Any:
        return caller.post(f"{PREP}/languages/el/validate", json=body).json()

    assert check(expression="upper(a)") == {"validationStatus": "succeeded", "error": "none"}
    assert check(expression="upper(a")["validationStatus"] == "failed"
    assert "isn't a number" in check(expression="1 * a", sampleData='{"a": "x"}')["error"]


def test_functions_and_operators_are_listed(caller: Caller) -> None:
    functions = caller.get(f"{PREP}/languages/el/functions").json()
    operators = caller.get(f"{PREP}/languages/el/operators").json()

    names = [item["function"] for item in functions]
    assert {"upper", "coalesce", "iif", "to_integer", "date", "format"} <= set(names)
    assert len(names) == len(set(names))
    assert "==" in [item["operator"] for item in operators]
