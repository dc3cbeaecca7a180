"""Creating, changing and deleting resources of the tenant (API contract, section 4.4)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.errors import ApiError, registry_error
from flowsite.emulator.ids import new_hex, seeded_uuid
from flowsite.emulator.json_patch import apply_patch, read_patch
from flowsite.emulator.registry import BASE, KINDS, NAMESPACE, resolve, standard
from flowsite.emulator.registry.resources import KIND, kind_of, not_found
from flowsite.emulator.store import Stored
from flowsite.emulator.web import BadBody, Request, Response, Route, Scope
from flowsite.emulator.world import World

#: Old name of the folder that field groups live in; their ``$id`` keeps it.
_FOLDERS = {"fieldgroups": "mixins"}
_SENT_BY_CLIENT = (
    "type",
    "title",
    "description",
    "allOf",
    "properties",
    "required",
    "definitions",
    "meta:intendedToExtend",
    "meta:immutableTags",
    "meta:extends",
    "meta:abstract",
    "meta:status",
    "meta:labels",
)


def read_object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except BadBody as error:
        raise registry_error(1012, "Bad request", f"The body isn't valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise registry_error(1012, "Bad request", "The body must be a JSON object.")
    return body


def create_resource(world: World, request: Request) -> Response:
    kind = kind_of(request)
    body = {key: value for key, value in read_object(request).items() if key in _SENT_BY_CLIENT}
    stored = store_new(world, request.scope, kind, body, client=request.client_id)
    return Response(201, stored.body)


def store_new(
    world: World,
    scope: Scope,
    kind: str,
    body: dict[str, Any],
    *,
    client: str,
    identifier: str | None = None,
    created_ms: int | None = None,
) -> Stored:
    """Raises ApiError: what the registry refuses isn't stored."""
    tenant = world.tenant(scope)
    resource_id = f"{NAMESPACE}/{tenant}/{_FOLDERS.get(kind, kind)}/{identifier or new_hex(48)}"
    now = world.clock.now_ms() if created_ms is None else created_ms
    document = {
        "$id": resource_id,
        "meta:altId": resolve.alt_id(resource_id),
        "meta:resourceType": kind,
        "version": "1.0",
        **body,
        "imsOrg": scope.org,
        "meta:containerId": "tenant",
        "meta:tenantNamespace": f"_{tenant}",
        "meta:xdmType": "object",
        "meta:extensible": kind != "schemas",
        "meta:abstract": kind != "schemas",
        **sandbox_marks(world, scope),
        "meta:registryMetadata": {
            "repo:createdDate": now,
            "repo:lastModifiedDate": now,
            "xdm:createdClientId": client,
            "xdm:lastModifiedClientId": client,
        },
    }
    check(world, scope, kind, document)
    _derive(world, scope, kind, document)
    stored = Stored(kind, scope, document["meta:altId"], document, document["title"], now, now)
    world.store.insert(stored)
    return stored


def sandbox_marks(world: World, scope: Scope) -> dict[str, Any]:
    sandbox = world.organisations[scope.org].sandbox(scope.sandbox)
    return {
        "meta:sandboxId": seeded_uuid("sandbox", *scope),
        "meta:sandboxType": sandbox.type if sandbox else "development",
    }


