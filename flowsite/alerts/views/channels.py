"""Channels: list, new, edit, test, delete; and the log of what was sent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flowsite.alerts import deliver, services
from flowsite.alerts.chat import SERVICES
from flowsite.alerts.forms.channel import ChannelForm
from flowsite.alerts.models import Channel, Delivery, DeliveryState
from flowsite.alerts.rows import channel_rows, delivery_rows
from flowsite.alerts.selectors import channels_for_user, deliveries_for_user
from flowsite.alerts.services import AlertProblem
from flowsite.alerts.views.common import (
    EDITORS,
    PAGE_SIZE,
    READERS,
    may_edit,
    must_edit,
    tabs,
)
from flowsite.core.keyset import page_of
from flowsite.core.wording import words
from flowsite.people import audit
from flowsite.people.audit import Origin
from flowsite.people.rights import role_required


@role_required(*READERS)
def channels(request: HttpRequest) -> HttpResponse:
    """Every channel of the person's teams, with what its newest message came to."""
    rows = list(channels_for_user(request.user).order_by("name"))  # type: ignore[arg-type]
    context = {
        "tabs": tabs("channels"),
        "rows": channel_rows(rows, _latest(rows)),
        "may_edit": may_edit(request),
    }
    return render(request, "alerts/channels.html", context)


def _latest(rows: list[Channel]) -> dict[int, Delivery]:
    """Channel → its newest message; one step in an index for each, however long the log is."""
    newest = Delivery.objects.filter(channel=OuterRef("pk")).order_by("-created_at", "-pk")
    keys = Channel.objects.filter(pk__in=[one.pk for one in rows]).values(
        newest=Subquery(newest.values("pk")[:1])
    )
    return {one.channel_id: one for one in Delivery.objects.filter(pk__in=keys)}


def the_channel(request: HttpRequest, pk: int) -> Channel:
    """The channel, if it is one of the person's teams. Raises Http404."""
    row = channels_for_user(request.user).filter(pk=pk).first()  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such channel.")
    return row


@role_required(*EDITORS)
def channel_new(request: HttpRequest) -> HttpResponse:
    """A new channel."""
    form = ChannelForm(request.POST or None, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and (row := _saved(request, form)):
        messages.success(request, _("The channel is added. Send a test to see that it works."))
        return redirect("channel", row.pk)
    return _page(request, form)


@role_required(*READERS)
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    """One channel: to read for analysts, to change for the people on duty."""
    row = the_channel(request, pk)
    if request.method == "POST":
        must_edit(request)
    form = ChannelForm(request.POST or None, user=request.user, channel=row)  # type: ignore[arg-type]
    if request.method == "POST" and _saved(request, form):
        messages.success(request, _("Saved."))
        return redirect("channel", pk)
    return _page(request, form, row)


def _saved(request: HttpRequest, form: ChannelForm) -> Channel | None:
    if not form.is_valid():
        return None
    team = form.cleaned_data["team"]
    try:
        return services.save_channel(
            team, form.values(), by=Origin.of(request), channel=form.channel
        )
    except AlertProblem as problem:
        name = form.target_name if problem.field == "target" else problem.field
        form.add_error(name, str(problem))
        return None


def _page(request: HttpRequest, form: ChannelForm, row: Channel | None = None) -> HttpResponse:
    editable = may_edit(request)
    if not editable:
        for field in form.fields.values():
            field.disabled = True
    sent = deliveries_for_user(request.user).filter(channel=row)[:10] if row else []  # type: ignore[arg-type]
    context = {
        "form": form,
        "row": row,
        "may_edit": editable,
        "services": sorted(SERVICES.values(), key=lambda one: one.name.lower()),
        "no_mail": not settings.EMAIL_URL,
        "deliveries": delivery_rows(sent),
    }
    return render(request, "alerts/channel.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(*EDITORS)
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a test message at once and says what came of it."""
    row = the_channel(request, pk)
    trial = deliver.send_test(row)
    audit.record("channel.tested", request=request, team=row.team, obj=row, worked=trial.ok)
    outcome = {"outcome": words(trial.outcome)}
    if trial.ok:
        messages.success(request, _("The test was sent. %(outcome)s") % outcome)
    else:
        messages.error(request, _("The test could not be sent. %(outcome)s") % outcome)
    return redirect("channel", pk)


@require_POST
@role_required(*EDITORS)
def channel_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a channel and its log."""
    services.delete_channel(the_channel(request, pk), by=Origin.of(request))
    messages.success(request, _("The channel is deleted."))
    return redirect("channels")


@role_required(*READERS)
def deliveries(request: HttpRequest) -> HttpResponse:
    """What was sent, newest first."""
    rows = deliveries_for_user(request.user)  # type: ignore[arg-type]
    state = request.GET.get("state", "")
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    page = page_of(rows, order="-created_at", cursor=request.GET.get("page"), size=PAGE_SIZE)
    place = request.path
    every = [{"label": _("All"), "url": place, "current": state not in DeliveryState.values}]
    context: dict[str, Any] = {
        "tabs": tabs("deliveries"),
        "rows": delivery_rows(page.rows),
        "page": page,
        "state": state,
        "chips": every
        + [
            {"label": one.label, "url": f"{place}?state={one.value}", "current": state == one.value}
            for one in DeliveryState
        ],
        "may_edit": may_edit(request),
    }
    return render(request, "alerts/deliveries.html", context)


@require_POST
@role_required(*EDITORS)
def delivery_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries a message anew that was given up."""
    row = deliveries_for_user(request.user).filter(pk=pk).first()  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such message.")
    if services.send_again(row, by=Origin.of(request)):
        messages.success(request, _("The message is being sent again."))
    return redirect("deliveries")
