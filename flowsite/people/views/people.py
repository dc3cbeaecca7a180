"""People: the list, one person, a new one, and what an admin does to them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.keyset import page_of
from flowsite.people import selectors, services
from flowsite.people.audit import Origin
from flowsite.people.forms.person import PersonForm
from flowsite.people.models import Team, User
from flowsite.people.rights import Role, role_required
from flowsite.people.services import PeopleProblem

FILTERS = ("state", "role", "team", "q")


def tabs(current: str) -> list[dict[str, Any]]:
    """People and teams are one place of the navigation."""
    return [
        {
            "label": _("People"),
            "url": reverse("people"),
            "current": current == "people",
            "count": User.objects.count(),
        },
        {
            "label": _("Teams"),
            "url": reverse("teams"),
            "current": current == "teams",
            "count": Team.objects.count(),
        },
    ]


@role_required(Role.ADMIN)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name, with filters in the address."""
    asked = {name: request.GET.get(name, "")[:100] for name in FILTERS}
    found = selectors.people(
        state=asked["state"], role=asked["role"], team=asked["team"], text=asked["q"]
    )
    page = page_of(found, order="username", cursor=request.GET.get("page"))
    context = {
        "tabs": tabs("people"),
        "rows": selectors.person_rows(page.rows),
        "page": page,
        "asked": asked,
        "filtered": any(asked.values()),
        "teams": Team.objects.order_by("name"),
        "roles": [role.value for role in Role],
    }
    return render(request, "people/people.html", context)


@role_required(Role.ADMIN)
def person_new(request: HttpRequest) -> HttpResponse:
    """Adds a person and goes to the page where the sign-in link is made."""
    form = PersonForm(request.POST or None, initial={"teams": _only_team()})
    if request.method == "POST" and form.is_valid():
        try:
            user = services.add_person(form.values(), by=Origin.of(request))
        except PeopleProblem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("%(name)s is added.") % {"name": user})
            return redirect("person", user.pk)
    status = 422 if form.errors else 200
    return render(request, "people/person_new.html", {"form": form}, status=status)


def _only_team() -> list[Team]:
    """Where there is one team, everybody is in it."""
    found = list(Team.objects.all()[:2])
    return found if len(found) == 1 else []


@role_required(Role.ADMIN)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: details, rights, state."""
    user = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_person(user, form.values(), by=Origin.of(request))
        except PeopleProblem as problem:
            form.add_error(None, str(problem))
        else:
            if changed:
                messages.success(request, _("Saved."))
            return redirect("person", pk)
    return _page(request, user, form=form, status=422 if form.errors else 200)


@role_required(Role.ADMIN)
@require_POST
@never_cache
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a sign-in link and shows it: in this answer, and nowhere again."""
    user = get_object_or_404(User, pk=pk)
    try:
        uid, token = services.make_sign_in_link(user, by=Origin.of(request))
    except PeopleProblem as problem:
        messages.error(request, str(problem))
        return redirect("person", pk)
    link = request.build_absolute_uri(reverse("set-password", args=[uid, token]))
    return _page(request, user, link=link)


@role_required(Role.ADMIN)
@require_POST
def person_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Deactivates, activates, unlocks or unlinks a person."""
    user = get_object_or_404(User, pk=pk)
    by, wish = Origin.of(request), request.POST.get("to", "")
    try:
        if wish == "deactivated":
            services.deactivate(user, by=by)
            messages.success(request, _("%(name)s is deactivated.") % {"name": user})
        elif wish == "active":
            services.activate(user, by=by)
            messages.success(request, _("%(name)s is active again.") % {"name": user})
        elif wish == "unlinked":
            services.unlink(user, by=by)
            messages.success(request, _("The next sign-in through the organisation links anew."))
        elif wish == "unlocked":
            services.unlock(user, by=by)
            messages.success(request, _("%(name)s may try to sign in again.") % {"name": user})
    except PeopleProblem as problem:
        messages.error(request, str(problem))
    return redirect("person", pk)


def _page(
    request: HttpRequest,
    user: User,
    *,
    form: PersonForm | None = None,
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    user.refresh_from_db()  # a refused form has not touched the row, but may have the instance
    context = {
        "form": form or PersonForm(user=user),
        "person": user,
        "link": link,
        "locked": selectors.is_locked_out(user),
        "invited": not user.has_usable_password() and not user.last_login,
        "passwords": not settings.OIDC_ONLY,
        "myself": user.pk == request.user.pk,
    }
    return render(request, "people/person.html", context, status=status)
