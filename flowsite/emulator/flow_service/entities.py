"""What connections, source connections, target connections and flows have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowsite.emulator.errors import bare_message, flow_error, stale_etag
from flowsite.emulator.flow_service import listing
from flowsite.emulator.flow_service.filters import Fields, Sql
from flowsite.emulator.ids import new_etag, new_uuid, seeded_uuid
from flowsite.emulator.store import Stored, stored_of
from flowsite.emulator.web import BadBody, Request, Response, Scope
from flowsite.emulator.world import World

BASE = "/data/foundation/flowservice"

CONNECTION = "connection"
SOURCE_CONNECTION = "sourceConnection"
TARGET_CONNECTION = "targetConnection"
FLOW = "flow"

_ROOTS = frozenset(
    [
        "id",
        "name",
        "description",
        "state",
        "version",
        "etag",
        "createdAt",
        "updatedAt",
        "createdBy",
        "updatedBy",
        "createdClient",
        "updatedClient",
        "sandboxId",
        "sandboxName",
        "imsOrgId",
        "connectionSpec",
        "auth",
        "baseConnectionId",
        "data",
        "params",
        "flowSpec",
        "sourceConnectionIds",
        "targetConnectionIds",
        "transformations",
        "scheduleParams",
        "options",
        "labels",
        "inheritedAttributes",
        "lastOperation",
        "lastRunDetails",
    ]
)
_FIELDS = Fields(
    columns={"id": "id", "name": "name", "createdAt": "created_at", "updatedAt": "updated_at"},
    roots=_ROOTS,
    document="body",
    nullable=frozenset({"name"}),
)
MAX_TEXT = 10_000


@dataclass(frozen=True)
class Collection:
    """``check`` raises ApiError when the body can't be published; ``view`` is what GET shows."""

    kind: str
    path: str
    check: Callable[[World, Request, dict[str, Any]], None]
    view: Callable[[World, Stored], dict[str, Any]]


