from __future__ import annotations

import pytest

from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    BadCredential,
    BadRequest,
    Conflict,
    ConnectionFailed,
    Forbidden,
    MalformedAnswer,
    NotFound,
    NotSent,
    ServerError,
    StaleEtag,
    TooManyRequests,
    Unauthorized,
)
from flowsite.aep.retry import Backoff, wait_before_retry

BACKOFF = Backoff(first_s=1.0, most_s=8.0, attempts=4, attempts_429=6)


def decide(error: AepError, method: str = "GET", attempt: int = 0, jitter: float = 0.0):
    return wait_before_retry(
        error, method=method, attempt=attempt, backoff=BACKOFF, jitter=lambda: jitter
    )


@pytest.mark.parametrize(
    ("error", "method", "expected"),
    [
        pytest.param(ServerError(status=500), "GET", 1.0, id="a read is asked again after 500"),
        pytest.param(ServerError(status=502), "GET", 1.0, id="a read is asked again after 502"),
        pytest.param(ServerError(status=503), "GET", 1.0, id="a read is asked again after 503"),
        pytest.param(ServerError(status=504), "GET", 1.0, id="a read is asked again after 504"),
        pytest.param(ServerError(status=408), "get", 1.0, id="the method's letter case is free"),
        pytest.param(ServerError(status=501), "GET", None, id="not implemented stays so"),
        pytest.param(ServerError(status=500), "POST", None, id="a create may have happened"),
        pytest.param(ServerError(status=503), "PATCH", None, id="a change may have happened"),
        pytest.param(ServerError(status=503), "PUT", None, id="a replacement may have happened"),
        pytest.param(ServerError(status=503), "DELETE", None, id="a removal may have happened"),
        pytest.param(
            ServerError(status=503, retry_after_s=2),
            "POST",
            None,
            id="Retry-After doesn't change that",
        ),
        pytest.param(
            ServerError(status=500, code="CONNECTOR-1308-500"),
            "GET",
            None,
            id="the provider failed, not AEP",
        ),
        pytest.param(ServerError(status=500, code="1308"), "GET", None, id="1308 without prefix"),
        pytest.param(AnswerLost(), "GET", 1.0, id="a lost answer to a read"),
        pytest.param(AnswerLost(), "POST", None, id="a lost answer to a create"),
        pytest.param(MalformedAnswer(), "GET", 1.0, id="an unreadable answer to a read"),
        pytest.param(MalformedAnswer(), "POST", None, id="an unreadable answer to a create"),
        pytest.param(ConnectionFailed(), "GET", 1.0, id="no connection for a read"),
        pytest.param(ConnectionFailed(), "POST", 1.0, id="no connection: a create never left"),
        pytest.param(NotSent(), "GET", None, id="an unusable address"),
        pytest.param(TooManyRequests(status=429), "GET", 1.0, id="429 for a read"),
        pytest.param(TooManyRequests(status=429), "POST", 1.0, id="429 is a known refusal"),
        pytest.param(
            TooManyRequests(status=429, retry_after_s=7), "POST", 7.0, id="429 says how long"
        ),
        pytest.param(ServerError(status=503, retry_after_s=5), "GET", 5.0, id="503 says how long"),
        pytest.param(
            TooManyRequests(status=429, retry_after_s=0),
            "GET",
            0.1,
            id="Retry-After 0 is no busy loop",
        ),
        pytest.param(
            TooManyRequests(status=429, retry_after_s=500), "GET", 500.0, id="never less than asked"
        ),
        pytest.param(Unauthorized(status=401), "GET", None, id="401 is the session's"),
        pytest.param(Forbidden(status=403), "GET", None, id="403"),
        pytest.param(NotFound(status=404), "GET", None, id="404"),
        pytest.param(Conflict(status=409), "GET", None, id="409"),
        pytest.param(
            StaleEtag(status=412), "PATCH", None, id="412 belongs to who knows the change"
        ),
        pytest.param(BadRequest(status=400), "GET", None, id="400"),
        pytest.param(BadCredential(status=400), "GET", None, id="a refused credential"),
    ],
)
def test_first_decision(error, method, expected):
    assert decide(error, method) == expected


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        pytest.param(ServerError(status=500), 1, 2.0, id="doubled"),
        pytest.param(ServerError(status=500), 2, 4.0, id="doubled again"),
        pytest.param(ServerError(status=500), 3, None, id="the fourth attempt was the last"),
        pytest.param(TooManyRequests(status=429), 4, 8.0, id="capped"),
        pytest.param(TooManyRequests(status=429), 5, None, id="429 ends too"),
    ],
)
def test_later_decisions(error, attempt, expected):
    assert decide(error, attempt=attempt) == expected


def test_jitter_spreads_the_waits():
    waits = {decide(ServerError(status=500), jitter=share) for share in (0.0, 0.5, 1.0)}

    assert waits == {1.0, 1.25, 1.5}


def test_jitter_only_adds_to_what_was_asked():
    asked = TooManyRequests(status=429, retry_after_s=3)

    assert decide(asked, jitter=1.0) == 3.25
