"""Waking up: a task calls one function and ends."""

from __future__ import annotations

import logging

from celery import shared_task

logger = logging.getLogger(__name__)


@shared_task(queue="polling")
def poll_sandbox(sync_id: int) -> None:
    """One polling cycle of a sandbox; a message that comes too early or twice does nothing."""


@shared_task(queue="polling")
def sweep_sandboxes() -> int:
    """Calls a worker for every sandbox that is due."""
    return 0
