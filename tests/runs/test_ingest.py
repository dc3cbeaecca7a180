from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from flowsite.aep.flow_service.runs import read_run
from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team
from flowsite.runs import ingest, services
from flowsite.runs.counting import recount
from flowsite.runs.models import Dataflow, FlowRun, RunHour, SandboxSync
from tests.runs.answers import NOON, a_flow, a_run, run_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataflow(sandbox: Sandbox) -> Dataflow:
    ingest.ingest_flows(sandbox, [a_flow()], now=NOON - timedelta(days=1))
    return Dataflow.objects.get()


def again(dataflow: Dataflow) -> Dataflow:
    dataflow.refresh_from_db()
    return dataflow


# --- one run -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "records", "errors", "expected"),
    [
        pytest.param("success", {}, [], "success", id="success"),
        pytest.param("SUCCESS", {}, [], "success", id="letter case does not matter"),
        pytest.param("success", {"failedRecordCount": 2}, [], "partial", id="failed rows"),
        pytest.param("success", {"failedRecordCount": -1}, [], "success", id="unknown failed rows"),
        pytest.param("success", {}, [{"code": "INGEST-1212-400"}], "partial", id="errors"),
        pytest.param("Failed", {}, [], "failed", id="failed"),
        pytest.param("scheduled", {}, [], "scheduled", id="scheduled"),
        pytest.param("waiting", {}, [], "queued", id="queued"),
        pytest.param("inProgress", {}, [], "in_progress", id="in progress"),
        pytest.param("Hibernating", {}, [], "in_progress", id="unknown word"),
        pytest.param(None, {}, [], "in_progress", id="no word"),
    ],
)
def test_state(
    sandbox: Sandbox,
    dataflow: Dataflow,
    status: str | None,
    records: dict[str, Any],
    errors: list[dict[str, Any]],
    expected: str,
) -> None:
    ingest.ingest_runs(sandbox, [a_run(status=status, records=records, errors=errors)])

    run = FlowRun.objects.get()
    assert (run.state, run.raw_state) == (expected, status or "")


def test_unknown_counters_are_none_and_never_summed(sandbox: Sandbox, dataflow: Dataflow) -> None:
    records = {"inputRecordCount": -1, "outputRecordCount": 5}

    ingest.ingest_runs(sandbox, [a_run(records=records), a_run("run-2", records={})])

    first, second = FlowRun.objects.order_by("run_id")
    assert (first.received, first.ingested, first.failed) == (None, 5, None)
    assert (second.received, second.ingested, second.failed) == (None, None, None)
    hour = RunHour.objects.get()
    assert (hour.success, hour.received, hour.ingested, hour.failed_records) == (2, 0, 5, 0)


def test_a_run_without_any_part_is_kept(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [read_run({"id": "run-1", "flowId": "flow-1"})])

    run = FlowRun.objects.get()
    assert (run.state, run.started_at, run.received, run.errors) == ("in_progress", None, None, [])


def test_a_run_of_an_unknown_dataflow_is_left_out(sandbox: Sandbox, dataflow: Dataflow) -> None:
    result = ingest.ingest_runs(sandbox, [a_run(flow_id="somebody-else")])

    assert not result.anything
    assert not FlowRun.objects.exists()


def test_errors_of_all_places_are_merged(sandbox: Sandbox, dataflow: Dataflow) -> None:
    body = run_body(
        status="failed",
        errors=[{"code": "CONNECTOR-2001-500", "message": "Promotion failed"}],
        activities=[
            {
                "id": "promotionActivity",
                "statusSummary": {
                    "status": "failed",
                    "errors": [{"code": "CONNECTOR-2001-500", "message": "Promotion failed"}],
                    "extensions": {
                        "errors": [{"code": "MAPPER-3700-400", "message": "Bad", "recordCount": 2}]
                    },
                },
                "targetInfo": [{"reference": {"type": "Batch", "ids": ["01H"]}}],
            }
        ],
    )

    ingest.ingest_runs(sandbox, [read_run(body)])

    run = FlowRun.objects.get()
    assert [(e["code"], e["count"]) for e in run.errors] == [
        ("CONNECTOR-2001-500", None),
        ("MAPPER-3700-400", 2),
    ]
    assert run.error_code == "CONNECTOR-2001-500"
    assert run.batch_ids == ["01H"]


# --- the same run again --------------------------------------------------------------------------


def test_an_older_answer_changes_nothing(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [a_run(status="success", updated=NOON + timedelta(minutes=5))])

    result = ingest.ingest_runs(sandbox, [a_run(status="inProgress", minutes=None, updated=NOON)])

    assert not result.anything
    assert FlowRun.objects.get().state == "success"


