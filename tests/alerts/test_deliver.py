"""Webhooks against a real server on this machine, e-mail against Django's memory."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from django.core import mail
from django.utils import timezone

from flowsite.alerts import deliver, tasks
from flowsite.alerts.models import Alert, Channel, ChannelKind, Delivery, DeliveryState, Event
from flowsite.core import leases
from flowsite.core.encrypted import encrypt
from flowsite.outbound import posting
from tests.alerts.conftest import FAILED, NOON, SECRET

pytestmark = pytest.mark.django_db


@dataclass
class Receiver:
    """What arrived, and what is answered: (status, headers), the last one for ever."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append((self.path, dict(self.headers), body))
            one = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(one[0])
            for name, value in one[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook/canary-path"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def webhook(team: Any, receiver: Receiver) -> Channel:
    return Channel.objects.create(
        team=team,
        name="Our program",
        kind=ChannelKind.WEBHOOK,
        target=encrypt(receiver.url),
        shown="http://127.0.0.1/…",
        secret=encrypt(SECRET),
    )


def a_delivery(channel: Channel, **values: Any) -> Delivery:
    now = timezone.now()
    return Delivery.objects.create(
        **{
            "channel": channel,
            "event": Event.OPENED,
            "subject": "“Payments” failed",
            "text": "“Payments” failed.",
            "body": {"event": "opened", "alert": {"id": 1}},
            "created_at": now,
            "due_at": now,
            **values,
        }
    )


def verified(headers: dict[str, str], body: bytes) -> bool:
    """As docs/ops-guide.md tells receivers to do it."""
    parts = dict(part.split("=", 1) for part in headers["Flowsite-Signature"].split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


def test_a_webhook_gets_a_signed_message(receiver, webhook):
    row = a_delivery(webhook)

    assert deliver.deliver(row.pk) == DeliveryState.SENT

    ((path, headers, body),) = receiver.requests
    assert path == "/hook/canary-path"
    assert verified(headers, body)
    assert not verified(headers, body + b" ")
    assert headers["Flowsite-Delivery"] == str(row.uuid)
    said = json.loads(body)
    assert (said["id"], said["event"]) == (str(row.uuid), "opened")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, DeliveryState.SENT),
        (204, DeliveryState.SENT),
        (302, DeliveryState.FAILED),
        (400, DeliveryState.FAILED),
        (404, DeliveryState.FAILED),
        (408, DeliveryState.WAITING),
        (429, DeliveryState.WAITING),
        (500, DeliveryState.WAITING),
        (503, DeliveryState.WAITING),
    ],
)
def test_what_an_answer_means(receiver, webhook, status, state):
    receiver.answers = [(status, {"Location": "/elsewhere"} if status == 302 else {})]
    row = a_delivery(webhook)

    assert deliver.deliver(row.pk) == state
    assert len(receiver.requests) == 1


def test_a_message_is_tried_again_later_and_later_and_then_given_up(clock, receiver, webhook):
    receiver.answers = [(500, {})]
    row = a_delivery(webhook)
    waits = []
    for _ in range(deliver.MOST_ATTEMPTS):
        tasks.sweep_deliveries()
        row.refresh_from_db()
        waits.append(int((row.due_at - timezone.now()).total_seconds()))
        clock.move_to(max(row.due_at, timezone.now()))

    assert waits[:9] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 10)
    assert row.outcome == "The receiver answered 500."
    assert len({headers["Flowsite-Delivery"] for _, headers, _ in receiver.requests}) == 1


def test_a_message_arrives_after_an_outage(clock, receiver, webhook):
    receiver.answers = [(503, {"Retry-After": "300"}), (200, {})]
    row = a_delivery(webhook)
    tasks.sweep_deliveries()
    row.refresh_from_db()
    assert row.due_at == NOON + timedelta(seconds=300)

    clock.shift(timedelta(seconds=299))
    tasks.sweep_deliveries()
    assert len(receiver.requests) == 1
    clock.shift(timedelta(seconds=1))
    tasks.sweep_deliveries()

    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.SENT, 2)


def test_a_redirect_is_followed_with_the_body(receiver, webhook):
    receiver.answers = [(307, {"Location": "/new"}), (200, {})]

    assert deliver.deliver(a_delivery(webhook).pk) == DeliveryState.SENT
    assert [path for path, _, _ in receiver.requests] == ["/hook/canary-path", "/new"]
    assert verified(*receiver.requests[1][1:])


@pytest.mark.parametrize("place", ["http://127.0.0.2:1/", "https://169.254.169.254/latest"])
def test_a_redirect_to_an_internal_address_is_refused(settings, receiver, webhook, place):
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    receiver.answers = [(307, {"Location": place})]
    row = a_delivery(webhook)

    assert deliver.deliver(row.pk) == DeliveryState.FAILED
    row.refresh_from_db()
    assert "not allowed" in row.outcome
    assert "127.0.0.1" not in row.outcome


def test_an_internal_address_that_is_not_listed_is_refused(settings, receiver, webhook):
    settings.INTERNAL_HOSTS = []

    assert deliver.deliver(a_delivery(webhook).pk) == DeliveryState.FAILED
    assert receiver.requests == []


