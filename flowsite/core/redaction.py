"""Keeps secrets out of logs: the last processor before a log line is written."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "•••"
_SECRET_NAME = re.compile(
    r"(?i)secret|password|passwd|token|authorization|api[_-]?key|access[_-]?key|connection[_-]?string|sas[_-]?uri"
)
_SAFE_NAME = re.compile(r"(?i)^(continuation_?token|csrf.*|token_expires_at|secret_ref)$")
_INLINE = [
    re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(
        r"(?i)([\"']?(?:client_?secret|password|access_?token|refresh_?token|authorization)[\"']?\s*[:=]\s*[\"']?)"
        r"[^\s\"'&,}]+"
    ),
]


def redact_text(text: str) -> str:
    """Text with bearer tokens and ``secret=…`` values masked."""
    for pattern in _INLINE:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def redact(value: Any) -> Any:
    """A copy of a JSON-like value in which everything under a secret name is masked."""
    if isinstance(value, dict):
        return {
            key: MASK
            if _SECRET_NAME.search(str(key)) and not _SAFE_NAME.match(str(key)) and item
            else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """A structlog processor."""
    kept = {key: event[key] for key in ("_record", "_from_structlog") if key in event}
    cleaned = redact({key: value for key, value in event.items() if key not in kept})
    return {**cleaned, **kept}
