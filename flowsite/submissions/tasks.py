"""Waking up: a task calls one function and ends."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.db.models import Q
from django.utils import timezone

from flowsite.core import leases, stopping
from flowsite.core.enqueue import enqueue
from flowsite.credentials.models import SandboxAccess
from flowsite.submissions import executor, orphan_search, secrets
from flowsite.submissions.models import ACTIVE, Submission
from flowsite.submissions.timing import Timing

logger = logging.getLogger(__name__)
#: As many as one sweep calls workers for; the next one comes soon.
SWEEP_SIZE = 200
#: So long a typed secret waits for a submission that has stopped.
SECRET_LIFE = timedelta(days=1)
#: A search for orphans reads every list of a sandbox to its end.
SEARCH_LIMIT_S = 840

worker_ready.connect(stopping.also_on_signals, weak=False)


@shared_task
def run_submission(submission_id: int) -> None:
    """Works on one submission; a message that comes too early or twice does nothing.

    What a stopping worker leaves is handed to the next one at once, not at the next sweep.
    """
    if executor.run(submission_id):
        Submission.objects.filter(pk=submission_id).update(woken_at=timezone.now())
        enqueue(run_submission, submission_id)


@shared_task
def sweep_submissions() -> int:
    """Calls a worker for every row that is due and that nobody holds or was called for lately."""
    now = timezone.now()
    secrets.purge(now - SECRET_LIFE)
    fresh = Q(woken_at__gt=now - Timing.from_settings().lease)
    due = Submission.objects.filter(
        leases.free(now), ~fresh, state__in=ACTIVE, due_at__lte=now
    ).order_by("due_at")
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:SWEEP_SIZE]):
        Submission.objects.filter(pk=pk).update(woken_at=now)
        if not enqueue(run_submission, pk):
            Submission.objects.filter(pk=pk).update(woken_at=None)
            break
        count += 1
    return count


@shared_task(soft_time_limit=SEARCH_LIMIT_S, time_limit=SEARCH_LIMIT_S + 30)
def search_orphans(access_id: int) -> None:
    """Looks through a sandbox for ``orphan_search``; the page reads what it leaves there."""
    access = SandboxAccess.objects.filter(pk=access_id).first()
    if access is not None:
        orphan_search.carry_out(access)
