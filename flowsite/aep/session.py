"""The one place that sends: address, headers, time limit, throttle, retries, log line, errors."""

from __future__ import annotations

import json as jsonlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from flowsite.aep import wire
from flowsite.aep.auth import TokenSource
from flowsite.aep.error_bodies import error_for
from flowsite.aep.errors import (
    AepError,
    BadRequest,
    MalformedAnswer,
    NotSent,
    TooManyRequests,
    Unauthorized,
)
from flowsite.aep.reading import as_text
from flowsite.aep.retry import READS, wait_before_retry
from flowsite.aep.sanitise import Hidden, secrets_in
from flowsite.aep.throttle import Throttle

logger = logging.getLogger(__name__)

Params = Sequence[tuple[str, str]]
Result = TypeVar("Result")
JSON = "application/json"
#: How long a 429 that says nothing holds calls back once it has been repeated in vain.
HOLD_S = 10.0
#: Longest line of a streamed answer; a longer one is cut there.
MAX_LINE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class SessionConfig:
    """Whose calls these are, and how long they may take. Times in seconds."""

    org_id: str
    client_id: str
    platform_url: str
    sandbox: str | None
    timeout_s: float = 30
    explore_timeout_s: float = 90
    create_timeout_s: float = 60


@dataclass(frozen=True)
class Answer:
    """A 2xx answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    operation: str = ""

    def json(self) -> Any:
        """The body; None when it is empty. Raises MalformedAnswer."""
        if not self.content.strip():
            return None
        try:
            return jsonlib.loads(self.content, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            # Not "from": a JSON error carries the whole body.
            raise MalformedAnswer(
                "the body is not JSON", status=self.status, operation=self.operation
            ) from None


@dataclass(frozen=True)
class Call:
    """A request before the session has added what is its own."""

    method: str
    path: str
    params: Params
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    limit_s: float
    operation: str
    reads: bool
    needs_sandbox: bool


def segment(value: str) -> str:
    """An id as one path segment, fully encoded. Raises BadRequest for what can't be one."""
    if not value or value.strip(".") == "":
        raise BadRequest(f"“{value}” is not an id", outcome_known=True)
    return quote(value, safe="")


