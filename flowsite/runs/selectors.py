"""Reading dataflows and runs, always through the person's teams.

A dataflow that nobody has adopted is shown to everybody whose team reaches its sandbox: their
credential reads it from AEP anyway. Nobody acts on it before an administrator adopts it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum

from flowsite.credentials.models import Sandbox
from flowsite.people.models import User
from flowsite.people.rights import Role, has_role
from flowsite.people.selectors import teams_of
from flowsite.runs.models import Dataflow, FlowRun, RunHour, SandboxSync

#: Columns that lists never print.
_DOCUMENTS = ("definition", "facts")


@dataclass(frozen=True)
class Reach:
    """Whose rows a person sees: their teams, and the sandboxes that these reach."""

    teams: frozenset[int]
    sandboxes: frozenset[int]


def reach_of(user: User) -> Reach:
    """Read once per request: these few keys make every later query cheaper than subqueries do."""
    cached: Reach | None = getattr(user, "_reach", None)
    if cached is None:
        rows = teams_of(user).values_list("pk", "credential__sandboxaccess__sandbox")
        pairs = list(rows)
        cached = Reach(
            frozenset(team for team, _ in pairs),
            frozenset(sandbox for _, sandbox in pairs if sandbox is not None),
        )
        user._reach = cached  # type: ignore[attr-defined]
    return cached


def _visible(user: User, prefix: str = "") -> Q:
    reach = reach_of(user)
    own = Q(**{f"{prefix}team__in": reach.teams})
    unowned = Q(**{f"{prefix}team": None, f"{prefix}sandbox__in": reach.sandboxes})
    return own | unowned


def dataflows_for_user(user: User) -> QuerySet[Dataflow]:
    """Dataflows of the person's teams, and unowned ones of sandboxes that these reach."""
    return Dataflow.objects.filter(_visible(user), deleted_at=None)


def dataflow_for_user(user: User, pk: int) -> Dataflow | None:
    """None for one that the person may not see. Deleted ones are found."""
    rows = Dataflow.objects.filter(_visible(user), pk=pk)
    return rows.select_related("team", "owner", "sandbox__organisation").first()


def find_dataflow(user: User | None, reference: str) -> Dataflow | None:
    """By local key or flow id; without a user (command line) among all."""
    rows = Dataflow.objects.all() if user is None else dataflows_for_user(user)
    if reference.isdecimal() and len(reference) < 18:
        return rows.filter(pk=int(reference)).first()
    return rows.filter(flow_id=reference).order_by("pk").first()


def may_act_on(user: User, dataflow: Dataflow) -> bool:
    """Whether the person may enable, disable, retry: any role, in the dataflow's own team."""
    if dataflow.team_id is None or dataflow.deleted_at is not None:
        return False
    if not has_role(user, Role.ANALYST, Role.OPS):
        return False
    return teams_of(user).filter(pk=dataflow.team_id).exists()


def may_adopt(user: User, dataflow: Dataflow) -> bool:
    """Administrators adopt dataflows that were made elsewhere."""
    return dataflow.team_id is None and has_role(user, Role.ADMIN)


def runs_for_user(user: User) -> QuerySet[FlowRun]:
    """Runs of the dataflows that the person sees."""
    return FlowRun.objects.filter(_visible(user, "dataflow__"), dataflow__deleted_at=None)


def run_for_user(user: User, pk: int) -> FlowRun | None:
    """None for one that the person may not see."""
    rows = FlowRun.objects.filter(_visible(user, "dataflow__"), pk=pk)
    return rows.select_related("dataflow__team", "dataflow__owner", "sandbox").first()


def runs_of(dataflow: Dataflow) -> QuerySet[FlowRun]:
    """All runs of one dataflow, newest first."""
    return FlowRun.objects.filter(dataflow=dataflow).order_by("-at", "-pk")


def late_before(now: datetime) -> datetime:
    """A dataflow is late when its next expected run lies before this."""
    return now - timedelta(seconds=settings.LATE_MARGIN_S)


def late_dataflows(
    rows: QuerySet[Dataflow], now: datetime, margin: timedelta | None = None
) -> QuerySet[Dataflow]:
    """Those whose expected run had not begun when the sandbox was last read.

    A sandbox that can't be read says nothing about its dataflows, so that none becomes late by it.
    """
    margin = timedelta(seconds=settings.LATE_MARGIN_S) if margin is None else margin
    late_from = F("next_expected_at") + margin
    return rows.filter(
        next_expected_at__lt=now - margin, sandbox__sandboxsync__succeeded_at__gt=late_from
    )


def syncs_of(sandboxes: Iterable[Sandbox]) -> list[SandboxSync]:
    """Where the pollers of these sandboxes stand. One query."""
    return list(SandboxSync.objects.filter(sandbox__in=list(sandboxes)).select_related("sandbox"))


def read_at(syncs: Iterable[SandboxSync]) -> dict[int, datetime | None]:
    """When each sandbox (by key) was last read to the end."""
    return {sync.sandbox_id: sync.succeeded_at for sync in syncs}


@dataclass(frozen=True)
class HourTotals:
    """One bar of a chart: sums over the hours from ``start`` on."""

    start: datetime
    success: int = 0
    partial: int = 0
    failed: int = 0
    unfinished: int = 0
    received: int = 0
    ingested: int = 0
    failed_records: int = 0

    @property
    def runs(self) -> int:
        return self.success + self.partial + self.failed + self.unfinished


_SUMS = ("success", "partial", "failed", "unfinished", "received", "ingested", "failed_records")


def hour_totals(
    user: User, sandboxes: Iterable[Sandbox], *, start: datetime, end: datetime
) -> list[HourTotals]:
    """Roll-ups per hour over the person's dataflows in these sandboxes. Empty hours are absent."""
    rows: Any = (
        RunHour.objects.filter(
            Q(team__in=reach_of(user).teams) | Q(team=None),
            sandbox__in=list(sandboxes),
            hour__gte=start,
            hour__lt=end,
        )
        .values("hour")
        .annotate(**{f"total_{name}": Sum(name) for name in _SUMS})
        .order_by("hour")
    )
    return [
        HourTotals(start=row["hour"], **{name: row[f"total_{name}"] for name in _SUMS})
        for row in rows
    ]
