"""Writing the audit log."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from flowsite.core.redaction import redact
from flowsite.people.models import AuditEntry, Team, User


def record(
    action: str,
    *,
    user: User | None = None,
    request: HttpRequest | None = None,
    team: Team | None = None,
    obj: Any = None,
    object_type: str = "",
    object_id: str = "",
    object_name: str = "",
    actor: str = "",
    request_id: str = "",
    **details: Any,
) -> AuditEntry:
    """One entry. ``details`` must be JSON-like; values under secret names are masked."""
    if request is not None and user is None and request.user.is_authenticated:
        user = request.user
    if obj is not None:
        object_type = object_type or obj._meta.model_name
        object_id = object_id or str(obj.pk)
        object_name = object_name or str(obj)
    return AuditEntry.objects.create(
        user=user,
        actor=actor or (user.get_username() if user else "system"),
        team=team,
        action=action,
        object_type=object_type,
        object_id=object_id[:100],
        object_name=object_name[:300],
        details=redact(details),
        remote_addr=(request.META.get("REMOTE_ADDR") or "") if request else "",
        request_id=request_id,
    )
