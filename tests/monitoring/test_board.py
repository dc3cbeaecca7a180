from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.people.models import User
from flowsite.runs import tagging
from flowsite.runs.models import Dataflow, SandboxSync
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def names(client: Client, url: str) -> list[str]:
    return [row.name for row in client.get(url).context["rows"]]


# --- the page ------------------------------------------------------------------------------------


def test_a_line_says_what_the_last_runs_moved(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    failed, success = make_runs(row, "failed", "success")

    response = client_as(ops).get("/monitoring/")

    [line] = response.context["rows"]
    assert (line.name, line.brief) == ("Dataflow flow-1", "PayPal EU → Products")
    assert (line.last.word, line.received, line.ingested) == ("Failed", 20, 20)
    html = response.content.decode()
    assert f'href="/runs/{failed.pk}/" title="Failed, ' in html
    assert html.index(f"/runs/{success.pk}/") < html.index(f"/runs/{failed.pk}/")


def test_the_page_asks_for_news_of_itself(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()
    client = client_as(ops)

    page = client.get("/monitoring/?run=none")
    quiet = client.get(page.context["live_url"], headers=HTMX)

    assert quiet.status_code == 204


def test_news_bring_the_list(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    client = client_as(ops)
    live_url = client.get("/monitoring/").context["live_url"]

    make_runs(row, "failed")
    news = client.get(live_url, headers=HTMX)

    html = news.content.decode()
    assert html.lstrip().startswith('<div id="sync"')
    assert '<div id="flow-list" hx-swap-oob="outerHTML"' in html
    assert client.get(news.context["live_url"], headers=HTMX).status_code == 204


def test_a_poll_without_changes_renews_the_status_line_only(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()
    client = client_as(ops)
    live_url = client.get("/monitoring/").context["live_url"]

    SandboxSync.objects.update(succeeded_at=timezone.now() + timedelta(seconds=9))
    html = client.get(live_url, headers=HTMX).content.decode()

    assert "Updated" in html
    assert "flow-list" not in html


def test_the_search_answers_the_list(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow("flow-1")
    make_flow("flow-2")

    response = client_as(ops).get("/monitoring/?q=flow-2", headers=HTMX)

    assert [row.name for row in response.context["rows"]] == ["Dataflow flow-2"]
    assert response.content.decode().lstrip().startswith('<div id="flows"')


@pytest.mark.parametrize("role", ["analyst", "ops", "admin"])
def test_every_role_may_look(
    client_as: ClientAs, make_flow: MakeFlow, role: str, request: pytest.FixtureRequest
) -> None:
    make_flow()

    assert names(client_as(request.getfixturevalue(role)), "/monitoring/") == ["Dataflow flow-1"]


def test_a_stranger_sees_nothing(client_as: ClientAs, stranger: User, make_flow: MakeFlow) -> None:
    make_flow()
    make_flow("flow-2", owned=False)

    response = client_as(stranger).get("/monitoring/")

    assert "Dataflow flow" not in response.content.decode()


def test_a_stranger_with_access_sees_what_nobody_owns(
    client_as: ClientAs, stranger: User, make_flow: MakeFlow, access: SandboxAccess
) -> None:
    make_flow("flow-1")
    make_flow("flow-2", owned=False)
    credential = access.credential
    credential.pk, credential.team, credential.name = None, stranger.teams.get(), "Theirs"
    credential.save()
    SandboxAccess.objects.create(
        credential=credential, sandbox=access.sandbox, seen_at=timezone.now()
    )

    response = client_as(stranger).get("/monitoring/")

    assert [row.name for row in response.context["rows"]] == ["Dataflow flow-2"]
    assert response.context["outcome_chips"][0].count == 1


def test_a_person_without_a_role_is_refused(client_as: ClientAs, ops: User) -> None:
    ops.groups.clear()

    assert client_as(ops).get("/monitoring/").status_code == 403


@pytest.mark.parametrize(
    "url", ["/monitoring/", "/monitoring/?sort=-latest_at&q=flow", "/monitoring/?late=1"]
)
def test_the_number_of_queries_does_not_grow(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns, url: str
) -> None:
    client = client_as(ops)
    counts = []
    for wanted in (1, 60):
        for n in range(Dataflow.objects.count(), wanted):
            make_runs(make_flow(f"flow-{n:02}"), "success", "failed")
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))

    assert counts == [10, 10]


# --- filters -------------------------------------------------------------------------------------


@pytest.fixture
def zoo(make_flow: MakeFlow, make_runs: MakeRuns, now: datetime) -> None:
    """One dataflow of each kind."""
    make_runs(make_flow("failing", name="failing"), "failed", "success")
    make_runs(make_flow("had", name="had"), "success", "failed")
    make_runs(
        make_flow("partial", name="partial"),
        "success",
        records={"inputRecordCount": 10, "failedRecordCount": 1},
    )
    make_runs(make_flow("good", name="good"), "success")
    make_flow("off", name="off", state="disabled")
    tagging.add_tag(list(Dataflow.objects.filter(flow_id__in=("good", "had"))), "eu")
    late = make_flow("late", name="late")
    Dataflow.objects.filter(pk=late.pk).update(next_expected_at=now - timedelta(hours=3))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("run=failed", ["failing"], id="latest finished run failed"),
        pytest.param("had=24h", ["failing", "had"], id="had failures"),
        pytest.param("run=partial", ["partial"], id="latest run partial"),
        pytest.param("run=none", ["late", "off"], id="no run finished"),
        pytest.param("state=disabled", ["off"], id="state"),
        pytest.param("late=1", ["late"], id="late"),
        pytest.param("q=goo", ["good"], id="text"),
        pytest.param("q=goo+paypal", ["good"], id="all words"),
        pytest.param("q=goo+nothing", [], id="not all words"),
        pytest.param("source=square", [], id="another source"),
        pytest.param("tag=eu", ["good", "had"], id="tag"),
        pytest.param("tag=EU&run=success&q=good", ["good"], id="tag and others"),
        pytest.param("tag=%00&q=%00good", ["good"], id="characters that databases refuse"),
        pytest.param("owner=none&state=disabled", ["off"], id="nobody's"),
        pytest.param("owner=99999999999999999999&state=disabled", ["off"], id="no key"),
        pytest.param("source=paypal&state=disabled", ["off"], id="two filters"),
        pytest.param(
            "state=nonsense&sort=nonsense&page=nonsense&run=failed", ["failing"], id="odd"
        ),
        pytest.param("sort=-name&had=24h", ["had", "failing"], id="descending"),
    ],
)
def test_filters(
    client_as: ClientAs, ops: User, zoo: None, query: str, expected: list[str]
) -> None:
    assert names(client_as(ops), f"/monitoring/?{query}") == expected


def test_chips_count_everything_and_lead_there(client_as: ClientAs, ops: User, zoo: None) -> None:
    client = client_as(ops)

    context = client.get("/monitoring/?q=good").context

    counts = {chip.label: chip.count for chip in context["outcome_chips"]}
    assert counts == {
        "All": 6,
        "Latest finished run failed": 1,
        "Latest finished run partial": 1,
        "Late": 1,
        "Had failures in 24 hours": 2,
    }
    assert {chip.label: chip.count for chip in context["state_chips"]} == {
        "Enabled": 5,
        "Disabled": 1,
    }
    [failed] = [chip for chip in context["outcome_chips"] if "failed" in chip.label]
    assert names(client, f"/monitoring/{failed.url}") == []
    assert failed.url == "?q=good&run=failed"


def test_late_says_how_late(client_as: ClientAs, ops: User, zoo: None) -> None:
    [line] = client_as(ops).get("/monitoring/?late=1").context["rows"]

    assert line.freshness.text == "3 h late"
    assert line.freshness.note.startswith("expected ")


def test_what_cannot_be_read_is_not_called_late(
    client_as: ClientAs, ops: User, zoo: None, now: datetime
) -> None:
    SandboxSync.objects.update(succeeded_at=now - timedelta(hours=2, minutes=30))
    client = client_as(ops)

    assert names(client, "/monitoring/?late=1") == []
    [line] = client.get("/monitoring/?q=late").context["rows"]
    assert line.freshness.text.startswith("Not read since ")


def test_pages_meet_without_a_gap(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    for n in range(53):
        make_flow(f"flow-{n:02}")
    client = client_as(ops)

    first = client.get("/monitoring/").context
    second = client.get(first["next_url"]).context
    back = client.get(second["previous_url"]).context

    assert len(first["rows"]) == 50
    assert [row.name for row in second["rows"]] == [f"Dataflow flow-{n}" for n in (50, 51, 52)]
    assert [row.name for row in back["rows"]] == [row.name for row in first["rows"]]
    assert second["next_url"] == ""


def test_several_sandboxes(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, production_access: SandboxAccess
) -> None:
    make_flow("here")
    there = make_flow("there")
    Dataflow.objects.filter(pk=there.pk).update(sandbox=production_access.sandbox)
    client = client_as(ops)
    query = "&".join(f"sandbox={sandbox.pk}" for sandbox in Sandbox.objects.all())

    assert names(client, "/monitoring/") == ["Dataflow here"]
    assert names(client, f"/monitoring/?{query}") == ["Dataflow here", "Dataflow there"]
    assert names(client, "/monitoring/?sandbox=999") == ["Dataflow here"]


# --- how current it is ---------------------------------------------------------------------------


def test_an_error_of_the_poller_is_shown_with_its_remedy(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()
    error = {
        "message": "Adobe refused the credential.",
        "whose_turn": "admin",
        "remedy": "Save it.",
    }
    SandboxSync.objects.update(error=error, failed_at=timezone.now())

    html = client_as(ops).get("/monitoring/").content.decode()

    assert "Adobe refused the credential." in html
    assert "An administrator&#x27;s" in html
    assert "Save it." in html


def test_a_first_reading_shows_how_far_it_is(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()
    window = ["2026-01-01T00:00:00+00:00", "2026-03-04T05:06:00+00:00"]
    SandboxSync.objects.update(backlog=[window], runs_read=1234)

    html = client_as(ops).get("/monitoring/").content.decode()

    assert "2026-03-04 05:06 UTC" in html
    assert "1,234" in html


def test_an_empty_board_says_what_to_do(
    client_as: ClientAs, ops: User, analyst: User, sandbox: Sandbox
) -> None:
    first = client_as(ops).get("/monitoring/").content.decode()
    SandboxSync.objects.create(sandbox=sandbox, due_at=timezone.now(), succeeded_at=timezone.now())

    html = client_as(analyst).get("/monitoring/").content.decode()
    for_ops = client_as(ops).get("/monitoring/").content.decode()

    assert "This sandbox is being read for the first time" in first
    assert "No dataflows in this sandbox yet" in html
    assert "Open the catalog" in html
    assert "Open the catalog" not in for_ops


def test_without_a_sandbox_it_says_who_helps(client_as: ClientAs, ops: User) -> None:
    assert "An administrator adds one" in client_as(ops).get("/monitoring/").content.decode()


def test_reading_now_makes_the_sandbox_due(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, sandbox: Sandbox
) -> None:
    make_flow()
    SandboxSync.objects.update(due_at=timezone.now() + timedelta(hours=1))

    response = client_as(ops).post("/monitoring/sync/", {"sandbox": sandbox.pk, "query": "late=1"})

    assert response.url == "/monitoring/?late=1"
    sync = SandboxSync.objects.get()
    assert sync.due_at <= timezone.now()
    assert sync.asked_at is not None


def test_a_stranger_cannot_make_it_read(
    client_as: ClientAs, stranger: User, make_flow: MakeFlow, sandbox: Sandbox
) -> None:
    make_flow()

    client_as(stranger).post("/monitoring/sync/", {"sandbox": sandbox.pk})

    assert SandboxSync.objects.get().asked_at is None


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/monitoring/", "Board"),
        ("/monitoring/runs/", "Runs"),
        ("/monitoring/work-queue/", "Work queue"),
    ],
)
def test_one_link_of_the_navigation_is_current(
    client_as: ClientAs, ops: User, sandbox: Sandbox, path: str, label: str
) -> None:
    groups = client_as(ops).get(path).context["nav"]

    assert [item.label for group in groups for item in group.items if item.current] == [label]
