from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from flowsite.aep.errors import MalformedAnswer

from .peer import Peer, ok, problem

BASE = "/data/foundation/catalog"
SCHEMA_ID = "https://ns.adobe.com/acme/schemas/9c1f"
DATASET = {
    "name": "Payments",
    "created": 1785000300000,
    "tags": {"unifiedProfile": ["enabled: true"], "wizardSubmission": ["5f2c"], "odd": "text"},
    "schemaRef": {
        "id": SCHEMA_ID,
        "contentType": "application/vnd.adobe.xed-full+json;version=1",
    },
}


def test_dataset_is_read():
    peer = Peer(ok({"65f0": DATASET}))

    dataset = peer.platform().catalog.dataset("65f0")

    assert (dataset.id, dataset.name, dataset.schema_id) == ("65f0", "Payments", SCHEMA_ID)
    assert dataset.schema_content_type == "application/vnd.adobe.xed-full+json;version=1"
    assert dataset.created == datetime(2026, 7, 25, 17, 25, tzinfo=UTC)
    assert dataset.tags["odd"] == ("text",)
    assert dataset.profile_enabled is True
    assert dataset.has_tag("wizardSubmission", "5f2c") is True
    assert dataset.has_tag("wizardSubmission", "5f2") is False
    assert peer.paths == [f"GET {BASE}/dataSets/65f0"]


@pytest.mark.parametrize(
    "body", [{"other": DATASET}, {**DATASET, "id": "65f0"}, [{**DATASET, "id": "65f0"}]]
)
def test_dataset_in_other_shapes(body):
    assert Peer(ok(body)).platform().catalog.dataset("65f0").name == "Payments"


@pytest.mark.parametrize("body", [{}, None, "x", {"a": {}, "b": {}}])
def test_a_dataset_that_is_none(body):
    with pytest.raises(MalformedAnswer):
        Peer(ok(body)).platform().catalog.dataset("65f0")


def test_list_asks_for_few_properties():
    peer = Peer(ok({"65f0": DATASET}), ok({}))

    assert [d.id for d in peer.platform().catalog.datasets()] == ["65f0"]
    assert peer.query(0) == [
        ("properties", "name,schemaRef,tags,created"),
        ("orderBy", "desc:created"),
        ("limit", "100"),
        ("start", "0"),
    ]


def test_look_up_by_name_schema_and_tag():
    other = {**DATASET, "name": "Payments 2"}
    peer = Peer(ok({"1": DATASET, "2": other}), ok({}))

    found = peer.platform().catalog.datasets(
        name="Payments",
        schema_id=SCHEMA_ID,
        tags={"wizardSubmission": "5f2c"},
        properties=("created",),
    )

    assert [d.id for d in found] == ["1"]
    asked = peer.query(0)
    assert ("name", "Payments") in asked
    assert ("property", f"schemaRef.id=={SCHEMA_ID}") in asked
    assert ("tags", "wizardSubmission:5f2c") in asked
    assert ("properties", "created,name,schemaRef,tags") in asked


def test_filters_are_repeated_parameters():
    peer = Peer(ok({}))

    list(peer.platform().catalog.datasets(filters=["tags", ("name", "~", "^Pay ments$")]))

    assert [v for k, v in peer.query(0) if k == "property"] == ["tags", "name~^Pay ments$"]


@pytest.mark.parametrize("name", ["a,b", "!a", "pay*", 'x"y'])
def test_a_name_that_filters_misread_is_looked_for_everywhere(name):
    peer = Peer(ok({}), ok({"9": {**DATASET, "name": name}}), ok({}))

    assert [d.id for d in peer.platform().catalog.datasets(name=name)] == ["9"]
    assert "name" not in dict(peer.query(1))


def test_a_name_whose_filter_is_refused_is_looked_for_everywhere():
    peer = Peer(problem(400), ok({"9": {**DATASET, "name": "a,b"}}), ok({}))

    assert [d.id for d in peer.platform().catalog.datasets(name="a,b")] == ["9"]


def test_search_is_without_case():
    peer = Peer(ok({"1": DATASET, "2": {**DATASET, "name": "Orders"}}), ok({}))

    assert [d.name for d in peer.platform().catalog.search_datasets("PAY")] == ["Payments"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: ok(["@/dataSets/65f0"], 201), id="documented"),
        pytest.param(lambda: ok(["@/datasets/65f0/"], 201), id="lower case, slash"),
        pytest.param(lambda: ok("@/dataSets/65f0", 201), id="bare text"),
        pytest.param(lambda: ok({"id": "65f0"}, 201), id="an object"),
        pytest.param(lambda: ok([{"id": "65f0"}], 200), id="a list of objects"),
        pytest.param(
            lambda: httpx.Response(201, headers={"location": f"{BASE}/dataSets/65f0"}),
            id="location only",
        ),
        pytest.param(
            lambda: httpx.Response(201, content=b"<ok>", headers={"location": "/x/65f0?y"}),
            id="location beside rubbish",
        ),
    ],
)
def test_create_dataset(answer):
    peer = Peer(answer())

    assert peer.platform().catalog.create_dataset({"name": "x"}).id == "65f0"
    assert peer.paths == [f"POST {BASE}/dataSets?requestDataSource=true"]
    assert peer.body() == {"name": "x"}


@pytest.mark.parametrize("answer", [ok([], 201), ok({}, 201), httpx.Response(201, content=b"<x>")])
def test_create_without_id_has_an_unknown_outcome(answer):
    with pytest.raises(MalformedAnswer) as caught:
        Peer(answer).platform().catalog.create_dataset({})
    assert caught.value.outcome_known is False


def test_patch_dataset():
    peer = Peer(ok(["@/dataSets/65f0"]))

    peer.platform().catalog.patch_dataset(
        "65f0", [{"op": "ADD", "path": "/tags/x", "value": ["y"]}], etag='"1"'
    )

    assert peer.paths == [f"PATCH {BASE}/dataSets/65f0"]
    assert peer.body() == [{"op": "add", "path": "/tags/x", "value": ["y"]}]
    headers = peer.requests[0].headers
    assert headers["content-type"] == "application/json-patch+json"
    assert headers["if-match"] == '"1"'


def test_batches():
    batch = {
        "status": "success",
        "metrics": {"inputRecordCount": "20", "outputRecordCount": 18, "failedRecordCount": 2},
        "failedRecordCount": 7,
        "recordCount": -1,
        "errors": [{"code": "INGEST-1212-400", "description": "d"}],
        "relatedObjects": [{"type": "dataSet", "id": "65f0"}, {"type": "other", "id": "x"}],
    }
    peer = Peer(ok({"01H": batch}), ok({}))

    rows = list(peer.platform().catalog.batches("65f0", status=["failed"], created_after_ms=5))

    row = rows[0]
    assert (row.id, row.status, row.input_records, row.output_records, row.failed_records) == (
        "01H",
        "success",
        20,
        18,
        2,
    )
    assert (row.record_count, row.dataset_ids) == (None, ("65f0",))
    assert ("dataSet", "65f0") in peer.query(0)
    assert ("status", "failed") in peer.query(0)
    assert ("createdAfter", "5") in peer.query(0)


def test_last_batches():
    peer = Peer(ok({"65f0": {"lastBatchStatus": "success"}, "x": None}))

    assert peer.platform().catalog.last_batches(["65f0", "x"]) == {
        "65f0": {"lastBatchStatus": "success"}
    }
    assert peer.query(0) == [("dataSetId", "65f0,x")]
