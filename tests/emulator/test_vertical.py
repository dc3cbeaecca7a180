"""The tutorial's dataflow from the token to its runs."""

from __future__ import annotations

from tests.emulator.caller import FLOW, Caller, product_flow
from tests.emulator.conftest import HandClock


def test_the_tutorials_dataflow_runs_and_counts_real_rows(caller: Caller, clock: HandClock) -> None:
    flow_id = caller.made(f"{FLOW}/flows", product_flow(caller))

    clock.advance(60)
    caller.emulator.tick()
    clock.advance(3600)
    caller.emulator.tick()

    answer = caller.get(
        f"{FLOW}/runs", params={"property": f"flowId=={flow_id}", "orderby": "createdAt"}
    ).json()
    counts = [run["metrics"]["recordSummary"] for run in answer["items"]]
    assert [count["inputRecordCount"] for count in counts] == [240 + 2, 3600 // 20]
    assert [count["outputRecordCount"] for count in counts] == [242, 180]
    assert [count["failedRecordCount"] for count in counts] == [0, 0]
    assert caller.item(f"/flows/{flow_id}")["lastRunDetails"]["state"] == "success"
