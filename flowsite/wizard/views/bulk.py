"""Building many dataflows at once: choose tables, review the drafts, submit them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from flowsite.core.wording import words
from flowsite.definitions.columns import is_date, select
from flowsite.definitions.complete import problems
from flowsite.definitions.problems import IncompleteDefinition, errors_of
from flowsite.definitions.sources import Source
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of, drafts_for_user
from flowsite.drafts.services import save_step
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, may_submit_to_production, role_required
from flowsite.submissions.models import ACTIVE, Submission
from flowsite.submissions.services import (
    SubmissionRefused,
    check_production,
    key_of,
    new_key,
    submit_draft,
)
from flowsite.wizard import bulk
from flowsite.wizard.forms.bulk import BulkForm
from flowsite.wizard.forms.picks import packed, unpacked_text
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.progress import STATES
from flowsite.wizard.sides import proposal_of
from flowsite.wizard.views.account_step import source_of
from flowsite.wizard.views.common import access_of, fragment, is_htmx, remote, the_draft
from flowsite.wizard.views.data_step import account_of, listed_resources
from flowsite.wizard.views.submissions import STOP_POLLING

#: Tables listed at once; more are found by searching.
SHOWN: Final = 300


@dataclass(frozen=True)
class BatchRow:
    """A draft in the review grid."""

    draft: Draft
    object_name: str
    submission: Submission | None
    status: Any
    problems: list[str]
    key: str
    looks: bool


# --- choosing ------------------------------------------------------------------------------------


@role_required(Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_bulk(request: HttpRequest, pk: int) -> HttpResponse:
    """Tables of the draft's account, and the pattern for the drafts."""
    draft = the_draft(request, pk)
    source = _source(draft)
    form = BulkForm(request.POST if request.method == "POST" else None, now=timezone.now())
    if request.method == "POST" and form.is_valid():
        user = cast(User, request.user)
        key = bulk.create_batch(draft, source, form.objects, form.pattern(), user=user)
        count = len(form.objects)
        audit.record("draft.batch_created", request=request, team=draft.team, obj=draft, n=count)
        url = reverse("batch", args=[key])
        return redirect(f"{url}?{urlencode({'prefer': form.cleaned_data['preferred']})}")
    context = {
        "draft": draft,
        "access": access_of(request, draft),
        "source": source,
        "form": form,
        "most": bulk.MOST,
        "picked": [unpacked_text(value) for value in request.POST.getlist("object")],
        "picked_values": request.POST.getlist("object"),
    }
    return render(request, "wizard/bulk.html", context, status=422 if form.errors else 200)


@role_required(Role.ANALYST)
@require_GET
@remote("The account could not be read")
def draft_bulk_items(request: HttpRequest, pk: int) -> HttpResponse:
    """The tables with tick boxes."""
    draft = the_draft(request, pk)
    source, account = _source(draft), account_of(draft)
    lookups = Lookups.of_draft(draft)
    if source.kind == "rest":
        spec = lookups.spec(source)
        listed = listed_resources(spec.source_schema if spec else {})
        names = listed or list(source.example_objects)
    else:
        names = [one.path for one in lookups.items((account.id if account else "") or "")]
    words = request.GET.get("q", "").casefold().split()[:20]
    hits = [name for name in names if all(word in name.casefold() for word in words)]
    context = {
        "draft": draft,
        "names": [(packed(name), name) for name in hits[:SHOWN]],
        "more": max(len(hits) - SHOWN, 0),
        "hits": len(hits),
    }
    return fragment(request, "wizard/bulk.html#items", context)


def _source(draft: Draft) -> Source:
    """A source of tables or resources with an account. Raises Http404."""
    source, account = source_of(draft), definition_of(draft).account
    if source is None or source.kind not in ("tabular", "rest") or account is None:
        raise Http404("This source is not for building many at once.")
    if not (account.id or account.name):
        raise Http404("Choose an account first.")
    return source


# --- reviewing -----------------------------------------------------------------------------------


@role_required(Role.ANALYST)
@require_GET
def batch(request: HttpRequest, key: str) -> HttpResponse:
    """The drafts of a batch, each with what is still open; their progress once submitted."""
    drafts = _drafts(request, key)
    rows = _rows(drafts)
    active = any(row.submission and row.submission.state in ACTIVE for row in rows)
    first = drafts[0]
    context = {
        "key": key,
        "rows": rows,
        "ready": sum(1 for row in rows if row.submission is None),
        "submitted": sum(1 for row in rows if row.submission),
        "active": active,
        "access": access_of(request, first),
        "production": first.sandbox.is_production,
        "may_submit": not first.sandbox.is_production or may_submit_to_production(request.user),
        "sandbox": first.sandbox,
        "prefer": request.GET.get("prefer", "")[:500],
    }
    if not is_htmx(request):
        return render(request, "wizard/batch.html", context)
    response = render(request, "wizard/batch.html#states", {**context, "swapped": True})
    response.status_code = 200 if active else STOP_POLLING
    return response


