"""Catalog: datasets and their lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.caller import CATALOG, XED_FULL, Caller
from tests.emulator.conftest import HandClock

PATH = f"{CATALOG}/dataSets"


@pytest.fixture
def schema_id(caller: Caller) -> str:
    return caller.schema("Mine", {"a": {"type": "string"}})[0]


def body(schema_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Mine",
        "schemaRef": {"id": schema_id, "contentType": XED_FULL},
        "tags": {"wizardSubmission": ["key:with:colons"]},
        **changes,
    }


def listed(caller: Caller, *pairs: tuple[str, str]) -> list[str]:
    answer = caller.get(PATH, params=[("limit", "100"), ("properties", "name"), *pairs])
    assert answer.status_code == 200, answer.text
    return sorted(item["name"] for item in answer.json().values())


def test_a_new_dataset_answers_a_reference(caller: Caller, schema_id: str) -> None:
    answer = caller.post(PATH, json=body(schema_id), params={"requestDataSource": "true"})
    dataset_id = answer.json()[0].removeprefix("@/dataSets/")
    found = caller.get(f"{PATH}/{dataset_id}").json()

    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(dataset_id)
    assert len(dataset_id) == 24
    assert list(found) == [dataset_id]
    assert found[dataset_id]["createdClient"] == "demo-client"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.adobe.xed+json;version=1",
        "application/vnd.adobe.xed-full-notext+json; version=1",
    ],
)
def test_every_way_of_writing_version_1(caller: Caller, schema_id: str, content_type: str) -> None:
    reference = {"id": schema_id, "contentType": content_type}

    assert caller.post(PATH, json=body(schema_id, schemaRef=reference)).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": None}, id="no name"),
        pytest.param({"schemaRef": None}, id="no schema"),
        pytest.param({"schemaRef": {"id": "https://x.example", "contentType": XED_FULL}}, id="?"),
        pytest.param({"tags": {"a": "b"}}, id="tags without lists"),
        pytest.param({"tags": {"unifiedProfile": ["enabled:true"]}}, id="no union schema"),
    ],
)
def test_a_dataset_is_refused(caller: Caller, schema_id: str, change: dict[str, Any]) -> None:
    assert caller.post(PATH, json=body(schema_id, **change)).status_code == 400


def test_filters(caller: Caller, schema_id: str) -> None:
    caller.post(PATH, json=body(schema_id))
    caller.post(PATH, json=body(schema_id, name="Mine too", tags={}))

    assert listed(caller, ("name", "Mine")) == ["Mine"]
    assert listed(caller, ("name", "Mine*")) == ["Mine", "Mine too"]
    assert listed(caller, ("name", "Mine,Customers")) == ["Customers", "Mine"]
    assert listed(caller, ("name", "!Mine"), ("name", "Mine*")) == ["Mine too"]
    assert listed(caller, ("tags", "wizardSubmission:key:with:colons")) == ["Mine"]
    assert listed(caller, ("tags", "wizardSubmission:key*")) == ["Mine"]
    assert listed(caller, ("tags", "unifiedProfile:enabled:true")) == ["Customers"]
    assert listed(caller, ("property", f"schemaRef.id=={schema_id}")) == ["Mine", "Mine too"]
    assert listed(
        caller, ("property", f"schemaRef.id=={schema_id}"), ("property", "name~too$")
    ) == ["Mine too"]
    assert listed(caller, ("property", "!description")) == ["Mine", "Mine too"]


def test_order_and_pages(caller: Caller) -> None:
    def page(start: int, limit: int) -> list[str]:
        params = {"orderBy": "desc:name", "start": str(start), "limit": str(limit)}
        return [item["name"] for item in caller.get(PATH, params=params).json().values()]

    whole = page(0, 100)
    assert whole == sorted(whole, reverse=True)
    assert page(0, 4) + page(4, 4) + page(8, 4) == whole


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"limit": "21", "properties": "observableSchema"},
        {"orderBy": "up:name"},
        {"property": "name~(a+)+"},
        {"property": "=="},
    ],
)
def test_lists_are_refused(caller: Caller, params: dict[str, str]) -> None:
    assert caller.get(PATH, params=params).status_code == 400


def test_patches_merge_or_follow_json_patch(
    caller: Caller, schema_id: str, clock: HandClock
) -> None:
    dataset = caller.dataset("Mine", schema_id)
    path = f"{PATH}/{dataset}"
    etag = caller.get(path).headers["E-Tag"]
    clock.advance(5)
    merged = caller.send("PATCH", path, json={"description": "new"}, headers={"If-Match": etag})
    stale = caller.send("PATCH", path, json={"description": "x"}, headers={"If-Match": etag})
    operations = [{"op": "add", "path": "/tags", "value": {"a": ["b"]}}]
    patched = caller.send(
        "PATCH", path, json=operations, headers={"Content-Type": "application/json-patch+json"}
    )
    found = caller.get(path).json()[dataset]

    assert merged.json() == [f"@/dataSets/{dataset}"]
    assert stale.status_code == 412
    assert patched.status_code == 200
    assert (found["description"], found["tags"]) == ("new", {"a": ["b"]})
    assert found["updated"] == found["created"] + 5000


def test_a_dataset_is_deleted(caller: Caller, schema_id: str) -> None:
    path = f"{PATH}/{caller.dataset('Mine', schema_id)}"

    assert caller.delete(path).status_code == 200
    assert caller.get(path).status_code == 404
