"""Pages of Flow Service lists: filters, order, ``count`` and continuation tokens.

A token holds the sort values of the last row, so a page goes on behind that row whatever
has been created or deleted meanwhile, and equal values at a page border lose nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service.filters import Fields, Order, Sql, conditions, order
from flowsite.emulator.web import Request
from flowsite.emulator.world import World

_KNOWN = frozenset({"property", "limit", "orderby", "continuationToken", "count"})


@dataclass(frozen=True)
class Page:
    """``rows`` of the table, or only a ``count``."""

    rows: list[sqlite3.Row]
    links: dict[str, Any]
    count: int | None = None


def page(
    world: World,
    request: Request,
    *,
    table: str,
    where: Sql,
    fields: Fields,
    default_order: str,
) -> Page:
    if unknown := sorted({key for key, _ in request.query} - _KNOWN):
        raise flow_error(1451, f"Unknown parameter: {unknown[0][:100]}")
    tests = [where, *conditions(fields, request.params("property"))]
    if _counts(request):
        matched = _all(tests)
        found = world.store.value(
            f"SELECT count(*) FROM {table} WHERE {matched.text}", matched.params
        )
        return Page([], {}, count=found)
    orders = order(fields, request.param("orderby"), default_order)
    orders.append(Order(Sql("seq"), orders[-1].descending))
    limit = _limit(world, request)
    token = request.param("continuationToken")
    if token:
        tests.append(_behind(orders, _read_token(token, len(orders))))
    rows = _select(world, table, tests, orders, limit + 1)
    if len(rows) <= limit:
        return Page(rows, {})
    last = [rows[limit - 1][f"key_{index}"] for index in range(len(orders))]
    return Page(rows[:limit], {"next": {"href": _href(request, limit, last)}})


def _counts(request: Request) -> bool:
    count = (request.param("count") or "false").lower()
    if count not in ("true", "false"):
        raise flow_error(1453, "count is true or false.")
    if count == "true" and request.param("limit") is not None:
        raise flow_error(1401, "count and limit can't be combined.")
    return count == "true"


def _limit(world: World, request: Request) -> int:
    text = request.param("limit")
    if text is None:
        return min(world.config.flow_page_default, world.config.flow_page_max)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise flow_error(1453, "limit must be a whole number, 1 or more.")
    return min(int(text), world.config.flow_page_max)


def _all(tests: Sequence[Sql]) -> Sql:
    return Sql(
        " AND ".join(f"({test.text})" for test in tests),
        tuple(value for test in tests for value in test.params),
    )


def _select(
    world: World, table: str, tests: Sequence[Sql], orders: Sequence[Order], limit: int
) -> list[sqlite3.Row]:
    matched = _all(tests)
    keys = ", ".join(f"{item.sql.text} AS key_{index}" for index, item in enumerate(orders))
    sorting = ", ".join(
        f"key_{index}{' DESC' if item.descending else ''}" for index, item in enumerate(orders)
    )
    params = [value for item in orders for value in item.sql.params]
    return world.store.rows(
        f"SELECT *, {keys} FROM {table} WHERE {matched.text} ORDER BY {sorting} LIMIT ?",
        (*params, *matched.params, limit),
    )


def _behind(orders: Sequence[Order], values: Sequence[Any]) -> Sql:
    """Rows after the one with these sort values: later in the first key, or equal there and
    later in the second, and so on. One direction for all keys becomes a row value, which
    SQLite can look up in an index."""
    if len({item.descending for item in orders}) == 1:
        names = ", ".join(item.sql.text for item in orders)
        marks = ", ".join("?" * len(orders))
        bound = [value for item in orders for value in item.sql.params]
        sign = "<" if orders[0].descending else ">"
        return Sql(f"({names}) {sign} ({marks})", (*bound, *values))
    texts: list[str] = []
    params: list[Any] = []
    for index, item in enumerate(orders):
        equal = [f"{earlier.sql.text} = ?" for earlier in orders[:index]]
        for earlier, value in zip(orders[:index], values, strict=False):
            params.extend((*earlier.sql.params, value))
        beyond = f"{item.sql.text} {'<' if item.descending else '>'} ?"
        params.extend((*item.sql.params, values[index]))
        texts.append("(" + " AND ".join([*equal, beyond]) + ")")
    return Sql(" OR ".join(texts), tuple(params))


def _href(request: Request, limit: int, last: list[Any]) -> str:
    """Relative to the service's base path. The token is plain base64: ``+``, ``/`` and ``=``
    are in its alphabet, and a client must read it out of the URL, not cut it out."""
    token = base64.b64encode(json.dumps(last).encode()).decode()
    kept = [(key, value) for key, value in request.query if key in ("property", "orderby")]
    query = urlencode(
        [*kept, ("limit", limit), ("continuationToken", token)], quote_via=quote, safe=""
    )
    return f"/{request.path.rstrip('/').rpartition('/')[2]}?{query}"


def _read_token(text: str, length: int) -> list[Any]:
    try:
        values = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise flow_error(1453, "The continuationToken isn't one of ours.") from error
    fine = isinstance(values, list) and len(values) == length
    if not fine or not all(_bindable(value) for value in values):
        raise flow_error(1453, "The continuationToken isn't for this query.")
    return list(values)


def _bindable(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 2**63
    return isinstance(value, (str, float))
