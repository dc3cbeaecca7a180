"""How the days of one dataflow went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from flowsite.runs.models import Dataflow, FlowRun, RunState


@dataclass(frozen=True)
class DayTotals:
    """Runs that began on one day (UTC), and the records that they moved; None: not known."""

    day: date
    success: int = 0
    partial: int = 0
    failed: int = 0
    unfinished: int = 0
    received: int | None = None
    failed_records: int | None = None

    @property
    def runs(self) -> int:
        return self.success + self.partial + self.failed + self.unfinished

    @property
    def state(self) -> str:
        """The worst that happened; empty without a run."""
        for state, count in (
            (RunState.FAILED, self.failed),
            (RunState.PARTIAL, self.partial),
            (RunState.IN_PROGRESS, self.unfinished),
            (RunState.SUCCESS, self.success),
        ):
            if count:
                return str(state.value)
        return ""


def midnight(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


def day_totals(dataflow: Dataflow, first: date, until: date) -> Mapping[date, DayTotals]:
    """Days with a run, from ``first`` until before ``until``. One query."""
    rows: Any = (
        FlowRun.objects.filter(dataflow=dataflow, at__gte=midnight(first), at__lt=midnight(until))
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .values("day")
        .annotate(
            n=Count("pk"),
            n_success=Count("pk", filter=Q(state=RunState.SUCCESS)),
            n_partial=Count("pk", filter=Q(state=RunState.PARTIAL)),
            n_failed=Count("pk", filter=Q(state=RunState.FAILED)),
            sum_received=Sum("received"),
            sum_failed=Sum("failed"),
        )
        .order_by("day")
    )
    return {
        row["day"]: DayTotals(
            row["day"],
            row["n_success"],
            row["n_partial"],
            row["n_failed"],
            row["n"] - row["n_success"] - row["n_partial"] - row["n_failed"],
            row["sum_received"],
            row["sum_failed"],
        )
        for row in rows
    }


def next_month(month: date) -> date:
    """The first of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
