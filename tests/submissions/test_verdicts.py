"""What follows from errors and look-ups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    BadCredential,
    BadRequest,
    ConnectionFailed,
    Forbidden,
    MalformedAnswer,
    ServerError,
    TooManyRequests,
    Unauthorized,
)
from flowsite.submissions.timing import Timing
from flowsite.submissions.verdicts import (
    MOST_SENDS,
    MOST_UNAUTHORIZED,
    Look,
    Repeat,
    Verdict,
    after_error,
    after_failed_look,
    after_look,
    next_look,
    wait_after,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TIMING = Timing(
    lease=timedelta(seconds=45),
    renew=timedelta(seconds=10),
    quiet=timedelta(seconds=15),
    call_limit=timedelta(seconds=60),
    budget=timedelta(seconds=120),
)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


LOOK = Verdict("look", due_at=NOW, quiet_until=later(15))


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        pytest.param(AnswerLost(), 1, LOOK, id="a lost answer may have happened"),
        pytest.param(ServerError(status=503), 1, LOOK, id="a 503 may have happened"),
        pytest.param(MalformedAnswer(), 1, LOOK, id="an unreadable success has happened"),
        pytest.param(
            BadRequest(code="XDM-1521-400", status=400), 1, LOOK, id="a taken title may be ours"
        ),
        pytest.param(
            TooManyRequests(retry_after_s=7),
            1,
            Verdict("again", due_at=later(7)),
            id="a 429 is a known refusal, its own wait first",
        ),
        pytest.param(
            TooManyRequests(), 3, Verdict("again", due_at=later(4)), id="a 429 without wait"
        ),
        pytest.param(
            Unauthorized(status=401), 1, Verdict("again", due_at=later(1)), id="a token died"
        ),
        pytest.param(
            Unauthorized(status=401), MOST_UNAUTHORIZED, Verdict("fail"), id="tokens keep dying"
        ),
        pytest.param(
            ConnectionFailed(), 1, Verdict("again", due_at=later(1)), id="it never left the house"
        ),
        pytest.param(BadRequest(status=400), 1, Verdict("fail"), id="a wrong request stays wrong"),
        pytest.param(Forbidden(status=403), 1, Verdict("fail"), id="a missing permission"),
        pytest.param(BadCredential(), 1, Verdict("fail"), id="a refused credential"),
    ],
)
def test_after_an_error(error: AepError, attempts: int, expected: Verdict) -> None:
    verdict = after_error(error, Repeat.AFTER_LOOKING, attempts=attempts, now=NOW, timing=TIMING)

    assert verdict == expected


def test_a_call_that_stores_nothing_is_sent_again_without_looking() -> None:
    verdict = after_error(ServerError(), Repeat.FREELY, attempts=2, now=NOW, timing=TIMING)

    assert verdict == Verdict("again", due_at=later(2))


def look(**changes: Any) -> Look:
    values: dict[str, Any] = {
        "found": [],
        "began_at": later(15),
        "quiet_until": later(15),
        "attempts": 1,
        "code": None,
    }
    return Look(**{**values, **changes})


@pytest.mark.parametrize(
    ("looked", "repeat", "expected"),
    [
        pytest.param(
            look(found=[{"id": "a"}], began_at=NOW),
            Repeat.AFTER_LOOKING,
            Verdict("done", result={"id": "a"}),
            id="one match is adopted at once",
        ),
        pytest.param(
            look(began_at=later(14.9)),
            Repeat.AFTER_LOOKING,
            Verdict("look", due_at=later(15), quiet_until=later(15)),
            id="nothing found proves nothing in the quiet time",
        ),
        pytest.param(
            look(),
            Repeat.AFTER_LOOKING,
            Verdict("again", due_at=later(14)),
            id="nothing found after the quiet time",
        ),
        pytest.param(
            look(code="XDM-1521-400"),
            Repeat.AFTER_LOOKING,
            Verdict("fail"),
            id="the taken title was somebody else's",
        ),
        pytest.param(
            look(code="CONNECTOR-1308-500"),
            Repeat.AFTER_LOOKING,
            Verdict("fail"),
            id="the provider refused and would again",
        ),
    ],
)
def test_after_a_look(looked: Look, repeat: Repeat, expected: Verdict) -> None:
    assert after_look(looked, repeat, now=later(14), timing=TIMING) == expected


def test_several_matches_stop_and_name_them() -> None:
    looked = look(found=[{"id": "a"}, {"id": "b"}], began_at=NOW)

    verdict = after_look(looked, Repeat.AFTER_LOOKING, now=NOW, timing=TIMING)

    assert (verdict.do, verdict.result) == ("fail", {"candidates": ["a", "b"]})
    assert "a, b" in (verdict.message or "")


def test_a_call_that_never_works_is_given_up() -> None:
    looked = look(attempts=MOST_SENDS)

    assert after_look(looked, Repeat.AFTER_LOOKING, now=NOW, timing=TIMING).do == "fail"


def test_a_run_is_never_started_twice_without_asking() -> None:
    verdict = after_look(look(), Repeat.NEVER, now=later(15), timing=TIMING)

    assert (verdict.do, verdict.result) == ("fail", {"unsure": True})


@pytest.mark.parametrize(
    ("error", "sent_s_ago", "do"),
    [
        pytest.param(ServerError(), 10, "look", id="AEP is down for now"),
        pytest.param(ServerError(), 4000, "fail", id="AEP has been down for an hour"),
        pytest.param(Forbidden(), 1, "fail", id="we may not look"),
    ],
)
def test_after_a_look_that_failed(error: AepError, sent_s_ago: float, do: str) -> None:
    verdict = after_failed_look(error, sent_at=later(-sent_s_ago), now=NOW, timing=TIMING)

    assert verdict.do == do
    assert verdict.result == ({"unsure": True} if do == "fail" else {})


@pytest.mark.parametrize(
    ("now_s", "expected_s"),
    [
        pytest.param(0, 25, id="a third of what is left"),
        pytest.param(66, 69, id="at least a fifth of the quiet time"),
        pytest.param(74, 75, id="the last one at the end"),
        pytest.param(76, 76, id="never in the past"),
    ],
)
def test_next_look(now_s: float, expected_s: float) -> None:
    assert next_look(later(now_s), later(75), TIMING) == later(expected_s)


@pytest.mark.parametrize(
    ("retry_after_s", "attempts", "expected_s"),
    [(None, 1, 1), (None, 4, 8), (None, 40, 600), (2.5, 1, 2.5), (99_999, 1, 3600), (-1, 1, 0)],
)
def test_wait_after(retry_after_s: float | None, attempts: int, expected_s: float) -> None:
    assert wait_after(retry_after_s, attempts, TIMING) == timedelta(seconds=expected_s)
