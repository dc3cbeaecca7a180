"""When a call is sent again by itself: a pure function of error, method and attempt.

A read is asked again after 429, 5xx, a lost connection or an unreadable answer. A write is sent
again only after a known refusal (429) or when it never left (no connection). Everything else about
a write is the caller's: a time-out does not say that it failed (API contract, sections 1.7, 13).
401 (once, with a new token) belongs to ``session``, 412 to whoever knows the change.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from flowsite.aep.codes import number_of, prefix_of
from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    ConnectionFailed,
    MalformedAnswer,
    ServerError,
    TooManyRequests,
)

READS = frozenset({"GET", "HEAD"})
#: The source system failed, not AEP: asking again only keeps people waiting.
_PROVIDER_CODE = 1308


@dataclass(frozen=True)
class Backoff:
    """Waits grow from ``first_s`` by factor 2 up to ``most_s``, with up to half of it as jitter."""

    first_s: float = 0.5
    most_s: float = 20.0
    #: Attempts in all, the first included.
    attempts: int = 4
    #: 429 is not a failure: more attempts, bounded by the session's time.
    attempts_429: int = 12


DEFAULT = Backoff()


def wait_before_retry(
    error: AepError,
    *,
    method: str,
    attempt: int,
    backoff: Backoff = DEFAULT,
    jitter: Callable[[], float] = random.random,
) -> float | None:
    """Seconds to wait before sending again; None: don't.

    ``attempt`` counts from 0. ``method`` is GET for a POST that only reads. ``jitter`` answers
    0 to 1. ``Retry-After`` is obeyed in full; the caller decides whether it can wait so long.
    """
    if not _may_repeat(error, is_read=method.upper() in READS):
        return None
    limit = backoff.attempts_429 if isinstance(error, TooManyRequests) else backoff.attempts
    if attempt + 1 >= limit:
        return None
    step = min(backoff.first_s * 2.0 ** min(attempt, 16), backoff.most_s)
    if error.retry_after_s is not None:
        return error.retry_after_s + step * jitter() / 4 + _floor(error.retry_after_s)
    return step * (1 + jitter() / 2)


def _floor(asked_s: float) -> float:
    """``Retry-After: 0`` must not become a busy loop."""
    return 0.1 if asked_s < 0.1 else 0.0


def _may_repeat(error: AepError, *, is_read: bool) -> bool:
    if isinstance(error, TooManyRequests | ConnectionFailed):
        return True
    if not is_read:
        return False
    if isinstance(error, ServerError):
        provider = prefix_of(error.code) == "CONNECTOR" or number_of(error.code) == _PROVIDER_CODE
        return error.status not in {501, 505} and not provider
    return isinstance(error, AnswerLost | MalformedAnswer)
