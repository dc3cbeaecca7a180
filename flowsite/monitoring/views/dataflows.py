"""The list of dataflows, one dataflow, and what begins from it: adopting, exporting, cloning."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from flowsite.core.keyset import page_of
from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.yamlform import dump
from flowsite.drafts.services import clone_definition
from flowsite.monitoring import flowview, pictures, runview
from flowsite.monitoring.boardview import narrowing_chips
from flowsite.monitoring.filters import (
    BoardFilter,
    access_to,
    chosen_sandboxes,
    with_params,
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
from flowsite.runs.models import Dataflow, FlowRun
from flowsite.runs.selectors import (
    dataflows_for_user,
    may_act_on,
    may_adopt,
    read_at,
    runs_of,
    syncs_of,
)

RUNS_PER_PAGE = 20
#: Runs in the charts of a dataflow.
CHARTED = 60


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
    context = {
        "asked": asked,
        "choices": sandbox_choices(request, sandboxes),
        "hidden": hidden_fields(request, "q", "page"),
        "clear_url": address + with_params(request.GET, **dict.fromkeys(("q", "source", "state"))),
        "narrowing_chips": narrowing_chips(request.GET, asked),
        "may_build": has_role(user, Role.ANALYST),
        **flow_table(
            request, in_view, asked, timezone.now(), address=address, syncs=syncs_of(sandboxes)
        ),
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
    newest, may_tag = _newest(row), tagging.may_tag(user, row)
    context = {
        **_moving(request, row, newest),
        "facts": flowview.definition_facts(row),
        "lineage": flowview.lineage(row),
        "charts": _charts([run for run in reversed(newest) if run.is_finished]),
        "events": flowview.timeline(row, row.submissions.all()),
        "actions": actions,
        "may_delete": any(action.danger for action in actions),
        "may_act": may_act,
        "may_tag": may_tag,
        "people": tagging.possible_owners(row.team) if may_tag else (),
        "may_adopt": may_adopt(user, row),
        "may_clone": may_build and bool(row.definition),
        "key": runview.new_key(),
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
    page = page_of(
        runs_of(row).select_related("dataflow", "sandbox").defer(*UNPRINTED_RUN),
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
        "live_url": f"{reverse('dataflow-live', args=[row.pk])}?{query.urlencode()}",
        "poll_s": poll_seconds(),
        **page_urls(request, page, reverse("dataflow", args=[row.pk])),
    }


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
    messages.success(request, f"“{row.name}” belongs to {team} now.")
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
