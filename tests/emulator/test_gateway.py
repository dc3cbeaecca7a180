"""Token, headers, sandbox, rate limit: what the gateway refuses before a service is asked."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import FLOW, PREP, REGISTRY, TOKEN_FORM, Caller
from tests.emulator.conftest import HandClock

FLOWS = f"{FLOW}/flows"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"Authorization": None}, 403, "403010", id="no token"),
        pytest.param({"Authorization": "Bearer x"}, 401, "401013", id="a token of nobody"),
        pytest.param({"x-api-key": None}, 403, "403000", id="no api key"),
        pytest.param({"x-api-key": "other"}, 403, "403003", id="another api key"),
        pytest.param({"x-gw-ims-org-id": None}, 400, "400003", id="no organisation"),
        pytest.param({"x-gw-ims-org-id": "GLOBEX@AdobeOrg"}, 403, "403025", id="another's org"),
    ],
)
def test_a_header_that_is_missing_or_wrong(
    caller: Caller, headers: dict[str, str | None], status: int, code: str
) -> None:
    answer = caller.get(FLOWS, headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"x-sandbox-name": None}, 400, "FLOW-2105-400", id="none"),
        pytest.param({"x-sandbox-name": "Development"}, 404, "FLOW-2101-404", id="a title"),
        pytest.param({"x-sandbox-name": "old-dev"}, 404, "FLOW-2101-404", id="deleted"),
        pytest.param({"x-sandbox-name": "*"}, 403, "FLOW-2111-403", id="all of them"),
        pytest.param({"x-sandbox-id": "1"}, 400, "FLOW-2110-400", id="by id"),
    ],
)
def test_a_sandbox_that_cant_be_used(
    caller: Caller, headers: dict[str, str | None], status: int, code: str
) -> None:
    answer = caller.get(FLOWS, headers=headers)

    assert answer.status_code == status
    assert answer.json()["type"] == f"https://ns.adobe.com/aep/errors/{code}"
    assert answer.json()["report"]["request-id"]


def test_other_services_word_a_missing_sandbox_in_the_platforms_form(caller: Caller) -> None:
    answer = caller.get(f"{REGISTRY}/stats", headers={"x-sandbox-name": None})

    assert (answer.status_code, answer.json()["type"]) == (400, "/placeholder/type/uri")


def test_a_body_needs_its_content_type(caller: Caller) -> None:
    answer = caller.post(
        f"{PREP}/mappingSets", content=b"{}", headers={"Content-Type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["title"]) == (400, "BadRequestError")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        pytest.param({"client_secret": "no"}, 401, "invalid_client", id="wrong secret"),
        pytest.param({"client_id": "nobody"}, 401, "invalid_client", id="unknown client"),
        pytest.param({"scope": ""}, 400, "invalid_scope", id="no scope"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="grant"),
    ],
)
def test_ims_refuses(caller: Caller, change: dict[str, str], status: int, error: str) -> None:
    answer = caller.client.post("/ims/token/v3", data={**TOKEN_FORM, **change})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_ims_takes_no_secret_from_the_query(caller: Caller) -> None:
    answer = caller.client.post("/ims/token/v3", params=TOKEN_FORM)

    assert answer.status_code == 400


def test_a_token_ends(caller: Caller, clock: HandClock) -> None:
    before = caller.get(FLOWS).status_code

    clock.advance(86_399 + 1)

    assert (before, caller.get(FLOWS).status_code) == (200, 401)


def test_a_second_organisation_sees_nothing_of_the_first(emulator: Emulator) -> None:
    form = {**TOKEN_FORM, "client_id": "globex-client", "client_secret": "globex-secret"}
    with Caller(emulator, org="GLOBEX@AdobeOrg", form=form) as globex:
        assert globex.get(FLOWS).json()["items"] == []
        assert globex.get(f"{REGISTRY}/stats").json()["tenantId"] == "globex"


def test_the_rate_limit_says_when_to_come_back(
    make_emulator: Callable[..., Emulator], clock: HandClock
) -> None:
    with Caller(make_emulator(rate_limit_per_s=2)) as caller:
        answers = [caller.get(FLOWS) for _ in range(3)]
        clock.advance(1)
        later = caller.get(FLOWS)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"error_code": "429050", "message": "Too many requests"}
    assert answers[2].headers["Retry-After"] == "1"
    assert later.status_code == 200


def test_unknown_paths_and_methods(caller: Caller) -> None:
    assert caller.get("/data/foundation/nothing").status_code == 404
    wrong = caller.send("PUT", FLOWS, json={})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")


def test_sandboxes_are_listed_without_a_sandbox(caller: Caller) -> None:
    path = "/data/foundation/sandbox-management/"
    answer = caller.get(path, headers={"x-sandbox-name": None})
    second = caller.get(path, params={"limit": "1", "offset": "1"})
    half = caller.get(path, params={"limit": "1"})

    names = [sandbox["name"] for sandbox in answer.json()["sandboxes"]]
    assert names == ["prod", "dev", "dev-eu", "old-dev"]
    assert [sandbox["name"] for sandbox in second.json()["sandboxes"]] == ["dev"]
    assert half.status_code == 400


def test_an_error_of_the_emulator_itself_is_a_500(
    emulator: Emulator, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> httpx.Response:
        raise RuntimeError

    monkeypatch.setattr(emulator.router, "find", broken)

    assert caller.get(FLOWS).status_code == 500
