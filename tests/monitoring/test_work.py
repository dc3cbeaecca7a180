from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flowsite.credentials.models import Sandbox
from flowsite.people.models import AuditEntry, User
from flowsite.runs import work
from flowsite.runs.models import WorkItem
from flowsite.submissions.models import Kind, Submission
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
PASSWORD = {"code": "CONNECTOR-1001-500", "message": "The password has expired."}


@pytest.fixture
def outage(make_flow: MakeFlow, make_runs: MakeRuns) -> dict[str, object]:
    """Three dataflows on one broken account, one failing otherwise, one that works again."""
    for n in range(3):
        make_runs(make_flow(f"broken-{n}"), "failed", "failed", "success", errors=[PASSWORD])
    make_runs(make_flow("other"), "failed")
    make_runs(make_flow("fine"), "success")
    row = work.Dataflow.objects.get(flow_id="broken-0")
    return {
        "team": row.team_id,
        "sandbox": row.sandbox_id,
        "code": PASSWORD["code"],
        "connection": row.connection_id,
        "key": "0123456789abcdef",
    }


def test_one_broken_account_is_one_entry(
    client_as: ClientAs, ops: User, outage: dict[str, object]
) -> None:
    client = client_as(ops)

    first, second = client.get("/monitoring/work-queue/").context["rows"]

    assert (first.cause.dataflows, first.cause.key.code) == (3, "CONNECTOR-1001-500")
    assert (first.cause.account_name, first.source) == ("PayPal EU", "PayPal")
    assert first.remedy
    assert (second.cause.dataflows, second.title) == (1, "AEP gave no reason for the failure.")
    names = [row.name for row in client.get(first.board_url).context["rows"]]
    assert names == [f"Dataflow broken-{n}" for n in range(3)]
    assert [row.name for row in client.get(second.board_url).context["rows"]] == ["Dataflow other"]


def test_somebody_takes_it_and_gives_it_back(
    client_as: ClientAs, ops: User, analyst: User, outage: dict[str, object]
) -> None:
    client = client_as(ops)

    client.post("/monitoring/work-queue/act/", outage | {"action": "take"})
    mine = client.get("/monitoring/work-queue/").context["rows"][0]
    theirs = client_as(analyst).get("/monitoring/work-queue/").context["rows"][0]
    assert (mine.is_mine, theirs.is_mine, theirs.cause.item.assignee) == (True, False, ops)

    client.post("/monitoring/work-queue/act/", outage | {"action": "release"})
    assert client.get("/monitoring/work-queue/").context["rows"][0].cause.item.assignee is None
    said = AuditEntry.objects.filter(action__startswith="work.").order_by("pk")
    assert list(said.values_list("action", flat=True)) == ["work.take", "work.release"]


def test_a_note_is_kept_with_the_cause(
    client_as: ClientAs, ops: User, outage: dict[str, object]
) -> None:
    client = client_as(ops)

    client.post("/monitoring/work-queue/act/", outage | {"action": "note", "note": "Asked PayPal."})
    client.post("/monitoring/work-queue/act/", outage | {"action": "take"})

    item = client.get("/monitoring/work-queue/").context["rows"][0].cause.item
    assert (item.note, item.assignee) == ("Asked PayPal.", ops)


def test_what_was_said_goes_with_the_cause(
    client_as: ClientAs,
    ops: User,
    outage: dict[str, object],
    sandbox: Sandbox,
    make_runs: MakeRuns,
) -> None:
    client = client_as(ops)
    client.post("/monitoring/work-queue/act/", outage | {"action": "take"})
    assert work.forget_what_is_over(sandbox) == 0

    for row in work.Dataflow.objects.filter(flow_id__startswith="broken"):
        make_runs(row, "success", first=-1)

    assert work.forget_what_is_over(sandbox) == 1
    response = client.post("/monitoring/work-queue/act/", outage | {"action": "take"}, follow=True)
    assert "Nothing fails of that cause any more." in response.content.decode()
    assert not WorkItem.objects.exists()


