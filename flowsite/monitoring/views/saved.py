"""The board as people keep it: saved views, columns, and the menu of all filters."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flowsite.monitoring import boardview, columns
from flowsite.monitoring.filters import VIEW_PARAMS, BoardFilter, chosen_sandboxes
from flowsite.monitoring.views.common import ANYBODY, hidden_fields
from flowsite.people import audit
from flowsite.people.models import Team, User
from flowsite.people.rights import role_required
from flowsite.people.selectors import teams_of
from flowsite.runs import saved_views
from flowsite.runs.boards import SavedView
from flowsite.runs.saved_views import ViewRefused
from flowsite.runs.selectors import dataflows_for_user


@role_required(*ANYBODY)
def views(request: HttpRequest) -> HttpResponse:
    """The person's views and the teams', with what can be done to them; a menu for htmx."""
    user = cast(User, request.user)
    preference = saved_views.preference_of(user)
    query = _kept(request.GET)
    current = request.GET.get("view", "")
    rows = [
        {
            "view": view,
            "url": view_url(view),
            "is_mine": view.owner_id == user.pk,
            "is_default": view.pk == preference.default_view_id,
            "is_current": str(view.pk) == current,
            "says": boardview.in_words(view.query),
        }
        for view in saved_views.views_for_user(user)
    ]
    context = {
        "rows": rows,
        "query": query,
        "says": boardview.in_words(query),
        "teams": teams_of(user).order_by("name"),
        "changed": next((row for row in rows if row["is_current"] and row["is_mine"]), None),
        "has_default": preference.default_view_id is not None,
    }
    part = "#menu" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/views.html{part}", context)


@role_required(*ANYBODY)
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """A view's lasting address: the board with what it holds now."""
    return redirect(view_url(_the_view(request, pk)))


@require_POST
@role_required(*ANYBODY)
def view_save(request: HttpRequest) -> HttpResponse:
    """Keeps the filters of the posted ``query`` under a name."""
    user = cast(User, request.user)
    query = _kept(QueryDict(request.POST.get("query", "")))
    try:
        made = saved_views.save_view(
            user, name=request.POST.get("name", ""), query=query, team=_team(request)
        )
    except ViewRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse('board-views')}?{query}")
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": made.name})
    if made.team_id:
        _record(request, made, "shared")
    return redirect(view_url(made))


@require_POST
@role_required(*ANYBODY)
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Renames, shares, redefines, deletes a view, or makes it the one that opens first."""
    view = _the_view(request, pk)
    user = cast(User, request.user)
    action = request.POST.get("action", "")
    back = redirect("board-views")
    if action in ("default", "no-default"):
        saved_views.set_default(user, view if action == "default" else None)
        return back
    if view.owner_id != user.pk:
        raise PermissionDenied("A view is changed by the person who made it.")
    try:
        if action == "rename":
            saved_views.rename_view(view, request.POST.get("name", ""))
        elif action == "share":
            saved_views.share_view(view, _team(request))
            _record(request, view, "shared" if view.team_id else "unshared")
        elif action == "query":
            saved_views.change_query(view, _kept(QueryDict(request.POST.get("query", ""))))
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            back = redirect(view_url(view))
        elif action == "delete":
            view.delete()
            messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        else:
            raise Http404("There is no such action.")
    except ViewRefused as refusal:
        messages.error(request, str(refusal))
    return back


@require_POST
@role_required(*ANYBODY)
def board_columns(request: HttpRequest) -> HttpResponse:
    """Keeps which columns the person sees, and shows the board with them."""
    user = cast(User, request.user)
    chosen = columns.known_keys(request.POST.getlist("column"))
    saved_views.set_columns(user, None if "reset" in request.POST else chosen)
    query = request.POST.get("query", "")
    return redirect(reverse("board") + f"?{query or 'view=all'}")


@role_required(*ANYBODY)
def filters(request: HttpRequest) -> HttpResponse:
    """Every filter as a form: what occurs in the sandboxes in view. Six queries."""
    user = cast(User, request.user)
    rows = dataflows_for_user(user).filter(sandbox__in=chosen_sandboxes(request))
    context = {
        "asked": BoardFilter.of(request.GET),
        "options": boardview.filter_options(rows),
        "hidden": hidden_fields(request, *boardview.FILTER_FIELDS, "page", "stamp"),
    }
    part = "#form" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"monitoring/filters.html{part}", context)


def view_url(view: SavedView) -> str:
    """The board as the view has it."""
    query = f"{view.query}&" if view.query else ""
    return f"{reverse('board')}?{query}view={view.pk}"


def _the_view(request: HttpRequest, pk: int) -> SavedView:
    found = saved_views.views_for_user(cast(User, request.user)).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such view.")
    return found


def _team(request: HttpRequest) -> Team | None:
    """The team to share with; one of the person's own. Raises Http404."""
    wanted = request.POST.get("team", "")
    if not wanted:
        return None
    found = teams_of(cast(User, request.user))
    team = next((one for one in found if str(one.pk) == wanted), None)
    if team is None:
        raise Http404("There is no such team.")
    return team


def _kept(query: QueryDict) -> str:
    """What of an address makes a view: filters, sandboxes and order."""
    made = QueryDict(mutable=True)
    for name in VIEW_PARAMS:
        if values := [value for value in query.getlist(name) if value]:
            made.setlist(name, values)
    return made.urlencode()


def _record(request: HttpRequest, view: SavedView, verb: str) -> None:
    audit.record(f"view.{verb}", request=request, team=view.team, obj=view)
