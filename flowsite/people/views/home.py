"""The first page after signing in, and everybody's own page."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from flowsite.people import services
from flowsite.people.audit import Origin
from flowsite.people.models import User
from flowsite.people.rights import Role, may_submit_to_production, roles_of
from flowsite.people.selectors import teams_of


def home(request: HttpRequest) -> HttpResponse:
    """Analysts start at the catalogue, ops at the board, admins at the credentials."""
    roles = roles_of(request.user)
    if not roles:
        return redirect("profile")
    if Role.ANALYST in roles:
        return redirect("catalog")
    return redirect("credentials" if Role.ADMIN in roles and Role.OPS not in roles else "board")


def profile(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do, and my password."""
    user = cast(User, request.user)
    has_password = user.has_usable_password()
    form = PasswordChangeForm(user, request.POST or None) if has_password else None
    if request.method == "POST" and form is not None and form.is_valid():
        services.set_password(
            user,
            form.cleaned_data["new_password1"],
            by=Origin.of(request),
            action="person.password_changed",
        )
        update_session_auth_hash(request, user)
        messages.success(
            request, _("Your password is changed. Other sign-ins of yours have ended.")
        )
        return redirect("profile")
    context = {
        "form": form,
        "person": user,
        "roles": [role.value for role in Role if role in roles_of(user)],
        "teams": teams_of(user).order_by("name"),
        "production": may_submit_to_production(user),
    }
    return render(request, "people/profile.html", context)
