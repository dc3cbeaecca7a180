"""A submission: every call as it happens, and what can be done when it stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from flowsite.definitions.problems import IncompleteDefinition
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.planning.plan import SubmissionPlan
from flowsite.planning.preview import curl
from flowsite.submissions import services
from flowsite.submissions.models import Kind, Submission, SubmissionState
from flowsite.submissions.selectors import submission_for_user
from flowsite.wizard.progress import Progress, progress
from flowsite.wizard.steps import step_url
from flowsite.wizard.views.common import is_htmx

#: htmx stops asking after this status.
STOP_POLLING: Final = 286
_EVERYBODY: Final = (Role.ANALYST, Role.OPS)
#: What is said on the page of the dataflow that was made or changed.
_CARRIED_OUT: Final[dict[Kind, Promise]] = {
    Kind.DATAFLOW: gettext_lazy("“%(name)s” is published."),
    Kind.MAPPING: gettext_lazy("The mapping of “%(name)s” is updated."),
    Kind.SCHEDULE: gettext_lazy("The schedule of “%(name)s” is changed."),
    Kind.ENABLE: gettext_lazy("“%(name)s” is enabled."),
    Kind.DISABLE: gettext_lazy("“%(name)s” is disabled."),
    Kind.DELETE: gettext_lazy("“%(name)s” is deleted."),
    Kind.RUN: gettext_lazy("A run of “%(name)s” is asked for."),
    Kind.RETRY: gettext_lazy("A run of “%(name)s” is retried."),
}


def the_submission(request: HttpRequest, pk: int) -> Submission:
    """Raises Http404 for a stranger's."""
    found = submission_for_user(cast(User, request.user), pk)
    if found is None:
        raise Http404("There is no such submission.")
    return found


@role_required(*_EVERYBODY)
@require_GET
def submission(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; its middle part alone when htmx asks every second."""
    row = the_submission(request, pk)
    shown = progress(row)
    context = {"progress": shown, "submission": row, "edit_url": _edit_url(row, shown)}
    if not is_htmx(request):
        return render(request, "wizard/submission.html", context)
    if "go" in request.GET:
        return _lead_on(request, row, shown)
    context["swapped"] = True
    response = render(request, "wizard/submission.html#progress", context)
    if shown.ended:
        response.status_code = STOP_POLLING
        if request.GET.get("inline") and row.state == SubmissionState.PUBLISHED:
            response["HX-Refresh"] = "true"  # the list of accounts has a new one
    return response


def _edit_url(row: Submission, shown: Progress) -> str:
    """Where the draft is mended: the step of the first thing that is wrong."""
    if row.draft is None:
        return ""
    first = next((one.url for one in shown.findings if one.error and one.url), "")
    return first or step_url(row.draft, "review")


def _lead_on(request: HttpRequest, row: Submission, shown: Progress) -> HttpResponse:
    """Who has watched it being published goes on to the dataflow."""
    response = HttpResponse(status=204)
    if row.state == SubmissionState.PUBLISHED and shown.dataflow_url:
        said = _CARRIED_OUT.get(Kind(row.kind))
        if said:
            messages.success(request, str(said) % {"name": row.name})
        response["HX-Redirect"] = shown.dataflow_url
    return response


@role_required(Role.ANALYST)
@require_POST
def submission_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Begins no further call."""
    row = the_submission(request, pk)
    return _done(request, row, lambda: services.cancel(row, user=cast(User, request.user)))


@role_required(Role.ANALYST)
@require_POST
def submission_continue(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on where it stopped, with the draft as it is now."""
    row = the_submission(request, pk)
    return _done(request, row, lambda: services.resume(row, user=cast(User, request.user)))


@role_required(Role.ANALYST)
@require_POST
def submission_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes what this submission created."""
    row = the_submission(request, pk)
    return _done(request, row, lambda: services.undo(row, user=cast(User, request.user)))


@role_required(Role.ANALYST)
@require_POST
def submission_tidy(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes what an earlier version of the plan left behind."""
    row = the_submission(request, pk)
    user = cast(User, request.user)
    return _done(request, row, lambda: services.remove_replaced(row, user=user))


def _done(request: HttpRequest, row: Submission, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except (services.SubmissionRefused, IncompleteDefinition) as refusal:
        messages.error(request, str(refusal))
    return redirect("submission", row.pk)


@role_required(Role.ANALYST)
@require_GET
def submission_curl(request: HttpRequest, pk: int) -> HttpResponse:
    """The requests as a shell script, secrets as variables."""
    row = the_submission(request, pk)
    if row.plan is None:
        raise Http404("There is no plan yet.")
    return script(curl(SubmissionPlan.model_validate(row.plan)), row.key)


def script(text: str, key: str) -> HttpResponse:
    """A shell script to download."""
    response = HttpResponse(text, content_type="text/x-shellscript; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="flowsite-{key}.sh"'
    return response
