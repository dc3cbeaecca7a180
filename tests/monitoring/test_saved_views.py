from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from flowsite.people.models import AuditEntry, Membership, Team, User
from flowsite.runs import saved_views, tagging
from flowsite.runs.models import BoardPreference, Dataflow, SavedView
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]


@pytest.fixture
def shared(ops: User, team: Team) -> SavedView:
    return saved_views.save_view(ops, name="Night shift", query="run=failed", team=team)


@pytest.fixture
def private(ops: User) -> SavedView:
    return saved_views.save_view(ops, name="Mine", query="late=1", team=None)


def names(client: Client) -> list[str]:
    return [row["view"].name for row in client.get("/monitoring/views/").context["rows"]]


def test_what_is_shown_is_kept(client_as: ClientAs, ops: User) -> None:
    query = "run=failed&tag=eu&page=abc&stamp=1&sandbox=3&sandbox=4&view=9&evil=1&owner="

    answer = client_as(ops).post(
        "/monitoring/views/save/", {"name": " Night  shift ", "query": query}
    )

    view = SavedView.objects.get()
    assert (view.name, view.owner, view.team) == ("Night shift", ops, None)
    assert view.query == "sandbox=3&sandbox=4&run=failed&tag=eu"
    assert answer.url == f"/monitoring/?{view.query}&view={view.pk}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("  ", "Type a name", id="nothing"),
        pytest.param("x" * 300, "at most 80", id="300 characters"),
        pytest.param("Mine", "already", id="taken"),
    ],
)
def test_names_that_are_refused(
    client_as: ClientAs, ops: User, private: SavedView, name: str, said: str
) -> None:
    page = client_as(ops).post("/monitoring/views/save/", {"name": name}, follow=True)

    assert said in page.content.decode()
    assert SavedView.objects.count() == 1


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd()", "عرض", "x" * 80])
def test_hostile_names_stay_text(client_as: ClientAs, ops: User, name: str) -> None:
    client = client_as(ops)

    client.post("/monitoring/views/save/", {"name": name, "query": "q=<script>alert(2)"})

    html = client.get("/monitoring/views/").content.decode()
    assert names(client) == [name]
    assert "<script>alert" not in html


def test_who_sees_a_view(
    client_as: ClientAs,
    ops: User,
    analyst: User,
    stranger: User,
    shared: SavedView,
    private: SavedView,
) -> None:
    assert names(client_as(ops)) == ["Mine", "Night shift"]
    assert names(client_as(analyst)) == ["Night shift"]
    assert names(client_as(stranger)) == []
    assert client_as(analyst).get(f"/monitoring/views/{private.pk}/").status_code == 404
    assert client_as(stranger).get(f"/monitoring/views/{shared.pk}/").status_code == 404


def test_a_shared_view_has_a_lasting_address(
    client_as: ClientAs, analyst: User, shared: SavedView
) -> None:
    url = client_as(analyst).get(f"/monitoring/views/{shared.pk}/").url

    assert url == f"/monitoring/?run=failed&view={shared.pk}"


def test_a_person_in_two_teams_sees_a_view_once(
    client_as: ClientAs, ops: User, shared: SavedView
) -> None:
    Membership.objects.create(user=ops, team=Team.objects.create(name="Second"))

    assert names(client_as(ops)) == ["Night shift"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({"action": "rename", "name": "Day shift"}, {"name": "Day shift"}, id="rename"),
        pytest.param({"action": "share", "team": ""}, {"team": None}, id="take back"),
        pytest.param(
            {"action": "query", "query": "late=1&page=2"}, {"query": "late=1"}, id="query"
        ),
    ],
)
def test_the_owner_changes_a_view(
    client_as: ClientAs,
    ops: User,
    shared: SavedView,
    data: dict[str, str],
    expected: dict[str, Any],
) -> None:
    client_as(ops).post(f"/monitoring/views/{shared.pk}/change/", data)

    shared.refresh_from_db()
    assert {name: getattr(shared, name) for name in expected} == expected


def test_the_owner_deletes_a_view(client_as: ClientAs, ops: User, shared: SavedView) -> None:
    client_as(ops).post(f"/monitoring/views/{shared.pk}/change/", {"action": "delete"})

    assert not SavedView.objects.exists()


@pytest.mark.parametrize("action", ["rename", "share", "query", "delete"])
def test_others_may_not_change_it(
    client_as: ClientAs, analyst: User, shared: SavedView, action: str
) -> None:
    answer = client_as(analyst).post(
        f"/monitoring/views/{shared.pk}/change/", {"action": action, "name": "Theirs"}
    )

    shared.refresh_from_db()
    assert answer.status_code == 403
    assert (shared.name, shared.query) == ("Night shift", "run=failed")


def test_a_view_is_shared_with_ones_own_teams_only(
    client_as: ClientAs, ops: User, stranger: User, private: SavedView
) -> None:
    foreign = stranger.teams.get()

    answer = client_as(ops).post(
        f"/monitoring/views/{private.pk}/change/", {"action": "share", "team": foreign.pk}
    )

    private.refresh_from_db()
    assert answer.status_code == 404
    assert private.team is None


def test_sharing_is_written_down(
    client_as: ClientAs, ops: User, private: SavedView, team: Team
) -> None:
    client_as(ops).post(
        f"/monitoring/views/{private.pk}/change/", {"action": "share", "team": team.pk}
    )

    assert AuditEntry.objects.get(action="view.shared").object_name == "Mine"


# --- the view that opens first -------------------------------------------------------------------


