from __future__ import annotations

import httpx
import pytest

from flowsite.aep.errors import MalformedAnswer, NotFound, ServerError, StaleEtag
from flowsite.aep.flow_service import TestResult

from .peer import Peer, ok, problem

BASE = "/data/foundation/flowservice"
ROW = {
    "id": "c-1",
    "name": "PayPal EU",
    "state": "Enabled",
    "etag": '"ab00"',
    "createdAt": 1785000300000,
    "connectionSpec": {"id": "221c", "version": "1.0"},
    "auth": {"specName": "Basic", "params": {"host": "h.example", "password": "hunter2"}},
}


def service(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().flow_service


@pytest.mark.parametrize("body", [{"items": [ROW]}, ROW, [ROW]], ids=["items", "bare", "array"])
def test_connection(body):
    peer, flow_service = service(ok(body))

    found = flow_service.connection("c-1")

    assert (found.id, found.name, found.state, found.etag) == (
        "c-1",
        "PayPal EU",
        "enabled",
        '"ab00"',
    )
    assert (found.connection_spec_id, found.auth_spec) == ("221c", "Basic")
    assert peer.paths == [f"GET {BASE}/connections/c-1"]
    assert "accept" not in peer.requests[0].headers


def test_a_connection_never_holds_secrets():
    found = service(ok(ROW))[1].connection("c-1")

    assert found.raw["auth"]["params"] == {"host": "h.example", "password": "•••"}
    assert "hunter2" not in found.model_dump_json()
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("body", [{"items": []}, []])
def test_an_empty_answer_is_not_found(body):
    with pytest.raises(NotFound):
        service(ok(body))[1].connection("c-1")


@pytest.mark.parametrize("body", [None, {}, "x", 3, {"items": ["x"]}])
def test_an_answer_that_is_no_object(body):
    with pytest.raises(MalformedAnswer):
        service(ok(body))[1].connection("c-1")


def test_the_etag_may_be_a_header_only():
    bare = {key: value for key, value in ROW.items() if key != "etag"}

    found = service(ok({"items": [bare]}, etag='"h1"'))[1].connection("c-1")

    assert found.etag == '"h1"'


def test_list_with_filters():
    peer, flow_service = service(ok({"items": [ROW], "_links": {}}))

    found = list(
        flow_service.connections([("connectionSpec.id", "==", "221c"), ("state", "==", "enabled")])
    )

    assert [one.id for one in found] == ["c-1"]
    assert peer.query() == [
        ("property", "connectionSpec.id==221c"),
        ("property", "state==enabled"),
        ("orderby", "-updatedAt"),
        ("limit", "100"),
    ]


def test_list_repeats_no_row_that_moved_to_the_next_page():
    link = {"next": {"href": "/connections?continuationToken=t"}}
    _, flow_service = service(
        ok({"items": [ROW], "_links": link}), ok({"items": [ROW, {**ROW, "id": "c-2"}]})
    )

    assert [one.id for one in flow_service.connections()] == ["c-1", "c-2"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("plain", "name==plain"),
        ("PayPal → EU (x)", 'name=="PayPal → EU (x)"'),
        ("a,b", "name==a,b"),
        ('say "hi"', 'name=="say \\"hi\\""'),
    ],
)
def test_filter_by_name(name, sent):
    peer, flow_service = service(ok({"items": [{**ROW, "name": name}, ROW]}))

    found = list(flow_service.connections([("name", "==", name)]))

    assert [one.name for one in found] == [name]
    assert peer.query()[0] == ("property", sent)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "first", [lambda: ok({"items": []}), lambda: problem(400, "FLOW-1449-400")]
)
def test_a_name_that_filters_misread_is_looked_for_everywhere(first):
    peer, flow_service = service(first(), ok({"items": [ROW, {**ROW, "id": "2", "name": 'x "y"'}]}))

    found = list(
        flow_service.connections([("connectionSpec.id", "==", "221c"), ("name", "==", 'x "y"')])
    )

    assert [one.name for one in found] == ['x "y"']
    assert [v for k, v in peer.query(1) if k == "property"] == ["connectionSpec.id==221c"]


def test_none_is_believed_for_a_plain_name():
    peer, flow_service = service(ok({"items": []}))

    assert list(flow_service.connections([("name", "==", "Pay EU é")])) == []
    assert len(peer.requests) == 1


