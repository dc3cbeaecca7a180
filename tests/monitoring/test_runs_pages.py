from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flowsite.credentials.models import Sandbox
from flowsite.monitoring import masking, pictures, rows, words
from flowsite.people.models import AuditEntry, User
from flowsite.runs import poller
from flowsite.runs.models import FlowRun
from flowsite.runs.selectors import HourTotals
from flowsite.submissions.models import Kind, Submission
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

# --- runs of all dataflows -----------------------------------------------------------------------


def test_runs_newest_first_with_counts_and_charts(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    make_runs(make_flow("a"), "failed", "success", "inProgress")
    make_runs(make_flow("b"), "success")

    context = client_as(ops).get("/monitoring/runs/").context

    assert [row.dataflow for row in context["rows"]] == [
        "Dataflow b",
        "Dataflow a",
        "Dataflow a",
        "Dataflow a",
    ]
    assert {chip.label: chip.count for chip in context["state_chips"]} == {
        "All": 4,
        "Failed": 1,
        "Partial success": 0,
        "Success": 2,
        "Not finished": 1,
    }
    states = context["charts"][0]
    assert {one.label: one.total for one in states.legend} == {
        "Success": "2",
        "Partial success": "0",
        "Failed": "1",
        "Not finished": "1",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("state=failed", 1, id="state"),
        pytest.param("state=unfinished", 1, id="not finished"),
        pytest.param("code=CONNECTOR-1001-500", 4, id="error code"),
        pytest.param("code=OTHER", 0, id="another code"),
        pytest.param("q=flow-1", 4, id="dataflow"),
        pytest.param("q=flow-1-2", 1, id="run id"),
        pytest.param("q=nothing", 0, id="no such dataflow"),
        pytest.param("range=24h", 4, id="a day"),
        pytest.param("range=7d", 5, id="a week"),
        pytest.param("range=nonsense&state=nonsense&page=nonsense", 4, id="odd values"),
    ],
)
def test_filters(
    client_as: ClientAs,
    ops: User,
    make_flow: MakeFlow,
    make_runs: MakeRuns,
    query: str,
    expected: int,
) -> None:
    row = make_flow()
    error = {"code": "CONNECTOR-1001-500", "message": "No"}
    make_runs(row, *["failed", "success", "inProgress", "success"], errors=[error])
    make_runs(make_flow("older"), "success", first=72)

    context = client_as(ops).get(f"/monitoring/runs/?{query}").context

    assert len(context["rows"]) == expected


