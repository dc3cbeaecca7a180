from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from flowsite.monitoring import timeline
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.runs.models import Dataflow
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]


def told(client: Client, row: Dataflow, query: str = "") -> Any:
    return client.get(f"/dataflows/{row.pk}/timeline/{query}").context


def test_runs_in_a_row_are_one_line(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    runs = make_runs(row, "success", "success", "failed", "success")

    events = told(client_as(ops), row)["events"]

    assert [(event.status.word, event.text.partition(",")[0]) for event in events] == [
        ("Success", "2 runs"),
        ("Failed", "1 run"),
        ("Success", "1 run"),
    ]
    assert (events[0].url, events[0].since) == (f"/runs/{runs[0].pk}/", runs[1].at)


def test_a_change_parts_the_runs_around_it(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    make_runs(row, "success", first=-2)
    audit.record("dataflow.tagged", user=ops, team=row.team, obj=row, tag="eu")
    make_runs(row, "success", "success", first=1)

    events = told(client_as(ops), row)["events"]

    assert [event.text for event in events] == ["1 run", "Tag added", "1 run"] or [
        event.text for event in events
    ] == ["1 run", "Tag added", "2 runs"]
    assert (events[1].actor, events[1].lines) == ("ops", ("eu",))


@pytest.mark.parametrize(
    ("action", "details", "text", "lines"),
    [
        pytest.param(
            "dataflow.owner_changed",
            {"changes": {"owner": [None, "Ada"]}},
            "Owner changed",
            ("Owner: – → Ada",),
            id="owner",
        ),
        pytest.param(
            "dataflow.outside_accept",
            {"changes": {"name": ["<script>", "x"]}},
            "Took a change made outside over",
            ("Name: <script> → x",),
            id="hostile name",
        ),
        pytest.param("schedule.published", {}, "Edit schedule: carried out", (), id="submission"),
        pytest.param("dataflow.published", {}, "Create dataflow: carried out", (), id="created"),
        pytest.param("odd.new_thing", {"changes": ["x"]}, "Odd new thing", (), id="unknown"),
    ],
)
def test_changes_in_words(
    client_as: ClientAs,
    ops: User,
    make_flow: MakeFlow,
    action: str,
    details: dict[str, Any],
    text: str,
    lines: tuple[str, ...],
) -> None:
    row = make_flow()
    audit.record(action, user=ops, team=row.team, obj=row, **details)

    page = client_as(ops).get(f"/dataflows/{row.pk}/timeline/")

    [event] = page.context["events"]
    assert (event.text, event.lines) == (text, lines)
    assert "<script> →" not in page.content.decode()


def test_pages_leave_nothing_out(
    client_as: ClientAs,
    ops: User,
    make_flow: MakeFlow,
    make_runs: MakeRuns,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "MOST_RUNS", 3)
    monkeypatch.setattr(timeline, "MOST_CHANGES", 2)
    row = make_flow()
    make_runs(row, *["success", "failed"] * 4, first=1)
    for n in range(5):
        audit.record("dataflow.tagged", user=ops, team=row.team, obj=row, tag=str(n))
    client, seen, query = client_as(ops), [], ""

    for _page in range(20):
        context = told(client, row, query)
        seen += [event.lines[0] if event.lines else event.url for event in context["events"]]
        if not context["earlier_url"]:
            break
        query = "?" + context["earlier_url"].partition("?")[2]

    assert len(seen) == len(set(seen)) == 8 + 5


@pytest.mark.parametrize("before", ["nonsense", "2026-01-01", "%00", "2026-01-01T00:00"])
def test_a_time_that_is_none_is_ignored(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns, before: str
) -> None:
    row = make_flow()
    make_runs(row, "success")

    assert len(told(client_as(ops), row, f"?before={before}")["events"]) == 1
