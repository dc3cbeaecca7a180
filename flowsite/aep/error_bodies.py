"""From an error answer to an ``AepError``: every body family of API contract, section 1.6.

Families: the gateway's ``error_code``, the platform's placeholder problem, Flow Service's current
and older forms, Schema Registry's problem+json, OAuth's ``error``, and no body or HTML at all. The
HTTP status decides the class; the body only adds words, a code and a request id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from flowsite.aep import errors
from flowsite.aep.codes import find_code
from flowsite.aep.reading import as_list, as_text, dig, first
from flowsite.aep.sanitise import clean

#: Gateway codes that mean "no valid token" though the status says 403.
TOKEN_CODES = frozenset({"403010", "401013"})
REQUEST_ID_HEADERS = (
    "x-request-id",
    "x-adobe-request-id",
    "x-gw-request-id",
    "x-correlation-id",
    "request-id",
)
_LONGEST_WAIT_S = 7 * 24 * 3600.0
_CODE_IN_URL = re.compile(r"(?i)/errors/([A-Za-z]+-\d{2,5}(?:-\d{3})?)/?$")
_STATUS_CLASSES: dict[int, type[errors.StatusError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.ServerError,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.StaleEtag,
    429: errors.TooManyRequests,
}


def error_for(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    operation: str = "",
    secrets: Iterable[str] = (),
    now: datetime | None = None,
) -> errors.AepError:
    """The error that an answer with a status outside 2xx stands for."""
    body = _parsed(content)
    code = _code(body)
    message = clean(_message(body, content), secrets)
    kind = _class_for(status, code)
    if kind is errors.MalformedAnswer:
        message = f"status {status} where an answer or an error was expected"
    elif status < 400:
        message = "it points to another address, which is not followed; is the address right?"
    return kind(
        message or _phrase(status),
        status=status,
        code=clean(code, limit=80) if code else None,
        request_id=clean(request_id(headers, body) or "", secrets, limit=200) or None,
        retry_after_s=retry_after(headers, now=now),
        operation=operation,
    )


def _class_for(status: int, code: str | None) -> type[errors.AepError]:
    if code in TOKEN_CODES and status in {400, 401, 403}:
        return errors.Unauthorized
    if status in _STATUS_CLASSES:
        return _STATUS_CLASSES[status]
    if 500 <= status <= 599:
        return errors.ServerError
    return errors.BadRequest if 300 <= status <= 499 else errors.MalformedAnswer


def _parsed(content: bytes) -> Any:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    while isinstance(body, list) and body:
        body = body[0]
    return body


def _code(body: Any) -> str | None:
    if not isinstance(body, Mapping):
        return None
    for address in (body.get("type"), dig(body, "report", "type")):
        if match := _CODE_IN_URL.search(as_text(address)):
            return match[1].upper()
    inner = _inner(body)
    named = first(body, "error_code", "errorCode", "code", "error-code") or first(
        inner, "error_code", "errorCode", "code"
    )
    if text := as_text(named):
        return text
    if isinstance(error := body.get("error"), str) and re.fullmatch(r"[\w.-]{1,80}", error):
        return error
    return find_code(" ".join(_texts(body)))


def _inner(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first nested error object: ``{"error": {…}}`` or ``{"errors": [{…}]}``."""
    for name in ("error", "errors"):
        for item in as_list(body.get(name)):
            if isinstance(item, Mapping):
                return item
    return {}


def _texts(body: Mapping[str, Any]) -> list[str]:
    """The sentences of a body, the most telling first."""
    report = body.get("report")
    inner = _inner(body)
    found = [
        first(report, "detailed-message", "detailedMessage") if isinstance(report, Mapping) else "",
        body.get("errorMessage"),
        body.get("error_description"),
        body.get("message"),
        body.get("detail"),
        first(inner, "message", "description", "detail"),
        body.get("errorDetails"),
        body.get("title"),
    ]
    return [_flat(item) for item in found if item]


def _flat(value: Any) -> str:
    return as_text(value) or json.dumps(value, ensure_ascii=False, default=str)


def _message(body: Any, content: bytes) -> str:
    if isinstance(body, Mapping):
        texts = _texts(body)
        words = texts[0] if texts else as_text(body.get("error"))
        # The provider's own text is often here only.
        details = _flat(body["errorDetails"]) if body.get("errorDetails") else ""
        if not details or details in words:
            return words
        return details if words in details else f"{words} – {details}"
    if isinstance(body, str):
        return body
    unread = body is None and content.strip() != b"null"
    return content[:20_000].decode("utf-8", "replace") if unread else ""


def request_id(headers: Mapping[str, str], body: Any = None) -> str | None:
    """The id that Adobe's support asks for, from the body or the headers."""
    return clean(_request_id(headers, body) or "", limit=200) or None


def _request_id(headers: Mapping[str, str], body: Any) -> str | None:
    report = dig(body, "report")
    if isinstance(report, Mapping):
        named = first(report, "request-id", "requestId", "registryRequestId")
        if text := as_text(named):
            return text
    if isinstance(body, Mapping):
        named = first(body, "request-id", "requestId", "request_id", "x-request-id")
        if text := as_text(named):
            return text
    return next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), None)


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds of ``Retry-After``, given as a number or as an HTTP date; None if there is none.

    A date is compared with the answer's own ``Date``, so that a wrong clock on our side does no
    harm. Never negative, never more than a week.
    """
    text = (headers.get("retry-after") or "").strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return min(float(text), _LONGEST_WAIT_S)
    until = _http_date(text)
    if until is None:
        return None
    start = _http_date(headers.get("date") or "") or now or datetime.now(UTC)
    return min(max((until - start).total_seconds(), 0.0), _LONGEST_WAIT_S)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"
