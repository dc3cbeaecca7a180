"""The work queue: dataflows whose latest finished run failed, grouped by what they have in common.

One expired password over 80 dataflows is one cause: same error code, same account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from flowsite.credentials.models import Sandbox
from flowsite.people.models import Membership, User
from flowsite.people.selectors import teams_of
from flowsite.runs.models import Dataflow, RunState, WorkItem


@dataclass(frozen=True)
class CauseKey:
    """What makes failures one cause."""

    team_id: int
    sandbox_id: int
    code: str
    connection_id: str


@dataclass(frozen=True)
class Cause:
    """Open failures with one cause, and what people have said about it."""

    key: CauseKey
    account_name: str
    connection_spec_id: str
    dataflows: int
    since: datetime | None
    newest: datetime | None
    item: WorkItem | None = None


def failing_dataflows(user: User) -> QuerySet[Dataflow]:
    """Dataflows of the person's teams whose latest finished run failed."""
    return Dataflow.objects.filter(
        team__in=teams_of(user),
        last_finished_state=RunState.FAILED,
        deleted_at=None,
        missing_since=None,
    )


def causes_for_user(user: User, sandboxes: Iterable[Sandbox]) -> list[Cause]:
    """Open causes, those that stop most dataflows first. Two queries."""
    chosen = list(sandboxes)
    rows: Any = (
        failing_dataflows(user)
        .filter(sandbox__in=chosen)
        .values("team_id", "sandbox_id", "last_error_code", "connection_id")
        .annotate(
            account=Max("account_name"),
            spec=Max("connection_spec_id"),
            dataflows=Count("pk"),
            since=Min("failing_since"),
            newest=Max("last_failed_at"),
        )
        .order_by("-dataflows", "-newest")
    )
    items = WorkItem.objects.filter(team__in=teams_of(user), sandbox__in=chosen)
    said = {key_of(item): item for item in items.select_related("assignee", "seen_by")}
    found = []
    for row in rows:
        key = CauseKey(
            row["team_id"], row["sandbox_id"], row["last_error_code"], row["connection_id"]
        )
        found.append(
            Cause(
                key,
                row["account"],
                row["spec"],
                row["dataflows"],
                row["since"],
                row["newest"],
                said.get(key),
            )
        )
    return found


def key_of(item: WorkItem) -> CauseKey:
    """The cause that an item speaks about."""
    return CauseKey(item.team_id, item.sandbox_id, item.code, item.connection_id)


def dataflows_of(user: User, key: CauseKey) -> QuerySet[Dataflow]:
    """The failing dataflows of one cause; none when the person may not see it, or it is gone."""
    return failing_dataflows(user).filter(
        team_id=key.team_id,
        sandbox_id=key.sandbox_id,
        last_error_code=key.code,
        connection_id=key.connection_id,
    )


def people_by_team(user: User) -> dict[int, list[User]]:
    """Who can be given a cause: the active people of each of the person's teams. One query."""
    rows = Membership.objects.filter(team__in=teams_of(user), user__is_active=True)
    found: dict[int, list[User]] = {}
    for row in rows.select_related("user").order_by("user__first_name", "user__username"):
        found.setdefault(row.team_id, []).append(row.user)
    return found


@transaction.atomic
def say(key: CauseKey, **values: Any) -> WorkItem:
    """Keeps an assignee or a note for a cause."""
    item, _ = WorkItem.objects.update_or_create(
        team_id=key.team_id,
        sandbox_id=key.sandbox_id,
        code=key.code,
        connection_id=key.connection_id,
        defaults=values,
    )
    return item


def forget_what_is_over(sandbox: Sandbox) -> int:
    """Deletes what was said about causes that no dataflow fails of any more."""
    failing = Dataflow.objects.filter(
        team=OuterRef("team"),
        sandbox=OuterRef("sandbox"),
        last_error_code=OuterRef("code"),
        connection_id=OuterRef("connection_id"),
        last_finished_state=RunState.FAILED,
        deleted_at=None,
    )
    count, _ = WorkItem.objects.filter(~Exists(failing), sandbox=sandbox).delete()
    return count
