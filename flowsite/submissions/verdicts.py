"""What follows from an answer, an error or a look-up. Pure: rows and clocks are passed in.

AEP has no idempotency keys. So a call whose outcome is unknown is looked up before it is sent
again, and "not found" counts only after a quiet time, because lists may lag behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

from flowsite.aep.codes import number_of
from flowsite.aep.errors import AepError, Conflict, Unauthorized
from flowsite.saying import say
from flowsite.submissions.timing import Timing

#: A call that was lost and had no effect so often is given up, not tried for ever.
MOST_SENDS = 5
#: Known refusals do no harm, so they may be met more often.
MOST_REFUSALS = 60
MOST_UNAUTHORIZED = 3
#: A change that does not show is applied so often; then both states are shown.
MOST_CHANGES = 3
#: "In this state not applicable", "being changed": the object may be as wanted, or soon may be
#: changed. Source: API contract, section 7.10, locking and state.
STATE_CODES = frozenset({1404, 1416, 1420, 1421, 1422, 1444, 1445, 1456, 1457, 1458})
LONGEST_WAIT = timedelta(minutes=10)
LONGEST_RETRY_AFTER = timedelta(hours=1)
#: Look-ups that fail are given up after this, and the step stays unclear.
LONGEST_UNCLEAR = timedelta(hours=1)
#: Titles of schemas and field groups are unique: a clash with a title that holds our key is ours.
TITLE_TAKEN = "XDM-1521"
#: The provider refused, often with a 5xx: trying again helps nobody.
PROVIDER = "CONNECTOR-"

Found = dict[str, Any]


class Repeat(Enum):
    """How a call whose outcome is unknown may be repeated."""

    #: It creates something that carries our key: look, wait the quiet time, send again.
    AFTER_LOOKING = "after looking"
    #: It stores nothing, or sets what it already set: send again.
    FREELY = "freely"
    #: It changes an object to known content: compare, and apply it again if it differs.
    AFTER_COMPARING = "after comparing"
    #: It starts a run and carries no key of ours: never without asking.
    NEVER = "never"


@dataclass(frozen=True)
class Verdict:
    """What to write into the row. ``again`` sends it, ``look`` looks it up, at ``due_at``."""

    do: Literal["done", "again", "look", "fail"]
    due_at: datetime | None = None
    quiet_until: datetime | None = None
    result: Found = field(default_factory=dict)
    #: A sentence of ours; None keeps the words that are there.
    message: str | None = None


@dataclass(frozen=True)
class Look:
    """A look-up that has ended: everything it found, and what is known about the call."""

    found: Sequence[Found]
    began_at: datetime
    quiet_until: datetime
    attempts: int
    #: Of the error that made us look, if there was an answer at all.
    code: str | None = None
    #: Of a change: what the object has now, and what it should have.
    differs: Mapping[str, Any] | None = None
    wanted: Mapping[str, Any] | None = None


def after_error(
    error: AepError, repeat: Repeat, *, attempts: int, now: datetime, timing: Timing
) -> Verdict:
    """After a call that raised. ``attempts`` counts this one."""
    if not error.outcome_known or _title_taken(error) or _worth_comparing(error, repeat):
        return after_silence(repeat, attempts=attempts, now=now, timing=timing)
    if isinstance(error, Unauthorized):
        most = MOST_UNAUTHORIZED
    elif not error.permanent:
        most = MOST_REFUSALS
    else:
        return Verdict("fail")
    if attempts >= most:
        return Verdict("fail")
    return Verdict("again", due_at=now + wait_after(error.retry_after_s, attempts, timing))


def after_silence(
    repeat: Repeat,
    *,
    attempts: int,
    now: datetime,
    timing: Timing,
    still_open: timedelta = timedelta(0),
) -> Verdict:
    """After a call that may have happened, or may still be under way for ``still_open``."""
    if repeat is Repeat.FREELY:
        if attempts >= MOST_SENDS:
            return Verdict("fail")
        return Verdict("again", due_at=now + wait_after(None, attempts, timing))
    if repeat is Repeat.AFTER_COMPARING:
        return Verdict("look", due_at=now, quiet_until=now)
    return Verdict("look", due_at=now, quiet_until=now + still_open + timing.quiet)


def after_look(look: Look, repeat: Repeat, *, now: datetime, timing: Timing) -> Verdict:
    """Whether to adopt what was found, look once more, send again or stop and show."""
    if len(look.found) == 1:
        return Verdict("done", result=look.found[0])
    if len(look.found) > 1:
        return _several(look.found, repeat)
    if repeat is Repeat.AFTER_COMPARING:
        return _changed_too_little(look, now, timing)
    if look.began_at < look.quiet_until:
        due_at = next_look(now, look.quiet_until, timing)
        return Verdict("look", due_at=due_at, quiet_until=look.quiet_until)
    if (look.code or "").startswith((TITLE_TAKEN, PROVIDER)):
        return Verdict("fail")
    if repeat is Repeat.NEVER:
        return Verdict(
            "fail",
            result={"unsure": True},
            message=say(
                "AEP gave no usable answer, and no new run is to be seen. It may still come. "
                "Look at the runs first; continuing sends the request again."
            ),
        )
    if look.attempts >= MOST_SENDS:
        return Verdict(
            "fail",
            message=say(
                "AEP gave no usable answer to this call {attempts} times, and what it asks for "
                "has not happened.",
                attempts=look.attempts,
            ),
        )
    return Verdict("again", due_at=now)


def after_failed_look(
    error: AepError, *, sent_at: datetime, now: datetime, timing: Timing
) -> Verdict:
    """A look-up that raised leaves the outcome as unclear as it was."""
    if error.permanent or now - sent_at > LONGEST_UNCLEAR:
        return Verdict(
            "fail",
            result={"unsure": True},
            message=say(
                "Whether AEP carried this call out could not be found out: {message}",
                message=error.message or error,
            ),
        )
    return Verdict(
        "look", due_at=now + max(wait_after(error.retry_after_s, 1, timing), timing.quiet)
    )


def next_look(now: datetime, quiet_until: datetime, timing: Timing) -> datetime:
    """Closer together towards the end of the quiet time; the last look begins after it."""
    step = max((quiet_until - now) / 3, timing.quiet / 5)
    return min(now + step, quiet_until) if now < quiet_until else now


def wait_after(retry_after_s: float | None, attempts: int, timing: Timing) -> timedelta:
    """AEP's own wish first, else 1, 2, 4 … seconds (with the usual quiet time)."""
    if retry_after_s is not None:
        return min(timedelta(seconds=max(retry_after_s, 0)), LONGEST_RETRY_AFTER)
    doublings: int = min(attempts - 1, 20)
    return min(timing.pause * (1 << doublings), LONGEST_WAIT)


