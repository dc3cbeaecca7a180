"""The page of a step: shown from the draft at once, saved by one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from flowsite.core.wording import words
from flowsite.definitions.complete import problems
from flowsite.definitions.problems import StepName, errors_of
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.drafts.services import PARTS, DraftProblem, StaleRevision, save_step
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.submissions.selectors import submission_of_draft
from flowsite.wizard import conflict, steps
from flowsite.wizard.views.common import access_of, the_draft
from flowsite.wizard.words import Finding, anchor

#: How long the version that lost a race is kept for the page that compares.
KEEP_MINE_S: Final = 24 * 3600
TOO_LONG: Final = gettext_lazy("This is more than a draft can hold.")


class StepForm(Protocol):
    """What a step posted. ``parts`` are those of the document, from all fields that could be read;
    ``complaints`` are the others."""

    def is_valid(self) -> bool: ...

    def parts(self) -> dict[str, Any]: ...

    def complain(self, message: str) -> None: ...


class StepPage(Protocol):
    """A step's form and what else its page prints."""

    name: StepName
    template: str

    def form(self, draft: Draft, data: QueryDict | None) -> StepForm: ...

    def context(self, request: HttpRequest, draft: Draft, form: Any) -> dict[str, Any]: ...

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        """Something that only this step can do, after saving; None if it can't."""

    def saved(self, draft: Draft) -> dict[str, Any]:
        """What an autosave answers beside the revision."""


def show(
    request: HttpRequest, draft: Draft, page: StepPage, form: StepForm, *, status: int = 200
) -> HttpResponse:
    """The page of a step."""
    definition = definition_of(draft)
    open_problems = (
        steps.problems_of(problems(definition), page.name)
        if steps.begun(definition, page.name)
        else []
    )
    context = {
        "draft": draft,
        "access": access_of(request, draft),
        "definition": definition,
        "step": page.name,
        "step_label": steps.LABELS[page.name],
        "steps": steps.stepper(draft, page.name),
        "problems": [
            Finding(one.message, one.blocks, f"#{anchor(one)}", code=one.code)
            for one in open_problems
        ],
        "form": form,
        "revision": draft.revision,
        "is_first": page.name == steps.STEPS[0],
        "submission": submission_of_draft(draft),
        "now": "now" in request.GET,
        **page.context(request, draft, form),
    }
    return render(request, page.template, context, status=status)


def save(request: HttpRequest, draft: Draft, page: StepPage) -> HttpResponse:
    """Saves what was posted, and goes where the pressed button says."""
    action = request.POST.get("action", "")
    form = page.form(draft, request.POST)
    valid = form.is_valid()
    goal = {"next": steps.after(page.name), "back": steps.before(page.name)}.get(action, page.name)
    try:
        saved = save_step(
            draft,
            page.name,
            form.parts(),
            revision=_revision(request.POST),
            user=cast(User, request.user),
            resume_at=goal if valid else page.name,
        )
    except StaleRevision as stale:
        return _conflict(request, stale.current, page.name, form.parts())
    except DraftProblem as problem:
        form.complain(str(problem))
        saved, valid = draft, False
        if _is_autosave(request):
            return JsonResponse({"message": str(problem)}, status=422)
    if _is_autosave(request):
        return JsonResponse({"revision": saved.revision, **page.saved(saved)})
    if not valid:
        return show(request, saved, page, form, status=422)
    return _leave(request, saved, page, action, goal)


def _leave(
    request: HttpRequest, draft: Draft, page: StepPage, action: str, goal: StepName
) -> HttpResponse:
    if action == "save":
        messages.success(request, _("“%(name)s” is saved as a draft.") % {"name": draft.name})
        return redirect("drafts")
    if action in ("next", "back"):
        if action == "next":
            _mention_open(request, draft, page.name)
        return redirect("draft-step", draft.pk, goal)
    return page.act(request, draft, action) or redirect("draft-step", draft.pk, page.name)


def _mention_open(request: HttpRequest, draft: Draft, step: StepName) -> None:
    left = errors_of(steps.problems_of(problems(definition_of(draft)), step))
    if left:
        label = steps.LABELS[step]
        text = ngettext(
            "Saved. In %(step)s one thing is still open: %(first)s",
            "Saved. In %(step)s %(count)d things are still open, first: %(first)s",
            len(left),
        )
        values = {"step": label, "count": len(left), "first": words(left[0].message)}
        messages.warning(request, text % values)


def _revision(data: Mapping[str, Any]) -> int:
    """The revision the page was made from; 0, which conflicts with any change, if it is lost."""
    text = str(data.get("revision", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _is_autosave(request: HttpRequest) -> bool:
    return "X-Autosave" in request.headers


# --- two versions --------------------------------------------------------------------------------


def _conflict(
    request: HttpRequest, current: Draft, step: StepName, mine: Mapping[str, Any]
) -> HttpResponse:
    """Keeps what was typed and offers to compare."""
    token = get_random_string(22)
    cache.set(_mine_key(request, current, token), json.dumps(mine, default=str), KEEP_MINE_S)
    url = reverse("draft-compare", args=[current.pk, step]) + "?" + urlencode({"mine": token})
    if _is_autosave(request):
        return JsonResponse({"url": url}, status=409)
    return redirect(url)


def _mine_key(request: HttpRequest, draft: Draft, token: str) -> str:
    return f"mine:{request.user.pk}:{draft.pk}:{token[:40]}"


@role_required(Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, pk: int, step: StepName) -> HttpResponse:
    """Mine or theirs, field by field."""
    draft = the_draft(request, pk)
    mine = _kept_mine(request, draft, step)
    if mine is None:
        messages.error(request, _("The other version is no longer kept."))
        return redirect("draft-step", pk, step)
    found = conflict.differences(step, mine, draft.definition)
    if request.method == "POST":
        chosen = [one.key for one in found if request.POST.get(f"keep-{one.key}") != "theirs"]
        parts = conflict.merge(step, mine, draft.definition, chosen)
        try:
            save_step(
                draft,
                step,
                parts,
                revision=_revision(request.POST),
                user=cast(User, request.user),
                resume_at=step,
            )
        except StaleRevision as stale:
            return _conflict(request, stale.current, step, mine)
        except DraftProblem as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, _("Saved."))
            return redirect("draft-step", pk, step)
    if not found:
        messages.info(request, _("Both versions are the same."))
        return redirect("draft-step", pk, step)
    context = {
        "draft": draft,
        "access": access_of(request, draft),
        "revision": draft.revision,
        "step": step,
        "step_label": steps.LABELS[step],
        "differences": found,
        "mine": json.dumps(mine),
        "steps": steps.stepper(draft, step),
    }
    return render(request, "wizard/compare.html", context)


def _kept_mine(request: HttpRequest, draft: Draft, step: StepName) -> dict[str, Any] | None:
    """From the form that is being posted, else from where the save left it."""
    text = request.POST.get("mine") or cache.get(
        _mine_key(request, draft, request.GET.get("mine", ""))
    )
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if name in PARTS[step]}


@role_required(Role.ANALYST)
@require_GET
def draft_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes to where the draft was left."""
    draft = the_draft(request, pk)
    step = draft.step if draft.step in steps.STEPS else steps.STEPS[0]
    return redirect("draft-step", draft.pk, step)
