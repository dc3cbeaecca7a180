"""Counts that all processes add to, and their shape in Prometheus' format."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from flowsite.operations import heartbeats, tallies
from flowsite.operations.models import Heartbeat, Tally
from flowsite.operations.tallies import Tallies
from flowsite.runs.models import SandboxSync
from flowsite.submissions.models import Submission


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Sums of this test alone."""
    own = Tallies()
    monkeypatch.setattr(tallies, "tallies", own)
    monkeypatch.setattr("flowsite.operations.middleware.tallies", own)
    return own


def scrape(client) -> dict[str, list]:
    """Metric name → samples, as a Prometheus server reads them."""
    text = client.get("/metrics").content.decode()
    return {family.name: family.samples for family in text_string_to_metric_families(text)}


def test_two_processes_add_to_one_row(db):
    first, second = Tallies(), Tallies()
    first.add("aep", "flows", "200", 0.3)
    first.add("aep", "flows", "200", 2.0)
    second.add("aep", "flows", "200", 90.0)

    first.flush()
    second.flush()

    row = Tally.objects.get()
    assert (row.calls, row.seconds) == (3, pytest.approx(92.3))
    assert (row.le_500ms, row.le_5s, row.le_60s) == (1, 1, 0)


def test_sums_survive_a_database_that_is_away(db, monkeypatch):
    own = Tallies()
    own.add("aep", "flows", "200", 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(tallies, "_store", lambda *_: (_ for _ in ()).throw(DatabaseError()))
        own.flush()
    own.add("aep", "flows", "200", 1.0)
    own.flush()

    assert Tally.objects.get().calls == 2


def test_made_up_names_do_not_grow_without_end(db, monkeypatch):
    monkeypatch.setattr(tallies, "MOST_NAMES", 3)
    own = Tallies()
    for number in range(50):
        own.add("page", f"name-{number}", "200", 0.1)

    own.flush()

    assert Tally.objects.count() <= 4
    assert Tally.objects.get(name="other").calls == 47


def log(**fields):
    logging.getLogger("flowsite.aep.session").info("aep call", extra=fields)


@pytest.mark.parametrize(
    ("fields", "name", "outcome"),
    [
        ({"operation": "flows", "status": 200, "duration_ms": 5}, "flows", "200"),
        ({"operation": "flows", "status": None, "error": "AnswerLost"}, "flows", "AnswerLost"),
        ({"operation": "GET /flows/8f2c", "status": 404}, "other", "404"),
    ],
    ids=["answered", "lost", "a path holds ids"],
)
def test_calls_are_counted_by_their_log_line(db, fresh, fields, name, outcome):
    log(**fields)
    fresh.flush()

    row = Tally.objects.get()
    assert (row.kind, row.name, row.outcome, row.calls) == ("aep", name, outcome, 1)


def test_a_real_call_is_counted(db, fresh, credential, emulator):
    from flowsite.credentials.services import refresh_sandboxes

    refresh_sandboxes(credential)
    fresh.flush()

    found = dict(Tally.objects.filter(kind="aep").values_list("name", "outcome"))
    assert found["ims.token"] == "200"
    assert len(found) == 2


def test_pages_are_counted_by_name_not_by_address(client_as, analyst, fresh):
    browser = client_as(analyst)
    for pk in range(3):
        browser.get(f"/drafts/{pk}/")
    browser.get("/no/such/page")
    browser.get("/health/live")
    fresh.flush()

    found = Tally.objects.filter(kind="page").values_list("name", "outcome", "calls")
    assert set(found) == {("draft-resume", "404", 3), ("unknown", "404", 1)}


# --- the format ----------------------------------------------------------------------------------


def test_a_scrape_tells_calls_with_times(client, db, fresh):
    for seconds in (0.05, 0.3, 2.0):
        fresh.add("aep", "flows", "200", seconds)
    fresh.add("aep", "flows", "429", 0.01)
    fresh.flush()

    found = scrape(client)

    calls = {s.labels["status"]: s.value for s in found["flowsite_aep_calls"] if "total" in s.name}
    assert calls == {"200": 3, "429": 1}
    times = found["flowsite_aep_calls_seconds"]
    buckets = {s.labels["le"]: s.value for s in times if s.name.endswith("_bucket")}
    assert buckets == {
        "0.1": 2,
        "0.5": 3,
        "1.0": 3,
        "5.0": 4,
        "15.0": 4,
        "60.0": 4,
        "+Inf": 4,
    }
    assert next(s.value for s in times if s.name.endswith("_sum")) == pytest.approx(2.36)


def test_a_scrape_tells_what_waits(client, access, team):
    now = timezone.now()
    for key, due in [("a", now - timedelta(minutes=5)), ("b", now + timedelta(minutes=5))]:
        Submission.objects.create(
            key=key,
            team=team,
            sandbox=access.sandbox,
            credential=access.credential,
            name=key,
            due_at=due,
        )
    SandboxSync.objects.create(
        sandbox=access.sandbox, due_at=now, succeeded_at=now - timedelta(seconds=90), failures=2
    )

    found = scrape(client)

    states = {s.labels["state"]: s.value for s in found["flowsite_submissions"]}
    assert states["submitting"] == 2
    assert states["published"] == 0
    assert found["flowsite_submissions_waiting"][0].value == 1
    assert 300 <= found["flowsite_submissions_waiting_oldest_seconds"][0].value < 330
    lag = found["flowsite_sandbox_sync_lag_seconds"][0]
    assert lag.labels == {"organisation": "ACME@AdobeOrg", "sandbox": "dev"}
    assert 90 <= lag.value < 120
    assert found["flowsite_sandbox_sync_failures"][0].value == 2


def test_a_scrape_tells_signs_of_life(client, db):
    heartbeats.note("beat")

    found = scrape(client)["flowsite_heartbeat_age_seconds"]

    ages = {s.labels["process"]: s.value for s in found}
    assert ages["beat"] < 30
    assert ages["worker:polling"] != ages["worker:polling"]  # not a number: never seen


def test_a_scrape_asks_a_fixed_number_of_questions(client, db, django_assert_max_num_queries):
    for number in range(30):
        Tally.objects.create(kind="aep", name=f"n{number}", outcome="200", calls=1)

    with django_assert_max_num_queries(12):
        client.get("/metrics")


# --- signs of life -------------------------------------------------------------------------------


def test_a_worker_notes_its_queue(db):
    from flowsite.operations.tasks import heartbeat

    heartbeat("polling")

    assert Heartbeat.objects.get().name == "worker:polling"


@pytest.mark.parametrize(("task", "noted"), [(heartbeats.TASK, 1), ("other", 0)])
def test_beat_is_noted_when_it_sends_a_heartbeat(db, task, noted):
    heartbeats._published(sender=task)

    assert Heartbeat.objects.filter(name="beat").count() == noted


def test_every_queue_of_the_routes_has_a_heartbeat(settings):
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    beats = {
        entry["options"]["queue"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"] == heartbeats.TASK
    }

    assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} == beats == set(settings.QUEUES)