def _drafts(request: HttpRequest, key: str) -> list[Draft]:
    rows = drafts_for_user(cast(User, request.user)).filter(batch=key).order_by("pk")
    found = list(rows) if key else []
    if not found:
        raise Http404("There is no such batch.")
    return found


def _rows(drafts: list[Draft]) -> list[BatchRow]:
    holding = Submission.objects.filter(draft__in=[draft.pk for draft in drafts]).order_by("pk")
    by_draft = {one.draft_id: one for one in holding}
    found = []
    for draft in drafts:
        definition = definition_of(draft)
        submission = by_draft.get(draft.pk)
        source = source_of(draft)
        found.append(
            BatchRow(
                draft=draft,
                object_name=definition.data.object_name if definition.data else "",
                submission=submission,
                status=STATES.get(submission.state) if submission else None,
                problems=[words(one.message) for one in _open_problems(draft)],
                key=new_key(),
                looks=submission is None and bulk.needs_delta(draft, source),
            )
        )
    return found


def _open_problems(draft: Draft) -> list[Any]:
    """What blocks, less the column that the grid itself asks for."""
    found = errors_of(problems(definition_of(draft)))
    return [one for one in found if one.field != "schedule.load_incremental_by"]


@role_required(Role.ANALYST)
@require_GET
@remote("The columns could not be read")
def batch_row(request: HttpRequest, pk: int) -> HttpResponse:
    """What a table of the batch turns out to be: its columns, and the one to load by."""
    draft = the_draft(request, pk)
    definition, account = definition_of(draft), account_of(draft)
    if account is None or definition.data is None:
        raise Http404("There is nothing to look at.")
    lookups = Lookups.of_draft(draft)
    explored = lookups.explored(account, definition.data).columns
    columns = select(explored, definition.data.columns).columns
    chosen = bulk.choose_delta(columns, request.GET.get("prefer", "")[:500] or bulk.PREFERRED)
    _proposed, questions = proposal_of(definition, columns, lookups.tenant_id())
    context = {
        "draft": draft,
        "count": len(columns),
        "dates": [
            (packed(one.name), one.name, one.name == chosen) for one in columns if is_date(one)
        ],
        "others": [(packed(one.name), one.name) for one in columns if not is_date(one)][:200],
        "chosen": chosen,
        "questions": questions,
    }
    return fragment(request, "wizard/batch.html#row", context)


# --- submitting ----------------------------------------------------------------------------------


@role_required(Role.ANALYST)
@require_POST
def batch_submit(request: HttpRequest, key: str) -> HttpResponse:
    """Submits every draft that is ready; the others stay with what is open."""
    drafts = _drafts(request, key)
    user = cast(User, request.user)
    typed = request.POST.get("typed", "").strip()
    back = redirect("batch", key)
    try:
        check_production(drafts[0].sandbox, typed, user)
    except SubmissionRefused as refusal:
        messages.error(request, str(refusal))
        return back
    done, failed = 0, []
    submitted = {row.draft.pk for row in _rows(drafts) if row.submission}
    for draft in drafts:
        if draft.pk in submitted:
            continue
        try:
            _submit_one(request, draft, user, typed)
        except (IncompleteDefinition, SubmissionRefused) as problem:
            failed.append(f"{draft.name}: {problem}")
        else:
            done += 1
    if done:
        text = ngettext("%(n)d dataflow is submitted.", "%(n)d dataflows are submitted.", done)
        messages.success(request, text % {"n": done})
    if failed:
        messages.warning(request, _("Not submitted: %s") % " ".join(failed[:5]))
    return back


def _submit_one(request: HttpRequest, draft: Draft, user: User, typed: str) -> None:
    if bulk.needs_delta(draft, source_of(draft)):
        delta = unpacked_text(request.POST.get(f"delta-{draft.pk}"))
        if not delta:
            raise SubmissionRefused(_("Choose the column to load incremental data by."))
        part = {**draft.definition["schedule"], "load_incremental_by": delta}
        draft = save_step(draft, "schedule", {"schedule": part}, revision=draft.revision, user=user)
    key = request.POST.get(f"key-{draft.pk}", "")
    submit_draft(draft, user=user, key=key_of(key), production_name=typed)
