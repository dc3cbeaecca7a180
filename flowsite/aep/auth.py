"""Access tokens from Adobe's sign-in service (IMS), OAuth server-to-server.

Source: API contract, section 2. The secret travels in the body, never in the address; the answer's
``expires_in`` is in seconds; there is no refresh token, one simply asks again.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

import httpx

from flowsite.aep import wire
from flowsite.aep.error_bodies import error_for
from flowsite.aep.errors import AepError, BadCredential, MalformedAnswer, NotSent
from flowsite.aep.reading import as_int, as_text
from flowsite.aep.retry import Backoff, wait_before_retry
from flowsite.aep.sanitise import Hidden

logger = logging.getLogger(__name__)

TOKEN_PATH = "/ims/token/v3"  # noqa: S105 -- an address
#: Used when IMS does not say how long a token lives.
_SHORT_LIFE_S = 300
#: No token lives longer; a larger number is in milliseconds, as the retired exchange had it.
_LONGEST_LIFE_S = 7 * 24 * 3600
_REFUSALS = frozenset({400, 401, 403})
_BACKOFF = Backoff(first_s=0.3, attempts=3, attempts_429=3)


@dataclass(frozen=True)
class Token:
    """An access token and its end."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenSource(Protocol):
    """Where a session gets its token from. Both methods may raise AepError; thread safe."""

    def get(self) -> str:
        """The current token, fetched or renewed when needed."""

    def refresh(self, stale: str) -> str:
        """A token other than ``stale``, which AEP has refused."""


def fetch_token(
    *,
    ims_url: str,
    client_id: str,
    client_secret: str,
    scopes: str,
    transport: httpx.BaseTransport | None = None,
    timeout_s: float = 30,
    sleep: Callable[[float], None] = time.sleep,
) -> Token:
    """A new token. Repeats a failed call a little, within ``timeout_s`` in all.

    Leaves the given transport open. Raises BadCredential when IMS refuses, else another AepError;
    their ``outcome_known`` is True, since asking for a token changes nothing.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": Hidden(client_secret),
        "scope": ",".join(scopes.replace(",", " ").split()),
    }
    url = ims_url.strip().removesuffix("/").removesuffix(TOKEN_PATH) + TOKEN_PATH
    if not wire.is_address(url):
        raise NotSent("the IMS address is not valid", operation="ims.token")
    request = _Ask(url, urlencode(form).encode(), client_secret)
    own = transport or httpx.HTTPTransport()
    try:
        return _repeat(request, own, timeout_s, sleep)
    finally:
        if transport is None:
            own.close()


@dataclass(frozen=True)
class _Ask:
    url: str
    content: bytes = field(repr=False)
    secret: str = field(repr=False)


def _repeat(
    ask: _Ask, transport: httpx.BaseTransport, timeout_s: float, sleep: Callable[[float], None]
) -> Token:
    end = time.monotonic() + timeout_s
    attempt = 0
    while True:
        left = end - time.monotonic()
        try:
            return _once(ask, transport, max(left, 1.0))
        except AepError as error:
            error.outcome_known = True
            wait = wait_before_retry(error, method="GET", attempt=attempt, backoff=_BACKOFF)
            if wait is None or wait + 1 > end - time.monotonic():
                raise
        sleep(wait)
        attempt += 1


def _once(ask: _Ask, transport: httpx.BaseTransport, limit_s: float) -> Token:
    asked_at = datetime.now(UTC)
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    exchange = wire.Exchange("ims.token", "POST", ask.url, headers, ask.content, limit_s)
    with wire.logged(logger, exchange, path=TOKEN_PATH) as line:
        reply = wire.send(transport, exchange)
        line.saw(reply)
        if not 200 <= reply.status < 300:
            raise line.fails(_refusal(reply, ask))
        return _token(reply, asked_at)


def _refusal(reply: wire.Reply, ask: _Ask) -> AepError:
    error = error_for(
        reply.status, reply.headers, reply.content, operation="ims.token", secrets=[ask.secret]
    )
    if reply.status not in _REFUSALS:
        if reply.status in {404, 405, 410}:
            error.message = f"{error.message} – is the IMS address right?"
        return error
    return BadCredential(
        error.message,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        operation="ims.token",
    )


def _token(reply: wire.Reply, asked_at: datetime) -> Token:
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError):
        body = None
    value = as_text(body.get("access_token")) if isinstance(body, dict) else ""
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise MalformedAnswer(
            "the sign-in service gave no usable token", status=reply.status, operation="ims.token"
        )
    life_s = as_int(body.get("expires_in"))
    if life_s is None or life_s <= 0:
        life_s = _SHORT_LIFE_S
    elif life_s > _LONGEST_LIFE_S:
        life_s = min(life_s // 1000, _LONGEST_LIFE_S)
    return Token(value, asked_at + timedelta(seconds=life_s))


class MemoryTokens:
    """A ``TokenSource`` for one process: keeps the token, renews it before it ends. Thread safe."""

    def __init__(
        self,
        fetch: Callable[[], Token],
        *,
        renew_before: timedelta = timedelta(minutes=10),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetch = fetch
        self._renew_before = renew_before
        self._now = now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def get(self) -> str:
        with self._lock:
            if self._token is None or self._now() >= self._renew_at:
                self._keep(self._fetch())
            return self._current()

    def refresh(self, stale: str) -> str:
        with self._lock:
            if self._token is None or self._token.value == stale:
                self._keep(self._fetch())
            return self._current()

    def _current(self) -> str:
        return self._token.value if self._token else ""

    def _keep(self, token: Token) -> None:
        now = self._now()
        life = token.expires_at - now
        self._token = token
        # A token that lives for minutes only is used for most of its life, not fetched each time.
        self._renew_at = now + max(life - self._renew_before, life * 0.8)
