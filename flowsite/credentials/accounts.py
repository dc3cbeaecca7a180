"""Source accounts: what AEP lists, kept as rows, and tests of them, asked for or scheduled."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.aep.flow_service import Connection, TestResult
from flowsite.core import leases
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess, SourceAccount
from flowsite.people import audit

#: Longer than a test can take.
TEST_LEASE: Final = timedelta(seconds=180)
#: A failing account is tried again sooner, so that its recovery is seen.
FIRST_RETRY: Final = timedelta(minutes=30)
#: When AEP itself could not be asked.
AFTER_TROUBLE: Final = timedelta(minutes=15)


def refresh_accounts(
    credential: Credential,
    sandbox: Sandbox,
    *,
    connection_spec_id: str | None = None,
    max_wait_s: float = 20,
) -> None:
    """Reads the accounts of one source, or of all, and keeps them. Raises AepError."""
    spec_id = connection_spec_id
    filters = [("connectionSpec.id", "==", spec_id)] if spec_id else []
    with open_platform(credential, sandbox, max_wait_s=max_wait_s) as platform:
        found = list(platform.flow_service.connections(filters))
    _keep(sandbox, (one for one in found if not spec_id or one.connection_spec_id == spec_id))
    _forget(sandbox, {one.id for one in found}, spec_id)


@transaction.atomic
def _keep(sandbox: Sandbox, found: Iterable[Connection]) -> None:
    known = {row.connection_id: row for row in SourceAccount.objects.filter(sandbox=sandbox)}
    for one in found:
        row = known.get(one.id) or SourceAccount(sandbox=sandbox, connection_id=one.id)
        values = {
            "name": one.name[:300] or one.id,
            "description": one.description,
            "connection_spec_id": one.connection_spec_id,
            "auth_spec": one.auth_spec[:200],
            "state": one.state[:40] or "enabled",
            "created_at": one.created_at,
        }
        if row.pk is None:
            SourceAccount.objects.create(sandbox=sandbox, connection_id=one.id, **values)
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            # Not the other columns: a test may be writing them.
            row.save(update_fields=[*values, "seen_at"])


def _forget(sandbox: Sandbox, listed: set[str], spec_id: str | None) -> None:
    """Accounts that AEP lists no more keep their row, without a state."""
    gone = SourceAccount.objects.filter(sandbox=sandbox, state__gt="").exclude(
        connection_id__in=listed
    )
    if spec_id:
        gone = gone.filter(connection_spec_id=spec_id)
    gone.update(state="")


def test_account(
    account: SourceAccount, credential: Credential, *, max_wait_s: float
) -> TestResult:
    """Asks the provider through AEP, and keeps the answer. Raises AepError, Undecryptable."""
    with open_platform(credential, account.sandbox, max_wait_s=max_wait_s) as platform:
        result = platform.flow_service.test_connection(account.connection_id)
    now = timezone.now()
    was_failing = account.failing_since is not None
    account.tested_at, account.test_ok = now, result.ok
    account.test_message = "" if result.ok else result.message
    account.test_failures = 0 if result.ok else account.test_failures + 1
    account.failing_since = None if result.ok else account.failing_since or now
    account.test_due_at = now + _pause(account.test_failures)
    account.save(
        update_fields=[
            "tested_at",
            "test_ok",
            "test_message",
            "test_failures",
            "failing_since",
            "test_due_at",
            "seen_at",
        ]
    )
    if was_failing != (account.failing_since is not None):
        _record_turn(account, result)
    return result


test_account.__test__ = False  # type: ignore[attr-defined]  # not for pytest


def _pause(failures: int) -> timedelta:
    """Until the next scheduled test: as set, spread a little; sooner while it fails."""
    usual = timedelta(seconds=settings.ACCOUNT_TEST_S)
    if failures:
        usual = min(usual, FIRST_RETRY * 2 ** min(failures - 1, 10))
    return usual * random.uniform(0.9, 1.1)


def _record_turn(account: SourceAccount, result: TestResult) -> None:
    """An account that begins to fail, or works again, is an event; each test is not."""
    audit.record(
        "account.recovered" if result.ok else "account.failing",
        team=account.team,
        obj=account,
        request_id=result.request_id or "",
        message=result.message,
    )


# --- scheduled -----------------------------------------------------------------------------------


def due_accounts(now: datetime) -> QuerySet[SourceAccount]:
    """Accounts whose scheduled test is due and that nobody holds or was called for lately."""
    reached = SandboxAccess.objects.filter(sandbox__state__iexact="active").values("sandbox")
    fresh = Q(woken_at__gt=now - TEST_LEASE)
    rows = SourceAccount.objects.filter(
        leases.free(now),
        Q(test_due_at=None) | Q(test_due_at__lte=now),
        ~fresh | Q(woken_at=None),
        state__iexact="enabled",
        sandbox__in=reached,
    )
    return rows.order_by("test_due_at", "pk")


def test_if_due(pk: int) -> bool | None:
    """One scheduled test under the account's lease; None when there was nothing to do."""
    account = SourceAccount.objects.select_related("sandbox", "team").filter(pk=pk).first()
    if account is None or not is_due(account):
        return None
    lease = leases.take(account, TEST_LEASE)
    if lease is None:
        return None
    try:
        credential = credential_for(account)
        if credential is None:
            return None
        return test_account(account, credential, max_wait_s=20).ok
    except (AepError, Undecryptable) as error:
        wait = getattr(error, "retry_after_s", None)
        pause = max(AFTER_TROUBLE, timedelta(seconds=wait or 0))
        SourceAccount.objects.filter(pk=pk).update(test_due_at=timezone.now() + pause)
        return None
    finally:
        leases.release(account, lease, woken_at=None)


test_if_due.__test__ = False  # type: ignore[attr-defined]


def is_due(account: SourceAccount) -> bool:
    """Whether the test is still due: the message may have come late or twice."""
    return account.test_due_at is None or account.test_due_at <= timezone.now()


def credential_for(account: SourceAccount) -> Credential | None:
    """A way to the account: the team's own before others, working before failing ones."""
    rows = SandboxAccess.objects.filter(sandbox=account.sandbox).select_related(
        "credential__organisation", "credential__team"
    )
    ordered = sorted(
        (row.credential for row in rows),
        key=lambda row: (bool(row.last_error), row.team_id != account.team_id, row.pk),
    )
    return ordered[0] if ordered else None


def ask_for_tests(accounts: QuerySet[SourceAccount]) -> int:
    """Makes tests due now; how many."""
    return accounts.update(test_due_at=timezone.now(), woken_at=None)
