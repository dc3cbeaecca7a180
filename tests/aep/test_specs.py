from __future__ import annotations

import pytest

from .peer import Peer, ok

BASE = "/data/foundation/flowservice"
SPEC = {
    "id": "221c",
    "name": "paypal",
    "version": "1.0",
    "authSpec": [
        {"name": "Basic", "type": "BasicAuthentication", "spec": {"properties": {"host": {}}}},
        {"name": "OAuth2 Refresh Code", "type": "OAuth2RefreshCode", "spec": {}},
    ],
    "sourceSpec": {
        "spec": {"type": "object", "properties": {"tableName": {"type": "string"}}},
        "attributes": {"uiAttributes": {"isSource": True, "isBeta": "true"}},
    },
    "exploreSpec": {"type": "Tabular"},
}


def service(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().flow_service


def test_connection_spec():
    peer, flow_service = service(ok({"items": [SPEC]}))

    spec = flow_service.connection_spec("221c")

    assert (spec.id, spec.name, spec.kind, spec.is_source, spec.is_beta) == (
        "221c",
        "paypal",
        "tabular",
        True,
        True,
    )
    assert [auth.name for auth in spec.auth_specs] == ["Basic", "OAuth2 Refresh Code"]
    assert spec.auth_spec("Basic").spec == {"properties": {"host": {}}}
    assert spec.auth_spec("basic") is None
    assert spec.source_schema["properties"] == {"tableName": {"type": "string"}}
    assert peer.paths == [f"GET {BASE}/connectionSpecs/221c"]


def test_connection_specs_send_neither_limit_nor_order():
    peer, flow_service = service(ok({"items": [SPEC]}))

    assert [spec.id for spec in flow_service.connection_specs()] == ["221c"]
    assert peer.paths == [f"GET {BASE}/connectionSpecs"]


@pytest.mark.parametrize(
    "change",
    [
        {"exploreSpec": None, "sourceSpec": None, "authSpec": None},
        {"exploreSpec": {}, "sourceSpec": {}, "authSpec": []},
        {"exploreSpec": {"type": "New"}, "sourceSpec": {"spec": None}, "authSpec": "x"},
    ],
)
def test_parts_may_be_missing(change):
    spec = service(ok({"items": [{**SPEC, **change}]}))[1].connection_spec("221c")

    assert (spec.kind, spec.auth_specs, spec.source_schema, spec.is_source) == ("", [], {}, False)


@pytest.mark.parametrize(
    ("explore_type", "kind"),
    [("Tabular", "tabular"), ("FILESYSTEM", "file"), ("Resource", "rest"), ("", "")],
)
def test_kind(explore_type, kind):
    row = {**SPEC, "exploreSpec": {"type": explore_type}}

    assert service(ok([row]))[1].connection_spec("221c").kind == kind


def test_one_auth_spec_may_be_a_bare_object():
    row = {**SPEC, "authSpec": SPEC["authSpec"][0]}

    assert [a.name for a in service(ok([row]))[1].connection_spec("221c").auth_specs] == ["Basic"]


FLOW_SPEC = {
    "id": "1451",
    "name": "CRMToAEP",
    "version": "1.0",
    "sourceConnectionSpecIds": ["221c"],
    "targetConnectionSpecIds": ["c604"],
    "scheduleSpec": {"name": "s", "spec": {"properties": {"frequency": {}}}},
    "optionSpec": {"spec": {"properties": {"errorDiagnosticsEnabled": {}}}},
    "runSpec": {"spec": {"properties": {"startTime": {}}}},
}
COPY = {"name": "Copy", "spec": {"properties": {"deltaColumn": {}}}}


@pytest.mark.parametrize("key", ["transformationSpec", "transformationSpecs"])
@pytest.mark.parametrize(
    "wrap", [lambda row: {"items": [row]}, lambda row: row], ids=["items", "bare"]
)
def test_flow_spec_by_name(key, wrap):
    peer, flow_service = service(ok(wrap({**FLOW_SPEC, key: [COPY, {"name": "Mapping"}]})))

    spec = next(iter(flow_service.flow_specs("CRMToAEP")))

    assert (spec.id, spec.source_connection_spec_ids, spec.has_copy, spec.has_schedule) == (
        "1451",
        ("221c",),
        True,
        True,
    )
    assert spec.transformations == {"Copy": {"properties": {"deltaColumn": {}}}, "Mapping": {}}
    assert spec.schedule_schema == {"properties": {"frequency": {}}}
    assert peer.paths == [f"GET {BASE}/flowSpecs?property=name%3D%3DCRMToAEP"]


def test_flow_spec_without_parts():
    spec = service(ok({"items": [{"id": "d697", "name": "Stream"}]}))[1].flow_spec("d697")

    assert (spec.has_copy, spec.has_schedule, spec.option_schema) == (False, False, {})


def test_a_schema_that_is_not_wrapped():
    row = {**FLOW_SPEC, "scheduleSpec": {"type": "object", "properties": {"startTime": {}}}}

    spec = service(ok([row]))[1].flow_spec("1451")

    assert spec.schedule_schema == {"type": "object", "properties": {"startTime": {}}}
