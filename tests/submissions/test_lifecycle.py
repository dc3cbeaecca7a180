"""Changing a dataflow that exists, through the same ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowsite.aep.platform import Platform
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.emulator.app import Emulator
from flowsite.runs.models import Dataflow
from flowsite.submissions import finders, services
from flowsite.submissions.models import Kind, StepState, Submission, SubmissionState
from tests.submissions.conftest import counted, objects, work

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CUT_AFTER = {"kind": "drop", "committed": True}
ONCE = {"frequency": "once", "start": "2999-01-01T00:00:00Z"}


@pytest.fixture
def dataflow(submit: Callable[..., Submission], emulator: Emulator) -> Dataflow:
    return published(submit())


def published(submission: Submission) -> Dataflow:
    dataflow = work(submission).dataflow
    assert dataflow is not None
    return dataflow


@pytest.fixture
def platform(access: SandboxAccess, emulator: Emulator) -> Platform:
    return open_platform(access.credential, access.sandbox)


def ask(dataflow: Dataflow, kind: Kind, **params: Any) -> Submission:
    return services.submit_lifecycle(
        dataflow, kind, user=None, key=services.new_key(), wake=False, **params
    )


def change(dataflow: Dataflow, kind: Kind, **params: Any) -> Submission:
    return work(ask(dataflow, kind, **params))


FAULTS = [
    pytest.param(None, id="no fault"),
    pytest.param({"kind": "drop"}, id="cut before"),
    pytest.param({"kind": "drop", "committed": True}, id="cut after"),
    pytest.param({"kind": "status", "status": 503, "committed": True}, id="503 after"),
    pytest.param({"kind": "status", "status": 429, "retry_after": "0"}, id="429"),
    pytest.param({"kind": "status", "status": 412}, id="stale"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_disable_and_enable(
    dataflow: Dataflow,
    platform: Platform,
    break_call: Callable[..., None],
    fault: dict[str, Any] | None,
) -> None:
    if fault:
        break_call("POST", "/action$", **fault)

    assert change(dataflow, Kind.DISABLE).state == SubmissionState.PUBLISHED
    assert platform.flow_service.flow(dataflow.flow_id).state == "disabled"
    assert change(dataflow, Kind.ENABLE).state == SubmissionState.PUBLISHED
    assert platform.flow_service.flow(dataflow.flow_id).state == "enabled"


def test_what_is_disabled_already_counts_as_done(dataflow: Dataflow, platform: Platform) -> None:
    platform.flow_service.action_flow(dataflow.flow_id, "disable")

    submission = change(dataflow, Kind.DISABLE)

    assert submission.state == SubmissionState.PUBLISHED
    assert submission.steps.get().adopted


@pytest.mark.parametrize("fault", FAULTS)
def test_edit_the_schedule(
    dataflow: Dataflow,
    platform: Platform,
    break_call: Callable[..., None],
    fault: dict[str, Any] | None,
) -> None:
    if fault:
        break_call("PATCH", "/flows/", **fault)

    submission = change(dataflow, Kind.SCHEDULE, schedule={"frequency": "day", "interval": 2})

    assert submission.state == SubmissionState.PUBLISHED, submission.steps.get().error
    params = platform.flow_service.flow(dataflow.flow_id).schedule_params
    assert (params["frequency"], params["interval"]) == ("day", 2)
    dataflow.refresh_from_db()
    assert dataflow.definition["schedule"]["frequency"] == "day"
    assert dataflow.definition["schedule"]["load_incremental_by"] == "Create_Time"


def test_a_schedule_that_aep_would_refuse_is_refused_before(dataflow: Dataflow) -> None:
    submission = change(dataflow, Kind.SCHEDULE, schedule={"frequency": "minute", "interval": 5})

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert [one["code"] for one in submission.problems] == ["FLOW-1362"]
    assert submission.steps.count() == 0


@pytest.mark.parametrize("fault", FAULTS[:4])
@pytest.mark.parametrize("path", ["/mappingSets/", "/flows/"])
def test_update_the_mapping(
    dataflow: Dataflow,
    platform: Platform,
    break_call: Callable[..., None],
    path: str,
    fault: dict[str, Any] | None,
) -> None:
    before = platform.flow_service.flow(dataflow.flow_id)
    if fault:
        break_call(
            "P(UT|ATCH)" if False else "PUT" if "mapping" in path else "PATCH", path, **fault
        )
    rows = [{"source": "Product_Id", "target": "_acme.product.productId"}]

    submission = change(dataflow, Kind.MAPPING, mapping=rows)

    assert submission.state == SubmissionState.PUBLISHED, submission.problems
    after = platform.flow_service.flow(dataflow.flow_id)
    assert after.mapping_set_id == before.mapping_set_id
    newest = platform.data_prep.mapping_set(after.mapping_set_id, after.mapping_version)
    assert [one["destination"] for one in newest.mappings] == ["_acme.product.productId"]
    assert [one["name"] for one in after.transformations] == ["Copy", "Mapping"]
    dataflow.refresh_from_db()
    assert dataflow.definition["mapping"] == rows


def test_a_mapping_to_an_unknown_field_changes_nothing(
    dataflow: Dataflow, platform: Platform
) -> None:
    before = platform.flow_service.flow(dataflow.flow_id).mapping_version
    rows = [{"source": "Product_Id", "target": "_acme.nope"}]

    submission = change(dataflow, Kind.MAPPING, mapping=rows)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert platform.flow_service.flow(dataflow.flow_id).mapping_version == before


@pytest.mark.parametrize(
    ("fault", "state", "runs"),
    [
        pytest.param(None, "published", 1, id="no fault"),
        pytest.param({"kind": "drop", "committed": True}, "published", 1, id="cut after"),
        pytest.param({"kind": "drop"}, "needs_attention", 0, id="cut before: ask"),
        pytest.param(
            {"kind": "status", "status": 429, "retry_after": "0"}, "published", 1, id="429"
        ),
    ],
)
def test_run_on_demand(
    submit: Callable[..., Submission],
    platform: Platform,
    break_call: Callable[..., None],
    fault: dict[str, Any] | None,
    state: str,
    runs: int,
) -> None:
    dataflow = published(submit(schedule=ONCE))
    if fault:
        break_call("POST", "/runs$", **fault)
    end = datetime(2026, 11, 1, tzinfo=UTC)

    submission = change(
        dataflow,
        Kind.RUN,
        window_start=(end - timedelta(days=300)).isoformat(),
        window_end=end.isoformat(),
        delta_column="Create_Time",
    )

    assert submission.state == state, submission.problems
    found = list(platform.flow_service.runs([("flowId", "==", dataflow.flow_id)]))
    assert len(found) == runs


def test_a_recurring_dataflow_is_not_run_on_demand(dataflow: Dataflow) -> None:
    submission = change(
        dataflow,
        Kind.RUN,
        window_start="2026-11-01T00:00:00+00:00",
        window_end="2026-11-02T00:00:00+00:00",
    )

    assert [one["code"] for one in submission.problems] == ["FLOW-1386"]


@pytest.mark.parametrize("fault", FAULTS[:4])
@pytest.mark.parametrize("path", ["/flows/", "/sourceConnections/", "/targetConnections/"])
def test_delete(
    dataflow: Dataflow,
    emulator: Emulator,
    break_call: Callable[..., None],
    path: str,
    fault: dict[str, Any] | None,
) -> None:
    created = Submission.objects.get()
    if fault:
        break_call("DELETE", path, **fault)

    submission = change(dataflow, Kind.DELETE)

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, created) == {"mappingSet": 1}
    dataflow.refresh_from_db()
    assert dataflow.deleted_at is not None


def test_a_dataflow_that_is_gone_already_is_cleaned_up(
    dataflow: Dataflow, platform: Platform, emulator: Emulator
) -> None:
    flow = platform.flow_service.flow(dataflow.flow_id)
    Dataflow.objects.update(
        source_connection_id=flow.source_connection_ids[0],
        target_connection_id=flow.target_connection_ids[0],
    )
    dataflow.refresh_from_db()
    platform.flow_service.delete_flow(dataflow.flow_id)

    assert change(dataflow, Kind.DELETE).state == SubmissionState.PUBLISHED
    assert counted(emulator, Submission.objects.earliest("pk")) == {"mappingSet": 1}


def test_twice_the_same_is_once(dataflow: Dataflow) -> None:
    assert ask(dataflow, Kind.DISABLE) == ask(dataflow, Kind.DISABLE)


def test_the_opposite_has_to_wait(dataflow: Dataflow) -> None:
    ask(dataflow, Kind.DISABLE)

    with pytest.raises(services.SubmissionRefused, match="under way"):
        ask(dataflow, Kind.ENABLE)


def test_a_dataflow_without_team_is_not_changed(dataflow: Dataflow) -> None:
    Dataflow.objects.update(team=None)
    dataflow.refresh_from_db()

    with pytest.raises(services.SubmissionRefused, match="no team"):
        ask(dataflow, Kind.DISABLE)


def test_a_change_that_never_takes_shows_both_states(
    dataflow: Dataflow, emulator: Emulator, break_call: Callable[..., None]
) -> None:
    break_call("PATCH", "/flows/", kind="status", status=503, times=None)

    submission = change(dataflow, Kind.SCHEDULE, schedule={"frequency": "day", "interval": 2})

    step = submission.steps.get()
    assert (submission.state, step.state) == (SubmissionState.NEEDS_ATTENTION, StepState.FAILED)
    assert step.attempts == 3
    assert "hour" in step.error["message"]
    assert "day" in step.error["message"]


@pytest.fixture
def failing(access: SandboxAccess, platform: Platform) -> tuple[Dataflow, str]:
    """A seeded dataflow whose newest run failed, and that run."""
    flow = next(iter(platform.flow_service.flows([("name", "==", "PayPal products (legacy)")])))
    dataflow = Dataflow.objects.create(
        sandbox=access.sandbox,
        team=access.credential.team,
        flow_id=flow.id,
        name=flow.name,
        latest_at=datetime.now(UTC),
    )
    runs = platform.flow_service.runs([("flowId", "==", flow.id)])
    return dataflow, next(run.id for run in runs if run.run_state == "failed")


def runs_of(platform: Platform, dataflow: Dataflow) -> int:
    return len(list(platform.flow_service.runs([("flowId", "==", dataflow.flow_id)])))


@pytest.mark.parametrize(
    ("fault", "due", "state", "more"),
    [
        pytest.param(None, True, "published", 1, id="no fault"),
        pytest.param(CUT_AFTER, False, "published", 1, id="cut after: no other run was due"),
        pytest.param(CUT_AFTER, True, "needs_attention", 1, id="cut after: may be a scheduled run"),
        pytest.param({"kind": "drop"}, False, "needs_attention", 0, id="cut before: ask"),
    ],
)
def test_retry_a_run(
    failing: tuple[Dataflow, str],
    platform: Platform,
    break_call: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any] | None,
    due: bool,
    state: str,
    more: int,
) -> None:
    monkeypatch.setattr(finders, "LATE_START", timedelta(days=7 if due else 0))
    dataflow, run_id = failing
    before = runs_of(platform, dataflow)
    if fault:
        break_call("POST", "/runs/.*/action$", **fault)

    submission = change(dataflow, Kind.RETRY, run_id=run_id)

    assert submission.state == state, (submission.problems, submission.steps.first())
    assert runs_of(platform, dataflow) == before + more


def test_a_run_is_retried_once(failing: tuple[Dataflow, str], platform: Platform) -> None:
    dataflow, run_id = failing
    change(dataflow, Kind.RETRY, run_id=run_id)
    before = runs_of(platform, dataflow)

    with pytest.raises(services.SubmissionRefused, match="retried already"):
        ask(dataflow, Kind.RETRY, run_id=run_id)
    assert runs_of(platform, dataflow) == before


def test_a_retry_that_is_unclear_is_sent_again_only_when_asked(
    failing: tuple[Dataflow, str], platform: Platform, break_call: Callable[..., None]
) -> None:
    dataflow, run_id = failing
    before = runs_of(platform, dataflow)
    break_call("POST", "/runs/.*/action$", kind="drop")
    submission = change(dataflow, Kind.RETRY, run_id=run_id)
    assert "Look at the runs first" in submission.steps.get().error["message"]

    work(services.resume(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED
    assert runs_of(platform, dataflow) == before + 1


def test_other_teams_objects_stay(dataflow: Dataflow, emulator: Emulator) -> None:
    flows = len(objects(emulator, "flow"))

    change(dataflow, Kind.DELETE)

    assert len(objects(emulator, "flow")) == flows - 1
