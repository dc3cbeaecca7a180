"""Mapping one row: sources and expressions in, a record of the target schema out.

A mapping that fails leaves its field empty. A record that then lacks a required field or its
primary identity is rejected (API contract, section 6.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowsite.emulator import source_paths, xdm_values
from flowsite.emulator.expressions import RESERVED, ExpressionError, parse
from flowsite.emulator.functions.values import EvaluationError
from flowsite.emulator.xdm_values import Misfit

MAPPING_ERROR = "MAPPER-3700-400"
REQUIRED_ERROR = "INGEST-1555-400"
CORRUPT_ERROR = "INGEST-1401-400"

ATTRIBUTE_TYPES = ("ATTRIBUTE", "text/x.schema-path")
EXPRESSION_TYPES = ("EXPRESSION", "text/x.aep-xl")
STATIC_TYPES = ("STATIC",)
MAX_MAPPINGS = 5000
_DESTINATION = re.compile(r"[\w@$:-]+(\[(\d{1,4}|\*)\])?(\.[\w@$:-]+(\[(\d{1,4}|\*)\])?)*")
_MAX_INDEX = 1000


class BadMapping(ValueError):
    """The body has no readable mappings."""


@dataclass(frozen=True)
class MappingRow:
    source: str
    source_type: str
    destination: str


@dataclass
class MappedRow:
    """``rejected`` says why the row isn't written; ``warnings`` are fields left empty."""

    data: dict[str, Any]
    rejected: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


def rows_of(body: dict[str, Any]) -> list[MappingRow]:
    """The mappings of a body in either dialect (API contract, section 6.2). Raises BadMapping."""
    mappings = body.get("mappings")
    if not isinstance(mappings, list) or not mappings:
        raise BadMapping("mappings is missing or empty.")
    if len(mappings) > MAX_MAPPINGS:
        raise BadMapping(f"At most {MAX_MAPPINGS} mappings.")
    return [_row_of(place, mapping) for place, mapping in enumerate(mappings)]


def _row_of(place: int, mapping: Any) -> MappingRow:
    if not isinstance(mapping, dict):
        raise BadMapping(f"mappings[{place}] isn't an object.")
    legacy = "sourceAttribute" in mapping or "destinationXdmPath" in mapping
    source = mapping.get("sourceAttribute" if legacy else "source")
    destination = mapping.get("destinationXdmPath" if legacy else "destination")
    source_type = "ATTRIBUTE" if legacy else mapping.get("sourceType")
    for name, value in (
        ("source", source),
        ("destination", destination),
        ("sourceType", source_type),
    ):
        if not isinstance(value, str) or not value:
            raise BadMapping(f"mappings[{place}].{name} is missing.")
    if source_type not in (*ATTRIBUTE_TYPES, *EXPRESSION_TYPES, *STATIC_TYPES):
        raise BadMapping(f"mappings[{place}].sourceType isn't known: {str(source_type)[:60]}")
    return MappingRow(str(source), str(source_type), str(destination))


def problem_of(row: MappingRow, schema: dict[str, Any]) -> str | None:
    """What is wrong with one mapping, or None."""
    if not _DESTINATION.fullmatch(row.destination):
        return f"The destination {row.destination[:200]} is no path."
    if xdm_values.field_at(schema, row.destination) is None:
        return f"The schema has no field {row.destination[:200]}."
    if row.source_type in ATTRIBUTE_TYPES and row.source in RESERVED:
        return f"{row.source} is reserved; write ${{{row.source}}}."
    try:
        _compiled(row)
    except ExpressionError as error:
        return str(error)
    return None


def _compiled(row: MappingRow) -> Callable[[Any], Any]:
    if row.source_type in EXPRESSION_TYPES:
        return parse(row.source).evaluate
    if row.source_type in STATIC_TYPES:
        return lambda _record: row.source
    path = source_paths.parse(row.source)
    return lambda record: source_paths.read(record, path)


class Mapper:
    """Mappings made ready for many rows. Raises ExpressionError when one can't be read."""

    def __init__(
        self,
        rows: Sequence[MappingRow],
        schema: dict[str, Any],
        primary_identity: str | None = None,
    ) -> None:
        self.schema = schema
        self.primary_identity = primary_identity
        self._steps = [
            (row, _compiled(row), xdm_values.field_at(schema, row.destination) or {})
            for row in rows
        ]

    def map(self, record: Any) -> MappedRow:
        mapped = MappedRow({})
        for row, evaluate, target in self._steps:
            try:
                value = _fitted(evaluate(record), target, row.destination.count("[*]"))
            except (EvaluationError, Misfit) as error:
                message = f"{row.destination}: {error}"
                mapped.warnings.append({"code": MAPPING_ERROR, "message": message})
                continue
            if value is not None:
                place(mapped.data, row.destination, value)
        missing = xdm_values.missing_required(self.schema, mapped.data)
        identity = self.primary_identity
        if identity and identity not in missing and _at(mapped.data, identity) in (None, ""):
            missing.append(identity)
        if missing:
            mapped.rejected = [
                *mapped.warnings,
                *(
                    {
                        "code": REQUIRED_ERROR,
                        "message": f"{path}: a required field is null or missing",
                    }
                    for path in missing
                ),
            ]
        return mapped


def _fitted(value: Any, target: dict[str, Any], spread: int) -> Any:
    """Where the destination spreads a list, every item is fitted for itself."""
    if spread and isinstance(value, list):
        return [_fitted(item, target, spread - 1) for item in value]
    return xdm_values.fit(value, target)


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def place(data: dict[str, Any], path: str, value: Any) -> None:
    """Puts a value at a destination path; ``[*]`` spreads a list over objects."""
    parts: list[str | int] = []
    for part in path.split("."):
        name, *indexes = part.replace("]", "").split("[")
        parts.append(name)
        parts.extend("*" if index == "*" else min(int(index), _MAX_INDEX) for index in indexes)
    _place(data, parts, value)


def _place(holder: Any, parts: list[str | int], value: Any) -> None:
    part, rest = parts[0], parts[1:]
    if part == "*":
        values = value if isinstance(value, list) else [value]
        _grow(holder, len(values), rest)
        for at, item in enumerate(values):
            if rest:
                holder[at] = holder[at] if isinstance(holder[at], dict) else {}
                _place(holder[at], rest, item)
            else:
                holder[at] = item
        return
    if isinstance(part, int):
        _grow(holder, part + 1, rest)
    if not rest:
        holder[part] = value
        return
    inner = holder[part] if isinstance(part, int) else holder.get(part)
    wanted: Any = list if rest[0] == "*" or isinstance(rest[0], int) else dict
    if not isinstance(inner, wanted):
        inner = wanted()
        holder[part] = inner
    _place(inner, rest, value)


def _grow(holder: list[Any], size: int, rest: list[str | int]) -> None:
    while len(holder) < size:
        holder.append({} if rest else None)
