"""Checks against the JSON Schemas that specs carry (draft-07)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

MAX_PROBLEMS = 10


@lru_cache(maxsize=256)
def _validator(schema_text: str) -> Draft7Validator:
    return Draft7Validator(json.loads(schema_text))


def problems(schema: dict[str, Any], value: Any, root: str) -> list[str]:
    """What is wrong with ``value``, in words that never repeat the value (it may be a secret)."""
    validator = _validator(json.dumps(schema, sort_keys=True))
    found = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
    return [_words(error, root) for error in found[:MAX_PROBLEMS]]


def _words(error: ValidationError, root: str) -> str:
    where = ".".join([root, *map(str, error.absolute_path)])
    expected: Any = error.validator_value
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in expected if name not in error.instance]
        return f"{where} lacks {', '.join(missing)}"
    if error.validator == "type":
        return f"{where} must be of type {expected}"
    if error.validator == "enum":
        return f"{where} must be one of {', '.join(map(str, expected))}"
    if error.validator == "not":
        return f"{where} must not have {', '.join(expected.get('required', ['this form']))}"
    return f"{where} breaks {error.validator} {json.dumps(expected)[:200]}"
