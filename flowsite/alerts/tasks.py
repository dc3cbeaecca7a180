"""Waking up: a task calls one function and ends."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from flowsite.alerts import deliver as sending
from flowsite.alerts.evaluate import evaluate
from flowsite.alerts.models import OPEN_DELIVERIES, Delivery
from flowsite.alerts.pruning import forget_old
from flowsite.core import leases
from flowsite.core.enqueue import enqueue

logger = logging.getLogger(__name__)
#: As many as one sweep calls workers for: a silent receiver costs 20 s, and polling waits behind.
SWEEP_SIZE = 20


@shared_task
def evaluate_alerts(asked_at: str = "") -> None:
    """One look at every rule; messages that came too often find nothing left to do."""
    outcome = evaluate(asked_at=datetime.fromisoformat(asked_at) if asked_at else None)
    if outcome is None:
        return
    if outcome.opened or outcome.recovered:
        numbers = {"opened": len(outcome.opened), "recovered": len(outcome.recovered)}
        logger.info("alerts", extra=numbers)
    if outcome.deliveries:
        sweep_deliveries()


def look_after_reading(**_: Any) -> None:
    """Receives the word that a sandbox was read: also a reading that found no run tells."""
    enqueue(evaluate_alerts, timezone.now().isoformat())


@shared_task
def sweep_deliveries() -> int:
    """Calls a worker for every message that is due and that nobody holds."""
    now = timezone.now()
    fresh = Q(woken_at__gt=now - sending.LEASE)
    due = Delivery.objects.filter(
        leases.free(now), ~fresh | Q(woken_at=None), state__in=OPEN_DELIVERIES, due_at__lte=now
    ).order_by("due_at", "pk")
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:SWEEP_SIZE]):
        Delivery.objects.filter(pk=pk).update(woken_at=now)
        if not enqueue(deliver, pk):
            Delivery.objects.filter(pk=pk).update(woken_at=None)
            break
        count += 1
    return count


@shared_task
def deliver(delivery_id: int) -> None:
    """Sends one message; one that is not due any more, or held, is left alone."""
    state = sending.deliver(delivery_id)
    if state is not None:
        logger.info("alert message", extra={"delivery": delivery_id, "state": state})


@shared_task
def forget_alerts() -> int:
    """Once a day: what is long over."""
    return forget_old()
