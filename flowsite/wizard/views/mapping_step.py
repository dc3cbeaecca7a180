"""The Mapping step: the editor, its checks, and its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.wording import words
from flowsite.definitions.model import MappingRow
from flowsite.definitions.problems import StepName
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.drafts.services import DraftProblem, file_name, save_step
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.wizard import mapping, mapping_checks, mapping_copy, mapping_csv, markup
from flowsite.wizard.forms.mapping import MappingForm
from flowsite.wizard.forms.picks import packed, unpacked_text
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.sides import (
    Sides,
    sides_at_hand,
    sides_of,
    suggested_rows,
    suggestions_for,
)
from flowsite.wizard.steps import LABELS, step_url
from flowsite.wizard.views.common import REMOTE, failure_of, fragment, remote, the_draft
from flowsite.wizard.views.data_step import account_of
from flowsite.wizard.words import Finding


class MappingPage:
    """``StepPage`` of the Mapping step."""

    name: StepName = "mapping"
    template = "wizard/mapping.html"

    def form(self, draft: Draft, data: QueryDict | None) -> MappingForm:
        return mapping_form(draft, data)

    def context(self, request: HttpRequest, draft: Draft, form: MappingForm) -> dict[str, Any]:
        lookups = Lookups.of_draft(draft)
        sides = sides_at_hand(draft, lookups)
        if sides is None and "now" in request.GET:
            try:
                sides = sides_of(draft, lookups)
            except REMOTE as error:
                words = failure_of(error, _("The two sides of the mapping could not be read"))
                return {"failure": words}
        return editor_context(draft, sides, lookups, form) if sides else {}

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        rows = _changed_by(action, draft)
        if rows is not None:
            _store(request, draft, rows)
        return None

    def saved(self, draft: Draft) -> dict[str, Any]:
        lookups = Lookups.of_draft(draft)
        sides = sides_at_hand(draft, lookups)
        if sides is None or not sides.complete:
            return {}
        rows = mapping.expanded(rows_of(draft, sides, lookups), sides.tenant_id)
        return mapping.status_json(mapping.status_of(rows, sides))


def mapping_form(draft: Draft, data: QueryDict | None) -> MappingForm:
    """The step's form, with the columns at hand."""
    exploration = Lookups.of_draft(draft).explored_at_hand(
        account_of(draft), definition_of(draft).data
    )
    return MappingForm(draft, data, columns=exploration.columns if exploration else ())


def rows_of(draft: Draft, sides: Sides, lookups: Lookups) -> tuple[MappingRow, ...]:
    """The draft's rows; the suggested ones until somebody has changed them."""
    stored = definition_of(draft).mapping
    return stored if isinstance(stored, tuple) else suggested_rows(sides, lookups)


def editor_context(
    draft: Draft, sides: Sides, lookups: Lookups, form: MappingForm
) -> dict[str, Any]:
    """What the editor prints; what is missing first, if anything."""
    if not sides.complete:
        return {"sides": sides, "missing": _findings(draft, sides.missing)}
    posted = form.posted_editor
    rows = form.rows() if posted else rows_of(draft, sides, lookups)
    suggested = not posted and not isinstance(definition_of(draft).mapping, tuple)
    shown = mapping.editor(rows, sides, is_suggested=suggested)
    return {
        "sides": sides,
        "editor": shown,
        "rows_html": markup.mapping_rows([*shown.rows, shown.blank]),
        "blank_html": markup.mapping_rows([shown.blank]),
        "source_options": markup.source_options(shown.columns),
        "target_options": markup.target_options(shown.fields),
        "questions": _findings(draft, sides.questions),
        "mapping_saved": definition_of(draft).mapping is not None,
    }


def _findings(draft: Draft, problems: Sequence[Any]) -> list[Finding]:
    return [
        Finding(one.message, one.blocks, step_url(draft, one.step), str(LABELS[one.step]))
        for one in problems
    ]


def _changed_by(action: str, draft: Draft) -> Any:
    """The mapping after one of the step's own buttons; None for an action that isn't one."""
    if action == "reset":
        return "suggested"
    if action == "clear":
        return []
    if not action.startswith("accept-"):
        return None
    lookups = Lookups.of_draft(draft)
    sides = sides_at_hand(draft, lookups)
    if sides is None or not sides.complete:
        return None
    rows = rows_of(draft, sides, lookups)
    wanted = unpacked_text(action.removeprefix("accept-"))
    taken = [
        MappingRow(source=one.source, target=one.target)
        for one in mapping.open_suggestions(rows, suggestions_for(sides, lookups))
        if one.target == wanted or (action == "accept-all" and mapping.is_sure(one))
    ]
    return [row.model_dump(exclude_none=True) for row in (*rows, *taken)]


