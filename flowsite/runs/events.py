"""Adobe I/O Events: word that a run has begun or ended. Only ids are taken from it.

Source: ``help/sources/notifications.md``, I/O Events webhook guide (API contract, section 9).
Polling stays the truth; an event makes it happen sooner.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.core.cache import cache

from flowsite.credentials import connect
from flowsite.credentials.models import Credential
from flowsite.outbound.fetching import fetch

#: Adobe gives up on an answer after 10 s; the key is fetched within.
FETCH_S: Final = 5.0
MOST_KEY_BYTES: Final = 20_000
#: Within a minute, by all processes. Adobe has two keys.
MOST_FETCHES: Final = 20
#: Keys change seldom; Adobe's guide lets them be kept for a day.
KEY_LIFE_S: Final = 24 * 3600
#: Adobe repeats an event for 24 hours.
SEEN_S: Final = 25 * 3600
#: A path, never an address: keys come from Adobe's own host only.
_KEY_PATH: Final = re.compile(r"/[a-z]{1,20}/keys/[A-Za-z0-9_-]{1,100}\.pem")
_MOST_PARTS: Final = 20_000


class NotGenuine(Exception):
    """No valid signature of Adobe's, or an event for somebody else."""


class KeyUnavailable(Exception):
    """Adobe's key could not be fetched now; the event should come again."""


@dataclass(frozen=True)
class RunEvent:
    """What an event is about. ``event_id`` tells repeats."""

    event_id: str
    #: Dataflow and run ids in AEP.
    runs: frozenset[tuple[str, str]]


def read(body: bytes, headers: Mapping[str, str]) -> RunEvent:
    """An event that Adobe has signed. Raises NotGenuine, KeyUnavailable."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotGenuine("It is not JSON.") from error
    _check_recipient(document)
    _check_signature(body, headers)
    event_id = headers.get("x-adobe-event-id", "") or hashlib.sha256(body).hexdigest()
    return RunEvent(event_id, frozenset(_runs_in(document)))


def is_new(event: RunEvent) -> bool:
    """Whether it comes for the first time; from then on it does not."""
    return cache.add(_seen_key(event), True, SEEN_S)


def forget(event: RunEvent) -> None:
    """It could not be acted on: a repeat is welcome."""
    cache.delete(_seen_key(event))


def _seen_key(event: RunEvent) -> str:
    return f"adobe-event:{hashlib.sha256(event.event_id.encode()).hexdigest()}"


def _check_recipient(document: Any) -> None:
    """An event that names its recipient names one of our credentials."""
    named = {
        str(part[name]).replace("\x00", "")
        for part in _parts(document)
        for name in ("recipientclientid", "recipient_client_id")
        if part.get(name) is not None
    }
    ours = len(named) <= 1 and Credential.objects.filter(client_id__in=named).exists()
    if named and not ours:
        raise NotGenuine("It is for another client.")


def _check_signature(body: bytes, headers: Mapping[str, str]) -> None:
    """One valid signature of the two is enough."""
    unavailable: KeyUnavailable | None = None
    for number in ("1", "2"):
        signature = headers.get(f"x-adobe-digital-signature-{number}", "")
        path = headers.get(f"x-adobe-public-key{number}-path", "")
        if not signature or not _KEY_PATH.fullmatch(path):
            continue
        try:
            if _is_signed(body, signature, _key(path)):
                return
        except KeyUnavailable as error:
            unavailable = error
    if unavailable is not None:
        raise unavailable
    raise NotGenuine("No signature of Adobe's fits it.")


def _is_signed(body: bytes, signature: str, pem: bytes) -> bool:
    try:
        key = load_pem_public_key(pem)
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, body, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return True


def _key(path: str) -> bytes:
    kept: bytes | None = cache.get(f"adobe-key:{path}")
    if kept is not None:
        return kept
    _count_fetch()
    url = settings.EVENTS_KEYS_URL.rstrip("/") + path
    try:
        pem = fetch(
            url,
            transport=connect.make_transport(),
            timeout_s=FETCH_S,
            most_bytes=MOST_KEY_BYTES,
        )
    except httpx.HTTPError as error:
        raise KeyUnavailable("Adobe's key could not be fetched.") from error
    cache.set(f"adobe-key:{path}", pem, KEY_LIFE_S)
    return pem


def _count_fetch() -> None:
    """Who sends paths of keys at random makes us ask Adobe this often, and no oftener."""
    cache.add("adobe-key-fetches", 0, 60)
    try:
        count = cache.incr("adobe-key-fetches")
    except ValueError:  # just forgotten
        return
    if count > MOST_FETCHES:
        raise KeyUnavailable("Adobe's keys were fetched too often just now.")


def _runs_in(document: Any) -> Iterator[tuple[str, str]]:
    """Wherever they sit: three shapes of events are known, and none is promised."""
    for part in _parts(document):
        flow_id = part.get("flowId")
        run_id = part.get("flowRunId") or part.get("runId") or part.get("id")
        if all(isinstance(one, str) and 0 < len(one) <= 100 for one in (flow_id, run_id)):
            yield str(flow_id), str(run_id)


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document, the outer ones first."""
    waiting, count = deque([document]), 0
    while waiting and count < _MOST_PARTS:
        one = waiting.popleft()
        count += 1
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
