"""Identifiers in the shapes of API contract, section 1.3, and etags with their quotes."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SEEDS = uuid.UUID("5f3c9d3e-5a0f-4a52-9f43-1f6f6a2d9a10")


def new_uuid() -> str:
    return str(uuid.uuid4())


def seeded_uuid(*parts: str) -> str:
    """The same id for the same words, so that seeds have the same ids everywhere."""
    return str(uuid.uuid5(_SEEDS, "/".join(parts)))


def new_hex(length: int) -> str:
    return secrets.token_hex((length + 1) // 2)[:length]


def seeded_hex(length: int, *parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:length]


def new_batch_id(now_ms: int | None = None) -> str:
    """A ULID: 48 bits of time, 80 bits of chance, 26 characters."""
    moment = int(time.time() * 1000) if now_ms is None else now_ms
    value = (moment << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def new_etag() -> str:
    """The text includes its double quotes, as in Flow Service (API contract, section 1.4)."""
    return f'"{new_hex(8)}-0000-0200-0000-{new_hex(12)}"'
