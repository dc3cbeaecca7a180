"""Lists of Flow Service: filters, order, count, continuation tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.caller import FLOW, PAYPAL, Caller
from tests.emulator.conftest import HandClock

PATH = f"{FLOW}/connections"


def names(caller: Caller, *properties: str, **params: str) -> list[str]:
    query = [("property", text) for text in properties]
    query += [("limit", "100"), ("orderby", "name"), *params.items()]
    answer = caller.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def walk(caller: Caller, **params: str) -> list[str]:
    """Every name, following the links to the end."""
    found: list[str] = []
    href = f"/connections?{'&'.join(f'{key}={value}' for key, value in params.items())}"
    while href:
        answer = caller.get(f"{FLOW}{href}").json()
        found.extend(item["name"] for item in answer["items"])
        href = answer["_links"].get("next", {}).get("href", "")
    return found


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (["name==PayPal EU"], ["PayPal EU"]),
        (['name=="PayPal EU"'], ["PayPal EU"]),
        (['name=="PayPal EU",Stripe Live'], ["PayPal EU", "Stripe Live"]),
        ([f"connectionSpec.id=={PAYPAL}"], ["PayPal EU", "PayPal Legacy"]),
        ([f"connectionSpec.id=={PAYPAL}", "name!=PayPal EU"], ["PayPal Legacy"]),
        (["state==disabled"], []),
        (["name==Nobody"], []),
        (["name>Square Q", "auth.params.host"], ["Square Stores", "Stripe Live"][:1]),
        (["connectionSpec.version==1.0", "name==Orders DB"], ["Orders DB"]),
        (["createdAt>0", "name==Orders DB"], ["Orders DB"]),
        (["createdAt>9999999999999"], []),
        (["baseConnectionId"], []),
    ],
)
def test_filters(caller: Caller, properties: list[str], expected: list[str]) -> None:
    assert names(caller, *properties) == expected


def test_elements_of_lists_are_filtered(caller: Caller) -> None:
    source = caller.source()
    path = f"{FLOW}/sourceConnections"

    def ids(text: str) -> list[str]:
        answer = caller.get(path, params={"property": text}).json()
        return [item["id"] for item in answer["items"]]

    assert ids("params.columns[].name==Product_Id") == [source]
    assert ids("params.columns[].name==Nothing") == []
    assert ids("params.tableName==PayPal.Catalog_Products") == [source]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"count": "true", "limit": "5"}, "1401"),
        ({"property": "name~Pay"}, "1440"),
        ({"property": "createdAt>1,2"}, "1443"),
        ({"property": "id>=1"}, "1448"),
        ({"property": "colour==red"}, "1449"),
        ({"property": "=="}, "1450"),
        ({"property": "name=="}, "1453"),
        ({"property": "createdAt>soon"}, "1453"),
        ({"sort": "name"}, "1451"),
        ({"orderby": "name desc"}, "1432"),
        ({"orderby": "colour"}, "1433"),
        ({"limit": "0"}, "1453"),
        ({"limit": "many"}, "1453"),
        ({"continuationToken": "%%%"}, "1453"),
        ({"continuationToken": "WzFd"}, "1453"),
    ],
)
def test_queries_are_refused(caller: Caller, query: dict[str, str], code: str) -> None:
    answer = caller.get(PATH, params=query)

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        400,
        f"FLOW-{code}-400",
    )


def test_a_count_alone(caller: Caller) -> None:
    answer = caller.get(PATH, params={"count": "true", "property": f"connectionSpec.id=={PAYPAL}"})

    assert answer.json() == {"count": 2}


@pytest.mark.parametrize("order", ["name", "-name", "-updatedAt", "connectionSpec.id,-name"])
@pytest.mark.parametrize("limit", ["1", "2", "9", "100"])
def test_pages_lose_and_repeat_nothing(caller: Caller, order: str, limit: str) -> None:
    whole = walk(caller, orderby=order, limit="100")

    assert walk(caller, orderby=order, limit=limit) == whole
    assert len(set(whole)) == 9


def test_equal_sort_values_at_a_page_border(caller: Caller) -> None:
    body = {"name": "twin", "connectionSpec": {"id": PAYPAL, "version": "1.0"}}
    for _ in range(5):
        answer = caller.post(PATH, json=body, params={"mode": "draft"})
        assert answer.status_code == 201

    twins = walk(caller, orderby="name", limit="2", property="name==twin")

    assert twins == ["twin"] * 5


def test_a_page_goes_on_although_things_were_made_and_deleted(
    caller: Caller, clock: HandClock
) -> None:
    whole = walk(caller, orderby="-createdAt", limit="100")
    first = caller.get(PATH, params={"orderby": "-createdAt", "limit": "4"}).json()
    clock.advance(10)
    caller.delete(f"{PATH}/{first['items'][-1]['id']}")
    caller.post(
        PATH,
        json={"name": "newer", "connectionSpec": {"id": PAYPAL, "version": "1.0"}},
        params={"mode": "draft"},
    )

    rest: list[str] = []
    href = first["_links"]["next"]["href"]
    while href:
        answer: Any = caller.get(f"{FLOW}{href}").json()
        rest.extend(item["name"] for item in answer["items"])
        href = answer["_links"].get("next", {}).get("href", "")

    assert rest == whole[4:]


def test_a_next_link_repeats_the_filters(caller: Caller) -> None:
    answer = caller.get(PATH, params=[("property", "state==enabled"), ("limit", "2")]).json()

    href = urlsplit(answer["_links"]["next"]["href"])
    query = parse_qs(href.query)
    assert href.path == "/connections"
    assert query["property"] == ["state==enabled"]
    assert "=" in query["continuationToken"][0] or len(query["continuationToken"][0]) % 4 == 0


def test_a_new_object_may_be_missing_from_lists_for_a_while(
    make_emulator: Any, clock: HandClock
) -> None:
    with Caller(make_emulator(list_delay_s=3)) as caller:
        body = {"name": "new", "connectionSpec": {"id": PAYPAL, "version": "1.0"}}
        made = caller.post(PATH, json=body, params={"mode": "draft"}).json()["id"]
        at_once, by_id = names(caller, "name==new"), caller.item(f"/connections/{made}")["name"]
        clock.advance(3)
        later = names(caller, "name==new")

    assert (at_once, by_id, later) == ([], "new", ["new"])


def test_specs_are_found_by_name(caller: Caller) -> None:
    def found(path: str, text: str) -> list[str]:
        items = caller.get(f"{FLOW}/{path}", params={"property": text}).json()["items"]
        return [item["id"] for item in items]

    assert found("flowSpecs", 'name=="CRMToAEP"') == ["14518937-270c-4525-bdec-c2ba7cce3860"]
    assert found("connectionSpecs", "name==paypal") == [PAYPAL]
    assert caller.get(f"{FLOW}/flowSpecs/nothing").status_code == 404
    assert len(caller.get(f"{FLOW}/connectionSpecs").json()["items"]) == 57 + 2
