"""Refusals, in the body families of API contract, section 1.6.

Every refusal is an ApiError; a handler raises it and the transaction around the handler is
rolled back. Services differ in the body, so each has its own maker here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowsite.emulator.ids import new_uuid

PROBLEM_TYPE = "application/problem+json"


class ApiError(Exception):
    def __init__(
        self,
        status: int,
        body: dict[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})
        self.content_type = content_type


def gateway_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> ApiError:
    return ApiError(status, {"error_code": code, "message": message}, headers=headers)


def placeholder_error(status: int, title: str, detail: str) -> ApiError:
    """The platform's unnamed problem; also what Catalog and Data Prep answer here, whose
    error bodies are not documented."""
    return ApiError(
        status,
        {"type": "/placeholder/type/uri", "status": status, "title": title, "detail": detail},
        content_type=PROBLEM_TYPE,
    )


_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    412: "Precondition failed",
    422: "Unprocessable entity",
    500: "Internal server error",
    502: "Bad gateway",
}


def service_error(
    family: str, code: int, message: str, *, status: int = 400, details: str | None = None
) -> ApiError:
    """Flow Service's current form; ``family`` is FLOW, CONNECTOR or INGEST."""
    kind = f"https://ns.adobe.com/aep/errors/{family}-{code}-{status}"
    body = {
        "type": kind,
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "report": {
            "detailed-message": message,
            "request-id": new_uuid(),
            "id": new_uuid(),
            "type": kind,
        },
        "errorMessage": message,
        "errorDetails": details or message,
    }
    return ApiError(status, body, content_type=PROBLEM_TYPE)


def flow_error(
    code: int, message: str, *, status: int = 400, details: str | None = None
) -> ApiError:
    return service_error("FLOW", code, message, status=status, details=details)


def stale_etag() -> ApiError:
    """412 comes in the older form of two texts (API contract, section 1.4)."""
    return ApiError(
        412,
        {
            "errorMessage": "FLOW-1404-412: the etag is stale.",
            "errorDetails": "If-Match doesn't name the current version. Read it again.",
        },
    )


def bare_message(status: int, message: str) -> ApiError:
    """``{"message": …}``, the form of a wrong spec id."""
    return ApiError(status, {"message": message})


def registry_error(code: int, title: str, detail: str, *, status: int = 400) -> ApiError:
    return ApiError(
        status,
        {
            "type": f"http://ns.adobe.com/aep/errors/XDM-{code}-{status}",
            "title": title,
            "status": status,
            "report": {
                "registryRequestId": new_uuid(),
                "timestamp": "",
                "detailed-message": detail,
                "sub-errors": [],
            },
            "detail": detail,
        },
        content_type=PROBLEM_TYPE,
    )
