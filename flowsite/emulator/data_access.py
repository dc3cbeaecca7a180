"""Data Access: the diagnostic files of a batch (API contract, section 5.5)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from flowsite.emulator.catalog_service import BATCH
from flowsite.emulator.errors import ApiError, placeholder_error, service_error
from flowsite.emulator.execution import NO_DIAGNOSTICS
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

BASE = "/data/foundation/export"
MAX_LIMIT = 100
KEPT_MS = 30 * 86_400_000
_SAMPLE_NAMES = ("row_error_samples.json", "row_errors_sample.json")
_LINES = "application/x-ndjson"


def _bad_request(detail: str) -> ApiError:
    return placeholder_error(400, "BadRequestError", detail)


def _batch(world: World, request: Request) -> Stored:
    stored = world.store.get(BATCH, request.scope, request.args["id"])
    if stored is None:
        raise placeholder_error(404, "NotFoundError", "No such batch.")
    return stored


def meta(world: World, request: Request) -> Response:
    batch = _batch(world, request)
    path = (request.param("path") or "").strip("/")
    if not path:
        raise _bad_request("path is missing.")
    if path.startswith("row_error"):
        _check_diagnostics(world, batch)
    if path == "row_errors":
        return _listing(request, _sizes(world, batch.id, "row_errors/"), "meta?path=row_errors%2F")
    if path == "input_files":
        names = json.loads(_content(world, batch.id, path) or "[]")
        return _listing(request, dict.fromkeys(names, 0), "meta?path=input_files%2F")
    if path in _SAMPLE_NAMES:
        path = _SAMPLE_NAMES[0]
    content = _content(world, batch.id, path)
    if content is None:
        raise placeholder_error(404, "NotFoundError", "The batch has no such file.")
    return Response(body=content.encode("utf-8", "surrogatepass"), content_type=_LINES)


def _check_diagnostics(world: World, batch: Stored) -> None:
    code = int(NO_DIAGNOSTICS.split("-")[1])
    if batch.body["tags"]["acp_enableErrorDiagnostics"] != ["true"]:
        raise service_error("INGEST", code, "Error diagnostics are off for this batch.")
    if world.clock.now_ms() - batch.created_at > KEPT_MS:
        raise placeholder_error(404, "NotFoundError", "Diagnostics are kept for 30 days.")


def _sizes(world: World, batch_id: str, folder: str) -> dict[str, int]:
    """Bytes of each file in a folder, by name."""
    rows = world.store.rows(
        "SELECT path, length(CAST(content AS BLOB)) AS size FROM batch_files"
        " WHERE batch_id = ? AND path LIKE ? ORDER BY path",
        (batch_id, f"{folder}%"),
    )
    return {row["path"].removeprefix(folder): row["size"] for row in rows}


def _content(world: World, batch_id: str, path: str) -> str | None:
    found = world.store.value(
        "SELECT content FROM batch_files WHERE batch_id = ? AND path = ?", (batch_id, path)
    )
    return None if found is None else str(found)


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.param(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise _bad_request(f"{name} is a whole number up to {most}.")
    return int(text)


def _listing(request: Request, sizes: dict[str, int], link: str) -> Response:
    """``length`` is a string, and the link has an encoded slash, as in Adobe's samples."""
    start = _number(request, "start", 0, 10**9)
    limit = _number(request, "limit", MAX_LIMIT, MAX_LIMIT) or MAX_LIMIT
    batch = f"{request.base_url}{BASE}/batches/{request.args['id']}"
    data: list[dict[str, Any]] = [
        {
            "name": name,
            "length": str(size),
            "_links": {"self": {"href": f"{batch}/{link}{quote(name, safe='')}"}},
        }
        for name, size in list(sizes.items())[start : start + limit]
    ]
    return Response(body={"data": data, "_page": {"count": len(data), "limit": limit}})


def batch_files(world: World, request: Request) -> Response:
    batch = _batch(world, request)
    metrics = batch.body["metrics"]
    rows = metrics["outputRecordCount"]
    sizes = {f"{batch.id}-0.parquet": metrics["outputByteSize"]} if rows else {}
    return _listing(request, sizes, "files%2F")


def failed_files(world: World, request: Request) -> Response:
    batch = _batch(world, request)
    failed = batch.body["status"] == "failed"
    sizes = _sizes(world, batch.id, "row_errors/") if failed else {}
    return _listing(request, sizes, "failed%2F")


ROUTES = (
    Route("GET", f"{BASE}/batches/{{id}}/meta", meta),
    Route("GET", f"{BASE}/batches/{{id}}/files", batch_files),
    Route("GET", f"{BASE}/batches/{{id}}/failed", failed_files),
)
