"""What the pages of this room share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flowsite.people.rights import Role, has_role

READERS = (Role.ANALYST, Role.OPS, Role.ADMIN)
EDITORS = (Role.OPS, Role.ADMIN)
PAGE_SIZE = 50
#: Hours → words; 0 ends a mute.
MUTES = {
    "1": gettext_lazy("for 1 hour"),
    "4": gettext_lazy("for 4 hours"),
    "24": gettext_lazy("for 24 hours"),
    "168": gettext_lazy("for 7 days"),
}


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages of this room."""
    pages = {
        "alerts": _("Alerts"),
        "rules": _("Rules"),
        "channels": _("Channels"),
        "deliveries": _("Delivery log"),
    }
    return [
        {"label": label, "url": reverse(name), "current": name == current}
        for name, label in pages.items()
    ]


def may_edit(request: HttpRequest) -> bool:
    """Whether the person changes rules and channels, or only reads them."""
    return has_role(request.user, *EDITORS)


def must_edit(request: HttpRequest) -> None:
    """Raises PermissionDenied for those who only read."""
    if not may_edit(request):
        raise PermissionDenied("This is for: ops, admin.")


def mute_end(request: HttpRequest) -> datetime | None:
    """Until when the form mutes; None ends a mute. Raises Http404 for anything else."""
    hours = request.POST.get("hours", "")
    if hours == "0":
        return None
    if hours not in MUTES:
        raise Http404("There is no such time.")
    return timezone.now() + timedelta(hours=int(hours))
