"""Explore: what lies behind an account, its columns and a few rows (API contract, section 7.4)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from flowsite.emulator.errors import flow_error, service_error
from flowsite.emulator.flow_service import entities
from flowsite.emulator.flow_service.entities import BASE, CONNECTION
from flowsite.emulator.flow_service.spec_schemas import STRIPE_RESOURCES
from flowsite.emulator.flow_service.specs import kind_of
from flowsite.emulator.systems.model import SourceFile, Table
from flowsite.emulator.systems.reader import ProviderError, Reader
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_OBJECT_TYPES = {
    "tabular": ("root", "table"),
    "file": ("root", "folder", "file"),
    "rest": ("rest",),
}
FILE_TYPES = ("delimited", "json", "parquet")


def explore(world: World, request: Request) -> Response:
    account = entities.find(world, request, CONNECTION)
    kind = kind_of(account.body["connectionSpec"]["id"])
    object_type = request.param("objectType")
    if not object_type:
        raise flow_error(1334, "objectType is empty.")
    if kind not in _OBJECT_TYPES:
        raise flow_error(1336, "This source can't be explored.")
    if object_type not in _OBJECT_TYPES[kind]:
        raise flow_error(1358, f"objectType must be one of {', '.join(_OBJECT_TYPES[kind])}.")
    reader = Reader(world, account)
    try:
        reader.check_health()
    except ProviderError as error:
        raise service_error("CONNECTOR", 1308, str(error)) from error
    handlers = {
        "root": _root,
        "table": _table,
        "folder": _folder,
        "file": _file,
        "rest": _resource,
    }
    return Response(body=handlers[object_type](reader, request, kind))


def _object(request: Request) -> str:
    path = request.param("object")
    if not path:
        raise flow_error(1337, "object is empty.")
    return path


def _wants_rows(request: Request) -> bool:
    return (request.param("preview") or "false").lower() == "true"


def _root(reader: Reader, _request: Request, kind: str) -> list[dict[str, Any]]:
    if kind == "file":
        return _inside(reader.files(), "/")
    return [
        {
            "type": "table",
            "name": table.name,
            "path": table.path,
            "canPreview": True,
            "canFetchSchema": True,
        }
        for table in sorted(reader.tables().values(), key=lambda table: table.path)
    ]


def _inside(found: list[SourceFile], folder: str) -> list[dict[str, Any]]:
    folders: dict[str, dict[str, Any]] = {}
    items: list[dict[str, Any]] = []
    for file in found:
        rest = file.path.removeprefix(folder)
        name, deeper, _ = rest.partition("/")
        if deeper:
            folders.setdefault(name, {"type": "folder", "name": name, "path": folder + name})
        else:
            items.append(
                {
                    "type": "file",
                    "name": name,
                    "path": file.path,
                    "canPreview": True,
                    "canFetchSchema": True,
                }
            )
    return [*folders.values(), *items]


def _folder(reader: Reader, request: Request, _kind: str) -> list[dict[str, Any]]:
    folder = "/" + _object(request).strip("/")
    folder = folder if folder == "/" else folder + "/"
    found = [file for file in reader.files() if file.path.startswith(folder)]
    if not found:
        raise flow_error(1323, f"There is no folder {folder[:200]}.", status=404)
    return _inside(found, folder)


def _table(reader: Reader, request: Request, _kind: str) -> dict[str, Any]:
    path = _object(request)
    table = reader.tables().get(path)
    if table is None:
        raise flow_error(1323, f"There is no table {path[:300]}.", status=404)
    answer: dict[str, Any] = {
        "format": "flat",
        "schema": {"columns": [column.flat() for column in table.columns]},
    }
    if _wants_rows(request):
        answer["data"] = reader.first_rows(table, reader.world.config.preview_rows)
    return answer


def _file(reader: Reader, request: Request, _kind: str) -> Any:
    path = _object(request)
    file_type = request.param("fileType")
    if file_type not in FILE_TYPES:
        raise flow_error(1326, f"fileType must be one of {', '.join(FILE_TYPES)}.")
    delimiter = request.param("columnDelimiter")
    if delimiter is not None and len(delimiter) != 1:
        raise flow_error(1331, "columnDelimiter is one character.")
    found = [file for file in reader.files() if file.path == "/" + path.strip("/")]
    if not found:
        raise flow_error(1323, f"There is no file {path[:300]}.", status=404)
    file = found[0]
    if file.format != file_type:
        raise flow_error(1326, f"The file isn't {file_type}.")
    answer = _file_schema(file)
    if _wants_rows(request):
        rows = file.rows(reader.seeded_at_s, reader.now_s)
        answer["data"] = [
            row for row, _ in zip(rows, range(reader.world.config.preview_rows), strict=False)
        ]
    return answer


def _file_schema(file: SourceFile) -> dict[str, Any]:
    if file.format == "delimited":
        # A delimited file has no types: every column is text.
        columns = [
            {"name": column.name, "type": "string", "xdm": {"type": "string"}}
            for column in file.table.columns
        ]
        return {"format": "flat", "schema": {"columns": columns}}
    return {"format": "hierarchical", "schema": file.table.hierarchy()}


def _resource(reader: Reader, request: Request, _kind: str) -> dict[str, Any]:
    if _object(request) != "json":
        raise flow_error(1337, "object must be json.")
    if request.param("fileType") != "json":
        raise flow_error(1326, "fileType must be json.")
    table = resource_table(reader, _source_params(request))
    answer: dict[str, Any] = {
        "format": "hierarchical",
        "schema": {"type": "object", "properties": {"data": table.hierarchy()}},
    }
    if _wants_rows(request):
        rows = reader.first_rows(table, reader.world.config.preview_rows)
        answer["data"] = [{"data": row} for row in rows]
    return answer


def _source_params(request: Request) -> dict[str, Any]:
    text = request.param("sourceParams")
    if not text:
        raise flow_error(1334, "sourceParams is empty.")
    try:
        params = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise flow_error(1334, "sourceParams must be base64 of a JSON object.") from error
    if not isinstance(params, dict):
        raise flow_error(1334, "sourceParams must be base64 of a JSON object.")
    return params


def resource_table(reader: Reader, params: dict[str, Any]) -> Table:
    """The rows behind a ``resourcePath``; sources other than Stripe answer to any path."""
    path = params.get("resourcePath")
    if not isinstance(path, str) or not path:
        raise flow_error(1334, "resourcePath is empty.")
    tables = reader.tables()
    if reader.account.hidden.get("system") == "stripe" and path not in STRIPE_RESOURCES:
        raise flow_error(1323, f"There is no resource {path[:200]}.", status=404)
    table = tables.get(path) or next(iter(tables.values()), None)
    if table is None:
        raise flow_error(1330, "The source has no columns.")
    return table


ROUTES = (Route("GET", f"{BASE}/connections/{{id}}/explore", explore),)
