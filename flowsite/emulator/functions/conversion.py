"""Conversions, arithmetic, hashes and new ids."""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from flowsite.emulator.functions.values import (
    MANY,
    EvaluationError,
    Function,
    number,
    on_text,
    short,
    text,
    whole,
)

_C, _M, _H, _S = "Type conversions", "Aggregation", "Hashing", "Special operations"
_MAX_DIGITS = 20


def _to_integer(value: Any) -> Any:
    return None if value is None else int(number(value))


def _to_decimal(value: Any) -> Any:
    return None if value is None else float(number(value))


def _to_string(value: Any) -> Any:
    return None if value is None else text(value)


def _to_boolean(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    plain = text(value).strip().lower()
    if plain in ("true", "1", "yes"):
        return True
    if plain in ("false", "0", "no"):
        return False
    raise EvaluationError(f"{short(value)} is neither true nor false.")


def _min(*values: Any) -> Any:
    return min(number(value) for value in values)


def _max(*values: Any) -> Any:
    return max(number(value) for value in values)


def _abs(value: Any) -> Any:
    return abs(number(value))


def _round(value: Any, digits: Any = 0) -> Any:
    return round(number(value), whole(digits, _MAX_DIGITS))


def _floor(value: Any) -> int:
    return int(number(value) // 1)


def _ceil(value: Any) -> int:
    return int(-(-number(value) // 1))


def _hash(name: str) -> Callable[[Any], Any]:
    return on_text(lambda value: hashlib.new(name, value.encode()).hexdigest())


def _crc32(value: str) -> str:
    return f"{zlib.crc32(value.encode()):08x}"


def _uuid() -> str:
    return str(uuid.uuid4())


FUNCTIONS = (
    Function(_C, "to_integer(value)", "Integer", "A whole number.", _to_integer),
    Function(_C, "to_bigint(value)", "Integer", "A whole number.", _to_integer),
    Function(_C, "to_decimal(value)", "Double", "A number.", _to_decimal),
    Function(_C, "to_float(value)", "Float", "A number.", _to_decimal),
    Function(_C, "to_boolean(value)", "Boolean", "True or false.", _to_boolean),
    Function(_C, "to_string(value)", "String", "A text.", _to_string),
    Function(_M, "min(a, b, ...)", "Number", "The smallest.", _min, 1, MANY),
    Function(_M, "max(a, b, ...)", "Number", "The largest.", _max, 1, MANY),
    Function(_M, "abs(number)", "Number", "Without its sign.", _abs),
    Function(_M, "round(number, digits)", "Number", "Rounded.", _round, 1, 2),
    Function(_M, "floor(number)", "Integer", "Rounded down.", _floor),
    Function(_M, "ceil(number)", "Integer", "Rounded up.", _ceil),
    Function(_H, "sha1(text)", "String", "SHA-1.", _hash("sha1")),
    Function(_H, "sha256(text)", "String", "SHA-256.", _hash("sha256")),
    Function(_H, "sha512(text)", "String", "SHA-512.", _hash("sha512")),
    Function(_H, "md5(text)", "String", "MD5.", _hash("md5")),
    Function(_H, "crc32(text)", "String", "CRC-32.", on_text(_crc32)),
    Function(_S, "uuid()", "String", "A new id.", _uuid, 0, 0),
    Function(_S, "guid()", "String", "A new id.", _uuid, 0, 0),
)
