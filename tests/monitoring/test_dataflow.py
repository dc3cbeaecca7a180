from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowsite.credentials.models import SandboxAccess
from flowsite.drafts.models import Draft
from flowsite.people.models import AuditEntry, User
from flowsite.runs.models import Dataflow, RunHour
from flowsite.submissions.models import Kind, Submission
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
DEFINITION = {
    "version": 1,
    "name": "PayPal products",
    "account": {"source": "paypal", "name": "PayPal EU"},
    "data": {"table": "PayPal.Catalog_Products", "columns": "all"},
    "dataset": {"existing": {"name": "Products"}},
    "mapping": "suggested",
    "schedule": {"frequency": "once", "start": "2027-01-01T00:00:00Z"},
}


def a_key() -> dict[str, str]:
    return {"key": "0123456789abcdef"}


# --- the page ------------------------------------------------------------------------------------


def test_it_shows_definition_lineage_and_runs(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    make_runs(row, "success", "failed")

    response = client_as(ops).get(f"/dataflows/{row.pk}/")

    facts = {fact.term: fact.value for fact in response.context["facts"]}
    assert (facts["Source"], facts["Schedule"]) == ("PayPal", "Every hour")
    assert facts["Load incremental data by"] == "Create_Time"
    ids = {fact.term: fact.value for fact in response.context["lineage"]}
    assert ids["Account"] == "account-1"
    assert ids["Mapping set (version 0)"] == "m" * 32
    assert [run.status.word for run in response.context["runs"]] == ["Success", "Failed"]
    assert [chart.title for chart in response.context["charts"]] == [
        "Records per run",
        "Duration in seconds",
    ]


def test_a_failing_dataflow_says_why_and_what_to_do(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    error = {"code": "CONNECTOR-1001-500", "message": "The provider said no."}
    make_runs(row, "failed", errors=[error])

    [notice] = client_as(ops).get(f"/dataflows/{row.pk}/").context["notices"]

    assert (notice.title, notice.text) == (
        "The latest finished run failed",
        "The provider said no.",
    )
    assert notice.code == "CONNECTOR-1001-500"
    assert notice.remedy


@pytest.mark.parametrize(
    ("values", "title"),
    [
        pytest.param({"missing_since": timezone.now()}, "Not found in AEP", id="missing"),
        pytest.param({"deleted_at": timezone.now()}, "Deleted", id="deleted"),
        pytest.param({"next_expected_at": timezone.now() - timedelta(hours=5)}, "Late", id="late"),
    ],
)
def test_what_is_wrong_comes_first(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, values: dict[str, Any], title: str
) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(**values)

    [notice] = client_as(ops).get(f"/dataflows/{row.pk}/").context["notices"]

    assert notice.title == title


def test_its_runs_have_pages(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    runs = make_runs(row, *["success"] * 23)
    client = client_as(ops)

    first = client.get(f"/dataflows/{row.pk}/").context
    second = client.get(first["next_url"])

    assert [run.pk for run in second.context["runs"]] == [run.pk for run in runs[20:]]


def test_it_asks_for_news_of_itself(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    client = client_as(ops)
    live_url = client.get(f"/dataflows/{row.pk}/").context["live_url"]
    assert client.get(live_url, headers=HTMX).status_code == 204

    [run] = make_runs(row, "success")
    html = client.get(live_url, headers=HTMX).content.decode()

    assert html.lstrip().startswith('<div id="live"')
    assert f'href="/runs/{run.pk}/"' in html
    assert '<div id="summary" class="stack" hx-swap-oob="true">' in html


def test_the_number_of_queries_does_not_grow(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    client = client_as(ops)
    counts = []
    for n, states in enumerate((["success"], ["success"] * 60)):
        row = make_flow(f"flow-{n}")
        make_runs(row, *states)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/dataflows/{row.pk}/")
        counts.append(len(queries))

    assert counts == [13, 13]


def test_a_stranger_does_not_find_it(
    client_as: ClientAs, stranger: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    client = client_as(stranger)

    for path in ("", "live/", "export/", "delete/"):
        assert client.get(f"/dataflows/{row.pk}/{path}").status_code == 404
    for path in ("clone/", "disable/"):
        assert client.post(f"/dataflows/{row.pk}/{path}", a_key()).status_code == 404


def test_the_list_of_dataflows(
    client_as: ClientAs, analyst: User, make_flow: MakeFlow, stranger: User
) -> None:
    make_flow("flow-1")
    make_flow("flow-2", scheduleParams={"frequency": "day", "interval": 2})

    rows = client_as(analyst).get("/dataflows/").context["rows"]
    found = client_as(analyst).get("/dataflows/?q=flow-2", headers=HTMX)
    theirs = client_as(stranger).get("/dataflows/")

    assert [(row.name, row.source, row.schedule) for row in rows] == [
        ("Dataflow flow-1", "PayPal", "Every hour"),
        ("Dataflow flow-2", "PayPal", "Every 2 days"),
    ]
    assert "flow-2</a>" in found.content.decode()
    assert "flow-1</a>" not in found.content.decode()
    assert "Dataflow flow" not in theirs.content.decode()


# --- adopting, cloning, exporting ----------------------------------------------------------------


def test_an_admin_adopts_what_was_made_elsewhere(
    client_as: ClientAs, admin: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow(owned=False)
    make_runs(row, "success", "failed")
    assert client_as(admin).get(f"/dataflows/{row.pk}/").context["may_adopt"]

    client_as(admin).post(f"/dataflows/{row.pk}/adopt/")

    row.refresh_from_db()
    assert row.team is not None
    assert set(RunHour.objects.exclude(success=0, failed=0).values_list("team", flat=True)) == {
        row.team_id
    }
    assert AuditEntry.objects.get(action="dataflow.adopted").object_name == row.name


@pytest.mark.parametrize("role", ["analyst", "ops"])
def test_others_may_only_look_at_it(
    client_as: ClientAs, make_flow: MakeFlow, role: str, request: pytest.FixtureRequest
) -> None:
    row = make_flow(owned=False)
    client = client_as(request.getfixturevalue(role))

    context = client.get(f"/dataflows/{row.pk}/").context

    assert (context["actions"], context["may_adopt"]) == ([], False)
    assert client.post(f"/dataflows/{row.pk}/adopt/").status_code == 403
    assert client.post(f"/dataflows/{row.pk}/disable/", a_key()).status_code == 403
    assert not Submission.objects.exists()


def test_a_clone_is_a_draft_of_its_definition(
    client_as: ClientAs, analyst: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(definition=DEFINITION)

    response = client_as(analyst).post(f"/dataflows/{row.pk}/clone/")

    draft = Draft.objects.get()
    assert draft.definition["data"]["table"] == "PayPal.Catalog_Products"
    assert draft.owner == analyst
    assert response.url == f"/drafts/{draft.pk}/"


def test_the_definition_as_a_file(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(definition=DEFINITION)

    response = client_as(ops).get(f"/dataflows/{row.pk}/export/")

    assert b"table: PayPal.Catalog_Products" in response.content
    assert response["Content-Disposition"] == 'attachment; filename="dataflow-flow-1.yaml"'


def test_without_a_definition_there_is_no_file(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow()

    assert client_as(ops).get(f"/dataflows/{row.pk}/export/").status_code == 404


# --- lifecycle -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "state", "schedule", "expected"),
    [
        ("analyst", "enabled", "hour", ["schedule", "disable", "delete"]),
        ("admin", "enabled", "hour", ["schedule", "disable", "delete"]),
        ("ops", "enabled", "hour", ["disable"]),
        ("ops", "disabled", "hour", ["enable"]),
        ("ops", "enabled", "once", ["run", "disable"]),
        ("analyst", "updating", "hour", ["delete"]),
    ],
)
def test_what_may_be_done(
    client_as: ClientAs,
    make_flow: MakeFlow,
    request: pytest.FixtureRequest,
    role: str,
    state: str,
    schedule: str,
    expected: list[str],
) -> None:
    row = make_flow(state=state, scheduleParams={"frequency": schedule})

    context = client_as(request.getfixturevalue(role)).get(f"/dataflows/{row.pk}/").context

    assert [action.kind for action in context["actions"]] == expected


def test_disabling_is_a_submission(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    client = client_as(ops)

    first = client.post(f"/dataflows/{row.pk}/disable/", a_key())
    again = client.post(f"/dataflows/{row.pk}/disable/", a_key())

    submission = Submission.objects.get()
    assert (submission.kind, submission.dataflow, submission.owner) == (Kind.DISABLE, row, ops)
    assert first.url == again.url == f"/submissions/{submission.pk}/"


def test_a_link_does_not_disable(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow()

    assert client_as(ops).get(f"/dataflows/{row.pk}/disable/").status_code == 302
    assert not Submission.objects.exists()


def test_a_new_schedule(client_as: ClientAs, analyst: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    client = client_as(analyst)
    url = f"/dataflows/{row.pk}/schedule/"

    asked = client.get(url).context["form"]
    wrong = client.post(url, {**a_key(), "frequency": "minute", "interval": 5})
    same = client.post(url, {**a_key(), "frequency": "hour", "interval": 1})
    right = client.post(url, {**a_key(), "frequency": "day", "interval": 2})

    assert asked.initial == {"frequency": "hour", "interval": 1}
    assert "at least 15" in wrong.content.decode()
    assert "already" in same.content.decode()
    submission = Submission.objects.get()
    assert submission.kind == Kind.SCHEDULE
    assert submission.params == {"schedule": {"frequency": "day", "interval": 2}}
    assert right.url == f"/submissions/{submission.pk}/"


def test_deleting_asks_for_the_name(
    client_as: ClientAs, analyst: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    client = client_as(analyst)

    wrong = client.post(f"/dataflows/{row.pk}/delete/", {**a_key(), "typed": "something"})
    assert wrong.status_code == 200
    assert not Submission.objects.exists()

    client.post(f"/dataflows/{row.pk}/delete/", {**a_key(), "typed": row.name})
    assert Submission.objects.get().kind == Kind.DELETE


def test_running_on_demand(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow(scheduleParams={"frequency": "once"})
    url = f"/dataflows/{row.pk}/run/"
    client = client_as(ops)
    window = {"window_start": "2026-11-01T00:00", "window_end": "2026-11-02T00:00"}

    wrong = client.post(url, {**a_key(), **window, "window_end": "2026-10-01T00:00"})
    client.post(url, {**a_key(), **window})

    assert "lies before" in wrong.content.decode()
    assert Submission.objects.get().params == {
        "window_start": "2026-11-01T00:00:00+00:00",
        "window_end": "2026-11-02T00:00:00+00:00",
        "delta_column": "Create_Time",
    }


def test_a_refusal_is_said(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, access: SandboxAccess
) -> None:
    row = make_flow()
    access.delete()

    response = client_as(ops).post(f"/dataflows/{row.pk}/disable/", a_key(), follow=True)

    assert "no credential that reaches this sandbox" in response.content.decode()


def test_what_happened_is_told(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    client = client_as(ops)
    client.post(f"/dataflows/{row.pk}/disable/", a_key())

    [event] = client.get(f"/dataflows/{row.pk}/").context["events"]

    assert (event.actor, event.text) == ("ops", "Disable: asked for")
    assert event.url == f"/submissions/{Submission.objects.get().pk}/"


# --- changed outside -----------------------------------------------------------------------------


@pytest.fixture
def disabled_outside(make_flow: MakeFlow) -> Dataflow:
    row = make_flow()
    made = make_flow(
        state="disabled",
        updatedAt=int((timezone.now() - timedelta(minutes=1)).timestamp() * 1000),
        updatedClient="aep-ui",
    )
    assert made.pk == row.pk
    return made


def test_a_change_outside_is_said(
    client_as: ClientAs, ops: User, disabled_outside: Dataflow
) -> None:
    html = client_as(ops).get(f"/dataflows/{disabled_outside.pk}/").content.decode()

    assert "Changed outside" in html
    assert "State: enabled → disabled" in html
    assert "aep-ui" in html


@pytest.mark.parametrize("do", ["accept", "ignore"])
def test_a_change_outside_is_dealt_with(
    client_as: ClientAs, ops: User, disabled_outside: Dataflow, do: str
) -> None:
    client_as(ops).post(f"/dataflows/{disabled_outside.pk}/outside/", a_key() | {"do": do})

    disabled_outside.refresh_from_db()
    assert disabled_outside.outside_change is None
    assert AuditEntry.objects.filter(action=f"dataflow.outside_{do}").exists()


def test_a_change_outside_is_put_back(
    client_as: ClientAs, ops: User, disabled_outside: Dataflow
) -> None:
    url = f"/dataflows/{disabled_outside.pk}/outside/"

    response = client_as(ops).post(url, a_key() | {"do": "back"})

    submission = Submission.objects.get()
    assert submission.kind == Kind.ENABLE
    assert response.url == f"/submissions/{submission.pk}/"


def test_a_schedule_is_put_back(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(
        outside_change={"client": "x", "at": "", "changes": {"interval": [6, 1]}}
    )

    client_as(ops).post(f"/dataflows/{row.pk}/outside/", a_key() | {"do": "back"})

    submission = Submission.objects.get()
    assert submission.params == {"schedule": {"frequency": "hour", "interval": 6}}


def test_what_needs_a_person_is_not_put_back(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(
        outside_change={"client": "x", "at": "", "changes": {"mapping_version": [1, 2]}}
    )
    client = client_as(ops)

    assert "Put it back" not in client.get(f"/dataflows/{row.pk}/").content.decode()
    response = client.post(f"/dataflows/{row.pk}/outside/", a_key() | {"do": "back"})
    assert response.status_code == 404


def test_the_people_on_duty_are_led_to_a_rule_about_it(
    make_flow: MakeFlow, client_as: ClientAs, ops: User, analyst: User
) -> None:
    row = make_flow()
    link = f"/alerts/rules/new/?dataflow={row.pk}"

    assert link in client_as(ops).get(f"/dataflows/{row.pk}/").text
    assert link not in client_as(analyst).get(f"/dataflows/{row.pk}/").text
    assert row.name in client_as(ops).get(link).text