# --- test -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda: ok({"result": True}), TestResult(ok=True)),
        (lambda: ok({"result": "true"}), TestResult(ok=True)),
        (lambda: ok({"items": [{"result": True}]}), TestResult(ok=True)),
        (lambda: ok(True), TestResult(ok=True)),
        (lambda: ok({"result": False}), TestResult(ok=False)),
        (
            lambda: ok({"result": False, "message": "<b>bad</b> password", "code": "X-1"}),
            TestResult(ok=False, message="bad password", code="X-1"),
        ),
        (
            lambda: problem(500, "CONNECTOR-1308-500", "ADF: no such host"),
            TestResult(False, "ADF: no such host", "CONNECTOR-1308-500", "req-1"),
        ),
        (
            lambda: problem(400, "CONNECTOR-1308-400", "refused"),
            TestResult(False, "refused", "CONNECTOR-1308-400", "req-1"),
        ),
    ],
)
def test_test_connection(answer, expected):
    peer, flow_service = service(answer())

    assert flow_service.test_connection("c-1") == expected
    assert peer.paths == [f"GET {BASE}/connections/c-1/test"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: problem(503), ServerError),
        (lambda: problem(404), NotFound),
        (lambda: ok({}), MalformedAnswer),
        (lambda: ok({"status": "x"}), MalformedAnswer),
    ],
)
def test_test_connection_raises_what_is_no_verdict(answer, kind):
    with pytest.raises(kind):
        service(answer())[1].test_connection("c-1")


# --- changes --------------------------------------------------------------------------------------

CREATES = ["connection", "source_connection", "target_connection", "flow"]
PATHS = ["connections", "sourceConnections", "targetConnections", "flows"]


@pytest.mark.parametrize(("method", "path"), list(zip(CREATES, PATHS, strict=True)))
@pytest.mark.parametrize(
    "answer",
    [
        lambda: ok({"id": "n-1", "etag": '"e1"'}, 201),
        lambda: ok({"items": [{"id": "n-1", "eTag": '"e1"'}]}, 201),
        lambda: ok([{"id": "n-1", "etag": '"e1"'}], 200),
        lambda: ok({"id": "n-1"}, 201, etag='"e1"'),
        lambda: httpx.Response(201, headers={"location": "/x/n-1", "etag": '"e1"'}),
    ],
    ids=["documented", "items", "array", "etag header", "location only"],
)
def test_create(method, path, answer):
    peer, flow_service = service(answer())

    created = getattr(flow_service, f"create_{method}")({"name": "x"})

    assert (created.id, created.etag) == ("n-1", '"e1"')
    assert peer.paths == [f"POST {BASE}/{path}"]
    assert peer.body() == {"name": "x"}
    assert peer.requests[0].headers["content-type"] == "application/json"


def test_create_as_draft():
    peer, flow_service = service(ok({"id": "n-1"}, 201))

    flow_service.create_flow({}, draft=True)

    assert peer.paths == [f"POST {BASE}/flows?mode=draft"]


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize(("method", "path"), list(zip(CREATES, PATHS, strict=True)))
def test_delete(method, path, status):
    peer, flow_service = service(httpx.Response(status))

    getattr(flow_service, f"delete_{method}")("x/1")

    assert peer.paths == [f"DELETE {BASE}/{path}/x%2F1"]
    assert "content-type" not in peer.requests[0].headers
    assert "if-match" not in peer.requests[0].headers


def test_update_sends_the_etag_with_its_quotes_and_an_array():
    peer, flow_service = service(ok({"id": "c-1", "etag": '"e2"'}))

    change = {"op": "REPLACE", "path": "/auth/params", "value": {"password": "x"}}
    updated = flow_service.update_connection("c-1", '"e1"', [change])

    assert updated.etag == '"e2"'
    assert peer.paths == [f"PATCH {BASE}/connections/c-1"]
    assert peer.requests[0].headers["if-match"] == '"e1"'
    assert peer.body() == [{**change, "op": "replace"}]


def test_update_with_a_stale_etag():
    with pytest.raises(StaleEtag):
        service(problem(412, "FLOW-1404-412"))[1].update_connection("c-1", '"e1"', [{}])


def test_source_connection():
    row = {
        "id": "s-1",
        "baseConnectionId": "c-1",
        "connectionSpec": {"id": "221c"},
        "data": {"format": "tabular"},
        "params": {"tableName": "T", "columns": [{"name": "a"}]},
    }

    found = service(ok({"items": [row]}))[1].source_connection("s-1")

    assert (found.base_connection_id, found.format, found.params["tableName"]) == (
        "c-1",
        "tabular",
        "T",
    )


@pytest.mark.parametrize("key", ["dataSetId", "datasetId"])
def test_target_connection(key):
    row = {
        "id": "t-1",
        "connectionSpec": {"id": "c604"},
        "data": {"schema": {"id": "s", "version": "v"}},
        "params": {key: "65f0"},
    }

    found = service(ok({"items": [row]}))[1].target_connection("t-1")

    assert (found.dataset_id, found.schema_id, found.schema_version) == ("65f0", "s", "v")
