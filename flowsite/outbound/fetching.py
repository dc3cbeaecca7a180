"""Reads a small file from one address, without following it anywhere else."""

from __future__ import annotations

from time import monotonic

import httpx


def fetch(url: str, *, transport: httpx.BaseTransport, timeout_s: float, most_bytes: int) -> bytes:
    """The body of a 200; closes the transport. Raises httpx.HTTPError, also for anything else.

    ``timeout_s`` bounds the whole, also a body that trickles in.
    """
    end = monotonic() + timeout_s
    with (
        httpx.Client(transport=transport, timeout=timeout_s, follow_redirects=False) as client,
        client.stream("GET", url, extensions={"total_s": timeout_s}) as response,
    ):
        if response.status_code != 200:
            raise httpx.HTTPStatusError(
                f"answered {response.status_code}", request=response.request, response=response
            )
        body = b""
        for part in response.iter_bytes():
            body += part
            if len(body) > most_bytes:
                raise httpx.DecodingError("too large", request=response.request)
            if monotonic() > end:
                raise httpx.ReadTimeout("too slow", request=response.request)
        return body
