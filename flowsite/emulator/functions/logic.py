"""Choices, lists and objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flowsite.emulator.functions.values import (
    MANY,
    EvaluationError,
    Function,
    as_list,
    as_object,
    equal,
    short,
    text,
    truth,
)

_L, _A, _O = "Logical operators", "Hierarchies - Arrays", "Hierarchies - Objects"


def _iif(condition: Callable[[], Any], yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    return yes() if truth(condition()) else no()


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _decode(value: Any, *pairs: Any) -> Any:
    """Keys and values in turn; one more at the end is the default."""
    for place in range(0, len(pairs) - 1, 2):
        if equal(value, pairs[place]):
            return pairs[place + 1]
    return pairs[-1] if len(pairs) % 2 else None


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _is_set(value: Any) -> bool:
    return value is not None


def _nullify() -> None:
    return None


def _size_of(value: Any) -> int:
    if value is None:
        return 0
    return len(value) if isinstance(value, (list, dict, str)) else 1


def _to_array(*values: Any) -> list[Any]:
    return list(values)


def _add_to_array(values: Any, *more: Any) -> list[Any]:
    return [*as_list(values), *more]


def _join_arrays(*lists: Any) -> list[Any]:
    return [item for one in lists for item in as_list(one)]


def _first(values: Any) -> Any:
    return as_list(values)[0] if values else None


def _last(values: Any) -> Any:
    return as_list(values)[-1] if values else None


def _to_object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise EvaluationError("to_object takes keys and values in turn.")
    return {text(pairs[at]): pairs[at + 1] for at in range(0, len(pairs), 2)}


def _contains_key(value: Any, key: Any) -> bool:
    return text(key) in as_object(value)


def _get_keys(value: Any) -> list[str]:
    return list(as_object(value))


def _get_values(value: Any, key: Any) -> Any:
    return as_object(value).get(text(key))


def _json_to_object(value: Any) -> Any:
    try:
        return json.loads(text(value))
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"Not JSON: {short(value)}") from error


def _to_json(value: Any) -> str:
    return json.dumps(value, default=str)


FUNCTIONS = (
    Function(_L, "iif(condition, yes, no)", "Any", "One of two.", _iif, 3, 3, lazy=True),
    Function(_L, "nvl(value, default)", "Any", "A default for null.", _coalesce, 2, 2),
    Function(_L, "decode(key, k, v, ..., default)", "Any", "Looks it up.", _decode, 2, MANY),
    Function(_A, "coalesce(a, b, ...)", "Any", "The first not null.", _coalesce, 1, MANY),
    Function(_A, "size_of(list)", "Integer", "How many are in it.", _size_of),
    Function(_A, "to_array(a, b, ...)", "Array", "A list of values.", _to_array, 0, MANY),
    Function(_A, "add_to_array(list, a, ...)", "Array", "A longer list.", _add_to_array, 2, MANY),
    Function(_A, "join_arrays(list, ...)", "Array", "One list of many.", _join_arrays, 1, MANY),
    Function(_A, "first(list)", "Any", "The first element.", _first),
    Function(_A, "last(list)", "Any", "The last element.", _last),
    Function(_O, "is_empty(value)", "Boolean", "Null, or nothing in it.", _is_empty),
    Function(_O, "is_set(value)", "Boolean", "Not null.", _is_set),
    Function(_O, "nullify()", "Null", "Nothing.", _nullify, 0, 0),
    Function(_O, "to_object(key, value, ...)", "Object", "Of pairs.", _to_object, 2, MANY),
    Function(_O, "contains_key(object, key)", "Boolean", "Has it.", _contains_key, 2, 2),
    Function(_O, "get_keys(object)", "Array", "Its keys.", _get_keys),
    Function(_O, "get_values(object, key)", "Any", "The value of a key.", _get_values, 2, 2),
    Function(_O, "json_to_object(text)", "Object", "Reads JSON.", _json_to_object),
    Function(_O, "to_json(value)", "String", "Writes JSON.", _to_json),
)
