"""Waking workers. The row is the truth; a message that gets lost only costs time."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue_on_commit(task: Any, *args: Any) -> None:
    """Sends a task once the transaction is committed.

    A broker that can't be reached is logged and nothing more: beat picks the row up.
    """
    transaction.on_commit(lambda: enqueue(task, *args), robust=True)


def enqueue(task: Any, *args: Any) -> bool:
    """Sends a task now; False if the broker did not take it within a second."""
    try:
        task.apply_async(args=args, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning(
            "task not enqueued; the sweep will find the row",
            extra={"task": task.name, "error": type(error).__name__},
        )
        return False
    return True
