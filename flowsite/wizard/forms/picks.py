"""Values that pages carry as JSON, so that names from outside survive a form byte for byte.

(A browser turns a line break in a form value into CR LF, and drops it from a text field.)
"""

from __future__ import annotations

import json
from typing import Any, Final

LONGEST: Final = 4000


def packed(value: Any) -> str:
    """What goes into a ``value`` attribute: plain ASCII, whatever is inside."""
    return json.dumps(value, separators=(",", ":"))


def unpacked_text(text: str | None) -> str | None:
    """A text from ``packed``; None for anything else."""
    found = _loaded(text)
    return found if _is_name(found) else None


def unpacked_pick(text: str | None) -> dict[str, str] | None:
    """``{"id": …, "name": …}`` from ``packed``; None for anything else."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return None
    kept = {key: found[key] for key in ("id", "name") if _is_name(found.get(key))}
    return kept or None


def unpacked_field(text: str | None) -> tuple[str, str, str] | None:
    """``[column, name, title]`` of a proposed field from ``packed``; None for anything else."""
    found = _loaded(text)
    if not isinstance(found, list) or len(found) != 3 or not all(_is_name(one) for one in found):
        return None
    return found[0], found[1], found[2]


def _is_name(value: Any) -> bool:
    """A text that a document can hold (``definitions.model.Text``)."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST
        and "\x00" not in value
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )


def _loaded(text: str | None) -> Any:
    if not text or len(text) > 10 * LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
