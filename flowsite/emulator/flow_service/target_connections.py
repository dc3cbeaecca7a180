"""Target connections: the dataset in the data lake (API contract, section 7.6)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.catalog_service import DATASET
from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service import entities
from flowsite.emulator.flow_service.connections import connection_spec_of
from flowsite.emulator.flow_service.entities import BASE, TARGET_CONNECTION, Collection
from flowsite.emulator.flow_service.source_connections import delete_end, patch_end
from flowsite.emulator.flow_service.specs import DATA_LAKE_SPEC_ID
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_KEPT = ("name", "description", "data", "params", "connectionSpec")


def check(world: World, request: Request, body: dict[str, Any]) -> None:
    entities.check_texts(body, "name", "description")
    spec = connection_spec_of(body)
    if spec["id"] != DATA_LAKE_SPEC_ID:
        raise flow_error(1306, f"A target connection's spec must be {DATA_LAKE_SPEC_ID}.")
    entities.require(body, "data", "params")
    data = entities.as_object(body["data"], "data")
    params = entities.as_object(body["params"], "params")
    schema = entities.as_object(data.get("schema"), "data.schema")
    entities.require(schema, "id", "version")
    entities.check_texts(schema, "id", "version")
    if params.get("dataSetId") in (None, ""):
        raise flow_error(1304, "params.dataSetId is missing.")
    entities.referenced(
        world, request.scope, DATASET, params["dataSetId"], code=1324, where="params.dataSetId"
    )


def create_target_connection(world: World, request: Request) -> Response:
    body = entities.read_body(request)
    draft = entities.is_draft(request)
    if draft:
        connection_spec_of(body)
        entities.check_texts(body, "name", "description")
    else:
        check(world, request, body)
    kept = {name: body[name] for name in _KEPT if name in body}
    state = "draft" if draft else "enabled"
    stored = entities.create(world, request, TARGET_CONNECTION, kept, state=state)
    return entities.created(stored, COLLECTION)


def view(_world: World, stored: Stored) -> dict[str, Any]:
    return stored.body


COLLECTION = Collection(TARGET_CONNECTION, "targetConnections", check, view)


def list_target_connections(world: World, request: Request) -> Response:
    return entities.list_of(world, request, COLLECTION)


def get_target_connection(world: World, request: Request) -> Response:
    return entities.one_of(world, request, COLLECTION)


def patch_target_connection(world: World, request: Request) -> Response:
    return patch_end(world, request, COLLECTION, ("name", "description", "data", "params"))


def delete_target_connection(world: World, request: Request) -> Response:
    return delete_end(world, request, COLLECTION, "targetConnectionIds")


def target_connection_action(world: World, request: Request) -> Response:
    entities.operation(request, "publish")
    return entities.publish(world, request, COLLECTION)


ROUTES = (
    Route("GET", f"{BASE}/targetConnections", list_target_connections),
    Route("POST", f"{BASE}/targetConnections", create_target_connection, writes=True),
    Route("GET", f"{BASE}/targetConnections/{{id}}", get_target_connection),
    Route("PATCH", f"{BASE}/targetConnections/{{id}}", patch_target_connection, writes=True),
    Route("DELETE", f"{BASE}/targetConnections/{{id}}", delete_target_connection),
    Route("POST", f"{BASE}/targetConnections/{{id}}/action", target_connection_action),
)
