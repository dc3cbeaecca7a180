from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from flowsite.people.models import AuditEntry, User
from flowsite.runs import tagging
from flowsite.runs.models import Dataflow
from flowsite.submissions.models import Kind, Submission
from tests.monitoring.conftest import MakeFlow

ClientAs = Callable[[User], Client]


def choose(client: Client, rows: list[Dataflow], action: str, **more: str) -> str:
    data = {"dataflow": [row.pk for row in rows], "action": action, "query": "q=flow", **more}
    return client.post("/monitoring/selection/", data, follow=True).content.decode()


def tags(row: Dataflow) -> list[str]:
    return Dataflow.objects.get(pk=row.pk).tags


def test_a_selection_is_tagged(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    rows = [make_flow("flow-1"), make_flow("flow-2")]

    html = choose(client_as(ops), rows, "tag", tag=" EU ")

    assert [tags(row) for row in rows] == [["eu"], ["eu"]]
    assert "2 dataflows are changed" in html
    assert AuditEntry.objects.filter(action="dataflow.tagged").count() == 2


def test_a_selection_loses_a_tag(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    rows = [make_flow("flow-1"), make_flow("flow-2")]
    tagging.add_tag(rows[:1], "eu")

    html = choose(client_as(ops), rows, "untag", tag="eu")

    assert tags(rows[0]) == []
    assert "1 dataflow is changed" in html


def test_an_analyst_tags_their_own_only(
    client_as: ClientAs, analyst: User, make_flow: MakeFlow
) -> None:
    own, other = make_flow("flow-1"), make_flow("flow-2")
    tagging.set_owner(own, analyst)

    html = choose(client_as(analyst), [own, other], "tag", tag="eu")

    assert (tags(own), tags(other)) == (["eu"], [])
    assert "1 dataflow is left as it is" in html


@pytest.mark.parametrize("tag", ["", "a,b", "x" * 300])
def test_what_is_no_tag_changes_nothing(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, tag: str
) -> None:
    row = make_flow()

    choose(client_as(ops), [row], "tag", tag=tag)

    assert tags(row) == []


def test_strangers_reach_nothing(client_as: ClientAs, stranger: User, make_flow: MakeFlow) -> None:
    row = make_flow()
    client = client_as(stranger)

    choose(client, [row], "tag", tag="eu")
    choose(client, [row], "disable")

    assert tags(row) == []
    assert not Submission.objects.exists()


def test_what_belongs_to_no_team_is_left(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow("elsewhere", owned=False)

    html = choose(client_as(ops), [row], "disable")

    assert not Submission.objects.exists()
    assert "can be changed by the people of its team" in html


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_switching_gives_a_result_for_each(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    rows = [make_flow("flow-1"), make_flow("flow-2")]
    client = client_as(ops)

    html = choose(client, rows, "disable", key="0123456789abcdef")
    choose(client, rows, "disable", key="0123456789abcdef")

    assert {(one.kind, one.dataflow) for one in Submission.objects.all()} == {
        (Kind.DISABLE, row) for row in rows
    }
    assert Submission.objects.count() == 2
    assert html.count("Watch it") == 2


def test_nothing_selected(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow()

    assert "Select some dataflows first" in choose(client_as(ops), [], "tag", tag="eu")


def test_odd_keys_do_no_harm(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow()

    answer = client_as(ops).post(
        "/monitoring/selection/", {"dataflow": ["9" * 30, "x", "²"], "action": "tag", "tag": "a"}
    )

    assert answer.status_code == 302


# --- one dataflow --------------------------------------------------------------------------------


def test_owner_and_tags_of_one_dataflow(
    client_as: ClientAs, ops: User, analyst: User, make_flow: MakeFlow
) -> None:
    row, client = make_flow(), client_as(ops)
    url = f"/dataflows/{row.pk}/tags/"

    client.post(url, {"action": "tag", "tag": "eu"})
    client.post(url, {"action": "tag", "tag": "billing"})
    client.post(url, {"untag": "eu"})
    client.post(url, {"action": "owner", "owner": analyst.pk})

    row.refresh_from_db()
    assert (row.tags, row.owner) == (["billing"], analyst)
    entry = AuditEntry.objects.get(action="dataflow.owner_changed")
    assert entry.details == {"changes": {"owner": [None, "analyst"]}}


def test_an_owner_is_one_of_the_team(
    client_as: ClientAs, ops: User, stranger: User, make_flow: MakeFlow
) -> None:
    row = make_flow()

    answer = client_as(ops).post(
        f"/dataflows/{row.pk}/tags/", {"action": "owner", "owner": stranger.pk}
    )

    row.refresh_from_db()
    assert (answer.status_code, row.owner) == (404, None)


def test_another_analyst_changes_neither(
    client_as: ClientAs, analyst: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    client = client_as(analyst)

    client.post(f"/dataflows/{row.pk}/tags/", {"action": "owner", "owner": analyst.pk})
    client.post(f"/dataflows/{row.pk}/tags/", {"action": "tag", "tag": "eu"})

    row.refresh_from_db()
    assert (row.owner, row.tags) == (None, [])