def test_a_default_view_opens_first(
    client_as: ClientAs,
    analyst: User,
    shared: SavedView,
    make_flow: MakeFlow,
    make_runs: MakeRuns,
) -> None:
    make_runs(make_flow("flow-1"), "failed")
    make_flow("flow-2")
    client = client_as(analyst)
    client.post(f"/monitoring/views/{shared.pk}/change/", {"action": "default"})

    first = client.get("/monitoring/", follow=True)
    everything = client.get("/monitoring/?view=all")

    assert [row.name for row in first.context["rows"]] == ["Dataflow flow-1"]
    assert first.context["current_view"] == shared
    assert len(everything.context["rows"]) == 2


def test_all_is_one_click_away_from_a_default_view(
    client_as: ClientAs, ops: User, shared: SavedView, make_flow: MakeFlow
) -> None:
    make_flow()
    saved_views.set_default(ops, shared)
    client = client_as(ops)
    page = client.get("/monitoring/", follow=True)

    everything = page.context["outcome_chips"][0]

    assert len(client.get(f"/monitoring/{everything.url}").context["rows"]) == 1
    assert len(client.get(page.context["clear_url"]).context["rows"]) == 1


def test_a_default_view_that_is_not_shared_any_more_is_ignored(
    client_as: ClientAs, ops: User, analyst: User, shared: SavedView, make_flow: MakeFlow
) -> None:
    make_flow()
    saved_views.set_default(analyst, shared)
    saved_views.share_view(shared, None)

    assert client_as(analyst).get("/monitoring/").status_code == 200


def test_a_deleted_default_view_leaves_the_board(
    client_as: ClientAs, ops: User, private: SavedView, make_flow: MakeFlow
) -> None:
    make_flow()
    saved_views.set_default(ops, private)
    private.delete()

    assert client_as(ops).get("/monitoring/").status_code == 200
    assert BoardPreference.objects.get().default_view is None


@pytest.mark.parametrize("view", ["all", "0", "999999999999999999999", "x", "²"])
def test_a_view_that_is_none_does_no_harm(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, view: str
) -> None:
    make_flow()

    page = client_as(ops).get("/monitoring/", {"view": view})

    assert (page.status_code, page.context["current_view"]) == (200, None)


# --- the menu of all filters ---------------------------------------------------------------------


def test_the_menu_offers_what_occurs(
    client_as: ClientAs,
    ops: User,
    analyst: User,
    make_flow: MakeFlow,
    make_runs: MakeRuns,
) -> None:
    row = make_flow()
    make_runs(row, "failed", errors=None)
    tagging.set_owner(row, analyst)
    tagging.add_tag([row], "eu")

    page = client_as(ops).get("/monitoring/filters/?q=flow&tag=eu&state=enabled")

    options = {one["name"]: one["options"] for one in page.context["options"]}
    assert options["tag"] == [("eu", "eu")]
    assert options["owner"] == [("none", "Nobody's"), (str(analyst.pk), "analyst")]
    assert [name for _, name in options["account"]] == ["PayPal EU"]
    assert [key for key, _ in options["had"]] == ["24h", "7d", "30d"]
    assert page.context["hidden"] == [("q", "flow"), ("state", "enabled")]
    assert '<option value="eu" selected>' in page.content.decode()


def test_the_menu_is_a_part_of_the_page(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    make_flow()

    part = client_as(ops).get("/monitoring/filters/", headers={"HX-Request": "true"})

    assert part.content.decode().lstrip().startswith("<form")


def test_strangers_see_no_options(client_as: ClientAs, stranger: User, make_flow: MakeFlow) -> None:
    make_flow()

    assert "PayPal EU" not in client_as(stranger).get("/monitoring/filters/").content.decode()


@pytest.mark.parametrize(
    ("query", "label"),
    [
        pytest.param("had=7d", "Had failures in 7 days", id="had"),
        pytest.param("tag=eu", "Tag: eu", id="tag"),
        pytest.param("owner=none", "Nobody's", id="owner"),
        pytest.param("run=none", "No run has finished", id="no run"),
    ],
)
def test_a_filter_of_the_menu_can_be_taken_away(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, query: str, label: str
) -> None:
    make_flow()

    [chip] = client_as(ops).get(f"/monitoring/?{query}&q=x").context["narrowing_chips"]

    assert (chip.label, chip.url) == (label, "?q=x")


def test_the_list_of_dataflows_has_the_same_filters(
    client_as: ClientAs, ops: User, analyst: User, make_flow: MakeFlow
) -> None:
    row = make_flow("flow-1")
    make_flow("flow-2")
    tagging.set_owner(row, analyst)
    tagging.add_tag([row], "eu")

    context = client_as(ops).get(f"/dataflows/?owner={analyst.pk}&tag=eu&sort=-name").context

    assert [one.name for one in context["rows"]] == ["Dataflow flow-1"]
    assert [chip.label for chip in context["narrowing_chips"]] == ["Owner: analyst", "Tag: eu"]
    assert context["clear_url"] == "/dataflows/?sort=-name"


def test_owner_and_account_are_named(
    client_as: ClientAs, ops: User, analyst: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    tagging.set_owner(row, analyst)
    account = Dataflow.objects.get().connection_id

    chips = (
        client_as(ops)
        .get(f"/monitoring/?owner={analyst.pk}&account={account}")
        .context["narrowing_chips"]
    )

    assert [chip.label for chip in chips] == ["Account: PayPal EU", "Owner: analyst"]
