"""Requests, answers and routes: as much of a web framework as the emulator needs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from flowsite.emulator.world import World

MAX_BODY_BYTES = 10 * 1024 * 1024


class Scope(NamedTuple):
    """Where an object lives. Empty sandbox: the organisation itself."""

    org: str
    sandbox: str


class BadBody(ValueError):
    """The body isn't JSON; each service words its own refusal."""


NOWHERE = Scope("", "")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes
    base_url: str
    args: dict[str, str] = field(default_factory=dict)
    scope: Scope = NOWHERE
    client_id: str = ""

    def param(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def params(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    def json(self) -> Any:
        """Raises BadBody. NaN and its kin aren't JSON, whatever Python thinks, and half a
        surrogate pair is no text."""
        try:
            value = json.loads(self.body.decode("utf-8"), parse_constant=_refuse_constant)
            if b"\\u" in self.body:
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except (ValueError, RecursionError) as error:
            raise BadBody(str(error)) from error

    def at(self, args: dict[str, str]) -> Request:
        return replace(self, args=args)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} isn't JSON")


@dataclass(frozen=True)
class Response:
    """``body``: bytes go out as they are, None sends nothing, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )


Handler = Callable[["World", Request], Response]


@dataclass(frozen=True)
class Route:
    """``template`` has ``{names}`` for one segment and ``{name:this|that}`` for one of these;
    ``{name*}`` takes the rest, slashes too, because the Schema Registry's ids are URLs that
    arrive decoded."""

    method: str
    template: str
    handler: Handler
    writes: bool = False
    needs_sandbox: bool = True
    content_types: tuple[str, ...] = ("application/json",)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = []
    for part in re.split(r"(\{\w+[^}]*\})", template):
        if not part.startswith("{"):
            pieces.append(re.escape(part))
            continue
        name, _, choices = part.strip("{}").partition(":")
        form = choices or ("[^/]+" if not name.endswith("*") else ".+")
        pieces.append(f"(?P<{name.rstrip('*')}>{form})")
    return re.compile("".join(pieces) + "/?")


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._compiled = [(_pattern(route.template), route) for route in self.routes]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | set[str]:
        """The route and its arguments, or the methods that the path does allow."""
        allowed: set[str] = set()
        for pattern, route in self._compiled:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if route.method == method:
                return route, match.groupdict()
            allowed.add(route.method)
        return allowed


def request_from_environ(environ: dict[str, Any]) -> Request:
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    host = headers.get("host") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=_decoded_path(environ.get("PATH_INFO", "")),
        query=tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=_read_body(environ, headers),
        base_url=f"{environ.get('wsgi.url_scheme', 'http')}://{host}",
    )


def _decoded_path(path: str) -> str:
    """PATH_INFO is bytes in the guise of latin-1 (PEP 3333); some callers pass real text."""
    try:
        return path.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return path


def _read_body(environ: dict[str, Any], headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "")
    if length.isdigit():
        return bytes(environ["wsgi.input"].read(min(int(length), MAX_BODY_BYTES)))
    if headers.get("transfer-encoding"):
        return bytes(environ["wsgi.input"].read(MAX_BODY_BYTES))
    return b""
