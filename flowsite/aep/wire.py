"""One HTTP exchange over a transport: limits, size bound, and httpx's exceptions translated.

Uses the transport itself, not an ``httpx.Client``: no cookies, no default headers, no redirects, no
``.netrc``. A redirect would carry the token to another host, so its answer is an error like others.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from flowsite.aep.error_bodies import request_id
from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    ConnectionFailed,
    MalformedAnswer,
    NotSent,
)
from flowsite.aep.sanitise import clean

CONNECT_LIMIT_S = 10.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
USER_AGENT = "flowsite"
#: httpx also unpacks br and zstd, where a few bytes can become gigabytes in one step.
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
_HOST = re.compile(r"[^\s/?#@%\\<>\"'^`{|}]+")
_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class Exchange:
    """A request as it goes out. The repr holds neither headers nor body nor query."""

    operation: str
    method: str
    url: str = field(repr=False)
    headers: list[tuple[str, str]] = field(repr=False)
    content: bytes | None = field(repr=False)
    limit_s: float = 30.0


@dataclass(frozen=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        return request_id(self.headers)


def is_address(url: str) -> bool:
    """Whether a base address has a scheme, a host and perhaps a port, and nothing secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = not parts.username and not parts.password and port != 0
    return parts.scheme in {"http", "https"} and plain and bool(_HOST.fullmatch(host))


def send(transport: httpx.BaseTransport, exchange: Exchange) -> Reply:
    """Sends and reads the whole answer. Raises NotSent, AnswerLost, MalformedAnswer."""
    end = time.monotonic() + exchange.limit_s
    response = open_response(transport, exchange)
    try:
        return Reply(response.status_code, response.headers, _bounded(response, exchange, end))
    finally:
        response.close()


def open_response(transport: httpx.BaseTransport, exchange: Exchange) -> httpx.Response:
    """Sends and reads the head of the answer; the caller closes it."""
    request = _request(exchange)
    with translated(exchange):
        response = transport.handle_request(request)
    response.request = request
    encodings = response.headers.get("content-encoding", "").lower()
    if not {item.strip() for item in encodings.split(",")} <= _ENCODINGS:
        response.close()
        raise MalformedAnswer(
            "the answer is packed in an unknown way", operation=exchange.operation
        )
    return response


def _request(exchange: Exchange) -> httpx.Request:
    headers = [*exchange.headers, ("User-Agent", USER_AGENT), ("Accept-Encoding", "gzip, deflate")]
    for name, value in headers:
        if not _HEADER_TEXT.fullmatch(value):
            raise NotSent(
                f"the header {name} has a character that can't be sent",
                operation=exchange.operation,
            )
    limit = exchange.limit_s
    timeout = httpx.Timeout(limit, connect=min(limit, CONNECT_LIMIT_S))
    try:
        return httpx.Request(
            exchange.method,
            exchange.url,
            headers=headers,
            content=exchange.content,
            extensions={"timeout": timeout.as_dict(), "total_s": limit},
        )
    except (httpx.InvalidURL, ValueError):
        # Not the exception's own text: it can hold what was in the address or a header.
        raise NotSent("the address is not valid", operation=exchange.operation) from None


def _bounded(response: httpx.Response, exchange: Exchange, end: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    with translated(exchange):
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise MalformedAnswer("the answer is too large", operation=exchange.operation)
            if time.monotonic() > end:
                raise AnswerLost("the answer came too slowly", operation=exchange.operation)
            chunks.append(chunk)
    return b"".join(chunks)


@contextlib.contextmanager
def translated(exchange: Exchange) -> Iterator[None]:
    """Turns httpx's exceptions into ours, by what they say about the request's fate."""
    name = exchange.operation
    try:
        yield
    except httpx.LocalProtocolError:
        # Its text can quote a header, and a header holds the token.
        raise NotSent("the request breaks the rules of HTTP", operation=name) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError, OverflowError):
        # The last two come from the resolver: an impossible host name or port.
        raise NotSent("the address is not valid", operation=name) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        kind = NotSent if getattr(error, "permanent", False) else ConnectionFailed
        raise kind(_words(error, "no connection within the time limit"), operation=name) from error
    except httpx.TimeoutException as error:
        raise AnswerLost(f"no answer within {exchange.limit_s:g} s", operation=name) from error
    except httpx.DecodingError as error:
        raise MalformedAnswer("the answer can't be unpacked", operation=name) from error
    except (httpx.HTTPError, OSError) as error:
        raise AnswerLost(
            "the connection broke before the answer was complete", operation=name
        ) from error


def _words(error: Exception, otherwise: str) -> str:
    return clean(str(error), limit=300) or otherwise


class LogLine:
    """What the one log line of an exchange will say."""

    def __init__(self, exchange: Exchange, path: str, attempt: int) -> None:
        self.fields: dict[str, object] = {
            "operation": exchange.operation,
            "method": exchange.method,
            "path": path,
            "status": None,
            "duration_ms": 0,
            "request_id": None,
            "attempt": attempt,
        }

    def saw(self, reply: Reply | httpx.Response) -> None:
        """Notes status and request id."""
        status = reply.status if isinstance(reply, Reply) else reply.status_code
        self.fields |= {"status": status, "request_id": request_id(reply.headers)}

    def fails(self, error: AepError) -> AepError:
        """Notes the error's code and request id, and hands it back for raising."""
        self.fields["code"] = error.code
        self.fields["request_id"] = error.request_id or self.fields["request_id"]
        return error


@contextlib.contextmanager
def logged(
    logger: logging.Logger, exchange: Exchange, *, path: str, attempt: int = 0
) -> Iterator[LogLine]:
    """Writes one line when the block ends. ``path`` carries no query."""
    line = LogLine(exchange, path, attempt)
    started = time.monotonic()
    try:
        yield line
    except Exception as error:
        line.fields["error"] = type(error).__name__
        raise
    finally:
        line.fields["duration_ms"] = round((time.monotonic() - started) * 1000)
        failed = "error" in line.fields
        logger.log(logging.WARNING if failed else logging.INFO, "aep call", extra=line.fields)