def test_codes_become_filters(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    make_runs(row, "failed", "failed", errors=[{"code": "CONNECTOR-1001-500", "message": "No"}])

    [chip] = client_as(ops).get("/monitoring/runs/").context["code_chips"]

    assert (chip.label, chip.count) == ("CONNECTOR-1001-500", 2)
    assert chip.url == "/monitoring/runs/?code=CONNECTOR-1001-500"


def test_the_search_answers_the_list(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    make_runs(make_flow(), "success")

    response = client_as(ops).get("/monitoring/runs/?q=flow", headers=HTMX)

    assert response.content.decode().lstrip().startswith('<div id="runs"')


def test_the_number_of_queries_does_not_grow(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    client = client_as(ops)
    counts = []
    for states in (["success"], ["failed"] * 60):
        make_runs(make_flow(f"flow-{len(states)}"), *states)
        with CaptureQueriesContext(connection) as queries:
            client.get("/monitoring/runs/?range=7d")
        counts.append(len(queries))

    assert counts == [8, 8]


def test_a_stranger_sees_no_runs(
    client_as: ClientAs, stranger: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    [run] = make_runs(make_flow(), "failed")
    client = client_as(stranger)

    assert "Dataflow flow" not in client.get("/monitoring/runs/").content.decode()
    assert client.get(f"/runs/{run.pk}/").status_code == 404
    assert client.get(f"/runs/{run.pk}/rows/").status_code == 404
    assert client.get(f"/runs/{run.pk}/live/").status_code == 404
    assert client.post(f"/runs/{run.pk}/rows/").status_code == 404
    assert client.post(f"/runs/{run.pk}/retry/").status_code == 404


# --- one run -------------------------------------------------------------------------------------


def test_every_error_is_explained(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    errors = [
        {"code": "INGEST-1555-400", "message": "_id is missing", "recordCount": 2},
        {"code": "X-9", "message": "Unheard of"},
    ]
    [run] = make_runs(make_flow(), "failed", errors=errors)

    context = client_as(ops).get(f"/runs/{run.pk}/").context

    first, second = context["errors"]
    assert (first.message, first.count, first.whose_turn) == ("_id is missing", 2, "The analyst's")
    assert first.remedy
    assert (second.message, second.count) == ("Unheard of", None)
    assert "does not explain" in second.cause


def test_unknown_numbers_are_dashes(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    [run] = make_runs(make_flow(), "Hibernating", minutes=None, records={"inputRecordCount": -1})

    response = client_as(ops).get(f"/runs/{run.pk}/")

    assert {figure.value for figure in response.context["figures"]} == {"–"}
    assert response.context["status"].word == "In progress"
    assert "AEP says: Hibernating" in response.content.decode()


def test_a_page_of_an_open_run_is_read_again_when_it_ends(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    [run] = make_runs(row, "inProgress")
    client = client_as(ops)
    live_url = client.get(f"/runs/{run.pk}/").context["live_url"]
    assert client.get(live_url, headers=HTMX).status_code == 204

    make_runs(row, "success")

    assert client.get(live_url, headers=HTMX)["HX-Refresh"] == "true"
    assert "live_url" not in client.get(f"/runs/{run.pk}/").context


def test_neighbours_are_linked(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    newest, middle, oldest = make_runs(make_flow(), "success", "success", "success")
    make_runs(make_flow("other"), "success")
    client = client_as(ops)

    assert client.get(f"/runs/{middle.pk}/").context["neighbours"] == {
        "older": f"/runs/{oldest.pk}/",
        "newer": f"/runs/{newest.pk}/",
    }
    assert client.get(f"/runs/{newest.pk}/").context["neighbours"]["newer"] == ""


@pytest.mark.parametrize(
    ("state", "flow_state", "records", "expected"),
    [
        pytest.param("failed", "enabled", {}, True, id="failed"),
        pytest.param("failed", "disabled", {}, False, id="its dataflow is disabled"),
        pytest.param("success", "enabled", {"inputRecordCount": 5}, False, id="succeeded"),
        pytest.param("success", "enabled", {"inputRecordCount": 0}, True, id="without records"),
        pytest.param("inProgress", "enabled", {}, False, id="in progress"),
    ],
)
def test_retry_is_offered_where_aep_allows_it(
    client_as: ClientAs,
    ops: User,
    make_flow: MakeFlow,
    make_runs: MakeRuns,
    state: str,
    flow_state: str,
    records: dict[str, Any],
    expected: bool,
) -> None:
    [run] = make_runs(make_flow(state=flow_state), state, records=records)
    client = client_as(ops)

    assert client.get(f"/runs/{run.pk}/").context["may_retry"] is expected
    client.post(f"/runs/{run.pk}/retry/", {"key": "0123456789abcdef"})
    assert Submission.objects.exists() is expected


def test_a_retry_is_one_submission(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    [run] = make_runs(make_flow(), "failed")
    client = client_as(ops)

    answers = [client.post(f"/runs/{run.pk}/retry/", {"key": "0123456789abcdef"}) for _ in "12"]

    submission = Submission.objects.get()
    assert (submission.kind, submission.params) == (Kind.RETRY, {"run_id": run.run_id})
    assert [answer.url for answer in answers] == [f"/submissions/{submission.pk}/"] * 2


def test_a_run_of_nobodys_dataflow_is_not_retried(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    [run] = make_runs(make_flow(owned=False), "failed")
    client = client_as(ops)

    assert client.get(f"/runs/{run.pk}/").context["may_retry"] is False
    assert client.post(f"/runs/{run.pk}/retry/").status_code == 403


# --- refused rows --------------------------------------------------------------------------------


@pytest.fixture
def partial_run(emulator: Any, sandbox: Sandbox) -> FlowRun:
    """A run of the emulator that refused rows."""
    poller.poll_once(sandbox)
    return FlowRun.objects.filter(dataflow__name="PayPal transactions").latest("at")


def test_refused_rows_are_masked_until_asked_for(
    client_as: ClientAs, ops: User, partial_run: FlowRun
) -> None:
    client = client_as(ops)
    assert client.get(f"/runs/{partial_run.pk}/").context["has_rows"]

    masked = client.get(f"/runs/{partial_run.pk}/rows/", headers=HTMX).content.decode()
    shown = client.post(f"/runs/{partial_run.pk}/rows/", headers=HTMX).content.decode()

    assert "INGEST-1555-400" in masked
    assert "Transaction_Id" in masked
    assert "text, " in masked
    assert "@" not in masked
    assert "@" in shown
    entry = AuditEntry.objects.get(action="run.rows_shown")
    assert (entry.user, entry.object_id) == (ops, str(partial_run.pk))


def test_looking_at_masked_rows_is_no_event(
    client_as: ClientAs, ops: User, partial_run: FlowRun
) -> None:
    client_as(ops).get(f"/runs/{partial_run.pk}/rows/")

    assert not AuditEntry.objects.filter(action="run.rows_shown").exists()


def test_rows_once_read_are_kept(
    client_as: ClientAs, ops: User, emulator: Any, partial_run: FlowRun
) -> None:
    client = client_as(ops)
    client.get(f"/runs/{partial_run.pk}/rows/", headers=HTMX)
    calls = emulator.world.calls

    html = client.get(f"/runs/{partial_run.pk}/rows/", headers=HTMX).content.decode()

    assert emulator.world.calls == calls
    assert "Kept here since" in html
    assert "INGEST-1555-400" in html


def test_rows_are_downloaded_with_their_errors(
    client_as: ClientAs, ops: User, partial_run: FlowRun
) -> None:
    response = client_as(ops).post(f"/runs/{partial_run.pk}/rows/", {"download": "1"})

    lines = [json.loads(line) for line in response.content.decode().splitlines()]
    assert len(lines) == partial_run.failed
    assert lines[0]["_errors"][0]["code"] == "INGEST-1555-400"
    assert "Payer_Email" in lines[0]
    assert AuditEntry.objects.get(action="run.rows_downloaded").details["rows"] == len(lines)


def test_rows_that_cannot_be_read_say_why(
    client_as: ClientAs, ops: User, emulator: Any, partial_run: FlowRun
) -> None:
    from flowsite.emulator.faults import Fault

    body = json.dumps({"error_code": "403025", "message": "Not entitled"})
    emulator.world.faults.add(Fault("status", path="/export/", status=403, body=body))

    html = client_as(ops).get(f"/runs/{partial_run.pk}/rows/", headers=HTMX).content.decode()

    assert "The rows could not be read" in html
    assert "403025" in html


def test_without_diagnostics_there_are_no_rows(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    [run] = make_runs(make_flow(), "success", records={"failedRecordCount": 2})

    html = client_as(ops).get(f"/runs/{run.pk}/").content.decode()

    assert "Error diagnostics are off" in html


# --- words and pictures --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.example", "text, 11 characters"),
        ("  ", "empty text"),
        (12, "whole number"),
        (1.5, "number"),
        (True, "true or false"),
        (None, "null"),
        ({"a": 1}, "object, 1 fields"),
        ([1, 2], "list, 2 items"),
    ],
)
def test_masked_values_tell_their_kind(value: Any, expected: str) -> None:
    assert masking.masked(value) == expected


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"frequency": "once"}, "Once"),
        ({"frequency": "hour", "interval": 1}, "Every hour"),
        ({"frequency": "minute", "interval": 15}, "Every 15 minutes"),
        ({"frequency": "DAY", "interval": 2}, "Every 2 days"),
        ({}, "No schedule"),
    ],
)
def test_schedule_in_words(schedule: dict[str, Any], expected: str) -> None:
    assert words.schedule_words(schedule) == expected


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (timedelta(minutes=61, seconds=30), "1 h 1 min late"),
        (timedelta(hours=3, minutes=20), "3 h late"),
        (timedelta(hours=30), "1 d 6 h late"),
        (timedelta(days=5, hours=4), "5 d late"),
    ],
)
def test_lateness_in_words(gone: timedelta, expected: str) -> None:
    assert words.lateness(NOON - gone, NOON) == expected


@pytest.mark.parametrize(
    ("failed", "received", "expected"),
    [(0, 10, ""), (None, 10, ""), (1, None, ""), (1, 3, "33.3 %"), (1, 10_000, "< 0.1 %")],
)
def test_loss_rate(failed: int | None, received: int | None, expected: str) -> None:
    assert words.loss(failed, received) == expected


@pytest.mark.parametrize(("name", "bars"), [("24h", 24), ("7d", 28), ("30d", 30)])
def test_every_hour_falls_into_one_bar(name: str, bars: int) -> None:
    now = NOON + timedelta(minutes=20)
    start = pictures.range_start(name, now)
    hours = int((now - start) // timedelta(hours=1)) + 1
    totals = [HourTotals(start + timedelta(hours=n), success=1) for n in range(hours)]

    found = pictures.binned(totals, pictures.BAR[name], start, now)

    assert len(found) == bars
    assert sum(bar.success for bar in found) == hours


@pytest.mark.parametrize(
    ("run_word", "word", "shown"),
    [
        pytest.param("success", "", "–", id="finished, nothing said"),
        pytest.param("success", "COMPLETED", "Success", id="another word for success"),
        pytest.param("failed", "failure", "Failed", id="another word for failed"),
        pytest.param("inProgress", "", "In progress", id="still running"),
    ],
)
def test_an_activity_of_a_finished_run_does_not_go_on(
    make_flow: MakeFlow, make_runs: MakeRuns, run_word: str, word: str, shown: str
) -> None:
    [run] = make_runs(make_flow("a"), run_word)
    run.activities = [{"kind": "copy", "state": word}]

    [row] = rows.activity_rows(run)

    assert str(row.status.word) == shown


def test_not_started_is_said_of_unfinished_runs_only(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    over, running = make_runs(make_flow("a"), "success", "inProgress")
    FlowRun.objects.update(activities=[{"kind": "copy", "state": ""}])

    client = client_as(ops)

    assert "Not started" not in client.get(f"/runs/{over.pk}/").content.decode()
    assert "Not started" in client.get(f"/runs/{running.pk}/").content.decode()
