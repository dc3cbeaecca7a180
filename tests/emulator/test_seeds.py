"""What a new data file holds, and what a restart keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowsite.emulator.app import Emulator, create_app
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.seeds.hostile import NAMES
from tests.emulator.caller import CATALOG, FLOW, START_S, Caller, product_flow
from tests.emulator.conftest import HandClock


def items(caller: Caller, path: str, **params: str) -> list[dict[str, Any]]:
    answer = caller.get(f"{FLOW}{path}", params={"limit": "100", **params}).json()
    return list(answer["items"])


def test_two_dataflows_with_a_past(make_emulator: Callable[..., Emulator]) -> None:
    with Caller(make_emulator(past_runs=20)) as caller:
        flows = {flow["name"]: flow for flow in items(caller, "/flows")}
        runs = items(caller, "/runs", orderby="-createdAt")

    partial, failing = flows["PayPal transactions"], flows["PayPal products (legacy)"]
    assert len(flows) == 2
    assert len(runs) == 40
    assert (partial["lastRunDetails"]["state"], failing["lastRunDetails"]["state"]) == (
        "success",
        "failed",
    )
    newest = next(run for run in runs if run["flowId"] == partial["id"])
    assert newest["metrics"]["recordSummary"]["failedRecordCount"] > 0
    statuses = [
        run["metrics"]["statusSummary"]["status"] for run in runs if run["flowId"] == failing["id"]
    ]
    assert statuses == ["failed"] * 7 + ["success"] * 13
    assert all(START_S - 6 * 86_400 < run["createdAt"] / 1000 < START_S for run in runs)


def test_the_dataflows_with_a_past_go_on(
    make_emulator: Callable[..., Emulator], clock: HandClock
) -> None:
    with Caller(make_emulator(past_runs=2, speed=360)) as caller:
        clock.advance(60)
        caller.emulator.tick()
        runs = items(caller, "/runs", orderby="-createdAt")

    assert len(runs) == 2 * 2 + 2


def test_the_same_ids_everywhere(make_emulator: Callable[..., Emulator]) -> None:
    def ids() -> list[str]:
        with Caller(make_emulator(past_runs=1)) as caller:
            datasets = list(caller.get(f"{CATALOG}/dataSets", params={"limit": "100"}).json())
            return [item["id"] for item in items(caller, "/connections")] + datasets

    assert sorted(ids()) == sorted(ids())


def test_production_and_development_are_filled_apart(emulator: Emulator) -> None:
    def names(sandbox: str) -> set[str]:
        with Caller(emulator, sandbox=sandbox) as caller:
            return {item["name"] for item in items(caller, "/connections")}

    def ids(sandbox: str) -> set[str]:
        with Caller(emulator, sandbox=sandbox) as caller:
            return {item["id"] for item in items(caller, "/connections")}

    assert names("dev") == names("prod") != set()
    assert not ids("dev") & ids("prod")
    assert names("dev-eu") == set()


def test_a_restart_keeps_everything(
    make_emulator: Callable[..., Emulator], clock: HandClock, tmp_path: Path
) -> None:
    file = tmp_path / "emulator.sqlite3"
    config = EmulatorConfig(past_runs=0)
    first = create_app(file, clock=clock, config=config)
    with Caller(first) as caller:
        headers = caller.headers
        flow_id = caller.made(f"{FLOW}/flows", product_flow(caller))
        clock.advance(60)
        first.tick()
    first.close()

    clock.advance(3600)
    second = make_emulator(file)
    with Caller(second) as caller:
        caller.headers = headers  # the old token still holds
        second.tick()
        runs = items(caller, "/runs", property=f"flowId=={flow_id}", orderby="createdAt")

    counts = [run["metrics"]["recordSummary"]["inputRecordCount"] for run in runs]
    assert counts == [242, 180]


def test_many_dataflows_and_runs_for_measuring(make_emulator: Callable[..., Emulator]) -> None:
    with Caller(make_emulator(past_runs=1, bulk_flows=3, bulk_runs=7)) as caller:
        flows = [flow for flow in items(caller, "/flows") if flow["name"].startswith("Bulk")]
        runs = [items(caller, "/runs", property=f"flowId=={flow['id']}") for flow in flows]

    assert sorted(len(found) for found in runs) == [2, 2, 3]
    assert {flow["lastRunDetails"]["id"] for flow in flows} <= {
        run["id"] for found in runs for run in found
    }


def test_hostile_names_wait_behind_a_switch(make_emulator: Callable[..., Emulator]) -> None:
    with Caller(make_emulator(hostile=True)) as caller:
        names = {item["name"] for item in items(caller, "/connections")}
        datasets = caller.get(f"{CATALOG}/dataSets", params={"limit": "100"}).json()

    assert set(NAMES) <= names
    assert set(NAMES) <= {dataset["name"] for dataset in datasets.values()}