def _several(found: Sequence[Found], repeat: Repeat) -> Verdict:
    ids = [str(one["id"]) for one in found]
    if repeat is Repeat.NEVER:
        message = say(
            "{count} runs have started since: {names}. Which is this one's?",
            count=len(ids),
            names=", ".join(ids),
        )
        return Verdict("fail", result={"unsure": True}, message=message)
    return Verdict(
        "fail",
        result={"candidates": ids},
        message=say(
            "AEP holds {count} objects that carry this submission's key: {names}. Delete "
            "all but one, then continue.",
            count=len(ids),
            names=", ".join(ids),
        ),
    )


def _changed_too_little(look: Look, now: datetime, timing: Timing) -> Verdict:
    if look.attempts < MOST_CHANGES:
        return Verdict("again", due_at=now + wait_after(None, look.attempts, timing))
    message = say("The change was sent {attempts} times and doesn't show.", attempts=look.attempts)
    if look.differs:
        message = say(
            "The change was sent {attempts} times and doesn't show. AEP has: {differs}. "
            "Wanted: {wanted}.",
            attempts=look.attempts,
            differs=look.differs,
            wanted=look.wanted,
        )
    return Verdict("fail", message=message)


def _worth_comparing(error: AepError, repeat: Repeat) -> bool:
    """A refusal because of the object's state may mean that it is as wanted."""
    if repeat is not Repeat.AFTER_COMPARING:
        return False
    return isinstance(error, Conflict) or number_of(error.code) in STATE_CODES


def _title_taken(error: AepError) -> bool:
    return (error.code or "").startswith(TITLE_TAKEN)
