"""The audit log: append-only, filtered, exported, readable."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from flowsite.people import audit, trail
from flowsite.people.models import AuditEntry, Team, User


@pytest.fixture
def browser(client_as, admin):
    """Signed in before anything is recorded, so that tests see their own entries first."""
    cache.clear()
    return client_as(admin)


@pytest.fixture
def entries(browser, team):
    """One entry a day, oldest first: 1, 2 and 3 November."""
    made = []
    rows = [
        ("ana", "draft.created", "draft", "7", "Products", {"of": 3}),
        ("otto", "dataflow.published", "submission", "7", "Orders", {"objects": {"flow": "f-1"}}),
        ("system", "draft.deleted", "draft", "8", "=HYPERLINK(1)", {}),
    ]
    for day, (actor, action, kind, key, name, details) in enumerate(rows, 1):
        with time_machine.travel(datetime(2026, 11, day, 23, 30, tzinfo=UTC), tick=False):
            made.append(
                audit.record(
                    action,
                    actor=actor,
                    object_type=kind,
                    object_id=key,
                    object_name=name,
                    team=team if actor == "ana" else None,
                    request_id="req-42" if actor == "otto" else "",
                    **details,
                )
            )
    return made


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.update(actor="x"), id="update"),
        pytest.param(lambda rows: rows.delete(), id="delete"),
        pytest.param(lambda rows: rows.bulk_update(list(rows), ["actor"]), id="bulk update"),
        pytest.param(lambda rows: rows.update_or_create(pk=1, actor="x"), id="update or create"),
    ],
)
def test_entries_are_written_once_also_in_bulk(entries, change):
    with pytest.raises(TypeError, match="written once"):
        change(AuditEntry.objects.all())


def test_an_entry_outlives_the_person_and_the_team(db):
    user, team = User.objects.create(username="gone"), Team.objects.create(name="Gone")
    audit.record("draft.created", user=user, team=team)

    user.delete()
    team.delete()

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.user, entry.team) == ("gone", None, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("who=AN", ["Products"], id="who"),
        pytest.param("action=draft.deleted", ["=HYPERLINK(1)"], id="action"),
        pytest.param("action=draft", ["=HYPERLINK(1)", "Products"], id="group of actions"),
        pytest.param("object=draft:7", ["Products"], id="object"),
        pytest.param("object=submission", ["Orders"], id="object type"),
        pytest.param("since=2026-11-02&until=2026-11-02", ["Orders"], id="days, both inclusive"),
        pytest.param("q=f-1", ["Orders"], id="text in the details"),
        pytest.param("q=req-42", ["Orders"], id="AEP request id"),
        pytest.param("q=prod", ["Products"], id="name"),
        pytest.param("q=nothing", [], id="nothing"),
        pytest.param(
            "since=yesterday&until=2026-11-03&team=x",
            ["=HYPERLINK(1)", "Orders", "Products"],
            id="what can't be read doesn't filter",
        ),
    ],
)
def test_filters(browser, entries, query, expected):
    page = browser.get(f"{reverse('audit')}?{query}")

    found = [line.object_name for line in page.context["lines"]]
    assert [name for name in found if name != "admin"] == expected


def test_a_team_filters(browser, entries, team):
    page = browser.get(reverse("audit"), {"team": team.pk})

    assert [line.object_name for line in page.context["lines"]] == ["Products"]


def test_a_wrong_day_is_said(browser):
    page = browser.get(reverse("audit"), {"since": "yesterday"}).content.decode()

    assert "Enter a valid date." in page


def test_pages_keep_the_filters(browser):
    for number in range(60):
        audit.record("draft.created", actor="ana", object_name=f"n{number}")

    first = browser.get(reverse("audit"), {"action": "draft.created"})
    second = browser.get(
        reverse("audit"), {"action": "draft.created", "page": first.context["page"].next}
    )

    assert len(first.context["lines"]) == 50
    assert [line.object_name for line in second.context["lines"]] == [
        f"n{number}" for number in range(9, -1, -1)
    ]


def test_a_page_asks_a_fixed_number_of_questions(browser, team, django_assert_max_num_queries):
    for _ in range(50):
        audit.record("draft.created", actor="ana", team=team)
    browser.get(reverse("audit"))  # the session is written once

    with django_assert_max_num_queries(14):
        browser.get(reverse("audit"))


def test_changes_read_from_to(browser, analyst):
    audit.record(
        "person.roles_changed", obj=analyst, changes={"roles": [["analyst"], []], "x": [False, 2]}
    )

    page = browser.get(reverse("audit"), {"object": f"user:{analyst.pk}"}).content.decode()

    assert "<del>analyst</del> → <ins>nothing</ins>" in page
    assert "<del>no</del> → <ins>2</ins>" in page
    assert f'href="{reverse("person", args=[analyst.pk])}"' in page
    assert f"History of person {analyst.pk}" in page


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("person.signed_in", "Person signed in"),
        ("dataflow.published", "Dataflow published"),
        ("secrets.rotated", "Secrets rotated"),
    ],
)
def test_actions_in_words(code, words):
    assert trail.in_words(code) == words


def test_secrets_are_masked_in_details(db):
    entry = audit.record("x.y", token="abc", nested={"client_secret": "abc"}, keep="abc")

    assert entry.details == {"token": "•••", "nested": {"client_secret": "•••"}, "keep": "abc"}


def test_the_export_holds_what_the_filters_show(browser, entries):
    answer = browser.get(reverse("audit-export"), {"since": "2026-11-01", "until": "2026-11-03"})

    assert answer.streaming
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["action"] for row in rows] == [
        "draft.deleted",
        "dataflow.published",
        "draft.created",
    ]
    assert rows[1]["aep_request_id"] == "req-42"
    assert rows[1]["details"] == '{"objects": {"flow": "f-1"}}'
    assert rows[2]["time_utc"] == "2026-11-01T23:30:00+00:00"
    assert rows[2]["team"] == "Default"


def test_a_cell_of_the_export_is_no_formula(browser, entries):
    answer = browser.get(reverse("audit-export"), {"action": "draft.deleted"})

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert rows[0]["object_name"] == "'=HYPERLINK(1)"


def test_an_export_is_recorded_with_its_filters(browser):
    browser.get(reverse("audit-export"), {"who": "ana"})

    entry = AuditEntry.objects.get(action="audit.exported")
    assert (entry.actor, entry.details) == ("admin", {"filters": {"who": "ana"}})
