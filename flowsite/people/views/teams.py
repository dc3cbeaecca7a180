"""Teams: what credentials, drafts and dataflows belong to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flowsite.people import services
from flowsite.people.audit import Origin
from flowsite.people.forms.team import MemberForm, TeamForm
from flowsite.people.models import Team, User
from flowsite.people.rights import Role, role_required
from flowsite.people.selectors import person_rows, teams_with_counts
from flowsite.people.services import PeopleProblem
from flowsite.people.views.people import tabs


@role_required(Role.ADMIN)
def teams(request: HttpRequest) -> HttpResponse:
    """Every team, and a new one."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add_team(form.cleaned_data["name"], by=Origin.of(request))
        except PeopleProblem as problem:
            form.add_error("name", str(problem))
        else:
            messages.success(request, _("Team “%(name)s” is added.") % {"name": row})
            return redirect("team", row.pk)
    rows = [(one, services.team_belongings(one)) for one in teams_with_counts()]
    context = {"tabs": tabs("teams"), "rows": rows, "form": form}
    return render(request, "people/teams.html", context, status=422 if form.errors else 200)


@role_required(Role.ADMIN)
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """One team: its name, its members, what belongs to it."""
    row = get_object_or_404(Team, pk=pk)
    form = TeamForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_team(row, form.cleaned_data["name"], by=Origin.of(request))
        except PeopleProblem as problem:
            form.add_error("name", str(problem))
        else:
            messages.success(request, _("Saved."))
            return redirect("team", pk)
    return _page(request, row, form, MemberForm(team=row))


def _page(request: HttpRequest, row: Team, form: TeamForm, member_form: MemberForm) -> HttpResponse:
    row.refresh_from_db()
    context = {
        "row": row,
        "form": form,
        "member_form": member_form,
        "members": person_rows(list(row.members.order_by("username"))),
        "belongings": services.team_belongings(row),
    }
    wrong = bool(form.errors or member_form.errors)
    return render(request, "people/team.html", context, status=422 if wrong else 200)


@role_required(Role.ADMIN)
@require_POST
def team_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Adds a member."""
    row = get_object_or_404(Team, pk=pk)
    form = MemberForm(request.POST, team=row)
    if not form.is_valid():
        return _page(request, row, TeamForm(initial={"name": row.name}), form)
    services.add_member(row, form.cleaned_data["person"], by=Origin.of(request))
    return redirect("team", pk)


@role_required(Role.ADMIN)
@require_POST
def team_remove(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """Takes a member out."""
    row = get_object_or_404(Team, pk=pk)
    services.remove_member(row, get_object_or_404(User, pk=person), by=Origin.of(request))
    return redirect("team", pk)


@role_required(Role.ADMIN)
@require_POST
def team_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a team that nothing belongs to."""
    row = get_object_or_404(Team, pk=pk)
    try:
        services.delete_team(row, by=Origin.of(request))
    except PeopleProblem as problem:
        messages.error(request, str(problem))
        return redirect("team", pk)
    messages.success(request, _("The team is deleted."))
    return redirect("teams")
