"""Who may open what: every address of the room, for strangers, for ops and for nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from flowsite.credentials.models import SourceAccount
from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.submissions.models import Submission
from tests.wizard.conftest import soon

STEPS = ("account", "data", "dataset", "mapping", "schedule", "review")
DRAFT_GETS = [
    "draft-resume",
    "draft-rename",
    "draft-export",
    "draft-accounts",
    "draft-items",
    "draft-columns",
    "draft-sample",
    "draft-datasets",
    "draft-schemas",
    "draft-schema",
    "draft-proposal",
    "draft-editor",
    "draft-functions",
    "draft-mapping-csv",
    "draft-mapping-origins",
    "draft-forecast",
    "draft-delta",
    "draft-findings",
    "draft-curl",
]
DRAFT_POSTS = [
    "draft-clone",
    "draft-delete",
    "draft-restore",
    "draft-suggestions",
    "draft-validate",
    "draft-preview",
    "draft-expression",
    "draft-mapping-import",
    "draft-mapping-copy",
    "draft-start-later",
]
SUBMISSION_POSTS = [
    "submission-cancel",
    "submission-continue",
    "submission-undo",
    "submission-tidy",
]


@pytest.fixture
def draft(make_draft: Callable[..., Draft]) -> Draft:
    return make_draft(name="Orders")


@pytest.fixture
def submission(draft: Draft) -> Submission:
    return Submission.objects.create(
        key="0" * 16,
        team=draft.team,
        credential=draft.credential,
        sandbox=draft.sandbox,
        name="Orders",
        due_at=soon(),
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_stranger_finds_no_step(draft, stranger, client_as, step):
    url = reverse("draft-step", args=[draft.pk, step])

    assert client_as(stranger).get(url).status_code == 404
    assert client_as(stranger).post(url, {"revision": 1}).status_code == 404
    assert client_as(stranger).get(f"{url}compare/").status_code == 404


@pytest.mark.parametrize("name", DRAFT_GETS)
def test_a_stranger_finds_no_draft(draft, stranger, client_as, name):
    assert client_as(stranger).get(reverse(name, args=[draft.pk])).status_code == 404


@pytest.mark.parametrize("name", DRAFT_POSTS)
def test_a_stranger_changes_no_draft(draft, stranger, client_as, name):
    assert client_as(stranger).post(reverse(name, args=[draft.pk])).status_code == 404
    assert Draft.objects.count() == 1
    assert Draft.objects.get().deleted_at is None


@pytest.mark.parametrize("name", [*DRAFT_GETS, *DRAFT_POSTS])
def test_ops_may_not_touch_drafts(draft, ops, client_as, name):
    client = client_as(ops)
    send = client.post if name in DRAFT_POSTS else client.get

    assert send(reverse(name, args=[draft.pk])).status_code == 403


@pytest.mark.parametrize("name", ["catalog", "catalog-offered", "drafts", "draft-import"])
def test_ops_may_not_build(access, ops, client_as, name):
    assert client_as(ops).get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["submission", "submission-curl"])
def test_a_stranger_finds_no_submission(submission, stranger, client_as, name):
    assert client_as(stranger).get(reverse(name, args=[submission.pk])).status_code == 404


@pytest.mark.parametrize("name", SUBMISSION_POSTS)
def test_a_stranger_and_ops_change_no_submission(submission, stranger, ops, client_as, name):
    url = reverse(name, args=[submission.pk])

    assert client_as(stranger).post(url).status_code == 404
    assert client_as(ops).post(url).status_code == 403
    submission.refresh_from_db()
    assert submission.state == "submitting"
    assert not submission.cancel_asked


def test_a_stranger_finds_no_account(access, stranger, client_as):
    account = SourceAccount.objects.create(
        sandbox=access.sandbox, connection_id="c", name="A", connection_spec_id="s"
    )

    client = client_as(stranger)
    assert client.get(reverse("account-detail", args=[account.pk])).status_code == 404
    assert client.post(reverse("account-test", args=[account.pk])).status_code == 404


def test_another_teams_account_in_the_same_sandbox_is_not_found(access, analyst, client_as):
    from flowsite.people.models import Team

    account = SourceAccount.objects.create(
        sandbox=access.sandbox,
        team=Team.objects.create(name="Others"),
        connection_id="c",
        name="A",
        connection_spec_id="s",
    )

    response = client_as(analyst).get(reverse("account-detail", args=[account.pk]))
    assert response.status_code == 404


@pytest.mark.parametrize("name", ["catalog", "accounts", "drafts"])
def test_nobody_is_sent_to_sign_in(db, name):
    response = Client().get(reverse(name))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("sign-in"))


def test_a_person_without_a_sandbox_is_told(client_as, analyst: User):
    response = client_as(analyst).get(reverse("catalog"))

    assert response.status_code == 200
    assert "Nothing to work in yet" in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/drafts/1/nothing/", "/drafts/abc/data/", "/drafts/99999999999999999999/data/"]
)
def test_unknown_addresses_are_not_found(access, analyst, client_as, path):
    assert client_as(analyst).get(path).status_code == 404
