"""Source connections: what is read through an account (API contract, section 7.5)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator import jsonschemas
from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service import entities
from flowsite.emulator.flow_service.connections import connection_spec_of
from flowsite.emulator.flow_service.entities import (
    BASE,
    CONNECTION,
    SOURCE_CONNECTION,
    Collection,
)
from flowsite.emulator.flow_service.explore import FILE_TYPES, resource_table
from flowsite.emulator.flow_service.specs import kind_of
from flowsite.emulator.json_patch import apply_patch, read_patch
from flowsite.emulator.store import Stored
from flowsite.emulator.systems.reader import Reader
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_KEPT = ("name", "description", "baseConnectionId", "data", "params", "connectionSpec")
_FORMATS = {"tabular": ("tabular",), "file": FILE_TYPES, "rest": ("json",)}


def check(world: World, request: Request, body: dict[str, Any]) -> None:
    entities.require(body, "name", "baseConnectionId")
    entities.check_texts(body, "name", "description")
    spec = connection_spec_of(body)
    kind = kind_of(spec["id"])
    if not kind:
        raise flow_error(1413, "This connection spec is no source.")
    account = entities.referenced(
        world,
        request.scope,
        CONNECTION,
        body["baseConnectionId"],
        code=1323,
        where="baseConnectionId",
    )
    if account.body["connectionSpec"]["id"] != spec["id"]:
        raise flow_error(1413, "connectionSpec.id differs from the base connection's.")
    if kind == "streaming":
        return
    _check_format(body, kind)
    entities.require(body, "params")
    found = jsonschemas.problems(spec["sourceSpec"]["spec"], body["params"], "params")
    if found:
        raise flow_error(1304, "; ".join(found))
    _check_params(Reader(world, account), kind, body["params"])


def _check_format(body: dict[str, Any], kind: str) -> None:
    entities.require(body, "data")
    data = entities.as_object(body["data"], "data")
    if data.get("format") not in _FORMATS[kind]:
        raise flow_error(1326, f"data.format must be one of {', '.join(_FORMATS[kind])}.")
    properties = data.get("properties", {})
    if not isinstance(properties, dict):
        raise flow_error(1304, "data.properties must be an object.")
    delimiter = properties.get("columnDelimiter")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise flow_error(1331, "columnDelimiter is one character.")


def _check_params(reader: Reader, kind: str, params: dict[str, Any]) -> None:
    if kind == "tabular":
        _check_table(reader, params)
    elif kind == "file":
        if not reader.files_at(params["path"]):
            raise flow_error(1323, f"There is nothing at {params['path'][:300]}.")
    else:
        resource_table(reader, params)


def _check_table(reader: Reader, params: dict[str, Any]) -> None:
    table = reader.tables().get(params["tableName"])
    if table is None:
        raise flow_error(1323, f"There is no table {params['tableName'][:300]}.")
    columns = params.get("columns")
    if not columns:
        raise flow_error(1330, "params.columns is missing or empty.")
    strangers = [item["name"] for item in columns if table.column(item["name"]) is None]
    if strangers:
        raise flow_error(1330, f"The table has no column {strangers[0][:300]}.")


def create_source_connection(world: World, request: Request) -> Response:
    body = entities.read_body(request)
    draft = entities.is_draft(request)
    if draft:
        connection_spec_of(body)
        entities.check_texts(body, "name", "description")
    else:
        check(world, request, body)
    kept = {name: body[name] for name in _KEPT if name in body}
    state = "draft" if draft else "enabled"
    stored = entities.create(world, request, SOURCE_CONNECTION, kept, state=state)
    return entities.created(stored, COLLECTION)


def view(_world: World, stored: Stored) -> dict[str, Any]:
    return stored.body


COLLECTION = Collection(SOURCE_CONNECTION, "sourceConnections", check, view)


def list_source_connections(world: World, request: Request) -> Response:
    return entities.list_of(world, request, COLLECTION)


def get_source_connection(world: World, request: Request) -> Response:
    return entities.one_of(world, request, COLLECTION)


def patch_source_connection(world: World, request: Request) -> Response:
    return patch_end(world, request, COLLECTION, ("name", "description", "data", "params"))


def delete_source_connection(world: World, request: Request) -> Response:
    return delete_end(world, request, COLLECTION, "sourceConnectionIds")


def source_connection_action(world: World, request: Request) -> Response:
    entities.operation(request, "publish")
    return entities.publish(world, request, COLLECTION)


def patch_end(
    world: World, request: Request, collection: Collection, allowed: tuple[str, ...]
) -> Response:
    """Changes one end of a dataflow; a dataflow that uses it goes on as it was."""
    stored = entities.find(world, request, collection.kind)
    entities.check_etag(request, stored)
    operations = read_patch(request)
    if any(operation["path"].startswith("/connectionSpec") for operation in operations):
        raise flow_error(1414, "The connection spec can't be changed.")
    body = apply_patch(stored.body, operations, (*allowed, "baseConnectionId"))
    if stored.body["state"] != "draft":
        collection.check(world, request, body)
    else:
        entities.check_texts(body, "name", "description")
    stored.body = body
    entities.touch(world, request, stored)
    return entities.changed(stored)


def delete_end(world: World, request: Request, collection: Collection, key: str) -> Response:
    stored = entities.find(world, request, collection.kind)
    using = world.store.value(
        "SELECT count(*) FROM objects WHERE kind = 'flow' AND org = ? AND sandbox = ?"
        " AND json_extract(body, ?) = ?",
        (*request.scope, f"$.{key}[0]", stored.id),
    )
    if using:
        raise flow_error(1447, f"The connection is used by {using} dataflows.")
    world.store.delete(stored)
    return Response(204)


ROUTES = (
    Route("GET", f"{BASE}/sourceConnections", list_source_connections),
    Route("POST", f"{BASE}/sourceConnections", create_source_connection, writes=True),
    Route("GET", f"{BASE}/sourceConnections/{{id}}", get_source_connection),
    Route("PATCH", f"{BASE}/sourceConnections/{{id}}", patch_source_connection, writes=True),
    Route("DELETE", f"{BASE}/sourceConnections/{{id}}", delete_source_connection),
    Route("POST", f"{BASE}/sourceConnections/{{id}}/action", source_connection_action),
)
