from __future__ import annotations

import base64
import json

import pytest

from flowsite.aep.errors import BadRequest, MalformedAnswer, ServerError

from .peer import Peer, ok, problem

PATH = "/data/foundation/flowservice/connections/c-1/explore"
COLUMNS = [
    {"name": "Product_Id", "type": "string", "xdm": {"type": "string"}},
    {
        "name": '<b>"é\u2028',
        "type": "string",
        "meta:xdmType": "date-time",
        "xdm": {"type": "string", "format": "date-time"},
        "unknown": [1, None, 2.50],
    },
]
ROWS = [{"Product_Id": "P-1"}]
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}, "any": {}}}


def service(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().flow_service


TABLE = {"type": "table", "name": "Catalog", "path": "PayPal.Catalog", "canPreview": True}


@pytest.mark.parametrize("body", [[TABLE], {"items": [TABLE]}], ids=["bare array", "items"])
def test_root(body):
    peer, flow_service = service(ok(body))

    found = flow_service.explore_root("c-1")

    assert [(o.type, o.name, o.path, o.can_preview, o.is_folder) for o in found] == [
        ("table", "Catalog", "PayPal.Catalog", True, False)
    ]
    assert peer.paths == [f"GET {PATH}?objectType=root"]


def test_listing_in_other_spellings():
    body = [{"type": "Folder", "name": "a", "canPreview": "false"}, {"name": "b"}, {"path": ""}, 1]

    found = service(ok(body))[1].explore_root("c-1")

    assert [(o.path, o.is_folder, o.can_preview) for o in found] == [
        ("a", True, False),
        ("b", False, True),
    ]


def test_folder_path_is_encoded():
    peer, flow_service = service(ok([]))

    assert flow_service.explore_folder("c-1", "/a b/c&d") == []
    assert peer.paths == [f"GET {PATH}?objectType=folder&object=%2Fa%20b%2Fc%26d"]


@pytest.mark.parametrize("body", [None, "x", {}, {"a": 1}])
def test_a_listing_that_is_none(body):
    with pytest.raises(MalformedAnswer):
        service(ok(body))[1].explore_root("c-1")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"format": "flat", "schema": {"columns": COLUMNS}, "data": ROWS}, id="documented"
        ),
        pytest.param({"schema": {"columns": COLUMNS}, "data": ROWS}, id="no format"),
        pytest.param({"columns": COLUMNS, "rows": ROWS}, id="no schema"),
        pytest.param({"items": [{"schema": {"columns": COLUMNS}, "data": ROWS}]}, id="items"),
    ],
)
def test_table(body):
    peer, flow_service = service(ok(body))

    found = flow_service.explore_table("c-1", "PayPal.Catalog")

    assert (found.format, found.columns, found.rows, found.schema) == ("flat", COLUMNS, ROWS, None)
    assert peer.paths == [f"GET {PATH}?objectType=table&object=PayPal.Catalog&preview=true"]


def test_columns_survive_byte_for_byte():
    text = json.dumps({"schema": {"columns": COLUMNS}})

    found = service(ok(json.loads(text)))[1].explore_table("c-1", "T", preview=False)

    assert json.dumps(found.columns) == json.dumps(COLUMNS)
    assert found.rows == []


def test_a_bare_list_of_columns():
    found = service(ok([{"name": "a", "type": "int"}]))[1].explore_table("c-1", "T")

    assert (found.format, found.columns) == ("flat", [{"name": "a", "type": "int"}])


def test_rest():
    peer, flow_service = service(
        ok({"format": "hierarchical", "schema": SCHEMA, "data": [{"id": 1}]})
    )

    found = flow_service.explore_rest("c-1", {"resourcePath": "charges?é>"})

    assert (found.format, found.columns, found.schema, found.rows) == (
        "hierarchical",
        [],
        SCHEMA,
        [{"id": 1}],
    )
    sent = dict(peer.query())
    assert json.loads(base64.b64decode(sent.pop("sourceParams"))) == {"resourcePath": "charges?é>"}
    assert sent == {
        "objectType": "rest",
        "object": "json",
        "fileType": "json",
        "preview": "true",
    }


def test_file_with_every_option():
    peer, flow_service = service(ok({"schema": {"columns": COLUMNS}}))

    flow_service.explore_file(
        "c-1",
        "/f.csv",
        "delimited",
        column_delimiter="\t",
        compression="gzip",
        encoding="UTF-8",
        determine_properties=True,
    )

    assert peer.query() == [
        ("objectType", "file"),
        ("object", "/f.csv"),
        ("fileType", "delimited"),
        ("preview", "true"),
        ("columnDelimiter", "\t"),
        ("compressionType", "gzip"),
        ("encoding", "UTF-8"),
        ("determineProperties", "true"),
    ]


@pytest.mark.parametrize("body", [None, "x", {}, {"schema": {"type": "object"}}])
def test_no_columns(body):
    with pytest.raises(MalformedAnswer):
        service(ok(body))[1].explore_table("c-1", "T")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: problem(400, "CONNECTOR-1330-400"), BadRequest),
        (lambda: problem(500, "CONNECTOR-1308-500", "provider says no"), ServerError),
    ],
)
def test_provider_failures_are_not_asked_again(answer, kind):
    peer, flow_service = service(answer())

    with pytest.raises(kind):
        flow_service.explore_table("c-1", "T")
    assert len(peer.requests) == 1


def test_explore_has_its_own_time_limit():
    peer, flow_service = service(ok([]))

    flow_service.explore_root("c-1")

    assert peer.requests[0].extensions["timeout"]["read"] == 90
