"""Finding and removing what no dataflow uses any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.emulator.app import Emulator
from flowsite.submissions import services
from flowsite.submissions.models import Kind, Submission, SubmissionState
from flowsite.submissions.orphans import Orphan, find_orphans
from tests.submissions.conftest import NEW_DATASET, counted, objects, work
from tests.submissions.test_mending import REFUSED

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def orphans(access: SandboxAccess, emulator: Emulator) -> Callable[[], dict[str, Orphan]]:
    def find() -> dict[str, Orphan]:
        with open_platform(access.credential, access.sandbox) as platform:
            return {one.kind: one for one in find_orphans(platform, access.sandbox)}

    return find


@pytest.fixture
def left_behind(submit: Callable[..., Submission], break_call: Callable[..., None]) -> Submission:
    """A submission that was cancelled before its last step."""
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    return work(services.cancel(submission))


def remove(access: SandboxAccess, *ids: str) -> Submission:
    return work(services.submit_cleanup(access, ids, user=None, key=services.new_key(), wake=False))


def test_a_published_dataflow_leaves_no_orphan(
    submit: Callable[..., Submission], orphans: Callable[[], dict[str, Orphan]]
) -> None:
    work(submit(dataset=NEW_DATASET))

    assert orphans() == {}


def test_what_waits_for_a_person_is_no_orphan(
    submit: Callable[..., Submission],
    orphans: Callable[[], dict[str, Orphan]],
    break_call: Callable[..., None],
) -> None:
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)

    assert orphans() == {}


def test_everything_left_behind_is_found(
    left_behind: Submission, orphans: Callable[[], dict[str, Orphan]]
) -> None:
    found = orphans()

    assert {kind: one.removable for kind, one in found.items()} == {
        "source": True,
        "target": True,
        "mapping": False,
        "dataset": True,
        "schema": True,
        "group": True,
    }
    assert {one.submission_id for one in found.values()} == {left_behind.pk}


def test_all_can_be_removed_in_one_go(
    left_behind: Submission,
    orphans: Callable[[], dict[str, Orphan]],
    access: SandboxAccess,
    emulator: Emulator,
) -> None:
    before = len(objects(emulator, "dataset"))

    submission = remove(access, *(one.id for one in orphans().values()))

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, left_behind) == {"mappingSet": 1}
    assert len(objects(emulator, "dataset")) == before - 1
    assert set(orphans()) == {"mapping"}


def test_a_schema_whose_dataset_stays_is_kept(
    left_behind: Submission,
    orphans: Callable[[], dict[str, Orphan]],
    access: SandboxAccess,
    emulator: Emulator,
) -> None:
    found = orphans()

    submission = remove(access, found["schema"].id, found["source"].id)

    assert [row.operation for row in submission.steps.all()] == ["delete_source_connection"]
    assert counted(emulator, left_behind)["schemas"] == 1


def test_what_was_put_to_use_since_stays(
    left_behind: Submission,
    orphans: Callable[[], dict[str, Orphan]],
    access: SandboxAccess,
    emulator: Emulator,
) -> None:
    ids = [one.id for one in orphans().values()]
    work(services.resume(left_behind, wake=False))

    submission = remove(access, *ids)

    assert submission.state == SubmissionState.NEEDS_ATTENTION
    assert counted(emulator, left_behind)["flow"] == 1
    assert counted(emulator, left_behind)["sourceConnection"] == 1


def test_objects_of_another_installation_are_shown_and_left(
    left_behind: Submission,
    orphans: Callable[[], dict[str, Orphan]],
    access: SandboxAccess,
    emulator: Emulator,
) -> None:
    ids = [one.id for one in orphans().values()]
    key = left_behind.key
    left_behind.delete()

    assert not any(one.removable for one in orphans().values())
    assert remove(access, *ids).state == SubmissionState.NEEDS_ATTENTION
    assert len(objects(emulator, "sourceConnection", key)) == 1


def test_a_deleted_dataflows_dataset_is_found(
    submit: Callable[..., Submission],
    orphans: Callable[[], dict[str, Orphan]],
    access: SandboxAccess,
) -> None:
    dataflow = work(submit(dataset=NEW_DATASET)).dataflow
    assert dataflow is not None
    work(
        services.submit_lifecycle(
            dataflow, Kind.DELETE, user=None, key=services.new_key(), wake=False
        )
    )

    assert set(orphans()) == {"mapping", "dataset", "schema", "group"}


def test_many_dataflows_get_an_answer_each(
    submit: Callable[..., Submission], emulator: Emulator, access: SandboxAccess
) -> None:
    flows: list[Any] = [work(submit()).dataflow for _ in range(2)]
    flows[1].team = None

    results = services.submit_lifecycle_bulk(
        flows, Kind.DISABLE, user=None, key=services.new_key(), wake=False
    )

    assert results[0].submission is not None
    assert work(results[0].submission).state == SubmissionState.PUBLISHED
    assert "no team" in results[1].refusal
