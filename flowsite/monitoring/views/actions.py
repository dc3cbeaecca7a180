"""Changing a dataflow that exists: each action is a submission, watched on its own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST

from flowsite.monitoring import flowview, runview
from flowsite.monitoring.forms.actions import DeleteForm, RunForm, ScheduleForm
from flowsite.monitoring.views.common import ANYBODY, the_dataflow, the_run
from flowsite.people import audit
from flowsite.people.rights import Role, has_role, role_required
from flowsite.runs import services
from flowsite.runs.models import Dataflow
from flowsite.runs.selectors import may_act_on
from flowsite.submissions.models import Kind
from flowsite.submissions.services import SubmissionRefused, key_of, submit_lifecycle

_KINDS = {
    "enable": Kind.ENABLE,
    "disable": Kind.DISABLE,
    "schedule": Kind.SCHEDULE,
    "run": Kind.RUN,
    "delete": Kind.DELETE,
}
#: Kinds that need no further question than the button.
_PLAIN = ("enable", "disable")


@role_required(*ANYBODY)
def dataflow_action(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Asks what an action needs, and begins it."""
    row = the_dataflow(request, pk)
    user: Any = request.user
    may_act, may_build = may_act_on(user, row), has_role(user, Role.ANALYST)
    offered = {a.kind: a for a in flowview.actions(row, may_act=may_act, may_build=may_build)}
    if kind not in _KINDS:
        raise Http404("There is no such action.")
    if not may_act:
        raise PermissionDenied("This dataflow can be changed by the people of its team.")
    if kind not in offered:
        messages.error(request, gettext("That can't be done with this dataflow now."))
        return redirect("dataflow", pk=pk)
    if kind in _PLAIN:
        if request.method != "POST":
            return redirect("dataflow", pk=pk)
        return _submit(request, row, kind, {})
    form = _form(kind, row, request)
    if request.method == "POST" and form.is_valid():
        return _submit(request, row, kind, form.params())
    return render(request, "monitoring/action.html", _page(request, row, offered[kind], form))


def _form(kind: str, row: Dataflow, request: HttpRequest) -> Any:
    data = request.POST if request.method == "POST" else None
    if kind == "schedule":
        return ScheduleForm(data, dataflow=row)
    if kind == "run":
        return RunForm(data, dataflow=row, window=flowview.default_window(row, timezone.now()))
    return DeleteForm(data, dataflow=row)


_WORDS = {
    "schedule": (
        gettext_lazy("Save"),
        [
            gettext_lazy(
                "Start time and backfill stay as they are. AEP takes the change over within "
                "minutes."
            )
        ],
    ),
    "run": (
        gettext_lazy("Run"),
        [gettext_lazy("AEP reads the rows of this time window once, in a new run.")],
    ),
    "delete": (
        gettext_lazy("Delete"),
        [
            gettext_lazy("The dataflow and its source and target connections are deleted in AEP."),
            gettext_lazy(
                "Dataset, mapping set and account stay, and so does the data that has arrived."
            ),
        ],
    ),
}


def _page(
    request: HttpRequest, row: Dataflow, action: flowview.Action, form: forms.Form
) -> dict[str, Any]:
    label, text = _WORDS[action.kind]
    return {
        "title": f"{action.label}: {row.name}",
        "crumbs": runview.crumbs(row),
        "form": form,
        "label": label,
        "text": text,
        "danger": action.danger,
        "back_url": reverse("dataflow", args=[row.pk]),
        "key": key_of(request.POST.get("key", "")),
    }


def _submit(request: HttpRequest, row: Dataflow, kind: str, params: dict[str, Any]) -> HttpResponse:
    return _begin(request, row, _KINDS[kind], reverse("dataflow", args=[row.pk]), params)


def _begin(
    request: HttpRequest, row: Dataflow, kind: Kind, back_url: str, params: dict[str, Any]
) -> HttpResponse:
    user: Any = request.user
    key = key_of(request.POST.get("key", ""))
    try:
        submission = submit_lifecycle(row, kind, user=user, key=key, **params)
    except SubmissionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back_url)
    return redirect("submission", pk=submission.pk)


@require_POST
@role_required(*ANYBODY)
def outside_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a change made outside over, puts it back, or ignores it."""
    row = the_dataflow(request, pk)
    user: Any = request.user
    if not may_act_on(user, row):
        raise PermissionDenied("This dataflow can be changed by the people of its team.")
    found, do = flowview.outside_change(row), request.POST.get("do", "")
    back_url = reverse("dataflow", args=[pk])
    if found is None:
        return redirect(back_url)
    if do == "back":
        return _put_back(request, row, found.back, back_url)
    if do not in ("accept", "ignore"):
        raise Http404("There is no such action.")
    if do == "accept":
        services.accept_outside_change(row)
    else:
        services.forget_outside_change(row)
    audit.record(
        f"dataflow.outside_{do}",
        request=request,
        team=row.team,
        obj=row,
        changes=(row.outside_change or {})["changes"],
    )
    return redirect(back_url)


def _put_back(request: HttpRequest, row: Dataflow, kind: str, back_url: str) -> HttpResponse:
    if not kind:
        raise Http404("This change can't be put back with one action.")
    params: dict[str, Any] = {}
    if kind == "schedule":
        changes = (row.outside_change or {})["changes"]
        params["schedule"] = {
            name: changes[name][0] if name in changes else row.schedule.get(name)
            for name in ("frequency", "interval")
        }
    response = _begin(request, row, _KINDS[kind], back_url, params)
    if response.url != back_url:  # type: ignore[attr-defined]
        services.forget_outside_change(row)
    return response


@require_POST
@role_required(*ANYBODY)
def run_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """A new run over the window of a failed one."""
    row = the_run(request, pk)
    user: Any = request.user
    if not may_act_on(user, row.dataflow):
        raise PermissionDenied("Runs can be retried by the people of the dataflow's team.")
    back_url = reverse("run", args=[pk])
    if not runview.may_be_retried(row):
        messages.error(
            request,
            gettext(
                "Only a failed run, or one without records, can be retried, and its dataflow "
                "must be enabled."
            ),
        )
        return redirect(back_url)
    return _begin(request, row.dataflow, Kind.RETRY, back_url, {"run_id": row.run_id})
