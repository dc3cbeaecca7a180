"""The gateway in front of all services: headers, token, organisation, sandbox, rate limit.

The order and the codes are those of API contract, sections 1.1 and 1.6.
"""

from __future__ import annotations

from dataclasses import replace

from flowsite.emulator.errors import ApiError, flow_error, gateway_error, placeholder_error
from flowsite.emulator.ims import digest
from flowsite.emulator.organisations import Organisation
from flowsite.emulator.web import Request, Route, Scope
from flowsite.emulator.world import World

FLOW_SERVICE = "/data/foundation/flowservice"


def admit(world: World, request: Request, route: Route) -> Request:
    """The request with its scope and client filled in. Raises ApiError."""
    client_id, organisation = _authenticated(world, request)
    scope = Scope(organisation.org_id, "")
    if route.needs_sandbox:
        scope = Scope(organisation.org_id, _sandbox(request, organisation))
    _check_content_type(request, route)
    return replace(request, scope=scope, client_id=client_id)


def _authenticated(world: World, request: Request) -> tuple[str, Organisation]:
    authorization = request.header("authorization")
    if not authorization:
        raise gateway_error(403, "403010", "Oauth token is missing.")
    api_key = request.header("x-api-key")
    if not api_key:
        raise gateway_error(403, "403000", "Api Key is required")
    scheme, _, token = authorization.partition(" ")
    found = world.store.row(
        "SELECT * FROM tokens WHERE digest = ? AND expires_at > ?",
        (digest(token.strip()), world.clock.now_s()),
    )
    if scheme.lower() != "bearer" or found is None:
        raise gateway_error(401, "401013", "Oauth token is not valid")
    if api_key != found["client_id"]:
        raise gateway_error(403, "403003", "Api Key is invalid")
    org_id = request.header("x-gw-ims-org-id")
    if not org_id:
        raise gateway_error(400, "400003", "Header x-gw-ims-org-id is missing.")
    if org_id != found["org"] or org_id not in world.organisations:
        raise gateway_error(403, "403025", "Profile is not valid: not entitled to this org.")
    return api_key, world.organisations[org_id]


def _sandbox(request: Request, organisation: Organisation) -> str:
    if request.header("x-sandbox-id"):
        raise _service_error(request, 2110, 400, "x-sandbox-id can't be used with this token.")
    name = request.header("x-sandbox-name")
    if not name:
        raise _service_error(request, 2105, 400, "The header x-sandbox-name is missing.")
    if name == "*":
        raise _service_error(request, 2111, 403, "Queries across sandboxes are restricted.")
    sandbox = organisation.sandbox(name)
    if sandbox is None or sandbox.state != "active":
        raise _service_error(request, 2101, 404, "The sandbox isn't known.")
    return name


def _service_error(request: Request, code: int, status: int, message: str) -> ApiError:
    if request.path.startswith(FLOW_SERVICE):
        return flow_error(code, message, status=status)
    return placeholder_error(status, "SandboxError", message)


def _check_content_type(request: Request, route: Route) -> None:
    if not (route.writes and request.body):
        return
    sent = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if sent not in route.content_types:
        raise placeholder_error(
            400,
            "BadRequestError",
            f"Content-Type must be one of {', '.join(route.content_types)}.",
        )