def test_the_same_answer_twice_changes_nothing(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [a_run()])
    version = SandboxSync.objects.get().version

    result = ingest.ingest_runs(sandbox, [a_run(), a_run()])

    assert not result.anything
    assert SandboxSync.objects.get().version == version
    assert RunHour.objects.get().success == 1


def test_of_two_answers_in_one_page_the_newer_wins(sandbox: Sandbox, dataflow: Dataflow) -> None:
    older = a_run(status="inProgress", minutes=None, updated=NOON)
    newer = a_run(status="failed", updated=NOON + timedelta(minutes=1))

    ingest.ingest_runs(sandbox, [newer, older])

    assert FlowRun.objects.get().state == "failed"


def test_a_run_that_ends_moves_between_the_counts(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [a_run(status="inProgress", minutes=None, records={})])
    assert RunHour.objects.get().unfinished == 1

    result = ingest.ingest_runs(sandbox, [a_run(status="failed")])

    hour = RunHour.objects.get()
    assert (hour.unfinished, hour.failed, hour.received) == (0, 1, 20)
    assert [run.run_id for run in result.changed_runs] == ["run-1"]


# --- what the board prints -----------------------------------------------------------------------


def test_the_newest_run_and_the_newest_outcome_are_told_apart(
    sandbox: Sandbox, dataflow: Dataflow
) -> None:
    hour = timedelta(hours=1)
    ingest.ingest_runs(
        sandbox,
        [
            a_run("a", at=NOON - 2 * hour, status="success"),
            a_run("b", at=NOON - hour, status="failed", minutes=2),
            a_run("c", at=NOON, status="inProgress", minutes=None),
        ],
    )

    row = again(dataflow)
    assert (row.last_run_state, row.last_run_at) == ("in_progress", NOON)
    assert (row.last_finished_state, row.last_finished_at) == ("failed", NOON - hour)
    assert (row.last_success_at, row.last_failed_at) == (NOON - 2 * hour, NOON - hour)
    assert (row.last_duration_s, row.last_received) == (120.0, 20)
    assert [mark[1] for mark in row.strip] == ["in_progress", "failed", "success"]
    assert row.next_expected_at == NOON + hour


def test_the_strip_holds_the_last_fourteen(sandbox: Sandbox, dataflow: Dataflow) -> None:
    runs = [a_run(f"r{n:02}", at=NOON + timedelta(hours=n)) for n in range(20)]
    random.Random(1).shuffle(runs)

    for run in runs:
        ingest.ingest_runs(sandbox, [run])

    ids = dict(FlowRun.objects.values_list("pk", "run_id"))
    assert [ids[mark[0]] for mark in again(dataflow).strip] == [
        f"r{n:02}" for n in range(19, 5, -1)
    ]


def test_failing_since_is_the_first_failure_in_a_row(sandbox: Sandbox, dataflow: Dataflow) -> None:
    states = ["failed", "success", *["failed"] * 20]
    for n, state in enumerate(states):
        ingest.ingest_runs(sandbox, [a_run(f"r{n:02}", at=NOON + timedelta(hours=n), status=state)])
    assert again(dataflow).failing_since == NOON + timedelta(hours=2)

    ingest.ingest_runs(sandbox, [a_run("last", at=NOON + timedelta(hours=30))])
    assert again(dataflow).failing_since is None


def test_a_corrected_outcome_is_not_remembered(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [a_run(status="failed")])

    ingest.ingest_runs(sandbox, [a_run(status="success", updated=NOON + timedelta(hours=1))])

    row = again(dataflow)
    assert (row.last_finished_state, row.last_failed_at) == ("success", None)


def _truth(sandbox: Sandbox) -> dict[str, Any]:
    """The roll-ups, computed from the runs alone."""
    hours: dict[Any, Counter[str]] = {}
    for run in FlowRun.objects.select_related("dataflow"):
        hour = run.at.replace(minute=0, second=0, microsecond=0)
        counts = hours.setdefault((run.dataflow.team_id, hour), Counter())
        counts[run.state if run.is_finished else "unfinished"] += 1
        counts["received"] += run.received or 0
    rows = {}
    for dataflow in Dataflow.objects.all():
        ingest.recompute(dataflow)
        rows[dataflow.pk] = _printed(dataflow)
    return {"hours": {key: +value for key, value in hours.items()}, "rows": rows}


#: What a merge remembers from runs that the strip has forgotten.
_HISTORY = ("last_duration_s", "failing_since")


def _printed(row: Dataflow) -> list[Any]:
    return [getattr(row, name) for name in ingest.ROLLED if name not in _HISTORY]