def test_endless_redirects_end(receiver, webhook):
    receiver.answers = [(307, {"Location": "/again"})]

    assert deliver.deliver(a_delivery(webhook).pk) == DeliveryState.FAILED
    assert len(receiver.requests) == 4


def test_a_message_of_a_lost_worker_is_sent_by_the_next(clock, receiver, webhook):
    row = a_delivery(webhook)
    lost = leases.take(row, deliver.LEASE)
    Delivery.objects.update(state=DeliveryState.SENDING, attempts=1)

    assert lost is not None
    assert tasks.sweep_deliveries() == 0
    assert deliver.deliver(row.pk) is None
    clock.shift(deliver.LEASE + timedelta(seconds=1))
    assert tasks.sweep_deliveries() == 1

    row.refresh_from_db()
    assert (row.state, row.attempts, row.lease_token) == (DeliveryState.SENT, 2, "")
    assert tasks.sweep_deliveries() == 0
    assert len(receiver.requests) == 1


def test_a_message_that_ends_every_worker_is_given_up(clock, receiver, webhook):
    row = a_delivery(webhook, state=DeliveryState.SENDING, attempts=deliver.MOST_ATTEMPTS)

    assert deliver.deliver(row.pk) == DeliveryState.FAILED
    assert receiver.requests == []


def test_a_test_is_tried_once(receiver, webhook):
    receiver.answers = [(503, {})]

    assert not deliver.send_test(webhook).ok
    assert Delivery.objects.get().state == DeliveryState.FAILED


def test_redirects_share_the_time_of_one_attempt(receiver):
    """However many hops: a lease ends before a slow attempt does, and somebody sends again."""
    receiver.answers = [(307, {"Location": "/again"})]
    limits: list[float] = []

    class Noted(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            limits.append(request.extensions["total_s"])
            return super().handle_request(request)

    posting.post(receiver.url, b"{}", secret="s", headers={}, transport=Noted(), timeout_s=5)

    assert limits == sorted(limits, reverse=True)
    assert len(set(limits)) == posting.MAX_REDIRECTS + 1


def test_a_message_that_was_sent_is_not_sent_again(receiver, webhook):
    row = a_delivery(webhook)
    for _ in range(3):
        tasks.deliver(row.pk)

    assert len(receiver.requests) == 1


def test_a_broker_that_is_gone_costs_time_alone(clock, monkeypatch, receiver, webhook):
    row = a_delivery(webhook)
    monkeypatch.setattr(tasks, "enqueue", lambda *_: False)
    assert tasks.sweep_deliveries() == 0

    monkeypatch.setattr(tasks, "enqueue", lambda task, *args: task(*args) or True)
    assert tasks.sweep_deliveries() == 1
    row.refresh_from_db()
    assert row.state == DeliveryState.SENT


def test_email(channel):
    Channel.objects.update(target=encrypt("ops@acme.example\nduty@acme.example"))

    assert deliver.deliver(a_delivery(channel).pk) == DeliveryState.SENT
    (sent,) = mail.outbox
    assert sent.to == ["ops@acme.example", "duty@acme.example"]
    assert sent.subject == "[Flowsite] “Payments” failed"


def test_a_line_break_in_a_name_is_none_in_a_header(channel):
    channel.name = "On duty\nBcc: thief@evil.example"

    assert deliver.send_test(channel).ok
    (sent,) = mail.outbox
    assert "\n" not in sent.subject
    assert sent.recipients() == ["ops@acme.example"]


def test_email_that_is_not_set_up_says_so(settings, channel):
    settings.EMAIL_URL = ""
    row = a_delivery(channel)

    assert deliver.deliver(row.pk) == DeliveryState.FAILED
    row.refresh_from_db()
    assert "FLOWSITE_EMAIL_URL" in row.outcome


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (smtplib.SMTPDataError(554, b"no"), DeliveryState.FAILED),
        (smtplib.SMTPDataError(451, b"later"), DeliveryState.WAITING),
        (smtplib.SMTPAuthenticationError(535, b"who?"), DeliveryState.WAITING),
        (smtplib.SMTPServerDisconnected("gone"), DeliveryState.WAITING),
    ],
)
def test_what_a_refusal_of_the_mail_server_means(monkeypatch, channel, error, state):
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)

    assert deliver.deliver(a_delivery(channel).pk) == state


def test_a_channel_that_is_off_gets_nothing(channel):
    Channel.objects.update(enabled=False)

    assert deliver.deliver(a_delivery(channel).pk) == DeliveryState.DROPPED
    assert mail.outbox == []


def test_a_failing_alert_reaches_a_webhook(clock, receiver, webhook, make_flows, make_rule):
    make_rule().channels.set([webhook])
    (row,) = make_flows(1, **FAILED)

    tasks.evaluate_alerts()

    said = json.loads(receiver.requests[0][2])["alert"]
    assert said["id"] == Alert.objects.get().pk
    assert said["dataflows"][0]["id"] == row.pk
    assert said["facts"]["code"] == "CONNECTOR-2001"
