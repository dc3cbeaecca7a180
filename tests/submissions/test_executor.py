"""A submission from its row to the dataflow in AEP, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowsite.emulator.app import Emulator
from flowsite.submissions.models import StepState, Submission, SubmissionState
from tests.submissions.conftest import NEW_DATASET, objects, work

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
