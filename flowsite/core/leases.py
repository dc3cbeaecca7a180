"""Leases on rows: one holder at a time, across processes and hosts.

A model that can be leased has ``lease_token`` (text, empty when free) and ``lease_until``.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone


class Leasable(models.Model):
    """The two columns of a lease."""

    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def free(now: datetime | None = None) -> models.Q:
    """Rows nobody holds."""
    return models.Q(lease_token="") | models.Q(lease_until__lt=now or timezone.now())


def take(row: Any, length: timedelta) -> str | None:
    """A token if the row was free, else None. One conditional UPDATE decides."""
    now = timezone.now()
    token = secrets.token_hex(16)
    rows = type(row)._default_manager.filter(free(now), pk=row.pk)
    return token if rows.update(lease_token=token, lease_until=now + length) else None


def renew(row: Any, token: str, length: timedelta) -> bool:
    """False when the lease was lost: stop at once."""
    rows = type(row)._default_manager.filter(pk=row.pk, lease_token=token)
    return bool(rows.update(lease_until=timezone.now() + length))


def release(row: Any, token: str, **values: Any) -> bool:
    """Gives the row back, writing ``values`` with it."""
    rows = type(row)._default_manager.filter(pk=row.pk, lease_token=token)
    return bool(rows.update(lease_token="", lease_until=None, **values))
