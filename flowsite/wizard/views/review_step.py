"""The Review step: what will happen, what speaks against it, and Finish."""

from __future__ import annotations

from typing import Any, Final, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from flowsite.credentials.connect import open_platform
from flowsite.definitions.complete import complete, problems
from flowsite.definitions.model import DataflowDefinition
from flowsite.definitions.problems import IncompleteDefinition, Problem, StepName, errors_of
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.drafts.services import save_step
from flowsite.people.models import User
from flowsite.people.rights import Role, may_submit_to_production, role_required
from flowsite.planning.build import build_plan
from flowsite.planning.plan import SubmissionPlan
from flowsite.planning.preview import curl, requests
from flowsite.submissions import preflight
from flowsite.submissions.models import SubmissionState
from flowsite.submissions.resolve import Unresolved, place_of, resolve
from flowsite.submissions.selectors import submission_of_draft
from flowsite.submissions.services import SubmissionRefused, is_key, key_of, submit_draft
from flowsite.wizard import review
from flowsite.wizard.forms.account import PlainForm
from flowsite.wizard.forms.schedule import default_start
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.views import steps
from flowsite.wizard.views.common import REMOTE, fragment, remote, the_draft
from flowsite.wizard.views.submissions import script

#: Findings that a later start mends.
_START_CODES: Final = frozenset({"FLOW-1360", "FLOW-1366", "start-soon"})


class ReviewPage:
    """``StepPage`` of the Review step."""

    name: StepName = "review"
    template = "wizard/review.html"

    def form(self, draft: Draft, data: QueryDict | None) -> PlainForm:
        return PlainForm(draft, data)

    def context(self, request: HttpRequest, draft: Draft, form: PlainForm) -> dict[str, Any]:
        definition = definition_of(draft)
        open_problems = errors_of(problems(definition))
        key = request.POST.get("key", "")
        return {
            "groups": review.groups(draft, definition),
            "open": review.findings(draft, open_problems),
            "key": key_of(key),
            "published": is_published(draft),
            "production": draft.sandbox.is_production,
            "may_submit": not draft.sandbox.is_production or may_submit_to_production(request.user),
            "production_error": getattr(form, "production_error", ""),
            "typed": request.POST.get("typed", ""),
        }

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        if action != "finish":
            return None
        key = request.POST.get("key", "")
        if not is_key(key):
            messages.error(request, _("The page was incomplete. Please try again."))
            return None
        try:
            submission = submit_draft(
                draft,
                user=cast(User, request.user),
                key=key,
                production_name=request.POST.get("typed", "").strip(),
            )
        except IncompleteDefinition as error:
            messages.error(request, _("Not everything is filled in yet: %s") % error)
            return None
        except SubmissionRefused as refusal:
            form = PlainForm(draft, request.POST)
            form.production_error = str(refusal)  # type: ignore[attr-defined]
            return steps.show(request, draft, self, form, status=422)
        return redirect("submission", submission.pk)

    def saved(self, draft: Draft) -> dict[str, Any]:
        return {}


def is_published(draft: Draft) -> bool:
    """Whether the draft has become a dataflow."""
    submission = submission_of_draft(draft)
    return submission is not None and submission.state == SubmissionState.PUBLISHED


@role_required(Role.ANALYST)
@require_GET
@remote("The preflight could not be carried out")
def draft_findings(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that would fail late, and the exact requests under the page's key."""
    draft = the_draft(request, pk)
    key = _asked_key(request)
    context: dict[str, Any] = {"draft": draft, "key": key}
    try:
        plan, found, facts = _planned(draft, complete(definition_of(draft)), key)
    except IncompleteDefinition as error:
        context["findings"] = review.findings(draft, list(error.problems))
        context["incomplete"] = True
    except Unresolved as error:
        context["findings"] = review.findings(draft, error.problems)
    else:
        context |= {
            "findings": review.findings(draft, found),
            "late_start": any(one.code in _START_CODES for one in found),
            "reused": review.reused(facts),
        }
        if plan is not None:
            context |= {
                "plan": plan,
                "created": review.created(plan),
                "requests": requests(plan),
            }
    blocking = [one for one in context["findings"] if one.error]
    context |= {"blocking": len(blocking), "warnings": len(context["findings"]) - len(blocking)}
    return fragment(request, "wizard/review.html#findings", context)


def _asked_key(request: HttpRequest) -> str:
    return key_of(request.GET.get("key", ""))


def _planned(
    draft: Draft, definition: DataflowDefinition, key: str
) -> tuple[SubmissionPlan | None, list[Problem], Any]:
    """The plan if nothing blocks it, the findings and the facts. Raises Unresolved, AepError."""
    place = place_of(draft.credential, draft.sandbox)
    with open_platform(draft.credential, draft.sandbox) as platform:
        facts = resolve(definition, platform, place=place, key=key)
        found = preflight.findings(definition, facts, platform)
    try:
        plan = build_plan(definition, facts, key)
    except IncompleteDefinition:
        return None, found, facts
    lookups = Lookups.of_draft(draft)
    lookups.keep("plan", _plan_key(draft, key), plan.model_dump(mode="json"))
    return plan, found, facts


def _plan_key(draft: Draft, key: str) -> str:
    return f"{draft.pk}:{draft.revision}:{key}"


@role_required(Role.ANALYST)
@require_GET
def draft_curl(request: HttpRequest, pk: int) -> HttpResponse:
    """The requests as a shell script, secrets as variables."""
    draft = the_draft(request, pk)
    key = _asked_key(request)
    kept = Lookups.of_draft(draft).kept("plan", _plan_key(draft, key))
    if kept is not None:
        return script(curl(SubmissionPlan.model_validate(kept)), key)
    try:
        plan, _found, _facts = _planned(draft, complete(definition_of(draft)), key)
    except (IncompleteDefinition, Unresolved, *REMOTE) as error:
        messages.error(request, str(error))
        return redirect("draft-step", pk, "review")
    if plan is None:
        raise Http404("There is no plan yet.")
    return script(curl(plan), key)


@role_required(Role.ANALYST)
@require_POST
def draft_start_later(request: HttpRequest, pk: int) -> HttpResponse:
    """Moves a start that has passed, or soon will, to a little after now."""
    draft = the_draft(request, pk)
    schedule = definition_of(draft).schedule
    if schedule is None:
        raise Http404("There is no schedule yet.")
    start = default_start(timezone.now())
    part = schedule.model_copy(update={"start": start}).model_dump(mode="json", exclude_none=True)
    save_step(
        draft,
        "schedule",
        {"schedule": part},
        revision=draft.revision,
        user=cast(User, request.user),
        resume_at="review",
    )
    messages.success(request, _("It starts at %s UTC.") % f"{start:%Y-%m-%d %H:%M}")
    return redirect("draft-step", pk, "review")
