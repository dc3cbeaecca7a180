"""Runs of all dataflows, and one run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from flowsite.aep.errors import AepError, NotSent
from flowsite.core.encrypted import Undecryptable
from flowsite.core.keyset import page_of
from flowsite.core.look import TONE_ICONS
from flowsite.credentials.models import Sandbox
from flowsite.monitoring import masking, pictures, places, runview
from flowsite.monitoring.filters import (
    RANGES,
    RunFilter,
    access_to,
    chosen_sandboxes,
    with_params,
)
from flowsite.monitoring.rows import Chip, activity_rows, error_rows, poll_seconds, run_rows
from flowsite.monitoring.views.common import (
    ANYBODY,
    PAGE_SIZE,
    UNPRINTED_RUN,
    hidden_fields,
    page_urls,
    sandbox_choices,
    the_run,
)
from flowsite.monitoring.windows import CUSTOM, Window, window_of
from flowsite.people import audit
from flowsite.people.rights import Role, has_role, role_required
from flowsite.runs import archive
from flowsite.runs.models import FlowRun
from flowsite.runs.row_errors import RefusedRows, read_refused_rows
from flowsite.runs.selectors import HourTotals, hour_totals, may_act_on, runs_for_user
from flowsite.submissions.services import new_key

#: Codes offered as filters are those of the newest unsuccessful runs, so many of them.
LOOKED_AT_FOR_CODES = 200


@role_required(*ANYBODY)
def runs(request: HttpRequest) -> HttpResponse:
    """All runs of the sandboxes in view, with how many ended how."""
    sandboxes = chosen_sandboxes(request)
    if not sandboxes:
        return render(request, "monitoring/no_sandbox.html")
    now = timezone.now()
    asked = RunFilter.of(request.GET)
    window = window_of(request.GET, now)
    user: Any = request.user
    totals = hour_totals(user, sandboxes, start=window.start, end=window.end)
    bars = pictures.binned(totals, window.bar, window.start, window.end)
    in_view = runs_for_user(user).filter(sandbox__in=sandboxes)
    context = {
        "asked": asked,
        "choices": sandbox_choices(request, sandboxes),
        "hidden": hidden_fields(request, "q", "page"),
        "clear_url": reverse("runs") + with_params(request.GET, state=None, code=None, q=None),
        "range_tabs": _range_tabs(request, window),
        "window": window,
        "range_hidden": hidden_fields(request, "range", "from", "to", "page"),
        "state_chips": _state_chips(request, asked, bars),
        "charts": [
            pictures.runs_chart(bars, window.bar),
            pictures.records_chart(bars, window.bar),
        ],
        "code_chips": _code_chips(request, asked, in_view, window),
        **_table(request, in_view, asked, window, sandboxes),
    }
    part = "#runs" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/runs.html{part}", context)


def _table(
    request: HttpRequest,
    in_view: QuerySet[FlowRun],
    asked: RunFilter,
    window: Window,
    sandboxes: list[Sandbox],
) -> dict[str, Any]:
    rows = (
        asked.narrow(in_view, window.start, window.last)
        .select_related("dataflow", "sandbox")
        .defer(*UNPRINTED_RUN, *(f"dataflow__{name}" for name in runview.BULKY))
    )
    page = page_of(rows, order="-at", cursor=request.GET.get("page"), size=PAGE_SIZE)
    several = len(sandboxes) > 1
    return {
        "rows": run_rows(page.rows, several=several),
        "several": several,
        **page_urls(request, page, reverse("runs")),
    }


def _range_tabs(request: HttpRequest, window: Window) -> list[dict[str, Any]]:
    plain = {"from": None, "to": None}
    tabs = [
        {
            "label": label,
            "url": reverse("runs") + with_params(request.GET, range=name, **plain),
            "current": window.name == name,
        }
        for name, (label, _length) in RANGES.items()
    ]
    typed = {"from": f"{window.start:%Y-%m-%dT%H:%M}"}
    if window.name == CUSTOM:
        typed = {"from": window.typed[0], "to": window.typed[1]}
    custom = reverse("runs") + with_params(request.GET, range=CUSTOM, **typed)
    return [*tabs, {"label": _("Custom"), "url": custom, "current": window.name == CUSTOM}]


def _state_chips(request: HttpRequest, asked: RunFilter, bars: list[HourTotals]) -> list[Chip]:
    chips = [
        Chip(
            _("All"),
            reverse("runs") + with_params(request.GET, state=None),
            sum(bar.runs for bar in bars),
            not asked.state,
        )
    ]
    for state, label, tone in (
        ("failed", _("Failed"), "negative"),
        ("partial", _("Partial success"), "notice"),
        ("success", _("Success"), "positive"),
        ("unfinished", _("Not finished"), ""),
    ):
        current = asked.state == state
        url = reverse("runs") + with_params(request.GET, state=None if current else state)
        count = sum(getattr(bar, state) for bar in bars)
        chips.append(Chip(label, url, count, current, TONE_ICONS.get(tone, "clock")))
    return chips


def _code_chips(
    request: HttpRequest, asked: RunFilter, in_view: QuerySet[FlowRun], window: Window
) -> list[Chip]:
    """Error codes of the newest unsuccessful runs, the most frequent first. One query."""
    newest = (
        RunFilter()
        .narrow(in_view, window.start, window.last)
        .filter(state__in=("failed", "partial"))
        .order_by("-at", "-pk")
        .values_list("error_code", flat=True)[:LOOKED_AT_FOR_CODES]
    )
    counts = Counter(code for code in newest if code)
    codes = [code for code, _ in counts.most_common(8)]
    if asked.code and asked.code not in codes:
        codes.insert(0, asked.code)
    return [
        Chip(
            code,
            reverse("runs") + with_params(request.GET, code=None if asked.code == code else code),
            counts[code] or None,
            asked.code == code,
        )
        for code in codes
    ]


@role_required(*ANYBODY)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: what it moved, its two halves, and its errors with their remedies."""
    row = the_run(request, pk)
    user: Any = request.user
    may_act = may_act_on(user, row.dataflow)
    refused = bool(row.failed) or row.state == "partial"
    context = {
        "run": row,
        "title": _("Run of {name}").format(name=row.dataflow.name),
        "crumbs": runview.crumbs(row.dataflow),
        "status": runview.status_of(row),
        "figures": runview.figures(row),
        "facts": runview.facts(row),
        "activities": activity_rows(row),
        "errors": places.linked(
            error_rows(row), row, may_build=has_role(user, Role.ANALYST) and may_act
        ),
        "has_rows": refused and bool(row.batch_ids),
        "diagnostics_off": refused and not row.dataflow.options.get("errorDiagnosticsEnabled"),
        "may_retry": runview.may_be_retried(row) and may_act,
        "key": new_key(),
        "neighbours": runview.neighbours(row),
    }
    if not row.is_finished and row.missing_since is None:
        context["live_url"] = f"{reverse('run-live', args=[pk])}?state={row.state}"
        context["poll_s"] = poll_seconds()
    return render(request, "monitoring/run.html", context)


