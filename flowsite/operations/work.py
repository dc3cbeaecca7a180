"""How much work there is and how long it waits, for the health page and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from flowsite.core import leases
from flowsite.credentials.models import Credential, SourceAccount
from flowsite.runs.models import Dataflow, SandboxSync
from flowsite.submissions.models import ACTIVE, Submission, SubmissionState

#: A sandbox counts as late after so many missed cycles, and then this.
_MISSED, _GRACE = 5, timedelta(seconds=120)


@dataclass(frozen=True)
class SandboxLag:
    """How far behind the reading of a sandbox is; ``lag`` None: never read."""

    name: str
    organisation: str
    lag: timedelta | None
    failures: int
    late: bool
    error: dict[str, Any]


def sandbox_lags() -> list[SandboxLag]:
    """Every sandbox that is being read, by name."""
    now = timezone.now()
    allowed = timedelta(seconds=settings.POLL_S) * _MISSED + _GRACE
    rows = SandboxSync.objects.filter(
        sandbox__state__iexact="active", sandbox__sandboxaccess__isnull=False
    ).select_related("sandbox__organisation")
    found = []
    for sync in rows.distinct().order_by("sandbox__name", "pk"):
        lag = now - sync.succeeded_at if sync.succeeded_at else None
        found.append(
            SandboxLag(
                name=sync.sandbox.name,
                organisation=sync.sandbox.organisation.org_id,
                lag=lag,
                failures=sync.failures,
                # A new one has a while for its first reading.
                late=lag > allowed if lag is not None else sync.due_at < now - allowed,
                error=sync.error or {},
            )
        )
    return found


def submissions_by_state() -> dict[str, int]:
    """Every state, also those that no submission is in."""
    rows = Submission.objects.order_by().values_list("state").annotate(n=Count("pk"))
    return {**dict.fromkeys(SubmissionState.values, 0), **dict(rows)}


@dataclass(frozen=True)
class Waiting:
    """Submissions that are due and that nobody works on."""

    count: int
    oldest: timedelta


def waiting_submissions() -> Waiting:
    """Work that a healthy installation begins within seconds."""
    now = timezone.now()
    due = Submission.objects.filter(leases.free(now), state__in=ACTIVE, due_at__lte=now)
    found = due.aggregate(n=Count("pk"), first=Min("due_at"))
    return Waiting(found["n"], now - found["first"] if found["first"] else timedelta())


def dataflows_by_state() -> dict[str, int]:
    """Dataflows that exist in AEP as far as is known."""
    rows = Dataflow.objects.filter(deleted_at=None, missing_since=None).order_by()
    return dict(rows.values_list("state").annotate(n=Count("pk")))


def failing() -> dict[str, int]:
    """Sign-ins that don't work."""
    return {
        "credential": Credential.objects.filter(~Q(last_error="")).count(),
        "account": SourceAccount.objects.filter(test_ok=False, state__gt="").count(),
    }
