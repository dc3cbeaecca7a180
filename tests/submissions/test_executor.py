"""A submission from its row to the dataflow in AEP, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from flowsite.submissions.models import StepState, Submission, SubmissionState
from tests.submissions.conftest import NEW_DATASET, counted, work

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def states(submission: Submission) -> dict[str, str]:
    return {row.key: row.state for row in submission.steps.all()}


def test_an_existing_dataset_takes_four_creates(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(submit())

    assert submission.state == SubmissionState.PUBLISHED
    assert states(submission) == dict.fromkeys(
        ["source_connection", "target_connection", "mapping_set", "flow"], StepState.DONE
    )


def test_a_new_dataset_with_a_proposed_schema(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(submit(dataset=NEW_DATASET))

    assert submission.state == SubmissionState.PUBLISHED, submission.problems
    assert list(states(submission)) == [
        "field_group",
        "schema",
        "descriptor",
        "dataset",
        "validate_mapping",
        "source_connection",
        "target_connection",
        "mapping_set",
        "flow",
    ]


def test_the_page_knows_options_and_objects_before_the_first_poll(
    submit: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(submit(dataset=NEW_DATASET))

    made = {row.key: row.result.get("id") for row in submission.steps.all()}
    row = submission.dataflow
    assert row is not None
    assert row.options["errorDiagnosticsEnabled"] is True
    assert row.source_connection_id == made["source_connection"]
    assert row.target_connection_id == made["target_connection"]
    assert row.mapping_set_id == made["mapping_set"]
    assert row.dataset_id == made["dataset"]


ONE_OF_EACH = {
    "fieldgroups": 1,
    "schemas": 1,
    "dataset": 1,
    "sourceConnection": 1,
    "targetConnection": 1,
    "mappingSet": 1,
    "flow": 1,
}
#: Every create of a submission with everything new, by method and path.
CREATES = [
    pytest.param("/tenant/fieldgroups$", id="field group"),
    pytest.param("/tenant/schemas$", id="schema"),
    pytest.param("/tenant/descriptors$", id="descriptor"),
    pytest.param("/dataSets$", id="dataset"),
    pytest.param("/mappingSets/validate$", id="validation"),
    pytest.param("/sourceConnections$", id="source connection"),
    pytest.param("/targetConnections$", id="target connection"),
    pytest.param("/mappingSets$", id="mapping set"),
    pytest.param("/flows$", id="flow"),
]
FAULTS = [
    pytest.param({"kind": "drop"}, id="cut before"),
    pytest.param({"kind": "drop", "committed": True}, id="cut after"),
    pytest.param({"kind": "status", "status": 500}, id="500"),
    pytest.param({"kind": "status", "status": 503, "committed": True}, id="503 after"),
    pytest.param({"kind": "status", "status": 504, "committed": True}, id="504 after"),
    pytest.param({"kind": "status", "status": 429, "retry_after": "0"}, id="429"),
    pytest.param({"kind": "malformed", "committed": True}, id="malformed"),
    pytest.param({"kind": "token_death", "times": 2}, id="token death"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", CREATES)
def test_a_fault_costs_time_and_nothing_else(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    path: str,
    fault: dict[str, object],
) -> None:
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", path, **fault)

    work(submission)

    assert submission.state == SubmissionState.PUBLISHED
    assert emulator.world.faults.view()[0]["hit"] >= 1
    assert counted(emulator, submission) == ONE_OF_EACH


def test_a_new_object_that_lists_do_not_show_yet_is_waited_for(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    settings: Any,
) -> None:
    settings.QUIET_TIME_S = 0.6
    emulator.world.config = replace(emulator.world.config, list_delay_s=0.3)
    submission = submit()
    break_call("POST", "/sourceConnections$", kind="drop", committed=True)

    work(submission)

    assert submission.steps.get(key="source_connection").adopted
    assert counted(emulator, submission)["sourceConnection"] == 1
