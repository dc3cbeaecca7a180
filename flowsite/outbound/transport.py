"""A transport that checks every address at the moment it connects, and connects to no other.

DNS rebinding has no chance: the name is resolved once per connection, the answers are checked, and
the socket goes to a checked address, while TLS and ``Host`` keep the name.
"""

from __future__ import annotations

import functools
import ssl
import threading
import time
from collections.abc import Iterable

import httpcore
import httpx

from flowsite.outbound.addresses import (
    AddressRefused,
    AllowList,
    Resolver,
    check_parts,
    checked_addresses,
    resolve_host,
)

MAX_CONNECTIONS = 20
KEEPALIVE_S = 5.0
#: When the exchange of this thread must have its answer's head; see ``_Stream``.
_limits = threading.local()


@functools.cache
def _tls() -> ssl.SSLContext:
    """One for all: reading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context()


class CheckedTransport(httpx.BaseTransport):
    """Refuses internal addresses and plain http, except for ``allowed_hosts``. Thread safe.

    Raises AddressRefused (a ``httpx.ConnectError``). Follows no redirect, uses no proxy. A request
    extension ``total_s`` bounds the seconds until the head of the answer is there, however slowly
    it trickles.
    """

    def __init__(self, allowed_hosts: Iterable[str], *, resolve: Resolver | None = None) -> None:
        self._allowed = AllowList.of(allowed_hosts)
        self._inner = httpx.HTTPTransport(verify=_tls(), trust_env=False)
        # httpx has no public way to give its pool another network backend.
        self._inner._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_CheckedBackend(self._allowed, resolve or resolve_host),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        check_parts(request.url.scheme, request.url.host, self._allowed)
        total_s = request.extensions.get("total_s")
        _limits.end = time.monotonic() + total_s if total_s else None
        try:
            return self._inner.handle_request(request)
        except httpx.ConnectError as error:
            if isinstance(error.__cause__, _Refused):
                raise error.__cause__.refusal from None
            raise
        finally:
            _limits.end = None

    def close(self) -> None:
        self._inner.close()


class _Refused(httpcore.ConnectError):
    """Carries the refusal through httpcore."""

    def __init__(self, refusal: AddressRefused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to the checked addresses of a host, one after the other."""

    def __init__(self, allowed: AllowList, resolve: Resolver) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = checked_addresses(host, port, self._allowed, self._resolve)
        except AddressRefused as refusal:
            raise _Refused(refusal) from None
        end = None if timeout is None else time.monotonic() + timeout
        failure: Exception | None = None
        for address in addresses:
            left = None if end is None else max(end - time.monotonic(), 0.1)
            try:
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
                return _Stream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = failure or error
        raise failure or httpcore.ConnectError(f"no address of {host}")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        del path, timeout, socket_options
        raise _Refused(AddressRefused("Local sockets are not allowed."))

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """Shortens each read to what is left of the whole exchange.

    httpx's own time limit counts from byte to byte, so that a head that trickles in would hold a
    thread for hours.
    """

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    end: float | None = getattr(_limits, "end", None)
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return left if timeout is None else min(timeout, left)