def encode_query(params: Params) -> str:
    """Everything encoded, and a repeated name stays a repeated name."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)


class Session:
    """Sends the calls of one credential in one sandbox. Thread safe; owns its transport.

    ``max_wait_s`` bounds the seconds that one call spends waiting between its attempts. A longer
    wait is raised as TooManyRequests with ``retry_after_s``.
    """

    def __init__(
        self,
        config: SessionConfig,
        tokens: TokenSource,
        *,
        transport: httpx.BaseTransport | None = None,
        throttle: Throttle | None = None,
        sleep: Callable[[float], None] = time.sleep,
        max_wait_s: float = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self._tokens = tokens
        self._transport = transport or httpx.HTTPTransport()
        self._throttle = throttle
        self._sleep = sleep
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._base = config.platform_url.strip().rstrip("/")
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        """How many requests have been sent, repeated ones included."""
        return self._calls

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        operation: str = "",
        reads: bool | None = None,
        needs_sandbox: bool = True,
    ) -> Answer:
        """Sends a call and answers its 2xx; raises AepError for everything else.

        ``path`` starts with ``/`` and is already encoded. ``reads`` says that the call changes
        nothing and may be sent again (default: GET and HEAD). ``json`` None means no body.
        """
        method = method.upper()
        call = Call(
            method=method,
            path=path,
            params=params,
            body=json,
            headers=headers or {},
            limit_s=timeout_s or self.config.timeout_s,
            operation=operation or f"{method} {path}",
            reads=method in READS if reads is None else reads,
            needs_sandbox=needs_sandbox,
        )
        return self._repeat(call, self._send)

    def lines(
        self, path: str, *, params: Params = (), operation: str = "", timeout_s: float | None = None
    ) -> Iterator[bytes]:
        """The lines of a GET's answer as they arrive. The time limit counts from byte to byte."""
        limit = timeout_s or self.config.timeout_s
        call = Call("GET", path, params, None, {}, limit, operation or path, True, True)
        response, exchange = self._repeat(call, self._open)
        try:
            with wire.translated(exchange):
                yield from _split_lines(response.iter_bytes())
        finally:
            response.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- attempts ----------------------------------------------------------------------------

    def _repeat(self, call: Call, send: Callable[[Call, str, int], Result]) -> Result:
        started, waited, attempt, renewed = self._clock(), 0.0, 0, False
        token = Hidden(self._tokens.get())
        while True:
            waited += self._take_turn(call, self._max_wait_s - waited)
            try:
                return send(call, token, attempt)
            except Unauthorized:
                if renewed:
                    raise
                renewed = True
                token = Hidden(self._tokens.refresh(str(token)))
                continue
            except AepError as error:
                wait = self._wait_after(error, call, attempt, waited, self._clock() - started)
                if wait is None:
                    raise
            self._sleep(wait)
            waited += wait
            attempt += 1

    def _take_turn(self, call: Call, longest_s: float) -> float:
        if self._throttle is None:
            return 0.0
        wait = self._throttle.reserve(max(longest_s, 0.0))
        if wait > max(longest_s, 0.0):
            raise TooManyRequests(
                f"calls are held back for another {wait:.0f} s",
                retry_after_s=wait,
                operation=call.operation,
            )
        if wait > 0:
            self._sleep(wait)
        return wait

    def _wait_after(
        self, error: AepError, call: Call, attempt: int, waited: float, elapsed: float
    ) -> float | None:
        """Seconds until the next attempt; None: raise the error."""
        method = "GET" if call.reads else call.method
        wait = wait_before_retry(error, method=method, attempt=attempt)
        if isinstance(error, TooManyRequests):
            hold = error.retry_after_s if error.retry_after_s is not None else wait
            error.retry_after_s = hold if hold is not None else HOLD_S
            if self._throttle is not None:
                self._throttle.penalise(error.retry_after_s)
            late = wait is not None and waited + wait > self._max_wait_s
        else:
            late = wait is not None and elapsed + wait > max(call.limit_s, self._max_wait_s)
        return None if late else wait

    # --- one attempt -------------------------------------------------------------------------

    def _send(self, call: Call, token: str, attempt: int) -> Answer:
        exchange = self._exchange(call, token)
        with wire.logged(logger, exchange, path=call.path, attempt=attempt) as line:
            reply = wire.send(self._transport, exchange)
            line.saw(reply)
            if not 200 <= reply.status < 300:
                raise line.fails(self._error(reply, call, token))
            answer = Answer(reply.status, reply.headers, reply.content, call.operation)
            if call.reads:
                answer.json()  # an unreadable answer to a read is worth another attempt
            return answer

    def _open(self, call: Call, token: str, attempt: int) -> tuple[httpx.Response, wire.Exchange]:
        exchange = self._exchange(call, token)
        with wire.logged(logger, exchange, path=call.path, attempt=attempt) as line:
            response = wire.open_response(self._transport, exchange)
            line.saw(response)
            if 200 <= response.status_code < 300:
                return response, exchange
            try:
                with wire.translated(exchange):
                    content = b"".join(_first_chunks(response.iter_bytes()))
            finally:
                response.close()
            reply = wire.Reply(response.status_code, response.headers, content)
            raise line.fails(self._error(reply, call, token))

    def _error(self, reply: wire.Reply, call: Call, token: str) -> AepError:
        secrets = [token, *secrets_in(call.body)]
        return error_for(
            reply.status, reply.headers, reply.content, operation=call.operation, secrets=secrets
        )

    def _exchange(self, call: Call, token: str) -> wire.Exchange:
        """The request on the wire: exactly the headers of API contract, section 1.1."""
        if not wire.is_address(self._base):
            raise NotSent("the Platform URL is not a valid address", operation=call.operation)
        if not call.path.startswith("/") or call.path.startswith("//"):
            raise NotSent("the path must start with one slash", operation=call.operation)
        headers = [
            ("Authorization", Hidden(f"Bearer {token}")),
            ("x-api-key", self.config.client_id),
            ("x-gw-ims-org-id", self.config.org_id),
        ]
        if call.needs_sandbox:
            if not self.config.sandbox:
                raise NotSent("this call needs a sandbox", operation=call.operation)
            headers.append(("x-sandbox-name", self.config.sandbox))
        content = None
        if call.body is not None:
            content = jsonlib.dumps(call.body, allow_nan=False, separators=(",", ":")).encode()
            if "Content-Type" not in call.headers:
                headers.append(("Content-Type", JSON))
        headers.extend(call.headers.items())
        query = encode_query(call.params)
        url = f"{self._base}{call.path}" + (f"?{query}" if query else "")
        with self._lock:
            self._calls += 1
        return wire.Exchange(call.operation, call.method, url, headers, content, call.limit_s)


def location_id(answer: Answer) -> str:
    """The last segment of the ``Location`` header; empty without one."""
    place = as_text(answer.headers.get("location")).split("?")[0].rstrip("/")
    return place.rsplit("/", 1)[-1]


def _first_chunks(chunks: Iterator[bytes], limit: int = 1_000_000) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > limit:
            return


def _split_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines between ``\\n`` only: JSON may hold U+2028, where ``splitlines`` would cut."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > MAX_LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest
