"""Posts a signed message to an address that a person has typed.

Every hop of a redirect is checked like the first address (``CheckedTransport``). The signature is
HMAC-SHA256 over the time, a dot and the raw body:

    Flowsite-Signature: t=1795521600,v1=<hex>
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Final

import httpx

SIGNATURE: Final = "Flowsite-Signature"
MAX_REDIRECTS: Final = 3
#: These keep method and body; after others the message would be lost.
_KEEPING: Final = frozenset({307, 308})


@dataclass(frozen=True)
class Answer:
    """What the receiver said."""

    status: int
    #: How long it asks to wait, in seconds; None where it says nothing.
    retry_after_s: float | None = None


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The header's value."""
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def post(
    url: str,
    body: bytes,
    *,
    secret: str,
    headers: Mapping[str, str],
    transport: httpx.BaseTransport,
    timeout_s: float,
) -> Answer:
    """One attempt of at most about ``timeout_s``, all hops together; closes the transport.

    The answer's body is not read.

    A redirect to another host is followed like any: what is sent is no secret, and the signature
    is worth nothing for another message. Raises httpx.HTTPError, of it AddressRefused.
    """
    timestamp = int(time())
    sent = {**headers, SIGNATURE: signature(secret, timestamp, body)}
    with httpx.Client(transport=transport, follow_redirects=False) as client:
        place = httpx.URL(url)
        end = monotonic() + timeout_s
        for _ in range(MAX_REDIRECTS + 1):
            left = max(end - monotonic(), 0.1)
            request = client.build_request(
                "POST",
                place,
                content=body,
                headers=sent,
                timeout=left,
                extensions={"total_s": left},
            )
            response = client.send(request, stream=True)
            response.close()
            location = response.headers.get("location", "")
            if response.status_code not in _KEEPING or not location:
                return Answer(response.status_code, _retry_after(response))
            place = place.join(location)
    return Answer(response.status_code)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(parsedate_to_datetime(value).timestamp() - time(), 0.0)
    except (ValueError, TypeError):
        return None
