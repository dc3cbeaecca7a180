"""Update mapping: edit a copy in the wizard's editor, look at what differs, carry it out."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from flowsite.credentials.models import SandboxAccess
from flowsite.credentials.selectors import accesses_of
from flowsite.monitoring import flowview, runview
from flowsite.monitoring.views.common import the_dataflow
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.runs import mapping_edits
from flowsite.runs.models import Dataflow
from flowsite.runs.selectors import may_act_on
from flowsite.submissions.models import Kind
from flowsite.submissions.services import SubmissionRefused, key_of, new_key, submit_lifecycle


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ANALYST)
def dataflow_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """The mapping now, and how the copy that is being edited differs from it."""
    row = the_dataflow(request, pk)
    if not may_act_on(cast(User, request.user), row):
        raise PermissionDenied("This dataflow can be changed by the people of its team.")
    if not flowview.may_map(row):
        messages.error(request, _("The mapping of this dataflow can't be changed now."))
        return redirect("dataflow", pk=pk)
    if request.method == "POST":
        return _act(request, row)
    return render(request, "monitoring/mapping.html", _page(row))


def _page(row: Dataflow) -> dict[str, Any]:
    current, edit = mapping_edits.current_rows(row), mapping_edits.edit_of(row)
    edited = mapping_edits.edited_rows(edit, row) if edit else None
    return {
        "dataflow": row,
        "crumbs": runview.crumbs(row),
        "current": current,
        "edit": edit,
        "is_suggested": edit is not None and edited is None,
        "changes": mapping_edits.changes(current, edited) if edited is not None else [],
        "key": new_key(),
    }


def _act(request: HttpRequest, row: Dataflow) -> HttpResponse:
    action = request.POST.get("action", "")
    edit = mapping_edits.edit_of(row)
    if action == "edit":
        return _begin(request, row)
    if action == "discard":
        if edit is not None:
            mapping_edits.give_up(edit)
        return redirect("dataflow", pk=row.pk)
    if action != "update":
        raise Http404("There is no such action.")
    rows = mapping_edits.edited_rows(edit, row) if edit else None
    back = redirect("dataflow-mapping", pk=row.pk)
    if rows is None or not mapping_edits.changes(mapping_edits.current_rows(row), rows):
        messages.info(request, _("There is nothing to update."))
        return back
    key = key_of(request.POST.get("key", ""))
    mapping = [one.model_dump(mode="json", exclude_none=True) for one in rows]
    try:
        submission = submit_lifecycle(
            row, Kind.MAPPING, user=cast(User, request.user), key=key, mapping=mapping
        )
    except SubmissionRefused as refusal:
        messages.error(request, str(refusal))
        return back
    return redirect("submission", pk=submission.pk)


def _begin(request: HttpRequest, row: Dataflow) -> HttpResponse:
    access = _access(request, row)
    if access is None:
        messages.error(request, _("The team has no credential that reaches this sandbox."))
        return redirect("dataflow-mapping", pk=row.pk)
    edit = mapping_edits.begin_edit(row, access, cast(User, request.user))
    audit.record("dataflow.mapping_edited", request=request, team=row.team, obj=row)
    return redirect(reverse("draft-step", args=[edit.draft_id, "mapping"]))


def _access(request: HttpRequest, row: Dataflow) -> SandboxAccess | None:
    """A way of the dataflow's own team into its sandbox: the draft belongs to that team."""
    return next(
        (
            one
            for one in accesses_of(request)
            if one.sandbox_id == row.sandbox_id and one.credential.team_id == row.team_id
        ),
        None,
    )
