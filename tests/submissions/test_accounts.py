"""Creating an account: the secret goes to AEP and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from flowsite.core.encrypted import encrypt
from flowsite.credentials.models import SandboxAccess, SourceAccount, SourceSecret
from flowsite.definitions.sources import source_by_slug
from flowsite.emulator.app import Emulator
from flowsite.people.models import User
from flowsite.submissions import secrets, services
from flowsite.submissions.models import StepState, Submission, SubmissionState
from tests.submissions.conftest import counted, work

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CANARY = "canary-4711"


@pytest.fixture
def new_account(access: SandboxAccess, analyst: User) -> Callable[..., Submission]:
    def begin(**changes: Any) -> Submission:
        values: dict[str, Any] = {
            "source": source_by_slug("paypal"),
            "name": "PayPal Nordics",
            "description": "Shops in the north",
            "auth_spec": "Client-Id-Secret Based Authentication",
            "params": {"host": "api.paypal.example", "clientId": "client"},
            "secrets": {"clientSecret": CANARY},
            "key": "c" * 16,
        }
        return services.submit_account(access, analyst, **{**values, **changes})

    return begin


def whole_database() -> str:
    with connection.cursor() as cursor:
        text = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            text += [str(row) for row in cursor.fetchall()]
    return "\n".join(text)


def test_an_account_is_created_and_listed(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(new_account())

    assert submission.state == SubmissionState.PUBLISHED
    account = SourceAccount.objects.get()
    assert (account.name, account.team) == ("PayPal Nordics", submission.team)
    assert account.connection_id == submission.steps.get().result["id"]
    assert counted(emulator, submission) == {"connection": 1}


def test_the_secret_is_spent_and_never_shown(
    new_account: Callable[..., Submission],
    emulator: Emulator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    submission = new_account()
    assert SourceSecret.objects.get().values != ""
    assert CANARY not in whole_database()

    work(submission)

    secret = SourceSecret.objects.get()
    assert (secret.values, secret.spent_at is not None) == ("", True)
    assert CANARY not in whole_database()
    assert CANARY not in "".join(capfd.readouterr())


def test_a_double_click_stores_no_second_secret(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    assert new_account() == new_account()
    assert SourceSecret.objects.count() == 1


@pytest.mark.parametrize("committed", [True, False], ids=["after", "before"])
def test_a_lost_answer_makes_no_second_account(
    new_account: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    committed: bool,
) -> None:
    submission = new_account()
    break_call("POST", "/connections$", kind="drop", committed=committed)

    work(submission)

    assert submission.state == SubmissionState.PUBLISHED
    assert counted(emulator, submission) == {"connection": 1}


def test_a_refusal_of_the_provider_is_shown_and_not_repeated(
    new_account: Callable[..., Submission],
    emulator: Emulator,
    break_call: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    body = {
        "type": "https://ns.adobe.com/aep/errors/CONNECTOR-1308-500",
        "title": "Provider error",
        "status": 500,
        "report": {"detailed-message": f"Login failed with clientSecret={CANARY}"},
    }
    submission = new_account()
    break_call("POST", "/connections$", kind="status", status=500, body=body, times=None)

    work(submission)

    step = submission.steps.get()
    assert (submission.state, step.attempts) == (SubmissionState.NEEDS_ATTENTION, 1)
    assert step.error["code"] == "CONNECTOR-1308-500"
    assert "Login failed" in step.error["message"]
    assert CANARY not in whole_database()
    assert CANARY not in "".join(capfd.readouterr())


def test_a_secret_that_is_gone_is_asked_for(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = new_account()
    SourceSecret.objects.update(values="", spent_at=submission.created_at)

    work(submission)

    step = submission.steps.get()
    assert (submission.state, step.state) == (SubmissionState.NEEDS_ATTENTION, StepState.FAILED)
    assert step.attempts == 0
    assert "again" in step.error["remedy"]


def test_a_secret_under_a_lost_key_is_an_administrators_turn(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = new_account()
    SourceSecret.objects.update(values=encrypt("{}")[:-6] + "AAAAA=")

    work(submission)

    assert submission.steps.get().error["whose_turn"] == "admin"


def test_cancelling_throws_the_secret_away(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = services.cancel(new_account())

    work(submission)

    assert submission.state == SubmissionState.CANCELLED
    assert SourceSecret.objects.get().values == ""


def test_an_undone_account_is_gone(
    new_account: Callable[..., Submission], emulator: Emulator
) -> None:
    submission = work(new_account())
    Submission.objects.update(state=SubmissionState.CANCELLED)
    submission.refresh_from_db()

    work(services.undo(submission, wake=False))

    assert counted(emulator, submission) == {}


def test_a_secret_is_only_in_its_row(access: SandboxAccess) -> None:
    refs = secrets.keep(access.credential.team, {"clientSecret": CANARY})

    assert secrets.value(refs["clientSecret"].id) == CANARY
    assert CANARY not in str(refs)
