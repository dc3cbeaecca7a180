"""Forgets what is long over, so that lists and the log of messages do not grow for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from flowsite.alerts.models import OPEN_DELIVERIES, Alert, Delivery

#: So long after it was over, or after a test was sent.
KEPT: Final = timedelta(days=180)
#: Rows of one transaction; many locked at once would hold up who evaluates.
BATCH: Final = 500


def forget_old() -> int:
    """Deletes old recovered alerts with their messages, and old tests; how many of these."""
    before = timezone.now() - KEPT
    over = Alert.objects.filter(recovered_at__lt=before)
    tests = Delivery.objects.filter(alert=None, created_at__lt=before)
    return _delete(over) + _delete(tests.exclude(state__in=OPEN_DELIVERIES))


def _delete(rows: QuerySet[Alert] | QuerySet[Delivery]) -> int:
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.filter(pk__in=keys).delete()
        count += len(keys)
    return count
