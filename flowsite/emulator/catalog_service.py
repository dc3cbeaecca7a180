"""Catalog: datasets and batches, keyed by id (API contract, section 5)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator import catalog_filters
from flowsite.emulator.errors import ApiError, placeholder_error
from flowsite.emulator.ids import new_hex
from flowsite.emulator.json_patch import apply_patch, read_patch
from flowsite.emulator.registry import resolve
from flowsite.emulator.store import Stored
from flowsite.emulator.web import BadBody, Request, Response, Route, Scope
from flowsite.emulator.world import World

BASE = "/data/foundation/catalog"
DATASET = "dataset"
BATCH = "batch"
#: All of these mean major version 1 (API contract, section 5.2).
_CONTENT_TYPES = ("xed+json", "xed-full+json", "xed-full-notext+json", "xed-notext+json")
_JSON_PATCH = "application/json-patch+json"
_KEPT = (
    "name",
    "description",
    "schemaRef",
    "tags",
    "enableErrorDiagnostics",
    "fileDescription",
    "observableSchema",
)


def bad_request(detail: str) -> ApiError:
    return placeholder_error(400, "BadRequestError", detail)


def major_version(content_type: Any) -> str | None:
    """``1`` for every way of writing it (trap 16), None for anything else."""
    if not isinstance(content_type, str):
        return None
    text = content_type.replace(" ", "")
    if text in ("1", "1.0"):
        return "1"
    media, _, version = text.partition(";version=")
    known = media.removeprefix("application/vnd.adobe.") in _CONTENT_TYPES
    return "1" if known and version.partition(".")[0] == "1" else None


# --- Datasets ----------------------------------------------------------------------------------


def _read(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except BadBody as error:
        raise bad_request(f"The body isn't valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body


def _check(world: World, scope: Scope, body: dict[str, Any]) -> None:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise bad_request("name is missing.")
    if len(name) > 1000:
        raise bad_request("name is too long.")
    reference = body.get("schemaRef")
    if not isinstance(reference, dict) or not isinstance(reference.get("id"), str):
        raise bad_request("schemaRef.id is missing.")
    if major_version(reference.get("contentType")) is None:
        raise bad_request("schemaRef.contentType must name version 1 of the schema.")
    schema = resolve.find(world, scope, reference["id"])
    if schema is None or schema["meta:resourceType"] != "schemas":
        raise bad_request(f"There is no schema {reference['id'][:200]}.")
    _check_tags(schema, body.get("tags", {}))


def _check_tags(schema: dict[str, Any], tags: Any) -> None:
    fine = isinstance(tags, dict) and all(
        isinstance(values, list) and all(isinstance(value, str) for value in values)
        for values in tags.values()
    )
    if not fine:
        raise bad_request("tags is an object of lists of texts.")
    wants_profile = any(
        value.replace(" ", "") == "enabled:true" for value in tags.get("unifiedProfile", [])
    )
    if wants_profile and "union" not in schema.get("meta:immutableTags", []):
        raise bad_request("The schema isn't enabled for Profile.")


def store_new(
    world: World,
    scope: Scope,
    body: dict[str, Any],
    *,
    client: str,
    identifier: str | None = None,
    created_ms: int | None = None,
) -> Stored:
    _check(world, scope, body)
    now = world.clock.now_ms() if created_ms is None else created_ms
    document = {
        **{key: body[key] for key in _KEPT if key in body},
        "imsOrg": scope.org,
        "sandboxName": scope.sandbox,
        "version": "1.0.0",
        "created": now,
        "updated": now,
        "createdClient": client,
        "createdUser": f"{client}@techacct.adobe.com",
        "updatedUser": f"{client}@techacct.adobe.com",
        "state": "DRAFT",
        "status": "enabled",
    }
    stored = Stored(DATASET, scope, identifier or new_hex(24), document, body["name"], now, now)
    world.store.insert(stored)
    return stored


def create_dataset(world: World, request: Request) -> Response:
    stored = store_new(world, request.scope, _read(request), client=request.client_id)
    reference = f"/dataSets/{stored.id}"
    return Response(201, [f"@{reference}"], headers={"Location": f"{BASE}{reference}"})


def list_datasets(world: World, request: Request) -> Response:
    return Response(body=catalog_filters.page(world, request, DATASET))


def _own(world: World, request: Request, kind: str) -> Stored:
    stored = world.store.get(kind, request.scope, request.args["id"])
    if stored is None:
        raise placeholder_error(404, "NotFoundError", f"No such {kind}.")
    return stored


def _etag(stored: Stored) -> str:
    return f'"{stored.body["version"]}"'


def get_dataset(world: World, request: Request) -> Response:
    """The same keyed form as the list, with one key."""
    stored = _own(world, request, DATASET)
    view = catalog_filters.projected(stored.body, request)
    return Response(body={stored.id: view}, headers={"E-Tag": _etag(stored)})


def patch_dataset(world: World, request: Request) -> Response:
    stored = _own(world, request, DATASET)
    expected = request.header("if-match")
    if expected is not None and expected.strip('"') != stored.body["version"]:
        raise placeholder_error(412, "PreconditionFailed", "If-Match is stale.")
    if (request.header("content-type") or "").startswith(_JSON_PATCH):
        try:
            document = apply_patch(stored.body, read_patch(request), _KEPT)
        except ApiError as error:
            raise bad_request(str(error.body.get("message"))) from error
    else:
        sent = {key: value for key, value in _read(request).items() if key in _KEPT}
        document = {**stored.body, **sent}
    _check(world, request.scope, document)
    if document["schemaRef"]["id"] != stored.body["schemaRef"]["id"]:
        raise bad_request("The schema of a dataset can't be changed.")
    head, _, last = str(stored.body["version"]).rpartition(".")
    stored.updated_at = world.clock.now_ms()
    document.update(version=f"{head}.{int(last) + 1}", updated=stored.updated_at)
    stored.body, stored.name = document, document["name"]
    world.store.save(stored)
    return Response(200, [f"@/dataSets/{stored.id}"], headers={"E-Tag": _etag(stored)})


def delete_dataset(world: World, request: Request) -> Response:
    stored = _own(world, request, DATASET)
    world.store.delete(stored)
    world.store.execute("DELETE FROM lake_rows WHERE dataset_id = ?", (stored.id,))
    return Response(200, [f"@/dataSets/{stored.id}"])


# --- Batches -----------------------------------------------------------------------------------


def list_batches(world: World, request: Request) -> Response:
    return Response(body=catalog_filters.page(world, request, BATCH))


def get_batch(world: World, request: Request) -> Response:
    stored = _own(world, request, BATCH)
    return Response(body={stored.id: catalog_filters.projected(stored.body, request)})


def last_batches(world: World, request: Request) -> Response:
    """Many datasets in one call; datasets without batches are left out."""
    ids = [text for text in (request.param("dataSetId") or "").split(",") if text]
    if not ids:
        raise bad_request("dataSetId is missing.")
    answer: dict[str, Any] = {}
    for dataset_id in dict.fromkeys(ids[:500]):
        found = world.store.find(BATCH, request.scope, "name = ?", (dataset_id,))
        if not found:
            continue
        by_status = {stored.body["status"]: stored.id for stored in found}
        answer[dataset_id] = {
            "lastBatchId": found[-1].id,
            "lastBatchStatus": found[-1].body["status"],
            "lastSuccessfulBatchId": by_status.get("success"),
            "lastFailedBatchId": by_status.get("failed"),
        }
    return Response(body=answer)


ROUTES = (
    Route("GET", f"{BASE}/dataSets", list_datasets),
    Route("POST", f"{BASE}/dataSets", create_dataset, writes=True),
    Route("GET", f"{BASE}/dataSets/{{id}}", get_dataset),
    Route(
        "PATCH",
        f"{BASE}/dataSets/{{id}}",
        patch_dataset,
        writes=True,
        content_types=("application/json", _JSON_PATCH),
    ),
    Route("DELETE", f"{BASE}/dataSets/{{id}}", delete_dataset),
    Route("GET", f"{BASE}/batches", list_batches),
    Route("GET", f"{BASE}/batches/{{id}}", get_batch),
    Route("GET", f"{BASE}/lastBatches", last_batches),
)
