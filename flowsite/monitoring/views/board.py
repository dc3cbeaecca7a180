"""The board: every dataflow with its last runs, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from flowsite.credentials.models import Sandbox
from flowsite.credentials.selectors import accesses_of, current_access
from flowsite.monitoring import boardview, columns
from flowsite.monitoring.boardview import Tally
from flowsite.monitoring.filters import (
    LONGEST_KEY,
    BoardFilter,
    chosen_sandboxes,
    reached_sandboxes,
    with_params,
)
from flowsite.monitoring.rows import poll_seconds
from flowsite.monitoring.views.common import ANYBODY, flow_table, hidden_fields, sandbox_choices
from flowsite.monitoring.views.saved import view_url
from flowsite.people.rights import Role, has_role, role_required
from flowsite.runs.boards import BoardPreference, SavedView
from flowsite.runs.models import Dataflow, SandboxSync
from flowsite.runs.saved_views import preference_of, views_for_user
from flowsite.runs.selectors import dataflows_for_user, syncs_of
from flowsite.runs.services import request_poll
from flowsite.submissions.services import new_key


@dataclass(frozen=True)
class Look:
    """What a look at these sandboxes finds before any row is read. Four queries."""

    sandboxes: list[Sandbox]
    in_view: QuerySet[Dataflow]
    syncs: list[SandboxSync]
    tally: Tally
    now: datetime

    @classmethod
    def at(cls, request: HttpRequest, sandboxes: list[Sandbox]) -> Look:
        now = timezone.now()
        in_view = dataflows_for_user(request.user).filter(sandbox__in=sandboxes)  # type: ignore[arg-type]
        syncs = syncs_of(sandboxes)
        teams = {access.credential.team_id for access in accesses_of(request)}
        return cls(sandboxes, in_view, syncs, boardview.tally(syncs, teams, in_view, now), now)

    @property
    def stamp(self) -> str:
        return f"{self.data_stamp}!{boardview.sync_stamp(self.syncs)}"

    @property
    def data_stamp(self) -> str:
        return boardview.data_stamp(self.syncs, self.tally, self.now)


@role_required(*ANYBODY)
def board(request: HttpRequest) -> HttpResponse:
    """The page, or only its list for htmx."""
    sandboxes = chosen_sandboxes(request)
    if not sandboxes:
        return render(request, "monitoring/no_sandbox.html")
    preference = preference_of(request.user)  # type: ignore[arg-type]
    if not request.GET and (first := _first_view(request, preference)):
        return redirect(first)
    look = Look.at(request, sandboxes)
    context = {
        **_status(request, look),
        **_list(request, look, preference),
        "columns": columns.choices(columns.shown_columns(preference.columns)),
        "current_view": _current_view(request),
        "query": _query(request),
    }
    part = "#flows" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/board.html{part}", context)


@role_required(*ANYBODY)
def board_live(request: HttpRequest) -> HttpResponse:
    """What changed since ``stamp``: the status line, the list as well, or nothing (204)."""
    sandboxes = chosen_sandboxes(request)
    look = Look.at(request, sandboxes)
    seen = request.GET.get("stamp", "")
    if seen == look.stamp:
        return HttpResponse(status=204)
    context = _status(request, look)
    if seen.partition("!")[0] != look.data_stamp:
        preference = preference_of(request.user)  # type: ignore[arg-type]
        context |= _list(request, look, preference) | {"swap_list": True}
    return render(request, "monitoring/board.html#sync", context)


@require_POST
@role_required(*ANYBODY)
def sync_now(request: HttpRequest) -> HttpResponse:
    """Reads the sandboxes in view as soon as a worker is free."""
    wanted = request.POST.getlist("sandbox")
    for sandbox in reached_sandboxes(request):
        if str(sandbox.pk) in wanted:
            request_poll(sandbox)
    query = request.POST.get("query", "")
    return redirect(reverse("board") + (f"?{query}" if query else ""))


def _status(request: HttpRequest, look: Look) -> dict[str, Any]:
    query = request.GET.copy()
    query["stamp"] = look.stamp
    access = current_access(request)
    return {
        "syncs": boardview.sync_lines(look.sandboxes, look.syncs),
        "sandboxes": look.sandboxes,
        "name_sandboxes": access is None or [access.sandbox] != look.sandboxes,
        "live_url": f"{reverse('board-live')}?{query.urlencode()}",
        "poll_s": poll_seconds(),
    }


def _first_view(request: HttpRequest, preference: BoardPreference) -> str:
    """Where the board without an address of its own leads: the person's default view."""
    view = preference.default_view
    if view is None or not views_for_user(request.user).filter(pk=view.pk).exists():  # type: ignore[arg-type]
        return ""
    return view_url(view)


def _current_view(request: HttpRequest) -> SavedView | None:
    """The view that the address names. One query, if it names one."""
    key = request.GET.get("view", "")
    if not key.isascii() or not key.isdecimal() or len(key) > LONGEST_KEY:
        return None
    return views_for_user(request.user).filter(pk=int(key)).first()  # type: ignore[arg-type]


def _query(request: HttpRequest) -> str:
    """The address to come back to: first page, no stamp."""
    return with_params(request.GET).removeprefix("?")


def _list(request: HttpRequest, look: Look, preference: BoardPreference) -> dict[str, Any]:
    asked = BoardFilter.of(request.GET)
    address = reverse("board")
    table = flow_table(request, look.in_view, asked, look.now, address=address, syncs=look.syncs)
    shown = columns.shown_columns(preference.columns)
    return {
        **table,
        "table_body": columns.table_body(table["rows"], shown, pick=True),
        "headings": columns.headings(shown, table["sorts"]),
        "asked": asked,
        "never_read": all(sync.succeeded_at is None for sync in look.syncs),
        "may_build": has_role(request.user, Role.ANALYST),
        "outcome_chips": boardview.outcome_chips(request.GET, asked, look.tally),
        "state_chips": boardview.state_chips(request.GET, asked, look.tally),
        "narrowing_chips": boardview.narrowing_chips(request.GET, asked, table["rows"]),
        "choices": sandbox_choices(request, look.sandboxes),
        "hidden": hidden_fields(request, "q", "page", "stamp"),
        "clear_url": f"{address}{boardview.cleared(request.GET)}",
        "key": new_key(),
    }
