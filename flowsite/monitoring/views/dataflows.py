"""The list of dataflows, one dataflow, and what begins from it: adopting, exporting, cloning."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from flowsite.core.keyset import page_of
from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.yamlform import dump
from flowsite.drafts.services import clone_definition
from flowsite.monitoring import calendars, flowview, pictures, places, runview, timeline
from flowsite.monitoring.boardview import cleared, narrowing_chips
from flowsite.monitoring.filters import (
    BoardFilter,
    access_to,
    chosen_sandboxes,
)
from flowsite.monitoring.rows import freshness, poll_seconds, run_rows
from flowsite.monitoring.views.common import (
    ANYBODY,
    UNPRINTED_RUN,
    flow_table,
    hidden_fields,
    page_urls,
    sandbox_choices,
    the_dataflow,
)
from flowsite.monitoring.words import flow_status
from flowsite.people import audit
from flowsite.people.rights import Role, has_role, role_required
from flowsite.runs import services, tagging
from flowsite.runs.days import day_totals, midnight, next_month
from flowsite.runs.models import Dataflow, FlowRun
from flowsite.runs.selectors import (
    dataflows_for_user,
    may_act_on,
    may_adopt,
    read_at,
    runs_of,
    syncs_of,
)
from flowsite.submissions.services import new_key

RUNS_PER_PAGE = 20
#: Runs in the charts of a dataflow.
CHARTED = 60
#: Events on a dataflow's page; all of them have a page of their own.
EVENTS = 12


@role_required(*ANYBODY)
def dataflows(request: HttpRequest) -> HttpResponse:
    """Dataflows as objects: what they read, where it goes, how often, whose they are."""
    sandboxes = chosen_sandboxes(request)
    if not sandboxes:
        return render(request, "monitoring/no_sandbox.html")
    user: Any = request.user
    asked = BoardFilter.of(request.GET)
    address = reverse("dataflows")
    in_view = dataflows_for_user(user).filter(sandbox__in=sandboxes)
    table = flow_table(
        request, in_view, asked, timezone.now(), address=address, syncs=syncs_of(sandboxes)
    )
    context = {
        "asked": asked,
        "choices": sandbox_choices(request, sandboxes),
        "hidden": hidden_fields(request, "q", "page"),
        "clear_url": address + cleared(request.GET),
        "narrowing_chips": narrowing_chips(request.GET, asked, table["rows"]),
        "may_build": has_role(user, Role.ANALYST),
        **table,
    }
    part = "#flows" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/dataflows.html{part}", context)


@role_required(*ANYBODY)
def dataflow(request: HttpRequest, pk: int) -> HttpResponse:
    """One dataflow: definition, lineage, runs, charts, and who did what to it."""
    row = the_dataflow(request, pk)
    user: Any = request.user
    may_act, may_build = may_act_on(user, row), has_role(user, Role.ANALYST)
    actions = flowview.actions(row, may_act=may_act, may_build=may_build)
    may_map = may_act and may_build and flowview.may_map(row)
    links = {row.connection_id: places.account_page(row)}
    if may_map:
        links[row.mapping_set_id] = reverse("dataflow-mapping", args=[pk])
    newest, may_tag = _newest(row), may_act and tagging.has_a_say(user, row)
    context = {
        **_moving(request, row, newest),
        "facts": flowview.definition_facts(row),
        "lineage": flowview.lineage(row, links),
        "charts": _charts([run for run in reversed(newest) if run.is_finished]),
        "events": timeline.timeline(row, newest, more_runs=len(newest) == CHARTED).events[:EVENTS],
        "actions": actions,
        "may_delete": any(action.danger for action in actions),
        "may_act": may_act,
        "may_map": may_map,
        "may_tag": may_tag,
        "people": tagging.possible_owners(row.team) if may_tag else (),
        "may_adopt": may_adopt(user, row),
        "may_clone": may_build and bool(row.definition),
        "may_alert": has_role(user, Role.OPS),
        "key": new_key(),
    }
    return render(request, "monitoring/dataflow.html", context)


@role_required(*ANYBODY)
def dataflow_live(request: HttpRequest, pk: int) -> HttpResponse:
    """State, numbers and runs again if they changed since ``stamp``; else nothing (204)."""
    row = the_dataflow(request, pk)
    if request.GET.get("stamp") == flowview.stamp(row):
        return HttpResponse(status=204)
    context = _moving(request, row, _newest(row)) | {"changed": True}
    return render(request, "monitoring/dataflow.html#live", context)


def _newest(row: Dataflow) -> list[FlowRun]:
    return list(runs_of(row).defer("activities", "batch_ids")[:CHARTED])


def _moving(request: HttpRequest, row: Dataflow, newest: list[FlowRun]) -> dict[str, Any]:
    """What changes while somebody looks at the page. Two queries."""
    now = timezone.now()
    fresh = freshness(row, now, read_at(syncs_of([row.sandbox])).get(row.sandbox_id))
    day = _day(request)
    page = page_of(
        _of_day(runs_of(row), day).select_related("dataflow", "sandbox").defer(*UNPRINTED_RUN),
        order="-at",
        cursor=request.GET.get("page"),
        size=RUNS_PER_PAGE,
    )
    query = request.GET.copy()
    query["stamp"] = flowview.stamp(row)
    return {
        "dataflow": row,
        "status": flow_status(row.state, row.raw_state),
        "notices": flowview.notices(row, newest, fresh),
        "outside": flowview.outside_change(row),
        "figures": flowview.figures(row, now, fresh),
        "runs": run_rows(page.rows),
        "day": day,
        "live_url": f"{reverse('dataflow-live', args=[row.pk])}?{query.urlencode()}",
        "poll_s": poll_seconds(),
        **page_urls(request, page, reverse("dataflow", args=[row.pk])),
    }


def _day(request: HttpRequest) -> date | None:
    """The day (UTC) that the list of runs is narrowed to."""
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _of_day(rows: QuerySet[FlowRun], day: date | None) -> QuerySet[FlowRun]:
    if day is None or day == date.max:
        return rows
    return rows.filter(at__gte=midnight(day), at__lt=midnight(day + timedelta(days=1)))


@role_required(*ANYBODY)
def dataflow_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """How the days of a month went."""
    row, now = the_dataflow(request, pk), timezone.now()
    month = calendars.month_asked(request.GET.get("month", ""), now)
    totals = day_totals(row, month, next_month(month))
    context = {
        "dataflow": row,
        "crumbs": runview.crumbs(row),
        "month": calendars.month_of(row, month, totals, now),
    }
    part = "#month" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/calendar.html{part}", context)


def _aware(text: str) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


@role_required(*ANYBODY)
def dataflow_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that happened to a dataflow, page by page."""
    row = the_dataflow(request, pk)
    before = _aware(request.GET.get("before", ""))
    rows = runs_of(row).defer("activities", "batch_ids", "errors")
    if before is not None:
        rows = rows.filter(at__lt=before)
    newest = list(rows[: timeline.MOST_RUNS + 1])
    more = len(newest) > timeline.MOST_RUNS
    found = timeline.timeline(row, newest[: timeline.MOST_RUNS], more_runs=more, before=before)
    here = reverse("dataflow-timeline", args=[pk])
    earlier = urlencode({"before": found.earlier.isoformat()}) if found.earlier else ""
    context = {
        "dataflow": row,
        "crumbs": runview.crumbs(row),
        "events": found.events,
        "earlier_url": f"{here}?{earlier}" if earlier else "",
    }
    return render(request, "monitoring/timeline.html", context)


