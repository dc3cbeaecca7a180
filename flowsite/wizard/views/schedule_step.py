"""The Scheduling step."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from flowsite.definitions.columns import is_date, select
from flowsite.definitions.problems import StepName
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.people.rights import Role, role_required
from flowsite.wizard.forecast import forecast
from flowsite.wizard.forms.schedule import ScheduleForm, schedule_of
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.views.account_step import source_of
from flowsite.wizard.views.common import fragment, remote, the_draft
from flowsite.wizard.views.data_step import account_of

_READ = require_http_methods(["GET", "HEAD", "POST"])


class SchedulePage:
    """``StepPage`` of the Scheduling step."""

    name: StepName = "schedule"
    template = "wizard/schedule.html"

    def form(self, draft: Draft, data: QueryDict | None) -> ScheduleForm:
        return _form(draft, data)

    def context(self, request: HttpRequest, draft: Draft, form: ScheduleForm) -> dict[str, Any]:
        form.mark_needed()
        return {
            "source": form.source,
            "tabular": form.source is None or form.source.kind == "tabular",
            **_delta(draft, form),
            **_forecast(draft, form),
        }

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        return None

    def saved(self, draft: Draft) -> dict[str, Any]:
        return {}


def _form(draft: Draft, data: QueryDict | None) -> ScheduleForm:
    definition = definition_of(draft)
    exploration = Lookups.of_draft(draft).explored_at_hand(account_of(draft), definition.data)
    columns = None
    if exploration is not None and definition.data is not None:
        columns = select(exploration.columns, definition.data.columns).columns
    source = source_of(draft)
    return ScheduleForm(definition, data, source=source, columns=columns, now=timezone.now())


def _delta(draft: Draft, form: ScheduleForm) -> dict[str, Any]:
    dates, others = form.delta_choices()
    data = definition_of(draft).data
    exploration = Lookups.of_draft(draft).explored_at_hand(account_of(draft), data)
    left_out = []
    if exploration is not None and form.columns is not None:
        chosen = {column.name for column in form.columns}
        left_out = [
            column.name
            for column in exploration.columns
            if is_date(column) and column.name not in chosen
        ]
    return {
        "columns_known": form.columns is not None,
        "dates": dates,
        "others": others,
        "dates_left_out": left_out[:5],
        "has_data": bool(data and (data.object_name or data.params)),
    }


def _forecast(draft: Draft, form: ScheduleForm) -> dict[str, Any]:
    dataset = definition_of(draft).dataset
    profile = bool(dataset and dataset.new and dataset.new.profile_enabled)
    kind = form.source.kind if form.source else None
    found = forecast(schedule_of(form), timezone.now(), profile=profile, kind=kind)
    return {"forecast": found, "profile": profile}


@role_required(Role.ANALYST)
@_READ
def draft_forecast(request: HttpRequest, pk: int) -> HttpResponse:
    """The next runs of what is typed. Asks nobody."""
    draft = the_draft(request, pk)
    form = _form(draft, request.POST if request.method == "POST" else None)
    return fragment(
        request, "wizard/schedule.html#forecast", {"draft": draft, **_forecast(draft, form)}
    )


@role_required(Role.ANALYST)
@_READ
@remote("The columns could not be read")
def draft_delta(request: HttpRequest, pk: int) -> HttpResponse:
    """The columns to load incremental data by, when they weren't at hand."""
    draft = the_draft(request, pk)
    account, data = account_of(draft), definition_of(draft).data
    if account is not None and data is not None and (data.object_name or data.params):
        Lookups.of_draft(draft).explored(account, data)
    form = _form(draft, request.POST if request.method == "POST" else None)
    return fragment(
        request,
        "wizard/schedule.html#delta",
        {"draft": draft, "form": form, **_delta(draft, form)},
    )
