"""Fitting values into schema fields, as ingestion does: conversion where it is safe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flowsite.emulator.dates import from_epoch_ms, iso, parse_date
from flowsite.emulator.functions.values import EvaluationError, number, text


class Misfit(ValueError):
    """The value can't become what the field wants."""


def field_at(schema: dict[str, Any], path: str) -> dict[str, Any] | None:
    """The field of a dotted path; ``[0]`` and ``[*]`` step into the items of a list."""
    node: Any = schema
    for part in path.split("."):
        name, *indexes = part.replace("]", "").split("[")
        node = node.get("properties", {}).get(name) if isinstance(node, dict) else None
        for _ in indexes:
            node = node.get("items") if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def fit(value: Any, field: dict[str, Any]) -> Any:
    """Raises Misfit."""
    if value is None:
        return None
    kind = field.get("type")
    fitters = {
        "string": _string,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "array": _array,
        "object": _object,
    }
    fitted = fitters[kind](value, field) if kind in fitters else _plain(value)
    allowed = field.get("enum")
    if isinstance(allowed, list) and allowed and fitted not in allowed:
        raise Misfit(f"{_short(value)} isn't one of the allowed values")
    return fitted


def _short(value: Any) -> str:
    return repr(value)[:60]


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _string(value: Any, field: dict[str, Any]) -> str:
    form = field.get("format")
    if form in ("date-time", "date"):
        return _date(value, form)
    if isinstance(value, (dict, list)):
        raise Misfit("a text can't hold a nested value")
    return text(value)


def _date(value: Any, form: str) -> str:
    moment = parse_date(value)
    if moment is None and isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            moment = from_epoch_ms(value)
        except (OverflowError, ValueError):
            moment = None
    if moment is None:
        raise Misfit(f"{_short(value)} isn't a date")
    return iso(moment) if form == "date-time" else moment.strftime("%Y-%m-%d")


def _numeric(value: Any) -> Any:
    try:
        return number(value)
    except (EvaluationError, ValueError, OverflowError) as error:
        raise Misfit(f"{_short(value)} isn't a number") from error


def _integer(value: Any, field: dict[str, Any]) -> int:
    found = _numeric(value)
    if isinstance(found, float) and not found.is_integer():
        raise Misfit(f"{_short(value)} isn't a whole number")
    return int(_within(found, value, field))


def _number(value: Any, field: dict[str, Any]) -> Any:
    return _within(_numeric(value), value, field)


def _within(found: Any, value: Any, field: dict[str, Any]) -> Any:
    lowest, highest = field.get("minimum"), field.get("maximum")
    if isinstance(lowest, (int, float)) and found < lowest:
        raise Misfit(f"{_short(value)} is below {lowest}")
    if isinstance(highest, (int, float)) and found > highest:
        raise Misfit(f"{_short(value)} is above {highest}")
    return found


def _boolean(value: Any, _field: dict[str, Any]) -> bool:
    if isinstance(value, bool):
        return value
    plain = str(value).strip().lower()
    if plain not in ("true", "false"):
        raise Misfit(f"{_short(value)} is neither true nor false")
    return plain == "true"


def _array(value: Any, field: dict[str, Any]) -> list[Any]:
    if not isinstance(value, list):
        raise Misfit("a list is wanted")
    items = field.get("items")
    return [fit(item, items if isinstance(items, dict) else {}) for item in value]


def _object(value: Any, field: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit("an object is wanted")
    known = field.get("properties")
    if not isinstance(known, dict) or not known:
        return value
    if strangers := [name for name in value if name not in known]:
        raise Misfit(f"the field has no {str(strangers[0])[:60]}")
    return {name: fit(item, known[name]) for name, item in value.items()}


def missing_required(schema: dict[str, Any], data: Any, prefix: str = "") -> list[str]:
    """Paths of required fields that are null or absent; an absent object asks for nothing."""
    if not isinstance(data, dict):
        return []
    found = [f"{prefix}{name}" for name in schema.get("required", []) if data.get(name) is None]
    for name, field in schema.get("properties", {}).items():
        if isinstance(field, dict) and isinstance(data.get(name), dict):
            found.extend(missing_required(field, data[name], f"{prefix}{name}."))
    return found
