from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from flowsite.monitoring import columns
from flowsite.people.models import User
from flowsite.runs import tagging
from flowsite.runs.models import BoardPreference, Dataflow
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]
HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="markup"),
    pytest.param('"><img src=x onerror=alert(1)>', id="end of an attribute"),
    pytest.param("x" * 300, id="300 characters"),
    pytest.param("دفق البيانات", id="right to left"),
]


def headings(client: Client, url: str = "/monitoring/") -> list[str]:
    return [str(one["label"]) for one in client.get(url).context["headings"]]


def test_the_usual_columns_have_owner_and_tags(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    tagging.set_owner(row, ops)
    tagging.add_tag([row], "eu")
    client = client_as(ops)

    html = client.get("/monitoring/").content.decode()

    assert headings(client)[-2:] == ["Owner", "Tags"]
    assert '<div class="truncate cell" title="ops">ops</div>' in html
    assert '<span class="type">eu</span>' in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, text: str
) -> None:
    row = make_flow()
    Dataflow.objects.filter(pk=row.pk).update(
        name=text, account_name=text, dataset_name=text, tags=[text[:40]]
    )
    keys = [column.key for column in columns.COLUMNS]
    BoardPreference.objects.create(user=ops, columns=keys)

    html = client_as(ops).get("/monitoring/").content.decode()

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") in html


def test_a_person_chooses_columns_for_themselves(
    client_as: ClientAs, ops: User, analyst: User, make_flow: MakeFlow
) -> None:
    make_flow()
    client = client_as(ops)

    data = {"column": ["dataset", "latest", "nonsense"], "query": "run=none"}
    answer = client.post("/monitoring/columns/", data)

    assert answer.url == "/monitoring/?run=none"
    assert headings(client) == ["Latest run", "Dataset"]
    assert headings(client_as(analyst))[0] == "Latest run"
    assert len(headings(client_as(analyst))) == 8


def test_no_column_is_a_choice_too(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow()
    client = client_as(ops)

    client.post("/monitoring/columns/", {"query": ""})

    assert headings(client) == []


def test_the_usual_columns_come_back(client_as: ClientAs, ops: User, make_flow: MakeFlow) -> None:
    make_flow()
    client = client_as(ops)
    client.post("/monitoring/columns/", {"column": ["dataset"]})

    client.post("/monitoring/columns/", {"column": ["dataset"], "reset": "1"})

    assert len(headings(client)) == 8


def test_news_have_the_persons_columns(
    client_as: ClientAs, ops: User, make_flow: MakeFlow, make_runs: MakeRuns
) -> None:
    row = make_flow()
    BoardPreference.objects.create(user=ops, columns=["schedule"])
    client = client_as(ops)
    live_url = client.get("/monitoring/").context["live_url"]

    make_runs(row, "success")
    news = client.get(live_url, headers={"HX-Request": "true"})

    assert [str(one["label"]) for one in news.context["headings"]] == ["Schedule"]


def test_more_than_three_tags_are_counted(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    for name in ("a", "b", "c", "d", "e"):
        tagging.add_tag([row], name)

    html = client_as(ops).get("/monitoring/").content.decode()

    assert 'title="a, b, c, d, e"' in html
    assert "+2</span>" in html