def read_body(request: Request) -> dict[str, Any]:
    """Raises FLOW-1405 for an empty body, 400 for one that isn't a JSON object."""
    if not request.body.strip():
        raise flow_error(1405, "The body is empty.")
    try:
        body = request.json()
    except BadBody as error:
        raise bare_message(400, f"The body isn't valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise bare_message(400, "The body must be a JSON object.")
    return body


def require(body: dict[str, Any], *names: str) -> None:
    """Raises FLOW-1304 naming what is missing."""
    missing = [name for name in names if body.get(name) in (None, "", [], {})]
    if missing:
        raise flow_error(1304, f"Mandatory values are missing: {', '.join(missing)}.")


def check_texts(body: dict[str, Any], *names: str) -> None:
    for name in names:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise flow_error(1304, f"{name} must be a text.")
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise flow_error(1304, f"{name} is too long.")


def as_object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise flow_error(1304, f"{where} must be an object.")
    return value


def is_draft(request: Request) -> bool:
    mode = request.param("mode")
    if mode not in (None, "draft"):
        raise flow_error(1453, "mode can only be draft.")
    return mode == "draft"


def create(
    world: World,
    request: Request,
    kind: str,
    fields: dict[str, Any],
    *,
    state: str,
    hidden: dict[str, Any] | None = None,
) -> Stored:
    return store_new(
        world, request.scope, kind, fields, state=state, hidden=hidden, client=request.client_id
    )


def store_new(
    world: World,
    scope: Scope,
    kind: str,
    fields: dict[str, Any],
    *,
    state: str,
    client: str,
    hidden: dict[str, Any] | None = None,
    object_id: str | None = None,
    created_ms: int | None = None,
) -> Stored:
    now = world.clock.now_ms() if created_ms is None else created_ms
    etag = new_etag()
    body = {
        "id": object_id or new_uuid(),
        "createdAt": now,
        "updatedAt": now,
        "createdBy": f"{client}@techacct.adobe.com",
        "updatedBy": f"{client}@techacct.adobe.com",
        "createdClient": client,
        "updatedClient": client,
        "sandboxId": seeded_uuid("sandbox", *scope),
        "sandboxName": scope.sandbox,
        "imsOrgId": scope.org,
        **fields,
        "state": state,
        "version": etag,
        "etag": etag,
    }
    stored = Stored(
        kind, scope, body["id"], body, body.get("name"), now, now, hidden=dict(hidden or {})
    )
    world.store.insert(stored)
    return stored


def created(stored: Stored, collection: Collection) -> Response:
    return Response(
        201,
        {"id": stored.id, "etag": stored.body["etag"]},
        headers={"Location": f"{BASE}/{collection.path}/{stored.id}"},
    )


def find(world: World, request: Request, kind: str, object_id: str | None = None) -> Stored:
    """Raises FLOW-1439-404."""
    wanted = request.args["id"] if object_id is None else object_id
    stored = world.store.get(kind, request.scope, wanted)
    if stored is None:
        raise flow_error(1439, f"{kind} {wanted[:100]} wasn't found.", status=404)
    return stored


def referenced(
    world: World, scope: Scope, kind: str, object_id: Any, *, code: int, where: str
) -> Stored:
    """An object that a body names. Raises the given code with 400 when it isn't there."""
    stored = world.store.get(kind, scope, object_id) if isinstance(object_id, str) else None
    if stored is None:
        raise flow_error(code, f"{where} names no {kind} of this sandbox: {str(object_id)[:100]}")
    return stored


def check_etag(request: Request, stored: Stored, *, required: bool = True) -> None:
    sent = request.header("if-match")
    if sent is None:
        if required:
            raise flow_error(1403, "The header If-Match is missing.")
        return
    if sent != stored.body["etag"]:
        raise stale_etag()


def touch(world: World, request: Request, stored: Stored) -> None:
    """Saves a changed object under a new etag."""
    etag = new_etag()
    stored.updated_at = max(world.clock.now_ms(), stored.updated_at)
    stored.name = stored.body.get("name")
    stored.body.update(
        etag=etag,
        version=etag,
        updatedAt=stored.updated_at,
        updatedClient=request.client_id,
        updatedBy=f"{request.client_id}@techacct.adobe.com",
    )
    world.store.save(stored)


def changed(stored: Stored) -> Response:
    return Response(200, {"id": stored.id, "etag": stored.body["etag"]})


def list_of(world: World, request: Request, collection: Collection) -> Response:
    seen_until = world.clock.now_ms() - int(world.config.list_delay_s * 1000)
    where = Sql(
        "kind = ? AND org = ? AND sandbox = ? AND created_at <= ?",
        (collection.kind, *request.scope, seen_until),
    )
    page = listing.page(
        world,
        request,
        table="objects",
        where=where,
        fields=_FIELDS,
        default_order="-updatedAt",
    )
    if page.count is not None:
        return Response(body={"count": page.count})
    items = [collection.view(world, stored_of(row)) for row in page.rows]
    return Response(body={"items": items, "_links": page.links})


def one_of(world: World, request: Request, collection: Collection) -> Response:
    stored = find(world, request, collection.kind)
    return Response(body={"items": [collection.view(world, stored)]})


def publish(world: World, request: Request, collection: Collection) -> Response:
    """``POST …/action?op=publish``: a draft becomes the real thing, or says what it lacks."""
    stored = find(world, request, collection.kind)
    if stored.body["state"] != "draft":
        raise flow_error(1422, "Only a draft can be published.")
    check_etag(request, stored, required=False)
    collection.check(world, request, stored.body)
    stored.body["state"] = "enabled"
    touch(world, request, stored)
    return changed(stored)


def operation(request: Request, *allowed: str) -> str:
    """The ``op`` of an action call; both spellings of the documents are taken."""
    op = (request.param("op") or "").lower()
    if op not in allowed:
        raise flow_error(1401, f"The action must be one of {', '.join(allowed)}.")
    return op
