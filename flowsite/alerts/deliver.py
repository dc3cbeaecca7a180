"""Sends one message. The row is written before and after, so that none is lost.

A worker that dies leaves a lease that runs out; the next one sends the message again. So each
message arrives at least once, and twice only if a worker was lost between sending and noting it.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _

from flowsite.alerts import chat
from flowsite.alerts.evaluate import quiet_end
from flowsite.alerts.models import (
    OPEN_DELIVERIES,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Event,
)
from flowsite.core import leases
from flowsite.core.encrypted import Undecryptable, decrypt
from flowsite.core.redaction import redact_text
from flowsite.outbound import posting
from flowsite.outbound.addresses import AddressRefused
from flowsite.outbound.transport import CheckedTransport
from flowsite.saying import say

#: Longer than any attempt can take.
LEASE: Final = timedelta(seconds=120)
WEBHOOK_TIMEOUT_S: Final = 20.0
MOST_ATTEMPTS: Final = 10
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 3600.0
#: Answers of a webhook after which trying again can help, besides 5xx.
_WORTH_A_RETRY: Final = frozenset({408, 409, 423, 425, 429})


class NotDelivered(Exception):
    """An attempt failed. ``str()`` is a sentence for people, without the target."""

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


def wait_before_retry(attempts: int, retry_after_s: float | None = None) -> timedelta:
    """After so many attempts: 30 s, doubled each time, an hour at most."""
    wait = min(FIRST_WAIT_S * 2.0 ** max(attempts - 1, 0), LONGEST_WAIT_S)
    return timedelta(seconds=min(max(wait, retry_after_s or 0.0), LONGEST_WAIT_S * 24))


def deliver(pk: int) -> str | None:
    """One attempt at a message that is due; its state then, None if there was nothing to do."""
    now = timezone.now()
    due = Delivery.objects.filter(pk=pk, state__in=OPEN_DELIVERIES, due_at__lte=now)
    found = due.first()
    if found is None or (lease := leases.take(found, LEASE)) is None:
        return None
    rows = due.filter(lease_token=lease)
    row = rows.select_related("channel", "alert").first()
    if row is None:
        leases.release(found, lease)
        return None
    held = _held_back(row, now)
    if held is not None:
        leases.release(row, lease, woken_at=None, **held)
        return str(held.get("state", DeliveryState.WAITING))
    row.attempts += 1
    if not rows.update(
        state=DeliveryState.SENDING, attempts=row.attempts, attempted_at=now, outcome=""
    ):
        return None
    values = _attempt(row)
    leases.release(row, lease, woken_at=None, **values)
    return str(values["state"])


def _held_back(row: Delivery, now: datetime) -> dict[str, Any] | None:
    """What to write instead of sending; None where it is to be sent."""
    if row.attempts >= MOST_ATTEMPTS:
        # No attempt came to an end: whatever ended the workers would end the next one too.
        return {"state": DeliveryState.FAILED, "outcome": say("Every attempt was cut off.")}
    if row.event == Event.TEST:
        return None
    if not row.channel.enabled:
        return {"state": DeliveryState.DROPPED, "outcome": say("The channel is switched off.")}
    until = quiet_end(row.channel, now)
    return {"due_at": until} if until else None


def _attempt(row: Delivery) -> dict[str, Any]:
    try:
        said = _SENDERS[row.channel.kind](row)
    except NotDelivered as problem:
        return _after_failure(row, problem)
    except Undecryptable as error:
        return _after_failure(row, NotDelivered(str(error), permanent=True))
    return {"state": DeliveryState.SENT, "outcome": said[:500]}


def _after_failure(row: Delivery, problem: NotDelivered) -> dict[str, Any]:
    outcome = redact_text(str(problem))[:500]
    # Of a test, somebody waits for the outcome.
    is_last = row.attempts >= MOST_ATTEMPTS or row.event == Event.TEST
    if problem.permanent or is_last:
        return {"state": DeliveryState.FAILED, "outcome": outcome}
    due_at = timezone.now() + wait_before_retry(row.attempts, problem.retry_after_s)
    return {"state": DeliveryState.WAITING, "due_at": due_at, "outcome": outcome}


# --- ways to send --------------------------------------------------------------------------------


def _email(row: Delivery) -> str:
    if not settings.EMAIL_URL:
        raise NotDelivered(
            say("E-mail is not set up: an administrator sets FLOWSITE_EMAIL_URL."), permanent=True
        )
    people = decrypt(row.channel.target, secret=False).split()
    headers = {"Message-ID": f"<{row.uuid}@flowsite>", "Auto-Submitted": "auto-generated"}
    if row.alert_id:
        # Beginning and recovery of an alert are one conversation.
        headers["References"] = f"<alert-{row.alert_id}@flowsite>"
    # A line break in a name would be one in the header.
    subject = " ".join(f"[Flowsite] {row.subject}".split())
    mail = EmailMessage(subject=subject, body=row.text, to=people, headers=headers)
    try:
        mail.send()
    except smtplib.SMTPResponseException as error:
        # A refused sign-in is about the server's settings, not about the message.
        refused = isinstance(error, smtplib.SMTPAuthenticationError)
        final = 500 <= error.smtp_code < 600 and not refused
        said = say("The mail server answered {code}.", code=error.smtp_code)
        raise NotDelivered(said, permanent=final) from None
    except smtplib.SMTPRecipientsRefused:
        raise NotDelivered(say("The mail server refused every address.")) from None
    except (OSError, smtplib.SMTPException) as error:
        said = say("The mail server can't be reached ({error}).", error=type(error).__name__)
        raise NotDelivered(said) from None
    return say("Handed to the mail server.")


def make_transport() -> httpx.BaseTransport:
    """The way out of webhooks: refuses internal addresses that are not listed."""
    return CheckedTransport(allowed_hosts=settings.INTERNAL_HOSTS)


def _webhook(row: Delivery) -> str:
    body = {"id": str(row.uuid), "sent_at": timezone.now().astimezone(UTC).isoformat(), **row.body}
    try:
        answer = posting.post(
            decrypt(row.channel.target),
            json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            secret=decrypt(row.channel.secret),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Flowsite",
                "Flowsite-Delivery": str(row.uuid),
                "Flowsite-Event": row.event,
            },
            transport=make_transport(),
            timeout_s=WEBHOOK_TIMEOUT_S,
        )
    except AddressRefused as error:
        raise NotDelivered(str(error), permanent=error.permanent) from None
    except httpx.TimeoutException:
        raise NotDelivered(say("The receiver did not answer in time.")) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = say("The receiver can't be reached ({error}).", error=type(error).__name__)
        raise NotDelivered(said) from None
    return _judged(answer)


def _judged(answer: posting.Answer) -> str:
    said = say("The receiver answered {status}.", status=answer.status)
    if 200 <= answer.status < 300:
        return said
    if 300 <= answer.status < 400:
        said = say(
            "The receiver redirects ({status}): enter the final address.", status=answer.status
        )
    permanent = answer.status < 500 and answer.status not in _WORTH_A_RETRY
    raise NotDelivered(said, permanent=permanent, retry_after_s=answer.retry_after_s)


def _service(row: Delivery) -> str:
    address = decrypt(row.channel.target)
    try:
        name = chat.service_of(address).name
        recovered = row.event == Event.RECOVERED
        taken = chat.send(address, row.subject, row.text, recovered=recovered)
    except chat.BadAddress as error:
        raise NotDelivered(str(error), permanent=True) from None
    if not taken:
        raise NotDelivered(say("{service} did not take the message.", service=name))
    return say("{service} took the message.", service=name)


_SENDERS: Final[dict[str, Callable[[Delivery], str]]] = {
    ChannelKind.EMAIL: _email,
    ChannelKind.WEBHOOK: _webhook,
    ChannelKind.SERVICE: _service,
}


@dataclass(frozen=True)
class Trial:
    """What a test message brought."""

    ok: bool
    outcome: str


def send_test(channel: Channel) -> Trial:
    """A test message at once, quiet hours or not, noted in the log of deliveries."""
    now = timezone.now()
    text = _("This is a test from Flowsite. Alerts for “%(channel)s” arrive here.")
    row = Delivery.objects.create(
        channel=channel,
        event=Event.TEST,
        subject=_("Test of the channel “%(channel)s”") % {"channel": channel.name},
        text=text % {"channel": channel.name},
        body={"event": "test", "alert": None},
        created_at=now,
        due_at=now,
        woken_at=now,
    )
    deliver(row.pk)
    row.refresh_from_db()
    return Trial(row.state == DeliveryState.SENT, row.outcome)
