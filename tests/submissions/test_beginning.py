"""One submission, however often and by whomever it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.db import connections

from flowsite.credentials.models import SandboxAccess
from flowsite.definitions.problems import IncompleteDefinition
from flowsite.drafts.models import Draft
from flowsite.people.models import AuditEntry, User
from flowsite.submissions import services
from flowsite.submissions.models import Kind, Submission, SubmissionState
from tests.submissions.conftest import document


@pytest.fixture
def production_draft(draft: Draft, production_access: SandboxAccess) -> Draft:
    draft.sandbox = production_access.sandbox
    draft.save()
    return draft


def test_a_double_click_is_one_submission(draft: Draft, analyst: User) -> None:
    first = services.submit_draft(draft, user=analyst, key="a" * 16)
    second = services.submit_draft(draft, user=analyst, key="a" * 16)

    assert first == second
    assert AuditEntry.objects.filter(action="dataflow.submitted").count() == 1


def test_a_key_of_something_else_is_no_double_click(
    draft: Draft, analyst: User, access: SandboxAccess
) -> None:
    services.submit_draft(draft, user=analyst, key="a" * 16)

    with pytest.raises(services.SubmissionRefused, match="used for something else"):
        services.submit_cleanup(access, ["x"], user=None, key="a" * 16, wake=False)


def test_two_tabs_are_one_submission(draft: Draft, analyst: User, ops: User) -> None:
    first = services.submit_draft(draft, user=analyst, key="a" * 16)
    second = services.submit_draft(draft, user=ops, key="b" * 16)

    assert first == second
    assert second.owner == analyst


def test_a_draft_becomes_one_dataflow(draft: Draft, analyst: User) -> None:
    first = services.submit_draft(draft, user=analyst, key="a" * 16)
    Submission.objects.update(state=SubmissionState.PUBLISHED)

    assert services.submit_draft(draft, user=analyst, key="b" * 16) == first


@pytest.mark.parametrize("end", [SubmissionState.CANCELLED, SubmissionState.UNDONE])
def test_a_cancelled_draft_can_be_submitted_again(
    draft: Draft, analyst: User, end: SubmissionState
) -> None:
    first = services.submit_draft(draft, user=analyst, key="a" * 16)
    Submission.objects.update(state=end)

    assert services.submit_draft(draft, user=analyst, key="b" * 16) != first


def test_a_form_of_another_draft_is_refused(draft: Draft, analyst: User) -> None:
    services.submit_draft(draft, user=analyst, key="a" * 16)
    other = Draft.objects.create(
        team=draft.team,
        sandbox=draft.sandbox,
        credential=draft.credential,
        definition=document(),
    )

    with pytest.raises(services.SubmissionRefused, match="another draft"):
        services.submit_draft(other, user=analyst, key="a" * 16)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_at_once_are_one_submission(draft: Draft, analyst: User) -> None:
    found: list[int] = []

    def click(number: int) -> None:
        try:
            key = f"{number:016x}"
            found.append(services.submit_draft(draft, user=analyst, key=key).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 12
    assert len(set(found)) == 1


def test_a_half_filled_draft_is_not_submitted(draft: Draft, analyst: User) -> None:
    draft.definition = document(schedule=None)
    draft.save()

    with pytest.raises(IncompleteDefinition, match="schedule"):
        services.submit_draft(draft, user=analyst, key="a" * 16)
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("right", "typed", "expected"),
    [
        pytest.param(False, "prod", "don't have the right", id="no right"),
        pytest.param(True, "", "repeat its name", id="not confirmed"),
        pytest.param(True, "dev", "repeat its name", id="wrong name"),
        pytest.param(True, "prod", "", id="right and name"),
    ],
)
def test_production_is_guarded(
    production_draft: Draft, analyst: User, right: bool, typed: str, expected: str
) -> None:
    if right:
        analyst.user_permissions.add(Permission.objects.get(codename="submit_to_production"))

    def submit() -> Submission:
        return services.submit_draft(
            production_draft, user=analyst, key="a" * 16, production_name=typed
        )

    if expected:
        with pytest.raises(services.SubmissionRefused, match=expected):
            submit()
    else:
        assert submit().state == SubmissionState.SUBMITTING
    assert Submission.objects.exists() is not bool(expected)


def test_what_has_ended_cannot_be_cancelled(submit: Callable[..., Submission]) -> None:
    submission = submit()
    Submission.objects.update(state=SubmissionState.PUBLISHED)

    with pytest.raises(services.SubmissionRefused):
        services.cancel(submission)


def test_what_is_worked_on_cannot_be_undone(submit: Callable[..., Submission]) -> None:
    with pytest.raises(services.SubmissionRefused):
        services.undo(submit())


def test_a_clone_submitted_meanwhile_blocks_going_on(draft: Draft, analyst: User) -> None:
    first = services.submit_draft(draft, user=analyst, key="a" * 16)
    Submission.objects.update(state=SubmissionState.CANCELLED)
    services.submit_draft(draft, user=analyst, key="b" * 16)
    first.refresh_from_db()

    with pytest.raises(services.SubmissionRefused, match="submitted again"):
        services.resume(first, user=analyst)


def test_the_kind_is_a_dataflow(submit: Callable[..., Submission]) -> None:
    assert submit().kind == Kind.DATAFLOW
