"""Data Prep: mapping sets, checks, previews, the expression language (API contract, section 6)."""

from __future__ import annotations

import json
from typing import Any

from flowsite.emulator.catalog_service import major_version
from flowsite.emulator.errors import ApiError, placeholder_error
from flowsite.emulator.expressions import ExpressionError, parse
from flowsite.emulator.functions import FUNCTIONS
from flowsite.emulator.functions.values import OPERATORS, EvaluationError
from flowsite.emulator.ids import new_hex
from flowsite.emulator.mapping import BadMapping, Mapper, MappingRow, problem_of, rows_of
from flowsite.emulator.registry import resolve
from flowsite.emulator.store import Stored
from flowsite.emulator.web import BadBody, Request, Response, Route, Scope
from flowsite.emulator.world import World

BASE = "/data/foundation/conversion"
MAPPING_SET = "mappingSet"
MAPPING_VERSION = "mappingVersion"
MAX_PREVIEW_ROWS = 1000
MAX_LIMIT = 1000


def bad_request(detail: str) -> ApiError:
    return placeholder_error(400, "BadRequestError", detail)


def _read(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except BadBody as error:
        raise bad_request(f"The body isn't valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body


# --- Bodies ------------------------------------------------------------------------------------


def schema_reference(body: dict[str, Any]) -> tuple[str, str]:
    """Schema id and content type, from either dialect (API contract, section 6.2)."""
    output = body.get("outputSchema")
    if isinstance(output, dict) and isinstance(output.get("schemaRef"), dict):
        reference = output["schemaRef"]
        schema_id, version = reference.get("id"), reference.get("contentType")
    else:
        schema_id, version = body.get("xdmSchema"), body.get("xdmVersion")
    if not isinstance(schema_id, str) or not schema_id:
        raise bad_request("outputSchema.schemaRef.id is missing.")
    if major_version(version) is None:
        raise bad_request("outputSchema.schemaRef.contentType must name version 1 of the schema.")
    return schema_id, str(version)


def target_schema(world: World, scope: Scope, schema_id: str) -> dict[str, Any]:
    resource = resolve.find(world, scope, schema_id)
    if resource is None or resource["meta:resourceType"] != "schemas":
        raise bad_request(f"There is no schema {schema_id[:200]}.")
    return resolve.full(world, scope, resource)


def _mappings(body: dict[str, Any]) -> list[MappingRow]:
    try:
        return rows_of(body)
    except BadMapping as error:
        raise bad_request(str(error)) from error


def _check(world: World, scope: Scope, body: dict[str, Any]) -> None:
    """What is stored must be able to run, so a mapping that can't is refused here already."""
    schema = target_schema(world, scope, schema_reference(body)[0])
    for place, row in enumerate(_mappings(body)):
        if problem := problem_of(row, schema):
            raise bad_request(f"mappings[{place}]: {problem}")
    if body.get("name") is not None and not isinstance(body["name"], str):
        raise bad_request("name must be a text.")


def _text_of(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _document(body: dict[str, Any], set_id: str, version: int) -> dict[str, Any]:
    schema_id, content_type = schema_reference(body)
    mappings = [
        {
            "id": new_hex(32),
            "version": 0,
            "sourceType": row.source_type,
            "source": row.source,
            "destination": row.destination,
            "name": _text_of(mapping, "name"),
            "description": _text_of(mapping, "description"),
        }
        for mapping, row in zip(body["mappings"], rows_of(body), strict=True)
    ]
    return {
        "id": set_id,
        "version": version,
        "name": body.get("name"),
        "status": "PUBLISHED",
        "xdmSchema": schema_id,
        "xdmVersion": content_type,
        "outputSchema": {"schemaRef": {"id": schema_id, "contentType": content_type}},
        "mappings": mappings,
    }


# --- Mapping sets ------------------------------------------------------------------------------


def store_new(
    world: World, scope: Scope, body: dict[str, Any], *, client: str, identifier: str | None = None
) -> Stored:
    _check(world, scope, body)
    now = world.clock.now_ms()
    set_id = identifier or new_hex(32)
    document = _document(body, set_id, 0)
    document.update(createdDate=now, modifiedDate=now, createdBy=client, modifiedBy=client)
    stored = Stored(MAPPING_SET, scope, set_id, document, document["name"], now, now)
    world.store.insert(stored)
    _store_version(world, stored)
    return stored


def _store_version(world: World, stored: Stored) -> None:
    version = Stored(
        MAPPING_VERSION,
        stored.scope,
        f"{stored.id}@{stored.body['version']}",
        stored.body,
        None,
        stored.created_at,
        stored.updated_at,
    )
    world.store.insert(version)


def mapping_version(world: World, scope: Scope, set_id: str, version: int) -> dict[str, Any] | None:
    found = world.store.get(MAPPING_VERSION, scope, f"{set_id}@{version}")
    return None if found is None else found.body


def _answer(stored: Stored) -> Response:
    """HTTP 200 also for a create (API contract, section 6.1)."""
    keys = ("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy")
    return Response(200, {key: stored.body[key] for key in keys})


def create_mapping_set(world: World, request: Request) -> Response:
    return _answer(store_new(world, request.scope, _read(request), client=request.client_id))


def _own(world: World, request: Request) -> Stored:
    stored = world.store.get(MAPPING_SET, request.scope, request.args["id"])
    if stored is None:
        raise placeholder_error(404, "NotFoundError", "No such mapping set.")
    return stored


def replace_mapping_set(world: World, request: Request) -> Response:
    stored = _own(world, request)
    body = _read(request)
    _check(world, request.scope, body)
    document = _document(body, stored.id, int(stored.body["version"]) + 1)
    now = world.clock.now_ms()
    document.update(
        createdDate=stored.body["createdDate"],
        createdBy=stored.body["createdBy"],
        modifiedDate=now,
        modifiedBy=request.client_id,
    )
    stored.body, stored.name, stored.updated_at = document, document["name"], now
    world.store.save(stored)
    _store_version(world, stored)
    return _answer(stored)


def _count(request: Request, name: str) -> int:
    text = request.param(name)
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request(f"{name} is required and is a whole number.")
    return int(text)


def list_mapping_sets(world: World, request: Request) -> Response:
    limit, start = _count(request, "limit"), _count(request, "start")
    if not 1 <= limit <= MAX_LIMIT:
        raise bad_request(f"limit must be from 1 to {MAX_LIMIT}.")
    order = request.param("orderBy") or "createdDate"
    columns = {"createdDate": "created_at", "updatedDate": "updated_at"}
    column = columns.get(order.removeprefix("-"))
    if column is None:
        raise bad_request("orderBy sorts by createdDate or updatedDate.")
    direction = "DESC" if order.startswith("-") else "ASC"
    name = request.param("name")
    where, params = ("AND name = ?", [name]) if name else ("", [])
    seen_until = world.clock.now_ms() - int(world.config.list_delay_s * 1000)
    rows = world.store.rows(
        "SELECT body FROM objects WHERE kind = ? AND org = ? AND sandbox = ? AND created_at <= ?"
        f" {where} ORDER BY {column} {direction}, seq {direction} LIMIT ? OFFSET ?",
        (MAPPING_SET, *request.scope, seen_until, *params, limit, start),
    )
    data = [json.loads(row["body"]) for row in rows]
    # The count says 0 with rows present, as in Adobe's own sample (API contract, section 1.5).
    return Response(body={"data": data, "_page": {"count": 0, "limit": limit}, "_links": {}})


def get_mapping_set(world: World, request: Request) -> Response:
    """Without ``version`` it is version 0, not the newest (API contract, section 6.1)."""
    text = request.param("version") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request("version is a whole number.")
    _own(world, request)
    document = mapping_version(world, request.scope, request.args["id"], int(text))
    if document is None:
        raise placeholder_error(404, "NotFoundError", "No such version of the mapping set.")
    return Response(body=document)


def list_mappings(world: World, request: Request) -> Response:
    return Response(body=_own(world, request).body["mappings"])


def get_mapping(world: World, request: Request) -> Response:
    for mapping in _own(world, request).body["mappings"]:
        if mapping["id"] == request.args["mapping"]:
            return Response(body=mapping)
    raise placeholder_error(404, "NotFoundError", "No such mapping.")


# --- Checks ------------------------------------------------------------------------------------


def validate(world: World, request: Request) -> Response:
    """200 even when mappings fail; entries line up with them (API contract, section 6.3)."""
    body = _read(request)
    schema = target_schema(world, request.scope, schema_reference(body)[0])
    answers: list[dict[str, Any]] = []
    for row in _mappings(body):
        problem = problem_of(row, schema)
        if problem is None:
            answers.append({"status": "SUCCESS", "errors": None})
            continue
        error = {
            "source": row.source,
            "destination": row.destination,
            "exception": problem,
            "columnName": None,
            "sourceType": row.source_type,
        }
        answers.append({"status": "FAILED", "errors": [error]})
    return Response(body={"validationResponse": answers})


def preview(world: World, request: Request) -> Response:
    body = _read(request)
    rows, mapping_set = body.get("data"), body.get("mappingSet")
    if not isinstance(rows, list) or len(rows) > MAX_PREVIEW_ROWS:
        raise bad_request(f"data is a list of at most {MAX_PREVIEW_ROWS} rows.")
    if not isinstance(mapping_set, dict):
        raise bad_request("mappingSet is missing.")
    _check(world, request.scope, mapping_set)
    schema = target_schema(world, request.scope, schema_reference(mapping_set)[0])
    mapper = Mapper(_mappings(mapping_set), schema)
    answers = []
    for row in rows:
        mapped = mapper.map(row)
        errors = mapped.rejected or mapped.warnings
        answers.append({"data": mapped.data, "errors": errors or None})
    return Response(body=answers)


def validate_expression(_world: World, request: Request) -> Response:
    body = _read(request)
    text = body.get("expression")
    if not isinstance(text, str):
        raise bad_request("expression is missing.")
    try:
        expression = parse(text)
        sample = body.get("sampleData")
        if isinstance(sample, str):
            expression.evaluate(json.loads(sample))
        elif isinstance(sample, dict):
            expression.evaluate(sample)
    except (ExpressionError, EvaluationError) as error:
        return Response(body={"validationStatus": "failed", "error": str(error)})
    except (ValueError, RecursionError) as error:
        raise bad_request("sampleData isn't JSON.") from error
    return Response(body={"validationStatus": "succeeded", "error": "none"})


def list_functions(_world: World, _request: Request) -> Response:
    return Response(body=[function.view() for function in FUNCTIONS.values()])


def list_operators(_world: World, _request: Request) -> Response:
    return Response(
        body=[
            {"operator": sign, "category": "Operators", "syntax": f"a {sign} b", "examples": []}
            for sign in (*OPERATORS, "&&", "||", "!", "?:")
        ]
    )


ROUTES = (
    Route("GET", f"{BASE}/mappingSets", list_mapping_sets),
    Route("POST", f"{BASE}/mappingSets", create_mapping_set, writes=True),
    Route("POST", f"{BASE}/mappingSets/validate", validate, writes=True),
    Route("POST", f"{BASE}/mappingSets/preview", preview, writes=True),
    Route("GET", f"{BASE}/mappingSets/{{id}}", get_mapping_set),
    Route("PUT", f"{BASE}/mappingSets/{{id}}", replace_mapping_set, writes=True),
    Route("GET", f"{BASE}/mappingSets/{{id}}/mappings", list_mappings),
    Route("GET", f"{BASE}/mappingSets/{{id}}/mappings/{{mapping}}", get_mapping),
    Route("POST", f"{BASE}/languages/el/validate", validate_expression, writes=True),
    Route("GET", f"{BASE}/languages/el/functions", list_functions),
    Route("GET", f"{BASE}/languages/el/operators", list_operators),
)
