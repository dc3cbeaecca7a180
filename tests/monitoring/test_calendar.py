from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flowsite.credentials.models import Sandbox
from flowsite.monitoring import calendars
from flowsite.monitoring.calendars import Day
from flowsite.people.models import User
from flowsite.runs import ingest
from flowsite.runs.days import DayTotals, day_totals
from flowsite.runs.models import Dataflow
from tests.monitoring.conftest import MakeFlow
from tests.runs.answers import a_run

ClientAs = Callable[[User], Client]
NOW = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)


def run_at(sandbox: Sandbox, row: Dataflow, run_id: str, at: str, status: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    minutes = None if status == "inProgress" else 1
    run = a_run(run_id, flow_id=row.flow_id, at=moment, status=status, minutes=minutes)
    ingest.ingest_runs(sandbox, [run])


@pytest.fixture
def row(make_flow: MakeFlow, sandbox: Sandbox) -> Dataflow:
    """Runs at both edges of days in September and October."""
    flow = make_flow()
    for n, (at, status) in enumerate(
        [
            ("2026-09-30T23:59:59", "success"),
            ("2026-10-01T00:00:00", "success"),
            ("2026-10-01T23:59:59", "failed"),
            ("2026-10-02T00:00:00", "success"),
            ("2026-10-31T23:59:59", "inProgress"),
        ]
    ):
        run_at(sandbox, flow, f"run-{n}", at, status)
    return flow


def days(weeks: list[list[Day | None]]) -> dict[int, Day]:
    return {day.number: day for week in weeks for day in week if day}


def test_a_day_ends_at_midnight_utc(row: Dataflow) -> None:
    found = day_totals(row, date(2026, 10, 1), date(2026, 11, 1))

    assert {day.day: (one.runs, one.state) for day, one in found.items()} == {
        1: (2, "failed"),
        2: (1, "success"),
        31: (1, "in_progress"),
    }


@pytest.mark.parametrize(
    ("totals", "state"),
    [
        pytest.param({}, "", id="no run"),
        pytest.param({"success": 9, "failed": 1, "partial": 5}, "failed", id="failed is worst"),
        pytest.param({"success": 9, "partial": 1, "unfinished": 1}, "partial", id="then partial"),
        pytest.param({"success": 9, "unfinished": 1}, "in_progress", id="then not finished"),
        pytest.param({"success": 9}, "success", id="success"),
    ],
)
def test_a_day_is_what_its_worst_run_was(totals: dict[str, int], state: str) -> None:
    assert DayTotals(date(2026, 1, 1), **totals).state == state


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10", date(2026, 10, 1)),
        ("", date(2026, 11, 1)),
        ("2027-01", date(2026, 11, 1)),
        ("0001-01", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)),
        ("<script>", date(2026, 11, 1)),
    ],
)
def test_the_month_asked_for(text: str, expected: date) -> None:
    assert calendars.month_asked(text, NOW) == expected


def test_a_month_in_marks_and_words(client_as: ClientAs, ops: User, row: Dataflow) -> None:
    page = client_as(ops).get(f"/dataflows/{row.pk}/calendar/?month=2026-10")

    month = page.context["month"]
    found = days(month.weeks)
    assert len(found) == 31
    assert month.weeks[0][:3] == [None, None, None]
    first = found[1]
    assert (first.mark, first.word, first.counts) == ("failed", "Failed", "2 runs, 1 failed")
    assert first.url == f"/dataflows/{row.pk}/?day=2026-10-01#runs"
    assert (found[3].word, found[3].url) == ("No run", "")
    assert [name for name, _ in month.table] == ["1 October", "2 October", "31 October"]
    assert month.table[0][1][:4] == ["2", "1", "0", "1"]
    html = page.content.decode()
    assert html.count('class="day" href') == 3
    assert [day.number for day in found.values() if day.is_first_stop] == [31]


def test_months_lead_to_their_neighbours_and_not_beyond_today(
    client_as: ClientAs, ops: User, row: Dataflow
) -> None:
    client = client_as(ops)
    url = f"/dataflows/{row.pk}/calendar/"

    october = client.get(f"{url}?month=2026-10").context["month"]
    newest = client.get(url).context["month"]

    assert october.earlier_url == f"{url}?month=2026-09"
    assert newest.later_url == ""


def test_it_is_a_part_of_the_dataflows_page(client_as: ClientAs, ops: User, row: Dataflow) -> None:
    client = client_as(ops)

    part = client.get(f"/dataflows/{row.pk}/calendar/", headers={"HX-Request": "true"})

    assert "<html" not in part.content.decode()
    assert f'hx-get="/dataflows/{row.pk}/calendar/"' in (
        client.get(f"/dataflows/{row.pk}/").content.decode()
    )


def test_a_day_narrows_the_runs(client_as: ClientAs, ops: User, row: Dataflow) -> None:
    page = client_as(ops).get(f"/dataflows/{row.pk}/?day=2026-10-01")

    assert [f"{run.at:%H:%M}" for run in page.context["runs"]] == ["23:59", "00:00"]
    assert "2026-10-01 UTC" in page.content.decode()


@pytest.mark.parametrize("day", ["nonsense", "9999-12-31", "2026-02-30", "<script>"])
def test_a_day_that_is_none_shows_all(
    client_as: ClientAs, ops: User, row: Dataflow, day: str
) -> None:
    assert len(client_as(ops).get(f"/dataflows/{row.pk}/", {"day": day}).context["runs"]) == 5


def test_its_queries_do_not_grow(
    client_as: ClientAs, ops: User, row: Dataflow, sandbox: Sandbox
) -> None:
    client, counts = client_as(ops), []
    for n in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/dataflows/{row.pk}/calendar/?month=2026-10")
        counts.append(len(queries))
        for day in range(20):
            at = (datetime(2026, 10, 3) + timedelta(days=day)).isoformat()
            run_at(sandbox, row, f"more-{n}-{day}", at, "success")

    assert counts[0] == counts[1]


def test_strangers_see_none(client_as: ClientAs, stranger: User, row: Dataflow) -> None:
    client = client_as(stranger)

    assert client.get(f"/dataflows/{row.pk}/calendar/").status_code == 404
    assert client.get(f"/dataflows/{row.pk}/timeline/").status_code == 404
