"""Sandbox management: the sandboxes that the caller may use."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.errors import placeholder_error
from flowsite.emulator.organisations import Sandbox
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

BASE = "/data/foundation/sandbox-management"
DEFAULT_LIMIT = 50


def list_sandboxes(world: World, request: Request) -> Response:
    limit, offset = _page(request)
    sandboxes = world.organisations[request.scope.org].sandboxes
    page = [_view(sandbox) for sandbox in sandboxes[offset : offset + limit]]
    return Response(
        body={
            "sandboxes": page,
            "_page": {"limit": limit, "count": len(page)},
            "_links": {},
        }
    )


def _page(request: Request) -> tuple[int, int]:
    """``limit`` and ``offset`` come together or not at all (API contract, section 3)."""
    limit, offset = request.param("limit"), request.param("offset")
    if limit is None and offset is None:
        return DEFAULT_LIMIT, 0
    if limit is None or offset is None:
        raise placeholder_error(400, "BadRequestError", "Give both limit and offset, or neither.")
    if not (_is_count(limit) and _is_count(offset) and 1 <= int(limit) <= 1000):
        raise placeholder_error(400, "BadRequestError", "limit and offset must be whole numbers.")
    return int(limit), int(offset)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _view(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "title": sandbox.title,
        "state": sandbox.state,
        "type": sandbox.type,
        "region": sandbox.region,
        "isDefault": sandbox.is_default,
        "eTag": 3,
        "createdDate": "2024-05-02 08:11:09",
        "lastModifiedDate": "2024-05-02 08:15:41",
        "createdBy": "emulator",
        "modifiedBy": "emulator",
    }


ROUTES = (Route("GET", BASE, list_sandboxes, needs_sandbox=False),)