def _kept(sandbox: Sandbox) -> dict[str, Any]:
    names = ("success", "partial", "failed", "unfinished", "received")
    hours = {
        (row.team_id, row.hour): +Counter({name: getattr(row, name) for name in names})
        for row in RunHour.objects.all()
    }
    return {
        "hours": {key: value for key, value in hours.items() if value},
        "rows": {row.pk: _printed(row) for row in Dataflow.objects.all()},
    }


@pytest.mark.parametrize("seed", range(6))
def test_roll_ups_equal_what_the_runs_say(sandbox: Sandbox, team: Team, seed: int) -> None:
    """Pages in any order, repeated, corrected, moved in time: merging never drifts."""
    chance = random.Random(seed)
    flows = [a_flow(f"flow-{n}") for n in range(3)]
    ingest.ingest_flows(sandbox, flows, now=NOON - timedelta(days=1))

    for _ in range(25):
        page = [
            a_run(
                f"run-{chance.randrange(40)}",
                flow_id="flow-" + "0120"[chance.randrange(4)],
                at=NOON + timedelta(minutes=chance.randrange(0, 2000, 7)),
                updated=NOON + timedelta(minutes=chance.randrange(3000)),
                status=chance.choice(["success", "failed", "inProgress", "success"]),
                records=chance.choice([{"inputRecordCount": 7, "failedRecordCount": 1}, {}]),
            )
            for _ in range(10)
        ]
        # A run stays with its dataflow.
        page = [run.model_copy(update={"flow_id": f"flow-{int(run.id[4:]) % 3}"}) for run in page]
        ingest.ingest_runs(sandbox, page)
        if chance.random() < 0.1:
            services.adopt(chance.choice(Dataflow.objects.all()), team)

    assert _kept(sandbox) == _truth(sandbox)
    assert SandboxSync.objects.get().counts == recount(sandbox.pk)


# --- dataflows -----------------------------------------------------------------------------------


def test_a_dataflow_made_elsewhere_belongs_to_nobody(dataflow: Dataflow) -> None:
    assert dataflow.team is None
    assert dataflow.definition is None
    assert dataflow.connection_id == "account-1"
    assert dataflow.schedule["interval"] == 1
    assert (dataflow.mapping_version, dataflow.delta_column) == (0, "Create_Time")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("enabled", "enabled"),
        ("disabled", "disabled"),
        ("updating", "processing"),
        ("Initializing", "processing"),
        ("draft", "draft"),
        ("error", "error"),
    ],
)
def test_state_of_a_dataflow(sandbox: Sandbox, state: str, expected: str) -> None:
    ingest.ingest_flows(sandbox, [a_flow(state=state)], now=NOON)

    row = Dataflow.objects.get()
    assert (row.state, row.raw_state) == (expected, state)


def test_an_older_answer_does_not_change_a_dataflow(sandbox: Sandbox, dataflow: Dataflow) -> None:
    result = ingest.ingest_flows(
        sandbox, [a_flow(state="disabled", updatedAt=1_700_000_000_000)], now=NOON
    )

    assert not result.anything
    assert again(dataflow).state == "enabled"


def test_a_disabled_dataflow_is_not_expected_to_run(sandbox: Sandbox, dataflow: Dataflow) -> None:
    assert dataflow.next_expected_at is not None

    ingest.ingest_flows(sandbox, [a_flow(state="disabled")], now=NOON)
    assert again(dataflow).next_expected_at is None

    ingest.ingest_flows(sandbox, [a_flow(state="enabled")], now=NOON + timedelta(minutes=30))
    assert again(dataflow).next_expected_at == NOON + timedelta(hours=1)


def test_a_missing_dataflow_is_marked_and_comes_back(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.mark_missing([dataflow], now=NOON)
    assert (again(dataflow).missing_since, dataflow.next_expected_at) == (NOON, None)

    ingest.ingest_flows(sandbox, [a_flow()], now=NOON)
    assert again(dataflow).missing_since is None


def test_a_lost_lease_stops_the_writer(sandbox: Sandbox, dataflow: Dataflow) -> None:
    with pytest.raises(ingest.LeaseLost):
        ingest.ingest_runs(sandbox, [a_run()], lease="an old token")

    assert not FlowRun.objects.exists()


def test_counts_follow_outcomes(sandbox: Sandbox, dataflow: Dataflow) -> None:
    ingest.ingest_runs(sandbox, [a_run(status="failed")])

    assert SandboxSync.objects.get().counts == {"": {"all": 1, "enabled": 1, "run:failed": 1}}
