"""Adobe's identity service: an access token for a client id and its secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import parse_qsl

from flowsite.emulator.errors import ApiError
from flowsite.emulator.organisations import Organisation
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

TOKEN_PATH = "/ims/token/v3"


def _refusal(status: int, error: str, description: str) -> ApiError:
    return ApiError(status, {"error": error, "error_description": description})


def issue_token(world: World, request: Request) -> Response:
    """The secret belongs in the body; in the query it is refused (API contract, section 2)."""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise _refusal(400, "invalid_request", "Send the form urlencoded.")
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if form.get("grant_type") != "client_credentials":
        raise _refusal(400, "unsupported_grant_type", "Only client_credentials is offered.")
    client = world.client(form.get("client_id", ""))
    secret = form.get("client_secret", "")
    if client is None or not hmac.compare_digest(secret.encode(), client.client_secret.encode()):
        raise _refusal(401, "invalid_client", "Unknown client id or wrong client secret.")
    if not form.get("scope", "").strip():
        raise _refusal(400, "invalid_scope", "No scope was asked for.")
    return Response(
        body={
            "access_token": _new_token(world, client),
            "token_type": "bearer",
            "expires_in": world.config.token_life_s,
        }
    )


def _new_token(world: World, client: Organisation) -> str:
    token = f"emu.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(24)}"
    now = world.clock.now_s()
    world.store.execute("DELETE FROM tokens WHERE expires_at < ?", (now - 86_400,))
    world.store.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?)",
        (digest(token), client.org_id, client.client_id, now + world.config.token_life_s),
    )
    return token


def digest(token: str) -> str:
    """Tokens aren't kept, only their digests."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def kill_tokens(world: World) -> int:
    """Every token issued so far stops working; the number of them."""
    return world.store.execute("DELETE FROM tokens")


ROUTES = (Route("POST", TOKEN_PATH, issue_token, writes=True, needs_sandbox=False),)