def test_all_runs_are_retried_once(
    client_as: ClientAs, ops: User, outage: dict[str, object], make_flow: MakeFlow
) -> None:
    make_flow("broken-2", state="disabled")
    client = client_as(ops)

    first = client.post("/monitoring/work-queue/act/", outage | {"action": "retry"}, follow=True)
    client.post("/monitoring/work-queue/act/", outage | {"action": "retry"})

    submissions = Submission.objects.all()
    assert {submission.kind for submission in submissions} == {Kind.RETRY}
    assert {submission.params["run_id"] for submission in submissions} == {
        "broken-0-0",
        "broken-1-0",
    }
    assert "2 runs are being retried." in first.content.decode()


def test_somebody_says_that_they_have_seen_it(
    client_as: ClientAs, ops: User, analyst: User, outage: dict[str, object]
) -> None:
    client_as(ops).post("/monitoring/work-queue/act/", outage | {"action": "seen"})

    page = client_as(analyst).get("/monitoring/work-queue/")

    item = page.context["rows"][0].cause.item
    assert (item.seen_by, item.assignee) == (ops, None)
    assert item.seen_at is not None
    html = page.content.decode()
    assert html.count('value="seen"') == 1
    assert "Seen, nobody's yet" in html
    assert AuditEntry.objects.filter(action="work.seen").count() == 1


def test_a_cause_is_given_to_somebody_of_the_team(
    client_as: ClientAs, ops: User, analyst: User, outage: dict[str, object]
) -> None:
    client = client_as(ops)
    people = client.get("/monitoring/work-queue/").context["rows"][0].people

    client.post("/monitoring/work-queue/act/", outage | {"action": "assign", "person": analyst.pk})

    assert {person.username for person in people} == {"ops", "analyst"}
    assert WorkItem.objects.get().assignee == analyst
    assert AuditEntry.objects.get(action="work.assign").details == {"to": "analyst"}


@pytest.mark.parametrize("who", ["stranger", "gone", "nobody"])
def test_a_cause_is_given_to_nobody_else(
    client_as: ClientAs,
    ops: User,
    analyst: User,
    stranger: User,
    outage: dict[str, object],
    who: str,
) -> None:
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    person = {"stranger": stranger.pk, "gone": analyst.pk, "nobody": "x"}[who]

    answer = client_as(ops).post(
        "/monitoring/work-queue/act/", outage | {"action": "assign", "person": person}
    )

    assert answer.status_code == 404
    assert not WorkItem.objects.exists()


def test_a_hostile_note_stays_text(
    client_as: ClientAs, ops: User, outage: dict[str, object]
) -> None:
    client = client_as(ops)
    note = "\x00<script>alert(1)</script>" + "x" * 3000

    client.post("/monitoring/work-queue/act/", outage | {"action": "note", "note": note})

    assert len(WorkItem.objects.get().note) == 2000
    assert "<script>alert" not in client.get("/monitoring/work-queue/").content.decode()


@pytest.mark.parametrize("action", ["take", "note", "retry", "seen", "assign"])
def test_a_stranger_changes_nothing(
    client_as: ClientAs, stranger: User, outage: dict[str, object], action: str
) -> None:
    client = client_as(stranger)

    response = client.post("/monitoring/work-queue/act/", outage | {"action": action})

    assert response.status_code == 404
    assert "broken" not in client.get("/monitoring/work-queue/").content.decode()
    assert not WorkItem.objects.exists()
    assert not Submission.objects.exists()


def test_nothing_broken(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow()

    assert "Nothing is broken" in client_as(ops).get("/monitoring/work-queue/").content.decode()


def test_the_number_of_queries_does_not_grow(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    client = client_as(ops)
    counts = []
    for wanted in (1, 30):
        for n in range(wanted):
            error = {"code": f"CONNECTOR-{1000 + n}-500", "message": "No"}
            row = make_flow(f"flow-{wanted}-{n}")
            make_runs(row, "failed", errors=[error])
        with CaptureQueriesContext(connection) as queries:
            client.get("/monitoring/work-queue/")
        counts.append(len(queries))

    assert counts == [7, 7]
