"""Who may ask how the installation is, and what they are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from flowsite.operations import health, heartbeats
from flowsite.operations.models import Heartbeat
from flowsite.runs.models import SandboxSync

HEALTHY = health.Check("broker", True, "answers")


@pytest.fixture
def broker(monkeypatch):
    """A broker that answers, without one."""
    monkeypatch.setattr(health, "broker", lambda: HEALTHY)


@pytest.fixture
def alive(db):
    """Everybody has just given a sign of life."""
    for name in heartbeats.expected():
        heartbeats.note(name)


def test_a_living_process_says_so_without_a_database(client):
    assert client.get("/health/live").content == b"ok"


def test_ready_names_what_it_looked_at(client, db):
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["checks"].keys() == {"database", "migrations"}


def test_a_process_without_its_database_is_not_ready(client, db, monkeypatch):
    def refuse():
        raise DatabaseError("gone: password=canary")

    with monkeypatch.context() as patch:
        patch.setattr(health.connection, "cursor", refuse)
        answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()["failed"]) == (503, ["database"])
    assert "canary" not in answer.content.decode()


def test_a_process_before_its_migrations_is_not_ready(client, db, monkeypatch):
    monkeypatch.setattr(health, "_up_to_date", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one"])

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "1 not applied: run migrate"


def test_everything_is_fine(client, alive, broker):
    answer = client.get("/health/full")

    assert (answer.status_code, answer.json()["failed"]) == (200, [])


@pytest.mark.parametrize("name", ["beat", "worker:submissions", "worker:polling"])
def test_a_silent_process_is_named(client, alive, broker, name):
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=5))

    answer = client.get("/health/full")

    assert (answer.status_code, answer.json()["failed"]) == (503, [name])


def test_a_process_never_seen_is_named(client, db, broker):
    assert "beat" in client.get("/health/full").json()["failed"]


def test_a_broker_that_is_away_fails_within_seconds(settings, monkeypatch):
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(current_app.conf, "broker_read_url", None)
    started = timezone.now()

    check = health.broker()

    assert (check.ok, check.words) == (False, "does not answer")
    assert timezone.now() - started < timedelta(seconds=4)


def test_waiting_messages_are_counted(monkeypatch):
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_url", "memory://")
    monkeypatch.setattr(current_app.conf, "broker_read_url", None)
    with current_app.connection_for_write() as link:
        link.SimpleQueue("polling").put({"a": 1})

    assert health.queue_lengths() == {"submissions": 0, "polling": 1}


def test_a_sandbox_that_is_not_read_is_named(client, alive, broker, access):
    SandboxSync.objects.create(
        sandbox=access.sandbox,
        due_at=timezone.now(),
        succeeded_at=timezone.now() - timedelta(hours=1),
        failures=12,
        error={"message": "no answer"},
    )

    answer = client.get("/health/full")

    assert answer.json()["failed"] == ["polling"]
    assert answer.json()["checks"]["polling"] == "behind in: dev"


# --- who may ask ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/metrics", "/health/full"])
@pytest.mark.parametrize(
    ("token", "environment", "status"),
    [
        pytest.param("", {}, 200, id="from this machine"),
        pytest.param("", {"REMOTE_ADDR": "::1"}, 200, id="from this machine, IPv6"),
        pytest.param("", {"REMOTE_ADDR": "192.0.2.1"}, 401, id="from elsewhere"),
        pytest.param("", {"REMOTE_ADDR": ""}, 401, id="from nowhere"),
        pytest.param("", {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 401, id="through a local proxy"),
        pytest.param("t0ken", {}, 401, id="token not sent"),
        pytest.param("t0ken", {"HTTP_AUTHORIZATION": "Bearer wrong"}, 401, id="wrong token"),
        pytest.param("t0ken", {"HTTP_AUTHORIZATION": "Bearer "}, 401, id="empty token"),
        pytest.param(
            "t0ken",
            {"HTTP_AUTHORIZATION": "Bearer t0ken", "REMOTE_ADDR": "192.0.2.1"},
            200,
            id="token from elsewhere",
        ),
    ],
)
def test_monitoring_is_let_in(client, alive, broker, settings, place, token, environment, status):
    settings.METRICS_TOKEN = token

    assert client.get(place, **environment).status_code == status


def test_the_page_says_the_same_to_admins(client_as, admin, alive, broker, access):
    SandboxSync.objects.create(sandbox=access.sandbox, due_at=timezone.now())

    page = client_as(admin).get(reverse("health")).content.decode()

    assert "Workers: submissions" in page
    assert "Needs attention" in page
    assert "dev" in page
