"""Source accounts as the wizard lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from flowsite.core.look import Status
from flowsite.credentials import accounts
from flowsite.credentials.models import Credential, Sandbox, SourceAccount
from flowsite.definitions.model import Account
from flowsite.definitions.sources import Source, find_source, source_by_spec
from flowsite.people.models import User
from flowsite.people.selectors import teams_of
from flowsite.runs.selectors import dataflows_for_user
from flowsite.wizard.lookups import PATIENCE_S
from flowsite.wizard.words import account_status


@dataclass(frozen=True)
class AccountRow:
    """An account as lists print it."""

    pk: int
    id: str
    name: str
    source_slug: str
    source: str
    auth_spec: str
    status: Status
    usable: bool
    dataflows: int
    tested_at: datetime | None
    test_ok: bool | None
    test_message: str
    created_at: datetime | None


def accounts_in(user: User, sandbox: Sandbox) -> QuerySet[SourceAccount]:
    """Accounts of a sandbox that the person may use: their teams' and nobody's."""
    rows = SourceAccount.objects.filter(sandbox=sandbox, state__gt="")
    return rows.filter(team__in=teams_of(user)) | rows.filter(team=None)


def account_rows(user: User, sandbox: Sandbox, *, source: Source | None = None) -> list[AccountRow]:
    """What lists print, by name; two queries."""
    found = accounts_in(user, sandbox).order_by("name", "pk")
    if source is not None:
        found = found.filter(connection_spec_id=source.connection_spec_id or "-")
    flows = dataflows_for_user(user).filter(sandbox=sandbox).exclude(connection_id="")
    counts = dict(flows.values_list("connection_id").annotate(n=Count("pk")).order_by())
    return [account_row(one, counts.get(one.connection_id, 0)) for one in found]


def account_row(account: SourceAccount, dataflows: int = 0) -> AccountRow:
    """One line."""
    source = source_by_spec(account.connection_spec_id)
    return AccountRow(
        pk=account.pk,
        id=account.connection_id,
        name=account.name,
        source_slug=source.slug if source else "",
        source=source.name if source else account.connection_spec_id,
        auth_spec=account.auth_spec,
        status=account_status(account.state),
        usable=account.state.lower() == "enabled",
        dataflows=dataflows,
        tested_at=account.tested_at,
        test_ok=account.test_ok,
        test_message=account.test_message,
        created_at=account.created_at,
    )


def refresh_accounts(
    credential: Credential, sandbox: Sandbox, *, source: Source | None = None
) -> None:
    """Reads the accounts of one source, or of all, and keeps them. Raises AepError."""
    spec_id = source.connection_spec_id if source else None
    accounts.refresh_accounts(
        credential, sandbox, connection_spec_id=spec_id, max_wait_s=PATIENCE_S
    )


def with_id(account: Account, sandbox: Sandbox) -> Account:
    """The same account with its id, if a known one has its name; unchanged if it isn't clear."""
    if account.id or not account.name:
        return account
    source = find_source(account.source)
    found = SourceAccount.objects.filter(
        sandbox=sandbox,
        name=account.name,
        connection_spec_id=(source.connection_spec_id if source else None) or "-",
        state__gt="",
    ).values_list("connection_id", flat=True)[:2]
    return account.model_copy(update={"id": found[0]}) if len(found) == 1 else account
