from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from flowsite.monitoring import pictures
from flowsite.monitoring.windows import window_of
from flowsite.people.models import User
from flowsite.runs.selectors import HourTotals
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
NOW = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        pytest.param("", datetime(2026, 11, 23, 13, tzinfo=UTC), id="usual"),
        pytest.param("nonsense", datetime(2026, 11, 23, 13, tzinfo=UTC), id="unknown"),
        pytest.param("7d", datetime(2026, 11, 17, 18, tzinfo=UTC), id="7 days"),
        pytest.param("30d", datetime(2026, 10, 26, tzinfo=UTC), id="30 days"),
    ],
)
def test_until_now(name: str, start: datetime) -> None:
    window = window_of({"range": name}, NOW)

    assert (window.start, window.end, window.last) == (start, NOW, None)


def custom(start: str, end: str) -> dict[str, str]:
    return {"range": "custom", "from": start, "to": end}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("2026-11-20T10:00", "2026-11-20T12:00", ("10:00", "12:00"), id="hours"),
        pytest.param("2026-11-20T10:59", "2026-11-20T11:01", ("10:00", "12:00"), id="whole hours"),
        pytest.param("2026-11-20T12:00+01:00", "2026-11-20T12:00Z", ("11:00", "12:00"), id="zones"),
    ],
)
def test_whole_hours_around_what_was_typed(start: str, end: str, expected: tuple[str, str]) -> None:
    window = window_of(custom(start, end), NOW)

    assert (f"{window.start:%H:%M}", f"{window.end:%H:%M}") == expected
    assert (window.last, window.problem) == (window.end, "")


def test_without_an_end_it_goes_on() -> None:
    window = window_of(custom("2026-11-24T00:00", ""), NOW)

    assert (window.end.hour, window.last) == (13, None)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        pytest.param("", "", "date and a time", id="nothing"),
        pytest.param("yesterday", "2026-11-20T10:00", "date and a time", id="no date"),
        pytest.param("2026-02-30T10:00", "", "date and a time", id="no such day"),
        pytest.param("2026-11-20T10:00", "<script>", "date and a time", id="markup"),
        pytest.param("2026-11-20T10:00", "2026-11-20T10:00", "before the start", id="no length"),
        pytest.param("2026-11-20T10:00", "2026-11-19T10:00", "before the start", id="backwards"),
        pytest.param("2026-11-25T10:00", "2026-11-26T10:00", "not begun", id="future"),
        pytest.param("2024-11-20T10:00", "2026-11-19T10:00", "At most 366", id="too long"),
        pytest.param("0001-01-01T00:00", "9999-12-31T23:59", "At most 366", id="all of time"),
        pytest.param("0001-01-01T00:00+14:00", "", "date and a time", id="before all time"),
    ],
)
def test_what_cannot_be_shown(start: str, end: str, said: str) -> None:
    window = window_of(custom(start, end), NOW)

    assert said in window.problem
    assert window.start == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert window.typed == (start, end)


@pytest.mark.parametrize(
    ("days", "bars"), [(1, 24), (1.5, 36), (7, 28), (8, 32), (30, 30), (62, 62), (366, 53)]
)
def test_a_chart_has_a_bearable_number_of_bars(days: float, bars: int) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    window = window_of(custom(start.isoformat(), (start + timedelta(days=days)).isoformat()), NOW)
    hours = int(days * 24)
    totals = [HourTotals(start + timedelta(hours=n), success=1) for n in range(hours)]

    found = pictures.binned(totals, window.bar, window.start, window.end)

    assert len(found) == bars
    assert sum(bar.success for bar in found) == hours
    short = pictures.runs_chart(found, window.bar)
    assert len(short.rows) == bars


# --- the page ------------------------------------------------------------------------------------


def typed(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"


def test_runs_chips_and_export_keep_to_the_stretch(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns, now: datetime
) -> None:
    runs = make_runs(make_flow(), *["success"] * 8)
    at = runs[4].at.replace(minute=0)
    url = f"?range=custom&from={typed(at)}&to={typed(at + timedelta(hours=2))}"
    client = client_as(ops)

    page = client.get(f"/monitoring/runs/{url}")
    export = b"".join(client.get(f"/monitoring/runs.csv{url}").streaming_content)  # type: ignore[attr-defined]

    assert [row.pk for row in page.context["rows"]] == [runs[3].pk, runs[4].pk]
    assert page.context["state_chips"][0].count == 2
    assert export.count(b"\n") == 3
    assert 'value="' + typed(at) in page.content.decode()


def test_a_wrong_stretch_is_marked_at_its_fields(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()

    html = (
        client_as(ops)
        .get('/monitoring/runs/?range=custom&from="><script>alert(1)</script>')
        .content.decode()
    )

    assert 'id="range-problem"' in html
    assert "<script>alert" not in html


def test_the_custom_tab_begins_with_what_is_shown(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()
    client = client_as(ops)

    page = client.get("/monitoring/runs/?range=7d&state=failed")
    custom_url = page.context["range_tabs"][-1]["url"]
    there = client.get(custom_url)

    assert there.context["window"].start == page.context["window"].start
    assert there.context["asked"].state == "failed"
    assert "from" not in there.context["range_tabs"][0]["url"]
