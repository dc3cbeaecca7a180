"""``property`` filters and ``orderby`` of Flow Service, turned into SQL.

A filter is a path, an operator and a value; commas in the value mean OR, a repeated
``property`` means AND (API contract, section 7.1). Paths never reach the SQL text: columns
come from a fixed table, everything else is a bound JSON path.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowsite.emulator.errors import ApiError, flow_error

_FILTER = re.compile(r"\s*([\w.:@$\[\]-]+?)\s*(==|!=|<=|>=|<|>|~)(.*)", re.DOTALL)
_PATH = re.compile(r"[\w:@$-]+(\[\])?(\.[\w:@$-]+(\[\])?)*")
_RANGES = ("<", "<=", ">", ">=")
MAX_FILTERS = 20
MAX_VALUES = 200


@dataclass(frozen=True)
class Sql:
    text: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Fields:
    """The fields of one list: ``columns`` have SQL of their own, paths under ``roots`` are
    read from the JSON in ``document`` (None: no other paths)."""

    columns: Mapping[str, str]
    roots: frozenset[str] = frozenset()
    document: str | None = None
    nullable: frozenset[str] = frozenset()

    def expression(self, path: str) -> Sql:
        if path in self.columns:
            return Sql(self.columns[path])
        if self.document is None or path.partition(".")[0].removesuffix("[]") not in self.roots:
            raise flow_error(1449, f"The field {path[:100]} isn't known.")
        return Sql(f"json_extract({self.document}, ?)", (json_path(path),))


def json_path(path: str) -> str:
    return "$" + "".join(f'."{part}"' for part in path.split("."))


def conditions(fields: Fields, filters: Sequence[str]) -> list[Sql]:
    if len(filters) > MAX_FILTERS:
        raise flow_error(1452, f"At most {MAX_FILTERS} properties can be given.")
    return [_condition(fields, text) for text in filters]


def _condition(fields: Fields, text: str) -> Sql:
    match = _FILTER.fullmatch(text)
    path, operator, value = match.groups() if match else (text.strip(), None, "")
    if not _PATH.fullmatch(path):
        raise flow_error(1450, "A property is a path, an operator and a value.")
    if operator is None:
        return _exists(fields, path)
    if operator == "~":
        raise flow_error(1440, "The operator ~ isn't implemented.")
    values = _values(value)
    if operator in _RANGES:
        return _range(fields, path, operator, values)
    return _equals(fields, path, values, negated=operator == "!=")


def _values(text: str) -> list[str]:
    """Comma-separated, each with or without double quotes; commas inside quotes don't count."""
    try:
        values = [value.strip() for value in next(csv.reader([text], skipinitialspace=True), [])]
    except csv.Error as error:
        raise flow_error(1453, "A property's value can't be read.") from error
    if not values or "" in values:
        raise flow_error(1453, "A property's value is empty.")
    if len(values) > MAX_VALUES:
        raise flow_error(1453, f"At most {MAX_VALUES} values can be listed.")
    return values


def _exists(fields: Fields, path: str) -> Sql:
    inner = fields.expression(path.replace("[]", ""))
    return Sql(f"{inner.text} IS NOT NULL", inner.params)


def _range(fields: Fields, path: str, operator: str, values: list[str]) -> Sql:
    if len(values) > 1:
        raise flow_error(1443, f"The operator {operator} takes one value, not a list.")
    if path == "id":
        raise flow_error(1448, f"The operator {operator} can't be used on id.")
    inner = fields.expression(path)
    try:
        bound: Any = float(values[0])
    except ValueError:
        if path.endswith(("At", "UTC")):
            raise flow_error(1453, f"{path} is compared with a number.") from None
        return Sql(f"CAST({inner.text} AS TEXT) {operator} ?", (*inner.params, values[0]))
    if path in fields.columns:
        return Sql(f"{inner.text} {operator} ?", (*inner.params, bound))
    return Sql(
        f"({inner.text} IS NOT NULL AND CAST({inner.text} AS REAL) {operator} ?)",
        (*inner.params, *inner.params, bound),
    )


def _equals(fields: Fields, path: str, values: list[str], *, negated: bool) -> Sql:
    if "[]" in path:
        match = _any_element(fields, path, values)
    elif path in fields.columns:
        match = _in(fields.expression(path), [_bound(value) for value in values])
    else:
        fields.expression(path)
        match = _in(_json_text(fields.document or "", path), values)
    return Sql(f"NOT coalesce({match.text}, 0)", match.params) if negated else match


def _bound(value: str) -> Any:
    """Columns of whole numbers are compared as numbers; SQLite converts where it must."""
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else value


def _in(inner: Sql, values: Sequence[Any]) -> Sql:
    marks = ", ".join("?" * len(values))
    return Sql(f"{inner.text} IN ({marks})", (*inner.params, *values))


def _json_text(document: str, path: str) -> Sql:
    """A JSON value as text; true and false by name, not as SQLite's 1 and 0."""
    at = json_path(path)
    return Sql(
        f"CASE WHEN json_type({document}, ?) IN ('true', 'false') THEN json_type({document}, ?)"
        f" ELSE CAST(json_extract({document}, ?) AS TEXT) END",
        (at, at, at),
    )


def _any_element(fields: Fields, path: str, values: list[str]) -> Sql:
    """``columns[].name==x``: true when any element of the array matches."""
    fields.expression(path)
    array, _, rest = path.partition("[]")
    if "[]" in rest:
        raise flow_error(1450, "A property steps into one array at most.")
    rest = rest.removeprefix(".")
    element = _json_text("e.value", rest) if rest else Sql("CAST(e.value AS TEXT)")
    test = _in(element, values)
    return Sql(
        f"EXISTS (SELECT 1 FROM json_each({fields.document}, ?) AS e WHERE {test.text})",
        (json_path(array), *test.params),
    )


@dataclass(frozen=True)
class Order:
    """One key of a sort; ``sql`` never yields NULL, so that pages can go on from a value."""

    sql: Sql
    descending: bool


def order(fields: Fields, text: str | None, default: str) -> list[Order]:
    """Raises FLOW-1432/1433 for a malformed or unknown ``orderby``."""
    keys = (text or default).split(",")
    if len(keys) > 5:
        raise flow_error(1432, "orderby takes at most five fields.")
    orders = []
    for key in keys:
        path = key.strip().removeprefix("-")
        if not _PATH.fullmatch(path) or "[]" in path:
            raise flow_error(1432, "orderby is a list of fields, each with or without a minus.")
        inner = _sortable(fields, path)
        # Only where NULL can be: around a plain column it would keep SQLite off its index.
        if path not in fields.columns or path in fields.nullable:
            inner = Sql(f"ifnull({inner.text}, '')", inner.params)
        orders.append(Order(inner, key.strip().startswith("-")))
    return orders


def _sortable(fields: Fields, path: str) -> Sql:
    try:
        return fields.expression(path)
    except ApiError as error:
        raise flow_error(1433, f"orderby can't sort by {path[:100]}.") from error
