"""The Scheduling step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from flowsite.definitions.columns import Column
from flowsite.definitions.model import Schedule
from flowsite.drafts.models import Draft
from flowsite.wizard.forecast import forecast
from flowsite.wizard.forms.picks import packed
from flowsite.wizard.forms.schedule import default_delta, default_start
from tests.wizard.conftest import AUTOSAVE, HTMX, text_of

NOW = datetime(2030, 3, 1, 12, 0, 30, tzinfo=UTC)


def step(draft: Draft) -> str:
    return reverse("draft-step", args=[draft.pk, "schedule"])


@pytest.fixture
def draft(make_draft, paypal) -> Draft:
    made: Draft = make_draft(**paypal(schedule=None))
    return made


def post(browser: Any, draft: Draft, **more: Any) -> dict[str, Any]:
    browser.post(step(draft), {"revision": draft.revision, **more}, headers=AUTOSAVE)
    draft.refresh_from_db()
    found: dict[str, Any] = draft.definition.get("schedule", {})
    return found


RECURRING = {
    "frequency": "hour",
    "interval": "2",
    "start": "2030-01-01T10:30",
    "backfill": "on",
    "load_incremental_by": packed("Create_Time"),
    "date_format": "yyyy-MM-dd",
}


def test_a_recurring_schedule_is_utc(browser, draft):
    assert post(browser, draft, **RECURRING) == {
        "frequency": "hour",
        "interval": 2,
        "start": "2030-01-01T10:30:00Z",
        "backfill": True,
        "load_incremental_by": "Create_Time",
        "date_format": "yyyy-MM-dd",
    }


def test_once_leaves_out_what_it_must_not_have(browser, draft):
    saved = post(browser, draft, **{**RECURRING, "frequency": "once"})

    assert saved == {"frequency": "once", "start": "2030-01-01T10:30:00Z"}


def test_rest_and_files_have_no_column(browser, make_draft, accounts):
    draft = make_draft(account={"source": "stripe", "id": "x", "name": "S"})

    saved = post(browser, draft, **RECURRING)

    assert "load_incremental_by" not in saved
    assert "load_incremental_by" not in text_of(browser.get(step(draft)))


def test_columns_are_read_after_the_page(browser, draft):
    page = text_of(browser.get(step(draft)))
    assert reverse("draft-delta", args=[draft.pk]) in page

    part = text_of(browser.get(reverse("draft-delta", args=[draft.pk]), headers=HTMX))

    assert '<optgroup label="Dates">' in part
    assert part.index("Create_Time") < part.index("Product_Name")
    assert '<optgroup label="Dates">' in text_of(browser.get(step(draft)))


def test_a_chosen_column_survives_while_columns_are_unknown(browser, make_draft, paypal, down):
    draft = make_draft(**paypal())

    page = text_of(browser.get(step(draft)))

    assert "Create_Time" in page
    assert post(browser, draft, **RECURRING)["load_incremental_by"] == "Create_Time"


def test_dates_that_are_not_chosen_are_pointed_out(browser, make_draft, paypal):
    draft = make_draft(
        **paypal(
            schedule=None, data={"table": "PayPal.Catalog_Products", "columns": ["Product_Id"]}
        )
    )

    part = text_of(browser.get(reverse("draft-delta", args=[draft.pk]), headers=HTMX))

    assert "None of the chosen columns is a date" in part
    assert "Create_Time" in part
    assert reverse("draft-step", args=[draft.pk, "data"]) in part


def test_the_forecast_follows_the_form_and_saves_nothing(browser, draft):
    page = text_of(
        browser.post(
            reverse("draft-forecast", args=[draft.pk]),
            {"frequency": "minute", "interval": "15", "start": "2030-01-01T10:30"},
            headers=HTMX,
        )
    )

    assert "Every 15 minutes" in page
    assert "96 batches a day" in page
    assert page.count("<time") == 5
    assert "2030-01-01 11:30 UTC" in page
    assert "schedule" not in Draft.objects.get().definition


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"frequency": "daily"},
        {"frequency": "hour", "interval": "x", "start": "x"},
        {"frequency": "hour", "interval": "99999999999", "start": "0001-01-01T00:00"},
        {"frequency": "week", "interval": "1", "start": "9999-12-31T23:59"},
        {"frequency": "hour", "load_incremental_by": "[[["},
    ],
    ids=repr,
)
def test_bad_input_is_no_crash(browser, draft, posted):
    assert browser.post(step(draft), {"revision": 1, **posted}).status_code in (302, 422)
    fragment = browser.post(reverse("draft-forecast", args=[draft.pk]), posted, headers=HTMX)
    assert fragment.status_code == 200


def test_limits_are_said_before_they_are_broken():
    found = forecast(
        Schedule(frequency="minute", interval=5, start=NOW), NOW, profile=True, kind="tabular"
    )

    assert found is not None
    assert "at least 15" in found.limits
    assert [problem.code for problem in found.problems] == ["FLOW-1362", "FLOW-1360"]
    assert found.over_guardrail


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"frequency": "once"}, "One batch, once."),
        ({"frequency": "hour", "interval": 1}, "24 batches a day."),
        ({"frequency": "week", "interval": 1}, "One batch every 7 days."),
        ({"frequency": "minute", "interval": 15}, "96 batches a day."),
        ({"frequency": "hour"}, ""),
    ],
)
def test_batches_in_words(schedule, words):
    found = forecast(Schedule(**schedule), NOW, profile=False, kind="tabular")

    assert found is not None
    assert found.batches == words


def test_the_default_start_is_a_full_minute_after_the_margin():
    assert default_start(NOW) == datetime(2030, 3, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["created"], "created"),
        (["created", "updated_at"], "updated_at"),
        (["created", "closed"], None),
        (["updated", "modified"], None),
        ([], None),
    ],
)
def test_a_column_is_guessed_only_when_it_is_clear(names, expected):
    columns = [Column(name=name, xdm={"type": "string", "format": "date-time"}) for name in names]

    assert default_delta([*columns, Column(name="id")]) == expected
