"""Values of customer data without the values: their kind and size, enough to find a cause."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext

LONGEST = 200


def masked(value: Any) -> str:
    """ "text, 12 characters" instead of the text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return gettext("true or false")
    if isinstance(value, int):
        return gettext("whole number")
    if isinstance(value, float):
        return "number"
    if isinstance(value, dict):
        return gettext("object, {count} fields").format(count=len(value))
    if isinstance(value, list):
        return gettext("list, {count} items").format(count=len(value))
    text = str(value)
    if not text.strip():
        return gettext("empty text")
    return gettext("text, {count} characters").format(count=len(text))


def shown(value: Any) -> str:
    """The value itself, cut to a length that a table bears."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
