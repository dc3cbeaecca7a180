"""Values of customer data without the values: their kind and size, enough to find a cause."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 200


def masked(value: Any) -> str:
    """ "text, 12 characters" instead of the text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "whole number"
    if isinstance(value, float):
        return "number"
    if isinstance(value, dict):
        return f"object, {len(value)} fields"
    if isinstance(value, list):
        return f"list, {len(value)} items"
    text = str(value)
    if not text.strip():
        return "empty text"
    return f"text, {len(text)} characters"


def shown(value: Any) -> str:
    """The value itself, cut to a length that a table bears."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