def _charts(charted: list[Any]) -> list[Any]:
    if not charted:
        return []
    return [pictures.run_records_chart(charted), pictures.run_duration_chart(charted)]


@require_POST
@role_required(Role.ADMIN)
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """The dataflow, made elsewhere, belongs to the team of the sandbox's credential from now on."""
    row = the_dataflow(request, pk)
    access = access_to(request, row.sandbox)
    if row.team_id is not None or access is None:
        raise Http404("There is nothing to adopt.")
    team = access.credential.team
    services.adopt(row, team)
    audit.record("dataflow.adopted", request=request, team=team, obj=row)
    messages.success(
        request, gettext("“{name}” belongs to {team} now.").format(name=row.name, team=team)
    )
    return redirect("dataflow", pk=pk)


@role_required(*ANYBODY)
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The definition as a file."""
    row = the_dataflow(request, pk)
    response = HttpResponse(dump(_definition(row)), content_type="application/yaml")
    name = slugify(row.name)[:60] or "dataflow"
    response["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return response


@require_POST
@role_required(Role.ANALYST)
def clone(request: HttpRequest, pk: int) -> HttpResponse:
    """A new draft from the definition."""
    row = the_dataflow(request, pk)
    access = access_to(request, row.sandbox)
    if access is None:
        raise Http404("No credential of the team reaches this sandbox.")
    user: Any = request.user
    draft = clone_definition(
        _definition(row),
        team=access.credential.team,
        user=user,
        sandbox_id=access.sandbox_id,
        credential_id=access.credential_id,
    )
    audit.record("draft.cloned", request=request, team=draft.team, obj=draft, dataflow=row.name)
    return redirect("draft-resume", pk=draft.pk)


def _definition(row: Dataflow) -> PartialDefinition:
    if not row.definition:
        raise Http404("This dataflow was made elsewhere: there is no definition of it.")
    return PartialDefinition.model_validate(row.definition)
