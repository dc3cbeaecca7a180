"""The page on which administrators look for orphans and remove them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from flowsite.credentials.models import SandboxAccess
from flowsite.emulator.app import Emulator
from flowsite.people.models import User
from flowsite.submissions import orphan_search, services, tasks
from flowsite.submissions.models import Kind, Submission, SubmissionState
from tests.submissions.conftest import NEW_DATASET, counted, work
from tests.submissions.test_mending import REFUSED

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def left_behind(submit: Callable[..., Submission], break_call: Callable[..., None]) -> Submission:
    submission = submit(dataset=NEW_DATASET)
    break_call("POST", "/flows$", **REFUSED)
    work(submission)
    return work(services.cancel(submission))


@pytest.fixture
def page(access: SandboxAccess, admin: User, client_as: Callable[[User], Client]) -> Client:
    return client_as(admin)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which accesses a worker was called for; none comes by itself."""
    calls: list[int] = []

    def send(task: object, *args: int) -> bool:
        calls.extend(args)
        return True

    monkeypatch.setattr("flowsite.wizard.views.orphans.enqueue", send)
    return calls


def test_a_search_is_made_by_a_worker_once(
    page: Client, woken: list[int], access: SandboxAccess, left_behind: Submission
) -> None:
    assert "Not searched yet" in page.get("/orphans/").text

    page.post("/orphans/search/")
    page.post("/orphans/search/")

    assert woken == [access.pk]
    assert "A worker is reading" in page.get("/orphans/").text
    tasks.search_orphans(access.pk)
    shown = page.get("/orphans/").text
    assert shown.count('name="id"') == 5
    assert "Adobe offers no call" in shown


def test_ticked_orphans_are_removed_and_nothing_else(
    page: Client, access: SandboxAccess, left_behind: Submission, emulator: Emulator
) -> None:
    tasks.search_orphans(access.pk)
    search = orphan_search.latest(access)
    assert search is not None
    target = next(one for one in search.found or () if one.kind == "target")

    posted = {"id": [target.id, "of-somebody-else"], "key": "0123456789abcdef"}
    answers = [page.post("/orphans/remove/", posted) for _ in "12"]

    row = Submission.objects.get(kind=Kind.CLEANUP)
    assert [one.headers["Location"] for one in answers] == [f"/submissions/{row.pk}/"] * 2
    assert row.params["ids"] == [target.id]
    assert work(row).state == SubmissionState.PUBLISHED
    left = counted(emulator, left_behind)
    assert "targetConnection" not in left
    assert left["sourceConnection"] == 1
    assert "Not searched yet" in page.get("/orphans/").text


def test_production_asks_for_the_name(
    page: Client, access: SandboxAccess, left_behind: Submission
) -> None:
    tasks.search_orphans(access.pk)
    access.sandbox.type = "production"
    access.sandbox.save()
    search = orphan_search.latest(access)
    assert search is not None
    ids = [one.id for one in search.found or ()]

    page.post("/orphans/remove/", {"id": ids})

    assert not Submission.objects.filter(kind=Kind.CLEANUP).exists()


def test_an_error_is_told_with_its_code(
    page: Client, access: SandboxAccess, break_call: Callable[..., None]
) -> None:
    break_call("GET", "/flows$", kind="status", status=403, times=9)
    orphan_search.begin(access)
    tasks.search_orphans(access.pk)

    shown = page.get("/orphans/").text

    assert "The sandbox could not be read" in shown
    assert "Request id" in shown


def test_a_worker_that_died_is_not_waited_for(
    page: Client, access: SandboxAccess, woken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan_search.begin(access)
    monkeypatch.setattr(orphan_search, "LOST_AFTER", -orphan_search.LOST_AFTER)

    assert "The search has not come back" in page.get("/orphans/").text
    page.post("/orphans/search/")
    assert woken == [access.pk]


def test_nothing_ticked_is_said(page: Client, access: SandboxAccess) -> None:
    answer = page.post("/orphans/remove/", {}, follow=True)

    assert "Tick what is to be removed" in answer.text
