"""Pages by key instead of by offset: the cost of a page doesn't grow with its number."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import DateTimeField, Model, Q, QuerySet
from django.utils.dateparse import parse_datetime

Row = TypeVar("Row", bound=Model)
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows and the cursors of the neighbouring pages (None where there is none)."""

    rows: list[Row]
    next: str | None = None
    previous: str | None = None


def _encode(direction: str, value: Any, pk: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    body = json.dumps([direction, isinstance(value, datetime), text, pk])
    return urlsafe_b64encode(body.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, Any, Any] | None:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        direction, is_time, value, pk = json.loads(raw)
        if is_time:
            value = parse_datetime(value) if isinstance(value, str) else None
    except (ValueError, binascii.Error, TypeError):
        return None
    if direction not in {"next", "previous"} or not isinstance(pk, int) or abs(pk) >= 2**63:
        return None
    if not isinstance(value, str | int | float | datetime):
        return None
    return direction, value, pk


def _fits(rows: QuerySet[Row], column: str, value: Any) -> bool:
    """Whether a cursor's value can be compared with the column; people can write any cursor."""
    field = rows.model._meta.get_field(column)
    if isinstance(field, DateTimeField):
        return isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(value, str) and "\x00" not in value and not _SURROGATES.search(value)


def page_of(rows: QuerySet[Row], *, order: str, cursor: str | None, size: int = 50) -> Page[Row]:
    """One page of ``rows`` in ``order`` (a column that is never null, ``-`` for descending).

    The primary key breaks ties. A cursor that can't be read gives the first page. One query.
    """
    column, descending = order.lstrip("-"), order.startswith("-")
    place = _decode(cursor) if cursor else None
    if place and not _fits(rows, column, place[1]):
        place = None
    backwards = place is not None and place[0] == "previous"
    if place:
        _, value, pk = place
        side = "lt" if descending != backwards else "gt"
        beyond = Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": pk})
        rows = rows.filter(beyond)
    sign = "-" if descending != backwards else ""
    found = list(rows.order_by(f"{sign}{column}", f"{sign}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([])

    def mark(direction: str, row: Row) -> str:
        return _encode(direction, getattr(row, column), row.pk)

    has_next = more if not backwards else True
    has_previous = (place is not None) if not backwards else more
    return Page(
        found,
        next=mark("next", found[-1]) if has_next else None,
        previous=mark("previous", found[0]) if has_previous else None,
    )
