"""Base connections: accounts of source systems (API contract, section 7.3).

Secrets are checked and forgotten; only their masks are stored. Which secrets are refused:
a text with ``invalid`` in it is refused when the connection is made, a text with ``expired``
is taken and fails its test later.
"""

from __future__ import annotations

from typing import Any

from flowsite.emulator import jsonschemas
from flowsite.emulator.errors import bare_message, flow_error, service_error
from flowsite.emulator.flow_service import entities
from flowsite.emulator.flow_service.entities import BASE, CONNECTION, Collection
from flowsite.emulator.flow_service.specs import connection_specs, sources
from flowsite.emulator.json_patch import apply_patch, read_patch
from flowsite.emulator.store import Stored
from flowsite.emulator.systems.reader import EXPIRED, OK, ProviderError, Reader
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

MASK = "********"
_KEPT: tuple[str, ...] = ("name", "description", "connectionSpec", "auth")


def connection_spec_of(body: dict[str, Any]) -> dict[str, Any]:
    """The spec that a body names. 1304 when it isn't named, 422 without a version, a bare
    400 for an unknown id (API contract, section 1.6)."""
    entities.require(body, "connectionSpec")
    named = entities.as_object(body["connectionSpec"], "connectionSpec")
    spec_id = named.get("id")
    if not isinstance(spec_id, str) or not spec_id:
        raise flow_error(1304, "connectionSpec.id is missing.")
    if not isinstance(named.get("version"), str) or not named["version"]:
        raise bare_message(422, "connectionSpec.version is missing.")
    spec = connection_specs().get(spec_id)
    if spec is None:
        raise bare_message(400, f"No connection spec has the id {spec_id[:100]}.")
    return spec


def check(world: World, request: Request, body: dict[str, Any]) -> None:
    """A published connection has a name, a source's spec and credentials that fit it."""
    entities.require(body, "name")
    entities.check_texts(body, "name", "description")
    spec = connection_spec_of(body)
    if not spec["attributes"]["uiAttributes"]["isSource"]:
        raise flow_error(1413, "This connection spec is no source.")
    _check_auth(spec, body)


def _check_auth(spec: dict[str, Any], body: dict[str, Any]) -> None:
    offered = {auth["name"]: auth for auth in spec.get("authSpec", [])}
    if not offered:
        return
    entities.require(body, "auth")
    auth = entities.as_object(body["auth"], "auth")
    name = auth.get("specName")
    if not isinstance(name, str) or name not in offered:
        raise flow_error(1415, f"auth.specName must be one of {', '.join(offered)}.")
    found = jsonschemas.problems(offered[name]["spec"], auth.get("params"), "auth.params")
    if found:
        raise flow_error(1304, "; ".join(found))


def _credentials(spec: dict[str, Any], body: dict[str, Any]) -> str:
    """The health that the secrets promise. Raises CONNECTOR-1308 for refused ones."""
    params = body.get("auth", {}).get("params")
    texts = [value for value in (params or {}).values() if isinstance(value, str)]
    if any("invalid" in text for text in texts):
        raise service_error(
            "CONNECTOR", 1308, f"{spec['name']} refused the credentials (invalid_client)."
        )
    return EXPIRED if any("expired" in text for text in texts) else OK


def _mask(spec: dict[str, Any], body: dict[str, Any]) -> None:
    auth = body.get("auth")
    if not isinstance(auth, dict) or not isinstance(auth.get("params"), dict):
        return
    secret = {
        name
        for offered in spec.get("authSpec", [])
        for name, schema in offered["spec"]["properties"].items()
        if schema.get("format") == "password"
    }
    known = {name for offered in spec.get("authSpec", []) for name in offered["spec"]["properties"]}
    # A parameter that no login method has is masked too: who knows what was pasted there.
    auth["params"] = {
        name: MASK if name in secret or name not in known else value
        for name, value in auth["params"].items()
    }


def create_connection(world: World, request: Request) -> Response:
    body = entities.read_body(request)
    draft = entities.is_draft(request)
    spec = connection_spec_of(body)
    if draft:
        entities.check_texts(body, "name", "description")
        if body.get("auth") is not None:
            entities.as_object(body["auth"], "auth")
    else:
        check(world, request, body)
    hidden = {"system": sources().get(spec["id"], {}).get("slug", "")}
    hidden["health"] = _credentials(spec, body)
    _mask(spec, body)
    kept = {name: body[name] for name in _KEPT if name in body}
    state = "draft" if draft else "enabled"
    stored = entities.create(world, request, CONNECTION, kept, state=state, hidden=hidden)
    return entities.created(stored, COLLECTION)


def view(_world: World, stored: Stored) -> dict[str, Any]:
    return stored.body


COLLECTION = Collection(CONNECTION, "connections", check, view)


def list_connections(world: World, request: Request) -> Response:
    return entities.list_of(world, request, COLLECTION)


def get_connection(world: World, request: Request) -> Response:
    return entities.one_of(world, request, COLLECTION)


def test_connection(world: World, request: Request) -> Response:
    """200 with ``result``; a system that doesn't answer is the provider's error 1308."""
    stored = entities.find(world, request, CONNECTION)
    try:
        Reader(world, stored).check_health()
    except ProviderError as error:
        if stored.hidden.get("health") == EXPIRED:
            return Response(body={"result": False})
        raise service_error("CONNECTOR", 1308, str(error)) from error
    return Response(body={"result": True})


def patch_connection(world: World, request: Request) -> Response:
    stored = entities.find(world, request, CONNECTION)
    entities.check_etag(request, stored)
    if stored.body["state"] not in ("enabled", "draft"):
        raise flow_error(1445, "Only an enabled connection can be changed.")
    operations = read_patch(request)
    if any(operation["path"].startswith("/connectionSpec") for operation in operations):
        raise flow_error(1414, "The connection spec can't be changed.")
    body = apply_patch(stored.body, operations, ("name", "description", "auth"))
    if stored.body["state"] != "draft":
        check(world, request, body)
    else:
        entities.check_texts(body, "name", "description")
    if any(operation["path"].startswith("/auth") for operation in operations):
        spec = connection_spec_of(body)
        stored.hidden["health"] = _credentials(spec, body)
        _mask(spec, body)
    stored.body = body
    entities.touch(world, request, stored)
    return entities.changed(stored)


def delete_connection(world: World, request: Request) -> Response:
    stored = entities.find(world, request, CONNECTION)
    using = world.store.value(
        "SELECT count(*) FROM objects WHERE kind = 'flow' AND org = ? AND sandbox = ?"
        " AND json_extract(hidden, '$.base') = ?",
        (*request.scope, stored.id),
    )
    if using:
        raise flow_error(1418, f"The connection is used by {using} dataflows.")
    world.store.delete(stored)
    return Response(204)


def connection_action(world: World, request: Request) -> Response:
    entities.operation(request, "publish")
    return entities.publish(world, request, COLLECTION)


ROUTES = (
    Route("GET", f"{BASE}/connections", list_connections),
    Route("POST", f"{BASE}/connections", create_connection, writes=True),
    Route("GET", f"{BASE}/connections/{{id}}", get_connection),
    Route("PATCH", f"{BASE}/connections/{{id}}", patch_connection, writes=True),
    Route("DELETE", f"{BASE}/connections/{{id}}", delete_connection),
    Route("GET", f"{BASE}/connections/{{id}}/test", test_connection),
    Route("POST", f"{BASE}/connections/{{id}}/action", connection_action),
)
