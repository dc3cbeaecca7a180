"""Descriptors: which field is an identity, and the like (API contract, section 4.5)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.errors import registry_error
from flowsite.emulator.ids import new_hex
from flowsite.emulator.registry import BASE, DESCRIPTORS, accept, resolve
from flowsite.emulator.registry.changes import read_object, sandbox_marks
from flowsite.emulator.registry.resources import not_found
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request, Response, Route, Scope
from flowsite.emulator.world import World

IDENTITY = "xdm:descriptorIdentity"
_TYPES = (
    IDENTITY,
    "xdm:alternateDisplayInfo",
    "xdm:descriptorOneToOne",
    "xdm:descriptorReferenceIdentity",
    "xdm:descriptorDeprecated",
)


def check(world: World, scope: Scope, body: dict[str, Any]) -> None:
    if body.get("@type") not in _TYPES:
        raise registry_error(1540, "Bad request", f"@type must be one of {', '.join(_TYPES)}.")
    schema_id, path = body.get("xdm:sourceSchema"), body.get("xdm:sourceProperty")
    schema = resolve.find(world, scope, schema_id) if isinstance(schema_id, str) else None
    if schema is None:
        raise registry_error(1541, "Bad request", "xdm:sourceSchema isn't a known schema.")
    if str(body.get("xdm:sourceVersion")) != "1":
        raise registry_error(1542, "Bad request", "xdm:sourceVersion must be 1.")
    if not isinstance(path, str) or not _has_field(world, scope, schema, path):
        raise registry_error(1543, "Bad request", "xdm:sourceProperty isn't a field of the schema.")
    if body["@type"] == IDENTITY:
        _check_identity(world, scope, body)


def _has_field(world: World, scope: Scope, schema: dict[str, Any], path: str) -> bool:
    node: Any = resolve.full(world, scope, schema)
    for part in path.strip("/").split("/"):
        node = node.get("properties", {}).get(part) if isinstance(node, dict) else None
    return isinstance(node, dict)


def _check_identity(world: World, scope: Scope, body: dict[str, Any]) -> None:
    if not isinstance(body.get("xdm:namespace"), str):
        raise registry_error(1544, "Bad request", "xdm:namespace is missing.")
    if body.get("xdm:property") not in ("xdm:id", "xdm:code"):
        raise registry_error(1545, "Bad request", "xdm:property must be xdm:id or xdm:code.")
    if not isinstance(body.get("xdm:isPrimary", False), bool):
        raise registry_error(1546, "Bad request", "xdm:isPrimary is true or false.")
    for other in of_schema(world, scope, body["xdm:sourceSchema"]):
        same = other["xdm:sourceProperty"] == body["xdm:sourceProperty"]
        if other["@type"] != IDENTITY or other["@id"] == body.get("@id"):
            continue
        if same or (other.get("xdm:isPrimary") and body.get("xdm:isPrimary")):
            raise registry_error(1547, "Bad request", "The schema has such an identity already.")


def of_schema(world: World, scope: Scope, schema_id: str) -> list[dict[str, Any]]:
    found = world.store.find(
        DESCRIPTORS, scope, "json_extract(body, '$.\"xdm:sourceSchema\"') = ?", (schema_id,)
    )
    return [stored.body for stored in found]


def primary_identity(world: World, scope: Scope, schema_id: str) -> str | None:
    """The dotted path of the field that is the primary identity."""
    for body in of_schema(world, scope, schema_id):
        if body["@type"] == IDENTITY and body.get("xdm:isPrimary"):
            return str(body["xdm:sourceProperty"]).strip("/").replace("/", ".")
    return None


def store_new(
    world: World, scope: Scope, body: dict[str, Any], *, identifier: str | None = None
) -> Stored:
    check(world, scope, body)
    now = world.clock.now_ms()
    document = {
        **body,
        "@id": identifier or new_hex(48),
        "imsOrg": scope.org,
        "version": "1",
        "meta:containerId": "tenant",
        **sandbox_marks(world, scope),
    }
    stored = Stored(DESCRIPTORS, scope, document["@id"], document, None, now, now)
    world.store.insert(stored)
    return stored


def create_descriptor(world: World, request: Request) -> Response:
    body = read_object(request)
    body.pop("@id", None)
    return Response(201, store_new(world, request.scope, body).body)


def list_descriptors(world: World, request: Request) -> Response:
    """Grouped by type; ``xdm-v2`` is the flat form that can be paged."""
    form = accept.descriptor_form(request)
    found = [stored.body for stored in world.store.find(DESCRIPTORS, request.scope)]
    if form == "xdm-v2":
        start, limit = _page(request)
        page = found[start : start + limit]
        following = start + limit if start + limit < len(found) else None
        return Response(
            body={
                "results": page,
                "_page": {"next": following, "count": len(page)},
                "_links": {},
            }
        )
    groups: dict[str, list[Any]] = {}
    for body in found:
        shown: Any = body
        if form == "xdm-id":
            shown = body["@id"]
        elif form == "xdm-link":
            shown = {"@id": body["@id"], "href": f"{BASE}/tenant/descriptors/{body['@id']}"}
        groups.setdefault(body["@type"], []).append(shown)
    return Response(body=groups)


def _page(request: Request) -> tuple[int, int]:
    numbers = [request.param("start") or "0", request.param("limit") or "300"]
    if not all(text.isascii() and text.isdigit() and len(text) < 8 for text in numbers):
        raise registry_error(1011, "Bad request", "start and limit are whole numbers.")
    return int(numbers[0]), max(1, int(numbers[1]))


def _own(world: World, request: Request) -> Stored:
    stored = world.store.get(DESCRIPTORS, request.scope, request.args["id"])
    if stored is None:
        raise not_found(request.args["id"])
    return stored


def get_descriptor(world: World, request: Request) -> Response:
    return Response(body=_own(world, request).body)


def put_descriptor(world: World, request: Request) -> Response:
    stored = _own(world, request)
    body = {**read_object(request), "@id": stored.id}
    check(world, request.scope, body)
    stored.body = {**stored.body, **body}
    world.store.save(stored)
    return Response(200, stored.body)


def delete_descriptor(world: World, request: Request) -> Response:
    world.store.delete(_own(world, request))
    return Response(204)


ROUTES = (
    Route("GET", f"{BASE}/tenant/descriptors", list_descriptors),
    Route("POST", f"{BASE}/tenant/descriptors", create_descriptor, writes=True),
    Route("GET", f"{BASE}/tenant/descriptors/{{id}}", get_descriptor),
    Route("PUT", f"{BASE}/tenant/descriptors/{{id}}", put_descriptor, writes=True),
    Route("DELETE", f"{BASE}/tenant/descriptors/{{id}}", delete_descriptor),
)
