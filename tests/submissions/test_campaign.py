"""A slice of the fault campaign (``make faults``): several faults at random, with fixed seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from flowsite.submissions import executor, recording, selectors, services
from flowsite.submissions.models import Submission, SubmissionState
from tests.submissions.conftest import KINDS, NEW_DATASET, counted, objects, work
from tests.submissions.test_takeover import run_and_die

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PATHS = [
    "/tenant/fieldgroups$",
    "/tenant/schemas$",
    "/tenant/descriptors$",
    "/dataSets$",
    "/mappingSets/validate$",
    "/sourceConnections$",
    "/targetConnections$",
    "/mappingSets$",
    "/flows$",
]
FAULTS: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "drop", "committed": True},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "committed": True},
    {"kind": "status", "status": 504, "committed": True},
    {"kind": "status", "status": 429, "retry_after": "0"},
    {"kind": "status", "status": 400},
    {"kind": "malformed", "committed": True},
    {"kind": "token_death", "times": 2},
]
DEATHS = [(recording, "sending"), (executor.Execution, "_start"), (recording, "done")]


def assert_truthful(emulator: Emulator, submission: Submission) -> None:
    """Nothing twice, and nothing there that isn't listed."""
    counts = counted(emulator, submission)
    assert set(counts.values()) <= {1}, counts
    listed = {one.id for one in selectors.created_objects(submission)}
    there = {
        one.get("id") or one.get("$id")
        for kind in KINDS
        for one in objects(emulator, kind, submission.key)
    }
    assert {one for one in there if one} <= listed


@pytest.mark.parametrize("seed", range(24))
def test_whatever_goes_wrong_the_account_is_true(
    submit: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    settings: Any,
    seed: int,
) -> None:
    chance = random.Random(seed)
    settings.CREATE_LIMIT_S = 0.3
    emulator.world.config = replace(emulator.world.config, list_delay_s=0.04)
    submission = submit(**({"dataset": NEW_DATASET} if chance.random() < 0.7 else {}))
    for _ in range(chance.randint(1, 4)):
        break_call("POST", chance.choice(PATHS), **chance.choice(FAULTS))
    if chance.random() < 0.5:
        place, name = chance.choice(DEATHS)
        run_and_die(submission, place, name, chance.randint(1, 4), survives=True)

    work(submission)
    assert_truthful(emulator, submission)
    for _ in range(5):
        if submission.state == SubmissionState.PUBLISHED:
            break
        work(services.resume(submission, wake=False))

    assert submission.state == SubmissionState.PUBLISHED, selectors.failure_of(submission)
    assert_truthful(emulator, submission)
    assert counted(emulator, submission)["flow"] == 1
