"""Alerts: what is open, what has recovered, and muting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flowsite.alerts import services, words
from flowsite.alerts.models import Alert
from flowsite.alerts.rows import alert_rows, delivery_rows
from flowsite.alerts.selectors import (
    alerts_for_user,
    channels_for_user,
    deliveries_for_user,
    rules_for_user,
)
from flowsite.alerts.views.common import (
    EDITORS,
    MUTES,
    PAGE_SIZE,
    READERS,
    may_edit,
    mute_end,
    tabs,
)
from flowsite.core.keyset import page_of
from flowsite.people.audit import Origin
from flowsite.people.rights import role_required

#: More open causes than this have one of their own.
MOST_OPEN = 200


@role_required(*READERS)
def alerts(request: HttpRequest) -> HttpResponse:
    """Open alerts, then the recovered ones page by page."""
    user: Any = request.user
    now = timezone.now()
    every = alerts_for_user(user)
    is_open = every.filter(recovered_at=None).order_by("-since", "-pk")[:MOST_OPEN]
    page = page_of(
        every.exclude(recovered_at=None),
        order="-since",
        cursor=request.GET.get("page"),
        size=PAGE_SIZE,
    )
    open_rows = alert_rows(is_open, now)
    nothing = not open_rows and not page.rows
    context = {
        "tabs": tabs("alerts"),
        "open_rows": open_rows,
        "rows": alert_rows(page.rows, now),
        "page": page,
        "mutes": MUTES.items(),
        "may_edit": may_edit(request),
        "has_rules": not nothing or rules_for_user(user).exists(),
        "has_channels": not nothing or channels_for_user(user).exists(),
    }
    return render(request, "alerts/alerts.html", context)


def the_alert(request: HttpRequest, pk: int) -> Alert:
    """The alert, if it is one of the person's teams. Raises Http404."""
    row = alerts_for_user(request.user).filter(pk=pk).first()  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such alert.")
    return row


@role_required(*READERS)
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert: what is known, its dataflows, what was sent."""
    row = the_alert(request, pk)
    sent = deliveries_for_user(request.user).filter(alert=row)  # type: ignore[arg-type]
    line = alert_rows([row], timezone.now())[0]
    context = {
        "row": row,
        "headline": line.headline,
        "status": line.status,
        "muted_until": line.muted_until,
        "own_mute": line.own_mute,
        "facts": [{"term": term, "value": value} for term, value in words.details(row)],
        "more": row.dataflow_count - len(row.dataflows),
        "deliveries": delivery_rows(sent),
        "mutes": MUTES.items(),
        "may_edit": may_edit(request),
    }
    return render(request, "alerts/alert.html", context)


@require_POST
@role_required(*EDITORS)
def alert_mute(request: HttpRequest, pk: int) -> HttpResponse:
    """Mutes one alert for some hours, or ends that."""
    row = the_alert(request, pk)
    until = mute_end(request)
    services.mute_alert(row, until, by=Origin.of(request))
    messages.success(request, _("Muted.") if until else _("Messages are sent again."))
    return redirect("alert", pk) if request.POST.get("back") == "alert" else redirect("alerts")
