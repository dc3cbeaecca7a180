"""Base connections: forms, secrets, tests, changes."""

from __future__ import annotations

from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import DATA_LAKE, FLOW, PAYPAL, Caller, product_flow

AUTH = {
    "specName": "Client-Id-Secret Based Authentication",
    "params": {"host": "api.paypal.example", "clientId": "id", "clientSecret": "hush-hush"},
}
BODY: dict[str, Any] = {
    "name": "PayPal new",
    "connectionSpec": {"id": PAYPAL, "version": "1.0"},
    "auth": AUTH,
}


def auth(**params: Any) -> dict[str, Any]:
    merged = {**AUTH["params"], **params}  # type: ignore[dict-item]
    kept = {name: value for name, value in merged.items() if value is not None}
    return {**AUTH, "params": kept}


def test_a_connection_is_made_and_its_secret_forgotten(caller: Caller, emulator: Emulator) -> None:
    answer = caller.post(f"{FLOW}/connections", json=BODY)
    made = caller.item(f"/connections/{answer.json()['id']}")

    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(answer.json()["id"])
    assert answer.json()["etag"].startswith('"')
    assert made["auth"]["params"] == {
        "host": "api.paypal.example",
        "clientId": "id",
        "clientSecret": "********",
    }
    assert "hush-hush" not in "\n".join(emulator.world.store._db.iterdump())


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        pytest.param({"name": None}, 400, "FLOW-1304-400", id="no name"),
        pytest.param({"connectionSpec": None}, 400, "FLOW-1304-400", id="no spec"),
        pytest.param({"connectionSpec": {"id": PAYPAL}}, 422, "version", id="no version"),
        pytest.param(
            {"connectionSpec": {"id": "no-such", "version": "1.0"}}, 400, "no-such", id="bad spec"
        ),
        pytest.param(
            {"connectionSpec": {"id": DATA_LAKE, "version": "1.0"}},
            400,
            "FLOW-1413-400",
            id="the data lake is no source",
        ),
        pytest.param({"auth": None}, 400, "FLOW-1304-400", id="no auth"),
        pytest.param(
            {"auth": {"specName": "Basic Authentication", "params": {}}},
            400,
            "FLOW-1415-400",
            id="another source's login",
        ),
        pytest.param({"auth": auth(clientSecret=None)}, 400, "lacks clientSecret", id="incomplete"),
        pytest.param({"auth": auth(host=7)}, 400, "must be of type string", id="wrong type"),
        pytest.param(
            {"auth": auth(clientSecret="invalid one")},
            400,
            "CONNECTOR-1308-400",
            id="refused by the provider",
        ),
    ],
)
def test_a_connection_is_refused(
    caller: Caller, change: dict[str, Any], status: int, words: str
) -> None:
    before = caller.get(f"{FLOW}/connections", params={"count": "true"}).json()["count"]

    answer = caller.post(f"{FLOW}/connections", json={**BODY, **change})

    after = caller.get(f"{FLOW}/connections", params={"count": "true"}).json()["count"]
    assert answer.status_code == status
    assert words in answer.text
    assert "hush-hush" not in answer.text
    assert before == after


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "FLOW-1405-400", id="empty"),
        pytest.param(b"{", "isn't valid JSON", id="cut off"),
        pytest.param(b"[]", "must be a JSON object", id="a list"),
        pytest.param(b'{"a": NaN}', "isn't valid JSON", id="NaN"),
    ],
)
def test_a_body_that_is_none(caller: Caller, content: bytes, words: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = caller.post(f"{FLOW}/connections", content=content, headers=headers)

    assert answer.status_code == 400
    assert words in answer.text


def test_tests_of_accounts(caller: Caller) -> None:
    def test(name: str) -> Any:
        return caller.get(f"{FLOW}/connections/{caller.account(name)}/test")

    assert test("PayPal EU").json() == {"result": True}
    assert test("Square Pop-up").json() == {"result": False}
    dead = test("PayPal Legacy")
    assert (dead.status_code, dead.json()["type"].rpartition("/")[2]) == (400, "CONNECTOR-1308-400")
    explored = caller.get(
        f"{FLOW}/connections/{caller.account('PayPal Legacy')}/explore",
        params={"objectType": "root"},
    )
    assert explored.json()["type"].endswith("CONNECTOR-1308-400")


def test_new_credentials_replace_the_old_ones(caller: Caller) -> None:
    path = f"/connections/{caller.made(f'{FLOW}/connections', BODY)}"
    etag = caller.item(path)["etag"]
    expired = auth(clientSecret="expired")["params"]
    operation = [{"op": "replace", "path": "/auth/params", "value": expired}]

    answer = caller.patch(f"{FLOW}{path}", operation, etag)

    assert answer.status_code == 200
    assert answer.json()["etag"] != etag
    assert caller.get(f"{FLOW}{path}/test").json() == {"result": False}


@pytest.mark.parametrize(
    ("operation", "etag", "status", "words"),
    [
        pytest.param(
            {"op": "replace", "path": "/name", "value": "x"}, None, 400, "1403", id="etag"
        ),
        pytest.param(
            {"op": "replace", "path": "/name", "value": "x"}, '"old"', 412, "1404", id="stale"
        ),
        pytest.param({"op": "move", "path": "/name", "from": "/x"}, "", 400, "1434", id="move"),
        pytest.param(
            {"op": "REPLACE", "path": "/name", "value": "x"}, "", 400, "op", id="capitals"
        ),
        pytest.param(
            {"op": "replace", "path": "/connectionSpec/id", "value": "x"},
            "",
            400,
            "1414",
            id="spec",
        ),
        pytest.param({"op": "replace", "path": "/id", "value": "x"}, "", 400, "patched", id="id"),
        pytest.param({"op": "remove", "path": "/name"}, "", 400, "1304", id="name goes"),
    ],
)
def test_a_patch_is_refused(
    caller: Caller, operation: dict[str, Any], etag: str | None, status: int, words: str
) -> None:
    path = f"/connections/{caller.account('PayPal EU')}"
    sent = caller.item(path)["etag"] if etag == "" else etag

    answer = caller.patch(f"{FLOW}{path}", [operation], sent)

    assert answer.status_code == status
    assert words in answer.text
    assert caller.item(path)["name"] == "PayPal EU"


def test_a_used_connection_stays(caller: Caller) -> None:
    body = product_flow(caller)
    flow_id = caller.made(f"{FLOW}/flows", body)
    base = f"{FLOW}/connections/{caller.account('PayPal EU')}"
    source = f"{FLOW}/sourceConnections/{body['sourceConnectionIds'][0]}"

    refused = [caller.delete(path).json()["type"][-13:] for path in (base, source)]
    done = [caller.delete(path).status_code for path in (f"{FLOW}/flows/{flow_id}", source, base)]

    assert refused == ["FLOW-1418-400", "FLOW-1447-400"]
    assert done == [204, 204, 204]
    assert caller.get(base).json()["type"].endswith("FLOW-1439-404")
