"""Faults on order, and the control endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import FLOW, PAYPAL, Caller

PATH = f"{FLOW}/connections"
BODY = {"name": "made", "connectionSpec": {"id": PAYPAL, "version": "1.0"}}


def order(caller: Caller, **fault: Any) -> httpx.Response:
    return caller.client.post("/_emulator/faults", json=fault)


def make(caller: Caller) -> httpx.Response:
    return caller.post(PATH, json=BODY, params={"mode": "draft"})


def made(caller: Caller) -> int:
    answer = caller.get(PATH, params={"property": "name==made", "count": "true"})
    return int(answer.json()["count"])


@pytest.mark.parametrize("committed", [False, True])
def test_a_status_before_or_after_the_work(caller: Caller, committed: bool) -> None:
    order(
        caller,
        kind="status",
        method="POST",
        path="connections$",
        status=503,
        retry_after=7,
        times=1,
        committed=committed,
    )

    answer = make(caller)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert made(caller) == int(committed)
    assert make(caller).status_code == 201


@pytest.mark.parametrize("committed", [False, True])
def test_a_cut_before_or_after_the_work(caller: Caller, committed: bool) -> None:
    order(caller, kind="drop", method="POST", path="connections$", committed=committed)

    with pytest.raises(httpx.ReadError):
        make(caller)

    assert made(caller) == int(committed)


def test_only_the_nth_call_is_hit(caller: Caller) -> None:
    order(caller, kind="status", path="/flows", nth=2, status=500)

    statuses = [caller.get(f"{FLOW}/flows").status_code for _ in range(3)]

    assert statuses == [200, 500, 200]
    seen = caller.client.get("/_emulator/faults").json()["faults"][0]
    assert (seen["seen"], seen["hit"]) == (3, 1)


def test_chance_is_the_same_each_time(make_emulator: Callable[..., Emulator]) -> None:
    def draw() -> list[int]:
        with Caller(make_emulator(fault_seed=5)) as caller:
            order(caller, kind="status", path="/flows", probability=0.5)
            return [caller.get(f"{FLOW}/flows").status_code for _ in range(20)]

    first = draw()
    assert first == draw()
    assert set(first) == {200, 503}


def test_a_malformed_answer_after_the_work(caller: Caller) -> None:
    order(caller, kind="malformed", method="POST", committed=True, times=1)

    answer = make(caller)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Unterminated"):
        answer.json()
    assert made(caller) == 1


def test_a_body_that_isnt_json(caller: Caller) -> None:
    order(
        caller,
        kind="status",
        status=502,
        body="<html>Bad gateway</html>",
        content_type="text/html",
        times=1,
    )

    answer = caller.get(PATH)

    assert (answer.text, answer.headers["Content-Type"]) == (
        "<html>Bad gateway</html>",
        "text/html",
    )


def test_tokens_die_in_the_middle(caller: Caller) -> None:
    order(caller, kind="token_death", path="/flows", times=1)

    assert caller.get(f"{FLOW}/flows").json()["error_code"] == "401013"


def test_faults_are_cleared(caller: Caller) -> None:
    order(caller, kind="status")
    caller.client.delete("/_emulator/faults")

    assert caller.get(PATH).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "magic"},
        {"kind": "status", "colour": "red"},
        {"kind": "status", "path": "("},
        {"kind": "status", "probability": "often"},
        {"kind": "status", "status": "503"},
        {"kind": "status", "nth": "second"},
    ],
)
def test_an_order_that_cant_be_understood(caller: Caller, fault: dict[str, Any]) -> None:
    assert order(caller, **fault).status_code == 400
    assert caller.get(PATH).status_code == 200


def test_knobs_clock_and_state(caller: Caller) -> None:
    client = caller.client
    before = client.get("/_emulator/state").json()
    client.post("/_emulator/clock", json={"advance_s": 3600})
    knobs = client.post("/_emulator/config", json={"list_delay_s": 2})
    after = client.get("/_emulator/state").json()

    assert after["now_s"] - before["now_s"] == 3600
    assert knobs.json()["list_delay_s"] == after["knobs"]["list_delay_s"] == 2.0
    assert after["objects"]["connection"] == 18
    for wrong in ({"colour": 1}, {"speed": 0}, {"flow_page_max": 0}, {"latency_s": "long"}):
        assert client.post("/_emulator/config", json=wrong).status_code == 400
    assert client.post("/_emulator/clock", json={"advance_s": -1}).status_code == 400


def test_the_control_token_guards_the_control_endpoints(
    make_emulator: Callable[..., Emulator],
) -> None:
    with Caller(make_emulator(control_token="hush")) as caller:
        without = caller.client.get("/_emulator/state")
        right = caller.client.get("/_emulator/state", headers={"x-emulator-token": "hush"})

    assert (without.status_code, right.status_code) == (403, 200)
