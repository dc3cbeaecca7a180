"""Signs of life of beat and of the workers of each queue.

Beat sends a message to every queue: sending it is beat's sign of life, doing it the worker's.
So a dead worker, a dead beat and a dead broker look different.
"""

from __future__ import annotations

import logging
import socket
from datetime import datetime, timedelta
from typing import Any

from celery import signals
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from flowsite.operations.models import Heartbeat

logger = logging.getLogger(__name__)
TASK = "flowsite.operations.tasks.heartbeat"
BEAT = "beat"


def note(name: str) -> None:
    """``name`` is alive, now and here."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"at": timezone.now(), "host": socket.gethostname()[:200]}
    )


def worker_of(queue: str) -> str:
    """The name under which the workers of a queue are noted."""
    return f"worker:{queue}"


def expected() -> list[str]:
    """What must be alive for the work to go on."""
    return [BEAT, *(worker_of(queue) for queue in settings.QUEUES)]


def limit() -> timedelta:
    """Silence longer than that counts as dead: three missed beats, and time to be busy."""
    return timedelta(seconds=settings.HEARTBEAT_S * 3 + 30)


def ages(now: datetime) -> dict[str, timedelta | None]:
    """Expected name → time since its last sign of life; None: never seen."""
    seen = dict(Heartbeat.objects.values_list("name", "at"))
    return {name: now - seen[name] if name in seen else None for name in expected()}


def watch_beat() -> None:
    """In beat's own process, every heartbeat message that is about to be sent is noted."""
    signals.beat_init.connect(_begin, weak=False)


def _begin(**_: Any) -> None:
    signals.before_task_publish.connect(_published, weak=False)


def _published(sender: str | None = None, **_: Any) -> None:
    if sender != TASK:
        return
    try:
        note(BEAT)
    except DatabaseError as error:  # beat goes on; the health page will tell
        logger.warning("beat could not be noted", extra={"error": type(error).__name__})
