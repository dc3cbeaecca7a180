"""Scheduled tests of source accounts: a task calls one function and ends."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from flowsite.core.enqueue import enqueue
from flowsite.credentials import accounts
from flowsite.credentials.models import SourceAccount

logger = logging.getLogger(__name__)
#: As many as one sweep calls workers for: a test takes seconds, and other work waits in the queue.
SWEEP_SIZE = 20


@shared_task
def test_account(account_id: int) -> None:
    """Tests one account; a message that comes too early or twice does nothing."""
    ok = accounts.test_if_due(account_id)
    if ok is not None:
        logger.info("account tested", extra={"account": account_id, "ok": ok})


test_account.__test__ = False


@shared_task
def sweep_accounts() -> int:
    """Calls a worker for every account whose test is due."""
    if not settings.ACCOUNT_TEST_S:
        return 0
    now, count = timezone.now(), 0
    for pk in list(accounts.due_accounts(now).values_list("pk", flat=True)[:SWEEP_SIZE]):
        SourceAccount.objects.filter(pk=pk).update(woken_at=now)
        if not enqueue(test_account, pk):
            SourceAccount.objects.filter(pk=pk).update(woken_at=None)
            break
        count += 1
    return count
