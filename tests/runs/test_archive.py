from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from flowsite.credentials.models import Sandbox
from flowsite.runs import archive, ingest, poller, tasks
from flowsite.runs.models import Dataflow, FlowRun, KeptRows, SandboxSync
from tests.runs.answers import a_flow, a_run

pytestmark = pytest.mark.django_db

TARGET = {"reference": {"type": "Batch", "ids": ["01H"]}}
BATCH: dict[str, Any] = {"activities": [{"id": "promotionActivity", "targetInfo": [TARGET]}]}
LOST = {"failedRecordCount": 2}


@pytest.fixture
def dataflow(sandbox: Sandbox) -> Dataflow:
    flow = a_flow(options={"errorDiagnosticsEnabled": True})
    ingest.ingest_flows(sandbox, [flow], now=timezone.now())
    return Dataflow.objects.get()


def wanted() -> bool:
    return FlowRun.objects.exclude(rows_wanted_at=None).exists()


@pytest.mark.parametrize(
    ("hours", "status", "records", "batch", "expected"),
    [
        pytest.param(1, "success", LOST, BATCH, True, id="partial"),
        pytest.param(1, "failed", {}, BATCH, True, id="failed"),
        pytest.param(1, "success", {}, BATCH, False, id="nothing was lost"),
        pytest.param(1, "failed", {}, {}, False, id="no batch"),
        pytest.param(30, "success", LOST, BATCH, False, id="over before we watched"),
    ],
)
def test_whose_rows_are_wanted(
    sandbox: Sandbox,
    dataflow: Dataflow,
    hours: int,
    status: str,
    records: dict[str, Any],
    batch: dict[str, Any],
    expected: bool,
) -> None:
    at = timezone.now() - timedelta(hours=hours)

    ingest.ingest_runs(sandbox, [a_run(at=at, status=status, records=records, **batch)])

    assert wanted() is expected


def test_a_run_that_ends_while_we_watch_is_wanted(sandbox: Sandbox, dataflow: Dataflow) -> None:
    at = timezone.now() - timedelta(hours=30)
    ingest.ingest_runs(sandbox, [a_run(at=at, status="inProgress", minutes=None, records={})])
    assert not wanted()

    ingest.ingest_runs(sandbox, [a_run(at=at, records=LOST, **BATCH)])
    assert wanted()


def test_without_diagnostics_there_is_nothing_to_want(sandbox: Sandbox) -> None:
    ingest.ingest_flows(sandbox, [a_flow()], now=timezone.now())

    ingest.ingest_runs(sandbox, [a_run(at=timezone.now(), records=LOST, **BATCH)])

    assert not wanted()


# --- keeping them --------------------------------------------------------------------------------


@pytest.fixture
def watched(emulator: Any, sandbox: Sandbox) -> list[FlowRun]:
    """The emulator's partial runs of the last day."""
    poller.poll_once(sandbox)
    return list(FlowRun.objects.exclude(rows_wanted_at=None))


def test_rows_are_read_and_kept_encrypted(sandbox: Sandbox, watched: list[FlowRun]) -> None:
    assert 1 <= len(watched) <= 5

    assert archive.keep_wanted_rows(sandbox) == len(watched)

    kept = KeptRows.objects.get(run=watched[0])
    assert kept.count == watched[0].failed
    assert "Transaction_Id" not in kept.rows
    found, _ = archive.kept_rows(watched[0]) or (None, None)
    assert found is not None
    assert found.rows[0].errors[0][0] == "INGEST-1555-400"
    assert "Transaction_Id" in found.columns
    assert not wanted()
    assert SandboxSync.objects.get().row_calls == 2 * len(watched)


def test_an_outage_leaves_them_for_later(
    emulator: Any, sandbox: Sandbox, watched: list[FlowRun]
) -> None:
    from flowsite.emulator.faults import Fault

    emulator.world.faults.add(Fault("status", path="/export/", status=429, retry_after="900"))

    archive.keep_wanted_rows(sandbox)

    assert not KeptRows.objects.exists()
    due = FlowRun.objects.exclude(rows_wanted_at=None).order_by("-rows_wanted_at")
    assert len(due) == len(watched)
    assert due[0].rows_wanted_at is not None
    assert due[0].rows_wanted_at > timezone.now() + timedelta(minutes=9)


def test_what_aep_forbids_is_not_asked_again(
    emulator: Any, sandbox: Sandbox, watched: list[FlowRun]
) -> None:
    from flowsite.emulator.faults import Fault

    body = json.dumps({"error_code": "403025", "message": "Not entitled"})
    emulator.world.faults.add(Fault("status", path="/export/", status=403, body=body))

    archive.keep_wanted_rows(sandbox)

    assert not wanted()
    assert not KeptRows.objects.exists()


def test_a_run_is_claimed_once(sandbox: Sandbox, watched: list[FlowRun]) -> None:
    run = watched[0]

    assert archive._claim(run) is True
    assert archive._claim(run) is False


def test_workers_are_called_once_a_minute(
    sandbox: Sandbox, watched: list[FlowRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, pk: not sent.append(task.name))

    tasks.sweep_sandboxes()
    tasks.sweep_sandboxes()

    assert sent == ["flowsite.runs.tasks.keep_rows"]


def test_the_task_keeps_them(sandbox: Sandbox, watched: list[FlowRun]) -> None:
    tasks.keep_rows(SandboxSync.objects.get().pk)

    assert KeptRows.objects.count() == len(watched)
