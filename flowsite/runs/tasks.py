"""Waking up: a task calls one function and ends."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from flowsite.core import leases
from flowsite.core.enqueue import enqueue
from flowsite.credentials.models import Sandbox
from flowsite.runs import archive, poller
from flowsite.runs.models import FlowRun, SandboxSync
from flowsite.runs.signals import sandbox_read

logger = logging.getLogger(__name__)


@shared_task
def poll_sandbox(sync_id: int) -> None:
    """One polling cycle of a sandbox; a message that comes too early or twice does nothing."""
    report = poller.poll_if_due(sync_id)
    if report is None:
        return
    logger.info(
        "polled",
        extra={
            "sandbox": report.sandbox,
            "calls": report.calls,
            "runs_new": len(report.runs_new),
            "runs_changed": len(report.runs_changed),
            "finished": report.finished,
            "failed": (report.error or {}).get("message", ""),
        },
    )
    sandbox_read.send(sender=__name__)


@shared_task
def keep_rows(sync_id: int) -> None:
    """Reads and keeps refused rows of a sandbox's runs, beside its polling."""
    sync = SandboxSync.objects.select_related("sandbox").filter(pk=sync_id).first()
    if sync is not None:
        archive.keep_wanted_rows(sync.sandbox)


def _call_for_rows(now: datetime) -> None:
    """A worker for each sandbox with runs whose refused rows are wanted, once a minute."""
    wanted = FlowRun.objects.filter(sandbox=OuterRef("sandbox"), rows_wanted_at__lte=now)
    fresh = Q(rows_woken_at__gt=now - timedelta(minutes=1))
    due = SandboxSync.objects.filter(Exists(wanted), ~fresh | Q(rows_woken_at=None))
    for pk in list(due.values_list("pk", flat=True)):
        SandboxSync.objects.filter(pk=pk).update(rows_woken_at=now)
        enqueue(keep_rows, pk)


@shared_task
def sweep_sandboxes() -> int:
    """Calls a worker for every sandbox that is due, unless one holds it or was called lately."""
    now = timezone.now()
    reached = Sandbox.objects.filter(state__iexact="active", sandboxaccess__isnull=False).distinct()
    for sandbox in reached.filter(sandboxsync=None):
        SandboxSync.objects.get_or_create(sandbox=sandbox, defaults={"due_at": now})
    fresh = Q(woken_at__gt=now - timedelta(seconds=settings.LEASE_S))
    due = SandboxSync.objects.filter(
        leases.free(now), ~fresh | Q(woken_at=None), due_at__lte=now, sandbox__in=reached
    ).order_by("due_at")
    count = 0
    for pk in list(due.values_list("pk", flat=True)):
        SandboxSync.objects.filter(pk=pk).update(woken_at=now)
        if not enqueue(poll_sandbox, pk):
            SandboxSync.objects.filter(pk=pk).update(woken_at=None)
            break
        count += 1
    _call_for_rows(now)
    return count
