"""Waking up: a task calls one function and ends."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core import leases
from flowsite.core.encrypted import Undecryptable
from flowsite.core.enqueue import enqueue
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.runs import archive, poller
from flowsite.runs.ingest import ingest_runs
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
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
def read_event_run(flow_id: str, run_id: str) -> None:
    """Reads the run that an event told of; polling follows where that fails."""
    for dataflow in Dataflow.objects.filter(flow_id=flow_id).select_related("sandbox"):
        access = (
            SandboxAccess.objects.filter(sandbox=dataflow.sandbox)
            .select_related("credential")
            .order_by("pk")
            .first()
        )
        if access is None:
            continue
        try:
            with open_platform(access.credential, dataflow.sandbox) as platform:
                run = platform.flow_service.run(run_id)
            if run.flow_id == flow_id:
                ingest_runs(dataflow.sandbox, [run])
        except (AepError, Undecryptable) as error:
            logger.warning("run of an event not read", extra={"error": type(error).__name__})
            SandboxSync.objects.filter(sandbox=dataflow.sandbox).update(due_at=timezone.now())
        else:
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
