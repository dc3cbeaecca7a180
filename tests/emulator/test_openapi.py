"""The emulator beside Adobe's OpenAPI files: every operation called, every difference named.

The files lie outside the repository (``../shared/aep/openapi``); without them there is
nothing to compare with. They are loose, so a difference is listed with its reason rather than
followed; a listed difference that has gone is an error, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from flowsite.emulator.web import Request
from tests.emulator.caller import EVENT, Caller, field_group, once, product_flow
from tests.emulator.conftest import HandClock
from tests.emulator.openapi_differences import (
    EXTRA_NAMES,
    EXTRA_PARAMETERS,
    MISSING_NAMES,
    NOT_EMULATED,
    ONLY_HERE,
    OTHER_STATUS,
    UNREAD_PARAMETERS,
)

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "aep" / "openapi"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"Adobe's OpenAPI files aren't at hand in {FOLDER}"
)

BASES = {
    "flow-service": "/data/foundation/flowservice",
    "data-prep": "/data/foundation/conversion",
    "catalog": "/data/foundation/catalog",
    "schema-registry": "/data/foundation/schemaregistry",
    "sandbox": "/data/foundation",
}
_METHODS = ("get", "post", "put", "patch", "delete")
_HEADERS = re.compile(r"authorization|x-.*|accept.*|content-type|if-(none-)?match", re.IGNORECASE)


class Operation(NamedTuple):
    service: str
    method: str
    path: str
    parameters: frozenset[str]
    statuses: frozenset[int]
    names: frozenset[str]

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


def _resolved(document: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"][2:].split("/"):
            target = target[part]
        node = target
    return node


def _names(document: dict[str, Any], schema: Any) -> set[str]:
    schema = _resolved(document, schema)
    if not isinstance(schema, dict):
        return set()
    if schema.get("type") == "array":
        return _names(document, schema["items"])
    found = set(schema.get("properties") or {})
    for part in schema.get("allOf", []):
        found |= _names(document, part)
    return found


def _operation(
    service: str, document: dict[str, Any], path: str, method: str, item: dict[str, Any]
) -> Operation:
    body = item[method]
    parameters = [
        _resolved(document, parameter)
        for parameter in [*(body.get("parameters") or []), *(item.get("parameters") or [])]
    ]
    answers = {int(code): value for code, value in body["responses"].items() if code != "default"}
    good = next((answers[code] for code in sorted(answers) if code < 300), {})
    good = _resolved(document, good)
    schema = good.get("schema") or next(iter((good.get("content") or {}).values()), {}).get(
        "schema"
    )
    return Operation(
        service,
        method.upper(),
        path,
        frozenset(
            parameter["name"]
            for parameter in parameters
            if parameter["in"] == "query" and not _HEADERS.fullmatch(parameter["name"])
        ),
        frozenset(code for code in answers if code < 300),
        frozenset(_names(document, schema)),
    )


def operations() -> Iterator[Operation]:
    for service in BASES:
        document = yaml.safe_load((FOLDER / f"{service}.yaml").read_text("utf-8"))
        for path, item in document["paths"].items():
            for method in _METHODS:
                if method in item:
                    yield _operation(service, document, path, method, item)


@pytest.fixture(scope="module")
def documented() -> dict[tuple[str, str], Operation]:
    return {(operation.service, operation.key): operation for operation in operations()}


class Ids(NamedTuple):
    """One object of each kind, ready to be put into paths."""

    connection: str
    spec: str
    source: str
    target: str
    flow: str
    flow_spec: str
    run: str
    mapping_set: str
    mapping: str
    dataset: str
    batch: str
    schema: str
    group: str
    descriptor: str


def concrete(path: str, ids: Ids) -> str:
    values = {
        "BASE_CONNECTION_ID": ids.connection,
        "CONNECTION_SPEC_ID": ids.spec,
        "SOURCE_CONNECTION_ID": ids.source,
        "TARGET_CONNECTION_ID": ids.target,
        "FLOW_ID": ids.flow,
        "FLOW_SPEC_ID": ids.flow_spec,
        "RUN_ID": ids.run,
        "MAPPING_SET_ID": ids.mapping_set,
        "MAPPING_ID": ids.mapping,
        "DATASET_ID": ids.dataset,
        "BATCH_ID": ids.batch,
        "SCHEMA_ID": ids.schema,
        "FIELD_GROUP_ID": ids.group,
        "MIXIN_ID": ids.group,
        "DESCRIPTOR_ID": ids.descriptor,
        "CLASS_ID": "_xdm.context.profile",
        "DATA_TYPE_ID": "_xdm.common.address",
        "CONTAINER_ID": "global" if re.search(r"(CLASS|DATA_TYPE)_ID", path) else "tenant",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match.group(1), "x"), path)


@pytest.fixture
def ids(caller: Caller, clock: HandClock) -> Ids:
    body = once(product_flow(caller))
    flow = caller.made("/data/foundation/flowservice/flows", body)
    clock.advance(60)
    caller.emulator.tick()
    run = caller.get("/data/foundation/flowservice/runs").json()["items"][0]
    target = caller.item(f"/targetConnections/{body['targetConnectionIds'][0]}")
    mapping_set = body["transformations"][0]["params"]["mappingId"]
    mappings = caller.get(f"/data/foundation/conversion/mappingSets/{mapping_set}/mappings").json()
    schema, alt_id = caller.schema("Walk", {"a": {"type": "string"}}, EVENT)
    descriptor = caller.post(
        "/data/foundation/schemaregistry/tenant/descriptors", json=identity(schema)
    ).json()["@id"]
    group = caller.post(
        "/data/foundation/schemaregistry/tenant/fieldgroups",
        json=field_group("Free", {"a": {"type": "string"}}),
    ).json()["meta:altId"]
    return Ids(
        connection=caller.account("PayPal EU"),
        spec="221c7626-58f6-4eec-8ee2-042b0226f03b",
        source=body["sourceConnectionIds"][0],
        target=target["id"],
        flow=flow,
        flow_spec=body["flowSpec"]["id"],
        run=run["id"],
        mapping_set=mapping_set,
        mapping=mappings[0]["id"],
        dataset=target["params"]["dataSetId"],
        batch=run["activities"][1]["targetInfo"][0]["reference"]["ids"][0],
        schema=alt_id,
        group=group,
        descriptor=descriptor,
    )


def identity(schema_id: str, path: str = "/_acme/a") -> dict[str, Any]:
    return {
        "@type": "xdm:descriptorIdentity",
        "xdm:sourceSchema": schema_id,
        "xdm:sourceVersion": 1,
        "xdm:sourceProperty": path,
        "xdm:namespace": "CRMID",
        "xdm:property": "xdm:code",
        "xdm:isPrimary": False,
    }


def accept(operation: Operation) -> dict[str, str | None]:
    if operation.service != "schema-registry" or operation.method != "GET":
        return {}
    if "descriptors" in operation.path:
        return {"Accept": "application/vnd.adobe.xdm+json"}
    listed = not operation.path.rpartition("/")[2].startswith("{")
    form = "xed-id+json" if listed else "xed+json; version=1"
    return {"Accept": f"application/vnd.adobe.{form}"}


QUERIES: dict[str, dict[str, str]] = {
    "GET /mappingSets": {"limit": "5", "start": "0"},
    "GET /connections/{BASE_CONNECTION_ID}/explore": {"objectType": "root"},
    "GET /lastBatches": {"dataSetId": "x"},
    "POST /connections/{BASE_CONNECTION_ID}/action": {"op": "publish"},
    "POST /sourceConnections/{SOURCE_CONNECTION_ID}/action": {"op": "publish"},
    "POST /targetConnections/{TARGET_CONNECTION_ID}/action": {"op": "publish"},
    "POST /flows/{FLOW_ID}/action": {"op": "disable"},
    "POST /runs/{RUN_ID}/action": {"op": "re-trigger"},
}


def test_every_operation_is_emulated_or_left_out_for_a_reason(
    caller: Caller, ids: Ids, documented: dict[tuple[str, str], Operation]
) -> None:
    router = caller.emulator.router
    missing, reached = [], set()
    for operation in documented.values():
        path = BASES[operation.service] + concrete(operation.path, ids)
        found = router.find(operation.method, path)
        if isinstance(found, tuple):
            reached.add((found[0].method, found[0].template))
        else:
            missing.append(f"{operation.service}: {operation.key}")

    unexplained = [key for key in missing if not any(re.search(text, key) for text in NOT_EMULATED)]
    stale = [text for text in NOT_EMULATED if not any(re.search(text, key) for key in missing)]
    own = {
        f"{route.method} {route.template}"
        for route in router.routes
        if (route.method, route.template) not in reached
    }
    assert unexplained == []
    assert stale == []
    assert own == set(ONLY_HERE)


def _readable(documented: dict[tuple[str, str], Operation], caller: Caller, ids: Ids) -> Any:
    for operation in documented.values():
        path = BASES[operation.service] + concrete(operation.path, ids)
        if isinstance(caller.emulator.router.find(operation.method, path), tuple):
            yield operation, path


def test_parameters_and_names_of_what_is_read(
    caller: Caller,
    ids: Ids,
    documented: dict[tuple[str, str], Operation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()
    one, many = Request.param, Request.params
    monkeypatch.setattr(Request, "param", lambda self, name: (asked.add(name), one(self, name))[1])
    monkeypatch.setattr(
        Request, "params", lambda self, name: (asked.add(name), many(self, name))[1]
    )
    found: dict[str, dict[str, set[str]]] = {
        name: {} for name in ("extra", "unread", "added", "missing")
    }
    for operation, path in _readable(documented, caller, ids):
        if operation.method != "GET":
            continue
        asked.clear()
        answer = caller.get(path, params=QUERIES.get(operation.key, {}), headers=accept(operation))
        assert answer.status_code == 200, (operation.key, answer.text)
        body = answer.json()
        names = set(body[0] if isinstance(body, list) else body) if operation.names else set()
        found["extra"][operation.key] = asked - operation.parameters
        found["unread"][operation.key] = set(operation.parameters - asked)
        found["added"][operation.key] = names - operation.names
        found["missing"][operation.key] = set(operation.names) - names

    for kind, listed in (
        ("extra", EXTRA_PARAMETERS),
        ("unread", UNREAD_PARAMETERS),
        ("added", EXTRA_NAMES),
        ("missing", MISSING_NAMES),
    ):
        seen = {key: sorted(values) for key, values in found[kind].items() if values}
        assert seen == {key: sorted(values) for key, (values, _) in listed.items()}, kind


def changes(ids: Ids, caller: Caller) -> dict[str, Any]:
    """A body for each operation that takes one, in the order in which they can be called."""
    etag = {
        kind: caller.item(f"/{kind}/{getattr(ids, name)}")["etag"]
        for kind, name in (
            ("connections", "connection"),
            ("sourceConnections", "source"),
            ("targetConnections", "target"),
            ("flows", "flow"),
        )
    }
    rename = [{"op": "replace", "path": "/name", "value": "renamed"}]
    return {
        "PATCH /connections/{BASE_CONNECTION_ID}/": (rename, etag["connections"]),
        "PATCH /sourceConnections/{SOURCE_CONNECTION_ID}": (rename, etag["sourceConnections"]),
        "PATCH /targetConnections/{TARGET_CONNECTION_ID}": (rename, etag["targetConnections"]),
        "PATCH /flows/{FLOW_ID}": (rename, etag["flows"]),
    }


def test_the_statuses_of_changes(
    caller: Caller, ids: Ids, documented: dict[tuple[str, str], Operation]
) -> None:
    """Changes and deletions answer with the documented status, or for a reason with another."""
    bodies = changes(ids, caller)
    order = {"PATCH": 0, "DELETE": 2}
    seen: dict[str, int] = {}
    for operation, path in sorted(
        _readable(documented, caller, ids),
        # A dataflow goes before its ends, a descriptor before its schema, the base last.
        key=lambda pair: (order.get(pair[0].method, 1), _rank(pair[0].path)),
    ):
        if operation.service != "flow-service" or operation.method not in order:
            continue
        body, etag = bodies.get(operation.key, (None, None))
        headers = {"If-Match": etag} if etag else {}
        answer = caller.send(operation.method, path, json=body, headers=headers)
        assert answer.is_success, (operation.key, answer.text)
        if answer.status_code not in operation.statuses:
            seen[operation.key] = answer.status_code

    assert seen == {key: status for key, (status, _) in OTHER_STATUS.items()}


def _rank(path: str) -> int:
    names = ("/flows", "/sourceConnections", "/targetConnections", "/connections")
    return next((place for place, name in enumerate(names) if path.startswith(name)), 0)
