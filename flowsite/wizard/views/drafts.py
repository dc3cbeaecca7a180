"""The list of drafts, and what can be done with a draft as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.keyset import page_of
from flowsite.credentials.models import SandboxAccess
from flowsite.credentials.selectors import current_access
from flowsite.definitions.complete import problems
from flowsite.definitions.model import Account, PartialDefinition
from flowsite.definitions.problems import DefinitionError, errors_of
from flowsite.definitions.sources import find_source
from flowsite.drafts import services
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of, draft_for_user, drafts_for_user
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.submissions.models import HOLDING, Submission
from flowsite.wizard.steps import LABELS
from flowsite.wizard.views.common import the_draft

PAGE_SIZE: Final = 50
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class DraftRow:
    """A draft as the list prints it."""

    pk: int
    name: str
    source: str
    step: str
    step_label: str
    owner: str
    sandbox: str
    updated_at: datetime
    problems: int
    submission: Submission | None
    batch: str


@role_required(Role.ANALYST)
@require_GET
def drafts(request: HttpRequest) -> HttpResponse:
    """Drafts of the person's teams, the last changed first."""
    user = cast(User, request.user)
    rows = drafts_for_user(user)
    search = request.GET.get("q", "").strip()[:100]
    if search:
        rows = rows.filter(definition__name__icontains=search)
    page = page_of(rows, order="-updated_at", cursor=request.GET.get("page"), size=PAGE_SIZE)
    open_submissions = Submission.objects.filter(
        draft__in=[row.pk for row in page.rows], state__in=HOLDING
    )
    by_draft = {one.draft_id: one for one in open_submissions}
    removed = request.GET.get("removed", "")
    context = {
        "rows": [_row(draft, by_draft.get(draft.pk)) for draft in page.rows],
        "page": page,
        "search": search,
        "removed": draft_for_user(user, int(removed), deleted=True)
        if removed.isdecimal() and len(removed) < 19
        else None,
    }
    return render(request, "wizard/drafts.html", context)


def _row(draft: Draft, submission: Submission | None) -> DraftRow:
    definition = definition_of(draft)
    source = find_source(definition.account.source) if definition.account else None
    step: Any = draft.step
    return DraftRow(
        pk=draft.pk,
        name=draft.name,
        source=source.name if source else "–",
        step=step,
        step_label=str(LABELS.get(step, step)),
        owner=str(draft.owner or "–"),
        sandbox=draft.sandbox.name,
        updated_at=draft.updated_at,
        problems=len(errors_of(problems(definition))),
        submission=submission,
        batch=draft.batch,
    )


@role_required(Role.ANALYST)
@require_POST
def draft_new(request: HttpRequest) -> HttpResponse:
    """Begins a draft for a source in the current sandbox."""
    access = current_access(request)
    source = find_source(request.POST.get("source", ""))
    if access is None or source is None or not source.buildable:
        raise Http404("There is no such source.")
    account = request.POST.get("account", "")[:200]
    name = request.POST.get("name", "")[:300]
    chosen = Account(source=source.slug, id=account or None, name=(name if account else "") or None)
    draft = _created(request, access, PartialDefinition(account=chosen))
    return redirect("draft-step", draft.pk, "account")


def _created(request: HttpRequest, access: SandboxAccess, definition: PartialDefinition) -> Draft:
    draft = services.create_draft(
        team=access.credential.team,
        owner=cast(User, request.user),
        sandbox_id=access.sandbox_id,
        credential_id=access.credential_id,
        definition=definition,
    )
    audit.record("draft.created", request=request, team=draft.team, obj=draft)
    return draft


@role_required(Role.ANALYST)
@require_POST
def draft_clone(request: HttpRequest, pk: int) -> HttpResponse:
    """A second draft like this one."""
    draft = the_draft(request, pk)
    clone = services.clone_draft(draft, user=cast(User, request.user))
    audit.record("draft.cloned", request=request, team=clone.team, obj=clone, of=draft.pk)
    messages.success(request, _("This is a copy of “%(name)s”.") % {"name": draft.name})
    return redirect("draft-step", clone.pk, "dataset" if clone.step == "review" else clone.step)


@role_required(Role.ANALYST)
def draft_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a name, and gives it."""
    draft = the_draft(request, pk)
    name = request.POST.get("name", draft.definition.get("name") or "")
    error = ""
    if request.method == "POST":
        try:
            if not name.strip():
                raise services.DraftProblem(_("Give the dataflow a name."))
            services.rename_draft(draft, name, user=cast(User, request.user))
        except services.DraftProblem as problem:
            error = str(problem)
        else:
            messages.success(request, _("Renamed to “%(name)s”.") % {"name": name.strip()})
            return redirect("drafts")
    context = {"draft": draft, "name": name, "error": error}
    return render(request, "wizard/rename.html", context, status=422 if error else 200)


@role_required(Role.ANALYST)
@require_POST
def draft_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a draft; the list offers to bring it back."""
    draft = the_draft(request, pk)
    services.delete_draft(draft)
    audit.record("draft.deleted", request=request, team=draft.team, obj=draft)
    response = redirect("drafts")
    response["Location"] += f"?removed={draft.pk}"
    return response


@role_required(Role.ANALYST)
@require_POST
def draft_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings a deleted draft back."""
    draft = draft_for_user(cast(User, request.user), pk, deleted=True)
    if draft is None:
        raise Http404("There is no such draft.")
    services.restore_draft(draft)
    audit.record("draft.restored", request=request, team=draft.team, obj=draft)
    messages.success(request, _("“%(name)s” is back.") % {"name": draft.name})
    return redirect("drafts")


@role_required(Role.ANALYST)
@require_GET
def draft_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as a YAML file."""
    draft = the_draft(request, pk)
    response = HttpResponse(
        services.export_draft(draft), content_type="application/yaml; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{services.file_name(draft)}"'
    return response


@role_required(Role.ANALYST)
def draft_import(request: HttpRequest) -> HttpResponse:
    """A draft from a YAML file or pasted text."""
    access = current_access(request)
    if access is None:
        return render(request, "wizard/no_sandbox.html")
    text, error = "", ""
    if request.method == "POST":
        text = _posted_text(request)
        try:
            draft = services.import_draft(
                text,
                team=access.credential.team,
                user=cast(User, request.user),
                sandbox_id=access.sandbox_id,
                credential_id=access.credential_id,
            )
        except DefinitionError as problem:
            error = str(problem)
        else:
            audit.record("draft.imported", request=request, team=draft.team, obj=draft)
            messages.success(request, _("“%(name)s” is imported as a draft.") % {"name": draft})
            return redirect("draft-step", draft.pk, draft.step)
    context = {"text": text, "error": error}
    return render(request, "wizard/import.html", context, status=422 if error else 200)


def _posted_text(request: HttpRequest) -> str:
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "")
    data: bytes = upload.read(MOST_BYTES + 1)
    return data.decode("utf-8", errors="replace")