def check(world: World, scope: Scope, kind: str, document: dict[str, Any]) -> None:
    for name in ("type", "title"):
        if not isinstance(document.get(name), str) or not document[name].strip():
            raise registry_error(1012, "Bad request", f"{name} is missing.")
    if len(document["title"]) > 1000:
        raise registry_error(1012, "Bad request", "title is too long.")
    if document["type"] != "object":
        raise registry_error(1012, "Bad request", "type must be object.")
    if not isinstance(document.get("description", ""), str):
        raise registry_error(1012, "Bad request", "description must be a text.")
    _check_title(world, scope, document)
    parts = document.get("allOf", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise registry_error(1012, "Bad request", "allOf is a list of objects.")
    for reference in _references(document):
        if not reference.startswith("#/") and resolve.find(world, scope, reference) is None:
            raise registry_error(1013, "Not found", f"$ref {reference[:200]} isn't known.")
    if kind == "schemas":
        _check_schema(world, scope, document)
    elif kind == "fieldgroups":
        _check_field_group(world, scope, document)


def _check_title(world: World, scope: Scope, document: dict[str, Any]) -> None:
    """Unique across all kinds; the refusal names who has it (XDM-1521)."""
    marks = ", ".join("?" * len(KINDS))
    row = world.store.row(
        "SELECT id, json_extract(body, '$.\"$id\"') AS resource_id FROM objects"
        f" WHERE kind IN ({marks}) AND org = ? AND sandbox = ? AND name = ? AND id <> ?",
        (*KINDS, *scope, document["title"], document["meta:altId"]),
    )
    holder = row["resource_id"] if row else None
    for resource in standard.resources().values():
        if resource["title"] == document["title"]:
            holder = resource["$id"]
    if holder:
        raise registry_error(
            1521,
            "Title not unique",
            f"The title is already used by the resource {holder}.",
        )


def _references(node: Any, depth: int = 0) -> list[str]:
    if depth > resolve.MAX_DEPTH:
        raise registry_error(1012, "Bad request", "The document is nested too deeply.")
    found: list[str] = []
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            found.append(node["$ref"])
        for value in node.values():
            found.extend(_references(value, depth + 1))
    elif isinstance(node, list):
        for value in node:
            found.extend(_references(value, depth + 1))
    return found


def _check_schema(world: World, scope: Scope, document: dict[str, Any]) -> None:
    if not isinstance(document.get("description"), str):
        raise registry_error(1012, "Bad request", "description is missing.")
    classes, groups = _parts(world, scope, document)
    if len(classes) != 1:
        raise registry_error(1014, "Bad request", "allOf must reference exactly one class.")
    for group in groups:
        intended = group.get("meta:intendedToExtend") or classes
        if classes[0] not in intended:
            raise registry_error(
                1015, "Bad request", f"{group['$id']} isn't meant for the class {classes[0]}."
            )


def _parts(
    world: World, scope: Scope, document: dict[str, Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The classes and the field groups that a schema is made of."""
    classes, groups = [], []
    for part in document.get("allOf", []):
        reference = part.get("$ref")
        resource = resolve.find(world, scope, reference) if isinstance(reference, str) else None
        if resource is None:
            continue
        if resource["meta:resourceType"] == "classes":
            classes.append(resource["$id"])
        elif resource["meta:resourceType"] == "fieldgroups":
            groups.append(resource)
    return classes, groups


def _check_field_group(world: World, scope: Scope, document: dict[str, Any]) -> None:
    intended = document.get("meta:intendedToExtend")
    if not isinstance(intended, list) or not intended:
        raise registry_error(1012, "Bad request", "meta:intendedToExtend is missing.")
    own = f"_{world.tenant(scope)}"
    fields = resolve.full(world, scope, document)["properties"]
    if not fields:
        raise registry_error(1012, "Bad request", "The field group has no fields.")
    strangers = [name for name in fields if name != own]
    if strangers:
        raise registry_error(
            1021,
            "Namespace validation error",
            f"Custom fields belong under {own}; found {', '.join(strangers)[:200]}.",
        )


def _derive(world: World, scope: Scope, kind: str, document: dict[str, Any]) -> None:
    if kind != "schemas":
        return
    classes, groups = _parts(world, scope, document)
    document["meta:class"] = classes[0]
    document["meta:extends"] = [classes[0], *(group["$id"] for group in groups)]


# --- Changing ----------------------------------------------------------------------------------


def _own(world: World, request: Request) -> Stored:
    stored = resolve.find_stored(world, request.scope, request.args["id"])
    if stored is None or stored.kind != kind_of(request):
        raise not_found(request.args["id"])
    return stored


def patch_resource(world: World, request: Request) -> Response:
    stored = _own(world, request)
    try:
        document = apply_patch(stored.body, read_patch(request), _SENT_BY_CLIENT)
    except ApiError as error:
        detail = str(error.body.get("message") or error.body.get("errorMessage"))
        raise registry_error(1012, "Bad request", detail) from error
    return _replace(world, request, stored, document)


def put_resource(world: World, request: Request) -> Response:
    stored = _own(world, request)
    sent = {key: value for key, value in read_object(request).items() if key in _SENT_BY_CLIENT}
    kept = {key: value for key, value in stored.body.items() if key not in _SENT_BY_CLIENT}
    return _replace(world, request, stored, {**kept, **sent})


def _replace(world: World, request: Request, stored: Stored, document: dict[str, Any]) -> Response:
    check(world, request.scope, stored.kind, document)
    _derive(world, request.scope, stored.kind, document)
    _check_additive(world, request.scope, stored.body, document)
    major, _, minor = str(stored.body["version"]).partition(".")
    now = world.clock.now_ms()
    document["version"] = f"{major}.{int(minor or 0) + 1}"
    document["meta:registryMetadata"] = {
        **stored.body["meta:registryMetadata"],
        "repo:lastModifiedDate": now,
        "xdm:lastModifiedClientId": request.client_id,
    }
    stored.body, stored.name, stored.updated_at = document, document["title"], now
    world.store.save(stored)
    return Response(200, document)


def _is_union(document: dict[str, Any]) -> bool:
    tags = document.get("meta:immutableTags")
    return isinstance(tags, list) and "union" in tags


def _check_additive(world: World, scope: Scope, old: dict[str, Any], new: dict[str, Any]) -> None:
    """A schema in the union only grows, and can't leave the union."""
    if not _is_union(old):
        return
    if not _is_union(new):
        raise registry_error(1525, "Bad request", "The tag union can't be removed.")
    before = set(leaf_paths(resolve.full(world, scope, old)))
    after = set(leaf_paths(resolve.full(world, scope, new)))
    if gone := sorted(before - after):
        raise registry_error(1526, "Bad request", f"Only additions are allowed; gone: {gone[0]}.")


def leaf_paths(schema: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        inner = field.get("items") if isinstance(field.get("items"), dict) else field
        if isinstance(inner, dict) and inner.get("properties"):
            found.extend(leaf_paths(inner, f"{path}."))
        else:
            found.append(path)
    return found


def delete_resource(world: World, request: Request) -> Response:
    stored = _own(world, request)
    if stored.kind == "schemas" and _is_union(stored.body):
        raise registry_error(1527, "Bad request", "A schema enabled for Profile can't be deleted.")
    used_by = _user_of(world, request.scope, stored)
    if used_by:
        raise registry_error(1528, "Bad request", f"The resource is used by {used_by}.")
    world.store.delete(stored)
    return Response(204)


def _user_of(world: World, scope: Scope, stored: Stored) -> str | None:
    """A dataset on a schema, or a schema that extends a field group."""
    resource_id = stored.body["$id"]
    if stored.kind == "schemas":
        sql = (
            "SELECT id FROM objects WHERE kind = 'dataset' AND org = ? AND sandbox = ?"
            " AND json_extract(body, '$.schemaRef.id') = ? LIMIT 1"
        )
    else:
        sql = (
            "SELECT id FROM objects WHERE kind = 'schemas' AND org = ? AND sandbox = ? AND EXISTS"
            " (SELECT 1 FROM json_each(body, '$.\"meta:extends\"') AS e WHERE e.value = ?) LIMIT 1"
        )
    found = world.store.value(sql, (*scope, resource_id))
    return None if found is None else str(found)


ROUTES = (
    Route("POST", f"{BASE}/tenant/{KIND}", create_resource, writes=True),
    Route("PUT", f"{BASE}/tenant/{KIND}/{{id*}}", put_resource, writes=True),
    Route(
        "PATCH",
        f"{BASE}/tenant/{KIND}/{{id*}}",
        patch_resource,
        writes=True,
        content_types=("application/json", "application/json-patch+json"),
    ),
    Route("DELETE", f"{BASE}/tenant/{KIND}/{{id*}}", delete_resource),
)