def _store(request: HttpRequest, draft: Draft, rows: Any) -> Draft:
    user = cast(User, request.user)
    parts = {"mapping": rows}
    return save_step(
        draft, "mapping", parts, revision=draft.revision, user=user, resume_at="mapping"
    )


# --- fragments -----------------------------------------------------------------------------------


@role_required(Role.ANALYST)
@require_GET
@remote("The two sides of the mapping could not be read")
def draft_editor(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor, once columns and schema are read."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    sides = sides_of(draft, lookups)
    context = {"draft": draft, **editor_context(draft, sides, lookups, mapping_form(draft, None))}
    return fragment(request, "wizard/mapping.html#editor", context)


@role_required(Role.ANALYST)
@require_POST
@remote("No suggestions could be made")
def draft_suggestions(request: HttpRequest, pk: int) -> HttpResponse:
    """What the matcher suggests for fields that the posted rows don't fill."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    sides = sides_of(draft, lookups)
    rows = mapping_form(draft, request.POST).rows()
    found = mapping.open_suggestions(
        mapping.expanded(rows, sides.tenant_id), suggestions_for(sides, lookups)
    )
    context = {
        "draft": draft,
        "suggestions": [
            {
                "source": one.source,
                "target": one.target,
                "percent": round(one.confidence * 100),
                "reason": one.reason,
                "sure": mapping.is_sure(one),
                "value": f"accept-{packed(one.target)}",
            }
            for one in found
        ],
        "sure": sum(1 for one in found if mapping.is_sure(one)),
    }
    return fragment(request, "wizard/mapping.html#suggestions", context)


@role_required(Role.ANALYST)
@require_POST
@remote("The mapping could not be validated")
def draft_validate(request: HttpRequest, pk: int) -> HttpResponse:
    """Our own rules and Data Prep's verdict on the posted rows."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    sides = sides_of(draft, lookups)
    rows = mapping.expanded(mapping_form(draft, request.POST).rows(), sides.tenant_id)
    verdict = mapping_checks.validate(rows, sides, lookups)
    status = mapping.status_of(rows, sides, verdict.problems)
    listed = [
        {"row": number, "source": rows[number], "problem": problem}
        for number, problems in sorted(status.by_row.items())
        for problem in problems
    ]
    context = {
        "draft": draft,
        "verdict": verdict,
        "status": status,
        "listed": listed,
        "marks": json.dumps(mapping.status_json(status)),
        "count": len(rows),
    }
    return fragment(request, "wizard/mapping.html#verdict", context)


@role_required(Role.ANALYST)
@require_POST
@remote("The preview could not be made")
def draft_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Ten sample rows before and after the posted mapping."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    sides = sides_of(draft, lookups)
    account, data = account_of(draft), definition_of(draft).data
    rows = mapping.expanded(mapping_form(draft, request.POST).rows(), sides.tenant_id)
    sound = mapping.sound_rows(rows, sides)
    sample = lookups.sample(account, data) if account and data else []
    context = {
        "draft": draft,
        "preview": mapping_checks.preview(sound, sides, sample, lookups),
        "left_out": len(rows) - len(sound),
        "evaluated": sides.schema is not None,
        "has_rows": bool(sample),
    }
    return fragment(request, "wizard/mapping.html#preview", context)


@role_required(Role.ANALYST)
@require_GET
@remote("The functions could not be read")
def draft_functions(request: HttpRequest, pk: int) -> HttpResponse:
    """What a calculated field may use."""
    draft = the_draft(request, pk)
    groups: dict[str, list[Any]] = {}
    for one in Lookups.of_draft(draft).functions():
        groups.setdefault(one.category or _("Other"), []).append(one)
    context = {"draft": draft, "groups": sorted(groups.items())}
    return fragment(request, "wizard/mapping.html#functions", context)


@role_required(Role.ANALYST)
@require_POST
@remote("The expression could not be checked")
def draft_expression(request: HttpRequest, pk: int) -> HttpResponse:
    """Checks one calculated field, and works it out on a sample row where the schema exists."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    expression = request.POST.get("expression", "").strip()[:20_000]
    target = request.POST.get("for", "").strip()[:2_000]
    context: dict[str, Any] = {"draft": draft, "empty": not expression}
    if expression:
        sides = sides_of(draft, lookups)
        row = MappingRow(expression=expression, target=target)
        own = [
            words(problem.message)
            for problem in mapping.status_of([row], sides).by_row.get(0, ())
            if problem.field.endswith(".expression")
        ]
        account, data = account_of(draft), definition_of(draft).data
        sample = lookups.sample_at_hand(account, data) if account and data else []
        if own:
            context["error"] = own[0]
        else:
            context["error"], context["result"] = mapping_checks.check_expression(
                expression, target, sides, sample, lookups
            )
    return fragment(request, "wizard/mapping.html#expression", context)


# --- files ---------------------------------------------------------------------------------------


@role_required(Role.ANALYST)
@require_GET
def draft_mapping_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The mapping as a CSV file."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    stored = definition_of(draft).mapping
    rows: Sequence[MappingRow] = stored if isinstance(stored, tuple) else ()
    if not isinstance(stored, tuple):
        try:
            sides = sides_of(draft, lookups)
            rows = suggested_rows(sides, lookups) if sides.complete else ()
        except REMOTE as error:
            messages.error(request, str(error))
            return redirect("draft-step", pk, "mapping")
    response = HttpResponse(mapping_csv.export(rows), content_type="text/csv; charset=utf-8")
    name = file_name(draft).removesuffix(".yaml")
    response["Content-Disposition"] = f'attachment; filename="{name}-mapping.csv"'
    return response


@role_required(Role.ANALYST)
@require_POST
def draft_mapping_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Replaces the mapping by the rows of a CSV file, and says what fits."""
    draft = the_draft(request, pk)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise mapping_csv.CsvProblem(_("Choose a file."))
        rows = mapping_csv.load(upload.read(mapping_csv.MOST_BYTES + 1))
        saved = _store(request, draft, [row.model_dump(exclude_none=True) for row in rows])
    except (mapping_csv.CsvProblem, DraftProblem) as problem:
        messages.error(request, str(problem))
        return redirect("draft-step", pk, "mapping")
    text = ngettext("%(n)d row is imported.", "%(n)d rows are imported.", len(rows))
    messages.success(request, f"{text % {'n': len(rows)}} {_report(saved, rows)}".strip())
    return redirect("draft-step", pk, "mapping")


@role_required(Role.ANALYST)
@require_GET
def draft_mapping_origins(request: HttpRequest, pk: int) -> HttpResponse:
    """Drafts and dataflows whose mapping can be taken over."""
    draft = the_draft(request, pk)
    context = {"draft": draft, "origins": mapping_copy.origins(cast(User, request.user), draft)}
    return fragment(request, "wizard/mapping.html#origins", context)


@role_required(Role.ANALYST)
@require_POST
def draft_mapping_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes over the rows that fit, and says which don't and why."""
    draft = the_draft(request, pk)
    rows = mapping_copy.rows_of(cast(User, request.user), request.POST.get("from", ""))
    back = redirect("draft-step", pk, "mapping")
    if rows is None:
        messages.error(request, _("Choose a draft or dataflow that has a mapping."))
        return back
    try:
        sides = sides_of(draft, Lookups.of_draft(draft))
    except REMOTE as error:
        messages.error(request, str(error))
        return back
    if not sides.complete:
        messages.error(request, " ".join(one.message for one in sides.missing))
        return back
    found = mapping_copy.fit(rows, sides)
    _store(request, draft, [row.model_dump(exclude_none=True) for row in found.kept])
    text = _("%(kept)d of %(all)d rows fit and are taken over.")
    messages.success(request, text % {"kept": len(found.kept), "all": len(rows)})
    if found.left_out:
        shown = "; ".join(
            f"{row.source or row.expression or '–'} → {row.target}: {reason}"
            for row, reason in found.left_out[:5]
        )
        messages.warning(request, _("Left out: %(rows)s") % {"rows": shown})
    return back


def _report(draft: Draft, rows: Sequence[MappingRow]) -> str:
    """How many of the rows fit both sides, as far as these are at hand."""
    lookups = Lookups.of_draft(draft)
    sides = sides_at_hand(draft, lookups)
    if sides is None or not sides.complete:
        return ""
    status = mapping.status_of(mapping.expanded(rows, sides.tenant_id), sides)
    if not status.errors:
        return _("All of them fit.")
    text = ngettext("%(n)d problem is marked.", "%(n)d problems are marked.", status.errors)
    return text % {"n": status.errors}
