"""Stopping with a truthful account, going on after a repair, undoing, cancelling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from flowsite.aep.catalog import Catalog
from flowsite.core import leases
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.drafts.models import Draft
from flowsite.emulator.app import Emulator
from flowsite.people.models import AuditEntry, User
from flowsite.runs.models import Dataflow
from flowsite.submissions import finders, recording, selectors, services
from flowsite.submissions.ledger import Ledger
from flowsite.submissions.models import StepState, Submission, SubmissionState, SubmissionStep
from flowsite.submissions.timing import Timing
from tests.submissions.conftest import (
    NEW_DATASET,
    counted,
    definition,
    document,
    objects,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
REFUSED = {
    "kind": "status",
    "status": 400,
    "body": {
        "type": "https://ns.adobe.com/aep/errors/FLOW-1360-400",
        "title": "Bad start",
        "status": 400,
        "report": {"detailed-message": "startTime is in the past", "request-id": "r-1"},
    },
}


def there(submission: Submission) -> dict[str, str]:
    return {one.kind: one.state for one in selectors.created_objects(submission)}


def test_a_permanent_error_stops_with_everything_listed(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/flows$", **REFUSED)

    work(submission)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    error = submission.steps.get(key="flow").error
    assert (error["code"], error["request_id"], error["status"]) == ("FLOW-1360-400", "r-1", 400)
    assert error["remedy"]
    assert there(submission) == {
        "Source connection": "there",
        "Target connection": "there",
        "Mapping set": "there",
    }
    assert "startTime is in the past (FLOW-1360-400, r-1)" in selectors.failure_of(submission)


def test_the_others_end_and_are_recorded_when_one_fails(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/mappingSets$", **REFUSED)
    break_call("POST", "/sourceConnections$", kind="drop", committed=True)

    work(submission)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert {row.key: row.state for row in submission.steps.all()} == {
        "source_connection": StepState.DONE,
        "target_connection": StepState.DONE,
        "mapping_set": StepState.FAILED,
        "flow": StepState.PENDING,
    }


def test_going_on_reuses_what_is_there(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/flows$", **REFUSED)
    work(submission)

    work(services.resume(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, submission) == {
        "sourceConnection": 1,
        "targetConnection": 1,
        "mappingSet": 1,
        "flow": 1,
    }


def test_a_changed_draft_replaces_only_what_it_changes(
    draft: Draft, analyst: User, emulator: Emulator, break_call: Callable[..., None]
) -> None:
    draft.definition = document(dataset=NEW_DATASET)
    draft.save()
    submission = services.submit_draft(draft, user=analyst, key=services.new_key())
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    before = {row.key: row.result.get("id") for row in submission.steps.all()}
    new = {"new": {**NEW_DATASET["new"], "description": "Better described"}}
    draft.definition = document(dataset=new, schedule=submission.definition["schedule"])
    draft.save()

    work(services.resume(submission, user=analyst, wake=False))

    assert submission.state == SubmissionState.PUBLISHED
    after = {row.key: row.result.get("id") for row in submission.steps.filter(replaced=False)}
    kept = {key for key in before if before[key] and before[key] == after[key]}
    assert kept == {"field_group", "schema", "descriptor", "source_connection", "mapping_set"}
    replaced = {one.kind: one.id for one in selectors.created_objects(submission) if one.replaced}
    assert replaced == {
        "Dataset": before["dataset"],
        "Target connection": before["target_connection"],
    }
    assert len(objects(emulator, "flow", submission.key)) == 1


def test_replaced_objects_can_be_removed_afterwards(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    changed = definition(
        name="Another name", dataset=NEW_DATASET, schedule=submission.definition["schedule"]
    )
    work(services.resume(submission, definition=changed, wake=False))
    assert len(objects(emulator, "targetConnection", submission.key)) == 2

    work(services.remove_replaced(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, submission)["targetConnection"] == 1
    assert counted(emulator, submission)["flow"] == 1
    left = {one.kind for one in selectors.created_objects(submission) if one.state == "left"}
    assert left == {"Mapping set"}


def test_undo_removes_what_was_created_and_nothing_else(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    others = len(objects(emulator, "dataset")), len(objects(emulator, "schemas"))
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)

    work(services.undo(submission, wake=False))

    assert submission.state == SubmissionState.UNDONE
    assert counted(emulator, submission) == {"mappingSet": 1}
    assert (len(objects(emulator, "dataset")), len(objects(emulator, "schemas"))) == others
    states = there(submission)
    assert states.pop("Mapping set") == "left"
    assert set(states.values()) == {"removed"}


def test_undo_survives_faults(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    break_call("DELETE", "/sourceConnections/", kind="drop", committed=True)
    break_call("DELETE", "/targetConnections/", kind="status", status=503)

    work(services.undo(submission, wake=False))

    assert submission.state == SubmissionState.UNDONE
    assert counted(emulator, submission) == {"mappingSet": 1}


def test_undo_looks_for_what_may_exist_first(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/targetConnections$", kind="drop", committed=True)
    break_call("GET", "/targetConnections$", kind="status", status=403, times=None)
    work(submission)
    assert there(submission)["Target connection"] == "unclear"
    emulator.world.faults.clear()

    work(services.undo(submission, wake=False))

    assert submission.state == SubmissionState.UNDONE
    assert counted(emulator, submission) == {"mappingSet": 1}


def test_a_dataset_with_data_is_left(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)

    monkeypatch.setattr(Catalog, "batches", lambda *args, **kwargs: iter(["a batch"]))

    work(services.undo(submission, wake=False))

    assert there(submission)["Dataset"] == "left"
    assert counted(emulator, submission)["dataset"] == 1


def test_cancel_begins_nothing_more(
    submit: Callable[..., Submission], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit()
    done = recording.done

    def cancelled_meanwhile(*args: Any, **kwargs: Any) -> None:
        done(*args, **kwargs)
        Submission.objects.update(cancel_asked=True)

    monkeypatch.setattr(recording, "done", cancelled_meanwhile)

    work(submission)

    assert submission.state == SubmissionState.CANCELLED
    assert submission.steps.get(key="flow").state == StepState.PENDING
    assert submission.steps.filter(state=StepState.DONE).count() == 3


def test_cancel_before_the_first_step_creates_nothing(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = services.cancel(submit())

    work(submission)

    assert submission.state == SubmissionState.CANCELLED
    assert counted(emulator, submission) == {}


def test_a_cancelled_submission_can_go_on(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    work(services.cancel(submission))
    assert submission.state == SubmissionState.CANCELLED

    work(services.resume(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED


def test_several_matches_stop_and_show(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    """Nobody knows which one is ours; continuing looks again."""
    submission = submit()
    break_call("POST", "/mappingSets$", kind="drop", committed=True)
    found = finders.FINDERS["mapping_set_name"]

    def doubled(*args: Any) -> list[dict[str, Any]]:
        return [*found(*args), {"id": "another", "version": 0}]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(finders.FINDERS, "mapping_set_name", doubled)
        work(submission)
    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert (
        len([one for one in selectors.created_objects(submission) if one.state == "unclear"]) == 2
    )

    work(services.resume(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, submission)["mappingSet"] == 1


def test_a_definition_that_cannot_be_resolved_creates_nothing(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(submit(account={"source": "paypal", "name": "PayPal EUU"}))

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert [one["step"] for one in submission.problems] == ["account"]
    assert "PayPal EU" in submission.problems[0]["message"]
    assert counted(emulator, submission) == {}


def test_published_means_a_dataflow_in_our_list(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(submit())

    dataflow = Dataflow.objects.get()
    assert submission.dataflow == dataflow
    assert dataflow.flow_id == submission.steps.get(key="flow").result["id"]
    assert dataflow.definition == submission.definition
    ours = AuditEntry.objects.filter(action__startswith="dataflow.").order_by("pk")
    actions = list(ours.values_list("action", flat=True))
    assert actions == ["dataflow.submitted", "dataflow.published"]


def test_a_dataset_of_the_same_name_is_not_taken_for_ours(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    access: SandboxAccess,
) -> None:
    schema = objects(emulator, "schemas")[0]["$id"]
    with open_platform(access.credential, access.sandbox) as platform:
        other = platform.catalog.create_dataset(
            {
                "name": NEW_DATASET["new"]["name"],
                "schemaRef": {
                    "id": schema,
                    "contentType": "application/vnd.adobe.xed-full+json;version=1",
                },
            }
        )
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/dataSets$", kind="drop")

    work(submission)

    step = submission.steps.get(key="dataset")
    assert (step.state, step.attempts) == (StepState.DONE, 2)
    assert step.result["id"] != other.id


def test_a_replaced_object_is_not_taken_for_its_successor(
    submit: Callable[..., Submission], emulator: Emulator, break_call: Callable[..., None]
) -> None:
    submission = submit()
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    flow = submission.steps.get(key="flow")
    SubmissionStep.objects.create(
        submission=submission,
        key="flow~1",
        operation="create_flow",
        position=1000,
        replaced=True,
        state=StepState.DONE,
        result={"id": "old"},
        planned=flow.planned,
    )
    SubmissionStep.objects.filter(pk=flow.pk).update(
        state=StepState.UNKNOWN, quiet_until=timezone.now(), attempts=1
    )
    flow.refresh_from_db()
    token = leases.take(submission, timedelta(seconds=60))
    assert token is not None
    ledger = Ledger(submission, token, Timing.from_settings())

    recording.looked(ledger, flow, [{"id": "old"}], timezone.now())

    assert flow.state == StepState.PENDING
