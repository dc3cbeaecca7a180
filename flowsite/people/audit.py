"""Writing the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from flowsite.core.redaction import redact
from flowsite.people.models import AuditEntry, Team, User

#: Who acted when nobody did.
SYSTEM = "system"


@dataclass(frozen=True)
class Origin:
    """Who acts and from where; what services need in order to record what they did."""

    user: User | None = None
    actor: str = SYSTEM
    remote_addr: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Origin:
        """The person behind a request."""
        user = request.user if request.user.is_authenticated else None
        address = request.META.get("REMOTE_ADDR") or ""
        return cls(user, user.get_username() if user else "anonymous", address)


#: A command typed on the server.
COMMAND_LINE = Origin(actor="command line")


def record(
    action: str,
    *,
    user: User | None = None,
    request: HttpRequest | None = None,
    by: Origin | None = None,
    team: Team | None = None,
    obj: Any = None,
    object_type: str = "",
    object_id: str = "",
    object_name: str = "",
    actor: str = "",
    request_id: str = "",
    **details: Any,
) -> AuditEntry:
    """One entry. ``details`` must be JSON-like; values under secret names are masked.

    Who acted: ``by``, or else ``user``, or else the person behind ``request``. ``changes`` among
    the details is ``{field: [before, after]}``. ``request_id`` is AEP's.
    """
    if by is not None:
        user, actor = by.user, by.actor
    if request is not None and user is None and request.user.is_authenticated:
        user = request.user
    if obj is not None:
        object_type = object_type or obj._meta.model_name
        object_id = object_id or str(obj.pk)
        object_name = object_name or str(obj)
    address = by.remote_addr if by else ""
    if request is not None:
        address = request.META.get("REMOTE_ADDR") or ""
    return AuditEntry.objects.create(
        user=user,
        actor=actor or (user.get_username() if user else SYSTEM),
        team=team,
        action=action,
        object_type=object_type,
        object_id=object_id[:100],
        object_name=object_name[:300],
        details=redact(details),
        remote_addr=address[:60],
        request_id=request_id[:100],
    )


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What differs, as ``changes`` of an entry: {field: [before, after]}."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
