"""Scheduled tests of source accounts, and the page about their health."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from flowsite.aep.flow_service import TestResult
from flowsite.core import leases
from flowsite.credentials import accounts, tasks
from flowsite.credentials.models import Credential, SourceAccount
from flowsite.people.models import AuditEntry, Team
from flowsite.runs.models import Dataflow

TestResult.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def account(access, credential, team, emulator):
    """The first enabled account that the emulator's ``dev`` sandbox holds."""
    accounts.refresh_accounts(credential, access.sandbox)
    row = SourceAccount.objects.filter(state="enabled").order_by("pk").first()
    assert row
    SourceAccount.objects.exclude(pk=row.pk).delete()
    SourceAccount.objects.filter(pk=row.pk).update(team=team)
    return SourceAccount.objects.get(pk=row.pk)


@pytest.fixture
def sent(monkeypatch):
    """Messages instead of a broker."""
    found: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, pk: found.append(pk) or True)
    return found


def break_provider(monkeypatch, message="Password expired"):
    """The provider refuses from now on."""
    from flowsite.aep.flow_service import FlowService

    result = TestResult(ok=False, message=message, code="CONNECTOR-1", request_id="req-7")
    monkeypatch.setattr(FlowService, "test_connection", lambda *_: result)


def test_a_sweep_calls_for_each_due_account_once(account, sent):
    assert tasks.sweep_accounts() == 1
    assert tasks.sweep_accounts() == 0
    assert sent == [account.pk]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"test_due_at": timezone.now() + timedelta(days=1)}, id="not due"),
        pytest.param({"state": ""}, id="gone from AEP"),
        pytest.param({"state": "disabled"}, id="disabled"),
        pytest.param(
            {"lease_token": "x", "lease_until": timezone.now() + timedelta(days=1)}, id="held"
        ),
    ],
)
def test_a_sweep_leaves_alone(account, sent, values):
    SourceAccount.objects.update(**values)

    assert tasks.sweep_accounts() == 0


def test_tests_can_be_switched_off(account, sent, settings):
    settings.ACCOUNT_TEST_S = 0

    assert tasks.sweep_accounts() == 0


def test_an_account_without_a_way_to_it_is_left_alone(account, sent, access):
    access.delete()

    assert tasks.sweep_accounts() == 0


def test_a_lost_message_costs_only_time(account, monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", lambda *_: False)
    tasks.sweep_accounts()

    account.refresh_from_db()
    assert account.woken_at is None


def test_a_due_test_keeps_the_answer_and_sets_the_next(account, settings):
    tasks.test_account(account.pk)

    account.refresh_from_db()
    assert account.test_ok is True
    pause = account.test_due_at - account.tested_at
    usual = timedelta(seconds=settings.ACCOUNT_TEST_S)
    assert usual * 0.9 <= pause <= usual * 1.1
    assert account.lease_token == ""


def test_a_second_message_does_nothing(account):
    tasks.test_account(account.pk)
    account.refresh_from_db()
    first = account.tested_at

    tasks.test_account(account.pk)

    account.refresh_from_db()
    assert account.tested_at == first


def test_a_held_account_is_not_tested(account):
    leases.take(account, timedelta(minutes=1))

    assert accounts.test_if_due(account.pk) is None


def test_failure_and_recovery_are_one_entry_each(account, monkeypatch):
    with monkeypatch.context() as patch:
        break_provider(patch)
        for _ in range(3):
            SourceAccount.objects.update(test_due_at=None)
            tasks.test_account(account.pk)
        account.refresh_from_db()
        since, failures = account.failing_since, account.test_failures

    SourceAccount.objects.update(test_due_at=None)
    tasks.test_account(account.pk)

    account.refresh_from_db()
    assert (failures, bool(since)) == (3, True)
    assert (account.test_failures, account.failing_since, account.test_ok) == (0, None, True)
    entries = AuditEntry.objects.filter(object_type="sourceaccount").order_by("pk")
    found = [(entry.action, entry.request_id) for entry in entries]
    assert [action for action, _ in found] == ["account.failing", "account.recovered"]
    assert found[0][1] == "req-7"


def test_a_failing_account_is_tried_again_sooner(account, monkeypatch):
    break_provider(monkeypatch)

    tasks.test_account(account.pk)

    account.refresh_from_db()
    assert account.test_due_at - account.tested_at <= accounts.FIRST_RETRY * 1.1


def test_trouble_at_aep_says_nothing_about_the_account(account, monkeypatch):
    Credential.objects.update(client_secret="", token="")

    tasks.test_account(account.pk)

    account.refresh_from_db()
    assert (account.test_ok, account.lease_token) == (None, "")
    assert account.test_due_at > timezone.now() + timedelta(minutes=10)


def test_a_listing_does_not_undo_a_test(account, credential):
    tasks.test_account(account.pk)

    SourceAccount.objects.update(name="Old name")
    accounts.refresh_accounts(credential, account.sandbox)

    row = SourceAccount.objects.get(pk=account.pk)
    assert row.name == account.name
    assert row.test_ok is True


def test_the_teams_own_credential_goes_first(account, credential):
    other = Credential.objects.create(
        team=Team.objects.create(name="Elsewhere"),
        organisation=credential.organisation,
        name="Other",
        client_id="x",
    )
    other.sandboxes.add(account.sandbox, through_defaults={"seen_at": timezone.now()})

    assert accounts.credential_for(account) == credential
    credential.last_error = "refused"
    credential.save()
    assert accounts.credential_for(account) == other


# --- the page ------------------------------------------------------------------------------------


def test_the_page_shows_what_fails_and_what_stops(client_as, ops, account, monkeypatch):
    break_provider(monkeypatch)
    tasks.test_account(account.pk)
    Dataflow.objects.create(
        sandbox=account.sandbox,
        flow_id="f",
        name="F",
        latest_at=timezone.now(),
        connection_id=account.connection_id,
    )

    answer = client_as(ops).get(reverse("account-health"), {"state": "failing"})

    page = answer.content.decode()
    assert "Password expired" in page
    assert [line.dataflows for line in answer.context["lines"]] == [1]
    assert (
        client_as(ops).get(reverse("account-health"), {"state": "working"}).context["lines"] == []
    )


def test_another_teams_account_is_not_listed(client_as, ops, account):
    SourceAccount.objects.update(team=Team.objects.create(name="Elsewhere"))

    assert client_as(ops).get(reverse("account-health")).context["lines"] == []


def test_a_stranger_sees_no_sandbox_of_ours(client_as, stranger, ops, account):
    SourceAccount.objects.update(team=None)
    ops.teams.set(stranger.teams.all())

    assert client_as(ops).get(reverse("account-health")).context["lines"] == []


def test_all_tests_are_made_due(client_as, ops, account, django_capture_on_commit_callbacks):
    tasks.test_account(account.pk)

    client_as(ops).post(reverse("account-tests"))

    account.refresh_from_db()
    assert account.test_due_at <= timezone.now()
