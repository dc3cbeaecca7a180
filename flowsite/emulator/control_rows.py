"""Control endpoints for rows: what lies in the source tables and what arrived in the lake."""

from __future__ import annotations

import json
from typing import Any

from flowsite.emulator.errors import ApiError
from flowsite.emulator.flow_service.entities import CONNECTION
from flowsite.emulator.store import Stored, stored_of
from flowsite.emulator.systems.model import Table
from flowsite.emulator.systems.reader import Reader
from flowsite.emulator.web import BadBody, Request, Response, Route
from flowsite.emulator.world import World

MAX_ROWS = 10_000


def _refusal(status: int, message: str) -> ApiError:
    return ApiError(status, {"message": message})


def _account(world: World, account_id: Any) -> Stored:
    row = world.store.row(
        "SELECT * FROM objects WHERE kind = ? AND id = ?", (CONNECTION, str(account_id))
    )
    if row is None:
        raise _refusal(404, "account names no connection.")
    return stored_of(row)


def _table(reader: Reader, path: Any) -> Table:
    table = reader.tables().get(str(path))
    if table is None:
        raise _refusal(404, "table names no table of the account.")
    return table


def list_tables(world: World, request: Request) -> Response:
    """``?account=`` → every table with its present number of rows."""
    reader = Reader(world, _account(world, request.param("account")))
    tables = [
        {"path": path, "rows": reader.size(table), "columns": [c.flat() for c in table.columns]}
        for path, table in reader.tables().items()
    ]
    return Response(body={"tables": tables})


def list_rows(world: World, request: Request) -> Response:
    """``?account=&table=[&column=&since_s=&until_s=][&limit=]`` → the rows of a window."""
    reader = Reader(world, _account(world, request.param("account")))
    table = _table(reader, request.param("table"))
    try:
        since_s = float(request.param("since_s") or 0)
        until_s = float(request.param("until_s") or reader.now_s)
        limit = max(0, min(int(request.param("limit") or 100), MAX_ROWS))
    except ValueError as error:
        raise _refusal(400, "since_s, until_s and limit are numbers.") from error
    column = request.param("column")
    found = list(reader.rows(table, column=column, since_s=since_s, until_s=until_s))
    return Response(body={"count": len(found), "rows": found[:limit]})


def add_rows(world: World, request: Request) -> Response:
    """``{"account", "table", "rows": […]}`` puts rows into a table, behind all others."""
    try:
        order = request.json()
    except BadBody as error:
        raise _refusal(400, f"Not JSON: {error}") from error
    rows = order.get("rows") if isinstance(order, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _refusal(400, "rows is a list of objects.")
    with world.store.transaction():
        account = _account(world, order.get("account"))
        table = _table(Reader(world, account), order.get("table"))
        world.store.execute_many(
            "INSERT INTO added_rows (account_id, path, body) VALUES (?, ?, ?)",
            [(account.id, table.path, json.dumps(row)) for row in rows],
        )
    return Response(201, {"added": len(rows)})


def lake(world: World, request: Request) -> Response:
    """``?dataset=[&limit=]`` → the newest rows of a dataset, and how many are kept."""
    dataset_id = request.param("dataset") or ""
    text = request.param("limit") or "100"
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise _refusal(400, "limit is a whole number.")
    count = world.store.value("SELECT count(*) FROM lake_rows WHERE dataset_id = ?", (dataset_id,))
    rows = world.store.rows(
        "SELECT batch_id, body FROM lake_rows WHERE dataset_id = ? ORDER BY seq DESC LIMIT ?",
        (dataset_id, min(int(text), MAX_ROWS)),
    )
    found = [{"batch": row["batch_id"], "row": json.loads(row["body"])} for row in rows]
    return Response(body={"count": count, "rows": found})


ROUTES = tuple(
    Route(method, f"/_emulator/{path}", handler, needs_sandbox=False)
    for method, path, handler in (
        ("GET", "tables", list_tables),
        ("GET", "rows", list_rows),
        ("POST", "rows", add_rows),
        ("GET", "lake", lake),
    )
)