@role_required(*ANYBODY)
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Has the page read again once the run's state is another one; else nothing (204)."""
    row = the_run(request, pk)
    if row.state == request.GET.get("state"):
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


@role_required(*ANYBODY)
def refused_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """Refused rows from Data Access. By POST with their values, which is written down."""
    row = the_run(request, pk)
    reveal = request.method == "POST"
    context: dict[str, Any] = {"run": row, "reveal": reveal}
    try:
        found, context["kept_at"] = _rows_of(request, row)
    except (AepError, Undecryptable) as error:
        context["failure"] = runview.failure_words(error)
    else:
        if reveal:
            download = "download" in request.POST
            _note_reveal(request, row, found, "downloaded" if download else "shown")
            if download:
                return _download(row, found)
        show = masking.shown if reveal else masking.masked
        context |= {"found": found, "lines": runview.row_lines(found, show)}
    part = "#rows" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/run_rows.html{part}", context)


def _rows_of(request: HttpRequest, row: FlowRun) -> tuple[RefusedRows, datetime | None]:
    """Kept rows, else AEP's, which are kept from then on. Raises AepError, Undecryptable."""
    kept = archive.kept_rows(row)
    if kept is not None:
        return kept
    access = access_to(request, row.sandbox)
    if access is None:
        raise NotSent(_("no credential of your team reaches this sandbox"))
    found = read_refused_rows(access, row)
    archive.keep(row, found)
    return found, None


def _note_reveal(request: HttpRequest, row: FlowRun, found: RefusedRows, how: str) -> None:
    audit.record(
        f"run.rows_{how}",
        request=request,
        team=row.dataflow.team,
        obj=row,
        rows=len(found.rows),
        dataflow=row.dataflow.name,
    )


def _download(row: FlowRun, found: RefusedRows) -> HttpResponse:
    """One JSON object a line: the row's values, and its errors under ``_errors``."""
    lines = (
        json.dumps(
            {
                **one.values,
                "_errors": [{"code": code, "message": text} for code, text in one.errors],
            },
            ensure_ascii=False,
        )
        for one in found.rows
    )
    response = HttpResponse("\n".join(lines) + "\n", content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="refused-rows-{row.pk}.ndjson"'
    return response
