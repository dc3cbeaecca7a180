"""Keeps secrets out of logs: the last processor before a log line is written.

Two nets, one behind the other: values under telling names and in telling shapes, and every secret
that this process has encrypted or opened, wherever it turns up (an exception's text, say).
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

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
    # Connection strings of storage and databases.
    re.compile(
        r"(?i)((?:account_?key|shared_?access_?(?:key|signature)|pwd|sig)\s*=\s*)[^;&\s\"']+"
    ),
    re.compile(r"(://[^/\s:@]*:)[^@/\s]+(?=@)"),
    # Sign-in links: whoever has one may set the password.
    re.compile(r"(/welcome/[^/\s]+/)[^/\s\"'<>]+"),
]
#: Shorter secrets would mask ordinary words.
SHORTEST = 6
#: As many secrets are remembered, the last used ones.
REMEMBERED = 500
_known: OrderedDict[str, tuple[str, ...]] = OrderedDict()
_lock = threading.Lock()


def remember(secret: str) -> None:
    """From now on no log line of this process holds ``secret``, nor its usual spellings.

    Of a JSON object, every text in it is a secret.
    """
    for value in _secrets_in(secret):
        with _lock:
            _known[value] = _spellings(value)
            _known.move_to_end(value)
            while len(_known) > REMEMBERED:
                _known.popitem(last=False)


def _secrets_in(text: str) -> Iterator[str]:
    if text.startswith("{"):
        try:
            values = json.loads(text).values()
        except (ValueError, AttributeError):
            values = ()
        for value in values:
            if isinstance(value, str) and len(value) >= SHORTEST:
                yield value
    if len(text) >= SHORTEST:
        yield text


def _spellings(value: str) -> tuple[str, ...]:
    """As it stands, in JSON, in a Python repr, in a query."""
    found = [value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe="")]
    return tuple(dict.fromkeys([*found, quote_plus(value)]))


def redact_text(text: str) -> str:
    """Text with known secrets, bearer tokens and ``secret=…`` values masked."""
    with _lock:
        known = [spelling for spellings in _known.values() for spelling in spellings]
    for secret in known:
        if secret in text:
            text = text.replace(secret, MASK)
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
