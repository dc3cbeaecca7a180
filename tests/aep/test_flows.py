from __future__ import annotations

import httpx
import pytest

from flowsite.aep.errors import AnswerLost, BadRequest, ServerError, StaleEtag
from flowsite.aep.flow_service.pages import flow_pages

from .peer import Peer, ok, problem

BASE = "/data/foundation/flowservice"
FLOW = {
    "id": "f-1",
    "name": "PayPal products",
    "state": "ENABLED",
    "etag": '"e1"',
    "flowSpec": {"id": "1451", "version": "1.0"},
    "sourceConnectionIds": ["s-1"],
    "targetConnectionIds": ["t-1"],
    "transformations": [
        {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
        {"name": "Mapping", "params": {"mappingId": "b0c1", "mappingVersion": "2"}},
    ],
    "scheduleParams": {
        "startTime": "1567411548",
        "interval": "30",
        "backfill": "true",
        "frequency": "Minute",
    },
    "lastOperation": {"status": {"value": "COMPLETED"}},
    "inheritedAttributes": {
        "properties": {"isSourceFlow": True},
        "sourceConnections": [
            {"id": "s-1", "connectionSpec": {"id": "221c"}, "baseConnection": {"id": "c-1"}}
        ],
    },
}


def service(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().flow_service


def items(**changes):
    return ok({"items": [{**FLOW, **changes}]})


def test_flow():
    flow = service(items())[1].flow("f-1")

    assert (flow.id, flow.state, flow.flow_spec_id, flow.etag) == (
        "f-1",
        "enabled",
        "1451",
        '"e1"',
    )
    assert (flow.source_connection_ids, flow.target_connection_ids) == (("s-1",), ("t-1",))
    assert (flow.mapping_set_id, flow.mapping_version) == ("b0c1", 2)
    assert flow.schedule_params == {
        "startTime": 1567411548,
        "interval": 30,
        "backfill": True,
        "frequency": "minute",
    }
    assert (flow.is_source_flow, flow.connection_id, flow.connection_spec_id) == (
        True,
        "c-1",
        "221c",
    )
    assert flow.operation_is_over is True


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({"state": "updating"}, False),
        ({"state": "UPDATING", "lastOperation": None}, False),
        ({"lastOperation": {"status": {"value": "running"}}}, False),
        ({"lastOperation": {"status": {"value": "Failed"}}}, True),
        ({"lastOperation": None}, True),
    ],
)
def test_operation_is_over(changes, over):
    assert service(items(**changes))[1].flow("f-1").operation_is_over is over


@pytest.mark.parametrize(
    ("state", "expected"),
    [("INPROGRESS", "inProgress"), ("Disabled", "disabled"), ("Weird", "Weird"), (None, "")],
)
def test_state_in_aeps_spelling(state, expected):
    assert service(items(state=state))[1].flow("f-1").state == expected


def test_transformations_are_found_by_name():
    flow = service(items())[1].flow("f-1")

    assert [flow.transformation_index(name) for name in ("Copy", "mapping", "x")] == [0, 1, None]


def test_flows_are_always_sorted():
    peer, flow_service = service(items())

    list(flow_service.flows())
    list(flow_service.flows([("sourceConnectionIds[]", "==", "s-1")], orderby="name"))

    assert dict(peer.query(0))["orderby"] == "-updatedAt"
    assert peer.query(1)[:2] == [("property", "sourceConnectionIds[]==s-1"), ("orderby", "name")]


def test_flow_pages():
    link = {"next": {"href": "?continuationToken=t"}}
    _, flow_service = service(
        ok({"items": [FLOW], "_links": link}), ok({"items": [], "_links": {}})
    )

    pages = list(flow_pages(flow_service))

    assert [(len(page.rows), page.has_next, page.is_full) for page in pages] == [
        (1, True, False),
        (0, False, False),
    ]


# --- patch ----------------------------------------------------------------------------------------


def rename(flow):
    return [{"op": "REPLACE", "path": "/name", "value": f"{flow.name}!"}]


def test_patch_sends_the_etag_just_read():
    peer, flow_service = service(items(), ok({"id": "f-1", "etag": '"e2"'}))

    changed = flow_service.patch_flow("f-1", rename)

    assert changed.etag == '"e2"'
    assert peer.paths == [f"GET {BASE}/flows/f-1", f"PATCH {BASE}/flows/f-1"]
    assert peer.requests[1].headers["if-match"] == '"e1"'
    assert peer.body() == [{"op": "replace", "path": "/name", "value": "PayPal products!"}]


def test_patch_applies_only_our_change_to_the_newer_flow():
    peer, flow_service = service(
        items(),
        problem(412, "FLOW-1404-412"),
        items(etag='"e9"', name="Renamed"),
        ok({"items": [{"id": "f-1", "etag": '"e10"'}]}),
    )

    assert flow_service.patch_flow("f-1", rename).etag == '"e10"'
    assert peer.requests[3].headers["if-match"] == '"e9"'
    assert peer.body()[0]["value"] == "Renamed!"


def test_patch_gives_up_after_three_times():
    peer, flow_service = service(
        *[items(), problem(412), items(), problem(412), items(), problem(412)]
    )

    with pytest.raises(StaleEtag):
        flow_service.patch_flow("f-1", rename)
    assert len(peer.requests) == 6


def test_patch_without_change_sends_nothing():
    peer, flow_service = service(items())

    assert flow_service.patch_flow("f-1", lambda flow: []).etag == '"e1"'
    assert len(peer.requests) == 1


def test_patch_that_is_refused():
    with pytest.raises(BadRequest):
        service(items(), problem(400, "FLOW-1366-400"))[1].patch_flow("f-1", rename)


def test_patch_whose_answer_is_lost_is_not_sent_again():
    peer, flow_service = service(items(), httpx.ReadTimeout("x"))

    with pytest.raises(AnswerLost):
        flow_service.patch_flow("f-1", rename)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("answer", [lambda: ok(None, 200), lambda: ok({}, 202), lambda: ok("x")])
def test_patch_with_an_odd_success(answer):
    assert service(items(), answer())[1].patch_flow("f-1", rename).id == "f-1"


@pytest.mark.parametrize("op", ["enable", "Disable"])
def test_action(op):
    peer, flow_service = service(ok({"id": "f-1", "etag": '"e3"'}))

    assert flow_service.action_flow("f-1", op).etag == '"e3"'
    assert peer.paths == [f"POST {BASE}/flows/f-1/action?op={op.lower()}"]
    assert peer.requests[0].content == b""
    assert "content-type" not in peer.requests[0].headers


def test_an_action_may_have_happened():
    peer, flow_service = service(problem(503))

    with pytest.raises(ServerError) as caught:
        flow_service.action_flow("f-1", "enable")
    assert caught.value.outcome_known is False
    assert len(peer.requests) == 1
