"""Signs of life, and housekeeping."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from flowsite.operations import heartbeats


@shared_task
def heartbeat(queue: str) -> None:
    """A worker of this queue is alive."""
    heartbeats.note(heartbeats.worker_of(queue))


@shared_task
def clear_sessions() -> None:
    """Deletes sessions that have ended."""
    call_command("clearsessions")
